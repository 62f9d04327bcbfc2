"""What an operation asks for, compiled once: for each concrete type and selection a builder of its answer's objects.

Fields are collected with graphql-core's own functions, so that merging, fragments, `@skip` and `@include` mean what
they mean there. Nothing of a request is in a plan: arguments are coerced when it runs, and a plan belongs to one
combination of the variables that `@skip` and `@include` look at.

A selection's fields are of two sorts. What its source alone can tell (columns, computed fields, structs inside structs)
is built by one function per selection, a generated dict display. The rest are jobs: edges, pages, fields with
arguments, and everything with such a field below it; the executor runs each of them once for all sources of its level.
`__schema` and `__type` are jobs too: graphql-core answers them, see `engine.introspection`.
"""

from collections.abc import Callable
from typing import Any

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_fields, collect_subfields
from graphql.execution.values import VariableValues
from graphql.pyutils import Undefined, inspect, is_iterable

from lms_graphql.engine.context import Context
from lms_graphql.engine.edges import DeclaredField, concrete_type
from lms_graphql.engine.rows import Row

Build = Callable[[Any, Context], Any]
_BUILTIN_CHECKS = {
    "String": "type({v} := {read}) is str",
    "ID": "type({v} := {read}) is str",
    "Int": "(type({v} := {read}) is int and -2147483648 <= {v} <= 2147483647)",
    "Boolean": "({v} := {read}) is True or {v} is False",
}
"""When a value of a built-in scalar is its own output; anything else goes through graphql-core's coercion."""


class NullError(Exception):
    """A field that must not be null is."""


class Field:
    """One field of a selection: its response key, its definition, its nodes, and what it selects, by concrete type."""

    __slots__ = (
        "_leaf",
        "_plan",
        "_selections",
        "declared",
        "definition",
        "details",
        "is_list_of_objects",
        "is_meta",
        "item_type",
        "key",
        "merge_key",
        "nodes",
        "owner",
        "parent",
        "type",
        "typename",
    )

    def __init__(
        self, plan: "Plan", owner: "Selection", key: str, definition: GraphQLField, details: list[FieldDetails]
    ) -> None:
        self._plan = plan
        self._selections: dict[str, Selection] = {}
        self._leaf: Build | None = None
        self.owner = owner
        self.parent = owner.type
        self.key = key
        self.definition = definition
        self.details = details
        self.type: GraphQLOutputType = definition.type
        self.nodes: list[FieldNode] = [detail.node for detail in details]
        self.is_meta = self.nodes[0].name.value in {"__schema", "__type"}
        declared = definition.extensions.get("strawberry-definition")
        self.declared: Any = declared
        named = get_named_type(definition.type)
        self.typename = "" if is_abstract_type(named) else named.name
        self.is_list_of_objects = _is_list_of_objects(definition.type)
        nullable: Any = definition.type.of_type if isinstance(definition.type, GraphQLNonNull) else definition.type
        self.item_type: Any = nullable.of_type if self.is_list_of_objects else None
        # The same edge of several concrete types (it came from their interface) is one job.
        resolve = declared.resolve if isinstance(declared, DeclaredField) else declared
        self.merge_key = (key, id(resolve), *map(id, self.nodes))

    @property
    def loader(self) -> Any:
        """The loader of an edge, None for any other field."""
        return getattr(self.declared, "loader", None)

    @property
    def call(self) -> Any:
        """The function of a field with arguments of its own, None for any other field."""
        return getattr(self.declared, "call", None)

    def selection(self, typename: str) -> "Selection":
        """What is selected on this field's value of a concrete type; raises when the value can't be of that type."""
        found = self._selections.get(typename)
        if found is None:
            if not self.typename:
                concrete_type(self._plan.schema, get_named_type(self.type), typename)  # type: ignore[arg-type]
            found = self._selections[typename] = self._plan.subselection(typename, self)
        return found

    def selection_for(self, value: Any) -> "Selection":
        """What is selected on a value; raises when its type is none that the field may have."""
        return self.selection(self.typename or value.typename)

    def possible(self) -> list["Selection"]:
        """The selections on every concrete type that the value may have."""
        named = get_named_type(self.type)
        names = (
            [t.name for t in self._plan.schema.get_possible_types(named)] if is_abstract_type(named) else [named.name]
        )
        return [self.selection(name) for name in names]

    def read(self, source: Any, context: Context) -> Any:
        """The value as the source gives it; only for fields without a loader and without arguments."""
        if isinstance(self.declared, DeclaredField):
            return self.declared.read(source, context)  # type: ignore[misc]  # a field without call has read
        name = self.declared.python_name
        return source[name] if isinstance(source, Row) else getattr(source, name)

    @property
    def leaf(self) -> Build:
        """The completer of one leaf of the field, inside whatever lists and non-nulls it stands in."""
        if self._leaf is None:
            self._leaf = _leaf(get_named_type(self.type))  # type: ignore[arg-type]  # only asked of fields of leaves
        return self._leaf


class Selection:
    """The fields selected on one concrete type, and the builders of its objects."""

    __slots__ = ("below", "builders", "fields", "jobs", "type")

    def __init__(
        self,
        plan: "Plan",
        object_type: GraphQLObjectType,
        grouped: dict[str, list[FieldDetails]],
        below: Field | None = None,
    ) -> None:
        self.type = object_type
        self.below = below
        """The field that the objects are values of; None at the root."""
        self.fields: list[Field | tuple[str, str]] = []
        self.jobs: list[Field] = []
        self.builders: dict[type, Build] = {}
        """By the class of the source: rows are read by item, structs by attribute."""
        for key, details in grouped.items():
            name = details[0].node.name.value
            if name == "__typename":
                self.fields.append((key, object_type.name))
                continue
            definition = plan.schema.get_field(object_type, name)
            if definition is None:
                continue  # no valid document has it; graphql-core leaves it out
            field = Field(plan, self, key, definition, details)
            self.fields.append(field)
            if not _is_inline(field):
                self.jobs.append(field)

    def build(self, source: Any, context: Context) -> dict[str, Any]:
        """The object for a source, jobs left null. Raises where a field fails; the executor then goes by field."""
        builder = self.builders.get(type(source))
        if builder is None:
            builder = self.builders[type(source)] = _generate(self, is_row=isinstance(source, Row))
        return builder(source, context)  # type: ignore[no-any-return]


class Plan:
    """One operation, for one combination of the variables that `@skip` and `@include` look at."""

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: dict[str, FragmentDetails],
        variables: VariableValues,
    ) -> None:
        self.schema = schema
        self._operation = operation
        self.fragments = fragments
        self._variables = variables
        root: Any = schema.query_type
        collected = collect_fields(schema, fragments, variables, root, operation)
        self.root = Selection(self, root, collected.grouped_field_set)

    def subselection(self, typename: str, field: Field) -> Selection:
        """What a field selects on a concrete type."""
        object_type: Any = self.schema.type_map[typename]
        collected = collect_subfields(
            self.schema, self.fragments, self._variables, self._operation, object_type, field.details
        )
        return Selection(self, object_type, collected.grouped_field_set, field)


def _is_list_of_objects(type_: GraphQLOutputType) -> bool:
    """Whether a type is a list, of one level, of objects."""
    inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    if not isinstance(inner, GraphQLList):
        return False
    item = inner.of_type.of_type if isinstance(inner.of_type, GraphQLNonNull) else inner.of_type
    return is_composite_type(item)


def unserved(schema: GraphQLSchema) -> frozenset[str]:
    """The names of fields that a plan can't serve, since only their resolver knows what to do."""
    return frozenset(
        name
        for object_type in schema.type_map.values()
        if isinstance(object_type, GraphQLObjectType) and not object_type.name.startswith("__")
        if object_type not in {schema.mutation_type, schema.subscription_type}
        for name, definition in object_type.fields.items()
        if not _is_served(definition.extensions.get("strawberry-definition"))
    )


def _is_served(declared: Any) -> bool:
    return isinstance(declared, DeclaredField) or (declared is not None and declared.base_resolver is None)


def _is_inline(field: Field) -> bool:
    """Whether the source alone can tell the field, with everything below it."""
    if field.is_meta or field.loader is not None or field.call is not None:
        return False
    try:
        return is_leaf_type(get_named_type(field.type)) or not any(selection.jobs for selection in field.possible())
    except GraphQLError:  # a condition below that is null: an error wherever the field has a value
        return False


# ---- builders ----


def _generate(selection: Selection, *, is_row: bool) -> Build:
    """A function that displays a dict with every field of the selection, in order.

    No name of a document is ever source text: keys stand in the function's globals.
    """
    names: dict[str, Any] = {}
    items = []
    for number, field in enumerate(selection.fields):
        if isinstance(field, tuple):
            names[f"k{number}"], names[f"t{number}"] = field
            items.append(f"k{number}: t{number}")
            continue
        names[f"k{number}"] = field.key
        is_job = any(field is job for job in selection.jobs)
        items.append(f"k{number}: " + ("None" if is_job else _expression(field, number, names, is_row=is_row)))
    source = f"lambda s, context: {{{', '.join(items)}}}"
    return eval(source, names)  # type: ignore[no-any-return]  # noqa: S307 - made of our own words and numbers


def _expression(field: Field, number: int, names: dict[str, Any], *, is_row: bool) -> str:
    declared, value = field.declared, f"v{number}"
    if isinstance(declared, DeclaredField):
        names[f"r{number}"] = declared.read
        read = f"r{number}(s, context)"
        if declared.path is not None:
            struct, attribute = declared.path
            names[f"e{number}"] = declared.empty
            read = f"(e{number} if (p{number} := s.{struct}) is None else p{number}.{attribute})"
    else:
        names[f"n{number}"] = declared.python_name
        read = f"s[n{number}]" if is_row else f"getattr(s, n{number})"
    names[f"c{number}"] = completer(field)
    return _checked(field.type, read, value, f"c{number}")


def _checked(type_: GraphQLOutputType, read: str, value: str, complete: str) -> str:
    """An expression that copies a value whose own type proves it, and completes any other."""
    nullable = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    check = _BUILTIN_CHECKS.get(getattr(nullable, "name", ""))
    if check is None:
        return f"{complete}({read}, context)"
    proven = check.format(v=value, read=read)
    if nullable is type_:
        proven += f" or {value} is None"
    return f"({value} if {proven} else {complete}({value}, context))"


def completer(field: Field) -> Build:
    """A function that completes a value of the field's type as graphql-core would; raises where that adds an error."""
    return _complete(field.type, field)


def _complete(type_: GraphQLOutputType, field: Field) -> Build:
    if isinstance(type_, GraphQLNonNull):
        return _non_null(_complete(type_.of_type, field), field)
    if isinstance(type_, GraphQLList):
        return (
            _objects(field, type_.of_type)
            if _is_list_of_objects(type_)
            else _list(_complete(type_.of_type, field), field)
        )
    if is_leaf_type(type_):
        return _leaf(type_)
    if is_abstract_type(type_):
        return lambda value, context: None if value is None else field.selection_for(value).build(value, context)
    selection = field.selection(type_.name)
    return lambda value, context: None if value is None else selection.build(value, context)


def _non_null(complete: Build, field: Field) -> Build:
    def checked(value: Any, context: Context) -> Any:
        completed = complete(value, context)
        if completed is None:
            raise null_error(field)
        return completed

    return checked


def null_error(field: Field) -> NullError:
    """The error for a null where none may be, in graphql-core's words."""
    name = field.nodes[0].name.value
    return NullError(f"Cannot return null for non-nullable field {field.parent.name}.{name}.")


def _objects(field: Field, item_type: GraphQLOutputType) -> Build:
    """The completer of a list of objects: structs find their builder by their class alone."""
    by_class: dict[type, Build] = {}
    complete = _complete(item_type, field)

    def builder(item: Any) -> Build:
        if item is None or isinstance(item, Row):
            return complete
        selection = field.selection(field.typename or item.typename)
        selection.builders.setdefault(type(item), _generate(selection, is_row=False))
        found = by_class[type(item)] = selection.builders[type(item)]
        return found

    def objects(value: Any, context: Context) -> Any:
        if value is None:
            return None
        find = by_class.get
        return [(find(item.__class__) or builder(item))(item, context) for item in listed(field, value)]

    return objects


def listed(field: Field, value: Any) -> list[Any]:
    """The items of a list; raises in graphql-core's words when the value is none."""
    if type(value) is list:
        return value
    if not is_iterable(value):
        name = field.nodes[0].name.value
        raise GraphQLError(f"Expected Iterable, but did not find one for field '{field.parent.name}.{name}'.")
    return list(value)


def _list(complete: Build, field: Field) -> Build:
    return lambda value, context: None if value is None else [complete(item, context) for item in listed(field, value)]


def _leaf(type_: GraphQLLeafType) -> Build:
    coerce = type_.coerce_output_value

    def leaf(value: Any, _context: Context) -> Any:
        if value is None:
            return None
        completed = coerce(value)
        if completed is None or completed is Undefined:
            raise TypeError(
                f"Expected `{type_.name}.coerce_output_value({inspect(value)})` to return non-nullable value,"
                f" returned: {inspect(completed)}"
            )
        return completed

    if not isinstance(type_, GraphQLEnumType):
        return leaf
    labels = {value.value: name for name, value in type_.values.items()}

    def label(value: Any, context: Context) -> Any:
        try:
            return labels[value]
        except (KeyError, TypeError):  # null, no value of the enum, or nothing that a dict can look for
            return leaf(value, context)

    return label
