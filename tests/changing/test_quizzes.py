"""Quizzes from start to review: what is drawn, saved, marked and told, by the database's clock, and to whom."""

import asyncio
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from lms_graphql.engine.relay import GlobalId
from tests.world import Rows

THOROUGH = bool(os.environ.get("LMS_THOROUGH"))

ATTEMPT = """
fragment A on QuizAttempt { id attemptNumber status startedAt submittedAt deadlineAt scoreObtained maxScore passed
  correctInRow longestInRow review { isAvailable heldBack availableAt }
  questions { position points type stem hints options { key text side } pointsAwarded
    response { chosen value text order pairs { left right } }
    answerKey { correct value tolerance accepted order pairs { left right } explanation } } }
"""
START = (
    """mutation S($input: StartQuizAttemptInput!) { startQuizAttempt(input: $input) {
  attempt { ...A } errors { code message path } } }"""
    + ATTEMPT
)
SAVE = (
    """mutation S($input: SaveQuizAnswersInput!) { saveQuizAnswers(input: $input) {
  attempt { ...A } errors { code message path } } }"""
    + ATTEMPT
)
SUBMIT = (
    """mutation S($input: SubmitQuizAttemptInput!) { submitQuizAttempt(input: $input) {
  attempt { ...A } errors { code message path } } }"""
    + ATTEMPT
)
OVERRIDE = """mutation O($input: SetItemOverrideInput!) { setItemOverride(input: $input) {
  override { dueAt lockAt unlockAt extraTimeSeconds extraAttempts user { displayName } } errors { code message path } }
}"""
READ = "query R($id: ID!) { node(id: $id) { ...A } }" + ATTEMPT

OPTIONS = [{"id": key, "text": f"Option {key}"} for key in "abcd"]
SIDES = [{"id": key, "text": key, "side": side} for side, keys in (("left", "ab"), ("right", "xyz")) for key in keys]
QUESTIONS: list[tuple[str, str, list[Any], dict[str, Any]]] = [
    ("single_choice", "2", OPTIONS, {"correct": ["b"]}),
    ("multiple_choice", "3", OPTIONS, {"correct": ["a", "b"]}),
    ("numerical", "1.5", [], {"value": "9.81", "tolerance": "1%"}),
    ("text", "1", [], {"accepted": ["Canary-4711", "Other"]}),
    ("dropdown", "1", OPTIONS, {"correct": ["c"]}),
    ("ordering", "1", OPTIONS, {"order": ["d", "c", "b", "a"]}),
    ("matching", "1", SIDES, {"pairs": [["a", "x"], ["b", "y"]]}),
]
RIGHT = [
    {"choice": "b"},
    {"choices": ["a", "b"]},
    {"number": "9.81"},
    {"text": " canary-4711 "},
    {"choice": "c"},
    {"order": ["d", "c", "b", "a"]},
    {"pairs": [{"left": "b", "right": "y"}, {"left": "a", "right": "x"}]},
]
"""By the number of the question in the pool."""
SECRETS = ("Canary-4711", "Because-4712")


@dataclass
class Quiz:
    """A quiz of its own, and how a person takes it."""

    api: Any
    owner: Any
    world: Any
    item: Any
    offering: Any

    def gid(self, typename: str, number: int) -> str:
        return str(GlobalId(typename, number, self.item["university_id"]))

    def where(self) -> dict[str, str]:
        return {
            "offeringId": self.gid("CourseOffering", self.offering["id"]),
            "contentItemId": self.gid("QuizContent", self.item["id"]),
        }

    async def call(self, document: str, given: dict[str, Any], person: str = "student") -> dict[str, Any]:
        data = await self.api.data(document, {"input": given}, user=self.world.people[person])
        (answer,) = data.values()
        return answer

    async def start(self, person: str = "student") -> dict[str, Any]:
        return await self.call(START, self.where(), person)

    async def started(self, person: str = "student") -> dict[str, Any]:
        answer = await self.start(person)
        assert answer["errors"] == []
        return answer["attempt"]

    async def save(self, attempt: Any, answers: Any, person: str = "student") -> dict[str, Any]:
        return await self.call(SAVE, {"attemptId": attempt["id"], "answers": answers}, person)

    async def submit(self, attempt: Any, answers: Any = None, person: str = "student") -> dict[str, Any]:
        given = {"attemptId": attempt["id"]} | ({} if answers is None else {"answers": answers})
        return await self.call(SUBMIT, given, person)

    async def set(self, **values: Any) -> None:
        """What the offering asks of it of all."""
        names = ", ".join(values)
        marks = ", ".join(f"${number}" for number in range(5, 5 + len(values)))
        await self.owner.execute(
            "INSERT INTO content_item_settings (university_id, course_id, course_offering_id, content_item_id,"
            f" {names}) VALUES ($1, $2, $3, $4, {marks})",
            *(self.item["university_id"], self.item["course_id"], self.offering["id"], self.item["id"]),
            *values.values(),
        )

    async def rewrite(self, **changes: Any) -> None:
        """Another payload."""
        await self.owner.execute(
            "UPDATE content_items SET data_json = data_json || $1::jsonb WHERE id = $2",
            json.dumps(changes),
            self.item["id"],
        )

    async def shift(self, attempt: Any, by: timedelta) -> None:
        """Move the attempt on the database's clock."""
        await self.owner.execute(
            "UPDATE quiz_attempts SET deadline_at = deadline_at + $1, started_at = started_at + $1 WHERE id = $2",
            by,
            self.number(attempt),
        )

    def number(self, attempt: Any) -> int:
        return next(n for n in range(1, 100_000) if self.gid("QuizAttempt", n) == attempt["id"])

    async def rows(self) -> dict[str, list[str]]:
        """All that a refusal must leave as it is."""
        tables = (
            "quiz_attempts", "quiz_attempt_questions", "quiz_attempt_answers", "audit_log", "outbox",
            "content_item_settings", "user_content_progress", "course_grades",
        )  # fmt: skip
        return {t: sorted(str(row) for row in await self.owner.fetch(f"SELECT * FROM {t}")) for t in tables}


def right(attempt: Any, *but: int) -> list[dict[str, Any]]:
    """The right answers to the questions of an attempt, but for those of these types."""
    kinds = [kind for kind, *_ in QUESTIONS]
    return [
        {"position": asked["position"], "answer": RIGHT[kinds.index(asked["type"].lower())]}
        for asked in attempt["questions"]
        if kinds.index(asked["type"].lower()) not in but
    ]


def answer_to(attempt: Any, kind: str, answer: Any) -> dict[str, Any]:
    position = next(q["position"] for q in attempt["questions"] if q["type"] == kind.upper())
    return {"position": position, "answer": answer}


def refused(code: str, message: str, *path: str) -> dict[str, Any]:
    return {"attempt": None, "errors": [{"code": code, "message": message, "path": list(path)}]}


@pytest.fixture
async def quiz(api, owner, world):
    """A practice quiz with a question of every type, five attempts, half an hour each."""
    rows, alpha = Rows(owner), world.alpha
    tenant = {"university_id": alpha.university["id"]}
    pool = await rows.add("question_pools", **tenant, title="All types", course_id=alpha["course"]["id"])
    for number, (kind, points, options, answer) in enumerate(QUESTIONS, 1):
        question = await rows.add(
            "questions", **tenant, pool_id=pool["id"], number=number, type=kind, points=Decimal(points),
            stem=f"A {kind} question", options=options, hints=["Think."],
        )  # fmt: skip
        await rows.add("question_keys", **tenant, question_id=question["id"], answer=answer, explanation=SECRETS[1])
    place = await owner.fetchval("SELECT max(sequence_index) + 1 FROM content_items")
    payload = {
        "question_pool_id": pool["id"], "quiz_mode": "practice", "num_questions_per_attempt": 7,
        "randomize_order": True, "time_limit_seconds": 1800, "mastery": {"max_attempts": 5},
    }  # fmt: skip
    item = await rows.item(alpha["lesson"], "quiz", payload, sequence_index=place)
    return Quiz(api, owner, world, item, alpha["private"])


# ---- from start to review


async def test_start_draws_and_shows_no_key(quiz):
    answer = await quiz.start()
    attempt = answer["attempt"]
    assert answer["errors"] == []
    known = {key: attempt[key] for key in attempt if key not in {"id", "startedAt", "deadlineAt", "questions"}}
    assert known == {
        "attemptNumber": 1, "status": "IN_PROGRESS", "submittedAt": None, "scoreObtained": None, "maxScore": "10.50",
        "passed": None, "correctInRow": None, "longestInRow": None,
        "review": {"isAvailable": False, "heldBack": "NOT_SUBMITTED", "availableAt": None},
    }  # fmt: skip
    begun, ends = (datetime.fromisoformat(attempt[name]) for name in ("startedAt", "deadlineAt"))
    assert ends - begun == timedelta(seconds=1800)
    assert abs(begun - await quiz.owner.fetchval("SELECT now()")) < timedelta(seconds=30)
    assert [question["position"] for question in attempt["questions"]] == list(range(1, 8))
    assert {question["type"].lower() for question in attempt["questions"]} == {kind for kind, *_ in QUESTIONS}
    for question in attempt["questions"]:
        _, points, options, _ = next(q for q in QUESTIONS if q[0] == question["type"].lower())
        assert Decimal(question["points"]) == Decimal(points)
        assert sorted(option["key"] for option in question["options"]) == sorted(option["id"] for option in options)
        assert (question["hints"], question["response"]) == (["Think."], None)
        assert (question["pointsAwarded"], question["answerKey"]) == (None, None)
    for secret in SECRETS:
        assert secret not in json.dumps(answer)
    stored = await quiz.owner.fetch(
        "SELECT snapshot FROM quiz_attempt_questions WHERE attempt_id = $1", quiz.number(attempt)
    )
    assert {key for row in stored for key in json.loads(row["snapshot"])} <= {"type", "stem", "options", "hints"}
    acts = await quiz.owner.fetch("SELECT act FROM audit_log WHERE entity_id = $1", quiz.number(attempt))
    assert [row["act"] for row in acts] == ["quiz.start"]


async def test_start_again_gives_the_open_attempt(quiz):
    first = await quiz.started()
    before = await quiz.rows()
    assert await quiz.started() == first
    assert await quiz.rows() == before


async def test_what_is_saved_is_shown_and_replaced(quiz):
    attempt = await quiz.started()
    answer = await quiz.save(attempt, right(attempt))
    assert answer["errors"] == []
    shown = {question["type"]: question["response"] for question in answer["attempt"]["questions"]}
    nothing = {"chosen": [], "value": None, "text": None, "order": [], "pairs": []}
    assert shown == {
        "SINGLE_CHOICE": {**nothing, "chosen": ["b"]},
        "MULTIPLE_CHOICE": {**nothing, "chosen": ["a", "b"]},
        "NUMERICAL": {**nothing, "value": "9.81"},
        "TEXT": {**nothing, "text": " canary-4711 "},
        "DROPDOWN": {**nothing, "chosen": ["c"]},
        "ORDERING": {**nothing, "order": ["d", "c", "b", "a"]},
        "MATCHING": {**nothing, "pairs": [{"left": "a", "right": "x"}, {"left": "b", "right": "y"}]},
    }
    assert {question["pointsAwarded"] for question in answer["attempt"]["questions"]} == {None}
    assert {question["answerKey"] and 1 for question in answer["attempt"]["questions"]} == {None}
    before = await quiz.rows()
    assert await quiz.save(attempt, right(attempt)) == answer
    assert await quiz.rows() == before
    other = await quiz.save(attempt, [answer_to(attempt, "single_choice", {"choice": "a"})])
    changed = {q["type"] for q in other["attempt"]["questions"] if q["response"] != shown[q["type"]]}
    assert changed == {"SINGLE_CHOICE"}
    for secret in SECRETS:
        assert secret not in json.dumps([answer, other])


async def test_the_whole_way(quiz):
    attempt = await quiz.started()
    await quiz.save(attempt, right(attempt, 1, 2))
    wrong = [
        answer_to(attempt, "multiple_choice", {"choices": ["a", "b", "d"]}),
        answer_to(attempt, "numerical", {"number": "9.92"}),
    ]
    answer = await quiz.submit(attempt, wrong)
    assert answer["errors"] == []
    done = answer["attempt"]
    # 2 + 3/2 + 0 + 1 + 1 + 1 + 1 of 10.5
    assert (done["status"], done["scoreObtained"], done["maxScore"], done["passed"]) == ("GRADED", "7.50", "10.50", True)
    assert done["review"] == {"isAvailable": True, "heldBack": None, "availableAt": None}
    points = {question["type"]: question["pointsAwarded"] for question in done["questions"]}
    assert points == {
        "SINGLE_CHOICE": "2.00", "MULTIPLE_CHOICE": "1.50", "NUMERICAL": "0.00", "TEXT": "1.00", "DROPDOWN": "1.00",
        "ORDERING": "1.00", "MATCHING": "1.00",
    }  # fmt: skip
    keys = {question["type"]: question["answerKey"] for question in done["questions"]}
    assert {key["explanation"] for key in keys.values()} == {"Because-4712"}
    assert keys["SINGLE_CHOICE"]["correct"] == ["b"]
    assert keys["MATCHING"]["pairs"] == [{"left": "a", "right": "x"}, {"left": "b", "right": "y"}]
    assert keys["NUMERICAL"]["value"] == "9.81"
    acts = await quiz.owner.fetch("SELECT act FROM audit_log WHERE entity_id = $1 ORDER BY id", quiz.number(attempt))
    assert [row["act"] for row in acts] == ["quiz.start", "quiz.save", "quiz.submit"]
    before = await quiz.rows()
    assert await quiz.submit(attempt) == answer
    assert await quiz.submit(attempt, wrong) == answer
    late = refused("CLOSED", "this attempt is handed in, with other answers", "input", "attemptId")
    assert await quiz.submit(attempt, right(attempt)) == late
    assert await quiz.save(attempt, []) == refused("CLOSED", "this attempt is handed in", "input", "attemptId")
    assert await quiz.rows() == before


async def test_no_answers_while_another_attempt_is_open(quiz):
    first = await quiz.started()
    await quiz.submit(first)
    second = await quiz.started()
    assert second["attemptNumber"] == 2
    data = await quiz.api.data(READ, {"id": first["id"]}, user=quiz.world.people["student"])
    assert data["node"]["review"] == {"isAvailable": False, "heldBack": "ATTEMPT_OPEN", "availableAt": None}
    assert {question["answerKey"] and 1 for question in data["node"]["questions"]} == {None}
    assert {question["pointsAwarded"] for question in data["node"]["questions"]} == {"0.00"}
    staff = await quiz.api.data(READ, {"id": first["id"]}, user=quiz.world.people["instructor"])
    assert {question["answerKey"]["explanation"] for question in staff["node"]["questions"]} == {SECRETS[1]}
