"""Who teaches an offering."""

from typing import Any

from sqlalchemy import BigInteger, String, bindparam, delete, exists, select
from sqlalchemy.dialects.postgresql import insert as upsert

from lms_graphql.catalog.editing import EDITORS
from lms_graphql.catalog.entries import not_there, told_as
from lms_graphql.catalog.models import CourseOfferingInstructor, OfferingSection
from lms_graphql.catalog.offering import lock_offering, offering_to_edit
from lms_graphql.catalog.policy import may_administer_offering, visible_instructors
from lms_graphql.engine.context import Viewer
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.enrollment.finding import people
from lms_graphql.storage.statements import Statement, columns
from lms_graphql.storage.tenancy import UNIVERSITY

SECTION, INSTRUCTOR, PERSON = ("input", "sectionId"), ("input", "instructorId"), ("input", "userId")
_Row = record("EditedInstructor")
_OFFERING = bindparam("offering_id", type_=BigInteger, required=True)
_PERSON = bindparam("person", type_=BigInteger, required=True)
_SECTION = bindparam("new_section_id", type_=BigInteger, required=True)
_INSTRUCTOR = bindparam("instructor_id", type_=BigInteger, required=True)

_HAS_SECTION = Statement(
    select(
        exists()
        .where(
            OfferingSection.university_id == UNIVERSITY,
            OfferingSection.course_offering_id == _OFFERING,
            OfferingSection.id == _SECTION,
        )
        .label("has_section")
    )
)
_TEACHES = Statement(
    select(*columns(CourseOfferingInstructor)).where(
        CourseOfferingInstructor.university_id == UNIVERSITY,
        CourseOfferingInstructor.course_offering_id == _OFFERING,
        CourseOfferingInstructor.user_id == _PERSON,
    )
)


def _assigning() -> Statement:
    made = upsert(CourseOfferingInstructor).values(
        university_id=UNIVERSITY,
        course_offering_id=_OFFERING,
        user_id=_PERSON,
        section_id=_SECTION,
        role=bindparam("new_role", type_=String, required=True),
    )
    return Statement(
        made.on_conflict_do_update(
            index_elements=["university_id", "course_offering_id", "user_id"],
            set_={"section_id": made.excluded.section_id, "role": made.excluded.role},
        ).returning(*columns(CourseOfferingInstructor))
    )


_ASSIGN = _assigning()
_SEEN = {
    standing: Statement(
        select(*columns(CourseOfferingInstructor)).where(
            CourseOfferingInstructor.id == _INSTRUCTOR, visible_instructors(Viewer(standing=standing))
        )
    )
    for standing in EDITORS
}
_REMOVE = Statement(
    delete(CourseOfferingInstructor)
    .where(CourseOfferingInstructor.university_id == UNIVERSITY, CourseOfferingInstructor.id == _INSTRUCTOR)
    .returning(*columns(CourseOfferingInstructor))
)


async def assign_instructor(work: Work, given: Given) -> dict[str, Any]:
    """Have an active member teach an offering, or one section of it; gives `instructor_id` and `offering_id`.

    For who administers the offering: of people whom they see by `userId`, of any member by the whole address. Who
    teaches it already does so from now on in this role, and this section or none.
    """
    offering = await offering_to_edit(work, given["offeringId"])
    number = offering["id"]
    section_id = await _section(work, given, number)
    person = await _person(work, given)
    role = given["role"].value
    was = await work.one(_TEACHES, _Row, offering_id=number, person=person)
    if was is not None and (was["role"], was["section_id"]) == (role, section_id):
        work.nothing_changed()
        return {"instructor_id": was["id"], "offering_id": number}
    values = {"new_role": role, "new_section_id": section_id}
    (row,) = await work.rows(_ASSIGN, _Row, offering_id=number, person=person, **values)
    if was is None:
        await work.audit("instructor.assign", "OfferingInstructor", row["id"], after=told_as(dict(row.items())))
    else:
        changed = ("role", "section_id")
        before, after = told_as(was, changed), told_as(row, changed)
        await work.audit("instructor.update", "OfferingInstructor", row["id"], before=before, after=after)
    await work.tell("offering.changed", "CourseOffering", number)
    return {"instructor_id": row["id"], "offering_id": number}


async def remove_instructor(work: Work, given: Given) -> dict[str, Any]:
    """Have somebody no longer teach an offering; gives `deleted_id` and `offering_id`. What they graded stays."""
    number = number_of(given["instructorId"], "OfferingInstructor", work.viewer.university_id)
    standing = work.viewer.standing
    found = None if number is None else await work.one(_SEEN[standing], _Row, instructor_id=number)
    offering_id = found and found["course_offering_id"]
    await lock_offering(work, offering_id, INSTRUCTOR, "instructor", may_administer_offering)
    row = await work.one(_REMOVE, _Row, instructor_id=number)
    if row is None:  # somebody was faster
        raise not_there("instructor", INSTRUCTOR)
    await work.audit("instructor.remove", "OfferingInstructor", row["id"], before=told_as(dict(row.items())))
    await work.tell("offering.changed", "CourseOffering", offering_id)
    return {"deleted_id": given["instructorId"], "offering_id": offering_id}


async def _person(work: Work, given: Given) -> int:
    """The active member whom the input names, by exactly one of userId and email."""
    text, email = given.get("userId"), given.get("email")
    if (text is None) == (email is None):
        raise Refused(UserErrorCode.INVALID, "give exactly one of userId and email", PERSON)
    number = None if text is None else number_of(text, "User", work.viewer.university_id)
    address = None if email is None else email.strip().lower()
    known = await people(work, [] if number is None else [number], [] if address is None else [address])
    person = known.named(number, address)
    if person is None:
        raise not_there("active member", PERSON if email is None else ("input", "email"))
    return person


async def _section(work: Work, given: Given, offering_id: int) -> int | None:
    """The section of the offering that the input names; None for none."""
    text = given.get("sectionId")
    if text is None:
        return None
    number = number_of(text, "OfferingSection", work.viewer.university_id)
    (row,) = await work.rows(_HAS_SECTION, _Row, offering_id=offering_id, new_section_id=number)
    if not row["has_section"]:
        raise not_there("section", SECTION)
    return number
