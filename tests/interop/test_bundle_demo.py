"""Every course of the demo goes into another university and is the same there, to all who look."""

import pytest
from sqlalchemy import text

from lms_graphql.demo.service import load_demo
from lms_graphql.storage.database import connect, create_engine
from tests.conftest import running_api
from tests.databases import temporary_database
from tests.interop.bundles import Campus, document_of
from tests.interop.portraits import portrait


@pytest.fixture(scope="module")
async def loaded(superuser):
    async with temporary_database(superuser) as made:
        engine = create_engine(made.owner)
        async with engine.begin() as connection:
            await connection.execute(text("SET LOCAL ROLE lms_owner"))
            await load_demo(connection)
        await engine.dispose()
        yield made


@pytest.fixture(scope="module")
async def owner(loaded):
    driver = await connect(loaded.owner)
    yield driver
    await driver.close()


@pytest.fixture(scope="module")
async def api(loaded, tmp_path_factory):
    files = tmp_path_factory.mktemp("files")
    async with running_api(loaded.app, files=files, upload_mib=100) as running:
        yield running


@pytest.fixture(scope="module")
async def demo(api, owner):
    return await campus(api, owner, "DEMO")


async def campus(api, owner, short_code):
    row = await owner.fetchrow(
        "SELECT u.id, r.user_id FROM universities u JOIN user_university_roles r ON r.university_id = u.id"
        " AND r.role = 'university_admin' WHERE u.short_code = $1",
        short_code,
    )
    return Campus(api, owner, short_code, *row)


@pytest.fixture(scope="module")
async def elsewhere(api, owner, demo):
    """A university with an administrator and DEMO's terms and templates, but no course."""
    university_id = await owner.fetchval(
        "INSERT INTO universities (name, short_code, country_id) SELECT 'Elsewhere', 'ELSE', country_id"
        " FROM universities WHERE id = $1 RETURNING id",
        demo.id,
    )
    await owner.execute(
        "INSERT INTO university_members (university_id, user_id, display_name, email)"
        " SELECT $1, user_id, display_name, email FROM university_members WHERE university_id = $2 AND user_id = $3",
        university_id, demo.id, demo.admin,
    )  # fmt: skip
    await owner.execute(
        "INSERT INTO user_university_roles (university_id, user_id, role) VALUES ($1, $2, 'university_admin')",
        university_id, demo.admin,
    )  # fmt: skip
    await owner.execute(
        "INSERT INTO terms (university_id, code, name, starts_at, ends_at) SELECT $1, code, name, starts_at, ends_at"
        " FROM terms WHERE university_id = $2",
        university_id, demo.id,
    )  # fmt: skip
    await owner.execute(
        "INSERT INTO module_templates (university_id, template_type, title) SELECT $1, template_type, title"
        " FROM module_templates WHERE university_id = $2",
        university_id, demo.id,
    )  # fmt: skip
    return Campus(api, owner, "ELSE", university_id, demo.admin)


@pytest.fixture(scope="module")
async def taken(demo, elsewhere):
    """By code: the course, its archive, the payload of its import elsewhere. Courses come after what they ask for."""
    courses, archives = await demo.courses(), {}
    for code, course in courses.items():
        archives[code] = await demo.exported(course)
    asked = {code: {one["course"] for one in document_of(data)["course"].get("prerequisites", [])}
             for code, data in archives.items()}  # fmt: skip
    made = {}
    while len(made) < len(courses):
        code = next(code for code in courses if code not in made and asked[code] <= made.keys())
        made[code] = courses[code], archives[code], await elsewhere.imported(archives[code])
    return made


async def test_nothing_is_lost_on_the_way(taken):
    assert {code: (payload["errors"], payload["notices"]) for code, (_, _, payload) in taken.items()} == {
        code: ([], []) for code in taken
    }
    assert {code: tuple(payload["counts"].values()) for code, (_, _, payload) in taken.items()} == {
        "BI210": (9, 15, 2, 6, 1, 3),
        "CS120": (7, 11, 2, 8, 1, 3),
        "EE220": (5, 9, 2, 9, 1, 2),
        "MA110": (7, 12, 3, 12, 1, 3),
        "MA240": (2, 2, 1, 4, 0, 2),
        "ME101": (17, 22, 5, 21, 4, 3),
    }


async def test_the_document_is_the_same(taken, elsewhere):
    for _, archive, payload in taken.values():
        again = await elsewhere.exported(payload["course"]["id"])
        assert as_stored(document_of(again)["course"]) == as_stored(document_of(archive)["course"])


def as_stored(value):
    """The document without what payloads lose when they are checked: nulls, and the missing number of their version."""
    if isinstance(value, dict):
        return {name: as_stored(one) for name, one in value.items() if one is not None and name != "schema_version"}
    return [as_stored(one) for one in value] if isinstance(value, list) else value


async def test_the_api_shows_the_same(taken, demo, elsewhere):
    for course, _, payload in taken.values():
        assert await portrait(elsewhere, payload["course"]["id"]) == await portrait(demo, course)
