"""Removing courses and offerings for good, as long as nobody has learnt in them.

What hangs on an offering is either of its set-up, which goes with it (`SET_UP`), or of people (`RECORDS`), which keeps
it. A course goes with its offerings, its modules, their content, its pools and its grading policy, unless one of its
offerings must stay or another course asks for it. One statement removes everything: its keys are looked at when all
of it is gone.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
)

from lms_graphql.assessment.models import LabSubmission, Question, QuestionPool, QuizAttempt, RubricCriterion, Upload
from lms_graphql.catalog.cataloging import versioned
from lms_graphql.catalog.editing import COURSE
from lms_graphql.catalog.entries import told_as
from lms_graphql.catalog.models import (
    Course,
    CourseOffering,
    CourseOfferingInstructor,
    CoursePrerequisite,
    CourseSubject,
    OfferingSection,
)
from lms_graphql.catalog.offering import OFFERING, offering_to_edit
from lms_graphql.catalog.policy import may_administer_course
from lms_graphql.certificates.models import Certificate
from lms_graphql.content.asset_editing import let_go_of_course
from lms_graphql.content.models import Asset, ContentItem, ContentItemAsset, ContentItemRevision, ContentItemSetting
from lms_graphql.discussion.models import DiscussionThread
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.engine.work import Work, require_version
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.grades.models import (
    CourseGrade,
    GradeExemption,
    GradeFreeze,
    GradeHistory,
    GradeItem,
    GradeItemScore,
    GradeOverride,
    GradingPolicy,
)
from lms_graphql.interop.models import ExternalKey
from lms_graphql.progress.models import UserContentProgress, UserModuleProgress
from lms_graphql.reviews.models import CourseReview
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.syllabus.models import Module

RECORDS: dict[str, Any] = {
    "enrollments": CourseEnrollment,
    "certificates": Certificate,
    "grades": CourseGrade,
    "former grades": GradeHistory,
    "grades set by hand": GradeOverride,
    "scores": GradeItemScore,
    "excuses": GradeExemption,
    "progress in modules": UserModuleProgress,
    "progress": UserContentProgress,
    "quiz attempts": QuizAttempt,
    "submissions": LabSubmission,
    "files": Upload,
    "discussion": DiscussionThread,
    "reviews": CourseReview,
}
"""What people leave in an offering, as a refusal calls it."""
SET_UP: tuple[Any, ...] = (
    ContentItemSetting,
    GradeItem,
    GradingPolicy,
    GradeFreeze,
    CourseOfferingInstructor,
    OfferingSection,
)
"""What goes with an offering."""
OF_COURSE: tuple[Any, ...] = (
    ContentItemSetting,
    RubricCriterion,
    ContentItem,
    Module,
    QuestionPool,
    Asset,
    GradingPolicy,
    CoursePrerequisite,
    CourseSubject,
    CourseOffering,
)
"""What goes with a course, by its `course_id`; below these ContentItemAsset, ContentItemRevision and Question."""

IS_USED = {
    "quiz_attempt_questions_question_id_fkey": UserFailure(
        UserErrorCode.CLOSED, "a question of its pools was asked in another course: archive it instead", COURSE
    ),
    "content_item_assets_asset_id_fkey": UserFailure(
        UserErrorCode.CLOSED, "content of another course names one of its assets: archive it instead", COURSE
    ),
}
"""What only the keys can tell."""

_Row = record("Removed")
_COURSE = bindparam("course_id", type_=BigInteger, required=True)
_OFFERINGS = bindparam("offering_ids", type_=ARRAY(BigInteger), required=True)


def _here(model: Any, *conditions: Any) -> Any:
    return and_(model.university_id == UNIVERSITY, *conditions)


def _has(model: Any, *conditions: Any) -> Any:
    return exists().where(_here(model, model.course_offering_id == any_(_OFFERINGS), *conditions))


# ---- what is in the way

_LOCK_COURSE = Statement(select(Course.id).where(_here(Course, Course.id == _COURSE)).with_for_update())
_LOCK_OFFERINGS = Statement(
    select(CourseOffering.id)
    .where(_here(CourseOffering, or_(CourseOffering.course_id == _COURSE, CourseOffering.id == any_(_OFFERINGS))))
    .order_by(CourseOffering.id)
    .with_for_update()  # who would enrol waits, and then finds nothing
)
_IN_THE_WAY = Statement(
    select(
        *(_has(model).label(name) for name, model in RECORDS.items()),
        _has(ContentItemSetting, ContentItemSetting.user_id.is_not(None)).label("settings for one person"),
    )
)
_ASKED_FOR = Statement(
    select(func.count().label("courses")).where(
        _here(CoursePrerequisite, CoursePrerequisite.prerequisite_course_id == _COURSE)
    )
)


async def _require_unused(work: Work, offerings: Sequence[int], path: tuple[str, ...]) -> None:
    """That nobody has a record in these offerings, which are locked."""
    (row,) = await work.rows(_IN_THE_WAY, _Row, offering_ids=list(offerings))
    found = [name for name, is_there in row.items() if is_there]
    if found:
        message = f"people have records in it, which are kept ({', '.join(found)}): archive the course instead"
        raise Refused(UserErrorCode.CLOSED, message, path)


# ---- removing


def _removing(removed: dict[str, Any], names: Any) -> Statement:
    """A DELETE for each, in one statement; gives the ids of what `removed` calls by a name that is no table's."""
    parts = [statement.cte(f"removed_{name}") for name, statement in removed.items()]
    told = [
        func.coalesce(
            select(func.array_agg(part.c.id)).scalar_subquery(), cast(literal_column("'{}'"), ARRAY(BigInteger))
        ).label(name)
        for name, part in zip(removed, parts, strict=True)
        if name in names
    ]
    return Statement(select(*told).add_cte(*parts))


def _gone(model: Any, *conditions: Any) -> Any:
    """A DELETE that gives the ids, or of a table without them anything."""
    statement = delete(model).where(_here(model, *conditions))
    own = getattr(model, "id", model.university_id)
    return statement.returning(own)


def _keys_of(*named: tuple[str, Any]) -> Any:
    """The DELETE for the names that other systems have for rows, by the kind of row and a SELECT of ids."""
    those = [
        and_(ExternalKey.entity == literal_column(f"'{entity}'", Text), ExternalKey.entity_id.in_(ids))
        for entity, ids in named
    ]
    return delete(ExternalKey).where(_here(ExternalKey, or_(*those))).returning(ExternalKey.entity_id.label("id"))


def _ids(model: Any, *conditions: Any) -> Any:
    return select(model.id).where(_here(model, *conditions))


def _removing_offerings() -> Statement:
    mine = CourseOffering.id == any_(_OFFERINGS)
    parts = {model.__tablename__: _gone(model, model.course_offering_id == any_(_OFFERINGS)) for model in SET_UP}
    keys = _keys_of(("offering", _ids(CourseOffering, mine)))
    return _removing({**parts, "external_keys": keys, "offerings": _gone(CourseOffering, mine)}, {"offerings"})


def _removing_course() -> Statement:
    items, pools = (
        _ids(ContentItem, ContentItem.course_id == _COURSE),
        _ids(QuestionPool, QuestionPool.course_id == _COURSE),
    )
    offerings = _ids(CourseOffering, CourseOffering.course_id == _COURSE)
    questions = _ids(Question, Question.pool_id.in_(pools))
    parts: dict[str, Any] = {model.__tablename__: _gone(model, model.course_id == _COURSE) for model in OF_COURSE}
    parts |= {
        model.__tablename__: _gone(model, model.course_offering_id.in_(offerings))
        for model in SET_UP
        if model not in OF_COURSE
    }
    parts |= {
        "content_item_assets": _gone(ContentItemAsset, ContentItemAsset.content_item_id.in_(items)),
        "content_item_revisions": _gone(ContentItemRevision, ContentItemRevision.content_item_id.in_(items)),
        "questions": _gone(Question, Question.pool_id.in_(pools)),
        "external_keys": _keys_of(
            ("course", select(_COURSE)),
            ("offering", offerings),
            ("module", _ids(Module, Module.course_id == _COURSE)),
            ("content_item", items),
            ("question_pool", pools),
            ("question", questions),
        ),
        "courses": _gone(Course, Course.id == _COURSE),
    }
    told = (CourseOffering, Module, ContentItem, QuestionPool, Asset)
    return _removing(parts, {model.__tablename__ for model in told})


_REMOVE_OFFERINGS, _REMOVE_COURSE = _removing_offerings(), _removing_course()


async def delete_offering(work: Work, given: Given) -> dict[str, Any]:
    """Remove an offering with its set-up; gives `deleted_id`. CLOSED where anybody has a record in it."""
    offering = await offering_to_edit(work, given["offeringId"])
    require_version(offering["version"], given.get("expectedVersion"))
    await work.rows(_LOCK_OFFERINGS, _Row, course_id=None, offering_ids=[offering["id"]])
    await _require_unused(work, [offering["id"]], OFFERING)
    await work.rows(_REMOVE_OFFERINGS, _Row, offering_ids=[offering["id"]])
    await work.audit("offering.delete", "CourseOffering", offering["id"], before=told_as(dict(offering.items())))
    await work.tell("offering.deleted", "CourseOffering", offering["id"], courseId=offering["course_id"])
    return {"deleted_id": given["offeringId"]}


async def delete_course(work: Work, given: Given) -> dict[str, Any]:
    """Remove a course with all that is in it; gives `deleted_id`.

    CLOSED where anybody has a record in one of its offerings, or another course asks for it.
    """
    course = await versioned(work, given, may_administer_course)
    number = course["id"]
    await work.rows(_LOCK_COURSE, _Row, course_id=number)
    offerings = [row["id"] for row in await work.rows(_LOCK_OFFERINGS, _Row, course_id=number, offering_ids=[])]
    await _require_unused(work, offerings, COURSE)
    (asked,) = await work.rows(_ASKED_FOR, _Row, course_id=number)
    if asked["courses"]:
        message = f"{asked['courses']} other courses ask for it: take that from them first, or archive it instead"
        raise Refused(UserErrorCode.CLOSED, message, COURSE)
    await let_go_of_course(work, number)
    (gone,) = await work.rows(_REMOVE_COURSE, _Row, course_id=number)
    before = {**told_as(dict(course.items())), **_told(gone)}
    await work.audit("course.delete", "Course", number, before=before)
    await work.tell("course.deleted", "Course", number)
    return {"deleted_id": given["courseId"]}


def _told(gone: Row) -> dict[str, Any]:
    names = {
        "course_offerings": "offeringIds", "modules": "moduleIds", "content_items": "contentItemIds",
        "question_pools": "questionPoolIds", "assets": "assetIds",
    }  # fmt: skip
    return {told: sorted(gone[table]) for table, told in names.items()}
