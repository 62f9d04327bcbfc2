"""Builders: functions that make the objects of an answer from rows and structs, generated for each selection.

A selection of a plan becomes one dict display, compiled once for each class of source. A list of rows of one type is
built by one comprehension over that display, so that no function is called for an object. What proves itself (a string
where a String is wanted) is copied; every other value goes through graphql-core's own coercion, and nulls are checked.
A builder raises where any field fails; the executor then goes by field.

No name of a document is ever source text: response keys stand in the function's globals. Names of columns, attributes
and types are our own schema's.
"""

from binascii import b2a_base64
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLOutputType,
    is_abstract_type,
    is_composite_type,
    is_leaf_type,
)
from graphql.pyutils import Undefined, inspect, is_iterable

from lms_graphql.engine.context import Context
from lms_graphql.engine.edges import DeclaredField, read_database_id, read_global_id
from lms_graphql.engine.rows import Row

if TYPE_CHECKING:  # a plan makes its builders when it is first run
    from lms_graphql.engine.plan import Field, Selection

Build = Callable[[Any, Context], Any]
BuildMany = Callable[[Sequence[Any], Context], list[Any]]

_BUILTIN_CHECKS = {
    "String": "type({v} := {read}) is str",
    "ID": "type({v} := {read}) is str",
    "Int": "(type({v} := {read}) is int and -2147483648 <= {v} <= 2147483647)",
    "Boolean": "({v} := {read}) is True or {v} is False",
}
"""When a value of a built-in scalar is its own output."""


class NullError(Exception):
    """A field that must not be null is."""


def null_error(field: "Field") -> NullError:
    """The error for a null where none may be, in graphql-core's words."""
    name = field.nodes[0].name.value
    return NullError(f"Cannot return null for non-nullable field {field.parent.name}.{name}.")


# ---- objects ----


class _Display:
    """The dict display of a selection for one class of source, as source text and the globals that it needs.

    The source is `s`; each struct that fields are read from is bound once, before the display.
    """

    def __init__(self, selection: "Selection", source_class: type) -> None:
        self._selection = selection
        self._class = source_class
        self._is_row = issubclass(source_class, Row)
        self._structs: dict[str, str] = {}
        self.names: dict[str, Any] = {"b64": b2a_base64}
        items = []
        for number, field in enumerate(selection.fields):
            value = self._value(number, field)
            self.names[f"k{number}"] = field[0] if isinstance(field, tuple) else field.key
            items.append(f"k{number}: {value}")
        self.text = f"{{{', '.join(items)}}}"
        # A loop over one value is how a comprehension binds a name.
        self.bindings = "".join(f" for {name} in (s.{struct},)" for struct, name in self._structs.items())

    def _value(self, number: int, field: "Field | tuple[str, str]") -> str:
        if isinstance(field, tuple):
            self.names[f"t{number}"] = field[1]
            return f"t{number}"
        if any(field is job for job in self._selection.jobs):
            return "None"
        return self._own_id(field) or self._checked(number, field, self._read(number, field))

    def _own_id(self, field: "Field") -> str | None:
        """The ids of a row, which are strings for sure; an id that is missing raises."""
        declared = field.declared
        if not self._is_row or not isinstance(declared, DeclaredField):
            return None
        if declared.read is read_database_id:
            return "str(s['id'])"
        if declared.read is read_global_id:  # as `relay.spelled` does it
            university = "{s['university_id']}:" if self._class.tenant else ""  # type: ignore[attr-defined]
            text = f"f\"{self._selection.type.name}:{university}{{s['id']}}\""
            return f"b64({text}.encode(), newline=False).rstrip(b'=').decode()"
        return None

    def _read(self, number: int, field: "Field") -> str:
        """The value as the source gives it."""
        declared = field.declared
        if not isinstance(declared, DeclaredField):
            name = declared.python_name
            return f"s[{name!r}]" if self._is_row else f"s.{name}"
        if declared.path is None:
            self.names[f"r{number}"] = declared.read
            return f"r{number}(s, context)"
        struct, attribute = declared.path
        name = self._structs.setdefault(struct, f"p{len(self._structs)}")
        self.names[f"e{number}"] = declared.empty
        return f"(e{number} if {name} is None else {name}.{attribute})"

    def _checked(self, number: int, field: "Field", read: str) -> str:
        """An expression that copies a value whose own type proves it, and completes any other."""
        complete, value = f"c{number}", f"v{number}"
        self.names[complete] = _complete(field.type, field)
        nullable = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
        check = _BUILTIN_CHECKS.get(getattr(nullable, "name", ""))
        if check is None:
            return f"{complete}({read}, context)"
        proven = check.format(v=value, read=read)
        if nullable is field.type:
            proven += f" or {value} is None"
        return f"({value} if {proven} else {complete}({value}, context))"


def build_one(selection: "Selection", source_class: type) -> Build:
    """A function that makes the object of one source of a class."""
    display = _Display(selection, source_class)
    if display.bindings:
        source = f"lambda s, context: [{display.text}{display.bindings}][0]"
    else:
        source = f"lambda s, context: {display.text}"
    return _compiled(selection, source, display.names)  # type: ignore[no-any-return]  # what eval gives


def build_many(selection: "Selection", source_class: type) -> BuildMany:
    """A function that makes the objects of many sources, all of a class, or all read alike."""
    display = _Display(selection, source_class)
    source = f"lambda ss, context: [{display.text} for s in ss{display.bindings}]"
    return _compiled(selection, source, display.names)  # type: ignore[no-any-return]  # what eval gives


def _compiled(selection: "Selection", source: str, names: dict[str, Any]) -> Any:
    """The function; tracebacks and profiles show it under the name of its type."""
    return eval(compile(source, f"<{selection.type.name}>", "eval"), names)  # noqa: S307 - made of our own words


# ---- values ----


def completer(field: "Field") -> Build:
    """A function that completes a value of the field's type as graphql-core would; raises where that adds an error."""
    return _complete(field.type, field)


def _complete(type_: GraphQLOutputType, field: "Field") -> Build:
    if isinstance(type_, GraphQLNonNull):
        return _non_null(_complete(type_.of_type, field), field)
    if isinstance(type_, GraphQLList):
        return _objects(field, type_.of_type) if is_list_of_objects(type_) else _list(type_, field)
    if is_leaf_type(type_):
        return leaf(type_)
    if is_abstract_type(type_):
        return lambda value, context: None if value is None else field.selection(value.typename).build(value, context)
    return _object(field.selection(type_.name))


def _object(selection: "Selection") -> Build:
    by_class: dict[type, Build] = {}

    def one(value: Any, context: Context) -> Any:
        if value is None:
            return None
        build = by_class.get(value.__class__)
        if build is None:
            build = by_class[value.__class__] = selection.builder(value.__class__)
        return build(value, context)

    return one


def _non_null(complete: Build, field: "Field") -> Build:
    def checked(value: Any, context: Context) -> Any:
        completed = complete(value, context)
        if completed is None:
            raise null_error(field)
        return completed

    return checked


def is_list_of_objects(type_: GraphQLOutputType) -> bool:
    """Whether a type is a list, of one level, of objects."""
    inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
    if not isinstance(inner, GraphQLList):
        return False
    item = inner.of_type.of_type if isinstance(inner.of_type, GraphQLNonNull) else inner.of_type
    return is_composite_type(item)


def _objects(field: "Field", item_type: GraphQLOutputType) -> Build:
    """The completer of a list of objects: structs find their builder by their class alone."""
    by_class: dict[type, Build] = {}
    many_by_class: dict[type, BuildMany] = {}
    complete = _complete(item_type, field)

    def builder(item: Any) -> Build:
        if item is None or isinstance(item, Row):
            return complete
        found = by_class[type(item)] = field.selection(field.typename or item.typename).builder(type(item))
        return found

    def mixed(value: Any, context: Context) -> Any:
        if value is None:
            return None
        find, items = by_class.get, value if type(value) is list else listed(field, value)
        return [(find(item.__class__) or builder(item))(item, context) for item in items]

    def alike(value: Any, context: Context) -> Any:
        if not value or type(value) is not list:
            return mixed(value, context)
        first = value[0].__class__
        many = many_by_class.get(first)
        if many is None:
            if value[0] is None or issubclass(first, Row):
                return mixed(value, context)
            many = many_by_class[first] = build_many(field.selection(field.typename), first)
        return many(value, context)

    return alike if field.typename else mixed


def listed(field: "Field", value: Any) -> list[Any]:
    """The items of a list; raises in graphql-core's words when the value is none."""
    if type(value) is list:
        return value
    if not is_iterable(value):
        name = field.nodes[0].name.value
        raise GraphQLError(f"Expected Iterable, but did not find one for field '{field.parent.name}.{name}'.")
    return list(value)


def _list(type_: GraphQLList[Any], field: "Field") -> Build:
    complete = _complete(type_.of_type, field)
    return lambda value, context: None if value is None else [complete(item, context) for item in listed(field, value)]


def leaf(type_: GraphQLLeafType) -> Build:
    """The completer of one leaf: graphql-core's coercion, with a short way for the values of an enum."""
    coerce = type_.coerce_output_value

    def coerced(value: Any, _context: Context) -> Any:
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
        return coerced
    labels = {value.value: name for name, value in type_.values.items()}

    def label(value: Any, context: Context) -> Any:
        try:
            return labels[value]
        except (KeyError, TypeError):  # null, no value of the enum, or nothing that a dict can look for
            return coerced(value, context)

    return label
