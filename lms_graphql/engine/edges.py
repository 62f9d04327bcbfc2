"""Fields declared instead of coded: an edge names a loader and a key, a computed field a function of its row.

`bind` gives graphql-core a plain resolver for each of them, without Strawberry's per-call wrapping; the declaration
itself stays on the field for whoever executes many parents at once.

What `engine.cost` prices a field by is declared here too: `size`, the rows that a list is assumed to have, and
`weight`, what the field itself costs where that is more than usual.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Self, TypeVar

import strawberry
from graphql import (
    GraphQLAbstractType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
)
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from lms_graphql.engine.context import Context, LoaderClass
from lms_graphql.engine.relay import page_arguments

Resolve = Callable[..., Any]
Read = Callable[[Any, Context], Any]
Key = str | Read
T = TypeVar("T")


class DeclaredField(StrawberryField):
    """A field that makes its own resolver, and tells an executor what it would do.

    Either `read` gives the value (or, for an edge, the loader's key) from the row, or `call` resolves it with
    arguments.
    """

    resolve: Resolve
    read: Read | None = None
    call: Callable[..., Any] | None = None
    pick: Callable[[Any, Any], Any] | None = None
    """Of an edge: the part of the loader's value that is shown."""
    option: Callable[..., Any] | None = None
    """Of an edge with arguments: what they mean, which is the third argument of `pick`; raises where it is nothing."""
    path: tuple[str, str] | None = None
    """Of an attribute of a struct that is an attribute of the row: both names; `read` does the same, but slower."""
    empty: Any = None
    """With `path`: the value where the row has no struct."""
    heavy: bool = False
    """Whether the field needs a column that is only fetched when such a field is selected."""
    loader: LoaderClass | None = None
    """The loader of an edge or a page."""
    pages: bool = False
    """Whether the loader is made with the page that the arguments ask for."""
    version: str | None = None
    """Of an edge: the column of the row that changes whenever anything below changes (see `engine.fragments`)."""
    versioned: bool = False
    """Whether, below such an edge, the field follows from the version and the viewer's standing, and nothing else."""
    mutation: Any = None
    """Of a field of Mutation: how it is done (see `engine.mutations`)."""

    @property
    def picks(self) -> bool:
        """Whether an edge shows only a part of what its loader gives."""
        return self.pick is not None

    @property
    def is_basic_field(self) -> bool:
        """Never: Strawberry would read an attribute."""
        return False

    def __copy__(self) -> Self:
        copied = super().__copy__()
        for name in _CARRIED:
            setattr(copied, name, getattr(self, name))
        return copied

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: Any) -> Any:  # noqa: ARG002
        """Only reached if the schema was not bound."""
        return self.resolve(source, info, **kwargs)


_CARRIED = (
    "resolve",
    "read",
    "call",
    "pick",
    "option",
    "path",
    "empty",
    "heavy",
    "loader",
    "pages",
    "version",
    "versioned",
    "mutation",
)
"""What a copy of a declared field must take along; Strawberry copies fields of generic types."""


def _declared(
    resolve: Resolve,
    description: str,
    arguments: list[StrawberryArgument] | None = None,
    *,
    size: int | None = None,
    weight: int | None = None,
    **declared: Any,
) -> Any:
    """A declared field; `declared` are attributes of DeclaredField."""
    field = DeclaredField(description=description, metadata=_price(size, weight))
    field.resolve, field.arguments = resolve, arguments or []
    for name, value in declared.items():
        setattr(field, name, value)
    return field


def _price(size: int | None, weight: int | None) -> dict[str, int]:
    return {name: value for name, value in (("size", size), ("weight", weight)) if value is not None}


def declared_price(field: GraphQLField) -> tuple[int | None, int | None]:
    """The size and the weight that a field of a schema was declared with; None for what was not declared."""
    declared = field.extensions.get("strawberry-definition")
    metadata = getattr(declared, "metadata", None) or {}
    return metadata.get("size"), metadata.get("weight")


def plain_list(description: str, *, size: int) -> Any:
    """A list that the source holds under the field's own name."""
    return strawberry.field(description=description, metadata=_price(size, None))


def optional(description: str) -> Any:
    """A field of an input that need not be given; one that is not does not reach the field."""
    return strawberry.field(default=strawberry.UNSET, description=description)


def argument(name: str, type_: Any, description: str) -> StrawberryArgument:
    """An argument of a declared field, without a default: omitted, it does not reach the field."""
    return StrawberryArgument(
        python_name=name,
        graphql_name=None,
        type_annotation=StrawberryAnnotation(type_),
        description=description,
    )


def computed(
    read: Read,
    description: str,
    *,
    heavy: bool = False,
    size: int | None = None,
    weight: int | None = None,
    versioned: bool = False,
) -> Any:
    """A field that is a function of the row (and of the context, for what depends on the viewer)."""

    def resolve(source: Any, info: Any) -> Any:
        return read(source, info.context)

    return _declared(resolve, description, heavy=heavy, read=read, size=size, weight=weight, versioned=versioned)


def attribute(
    path: tuple[str, str], description: str, *, empty: Any = None, heavy: bool = False, size: int | None = None
) -> Any:
    """A field that is an attribute of a struct, itself an attribute of the row; `empty` where the row has no struct."""
    struct_name, name = path

    def read(row: Any, _context: Context) -> Any:
        struct = getattr(row, struct_name)
        return empty if struct is None else getattr(struct, name)

    def resolve(source: Any, info: Any) -> Any:
        return read(source, info.context)

    return _declared(resolve, description, heavy=heavy, read=read, size=size, path=path, empty=empty, versioned=True)


def column(name: str, description: str) -> Any:
    """A column under another name."""
    return computed(lambda row, _context: row[name], description, versioned=True)


def edge(
    loader: LoaderClass,
    description: str,
    *,
    key: Key = "id",
    pick: Callable[..., Any] | None = None,
    arguments: list[StrawberryArgument] | None = None,
    option: Callable[..., Any] | None = None,
    heavy: bool = False,
    size: int | None = None,
    weight: int | None = None,
    version: str | None = None,
    versioned: bool = False,
) -> Any:
    """What a loader gives for the row's key; null where the key is. `pick(value, row)` takes the part that is wanted.

    One row, a list or anything else: the annotation says which, and a test of the schema compares the two. A list has
    a `size`, the rows that it is assumed to have; a part of a tree has that of the whole tree. `version` and
    `versioned`: see DeclaredField. With `arguments` the part depends on them too: it is `pick(value, row, meant)`,
    where `meant` is what `option(**arguments)` makes of them, with a repr that tells all.
    """
    read = _reader(key)

    def resolve(source: Any, info: Any, **given: Any) -> Any:
        meant = () if option is None else (option(**given),)
        found = read(source, info.context)
        if found is None:
            return None
        value = info.context.load(loader, found)
        return value if pick is None else _picked(value, pick, source, *meant)

    return _declared(
        resolve,
        description,
        arguments,
        option=option,
        heavy=heavy,
        loader=loader,
        read=read,
        pick=pick,
        size=size,
        weight=weight,
        version=version,
        versioned=versioned,
    )


def page(
    loader: LoaderClass,
    description: str,
    *,
    key: Key = "id",
    weight: int | None = None,
    filters: Any = None,
    orders: Any = None,
    arguments: Sequence[StrawberryArgument] = (),
) -> Any:
    """A connection: the page of the loader's rows for the row's key that the arguments ask for.

    `filters` is an input, whose fields are those of the loader's `filters`; `orders` a @oneOf input of directions,
    whose fields are those of its `orders`. `arguments` are filters too, without an input around them. A test of the
    schema compares them.
    """
    read = _reader(key)

    def resolve(source: Any, info: Any, **given: Any) -> Any:
        context: Context = info.context
        pages, found = context.loader(loader, page_arguments(**given)), read(source, context)
        return None if found is None else pages.load(found)

    taken = [*_page_arguments(), *arguments]
    if filters is not None:
        taken.append(argument("filter", filters | None, "Which rows are wanted; null: all."))
    if orders is not None:
        taken.append(argument("orderBy", orders | None, "The list's order; null: as the field's description says."))
    return _declared(resolve, description, taken, loader=loader, read=read, pages=True, weight=weight)


def with_arguments(
    resolve: Callable[..., Any],
    description: str,
    *arguments: StrawberryArgument,
    size: int | None = None,
    weight: int | None = None,
) -> Any:
    """A field with arguments of its own: `resolve(row, context, **arguments)`; camelCase names arrive as such."""

    def with_info(source: Any, info: Any, **given: Any) -> Any:
        return resolve(source, info.context, **given)

    return _declared(with_info, description, list(arguments), call=resolve, size=size, weight=weight)


def _page_arguments() -> list[StrawberryArgument]:
    return [
        argument("first", int | None, "How many rows from the start or behind `after`, 1–100."),
        argument("after", str | None, "The cursor that the page follows; with `first`."),
        argument("last", int | None, "How many rows from the end or ahead of `before`, 1–100."),
        argument("before", str | None, "The cursor that the page precedes; with `last`."),
    ]


def _reader(key: Key) -> Read:
    if callable(key):
        return key
    return lambda row, _context: row[key]


async def _picked(value: Awaitable[Any], pick: Callable[..., Any], source: Any, *meant: Any) -> Any:
    return pick(await value, source, *meant)


def read_global_id(row: Any, _context: Context) -> str:
    """The global id of a row; builders spell it out."""
    return row.global_id()  # type: ignore[no-any-return]


def read_database_id(row: Any, _context: Context) -> str:
    """The number of a row in the database, as text; builders spell it out."""
    return str(row["id"])


def global_id() -> Any:
    """The field `id` of a type that is made from rows."""
    return computed(read_global_id, "The global id: opaque, stable, good for `node`.", versioned=True)


def database_id() -> Any:
    """The field `databaseId` of a type that is made from rows."""
    return computed(read_database_id, "The number of the row in the database, for analysts.", versioned=True)


@strawberry.interface(description="Anything that `node` can find again by its global id.")
class Node:
    """Relay's Node."""

    id: strawberry.ID = global_id()


def entity(loader: LoaderClass, description: str) -> Callable[[type[T]], type[T]]:
    """A type made from rows, which `node` finds with this loader."""

    def decorate(cls: type[T]) -> type[T]:
        cls.node_loader = loader  # type: ignore[attr-defined]
        return strawberry.type(cls, description=description)

    return decorate


def bind(schema: GraphQLSchema) -> dict[str, LoaderClass]:
    """Make a Strawberry schema read rows; returns the loader of every type that `node` can find, by the type's name.

    Objects are told apart by `typename` of their row or struct, so nothing is asked `is_type_of`.
    """
    nodes: dict[str, LoaderClass] = {}
    for graphql_type in schema.type_map.values():
        if isinstance(graphql_type, GraphQLObjectType):
            graphql_type.is_type_of = None
            loader = node_loader(graphql_type)
            if loader is not None:
                nodes[graphql_type.name] = loader
        elif isinstance(graphql_type, GraphQLInterfaceType | GraphQLUnionType):
            graphql_type.resolve_type = _typename
        if isinstance(graphql_type, GraphQLObjectType | GraphQLInterfaceType):
            _bind_fields(graphql_type)
    return nodes


def _bind_fields(graphql_type: GraphQLObjectType | GraphQLInterfaceType) -> None:
    for field in graphql_type.fields.values():
        declared = field.extensions.get("strawberry-definition")
        if isinstance(declared, DeclaredField):
            field.resolve = declared.resolve


def _typename(value: Any, info: Any, abstract_type: Any) -> str:
    return concrete_type(info.schema, abstract_type, value.typename)


def concrete_type(schema: GraphQLSchema, abstract_type: GraphQLAbstractType, name: str) -> str:
    """The name; raises TypeError, which is masked, when no type of that name may stand here."""
    found = schema.type_map.get(name)
    if not isinstance(found, GraphQLObjectType) or not schema.is_sub_type(abstract_type, found):
        raise TypeError(f"{name} is none of the types of {abstract_type.name}")
    return name


PAYLOAD = "payload"
"""The group of the heavy columns."""


def column_groups(schema: GraphQLSchema) -> dict[str, str]:
    """The group of columns that a field needs, by its coordinate (`Type.field`), for fields that need one.

    `PAYLOAD` for a heavy field; for a plain field of a column that is seldom asked for, the name of the row's class.
    """
    groups: dict[str, str] = {}
    for graphql_type in schema.type_map.values():
        if isinstance(graphql_type, GraphQLObjectType):
            groups |= {f"{graphql_type.name}.{name}": group for name, group in _groups(graphql_type).items()}
    for graphql_type in schema.type_map.values():
        if isinstance(graphql_type, GraphQLInterfaceType):
            for possible in schema.get_possible_types(graphql_type):
                found = _groups(possible)
                groups |= {f"{graphql_type.name}.{n}": found[n] for n in graphql_type.fields if n in found}
    return groups


def _groups(graphql_type: GraphQLObjectType) -> dict[str, str]:
    """The groups of one type's fields, by their names."""
    row: Any = getattr(node_loader(graphql_type), "row", None)
    groups: dict[str, str] = {}
    for name, field in graphql_type.fields.items():
        declared: Any = field.extensions.get("strawberry-definition")
        if getattr(declared, "heavy", False):
            groups[name] = PAYLOAD
        elif row is not None and declared.python_name in row.seldom:
            groups[name] = row.__name__
    return groups


def node_loader(graphql_type: GraphQLObjectType) -> LoaderClass | None:
    """The loader that finds objects of this type by their ids, if it has one."""
    definition = graphql_type.extensions.get("strawberry-definition")
    return getattr(getattr(definition, "origin", None), "node_loader", None)


def read_column(source: Any, name: str) -> Any:
    """Strawberry's default resolver: a column of a row, an attribute of anything else."""
    return source[name] if hasattr(source, "keys") else getattr(source, name)
