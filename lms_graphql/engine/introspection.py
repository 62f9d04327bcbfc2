"""`__schema` and `__type` within our plans: graphql-core answers them, from the schema alone and without waiting."""

from typing import Any

from graphql import ExecutionResult, Executor, OperationDefinitionNode, OperationType, SelectionSetNode
from graphql.execution.values import VariableValues

from lms_graphql.engine.plan import Field, Plan


def introspect(plan: Plan, field: Field, variables: VariableValues) -> ExecutionResult:
    """The answer to an operation that selects nothing but this field, with paths and locations of the whole one."""
    operation = OperationDefinitionNode(
        operation=OperationType.QUERY, selection_set=SelectionSetNode(selections=tuple(field.nodes))
    )
    definitions = {name: fragment.definition for name, fragment in plan.fragments.items()}
    executor: Executor[Any] = Executor(
        plan.schema, definitions, plan.fragments, None, None, operation, variables, _refuse, _refuse, _refuse
    )
    return executor.execute_operation()  # type: ignore[return-value]  # every resolver of introspection is synchronous


def _refuse(*_: Any, **__: Any) -> Any:
    """For a field without a resolver, or an abstract type; introspection has neither."""
    raise NotImplementedError
