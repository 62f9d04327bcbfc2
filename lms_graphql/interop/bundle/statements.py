"""What a course is made of, as it is read for a bundle: so many statements for a large course as for a small one."""

from typing import Any

from sqlalchemy import ARRAY, BigInteger, Text, any_, bindparam, case, cast, or_, select
from sqlalchemy.orm import aliased

from lms_graphql.assessment.models import Question, QuestionKey, QuestionPool, RubricCriterion, RubricRating, Upload
from lms_graphql.catalog.models import (
    Course,
    CourseOffering,
    CoursePrerequisite,
    CourseSubject,
    OfferingSection,
    Subject,
    Term,
)
from lms_graphql.catalog.policy import visible_offerings, visible_prerequisites
from lms_graphql.content.models import Asset, ContentItem, ContentItemSetting
from lms_graphql.content.policy import visible_assets
from lms_graphql.engine.context import Standing, Viewer
from lms_graphql.grades.models import GradeCategory, GradeItem, GradingPolicy
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.syllabus.models import Module, ModuleTemplate

_COURSE = bindparam("course_id", type_=BigInteger, required=True)
_IDS: Any = bindparam("ids", type_=ARRAY(BigInteger), required=True)
_READERS = (Standing.STAFF, Standing.ADMIN)


def _for_each(query: Any) -> dict[Standing, Statement]:
    """The statement for each standing that can read a course whole."""
    return {standing: Statement(query(Viewer(standing=standing))) for standing in _READERS}


def _course() -> Any:
    primary = aliased(Subject)
    return (
        select(
            Course.code,
            Course.title,
            Course.description,
            cast(Course.level, Text).label("level"),
            Course.language_code,
            Course.credit_hours,
            Course.difficulty,
            primary.code.label("primary_subject"),
        )
        .outerjoin(primary, primary.id == Course.primary_subject_id)
        .where(Course.university_id == UNIVERSITY, Course.id == _COURSE)
    )


def _subjects() -> Any:
    return (
        select(Subject.code, CourseSubject.is_primary)
        .join(CourseSubject, CourseSubject.subject_id == Subject.id)
        .where(CourseSubject.university_id == UNIVERSITY, CourseSubject.course_id == _COURSE)
        .order_by(Subject.code)
    )


def _prerequisites(viewer: Viewer) -> Any:
    asked = aliased(Course)
    return (
        select(asked.code.label("course"), cast(CoursePrerequisite.prerequisite_type, Text).label("type"))
        .join(asked, (asked.university_id == UNIVERSITY) & (asked.id == CoursePrerequisite.prerequisite_course_id))
        .where(CoursePrerequisite.course_id == _COURSE, visible_prerequisites(viewer))
        .order_by(asked.code)
    )


def _modules() -> Any:
    return (
        select(
            Module.id,
            Module.parent_module_id,
            cast(Module.module_type, Text).label("module_type"),
            Module.title,
            Module.description,
            Module.is_published,
            Module.archived_at,
            Module.module_template_id,
            Module.template_version,
            Module.template_node,
            ModuleTemplate.title.label("template_title"),
            cast(ModuleTemplate.template_type, Text).label("template_type"),
            case((ModuleTemplate.university_id.is_(None), True), else_=False).label("is_of_platform"),
        )
        .outerjoin(ModuleTemplate, ModuleTemplate.id == Module.module_template_id)
        .where(Module.university_id == UNIVERSITY, Module.course_id == _COURSE)
        .order_by(Module.depth, Module.sequence_index, Module.id)
    )


def _items() -> Any:
    return (
        select(
            ContentItem.id,
            ContentItem.module_id,
            cast(ContentItem.content_type, Text).label("content_type"),
            ContentItem.title,
            ContentItem.description,
            ContentItem.estimated_duration_seconds,
            ContentItem.is_active,
            ContentItem.data_json,
            ContentItem.template_node,
        )
        .where(ContentItem.university_id == UNIVERSITY, ContentItem.course_id == _COURSE)
        .order_by(ContentItem.module_id, ContentItem.sequence_index, ContentItem.id)
    )


def _criteria() -> Any:
    return (
        select(
            RubricCriterion.id,
            RubricCriterion.content_item_id,
            RubricCriterion.title,
            RubricCriterion.description,
            RubricCriterion.points,
        )
        .where(RubricCriterion.university_id == UNIVERSITY, RubricCriterion.course_id == _COURSE)
        .order_by(RubricCriterion.content_item_id, RubricCriterion.position)
    )


def _ratings() -> Any:
    return (
        select(RubricRating.criterion_id, RubricRating.title, RubricRating.points)
        .where(RubricRating.university_id == UNIVERSITY, RubricRating.criterion_id == any_(_IDS))
        .order_by(RubricRating.criterion_id, RubricRating.position)
    )


def _pools() -> Any:
    shared = QuestionPool.course_id.is_(None) & (QuestionPool.id == any_(_IDS))
    return (
        select(QuestionPool.id, QuestionPool.course_id, QuestionPool.title)
        .where(QuestionPool.university_id == UNIVERSITY, or_(QuestionPool.course_id == _COURSE, shared))
        .order_by(QuestionPool.id)
    )


def _questions() -> Any:
    key = (QuestionKey.university_id == UNIVERSITY) & (QuestionKey.question_id == Question.id)
    return (
        select(
            Question.pool_id,
            Question.type,
            Question.points,
            Question.stem,
            Question.options,
            Question.hints,
            QuestionKey.answer,
            QuestionKey.explanation,
        )
        .join(QuestionKey, key)
        .where(Question.university_id == UNIVERSITY, Question.pool_id == any_(_IDS), Question.is_active.is_(True))
        .order_by(Question.pool_id, Question.number)
    )


def _assets(viewer: Viewer) -> Any:
    upload = (Upload.university_id == UNIVERSITY) & (Upload.id == Asset.upload_id)
    return (
        select(
            Asset.id,
            Asset.url,
            Asset.asset_type,
            Asset.meta_json,
            Asset.course_id,
            Asset.title,
            Asset.is_staff_only,
            Asset.upload_id,
            Upload.user_id.label("sender_id"),
            Upload.file_name,
            Upload.media_type,
            Upload.size_bytes,
            Upload.sha256,
        )
        .outerjoin(Upload, upload)
        .where(Asset.id == any_(_IDS), visible_assets(viewer))
    )


def _policies() -> Any:
    return (
        select(GradingPolicy.id, GradingPolicy.course_offering_id, GradingPolicy.pass_mark, GradingPolicy.letter_scheme)
        .where(GradingPolicy.university_id == UNIVERSITY, GradingPolicy.course_id == _COURSE)
        .order_by(GradingPolicy.course_offering_id.nulls_first())
    )


def _categories() -> Any:
    return (
        select(
            GradeCategory.id,
            GradeCategory.policy_id,
            GradeCategory.name,
            GradeCategory.weight,
            GradeCategory.drop_lowest,
            GradeCategory.drop_highest,
            GradeCategory.min_count,
            GradeCategory.extra_credit,
        )
        .where(GradeCategory.university_id == UNIVERSITY, GradeCategory.policy_id == any_(_IDS))
        .order_by(GradeCategory.policy_id, GradeCategory.position)
    )


def _offerings(viewer: Viewer) -> Any:
    term = (Term.university_id == UNIVERSITY) & (Term.id == CourseOffering.term_id)
    return (
        select(
            CourseOffering.id,
            Term.code.label("term"),
            CourseOffering.term_name,
            CourseOffering.starts_at,
            CourseOffering.ends_at,
            CourseOffering.enrollment_start,
            CourseOffering.enrollment_end,
            CourseOffering.drop_until,
            CourseOffering.visibility,
            CourseOffering.enrollment_mode,
            CourseOffering.capacity,
            CourseOffering.waitlist_capacity,
            CourseOffering.certificate_valid_days,
        )
        .outerjoin(Term, term)
        .where(CourseOffering.course_id == _COURSE, visible_offerings(viewer))
        .order_by(CourseOffering.id)
    )


def _sections() -> Any:
    return (
        select(OfferingSection.id, OfferingSection.course_offering_id, OfferingSection.code, OfferingSection.name)
        .where(OfferingSection.university_id == UNIVERSITY, OfferingSection.course_offering_id == any_(_IDS))
        .order_by(OfferingSection.course_offering_id, OfferingSection.code)
    )


def _grade_items() -> Any:
    return (
        select(
            GradeItem.course_offering_id,
            GradeItem.grade_category_id,
            GradeItem.title,
            GradeItem.points,
            GradeItem.held_at,
        )
        .where(GradeItem.university_id == UNIVERSITY, GradeItem.course_offering_id == any_(_IDS))
        .order_by(GradeItem.course_offering_id, GradeItem.id)
    )


SETTING_COLUMNS = (
    *("unlock_at", "due_at", "lock_at", "points", "completion_rule", "min_score", "extra_time_seconds"),
    *("extra_attempts", "max_submissions", "late_penalty_percent_per_day"),
)
"""What a setting says, besides what it is of and its category."""


def _settings() -> Any:
    return select(
        ContentItemSetting.course_offering_id,
        ContentItemSetting.content_item_id,
        ContentItemSetting.section_id,
        ContentItemSetting.grade_category_id,
        *(getattr(ContentItemSetting, name) for name in SETTING_COLUMNS),
    ).where(
        ContentItemSetting.university_id == UNIVERSITY,
        ContentItemSetting.course_offering_id == any_(_IDS),
        ContentItemSetting.user_id.is_(None),
    )


COURSE = Statement(_course())
SUBJECTS = Statement(_subjects())
PREREQUISITES = _for_each(_prerequisites)
MODULES = Statement(_modules())
ITEMS = Statement(_items())
CRITERIA = Statement(_criteria())
RATINGS = Statement(_ratings())
POOLS = Statement(_pools())
QUESTIONS = Statement(_questions())
ASSETS = _for_each(_assets)
POLICIES = Statement(_policies())
CATEGORIES = Statement(_categories())
OFFERINGS = _for_each(_offerings)
SECTIONS = Statement(_sections())
GRADE_ITEMS = Statement(_grade_items())
SETTINGS = Statement(_settings())
