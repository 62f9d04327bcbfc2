"""How a course is graded is changed, the grades follow behind the answer, and what they are made of is seen."""

import asyncio
import random
from decimal import Decimal
from fractions import Fraction

import pytest

from lms_graphql.engine.relay import GlobalId
from lms_graphql.grades import regrading
from lms_graphql.grades.calculation import rounded
from lms_graphql.jobs.running import MOST_ATTEMPTS
from tests.changing.test_grades import (
    BREAKDOWN,
    CREATE,
    JOB,
    OVERRIDE,
    POLICY,
    POST,
    RECORD,
    UPDATE,
    Class,
    add_people,
    everything,
    refusal,
    send,
    told,
)

WHAT_IF = """query($offering: ID!, $scores: [WhatIfScore!]) { whatIf(offeringId: $offering, scores: $scores) {
  current final letter categories { name contribution } } }"""
CATEGORIES = [{"name": "Exams", "weight": "50"}, {"name": "Oral", "weight": "50"}]
D = Decimal


@pytest.fixture
async def made(world, owner):
    return await Class(world, owner).build()


def policy_for(made, **changes):
    return {
        "offeringId": made.id("CourseOffering", made.offering),
        "passMark": "50",
        "letterScheme": [{"letter": "E", "lowestScore": "10"}, {"letter": "A", "lowestScore": "92.5"}],
        "categories": CATEGORIES,
        **changes,
    }


# ---- the policy


async def test_a_policy_is_replaced_and_the_grades_follow(api, made, owner):
    teacher = made.world.people["instructor"]
    await send(api, RECORD, made.scores(made.exam, student="80"), teacher)
    payload = await send(api, POLICY, policy_for(made, expectedVersion=1), teacher)
    kept = [made.id("GradeCategory", row) for row in (made.exams, made.oral)]
    plain = {"dropLowest": 0, "dropHighest": 0, "minCount": 0, "extraCredit": False, "weight": "50.00"}
    assert payload["policy"] == {
        "version": 2,
        "passMark": "50.00",
        "letterScheme": [{"letter": "A", "lowestScore": "92.50"}, {"letter": "E", "lowestScore": "10.00"}],
        "course": {"code": "P101"},
        "offering": {"id": made.id("CourseOffering", made.offering)},
        "categories": [
            {"id": kept[0], "name": "Exams", "position": 1, **plain},
            {"id": kept[1], "name": "Oral", "position": 2, **plain},
        ],
    }
    job = payload["job"]
    assert {**job, "id": ""} == {"id": "", "kind": "grades.regrade", "state": "QUEUED", "total": 2, "done": 0}
    assert (await made.grade("student"))[0] == D("60.00")
    assert await api.service.jobs.drain() == 1
    done = (await api.data(JOB, {"id": job["id"]}, user=teacher))["job"]
    assert done.pop("startedAt") <= done.pop("finishedAt")
    assert done == {
        "kind": "grades.regrade", "state": "DONE", "total": 2, "done": 2, "error": None,
        "createdBy": {"databaseId": str(teacher)},
    }  # fmt: skip
    assert await made.grade("student") == (D("40.00"), "E", False, 2)
    assert await made.grade("other") == (D("0.00"), None, False, 2)
    audited = await owner.fetch("SELECT user_id, roles, request_id, reason FROM audit_log WHERE act = 'grade.change'")
    assert tuple(audited[-1])[:2] == (teacher, ["instructor"])
    assert audited[-1]["reason"] == "Grading policy, version 2."
    assert audited[-1]["request_id"].startswith("job-")
    for name, found in (("admin", True), ("other", False), ("ta", False), ("student", False)):
        seen = (await api.data(JOB, {"id": job["id"]}, user=made.world.people[name]))["job"]
        assert (seen is not None) is found


async def test_categories_change_names_and_places_with_one_another(api, made):
    teacher = made.world.people["instructor"]
    ids = [made.id("GradeCategory", row) for row in (made.exams, made.oral)]
    swapped = [
        {"id": ids[1], "name": "Exams", "weight": "30", "dropLowest": 1},
        {"id": ids[0], "name": "Oral", "weight": "60", "minCount": 2},
        {"name": "New", "weight": "5", "extraCredit": True},
    ]
    payload = await send(api, POLICY, policy_for(made, categories=swapped), teacher)
    assert [(one["id"], one["name"], one["position"]) for one in payload["policy"]["categories"]][:2] == [
        (ids[1], "Exams", 1), (ids[0], "Oral", 2),
    ]  # fmt: skip
    assert payload["policy"]["categories"][2]["extraCredit"] is True


async def test_what_is_in_a_removed_category_counts_nowhere(api, made, owner):
    teacher = made.world.people["instructor"]
    await send(api, RECORD, made.scores(made.exam, student="80"), teacher)
    await send(api, POLICY, policy_for(made, categories=[{"name": "Oral", "weight": "1"}]), teacher)
    assert await owner.fetchval("SELECT grade_category_id FROM grade_items WHERE id = $1", made.exam["id"]) is None
    await api.service.jobs.drain()
    assert await made.grade("student") == (D("0.00"), None, False, 2)


async def test_a_policy_of_a_course_is_for_its_offerings_that_have_none(api, made, owner, world):
    admin = world.people["admin"]
    course = {"courseId": str(GlobalId("Course", world.alpha["course"]["id"], made.university))}
    given = {**course, "passMark": "1", "letterScheme": [], "categories": [{"name": "Exams", "weight": "1"}]}
    own = await owner.fetch("SELECT * FROM course_grades WHERE course_offering_id = $1", made.offering["id"])
    payload = await send(api, POLICY, given, admin)
    assert payload["policy"]["offering"] is None
    await api.service.jobs.drain()
    assert await owner.fetch("SELECT * FROM course_grades WHERE course_offering_id = $1", made.offering["id"]) == own
    grades = await owner.fetch(
        "SELECT final_score, policy_version FROM course_grades WHERE course_offering_id = $1 AND user_id = $2",
        world.alpha["private"]["id"], world.people["student"],
    )  # fmt: skip
    assert [tuple(row) for row in grades] == [(D("70.00"), payload["policy"]["version"])]


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"expectedVersion": 7}, "CONFLICT", ["expectedVersion"]),
        ({"passMark": "101"}, "INVALID", ["passMark"]),
        ({"passMark": "NaN"}, "INVALID", ["passMark"]),
        ({"categories": [{"name": "A", "weight": "33.333"}]}, "INVALID", ["categories", "0", "weight"]),
        ({"categories": [{"name": "A", "weight": "1"}] * 2}, "INVALID", ["categories", "1", "name"]),
        ({"categories": [{"name": " ", "weight": "1"}]}, "INVALID", ["categories", "0", "name"]),
        ({"categories": [{"name": "A", "weight": "1", "minCount": -1}]}, "INVALID", ["categories", "0", "minCount"]),
        ({"categories": [{"id": "x", "name": "A", "weight": "1"}]}, "NOT_FOUND", ["categories", "0", "id"]),
        ({"categories": [{"name": str(n), "weight": "1"} for n in range(51)]}, "LIMIT_REACHED", ["categories"]),
        ({"letterScheme": [{"letter": "A", "lowestScore": "1"}] * 2}, "INVALID", ["letterScheme", "1", "letter"]),
        ({"courseId": "x"}, "NOT_FOUND", ["courseId"]),
        ({"offeringId": None}, "INVALID", []),
    ],
)
async def test_a_policy_that_cannot_be_taken_changes_nothing(api, made, owner, changes, code, path):
    before = await everything(owner)
    payload = await send(api, POLICY, policy_for(made, **changes), made.world.people["instructor"])
    assert told(payload) == refusal(code, ["input", *path])
    assert await everything(owner) == before


async def test_of_two_who_make_the_first_policy_one_does(api, world, owner):
    made = await Class(world, owner).build()
    await owner.execute(
        "UPDATE grade_items SET grade_category_id = NULL WHERE course_offering_id = $1", made.offering["id"]
    )
    await owner.execute("DELETE FROM grading_policies WHERE id = $1", made.policy["id"])
    given = policy_for(made, expectedVersion=0)
    payloads = await asyncio.gather(*(send(api, POLICY, given, world.people["instructor"]) for _ in range(4)))
    assert sorted(len(payload["errors"]) for payload in payloads) == [0, 1, 1, 1]
    assert {code for payload in payloads for code, _ in told(payload)} == {"CONFLICT"}


# ---- what is graded


async def test_items_are_made_and_changed(api, made, owner):
    teacher = made.world.people["instructor"]
    await send(api, RECORD, made.scores(made.exam, student="80"), teacher)
    given = {
        "offeringId": made.id("CourseOffering", made.offering), "title": "Retake", "points": "50.5",
        "heldAt": "2026-12-01T09:00:00Z", "categoryId": made.id("GradeCategory", made.exams),
    }  # fmt: skip
    payload = await send(api, CREATE, given, teacher)
    item = payload["gradeItem"]
    assert {**item, "id": ""} == {
        "id": "", "title": "Retake", "points": "50.50", "heldAt": "2026-12-01T09:00:00+00:00",
        "category": {"name": "Exams"},
    }  # fmt: skip
    await api.service.jobs.drain()
    assert (await made.grade("student"))[0] == rounded(Fraction(80 * 75) / Fraction("150.5"))
    assert told(await send(api, CREATE, given, teacher)) == refusal("TAKEN", ("input", "title"))
    changed = await send(api, UPDATE, {"gradeItemId": item["id"], "points": "100", "heldAt": None}, teacher)
    assert (changed["gradeItem"]["points"], changed["gradeItem"]["heldAt"]) == ("100.00", None)
    assert changed["gradeItem"]["category"] == {"name": "Exams"}
    same = await send(api, UPDATE, {"gradeItemId": item["id"], "points": "100"}, teacher)
    assert (same["errors"], same["job"]) == ([], None)
    await send(api, UPDATE, {"gradeItemId": item["id"], "categoryId": None}, teacher)
    await api.service.jobs.drain()
    assert (await made.grade("student"))[0] == D("60.00")
    for bad, path in (({"points": "0"}, "points"), ({"title": ""}, "title")):
        assert told(await send(api, UPDATE, {"gradeItemId": item["id"], **bad}, teacher)) == refusal(
            "INVALID", ("input", path)
        )
    far = str(GlobalId("GradeCategory", made.world.beta["exams"]["id"], made.university))
    assert told(await send(api, CREATE, {**given, "title": "x", "categoryId": far}, teacher)) == refusal(
        "NOT_FOUND", ("input", "categoryId")
    )


# ---- what a grade is made of


async def test_a_breakdown_sums_and_students_see_what_comes_of_posted_scores(api, made):
    teacher, student = made.world.people["instructor"], made.world.people["student"]
    enrollment = {"id": made.id("Enrollment", made.enrollments["student"])}
    await send(api, RECORD, {**made.scores(made.exam, student="81.23"), "post": True}, teacher)
    await send(api, RECORD, made.scores(made.talk, student="17"), teacher)
    seen = (await api.data(BREAKDOWN, enrollment, user=teacher))["node"]
    assert seen["gradeBreakdown"] == {
        "current": "82.17", "final": "82.17", "letter": "D", "passed": True,
        "categories": [
            {"name": "Exams", "weight": "75.00", "extraCredit": False, "earned": "81.23", "possible": "100.00",
             "contribution": "60.92",
             "items": [{"itemId": made.id("GradeItem", made.exam), "title": "Exam", "earned": "81.23",
                        "possible": "100.00", "isDropped": False, "isExcused": False, "isCounted": True}]},
            {"name": "Oral", "weight": "25.00", "extraCredit": False, "earned": "17.00", "possible": "20.00",
             "contribution": "21.25",
             "items": [{"itemId": made.id("GradeItem", made.talk), "title": "Talk", "earned": "17.00",
                        "possible": "20.00", "isDropped": False, "isExcused": False, "isCounted": True}]},
        ],
    }  # fmt: skip
    assert [edge["node"]["newScore"] for edge in seen["gradeHistory"]["edges"]] == ["60.92", "82.17"]
    assert len(api.statements) <= 9
    own = (await api.data(BREAKDOWN, enrollment, user=student))["node"]
    assert own["gradeBreakdown"]["current"] == "81.23"
    assert own["gradeBreakdown"]["final"] == "60.92"
    assert own["gradeBreakdown"]["categories"][1]["items"][0]["earned"] is None
    assert own["gradeHistory"]["edges"] == []
    assert own["grade"] is None
    # What is hidden moves nothing that the student sees, whatever it is.
    await send(api, RECORD, made.scores(made.talk, student="3"), teacher)
    assert (await api.data(BREAKDOWN, enrollment, user=student))["node"] == own
    for name in ("other", "bystander", "section_ta", "far_instructor"):
        assert (await api.data(BREAKDOWN, enrollment, user=made.world.people[name]))["node"] is None


async def test_history_is_seen_once_the_grade_is(api, made):
    teacher, student = made.world.people["instructor"], made.world.people["student"]
    enrollment = {"id": made.id("Enrollment", made.enrollments["student"])}
    await send(api, RECORD, {**made.scores(made.exam, student="80"), "post": True}, teacher)
    await send(api, OVERRIDE, made.whose("student", finalScore="95", reason="Better."), teacher)
    await send(api, POST, {"offeringId": made.id("CourseOffering", made.offering)}, teacher)
    own = (await api.data(BREAKDOWN, enrollment, user=student))["node"]
    made_by = {"policyVersion": 1, "changedBy": None}
    assert [edge["node"] for edge in own["gradeHistory"]["edges"]] == [
        {"oldScore": None, "newScore": "60.00", "reason": None, **made_by},
        {"oldScore": "60.00", "newScore": "95.00", "reason": "Better.", **made_by},
    ]
    assert (own["grade"]["finalScore"], own["gradeBreakdown"]["final"]) == ("95.00", "60.00")
    staff = (await api.data(BREAKDOWN, enrollment, user=teacher))["node"]
    assert staff["gradeHistory"]["edges"][1]["node"]["changedBy"] == {"databaseId": str(teacher)}


async def test_breakdowns_of_many_cost_as_many_statements_as_one(api, made, owner):
    document = """query($id: ID!, $first: Int!) { node(id: $id) { ... on CourseOffering {
      enrollments(first: $first) { edges { node { gradeBreakdown { final } } } } } } }"""
    counts = set()
    await add_people(made, owner, 50)
    for first in (1, 50):
        given = {"id": made.id("CourseOffering", made.offering), "first": first}
        await api.data(document, given, user=made.world.people["instructor"])
        counts.add(len(api.statements))
    assert counts == {6}


async def test_what_if_asks_and_writes_nothing(api, made, owner):
    student, teacher = made.world.people["student"], made.world.people["instructor"]
    await send(api, RECORD, {**made.scores(made.exam, student="80"), "post": True}, teacher)
    await send(api, RECORD, made.scores(made.talk, student="1"), teacher)
    before = await everything(owner)
    given = {
        "offering": made.id("CourseOffering", made.offering),
        "scores": [{"itemId": made.id("GradeItem", made.talk), "score": "20"}],
    }
    assert (await api.data(WHAT_IF, given, user=student))["whatIf"] == {
        "current": "85.00", "final": "85.00", "letter": "D",
        "categories": [{"name": "Exams", "contribution": "60.00"}, {"name": "Oral", "contribution": "25.00"}],
    }  # fmt: skip
    assert len(api.statements) == 4
    nothing = (await api.data(WHAT_IF, {**given, "scores": []}, user=student))["whatIf"]
    assert (nothing["current"], nothing["final"]) == ("80.00", "60.00")  # not what is hidden
    for name in ("bystander", "instructor"):
        assert (await api.data(WHAT_IF, given, user=made.world.people[name]))["whatIf"] is None
    assert (await api.data(WHAT_IF, {**given, "offering": "x"}, user=student))["whatIf"] is None
    for bad in ({"itemId": made.id("GradeItem", made.talk), "score": "NaN"}, {"itemId": "x", "score": "1"}):
        answer = await api(WHAT_IF, {**given, "scores": [bad]}, user=student)
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert await everything(owner) == before


async def test_sql_and_python_round_alike(owner):
    numbers = random.Random(23)  # noqa: S311 - no secret
    values = [Decimal(numbers.randrange(10**9)).scaleb(-numbers.randrange(3, 6)) for _ in range(2000)]
    values += [Decimal(number).scaleb(-3) for number in range(5, 2000, 10)]
    found = await owner.fetchval(
        "SELECT array_agg(round(v, 2) ORDER BY n) FROM unnest($1::numeric[]) WITH ORDINALITY AS u (v, n)", values
    )
    assert found == [rounded(Fraction(value)) for value in values]


# ---- jobs


async def test_a_job_goes_on_where_it_was_killed(api, made, owner, monkeypatch):
    """Killed in its second step: the first is kept, the second is not, and another runner does the rest once."""
    await add_people(made, owner, 500)
    payload = await send(api, POLICY, policy_for(made), made.world.people["instructor"])
    job = payload["job"]["id"]
    step, killed = regrading.grades_changed, []

    async def killing(work, *rest, **options):
        await step(work, *rest, **options)
        killed.append(1)
        if len(killed) == 2:
            raise asyncio.CancelledError

    monkeypatch.setattr(regrading, "grades_changed", killing)
    with pytest.raises(asyncio.CancelledError):
        await api.service.jobs.drain()
    monkeypatch.undo()
    state = (await api.data(JOB, {"id": job}, user=made.world.people["admin"]))["job"]
    assert (state["state"], state["done"], state["total"]) == ("RUNNING", 200, 502)
    graded = "SELECT count(*) FROM course_grades WHERE course_offering_id = $1"
    assert await owner.fetchval(graded, made.offering["id"]) == 200
    assert await api.service.jobs.drain() == 0  # its lease holds
    await owner.execute("UPDATE jobs SET leased_until = now() - interval '1 second' WHERE state = 'running'")
    assert await api.service.jobs.drain() == 1
    state = (await api.data(JOB, {"id": job}, user=made.world.people["admin"]))["job"]
    assert (state["state"], state["done"], state["total"]) == ("DONE", 502, 502)
    assert await owner.fetchval(graded, made.offering["id"]) == 502
    history = "SELECT count(*), count(DISTINCT user_id) FROM grade_history WHERE course_offering_id = $1"
    assert tuple(await owner.fetchrow(history, made.offering["id"])) == (502, 502)


async def test_a_job_that_was_taken_over_is_left_alone_by_who_had_it(api, made, owner, monkeypatch):
    await send(api, POLICY, policy_for(made), made.world.people["instructor"])
    runner = api.service.jobs
    step = runner._step

    async def slow(context, job):
        await owner.execute("UPDATE jobs SET attempts = attempts + 1 WHERE state = 'running'")
        return await step(context, job)

    monkeypatch.setattr(runner, "_step", slow)
    await runner.drain()
    monkeypatch.undo()
    assert await made.grade("student") is None
    await owner.execute("UPDATE jobs SET leased_until = now() - interval '1 second' WHERE state = 'running'")
    await runner.drain()
    assert await made.grade("student") == (D("0.00"), None, False, 2)


async def test_several_runners_do_each_job_once(api, made, owner):
    teacher = made.world.people["instructor"]
    for number in range(4):
        await send(api, POLICY, policy_for(made, passMark=str(number)), teacher)
    ended = await asyncio.gather(*(api.service.jobs.drain() for _ in range(3)))
    assert sum(ended) == 4
    rows = await owner.fetch("SELECT state, attempts FROM jobs WHERE created_by = $1 ORDER BY id DESC LIMIT 4", teacher)
    assert [tuple(row) for row in rows] == [("done", 1)] * 4


async def test_a_job_that_fails_again_and_again_is_given_up(api, made, owner, monkeypatch):
    payload = await send(api, POLICY, policy_for(made), made.world.people["instructor"])

    async def failing(*_rest, **_options):
        raise RuntimeError("SECRET")

    monkeypatch.setattr(regrading, "grades_changed", failing)
    states = []
    for _ in range(MOST_ATTEMPTS):
        await api.service.jobs.drain()
        states.append(
            (await api.data(JOB, {"id": payload["job"]["id"]}, user=made.world.people["admin"]))["job"]["state"]
        )
    assert states == ["QUEUED"] * (MOST_ATTEMPTS - 1) + ["FAILED"]
    job = (await api.data(JOB, {"id": payload["job"]["id"]}, user=made.world.people["admin"]))["job"]
    assert "SECRET" not in job["error"]
    assert job["finishedAt"] is not None
    assert await made.grade("student") is None
