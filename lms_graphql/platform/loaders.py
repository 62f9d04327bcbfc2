"""Numbers of all universities: read across them, for administrators of the platform."""

from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Select, Text, cast, func, select
from typing_extensions import override

from lms_graphql.catalog.models import Course, CourseOffering
from lms_graphql.engine.dataloaders import Page, prepared
from lms_graphql.engine.rows import Row, record
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.platform import policy
from lms_graphql.storage.fanout import FanOut
from lms_graphql.storage.statements import Statement
from lms_graphql.tenancy.models import University, UniversityMember

UniversityNumbersRow = record("UniversityNumbers", tenant=False)


def _number(model: Any, *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    """How many rows of a table a university has: numbers, and nothing of anybody."""
    return (
        select(func.count())
        .select_from(model)
        .where(model.university_id == University.id, *conditions)
        .correlate(University)
        .scalar_subquery()
    )


class UniversitiesOfPlatform(Page[int]):
    """All universities with their numbers, by id; the key says nothing."""

    row = UniversityNumbersRow
    order = (University.id,)
    fan_out: ClassVar[str] = "an administrator of the platform sees how many there are of what in each university"

    @override
    def statement(self) -> Statement:
        return prepared((type(self), policy.sees_platform(self.viewer), self.shape()), self.query)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        shown: list[Any] = [
            University.id,
            University.short_code,
            University.name,
            University.is_active,
            University.created_at,
            _number(UniversityMember, UniversityMember.status == "active").label("members"),
            _number(Course).label("courses"),
            _number(CourseOffering).label("offerings"),
            _number(CourseEnrollment, cast(CourseEnrollment.status, Text) == "active").label("active_enrollments"),
        ]
        return select(*shown).where(policy.visible_universities_of_platform(self.viewer))

    @override
    async def rows(self, keys: Sequence[int], **parameters: Any) -> list[Row]:
        bound = {**self.context.bound(), "keys": list(keys), **parameters}
        return await self.context.service(FanOut).fetch(self.statement(), bound, self.row)
