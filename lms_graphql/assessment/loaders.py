"""Attempts, submissions, and the questions behind them. The answers of questions have a loader of their own."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Numeric,
    Select,
    and_,
    any_,
    bindparam,
    case,
    func,
    literal_column,
    select,
)
from sqlalchemy.orm import aliased
from typing_extensions import override

from lms_graphql.assessment import payloads, policy
from lms_graphql.assessment.models import (
    LabSubmission,
    Question,
    QuestionKey,
    QuestionPool,
    QuizAttempt,
    QuizAttemptAnswer,
    QuizAttemptQuestion,
    RubricCriterion,
    RubricRating,
    Upload,
)
from lms_graphql.engine.context import Context
from lms_graphql.engine.dataloaders import KEYS, Loader, Many, One, Page
from lms_graphql.engine.filters import NO_ROW, Filter, Flag
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import Row, once, record
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.enrollment.policy import visible_enrollments
from lms_graphql.storage.statements import columns
from lms_graphql.storage.tenancy import UNIVERSITY, USER

AttemptRow = record("QuizAttempt", discloses="attempts")
PoolRow = record("QuestionPool")
CriterionRow = record("RubricCriterion")
RatingRow = record("RubricRating")
UploadRow = record("Upload", discloses="submissions")

_NO_POINTS = literal_column("0.00", Numeric(6, 2))
_OFFERING = bindparam("offering_id", type_=BigInteger, required=True)


class AttemptQuestionRow(Row):
    """A drawn question with its answer; both are decoded once, when first asked for."""

    typename = "AttemptQuestion"
    tenant = True

    @once
    def snapshot(self) -> payloads.Snapshot | None:
        """What the person saw; None when it is malformed."""
        return payloads.read_snapshot(self["snapshot_json"], self["attempt_id"])

    @once
    def response(self) -> payloads.Response | None:
        """What the person answered; None without an answer, or when it is malformed."""
        return payloads.read_response(self["response_json"], self["attempt_id"])


class SubmissionRow(Row):
    """A submission; its results are fetched when they are selected. See `policy` for what staff alone have."""

    typename = "Submission"
    tenant = True
    seldom = frozenset({"public_results", "rubric_result", "staff_details"})
    discloses = "submissions"


class QuestionRow(Row):
    """A question without its answer; its JSON is fetched when it is selected."""

    typename = "Question"
    tenant = True
    seldom = frozenset({"options", "hints"})


class KeyRow(Row):
    """The answer of a question, decoded once."""

    typename = "AnswerKey"
    tenant = True

    @once
    def answer(self) -> payloads.Answer | None:
        """The right answer; None when it is malformed."""
        return payloads.read_answer(self["answer_json"], self["question_id"])


class _OfViewer(Many[int]):
    """The viewer's own rows of each item, in one offering."""

    def __init__(self, context: Context, offering_id: int) -> None:
        super().__init__(context)
        self._offering_id = offering_id

    @override
    async def rows(self, keys: Any, **parameters: Any) -> list[Row]:
        return await super().rows(keys, offering_id=self._offering_id, **parameters)


# quiz attempts


class AttemptById(One[int]):
    """An attempt that the viewer may see."""

    row = AttemptRow

    @override
    def query(self) -> Select[Any]:
        return select(*self.keyed(QuizAttempt.id, QuizAttempt)).where(
            QuizAttempt.id == any_(KEYS), policy.visible_attempts(self.viewer)
        )


class ViewerAttempts(_OfViewer):
    """The viewer's own attempts at each quiz in one offering, in their order."""

    row = AttemptRow

    @override
    def query(self) -> Select[Any]:
        return (
            select(*self.keyed(QuizAttempt.content_item_id, QuizAttempt))
            .where(
                QuizAttempt.course_offering_id == _OFFERING,
                QuizAttempt.user_id == USER,
                QuizAttempt.content_item_id == any_(KEYS),
                policy.visible_attempts(self.viewer),
            )
            .order_by(QuizAttempt.attempt_number)
        )


class AttemptsByEnrollment(Page[int]):
    """The attempts of each enrollment, by quiz and number."""

    row = AttemptRow
    order = (QuizAttempt.content_item_id, QuizAttempt.attempt_number)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return (
            select(*self.columns(QuizAttempt))
            .join(CourseEnrollment, _of_enrollment(QuizAttempt))
            .where(
                CourseEnrollment.id == parent,
                visible_enrollments(self.viewer),
                policy.visible_attempts(self.viewer),
            )
        )


class AttemptsByOffering(Page[int]):
    """The attempts in each offering that the viewer may see, by person, quiz and number: as their unique key."""

    row = AttemptRow
    order = (QuizAttempt.user_id, QuizAttempt.content_item_id, QuizAttempt.attempt_number)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*self.columns(QuizAttempt)).where(
            QuizAttempt.course_offering_id == parent, policy.visible_attempts(self.viewer)
        )


class QuestionsByAttempt(Many[int]):
    """The questions that were drawn for each attempt, in their order, with what was answered."""

    row = AttemptQuestionRow

    @override
    def query(self) -> Select[Any]:
        drawn, answer = QuizAttemptQuestion, QuizAttemptAnswer
        return (
            select(
                *self.keyed(drawn.attempt_id, drawn),
                drawn.snapshot.label("snapshot_json"),
                answer.response.label("response_json"),
                # What was not answered brought nothing, and has no row that says so.
                case(
                    (QuizAttempt.status == "graded", func.coalesce(answer.points_awarded, _NO_POINTS)),
                    else_=answer.points_awarded,
                ).label("points_awarded"),
            )
            .join(QuizAttempt, and_(QuizAttempt.university_id == UNIVERSITY, QuizAttempt.id == drawn.attempt_id))
            .outerjoin(
                answer,
                and_(
                    answer.university_id == UNIVERSITY,
                    answer.attempt_id == drawn.attempt_id,
                    answer.position == drawn.position,
                ),
            )
            .where(
                drawn.university_id == UNIVERSITY,
                drawn.attempt_id == any_(KEYS),
                policy.visible_attempts(self.viewer),
            )
            .order_by(drawn.attempt_id, drawn.position)
        )


class ReviewRow(Row):
    """What is to be known of the right answers of an attempt: from when they are told, and why not yet."""

    typename = "AttemptReview"
    tenant = True


class ReviewByAttempt(One[int]):
    """Whether the right answers of each attempt are told its person."""

    row = ReviewRow

    @override
    def query(self) -> Select[Any]:
        return select(
            QuizAttempt.id,
            QuizAttempt.university_id,
            policy.answers_held_back().label("held_back"),
            case((policy.is_exam(), policy.answers_told_at())).label("available_at"),
        ).where(QuizAttempt.id == any_(KEYS), policy.visible_attempts(self.viewer))


class KeysByAttempt(Many[int]):
    """The right answers of the questions of each attempt, with their positions; none before they may be told."""

    row = KeyRow

    @override
    def query(self) -> Select[Any]:
        drawn = QuizAttemptQuestion
        return (
            select(
                drawn.attempt_id,
                drawn.position,
                *columns(QuestionKey),
                QuestionKey.answer.label("answer_json"),
            )
            .join(QuizAttempt, and_(QuizAttempt.university_id == UNIVERSITY, QuizAttempt.id == drawn.attempt_id))
            .join(QuestionKey, QuestionKey.question_id == drawn.question_id)
            .where(
                drawn.university_id == UNIVERSITY,
                drawn.attempt_id == any_(KEYS),
                policy.visible_drawn_keys(self.viewer),
            )
            .order_by(drawn.attempt_id, drawn.position)
        )


# submissions


class _Submissions(Loader[Any, Any]):
    """What all loaders of submissions have in common: the columns that the viewer may have."""

    row = SubmissionRow

    @override
    def columns(self, model: Any) -> tuple[ColumnElement[Any], ...]:
        viewer, table = self.viewer, LabSubmission.__table__.c
        shown = [*columns(model, _NOT_ALWAYS_SHOWN)]
        shown += [policy.when_posted(viewer, table[name]).label(name) for name in policy.WHEN_POSTED]
        if self.wide:
            shown.append(table["public_results"].label("public_results_text"))
            json_of_grade = policy.WHEN_POSTED_JSON
            shown += [policy.when_posted(viewer, table[name]).label(f"{name}_text") for name in json_of_grade]
        if viewer.is_staff:
            shown += [policy.for_graders(viewer, table[name]).label(name) for name in policy.STAFF_ONLY]
        if viewer.is_staff and self.wide:
            json = policy.STAFF_ONLY_JSON
            shown += [policy.for_graders(viewer, table[name]).label(f"{name}_text") for name in json]
            shown += policy.is_for_graders(viewer)
        return tuple(shown)


_NOT_ALWAYS_SHOWN = frozenset(policy.STAFF_ONLY) | frozenset(policy.WHEN_POSTED)


class SubmissionById(_Submissions, One[int]):
    """A submission that the viewer may see."""

    @override
    def query(self) -> Select[Any]:
        return select(*self.keyed(LabSubmission.id, LabSubmission)).where(
            LabSubmission.id == any_(KEYS), policy.visible_submissions(self.viewer)
        )


class ViewerSubmissions(_Submissions, _OfViewer):
    """The viewer's own submissions for each item in one offering, in their order."""

    @override
    def query(self) -> Select[Any]:
        return (
            select(*self.keyed(LabSubmission.content_item_id, LabSubmission))
            .where(
                LabSubmission.course_offering_id == _OFFERING,
                LabSubmission.user_id == USER,
                LabSubmission.content_item_id == any_(KEYS),
                policy.visible_submissions(self.viewer),
            )
            .order_by(LabSubmission.attempt_number)
        )


class SubmissionsByEnrollment(_Submissions, Page[int]):
    """The submissions of each enrollment, by item and number."""

    order = (LabSubmission.content_item_id, LabSubmission.attempt_number)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return (
            select(*self.columns(LabSubmission))
            .join(CourseEnrollment, _of_enrollment(LabSubmission))
            .where(
                CourseEnrollment.id == parent,
                visible_enrollments(self.viewer),
                policy.visible_submissions(self.viewer),
            )
        )


def _item(given: str, context: Context) -> int:
    """The number of a lab or an assignment; no row's, when it is neither."""
    kinds = ("EngineeringLabContent", "AssignmentContent")
    return next(filter(None, (number_of(given, kind, context.viewer.university_id) for kind in kinds)), NO_ROW)


_SUBMISSION_FILTERS: Mapping[str, Filter] = {
    "item": Filter(lambda _viewer, wanted: LabSubmission.content_item_id == wanted, BigInteger(), _item)
}


class SubmissionsByOffering(_Submissions, Page[int]):
    """The submissions in each offering that the viewer may see, by id."""

    order = (LabSubmission.id,)
    filters = _SUBMISSION_FILTERS

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*self.columns(LabSubmission)).where(
            LabSubmission.course_offering_id == parent, policy.visible_submissions(self.viewer)
        )


class NeedsGradingByOffering(_Submissions, Page[int]):
    """The submissions in each offering that nobody has graded, the oldest first."""

    order = (LabSubmission.submitted_at, LabSubmission.id)
    filters = _SUBMISSION_FILTERS

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*self.columns(LabSubmission)).where(
            LabSubmission.course_offering_id == parent,
            LabSubmission.graded_at.is_(None),
            policy.visible_waiting(self.viewer),
        )


class CriteriaByItem(Many[int]):
    """The rubric of each lab or assignment: its criteria in their order."""

    row = CriterionRow

    @override
    def query(self) -> Select[Any]:
        return (
            select(*self.keyed(RubricCriterion.content_item_id, RubricCriterion))
            .where(RubricCriterion.content_item_id == any_(KEYS), policy.visible_criteria(self.viewer))
            .order_by(RubricCriterion.position)
        )


class RatingsByCriterion(Many[int]):
    """The ratings of each criterion, in their order."""

    row = RatingRow

    @override
    def query(self) -> Select[Any]:
        return (
            select(*self.keyed(RubricRating.criterion_id, RubricRating))
            .where(RubricRating.criterion_id == any_(KEYS), policy.visible_ratings(self.viewer))
            .order_by(RubricRating.position)
        )


class UploadById(One[int]):
    """An upload that the viewer may see."""

    row = UploadRow

    @override
    def query(self) -> Select[Any]:
        return select(*self.keyed(Upload.id, Upload)).where(
            Upload.id == any_(KEYS), policy.visible_uploads(self.viewer)
        )


class FilesBySubmission(Many[int]):
    """The files of each submission, in the order in which they were promised."""

    row = UploadRow

    @override
    def query(self) -> Select[Any]:
        return (
            select(*self.keyed(Upload.submission_id, Upload))
            .where(Upload.submission_id == any_(KEYS), policy.visible_uploads(self.viewer))
            .order_by(Upload.id)
        )


def _of_enrollment(model: type[QuizAttempt | LabSubmission]) -> ColumnElement[bool]:
    """That a record is of the enrollment's person, in the enrollment's offering."""
    return and_(
        CourseEnrollment.university_id == UNIVERSITY,
        CourseEnrollment.course_offering_id == model.course_offering_id,
        CourseEnrollment.user_id == model.user_id,
    )


# questions, for staff


class PoolById(One[int]):
    """A question pool that the viewer may see."""

    row = PoolRow

    @override
    def query(self) -> Select[Any]:
        return select(*self.keyed(QuestionPool.id, QuestionPool)).where(
            QuestionPool.id == any_(KEYS), policy.visible_pools(self.viewer)
        )


class _Pools(Page[int]):
    """The question pools of a university, by id; the key says nothing."""

    row = PoolRow
    order = (QuestionPool.id,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*self.columns(QuestionPool)).where(
            QuestionPool.university_id == parent, policy.visible_pools(self.viewer)
        )


class PoolsByUniversity(_Pools):
    """The question pools of the request's university, by id."""


class ChosenPools(_Pools):
    """The same, those that are shared or those of courses alone, if that is wanted."""

    filters = {
        "isShared": Flag(
            lambda _viewer: QuestionPool.course_id.is_(None), lambda _viewer: QuestionPool.course_id.is_not(None)
        )
    }


class PoolsByCourse(Page[int]):
    """The question pools of each course alone, by id."""

    row = PoolRow
    order = (QuestionPool.id,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*self.columns(QuestionPool)).where(
            QuestionPool.course_id == parent, policy.visible_pools(self.viewer)
        )


class _Questions(Loader[Any, Any]):
    """What all loaders of questions have in common."""

    row = QuestionRow

    @override
    def columns(self, model: Any) -> tuple[ColumnElement[Any], ...]:
        json = (Question.options.label("options_text"), Question.hints.label("hints_text")) if self.wide else ()
        return (*columns(model), *json)


class QuestionById(_Questions, One[int]):
    """A question that the viewer may see."""

    @override
    def query(self) -> Select[Any]:
        return select(*self.keyed(Question.id, Question)).where(
            Question.id == any_(KEYS), policy.visible_questions(self.viewer)
        )


class QuestionsByPool(_Questions, Page[int]):
    """The questions of each pool, by number and version."""

    order = (Question.number, Question.version)
    filters = {
        "isActive": Flag(lambda _viewer: Question.is_active.is_(True), lambda _viewer: Question.is_active.is_(False))
    }

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*self.columns(Question)).where(Question.pool_id == parent, policy.visible_questions(self.viewer))


class VersionsByQuestion(_Questions, Page[int]):
    """All versions of each question, by version."""

    order = (Question.version,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        asked = aliased(Question)
        same = and_(asked.pool_id == Question.pool_id, asked.number == Question.number)
        return (
            select(*self.columns(Question))
            .join(asked, and_(asked.university_id == UNIVERSITY, same))
            .where(asked.id == parent, policy.visible_questions(self.viewer))
        )


class KeyByQuestion(One[int]):
    """The right answer of each question, and why it is right."""

    row = KeyRow

    @override
    def query(self) -> Select[Any]:
        return select(*self.keyed(QuestionKey.question_id, QuestionKey), QuestionKey.answer.label("answer_json")).where(
            QuestionKey.question_id == any_(KEYS), policy.visible_keys(self.viewer)
        )
