"""The final grades of an offering as CSV, for spreadsheets: UTF-8 with a byte order mark, lines as in RFC 4180."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, and_, bindparam, case, select

from lms_graphql.catalog.models import OfferingSection
from lms_graphql.catalog.policy import may_run_offering
from lms_graphql.engine.context import Context
from lms_graphql.engine.errors import Code, RequestError
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, record
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.enrollment.policy import TAKES_PART
from lms_graphql.grades.models import CourseGrade, GradeOverride
from lms_graphql.grades.offerings import OFFERINGS
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tenancy.models import UniversityMember

COLUMNS = ("student_number", "name", "email", "section", "final_score", "letter", "passed", "posted_at")
_AT_ONCE = 1000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet may take for the beginning of a formula."""
_RosterRow = record("Roster")


def _of_person(model: Any) -> Any:
    return and_(
        model.university_id == UNIVERSITY,
        model.course_offering_id == CourseEnrollment.course_offering_id,
        model.user_id == CourseEnrollment.user_id,
    )


def _query() -> Any:
    by_hand = GradeOverride.final_score.is_not(None)
    member = and_(UniversityMember.university_id == UNIVERSITY, UniversityMember.user_id == CourseEnrollment.user_id)
    section = and_(OfferingSection.university_id == UNIVERSITY, OfferingSection.id == CourseEnrollment.section_id)
    wanted: list[Any] = [
        CourseEnrollment.id,
        CourseEnrollment.user_id,
        UniversityMember.student_number,
        UniversityMember.display_name.label("name"),
        UniversityMember.email,
        OfferingSection.code.label("section"),
        case((by_hand, GradeOverride.final_score), else_=CourseGrade.final_score).label("final_score"),
        case((by_hand, GradeOverride.letter_grade), else_=CourseGrade.letter_grade).label("letter"),
        CourseGrade.passed,
        CourseGrade.posted_at,
    ]
    return (
        select(*wanted)
        .select_from(CourseEnrollment)
        .join(UniversityMember, member)
        .outerjoin(OfferingSection, section)
        .outerjoin(CourseGrade, _of_person(CourseGrade))
        .outerjoin(GradeOverride, _of_person(GradeOverride))
        .where(
            CourseEnrollment.university_id == UNIVERSITY,
            CourseEnrollment.course_offering_id == bindparam("offering_id", type_=BigInteger),
            CourseEnrollment.id > bindparam("place", type_=BigInteger),
            TAKES_PART,
        )
        .order_by(CourseEnrollment.id)
        .limit(_AT_ONCE)
    )


_PART = Statement(_query())


async def roster(context: Context, offering: str) -> AsyncIterator[bytes]:
    """The document in parts; what is read of whom is noted in the context, and must be written down before it is shown.

    RequestError with UNIVERSITY_UNKNOWN (404) for an offering that is not there or not seen, FORBIDDEN for who may not
    export its grades.
    """
    number = number_of(offering, "CourseOffering", context.university_id())
    statement = OFFERINGS[context.viewer.standing]
    found = [] if number is None else await context.fetch(statement, _RosterRow, tenant=True, offering_id=number)
    if not found:
        raise RequestError(Code.UNIVERSITY_UNKNOWN, "there is no such offering, or not for you")
    if not may_run_offering(context.viewer, found[0]):
        raise RequestError(Code.FORBIDDEN, "your roles in this offering do not allow this")
    yield b"\xef\xbb\xbf" + _lines([COLUMNS])
    place = 0
    while True:
        rows = await context.fetch(_PART, _RosterRow, tenant=True, offering_id=number, place=place)
        if not rows:
            return
        for kind in ("grades", "private_data"):
            context.disclose(kind, (row["user_id"] for row in rows))
        yield _lines([_cells(row) for row in rows])
        place = rows[-1]["id"]


def _cells(row: Row) -> list[str]:
    return [_cell(row[name]) for name in COLUMNS]


def _cell(value: Any) -> str:
    """A value as text; what a spreadsheet could take for a formula has an apostrophe before it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()
