"""The schema as a contract: described, printed, and every edge's loader fit for its annotation."""

from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    validate_schema,
)

from lms_graphql.engine.counts import TotalCounts
from lms_graphql.engine.dataloaders import Many, One, Page
from lms_graphql.engine.edges import DeclaredField
from lms_graphql.engine.filters import FILTER_RULE
from lms_graphql.schema import build

SCHEMA = build().graphql
OWN_TYPES = {name: type_ for name, type_ in SCHEMA.type_map.items() if not name.startswith("__")}


def test_the_committed_schema_is_the_printed_one():
    committed = (Path(__file__).parent.parent / "schema.graphql").read_text(encoding="utf-8")
    assert committed == build().sdl, "schema.graphql is stale: make schema"


def test_the_schema_is_valid():
    assert validate_schema(SCHEMA) == []


def undescribed():
    for name, type_ in OWN_TYPES.items():
        if not type_.description:
            yield name
        if isinstance(type_, GraphQLEnumType):
            yield from (f"{name}.{label}" for label, value in type_.values.items() if not value.description)
        if isinstance(type_, GraphQLInputObjectType | GraphQLObjectType | GraphQLInterfaceType):
            for field_name, field in type_.fields.items():
                if not field.description:
                    yield f"{name}.{field_name}"
                yield from (
                    f"{name}.{field_name}({argument})"
                    for argument, value in getattr(field, "args", {}).items()
                    if not value.description
                )


def test_everything_is_described():
    assert list(undescribed()) == []


def edges():
    for name, type_ in OWN_TYPES.items():
        if isinstance(type_, GraphQLObjectType):
            for field_name, field in type_.fields.items():
                declared = field.extensions.get("strawberry-definition")
                if isinstance(declared, DeclaredField) and declared.loader is not None:
                    yield pytest.param(field, declared, id=f"{name}.{field_name}")


@pytest.mark.parametrize(("field", "declared"), list(edges()))
def test_the_loader_of_an_edge_gives_what_its_annotation_says(field, declared):
    """mypy can't see it: the kind of the loader against list, connection or one, its row's type against the type."""
    loader, shown = declared.loader, get_nullable_type(field.type)
    target = get_named_type(field.type)
    if issubclass(loader, Page):
        assert target.name.endswith("Connection")
        target = get_named_type(get_named_type(target.fields["edges"].type).fields["node"].type)
    elif issubclass(loader, TotalCounts):
        assert target is GraphQLInt
        return
    elif is_leaf_type(target):
        assert declared.picks  # a value of the row, not the row
        return
    elif not declared.picks:
        assert isinstance(shown, GraphQLList) == issubclass(loader, Many)
    names = {t.name for t in target.types} if isinstance(target, GraphQLUnionType) else {target.name}
    typename = loader.row.typename
    shown_names = {"Role": "RoleAssignment"}
    if declared.option is not None:  # what is shown is made from the rows
        shown_names["Module"] = "Syllabus"
    assert isinstance(typename, property) or shown_names.get(typename, typename) in names


PAGE_ARGUMENTS = {"first", "after", "last", "before", "filter", "orderBy"}


def paged():
    for field, declared in (parameter.values for parameter in edges()):
        if issubclass(declared.loader, Page):
            yield field, declared.loader


def named(field, argument):
    """The names of an input's fields, with those of filters that are arguments themselves; None without any."""
    own = set(field.args) - PAGE_ARGUMENTS if argument == "filter" else set()
    return (set(field.args[argument].type.fields) if argument in field.args else set()) | own or None


def test_what_clients_can_choose_from_is_what_the_loader_has():
    """Every field of a filter and of an order, by the same name; or no filter and no order at all."""
    for field, loader in paged():
        for argument, chosen in (("filter", loader.filters), ("orderBy", loader.orders)):
            assert named(field, argument) in ({None} if not chosen else {frozenset(chosen)}), (loader, argument)
        if "orderBy" in field.args:
            assert field.args["orderBy"].type.extensions["strawberry-definition"].is_one_of


def test_a_filter_says_what_nothing_and_an_empty_list_mean():
    filters = {field.args["filter"].type for field, _ in paged() if "filter" in field.args}
    assert filters
    assert all(type_.description.endswith(FILTER_RULE) for type_ in filters)


def test_only_what_is_declared_can_be_counted():
    counted = {name for name, type_ in OWN_TYPES.items() if "totalCount" in getattr(type_, "fields", {})}
    assert counted == {name for name in OWN_TYPES if name.endswith("CountedConnection")}
    assert {get_named_type(field.type).name for field, _ in paged()} - counted


def test_a_nullable_key_makes_a_nullable_edge():
    """An edge to one row, which a policy may hide, is nullable; the few that are not lead to rows that all may see."""
    never_null = [
        f"{name}.{field_name}"
        for name, type_ in OWN_TYPES.items()
        if isinstance(type_, GraphQLObjectType)
        for field_name, field in type_.fields.items()
        if isinstance(declared := field.extensions.get("strawberry-definition"), DeclaredField)
        and declared.loader is not None
        and issubclass(declared.loader, One)
        and not declared.picks
        and get_nullable_type(field.type) is not field.type
    ]
    assert never_null == ["University.country"]


def test_bigint_is_never_an_int():
    """No field that shows an id is an Int: ids are 64-bit."""
    for name, type_ in OWN_TYPES.items():
        for field_name, field in getattr(type_, "fields", {}).items():
            if field_name == "id" or field_name.endswith("Id"):
                assert get_named_type(field.type).name in {"ID", "String"}, f"{name}.{field_name}"
