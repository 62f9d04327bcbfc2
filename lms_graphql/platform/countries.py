"""The countries that universities are in."""

import re
from typing import Any

from sqlalchemy import String, bindparam, insert

from lms_graphql.engine.changing import Field, made_of
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.rows import record
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.platform.working import PlatformWork
from lms_graphql.storage.statements import Statement
from lms_graphql.tenancy.models import Country

_CODE = re.compile(r"[A-Z]{2}")


def _iso_code(value: str, path: tuple[str, ...]) -> str:
    if _CODE.fullmatch(value) is None:
        raise Refused(UserErrorCode.INVALID, "give the two capital letters of ISO 3166-1, such as AT", path)
    return value


_FIELDS = (
    Field("isoCode", "iso_code", _iso_code),
    Field("name", "name", lambda value, path: line(value, path, most=255)),
    Field("regionName", "region_name", lambda value, path: line(value, path, most=255), may_clear=True),
)
TAKEN = {
    "countries_iso_code_key": UserFailure(UserErrorCode.TAKEN, "this country is there already", ("input", "isoCode"))
}
_CountryRow = record("Country", tenant=False)
_ADD = Statement(
    insert(Country)
    .values({field.column: bindparam(field.column, type_=String, required=True) for field in _FIELDS})
    .returning(Country.id)
)


async def create_country(work: PlatformWork, given: Given) -> dict[str, Any]:
    """Add a country; gives `country_id`."""
    values = made_of(given, _FIELDS)
    (row,) = await work.rows(_ADD, _CountryRow, **values)
    told = {field.name: values[field.column] for field in _FIELDS}
    await work.audit("country.create", "Country", row["id"], after=told)
    return {"country_id": row["id"]}
