"""The scalars of the schema: what each is, and where its text is specified."""

from typing import NamedTuple

from graphql import GraphQLScalarType, GraphQLSchema, specified_scalar_types


class _Said(NamedTuple):
    description: str
    specified_by_url: str


_SCALARS = {
    "DateTime": _Said(
        "A moment with its offset from UTC, for example 2026-09-01T14:00:00+00:00.",
        "https://www.rfc-editor.org/rfc/rfc3339",
    ),
    "Decimal": _Said(
        'An exact number as a string, for example "87.50": credits, percentages, scores.',
        "https://www.w3.org/TR/xmlschema11-2/#decimal",
    ),
}


def specify_scalars(schema: GraphQLSchema) -> None:
    """Describe every scalar of ours and say where it is specified; a KeyError names one that is not in the list."""
    for scalar in schema.type_map.values():
        if isinstance(scalar, GraphQLScalarType) and scalar.name not in specified_scalar_types:
            said = _SCALARS[scalar.name]
            scalar.description, scalar.specified_by_url = said.description, said.specified_by_url
