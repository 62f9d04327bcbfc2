"""Enrollments, the waitlist, and whether the viewer could enrol."""

from collections import defaultdict
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, any_, cast, func, select
from sqlalchemy.orm import aliased
from typing_extensions import override

from lms_graphql.catalog.models import CoursePrerequisite
from lms_graphql.catalog.policy import visible_offerings, visible_prerequisites
from lms_graphql.engine.dataloaders import KEYS, Loader, One, Page
from lms_graphql.engine.rows import Row, record
from lms_graphql.enrollment import policy
from lms_graphql.enrollment.choices import ENROLLMENT_FILTERS, ENROLLMENT_ORDERS, OWN_ENROLLMENT_ORDERS
from lms_graphql.enrollment.eligibility import (
    NOT_JUDGED,
    EligibilityOf,
    Reason,
    obstacles,
    offering_states,
    taken_courses,
    unmet,
)
from lms_graphql.enrollment.models import CourseEnrollment, EnrollmentEvent
from lms_graphql.grades.policy import visible_grades
from lms_graphql.storage.statements import columns
from lms_graphql.storage.tenancy import UNIVERSITY, USER

EnrollmentRow = record("Enrollment", seldom=("updated_at",), discloses="enrollments")
EventRow = record("EnrollmentEvent", discloses="enrollments")
WaitlistRow = record("WaitlistPosition")
OfferingStateRow = record("OfferingState")
EligibilityRow = record("Eligibility")


class EnrollmentById(One[int]):
    """An enrollment that the viewer may see."""

    row = EnrollmentRow

    @override
    def query(self) -> Select[Any]:
        return select(*self.keyed(CourseEnrollment.id, CourseEnrollment)).where(
            CourseEnrollment.id == any_(KEYS), policy.visible_enrollments(self.viewer)
        )


class ViewerEnrollmentByOffering(One[int]):
    """The viewer's own enrollment in each offering."""

    row = EnrollmentRow

    @override
    def query(self) -> Select[Any]:
        return select(*self.keyed(CourseEnrollment.course_offering_id, CourseEnrollment)).where(
            CourseEnrollment.course_offering_id == any_(KEYS),
            CourseEnrollment.user_id == USER,
            policy.visible_enrollments(self.viewer),
        )


class EnrollmentsByOffering(Page[int]):
    """The enrollments in each offering that the viewer may see, by id."""

    row = EnrollmentRow
    order = (CourseEnrollment.id,)
    orders = ENROLLMENT_ORDERS
    filters = ENROLLMENT_FILTERS

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*self.columns(CourseEnrollment)).where(
            CourseEnrollment.course_offering_id == parent, policy.visible_enrollments(self.viewer)
        )


class EnrollmentsByUser(Page[int]):
    """The enrollments of each person in the request's university that the viewer may see, by id."""

    row = EnrollmentRow
    order = (CourseEnrollment.id,)
    orders = OWN_ENROLLMENT_ORDERS
    filters = ENROLLMENT_FILTERS

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*self.columns(CourseEnrollment)).where(
            CourseEnrollment.user_id == parent, policy.visible_enrollments(self.viewer)
        )


class EnrollmentsBySection(Page[int]):
    """The enrollments in each section that the viewer may see, by id."""

    row = EnrollmentRow
    order = (CourseEnrollment.id,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*self.columns(CourseEnrollment)).where(
            CourseEnrollment.section_id == parent, policy.visible_enrollments(self.viewer)
        )


def _whose() -> ColumnElement[Any]:
    """The person whose enrollment has changed."""
    enrolled = aliased(CourseEnrollment)
    of_event = and_(enrolled.university_id == UNIVERSITY, enrolled.id == EnrollmentEvent.enrollment_id)
    return select(enrolled.user_id).where(of_event).scalar_subquery().label("user_id")


class EventById(One[int]):
    """A change of an enrollment that the viewer may see."""

    row = EventRow

    @override
    def query(self) -> Select[Any]:
        return select(EnrollmentEvent.id, *columns(EnrollmentEvent), _whose()).where(
            EnrollmentEvent.id == any_(KEYS), policy.visible_events(self.viewer)
        )


class EventsByEnrollment(Page[int]):
    """The changes of each enrollment that the viewer may see, the first one first."""

    row = EventRow
    order = (EnrollmentEvent.id,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*columns(EnrollmentEvent), _whose()).where(
            EnrollmentEvent.enrollment_id == parent, policy.visible_events(self.viewer)
        )


# ---- the waitlist


class _WaitlistPositions(One[int]):
    """Places on waitlists, from 1; null for an enrollment that does not wait.

    Everybody who waits is counted, and nothing is told of them but how many stand before.
    """

    row = WaitlistRow

    def _select(self, key: Any) -> Select[Any]:
        """Places of the enrollments that `key`, a column of theirs, finds, if the viewer may see them."""
        asked = aliased(CourseEnrollment)
        offerings = select(asked.course_offering_id).where(
            asked.university_id == UNIVERSITY, getattr(asked, key.key) == any_(KEYS)
        )
        since = func.coalesce(CourseEnrollment.waitlisted_at, CourseEnrollment.enrolled_at)
        place = func.row_number().over(
            partition_by=CourseEnrollment.course_offering_id, order_by=(since, CourseEnrollment.id)
        )
        waiting = (
            select(CourseEnrollment.id, place.label("position"))
            .where(
                CourseEnrollment.university_id == UNIVERSITY,
                CourseEnrollment.course_offering_id.in_(offerings),
                cast(CourseEnrollment.status, Text) == "waitlisted",
            )
            .cte("waiting")
            .prefix_with("MATERIALIZED")
        )
        return (
            select(key.label("key"), CourseEnrollment.university_id, waiting.c.position)
            .outerjoin(waiting, waiting.c.id == CourseEnrollment.id)
            .where(key == any_(KEYS), policy.visible_enrollments(self.viewer))
        )


class WaitlistPositionByEnrollment(_WaitlistPositions):
    """The place of each enrollment on its offering's waitlist."""

    @override
    def query(self) -> Select[Any]:
        return self._select(CourseEnrollment.id)


class ViewerWaitlistPosition(_WaitlistPositions):
    """The viewer's place on each offering's waitlist."""

    @override
    def query(self) -> Select[Any]:
        return self._select(CourseEnrollment.course_offering_id).where(CourseEnrollment.user_id == USER)


def waitlist_position(row: Row | None, _source: Any) -> int | None:
    """The place that a row of the loaders above holds."""
    return None if row is None else row["position"]


# ---- whether the viewer could enrol


class EligibilityByCourse(Loader[int, EligibilityOf]):
    """What of what each course asks for the viewer does not have yet; courses that the viewer may not see ask nobody.

    A course is passed with a completed enrollment, unless its grade says otherwise, from when it is posted.
    """

    row = EligibilityRow

    @override
    def query(self) -> Select[Any]:
        taken = taken_courses(CourseEnrollment.user_id == USER, visible_grades(self.viewer))
        shown: list[ColumnElement[Any]] = [
            *columns(CoursePrerequisite, NOT_JUDGED),
            func.coalesce(taken.c.rank, 0).label("rank"),
        ]
        return (
            select(CoursePrerequisite.course_id, *shown)
            .outerjoin(taken, taken.c.course_id == CoursePrerequisite.prerequisite_course_id)
            .where(CoursePrerequisite.course_id == any_(KEYS), visible_prerequisites(self.viewer))
            .order_by(CoursePrerequisite.prerequisite_type, CoursePrerequisite.prerequisite_course_id)
        )

    @override
    async def load_batch(self, keys: list[int]) -> list[EligibilityOf]:
        reasons: dict[int, list[Reason]] = defaultdict(list)
        for row in await self.rows(keys):
            reason = unmet(row)
            if reason is not None:
                reasons[row[0]].append(reason)
        return [EligibilityOf(reasons[key]) for key in keys]


class _OfferingStates(Loader[int, Any]):
    """How offerings stand at this moment, and the viewer in them."""

    row = OfferingStateRow

    @override
    def query(self) -> Select[Any]:
        return offering_states(visible_offerings(self.viewer))


class OfferingStates(_OfferingStates, One[int]):
    """How each offering stands."""


class EligibilityByOffering(_OfferingStates):
    """What speaks against the viewer's enrolling in each offering: the offering itself first, then its course."""

    row = EligibilityRow

    @override
    async def load_batch(self, keys: list[int]) -> list[EligibilityOf | None]:
        states = {row[0]: row for row in await self.rows(keys)}
        asked = await self.context.loader(EligibilityByCourse).values([row["course_id"] for row in states.values()])
        return [
            None
            if (state := states.get(key)) is None
            else EligibilityOf([*obstacles(state), *asked[state["course_id"]].reasons])
            for key in keys
        ]
