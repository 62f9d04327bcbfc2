"""Quiz attempts, submissions and questions, as clients see them. Points and scores are exact decimals.

The right answer of a question is an `AnswerKey`: of `Question`, which is for staff, and of `AttemptQuestion`, what a
student sees of one, where it is null until it may be told. What is malformed in the database is null, or an empty list,
without an error.
"""

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import strawberry

from lms_graphql.assessment import payloads
from lms_graphql.assessment.loaders import (
    AttemptById,
    FilesBySubmission,
    KeyByQuestion,
    KeysByAttempt,
    PoolById,
    QuestionById,
    QuestionsByAttempt,
    QuestionsByPool,
    RatingsByCriterion,
    ReviewByAttempt,
    SubmissionById,
    UploadById,
    VersionsByQuestion,
)
from lms_graphql.assessment.usage_loaders import UsageByPool, UsageByQuestion, UsesByPool
from lms_graphql.catalog.loaders import CourseById, OfferingById
from lms_graphql.catalog.reach import row_is_reached
from lms_graphql.catalog.types import Course, CourseOffering
from lms_graphql.content.loaders import ItemById
from lms_graphql.content.types import Content, QuizContent
from lms_graphql.engine.context import Context
from lms_graphql.engine.counts import CountedConnection
from lms_graphql.engine.edges import (
    Node,
    attribute,
    column,
    computed,
    database_id,
    edge,
    entity,
    global_id,
    optional,
    page,
    plain_list,
)
from lms_graphql.engine.filters import FILTER_RULE
from lms_graphql.engine.rows import Row
from lms_graphql.storage.files import Files, StoredFile, Target
from lms_graphql.tenancy.loaders import UserById
from lms_graphql.tenancy.types import User

_OPTIONS = 5
_QUESTIONS = 10


@strawberry.enum(description="How a question is asked and answered.")
class QuestionType(Enum):
    """What questions.type holds."""

    SINGLE_CHOICE = strawberry.enum_value("single_choice", description="One option is right.")
    MULTIPLE_CHOICE = strawberry.enum_value("multiple_choice", description="Any number of options are right.")
    NUMERICAL = strawberry.enum_value("numerical", description="A number is asked for.")
    TEXT = strawberry.enum_value("text", description="A short text is asked for.")
    DROPDOWN = strawberry.enum_value("dropdown", description="One option is right; it is chosen from a closed list.")
    ORDERING = strawberry.enum_value("ordering", description="The options are to be put in order.")
    MATCHING = strawberry.enum_value("matching", description="Each option on the left goes with one on the right.")


@strawberry.enum(description="How an attempt at a quiz stands.")
class QuizAttemptStatus(Enum):
    """What quiz_attempts.status holds."""

    IN_PROGRESS = strawberry.enum_value("in_progress", description="Begun and not handed in.")
    SUBMITTED = strawberry.enum_value("submitted", description="Handed in, not yet graded.")
    GRADED = strawberry.enum_value("graded", description="Graded.")


@strawberry.enum(description="How a submission stands.")
class SubmissionStatus(Enum):
    """What lab_submissions.status holds."""

    SUBMITTED = strawberry.enum_value("submitted", description="Handed in.")
    GRADING = strawberry.enum_value("grading", description="Being graded.")
    GRADED = strawberry.enum_value("graded", description="Graded.")
    RETURNED = strawberry.enum_value("returned", description="Given back, to be handed in again.")


@strawberry.enum(description="On which side of a matching question an option stands.")
class OptionSide(Enum):
    """The sides of payloads.Option."""

    LEFT = strawberry.enum_value("left", description="What is to be matched.")
    RIGHT = strawberry.enum_value("right", description="What it is to be matched with.")


@strawberry.type(description="Something to choose, to put in order or to match.")
class QuestionOption:
    """See payloads.Option; no `id`, which caches would take for one that is unique in the whole API."""

    key: str = computed(lambda option, _: option.id, "What names it within its question, for example a.")
    text: str = strawberry.field(description="What it says, in Markdown.")
    side: OptionSide | None = strawberry.field(description="Its side in a matching question; null in all others.")


@strawberry.type(description="Two options of a matching question that go together.")
class OptionPair:
    """See payloads.Pair."""

    left: str = computed(lambda pair, _: pair[0], "The key of the option on the left.")
    right: str = computed(lambda pair, _: pair[1], "The key of the option on the right.")


# questions


def _answer(name: str, description: str, *, empty: Any = None, size: int | None = None) -> Any:
    return attribute(("answer", name), description, empty=empty, size=size)


@strawberry.type(description="The right answer of a question; which fields it has follows from the question's type.")
class AnswerKey:
    """See payloads.Answer."""

    correct: list[str] = _answer(
        "correct", "Of choices and dropdowns: the keys of the right options.", empty=(), size=_OPTIONS
    )
    value: str | None = _answer("value", "Of numerical questions: the number, as exactly as it was written.")
    tolerance: str | None = _answer(
        "tolerance", "How far off a number may be, as a number or in per cent of it, for example 5%; null: not at all."
    )
    accepted: list[str] = _answer("accepted", "Of text questions: the texts that are right.", empty=(), size=2)
    is_case_sensitive: bool = _answer("case_sensitive", "Whether the case of a text matters.", empty=False)
    is_pattern: bool = _answer("is_pattern", "Whether the accepted texts are regular expressions.", empty=False)
    order: list[str] = _answer(
        "order", "Of ordering questions: the keys of all options, the first one first.", empty=(), size=_OPTIONS
    )
    pairs: list[OptionPair] = _answer("pairs", "Of matching questions: what goes together.", empty=(), size=_OPTIONS)
    explanation: str | None = strawberry.field(description="Why it is right, in Markdown.")


@strawberry.type(description="A quiz that draws from a question pool.")
class QuizUse:
    """See usage_loaders.UsesByPool."""

    is_published: bool = strawberry.field(
        description="Whether students see it: it is active, and its modules and its course are published."
    )
    quiz: QuizContent | None = edge(ItemById, "The quiz.")


@strawberry.type(
    description="What uses the questions of a pool, or one question: what to look at before it is changed."
)
class QuestionUsage:
    """See usage_loaders.UsageByPool."""

    quiz_count: int = strawberry.field(description="How many quizzes draw from the pool, in whatever course.")
    published_quiz_count: int = strawberry.field(description="How many of them students see.")
    open_attempt_count: int = strawberry.field(
        description="How many attempts with it are under way; they keep the versions that they drew."
    )
    finished_attempt_count: int = strawberry.field(description="How many attempts with it were handed in.")
    quizzes: CountedConnection[QuizUse] = page(
        UsesByPool, "The quizzes that draw from the pool and that the viewer sees, by id.", key="pool_id"
    )


_USAGE_WEIGHT = 10


@entity(QuestionById, "One version of a question of a pool; null for everybody but staff.")
class Question(Node):
    """See models.Question."""

    database_id: strawberry.ID = database_id()
    number: int = strawberry.field(description="Its place in the pool, from 1; all its versions share it.")
    version: int = strawberry.field(description="Its version, from 1.")
    type: QuestionType = strawberry.field(description="How it is asked and answered.")
    points: Decimal = strawberry.field(description="What a right answer is worth.")
    stem: str = strawberry.field(description="What is asked, in Markdown.")
    options: list[QuestionOption] = computed(
        lambda row, _: payloads.read_options(row["options_text"], row["id"]),
        "What there is to choose, to order or to match; empty for numerical and text questions.",
        size=_OPTIONS,
    )
    hints: list[str] = computed(
        lambda row, _: payloads.read_hints(row["hints_text"], row["id"]), "What may be asked for as help.", size=2
    )
    is_active: bool = strawberry.field(description="Whether it is drawn: at most one version of each number is.")
    created_at: datetime = strawberry.field(description="When it was added.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    pool: "QuestionPool | None" = edge(PoolById, "The pool it belongs to.", key="pool_id")
    answer_key: AnswerKey | None = edge(KeyByQuestion, "Its right answer; null while it has none.")
    versions: CountedConnection["Question"] = page(
        VersionsByQuestion, "All its versions, this one among them, by version; only the newest can be active."
    )
    usage: QuestionUsage | None = edge(
        UsageByQuestion,
        "The quizzes of its pool, and the attempts that met it in any version.",
        weight=_USAGE_WEIGHT,
    )


@strawberry.input(description=f"Which questions are wanted: those that meet every field given. {FILTER_RULE}")
class QuestionFilter:
    """See loaders.QuestionsByPool."""

    is_active: bool | None = optional("Whether they are drawn.")


@entity(PoolById, "A set of questions that quizzes draw from; null for everybody but staff.")
class QuestionPool(Node):
    """See models.QuestionPool."""

    database_id: strawberry.ID = database_id()
    title: str = strawberry.field(description="Its title.")
    version: int = strawberry.field(
        description="How often the pool itself was changed, from 1; its questions have versions of their own."
    )
    created_at: datetime = strawberry.field(description="When it was added.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    course: Course | None = edge(
        CourseById, "The course that alone draws from it; null: the whole university.", key="course_id"
    )
    questions: CountedConnection[Question] = page(
        QuestionsByPool, "Its questions in all their versions, by number and version.", filters=QuestionFilter
    )
    usage: QuestionUsage | None = edge(
        UsageByPool, "The quizzes that draw from it, and the attempts that met its questions.", weight=_USAGE_WEIGHT
    )


@strawberry.input(description=f"Which question pools are wanted: those that meet every field given. {FILTER_RULE}")
class QuestionPoolFilter:
    """See loaders.PoolsByUniversity."""

    is_shared: bool | None = optional("Whether they are of no course, but of the whole university.")


# quiz attempts


@strawberry.type(description="What a person answered; which fields it has follows from the question's type.")
class QuestionResponse:
    """See payloads.Response."""

    chosen: list[str] = plain_list("Of choices and dropdowns: the keys of the chosen options.", size=_OPTIONS)
    value: str | None = strawberry.field(description="Of numerical questions: the number, as it was typed.")
    text: str | None = strawberry.field(description="Of text questions: the text.")
    order: list[str] = plain_list("Of ordering questions: the keys, the first one first.", size=_OPTIONS)
    pairs: list[OptionPair] = plain_list("Of matching questions: what was put together.", size=_OPTIONS)


def _drawn(name: str, description: str, *, empty: Any = None, size: int | None = None) -> Any:
    """What the person saw of the question."""
    return attribute(("snapshot", name), description, empty=empty, size=size)


def _question_for_staff(row: Row, context: Context) -> int | None:
    return row["question_id"] if context.viewer.is_staff else None


def _key_of(keys: list[Row], row: Row) -> Row | None:
    return next((key for key in keys if key["position"] == row["position"]), None)


@strawberry.type(description="A question as it was drawn for an attempt: what the person saw, and what was answered.")
class AttemptQuestion:
    """See models.QuizAttemptQuestion and payloads.Snapshot."""

    position: int = strawberry.field(description="Its place in the attempt, from 1.")
    points: Decimal = strawberry.field(description="What a right answer is worth.")
    type: QuestionType | None = _drawn("type", "How it was asked.")
    stem: str | None = _drawn("stem", "What was asked, in Markdown.")
    options: list[QuestionOption] = _drawn(
        "options", "What there was to choose, in the order in which it was shown.", empty=(), size=_OPTIONS
    )
    hints: list[str] = _drawn("hints", "What could be asked for as help.", empty=(), size=2)
    response: QuestionResponse | None = computed(
        lambda row, _: row.response, "What the person answered; null as long as there is no answer."
    )
    points_awarded: Decimal | None = strawberry.field(description="What the answer was worth; null until it is graded.")
    answer_key: AnswerKey | None = edge(
        KeysByAttempt,
        "Its right answer, and why it is right; null until it may be told (see `QuizAttempt.review`), for staff as in"
        " `question`.",
        key="attempt_id",
        pick=_key_of,
    )
    question: Question | None = edge(
        QuestionById,
        "The version that was drawn, with its right answer; null for everybody but staff.",
        key=_question_for_staff,
    )


@strawberry.enum(description="Why the right answers of an attempt are not told to its person yet.")
class ReviewHold(Enum):
    """What policy.answers_held_back gives."""

    NOT_SUBMITTED = strawberry.enum_value("not_submitted", description="The attempt is not handed in.")
    ATTEMPT_OPEN = strawberry.enum_value("attempt_open", description="Another attempt at the quiz is not handed in.")
    NOT_CLOSED = strawberry.enum_value(
        "not_closed", description="It is an exam that is not over for everybody; `availableAt` tells when it is."
    )
    ATTEMPTS_LEFT = strawberry.enum_value(
        "attempts_left", description="It is an exam that is never locked, and the person has attempts left."
    )


@strawberry.type(description="Whether the right answers of an attempt are told to its person. Staff see them anyway.")
class AttemptReview:
    """See loaders.ReviewByAttempt."""

    is_available: bool = computed(lambda row, _: row["held_back"] is None, "Whether they are told.")
    held_back: ReviewHold | None = strawberry.field(description="Why they are not; null where they are.")
    available_at: datetime | None = strawberry.field(
        description="When the exam is over for everybody in the offering; null for practice, and where that is never."
    )


@entity(AttemptById, "One attempt of a person at a quiz.")
class QuizAttempt(Node):
    """See models.QuizAttempt."""

    database_id: strawberry.ID = database_id()
    attempt_number: int = strawberry.field(description="The person's first attempt at the quiz is 1.")
    status: QuizAttemptStatus = strawberry.field(description="How it stands.")
    started_at: datetime = strawberry.field(description="When it was begun.")
    submitted_at: datetime | None = strawberry.field(description="When it was handed in; null until then.")
    deadline_at: datetime | None = strawberry.field(description="When it must be handed in; null without a time limit.")
    score_obtained: Decimal | None = strawberry.field(description="The points reached; null until it is graded.")
    max_score: Decimal | None = strawberry.field(description="The points that can be reached.")
    passed: bool | None = strawberry.field(description="Whether it was passed; null until it is graded.")
    revision: int = strawberry.field(description="The revision of the quiz that it met.")
    correct_in_row: int | None = strawberry.field(
        description="How many questions in a row, the last one of this attempt among them, were answered rightly,"
        " counted over all attempts in their order; null until it is handed in."
    )
    longest_in_row: int | None = strawberry.field(
        description="The most that there have been in a row, in this attempt and those before; what the quiz's mastery"
        " asks for; null until it is handed in."
    )
    review: AttemptReview | None = edge(ReviewByAttempt, "Whether its right answers are told to its person.")
    user: User | None = edge(UserById, "The person.", key="user_id")
    offering: CourseOffering | None = edge(OfferingById, "The offering.", key="course_offering_id")
    quiz: QuizContent | None = edge(
        ItemById, "The quiz; null when the viewer may not see it now.", key="content_item_id"
    )
    questions: list[AttemptQuestion] = edge(
        QuestionsByAttempt, "The questions that were drawn, in their order.", size=_QUESTIONS
    )


# submissions


@strawberry.type(description="What a test of a submission found.")
class TestResult:
    """See payloads.Outcome."""

    name: str = strawberry.field(description="What the test is called.")
    passed: bool = strawberry.field(description="Whether the work passed it.")
    points: Decimal | None = strawberry.field(description="What it brought; null where tests bring no points.")
    message: str | None = strawberry.field(description="What it said; null when it said nothing.")


def _results(name: str, description: str) -> Any:
    return computed(lambda row, _: payloads.read_results(row[f"{name}_text"], row["id"]), description, size=_OPTIONS)


def _automatic(row: Row, _context: Context) -> list[payloads.Outcome]:
    grade = payloads.read_auto_grade(row["auto_grade_json_text"], row["id"])
    return [] if grade is None else grade.tests


@strawberry.type(description="What only staff may know of a submission.")
class SubmissionStaffDetails:
    """The source is the row of the submission."""

    hidden_results: list[TestResult] = _results("hidden_results", "The tests that students don't see.")
    auto_grade_results: list[TestResult] = computed(
        _automatic, "All tests, as the automatic grader reported them.", size=_OPTIONS
    )
    graded_by: User | None = edge(
        UserById, "Who graded it; null until then, and when nobody but the automatic grader did.", key="graded_by"
    )


_FILES = 10
_CRITERIA = 10


@strawberry.type(description="One degree to which a criterion can be met.")
class RubricRating:
    """See models.RubricRating."""

    title: str = strawberry.field(description="What it is called.")
    points: Decimal = strawberry.field(description="What it is worth.")


@strawberry.type(description="One thing that a lab or an assignment is graded by.")
class RubricCriterion:
    """See models.RubricCriterion."""

    id: strawberry.ID = global_id()
    title: str = strawberry.field(description="What it is called.")
    description: str | None = strawberry.field(description="What it asks for; null when it says nothing.")
    points: Decimal = strawberry.field(description="What it is worth at most.")
    ratings: list[RubricRating] = edge(RatingsByCriterion, "Degrees to which it can be met, in their order.", size=5)


@strawberry.type(description="What one criterion got, as the rubric was when the work was graded.")
class RubricJudgement:
    """See payloads.Judgement."""

    title: str = strawberry.field(description="What the criterion is called.")
    points: Decimal = strawberry.field(description="What it got, before any penalty.")
    max_points: Decimal = computed(lambda judgement, _: judgement.most, "What it could have got.")
    comment: str | None = strawberry.field(description="What the grader says of it; null when nothing.")


@strawberry.enum(description="What has become of an upload.")
class UploadState(Enum):
    """What uploads.state holds."""

    PENDING = strawberry.enum_value("pending", description="It was promised; it is to be sent to its `target`.")
    STORED = strawberry.enum_value(
        "stored", description="It was sent, and waits to be handed in, or used, until `expiresAt`."
    )
    ATTACHED = strawberry.enum_value("attached", description="It is part of a submission, or an asset.")


@strawberry.type(description="A header of a request.")
class RequestHeader:
    """The source is a pair of texts."""

    name: str = computed(lambda pair, _: pair[0], "Its name.")
    value: str = computed(lambda pair, _: pair[1], "Its value.")


@strawberry.type(
    description="Where a file is to be sent, whose bytes are the whole body, with their number. Who has it may use it."
)
class UploadTarget:
    """See files.Target."""

    url: str = strawberry.field(description="The address; one that begins with / is of the server of this API.")
    method: str = strawberry.field(description="The method of the request.")
    headers: list[RequestHeader] = computed(
        lambda target, _: list(target.headers.items()), "The headers that the request must have.", size=2
    )
    expires_at: datetime = strawberry.field(description="Until when it is good; ask for the upload again for another.")


def stored_file(row: Row) -> StoredFile:
    """What the store must know of an upload."""
    return StoredFile(
        row["university_id"], row["id"], row["user_id"], row["file_name"], row["media_type"], row["size_bytes"]
    )


def _target(row: Row, context: Context) -> Target | None:
    """For its owner alone, and for nobody who looks as they do."""
    is_own = row["user_id"] == context.viewer.user_id and context.viewer.seen_by is None
    wanted = is_own and row["state"] == "pending"
    return context.service(Files).store.target(stored_file(row)) if wanted else None


def _file_url(row: Row, context: Context) -> str | None:
    return None if row["state"] == "pending" else context.service(Files).store.url(stored_file(row), row["sha256"])


@entity(
    UploadById,
    "A file of a person. For a lab or an assignment it is seen by them and, once handed in, by their graders; for a"
    " course, by them.",
)
class Upload(Node):
    """See models.Upload."""

    database_id: strawberry.ID = database_id()
    file_name: str = strawberry.field(description="What the person calls it, without folders.")
    media_type: str = strawberry.field(description="Its media type, of those that are taken.")
    size_bytes: int = strawberry.field(description="Its size in bytes.")
    state: UploadState = strawberry.field(description="What has become of it.")
    sha256: str | None = computed(
        lambda row, _: None if row["sha256"] is None else row["sha256"].hex(),
        "The SHA-256 of what was sent, as 64 hexadecimal digits; null until then.",
    )
    created_at: datetime = strawberry.field(description="When it was promised.")
    expires_at: datetime = strawberry.field(
        description="When it is gone unless it is part of a submission or an asset."
    )
    target: UploadTarget | None = computed(
        _target, "Where its owner sends it, good for 15 minutes; null once it was sent, and for everybody else."
    )
    url: str | None = computed(
        _file_url, "Where it can be fetched by GET, good for 10 minutes, to be saved; null until it was sent."
    )


@entity(SubmissionById, "Work that a person handed in for a lab or an assignment.")
class Submission(Node):
    """See models.LabSubmission. What is null until the grade is posted is null in the database's answer already."""

    database_id: strawberry.ID = database_id()
    attempt_number: int = strawberry.field(description="The person's first submission for the item is 1.")
    status: SubmissionStatus = strawberry.field(description="How it stands.")
    submitted_at: datetime = strawberry.field(description="When it was handed in.")
    artifacts_url: str | None = strawberry.field(description="Where what was handed in can be fetched.")
    text: str | None = column("body", "What was handed in as text; null without one.")
    late_seconds: int = strawberry.field(description="How many seconds after the due date it came; 0: in time.")
    late_penalty_percent: Decimal = strawberry.field(
        description="What being late takes from the score, in percent of it, 0 to 100."
    )
    revision: int = strawberry.field(description="The revision of the item that it met.")
    graded_at: datetime | None = strawberry.field(description="When it was graded; null until then.")
    posted_at: datetime | None = strawberry.field(
        description="From when on the person sees the grade; null while that is not settled."
    )
    score: Decimal | None = column(
        "score_obtained", "The points reached; null until it is graded, for all but staff until it is posted."
    )
    raw_score: Decimal | None = strawberry.field(
        description="The points before the penalty for being late; null where `score` is, and where none was reckoned."
    )
    max_score: Decimal | None = strawberry.field(
        description="The points that can be reached; null for all but staff until the grade is posted."
    )
    feedback: str | None = column(
        "instructor_feedback", "What the grader says; null for all but staff until the grade is posted."
    )
    rubric_result: list[RubricJudgement] = computed(
        lambda row, _: payloads.read_judgements(row["rubric_result_text"], row["id"]),
        "What each criterion got; empty without a rubric, and for all but staff until the grade is posted.",
        size=_CRITERIA,
    )
    files: list[Upload] = edge(FilesBySubmission, "The files that were handed in, in their order.", size=_FILES)
    public_results: list[TestResult] = _results("public_results", "The tests that students may see.")
    staff_details: SubmissionStaffDetails | None = computed(
        lambda row, context: row if row_is_reached(context.viewer, row) else None,
        "What only staff may know; null for everybody else.",
    )
    user: User | None = edge(UserById, "The person.", key="user_id")
    offering: CourseOffering | None = edge(OfferingById, "The offering.", key="course_offering_id")
    item: Content | None = edge(
        ItemById, "The lab or the assignment; null when the viewer may not see it now.", key="content_item_id"
    )


@strawberry.input(description=f"Which submissions are wanted: those that meet every field given. {FILTER_RULE}")
class SubmissionFilter:
    """See loaders.SubmissionsByOffering."""

    item: strawberry.ID | None = optional("For this lab or assignment.")
