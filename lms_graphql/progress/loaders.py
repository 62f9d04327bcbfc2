"""Progress: of an enrollment, and of the viewer on single modules and items."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Numeric, Select, and_, any_, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from typing_extensions import override

from lms_graphql.catalog.models import CourseOffering
from lms_graphql.content.loaders import ItemById
from lms_graphql.content.models import ContentItem
from lms_graphql.engine.context import Context
from lms_graphql.engine.dataloaders import KEYS, Many, One, Page
from lms_graphql.engine.rows import Row, record
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.enrollment.policy import TAKES_PART, visible_enrollments
from lms_graphql.progress import policy
from lms_graphql.progress.choices import CONTENT_PROGRESS_FILTERS
from lms_graphql.progress.models import UserContentProgress, UserModuleProgress
from lms_graphql.storage.statements import columns
from lms_graphql.storage.tenancy import UNIVERSITY, USER
from lms_graphql.syllabus.loaders import OutlineByCourse
from lms_graphql.syllabus.models import Module
from lms_graphql.syllabus.outline import Outline

ModuleProgressRow = record("ModuleProgress", discloses="progress")
ContentProgressRow = record("ContentProgress", discloses="progress")
CourseProgressRow = record("CourseProgress", discloses="progress")
StepsRow = record("Steps", discloses="progress")
_OFFERING = bindparam("offering_id", type_=BigInteger, required=True)


class _InOffering(One[int]):
    """The viewer's own progress, in one offering."""

    def __init__(self, context: Context, offering_id: int) -> None:
        super().__init__(context)
        self._offering_id = offering_id

    @override
    async def rows(self, keys: Any, **parameters: Any) -> list[Row]:
        return await super().rows(keys, offering_id=self._offering_id, **parameters)


class ViewerModuleProgress(_InOffering):
    """The viewer's progress on each module in one offering."""

    row = ModuleProgressRow

    @override
    def query(self) -> Select[Any]:
        return select(UserModuleProgress.module_id, *columns(UserModuleProgress)).where(
            UserModuleProgress.course_offering_id == _OFFERING,
            UserModuleProgress.user_id == USER,
            UserModuleProgress.module_id == any_(KEYS),
            policy.visible_module_progress(self.viewer),
        )


class ViewerContentProgress(_InOffering):
    """The viewer's progress on each item in one offering."""

    row = ContentProgressRow

    @override
    def query(self) -> Select[Any]:
        return select(UserContentProgress.content_item_id, *columns(UserContentProgress)).where(
            UserContentProgress.course_offering_id == _OFFERING,
            UserContentProgress.user_id == USER,
            UserContentProgress.content_item_id == any_(KEYS),
            policy.visible_content_progress(self.viewer),
        )


class ModuleProgressByEnrollment(Many[int]):
    """The progress of each enrollment on the modules of its course, by module."""

    row = ModuleProgressRow

    @override
    def query(self) -> Select[Any]:
        return (
            select(CourseEnrollment.id.label("key"), *columns(UserModuleProgress))
            .join(
                UserModuleProgress,
                (UserModuleProgress.university_id == UNIVERSITY)
                & (UserModuleProgress.course_offering_id == CourseEnrollment.course_offering_id)
                & (UserModuleProgress.user_id == CourseEnrollment.user_id),
            )
            .where(
                CourseEnrollment.id == any_(KEYS),
                visible_enrollments(self.viewer),
                policy.visible_module_progress(self.viewer),
            )
            .order_by(UserModuleProgress.module_id)
        )


class ContentProgressByEnrollment(Page[int]):
    """The progress of each enrollment on the items of its course, by item."""

    row = ContentProgressRow
    order = (UserContentProgress.content_item_id,)
    filters = CONTENT_PROGRESS_FILTERS

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return (
            select(*columns(UserContentProgress))
            .join(
                CourseEnrollment,
                (CourseEnrollment.university_id == UNIVERSITY)
                & (CourseEnrollment.course_offering_id == UserContentProgress.course_offering_id)
                & (CourseEnrollment.user_id == UserContentProgress.user_id),
            )
            .where(
                CourseEnrollment.id == parent,
                visible_enrollments(self.viewer),
                policy.visible_content_progress(self.viewer),
            )
        )


class CourseProgressByEnrollment(One[int]):
    """How far each enrollment is with its whole course: the share of its items that are completed.

    The items are those that students see, whoever asks, so that everybody is told the same. Each part is worked out
    once, whatever the planner expects: without MATERIALIZED a thousand enrollments ran into the statement timeout.
    """

    row = CourseProgressRow

    @override
    def query(self) -> Select[Any]:
        asked = (
            select(
                CourseEnrollment.id,
                CourseEnrollment.university_id,
                CourseEnrollment.course_offering_id,
                CourseEnrollment.user_id,
                CourseOffering.course_id,
            )
            .join(
                CourseOffering,
                and_(
                    CourseOffering.university_id == UNIVERSITY,
                    CourseOffering.id == CourseEnrollment.course_offering_id,
                ),
            )
            .where(CourseEnrollment.id == any_(KEYS), visible_enrollments(self.viewer))
            .cte("asked")
            .prefix_with("MATERIALIZED")
        )
        in_module = and_(Module.university_id == UNIVERSITY, Module.id == ContentItem.module_id)
        courses = select(asked.c.course_id).distinct().subquery("courses")
        totals = (
            select(courses.c.course_id, func.count().label("number"))
            .join(
                ContentItem,
                and_(ContentItem.university_id == UNIVERSITY, ContentItem.course_id == courses.c.course_id),
            )
            .join(Module, in_module)
            .where(policy.COUNTED)
            .group_by(courses.c.course_id)
            .cte("totals")
            .prefix_with("MATERIALIZED")
        )
        done = (
            select(
                asked.c.id,
                func.count(UserContentProgress.completed_at).label("completed"),
                func.max(UserContentProgress.last_interacted_at).label("last"),
            )
            .join(
                UserContentProgress,
                and_(
                    UserContentProgress.university_id == UNIVERSITY,
                    UserContentProgress.course_offering_id == asked.c.course_offering_id,
                    UserContentProgress.user_id == asked.c.user_id,
                    policy.visible_content_progress(self.viewer),
                ),
            )
            .join(
                ContentItem,
                and_(ContentItem.university_id == UNIVERSITY, ContentItem.id == UserContentProgress.content_item_id),
            )
            .join(Module, in_module)
            .where(policy.COUNTED)
            .group_by(asked.c.id)
            .cte("done")
            .prefix_with("MATERIALIZED")
        )
        total, completed = func.coalesce(totals.c.number, 0), func.coalesce(done.c.completed, 0)
        percent = func.round(cast(completed * 100, Numeric) / func.nullif(total, 0), 2)
        return (
            select(
                asked.c.id,
                asked.c.university_id,
                asked.c.user_id,
                total.label("item_count"),
                completed.label("completed_item_count"),
                func.coalesce(percent, cast(0, Numeric(5, 2))).label("progress_percent"),
                done.c.last.label("last_interacted_at"),
            )
            .outerjoin(totals, totals.c.course_id == asked.c.course_id)
            .outerjoin(done, done.c.id == asked.c.id)
        )


class StepsByEnrollment(One[int]):
    """For each enrollment that is active or completed: the course, the items done, and those begun, latest first."""

    row = StepsRow

    @override
    def query(self) -> Select[Any]:
        theirs = and_(
            UserContentProgress.university_id == UNIVERSITY,
            UserContentProgress.course_offering_id == CourseEnrollment.course_offering_id,
            UserContentProgress.user_id == CourseEnrollment.user_id,
            policy.visible_content_progress(self.viewer),
        )
        offering = and_(
            CourseOffering.university_id == UNIVERSITY, CourseOffering.id == CourseEnrollment.course_offering_id
        )
        item, done = UserContentProgress.content_item_id, UserContentProgress.completed_at.is_not(None)
        latest = func.coalesce(UserContentProgress.last_interacted_at, UserContentProgress.first_started_at)
        begun = func.array_agg(aggregate_order_by(item, latest.desc(), item))
        wanted: list[Any] = [
            CourseEnrollment.id,
            CourseEnrollment.university_id,
            CourseEnrollment.user_id,
            CourseOffering.course_id,
            func.array_agg(item).filter(done).label("done"),
            begun.filter(~done, latest.is_not(None)).label("begun"),
        ]
        return (
            select(*wanted)
            .join(CourseOffering, offering)
            .outerjoin(UserContentProgress, theirs)
            .where(CourseEnrollment.id == any_(KEYS), visible_enrollments(self.viewer), TAKES_PART)
            .group_by(CourseEnrollment.university_id, CourseEnrollment.id, CourseOffering.course_id)
        )


class ResumePointByEnrollment(ItemById):
    """The item that each enrollment's person would go on with: three statements for any number of enrollments."""

    @override
    async def load_batch(self, keys: list[int]) -> list[Row | None]:
        steps = await self.context.loader(StepsByEnrollment).values(keys)
        courses = {step["course_id"] for key in keys if (step := steps[key])}
        outlines = await self.context.loader(OutlineByCourse).values(courses)
        wanted = [_next_step(steps[key], outlines) for key in keys]
        ids = list({item for item in wanted if item is not None})
        found = {row[0]: row for row in await self.rows(ids)} if ids else {}
        return [None if item is None else found.get(item) for item in wanted]


def _next_step(step: Row | None, outlines: dict[int, Outline]) -> int | None:
    """What was begun last and is not done, else the first item that is not done; only what students see."""
    if step is None:
        return None
    outline, done = outlines[step["course_id"]], set(step["done"] or ())
    visible = set(outline.open_to_students)
    begun = (item for item in step["begun"] or () if item in visible)
    return next(begun, None) or next((item for item in outline.open_to_students if item not in done), None)
