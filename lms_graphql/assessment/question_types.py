"""A question as a client writes it: one input for each type, exactly one of which is given.

Keys and texts as in `payloads.Option` and `payloads.Answer`; what is good, `question_rules` says.
"""

from decimal import Decimal

import strawberry

from lms_graphql.assessment.mutations import OptionPairInput
from lms_graphql.engine.edges import optional

_ONE_POINT = Decimal(1)


@strawberry.input(description="An option of a question.")
class QuestionOptionInput:
    """See payloads.Option."""

    key: str = strawberry.field(
        description="What names it within its question: 1 to 64 of A-Z, a-z, 0-9, _, . and -, another one for each."
    )
    text: str = strawberry.field(description="What it says, in Markdown, of 1 to 5,000 characters.")


@strawberry.input(description="What questions of all types have.")
class _QuestionInput:
    stem: str = strawberry.field(description="What is asked, in Markdown, of 1 to 20,000 characters.")
    points: Decimal = strawberry.field(
        default=_ONE_POINT, description="What a right answer is worth, 0 to 9999.99 points."
    )
    hints: list[str] | None = optional("What may be asked for as help, at most 20 texts; null: nothing.")
    explanation: str | None = optional(
        "Why the answer is right, in Markdown; it is told with the answer and kept as secret. Null: nothing."
    )


@strawberry.input(description="A question with one right option.")
class SingleChoiceInput(_QuestionInput):
    """Of single choice questions and dropdowns."""

    options: list[QuestionOptionInput] = strawberry.field(description="The options, 1 to 200.")
    correct: str = strawberry.field(description="The key of the right one.")


@strawberry.input(description="A question with any number of right options.")
class MultipleChoiceInput(_QuestionInput):
    """Of multiple choice questions."""

    options: list[QuestionOptionInput] = strawberry.field(description="The options, 1 to 200.")
    correct: list[str] = strawberry.field(
        description="The keys of the right ones; empty where it is right to choose nothing."
    )


@strawberry.input(description="A question for a number.")
class NumericalInput(_QuestionInput):
    """Of numerical questions."""

    value: str = strawberry.field(
        description="The right number with a decimal point, for example 9.81 or 6.02e23; it is kept as it is written."
    )
    tolerance: str | None = optional(
        "How far off an answer may be, as a number from 0 on or in per cent of the value, for example 5%; null: not at"
        " all."
    )


@strawberry.input(description="A question for a short text.")
class TextInput(_QuestionInput):
    """Of text questions."""

    accepted: list[str] = strawberry.field(description="The texts that are right, 1 to 50.")
    is_case_sensitive: bool = strawberry.field(default=False, description="Whether the case of letters matters.")
    is_pattern: bool = strawberry.field(
        default=False,
        description="Whether the accepted texts are regular expressions of the whole answer; such as could take long to"
        " try are refused.",
    )


@strawberry.input(description="A question whose options are to be put in order.")
class OrderingInput(_QuestionInput):
    """Of ordering questions."""

    options: list[QuestionOptionInput] = strawberry.field(description="The options, 2 to 200; they are shown mixed.")
    order: list[str] = strawberry.field(description="The keys of all of them in the right order, the first one first.")


@strawberry.input(description="A question in which options on the left go with options on the right.")
class MatchingInput(_QuestionInput):
    """Of matching questions."""

    left: list[QuestionOptionInput] = strawberry.field(description="The options on the left, at least 1.")
    right: list[QuestionOptionInput] = strawberry.field(
        description="The options on the right, at least 1, with other keys than those on the left; shown mixed."
    )
    pairs: list[OptionPairInput] = strawberry.field(
        description="What goes together: each option on the left once; one on the right may go with several, or none."
    )


@strawberry.input(one_of=True, description="A question: exactly one field, that of its type.")
class QuestionInput:
    """What `question_inputs.question_of` reads."""

    single_choice: SingleChoiceInput | None = optional("SINGLE_CHOICE: one option is right.")
    multiple_choice: MultipleChoiceInput | None = optional("MULTIPLE_CHOICE: any number of options are right.")
    numerical: NumericalInput | None = optional("NUMERICAL: a number is asked for.")
    text: TextInput | None = optional("TEXT: a short text is asked for.")
    dropdown: SingleChoiceInput | None = optional("DROPDOWN: one option is right, chosen from a closed list.")
    ordering: OrderingInput | None = optional("ORDERING: the options are to be put in order.")
    matching: MatchingInput | None = optional("MATCHING: options on the left go with options on the right.")
