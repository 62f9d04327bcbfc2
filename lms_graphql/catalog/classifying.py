"""Which subjects a course belongs to."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    all_,
    and_,
    any_,
    bindparam,
    column,
    delete,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from lms_graphql.catalog.cataloging import versioned
from lms_graphql.catalog.entries import not_there
from lms_graphql.catalog.models import Course, CourseSubject, Subject
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

MOST_SUBJECTS = 20
SUBJECTS = ("input", "subjectIds")
PRIMARY = ("input", "primarySubjectId")

_Row = record("CourseSubject")
_COURSE = bindparam("course_id", type_=BigInteger, required=True)
_SUBJECTS = bindparam("subject_ids", type_=ARRAY(BigInteger), required=True)
_PRIMARY = bindparam("primary_id", type_=BigInteger, required=True)
_HERE = and_(CourseSubject.university_id == UNIVERSITY, CourseSubject.course_id == _COURSE)

_KNOWN = Statement(select(Subject.id).where(Subject.id == any_(_SUBJECTS)))
_NOW = Statement(select(CourseSubject.subject_id, CourseSubject.is_primary).where(_HERE).order_by(CourseSubject.id))
_gone = delete(CourseSubject).where(_HERE, CourseSubject.subject_id != all_(_SUBJECTS)).cte("gone")
# Before another one is the main subject: two at once the key refuses.
_MAKE_ROOM = Statement(
    update(CourseSubject)
    .where(_HERE, CourseSubject.is_primary, CourseSubject.subject_id != _PRIMARY)
    .where(CourseSubject.subject_id == any_(_SUBJECTS))
    .values(is_primary=False)
    .returning(CourseSubject.id)
    .add_cte(_gone)
)


def _putting() -> Statement:
    subjects = func.unnest(_SUBJECTS).table_valued(column("id", BigInteger), with_ordinality="place")
    subjects = subjects.render_derived(name="subjects")
    rows = select(UNIVERSITY, _COURSE, subjects.c.id, subjects.c.id == _PRIMARY).order_by(subjects.c.place)
    put = upsert(CourseSubject).from_select(
        ["university_id", "course_id", "subject_id", "is_primary"], rows, include_defaults=False
    )
    changes = or_(CourseSubject.is_primary != put.excluded.is_primary)
    return Statement(
        put.on_conflict_do_update(
            index_elements=["university_id", "course_id", "subject_id"],
            set_={"is_primary": put.excluded.is_primary},
            where=changes,
        )
    )


_PUT = _putting()
# Also where the main one stays the trigger of the table has to see another version.
_TELL_COURSE = Statement(
    update(Course)
    .where(Course.university_id == UNIVERSITY, Course.id == _COURSE)
    .values(primary_subject_id=_PRIMARY, version=Course.version + literal_column("1"))
)


async def set_course_subjects(work: Work, given: Given) -> dict[str, Any]:
    """Put these subjects, one of them the main one, in place of those that a course has; gives `course_id`.

    For who may edit the course. The course gets another version.
    """
    course = await versioned(work, given)
    subjects, primary = _subjects(given["subjectIds"], given["primarySubjectId"])
    known = {row["id"] for row in await work.rows(_KNOWN, _Row, subject_ids=subjects)}
    if not known.issuperset(subjects):
        raise not_there("subject", SUBJECTS)
    rows = await work.rows(_NOW, _Row, course_id=course["id"])
    was = {row["subject_id"]: row["is_primary"] for row in rows}
    if was == {subject: subject == primary for subject in subjects} and course["primary_subject_id"] == primary:
        work.nothing_changed()
        return {"course_id": course["id"]}
    values = {"course_id": course["id"], "subject_ids": subjects, "primary_id": primary}
    for statement in (_MAKE_ROOM, _PUT, _TELL_COURSE):
        await work.rows(statement, _Row, **values)
    before = {"subjectIds": list(was), "primarySubjectId": course["primary_subject_id"]}
    after = {"subjectIds": subjects, "primarySubjectId": primary}
    await work.audit("course.subjects", "Course", course["id"], before=before, after=after)
    await work.tell("course.changed", "Course", course["id"])
    return {"course_id": course["id"]}


def _subjects(texts: Sequence[str], primary_text: str) -> tuple[list[int], int]:
    """The numbers of the subjects, each once, and of the main one, which is one of them."""
    if not 1 <= len(texts) <= MOST_SUBJECTS:
        message = f"a course belongs to 1 to {MOST_SUBJECTS} subjects"
        raise Refused(UserErrorCode.LIMIT_REACHED if texts else UserErrorCode.INVALID, message, SUBJECTS)
    found: list[int] = []
    for place, text in enumerate(texts):
        number = number_of(text, "Subject", None)
        if number is None:
            raise not_there("subject", SUBJECTS)
        if number in found:
            message = f"this is the subject of place {found.index(number)}: name each once"
            raise Refused(UserErrorCode.INVALID, message, (*SUBJECTS, str(place)))
        found.append(number)
    primary = number_of(primary_text, "Subject", None)
    if primary is None:
        raise not_there("subject", PRIMARY)
    if primary not in found:
        raise Refused(UserErrorCode.INVALID, "the main subject must be one of subjectIds", PRIMARY)
    return found, primary
