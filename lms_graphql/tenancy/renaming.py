"""What a university says of itself: changed by its administrators."""

from typing import Any

from sqlalchemy import BigInteger, String, bindparam, select, update

from lms_graphql.engine.changing import Field, changes_of
from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.rows import record
from lms_graphql.engine.work import Work, require_version
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tenancy.models import University
from lms_graphql.tenancy.places import require_country, time_zone, web_site

NAME = Field("name", "name", lambda value, path: line(value, path, most=255))
TIME_ZONE = Field("timeZone", "time_zone", time_zone)
WEB_SITE = Field("websiteUrl", "website_url", web_site, may_clear=True)
_COUNTRY = Field("countryId", "country_id", lambda value, _path: value)
_FIELDS = (NAME, TIME_ZONE, WEB_SITE, _COUNTRY)

_UniversityRow = record("University", tenant=False)
_HERE = University.id == UNIVERSITY
# Whoever only refers to the university, as every row of a tenant does, does not wait.
_LOCK = Statement(
    select(University.name, University.time_zone, University.website_url, University.country_id, University.version)
    .where(_HERE)
    .with_for_update(key_share=True)
)
_CHANGE = Statement(
    update(University)
    .where(_HERE)
    .values(
        name=bindparam("name", type_=String),
        time_zone=bindparam("time_zone", type_=String),
        website_url=bindparam("website_url", type_=String),
        country_id=bindparam("country_id", type_=BigInteger),
    )
)


async def update_university(work: Work, given: Given) -> dict[str, Any]:
    """Change the university of the request; gives `university_id`."""
    if given.get("countryId") is not None:
        country_id = await require_country(work, given["countryId"], ("input", "countryId"))
        given = {**given, "countryId": country_id}
    (row,) = await work.rows(_LOCK, _UniversityRow)
    require_version(row["version"], given.get("expectedVersion"))
    changes, university_id = changes_of(given, row, _FIELDS), work.viewer.university_id
    if not changes.after:
        work.nothing_changed()
    else:
        await work.rows(_CHANGE, _UniversityRow, **changes.values)
        await work.audit("university.update", "University", university_id, before=changes.before, after=changes.after)
        await work.tell("university.updated", "University", university_id)
    return {"university_id": university_id}
