"""Schemas made by hand of declared fields, for what our own schema can't be made to do."""

import asyncio
import os
import random
from functools import cache, lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    GraphQLUnionType,
    is_enum_type,
    is_leaf_type,
    parse,
    validate,
)

from lms_graphql.engine.context import Context, Viewer
from lms_graphql.engine.edges import DeclaredField, bind
from lms_graphql.engine.execution import formatted, run, run_by_graphql_core
from lms_graphql.engine.relay import Cursors
from lms_graphql.schema import build

THOROUGH = os.environ.get("LMS_THOROUGH") == "1"
"""Whether all combinations are tried (in CI), or as many as `make test` has time for."""
_ALL_LEAVES = {
    name: type_ for name, type_ in build().graphql.type_map.items() if is_leaf_type(type_) and not name.startswith("__")
}
_FIRST_ENUM = next(name for name, type_ in _ALL_LEAVES.items() if is_enum_type(type_))
LEAVES = {
    name: type_
    for name, type_ in _ALL_LEAVES.items()
    if THOROUGH or not is_enum_type(type_) or name == _FIRST_ENUM  # enums are alike
}


class Thing:
    """A source: attributes, and a type's name for where the type is abstract."""

    def __init__(self, typename: Any = "Thing", **attributes: Any) -> None:
        self.typename = typename
        self.__dict__.update(attributes)


def read(type_: Any, name: str) -> GraphQLField:
    """A field that the source alone tells."""
    declared = DeclaredField(description="")
    declared.read = lambda source, _context: getattr(source, name)
    declared.resolve = lambda source, info: declared.read(source, info.context)
    return GraphQLField(type_, extensions={"strawberry-definition": declared})


def call(type_: Any, function: Any, **arguments: GraphQLArgument) -> GraphQLField:
    """A field that is a function of source, context and arguments."""
    declared = DeclaredField(description="")
    declared.call = function
    declared.resolve = lambda source, info, **given: function(source, info.context, **given)
    return GraphQLField(type_, args=arguments, extensions={"strawberry-definition": declared})


def shapes(leaf: Any) -> dict[str, Any]:
    """A leaf's type in every position that it may have, by a name."""
    return {
        "nullable": leaf,
        "required": GraphQLNonNull(leaf),
        "list": GraphQLList(leaf),
        "list_of_required": GraphQLList(GraphQLNonNull(leaf)),
        "lists": GraphQLList(GraphQLList(leaf)),
        "lists_of_required": GraphQLNonNull(GraphQLList(GraphQLNonNull(GraphQLList(GraphQLNonNull(leaf))))),
    }


def values(value: Any) -> dict[str, Any]:
    """The value in the same positions."""
    return {
        "nullable": value,
        "required": value,
        "list": [None, value],
        "list_of_required": [value],
        "lists": [[value, None], None, []],
        "lists_of_required": [[], [value]],
    }


@cache
def leaf_schema(leaf: Any) -> GraphQLSchema:
    """Things with the leaf in every shape, read from their source and called, from a thing, a list and an interface."""
    fields = {f"{kind}_{name}": type_ for kind in ("read", "call") for name, type_ in shapes(leaf).items()}

    def made() -> dict[str, GraphQLField]:
        return {
            name: read(type_, name)
            if name.startswith("read")
            else call(type_, lambda s, _c, name=name: getattr(s, name))
            for name, type_ in fields.items()
        }

    named = GraphQLInterfaceType("Named", {name: GraphQLField(type_) for name, type_ in fields.items()})
    thing = GraphQLObjectType("Thing", made(), interfaces=[named])
    other = GraphQLObjectType("Other", made(), interfaces=[named])
    either = GraphQLUnionType("Either", [thing, other])
    query = {
        "thing": read(thing, "thing"),
        "things": read(GraphQLList(GraphQLNonNull(thing)), "things"),
        "named": read(named, "thing"),
        "either": call(GraphQLNonNull(either), lambda s, _c: s.thing),
        "called": call(GraphQLNonNull(GraphQLList(thing)), lambda s, _c: s.things),
    }
    root = GraphQLObjectType("Root", query)
    schema = GraphQLSchema(
        GraphQLObjectType("Query", {"root": call(root, lambda _s, context: context.root)}), types=[other]
    )
    bind(schema)
    return schema


def tree_schema() -> GraphQLSchema:
    """Objects within objects, nullable and not, awaited and not, with a failing leaf of each sort at every depth."""

    def fail(_source: Any, _context: Any) -> Any:
        raise ValueError("failed at once")

    async def fail_later(_source: Any, context: Any) -> Any:
        await context.dawdle()
        raise ValueError("failed later")

    async def thing(source: Any, context: Any) -> Any:
        await context.dawdle()
        return source

    def fields() -> dict[str, GraphQLField]:
        required = GraphQLNonNull(node)
        return {
            "name": call(
                GraphQLString, lambda _s, _c, **given: repr(given), by=GraphQLArgument(GraphQLInt, default_value=7)
            ),
            "fail": call(GraphQLString, fail),
            "failRequired": call(GraphQLNonNull(GraphQLString), fail),
            "failLater": call(GraphQLString, fail_later),
            "failLaterRequired": call(GraphQLNonNull(GraphQLString), fail_later),
            "none": call(GraphQLNonNull(GraphQLString), lambda _s, _c: None),
            "child": call(node, lambda s, _c: s),
            "childRequired": call(required, lambda s, _c: s),
            "later": call(node, thing),
            "laterRequired": call(required, thing),
            "children": call(GraphQLList(required), lambda s, _c: [s, s]),
            "childrenRequired": call(GraphQLNonNull(GraphQLList(required)), lambda s, _c: (s, s)),
            "laterChildren": call(GraphQLList(required), lambda s, c: [thing(s, c), s]),
        }

    node = GraphQLObjectType("Node", fields)
    schema = GraphQLSchema(GraphQLObjectType("Query", {"root": call(node, lambda _s, _c: Thing())}))
    bind(schema)
    return schema


class BareContext(Context):
    """A context without a database; what is awaited takes some turns of the loop, by chance."""

    def __init__(self, root: Any = None, seed: int = 0) -> None:
        super().__init__(Viewer(), None, Cursors(b"x"))  # type: ignore[arg-type]  # no statement is sent
        self.root = root
        self._chance = random.Random(seed)  # noqa: S311 - repeatable, not secret

    async def dawdle(self) -> None:
        """Wait a little."""
        for _ in range(self._chance.choice((1, 3, 10, 30, 90))):
            await asyncio.sleep(0)


@lru_cache(64)
def valid(schema: GraphQLSchema, text: str) -> DocumentNode:
    """The document; one for both executors, all values and all timings, since reading it costs most of a comparison."""
    document = parse(text)
    assert validate(schema, document) == []
    return document


async def answer(execute: Any, schema: GraphQLSchema, text: str, root: Any, variables: Any, seed: int = 0) -> Any:
    """The data, and the errors raw and as a client gets them."""
    document = valid(schema, text)
    result = await execute(schema, document, BareContext(root, seed), variables=variables)
    errors = [(error.message, error.path, error.locations, formatted(error, "id")) for error in result.errors or ()]
    return result.data, errors


async def both(schema: GraphQLSchema, text: str, root: Any = None, variables: Any = None) -> tuple[Any, Any]:
    """Our answer and graphql-core's."""
    ours = await answer(run, schema, text, root, variables)
    return ours, await answer(run_by_graphql_core, schema, text, root, variables)


async def assert_possible(schema: GraphQLSchema, text: str) -> None:
    """Assert that our data and errors, in whatever order, are what graphql-core says for one of many timings."""
    ours = _unordered(await answer(run, schema, text, None, None))
    for seed in range(200):
        if ours == _unordered(await answer(run_by_graphql_core, schema, text, None, None, seed)):
            return
    raise AssertionError((text, ours, await answer(run_by_graphql_core, schema, text, None, None)))


def _unordered(answered: tuple[Any, list[Any]]) -> tuple[Any, list[str]]:
    return answered[0], sorted(map(repr, answered[1]))
