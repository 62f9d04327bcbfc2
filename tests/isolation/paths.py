"""Every way to ask, made from the schema: each field of each type, with each argument, filter, order and cursor.

A way begins at Query, or at a type that `nodes` finds; through types that `nodes` does not find it leads on; it ends
at one that it does, of which it asks the id alone: its own ways begin there. Nothing here knows the LMS: what ids an
argument takes follows from its name and from what the field gives.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)

from tests.walking import Walk

_PAGING = frozenset({"first", "after", "last", "before"})
_MOST_TOKENS, _MOST_FIELDS, _MOST_ALIASES = 1400, 240, 18
_LITERALS: Mapping[str, Sequence[str]] = {
    "Boolean": ["true", "false"],
    "Int": ["0", "1", "5"],
    "Float": ["0", "6"],
    "Decimal": ['"0"', '"61.50"', '"100"'],
    "DateTime": ['"2000-01-01T00:00:00Z"', '"2990-01-01T00:00:00Z"'],
}


class Way(NamedTuple):
    """One way to ask: from which type, what it is called in messages, and the selection."""

    anchor: str
    name: str
    selection: str
    wants: tuple[str, ...] = ()
    """The types whose ids its variable `$id` may have."""
    pages: bool = False
    """Whether it takes a cursor, `$after`."""
    field: str = ""
    """The coordinate of the field that it asks for."""


class Given(NamedTuple):
    """What an argument is given: the text, and the types whose ids may stand for its `$id`."""

    text: str
    wants: tuple[str, ...] = ()


class Document(NamedTuple):
    """Some ways of one type, asked for at once. `$ids` are of its anchor, `$after0`… the cursors of its ways."""

    anchor: str
    text: str
    ways: tuple[Way, ...]

    @property
    def wants(self) -> tuple[str, ...]:
        """As of its ways, which all want the same."""
        return self.ways[0].wants


class Ways:
    """The ways of a schema; `texts` are what arguments of type String are given, one after the other.

    `named` are further texts for the arguments of a name, which no other would take.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        nodes: Iterable[str],
        texts: Sequence[str],
        named: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._schema = schema
        self._nodes = frozenset(nodes)
        self._literals = {**_LITERALS, "String": [f'"{text}"' for text in texts]}
        self._named = {name: [f'"{text}"' for text in given] for name, given in (named or {}).items()}

    def all(self) -> list[Way]:
        """Of Query and of every type that `nodes` finds."""
        return [way for name in ("Query", *sorted(self._nodes)) for way in self.of(name)]

    def of(self, name: str) -> Iterator[Way]:
        """Those that begin at a type."""
        type_ = self._schema.type_map[name]
        assert isinstance(type_, GraphQLObjectType), name
        yield from self._from(name, type_, (), "", "")

    def edges(self) -> set[str]:
        """The coordinates of the fields that a query leads to and that give more than a plain value."""
        return {
            f"{type_.name}.{name}"
            for type_ in Walk(self._schema, set(), {}).types()
            for name, field in type_.fields.items()
            if not is_leaf_type(get_named_type(field.type))
        }

    def _from(
        self, anchor: str, type_: GraphQLObjectType, trail: tuple[str, ...], head: str, tail: str
    ) -> Iterator[Way]:
        """The ways through a type that is reached inside `head` and `tail`; below the top only what has arguments."""
        for name, field in type_.fields.items():
            path = ".".join((*trail[::2], name)) if trail else name
            for number, given in enumerate(self._variants(field)):
                if trail and number == 0 and not given.wants and not field.args:
                    continue
                inside = self._inside(field.type, (*trail, type_.name), brief=number > 0)
                arguments, pages = self._paged(field, given.text)
                for kind, text in enumerate(arguments):
                    takes = pages and kind == 1
                    selection = f"{head} {name}{text} {inside} {tail}".strip()
                    coordinate = f"{type_.name}.{name}"
                    yield Way(anchor, f"{anchor}.{path}{text}", selection, given.wants, takes, coordinate)
            inner = get_named_type(field.type)
            passed = self._given_to_pass(field)
            if isinstance(inner, GraphQLObjectType) and self._leads_on(inner, trail) and passed is not None:
                further = (*trail, name, inner.name)
                yield from self._from(anchor, inner, further, f"{head} {name}{passed} {{", f"}} {tail}")

    def _leads_on(self, type_: GraphQLObjectType, trail: tuple[str, ...]) -> bool:
        return type_.name not in self._nodes and type_.name not in trail[1::2] and type_.name != "PageInfo"

    def _given_to_pass(self, field: GraphQLField) -> str | None:
        """The arguments to reach what is below a field; None where there is no way without an id."""
        if any(isinstance(argument.type, GraphQLNonNull) for argument in field.args.values()):
            return None
        return "(first: 100)" if "first" in field.args else ""

    def _paged(self, field: GraphQLField, given: str) -> tuple[list[str], bool]:
        """The texts of the arguments: of a connection also one behind a cursor, and one from the end."""
        if "first" not in field.args:
            return [f"({given})" if given else ""], False
        further = f", {given}" if given else ""
        first = f"(first: 100{further})"
        if given and "orderBy" not in given:
            return [first], False
        return [first, f"(first: 2, after: $after{further})", *([] if given else ["(last: 2)"])], True

    def _variants(self, field: GraphQLField) -> Iterator[Given]:
        """What a field is given: what it must have, and then each of what it may have."""
        required = {n: a for n, a in field.args.items() if isinstance(a.type, GraphQLNonNull)}
        optional = {n: a for n, a in field.args.items() if n not in required and n not in _PAGING}
        musts = [
            [Given(f"{name}: {given.text}", given.wants) for given in self._values(name, argument.type, field)]
            for name, argument in required.items()
        ]
        least = [choices[0] for choices in musts]
        yield _joined(least)
        for number, choices in enumerate(musts):
            for choice in choices[1:]:
                yield _joined([*least[:number], choice, *least[number + 1 :]])
        for name, argument in optional.items():
            for given in self._values(name, argument.type, field):
                yield _joined([*least, Given(f"{name}: {given.text}", given.wants)])

    def _values(self, name: str, type_: Any, field: GraphQLField) -> list[Given]:
        """All that is tried for an argument, or a field of an input."""
        if isinstance(type_, GraphQLNonNull):
            return self._values(name, type_.of_type, field)
        if isinstance(type_, GraphQLList):
            return [Given(f"[{given.text}]", given.wants) for given in self._values(name, type_.of_type, field)]
        if isinstance(type_, GraphQLEnumType):
            return [Given(value) for value in type_.values]
        if isinstance(type_, GraphQLInputObjectType):
            musts = {n: part for n, part in type_.fields.items() if isinstance(part.type, GraphQLNonNull)}
            if musts:
                least = [
                    Given(f"{n}: {given.text}", given.wants)
                    for n, part in musts.items()
                    for given in self._values(n, part.type, field)[:1]
                ]
                joined = ", ".join(given.text for given in least)
                return [Given(f"{{{joined}}}", next((given.wants for given in least if given.wants), ()))]
            return [
                Given(f"{{{inner}: {given.text}}}", given.wants)
                for inner, part in type_.fields.items()
                for given in self._values(inner, part.type, field)
            ]
        if type_.name == "ID":
            return [Given("$id", self._wanted(name, field))]
        assert type_.name in self._literals, f"teach the ways a literal for the scalar {type_.name}"
        return [Given(text) for text in (*self._literals[type_.name], *self._named.get(name, ()))]

    def _wanted(self, name: str, field: GraphQLField) -> tuple[str, ...]:
        """The types whose ids an argument takes: what the field gives, or what is called so; else any."""
        if name in {"id", "ids"}:
            return self._possible(get_named_type(field.type)) or tuple(sorted(self._nodes))
        called = [
            found
            for type_name, type_ in self._schema.type_map.items()
            if type_name.lower().endswith(name.removesuffix("Id").lower())
            for found in ([type_name] if type_name in self._nodes else self._possible(type_))
        ]
        return tuple(sorted(set(called))) or tuple(sorted(self._nodes))

    def _possible(self, type_: Any) -> tuple[str, ...]:
        if is_abstract_type(type_):
            return tuple(t.name for t in self._schema.get_possible_types(type_) if t.name in self._nodes)
        return (type_.name,) if type_.name in self._nodes else ()

    def _inside(self, type_: Any, above: tuple[str, ...], *, brief: bool = False) -> str:
        """The selection of what a field gives: all down to what `nodes` finds, but for what must have arguments."""
        named = get_named_type(type_)
        if is_leaf_type(named):
            return ""
        if is_abstract_type(named):
            return self._abstract(named, above)
        if named.name in self._nodes:
            return "{ __typename id }"
        if named.name in above:
            return "{ __typename }"
        parts = [
            f"{name}{passed} {self._inside(field.type, (*above, named.name), brief=brief)}".strip()
            for name, field in named.fields.items()
            if (passed := self._given_to_pass(field)) is not None and not (brief and field.args)
        ]
        return f"{{ __typename {' '.join(parts)} }}"

    def _abstract(self, named: Any, above: tuple[str, ...]) -> str:
        possible = self._schema.get_possible_types(named)
        if {t.name for t in possible} & self._nodes or isinstance(named, GraphQLInterfaceType):
            return "{ __typename ... on Node { id } }"
        return "{ __typename " + " ".join(f"... on {t.name} {self._inside(t, above)}" for t in possible) + " }"


def _joined(given: Sequence[Given]) -> Given:
    wants = [part.wants for part in given if part.wants]
    return Given(", ".join(part.text for part in given), wants[0] if wants else ())


def documents(ways: Iterable[Way]) -> list[Document]:
    """The ways in as few documents as the server's limits allow; each has ways of one anchor that want the same ids."""
    groups: dict[Any, list[Way]] = {}
    for way in ways:
        groups.setdefault((way.anchor, way.wants, way.pages), []).append(way)
    return [_document(part) for group in groups.values() for part in _parts(group)]


def _parts(ways: list[Way]) -> Iterator[tuple[Way, ...]]:
    part: list[Way] = []
    tokens = fields = 0
    for way in ways:
        own_tokens = len(re.findall(r"\w+|[^\w\s,]", way.selection))
        own_fields = len(re.findall(r"\w+", way.selection))
        if part and (
            tokens + own_tokens > _MOST_TOKENS or fields + own_fields > _MOST_FIELDS or len(part) >= _MOST_ALIASES
        ):
            yield tuple(part)
            part, tokens, fields = [], 0, 0
        part.append(way)
        tokens, fields = tokens + own_tokens, fields + own_fields
    yield tuple(part)


def _document(ways: tuple[Way, ...]) -> Document:
    anchor, way = ways[0].anchor, ways[0]
    body = " ".join(f"w{n}: {w.selection.replace('$after', f'$after{n}')}" for n, w in enumerate(ways))
    variables = ["$id: ID!"] if way.wants else []
    variables += [f"$after{n}: String" for n in range(len(ways))] if way.pages else []
    if anchor != "Query":
        variables.append("$ids: [ID!]!")
        body = f"nodes(ids: $ids) {{ __typename ... on {anchor} {{ {body} }} }}"
    declared = f"({', '.join(variables)})" if variables else ""
    return Document(anchor, f"query {declared} {{ __typename {body} }}", ways)
