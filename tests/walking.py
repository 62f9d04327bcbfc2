"""Documents that ask for every field of every type, made from the schema: what the tests of the whole API walk with.

A type that `node` finds is walked by its ids; any other as a part of the field that gives it. A selection ends at a
type that `node` finds, of which it asks `__typename` and `id` alone: its own fields are walked by its ids.
"""

from collections.abc import Iterator
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_abstract_type,
    is_enum_type,
    is_leaf_type,
)

_DEEPEST = 6


class Walk:
    """The documents for one schema.

    `arguments` are literals by `field.argument`, which are always given, or by the argument's name, where it must be.
    """

    def __init__(self, schema: GraphQLSchema, nodes: set[str], arguments: dict[str, str]) -> None:
        self._schema = schema
        self._nodes = nodes
        self._arguments = arguments

    def fields(self, type_: GraphQLObjectType, *, page: int = 3) -> Iterator[tuple[str, str]]:
        """Every field of a type: its name, and the selection that asks for it with all that is below."""
        for name, field in type_.fields.items():
            yield name, self._field(name, field, (type_.name,), page)

    def types(self) -> list[GraphQLObjectType]:
        """The object types that a query leads to: not introspection's own, and not the payloads of mutations."""
        found: dict[str, GraphQLObjectType] = {}
        waiting: list[Any] = [self._schema.query_type]
        while waiting:
            type_ = waiting.pop()
            if is_abstract_type(type_):
                waiting += self._schema.get_possible_types(type_)
            elif isinstance(type_, GraphQLObjectType) and type_.name not in found:
                found[type_.name] = type_
                waiting += [get_named_type(field.type) for field in type_.fields.values()]
        return [found[name] for name in sorted(found)]

    def _field(self, name: str, field: GraphQLField, above: tuple[str, ...], page: int) -> str:
        arguments = ", ".join(self._given(name, field, page))
        return f"{name}{f'({arguments})' if arguments else ''} {self._selection(field.type, above, page)}".strip()

    def _given(self, field_name: str, field: GraphQLField, page: int) -> Iterator[str]:
        if "first" in field.args:
            yield f"first: {page}"
        for name, argument in field.args.items():
            own = self._arguments.get(f"{field_name}.{name}")
            wanted = own is None and name != "first" and isinstance(argument.type, GraphQLNonNull)
            if wanted and is_enum_type(get_named_type(argument.type)):
                own = next(iter(get_named_type(argument.type).values))
            elif wanted:
                own = self._arguments.get(name)
                assert own is not None, f"teach the walk a literal for the argument {name} of {field_name}"
            if own is not None:
                yield f"{name}: {own}"

    def _selection(self, type_: Any, above: tuple[str, ...], page: int) -> str:
        named = get_named_type(type_)
        if is_leaf_type(named):
            return ""
        if is_abstract_type(named):
            if isinstance(named, GraphQLUnionType) and not {t.name for t in named.types} & self._nodes:
                parts = (f"... on {t.name} {self._inside(t, above, page)}" for t in named.types)
                return f"{{ __typename {' '.join(parts)} }}"
            return "{ __typename ... on Node { id } }"
        return self._inside(named, above, page)

    def _inside(self, type_: Any, above: tuple[str, ...], page: int) -> str:
        if type_.name in self._nodes:
            return "{ __typename id }"
        # A type within itself is asked for as deep as a demo goes, then no more.
        if above.count(type_.name) > 1 or len(above) > _DEEPEST:
            return "{ __typename }"
        inside = (self._field(name, field, (*above, type_.name), page) for name, field in type_.fields.items())
        return f"{{ __typename {' '.join(inside)} }}"


def found_ids(answer: Any) -> Iterator[tuple[str, str]]:
    """Every (typename, id) in an answer."""
    if isinstance(answer, dict):
        if isinstance(answer.get("id"), str) and "__typename" in answer:
            yield answer["__typename"], answer["id"]
        for value in answer.values():
            yield from found_ids(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from found_ids(value)


def shown_fields(answer: Any) -> Iterator[tuple[str, str]]:
    """Every (typename, field) that is not null in an answer; an empty list shows nothing."""
    if isinstance(answer, dict):
        for name, value in answer.items():
            if value not in (None, []) and "__typename" in answer:
                yield answer["__typename"], name
            yield from shown_fields(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from shown_fields(value)
