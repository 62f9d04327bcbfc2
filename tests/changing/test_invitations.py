"""Open invitations: a university's administrators see who is asked to join, and nobody sees a token."""

from datetime import datetime, timedelta

import pytest

from lms_graphql.engine.relay import parse_global_id
from tests.changing.administering import STRANGERS, Office

SHOWN = (
    "user { id displayName email memberStatus } roles { role department { code } } invitedBy { id } createdAt expiresAt"
)
OPEN = (
    "query($first: Int, $after: String) { viewer { university { invitations(first: $first, after: $after) {"
    f" totalCount pageInfo {{ hasNextPage endCursor }} edges {{ node {{ {SHOWN} }} }} }} }} }} }}"
)
BY_CODE = (
    'query($first: Int) { university(by: {shortCode: "ALPHA"}) {'
    " invitations(first: $first) { totalCount edges { node { expiresAt } } } } }"
)
_COUNTER = iter(range(1000))


@pytest.fixture
async def office(api, world, owner):
    """ALPHA with no open invitation."""
    await owner.execute("UPDATE invitations SET revoked_at = now() WHERE accepted_at IS NULL AND revoked_at IS NULL")
    return Office(api, world, owner)


async def invited(office, **more):
    given = {"email": f"guest{next(_COUNTER)}@alpha.example", "displayName": "A Guest", **more}
    return (await office.done("inviteMember", given, "user { id } token"))["user"]["id"]


async def page(office, user="admin", university="ALPHA", **variables):
    variables = {"first": 100, **variables}
    data = await office.api.data(OPEN, variables, user=office.world.people.get(user), university=university)
    return data["viewer"]["university"]["invitations"]


async def people(office, **options):
    return [edge["node"]["user"]["id"] for edge in (await page(office, **options))["edges"]]


async def test_an_invitation_as_administrators_see_it(office, owner):
    department = office.id("Department", office.world.alpha["department"]["id"])
    roles = [{"role": "INSTRUCTOR", "departmentId": department}, {"role": "STUDENT"}]
    guest = await invited(office, email="Ada@guests.example", displayName="Ada L.", roles=roles)
    row = await owner.fetchrow(
        "SELECT created_at, expires_at FROM invitations WHERE user_id = $1", parse_global_id(guest).id
    )
    assert row["expires_at"] - row["created_at"] == timedelta(days=14)
    found = await page(office)
    code = office.world.alpha["department"]["code"]
    (edge,) = found["edges"]
    assert found["totalCount"] == 1
    made, expires = edge["node"].pop("createdAt"), edge["node"].pop("expiresAt")
    assert edge["node"] == {
        "user": {"id": guest, "displayName": "Ada L.", "email": "Ada@guests.example", "memberStatus": "INVITED"},
        "roles": [{"role": "STUDENT", "department": None}, {"role": "INSTRUCTOR", "department": {"code": code}}],
        "invitedBy": {"id": office.person("admin")},
    }
    times = [datetime.fromisoformat(text) for text in (made, expires)]
    assert times == [row["created_at"], row["expires_at"]]


async def test_what_is_open(office, owner):
    first, second, third = [await invited(office) for _ in range(3)]
    assert await people(office) == [first, second, third]
    token = (await office.done("resendInvitation", {"userId": first}, "token"))["token"]
    assert await people(office) == [first, second, third]  # another invitation in place of the one before
    await office.done("acceptInvitation", {"token": token, "password": "correct horse battery"}, user=None)
    assert await people(office) == [second, third]
    await office.done("revokeInvitation", {"userId": second})
    assert await people(office) == [third]
    # one that nobody has come for is there still, since it can be sent again
    past = "created_at = now() - interval '3 days', expires_at = now() - interval '1 day'"
    await owner.execute(f"UPDATE invitations SET {past} WHERE user_id = $1", parse_global_id(third).id)
    assert await people(office) == [third]


async def test_page_by_page_in_as_many_statements_for_many_as_for_few(office):
    guests = [await invited(office, roles=[{"role": "STUDENT"}])]
    await page(office)
    few = len(office.api.statements)
    guests += [await invited(office, roles=[{"role": "STUDENT"}]) for _ in range(6)]
    await page(office)
    assert len(office.api.statements) == few
    found, after = [], None
    while True:
        part = await page(office, first=3, after=after)
        assert part["totalCount"] == 7
        found += [edge["node"]["user"]["id"] for edge in part["edges"]]
        after = part["pageInfo"]["endCursor"]
        if not part["pageInfo"]["hasNextPage"]:
            break
    assert found == guests


async def test_nobody_else_sees_any(office):
    guest = await invited(office)
    empty = {"totalCount": 0, "pageInfo": {"hasNextPage": False, "endCursor": None}, "edges": []}
    for person in STRANGERS:
        if person not in {None, "beta_admin"}:
            assert await page(office, person) == empty, person
    assert await page(office, "beta_admin", university="BETA") == empty
    assert guest in str((await page(office))["edges"])
    for person, university in ((None, "ALPHA"), ("beta_admin", "ALPHA")):
        answer = await office.api(BY_CODE, {"first": 100}, user=office.world.people.get(person), university=university)
        assert answer == {"data": {"university": {"invitations": {"totalCount": 0, "edges": []}}}}


async def test_who_administers_the_platform_is_not_named(office, owner):
    guest = await invited(office)
    await owner.execute("UPDATE invitations SET invited_by = NULL WHERE user_id = $1", parse_global_id(guest).id)
    (edge,) = (await page(office))["edges"]
    assert (edge["node"]["user"]["id"], edge["node"]["invitedBy"]) == (guest, None)
