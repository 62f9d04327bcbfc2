"""What an operation asks for, compiled once: for each concrete type and selection a builder of its answer's objects.

Fields are collected with graphql-core's own functions, so that merging, fragments, `@skip` and `@include` mean what
they mean there. Nothing of a request is in a plan: arguments are coerced when it runs, and a plan belongs to one
combination of the variables that `@skip` and `@include` look at.

A selection's fields are of two sorts. What its source alone can tell (columns, computed fields, structs inside structs)
is built by one function per selection, a generated dict display. The rest are jobs: edges, pages, fields with
arguments, and everything with such a field below it; the executor runs each of them once for all sources of its level.
`__schema` and `__type` are jobs too: graphql-core answers them, see `engine.introspection`.
"""

from hashlib import blake2b
from typing import Any

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_fields, collect_subfields
from graphql.execution.values import VariableValues

from lms_graphql.engine.builders import Build, BuildMany, build_many, build_one, is_list_of_objects, leaf
from lms_graphql.engine.context import Context
from lms_graphql.engine.edges import DeclaredField, concrete_type
from lms_graphql.engine.rows import Row


class Field:
    """One field of a selection: its response key, its definition, its nodes, and what it selects, by concrete type."""

    __slots__ = (
        "_by_label",
        "_leaf",
        "_plan",
        "_selections",
        "_signature",
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
        self._signature: bytes | None = None
        self._by_label: dict[type, dict[str, Build]] = {}
        """By the class of rows that may be of several types: the builder for each of their labels."""
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
        self.is_list_of_objects = is_list_of_objects(definition.type)
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

    def place_rows(self, rows: list[Any], context: Context) -> list[Any] | None:
        """The objects for rows of one loader, not empty; None where kinds of rows differ in their jobs. May raise."""
        row_class = type(rows[0])
        if self.typename:
            return self.selection(self.typename).many(row_class)(rows, context)
        builders = self._by_label.get(row_class)
        if builders is None:
            possible = {selection.type.name: selection for selection in self.possible()}
            names = row_class.typenames
            selections = {label: possible[name] for label, name in names.items() if name in possible}
            has_jobs = any(selection.jobs for selection in selections.values())
            builders = {} if has_jobs else {label: made.builder(row_class) for label, made in selections.items()}
            self._by_label[row_class] = builders
        label = row_class.label
        return [builders[row[label]](row, context) for row in rows] if builders else None

    def read(self, source: Any, context: Context) -> Any:
        """The value as the source gives it; only for fields without a loader and without arguments."""
        if isinstance(self.declared, DeclaredField):
            return self.declared.read(source, context)  # type: ignore[misc]  # a field without call has read
        name = self.declared.python_name
        return source[name] if isinstance(source, Row) else getattr(source, name)

    @property
    def signature(self) -> bytes | None:
        """What is selected below an edge that has a version, if all of it follows from the version; else None.

        Equal for equal selections, of whatever documents.
        """
        if self._signature is None:
            version = getattr(self.declared, "version", None)
            try:
                signed = None if version is None else _signed(self)
            except GraphQLError:  # a condition below that is null
                signed = None
            text = repr((self.nodes[0].name.value, signed)).encode()
            self._signature = b"" if signed is None else blake2b(text, digest_size=16).digest()
        return self._signature or None

    @property
    def leaf(self) -> Build:
        """The completer of one leaf of the field, inside whatever lists and non-nulls it stands in."""
        if self._leaf is None:
            self._leaf = leaf(get_named_type(self.type))  # type: ignore[arg-type]  # only asked of fields of leaves
        return self._leaf


class Selection:
    """The fields selected on one concrete type, and the builders of its objects."""

    __slots__ = ("_builders", "_many", "below", "fields", "jobs", "type")

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
        self._builders: dict[type, Build] = {}
        self._many: dict[type, BuildMany] = {}
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

    def builder(self, source_class: type) -> Build:
        """The function that makes the object of a source of this class; rows are read by item, structs by attribute."""
        found = self._builders.get(source_class)
        if found is None:
            found = self._builders[source_class] = build_one(self, source_class)
        return found

    def many(self, source_class: type) -> BuildMany:
        """The function that makes the objects of a list of sources of this class."""
        found = self._many.get(source_class)
        if found is None:
            found = self._many[source_class] = build_many(self, source_class)
        return found

    def build(self, source: Any, context: Context) -> dict[str, Any]:
        """The object for a source, jobs left null. Raises where a field fails; the executor then goes by field."""
        return self.builder(type(source))(source, context)  # type: ignore[no-any-return]


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
        root: Any = schema.get_root_type(operation.operation)
        collected = collect_fields(schema, fragments, variables, root, operation)
        self.root = Selection(self, root, collected.grouped_field_set)

    def subselection(self, typename: str, field: Field) -> Selection:
        """What a field selects on a concrete type."""
        object_type: Any = self.schema.type_map[typename]
        collected = collect_subfields(
            self.schema, self.fragments, self._variables, self._operation, object_type, field.details
        )
        return Selection(self, object_type, collected.grouped_field_set, field)


def _signed(field: Field) -> tuple[Any, ...] | None:
    """A field with all that is selected below it; None if any of it may change while the version stays."""
    if is_leaf_type(get_named_type(field.type)):
        return ()
    signed: list[Any] = []
    for selection in field.possible():
        signed.append(selection.type.name)
        for below in selection.fields:
            if isinstance(below, tuple):
                signed.append(below)
                continue
            declared = below.declared
            if below.is_meta or (isinstance(declared, DeclaredField) and not declared.versioned):
                return None
            further = _signed(below)
            if further is None:
                return None
            signed.append((below.key, below.nodes[0].name.value, further))
    return tuple(signed)


def unserved(schema: GraphQLSchema) -> frozenset[str]:
    """The names of fields that a plan can't serve, since only their resolver knows what to do."""
    return frozenset(
        name
        for object_type in schema.type_map.values()
        if isinstance(object_type, GraphQLObjectType) and not object_type.name.startswith("__")
        if object_type is not schema.subscription_type
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
