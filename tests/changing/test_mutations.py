"""Mutations: one transaction each, audited, done once under a key, refused without any effect."""

import asyncio
import json

import asyncpg
import pytest
from sqlalchemy import text

from lms_graphql.engine.context import Context, Standing, Viewer
from lms_graphql.engine.errors import RequestError
from lms_graphql.engine.mutations import Mutation, Payload, perform
from lms_graphql.engine.relay import Cursors
from lms_graphql.engine.rows import record
from lms_graphql.engine.usererrors import Refused, UserErrorCode, UserFailure
from lms_graphql.storage.database import create_engine
from lms_graphql.storage.errors import OutcomeUnknownError
from lms_graphql.storage.snapshot import Snapshot
from lms_graphql.storage.statements import Statement
from tests.conftest import running_api

RENAME = """mutation Rename($input: UpdateProfileInput!) {
  updateProfile(input: $input) { user { displayName version } errors { code message path currentVersion } } }"""
KEY = "a-key-of-the-client"


@pytest.fixture
async def student(owner, world):
    """The student of ALPHA, named and counted as at first, with nothing left behind."""
    await owner.execute("TRUNCATE audit_log, outbox, idempotency_keys")
    await owner.execute("ALTER TABLE university_members DISABLE TRIGGER count_version")
    await owner.execute(
        "UPDATE university_members SET display_name = 'ALPHA student', version = 1"
        " WHERE university_id = $1 AND user_id = $2",
        world.alpha.university["id"],
        world.people["student"],
    )
    await owner.execute("ALTER TABLE university_members ENABLE TRIGGER count_version")
    return world.people["student"]


async def name_and_version(owner, world, user):
    found = await owner.fetchrow(
        "SELECT display_name, version FROM university_members WHERE university_id = $1 AND user_id = $2",
        world.alpha.university["id"],
        user,
    )
    return tuple(found)


async def left_behind(owner):
    """How many rows each of the three tables has."""
    tables = ("audit_log", "outbox", "idempotency_keys")
    return tuple([await owner.fetchval(f"SELECT count(*) FROM {table}") for table in tables])


def refusal(code, message, path=(), current_version=None):
    error = {"code": code, "message": message, "path": list(path), "currentVersion": current_version}
    return {"data": {"updateProfile": {"user": None, "errors": [error]}}}


async def send(api, user, given, key=None, university="ALPHA", document=RENAME):
    headers = {**api.headers(user), "X-Request-Id": "test-request"} | ({"Idempotency-Key": key} if key else {})
    body = {"query": document, "variables": {"input": given}}
    response = await api.client.post(f"/u/{university}/graphql", json=body, headers=headers)
    answer = response.json()
    answer.pop("extensions", None)
    return answer


# ---- what it does, and what it leaves behind ----


async def test_a_change_is_kept_audited_told_and_shown(api, owner, world, student):
    answer = await api(RENAME, {"input": {"displayName": "  Ada of ALPHA ", "expectedVersion": 1}}, user=student)
    assert answer == {"data": {"updateProfile": {"user": {"displayName": "Ada of ALPHA", "version": 2}, "errors": []}}}
    assert len(api.statements) == 1  # the payload; the transaction's own are not a loader's
    assert api.cost["requested"] == 10 + 1 + (
        1 + 10 * (1 + (1 + 5))
    )  # the mutation, the user, ten errors with five steps
    assert api.cost["actual"] == 10 + 3  # the root, the payload, the user
    assert await name_and_version(owner, world, student) == ("Ada of ALPHA", 2)
    audited = dict((await owner.fetch("SELECT * FROM audit_log"))[0])
    assert audited.pop("id") > 0
    assert abs((audited.pop("at") - await owner.fetchval("SELECT now()")).total_seconds()) < 60
    assert audited == {
        "university_id": world.alpha.university["id"],
        "user_id": student,
        "roles": ["student"],
        "act": "profile.update",
        "entity": "User",
        "entity_id": student,
        "old_values": '{"displayName": "ALPHA student"}',
        "new_values": '{"displayName": "Ada of ALPHA"}',
        "reason": None,
        "request_id": "test-request",
    }
    heard = await owner.fetch("SELECT topic, entity, entity_id, facts, transaction > 0 AS counted FROM outbox")
    assert [tuple(row) for row in heard] == [("profile.updated", "User", student, "{}", True)]
    assert await left_behind(owner) == (1, 1, 0)


async def test_what_is_so_already_leaves_nothing_behind(api, owner, world, student):
    answer = await send(api, student, {"displayName": "ALPHA student"})
    assert answer["data"]["updateProfile"] == {"user": {"displayName": "ALPHA student", "version": 1}, "errors": []}
    assert await left_behind(owner) == (0, 0, 0)


async def test_who_may_not_changes_nothing(api, owner, world, student):
    given = {"displayName": "Somebody"}
    nobody = await send(api, None, given)
    assert nobody["data"] == {"updateProfile": None}
    assert nobody["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED", "requestId": "test-request"}
    assert nobody["errors"][0]["path"] == ["updateProfile"]
    forbidden = refusal("FORBIDDEN", "your roles here do not allow this")
    assert await send(api, world.people["outsider"], given) == forbidden
    assert await send(api, world.people["beta_admin"], given) == forbidden
    no_university = await api(RENAME, {"input": given}, user=student, university=None)
    assert no_university["errors"][0]["extensions"]["code"] == "UNIVERSITY_REQUIRED"
    assert await left_behind(owner) == (0, 0, 0)
    assert await name_and_version(owner, world, student) == ("ALPHA student", 1)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "this must not be empty"),
        (" \t ", "this must not be empty"),
        ("n" * 256, "this has 256 characters, at most 255 can be taken"),
        ("two\nlines", "this has signs that can't be shown, for example a line's end"),
        ("nul\0", "this has signs that can't be shown, for example a line's end"),
    ],
)
async def test_a_bad_value_is_told_with_its_place(api, owner, world, student, name, message):
    given = {"displayName": name}
    assert await send(api, student, given) == refusal("INVALID", message, ("input", "displayName"))
    assert await left_behind(owner) == (0, 0, 0)


async def test_255_characters_are_taken(api, owner, world, student):
    answer = await send(api, student, {"displayName": "n" * 255})
    assert answer["data"]["updateProfile"]["user"] == {"displayName": "n" * 255, "version": 2}


# ---- versions ----


async def test_a_change_from_an_old_version_is_refused_with_the_new_one(api, owner, world, student):
    await send(api, student, {"displayName": "First", "expectedVersion": 1})
    answer = await send(api, student, {"displayName": "Second", "expectedVersion": 1})
    message = "this has changed: version 2 is there, 1 was expected"
    assert answer == refusal("CONFLICT", message, ("input", "expectedVersion"), 2)
    assert await name_and_version(owner, world, student) == ("First", 2)
    assert await left_behind(owner) == (1, 1, 0)


async def test_of_100_changes_from_one_version_one_is_kept(api, owner, world, student):
    answers = await asyncio.gather(
        *(send(api, student, {"displayName": f"Number {n}", "expectedVersion": 1}) for n in range(100))
    )
    kept = [a["data"]["updateProfile"]["user"] for a in answers if not a["data"]["updateProfile"]["errors"]]
    refused = [e for a in answers for e in a["data"]["updateProfile"]["errors"]]
    assert len(kept) == 1
    assert {(e["code"], e["currentVersion"]) for e in refused} == {("CONFLICT", 2)}
    assert len(refused) == 99
    assert await name_and_version(owner, world, student) == (kept[0]["displayName"], 2)
    assert await left_behind(owner) == (1, 1, 0)


# ---- keys ----


async def test_a_key_makes_it_happen_once(api, owner, world, student):
    given = {"displayName": "Once"}
    first = await send(api, student, given, KEY)
    assert await send(api, student, given, KEY) == first
    assert first["data"]["updateProfile"] == {"user": {"displayName": "Once", "version": 2}, "errors": []}
    assert await left_behind(owner) == (1, 1, 1)
    await send(api, student, {"displayName": "Later"})
    again = await send(api, student, given, KEY)  # the payload is read anew: nothing is shown that is not so
    assert again["data"]["updateProfile"] == {"user": {"displayName": "Later", "version": 3}, "errors": []}


async def test_50_requests_with_one_key_have_one_effect(api, owner, world, student):
    answers = await asyncio.gather(*(send(api, student, {"displayName": "Parallel"}, KEY) for _ in range(50)))
    expected = {"data": {"updateProfile": {"user": {"displayName": "Parallel", "version": 2}, "errors": []}}}
    assert answers == [expected] * 50
    assert await left_behind(owner) == (1, 1, 1)


async def test_a_key_with_something_else_is_refused(api, owner, world, student):
    await send(api, student, {"displayName": "First"}, KEY)
    message = "this Idempotency-Key was sent before, with something else; take a new one for each thing to be done"
    assert await send(api, student, {"displayName": "Second"}, KEY) == refusal("IDEMPOTENCY_KEY_REUSED", message)
    assert await name_and_version(owner, world, student) == ("First", 2)


async def test_a_refusal_is_kept_under_its_key_too(api, owner, world, student):
    await send(api, student, {"displayName": "First"})
    stale = {"displayName": "Second", "expectedVersion": 1}
    refused = await send(api, student, stale, KEY)
    await send(api, student, {"displayName": "Third"})
    assert await send(api, student, stale, KEY) == refused
    assert refused["data"]["updateProfile"]["errors"][0]["currentVersion"] == 2
    assert await left_behind(owner) == (2, 2, 1)


async def test_a_key_belongs_to_a_person_a_university_and_a_place(api, owner, world, student):
    given = {"displayName": "Everywhere"}
    for user, university in ((student, "ALPHA"), (student, "BETA"), (world.people["other"], "ALPHA")):
        answer = await send(api, user, given, KEY, university)
        assert answer["data"]["updateProfile"]["errors"] == []
    elsewhere = RENAME.replace("updateProfile(", "again: updateProfile(")
    await send(api, student, {"displayName": "Another place"}, KEY, document=elsewhere)
    assert await left_behind(owner) == (4, 4, 4)


async def test_a_key_is_forgotten_after_a_day(api, owner, world, student):
    await send(api, student, {"displayName": "First"}, KEY)
    await owner.execute("UPDATE idempotency_keys SET at = at - interval '24 hours'")
    await send(api, student, {"displayName": "Second"}, KEY)
    assert await name_and_version(owner, world, student) == ("Second", 3)


@pytest.mark.parametrize("key", ["short", "k" * 256, "with space", "umlaut-\u00e4\u00e4\u00e4\u00e4"])
async def test_a_key_that_is_none_is_refused_whole(api, owner, world, student, key):
    headers = {**api.headers(student), "Idempotency-Key": key.encode("latin-1")}
    body = {"query": RENAME, "variables": {"input": {"displayName": "Nobody"}}}
    response = await api.client.post("/u/ALPHA/graphql", json=body, headers=headers)
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")
    assert await left_behind(owner) == (0, 0, 0)


# ---- several, and by the wrong door ----

TWO = """mutation($first: UpdateProfileInput!, $second: UpdateProfileInput!) {
  first: updateProfile(input: $first) { user { displayName } errors { code } }
  second: updateProfile(input: $second) { user { displayName } errors { code } } }"""


async def test_fields_are_done_in_order_each_for_itself(api, owner, world, student):
    data = await api.data(
        TWO, {"first": {"displayName": "One"}, "second": {"displayName": "Two", "expectedVersion": 1}}, user=student
    )
    assert data == {
        "first": {"user": {"displayName": "One"}, "errors": []},
        "second": {"user": None, "errors": [{"code": "CONFLICT"}]},
    }
    data = await api.data(TWO, {"first": {"displayName": "Three"}, "second": {"displayName": "Four"}}, user=student)
    assert [data[key]["user"]["displayName"] for key in ("first", "second")] == ["Three", "Four"]
    assert await name_and_version(owner, world, student) == ("Four", 4)


async def test_five_fields_are_done_and_six_refused(api, owner, world, student):
    def document(number):
        fields = (f'm{n}: updateProfile(input: {{displayName: "N{n}"}}) {{ errors {{ code }} }}' for n in range(number))
        return f"mutation {{ {' '.join(fields)} }}"

    refused = await api(document(6), user=student)
    assert refused["errors"][0]["extensions"]["code"] == "TOO_MANY_ROOT_FIELDS"
    assert await left_behind(owner) == (0, 0, 0)
    assert len(await api.data(document(5), user=student)) == 5


async def test_no_get_changes_anything(api, owner, world, student):
    parameters = {"query": 'mutation { updateProfile(input: {displayName: "By GET"}) { errors { code } } }'}
    response = await api.client.get("/u/ALPHA/graphql", params=parameters, headers=api.headers(student))
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert await left_behind(owner) == (0, 0, 0)


# ---- tries: services of our own, on the real database ----

_Told = record("User")
_NAME = Statement(
    text(
        "UPDATE university_members SET display_name = :name WHERE university_id = :university_id AND user_id = :user_id"
    )
)
_KILL = Statement(text("SELECT pg_terminate_backend(pg_backend_pid()) AS done"))


async def renamed(work, given):
    await work.rows(_NAME, _Told, name=given["name"])
    await work.audit("test.rename", "User", work.viewer.user_id)
    return {"user_id": work.viewer.user_id}


class Doing:
    """A context like that of a request, over the database of these tests."""

    def __init__(self, written, world, user, *, key=None, engine=None):
        self.shares, self.engine = engine is not None, engine or create_engine(written.app)
        self.snapshot = Snapshot(self.engine)
        self.viewer = Viewer(user, world.alpha.university["id"], frozenset({"student"}), Standing.MEMBER)
        self.key = key

    async def __aenter__(self):
        await self.snapshot.act_for(self.viewer.university_id, self.viewer.user_id)
        context = Context(self.viewer, self.snapshot, Cursors(b"x"), request_id="r", idempotency_key=self.key)
        context.response_key = "test"
        return context

    async def __aexit__(self, *_):
        await self.snapshot.__aexit__(None, None, None)
        if not self.shares:
            assert self.engine.pool.checkedout() == 0
            await self.engine.dispose()


def declared(service):
    return Mutation(service, lambda _viewer: True, {})


async def test_a_service_that_writes_no_audit_entry_fails_and_keeps_nothing(written, owner, world, student):
    async def silent(work, given):
        await work.rows(_NAME, _Told, name="Unseen")
        return {}

    async with Doing(written, world, student) as context:
        with pytest.raises(RuntimeError, match="silent wrote nothing into the audit log"):
            await perform(declared(silent), context, {})
    assert await name_and_version(owner, world, student) == ("ALPHA student", 1)


@pytest.mark.parametrize("key", [None, KEY])
async def test_a_refusal_takes_back_what_the_service_had_done(written, owner, world, student, key):
    async def halfway(work, given):
        await renamed(work, {"name": "Halfway"})
        raise Refused(UserErrorCode.INVALID, "no", ("input",))

    async with Doing(written, world, student, key=key) as context:
        payload = await perform(declared(halfway), context, {})
    assert payload == Payload(failures=(UserFailure(UserErrorCode.INVALID, "no", ("input",)),))
    assert await name_and_version(owner, world, student) == ("ALPHA student", 1)
    assert await left_behind(owner) == (0, 0, 1 if key else 0)


@pytest.mark.parametrize("key", [None, KEY])
async def test_a_named_constraint_is_a_refusal_and_another_a_fault(written, owner, world, student, key):
    taken = UserFailure(UserErrorCode.TAKEN, "this address is another's", ("input", "email"))
    set_email = Statement(
        text("UPDATE university_members SET email = :email WHERE university_id = :university_id AND user_id = :user_id")
    )

    async def addressed(work, given):
        await work.rows(set_email, _Told, email="OTHER@alpha.example")
        await work.audit("test", "User", None)
        return {}

    async with Doing(written, world, student, key=key) as context:
        payload = await perform(
            Mutation(addressed, lambda _: True, {"ux_university_members_email": taken}), context, {}
        )
    assert payload == Payload(failures=(taken,))
    async with Doing(written, world, student) as context:
        with pytest.raises(asyncpg.UniqueViolationError):
            await perform(declared(addressed), context, {})
    assert (await left_behind(owner))[0] == 0


async def test_a_connection_that_breaks_before_commit_is_tried_again(written, owner, world, student):
    tries = []

    async def broken_once(work, given):
        result = await renamed(work, {"name": "Tried"})
        tries.append(1)
        if len(tries) == 1:
            await work.rows(_KILL, _Told)
        return result

    async with Doing(written, world, student) as context:
        payload = await perform(declared(broken_once), context, {})
    assert (payload.failures, len(tries)) == ((), 2)
    assert await name_and_version(owner, world, student) == ("Tried", 2)
    assert await left_behind(owner) == (1, 0, 0)


@pytest.mark.parametrize("state", ["40001", "40P01", "55P03"])
async def test_what_postgresql_asks_to_repeat_is_repeated_and_nothing_else(written, owner, world, student, state):
    raising = Statement(text(f"DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '{state}'; END $$"))
    tries = []

    async def met_twice(work, given):
        tries.append(1)
        if len(tries) <= given["times"]:
            await work.rows(raising, _Told)
        return await renamed(work, {"name": "Met"})

    async with Doing(written, world, student) as context:
        await perform(declared(met_twice), context, {"times": 2})
    assert len(tries) == 3
    assert await left_behind(owner) == (1, 0, 0)
    tries.clear()
    async with Doing(written, world, student) as context:
        with pytest.raises(asyncpg.PostgresError) as raised:
            await perform(declared(met_twice), context, {"times": 5})
    assert (raised.value.sqlstate, len(tries)) == (state, 5)
    assert await left_behind(owner) == (1, 0, 0)


async def test_who_meets_another_the_other_way_round_gets_through(written, owner, world, student):
    """Fifty at once, half of them locking two rows in one order and half in the other: deadlocks, all repeated."""
    row = "SELECT 1 AS one FROM university_members WHERE university_id = :university_id AND user_id = :person"
    lock = Statement(text(f"{row} FOR UPDATE"))
    met = []

    async def crossing(work, given):
        met.append(1)
        for person in given["people"]:
            await work.rows(lock, _Told, person=person)
            await asyncio.sleep(0.005)
        await work.audit("test", "User", None)
        return {}

    async def alone(people):
        async with Doing(written, world, student, engine=engine) as context:
            await perform(declared(crossing), context, {"people": people})

    engine, people = create_engine(written.app, pool_wait_seconds=20), [student, world.people["other"]]
    await asyncio.gather(*(alone(people[:: 1 if number % 2 else -1]) for number in range(50)))
    assert engine.pool.checkedout() == 0
    await engine.dispose()
    assert (await left_behind(owner))[0] == 50
    assert len(met) > 50, "nobody met anybody"


async def test_what_nobody_asks_to_repeat_is_tried_once(written, owner, world, student):
    tries = []

    async def wrong(work, given):
        tries.append(1)
        await work.rows(Statement(text("SELECT 1 / 0 AS one")), _Told)

    async with Doing(written, world, student) as context:
        with pytest.raises(asyncpg.DivisionByZeroError):
            await perform(declared(wrong), context, {})
    assert len(tries) == 1


@pytest.fixture
async def breaks_at_commit(owner):
    """A deferred trigger that kills the backend while it commits, once: the client does not hear how it ended."""
    await owner.execute("""
        CREATE SEQUENCE broken; GRANT USAGE ON SEQUENCE broken TO lms_app;
        CREATE FUNCTION break_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          IF nextval('broken') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); END IF;
          RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER break_once AFTER UPDATE ON university_members DEFERRABLE INITIALLY DEFERRED
          FOR EACH ROW EXECUTE FUNCTION break_once();
    """)
    yield
    await owner.execute("DROP TRIGGER break_once ON university_members; DROP FUNCTION break_once; DROP SEQUENCE broken")


async def test_a_commit_that_nobody_told_of_is_tried_again_under_a_key(
    written, owner, world, student, breaks_at_commit
):
    async with Doing(written, world, student, key=KEY) as context:
        payload = await perform(declared(renamed), context, {"name": "Sure"})
    assert payload.failures == ()
    assert await name_and_version(owner, world, student) == ("Sure", 2)
    assert await left_behind(owner) == (1, 0, 1)


async def test_a_commit_that_nobody_told_of_is_said_to_be_unknown_without_a_key(
    written, owner, world, student, breaks_at_commit
):
    async with Doing(written, world, student) as context:
        with pytest.raises(RequestError) as raised:
            await perform(declared(renamed), context, {"name": "Perhaps"})
    assert raised.value.code.value == "OUTCOME_UNKNOWN"
    assert isinstance(raised.value.__cause__, OutcomeUnknownError)
    assert await left_behind(owner) == (0, 0, 0)


async def test_who_goes_away_before_commit_leaves_nothing_and_in_it_all(written, owner, world, student):
    waiting = Statement(text("SELECT pg_sleep(5) IS NULL AS slept"))

    async def slow(work, given):
        await renamed(work, {"name": "Slow"})
        await work.rows(waiting, _Told)

    async with Doing(written, world, student) as context:
        task = asyncio.create_task(perform(declared(slow), context, {}))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await left_behind(owner) == (0, 0, 0)
    await owner.execute("""
        CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN PERFORM pg_sleep(0.4); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER slowly AFTER UPDATE ON university_members DEFERRABLE INITIALLY DEFERRED
          FOR EACH ROW EXECUTE FUNCTION slowly();
    """)
    try:
        async with Doing(written, world, student) as context:
            task = asyncio.create_task(perform(declared(renamed), context, {"name": "Committed"}))
            await asyncio.sleep(0.25)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.sleep(0.4)
    finally:
        await owner.execute("DROP TRIGGER slowly ON university_members; DROP FUNCTION slowly")
    assert await name_and_version(owner, world, student) == ("Committed", 2)
    assert await left_behind(owner) == (1, 0, 0)


async def test_the_snapshot_gives_its_connection_to_the_transaction(written, owner, world, student):
    """With a pool of one: who kept the snapshot's would wait for itself."""
    async with running_api(written.app, pool_size=1) as api:
        data = await api.data(TWO, {"first": {"displayName": "One"}, "second": {"displayName": "Two"}}, user=student)
    assert [data[key]["user"]["displayName"] for key in ("first", "second")] == ["One", "Two"]


async def test_rows_are_json_that_anybody_can_read(owner, world, student, api):
    await send(api, student, {"displayName": 'Quotes " and \\ and \u00fc'})
    values = await owner.fetchval("SELECT new_values FROM audit_log")
    assert json.loads(values) == {"displayName": 'Quotes " and \\ and \u00fc'}
