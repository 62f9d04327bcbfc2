"""A seeded generator of valid documents over our schema, with real ids in their arguments."""

import random
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_composite_type,
)

from lms_graphql.engine.relay import Cursors, PageArguments

_MOST_FIELDS = 60
_INTROSPECTIONS = (
    "{ kind name description }",
    "{ __typename fields($DEPRECATED) { name isDeprecated args { name type { kind ofType { name } } } } }",
    "{ name possibleTypes { name } interfaces { name } enumValues($DEPRECATED) { name } }",
    "{ ...on __Type { fields { name args($DEPRECATED) { name defaultValue } } } ofType { name } }",
)


_LITERALS = {
    "Boolean": ["true", "false"],
    "Int": ["0", "1", "3", "32"],
    "Float": ["0", "4.5", "9"],
    "Decimal": ['"0"', '"50"', '"90.5"', '"100.00"'],
    "DateTime": ['"2026-09-01T00:00:00Z"'],
    "String": ['"forces"', '"forces"', '"forces"', '""'],
}
"""What values of a scalar are drawn from; ids are drawn from those that there are."""


class Generator:
    """Makes documents; the same seed makes the same ones. `ids` are global ids by type name."""

    def __init__(self, schema: GraphQLSchema, seed: int, ids: dict[str, list[str]]) -> None:
        self._schema = schema
        self._chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._ids = ids
        self._cursors = Cursors(b"x")
        self._all_ids = [text for texts in ids.values() for text in texts]

    def document(self) -> tuple[str, list[tuple[str | None, dict[str, Any]]]]:
        """A document of one to three operations; three runs of it: an operation's name and variables for it."""
        self._aliases = 0
        self._operations: list[str] = []
        self._fragments: list[str] = []
        self._names = (
            ["Generated"] if self._chance.random() < 0.6 else ["One", "Two", "Three"][: self._chance.choice([2, 3])]
        )
        made = [self._operation(name) for name in self._names]
        runs = []
        for number in range(3):
            name, variables = made[number % len(made)]
            given = name if len(made) > 1 or self._chance.random() < 0.5 else None
            runs.append((given, {key: self._chance.choice(values) for key, values in variables.items()}))
        return "\n".join([*self._operations, *self._fragments]), runs

    def _operation(self, name: str) -> tuple[str, dict[str, list[Any]]]:
        """Write an operation; its name, and the values that its variables may have."""
        self._left = _MOST_FIELDS // len(self._names)
        self._flags: dict[str, None] = {}
        self._arguments: dict[str, str] = {}
        self._values: dict[str, list[Any]] = {}
        root = self._schema.query_type
        assert root is not None
        body = self._selection(root, 0)
        declared = [
            *(f"${flag}: Boolean!" for flag in self._flags),
            *(f"${n}: {t}" for n, t in self._arguments.items()),
        ]
        head = f"query {name}({', '.join(declared)}) " if declared else f"query {name} "
        self._operations.append(head + body)
        return name, {**dict.fromkeys(self._flags, [True, True, True, False, False]), **self._values}

    def _selection(self, parent: Any, depth: int) -> str:
        parts = []
        fields = list(getattr(parent, "fields", {}).items())
        wanted = self._chance.randint(1, 6 if depth < 4 else 3)
        for name, field in self._chance.sample(fields, min(wanted, len(fields))):
            part = self._field(parent, name, field, depth)
            if part:
                parts.append(part)
        if self._chance.random() < 0.3 or not parts:
            parts.append(self._alias("__typename"))
        if depth == 0 and self._chance.random() < 0.15:
            parts.append(self._introspection())
        if not isinstance(parent, GraphQLObjectType) or self._chance.random() < 0.2:
            parts += [self._fragment(parent, depth) for _ in range(self._chance.randint(1, 3))]
        self._chance.shuffle(parts)
        return "{ " + " ".join(parts) + " }"

    def _introspection(self) -> str:
        below = self._chance.choice(_INTROSPECTIONS)
        if "$DEPRECATED" in below:
            values = [True, False, False, None]
            below = below.replace("$DEPRECATED", self._argument("includeDeprecated", "Boolean = false", "true", values))
        self._aliases += 1
        if self._chance.random() < 0.3:
            return (
                f"x{self._aliases}: __schema {{ queryType {below} directives {{ name args {{ name }} }} __typename }}"
            )
        names = ["Course", "ContentItem", "Node", "ID", "Level", "nothing"]
        name = self._argument("name", "String!", f'"{self._chance.choice(names)}"', names)
        return f"x{self._aliases}: __type({name}) {below}"

    def _alias(self, text: str) -> str:
        # Unique, so that equal aliases never ask for different things; merging has tests of its own.
        self._aliases += 1
        return f"x{self._aliases}: {text}" if self._chance.random() < 0.25 else text

    def _field(self, parent: Any, name: str, field: Any, depth: int) -> str:
        type_ = get_named_type(field.type)
        composite = is_composite_type(type_)
        if self._left <= 0 or (composite and depth > 6):
            return ""
        self._left -= 1
        arguments = self._given(field)
        text = f"{name}{arguments}"
        if arguments or composite:
            text = f"f{self._left}: {text}"  # fields of other types under this key would have to agree
        elif not isinstance(parent, GraphQLObjectType):
            text = self._alias(text)
        else:
            text = f"{parent.name[0].lower()}{self._left}: {text}" if self._chance.random() < 0.8 else ""
        if not text:
            return ""
        if self._chance.random() < 0.15:
            text += self._condition()
        return f"{text} {self._selection(type_, depth + 1)}" if composite else text

    def _condition(self) -> str:
        flag = f"flag{self._chance.randint(1, 4)}"
        self._flags[flag] = None
        return f" @{self._chance.choice(['skip', 'include'])}(if: ${flag})"

    def _fragment(self, parent: Any, depth: int) -> str:
        if isinstance(parent, GraphQLObjectType):
            on = [parent, *parent.interfaces]
        else:
            on = list(self._schema.get_possible_types(parent))
            on += [i for i in (on[0].interfaces if on else []) if isinstance(i, GraphQLInterfaceType)]
            if isinstance(parent, GraphQLUnionType | GraphQLInterfaceType):
                on.append(parent)
        chosen = self._chance.choice(on)
        if self._left <= 0:
            return "__typename"
        condition = self._condition() if self._chance.random() < 0.1 else ""
        selection = self._selection(chosen, depth + 1)
        if self._chance.random() < 0.3:
            name = f"Part{len(self._fragments)}_{self._left}"
            self._fragments.append(f"fragment {name} on {chosen.name} {selection}")
            return f"...{name}{condition}"
        return f"... on {chosen.name}{condition} {selection}"

    def _given(self, field: Any) -> str:
        given = []
        if "first" in field.args:
            size = self._chance.choice([1, 2, 5, 100] if self._chance.random() < 0.95 else [0, 101])
            end = self._chance.choice(["first", "last"])
            given.append(self._argument(end, "Int", size, [1, 3, 100]))
            if self._chance.random() < 0.15:
                given.append(f'{"after" if end == "first" else "before"}: "{self._cursor(field)}"')
        for name, argument in field.args.items():
            if name in {"first", "last", "after", "before"}:
                continue
            value = self._value(name, argument.type)
            if value is not None:
                given.append(f"{name}: {value}")
        return f"({', '.join(given)})" if given else ""

    def _argument(self, name: str, type_: str, literal: Any, values: list[Any]) -> str:
        if self._chance.random() < 0.5:
            return f"{name}: {literal}"
        variable = f"v{len(self._arguments)}"
        self._arguments[variable], self._values[variable] = type_, values
        return f"{name}: ${variable}"

    def _value(self, name: str, type_: Any) -> str | None:
        required = isinstance(type_, GraphQLNonNull)
        inner = type_.of_type if required else type_
        if not required and self._chance.random() < 0.4:
            return None
        if isinstance(inner, GraphQLList):
            items = (
                self._value(name, GraphQLNonNull(get_named_type(inner))) for _ in range(self._chance.randint(0, 4))
            )
            return "[" + ", ".join(filter(None, items)) + "]"
        if isinstance(inner, GraphQLInputObjectType):
            return self._input(inner)
        if isinstance(inner, GraphQLEnumType):
            return self._chance.choice(list(inner.values))
        if inner.name == "ID":
            named = {"offering": "CourseOffering", "department": "Department"}.get(name, "")
            return f'"{self._chance.choice(self._ids.get(named, self._all_ids))}"'
        return self._chance.choice(_LITERALS[inner.name])

    def _input(self, type_: GraphQLInputObjectType) -> str:
        """Some fields of an input; of a @oneOf one, which the schema made by Strawberry alone knows to be one, one."""
        one_of = type_.extensions["strawberry-definition"].is_one_of
        names = list(type_.fields)
        chosen = self._chance.sample(names, 1 if one_of else self._chance.randint(0, min(3, len(names))))
        needed = [name for name, field in type_.fields.items() if isinstance(field.type, GraphQLNonNull)]
        chosen += [name for name in needed if name not in chosen]
        values = {name: self._value(name, GraphQLNonNull(get_named_type(type_.fields[name].type))) for name in chosen}
        if set(names) <= {"code", "shortCode"} and one_of:
            values = dict.fromkeys(chosen, f'"{self._chance.choice(["P101", "D101", "ALPHA", "PHYS", "nothing"])}"')
        if not one_of and self._chance.random() < 0.2:
            values |= {name: "null" for name in self._chance.sample(names, 1) if name not in needed}
        return "{" + ", ".join(f"{name}: {value}" for name, value in values.items()) + "}"

    def _cursor(self, field: Any) -> str:
        """A cursor of the list's own order and no filter, which some filters and orders make a wrong one."""
        loader = field.extensions["strawberry-definition"].loader
        if self._chance.random() < 0.1 or len(loader.order) > 1:
            return "nonsense"
        return self._cursors.encode(PageArguments(1).purpose(loader.__name__), (self._chance.randint(0, 9),))
