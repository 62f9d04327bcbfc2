"""What people may change of themselves in a university."""

from typing import Any

from sqlalchemy import String, bindparam, select, update

from lms_graphql.engine.inputs import line
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.rows import record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work, require_version
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY, USER
from lms_graphql.tenancy.models import UniversityMember

_ProfileRow = record("User")
_HERE = (UniversityMember.university_id == UNIVERSITY, UniversityMember.user_id == USER)
_LOCKED = Statement(
    select(UniversityMember.display_name, UniversityMember.version)
    .where(*_HERE, UniversityMember.status == "active")
    .with_for_update()
)
_RENAME = Statement(update(UniversityMember).where(*_HERE).values(display_name=bindparam("display_name", type_=String)))
_LONGEST_NAME = 255


async def update_profile(work: Work, given: Given) -> dict[str, Any]:
    """Change the viewer's own name; gives `user_id`."""
    name = line(given["displayName"], ("input", "displayName"), most=_LONGEST_NAME)
    row = await work.one(_LOCKED, _ProfileRow)
    if row is None:
        raise Refused(UserErrorCode.NOT_FOUND, "you are no active member of this university")
    require_version(row["version"], given.get("expectedVersion"))
    if row["display_name"] == name:
        work.nothing_changed()
    else:
        await work.rows(_RENAME, _ProfileRow, display_name=name)
        before, after = {"displayName": row["display_name"]}, {"displayName": name}
        await work.audit("profile.update", "User", work.viewer.user_id, before=before, after=after)
        await work.tell("profile.updated", "User", work.viewer.user_id)
    return {"user_id": work.viewer.user_id}
