"""What grades are made of, and what they have been. Students see only what comes of posted scores."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, any_, null, select
from typing_extensions import override

from lms_graphql.catalog.reach import if_reached, is_reached, reaches_enrollment, row_is_reached
from lms_graphql.engine.dataloaders import KEYS, Loader, Page
from lms_graphql.engine.rows import Row, record
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.enrollment.policy import TAKES_PART, visible_enrollments
from lms_graphql.grades import policy
from lms_graphql.grades.basis import Basis, Person, basis_of
from lms_graphql.grades.calculation import Breakdown
from lms_graphql.grades.models import GradeHistory
from lms_graphql.storage.statements import Statement, columns
from lms_graphql.storage.tenancy import UNIVERSITY, USER

BreakdownRow = record("GradeBreakdown", discloses="grades")
ChangeRow = record("GradeChange", discloses="grades")


class _OfEnrollments(Loader[int, Any]):
    """What the grades of enrollments that the viewer may see are worked out from: four statements for all."""

    row = BreakdownRow

    async def _found(self, keys: list[int]) -> tuple[dict[int, Person], Basis]:
        """The person by key, and the basis; of who is out of reach, as one is oneself, only what is posted."""
        people: dict[int, Person] = {}
        only_posted: dict[Person, bool] = {}
        for row in await self.rows(keys):
            person = people[row[0]] = (row["course_offering_id"], row["user_id"])
            only_posted[person] = not row_is_reached(self.viewer, row)
        return people, await basis_of(self._fetch, only_posted)

    async def _fetch(self, statement: Statement, row: type[Row], **parameters: Any) -> list[Row]:
        return await self.context.fetch(statement, row, tenant=True, **parameters)

    def _query(self, key: ColumnElement[int]) -> Select[Any]:
        wanted: list[Any] = [
            key.label("key"),
            CourseEnrollment.university_id,
            CourseEnrollment.user_id,
            CourseEnrollment.course_offering_id,
            *is_reached(self.viewer, reaches_enrollment()),
        ]
        return select(*wanted).where(key == any_(KEYS), TAKES_PART, visible_enrollments(self.viewer))


class BreakdownByEnrollment(_OfEnrollments):
    """How the grade of each enrollment comes about; None where no policy says so."""

    @override
    def query(self) -> Select[Any]:
        return self._query(CourseEnrollment.id.expression)

    @override
    async def load_batch(self, keys: list[int]) -> list[Breakdown | None]:
        people, basis = await self._found(keys)
        return [basis.breakdown(people[key]) if key in people else None for key in keys]


class OwnBasisByOffering(_OfEnrollments):
    """Of each offering that the viewer is in, what their own grade is worked out from, with who they are."""

    @override
    def query(self) -> Select[Any]:
        return self._query(CourseEnrollment.course_offering_id.expression).where(CourseEnrollment.user_id == USER)

    @override
    async def load_batch(self, keys: list[int]) -> list[tuple[Person, Basis] | None]:
        people, basis = await self._found(keys)
        return [(people[key], basis) if key in people else None for key in keys]


class ChangesByEnrollment(Page[int]):
    """The changes of each enrollment's final grade that the viewer may see, the first one first."""

    row = ChangeRow
    order = (GradeHistory.id,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        changed_by = if_reached(
            self.viewer, GradeHistory.changed_by, reaches_enrollment(), null().cast(BigInteger)
        ).label("changed_by")
        its = (
            (GradeHistory.university_id == UNIVERSITY)
            & (GradeHistory.course_offering_id == CourseEnrollment.course_offering_id)
            & (GradeHistory.user_id == CourseEnrollment.user_id)
        )
        return (
            select(*columns(GradeHistory, frozenset({"changed_by"})), changed_by)
            .select_from(CourseEnrollment)
            .join(GradeHistory, its)
            .where(
                CourseEnrollment.id == parent,
                visible_enrollments(self.viewer),
                policy.visible_changes(self.viewer),
            )
        )
