"""Course grades, what they are made of, and the gradebook."""

from collections import defaultdict
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    SQLColumnExpression,
    Text,
    and_,
    any_,
    case,
    cast,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on
from typing_extensions import override

from lms_graphql.assessment.models import LabSubmission, QuizAttempt
from lms_graphql.catalog.models import CourseOffering
from lms_graphql.catalog.policy import visible_offerings
from lms_graphql.content.models import ContentItem, ContentItemSetting
from lms_graphql.engine.dataloaders import KEYS, Many, One, Page
from lms_graphql.engine.rows import Row, record
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.enrollment.policy import TAKES_PART, visible_enrollments
from lms_graphql.grades import policy
from lms_graphql.grades.choices import GRADE_FILTERS, GRADE_ORDERS
from lms_graphql.grades.gradebook import GRADE_ITEM, GRADED_KINDS, cells_of, columns_of
from lms_graphql.grades.models import (
    CourseGrade,
    GradeCategory,
    GradeItem,
    GradeItemScore,
    GradeOverride,
    GradingPolicy,
)
from lms_graphql.storage.statements import columns
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.syllabus.loaders import OutlineByCourse
from lms_graphql.syllabus.models import Module
from lms_graphql.tenancy.models import UniversityMember

GradeRow = record("CourseGrade", discloses="grades")
PolicyRow = record("GradingPolicy")
CategoryRow = record("GradeCategory")
GradeItemRow = record("GradeItem")
ScoreRow = record("GradeItemScore", discloses="grades")
ColumnRow = record("GradebookColumn")
PersonRow = record("GradebookRow", discloses="grades")
CellRow = record("GradebookCell")


class GradeById(One[int]):
    """A course grade that the viewer may see."""

    row = GradeRow

    @override
    def query(self) -> Select[Any]:
        return select(CourseGrade.id, *columns(CourseGrade)).where(
            CourseGrade.id == any_(KEYS), policy.visible_grades(self.viewer)
        )


class GradeByEnrollment(One[int]):
    """The course grade that belongs to each enrollment."""

    row = GradeRow

    @override
    def query(self) -> Select[Any]:
        return (
            select(CourseEnrollment.id.label("key"), *columns(CourseGrade))
            .join(
                CourseGrade,
                (CourseGrade.university_id == UNIVERSITY)
                & (CourseGrade.course_offering_id == CourseEnrollment.course_offering_id)
                & (CourseGrade.user_id == CourseEnrollment.user_id),
            )
            .where(
                CourseEnrollment.id == any_(KEYS),
                visible_enrollments(self.viewer),
                policy.visible_grades(self.viewer),
            )
        )


class GradesByOffering(Page[int]):
    """The grades in each offering that the viewer may see, by id."""

    row = GradeRow
    order = (CourseGrade.id,)
    orders = GRADE_ORDERS
    filters = GRADE_FILTERS

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*columns(CourseGrade)).where(
            CourseGrade.course_offering_id == parent, policy.visible_grades(self.viewer)
        )


class PolicyById(One[int]):
    """A grading policy that the viewer may see."""

    row = PolicyRow

    @override
    def query(self) -> Select[Any]:
        return select(GradingPolicy.id, *columns(GradingPolicy), GradingPolicy.letter_scheme).where(
            GradingPolicy.id == any_(KEYS), policy.visible_policies(self.viewer)
        )


class PolicyByCourse(One[int]):
    """The grading policy of each course."""

    row = PolicyRow

    @override
    def query(self) -> Select[Any]:
        return select(GradingPolicy.course_id, *columns(GradingPolicy), GradingPolicy.letter_scheme).where(
            GradingPolicy.course_id == any_(KEYS),
            GradingPolicy.course_offering_id.is_(None),
            policy.visible_policies(self.viewer),
        )


class PolicyByOffering(One[int]):
    """The grading policy of each offering: its own, or else its course's."""

    row = PolicyRow

    @override
    def query(self) -> Select[Any]:
        its = and_(
            GradingPolicy.course_id == CourseOffering.course_id,
            or_(GradingPolicy.course_offering_id.is_(None), GradingPolicy.course_offering_id == CourseOffering.id),
        )
        wanted = [CourseOffering.id.label("offering_id"), *columns(GradingPolicy), GradingPolicy.letter_scheme]
        return (
            select(*wanted)
            .ext(distinct_on(CourseOffering.id))
            .select_from(CourseOffering)
            .join(GradingPolicy, its)
            .where(
                CourseOffering.id == any_(KEYS),
                visible_offerings(self.viewer),
                policy.visible_policies(self.viewer),
            )
            .order_by(CourseOffering.id, GradingPolicy.course_offering_id.nulls_last())
        )


class CategoryById(One[int]):
    """A category that the viewer may see."""

    row = CategoryRow

    @override
    def query(self) -> Select[Any]:
        return select(GradeCategory.id, *columns(GradeCategory)).where(
            GradeCategory.id == any_(KEYS), policy.visible_categories(self.viewer)
        )


class CategoriesByPolicy(Many[int]):
    """The categories of each policy, in order."""

    row = CategoryRow

    @override
    def query(self) -> Select[Any]:
        return (
            select(GradeCategory.policy_id, *columns(GradeCategory))
            .where(GradeCategory.policy_id == any_(KEYS), policy.visible_categories(self.viewer))
            .order_by(GradeCategory.position)
        )


class GradeItemById(One[int]):
    """A grade item that the viewer may see."""

    row = GradeItemRow

    @override
    def query(self) -> Select[Any]:
        return select(GradeItem.id, *columns(GradeItem)).where(
            GradeItem.id == any_(KEYS), policy.visible_grade_items(self.viewer)
        )


class GradeItemsByOffering(Many[int]):
    """What is graded in each offering besides content items, by day."""

    row = GradeItemRow

    @override
    def query(self) -> Select[Any]:
        return (
            select(GradeItem.course_offering_id, *columns(GradeItem))
            .where(GradeItem.course_offering_id == any_(KEYS), policy.visible_grade_items(self.viewer))
            .order_by(GradeItem.held_at, GradeItem.id)
        )


def _of_person(model: Any) -> ColumnElement[bool]:
    """That a row is of an enrollment's person and offering."""
    return and_(
        model.university_id == UNIVERSITY,
        model.course_offering_id == CourseEnrollment.course_offering_id,
        model.user_id == CourseEnrollment.user_id,
    )


class ScoresByEnrollment(Many[int]):
    """What each enrollment's person got for grade items, by item."""

    row = ScoreRow

    @override
    def query(self) -> Select[Any]:
        return (
            select(
                CourseEnrollment.id,
                *columns(GradeItemScore, frozenset({"graded_by"})),
                policy.score_grader(self.viewer).label("graded_by"),
            )
            .join(GradeItemScore, _of_person(GradeItemScore))
            .where(
                CourseEnrollment.id == any_(KEYS),
                visible_enrollments(self.viewer),
                policy.visible_scores(self.viewer),
            )
            .order_by(GradeItemScore.grade_item_id)
        )


# the gradebook, which is for staff: what students see of it they see as grades, attempts, submissions


class ColumnsByOffering(Many[int]):
    """The columns of each offering's gradebook: what students see and is graded, then what is graded apart."""

    row = ColumnRow

    @override
    def query(self) -> Select[Any]:
        both = union_all(self._items(), self._apart()).subquery("both")
        return select(*both.c)

    def _items(self) -> Select[Any]:
        kinds = cast(literal(list(GRADED_KINDS), ARRAY(Text)), ARRAY(Text))
        module = and_(
            Module.university_id == UNIVERSITY,
            Module.id == ContentItem.module_id,
            Module.effective_published.is_(True),
        )
        asked = and_(
            ContentItemSetting.university_id == UNIVERSITY,
            ContentItemSetting.course_offering_id == CourseOffering.id,
            ContentItemSetting.content_item_id == ContentItem.id,
            ContentItemSetting.section_id.is_(None),
            ContentItemSetting.user_id.is_(None),
        )
        wanted: list[Any] = [
            CourseOffering.id.label("offering_id"),
            CourseOffering.university_id,
            CourseOffering.course_id,
            cast(ContentItem.content_type, Text).label("kind"),
            ContentItem.id.label("number"),
            ContentItem.title,
            ContentItemSetting.points,
            ContentItemSetting.due_at,
            ContentItemSetting.grade_category_id,
        ]
        items = and_(
            ContentItem.university_id == UNIVERSITY,
            ContentItem.course_id == CourseOffering.course_id,
            ContentItem.is_active.is_(True),
            cast(ContentItem.content_type, Text) == any_(kinds),
        )
        return (
            select(*wanted)
            .select_from(CourseOffering)
            .join(ContentItem, items)
            .join(Module, module)
            .outerjoin(ContentItemSetting, asked)
            .where(CourseOffering.id == any_(KEYS), policy.visible_gradebooks(self.viewer))
        )

    def _apart(self) -> Select[Any]:
        apart = and_(GradeItem.university_id == UNIVERSITY, GradeItem.course_offering_id == CourseOffering.id)
        wanted: list[Any] = [
            CourseOffering.id.label("offering_id"),
            CourseOffering.university_id,
            CourseOffering.course_id,
            literal(GRADE_ITEM, Text).label("kind"),
            GradeItem.id.label("number"),
            GradeItem.title,
            GradeItem.points,
            GradeItem.held_at.label("due_at"),
            GradeItem.grade_category_id,
        ]
        return (
            select(*wanted)
            .select_from(CourseOffering)
            .join(GradeItem, apart)
            .where(CourseOffering.id == any_(KEYS), policy.visible_gradebooks(self.viewer))
        )

    @override
    async def load_batch(self, keys: list[int]) -> list[list[Any]]:
        found: dict[int, list[Row]] = defaultdict(list)
        for row in await self.rows(keys):
            found[row[0]].append(row)
        courses = {row["course_id"] for rows in found.values() for row in rows}
        outlines = await self.context.loader(OutlineByCourse).values(courses)
        return [columns_of(found[key], outlines) for key in keys]


class PeopleByGradebook(Page[int]):
    """The rows of each offering's gradebook: who takes part or has completed it, by name, with the final grade."""

    row = PersonRow
    order = (UniversityMember.display_name, CourseEnrollment.id)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        member = and_(
            UniversityMember.university_id == UNIVERSITY, UniversityMember.user_id == CourseEnrollment.user_id
        )
        by_hand = GradeOverride.final_score.is_not(None)
        offering = and_(
            CourseOffering.id == CourseEnrollment.course_offering_id, policy.visible_gradebooks(self.viewer)
        )
        return (
            select(
                *columns(CourseEnrollment),
                UniversityMember.display_name,
                case((by_hand, GradeOverride.final_score), else_=CourseGrade.final_score).label("final_score"),
                case((by_hand, GradeOverride.letter_grade), else_=CourseGrade.letter_grade).label("letter_grade"),
                by_hand.label("is_overridden"),
            )
            .select_from(CourseEnrollment)
            .join(CourseOffering, offering)
            .join(UniversityMember, member)
            .outerjoin(CourseGrade, _of_person(CourseGrade))
            .outerjoin(GradeOverride, _of_person(GradeOverride))
            .where(
                CourseEnrollment.course_offering_id == parent,
                TAKES_PART,
                policy.visible_gradebook_rows(self.viewer),
            )
        )


class CellsByEnrollment(Many[tuple[int, int]]):
    """The cells of each row of a gradebook in the columns' order, keyed by enrollment and offering.

    Of a quiz the best attempt counts, of a lab or an assignment the latest submission that is graded.
    """

    row = CellRow

    @override
    def query(self) -> Select[Any]:
        both = union_all(self._attempts(), self._submissions(), self._scores()).subquery("both")
        return select(*both.c)

    def _of_enrollments(
        self, model: Any, number: Any, score: Any, highest: Any, status: Any, *, is_item: bool
    ) -> Select[Any]:
        offering = and_(
            CourseOffering.id == CourseEnrollment.course_offering_id, policy.visible_gradebooks(self.viewer)
        )
        wanted: list[Any] = [
            CourseEnrollment.id.label("enrollment_id"),
            CourseEnrollment.university_id,
            literal(is_item).label("is_item"),
            number.label("number"),
            score.label("score"),
            highest.label("max_score"),
            status.label("status"),
        ]
        return (
            select(*wanted)
            .select_from(CourseEnrollment)
            .join(CourseOffering, offering)
            .join(model, _of_person(model))
            .where(CourseEnrollment.id == any_(KEYS), policy.visible_gradebook_rows(self.viewer))
        )

    def _attempts(self) -> Select[Any]:
        item, score = QuizAttempt.content_item_id, QuizAttempt.score_obtained
        rows = self._of_enrollments(QuizAttempt, item, score, QuizAttempt.max_score, QuizAttempt.status, is_item=True)
        number = QuizAttempt.attempt_number.desc()
        return _first_of_each(rows, item, score.desc().nulls_last(), number)

    def _submissions(self) -> Select[Any]:
        item, graded = LabSubmission.content_item_id, LabSubmission.graded_at.is_not(None)
        rows = self._of_enrollments(
            LabSubmission,
            item,
            LabSubmission.score_obtained,
            LabSubmission.max_score,
            LabSubmission.status,
            is_item=True,
        )
        return _first_of_each(rows, item, graded.desc(), LabSubmission.attempt_number.desc())

    def _scores(self) -> Select[Any]:
        return self._of_enrollments(
            GradeItemScore,
            GradeItemScore.grade_item_id,
            GradeItemScore.score,
            cast(null(), GradeItemScore.score.type),
            literal("graded", Text),
            is_item=False,
        )

    @override
    async def load_batch(self, keys: list[tuple[int, int]]) -> list[list[Any]]:
        found: dict[int, list[Row]] = defaultdict(list)
        for row in await self.rows([enrollment for enrollment, _ in keys]):  # type: ignore[misc]
            found[row[0]].append(row)
        columns_by_offering = await self.context.loader(ColumnsByOffering).values(offering for _, offering in keys)
        return [cells_of(columns_by_offering[offering], found[enrollment]) for enrollment, offering in keys]


def _first_of_each(rows: Select[Any], item: SQLColumnExpression[int], *order: Any) -> Select[Any]:
    """Of each enrollment and item, the row that comes first."""
    return rows.ext(distinct_on(CourseEnrollment.id, item)).order_by(CourseEnrollment.id, item, *order)
