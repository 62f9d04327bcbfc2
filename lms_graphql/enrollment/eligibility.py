"""What speaks against enrolling: said of the offering's state, and of what its course asks for.

Whoever asks (`eligibility`) and whoever enrols are judged by the same words, so none is told otherwise.
"""

from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    column,
    func,
    literal,
    literal_column,
    null,
    select,
    true,
)
from sqlalchemy.orm import aliased

from lms_graphql.catalog.models import Course, CourseOffering, CoursePrerequisite
from lms_graphql.catalog.policy import visible_prerequisites
from lms_graphql.engine.context import Viewer
from lms_graphql.engine.dataloaders import KEYS
from lms_graphql.engine.rows import Row
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.grades.models import CourseGrade
from lms_graphql.storage.statements import columns
from lms_graphql.storage.tenancy import UNIVERSITY, USER


class Standing(StrEnum):
    """How far somebody has come with a course that is asked for."""

    NOT_TAKEN = "not_taken"
    FAILED = "failed"
    IN_PROGRESS = "in_progress"
    PASSED = "passed"


STANDINGS = tuple(Standing)
"""In the order of the ranks in `taken_courses`: the best of all one's enrollments in a course counts."""
NOT_JUDGED = frozenset({"id", "course_id", "created_at", "updated_at"})
PEOPLE = bindparam("people", type_=ARRAY(BigInteger), required=True)
"""Those who are judged together, as a bigint array."""


class Reason(msgspec.Struct, frozen=True):
    """Something that speaks against enrolling: a blocking one, or a warning."""

    kind: str
    is_blocking: bool
    course_id: int | None = None
    standing: str | None = None


class EligibilityOf(msgspec.Struct, frozen=True):
    """All that speaks against it."""

    reasons: list[Reason]

    @property
    def is_eligible(self) -> bool:
        """Whether nothing of it blocks."""
        return not any(reason.is_blocking for reason in self.reasons)


# ---- the offering itself


def offering_states(visible: ColumnElement[bool]) -> Select[Any]:
    """How the offerings of KEYS that are `visible` stand at this moment, and the viewer in them."""
    now = func.now()
    own = aliased(CourseEnrollment)
    waiting = (
        select(func.count())
        .where(
            CourseEnrollment.university_id == UNIVERSITY,
            CourseEnrollment.course_offering_id == CourseOffering.id,
            cast(CourseEnrollment.status, Text) == "waitlisted",
        )
        .scalar_subquery()
    )
    has_opened = func.coalesce(CourseOffering.enrollment_start <= now, literal(True))
    closes_at = func.least(CourseOffering.enrollment_end, CourseOffering.ends_at)
    has_closed = func.coalesce(closes_at <= now, literal(False))
    is_full = func.coalesce(CourseOffering.seats_taken >= CourseOffering.capacity, literal(False))
    return (
        select(
            CourseOffering.id,
            CourseOffering.university_id,
            CourseOffering.course_id,
            has_opened.label("has_opened"),
            has_closed.label("has_closed"),
            and_(has_opened, ~has_closed).label("is_open"),
            is_full.label("is_full"),
            # Nobody counts who waits where there are seats.
            case(
                (is_full, func.coalesce(waiting < CourseOffering.waitlist_capacity, literal(True))), else_=null()
            ).label("can_wait"),
            cast(own.status, Text).label("viewer_status"),
            own.withdrawn_at.is_not(None).label("viewer_has_withdrawn"),
            case((CourseOffering.visibility == "private", "closed"), else_=CourseOffering.enrollment_mode).label(
                "mode"
            ),
        )
        .outerjoin(
            own,
            and_(own.university_id == UNIVERSITY, own.course_offering_id == CourseOffering.id, own.user_id == USER),
        )
        .where(CourseOffering.id == any_(KEYS), visible)
    )


def obstacles(state: Row) -> list[Reason]:
    """What of the offering itself speaks against it. Who has dropped it may come back, who has withdrawn may not."""
    found = {
        "already_enrolled": state["viewer_status"] not in {None, "dropped"},
        "withdrawn": state["viewer_has_withdrawn"],
        "by_staff_only": state["mode"] == "closed",
        "not_yet_open": not state["has_opened"],
        "closed": state["has_closed"],
        "full": state["is_full"] and not state["can_wait"],
        "waitlist": state["is_full"] and state["can_wait"],
        "needs_approval": state["mode"] == "approval",
    }
    return [Reason(kind, kind not in _WARNINGS) for kind, is_so in found.items() if is_so]


_WARNINGS = frozenset({"waitlist", "needs_approval"})

# ---- what its course asks for


def taken_courses(person: ColumnElement[bool], *further: ColumnElement[bool]) -> Any:
    """How far people have come with each course, as a rank among `STANDINGS`; a CTE of user_id, course_id, rank.

    A course is passed with a completed enrollment, unless its grade says otherwise, from when it is posted.
    `further` is the policy of the grades.
    """
    completed = cast(CourseEnrollment.status, Text) == "completed"
    passed = and_(completed, CourseGrade.passed.is_not(False))
    rank = case((passed, 3), (completed, 1), else_=2)
    taking = [literal_column("'completed'", Text), literal_column("'active'", Text)]
    return (
        select(CourseEnrollment.user_id, CourseOffering.course_id, func.max(rank).label("rank"))
        .select_from(CourseEnrollment)
        .join(
            CourseOffering,
            and_(CourseOffering.university_id == UNIVERSITY, CourseOffering.id == CourseEnrollment.course_offering_id),
        )
        .outerjoin(
            CourseGrade,
            and_(
                CourseGrade.university_id == UNIVERSITY,
                CourseGrade.course_offering_id == CourseEnrollment.course_offering_id,
                CourseGrade.user_id == CourseEnrollment.user_id,
                CourseGrade.posted_at <= func.now(),
                *further,
            ),
        )
        .where(
            CourseEnrollment.university_id == UNIVERSITY,
            person,
            cast(CourseEnrollment.status, Text).in_(taking),
        )
        .group_by(CourseEnrollment.user_id, CourseOffering.course_id)
        .cte("taken")
        .prefix_with("MATERIALIZED")
    )


def asked_of_people(viewer: Viewer) -> Select[Any]:
    """What the course `course_id` asks for, for each of PEOPLE, with the code of the course that is asked for.

    As the eligibility of each would tell it, if they stood as the viewer does.
    """
    taken = taken_courses(CourseEnrollment.user_id == any_(PEOPLE))
    people = func.unnest(PEOPLE).table_valued(column("user_id", BigInteger)).render_derived(name="people")
    asked = aliased(Course)
    return (
        select(
            people.c.user_id,
            asked.code,
            *columns(CoursePrerequisite, NOT_JUDGED),
            func.coalesce(taken.c.rank, 0).label("rank"),
        )
        .select_from(people)
        .join(CoursePrerequisite, true())
        .join(asked, and_(asked.university_id == UNIVERSITY, asked.id == CoursePrerequisite.prerequisite_course_id))
        .outerjoin(
            taken,
            and_(
                taken.c.user_id == people.c.user_id,
                taken.c.course_id == CoursePrerequisite.prerequisite_course_id,
            ),
        )
        .where(
            CoursePrerequisite.course_id == bindparam("course_id", type_=BigInteger, required=True),
            visible_prerequisites(viewer),
        )
        .order_by(CoursePrerequisite.prerequisite_type, CoursePrerequisite.prerequisite_course_id)
    )


def unmet(row: Row) -> Reason | None:
    """What a row of what is asked for comes to; None where it is met."""
    how, standing = row["prerequisite_type"], STANDINGS[row["rank"]]
    if standing is Standing.PASSED or (how == "co_requisite" and standing is Standing.IN_PROGRESS):
        return None
    kind = how if how == "co_requisite" else f"{how}_prerequisite"
    return Reason(kind, how != "recommended", row["prerequisite_course_id"], standing)
