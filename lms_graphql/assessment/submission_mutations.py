"""The fields of Mutation about labs and assignments: handing in and grading."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import strawberry

from lms_graphql.assessment import completing, grading, labs, policy, posting, rubrics, running, submitting, uploading
from lms_graphql.assessment.loaders import SubmissionById, UploadById
from lms_graphql.assessment.types import Submission, Upload, stored_file
from lms_graphql.catalog.loaders import OfferingById
from lms_graphql.catalog.types import CourseOffering
from lms_graphql.content.loaders import ItemById
from lms_graphql.content.types import Content, EnvironmentVariable, LabGrading
from lms_graphql.engine.context import Context
from lms_graphql.engine.edges import computed, edge, optional, plain_list
from lms_graphql.engine.mutations import changed, mutation, own_mutation, told, user_errors
from lms_graphql.engine.usererrors import UserError, UserErrorCode, UserFailure
from lms_graphql.storage.files import Files

_GRADES = 100


@strawberry.input(
    description="What is handed in for a lab or an assignment: a text, an address, files, or some of them."
)
class SubmitWorkInput:
    """The input of `submitWork`."""

    offering_id: strawberry.ID = strawberry.field(description="The offering that the viewer is enrolled in.")
    content_item_id: strawberry.ID = strawberry.field(description="The lab or the assignment.")
    text: str | None = optional("A text of at most 100,000 characters.")
    url: str | None = optional("Where the work can be fetched: http or https, at most 1024 characters.")
    upload_ids: list[strawberry.ID] | None = optional("At most 10 uploads of the viewer's that have been sent.")


@strawberry.type(description="What `submitWork` gives.")
class SubmitWorkPayload:
    """The payload of `submitWork`."""

    submission: Submission | None = changed(SubmissionById, "submission_id", "The new one; null where it was refused.")
    errors: list[UserError] = user_errors()


@strawberry.input(description="A file that is to be handed in for a lab or an assignment, as it will be sent.")
class RequestUploadInput:
    """The input of `requestUpload`."""

    offering_id: strawberry.ID = strawberry.field(description="The offering that the viewer is enrolled in.")
    content_item_id: strawberry.ID = strawberry.field(description="The lab or the assignment.")
    file_name: str = strawberry.field(description="What the person calls it, without folders: at most 255 characters.")
    media_type: str = strawberry.field(
        description="Its media type, for example application/pdf; the error of one that is not taken lists all."
    )
    size_bytes: int = strawberry.field(description="Its exact size in bytes.")


@strawberry.type(description="What `requestUpload` gives.")
class RequestUploadPayload:
    """The payload of `requestUpload`."""

    upload: Upload | None = changed(
        UploadById, "upload_id", "The file that is waited for, with its `target`; null where it was refused."
    )
    errors: list[UserError] = user_errors()


@strawberry.input(description="A file that was sent.")
class CompleteUploadInput:
    """The input of `completeUpload`."""

    upload_id: strawberry.ID = strawberry.field(description="The upload, of the viewer's own.")


@strawberry.type(description="What `completeUpload` gives.")
class CompleteUploadPayload:
    """The payload of `completeUpload`."""

    upload: Upload | None = changed(
        UploadById, "upload_id", "The upload, which can be handed in; null where it was refused."
    )
    errors: list[UserError] = user_errors()


@strawberry.input(description="One degree to which a criterion can be met.")
class RubricRatingInput:
    """One rating of a criterion."""

    title: str = strawberry.field(description="What it is called: one line of at most 255 characters.")
    points: Decimal = strawberry.field(description="What it is worth, from 0 to what the criterion is.")


@strawberry.input(description="One thing that a lab or an assignment is graded by.")
class RubricCriterionInput:
    """One criterion of a rubric."""

    title: str = strawberry.field(description="What it is called: one line of at most 255 characters.")
    description: str | None = optional("What it asks for, at most 2000 characters.")
    points: Decimal = strawberry.field(description="What it is worth at most, up to 9999.99.")
    ratings: list[RubricRatingInput] | None = optional("At most 10 degrees to which it can be met, in order.")


@strawberry.input(description="By what a lab or an assignment is graded from now on.")
class SetRubricInput:
    """The input of `setRubric`."""

    content_item_id: strawberry.ID = strawberry.field(description="The lab or the assignment.")
    criteria: list[RubricCriterionInput] = strawberry.field(
        description="At most 20 criteria in their order, in place of those before; none: without a rubric."
    )


@strawberry.type(description="What `setRubric` gives.")
class SetRubricPayload:
    """The payload of `setRubric`."""

    item: Content | None = changed(ItemById, "item_id", "The lab or the assignment; null where it was refused.")
    errors: list[UserError] = user_errors()


@strawberry.input(description="What one criterion of the item's rubric gets.")
class RubricJudgementInput:
    """One row of the rubric of a grade."""

    criterion_id: strawberry.ID = strawberry.field(description="The criterion.")
    points: Decimal = strawberry.field(description="Its points, from 0 to what it is worth.")
    comment: str | None = optional("What the person is told of it, at most 2000 characters.")


@strawberry.input(description="A grade for one submission.")
class GradeInput:
    """One row of the input of `gradeSubmissions`."""

    submission_id: strawberry.ID = strawberry.field(description="The submission.")
    score: Decimal = strawberry.field(
        description="The points before any penalty, from 0 to what can be reached, with at most two decimal places."
    )
    feedback: str | None = optional(
        "What the person is told, at most 20,000 characters; null takes back what was said, and left out it stays."
    )
    rubric: list[RubricJudgementInput] | None = optional(
        "What each criterion of the item's rubric gets, which must make the score; left out, none is kept."
    )
    waive_penalty: bool | None = optional("Whether nothing is taken from the score for being late; default false.")


@strawberry.input(description="Grades for several submissions; each is given or refused by itself.")
class GradeSubmissionsInput:
    """The input of `gradeSubmissions`."""

    grades: list[GradeInput] = strawberry.field(description="1 to 500 grades, each of another submission.")
    dry_run: bool | None = optional("Whether it is only told what would be refused; default false.")


def _failure(result: grading.Result, _context: Context) -> UserFailure | None:
    """Why a grade was refused."""
    if result.failure is None:
        return None
    code, message, path = result.failure
    return UserFailure(UserErrorCode[code], message, tuple(path))


@strawberry.type(description="What became of one grade.")
class GradeResult:
    """See grading.Result."""

    index: int = computed(lambda result, _: result.place, "Its place in the input, from 0.")
    submission: Submission | None = edge(
        SubmissionById,
        "The submission as it is now; null where the grade was refused.",
        key=lambda result, _context: result.submission_id,
    )
    error: UserError | None = computed(_failure, "Why it was refused; null where it was given, or would be.")


@strawberry.type(description="What `gradeSubmissions` gives.")
class GradeSubmissionsPayload:
    """The payload of `gradeSubmissions`."""

    results: list[GradeResult] = computed(
        lambda payload, _: [grading.Result(*result) for result in payload.keys.get("results", ())],
        "One for each grade of the input, in its order; empty where all was refused at once.",
        size=_GRADES,
    )
    errors: list[UserError] = user_errors()


@strawberry.input(description="Whose results for a lab or an assignment are shown to them, or hidden from them.")
class ReleaseGradesInput:
    """The input of `releaseGrades` and `hideGrades`."""

    offering_id: strawberry.ID = strawberry.field(description="The offering.")
    content_item_id: strawberry.ID = strawberry.field(description="The lab or the assignment.")
    user_ids: list[strawberry.ID] | None = optional("1 to 1000 people who are enrolled; left out: all.")


@strawberry.type(description="What `releaseGrades` and `hideGrades` give.")
class ReleaseGradesPayload:
    """The payload of `releaseGrades` and `hideGrades`."""

    offering: CourseOffering | None = changed(OfferingById, "offering_id", "The offering; null where it was refused.")
    changed_count: int | None = told(
        "count", "How many submissions are now shown, or hidden, that were not; null where it was refused."
    )
    errors: list[UserError] = user_errors()


@strawberry.input(description="Which submission a grader takes: one that it names, or the next that waits.")
class ClaimGradingRunInput:
    """The input of `claimGradingRun`."""

    submission_id: strawberry.ID | None = optional("This submission.")
    offering_id: strawberry.ID | None = optional("The lab of this offering that waits longest and that nobody has.")
    lease_minutes: int | None = optional("For how long nobody else gets it: 1 to 120 minutes, default 15.")


@strawberry.type(description="A file that a grader needs.")
class GradingFile:
    """The source is a row of `uploads`."""

    file_name: str = strawberry.field(description="What the person calls it, without folders.")
    media_type: str = strawberry.field(description="Its media type.")
    size_bytes: int = strawberry.field(description="Its size in bytes.")
    sha256: str = computed(lambda row, _: row["sha256"].hex(), "Its SHA-256, as 64 hexadecimal digits.")
    url: str = computed(
        lambda row, context: context.service(Files).store.url(stored_file(row), row["sha256"]),
        "Where it can be fetched by GET, good for 10 minutes.",
    )


def _file_of_lab_url(file: labs.LabFile, context: Context) -> str | None:
    """Its own address, or of an upload one of the store, good for a short time."""
    if file.asset is None or file.asset["id"] is None:
        return None if file.asset is None else str(file.asset["url"])
    return context.service(Files).store.url(stored_file(file.asset), file.asset["sha256"])


@strawberry.type(description="A file of a lab, for its grader: also what students don't see.")
class GradingLabFile:
    """See labs.LabFile."""

    path: str = strawberry.field(description="Its path in the lab's folder.")
    role: str = strawberry.field(description="student_visible, or hidden_test for graders and staff.")
    url: str | None = computed(
        _file_of_lab_url,
        "Where it can be fetched by GET, an upload of ours within 10 minutes; null where the container's image has it.",
    )


def _of_lab(name: str, description: str) -> Any:
    return computed(lambda lab, _: getattr(lab.payload, name), description)


@strawberry.type(description="What a lab runs in, for its grader: as it was at the revision that the submission met.")
class GradingLab:
    """See labs.Lab."""

    lab_type: str | None = _of_lab("lab_type", "What kind of work it is, for example code.")
    runtime: str | None = _of_lab("runtime", "What it runs on, for example python-datascience.")
    container_image: str | None = _of_lab("container_image", "The image that it runs in.")
    cpu_limit: str | None = _of_lab("cpu_limit", "How many processors it gets.")
    memory_limit: str | None = _of_lab("memory_limit", "How much memory it gets, for example 2Gi.")
    timeout_seconds: int | None = _of_lab("timeout_seconds", "How long it may run.")
    entrypoint: str | None = _of_lab("entrypoint", "What is started in it.")
    grading: LabGrading | None = _of_lab("grading", "How it is graded.")
    env: list[EnvironmentVariable] = computed(
        lambda lab, _: sorted(lab.payload.env.items()), "The variables of its environment, by name.", size=5
    )
    files: list[GradingLabFile] = plain_list("All its files, the hidden tests too, in order.", size=5)


@strawberry.type(
    description="That a grader has taken a submission, with what it needs to grade it, and not whose it is."
)
class GradingRun:
    """See running.Taken."""

    id: strawberry.ID = strawberry.field(description="The global id of the run, for `reportGradingRun`.")
    lease_until: datetime = strawberry.field(description="Until when it must report; then another may claim it.")
    submission_id: strawberry.ID = strawberry.field(description="The global id of the submission.")
    offering_id: strawberry.ID = strawberry.field(description="The global id of the offering.")
    content_item_id: strawberry.ID = strawberry.field(description="The global id of the lab or the assignment.")
    attempt_number: int = strawberry.field(description="The person's first submission for the item is 1.")
    revision: int = strawberry.field(description="The revision of the item that it met.")
    submitted_at: datetime = strawberry.field(description="When it was handed in.")
    text: str | None = strawberry.field(description="What was handed in as text; null without one.")
    url: str | None = strawberry.field(description="Where the work can be fetched; null without an address.")
    files: list[GradingFile] = computed(lambda taken, _: taken.files, "The files that were handed in.", size=10)
    lab: GradingLab | None = strawberry.field(
        description="The lab that it is for; null for an assignment, and for a lab that can't be read."
    )


@strawberry.type(description="What `claimGradingRun` gives.")
class ClaimGradingRunPayload:
    """The payload of `claimGradingRun`."""

    run: GradingRun | None = told("run", "The run; null where it was refused, and where nothing waits.")
    errors: list[UserError] = user_errors()


@strawberry.input(description="What one test found.")
class TestResultInput:
    """One test of a report."""

    name: str = strawberry.field(description="What the test is called: one line of at most 200 characters.")
    passed: bool = strawberry.field(description="Whether the work passed it.")
    points: Decimal | None = optional("What it brought; null where tests bring no points.")
    message: str | None = optional("What it said, at most 4000 characters.")


@strawberry.input(description="What a grading run found. The same report again changes nothing.")
class ReportGradingRunInput:
    """The input of `reportGradingRun`."""

    run_id: strawberry.ID = strawberry.field(description="The run, claimed by the same token.")
    public_results: list[TestResultInput] = strawberry.field(
        description="At most 200 tests that the person may see, at once."
    )
    hidden_results: list[TestResultInput] | None = optional("At most 200 tests that staff alone may see.")
    score: Decimal = strawberry.field(
        description="The points before any penalty, from 0 to `maxScore`, with at most two decimal places."
    )
    max_score: Decimal = strawberry.field(description="The points that could be reached, at most 9999.99.")


@strawberry.type(description="What `reportGradingRun` gives.")
class ReportGradingRunPayload:
    """The payload of `reportGradingRun`."""

    run_id: strawberry.ID | None = told("run_id", "The run whose report is kept; null where it was refused.")
    errors: list[UserError] = user_errors()


@strawberry.type
class SubmissionMutation:
    """Joined into Mutation."""

    submit_work: SubmitWorkPayload | None = mutation(
        submitting.submit_work,
        SubmitWorkInput,
        "Hand in for a lab or an assignment of an offering that the viewer is enrolled in.",
        may=policy.may_hand_in,
    )
    request_upload: RequestUploadPayload | None = mutation(
        uploading.request_upload,
        RequestUploadInput,
        "Ask where to send a file, to hand it in with `submitWork` within a day; what is not handed in is deleted.",
        may=policy.may_hand_in,
    )
    complete_upload: CompleteUploadPayload | None = own_mutation(
        completing.complete_upload,
        CompleteUploadInput,
        "Say that a file was sent to its `target`. It is looked at, and deleted if it is not as promised. A target of"
        " this server (an address that begins with /) needs it not, and a second time changes nothing.",
        may=policy.may_hand_in,
        weight=50,
    )
    set_rubric: SetRubricPayload | None = mutation(
        rubrics.set_rubric,
        SetRubricInput,
        "Settle by what a lab or an assignment is graded, in all offerings of its course.",
        may=policy.may_set_rubrics,
    )
    grade_submissions: GradeSubmissionsPayload | None = mutation(
        grading.grade_submissions,
        GradeSubmissionsInput,
        "Grade submissions of people in the viewer's reach; it stays hidden from them until it is released.",
        may=policy.may_grade_people,
        weight=50,
    )
    release_grades: ReleaseGradesPayload | None = mutation(
        posting.release_grades,
        ReleaseGradesInput,
        "Show what was graded for a lab or an assignment to its people, from now on.",
        may=policy.may_post_grades,
        weight=50,
    )
    hide_grades: ReleaseGradesPayload | None = mutation(
        posting.hide_grades,
        ReleaseGradesInput,
        "Hide what was graded for a lab or an assignment from its people again.",
        may=policy.may_post_grades,
        weight=50,
    )
    claim_grading_run: ClaimGradingRunPayload | None = mutation(
        running.claim_grading_run,
        ClaimGradingRunInput,
        "Take a submission to grade it, for a service with a token for lab:grade. Nobody else gets it meanwhile.",
        may=policy.may_grade_by_machine,
        for_services=True,
    )
    report_grading_run: ReportGradingRunPayload | None = mutation(
        running.report_grading_run,
        ReportGradingRunInput,
        "Give the results of a run, once, for the service that claimed it. A person's grade is not written over.",
        may=policy.may_grade_by_machine,
        for_services=True,
    )
