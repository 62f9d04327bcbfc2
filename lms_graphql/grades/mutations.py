"""The fields of Mutation about how grades are made, and what they are."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import strawberry

from lms_graphql.catalog.loaders import OfferingById
from lms_graphql.catalog.types import CourseOffering
from lms_graphql.engine.context import Context
from lms_graphql.engine.edges import computed, optional, plain_list
from lms_graphql.engine.mutations import Payload, changed, mutation, told, user_errors
from lms_graphql.engine.usererrors import UserError, UserErrorCode, UserFailure
from lms_graphql.grades import items, overriding, policy, policymaking, releasing, scoring
from lms_graphql.grades.loaders import GradeById, GradeItemById, PolicyById
from lms_graphql.grades.types import CourseGrade, GradeItem, GradingPolicy
from lms_graphql.jobs.loaders import JobById
from lms_graphql.jobs.types import Job

_REASON = "Why, in one line of at most 1000 characters; it is kept with the change."
_REGRADING = "What works the grades out anew; null where it was refused, or nothing has changed."


def _job() -> Any:
    return changed(JobById, "job_id", _REGRADING)


# ---- the policy


@strawberry.input(description="A letter, and the lowest score that earns it.")
class LetterGradeInput:
    """A part of `UpdateGradingPolicyInput`."""

    letter: str = strawberry.field(description="The letter, at most 8 characters, for example A-.")
    lowest_score: Decimal = strawberry.field(description="The lowest score in percent that earns it.")


@strawberry.input(description="A category of a policy.")
class GradeCategoryInput:
    """A part of `UpdateGradingPolicyInput`."""

    id: strawberry.ID | None = optional(
        "The global id of a category of this policy, to keep it under another name; else it is known by its name."
    )
    name: str = strawberry.field(description="Its name, unique in the policy, at most 255 characters.")
    weight: Decimal = strawberry.field(description="Its weight in percent, 0 to 100; what all come to need not be 100.")
    drop_lowest: int | None = optional("How many of the lowest scores are left out; 0 if not given.")
    drop_highest: int | None = optional("How many of the highest scores are left out; 0 if not given.")
    min_count: int | None = optional(
        "How many scores are wanted at least: what is missing counts as 0. 0 if not given."
    )
    extra_credit: bool | None = optional("Whether what it gives is added on top of the others; false if not given.")


@strawberry.input(description="How a course, or one offering of it, is graded from now on: all of it.")
class UpdateGradingPolicyInput:
    """The input of `updateGradingPolicy`."""

    course_id: strawberry.ID | None = optional("The course whose policy it is; this or `offeringId`.")
    offering_id: strawberry.ID | None = optional("The offering that gets a policy of its own; this or `courseId`.")
    pass_mark: Decimal = strawberry.field(description="The lowest score in percent with which one passes, 0 to 100.")
    letter_scheme: list[LetterGradeInput] = strawberry.field(description="The letters; none for a course without any.")
    categories: list[GradeCategoryInput] = strawberry.field(
        description="The categories in order, at most 50. One that is left out is removed, and its items count nowhere."
    )
    expected_version: int | None = optional(
        "`version` of the policy as it was read, 0 for none; then a change meanwhile is refused."
    )


@strawberry.type(description="What `updateGradingPolicy` gives.")
class UpdateGradingPolicyPayload:
    """The payload of `updateGradingPolicy`."""

    policy: GradingPolicy | None = changed(PolicyById, "policy_id", "The policy; null where it was refused.")
    job: Job | None = _job()
    errors: list[UserError] = user_errors()


# ---- what is graded


@strawberry.input(description="Something that is graded and is no content item.")
class CreateGradeItemInput:
    """The input of `createGradeItem`."""

    offering_id: strawberry.ID = strawberry.field(description="The global id of the offering.")
    title: str = strawberry.field(description="Its title, unique in the offering, at most 255 characters.")
    points: Decimal = strawberry.field(description="What perfect work is worth, 0.01 to 9999.99.")
    held_at: datetime | None = optional("When it takes place.")
    category_id: strawberry.ID | None = optional("The category it counts in; without one it counts nowhere.")


@strawberry.input(description="What of a grade item is changed: the fields that are given.")
class UpdateGradeItemInput:
    """The input of `updateGradeItem`."""

    grade_item_id: strawberry.ID = strawberry.field(description="The global id of the grade item.")
    title: str | None = optional("Its new title.")
    points: Decimal | None = optional("What perfect work is worth, 0.01 to 9999.99.")
    held_at: datetime | None = optional("When it takes place; null: nobody has said.")
    category_id: strawberry.ID | None = optional("The category it counts in; null: none.")


@strawberry.type(description="What `createGradeItem` and `updateGradeItem` give.")
class GradeItemPayload:
    """The payload of mutations of a grade item."""

    grade_item: GradeItem | None = changed(GradeItemById, "grade_item_id", "The item; null where it was refused.")
    job: Job | None = _job()
    errors: list[UserError] = user_errors()


# ---- scores


@strawberry.input(description="What one person got.")
class ScoreInput:
    """A part of `RecordScoresInput`."""

    user_id: strawberry.ID = strawberry.field(description="The global id of the person.")
    score: Decimal | None = strawberry.field(
        description="The score in points, 0 to 9999.99; null takes back what is there."
    )


@strawberry.input(description="What people got for a grade item.")
class RecordScoresInput:
    """The input of `recordScores`."""

    grade_item_id: strawberry.ID = strawberry.field(description="The global id of the grade item.")
    scores: list[ScoreInput] = strawberry.field(description="1 to 500 people, each once.")
    post: bool | None = optional("Whether they see their scores from now on. If not given, what is hidden stays so.")
    dry_run: bool | None = optional("Whether to say what would happen, and keep nothing; false if not given.")


class RowResult(msgspec.Struct, frozen=True):
    """What became of one row: scores as text, as keys under an Idempotency-Key are kept."""

    user_id: str
    score: Decimal | None
    old_score: Decimal | None
    errors: list[UserFailure]


def _results(payload: Payload, _context: Context) -> list[RowResult]:
    return [_row_result(row) for row in payload.keys.get("results", ())]


def _row_result(row: Mapping[str, Any]) -> RowResult:
    failure = row["failure"]
    errors = [] if failure is None else [UserFailure(UserErrorCode[failure[0]], failure[1], tuple(failure[2]))]
    score, old = (None if row[name] is None else Decimal(row[name]) for name in ("score", "old_score"))
    return RowResult(row["user_id"], score, old, errors)


@strawberry.type(description="What became of one row of `recordScores`.")
class RecordedScore:
    """The source is a RowResult."""

    user_id: strawberry.ID = strawberry.field(description="The person, as the row named them.")
    score: Decimal | None = strawberry.field(description="The score that is there now; null where there is none.")
    old_score: Decimal | None = strawberry.field(description="The score that was there before; null for none.")
    errors: list[UserError] = plain_list("Why this row was not taken; empty where it was.", size=1)


@strawberry.type(description="What `recordScores` gives.")
class RecordScoresPayload:
    """The payload of `recordScores`."""

    grade_item: GradeItem | None = changed(GradeItemById, "grade_item_id", "The item; null where all was refused.")
    results: list[RecordedScore] = computed(_results, "One for each row, in the rows' order.", size=100)
    is_dry_run: bool | None = told("dry_run", "Whether nothing was kept; null where all was refused.")
    errors: list[UserError] = user_errors()


# ---- by hand


@strawberry.input(description="A final grade that is set by hand.")
class OverrideGradeInput:
    """The input of `overrideGrade`."""

    offering_id: strawberry.ID = strawberry.field(description="The global id of the offering.")
    user_id: strawberry.ID = strawberry.field(description="The global id of the person.")
    final_score: Decimal = strawberry.field(description="The final score, 0 to 9999.99.")
    letter_grade: str | None = optional("The letter, at most 8 characters; if not given, that of the policy.")
    reason: str = strawberry.field(description=_REASON)


@strawberry.input(description="Whose final grade is worked out again.")
class RemoveOverrideInput:
    """The input of `removeOverride`."""

    offering_id: strawberry.ID = strawberry.field(description="The global id of the offering.")
    user_id: strawberry.ID = strawberry.field(description="The global id of the person.")
    reason: str = strawberry.field(description=_REASON)


@strawberry.input(description="What a person is excused from.")
class ExcuseItemInput:
    """The input of `excuseItem`."""

    offering_id: strawberry.ID = strawberry.field(description="The global id of the offering.")
    user_id: strawberry.ID = strawberry.field(description="The global id of the person.")
    content_item_id: strawberry.ID | None = optional("The quiz, lab or assignment; this or `gradeItemId`.")
    grade_item_id: strawberry.ID | None = optional("The grade item; this or `contentItemId`.")
    is_excused: bool | None = optional("False takes it back; true if not given.")
    reason: str = strawberry.field(description=_REASON)


@strawberry.type(description="What mutations of a person's final grade give.")
class GradePayload:
    """The payload of `overrideGrade`, `removeOverride` and `excuseItem`."""

    grade: CourseGrade | None = changed(
        GradeById, "grade_id", "The grade as it is now; null where it was refused, or there is none."
    )
    errors: list[UserError] = user_errors()


# ---- when they are seen, and when they stay


@strawberry.input(description="Whose final grades are to be seen.")
class PostGradesInput:
    """The input of `postGrades`."""

    offering_id: strawberry.ID = strawberry.field(description="The global id of the offering.")
    user_ids: list[strawberry.ID] | None = optional("The people, at most 500; if not given, everybody in the offering.")


@strawberry.type(description="What `postGrades` gives.")
class PostGradesPayload:
    """The payload of `postGrades`."""

    offering: CourseOffering | None = changed(OfferingById, "offering_id", "The offering; null where it was refused.")
    posted_count: int | None = told("count", "How many grades are seen that were not before; null where refused.")
    certificate_count: int | None = told(
        "certificate_count", "How many certificates were issued with it; null where it was refused."
    )
    errors: list[UserError] = user_errors()


@strawberry.input(description="Whose final grades are to be hidden.")
class UnpostGradesInput:
    """The input of `unpostGrades`."""

    offering_id: strawberry.ID = strawberry.field(description="The global id of the offering.")
    user_ids: list[strawberry.ID] | None = optional("The people, at most 500; if not given, everybody in the offering.")
    reason: str = strawberry.field(description=_REASON)


@strawberry.type(description="What `unpostGrades` gives.")
class UnpostGradesPayload:
    """The payload of `unpostGrades`."""

    offering: CourseOffering | None = changed(OfferingById, "offering_id", "The offering; null where it was refused.")
    hidden_count: int | None = told("count", "How many grades are hidden that were not before; null where refused.")
    errors: list[UserError] = user_errors()


@strawberry.input(description="From when on the final grades of an offering stay as they are.")
class FreezeGradesInput:
    """The input of `freezeGrades`."""

    offering_id: strawberry.ID = strawberry.field(description="The global id of the offering.")
    at: datetime | None = optional("From when on; now, if not given.")
    reason: str = strawberry.field(description=_REASON)


def _frozen_at(payload: Payload, _context: Context) -> datetime | None:
    text = payload.keys.get("frozen_at")
    return None if text is None else datetime.fromisoformat(text)


@strawberry.type(description="What `freezeGrades` gives.")
class FreezeGradesPayload:
    """The payload of `freezeGrades`."""

    offering: CourseOffering | None = changed(OfferingById, "offering_id", "The offering; null where it was refused.")
    frozen_at: datetime | None = computed(_frozen_at, "From when on they stay; null where it was refused.")
    errors: list[UserError] = user_errors()


@strawberry.input(description="An offering whose final grades may change again.")
class UnfreezeGradesInput:
    """The input of `unfreezeGrades`."""

    offering_id: strawberry.ID = strawberry.field(description="The global id of the offering.")
    reason: str = strawberry.field(description=_REASON)


@strawberry.type(description="What `unfreezeGrades` gives.")
class UnfreezeGradesPayload:
    """The payload of `unfreezeGrades`."""

    offering: CourseOffering | None = changed(OfferingById, "offering_id", "The offering; null where it was refused.")
    job: Job | None = _job()
    errors: list[UserError] = user_errors()


@strawberry.type
class GradesMutation:
    """Joined into Mutation."""

    update_grading_policy: UpdateGradingPolicyPayload | None = mutation(
        policymaking.update_grading_policy,
        UpdateGradingPolicyInput,
        "Replace the grading policy of a course, for who edits it, or of one offering, for its instructors. The final"
        " grades are worked out anew behind the answer; those that are frozen stay.",
        may=policy.may_make_grades,
        refusals=policymaking.SCOPE_TAKEN,
        weight=50,
    )
    create_grade_item: GradeItemPayload | None = mutation(
        items.create_grade_item,
        CreateGradeItemInput,
        "Add something that is graded and is no content item, for the offering's instructors.",
        may=policy.may_make_grades,
        refusals=items.TITLE_TAKEN,
        weight=50,
    )
    update_grade_item: GradeItemPayload | None = mutation(
        items.update_grade_item,
        UpdateGradeItemInput,
        "Change a grade item, for the offering's instructors.",
        may=policy.may_make_grades,
        refusals=items.TITLE_TAKEN,
        weight=50,
    )
    record_scores: RecordScoresPayload | None = mutation(
        scoring.record_scores,
        RecordScoresInput,
        "Record what people got for a grade item, for all who teach them. A row that can't be taken is told in"
        " `results`, and the others are taken.",
        may=policy.may_make_grades,
        weight=100,
    )
    override_grade: GradePayload | None = mutation(
        overriding.override_grade,
        OverrideGradeInput,
        "Set a person's final grade by hand, for the offering's instructors; it wins over what the scores come to.",
        may=policy.may_make_grades,
    )
    remove_override: GradePayload | None = mutation(
        overriding.remove_override,
        RemoveOverrideInput,
        "Let a person's final grade be what the scores come to again, for the offering's instructors.",
        may=policy.may_make_grades,
    )
    excuse_item: GradePayload | None = mutation(
        overriding.excuse_item,
        ExcuseItemInput,
        "Excuse a person from something that is graded, for the offering's instructors: it leaves the grade.",
        may=policy.may_make_grades,
    )
    post_grades: PostGradesPayload | None = mutation(
        releasing.post_grades,
        PostGradesInput,
        "Let people see their final grades, for the offering's instructors. CLOSED while one of them has a score"
        " that is hidden, which the grade would tell. Who has passed and completed the course gets the certificate.",
        may=policy.may_make_grades,
        weight=100,
    )
    unpost_grades: UnpostGradesPayload | None = mutation(
        releasing.unpost_grades,
        UnpostGradesInput,
        "Hide final grades again, for the offering's instructors. Certificates stay.",
        may=policy.may_make_grades,
        weight=100,
    )
    freeze_grades: FreezeGradesPayload | None = mutation(
        releasing.freeze_grades,
        FreezeGradesInput,
        "Let no final grade of an offering change any more, for its instructors; they can still be posted.",
        may=policy.may_make_grades,
    )
    unfreeze_grades: UnfreezeGradesPayload | None = mutation(
        releasing.unfreeze_grades,
        UnfreezeGradesInput,
        "Let the final grades of an offering change again, for its instructors: they are worked out anew.",
        may=policy.may_make_grades,
    )
