"""Running an operation, and what is said of its errors."""

import inspect
import logging
from collections import Counter, OrderedDict
from collections.abc import Iterable
from functools import cache
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    execute,
    get_operation_ast,
    visit,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues, get_variable_values
from strawberry.exceptions import StrawberryInputCoercionError

from lms_graphql.engine.context import Context
from lms_graphql.engine.errors import Code, RequestError
from lms_graphql.engine.executor import Changes, Run
from lms_graphql.engine.plan import Plan, unserved
from lms_graphql.storage.errors import DatabaseUnreachableError

logger = logging.getLogger(__name__)

fallbacks: Counter[str] = Counter()
"""How often a query went to graphql-core as a whole, by the field that no plan can serve; our schema has none."""

_MOST_PLANS = 16
_MOST_VARIABLE_ERRORS = 50
_MOST_TRACES = 5


_RUNS = {OperationType.QUERY: Run, OperationType.MUTATION: Changes}


class Operation:
    """One operation of a document, and its plans: one for each combination of what `@skip` and `@include` look at."""

    def __init__(self, schema: GraphQLSchema, node: OperationDefinitionNode, document: DocumentNode) -> None:
        self._schema = schema
        self.node = node
        self._fragments = {
            definition.name.value: FragmentDetails(definition)
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        finder = _Finder()
        visit(document, finder)
        self._conditions = tuple(finder.conditions)
        self.unserved = sorted(_unserved(schema).intersection(finder.fields))
        """The fields for whose sake graphql-core must execute the operation: the plan can't serve them."""
        self._plans: OrderedDict[tuple[Any, ...], Plan] = OrderedDict()

    def variables(
        self, given: dict[str, Any] | None, *, hide_suggestions: bool = False
    ) -> VariableValues | list[GraphQLError]:
        """The coerced variables, or what is wrong with them."""
        definitions = self.node.variable_definitions or ()
        return get_variable_values(
            self._schema,
            definitions,
            given or {},
            max_errors=_MOST_VARIABLE_ERRORS,
            hide_suggestions=hide_suggestions,
        )

    def plan(self, variables: VariableValues) -> Plan:
        """The plan for these variables."""
        key = tuple(variables.coerced.get(name) for name in self._conditions)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = Plan(self._schema, self.node, self._fragments, variables)
            if len(self._plans) > _MOST_PLANS:
                self._plans.popitem(last=False)
        else:
            self._plans.move_to_end(key)
        return plan


class _Finder(Visitor):
    """Finds the names of fields, and the variables that `@skip` and `@include` look at."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: set[str] = set()
        self.conditions: dict[str, None] = {}

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        """Remember the name."""
        self.fields.add(node.name.value)

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        """Remember the variable of `if`."""
        for argument in node.arguments or ():
            if isinstance(argument.value, VariableNode):
                self.conditions[argument.value.name.value] = None


_unserved = cache(unserved)


def operation_of(schema: GraphQLSchema, document: DocumentNode, name: str | None) -> Operation | None:
    """The operation that a request selects; None when it names none, or must and does not."""
    node = get_operation_ast(document, name)
    return None if node is None else Operation(schema, node, document)


def _prepared(
    schema: GraphQLSchema, document: DocumentNode, name: str | None, operations: dict[str | None, Operation]
) -> Operation | None:
    """The operation from what was prepared before; only names that the document has are remembered."""
    found = operations.get(name)
    if found is None:
        found = operation_of(schema, document, name)
        if found is not None:
            operations[name] = found
    return found


async def run(
    schema: GraphQLSchema,
    document: DocumentNode,
    context: Context,
    *,
    variables: dict[str, Any] | None = None,
    operation_name: str | None = None,
    operations: dict[str | None, Operation] | None = None,
    hide_suggestions: bool = False,
) -> ExecutionResult:
    """The result of the selected operation; field errors are in it, none is raised.

    `operations` is where the document keeps what was prepared for it. What has no plan is executed by graphql-core.
    """
    operation = _prepared(schema, document, operation_name, {} if operations is None else operations)
    if operation is not None and operation.node.operation in _RUNS:
        coerced = operation.variables(variables, hide_suggestions=hide_suggestions)
        if isinstance(coerced, list):
            return ExecutionResult(None, coerced)
        if not operation.unserved:
            return await _run_plan(operation, context, coerced)
        fallbacks.update(operation.unserved)
    return await run_by_graphql_core(schema, document, context, variables=variables, operation_name=operation_name)


async def _run_plan(operation: Operation, context: Context, variables: VariableValues) -> ExecutionResult:
    try:
        plan = operation.plan(variables)
    except GraphQLError as error:  # a condition at the root that is null
        return ExecutionResult(None, [error])
    data, errors = await _RUNS[operation.node.operation](plan, context, variables).execute()
    return ExecutionResult(data, errors or None)


async def run_by_graphql_core(
    schema: GraphQLSchema,
    document: DocumentNode,
    context: Context,
    *,
    variables: dict[str, Any] | None = None,
    operation_name: str | None = None,
) -> ExecutionResult:
    """The same by graphql-core's own executor: for what has no plan, and the oracle of the tests."""
    result: Any = execute(
        schema, document, context_value=context, variable_values=variables, operation_name=operation_name
    )
    return await result if inspect.isawaitable(result) else result  # type: ignore[no-any-return]


def formatted_all(errors: Iterable[GraphQLError], request_id: str) -> list[dict[str, Any]]:
    """The errors as a client sees them; only the first are logged with their traceback, or the log would cost most."""
    return [formatted(error, request_id, trace=number < _MOST_TRACES) for number, error in enumerate(errors)]


def formatted(error: GraphQLError, request_id: str, *, trace: bool = True) -> dict[str, Any]:
    """An error as a client sees it: in full if it is the client's business, else masked, and logged by the id."""
    original = error.original_error
    shown: dict[str, Any] = {"message": error.message}
    if error.locations:
        shown["locations"] = [location.formatted for location in error.locations]
    if error.path:
        shown["path"] = error.path
    code, message = _code(error, original)
    if message is not None:
        shown["message"] = message
        logger.error("request %s: %s", request_id, error.message, exc_info=original if trace else None)
    extensions = original.extensions if isinstance(original, RequestError) else error.extensions
    shown["extensions"] = {**(extensions or {}), "code": code.value, "requestId": request_id}
    return shown


def _is_of_the_request(error: GraphQLError, original: BaseException) -> bool:
    """Whether an error is about the request. A field's that was raised without a place is about a value of ours."""
    if isinstance(original, StrawberryInputCoercionError):  # of an argument; it is a GraphQLError that knows no place
        return True
    return isinstance(original, GraphQLError) and (error.path is None or bool(original.nodes))


def _code(error: GraphQLError, original: BaseException | None) -> tuple[Code, str | None]:
    """The code, and what to say instead of the error's own message, if that is not for clients."""
    if isinstance(original, RequestError):
        return original.code, None
    if isinstance(original, DatabaseUnreachableError):
        return Code.UNAVAILABLE, "the database can't be reached at the moment; try again"
    if original is not None and not _is_of_the_request(error, original):
        return Code.INTERNAL_ERROR, "something went wrong on our side"
    given = (error.extensions or {}).get("code")
    return (Code(given) if given else Code.BAD_USER_INPUT), None
