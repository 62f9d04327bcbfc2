"""The sections of an offering: groups of its people who meet together."""

from typing import Any

from sqlalchemy import BigInteger, Text, bindparam, delete, exists, insert, select, update

from lms_graphql.catalog.editing import EDITORS
from lms_graphql.catalog.entries import SECTION_FIELDS, not_there, told_as, values_of
from lms_graphql.catalog.models import CourseOfferingInstructor, OfferingSection
from lms_graphql.catalog.offering import lock_offering, offering_to_edit
from lms_graphql.catalog.policy import may_run_offering, visible_sections
from lms_graphql.content.models import ContentItemSetting
from lms_graphql.engine.context import Viewer
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import Work, require_version
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.storage.statements import Statement, columns
from lms_graphql.storage.tenancy import UNIVERSITY

SECTION = ("input", "sectionId")
CODE_IS_TAKEN = {
    "ux_offering_sections_code": UserFailure(
        UserErrorCode.TAKEN, "another section of the offering has this code: choose another one", ("input", "code")
    )
}
IS_REFERRED_TO = {
    name: UserFailure(UserErrorCode.CLOSED, "somebody has just been put into the section: look again", SECTION)
    for name in (
        "course_enrollments_section_id_fkey",
        "course_offering_instructors_section_id_fkey",
        "content_item_settings_section_id_fkey",
    )
}
_Row = record("EditedSection")
_SECTION = bindparam("section_id", type_=BigInteger, required=True)
_NEW = {name: bindparam(f"new_{name}", type_=Text, required=True) for name in ("code", "name")}
_HERE = (OfferingSection.university_id == UNIVERSITY, OfferingSection.id == _SECTION)
_REFERRING: dict[str, Any] = {
    "people": CourseEnrollment,
    "teachers": CourseOfferingInstructor,
    "settings of items": ContentItemSetting,
}


_SEEN = {
    standing: Statement(
        select(OfferingSection.course_offering_id).where(
            OfferingSection.id == _SECTION, visible_sections(Viewer(standing=standing))
        )
    )
    for standing in EDITORS
}
_READ = Statement(select(*columns(OfferingSection)).where(*_HERE))
_ADD = Statement(
    insert(OfferingSection)
    .values(
        university_id=UNIVERSITY,
        course_offering_id=bindparam("new_offering_id", type_=BigInteger, required=True),
        **_NEW,
    )
    .returning(*columns(OfferingSection))
)
_CHANGE = Statement(update(OfferingSection).where(*_HERE).values(_NEW))
_REMOVE = Statement(delete(OfferingSection).where(*_HERE))
_REFERRED_TO = Statement(
    select(
        *(
            exists().where(model.university_id == UNIVERSITY, model.section_id == _SECTION).label(name)
            for name, model in _REFERRING.items()
        )
    )
)


async def create_section(work: Work, given: Given) -> dict[str, Any]:
    """Add a section to an offering that the viewer runs; gives `section_id`. TAKEN where another has its code."""
    offering = await offering_to_edit(work, given["offeringId"], may=may_run_offering)
    values = values_of(work, given, SECTION_FIELDS)
    bound = {f"new_{name}": value for name, value in values.items()}
    (row,) = await work.rows(_ADD, _Row, new_offering_id=offering["id"], **bound)
    await work.audit("section.create", "OfferingSection", row["id"], after=told_as(dict(row.items())))
    return await _told(work, row)


async def update_section(work: Work, given: Given) -> dict[str, Any]:
    """Change what is given of a section; gives `section_id`."""
    section = await _section_to_edit(work, given)
    values = values_of(work, given, SECTION_FIELDS)
    new = {name: value for name, value in values.items() if value != section[name]}
    if not new:
        work.nothing_changed()
        return {"section_id": section["id"]}
    bound = {f"new_{name}": new.get(name, section[name]) for name in _NEW}
    await work.rows(_CHANGE, _Row, section_id=section["id"], **bound)
    before, after = told_as(section, new), told_as(new)
    await work.audit("section.update", "OfferingSection", section["id"], before=before, after=after)
    return await _told(work, section)


async def delete_section(work: Work, given: Given) -> dict[str, Any]:
    """Remove a section; gives `deleted_id` and `offering_id`.

    CLOSED while anybody is or was in it, somebody teaches it, or an item is set for it.
    """
    section = await _section_to_edit(work, given)
    (row,) = await work.rows(_REFERRED_TO, _Row, section_id=section["id"])
    found = [name for name, is_there in row.items() if is_there]
    if found:
        message = f"it still has {', '.join(found)}: give them another section, or none, first"
        raise Refused(UserErrorCode.CLOSED, message, SECTION)
    await work.rows(_REMOVE, _Row, section_id=section["id"])
    await work.audit("section.delete", "OfferingSection", section["id"], before=told_as(dict(section.items())))
    return {"deleted_id": given["sectionId"], **await _told(work, section)}


async def _section_to_edit(work: Work, given: Given) -> Row:
    """The section `sectionId` of an offering that the viewer runs, in the version that is expected; locked."""
    number = number_of(given["sectionId"], "OfferingSection", work.viewer.university_id)
    standing = work.viewer.standing
    found = None if number is None else await work.one(_SEEN[standing], _Row, section_id=number)
    await lock_offering(work, found and found["course_offering_id"], SECTION, "section", may_run_offering)
    row = await work.one(_READ, _Row, section_id=number)  # as it is now that nobody else changes it
    if row is None:
        raise not_there("section", SECTION)
    require_version(row["version"], given.get("expectedVersion"))
    return row


async def _told(work: Work, section: Row) -> dict[str, Any]:
    await work.tell("offering.changed", "CourseOffering", section["course_offering_id"])
    return {"section_id": section["id"], "offering_id": section["course_offering_id"]}
