"""The fields of Mutation about attempts at quizzes."""

from datetime import datetime

import strawberry

from lms_graphql.assessment import accommodating, attempting, handing_in, policy
from lms_graphql.assessment.loaders import AttemptById
from lms_graphql.assessment.types import QuizAttempt
from lms_graphql.content.loaders import OverrideById
from lms_graphql.content.types import SettingOverride
from lms_graphql.engine.edges import optional
from lms_graphql.engine.mutations import changed, mutation, user_errors
from lms_graphql.engine.usererrors import UserError, UserErrorCode, UserFailure

_CHECKED = {
    "content_item_settings_dates_check": UserFailure(
        UserErrorCode.INVALID, "it must open before it is due, and be due before it is locked", ("input",)
    ),
}


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


@strawberry.type
class QuizMutation:
    """Joined into Mutation."""

    start_quiz_attempt: QuizAttemptPayload | None = mutation(
        attempting.start_quiz_attempt,
        StartQuizAttemptInput,
        "Begin an attempt at a quiz, or get the open one back. Its questions are drawn, and stay as they are then. One"
        " whose time is over is handed in first, with what was saved in time; it is given if no other can be begun.",
        may=policy.may_attempt_quizzes,
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
        refusals=_CHECKED,
    )
