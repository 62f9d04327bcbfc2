"""Question pools and questions: added, changed, removed, ordered and copied; by whom, and what becomes of attempts."""

import asyncio
import json
from typing import Any

import pytest

from lms_graphql.assessment import pool_keeping
from lms_graphql.engine.relay import GlobalId, parse_global_id
from lms_graphql.storage.transaction import Transaction
from tests.conftest import Api
from tests.world import KINDS, Rows

ERRORS = "errors { code message path currentVersion }"
QUESTION = """id number version type points stem options { key text side } hints isActive
  answerKey { correct value tolerance accepted isCaseSensitive isPattern order pairs { left right } explanation }"""
POOL = """id title version course { id } questions(first: 50, filter: {isActive: true}) {
  nodes: edges { node { stem number } } }"""


def _mutation(name: str, selection: str, errors: str = ERRORS) -> str:
    """A document with the field under the name `it`."""
    input_type = f"{name[0].upper()}{name[1:]}Input!"
    return f"mutation($input: {input_type}) {{ it: {name}(input: $input) {{ {selection} {errors} }} }}"


CREATE = _mutation("createQuestionPool", f"pool {{ {POOL} }}")
UPDATE_POOL = _mutation("updateQuestionPool", f"pool {{ {POOL} }}")
DELETE_POOL = _mutation("deleteQuestionPool", "deletedId")
ADD = _mutation("addQuestion", f"question {{ {QUESTION} }} pool {{ {POOL} }}")
UPDATE = _mutation("updateQuestion", f"question {{ {QUESTION} }} pool {{ id }}")
REMOVE = _mutation("removeQuestion", f"isDeleted question {{ id isActive number }} pool {{ {POOL} }}")
REORDER = _mutation("reorderQuestions", f"pool {{ {POOL} }}")
COPY = _mutation("copyQuestions", f"copies {{ question {{ {QUESTION} }} }} pool {{ {POOL} }}")
START = _mutation("startQuizAttempt", "attempt { id }")
SUBMIT = _mutation("submitQuizAttempt", "attempt { scoreObtained }")
USAGE = """query($id: ID!) {
  node(id: $id) { ... on QuestionPool { usage { ...U } } ... on Question { usage { ...U } } } }
  fragment U on QuestionUsage { quizCount publishedQuizCount openAttemptCount finishedAttemptCount
    quizzes(first: 10) { edges { node { isPublished quiz { title } } } totalCount } }"""
VERSIONS = """query($id: ID!) { node(id: $id) { ... on Question { versions(first: 10) {
  edges { node { version isActive stem answerKey { value } } } totalCount } } } }"""
SHARED = """query($shared: Boolean) {
  questionPools(first: 50, filter: {isShared: $shared}) { edges { node { course { id } id } } } }"""

OPTIONS = [{"key": key, "text": f"Option {key}"} for key in "abc"]
ALL: dict[str, Any] = {
    "singleChoice": {"options": OPTIONS, "correct": "b"},
    "multipleChoice": {"options": OPTIONS, "correct": ["a", "c"]},
    "numerical": {"value": "9.81", "tolerance": "1%"},
    "text": {"accepted": ["newton", "N"], "isCaseSensitive": True},
    "dropdown": {"options": OPTIONS, "correct": "a"},
    "ordering": {"options": OPTIONS, "order": ["c", "a", "b"]},
    "matching": {"left": OPTIONS[:1], "right": OPTIONS[1:], "pairs": [{"left": "a", "right": "c"}]},
}  # fmt: skip


def number(stem: str, value: str = "5", **more: Any) -> dict[str, Any]:
    return {"numerical": {"stem": stem, "value": value, **more}}


class Pools:
    """Calls of ALPHA's people, and what they left behind."""

    def __init__(self, api: Api, world: Any, owner: Any) -> None:
        self.api, self.world, self.owner = api, world, owner
        self.university_id = world.alpha.university["id"]
        self.course = self.id("Course", world.alpha["course"]["id"])
        self.offering = self.id("CourseOffering", world.alpha["private"]["id"])

    def id(self, typename: str, row: int) -> str:
        return str(GlobalId(typename, row, self.university_id))

    async def call(self, document: str, given: dict[str, Any], person: str = "instructor") -> dict[str, Any]:
        return (await self.api.data(document, {"input": given}, user=self.world.people[person]))["it"]

    async def done(self, document: str, given: dict[str, Any], person: str = "instructor") -> dict[str, Any]:
        answer = await self.call(document, given, person)
        assert answer.pop("errors") == []
        return answer

    async def pool(self, *stems: str, title: str = "A pool", course: bool = True, person: str = "instructor") -> str:
        given = {"title": title, **({"courseId": self.course} if course else {})}
        pool = (await self.done(CREATE, given, person))["pool"]["id"]
        for stem in stems:
            await self.done(ADD, {"poolId": pool, "question": number(stem)}, person)
        return pool

    async def read(self, document: str, id_: str, person: str = "instructor") -> Any:
        return (await self.api.data(document, {"id": id_}, user=self.world.people[person]))["node"]

    async def questions(self, pool: str) -> list[tuple[str, int, int, bool]]:
        rows = await self.owner.fetch(
            "SELECT stem, number, version, is_active FROM questions WHERE pool_id = $1 ORDER BY number, version",
            parse_global_id(pool).id,
        )
        return [tuple(row) for row in rows]

    async def ids(self, pool: str) -> list[str]:
        rows = await self.owner.fetch(
            "SELECT id FROM questions WHERE pool_id = $1 AND is_active ORDER BY number", parse_global_id(pool).id
        )
        return [self.id("Question", row["id"]) for row in rows]

    async def quiz(self, pool: str, **changes: Any) -> str:
        rows, module = Rows(self.owner), self.world.alpha["lesson"]
        place = await self.owner.fetchval(
            "SELECT max(sequence_index) + 1 FROM content_items WHERE module_id = $1", module["id"]
        )
        payload = {**KINDS["quiz"], "question_pool_id": parse_global_id(pool).id, "num_questions_per_attempt": 9}
        item = await rows.item(module, "quiz", payload, title="A quiz", sequence_index=place, **changes)
        return self.id("QuizContent", item["id"])

    async def start(self, quiz: str, person: str = "student") -> str:
        given = {"offeringId": self.offering, "contentItemId": quiz}
        return (await self.done(START, given, person))["attempt"]["id"]

    async def left(self) -> dict[str, list[str]]:
        """All that a refusal must leave as it is."""
        tables = ("question_pools", "questions", "question_keys", "audit_log", "outbox", "courses")
        return {table: [str(row) for row in await self.owner.fetch(f"TABLE {table}")] for table in tables}

    async def audited(self, since: int) -> list[tuple[Any, ...]]:
        rows = await self.owner.fetch(
            "SELECT act, entity, entity_id, old_values, new_values FROM audit_log WHERE id > $1 ORDER BY id", since
        )
        return [(*row[:3], *(value and json.loads(value) for value in row[3:])) for row in rows]

    async def last_entry(self) -> int:
        return await self.owner.fetchval("SELECT max(id) FROM audit_log") or 0

    async def version(self) -> Any:
        return await self.owner.fetchval(
            "SELECT content_version FROM courses WHERE id = $1", self.world.alpha["course"]["id"]
        )


@pytest.fixture
def pools(api, world, owner):
    return Pools(api, world, owner)


# ---- pools


async def test_a_pool_is_created_renamed_and_deleted(pools):
    before, last = await pools.version(), await pools.last_entry()
    pool = (await pools.done(CREATE, {"title": "  Forces ", "courseId": pools.course}))["pool"]
    row = parse_global_id(pool["id"]).id
    assert pool == {
        "id": pools.id("QuestionPool", row), "title": "Forces", "version": 1, "course": {"id": pools.course},
        "questions": {"nodes": []},
    }  # fmt: skip
    assert await pools.version() != before
    given = {"poolId": pool["id"], "title": "Motion", "expectedVersion": 1}
    assert (await pools.done(UPDATE_POOL, given))["pool"]["version"] == 2
    assert (await pools.call(UPDATE_POOL, given))["errors"] == [
        {
            "code": "CONFLICT", "message": "this has changed: version 2 is there, 1 was expected",
            "path": ["input", "expectedVersion"], "currentVersion": 2,
        }
    ]  # fmt: skip
    assert (await pools.done(UPDATE_POOL, {"poolId": pool["id"]}))["pool"]["title"] == "Motion"
    await pools.done(ADD, {"poolId": pool["id"], "question": number("How much?")})
    assert await pools.done(DELETE_POOL, {"poolId": pool["id"]}) == {"deletedId": pool["id"]}
    assert await pools.owner.fetchval("SELECT count(*) FROM questions WHERE pool_id = $1", row) == 0
    course = pools.world.alpha["course"]["id"]
    entries = await pools.audited(last)
    (question,) = [entry for entry in entries if entry[1] == "Question"]
    assert [entry for entry in entries if entry[1] == "QuestionPool"] == [
        ("question_pool.create", "QuestionPool", row, None, {"courseId": course, "title": "Forces"}),
        ("question_pool.update", "QuestionPool", row, {"title": "Forces"}, {"title": "Motion"}),
        ("question_pool.delete", "QuestionPool", row, {
            "courseId": course, "title": "Motion",
            "questions": [{"id": question[2], "number": 1, "version": 1, "is_active": True, "type": "numerical",
                           "points": "1.00", "stem": "How much?"}],
        }, None),
    ]  # fmt: skip


async def test_a_pool_that_is_drawn_from_or_was_met_stays(pools):
    pool = await pools.pool("One?")
    quiz = await pools.quiz(pool)
    message = "1 quiz draws from it: give «A quiz» another pool first"
    errors = (await pools.call(DELETE_POOL, {"poolId": pool}))["errors"]
    assert errors == [{"code": "CLOSED", "message": message, "path": ["input", "poolId"], "currentVersion": None}]
    await pools.start(quiz)
    await pools.owner.execute(
        "UPDATE content_items SET data_json = data_json - 'question_pool_id' WHERE id = $1", parse_global_id(quiz).id
    )
    errors = (await pools.call(DELETE_POOL, {"poolId": pool}))["errors"]
    assert [(error["code"], error["message"].split(":")[0]) for error in errors] == [
        ("CLOSED", "attempts have met its questions")
    ]
    assert await pools.questions(pool) == [("One?", 1, 1, True)]


async def test_shared_pools_are_for_who_administers(pools, api):
    given = {"title": "Shared"}
    refused = {
        person: (await pools.call(CREATE, given, person))["errors"][0]["code"] for person in ("instructor", "ta")
    }
    assert refused == {"instructor": "FORBIDDEN", "ta": "FORBIDDEN"}
    before = await pools.version()
    pool = await pools.pool("Shared?", title="Shared", course=False, person="far_admin")
    assert await pools.version() == before
    assert (await pools.call(UPDATE_POOL, {"poolId": pool, "title": "Mine"}))["errors"][0]["code"] == "NOT_FOUND"
    for shared in (True, False):
        data = await api.data(SHARED, {"shared": shared}, user=pools.world.people["admin"])
        nodes = [edge["node"] for edge in data["questionPools"]["edges"]]
        assert {node["course"] is None for node in nodes} == {shared}
        assert (pool in [node["id"] for node in nodes]) is shared


# ---- who may not


def _inputs(pools, pool, question, other):
    return {
        CREATE: {"title": "x", "courseId": pools.course},
        UPDATE_POOL: {"poolId": pool, "title": "x"},
        DELETE_POOL: {"poolId": pool},
        ADD: {"poolId": pool, "question": number("x")},
        UPDATE: {"questionId": question, "question": number("x")},
        REMOVE: {"questionId": question},
        REORDER: {"poolId": pool, "questionIds": [other, question]},
        COPY: {"questionIds": [question], "toPoolId": pool},
    }


async def test_who_may_not(pools, api):
    pool = await pools.pool("One?", "Two?")
    one, two = await pools.ids(pool)
    before = await pools.left()
    wanted = {
        "student": "FORBIDDEN", "bystander": "FORBIDDEN", "beta_admin": "FORBIDDEN", "ta": "FORBIDDEN",
        "section_ta": "FORBIDDEN", "far_instructor": "NOT_FOUND", "far_admin": "NOT_FOUND",
    }  # fmt: skip
    for document, given in _inputs(pools, pool, one, two).items():
        found = {person: (await pools.call(document, given, person))["errors"][0]["code"] for person in wanted}
        seen = {"far_instructor": "FORBIDDEN", "far_admin": "FORBIDDEN"} if document is CREATE else {}
        assert found == wanted | seen, document
        answer = await api(document, {"input": given})
        assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert await pools.left() == before


async def test_administrators_may(pools):
    pool = await pools.pool("One?", person="admin")
    (one,) = await pools.ids(pool)
    for person in ("admin", "department_admin"):
        given = {"questionId": one, "question": number(f"{person}?")}
        assert (await pools.done(UPDATE, given, person))["question"]["stem"] == f"{person}?"
        (one,) = await pools.ids(pool)


# ---- questions


@pytest.mark.parametrize("kind", ALL)
async def test_a_question_of_each_type_is_added_as_it_is_read(pools, kind):
    pool = await pools.pool()
    last = await pools.last_entry()
    parts = {"stem": "What?", "points": "2.5", "hints": ["Think."], "explanation": "Because-4712", **ALL[kind]}
    added = (await pools.done(ADD, {"poolId": pool, "question": {kind: parts}}))["question"]
    key = added.pop("answerKey")
    options = [{**option, "side": None} for option in parts.get("options", [])]
    for side in ("left", "right"):
        options += [{**option, "side": side.upper()} for option in parts.get(side, [])]
    id_ = added.pop("id")
    snake = "".join(f"_{sign}" if sign.isupper() else sign for sign in kind).upper()
    assert added == {
        "number": 1, "version": 1, "type": snake, "points": "2.50", "stem": "What?", "options": options,
        "hints": ["Think."], "isActive": True,
    }  # fmt: skip
    correct = parts.get("correct", [])
    assert key == {
        "correct": [correct] if isinstance(correct, str) else correct,
        "value": parts.get("value"), "tolerance": parts.get("tolerance"), "accepted": parts.get("accepted", []),
        "isCaseSensitive": parts.get("isCaseSensitive", False), "isPattern": parts.get("isPattern", False),
        "order": parts.get("order", []), "pairs": parts.get("pairs", []), "explanation": "Because-4712",
    }  # fmt: skip
    (entry,) = await pools.audited(last)
    assert entry[:4] == ("question.create", "Question", parse_global_id(id_).id, None)
    stored = [{"id": option["key"], "text": option["text"]} for option in options]
    for row, option in zip(stored, options, strict=True):
        row.update({"side": option["side"].lower()} if option["side"] else {})
    assert entry[4] == {
        "poolId": parse_global_id(pool).id, "number": 1, "version": 1, "isActive": True, "type": snake.lower(),
        "points": "2.50", "stem": "What?", "options": stored, "hints": ["Think."],
    }  # fmt: skip
    # the same again changes nothing
    again = await pools.done(UPDATE, {"questionId": id_, "question": {kind: parts}})
    assert (again["question"]["id"], again["question"]["version"]) == (id_, 1)


BAD = [
    ({"singleChoice": {"stem": "", "options": [{"key": "a b", "text": "x"}], "correct": "c"}},
     [(["singleChoice", "stem"], "stem: this must not be empty"),
      (["singleChoice", "options", "0", "key"], "options[0].key: an id has 1 to 64 of A-Z, a-z, 0-9, _, . and -")]),
    ({"singleChoice": {"stem": "x", "options": OPTIONS, "correct": "d"}},
     [(["singleChoice", "correct"], "correct: there is no such option: 'd'")]),
    ({"multipleChoice": {"stem": "x", "options": OPTIONS, "correct": ["a", "d"]}},
     [(["multipleChoice", "correct", "1"], "correct[1]: there is no such option: 'd'")]),
    ({"numerical": {"stem": "x", "value": "1,5", "points": "10000"}},
     [(["numerical", "points"], "points: points are from 0 to 9999.99, with at most two decimal places"),
      ]),
    ({"text": {"stem": "x", "accepted": ["(a*)*"], "isPattern": True}},
     [(["text", "accepted", "0"], "accepted[0]: this is no regular expression, or one that could take too long to try:"
       " repeat less, and nothing nested")]),
    ({"ordering": {"stem": "x", "options": OPTIONS, "order": ["a", "b"]}},
     [(["ordering", "order"], "order: all 3 options must be put in order")]),
    ({"matching": {"stem": "x", "left": OPTIONS[:1], "right": [{"key": "r", "text": " "}], "pairs": []}},
     [(["matching", "right", "0", "text"], "right[0].text: this must not be empty")]),
    ({"matching": {"stem": "x", "left": OPTIONS[:2], "right": OPTIONS[1:], "pairs": []}},
     [(["matching", "right", "0", "key"], "right[0].key: another option of the question has this id")]),
]  # fmt: skip


@pytest.mark.parametrize(("question", "wanted"), BAD)
async def test_wrong_values_are_told_where_they_stand(pools, question, wanted):
    pool = await pools.pool()
    before = await pools.left()
    errors = (await pools.call(ADD, {"poolId": pool, "question": question}))["errors"]
    assert [(error["code"], error["path"], error["message"]) for error in errors] == [
        ("INVALID", ["input", "question", *path], message) for path, message in wanted
    ]
    assert await pools.left() == before


async def test_places(pools):
    pool = await pools.pool("One?", "Two?", "Three?")

    async def order():
        node = await pools.read(f"query($id: ID!) {{ node(id: $id) {{ ... on QuestionPool {{ {POOL} }} }} }}", pool)
        return [(edge["node"]["number"], edge["node"]["stem"]) for edge in node["questions"]["nodes"]]

    await pools.done(ADD, {"poolId": pool, "position": 2, "question": number("Between?")})
    assert await order() == [(1, "One?"), (2, "Between?"), (3, "Two?"), (4, "Three?")]
    last, ids = await pools.last_entry(), await pools.ids(pool)
    await pools.done(REORDER, {"poolId": pool, "questionIds": ids[::-1]})
    assert await order() == [(1, "Three?"), (2, "Two?"), (3, "Between?"), (4, "One?")]
    numbers = [parse_global_id(id_).id for id_ in ids]
    row = parse_global_id(pool).id
    assert await pools.audited(last) == [
        ("question.reorder", "QuestionPool", row, {"questionIds": numbers}, {"questionIds": numbers[::-1]})
    ]
    await pools.done(REORDER, {"poolId": pool, "questionIds": ids[::-1]})  # as it is
    assert len(await pools.audited(last)) == 1
    removed = await pools.done(REMOVE, {"questionId": ids[2]})
    assert (removed["isDeleted"], removed["question"]) == (True, None)
    assert await order() == [(1, "Three?"), (2, "Between?"), (3, "One?")]
    before = await pools.left()
    wrong = [ids[:1], [*ids[:2], ids[3], ids[3]], [*ids[:2], ids[3], pool], [ids[0], ids[1], ids[1]]]
    for given in wrong:
        errors = (await pools.call(REORDER, {"poolId": pool, "questionIds": given}))["errors"]
        assert [(error["code"], error["path"]) for error in errors] == [("INVALID", ["input", "questionIds"])]
    for position in (0, 5, -1):
        errors = (await pools.call(ADD, {"poolId": pool, "position": position, "question": number("x")}))["errors"]
        assert [(error["code"], error["message"]) for error in errors] == [
            ("INVALID", "a position here is from 1 to 4")
        ]
    assert await pools.left() == before


# ---- what attempts keep


async def test_a_change_is_a_new_version_and_attempts_keep_theirs(pools):
    pool = await pools.pool()
    await pools.done(ADD, {"poolId": pool, "question": number("Old?", "5", explanation="Old-4712")})
    (old,) = await pools.ids(pool)
    quiz = await pools.quiz(pool)
    attempt = await pools.start(quiz)
    given = {"questionId": old, "expectedVersion": 1, "question": number("New?", "6", points="3")}
    before = await pools.left()
    (error,) = (await pools.call(UPDATE, given))["errors"]
    assert error == {
        "code": "CLOSED", "path": ["input", "confirmLive"], "currentVersion": None,
        "message": "1 attempt is under way with this question: send confirmLive: true to change it for those that begin"
        " from now on; these keep what they drew",
    }  # fmt: skip
    assert await pools.left() == before
    last, content = await pools.last_entry(), await pools.version()
    new = (await pools.done(UPDATE, {**given, "confirmLive": True}))["question"]
    assert (new["version"], new["number"], new["stem"], new["answerKey"]["value"]) == (2, 1, "New?", "6")
    assert await pools.version() != content
    (entry,) = await pools.audited(last)
    ids = [parse_global_id(id_).id for id_ in (old, new["id"], pool)]
    question = {"poolId": ids[2], "number": 1, "isActive": True, "type": "numerical", "options": [], "hints": []}
    assert entry == (
        "question.update", "Question", ids[1],
        {"id": ids[0], **question, "version": 1, "points": "1.00", "stem": "Old?"},
        {**question, "version": 2, "points": "3.00", "stem": "New?", "isKeyChanged": True},
    )  # fmt: skip
    answers = [{"position": 1, "answer": {"number": "5"}}]
    assert await pools.done(SUBMIT, {"attemptId": attempt, "answers": answers}, "student") == {
        "attempt": {"scoreObtained": "1.00"}
    }
    (error,) = (await pools.call(UPDATE, {**given, "confirmLive": True}))["errors"]
    assert (error["code"], error["path"], error["currentVersion"]) == ("CONFLICT", ["input", "questionId"], 2)
    node = await pools.read(VERSIONS, new["id"])
    assert node["versions"] == {
        "totalCount": 2,
        "edges": [
            {"node": {"version": 1, "isActive": False, "stem": "Old?", "answerKey": {"value": "5"}}},
            {"node": {"version": 2, "isActive": True, "stem": "New?", "answerKey": {"value": "6"}}},
        ],
    }
    assert await pools.read(VERSIONS, new["id"], "student") is None


async def test_what_was_drawn_is_removed_but_stays(pools):
    pool = await pools.pool("One?", "Two?")
    one, _ = await pools.ids(pool)
    quiz = await pools.quiz(pool)
    await pools.start(quiz)
    assert (await pools.call(REMOVE, {"questionId": one}))["errors"][0]["path"] == ["input", "confirmLive"]
    last = await pools.last_entry()
    removed = await pools.done(REMOVE, {"questionId": one, "confirmLive": True})
    assert (removed["isDeleted"], removed["question"]) == (False, {"id": one, "isActive": False, "number": 2})
    assert await pools.questions(pool) == [("Two?", 1, 1, True), ("One?", 2, 1, False)]
    (entry,) = await pools.audited(last)
    assert (entry[0], entry[2], entry[4]) == ("question.remove", parse_global_id(one).id, {"isActive": False})
    assert (entry[3]["stem"], entry[3]["number"]) == ("One?", 1)
    (error,) = (await pools.call(UPDATE, {"questionId": one, "question": number("Again?")}))["errors"]
    assert (error["code"], error["path"]) == ("CLOSED", ["input", "questionId"])
    await pools.done(ADD, {"poolId": pool, "question": number("Three?")})
    copied = await pools.done(COPY, {"questionIds": [one], "toPoolId": pool, "position": 1})
    assert copied["copies"][0]["question"]["stem"] == "One?"
    assert await pools.questions(pool) == [
        ("One?", 1, 1, True), ("Two?", 2, 1, True), ("Three?", 3, 1, True), ("One?", 4, 1, False),
    ]  # fmt: skip


async def test_usage_is_told_before(pools):
    pool = await pools.pool("One?", "Two?")
    one, two = await pools.ids(pool)
    quiz, hidden = await pools.quiz(pool), await pools.quiz(pool, is_active=False)
    await pools.done(SUBMIT, {"attemptId": await pools.start(quiz, "other")}, "other")
    await pools.start(quiz)
    edges = [{"node": {"isPublished": shown, "quiz": {"title": "A quiz"}}} for shown in (True, False)]
    usage = {
        "quizCount": 2, "publishedQuizCount": 1, "openAttemptCount": 1, "finishedAttemptCount": 1,
        "quizzes": {"edges": edges, "totalCount": 2},
    }  # fmt: skip
    assert await pools.read(USAGE, pool) == {"usage": usage}
    assert await pools.read(USAGE, one) == {"usage": usage}
    changed = await pools.done(UPDATE, {"questionId": two, "question": number("Other?"), "confirmLive": True})
    assert await pools.read(USAGE, changed["question"]["id"]) == {"usage": usage}
    fresh = (await pools.done(ADD, {"poolId": pool, "question": number("Fresh?")}))["question"]["id"]
    assert (await pools.read(USAGE, fresh))["usage"]["openAttemptCount"] == 0
    assert await pools.read(USAGE, pool, "student") is None
    assert hidden != quiz


# ---- copies, and many at once


async def test_copies_are_questions_of_their_own(pools):
    source, target = await pools.pool(), await pools.pool("Mine?")
    for kind, parts in ALL.items():
        await pools.done(ADD, {"poolId": source, "question": {kind: {"stem": kind, "explanation": "Why", **parts}}})
    ids = await pools.ids(source)
    copies = (await pools.done(COPY, {"questionIds": ids[::-1], "toPoolId": target}))["copies"]
    assert [copy["question"]["number"] for copy in copies] == [2, 3, 4, 5, 6, 7, 8]
    document = f"query($id: ID!) {{ node(id: $id) {{ ... on Question {{ {QUESTION} }} }} }}"
    for id_, copy in zip(ids[::-1], copies, strict=True):
        original, made = await pools.read(document, id_), copy["question"]
        assert made["id"] != original["id"]
        assert {**made, "id": None, "number": None} == {**original, "id": None, "number": None}
    before = await pools.left()
    beta = str(GlobalId("Question", pools.world.beta["question_2"]["id"], pools.world.beta.university["id"]))
    for given, code in (([ids[0], beta], "NOT_FOUND"), ([], "LIMIT_REACHED"), (ids[:1] * 201, "LIMIT_REACHED")):
        (error,) = (await pools.call(COPY, {"questionIds": given, "toPoolId": target}))["errors"]
        assert (error["code"], error["path"]) == (code, ["input", "questionIds"])
    broken = pools.id("Question", pools.world.alpha["question_2"]["id"])
    (error,) = (await pools.call(COPY, {"questionIds": [ids[0], broken], "toPoolId": target}))["errors"]
    assert (error["code"], error["path"][:3]) == ("INVALID", ["input", "questionIds", "1"])
    assert await pools.left() == before


async def test_who_changes_one_pool_at_the_same_time_do_so_one_after_another(pools):
    pool = await pools.pool("First?")
    (one,) = await pools.ids(pool)
    added = [pools.call(ADD, {"poolId": pool, "position": 1, "question": number(f"{n}?")}) for n in range(8)]
    changed = [
        pools.call(UPDATE, {"questionId": one, "expectedVersion": 1, "question": number(f"v{n}?")}) for n in range(4)
    ]
    answers = await asyncio.gather(*added, *changed)
    codes = [error["code"] for answer in answers for error in answer["errors"]]
    assert codes == ["CONFLICT"] * 3
    questions = await pools.questions(pool)
    active = [row for row in questions if row[3]]
    assert [row[1] for row in active] == list(range(1, 10))
    assert [(row[1], row[2]) for row in questions if not row[3]] == [(9, 1)]
    assert {row[0] for row in active[:8]} == {f"{n}?" for n in range(8)}


async def test_answers_are_nowhere_but_in_their_table(pools):
    """Not in the audit log, not in what others are told, and not under an Idempotency-Key."""
    pool, canaries = await pools.pool(), {"explanation": "Canary-4714", "hints": ["Think."]}
    told = {"numerical": {"value": "471547154715"}, "text": {"accepted": ["Canary-4716", "Canary-4717"]}}
    for kind, parts in told.items():
        document = {"poolId": pool, "question": {kind: {"stem": "What?", **canaries, **parts}}}
        headers = {**pools.api.headers(pools.world.people["instructor"]), "Idempotency-Key": f"key-of-{kind}"}
        body = {"query": ADD, "variables": {"input": document}}
        response = await pools.api.client.post("/u/ALPHA/graphql", json=body, headers=headers)
        assert response.json()["data"]["it"]["errors"] == []
    one, two = await pools.ids(pool)
    changed = {"text": {"stem": "Other?", "accepted": ["Canary-4718"], "explanation": "Canary-4719"}}
    await pools.done(UPDATE, {"questionId": one, "question": changed})
    await pools.done(COPY, {"questionIds": [two], "toPoolId": pool})
    await pools.done(REMOVE, {"questionId": two})
    await pools.done(DELETE_POOL, {"poolId": pool})
    for table in ("audit_log", "outbox", "idempotency_keys"):
        rows = str(await pools.owner.fetch(f"TABLE {table}"))
        assert "Canary-471" not in rows
        assert "471547154715" not in rows


async def test_a_question_is_deleted_while_it_is_drawn(pools):
    pool = await pools.pool("One?")
    (one,) = await pools.ids(pool)
    quiz, row = await pools.quiz(pool), parse_global_id(one).id
    given = {"offeringId": pools.offering, "contentItemId": quiz}
    async with pools.owner.transaction():
        await pools.owner.execute("DELETE FROM questions WHERE id = $1", row)
        starting = asyncio.create_task(pools.call(START, given, "student"))
        await asyncio.sleep(0.3)
    assert (await starting)["errors"] == [
        {"code": "CLOSED", "message": "the questions of this quiz have just been changed: begin it again",
         "path": [], "currentVersion": None}
    ]  # fmt: skip
    await pools.done(ADD, {"poolId": pool, "question": number("Two?")})
    attempt = parse_global_id(await pools.start(quiz)).id
    await pools.done(ADD, {"poolId": pool, "question": number("Three?")})
    three = (await pools.ids(pool))[1]
    before = await pools.questions(pool)
    async with pools.owner.transaction():
        await pools.owner.execute(
            "INSERT INTO quiz_attempt_questions (university_id, attempt_id, position, question_id, snapshot, points)"
            " VALUES ($1, $2, 9, $3, '{}', 1)", pools.university_id, attempt, parse_global_id(three).id,
        )  # fmt: skip
        removing = asyncio.create_task(pools.call(REMOVE, {"questionId": three}))
        await asyncio.sleep(0.3)
    (error,) = (await removing)["errors"]
    assert (error["code"], error["message"].split(":")[0]) == (
        "CLOSED", "somebody has just begun an attempt with one of the questions",
    )  # fmt: skip
    assert await pools.questions(pool) == before


async def test_the_number_of_statements_does_not_depend_on_the_questions(pools, monkeypatch):
    sent, fetch = [], Transaction.fetch

    async def counting(self, statement, *rest):
        sent.append(statement)
        return await fetch(self, statement, *rest)

    async def count(document, given):
        sent.clear()
        await pools.done(document, given)
        return len(sent)

    monkeypatch.setattr(Transaction, "fetch", counting)
    few, many = await pools.pool("1?", "2?"), await pools.pool(*(f"{n}?" for n in range(30)))
    found = []
    for source in (few, many):
        target, ids = await pools.pool("Mine?"), await pools.ids(source)
        copied = await count(COPY, {"questionIds": ids, "toPoolId": target, "position": 1})
        reordered = await count(REORDER, {"poolId": source, "questionIds": ids[::-1]})
        found.append((copied, reordered, await count(REMOVE, {"questionId": ids[0]})))
    assert found[0] == found[1]


async def test_the_quizzes_of_a_pool_are_found_by_their_index(pools):
    """Among many, behind the second wall, with the plan that the server uses: made without knowing the pool."""
    module, transaction = pools.world.alpha["lesson"], pools.owner.transaction()
    await transaction.start()
    await pools.owner.execute(
        "INSERT INTO content_items (university_id, course_id, module_id, content_type, title, sequence_index,"
        " data_json) SELECT $1, $2, $3, 'quiz', 'Q', 1000 + n, jsonb_build_object('question_pool_id', n)"
        " FROM generate_series(1, 3000) n", pools.university_id, module["course_id"], module["id"],
    )  # fmt: skip
    await pools.owner.execute("ANALYZE content_items; SET LOCAL plan_cache_mode = force_generic_plan")
    await pools.owner.execute(f"SET LOCAL ROLE lms_app; SET LOCAL lms.university_id = {pools.university_id}")
    plan = await pools.owner.fetch(f"EXPLAIN {pool_keeping._QUIZZES.sql}", pools.university_id, 1, 3)
    await transaction.rollback()
    assert "ix_content_items_pool" in str(plan)
