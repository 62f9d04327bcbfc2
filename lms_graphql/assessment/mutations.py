"""The fields of Mutation about attempts at quizzes."""

from datetime import datetime
from decimal import Decimal

import strawberry

from lms_graphql.assessment import accommodating, attempting, handing_in, policy, scopes, settling
from lms_graphql.assessment.loaders import AttemptById
from lms_graphql.assessment.types import QuizAttempt
from lms_graphql.content.loaders import OverrideById, SettingById
from lms_graphql.content.types import CompletionRule, ItemSetting, SettingOverride
from lms_graphql.engine.edges import optional
from lms_graphql.engine.mutations import changed, mutation, user_errors
from lms_graphql.engine.usererrors import UserError
from lms_graphql.jobs.loaders import JobById
from lms_graphql.jobs.types import Job


@strawberry.input(description="A left and a right option of a matching question that are put together.")
class OptionPairInput:
    """One of QuestionAnswerInput.pairs."""

    left: str = strawberry.field(description="The key of the option on the left.")
    right: str = strawberry.field(description="The key of the option on the right.")


@strawberry.input(
    one_of=True, description="An answer to a question: exactly one field, the one that goes with the question's type."
)
class QuestionAnswerInput:
    """What `answering.response` reads."""

    choice: str | None = optional("SINGLE_CHOICE, DROPDOWN: the key of the chosen option.")
    choices: list[str] | None = optional("MULTIPLE_CHOICE: the keys of the chosen options; may be empty.")
    number: str | None = optional("NUMERICAL: a number with a decimal point, for example 9.81 or 6.02e23.")
    text: str | None = optional("TEXT: the text, of at most 10,000 characters.")
    order: list[str] | None = optional("ORDERING: the keys of all options, the first one first.")
    pairs: list[OptionPairInput] | None = optional("MATCHING: what is put together, each left option at most once.")


@strawberry.input(description="An answer to one question of an attempt.")
class PositionedAnswerInput:
    """What `answering.responses` reads."""

    position: int = strawberry.field(description="The question's place in the attempt, from 1.")
    answer: QuestionAnswerInput = strawberry.field(description="The answer; it replaces the one that was saved before.")


@strawberry.input(description="Which quiz is begun, and where.")
class StartQuizAttemptInput:
    """The input of `startQuizAttempt`."""

    offering_id: strawberry.ID = strawberry.field(
        description="The global id of an offering in which the viewer is actively enrolled."
    )
    content_item_id: strawberry.ID = strawberry.field(description="The global id of a quiz of its course.")


@strawberry.input(description="Answers to be kept.")
class SaveQuizAnswersInput:
    """The input of `saveQuizAnswers`."""

    attempt_id: strawberry.ID = strawberry.field(description="The global id of an open attempt of the viewer's.")
    answers: list[PositionedAnswerInput] = strawberry.field(
        description="At most 200 answers; questions that are not named keep what was saved."
    )


@strawberry.input(description="Which attempt is handed in.")
class SubmitQuizAttemptInput:
    """The input of `submitQuizAttempt`."""

    attempt_id: strawberry.ID = strawberry.field(description="The global id of an attempt of the viewer's.")
    answers: list[PositionedAnswerInput] | None = optional(
        "The last answers, at most 200; what was saved before counts for questions that are not named. Not taken once"
        " the time is over, but for 10 seconds."
    )


@strawberry.type(description="What a mutation of an attempt gives.")
class QuizAttemptPayload:
    """The payload of the mutations of attempts."""

    attempt: QuizAttempt | None = changed(
        AttemptById, "attempt_id", "The attempt as it is now; null where it was refused."
    )
    errors: list[UserError] = user_errors()


@strawberry.input(
    description="What an offering asks of an item of one person alone. A field that is not given stays as it is, one"
    " that is null is no longer set for the person."
)
class SetItemOverrideInput:
    """The input of `setItemOverride`."""

    offering_id: strawberry.ID = strawberry.field(description="The global id of an offering that the viewer runs.")
    content_item_id: strawberry.ID = strawberry.field(description="The global id of an item of its course.")
    user_id: strawberry.ID = strawberry.field(description="The global id of somebody who is enrolled in it.")
    reason: str = strawberry.field(
        description="Why, in one line of at most 255 characters. It is kept in the audit log."
    )
    unlock_at: datetime | None = optional(
        "From when it can be worked on. With any of the dates given, the three of the person count, and none of others."
    )
    due_at: datetime | None = optional("Until when it should be done.")
    lock_at: datetime | None = optional("From when nothing is accepted any more.")
    extra_time_seconds: int | None = optional(
        "How much longer than the quiz says an attempt may take, 0 to 604800 seconds; an open attempt gets it, too."
    )
    extra_attempts: int | None = optional("How many attempts there are besides those of the quiz, 0 to 1000.")


@strawberry.type(description="What `setItemOverride` gives.")
class SetItemOverridePayload:
    """The payload of `setItemOverride`."""

    override: SettingOverride | None = changed(
        OverrideById, "override_id", "What is set for the person now; null where it was refused."
    )
    errors: list[UserError] = user_errors()


@strawberry.input(
    description="What an offering asks of an item of all who take part, or with `sectionId` of a section: there a date"
    " counts instead of all dates that are set for all. A field that is not given stays as it is, one that is null is"
    " no longer set."
)
class SetItemSettingsInput:
    """The input of `setItemSettings`."""

    offering_id: strawberry.ID = strawberry.field(description="The global id of an offering that the viewer runs.")
    content_item_id: strawberry.ID = strawberry.field(description="The global id of an item of its course.")
    section_id: strawberry.ID | None = optional("The global id of a section of it; null: what is asked of all.")
    unlock_at: datetime | None = optional("From when it can be worked on; not after `dueAt`.")
    due_at: datetime | None = optional("Until when it should be done; not after `lockAt`.")
    lock_at: datetime | None = optional(
        "From when nothing is accepted any more. Open attempts at a quiz get the deadline that follows."
    )
    points: Decimal | None = optional("What it is worth, 0 to 9999.99 points; not for a section.")
    completion_rule: CompletionRule | None = optional(
        "What makes it count as done from now on: what is completed stays so. Null: to have handed it in, or where"
        " nothing can be handed in to have opened it."
    )
    min_score: Decimal | None = optional("The score in points that MIN_SCORE asks for, 0 to 9999.99.")
    grade_category_id: strawberry.ID | None = optional(
        "The global id of the category that it counts in, of the offering's policy or its course's; null: of none. Not"
        " for a section."
    )
    max_submissions: int | None = optional("So many times a lab or an assignment may be handed in, 1 to 1000.")
    late_penalty_percent_per_day: Decimal | None = optional(
        "What each day that begins after `dueAt` takes from the score of what is handed in from now on, 0 to 100"
        " percent of it."
    )
    reason: str | None = optional("Why, in one line of at most 255 characters. It is kept in the audit log.")


@strawberry.type(description="What `setItemSettings` gives.")
class SetItemSettingsPayload:
    """The payload of `setItemSettings`."""

    setting: ItemSetting | None = changed(
        SettingById,
        "setting_id",
        "What is set there now, for all or for the section alone; null where it was refused.",
    )
    job: Job | None = changed(
        JobById, "job_id", "What works the grades out anew; null unless points or the category have changed."
    )
    errors: list[UserError] = user_errors()


@strawberry.type
class QuizMutation:
    """Joined into Mutation."""

    start_quiz_attempt: QuizAttemptPayload | None = mutation(
        attempting.start_quiz_attempt,
        StartQuizAttemptInput,
        "Begin an attempt at a quiz, or get the open one back. Its questions are drawn, and stay as they are then. One"
        " whose time is over is handed in first, with what was saved in time; it is given if no other can be begun.",
        may=policy.may_attempt_quizzes,
        refusals=attempting.CHANGED,
        weight=20,
    )
    save_quiz_answers: QuizAttemptPayload | None = mutation(
        handing_in.save_quiz_answers,
        SaveQuizAnswersInput,
        "Keep answers of an open attempt until it is handed in; to send them again changes nothing.",
        may=policy.may_attempt_quizzes,
    )
    submit_quiz_attempt: QuizAttemptPayload | None = mutation(
        handing_in.submit_quiz_attempt,
        SubmitQuizAttemptInput,
        "Hand an attempt in, and have it graded. Once its time is over, that is done with what was saved until then.",
        may=policy.may_attempt_quizzes,
        weight=20,
    )
    set_item_override: SetItemOverridePayload | None = mutation(
        accommodating.set_item_override,
        SetItemOverrideInput,
        "Set other dates, more time or more attempts for one person, for who runs the offering.",
        may=policy.may_set_overrides,
        refusals=scopes.REFUSED,
    )
    set_item_settings: SetItemSettingsPayload | None = mutation(
        settling.set_item_settings,
        SetItemSettingsInput,
        "Set what an offering asks of an item: dates, points, when it counts as done; for who runs the offering. Where"
        " points or the category change the grades follow, so that is refused once they are frozen.",
        may=policy.may_set_overrides,
        refusals=scopes.REFUSED,
    )
