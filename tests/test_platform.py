"""What administrators of the platform see of all universities, that nobody else does, nor they more than that."""

import pytest

from lms_graphql.engine.context import Context, Standing, Viewer
from lms_graphql.engine.relay import Cursors, PageArguments
from lms_graphql.platform.loaders import UniversitiesOfPlatform
from lms_graphql.storage.database import connect, create_engine
from lms_graphql.storage.fanout import FanOut

NUMBERS = """query($first: Int, $after: String) { platform { universities(first: $first, after: $after) {
  pageInfo { hasNextPage endCursor } edges { node { shortCode name isActive members courses offerings activeEnrollments
  university { shortCode } } } } } }"""


@pytest.fixture(scope="module")
async def expected(database, world):
    """The numbers, counted by a superuser."""
    driver = await connect(database.owner)
    rows = await driver.fetch("""
        SELECT short_code AS "shortCode", name, is_active AS "isActive",
          (SELECT count(*) FROM university_members m WHERE m.university_id = u.id AND status = 'active') AS members,
          (SELECT count(*) FROM courses c WHERE c.university_id = u.id) AS courses,
          (SELECT count(*) FROM course_offerings o WHERE o.university_id = u.id) AS offerings,
          (SELECT count(*) FROM course_enrollments e WHERE e.university_id = u.id AND status = 'active')
            AS "activeEnrollments"
        FROM universities u ORDER BY id
    """)
    await driver.close()
    closed = [{"university": {"shortCode": row["shortCode"]} if row["isActive"] else None} for row in rows]
    return [dict(row) | university for row, university in zip(rows, closed, strict=True)]


@pytest.mark.parametrize("university", [None, "ALPHA"])
async def test_all_universities_in_numbers_page_by_page(api, world, expected, university):
    administrator = world.people["platform_admin"]
    assert [row["shortCode"] for row in expected] == ["ALPHA", "BETA", "CLOSED"]
    assert all(row["members"] and row["activeEnrollments"] for row in expected[:2])
    found, after = [], None
    while True:
        data = await api.data(NUMBERS, {"first": 2, "after": after}, user=administrator, university=university)
        page = data["platform"]["universities"]
        assert len(api.statements) == 1  # the universities themselves; the numbers are read by another role
        found += [edge["node"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert found == expected


@pytest.mark.parametrize(
    "person", [None, "outsider", "student", "instructor", "department_admin", "admin", "beta_admin"]
)
async def test_nobody_else_sees_it(api, world, person):
    assert await api(NUMBERS, {"first": 100}, user=world.people.get(person)) == {"data": {"platform": None}}
    assert api.statements == []


async def test_the_loader_itself_shows_nothing_to_others(database, world):
    """Whatever edge may once lead to it."""
    for is_platform_admin, looked_at, number in ((False, None, 0), (True, world.people["admin"], 0), (True, None, 3)):
        viewer = Viewer(1, None, standing=Standing.ADMIN, is_platform_admin=is_platform_admin, seen_by=looked_at)
        fan_out = FanOut(create_engine(database.app.set(username="lms_platform")))
        context = Context(viewer, None, Cursors(b"x"), services={FanOut: fan_out})
        page = (await UniversitiesOfPlatform(context, PageArguments(10)).values([0]))[0]
        assert len(page.edges) == number
        await fan_out.close()


async def test_its_role_reads_and_does_nothing_else(database):
    driver = await connect(database.app.set(username="lms_platform"))
    try:
        assert await driver.fetchval("SELECT count(*) FROM courses") > 0
        for refused in ("UPDATE courses SET title = 'x'", "INSERT INTO domains (code, name) VALUES ('X', 'X')",
                        "SELECT password_hash FROM users", "SELECT * FROM search_texts"):  # fmt: skip
            with pytest.raises(Exception, match="permission denied"):
                await driver.execute(refused)
    finally:
        await driver.close()
