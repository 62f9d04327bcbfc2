"""What a list of people can be filtered and ordered by, called as in the inputs of `types`."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, func, literal_column

from lms_graphql.engine.context import Viewer
from lms_graphql.engine.filters import Filter, searched
from lms_graphql.engine.keyset import Order
from lms_graphql.tenancy.models import UniversityMember

_ACCENTS: ColumnElement[str] = literal_column("'[\\u0300-\\u036f]'")
_NOTHING: ColumnElement[str] = literal_column("''")
_ALL: ColumnElement[str] = literal_column("'g'")
_LAST_CHARACTER: ColumnElement[str] = literal_column("chr(1114111)")


def _normal(text: ColumnElement[Any]) -> ColumnElement[Any]:
    """A text as `name_key` has it, see `storage.metadata.normal`."""
    plain = func.normalize(text, literal_column("NFKD"))
    return func.lower(func.regexp_replace(plain, _ACCENTS, _NOTHING, _ALL))


def _begins_with(_viewer: Viewer, beginning: ColumnElement[Any]) -> ColumnElement[bool]:
    """LIKE is not leakproof; comparisons in the order of bytes are."""
    name = UniversityMember.name_key
    return and_(name >= _normal(beginning), name < _normal(beginning).concat(_LAST_CHARACTER))


MEMBER_ORDERS: Mapping[str, Order] = {
    "name": (UniversityMember.name_key, UniversityMember.user_id),
    "joinedAt": (UniversityMember.joined_at, UniversityMember.user_id),
}
MEMBER_FILTERS: Mapping[str, Filter] = {
    "nameBegins": Filter(_begins_with, Text()),
    "text": Filter(lambda _, words: UniversityMember.user_id.in_(searched(literal_column("'member'"), words)), Text()),
}
