"""What operations cost: budgets, points across workers, what clients are told, and that each is counted once."""

import asyncio
import contextlib
import time

import pytest

from lms_graphql.engine.context import Viewer
from lms_graphql.engine.cost import ANONYMOUS_BUDGET, AUTHENTICATED_BUDGET, Price
from lms_graphql.server.points import Points, point_store
from lms_graphql.server.requests import HttpError
from lms_graphql.storage.database import create_engine
from lms_graphql.storage.points import PointStore
from tests.conftest import connect, running_api

PAGE = "query ($n: Int) { courses(first: $n) { edges { node { code } } } }"
DEAR = "{ courses(first: 100) { edges { node { offerings(first: 100) { edges { node { enrollments(first: 100)"
DEAR += " { edges { node { id } } } } } } } } } }"


@pytest.fixture
async def engine(database):
    engine = create_engine(database.app, pool_size=4)
    yield engine
    await engine.dispose()
    driver = await connect(database.owner)
    await driver.execute("TRUNCATE rate_points")
    await driver.close()


def code(response):
    return response.json()["errors"][0]["extensions"]["code"]


async def bucket(database, name):
    driver = await connect(database.owner)
    try:
        return await driver.fetchval("SELECT points FROM rate_points WHERE bucket = $1", name)
    finally:
        await driver.close()


# ---- the buckets ----


async def test_a_bucket_begins_full_gives_what_it_has_and_fills_with_time(engine, database):
    store = PointStore(engine, capacity=1000, per_second=100)
    assert await store.lease("a", 300, 400) == (400, 600)
    assert await store.lease("a", 500, 900) == pytest.approx((600, 0), abs=60)
    refused = await store.lease("a", 500, 500)
    assert refused.granted == 0
    assert refused.left < 60
    driver = await connect(database.owner)
    await driver.execute("UPDATE rate_points SET counted_at = counted_at - interval '3 seconds'")
    assert await store.lease("a", 250, 250) == pytest.approx((250, 50), abs=60)
    await driver.execute("UPDATE rate_points SET counted_at = counted_at - interval '1 hour'")
    await driver.close()
    assert await store.lease("a", 1, 1) == (1, 999)


async def test_time_that_runs_backwards_gives_nothing(engine, database):
    store = PointStore(engine, capacity=1000, per_second=100)
    await store.lease("a", 1000, 1000)
    driver = await connect(database.owner)
    await driver.execute("UPDATE rate_points SET counted_at = now() + interval '1 hour'")
    await driver.close()
    assert await store.lease("a", 1, 1) == (0, 0)


async def test_workers_together_get_what_is_there_and_no_more(database):
    """Four workers with their own connections and 200 leases at once: exactly the capacity, when nothing fills."""
    engines = [create_engine(database.app, pool_size=2, pool_wait_seconds=20) for _ in range(4)]
    stores = [PointStore(engine, capacity=10_000, per_second=0) for engine in engines]
    leases = await asyncio.gather(*(stores[i % 4].lease("together", 7, 70 + i) for i in range(200)))
    assert sum(lease.granted for lease in leases) == pytest.approx(10_000, abs=6)
    assert min(lease.left for lease in leases) < 7
    assert all(lease.granted == 0 or lease.granted >= 7 for lease in leases)
    for engine in engines:
        await engine.dispose()


async def test_old_buckets_are_forgotten(engine, database):
    store = PointStore(engine, capacity=10, per_second=1)
    driver = await connect(database.owner)
    await driver.execute("INSERT INTO rate_points VALUES ('old', 1, 1, now() - interval '2 hours')")
    await driver.close()
    for _ in range(1000):
        await store.lease("busy", 0, 0)
    assert await bucket(database, "old") is None


# ---- accounts ----

STUDENT = Viewer(user_id=1, university_id=1)


async def test_an_operation_gets_back_what_it_did_not_use(engine, database):
    points = Points(point_store(engine, 250), enforced=True)  # a bucket of 10,000, blocks of 100
    with await points.charge(STUDENT, "", 5_000) as charge:
        cost = charge.used(120)
    assert cost.pop("remaining") == pytest.approx(9_880, abs=100)
    assert cost == {"requested": 5_000, "actual": 120, "limit": 10_000, "restoreRate": 250}
    assert await bucket(database, "university 1 user 1") == 5_000  # the rest is this worker's, for its next operations
    for _ in range(40):
        with await points.charge(STUDENT, "", 100) as charge:
            charge.used(100)
    assert await bucket(database, "university 1 user 1") == 5_000


@pytest.mark.parametrize("error", [RuntimeError, asyncio.CancelledError, TimeoutError])
async def test_whoever_fails_pays_the_price_once(engine, error):
    points = Points(point_store(engine, 250), enforced=True)
    with contextlib.suppress(error), await points.charge(STUDENT, "", 1_000) as charge:
        charge.used(3)
        raise error
    with await points.charge(STUDENT, "", 1) as charge:
        assert charge.used(1)["remaining"] == pytest.approx(8_999, abs=100)


async def test_what_is_spent_at_once_is_never_more_than_what_is_there(engine):
    """200 operations at once on three workers, each asking 500 of 10,000: 20 run, and all that run have paid."""
    workers = [Points(point_store(engine, 250), enforced=True) for _ in range(3)]
    ran = []

    async def operation(number):
        try:
            with await workers[number % 3].charge(STUDENT, "", 500) as charge:
                await asyncio.sleep(0)
                charge.used(500)
                ran.append(number)
        except HttpError as refusal:
            return refusal
        return None

    began = time.monotonic()
    refusals = [refusal for refusal in await asyncio.gather(*map(operation, range(200))) if refusal]
    filled = (time.monotonic() - began) * 250
    assert 20 <= len(ran) <= 20 + filled / 500
    assert {(refusal.status, refusal.code) for refusal in refusals} == {(429, "RATE_LIMITED")}
    assert all(1 <= int(refusal.headers["retry-after"]) <= 2 for refusal in refusals)


async def test_principals_have_their_own_buckets(engine, database):
    points = Points(point_store(engine, 250), enforced=True)
    for viewer, address in [
        (STUDENT, "192.0.2.1"),
        (Viewer(user_id=1, university_id=2), ""),
        (Viewer(user_id=2, university_id=1), ""),
        (Viewer(), "192.0.2.1"),
        (Viewer(), "2001:db8::1"),
        (Viewer(), "2001:db8:0:0:ffff::2"),
        (Viewer(), "not an address"),
    ]:
        with await points.charge(viewer, address, 100) as charge:
            charge.used(1)
    driver = await connect(database.owner)
    names = {row[0] for row in await driver.fetch("SELECT bucket FROM rate_points")}
    await driver.close()
    assert names == {
        "university 1 user 1",
        "university 2 user 1",
        "university 1 user 2",
        "university 0 address 192.0.2.1",
        "university 0 address 20010db800000000",
        "university 0 address unknown",
    }


async def test_accounts_are_bounded(engine, monkeypatch):
    monkeypatch.setattr("lms_graphql.server.points._MOST_ACCOUNTS", 3)
    points = Points(point_store(engine, 250), enforced=True)
    for number in range(10):
        with await points.charge(Viewer(user_id=number, university_id=1), "", 1) as charge:
            charge.used(1)
    assert len(points._accounts) == 3


# ---- over HTTP ----


@pytest.fixture
async def enforced(database, world, engine):
    async with running_api(database.app, cost="enforce") as running:
        yield running


async def test_every_post_tells_its_cost(enforced, world):
    await enforced(PAGE, {"n": 2}, user=world.people["student"])
    cost = enforced.cost
    assert list(cost) == ["requested", "actual", "limit", "remaining", "restoreRate"]
    assert (cost["requested"], cost["limit"], cost["restoreRate"]) == (3, 200_000, 5_000)
    assert 1 <= cost["actual"] <= 3
    assert 199_990 <= cost["remaining"] <= 200_000
    await enforced("{ __typename }")
    assert (enforced.cost["requested"], enforced.cost["actual"]) == (1, 1)


async def test_a_get_does_not_so_its_etag_stands_for_its_data(enforced):
    answers = [await enforced.client.get("/u/ALPHA/graphql", params={"query": "{ domains { code } }"}) for _ in "ab"]
    assert answers[0].headers["etag"] == answers[1].headers["etag"]
    assert answers[0].json() == {"data": {"domains": [{"code": "SCI"}]}}


@pytest.mark.parametrize(("user", "budget"), [(None, ANONYMOUS_BUDGET), ("student", AUTHENTICATED_BUDGET)])
async def test_an_operation_at_its_budget_and_one_above(enforced, world, user, budget):
    text = "{ domains { code } }"
    prices = enforced.service.documents.get(text).prices
    for price, status in ((budget, 200), (budget + 1, 400)):
        prices[None] = Price(price)  # what is priced how is another test's; here, what is done about it
        response = await enforced.post(text, user=world.people[user] if user else None)
        assert response.status_code == status
        assert response.json()["extensions"]["cost"]["requested"] == price
    assert code(response) == "TOO_EXPENSIVE"
    assert response.json()["errors"][0]["message"] == (
        f"this operation may cost {budget + 1} points, more than {budget}; ask for less, or for smaller pages"
    )
    assert "data" not in response.json()


async def test_a_dear_document_runs_where_cost_is_only_measured(enforced, api, world):
    admin = world.people["admin"]
    refused = await enforced.post(DEAR, user=admin)
    assert (refused.status_code, code(refused)) == (400, "TOO_EXPENSIVE")
    answer = await api(DEAR, user=admin)
    assert "errors" not in answer
    assert answer["data"]["courses"]["edges"]


async def test_who_spends_too_much_waits_and_nobody_else(database, world, engine):
    """A bucket of 400 points, which an operation of 101 empties by what it uses."""
    async with running_api(database.app, cost="enforce", points_per_second=10) as api:
        student, other = world.people["student"], world.people["other"]
        document = "{ courses(first: 100) { edges { cursor } } }"
        statuses, last = [], None
        for _ in range(600):
            last = await api.post(document, user=student)
            statuses.append(last.status_code)
            if last.status_code == 429:
                break
        assert last is not None
        assert (last.status_code, code(last)) == (429, "RATE_LIMITED")
        assert int(last.headers["retry-after"]) >= 1
        assert last.json()["extensions"]["cost"]["requested"] == 101
        assert "data" not in last.json()
        assert (await api.post(document, user=other)).status_code == 200
        assert (await api.post(document)).status_code == 200


async def test_no_points_without_the_database(enforced, database, world):
    nowhere = create_engine(database.app.set(database="not_there"))
    enforced.service.points = Points(point_store(nowhere, 5_000), enforced=True)
    response = await enforced.post(PAGE, {"n": 1}, user=world.people["ta"])
    assert (response.status_code, code(response)) == (503, "UNAVAILABLE")
    await nowhere.dispose()


# ---- production ----

INTROSPECTION = ["{ __schema { types { name } } }", '{ a: __type(name: "Course") { name } domains { code } }']


@pytest.mark.parametrize("document", INTROSPECTION)
async def test_introspection_in_production_is_for_staff(database, world, document):
    async with running_api(database.app, environment="production") as api:
        response = await api.post(document)
        assert (response.status_code, code(response)) == (400, "INTROSPECTION_DISABLED")
        assert "data" not in response.json()
        assert (await api.data("{ __typename }")) == {"__typename": "Query"}
        monkey = api.service.authenticator  # sign-in comes later: development's tokens stand in for it here
        api.service.authenticator = api.authenticator
        try:
            assert code(await api.post(document, user=world.people["student"])) == "INTROSPECTION_DISABLED"
            await api.data(document, user=world.people["admin"])
        finally:
            api.service.authenticator = monkey


async def test_introspection_in_development_is_for_all(api):
    for document in INTROSPECTION:
        await api.data(document)


MISSPELT = [
    ("{ cours(by: {code: 1}) { id } }", None),
    ("{ domains { cod } }", None),
    ("query ($by: CourseBy!) { course(by: $by) { id } }", {"by": {"cod": "A"}}),
    ("query ($by: CoursBy) { course(by: $by) { id } }", {}),
    ("{ course(by: {cod: 1}) { id } }", None),
    ("{ course(bi: {code: 1}) { id } }", None),
    ("{ domains @skp(if: true) { code } }", None),
    ("{ ...Fragmen } fragment Fragment on Query { __typename }", None),
]


@pytest.mark.parametrize(("document", "variables"), MISSPELT)
async def test_production_suggests_nothing(database, world, api, document, variables):
    async with running_api(database.app, environment="production") as production:
        answer = await production.post(document, variables)
        assert "Did you mean" not in answer.text
        assert answer.json()["errors"]


async def test_development_suggests(api):
    assert "Did you mean" in (await api.post(MISSPELT[1][0])).text


# ---- exactly once ----


async def spent(api, database):
    """The points that are neither in buckets nor leased to the process."""
    driver = await connect(database.owner)
    buckets = await driver.fetch("SELECT points FROM rate_points")
    await driver.close()
    there = sum(row["points"] for row in buckets) + sum(a.balance for a in api.service.points._accounts.values())
    return len(buckets) * 40 - there


ONCE = {
    "an answer": ('{ domains { code } course(by: {code: "P101"}) { code } }', {}, 200, 3),
    "an answer with errors": ('{ domains { code } course(id: "x", by: {code: "P101"}) { code } }', {}, 200, 2),
    "nothing executed: a variable": ("query ($by: CourseBy!) { course(by: $by) { code } }", {}, 200, 1),
    "nothing executed: not valid": ("{ nothing }", {}, 200, 0),
    "too dear": ("{ courses(first: 100) { edges { cursor } } }", {}, 400, 0),
    "the deadline": ("{ domains { code } }", {}, 504, 21),
}


@pytest.mark.parametrize("name", ONCE)
async def test_every_outcome_is_paid_for_exactly_once(database, world, engine, name):
    """From a bucket of 40: what was used, nothing for what did not run, all for what was cut off."""
    text, variables, status, points = ONCE[name]
    async with running_api(database.app, cost="enforce", points_per_second=1, deadline_seconds=0.4) as api:
        driver = await connect(database.owner)
        await driver.execute("TRUNCATE rate_points")
        try:
            if status == 504:
                await driver.execute("BEGIN; LOCK TABLE domains IN ACCESS EXCLUSIVE MODE")
            response = await api.post(text, variables)
            assert response.status_code == status
        finally:
            await driver.close()
        assert await spent(api, database) == points
