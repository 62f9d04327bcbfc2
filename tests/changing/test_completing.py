"""setCompletion: an item is completed by hand and taken back, by who grades the person; modules follow."""

import asyncio
from decimal import Decimal

import orjson
import pytest

from lms_graphql.engine.relay import GlobalId
from tests.changing.test_recording import build

SET = """mutation($input: SetCompletionInput!) { setCompletion(input: $input) {
  enrollment { id courseProgress { progressPercent completedItemCount }
    contentProgress(first: 20) { edges { node { progressPercent completedAt lastInteractedAt } } } }
  errors { code message path } } }"""
WHOLE, THIRD = Decimal("100.00"), Decimal("33.33")


@pytest.fixture(scope="module")
async def built(api, owner, world):
    """The school, where `ta` teaches a section that the student is in and the other is not."""
    built = await build(api, owner, world)
    here = {"university_id": built.offering["university_id"], "course_offering_id": built.offering["id"]}
    section = await built.rows.add("offering_sections", **here, code="S", name="Section")
    teaches = {**here, "user_id": world.people["ta"], "section_id": section["id"], "role": "ta"}
    await built.rows.add("course_offering_instructors", **teaches)
    await built.rows.add("course_offering_instructors", **here, user_id=world.people["instructor"])
    await owner.execute(
        "UPDATE course_enrollments SET section_id = $1 WHERE course_offering_id = $2 AND user_id = $3",
        section["id"], built.offering["id"], built.student,
    )  # fmt: skip
    await owner.execute(
        "UPDATE courses SET department_id = $1 WHERE id = $2",
        world.alpha["course"]["department_id"], built.offering["course_id"],
    )  # fmt: skip
    return built


@pytest.fixture
async def school(built):
    await built.forget()
    return built


async def complete(school, item, whose="student", done=True, by="instructor", **given):
    wanted = {
        "enrollmentId": given.get("enrollmentId") or await enrollment_id(school, whose),
        "contentItemId": school.id_of(item) if item in school.items else item,
        "isCompleted": done,
        "reason": "Shown in class.",
    }
    data = await school.api.data(SET, {"input": wanted | given}, user=school.world.people[by])
    return data["setCompletion"]


async def enrollment_id(school, whose):
    number = await school.owner.fetchval(
        "SELECT id FROM course_enrollments WHERE course_offering_id = $1 AND user_id = $2",
        school.offering["id"], school.world.people[whose],
    )  # fmt: skip
    return str(GlobalId("Enrollment", number, school.offering["university_id"]))


def refused(code, message, *path):
    return {"enrollment": None, "errors": [{"code": code, "message": message, "path": list(path)}]}


async def test_it_is_completed_rolled_up_audited_told_and_taken_back(school):
    answer = await complete(school, "e")
    assert answer["errors"] == []
    assert answer["enrollment"]["courseProgress"] == {"progressPercent": "16.67", "completedItemCount": 1}
    (shown,) = (one["node"] for one in answer["enrollment"]["contentProgress"]["edges"])
    assert (shown["progressPercent"], shown["completedAt"] is not None, shown["lastInteractedAt"]) == (
        "100.00", True, None,
    )  # fmt: skip
    assert {name: row[0] for name, row in (await school.rolled()).items()} == {
        "other": Decimal("50.00"), "unit": Decimal("20.00"), "root": Decimal("16.67"),
    }  # fmt: skip
    before = await school.everything()
    assert await complete(school, "e", reason="Once more.") == answer
    assert await school.everything() == before
    back = await complete(school, "e", done=False, reason="It was somebody else.")
    assert back["enrollment"]["courseProgress"] == {"progressPercent": "0.00", "completedItemCount": 0}
    assert {name: (row[0], row[2]) for name, row in (await school.rolled()).items()} == {
        name: (Decimal("0.00"), None) for name in ("other", "unit", "root")
    }
    before = await school.everything()
    assert (await complete(school, "e", done=False)) == back
    assert await school.everything() == before
    audited = await school.owner.fetch("SELECT * FROM audit_log ORDER BY id")
    acts = [(row["act"], row["entity"], row["reason"], row["user_id"]) for row in audited]
    teacher = school.world.people["instructor"]
    assert acts == [
        ("progress.complete", "Enrollment", "Shown in class.", teacher),
        ("progress.reopen", "Enrollment", "It was somebody else.", teacher),
    ]
    values = [[orjson.loads(row[name])["items"][0] for name in ("old_values", "new_values")] for row in audited]
    assert values[0][1] == values[1][0]
    assert [one["progressPercent"] for pair in values for one in pair] == ["0.00", "100.00", "100.00", "0.00"]
    assert [one["completedAt"] is None for pair in values for one in pair] == [True, False, False, True]
    told = await school.owner.fetch("SELECT topic, facts FROM outbox ORDER BY id")
    facts = {"userId": school.student, "contentItemId": school.items["e"]["id"]}
    assert [(one["topic"], orjson.loads(one["facts"])) for one in told] == [
        ("progress.completed", facts), ("progress.reopened", facts),
    ]  # fmt: skip


async def test_it_is_an_exception_from_any_rule_and_the_person_goes_on_from_there(school):
    """A text that must be handed in, a quiz, and a text that is opened, which its person has half read."""
    await school.send(school.event("b", 1, "PROGRESS", "50"))
    for item in ("f", "c", "b"):
        assert (await complete(school, item))["errors"] == []
    known = await school.known()
    assert {item: (known[item][0], known[item][3] is not None) for item in "fcb"} == dict.fromkeys("fcb", (WHOLE, True))
    assert known["b"][1:3] == (1, 1)  # what the person did is as it was
    await complete(school, "b", done=False)
    assert (await school.known())["b"][:4] == (Decimal("0.00"), 1, 1, None)
    await school.send(school.event("b", 2, "COMPLETED"))
    assert (await school.known())["b"][:4] == (WHOLE, 1, 2, 2)


async def test_a_module_that_was_whole_is_whole_no_longer(school):
    await school.send(*(school.event(item, 1) for item in "ab"))
    await complete(school, "c")
    whole = (await school.rolled())["lesson"]
    assert (whole[0], whole[2] is not None) == (WHOLE, True)
    await complete(school, "a", done=False)
    assert (await school.rolled())["lesson"] == (Decimal("66.67"), 1, None)


async def test_who_may_for_whom(school):
    before = await school.everything()
    roles = refused("FORBIDDEN", "your roles here do not allow this")
    unseen = refused("NOT_FOUND", "there is no such enrollment for you", "input", "enrollmentId")
    for name, refusal in {"student": roles, "other": roles, "far_instructor": unseen, "section_ta": unseen}.items():
        assert await complete(school, "e", by=name) == refusal, name
    assert await complete(school, "e", "other", by="ta") == unseen
    assert await school.everything() == before
    for name in ("ta", "instructor", "department_admin", "admin"):
        assert (await complete(school, "e", by=name))["errors"] == [], name
        await complete(school, "e", done=False)
    assert (await complete(school, "e", "other"))["errors"] == []
    given = {"enrollmentId": await enrollment_id(school, "student"), "contentItemId": school.id_of("e")}
    wanted = {"input": {**given, "isCompleted": True, "reason": "Nobody."}}
    nobody = (await school.api.post(SET, wanted)).json()
    assert nobody["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("person", ["instructor", "admin"])
async def test_nobody_does_it_for_themself(school, person):
    here = {"university_id": school.offering["university_id"], "course_offering_id": school.offering["id"]}
    await school.rows.add(
        "course_enrollments", **here, user_id=school.world.people[person], enrolled_at=school.offering["created_at"]
    )
    before = await school.everything()
    own = refused("FORBIDDEN", "nobody does this for themself", "input", "enrollmentId")
    assert await complete(school, "e", person, by=person) == own
    assert await school.everything() == before
    await school.owner.execute(
        "DELETE FROM course_enrollments WHERE course_offering_id = $1 AND user_id = $2",
        school.offering["id"], school.world.people[person],
    )  # fmt: skip


async def test_what_cannot_be_is_refused(school):
    before = await school.everything()
    none = refused("NOT_FOUND", "its course has no such item", "input", "contentItemId")
    elsewhere = str(GlobalId("QuizContent", school.world.alpha["quiz"]["id"], school.offering["university_id"]))
    misnamed = str(GlobalId("QuizContent", school.items["e"]["id"], school.offering["university_id"]))
    for item in (elsewhere, misnamed, "no id"):
        assert await complete(school, item) == none, item
    assert await complete(school, "e", reason="\t") == refused(
        "INVALID", "this must not be empty", "input", "reason"
    )  # fmt: skip
    change = (
        "UPDATE course_enrollments SET status = $1::text::enrollment_status_enum,"
        " completed_at = CASE $1::text WHEN 'completed' THEN now() END WHERE course_offering_id = $2 AND user_id = $3"
    )
    try:
        await school.owner.execute(change, "dropped", school.offering["id"], school.student)
        assert await complete(school, "e") == refused(
            "NOT_ENROLLED", "the enrollment is dropped, neither active nor completed", "input", "enrollmentId"
        )
        assert await school.everything() == before
        await school.owner.execute(change, "completed", school.offering["id"], school.student)
        assert (await complete(school, "e"))["errors"] == []
    finally:
        await school.owner.execute(change, "active", school.offering["id"], school.student)


async def test_it_meets_what_the_person_does_and_what_others_set(school):
    """Everything at once: all rows and modules are what one after another would have given."""
    student, other = await enrollment_id(school, "student"), await enrollment_id(school, "other")
    done = await asyncio.gather(
        *(complete(school, item, enrollmentId=student) for item in "cdef"),
        *(complete(school, "c", by="admin", enrollmentId=student) for _ in range(3)),
        *(school.send(school.event(item, 1)) for item in "abd"),
        complete(school, "a", enrollmentId=other),
    )
    assert all(answer["errors"] == [] for answer in done)
    assert {item: row[0] for item, row in (await school.known()).items()} == dict.fromkeys("abcdef", WHOLE)
    assert {row[0] for row in (await school.rolled()).values()} == {WHOLE}
    assert (await school.rolled("other"))["lesson"][0] == THIRD
    acts = await school.owner.fetchval("SELECT count(*) FROM audit_log WHERE act = 'progress.complete'")
    assert acts in {4, 5}  # whether `d` was opened or completed first
