"""Breadth-first execution: every field runs once for all objects of its level.

A level is a list of groups; a group is a selection on one concrete type with the sources of that type and the objects
built from them. The executor takes the groups' jobs one after another (loaders share one connection and would take
turns anyway), runs each once for all sources, builds the objects below, and goes on with those. No coroutine, future
or `info` is made for an object; a level costs as many statements as it has edges.

Errors are values at their place. Only when there are any, `completion` walks the ways to them, propagates nulls and
writes the errors with their paths, as the specification says.
"""

import asyncio
import contextlib
import inspect
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, ClassVar, NamedTuple

import orjson
from graphql import (
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLOutputType,
    get_argument_values,
    is_composite_type,
    is_non_null_type,
)
from graphql.execution.values import VariableValues
from typing_extensions import override

from lms_graphql.engine.builders import listed, null_error
from lms_graphql.engine.completion import Completion, Failure, Introspected, When
from lms_graphql.engine.context import Context, Standing
from lms_graphql.engine.cost import MUTATION_WEIGHT
from lms_graphql.engine.edges import declared_price
from lms_graphql.engine.introspection import introspect
from lms_graphql.engine.plan import Field, Plan, Selection
from lms_graphql.engine.relay import page_arguments

_ROWS_BEFORE_YIELDING = 2000


class Group:
    """Sources of one concrete type, and the objects built from them; their jobs are still to be run."""

    __slots__ = ("objects", "selection", "sources")

    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        self.sources: list[Any] = []
        self.objects: list[dict[str, Any]] = []


class Awaited(NamedTuple):
    """A job whose calls had to be awaited: which of its values and, of a value that is a list, which of its items.

    Which failures come first depends on it, see `completion`.
    """

    entries: list[tuple[Field, Group]]
    positions: list[tuple[int, int | None]]


class Run:
    """One execution of a plan."""

    awaits_alone: ClassVar[bool] = True
    """Whether a single awaitable is awaited as it is; what is done at once then ends without a turn of the loop."""

    def __init__(self, plan: Plan, context: Context, variables: VariableValues) -> None:
        self._plan = plan
        self._context = context
        self._variables = variables
        self._groups: list[Group] = []
        self._failed: set[Field] = set()
        """The fields with a failure at any of their positions."""
        self._broken: list[tuple[dict[str, Any], Selection]] = []
        """The objects with a failure at a field that the source alone tells."""
        self._awaited: list[Awaited] = []
        self._deferred: list[tuple[Field, Group, bytes]] = []
        """Jobs that follow from versions, where an ETag is wanted: they are run when all else is known."""
        self._built = 0
        self._since_yield = 0

    async def execute(self) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
        """The data and the errors."""
        group = Group(self._plan.root)
        data = self._object(self._plan.root, None, {id(self._plan.root): group})
        await self._fill([group])
        if self._deferred:
            self._validate(data)
            for field, deferred, signature in self._deferred:
                await self._run_versioned(field, deferred, signature)
        return self._completed(data) if self._failed else (data, [])

    def _validate(self, data: dict[str, Any]) -> None:
        """Tell what the answer will be; raises NotModifiedError if the client has it."""
        if self._context.validator is not None and not self._failed:
            with contextlib.suppress(TypeError):  # what can't be encoded has no tag
                self._context.validator.validate(orjson.dumps(data))

    def _completed(self, data: dict[str, Any]) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
        completion = Completion(self._failed, self._context)
        for made, selection in self._broken:
            completion.know(selection, [made], [None])  # without jobs, or known better in its group
        for group in self._groups:
            completion.know(group.selection, group.objects, group.sources)
        for awaited in self._awaited:
            objects = [(made, field) for field, group in awaited.entries for made in group.objects]
            for number, item in awaited.positions:
                completion.wait_for(*objects[number], item)
        return completion.complete(data)

    # ---- levels ----

    async def _fill(self, groups: Sequence[Group]) -> None:
        """Run the jobs of these groups, and of everything below; the same edge of several types is run once."""
        self._groups += groups
        jobs: dict[Any, list[tuple[Field, Group]]] = {}
        for group in groups:
            for field in group.selection.jobs:
                jobs.setdefault(field.merge_key, []).append((field, group))
        for entries in jobs.values():
            field, group = entries[0]
            signature = self._signature(field) if self._uses_versions and len(entries) == 1 else None
            if signature is None:
                await self._run(entries)
            elif self._context.validator is not None:
                self._defer(field, group, signature)
            else:
                await self._run_versioned(field, group, signature)

    async def _run(self, entries: list[tuple[Field, Group]]) -> None:
        """Run one job, and everything below it."""
        below: dict[int, Group] = {}
        values = iter(await self._values(entries))
        for field, group in entries:
            key, type_ = field.key, field.type
            place = self._place_of(field)
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

    @property
    def _uses_versions(self) -> bool:
        """Whether parts are looked for by version: not for who sees some courses whole and of others what all see.

        Which they are may change (another department, another teacher) and the version stay.
        """
        context = self._context
        return context.viewer.standing is not Standing.STAFF and (
            context.fragments is not None or context.validator is not None
        )

    def _signature(self, field: Field) -> bytes | None:
        """What is selected with which arguments, if all of it follows from a version."""
        signature = field.signature
        if signature is None or field.declared.option is None:
            return signature
        try:
            return signature + repr(field.declared.option(**self._arguments(field))).encode()
        except Exception:  # noqa: BLE001 - the field fails, and says so when it is run
            return None

    def _scope(self, signature: bytes) -> tuple[Any, ...]:
        """What a part depends on besides its source and the source's version."""
        return (signature, self._context.viewer.standing, self._context.viewer.university_id)

    def _defer(self, field: Field, group: Group, signature: bytes) -> None:
        """Put the versions in the places of the parts, until these are wanted."""
        self._deferred.append((field, group, signature))
        _, *scope = self._scope(signature)
        for source, made in zip(group.sources, group.objects, strict=True):
            made[field.key] = [signature.hex(), *scope, source["id"], str(source[field.declared.version])]

    async def _run_versioned(self, field: Field, group: Group, signature: bytes) -> None:
        """Run a job for the sources whose versions are not known; for the others take what is kept."""
        context, fragments = self._context, self._context.fragments
        if fragments is None:
            await self._run([(field, group)])
            return
        scope = self._scope(signature)
        missing, keys = Group(group.selection), []
        for source, made in zip(group.sources, group.objects, strict=True):
            key = (*scope, source["id"], source[field.declared.version])
            part = fragments.get(key)
            if part is None:
                missing.sources.append(source)
                missing.objects.append(made)
                keys.append(key)
            else:
                made[field.key] = part.json
                context.objects += part.objects
        if not keys:
            return
        before = context.objects
        await self._run([(field, missing)])
        if self._failed:
            return
        each = (context.objects - before) // len(keys)
        for key, made in zip(keys, missing.objects, strict=True):
            with contextlib.suppress(TypeError):  # what can't be encoded is not kept, and the answer's encoding says it
                made[field.key] = fragments.keep(key, orjson.dumps(made[field.key]), each)

    async def _values(self, entries: list[tuple[Field, Group]]) -> Sequence[Any]:
        """The job's value for each source of its groups, in order; a Failure where it has none."""
        field = entries[0][0]
        sources = [source for _, group in entries for source in group.sources]
        if field.is_meta:
            return [self._introspected(field)]
        if field.loader is None and field.call is None:
            values: Sequence[Any] = [self._guarded(field, field.read, source, self._context) for source in sources]
        else:
            try:
                arguments = self._arguments(field)
                if field.loader is not None:
                    values = await self._loaded(field, sources, arguments)
                else:
                    values = await self._called(entries, sources, arguments)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is this field's
                values = [self._failure(field, error)] * len(sources)
        if field in self._failed:
            self._failed.update(field for field, _ in entries)
        return values

    async def _loaded(self, field: Field, sources: list[Any], arguments: dict[str, Any]) -> Sequence[Any]:
        """One batch for the keys of all sources."""
        declared, context = field.declared, self._context
        meant = () if declared.option is None else (declared.option(**arguments),)
        if declared.pages:
            loader = context.loader(declared.loader, page_arguments(**arguments))
        else:
            loader = context.loader(declared.loader)
        keys = [self._guarded(field, declared.read, source, context) for source in sources]
        wanted = [key for key in keys if key is not None and type(key) is not Failure]
        try:
            values = await loader.values(wanted) if wanted else {}
        except Exception as error:  # noqa: BLE001 - as above
            values = dict.fromkeys(wanted, self._failure(field, error, When.LATER))
        if len(wanted) == len(keys):
            found = [values[key] for key in keys]
        else:
            found = [self._keyless(field, key) if key is None or type(key) is Failure else values[key] for key in keys]
        if declared.pick is None:
            return found
        return [
            value
            if value is None or type(value) is Failure
            else self._guarded(field, declared.pick, value, source, *meant, when=When.LATER)
            for value, source in zip(found, sources, strict=True)
        ]

    def _keyless(self, field: Field, key: Failure | None) -> Failure | None:
        """What an edge has where there is no key to load: known at once, other than what its loader gives."""
        return self._failure(field, null_error(field)) if key is None and is_non_null_type(field.type) else key

    async def _called(
        self, entries: list[tuple[Field, Group]], sources: list[Any], arguments: dict[str, Any]
    ) -> Sequence[Any]:
        """One call for each source; awaited together."""
        field = entries[0][0]
        values = [self._guarded(field, field.call, source, self._context, **arguments) for source in sources]
        waiting = {number: value for number, value in enumerate(values) if inspect.isawaitable(value)}
        positions: list[tuple[int, int | None]] = [(number, None) for number in waiting]
        for number, value in zip(waiting, await self._all(field, waiting.values()), strict=True):
            values[number] = value
        for number, value in enumerate(values):
            if type(value) is list and any(inspect.isawaitable(item) for item in value):
                values[number] = await self._items(field, number, value, positions)
        if positions:
            self._awaited.append(Awaited(entries, positions))
        return values

    async def _items(
        self, field: Field, number: int, value: list[Any], positions: list[tuple[int, int | None]]
    ) -> list[Any]:
        """A list with what its awaitables gave, awaited together; their places join the positions."""
        waiting = {place: item for place, item in enumerate(value) if inspect.isawaitable(item)}
        positions += [(number, place) for place in waiting]
        items = [*value]
        for place, item in zip(waiting, await self._all(field, waiting.values()), strict=True):
            items[place] = item
        return items

    async def _all(self, field: Field, awaitables: Collection[Awaitable[Any]]) -> list[Any]:
        """What they give, awaited together, with failures among it."""
        if not awaitables:
            return []
        if len(awaitables) == 1 and self.awaits_alone:
            return [await self._alone(field, *awaitables)]
        tasks = [asyncio.ensure_future(awaitable) for awaitable in awaitables]
        first: list[bool] = []  # in the loop's next turn each task takes its first step, and then this is filled
        asyncio.get_running_loop().call_soon(lambda: first.extend(task.done() for task in tasks))
        results = await asyncio.gather(*tasks, return_exceptions=True)
        return [
            self._failure(field, result, When.FIRST if soon else When.LATER)
            if isinstance(result, Exception)
            else result
            for result, soon in zip(results, first, strict=True)
        ]

    async def _alone(self, field: Field, awaitable: Awaitable[Any]) -> Any:
        """What one awaitable gives, or its failure, without a task: nobody runs beside it."""
        turned: list[None] = []  # filled in the loop's next turn, unless the awaitable ends before that
        turn = asyncio.get_running_loop().call_soon(turned.append, None)
        try:
            return await awaitable
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this field's
            return self._failure(field, error, When.LATER if turned else When.FIRST)
        finally:
            turn.cancel()

    def _arguments(self, field: Field) -> dict[str, Any]:
        if not field.definition.args:
            return {}
        return get_argument_values(field.definition, field.nodes[0], self._variables)

    def _introspected(self, field: Field) -> Any:
        result = introspect(self._plan, field, self._variables)
        if not result.errors:
            return result.data[field.key]  # type: ignore[index]  # without errors there is data
        self._failed.add(field)
        return Introspected(result, field.key)

    # ---- objects ----

    def _place_of(self, field: Field) -> Callable[[Field, GraphQLOutputType, Any, dict[int, Group]], Any]:
        """How the values of a job are placed."""
        if field.is_meta:
            return lambda _field, _type, value, _below: value
        return self._place_rows if field.is_list_of_objects and field.loader is not None else self._place

    def _place(self, field: Field, type_: GraphQLOutputType, value: Any, below: dict[int, Group]) -> Any:
        """What a job's value looks like in the answer; objects with jobs of their own join the groups below."""
        if type(value) is Failure:
            return value
        if isinstance(value, Exception):
            return self._failure(field, value)
        if isinstance(type_, GraphQLNonNull):
            placed = self._place(field, type_.of_type, value, below)
            return self._failure(field, null_error(field)) if placed is None else placed
        if value is None:
            return None
        if isinstance(type_, GraphQLList):
            items = self._guarded(field, listed, field, value)
            return (
                items if type(items) is Failure else [self._place(field, type_.of_type, item, below) for item in items]
            )
        if not is_composite_type(type_):
            return self._guarded(field, field.leaf, value, self._context)
        selection = self._guarded(field, field.selection_for, value)
        return selection if type(selection) is Failure else self._object(selection, value, below)

    def _place_rows(self, field: Field, type_: GraphQLOutputType, value: Any, below: dict[int, Group]) -> Any:
        """`_place` for the common case: a loader's rows, all of one class, of which none is missing."""
        if type(value) is not list or not value:
            return self._place(field, type_, value, below)
        try:
            placed = field.place_rows(value, self._context)
        except Exception:  # noqa: BLE001 - something is wrong with one of them
            placed = None
        if placed is None:  # see more closely; outside of the handler, or errors would hang on one another
            return self._place(field, type_, value, below)
        self._built += len(placed)
        if field.typename and (selection := field.selection(field.typename)).jobs:
            group = below.get(id(selection)) or below.setdefault(id(selection), Group(selection))
            group.sources += value
            group.objects += placed
        return placed

    def _object(self, selection: Selection, source: Any, below: dict[int, Group]) -> dict[str, Any]:
        self._built += 1
        try:
            made = selection.build(source, self._context)
        except Exception:  # noqa: BLE001 - some field failed
            made = None
        if made is None:  # find out which field failed; the others keep their values
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
                value = self._guarded(field, field.read, source, self._context)
                made[field.key] = self._place(field, field.type, value, {})
        self._broken.append((made, selection))
        return made

    # ---- failures ----

    def _failure(self, field: Field, error: Exception, when: When = When.AT_ONCE) -> Failure:
        self._failed.add(field)
        return Failure(error, when)

    def _guarded(self, field: Field, function: Any, *arguments: Any, when: When = When.AT_ONCE, **named: Any) -> Any:
        try:
            return function(*arguments, **named)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this field's
            return self._failure(field, error, when)


class Changes(Run):
    """The run of a mutation: the fields at its root one after another, each with all that is selected below it.

    That is the order in which jobs are run anyway; each field is told the name that it has in the answer.
    """

    @override
    async def _called(
        self, entries: list[tuple[Field, Group]], sources: list[Any], arguments: dict[str, Any]
    ) -> Sequence[Any]:
        field, group = entries[0]
        if group.selection is self._plan.root:
            self._context.response_key = field.key
            # What it costs is the doing, whatever comes of it and is shown.
            _, weight = declared_price(field.definition)
            self._context.objects += MUTATION_WEIGHT if weight is None else weight
        return await super()._called(entries, sources, arguments)
