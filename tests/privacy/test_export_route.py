"""`GET /u/<code>/export/me`: the person's own document, for 500 points; for nobody else, and of nobody else."""

import asyncio
import json

import asyncpg
import pytest

from lms_graphql.identity.opaque import Prefix, mint
from lms_graphql.privacy import export as exporting
from lms_graphql.server import export as route
from lms_graphql.storage.database import connect
from tests.conftest import running_api
from tests.privacy.test_export import exported
from tests.world import Rows

ROUTE = "/u/ALPHA/export/me"
ASKED = {"X-Request-Id": "test-request"}


async def get(api, user, url=ROUTE, **headers):
    return await api.client.get(url, headers={**api.headers(user), **ASKED, **headers})


def refused(response, status, code):
    (error,) = response.json()["errors"]
    return (response.status_code, error["extensions"]) == (status, {"code": code, "requestId": "test-request"})


async def test_the_person_gets_the_document(api, database, world):
    driver = await connect(database.app)
    whole = await exported(driver, world.alpha.university, world.people["student"])
    await driver.close()
    response = await get(api, world.people["student"])
    assert response.status_code == 200
    assert {**response.json(), "exported_at": None} == {**whole, "exported_at": None}
    headers = dict(response.headers)
    assert headers.pop("content-length") == str(len(response.content))
    assert headers == {
        "content-type": "application/json; charset=utf-8", "content-disposition": 'attachment; filename="export.json"',
        "cache-control": "no-store", "x-content-type-options": "nosniff", "x-request-id": "test-request",
        "vary": "Authorization, X-University, X-View-As, Accept, Accept-Encoding",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["student", "other", "ta", "admin"])
async def test_everybody_gets_their_own(api, world, name):
    document = (await get(api, world.people[name])).json()
    assert [row["user_id"] for row in document["sections"]["profile"]] == [world.people[name]]
    assert [user["id"] for user in document["identity"]["users"]] == [world.people[name]]


async def test_nobody_gets_nothing(api, world):
    nobody = await get(api, None)
    assert refused(nobody, 401, "UNAUTHENTICATED")
    assert nobody.headers["www-authenticate"] == "Bearer"
    forged = await get(api, None, Authorization="Bearer something")
    assert refused(forged, 401, "UNAUTHENTICATED")
    assert forged.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert nobody.headers["cache-control"] == forged.headers["cache-control"] == "no-store"
    assert refused(await get(api, 999_999), 401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("outsider", ROUTE),
        ("beta_student", ROUTE),
        ("beta_admin", ROUTE),
        ("platform_admin", ROUTE),
        ("student", "/u/NOWHERE/export/me"),
        ("student", "/u/nowhere/export/me"),
    ],
)
async def test_where_the_person_is_no_member(api, world, name, url):
    response = await get(api, world.people[name], url)
    assert refused(response, 404, "UNIVERSITY_UNKNOWN")
    assert "sections" not in response.text


async def test_it_is_for_no_service_and_for_no_other_eyes(campus):
    database, world = campus
    owner, token = await connect(database.owner), mint(Prefix.SERVICE)
    here = world.alpha.university["id"]
    await owner.execute(
        "INSERT INTO service_tokens (university_id, digest, scopes, issued_by, expires_at)"
        " VALUES ($1, $2, '{lab:grade}', $3, now() + interval '1 hour')",
        here,
        token.digest,
        world.people["admin"],
    )
    await owner.close()
    async with running_api(database.app) as api:
        service = await get(api, None, Authorization=f"Bearer {token.token}")
        assert refused(service, 401, "UNAUTHENTICATED")
        assert "a service's" in service.json()["errors"][0]["message"]
        looking = await get(api, world.people["admin"], **{"X-View-As": "somebody"})
        assert refused(looking, 403, "FORBIDDEN")


async def test_it_is_only_got(api, world):
    for method in ("POST", "HEAD", "DELETE"):
        response = await api.client.request(method, ROUTE, headers=api.headers(world.people["student"]))
        assert (response.status_code, response.headers["allow"]) == (405, "GET")


async def test_it_costs_500_points(campus):
    database, world = campus
    student = world.people["student"]
    async with running_api(database.app, cost="enforce", points_per_second=15) as api:  # a bucket of 600
        before = api.service.points.paid
        assert (await get(api, student)).status_code == 200
        assert api.service.points.paid - before == 500
        again = await get(api, student)
        (error,) = again.json()["errors"]
        assert (again.status_code, error["extensions"]["code"]) == (429, "RATE_LIMITED")
        assert int(again.headers["retry-after"]) > 0
        assert again.json()["extensions"]["cost"]["requested"] == 500
        assert "sections" not in again.text
        assert (await get(api, world.people["other"])).status_code == 200  # each has a bucket of their own


async def test_it_discloses_nothing_and_leaves_nothing(campus):
    database, world = campus
    owner = await connect(database.owner)
    count = "SELECT (SELECT count(*) FROM disclosures), (SELECT count(*) FROM audit_log), (SELECT count(*) FROM outbox)"
    before = tuple(await owner.fetchrow(count))
    async with running_api(database.app) as api:
        assert (await get(api, world.people["student"])).status_code == 200
    assert tuple(await owner.fetchrow(count)) == before
    await owner.close()


async def test_a_large_document_arrives_whole(campus, monkeypatch):
    """More than what is kept in memory, in many parts."""
    database, world = campus
    monkeypatch.setattr(route, "_MOST_BYTES_IN_MEMORY", 1000)
    owner, here = await connect(database.owner), world.alpha.university["id"]
    post = {"university_id": here, "user_id": world.people["student"], "thread_id": world.alpha["thread"]["id"]}
    for number in range(30):
        await Rows(owner).add("discussion_posts", **post, body=f"{number} " + "ü" * 10_000)
    await owner.close()
    async with running_api(database.app) as api:
        response = await get(api, world.people["student"])
    posts = [row["body"] for row in json.loads(response.content)["sections"]["posts"]]
    assert posts[-30:] == [f"{number} " + "ü" * 10_000 for number in range(30)]
    assert len(response.content) > 600_000


# ---- what goes wrong is told by the status, and the connection is given back


async def test_a_fault_in_the_middle_is_no_document(api, world, monkeypatch):
    def broken(_columns):
        raise asyncpg.UndefinedTableError("a word of the inside")

    monkeypatch.setattr(exporting, "_told", broken)
    response = await get(api, world.people["student"])
    assert refused(response, 500, "INTERNAL_ERROR")
    assert "word of the inside" not in response.text
    monkeypatch.undo()
    assert api.service.engine.pool.checkedout() == 0
    assert (await get(api, world.people["student"])).status_code == 200


async def test_what_takes_too_long_is_ended(campus):
    database, world = campus
    owner = await connect(database.owner)
    async with running_api(database.app, deadline_seconds=0.3) as api, owner.transaction():
        await owner.execute("LOCK TABLE course_reviews IN ACCESS EXCLUSIVE MODE")
        response = await get(api, world.people["student"])
        assert refused(response, 504, "DEADLINE_EXCEEDED")
        assert api.service.engine.pool.checkedout() == 0
    await owner.close()


async def test_a_busy_pool_is_told(campus):
    database, world = campus
    async with running_api(database.app, pool_size=1) as api:
        held = await api.service.engine.raw_connection()
        response = await get(api, world.people["student"])
        assert refused(response, 503, "UNAVAILABLE")
        held.close()
        responses = await asyncio.gather(*(get(api, world.people["student"]) for _ in range(3)))
        assert [response.status_code for response in responses] == [200, 200, 200]
