"""Staff look as their people do (`X-View-As`): what is seen, as whom, that nothing changes, what is written down."""

import asyncio

import pytest

from lms_graphql.engine.relay import GlobalId
from tests.conftest import running_api

WHO = """{ viewer { roles user { displayName email } memberships { university { shortCode } } }
  course(by: {code: "D101"}) { id }
  offerings(first: 10) { edges { node { termName viewerEnrollment { status } } } } analytics { __typename } }"""
RENAME = 'mutation { updateProfile(input: {displayName: "X"}) { errors { code message } } }'
REFUSED = "X-View-As is for staff, and names the id of one of their own people"


@pytest.fixture
async def entries(owner):
    """What is written down from here on."""
    await owner.execute("TRUNCATE audit_log, disclosures")

    async def read():
        rows = await owner.fetch("SELECT user_id, act, entity, entity_id, request_id FROM audit_log ORDER BY id")
        return [tuple(row) for row in rows]

    return read


async def look(api, world, user, other, document=WHO, method="POST", **headers):
    """What a person is answered who looks as another."""
    person = world.people.get(other, other)
    named = str(GlobalId("User", person, world.alpha.university["id"])) if isinstance(person, int) else person
    given = {**api.headers(world.people.get(user)), "X-View-As": named, "X-Request-Id": "test-request", **headers}
    if method == "GET":
        return await api.client.get("/u/ALPHA/graphql", params={"query": document}, headers=given)
    return await api.client.post("/u/ALPHA/graphql", json={"query": document}, headers=given)


@pytest.mark.parametrize("user", ["admin", "instructor", "ta", "section_ta", "department_admin"])
async def test_staff_see_what_their_student_sees(api, world, owner, entries, user):
    theirs = await api.data(WHO, user=world.people["student"])
    assert theirs["analytics"] is None
    assert theirs["course"] is None
    response = await look(api, world, user, "student")
    seen = response.json()["data"]
    others = [entry for entry in theirs["viewer"].pop("memberships") if entry["university"] is not None]
    memberships = seen["viewer"].pop("memberships")
    assert seen == theirs
    # Of the person's other universities nothing shows to anybody but the person.
    assert [entry["university"]["shortCode"] for entry in memberships] == ["ALPHA"]
    assert {"ALPHA"} <= {entry["university"]["shortCode"] for entry in others}
    assert "X-View-As" in response.headers["vary"]
    student = world.people["student"]
    assert await entries() == [(world.people[user], "view.as", "User", student, "test-request")]
    told = await owner.fetch("SELECT viewer_id, user_id, kind FROM disclosures ORDER BY kind")
    kinds = ("enrollments", "private_data", "view_as")
    assert [tuple(row) for row in told] == [(world.people[user], student, kind) for kind in kinds]


@pytest.mark.parametrize(
    ("user", "other"),
    [
        (None, "student"),
        ("outsider", "student"),
        ("student", "other"),
        ("student", "student"),
        ("bystander", "student"),
        ("platform_admin", "student"),
        ("beta_admin", "student"),
        ("far_instructor", "student"),
        ("far_admin", "student"),
        ("section_ta", "other"),
        ("instructor", "bystander"),
        ("instructor", "ta"),
        ("instructor", "admin"),
        ("instructor", "instructor"),
        ("department_admin", "admin"),
        ("admin", "admin"),
        ("admin", "outsider"),
        ("admin", "beta_student"),
        ("admin", "gone"),
        ("admin", 999_999),
        ("admin", "not an id"),
        ("admin", ""),
    ],
)
async def test_nobody_else_is_looked_as(api, world, entries, user, other):
    for document in (WHO, RENAME):
        response = await look(api, world, user, other, document)
        assert response.status_code == 403
        assert response.json() == {
            "errors": [{"message": REFUSED, "extensions": {"code": "FORBIDDEN", "requestId": "test-request"}}]
        }
    assert await entries() == []


async def test_an_id_of_another_university_or_type_is_nobodys(api, world, entries):
    beta = str(GlobalId("User", world.people["student"], world.beta.university["id"]))
    course = str(GlobalId("Course", world.alpha["course"]["id"], world.alpha.university["id"]))
    for named in (beta, course):
        assert (await look(api, world, "admin", named)).status_code == 403
    assert await entries() == []


async def test_an_administrator_looks_as_staff_and_reaches_what_they_reach(api, world, entries):
    document = '{ viewer { roles } course(by: {code: "D101"}) { id } analytics { __typename } }'
    seen = (await look(api, world, "admin", "instructor", document)).json()["data"]
    assert seen == await api.data(document, user=world.people["instructor"])
    assert seen["analytics"] is not None


async def test_nothing_is_changed(api, world, owner, entries):
    answer = (await look(api, world, "admin", "student", RENAME)).json()["data"]
    message = "you look as somebody else does (X-View-As): nothing can be changed"
    assert answer == {"updateProfile": {"errors": [{"code": "FORBIDDEN", "message": message}]}}
    assert [entry[1] for entry in await entries()] == ["view.as"]


async def test_what_can_not_be_written_down_is_not_shown(api, world, owner, entries):
    await owner.execute("REVOKE INSERT ON audit_log FROM lms_app")
    try:
        response = await look(api, world, "admin", "student")
    finally:
        await owner.execute("GRANT INSERT ON audit_log TO lms_app")
    assert response.status_code == 500
    assert "data" not in response.json()
    assert await entries() == []


async def test_an_answer_that_the_client_has_is_written_down_too(api, world, entries):
    first = await look(api, world, "admin", "student", method="GET")
    tag = first.headers["etag"]
    again = await look(api, world, "admin", "student", method="GET", **{"If-None-Match": tag})
    assert (first.status_code, again.status_code) == (200, 304)
    assert len(await entries()) == 2


async def test_a_connection_is_held_once(written, world, entries):
    """One connection, and twenty at once: whoever held it and waited for another would wait for itself."""
    async with running_api(written.app, pool_size=1) as api:
        responses = await asyncio.gather(*(look(api, world, "admin", "student") for _ in range(20)))
    assert {response.status_code for response in responses} == {200}
    assert len(await entries()) == 20
