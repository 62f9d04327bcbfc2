"""Which of graphql-core's tests of execution don't apply to our executor, each with its reason."""

FILES = {
    "test_cancellation.py": "abort signals: we cancel the task that executes",
    "test_hooks.py": "hooks of graphql-core's executor",
    "test_middleware.py": "middleware wraps resolvers, and we call loaders",
    "test_customize.py": "another executor class",
    "test_mutations.py": "mutations are executed by graphql-core",
    "test_subscribe.py": "subscriptions are executed by graphql-core",
    "test_error_propagation.py": "the experimental directive @experimental_disableErrorPropagation is not in our schema",
    "test_parallel.py": "fields that wait for one another: ours run one after another, as they share one connection",
    "incremental/test_defer.py": "@defer is not in our schema",
    "incremental/test_stream.py": "@stream is not in our schema",
    "test_executor_throwing_on_incremental.py": "@defer and @stream are not in our schema",
}
UNSERVED: dict[str, dict[str, str]] = {}
