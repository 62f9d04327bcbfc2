"""The JSON of assessment as typed structs: questions, their answers, what was drawn and answered, results of tests.

Every reader is tolerant, as `content.payloads` is: an unknown key is skipped, and what does not fit is logged by id,
without the content, and read as None or as an empty list. Writers make the same structs and store `stored(struct)`.
"""

import logging
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal

import msgspec

logger = logging.getLogger(__name__)

QuestionType = Literal["single_choice", "multiple_choice", "numerical", "text", "dropdown", "ordering", "matching"]
"""What `questions.type` may hold."""

Pair = tuple[str, str]
"""The id of an option on the left, and the id of the one on the right that goes with it."""


class Option(msgspec.Struct, omit_defaults=True):
    """`questions.options` is a list of these: `{"id": "a", "text": "…"}`.

    The id is unique in its question; the text is Markdown. Of a matching question `side` is `left` or `right`, of all
    others it is missing. Numerical and text questions have no options.
    """

    id: str
    text: str
    side: Literal["left", "right"] | None = None


class Answer(msgspec.Struct, omit_defaults=True):
    """`question_keys.answer`; which keys it has follows from the question's type.

    - single_choice, dropdown: `{"correct": ["a"]}`
    - multiple_choice: `{"correct": ["a", "c"]}`; to choose nothing may be right: `{"correct": []}`
    - numerical: `{"value": "9.81", "tolerance": "0.1"}`, the tolerance also as `"5%"` of the value; without: exactly
    - text: `{"accepted": ["…"], "case_sensitive": false, "is_pattern": false}`
    - ordering: `{"order": ["b", "a"]}`: all options, the first one first
    - matching: `{"pairs": [["a", "x"]]}`: a left and a right option each

    Numbers are texts, so that they stay as exact as they were written; with `is_pattern` the accepted texts are regular
    expressions of the whole answer. Keys with their default value need not be stored.
    """

    correct: list[str] = []
    value: str | None = None
    tolerance: str | None = None
    accepted: list[str] = []
    case_sensitive: bool = False
    is_pattern: bool = False
    order: list[str] = []
    pairs: list[Pair] = []


class Response(msgspec.Struct, omit_defaults=True):
    """`quiz_attempt_answers.response`, what a person answered; the keys follow from the question's type as in Answer.

    Choices: `{"chosen": ["a"]}`; numerical: `{"value": "9.8"}`, as it was typed; text: `{"text": "…"}`; ordering:
    `{"order": ["a", "b"]}`; matching: `{"pairs": [["a", "x"]]}`.
    """

    chosen: list[str] = []
    value: str | None = None
    text: str | None = None
    order: list[str] = []
    pairs: list[Pair] = []


class Snapshot(msgspec.Struct, omit_defaults=True):
    """`quiz_attempt_questions.snapshot`: what the person saw, the options in the order in which they were shown.

    The names are those of the columns of `questions`; never anything of its key.
    """

    type: QuestionType
    stem: str
    options: list[Option] = []
    hints: list[str] = []


class Outcome(msgspec.Struct, omit_defaults=True):
    """One test of a submission, in `public_results`, `hidden_results` and the `tests` of `auto_grade_json`."""

    name: str
    passed: bool
    points: Decimal | None = None
    message: str | None = None


class AutoGrade(msgspec.Struct):
    """`lab_submissions.auto_grade_json`: what the automatic grader said, all tests together."""

    tests: list[Outcome] = []


class Judgement(msgspec.Struct):
    """One criterion of `lab_submissions.rubric_result`, as it was when the work was graded."""

    criterion_id: int
    title: str
    points: Decimal
    most: Decimal
    comment: str | None = None


def stored(value: msgspec.Struct | list[Any]) -> Any:
    """A struct, or a list of them, as what a JSON column takes."""
    return msgspec.to_builtins(value)


_QUOTED = re.compile("'.*'")
"""A value of the row, which an error about a closed list of values repeats."""


def _reader(type_: Any, what: str) -> Callable[[str | None, Any], Any]:
    """Reads the text of a JSON column; `of` names the row in the log. None for what is missing or does not fit."""
    decode = msgspec.json.Decoder(type_).decode

    def read(data: str | None, of: Any) -> Any:
        try:
            return None if data is None else decode(data)
        except msgspec.DecodeError as error:
            logger.warning("%s: unreadable %s: %s", of, what, _QUOTED.sub("…", str(error)))
            return None

    return read


_read_options = _reader(list[Option], "options")
_read_hints = _reader(list[str], "hints")
_read_answer = _reader(Answer, "answer")
_read_response = _reader(Response, "response")
_read_snapshot = _reader(Snapshot, "snapshot")
_read_results = _reader(list[Outcome], "results")
_read_judgements = _reader(list[Judgement], "rubric")
_read_auto_grade = _reader(AutoGrade, "automatic grade")


def read_options(data: str | None, question_id: int) -> list[Option]:
    """The options of a question; none when they are unreadable."""
    return _read_options(data, f"question {question_id}") or []


def read_hints(data: str | None, question_id: int) -> list[str]:
    """The hints of a question; none when they are unreadable."""
    return _read_hints(data, f"question {question_id}") or []


def read_answer(data: str | None, question_id: int) -> Answer | None:
    """The right answer of a question."""
    return _read_answer(data, f"question {question_id}")  # type: ignore[no-any-return]


def read_response(data: str | None, attempt_id: int) -> Response | None:
    """What a person answered to one question of an attempt."""
    return _read_response(data, f"quiz attempt {attempt_id}")  # type: ignore[no-any-return]


def read_snapshot(data: str | None, attempt_id: int) -> Snapshot | None:
    """One question of an attempt."""
    return _read_snapshot(data, f"quiz attempt {attempt_id}")  # type: ignore[no-any-return]


def read_results(data: str | None, submission_id: int) -> list[Outcome]:
    """The results of the tests of a submission; none when they are unreadable."""
    return _read_results(data, f"submission {submission_id}") or []


def read_auto_grade(data: str | None, submission_id: int) -> AutoGrade | None:
    """What the automatic grader said of a submission."""
    return _read_auto_grade(data, f"submission {submission_id}")  # type: ignore[no-any-return]


def in_json(value: Any) -> str:
    """A struct, or what `stored` makes of one, as the text of a JSON column."""
    return msgspec.json.encode(value).decode()


def read_judgements(data: str | None, submission_id: int) -> list[Judgement]:
    """What each criterion got; none when it is unreadable."""
    return _read_judgements(data, f"submission {submission_id}") or []
