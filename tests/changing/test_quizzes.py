"""Quizzes from start to review: what is drawn, saved, marked and told, by the database's clock, and to whom."""

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from lms_graphql.engine.relay import GlobalId
from lms_graphql.storage.transaction import Transaction
from tests.world import Rows

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
    assert (done["status"], done["scoreObtained"], done["maxScore"], done["passed"]) == (
        "GRADED",
        "7.50",
        "10.50",
        True,
    )
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


# ---- who may, and what


async def test_who_may_not_take_it(quiz):
    before = await quiz.rows()
    people = quiz.world.people
    nobody = await quiz.api(START, {"input": quiz.where()})
    assert nobody["data"] == {"startQuizAttempt": None}
    assert nobody["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    forbidden = refused("FORBIDDEN", "your roles here do not allow this")
    for name in ("outsider", "beta_admin", "platform_admin"):
        assert await quiz.call(START, quiz.where(), name) == forbidden
    message = "there is no such offering among those that are taken part in"
    for name in ("bystander", "instructor", "admin"):
        assert await quiz.start(name) == refused("NOT_FOUND", message, "input", "offeringId")
    assert people["outsider"] != people["bystander"]
    assert await quiz.rows() == before


@pytest.mark.parametrize("status", ["dropped", "pending", "waitlisted", "completed"])
async def test_who_is_not_active_can_neither_begin_nor_go_on(quiz, status):
    attempt = await quiz.started("other")
    who = (quiz.world.people["other"], quiz.offering["id"])
    change = (
        "UPDATE course_enrollments SET status = $3, completed_at = now() WHERE user_id = $1 AND course_offering_id = $2"
    )
    await quiz.owner.execute(change, *who, status)
    try:
        message = f"the enrollment is {status}, not active"
        before = await quiz.rows()
        assert await quiz.start("other") == refused("NOT_ENROLLED", message, "input", "offeringId")
        assert await quiz.save(attempt, right(attempt), "other") == refused(
            "NOT_ENROLLED", message, "input", "attemptId"
        )
        assert await quiz.submit(attempt, person="other") == refused("NOT_ENROLLED", message, "input", "attemptId")
        assert await quiz.rows() == before
    finally:
        await quiz.owner.execute(change, *who, "active")


async def test_attempts_of_others(quiz):
    """To a student they are not there; staff who see them may not touch them."""
    attempt = await quiz.started()
    before = await quiz.rows()
    missing = refused("NOT_FOUND", "there is no such attempt", "input", "attemptId")
    seen = refused("FORBIDDEN", "this attempt is somebody else's", "input", "attemptId")
    expected = {"other": missing, "bystander": missing, "far_instructor": missing, "far_admin": missing}
    expected |= dict.fromkeys(("instructor", "ta", "section_ta", "department_admin", "admin"), seen)
    for name, refusal in expected.items():
        assert await quiz.save(attempt, right(attempt), name) == refusal, name
        assert await quiz.submit(attempt, person=name) == refusal, name
    for text in ("", "x", quiz.gid("QuizAttempt", 999_999), quiz.gid("User", 1)):
        assert await quiz.submit({"id": text}) == missing
        assert await quiz.save({"id": text}, []) == missing
    assert await quiz.rows() == before


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE content_items SET is_active = {} WHERE id = {item}",
        "UPDATE modules SET effective_published = {} WHERE id = {module}",
        "UPDATE courses SET is_published = {} WHERE id = {course}",
    ],
)
async def test_a_quiz_that_students_do_not_see_is_not_there(quiz, change):
    names = {"item": quiz.item["id"], "module": quiz.item["module_id"], "course": quiz.item["course_id"]}
    await quiz.owner.execute(change.format("false", **names))
    try:
        before = await quiz.rows()
        assert await quiz.start() == refused("NOT_FOUND", "there is no such quiz", "input", "contentItemId")
        assert await quiz.rows() == before
    finally:
        await quiz.owner.execute(change.format("true", **names))


async def test_a_quiz_of_another_course_or_kind_is_not_there(quiz):
    alpha = quiz.world.alpha
    missing = refused("NOT_FOUND", "there is no such quiz", "input", "contentItemId")
    far = await Rows(quiz.owner).item(alpha["lesson"], "quiz", sequence_index=0)
    await quiz.owner.execute("UPDATE courses SET is_published = true WHERE id = $1", alpha["far_course"]["id"])
    await quiz.owner.execute(
        "UPDATE content_items SET course_id = $1, module_id = $2 WHERE id = $3",
        alpha["far_course"]["id"], alpha["far_module"]["id"], far["id"],
    )  # fmt: skip
    before = await quiz.rows()
    for text in (
        quiz.gid("QuizContent", far["id"]),
        quiz.gid("QuizContent", alpha["video"]["id"]),
        quiz.gid("VideoContent", alpha["video"]["id"]),
        "no id",
    ):
        assert await quiz.call(START, {**quiz.where(), "contentItemId": text}) == missing
    assert await quiz.rows() == before
    await quiz.owner.execute("UPDATE courses SET is_published = false WHERE id = $1", alpha["far_course"]["id"])
    await quiz.owner.execute("DELETE FROM content_items WHERE id = $1", far["id"])


@pytest.mark.parametrize(
    ("kind", "answer", "message", "further"),
    [
        ("single_choice", {"choice": "e"}, "there is no such option: 'e'", ("choice",)),
        ("single_choice", {"choices": ["a"]},
         "this question is single_choice: it is answered with `choice`, not with `choices`", ()),
        ("multiple_choice", {"choices": ["a", "a"]}, "an option is named twice", ("choices",)),
        ("multiple_choice", {"choices": ["a", "\u00e9" * 99]}, "there is no such option: '" + "\\xe9" * 40 + "'",
         ("choices",)),
        ("numerical", {"number": "1,5"},
         "this is no number: write digits with a decimal point, for example 9.81 or 6.02e23", ("number",)),
        ("numerical", {"number": "NaN"},
         "this is no number: write digits with a decimal point, for example 9.81 or 6.02e23", ("number",)),
        ("text", {"text": "t" * 10_001}, "this has 10001 characters, at most 10000 can be taken", ("text",)),
        ("text", {"text": "nul\0"}, "this has signs that can't be stored or shown", ("text",)),
        ("ordering", {"order": ["a", "b"]}, "all 4 options are to be put in order, these are 2", ("order",)),
        ("ordering", {"order": ["a", "b", "c", "c"]}, "an option is named twice", ("order",)),
        ("matching", {"pairs": [{"left": "x", "right": "a"}]}, "there is no such option: 'x'", ("pairs",)),
        ("matching", {"pairs": [{"left": "a", "right": "x"}, {"left": "a", "right": "y"}]},
         "an option is named twice", ("pairs",)),
    ],
)  # fmt: skip
async def test_answers_that_do_not_fit_are_told_with_their_place(quiz, kind, answer, message, further):
    attempt = await quiz.started()
    before = await quiz.rows()
    good = [entry for entry in right(attempt)[:3] if entry["position"] != answer_to(attempt, kind, {})["position"]]
    answers = [*good, answer_to(attempt, kind, answer)]
    expected = refused("INVALID", message, "input", "answers", str(len(good)), "answer", *further)
    assert await quiz.save(attempt, answers) == expected
    assert await quiz.submit(attempt, answers) == expected
    assert await quiz.rows() == before


async def test_positions_are_those_of_the_attempt_each_once(quiz):
    attempt = await quiz.started()
    place = ("input", "answers", "1", "position")
    first = {"position": 1, "answer": right(attempt)[0]["answer"]}
    for position in (0, -1, 8, 2**31 - 1):
        answers = [first, {**first, "position": position}]
        expected = refused("INVALID", f"the attempt has no question {position}", *place)
        assert await quiz.save(attempt, answers) == expected
    twice = refused("INVALID", "question 1 is answered twice in one request", *place)
    assert await quiz.save(attempt, [first, first]) == twice
    many = refused("LIMIT_REACHED", "these are 201 answers, at most 200 can be saved at once", "input", "answers")
    assert await quiz.save(attempt, [first] * 201) == many


# ---- the clock, by the database


async def test_dates_open_and_lock_it(quiz):
    now = await quiz.owner.fetchval("SELECT now()")
    hour = timedelta(hours=1)
    await quiz.set(unlock_at=now + hour, lock_at=now + 2 * hour)
    before = await quiz.rows()
    opens = f"this quiz opens at {(now + hour).isoformat()}"
    assert await quiz.start() == refused("CLOSED", opens, "input", "contentItemId")
    change = "UPDATE content_item_settings SET unlock_at = $1, lock_at = $2 WHERE content_item_id = $3"
    await quiz.owner.execute(change, now - 2 * hour, now - hour, quiz.item["id"])
    locked = f"this quiz was locked at {(now - hour).isoformat()}"
    assert await quiz.start() == refused("CLOSED", locked, "input", "contentItemId")
    assert (await quiz.rows())["quiz_attempts"] == before["quiz_attempts"]
    await quiz.owner.execute(change, now - 2 * hour, now + timedelta(minutes=20), quiz.item["id"])
    attempt = await quiz.started()
    assert datetime.fromisoformat(attempt["deadlineAt"]) == now + timedelta(minutes=20)  # before the half hour is over


async def test_an_offering_that_is_over_or_not_begun(quiz):
    now = await quiz.owner.fetchval("SELECT now()")
    change = "UPDATE course_offerings SET starts_at = $1, ends_at = $2 WHERE id = $3"
    day = timedelta(days=1)
    try:
        await quiz.owner.execute(change, now + day, now + 2 * day, quiz.offering["id"])
        begins = f"the offering begins at {(now + day).isoformat()}"
        assert await quiz.start() == refused("CLOSED", begins, "input", "contentItemId")
        await quiz.owner.execute(change, now - 2 * day, now - day, quiz.offering["id"])
        ended = f"the offering ended at {(now - day).isoformat()}"
        assert await quiz.start() == refused("CLOSED", ended, "input", "contentItemId")
    finally:
        await quiz.owner.execute(change, None, None, quiz.offering["id"])


async def test_answers_are_taken_for_ten_seconds_after_the_deadline(quiz):
    attempt = await quiz.started()
    await quiz.shift(attempt, timedelta(seconds=-1805))
    assert (await quiz.save(attempt, right(attempt)))["errors"] == []
    answer = await quiz.submit(attempt, right(attempt))
    assert (answer["errors"], answer["attempt"]["scoreObtained"]) == ([], "10.50")


async def test_answers_after_that_are_refused_and_what_was_saved_counts(quiz):
    attempt = await quiz.started()
    await quiz.save(attempt, right(attempt, 0))
    await quiz.shift(attempt, timedelta(seconds=-1811))
    deadline = datetime.fromisoformat(attempt["deadlineAt"]) - timedelta(seconds=1811)
    before = await quiz.rows()
    message = f"the time was over at {deadline.isoformat()}: hand it in without answers, with what was saved until then"
    over = refused("CLOSED", message, "input", "answers")
    assert await quiz.save(attempt, right(attempt)) == over
    assert await quiz.submit(attempt, right(attempt)) == over
    assert await quiz.rows() == before
    done = (await quiz.submit(attempt))["attempt"]
    assert (done["status"], done["scoreObtained"]) == ("GRADED", "8.50")
    assert datetime.fromisoformat(done["submittedAt"]) == deadline


async def test_start_hands_in_what_is_over(quiz):
    first = await quiz.started()
    await quiz.save(first, right(first))
    await quiz.shift(first, timedelta(hours=-1))
    second = await quiz.started()
    assert second["attemptNumber"] == 2
    data = await quiz.api.data(READ, {"id": first["id"]}, user=quiz.world.people["student"])
    assert (data["node"]["status"], data["node"]["scoreObtained"]) == ("GRADED", "10.50")
    acts = await quiz.owner.fetch(
        "SELECT act FROM audit_log WHERE entity_id = ANY($1) AND entity = 'QuizAttempt' ORDER BY id",
        [quiz.number(first), quiz.number(second)],
    )
    assert [row["act"] for row in acts] == ["quiz.start", "quiz.save", "quiz.submit", "quiz.start"]


async def test_the_last_attempt_that_is_over_is_handed_in_and_given(quiz):
    await quiz.rewrite(mastery={"max_attempts": 1})
    attempt = await quiz.started()
    await quiz.save(attempt, right(attempt, 6))
    await quiz.shift(attempt, timedelta(hours=-1))
    done = await quiz.started()
    assert (done["id"], done["status"], done["scoreObtained"]) == (attempt["id"], "GRADED", "9.50")
    before = await quiz.rows()
    none_left = refused("LIMIT_REACHED", "all 1 attempts at this quiz are used up", "input", "contentItemId")
    assert await quiz.start() == none_left
    assert await quiz.rows() == before


async def test_attempts_are_counted(quiz):
    for number in range(1, 6):
        attempt = await quiz.started()
        assert attempt["attemptNumber"] == number
        assert (await quiz.submit(attempt))["errors"] == []
    before = await quiz.rows()
    none_left = refused("LIMIT_REACHED", "all 5 attempts at this quiz are used up", "input", "contentItemId")
    assert await quiz.start() == none_left
    assert await quiz.rows() == before
    assert (await quiz.started("other"))["attemptNumber"] == 1


async def test_a_quiz_without_questions_or_with_a_broken_payload(quiz):
    empty = refused("CLOSED", "this quiz has no questions yet", "input", "contentItemId")
    for pool in (None, 10**9, quiz.world.beta["pool"]["id"]):
        await quiz.rewrite(question_pool_id=pool)
        assert await quiz.start() == empty
    await quiz.rewrite(question_pool_id="seven")
    broken = refused("CLOSED", "this quiz can't be read; tell whoever teaches the course", "input", "contentItemId")
    assert await quiz.start() == broken


# ---- what passes, and what a person must look at


async def test_what_passes_follows_from_setting_policy_and_nothing(quiz):
    """The policy of the world asks for 55 of 100; the setting for a score of the item's points."""

    async def attempt_of(*but: int) -> Any:
        attempt = await quiz.started()
        done = (await quiz.submit(attempt, right(attempt, *but)))["attempt"]
        return done["scoreObtained"], done["passed"]

    assert await attempt_of(1, 2) == ("6.00", True)  # 57.1 of 100
    assert await attempt_of(1, 0) == ("5.50", False)  # 52.4
    await quiz.set(points=200, min_score=Decimal("114.28"), completion_rule="min_score")
    assert await attempt_of(1, 2) == ("6.00", True)  # 57.142857… of 57.14
    await quiz.owner.execute(
        "UPDATE content_item_settings SET min_score = 114.29 WHERE content_item_id = $1", quiz.item["id"]
    )
    assert await attempt_of(1, 2) == ("6.00", False)


async def test_mastery_is_so_many_right_answers_in_a_row_over_all_attempts(quiz):
    await quiz.rewrite(mastery={"max_attempts": 9, "threshold_correct_in_row": 9}, randomize_order=False)
    found = []
    for but in ((0,), (2,), (3, 4), ()):  # by number, which are the positions, too
        attempt = await quiz.started()
        done = (await quiz.submit(attempt, right(attempt, *but)))["attempt"]
        found.append((done["correctInRow"], done["longestInRow"], done["passed"]))
    assert found == [(6, 6, False), (4, 8, False), (2, 8, False), (9, 9, True)]
    attempt = await quiz.started()
    done = (await quiz.submit(attempt))["attempt"]
    assert (done["correctInRow"], done["longestInRow"], done["passed"]) == (0, 9, True)  # mastered is mastered


async def test_a_question_without_a_readable_key_waits_for_a_person(quiz):
    attempt = await quiz.started()
    await quiz.owner.execute(
        "UPDATE question_keys SET answer = '{}' WHERE question_id IN (SELECT id FROM questions WHERE pool_id = $1"
        " AND type = 'numerical')",
        json.loads(quiz.item["data_json"])["question_pool_id"],
    )
    done = (await quiz.submit(attempt, right(attempt)))["attempt"]
    assert (done["status"], done["scoreObtained"], done["maxScore"], done["passed"]) == (
        "SUBMITTED", None, "10.50", None,
    )  # fmt: skip
    points = {question["type"]: question["pointsAwarded"] for question in done["questions"]}
    assert (points["NUMERICAL"], points["ORDERING"]) == (None, "1.00")


async def test_a_later_version_of_a_question_changes_nothing(quiz):
    attempt = await quiz.started()
    await quiz.owner.execute(
        "UPDATE questions SET is_active = false, stem = 'Retired' WHERE pool_id = $1",
        json.loads(quiz.item["data_json"])["question_pool_id"],
    )
    answer = await quiz.submit(attempt, right(attempt))
    assert answer["attempt"]["scoreObtained"] == "10.50"
    assert [q["stem"] for q in answer["attempt"]["questions"]] == [q["stem"] for q in attempt["questions"]]


# ---- what is told of an exam, and when


async def review(quiz, attempt, person="student"):
    data = await quiz.api.data(READ, {"id": attempt["id"]}, user=quiz.world.people[person])
    told = {question["answerKey"] and question["answerKey"]["explanation"] for question in data["node"]["questions"]}
    return data["node"]["review"], told


async def test_an_exam_is_told_once_it_is_over_for_everybody(quiz):
    now = await quiz.owner.fetchval("SELECT now()")
    await quiz.rewrite(quiz_mode="exam")
    await quiz.set(unlock_at=now - timedelta(days=1), lock_at=now + timedelta(hours=1))
    await quiz.set(user_id=quiz.world.people["other"], lock_at=now + timedelta(hours=5))
    attempt = await quiz.started()
    done = (await quiz.submit(attempt, right(attempt)))["attempt"]
    tells_at = (now + timedelta(hours=5, seconds=10)).isoformat()
    held = {"isAvailable": False, "heldBack": "NOT_CLOSED", "availableAt": tells_at}
    assert (done["review"], await review(quiz, attempt)) == (held, (held, {None}))
    assert SECRETS[1] not in json.dumps(done)
    assert await review(quiz, attempt, "ta") == (held, {SECRETS[1]})  # staff see them in any case
    await quiz.owner.execute(
        "UPDATE content_item_settings SET lock_at = lock_at - interval '3 hours' WHERE content_item_id = $1",
        quiz.item["id"],
    )
    assert (await review(quiz, attempt))[0]["heldBack"] == "NOT_CLOSED"  # it is over for this person, not for the other
    await quiz.owner.execute(
        "UPDATE content_item_settings SET lock_at = lock_at - interval '3 hours' WHERE content_item_id = $1",
        quiz.item["id"],
    )
    told = {"isAvailable": True, "heldBack": None, "availableAt": (now - timedelta(hours=1, seconds=-10)).isoformat()}
    assert await review(quiz, attempt) == (told, {SECRETS[1]})


async def test_an_exam_that_is_never_locked_is_told_once_no_attempt_is_left(quiz):
    await quiz.rewrite(quiz_mode="exam", mastery={"max_attempts": 2})
    first = await quiz.started()
    done = (await quiz.submit(first))["attempt"]
    assert done["review"] == {"isAvailable": False, "heldBack": "ATTEMPTS_LEFT", "availableAt": None}
    second = await quiz.started()
    assert (await review(quiz, first))[0]["heldBack"] == "ATTEMPT_OPEN"
    assert (await quiz.submit(second))["attempt"]["review"]["isAvailable"] is True
    assert await review(quiz, first) == (
        {"isAvailable": True, "heldBack": None, "availableAt": None}, {SECRETS[1]},
    )  # fmt: skip


@pytest.mark.parametrize("limit", [None, "two", 2.5, -1, {}])
async def test_an_exam_without_an_end_is_never_told(quiz, limit):
    await quiz.rewrite(quiz_mode="exam", mastery=None)
    attempt = await quiz.started()
    await quiz.submit(attempt)
    await quiz.rewrite(quiz_mode="unheard of", mastery={"max_attempts": limit})
    held = {"isAvailable": False, "heldBack": "ATTEMPTS_LEFT", "availableAt": None}
    assert await review(quiz, attempt) == (held, {None})


# ---- what is set for one person


async def override(quiz, person="instructor", **given):
    whom = {**quiz.where(), "userId": quiz.gid("User", quiz.world.people["student"]), "reason": "By the office."}
    return await quiz.call(OVERRIDE, whom | given, person)


async def test_more_time_moves_the_open_attempt_and_the_next(quiz):
    attempt = await quiz.started()
    answer = await override(quiz, extraTimeSeconds=900)
    assert answer == {
        "override": {
            "dueAt": None, "lockAt": None, "unlockAt": None, "extraTimeSeconds": 900, "extraAttempts": None,
            "user": {"displayName": "ALPHA student"},
        },
        "errors": [],
    }  # fmt: skip

    def length(one: Any) -> timedelta:
        return datetime.fromisoformat(one["deadlineAt"]) - datetime.fromisoformat(one["startedAt"])

    longer = await quiz.started()
    assert (longer["id"], length(longer)) == (attempt["id"], timedelta(seconds=2700))
    await quiz.shift(attempt, timedelta(seconds=-2000))  # over without the extra time
    assert (await quiz.submit(attempt, right(attempt)))["attempt"]["scoreObtained"] == "10.50"
    assert length(await quiz.started()) == timedelta(seconds=2700)
    assert length(await quiz.started("other")) == timedelta(seconds=1800)
    before = await quiz.rows()
    assert await override(quiz, extraTimeSeconds=900) == answer
    assert await quiz.rows() == before
    audited = await quiz.owner.fetchrow(
        "SELECT reason, old_values, new_values FROM audit_log WHERE act = 'override.set' ORDER BY id DESC LIMIT 1"
    )
    values = json.loads(audited["new_values"])
    assert (audited["reason"], audited["old_values"]) == ("By the office.", None)
    assert values["extra_time_seconds"] == 900
    assert [one["attemptId"] for one in values["movedAttempts"]] == [quiz.number(attempt)]


async def test_more_attempts_and_other_dates(quiz):
    now = await quiz.owner.fetchval("SELECT now()")
    await quiz.rewrite(mastery={"max_attempts": 1})
    await quiz.set(lock_at=now - timedelta(hours=1))
    assert (await quiz.start())["errors"][0]["code"] == "CLOSED"
    later = (now + timedelta(minutes=5)).isoformat()
    answer = await override(quiz, lockAt=later, extraAttempts=1)
    assert (answer["override"]["lockAt"], answer["override"]["extraAttempts"]) == (later, 1)
    for _ in range(2):
        attempt = await quiz.started()
        assert attempt["deadlineAt"] == later  # the lock comes before the half hour is over
        await quiz.submit(attempt)
    assert (await quiz.start())["errors"][0]["code"] == "LIMIT_REACHED"
    assert (await quiz.start("other"))["errors"][0]["code"] == "CLOSED"
    gone = await override(quiz, lockAt=None)
    assert (gone["override"]["lockAt"], gone["override"]["extraAttempts"]) == (None, 1)
    assert (await quiz.start())["errors"][0]["code"] == "CLOSED"


async def test_who_may_set_what(quiz):
    before = await quiz.rows()

    def no(code: str, message: str, *path: str) -> dict[str, Any]:
        return {"override": None, "errors": [{"code": code, "message": message, "path": list(path)}]}

    roles = no("FORBIDDEN", "your roles here do not allow this")
    seen = no("FORBIDDEN", "only who runs this offering may do this", "input", "offeringId")
    missing = no("NOT_FOUND", "there is no such offering for you", "input", "offeringId")
    expected = {"student": roles, "other": roles, "outsider": roles, "ta": seen, "section_ta": seen}
    expected |= {"far_instructor": missing, "far_admin": missing}
    for name, refusal in expected.items():
        assert await override(quiz, name, extraAttempts=1) == refusal, name
    nobody = no("NOT_FOUND", "there is no such person in the offering", "input", "userId")
    for name in ("bystander", "beta_student", "instructor"):
        assert await override(quiz, userId=quiz.gid("User", quiz.world.people[name]), extraAttempts=1) == nobody
    item = no("NOT_FOUND", "its course has no such item", "input", "contentItemId")
    assert await override(quiz, contentItemId=quiz.gid("TextContent", 999_999), extraAttempts=1) == item
    most = no("INVALID", "this must be from 0 to 604800", "input", "extraTimeSeconds")
    assert await override(quiz, extraTimeSeconds=604_801) == most
    assert await override(quiz, extraTimeSeconds=-1) == most
    assert await override(quiz) == no("INVALID", "give at least one thing that is to be set", "input")
    assert await override(quiz, reason=" ", extraAttempts=1) == no(
        "INVALID", "this must not be empty", "input", "reason"
    )
    turned = no("INVALID", "it must open before it is due, and be due before it is locked", "input")
    dates = {"dueAt": "2026-12-02T00:00:00Z", "lockAt": "2026-12-01T00:00:00Z"}
    assert await override(quiz, **dates) == turned
    assert await quiz.rows() == before
    for name in ("instructor", "department_admin", "admin"):
        assert (await override(quiz, name, extraAttempts=7))["errors"] == []


# ---- many at once


async def test_of_parallel_starts_one_attempt_comes(quiz):
    answers = await asyncio.gather(*(quiz.start() for _ in range(20)))
    assert {answer["attempt"] and answer["attempt"]["id"] for answer in answers} == {answers[0]["attempt"]["id"]}
    assert [answer["errors"] for answer in answers] == [[]] * 20
    numbers = await quiz.owner.fetch(
        "SELECT attempt_number FROM quiz_attempts WHERE content_item_id = $1", quiz.item["id"]
    )
    assert [row["attempt_number"] for row in numbers] == [1]


async def test_of_parallel_submits_one_grades(quiz):
    attempt = await quiz.started()
    answers = await asyncio.gather(*(quiz.submit(attempt, right(attempt, 3)) for _ in range(10)))
    assert all(answer == answers[0] for answer in answers)
    assert (answers[0]["errors"], answers[0]["attempt"]["scoreObtained"]) == ([], "9.50")
    acts = await quiz.owner.fetch("SELECT act FROM audit_log WHERE entity_id = $1 ORDER BY id", quiz.number(attempt))
    assert [row["act"] for row in acts] == ["quiz.start", "quiz.submit"]
    told = await quiz.owner.fetchval(
        "SELECT count(*) FROM outbox WHERE topic = 'quiz.submitted' AND entity_id = $1", quiz.number(attempt)
    )
    assert told == 1


async def test_of_parallel_submits_that_differ_one_counts(quiz):
    attempt = await quiz.started()
    answers = await asyncio.gather(*(quiz.submit(attempt, right(attempt, number)) for number in (0, 1)))
    scores = [answer["attempt"] and answer["attempt"]["scoreObtained"] for answer in answers]
    assert sorted(score is None for score in scores) in ([False, False], [False, True])
    stored = await quiz.owner.fetch(
        "SELECT score_obtained, (SELECT sum(points_awarded) FROM quiz_attempt_answers WHERE attempt_id = a.id) AS total"
        " FROM quiz_attempts a WHERE content_item_id = $1",
        quiz.item["id"],
    )
    assert len(stored) == 1
    assert stored[0]["score_obtained"] == stored[0]["total"]


async def test_saves_and_a_submit_leave_no_answer_without_a_mark(quiz):
    attempt = await quiz.started()
    saves = [quiz.save(attempt, [entry]) for entry in right(attempt)]
    answers = await asyncio.gather(*saves[:4], quiz.submit(attempt), *saves[4:])
    kept = [not answer["errors"] for answer in (*answers[:4], *answers[5:])]
    rows = await quiz.owner.fetch(
        "SELECT points_awarded FROM quiz_attempt_answers WHERE attempt_id = $1", quiz.number(attempt)
    )
    assert len(rows) == sum(kept)
    assert all(row["points_awarded"] is not None for row in rows)
    assert {answer["errors"][0]["code"] for answer in answers if answer["errors"]} <= {"CLOSED"}


async def crowd(quiz, size: int) -> list[int]:
    """People enrolled in the offering, who exist for this test alone."""
    rows, tenant = Rows(quiz.owner), {"university_id": quiz.item["university_id"]}
    people = []
    for number in range(size):
        email = f"crowd{number}-{quiz.item['id']}@test.example"
        user = await rows.add("users", email=email, full_name=f"Crowd {number}", password_hash="!")
        member = {**tenant, "user_id": user["id"]}
        await rows.add("university_members", **member, display_name=f"Crowd {number}", email=email)
        await rows.add("user_university_roles", **member, role="student")
        await rows.add("course_enrollments", **member, course_offering_id=quiz.offering["id"])
        people.append(user["id"])
    return people


@pytest.mark.parametrize(
    ("size", "starts"), [(4, 6), pytest.param(100, 50, marks=pytest.mark.proof)], ids=["small", "P22"]
)
async def test_attempts_of_a_crowd_are_numbered_without_gaps_or_second_open_ones(quiz, size, starts):
    """P22: everybody starts many times at once, hands in many times at once, until no attempt is left."""
    people = await crowd(quiz, size)
    places = asyncio.Semaphore(50)
    short = "mutation S($input: %sInput!) { %s(input: $input) { attempt { id } errors { code } } }"
    start = short % ("StartQuizAttempt", "startQuizAttempt")
    submit = short % ("SubmitQuizAttempt", "submitQuizAttempt")

    async def send(document: str, given: dict[str, Any], user: int) -> Any:
        """The answer; again where the server has more to do than it can, as a client would."""
        async with places:
            answer = await quiz.api(document, {"input": given}, user=user)
            while answer.get("errors"):
                assert {error["extensions"]["code"] for error in answer["errors"]} == {"UNAVAILABLE"}, answer
                await asyncio.sleep(0.05)
                answer = await quiz.api(document, {"input": given}, user=user)
            (payload,) = answer["data"].values()
            return payload

    for number in range(1, 7):
        answers = await asyncio.gather(*(send(start, quiz.where(), user) for user in people for _ in range(starts)))
        by_person = [answers[place : place + starts] for place in range(0, len(answers), starts)]
        if number == 6:
            assert {answer["errors"][0]["code"] for answer in answers} == {"LIMIT_REACHED"}
            break
        ids = [{answer["attempt"]["id"] for answer in own} for own in by_person]
        assert [len(own) for own in ids] == [1] * size
        stored = await quiz.owner.fetch(
            "SELECT user_id, array_agg(attempt_number ORDER BY attempt_number) AS numbers,"
            " count(*) FILTER (WHERE submitted_at IS NULL) AS open FROM quiz_attempts WHERE content_item_id = $1"
            " GROUP BY user_id",
            quiz.item["id"],
        )
        assert sorted(row["user_id"] for row in stored) == sorted(people)
        assert {(tuple(row["numbers"]), row["open"]) for row in stored} == {(tuple(range(1, number + 1)), 1)}
        submits = [
            send(submit, {"attemptId": own}, user)
            for user, (own,) in zip(people, ids, strict=True)
            for _ in range(min(starts, 10))
        ]
        assert {bool(answer["errors"]) for answer in await asyncio.gather(*submits)} == {False}
    graded = await quiz.owner.fetchval(
        "SELECT count(*) FROM audit_log WHERE act = 'quiz.submit' AND entity_id IN"
        " (SELECT id FROM quiz_attempts WHERE content_item_id = $1)",
        quiz.item["id"],
    )
    assert graded == 5 * size


# ---- what it costs


async def statements(quiz, document, given, monkeypatch) -> int:
    """How many statements the transaction of a mutation has."""
    counted: list[int] = []
    commit = Transaction.commit

    async def counting(transaction: Transaction) -> None:
        counted.append(transaction.statements)
        await commit(transaction)

    monkeypatch.setattr(Transaction, "commit", counting)
    await quiz.call(document, given)
    monkeypatch.undo()
    return sum(counted)


async def test_statements_do_not_grow_with_the_questions(quiz, monkeypatch):
    # Progress and the grade cost more the first time than when the item is completed already.
    for questions, start, submit in ((7, 17, 21), (2, 16, 16), (7, 16, 16)):
        await quiz.rewrite(num_questions_per_attempt=questions)
        assert await statements(quiz, START, quiz.where(), monkeypatch) <= start
        attempt = await quiz.started()
        assert len(attempt["questions"]) == questions
        given = {"attemptId": attempt["id"], "answers": right(attempt)}
        assert await statements(quiz, SAVE, given, monkeypatch) == 4
        assert await statements(quiz, SUBMIT, given, monkeypatch) <= submit
        assert await statements(quiz, SUBMIT, given, monkeypatch) == 2
