"""Breadth-first execution: every field runs once for all objects of its level.

A level is a list of groups; a group is a selection on one concrete type with the sources of that type and the objects
built from them. The executor takes the groups' jobs one after another (loaders share one connection and would take
turns anyway), runs each once for all sources, builds the objects below, and goes on with those. No coroutine, future
or `info` is made for an object; a level costs as many statements as it has edges.

Errors are values at their place. Only when there are any, `completion` walks the answer, propagates nulls and writes
the errors with their paths, as the specification says.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Sequence
from typing import Any

from graphql import GraphQLError, GraphQLList, GraphQLNonNull, GraphQLOutputType, get_argument_values, is_abstract_type
from graphql.execution.values import VariableValues

from lms_graphql.engine.completion import Failure, complete_errors
from lms_graphql.engine.context import Context
from lms_graphql.engine.plan import Field, Plan, Selection, completer, null_error
from lms_graphql.engine.relay import page_arguments

_ROWS_BEFORE_YIELDING = 2000


class Group:
    """Sources of one concrete type, and the objects built from them; their jobs are still to be run."""

    __slots__ = ("objects", "selection", "sources")

    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        self.sources: list[Any] = []
        self.objects: list[dict[str, Any]] = []


class Run:
    """One execution of a plan."""

    def __init__(self, plan: Plan, context: Context, variables: VariableValues) -> None:
        self._plan = plan
        self._context = context
        self._variables = variables
        self._groups: list[Group] = []
        self._failed = False
        self._broken: dict[int, Selection] = {}
        self._built = 0
        self._since_yield = 0

    async def execute(self) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
        """The data and the errors."""
        group = Group(self._plan.root)
        data = self._object(self._plan.root, None, {id(self._plan.root): group})
        await self._fill([group])
        if not self._failed:
            return data, []
        selections = {id(made): group.selection for group in self._groups for made in group.objects}
        return complete_errors(data, self._plan.root, {**selections, **self._broken})

    # ---- levels ----

    async def _fill(self, groups: Sequence[Group]) -> None:
        """Run the jobs of these groups, and of everything below; the same edge of several types is run once."""
        self._groups += groups
        jobs: dict[Any, list[tuple[Field, Group]]] = {}
        for group in groups:
            for field in group.selection.jobs:
                jobs.setdefault(field.merge_key, []).append((field, group))
        for entries in jobs.values():
            below: dict[int, Group] = {}
            values = iter(await self._values(entries))
            for field, group in entries:
                key, type_ = field.key, field.type
                place = self._place_rows if field.is_list_of_objects else self._place
                for made in group.objects:
                    made[key] = place(field, type_, next(values), below)
            self._context.objects += self._built
            self._since_yield += self._built
            self._built = 0
            if self._since_yield > _ROWS_BEFORE_YIELDING:
                self._since_yield = 0
                await asyncio.sleep(0)
            ready = [group for group in below.values() if group.objects]
            if ready:
                await self._fill(ready)

    async def _values(self, entries: list[tuple[Field, Group]]) -> Sequence[Any]:
        """The job's value for each source of its groups, in order; a Failure where it has none."""
        field = entries[0][0]
        sources = [source for _, group in entries for source in group.sources]
        try:
            if field.loader is not None:
                return await self._loaded(field, sources)
            if field.call is not None:
                return await self._called(field, sources)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this field's
            return [self._failure(error)] * len(sources)
        return [self._guarded(field.read, source, self._context) for source in sources]

    async def _loaded(self, field: Field, sources: list[Any]) -> Sequence[Any]:
        """One batch for the keys of all sources."""
        declared, context = field.declared, self._context
        if declared.pages:
            loader = context.loader(declared.loader, page_arguments(**self._arguments(field)))
        else:
            loader = context.loader(declared.loader)
        keys = [self._guarded(declared.read, source, context) for source in sources]
        wanted = [key for key in keys if key is not None and type(key) is not Failure]
        values = await loader.values(wanted) if wanted else {}
        found = [key if type(key) is Failure or key is None else values[key] for key in keys]
        if declared.pick is None:
            return found
        return [
            value if value is None or type(value) is Failure else self._guarded(declared.pick, value, source)
            for value, source in zip(found, sources, strict=True)
        ]

    async def _called(self, field: Field, sources: list[Any]) -> Sequence[Any]:
        """One call for each source; awaited together."""
        arguments = self._arguments(field)
        values = [self._guarded(field.call, source, self._context, **arguments) for source in sources]
        waiting = {number: value for number, value in enumerate(values) if inspect.isawaitable(value)}
        for number, value in zip(waiting, await _all(list(waiting.values())), strict=True):
            values[number] = self._failure(value) if isinstance(value, Exception) else value
        for number, value in enumerate(values):
            if isinstance(value, list) and any(inspect.isawaitable(item) for item in value):
                items = await _all([_ready(item) for item in value])
                values[number] = [self._failure(i) if isinstance(i, Exception) else i for i in items]
        return values

    def _arguments(self, field: Field) -> dict[str, Any]:
        if not field.definition.args:
            return {}
        return get_argument_values(field.definition, field.nodes[0], self._variables)

    # ---- objects ----

    def _place(self, field: Field, type_: GraphQLOutputType, value: Any, below: dict[int, Group]) -> Any:
        """What a job's value looks like in the answer; objects with jobs of their own join the groups below."""
        if type(value) is Failure:
            return value
        if isinstance(value, Exception):
            return self._failure(value)
        if isinstance(type_, GraphQLNonNull):
            placed = self._place(field, type_.of_type, value, below)
            return self._failure(null_error(field)) if placed is None else placed
        if value is None:
            return None
        if isinstance(type_, GraphQLList):
            return [self._place(field, type_.of_type, item, below) for item in value]
        if not (is_abstract_type(type_) or hasattr(type_, "fields")):
            return self._guarded(completer(field), value, self._context)
        selection = self._guarded(field.selection_for, value)
        return selection if type(selection) is Failure else self._object(selection, value, below)

    def _place_rows(self, field: Field, type_: GraphQLOutputType, value: Any, below: dict[int, Group]) -> Any:
        """`_place` for the common case of a list of objects in which nothing is missing."""
        if type(value) is not list:
            return self._place(field, type_, value, below)
        context, placed = self._context, []
        for item in value:
            try:
                selection = field.selection(field.typename or item.typename)
                made = selection.builders[type(item)](item, context)
            except Exception:  # noqa: BLE001 - the first of its class, or something is wrong with it: see more closely
                placed.append(self._place(field, field.item_type, item, below))
                continue
            placed.append(made)
            if selection.jobs:
                group = below.get(id(selection)) or below.setdefault(id(selection), Group(selection))
                group.sources.append(item)
                group.objects.append(made)
        self._built += len(placed)
        return placed

    def _object(self, selection: Selection, source: Any, below: dict[int, Group]) -> dict[str, Any]:
        self._built += 1
        try:
            made = selection.build(source, self._context)
        except Exception:  # noqa: BLE001 - some field failed: find out which, the others keep their values
            made = self._object_by_field(selection, source)
        if selection.jobs:
            group = below.get(id(selection))
            if group is None:
                group = below[id(selection)] = Group(selection)
            group.sources.append(source)
            group.objects.append(made)
        return made

    def _object_by_field(self, selection: Selection, source: Any) -> dict[str, Any]:
        """The object with a Failure at every field that fails."""
        made: dict[str, Any] = {}
        for field in selection.fields:
            if isinstance(field, tuple):
                made[field[0]] = field[1]
            elif any(field is job for job in selection.jobs):
                made[field.key] = None
            else:
                value = self._guarded(field.read, source, self._context)
                made[field.key] = self._inline(field, field.type, value)
        self._broken[id(made)] = selection
        return made

    def _inline(self, field: Field, type_: GraphQLOutputType, value: Any) -> Any:
        """A value below which everything is built from the source, position by position."""
        if type(value) is Failure:
            return value
        if isinstance(type_, GraphQLNonNull):
            placed = self._inline(field, type_.of_type, value)
            return self._failure(null_error(field)) if placed is None else placed
        if value is None:
            return None
        if isinstance(type_, GraphQLList):
            return [self._inline(field, type_.of_type, item) for item in value]
        if is_abstract_type(type_) or hasattr(type_, "fields"):
            selection = self._guarded(field.selection_for, value)
            return selection if type(selection) is Failure else self._object(selection, value, {})
        return self._guarded(field.leaf(type_), value, self._context)

    # ---- failures ----

    def _failure(self, error: Exception) -> Failure:
        self._failed = True
        return Failure(error)

    def _guarded(self, function: Any, *arguments: Any, **named: Any) -> Any:
        try:
            return function(*arguments, **named)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this field's
            return self._failure(error)


async def _all(awaitables: list[Awaitable[Any]]) -> list[Any]:
    """The results, with the exceptions among them."""
    return await asyncio.gather(*awaitables, return_exceptions=True) if awaitables else []


async def _ready(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value
