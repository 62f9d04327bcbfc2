"""`erasePerson`: for a university's administrators, once, with its line in the ledger, audited; or nothing happens."""

import asyncio
import json
from datetime import UTC, datetime

import asyncpg
import pytest

from lms_graphql.engine.relay import GlobalId
from lms_graphql.privacy.erasing import replay
from lms_graphql.privacy.ledger import Ledger
from lms_graphql.privacy.rules import WITH_LOGIN
from lms_graphql.storage.database import connect
from lms_graphql.storage.transaction import Transaction
from tests.changing.test_mutations import KEY, send
from tests.conftest import running_api
from tests.privacy.conftest import copied
from tests.privacy.test_erasure import changed, whole

ERASE = """mutation ($input: ErasePersonInput!) { erasePerson(input: $input) {
  user { displayName } erasedAt errors { code message path } } }"""
LEFT_BEHIND = {"audit_log", "outbox", "idempotency_keys"}


@pytest.fixture
async def office(campus, tmp_path):
    """A copy of one's own with its API and its ledger; a function that erases as somebody."""
    database, world = campus
    ledger = Ledger(tmp_path / "erasures.ndjson")
    async with running_api(database.app, erasure_ledger=ledger.path) as api:

        async def act(who, whom, reason="requested by post", key=None, university="ALPHA"):
            user = None if who is None else world.people[who]
            return await send(api, user, {"userId": whom, "reason": reason}, key, university, document=ERASE)

        yield database, world, ledger, act


async def kept(database):
    """Every row of every table, but for what is counted of each request."""
    return {name: rows for name, rows in (await whole(database)).items() if name != "rate_points"}


def gid(world, name, campus="alpha"):
    return str(GlobalId("User", world.people[name], getattr(world, campus).university["id"]))


def refusal(code, message, *path):
    error = {"code": code, "message": message, "path": list(path)}
    return {"data": {"erasePerson": {"user": None, "erasedAt": None, "errors": [error]}}}


async def test_an_administrator_erases_a_person(office):
    database, world, ledger, act = office
    student, admin, here = world.people["student"], world.people["admin"], world.alpha.university["id"]
    before, began = await kept(database), datetime.now(UTC)
    answer = await act("admin", gid(world, "student"))
    after = await kept(database)
    payload = answer["data"]["erasePerson"]
    erased_at = datetime.fromisoformat(payload.pop("erasedAt"))
    assert abs((erased_at - began).total_seconds()) < 60
    left = {"displayName": f"Erased person {student}"}
    assert answer == {"data": {"erasePerson": {"user": left, "errors": []}}}
    logins = dict.fromkeys(("users", *WITH_LOGIN), ())  # those stay: the student is in BETA, too
    assert "CANARY" not in repr({**after, **logins}).upper()
    differing = changed(before, after)
    asked = {"reason": "requested by post", "request_id": "test-request", "erased_by": admin}
    assert differing["erasures"] == ([], [{**asked, "university_id": here, "user_id": student, "erased_at": erased_at}])
    (entry,) = map(json.loads, ledger.path.read_text(encoding="utf-8").splitlines())
    assert datetime.fromisoformat(entry.pop("erased_at")) == erased_at
    assert entry == {**asked, "version": 1, "university": "ALPHA", "university_id": here, "user_id": student}
    (act_of,) = (row for row in differing["audit_log"][1] if row["act"] == "person.erase")
    assert {name: value for name, value in act_of.items() if name not in {"id", "at"}} == {
        "university_id": here, "user_id": admin, "roles": ["university_admin"], "act": "person.erase",
        "entity": "User", "entity_id": student, "old_values": None, "new_values": None, "reason": "requested by post",
        "request_id": "test-request",
    }  # fmt: skip
    (told,) = differing["outbox"][1]
    assert (told["topic"], told["entity"], told["entity_id"], told["facts"]) == ("person.erased", "User", student, "{}")


async def test_what_was_still_taken_part_in_is_dropped_and_the_seat_given_on(office):
    database, world, _, act = office
    student, bystander, offering = world.people["student"], world.people["bystander"], world.alpha["private"]["id"]
    driver = await connect(database.owner)
    await driver.execute("UPDATE course_offerings SET capacity = seats_taken WHERE id = $1", offering)
    await driver.execute(
        "INSERT INTO course_enrollments (university_id, user_id, course_offering_id, status, waitlisted_at)"
        " VALUES ($1, $2, $3, 'waitlisted', now())",
        world.alpha.university["id"],
        bystander,
        offering,
    )
    before = await driver.fetchval("SELECT seats_taken FROM course_offerings WHERE id = $1", offering)
    await act("admin", gid(world, "student"))
    statuses = (
        "SELECT course_offering_id, status::text FROM course_enrollments WHERE user_id = $1 AND university_id = $2"
    )
    of_student = dict(await driver.fetch(statuses, student, world.alpha.university["id"]))
    assert of_student == {offering: "dropped", world.alpha["public"]["id"]: "completed"}
    assert dict(await driver.fetch(statuses, bystander, world.alpha.university["id"])) == {offering: "active"}
    assert await driver.fetchval("SELECT seats_taken FROM course_offerings WHERE id = $1", offering) == before
    elsewhere = dict(await driver.fetch(statuses, student, world.beta.university["id"]))
    assert set(elsewhere.values()) == {"active"}
    await driver.close()


NOT_THERE = "there is no such person in this university"
NOBODY = "your roles here do not allow this"


@pytest.mark.parametrize(
    ("who", "whom", "error"),
    [
        ("student", "other", ("FORBIDDEN", NOBODY)),
        ("student", "student", ("FORBIDDEN", NOBODY)),
        ("ta", "student", ("FORBIDDEN", NOBODY)),
        ("instructor", "student", ("FORBIDDEN", NOBODY)),
        ("department_admin", "student", ("FORBIDDEN", NOBODY)),
        ("platform_admin", "student", ("FORBIDDEN", NOBODY)),
        ("beta_admin", "student", ("FORBIDDEN", NOBODY)),
        ("outsider", "student", ("FORBIDDEN", NOBODY)),
        ("admin", "admin", ("FORBIDDEN", "nobody may erase themselves", "input", "userId")),
        ("admin", "beta_student", ("NOT_FOUND", NOT_THERE, "input", "userId")),
        ("admin", "outsider", ("NOT_FOUND", NOT_THERE, "input", "userId")),
    ],
)
async def test_who_may_not_erase_whom(office, who, whom, error):
    database, world, ledger, act = office
    before = await kept(database)
    assert await act(who, gid(world, whom)) == refusal(*error)
    assert changed(before, await kept(database)) == {}
    assert not ledger.path.exists()


async def test_nobody_who_is_not_signed_in_erases_anybody(office):
    database, world, ledger, act = office
    before = await kept(database)
    answer = await act(None, gid(world, "student"))
    assert answer["data"] == {"erasePerson": None}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]
    assert changed(before, await kept(database)) == {}
    assert not ledger.path.exists()


async def test_another_administrator_is_not_erased(office):
    database, world, ledger, act = office
    owner = await connect(database.owner)
    role = "INSERT INTO user_university_roles (university_id, user_id, role) VALUES ($1, $2, 'university_admin')"
    await owner.execute(role, world.alpha.university["id"], world.people["ta"])
    await owner.close()
    before = await kept(database)
    message = "this person administers the university: take that role from them first"
    assert await act("admin", gid(world, "ta")) == refusal("FORBIDDEN", message, "input", "userId")
    assert changed(before, await kept(database)) == {}
    assert not ledger.path.exists()


async def test_what_is_no_person_of_the_university(office):
    database, world, ledger, act = office
    here, before = world.alpha.university["id"], await kept(database)
    ids = [
        gid(world, "student", "beta"),
        str(GlobalId("CourseOffering", world.people["student"], here)),
        str(GlobalId("User", 999_999, here)),
        str(world.people["student"]),
        "",
    ]
    for text in ids:
        assert await act("admin", text) == refusal("NOT_FOUND", NOT_THERE, "input", "userId"), text
    assert changed(before, await kept(database)) == {}
    assert not ledger.path.exists()


@pytest.mark.parametrize(
    ("reason", "message"),
    [(" ", "this must not be empty"), ("x" * 256, "this has 256 characters, at most 255 can be taken")],
)
async def test_an_erasure_needs_a_reason(office, reason, message):
    database, world, ledger, act = office
    before = await kept(database)
    assert await act("admin", gid(world, "student"), reason) == refusal("INVALID", message, "input", "reason")
    assert changed(before, await kept(database)) == {}
    assert not ledger.path.exists()


# ---- once


async def test_who_is_erased_already_stays_as_they_are(office):
    database, world, ledger, act = office
    first = await act("admin", gid(world, "student"))
    before, line = await kept(database), ledger.path.read_bytes()
    assert await act("admin", gid(world, "student"), "once more") == first
    assert changed(before, await kept(database)) == {}
    assert ledger.path.read_bytes() == line


async def test_under_a_key_it_happens_once(office):
    database, world, ledger, act = office
    first = await act("admin", gid(world, "student"), key=KEY)
    assert first["data"]["erasePerson"]["erasedAt"] is not None
    before, line = await kept(database), ledger.path.read_bytes()
    assert await act("admin", gid(world, "student"), key=KEY) == first
    assert changed(before, await kept(database)) == {}
    assert ledger.path.read_bytes() == line
    reused = await act("admin", gid(world, "other"), key=KEY)
    assert [error["code"] for error in reused["data"]["erasePerson"]["errors"]] == ["IDEMPOTENCY_KEY_REUSED"]
    assert changed(before, await kept(database)) == {}


async def test_two_at_once_erase_once(office):
    database, world, ledger, act = office
    first, second = await asyncio.gather(*(act("admin", gid(world, "student"), reason) for reason in ("a", "b")))
    assert first == second
    assert first["data"]["erasePerson"]["errors"] == []
    assert ledger.path.read_bytes().count(b"\n") == 1
    acts = [row for row in (await kept(database))["audit_log"] if row["act"] == "person.erase"]
    assert len(acts) == 1


async def test_a_try_that_was_not_kept_leaves_a_line_that_does_not_count(superuser, original, office, monkeypatch):
    """Its COMMIT fails once, and the whole is done again; a restored backup gets the rows of what was kept."""
    database, world, ledger, act = office
    commit, failed = Transaction.commit, []

    async def failing(self):
        if not failed:
            failed.append(ledger.path.read_bytes().count(b"\n"))
            raise asyncpg.SerializationError("not this time")
        await commit(self)

    monkeypatch.setattr(Transaction, "commit", failing)
    answer = await act("admin", gid(world, "student"))
    monkeypatch.undo()
    assert failed == [1]  # the line was there before the commit
    assert ledger.path.read_bytes().count(b"\n") == 2
    (entry,) = ledger.read().entries
    assert entry.erased_at == datetime.fromisoformat(answer["data"]["erasePerson"]["erasedAt"])
    done = await kept(database)
    async with copied(superuser, original[0]) as backup:
        driver = await connect(backup.app)
        await replay(driver, [entry])
        await driver.close()
        differing = changed(done, await kept(backup))
    # The backup is from before: what the request itself left is not there, and an act of the log is the replay's own.
    told, again = (
        [{**event, "id": None} for event in events]  # the try that was not kept has used up a number
        for events in differing.pop("enrollment_events")
    )
    assert told == again
    assert set(differing) <= LEFT_BEHIND
    assert {row["act"] for row in differing["audit_log"][0]} == {"person.erase"}


# ---- without a ledger


async def test_without_its_line_nobody_is_erased(campus, tmp_path):
    database, world = campus
    before = await kept(database)
    given = {"userId": gid(world, "student"), "reason": "requested"}
    for settings, message in (
        ({"erasure_ledger": tmp_path / "nowhere" / "ledger"}, "the ledger of erasures can't be written at the moment"),
        ({"database_url": "postgresql://elsewhere/lms"}, "nobody can be erased here: this installation has no place"),
    ):
        async with running_api(database.app, **settings) as api:
            answer = await send(api, world.people["admin"], given, document=ERASE)
        assert answer["data"] == {"erasePerson": None}
        (error,) = answer["errors"]
        assert error["message"].startswith(message)
        assert error["extensions"] == {"code": "UNAVAILABLE", "requestId": "test-request"}
    assert changed(before, await kept(database)) == {}
