"""setItemSettings: what is set for all and for a section, what follows for grades and open attempts, and who may."""

import asyncio
import json
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from lms_graphql.storage.transaction import Transaction
from tests.changing.test_grades import Class
from tests.changing.test_quizzes import quiz  # noqa: F401 - a fixture

SET = """mutation($input: SetItemSettingsInput!) { setItemSettings(input: $input) {
  setting { unlockAt dueAt lockAt points completionRule minScore maxSubmissions latePenaltyPercentPerDay
    gradeCategory { name } }
  job { kind state total } errors { code message path } } }"""
NOTHING = {
    "unlockAt": None, "dueAt": None, "lockAt": None, "points": None, "completionRule": None, "minScore": None,
    "maxSubmissions": None, "latePenaltyPercentPerDay": None, "gradeCategory": None,
}  # fmt: skip
DAYS = [f"2026-12-0{day}T12:00:00+00:00" for day in range(1, 8)]


@pytest.fixture
async def made(quiz, owner, world):  # noqa: F811
    """A class with a policy of its own, in which the student has 40 of 50 in the quiz."""
    made = await Class(world, owner).build()
    made.quiz = quiz.item
    section = {**made.tenant, "course_offering_id": made.offering["id"]}
    made.section = await made.rows.add("offering_sections", **section, code="S", name="Section")
    await owner.execute(
        "INSERT INTO quiz_attempts (university_id, course_id, course_offering_id, content_item_id, user_id,"
        " attempt_number, started_at, submitted_at, status, score_obtained, max_score)"
        " VALUES ($1, $2, $3, $4, $5, 1, now(), now(), 'graded', 40, 50)",
        made.university, made.quiz["course_id"], made.offering["id"], made.quiz["id"], world.people["student"],
    )  # fmt: skip
    return made


async def settle(api, made, person="instructor", **given):
    where = {"offeringId": made.id("CourseOffering", made.offering), "contentItemId": made.id("QuizContent", made.quiz)}
    data = await api.data(SET, {"input": where | given}, user=made.world.people[person])
    return data["setItemSettings"]


def refused(code, message, *path):
    return {"setting": None, "job": None, "errors": [{"code": code, "message": message, "path": ["input", *path]}]}


async def rows(owner):
    """All that a refusal leaves as it is."""
    tables = ("content_item_settings", "quiz_attempts", "audit_log", "outbox", "jobs", "course_grades")
    return [[str(row) for row in await owner.fetch(f"SELECT * FROM {table} ORDER BY 1, 2, 3")] for table in tables]


async def set_row(made, section=None):
    return await made.owner.fetchrow(
        "SELECT * FROM content_item_settings WHERE course_offering_id = $1 AND content_item_id = $2"
        " AND section_id IS NOT DISTINCT FROM $3 AND user_id IS NULL",
        made.offering["id"], made.quiz["id"], section,
    )  # fmt: skip


async def test_all_of_it_is_set_kept_and_cleared_and_audited(api, made, owner):
    whole = {
        "unlockAt": DAYS[0], "dueAt": DAYS[1], "lockAt": DAYS[2], "points": "50", "completionRule": "MIN_SCORE",
        "minScore": "25.5", "maxSubmissions": 3, "latePenaltyPercentPerDay": "12.25",
    }  # fmt: skip
    exams = made.id("GradeCategory", made.exams)
    answer = await settle(api, made, **whole, gradeCategoryId=exams, reason="The first term.")
    shown = NOTHING | whole | {"points": "50.00", "minScore": "25.50", "gradeCategory": {"name": "Exams"}}
    job = {"kind": "grades.regrade", "state": "QUEUED", "total": 2}
    assert answer == {"setting": shown, "job": job, "errors": []}
    before = await rows(owner)
    same = await settle(api, made, **whole, gradeCategoryId=exams, reason="Again.")
    assert same == {"setting": shown, "job": None, "errors": []}
    assert await rows(owner) == before
    answer = await settle(api, made, "admin", dueAt=None, completionRule="SUBMIT", minScore=None)
    later = shown | {"dueAt": None, "completionRule": "SUBMIT", "minScore": None}
    assert answer == {"setting": later, "job": None, "errors": []}
    (first, second) = await owner.fetch("SELECT * FROM audit_log WHERE act = 'item_settings.set' ORDER BY id")
    setting = await set_row(made)
    assert (first["reason"], first["old_values"], second["reason"]) == ("The first term.", None, None)
    assert (first["entity"], first["entity_id"]) == ("ItemSetting", setting["id"])
    assert json.loads(first["new_values"]) == json.loads(second["old_values"]) | {"movedAttempts": []}
    named = {"offeringId": made.offering["id"], "contentItemId": made.quiz["id"]}
    kept = {name: value for name, value in json.loads(second["new_values"]).items() if name not in named}
    assert kept.pop("movedAttempts") == []
    moments = {name: datetime.fromisoformat(kept[name]) for name in ("unlock_at", "lock_at")}
    amounts = {name: Decimal(kept[name]) for name in ("points", "late_penalty_percent_per_day")}
    assert kept | moments | amounts == {name: setting[name] for name in kept}
    assert (kept["grade_category_id"], kept["completion_rule"]) == (made.exams["id"], "submit")
    told = await owner.fetch("SELECT entity_id, facts FROM outbox WHERE topic = 'item_settings.set'")
    assert [(one["entity_id"], json.loads(one["facts"])) for one in told] == [(setting["id"], named)] * 2


async def test_the_grades_follow_points_and_category(api, made):
    assert (await settle(api, made, points="50", gradeCategoryId=made.id("GradeCategory", made.exams)))["job"]
    await api.service.jobs.drain()
    assert (await made.grade("student"))[0] == Decimal("20.00")  # 40 of 150 points, for 75 percent
    assert (await settle(api, made, points="50.00", dueAt=DAYS[3]))["job"] is None
    assert (await settle(api, made, gradeCategoryId=None))["job"]["state"] == "QUEUED"
    await api.service.jobs.drain()
    assert (await made.grade("student"))[0] == Decimal("0.00")


async def test_frozen_grades_keep_their_points_and_not_their_dates(api, made, owner):
    await settle(api, made, points="50")
    await owner.execute(
        "INSERT INTO grade_freezes (university_id, course_offering_id, frozen_at, frozen_by, reason)"
        " VALUES ($1, $2, now() - interval '1 hour', $3, 'The board met.')",
        made.university, made.offering["id"], made.world.people["instructor"],
    )  # fmt: skip
    before = await rows(owner)
    for given in ({"points": "51"}, {"gradeCategoryId": made.id("GradeCategory", made.oral)}):
        (error,) = (await settle(api, made, **given))["errors"]
        assert error["code"] == "CLOSED"
    assert await rows(owner) == before
    assert (await settle(api, made, points="50", dueAt=DAYS[3]))["errors"] == []


async def test_a_section_has_its_own_dates_and_no_points(api, made):
    here = {"sectionId": made.id("OfferingSection", made.section)}
    await settle(api, made, points="50", dueAt=DAYS[1])
    answer = await settle(api, made, **here, dueAt=DAYS[4], completionRule="MANUAL", points=None)
    assert answer == {
        "setting": NOTHING | {"dueAt": DAYS[4], "completionRule": "MANUAL"}, "job": None, "errors": []
    }  # fmt: skip
    assert (await set_row(made))["due_at"] == datetime.fromisoformat(DAYS[1])
    assert (await set_row(made, made.section["id"]))["due_at"] == datetime.fromisoformat(DAYS[4])
    message = "grades are worked out by what is set for all: set this without sectionId"
    category = made.id("GradeCategory", made.exams)
    for name, value in (("points", "5"), ("gradeCategoryId", category)):
        assert await settle(api, made, **here, **{name: value}) == refused("INVALID", message, name)


@pytest.mark.parametrize(
    ("given", "message", "path"),
    [
        ({}, "give at least one thing that is to be set", []),
        ({"reason": "Why."}, "give at least one thing that is to be set", []),
        ({"points": "-0.01"}, "this must be a number from 0 to 9999.99", ["points"]),
        ({"points": "10000"}, "this must be a number from 0 to 9999.99", ["points"]),
        ({"points": "NaN"}, "this must be a number from 0 to 9999.99", ["points"]),
        ({"points": "1.001"}, "this has more than two places behind the point", ["points"]),
        ({"minScore": "10000"}, "this must be a number from 0 to 9999.99", ["minScore"]),
        ({"latePenaltyPercentPerDay": "100.01"}, "this must be a number from 0 to 100", ["latePenaltyPercentPerDay"]),
        ({"maxSubmissions": 0}, "this must be from 1 to 1000", ["maxSubmissions"]),
        ({"maxSubmissions": 1001}, "this must be from 1 to 1000", ["maxSubmissions"]),
        ({"completionRule": "MIN_SCORE"}, "MIN_SCORE asks for a score: say which, or take another rule", ["minScore"]),
        ({"unlockAt": DAYS[4]}, "it must open before it is due, and be due before it is locked", []),
        ({"lockAt": DAYS[2]}, "it must open before it is due, and be due before it is locked", []),
        ({"dueAt": DAYS[4], "reason": " "}, "this must not be empty", ["reason"]),
    ],
)
async def test_what_cannot_be_is_refused(api, made, owner, given, message, path):
    await settle(api, made, dueAt=DAYS[3])
    before = await rows(owner)
    assert await settle(api, made, **given) == refused("INVALID", message, *path)
    assert await rows(owner) == before


async def test_who_may_and_for_what(api, made, owner):
    before = await rows(owner)
    roles = refused("FORBIDDEN", "your roles here do not allow this")
    roles["errors"][0]["path"] = []
    runs = refused("FORBIDDEN", "only who runs this offering may do this", "offeringId")
    unseen = refused("NOT_FOUND", "there is no such offering for you", "offeringId")
    expected = {"student": roles, "bystander": roles, "ta": runs, "section_ta": unseen, "far_instructor": unseen}
    for name, refusal in expected.items():
        assert await settle(api, made, name, dueAt=DAYS[1]) == refusal, name
    item = refused("NOT_FOUND", "its course has no such item", "contentItemId")
    for wrong in (
        made.id("TextContent", made.quiz),
        made.id("QuizContent", {"id": 999_999}),
        made.id("AssignmentContent", made.world.alpha["far_offering"]),
    ):
        assert await settle(api, made, contentItemId=wrong, dueAt=DAYS[1]) == item
    section = refused("NOT_FOUND", "there is no such section for you", "sectionId")
    elsewhere = made.id("OfferingSection", made.world.alpha["section"])
    assert await settle(api, made, sectionId=elsewhere, dueAt=DAYS[1]) == section
    category = refused("NOT_FOUND", "there is no such thing, or not for you", "gradeCategoryId")
    assert await settle(api, made, gradeCategoryId=made.id("GradeCategory", {"id": 999_999})) == category
    where = {"offeringId": made.id("CourseOffering", made.offering), "contentItemId": made.id("QuizContent", made.quiz)}
    nobody = (await api.post(SET, {"input": where})).json()
    assert nobody["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert await rows(owner) == before
    for number, name in enumerate(("instructor", "department_admin", "admin")):
        assert (await settle(api, made, name, dueAt=DAYS[number]))["errors"] == []


async def set_for(api, quiz, **given):  # noqa: F811
    data = await api.data(SET, {"input": {**quiz.where(), **given}}, user=quiz.world.people["instructor"])
    assert data["setItemSettings"]["errors"] == []


async def test_a_lock_moves_the_open_attempts_it_holds_for(api, quiz, owner, monkeypatch):  # noqa: F811
    attempts = {name: await quiz.started(name) for name in ("student", "other")}
    now = await owner.fetchval("SELECT date_trunc('second', now())")

    async def deadlines():
        found = {name: await quiz.started(name) for name in attempts}
        assert {name: one["id"] for name, one in found.items()} == {name: one["id"] for name, one in attempts.items()}
        return {name: one["deadlineAt"] for name, one in found.items()}

    given = {name: one["deadlineAt"] for name, one in attempts.items()}
    soon, later, all_day = ((now + timedelta(minutes=minutes)).isoformat() for minutes in (5, 10, 1440))
    counts = []
    commit = Transaction.commit

    async def counted(transaction):
        counts.append(transaction.statements)
        await commit(transaction)

    monkeypatch.setattr(Transaction, "commit", counted)
    await set_for(api, quiz, lockAt=soon)
    assert counts[0] <= 11
    monkeypatch.undo()
    assert await deadlines() == {"student": soon, "other": soon}
    # The student is in section A.
    await set_for(api, quiz, lockAt=later, sectionId=quiz.gid("OfferingSection", quiz.world.alpha["section"]["id"]))
    assert await deadlines() == {"student": later, "other": soon}
    await set_for(api, quiz, lockAt=all_day)
    assert await deadlines() == {"student": later, "other": given["other"]}
    moved = await owner.fetchval("SELECT new_values FROM audit_log WHERE act = 'item_settings.set' ORDER BY id DESC")
    (one,) = json.loads(moved)["movedAttempts"]
    assert one["attemptId"] == quiz.number(attempts["other"])
    times = [datetime.fromisoformat(one[name]) for name in ("deadlineBefore", "deadlineAt")]
    assert times == [datetime.fromisoformat(soon), datetime.fromisoformat(given["other"])]


async def test_an_attempt_that_begins_meanwhile_gets_the_deadline_too(api, quiz, owner):  # noqa: F811
    now = await owner.fetchval("SELECT date_trunc('second', now())")
    people = ("student", "other")
    for minutes in (20, 15, 10, 5):
        soon = (now + timedelta(minutes=minutes)).isoformat()
        await asyncio.gather(*(quiz.started(name) for name in people), set_for(api, quiz, lockAt=soon))
        attempts = [await quiz.started(name) for name in people]
        assert [one["deadlineAt"] for one in attempts] == [soon, soon]
        for name, attempt in zip(people, attempts, strict=True):
            await quiz.submit(attempt, [], name)


async def test_those_who_set_at_once_lose_nothing(api, made):
    """Who comes second to a row that is not there yet is told to decide again."""
    given = [{"dueAt": DAYS[2]}, {"points": "7"}, {"maxSubmissions": 4}, {"latePenaltyPercentPerDay": "3"}]
    answers = await asyncio.gather(*(settle(api, made, **one) for one in given))
    codes = [[error["code"] for error in answer["errors"]] for answer in answers]
    assert all(found in ([], ["CONFLICT"]) for found in codes)
    for one, found in zip(given, codes, strict=True):
        if found:
            assert (await settle(api, made, **one))["errors"] == []
    row = await set_row(made)
    kept = (row["due_at"].isoformat(), row["points"], row["max_submissions"], row["late_penalty_percent_per_day"])
    assert kept == (DAYS[2], Decimal(7), 4, Decimal(3))
