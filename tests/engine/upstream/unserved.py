# ruff: noqa: E501  # the names of tests are as long as they are
"""Which of graphql-core's tests of execution don't apply to our executor, each with its reason."""

FILES = {
    "test_cancellation.py": "abort signals: we cancel the task that executes",
    "test_hooks.py": "hooks of graphql-core's executor",
    "test_middleware.py": "middleware wraps resolvers, and we call loaders",
    "test_customize.py": "another executor class",
    "test_mutations.py": "mutations are executed by graphql-core",
    "test_subscribe.py": "subscriptions are executed by graphql-core",
    "test_error_propagation.py": "@experimental_disableErrorPropagation is not in our schema",
    "test_parallel.py": "fields that wait for one another: ours run one after another, as they share one connection",
    "incremental/test_defer.py": "@defer is not in our schema",
    "incremental/test_stream.py": "@stream is not in our schema",
    "test_executor_throwing_on_incremental.py": "@defer and @stream are not in our schema",
}
FRAGMENTS = "arguments of fragments: an experimental syntax that our parser does not read"
SUGGESTIONS = "an option to leave suggestions out of errors"
NESTING = "nested until the stack ends: our limits refuse such a document before (test_limits)"
SYNC = "a caller without an event loop, or the checks for one: our executor always runs in a loop"
TIMING = "errors in the order in which tasks happen to end; ours are in one of the possible orders (test_named_cases)"
PATH = "the path in `info`: a field that runs once for all its parents has none"
DEFER = "@defer and @stream are not in our schema"
ASYNC_ITERATORS = "async iterators are the adapter's here; our fields give lists"
ITERATORS = "an iterator that fails half-way, or is drained: ours reads a list whole before it completes the items"

UNSERVED = {
    "test_executor.py": {
        "describe_execute_handles_basic_execution_tasks::it_populates_path_correctly_with_complex_types": PATH,
        "describe_execute_handles_basic_execution_tasks::handles_sync_errors_combined_with_async_ones": SYNC,
        "describe_execute_handles_basic_execution_tasks::handles_sync_errors_combined_with_async_ones_in_async_context": TIMING,
        "describe_execute_handles_basic_execution_tasks::errors_when_using_original_execute_with_schemas_including_experimental_defer": DEFER,
        "describe_execute_handles_basic_execution_tasks::errors_when_using_original_execute_with_schemas_including_experimental_stream": DEFER,
    },
    "test_lists.py": {
        "describe_execute_handles_abrupt_completion_in_synchronous_iterables::drains_the_iterator_when_next_throws": ITERATORS,
        "describe_execute_handles_abrupt_completion_in_synchronous_iterables::handles_iterator_errors_with_later_pending_awaitables": ITERATORS,
        "describe_execute_handles_abrupt_completion_in_synchronous_iterables::handles_sync_errors_with_later_pending_awaitables": ITERATORS,
        "describe_execute_accepts_async_iterables_as_list_value::can_customize_detection_of_async_iterables": ASYNC_ITERATORS,
        "describe_execute_accepts_async_iterables_as_list_value::calls_aclose_when_non_null_list_item_errors": ASYNC_ITERATORS,
    },
    "test_nonnull.py": {
        "describe_execute_handles_non_nullable_types::describe_nulls_a_complex_tree_of_nullable_fields_each::throws": TIMING,
        "describe_execute_handles_non_nullable_types::describe_nulls_first_nullable_after_long_chain_of_non_null_fields::throws": TIMING,
        "describe_execute_handles_non_nullable_types::describe_handles_multiple_errors_for_a_single_response_position::nullable_and_non_nullable_root_fields_throw_nested_errors": TIMING,
        "describe_execute_handles_non_nullable_types::describe_handles_multiple_errors_for_a_single_response_position::slower_nullable_after_non_nullable_root_field": TIMING,
        "describe_execute_handles_non_nullable_types::describe_handles_multiple_errors_for_a_single_response_position::nullable_and_non_nullable_nested_fields_throw_nested_errors": TIMING,
        "describe_execute_handles_non_nullable_types::describe_handles_multiple_errors_for_a_single_response_position::slower_nullable_after_non_nullable_nested_field": TIMING,
    },
    "test_sync.py": {
        "describe_execute_synchronously_when_possible::describe_execute_sync::does_not_throw_if_not_encountering_async_execution_with_check_sync": SYNC,
        "describe_execute_synchronously_when_possible::describe_execute_sync::throws_if_encountering_async_execution_with_check_sync": SYNC,
        "describe_execute_synchronously_when_possible::describe_execute_sync::throws_if_encountering_async_execution_with_check_sync_without_loop": SYNC,
        "describe_execute_synchronously_when_possible::describe_execute_sync::throws_if_encountering_async_operation_without_check_sync": SYNC,
        "describe_execute_synchronously_when_possible::describe_execute_sync::throws_if_encountering_async_iterable_execution_with_check_sync": SYNC,
        "describe_execute_synchronously_when_possible::describe_execute_sync::throws_if_encountering_async_iterable_execution_without_check_sync": SYNC,
        "describe_execute_synchronously_when_possible::describe_execute_sync::iterates_sync_and_async_iterables_synchronously_without_check_sync": SYNC,
        "describe_execute_synchronously_when_possible::describe_execute_sync::throws_if_encountering_sync_and_async_iterable_with_check_sync": SYNC,
        "describe_execute_synchronously_when_possible::describe_execute_sync::reports_async_iterables_as_errors_without_check_sync": SYNC,
    },
    "test_too_deeply_nested_selections.py": {
        "describe_too_deeply_nested_selections_at_the_root::execute_sync_returns_a_result_with_the_error": NESTING,
        "describe_too_deeply_nested_selections_at_the_root::execute_returns_a_result_with_the_error": NESTING,
        "describe_too_deeply_nested_selections_at_the_root::reports_a_too_deep_chain_inside_a_field_as_a_field_error": NESTING,
        "describe_too_deeply_nested_selections_at_the_root::does_not_keep_the_frames_of_the_recursion_alive": NESTING,
    },
    "test_variables.py": {
        "describe_execute_handles_inputs::describe_handles_objects_and_nullability::describe_using_variables::hides_suggestions_for_invalid_default_values_when_specified": SUGGESTIONS,
        "describe_execute_handles_inputs::describe_handles_custom_scalars_with_embedded_variables::allows_custom_scalars_with_embedded_fragment_variables": FRAGMENTS,
        "describe_execute_handles_inputs::describe_handles_custom_scalars_with_embedded_variables::allows_custom_scalars_with_embedded_nested_fragment_variables": FRAGMENTS,
        "describe_execute_handles_inputs::describe_using_fragment_arguments::when_a_value_is_required_and_provided": FRAGMENTS,
        "describe_execute_handles_inputs::describe_using_fragment_arguments::when_a_value_is_required_and_not_provided": FRAGMENTS,
        "describe_execute_handles_inputs::describe_using_fragment_arguments::when_the_definition_has_a_default_and_is_provided": FRAGMENTS,
        "describe_execute_handles_inputs::describe_using_fragment_arguments::when_the_definition_has_a_default_and_is_not_provided": FRAGMENTS,
        "describe_execute_handles_inputs::describe_using_fragment_arguments::when_the_definition_has_an_invalid_default_and_is_not_provided": FRAGMENTS,
        "describe_execute_handles_inputs::describe_using_fragment_arguments::when_a_default_is_not_provided_and_spreads_another_fragment": FRAGMENTS,
        "describe_execute_handles_inputs::describe_using_fragment_arguments::when_the_definition_has_a_non_nullable_default_and_is_provided_null": FRAGMENTS,
        "describe_execute_handles_inputs::describe_using_fragment_arguments::when_an_argument_is_shadowed_by_an_operation_variable": FRAGMENTS,
        "describe_execute_handles_inputs::describe_using_fragment_arguments::when_a_nullable_argument_without_field_default_is_shadowed": FRAGMENTS,
        "describe_execute_handles_inputs::describe_using_fragment_arguments::when_a_nullable_argument_with_field_default_is_shadowed": FRAGMENTS,
        "describe_execute_handles_inputs::describe_using_fragment_arguments::when_a_fragment_is_used_with_different_args": FRAGMENTS,
        "describe_execute_handles_inputs::describe_using_fragment_arguments::when_the_argument_variable_is_nested_in_a_complex_type": FRAGMENTS,
        "describe_execute_handles_inputs::describe_using_fragment_arguments::when_argument_variables_are_used_recursively": FRAGMENTS,
        "describe_execute_handles_inputs::describe_using_fragment_arguments::when_same_name_argument_variables_used_directly_and_recursively": FRAGMENTS,
        "describe_execute_handles_inputs::describe_using_fragment_arguments::when_argument_passed_in_as_list": FRAGMENTS,
        "describe_execute_handles_inputs::describe_using_fragment_arguments::when_argument_passed_to_a_directive": FRAGMENTS,
        "describe_execute_handles_inputs::describe_using_fragment_arguments::when_argument_passed_to_a_directive_on_a_nested_field": FRAGMENTS,
    },
}
