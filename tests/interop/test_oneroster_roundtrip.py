"""A university exported, then imported into an empty one and where it came from."""

from datetime import UTC, datetime

import pytest

from lms_graphql.interop.oneroster.reading import read
from tests.changing.conftest import owner, world, written  # noqa: F401 - a database of its own
from tests.conftest import running_api
from tests.interop.rosters import Rosters
from tests.world import Campus, Rows

_OFFERING = (
    "c.code AS course, o.term_name, t.code AS term, o.starts_at, o.ends_at, o.visibility, o.enrollment_mode,"
    " o.capacity,"
    " o.waitlist_capacity"
)
_JOINED = (
    "course_offerings o JOIN courses c ON (c.university_id, c.id) = (o.university_id, o.course_id)"
    " LEFT JOIN terms t ON (t.university_id, t.id) = (o.university_id, o.term_id)"
)
_MEMBER = "JOIN university_members m ON (m.university_id, m.user_id) = (x.university_id, x.user_id)"
_SECTION = "LEFT JOIN offering_sections s ON (s.university_id, s.id) = (x.university_id, x.section_id)"
SHAPES = {
    "departments": "SELECT code, name FROM departments WHERE university_id = $1",
    "terms": "SELECT code, name, starts_at, ends_at FROM terms WHERE university_id = $1",
    "people": "SELECT display_name, email, student_number, CASE status WHEN 'invited' THEN 'active' ELSE status END"
    " FROM university_members WHERE university_id = $1 AND status <> 'erased'",
    "roles": f"SELECT m.email, x.role::text, d.code FROM user_university_roles x {_MEMBER}"
    " LEFT JOIN departments d ON (d.university_id, d.id) = (x.university_id, x.department_id)"
    " WHERE x.university_id = $1 AND m.status <> 'erased'",
    "courses": "SELECT c.code, c.title, c.level::text, c.is_published, d.code AS department FROM courses c"
    " LEFT JOIN departments d ON (d.university_id, d.id) = (c.university_id, c.department_id) WHERE"
    " c.university_id = $1",
    "classes": f"SELECT {_OFFERING} FROM {_JOINED} WHERE o.university_id = $1",
    "sections": f"SELECT {_OFFERING}, s.code, s.name FROM {_JOINED} JOIN offering_sections s"
    " ON (s.university_id, s.course_offering_id) = (o.university_id, o.id) WHERE o.university_id = $1",
    "teaching": f"SELECT {_OFFERING}, m.email, x.role, s.code FROM {_JOINED} JOIN course_offering_instructors x"
    f" ON (x.university_id, x.course_offering_id) = (o.university_id, o.id) {_MEMBER} {_SECTION}"
    " WHERE o.university_id = $1 AND m.status <> 'erased'",
    "enrollments": f"SELECT {_OFFERING}, m.email, s.code FROM {_JOINED} JOIN course_enrollments x"
    f" ON (x.university_id, x.course_offering_id) = (o.university_id, o.id) {_MEMBER} {_SECTION}"
    " WHERE o.university_id = $1 AND x.status IN ('active', 'completed') AND m.status <> 'erased'",
}
"""What must be the same, in words that mean the same in every university."""


@pytest.fixture(scope="module")
async def api(written, world, tmp_path_factory):  # noqa: F811
    folder = tmp_path_factory.mktemp("files")
    async with running_api(written.app, max_in_flight=200, files=folder, upload_mib=100) as running:
        yield running


async def shape(rosters):
    return {name: sorted(map(repr, await rosters.rows(sql))) for name, sql in SHAPES.items()}


@pytest.fixture(scope="module")
async def full(owner, world):  # noqa: F811
    """ALPHA with what the world lacks: terms, seats, sections, people of every status, names of every kind."""
    rows, tenant, people = Rows(owner), {"university_id": world.alpha.university["id"]}, world.people
    await owner.execute("UPDATE universities SET time_zone = 'America/New_York' WHERE id = $1", tenant["university_id"])
    term = await rows.add(
        "terms", **tenant, code="F26", name="Fall", starts_at=datetime(2026, 9, 1, 4, tzinfo=UTC),
        ends_at=datetime(2026, 12, 20, 17, 30, tzinfo=UTC),
    )  # fmt: skip
    offering = await rows.add(
        "course_offerings", **tenant, course_id=world.alpha["draft"]["id"], term_id=term["id"], term_name="Fall, twice",
        starts_at=datetime(2026, 9, 7, tzinfo=UTC), capacity=2, waitlist_capacity=5, seats_taken=2,
        enrollment_mode="approval",
    )  # fmt: skip
    here = {**tenant, "course_offering_id": offering["id"]}
    sections = [await rows.add("offering_sections", **here, code=code, name=f"=Section {code}") for code in "AB"]
    await rows.add("course_offering_instructors", **here, user_id=people["ta"], role="ta", section_id=sections[0]["id"])
    await rows.add("course_enrollments", **here, user_id=people["student"], section_id=sections[1]["id"])
    await rows.add("course_enrollments", **here, user_id=people["other"])
    await rows.add("course_enrollments", **here, user_id=people["bystander"], status="waitlisted")
    for name, changes in {
        "other": "display_name = '=cmd|calc'", "bystander": "display_name = 'Plato'", "gone": "status = 'inactive'",
        "far_admin": "status = 'invited'", "far_instructor": "status = 'erased'", "student": "student_number = '-7'",
        "ta": "display_name = 'Ada King  of Lovelace, Countess'",
    }.items():  # fmt: skip
        await owner.execute(
            f"UPDATE university_members SET {changes} WHERE university_id = $1 AND user_id = $2",
            tenant["university_id"], people[name],
        )  # fmt: skip


@pytest.fixture(scope="module")
async def gamma(owner, world):  # noqa: F811
    """An empty university, which has nobody but its administrator."""
    rows = Rows(owner)
    university = await rows.add(
        "universities", name="Gamma", short_code="GAMMA", country_id=world.alpha.university["country_id"],
        time_zone="Asia/Tokyo",
    )  # fmt: skip
    member = {"university_id": university["id"], "user_id": world.people["admin"]}
    await rows.add("university_members", **member, display_name="ALPHA admin", email="admin@ALPHA.example")
    await rows.add("user_university_roles", **member, role="university_admin")
    world.gamma = Campus(university)
    return university


async def test_round_trip(api, world, owner, full, gamma):  # noqa: F811
    alpha, empty = Rosters(api, world, owner), Rosters(api, world, owner, "GAMMA")
    await owner.execute("DELETE FROM disclosures")
    response = await alpha.exported()
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/zip"
    assert response.headers["content-disposition"] == 'attachment; filename="roster.zip"'
    package = response.content
    assert read(package).errors == []
    seen = await alpha.rows(
        "SELECT user_id FROM disclosures WHERE university_id = $1 AND kind = 'private_data' ORDER BY 1"
    )
    people = await alpha.rows(
        "SELECT user_id FROM university_members WHERE university_id = $1 AND status <> 'erased' AND user_id <>"
        " $2 ORDER BY 1",
        world.people["admin"],
    )
    assert seen == people != []

    # The same people, courses, classes and enrollments where there were none.
    found = await empty.taken(package)
    assert found["errors"] == []
    wanted = await shape(alpha)
    assert all(wanted.values())
    assert await shape(empty) == wanted
    assert found["counts"]["ENROLLMENT"] == {"created": len(wanted["enrollments"])}

    # Where it came from nothing is created or changed, whether it comes from here or from there.
    before = await alpha.everything()
    for again in (package, (await empty.exported()).content, package):
        found = await alpha.taken(again)
        assert found["errors"] == []
        assert {name for counts in found["counts"].values() for name in counts} == {"unchanged"}
        after = await alpha.everything()
        assert {name for name in after if after[name] != before[name]} <= {"external_keys"}
    assert await shape(alpha) == wanted
    named = await alpha.everything()
    await alpha.taken(package)
    assert await alpha.everything() == named
