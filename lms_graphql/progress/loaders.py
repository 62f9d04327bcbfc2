"""Progress: of an enrollment, and of the viewer on single modules and items."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, any_, bindparam, select
from typing_extensions import override

from lms_graphql.engine.context import Context
from lms_graphql.engine.dataloaders import KEYS, Many, One, Page
from lms_graphql.engine.rows import Row, record
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.enrollment.policy import visible_enrollments
from lms_graphql.progress import policy
from lms_graphql.progress.choices import CONTENT_PROGRESS_FILTERS
from lms_graphql.progress.models import UserContentProgress, UserModuleProgress
from lms_graphql.storage.statements import columns
from lms_graphql.storage.tenancy import UNIVERSITY, USER

ModuleProgressRow = record("ModuleProgress")
ContentProgressRow = record("ContentProgress")
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
