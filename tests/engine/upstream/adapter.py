"""graphql-core's `execute` by our executor: a pytest plugin for graphql-core's own tests of execution.

A foreign schema's fields are presented as declared fields that are called for each source: with a GraphQLResolveInfo,
by their own resolver or the default one. What belongs to resolvers' values rather than to execution (is_type_of,
resolve_type, the check of its result) is graphql-core's own; collecting, levels, arguments, placing, nulls and errors
are ours. Values of object types travel as `Typed`, since our sources tell their type themselves.

UNSERVED lists what does not apply, with its reason.
"""

import asyncio
import os
import sys
from functools import partial
from types import SimpleNamespace
from typing import Any

import graphql
import graphql.execution
import pytest
from graphql import ExecutionResult, Executor, OperationType, Undefined, is_abstract_type, is_leaf_type, is_list_type
from graphql import is_non_null_type as is_non_null
from graphql.execution.executor import invalid_return_type_error
from graphql.pyutils import Path, is_iterable
from upstream.unserved import FILES, UNSERVED

from lms_graphql.engine import plan
from lms_graphql.engine.context import Viewer
from lms_graphql.engine.edges import DeclaredField
from lms_graphql.engine.execution import Operation, _run_plan
from lms_graphql.engine.executor import Run

# These tests want something to await wherever a resolver gave something to await, though it may be done at once.
Run.awaits_alone = False

SERVED: set[str] = set()
"""The tests in which our plan has executed something."""


class Typed:
    """A value of an object type, with the name of its type."""

    def __init__(self, value: Any, typename: str) -> None:
        self.value = value
        self.typename = typename


class Presented(DeclaredField):
    """What stands in a foreign field's definition: our executor calls it, and merges it with no other."""

    def __init__(self) -> None:
        super().__init__(description="")
        self.resolve = partial(call)


def declared(field: plan.Field) -> Any:
    return partial(call, field)


def call(field: plan.Field, source: Any, context: Any, **arguments: Any) -> Any:
    """What the resolver gives, with the objects in it typed."""
    executor = context.executor
    root = field.owner.below is None
    info = executor.build_resolve_info(
        field.definition, field.nodes, field.parent, Path(None, field.key, field.parent.name)
    )
    resolve = field.definition.resolve or executor.field_resolver
    value = resolve(executor.root_value if root else source.value, info, **arguments)
    return typed(executor, field, info, field.type, value)


def typed(executor: Any, field: plan.Field, info: Any, type_: Any, value: Any) -> Any:
    """A value, or something to await; an error below a list is the item that it prevents."""
    if executor.is_awaitable(value):
        return typed_later(executor, field, info, type_, value)
    if is_non_null(type_):
        return typed(executor, field, info, type_.of_type, value)
    if value is None or value is Undefined or isinstance(value, Exception):
        return None if value is Undefined else value
    if is_list_type(type_):
        if executor.is_async_iterable(value):
            return typed_later(executor, field, info, type_, collected(value))
        if not is_iterable(value):
            return value  # the executor says what is wrong
        return items(executor, field, info, type_.of_type, list(value))
    if is_leaf_type(type_):
        return value
    if is_abstract_type(type_):
        name = (type_.resolve_type or executor.type_resolver)(value, info, type_)
        if executor.is_awaitable(name):
            return abstract_later(executor, field, info, type_, value, name)
        return concrete(executor, field, info, type_, value, name)
    return checked(executor, field, info, type_, value)


async def typed_later(executor: Any, field: Any, info: Any, type_: Any, value: Any) -> Any:
    made = typed(executor, field, info, type_, await value)
    return await made if executor.is_awaitable(made) else made


async def abstract_later(executor: Any, field: Any, info: Any, type_: Any, value: Any, name: Any) -> Any:
    made = concrete(executor, field, info, type_, value, await name)
    return await made if executor.is_awaitable(made) else made


def concrete(executor: Any, field: Any, info: Any, type_: Any, value: Any, name: Any) -> Any:
    runtime = executor.ensure_valid_runtime_type(name, type_, field.details, info, value)
    return checked(executor, field, info, runtime, value)


def checked(executor: Any, field: Any, info: Any, type_: Any, value: Any) -> Any:
    if type_.is_type_of is None:
        return Typed(value, type_.name)
    fits = type_.is_type_of(value, info)

    def made(fits: bool) -> Typed:
        if not fits:
            raise invalid_return_type_error(type_, value, field.details)
        return Typed(value, type_.name)

    async def later() -> Typed:
        return made(await fits)

    return later() if executor.is_awaitable(fits) else made(fits)


async def collected(iterable: Any) -> list[Any]:
    return [item async for item in iterable]


def items(executor: Any, field: Any, info: Any, type_: Any, values: list[Any]) -> Any:
    made = []
    for value in values:
        try:
            made.append(typed(executor, field, info, type_, value))
        except Exception as error:  # noqa: BLE001 - it is the item's
            made.append(error)

    async def settled() -> list[Any]:
        waiting = {place: item for place, item in enumerate(made) if executor.is_awaitable(item)}
        results = await asyncio.gather(*waiting.values(), return_exceptions=True)
        for place, result in zip(waiting, results, strict=True):
            made[place] = result
        return made

    nested = type_.of_type if is_non_null(type_) else type_
    inner = is_list_type(nested) and any(executor.is_awaitable(item) for item in made)
    return settled() if inner else made


def selection_for(field: plan.Field, value: Any) -> plan.Selection:
    return field.selection(value.typename)


def present(schema: Any) -> None:
    """Declare every field of a schema."""
    for type_ in schema.type_map.values():
        if not type_.name.startswith("__"):
            for definition in getattr(type_, "fields", {}).values():
                if hasattr(definition, "resolve"):
                    definition.extensions = {**definition.extensions, "strawberry-definition": Presented()}


async def run(executor: Any, document: Any) -> ExecutionResult:
    """The result of our plan."""
    SERVED.add(os.environ["PYTEST_CURRENT_TEST"])
    present(executor.schema)
    operation = Operation(executor.schema, executor.operation, document)
    context: Any = SimpleNamespace(executor=executor, viewer=Viewer(), fragments=None, validator=None, objects=0)
    return await _run_plan(operation, context, executor.variable_values)


async def soon(result: Any) -> ExecutionResult:
    """The result, or TimeoutError: a test that waits for what never comes must not hang the others."""
    async with asyncio.timeout(5):
        return await result


class Begun:
    """The rest of a coroutine that has taken its first step."""

    def __init__(self, coroutine: Any, first: Any) -> None:
        self._coroutine = coroutine
        self._first = first

    def __await__(self) -> Any:
        yielded = self._first
        while True:
            try:
                sent = yield yielded
            except BaseException as error:  # noqa: BLE001 - handed on
                step = partial(self._coroutine.throw, error)
            else:
                step = partial(self._coroutine.send, sent)
            try:
                yielded = step()
            except StopIteration as end:
                return end.value


class NotServedError(Exception):
    """The adapter has no such option."""


def execute(
    schema: Any, document: Any, root_value: Any = None, context_value: Any = None, variable_values: Any = None,
    operation_name: Any = None, field_resolver: Any = None, type_resolver: Any = None, *_: Any, **options: Any,
) -> Any:  # fmt: skip
    """graphql-core's function, with its first arguments: a result, or something to await."""
    unserved = {name for name, value in options.items() if value not in (None, False)} - {"max_coercion_errors"}
    if unserved:
        raise NotServedError(unserved)
    graphql.assert_valid_schema(schema)
    executor = Executor.build(
        schema, document, root_value, context_value, variable_values, operation_name, field_resolver, type_resolver,
        **options,
    )  # fmt: skip
    if isinstance(executor, list):
        return ExecutionResult(None, executor)
    if executor.operation.operation is not OperationType.QUERY or schema.query_type is None:
        return executor.execute_operation()
    coroutine = run(executor, document)
    try:
        return soon(Begun(coroutine, coroutine.send(None)))
    except StopIteration as end:
        return end.value


def execute_sync(*arguments: Any, check_sync: Any = None, **options: Any) -> ExecutionResult:
    """The same where nothing may have to be awaited."""
    if check_sync:
        raise NotServedError("check_sync")
    result = execute(*arguments, **options)
    if asyncio.iscoroutine(result):
        result.close()
        raise RuntimeError("GraphQL execution failed to complete synchronously.")
    return result


for module in (graphql, graphql.execution, sys.modules["graphql.graphql"]):
    module.execute = execute
    if hasattr(module, "execute_sync"):
        module.execute_sync = execute_sync
plan.Field.call = property(declared)
plan.Field.selection_for = selection_for


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Skip what does not apply, and insist that the lists name nothing that is not there."""
    names = {name: item for item in items if (name := item.nodeid.partition("execution/")[2])}
    for name, item in names.items():
        path, _, test = name.partition("::")
        reason = FILES.get(path) or UNSERVED.get(path, {}).get(test)
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))
    missing = [
        f"{path}::{test}" for path, tests in UNSERVED.items() for test in tests if f"{path}::{test}" not in names
    ]
    if missing:
        raise pytest.UsageError(f"listed as unserved, but not there: {missing}")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many tests were about our executor; the others test parts of graphql-core that it shares."""
    terminalreporter.write_line(f"executed by our plan in {len(SERVED)} tests")
