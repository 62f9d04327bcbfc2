"""Every filter and every order of a list finds its rows by an index, as lms_app behind row-level security.

At 200,000 rows of each table, with the plans that the server really uses: those made without knowing the values
(`plan_cache_mode`, see `storage.roles`). It takes a minute or more, so it runs with LMS_THOROUGH=1 (`make plans`).
"""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

import lms_graphql.schema
from lms_graphql.catalog.loaders import (
    CoursesByDepartment,
    CoursesByUniversity,
    OfferingsByCourse,
    OfferingsByUniversity,
)
from lms_graphql.engine.context import Context, Reach, Standing, Teaching, Viewer
from lms_graphql.engine.dataloaders import Page
from lms_graphql.engine.keyset import Derived, Ranking
from lms_graphql.engine.relay import Cursors, GlobalId, PageArguments
from lms_graphql.enrollment.loaders import EnrollmentsByOffering
from lms_graphql.grades.loaders import GradesByOffering
from lms_graphql.progress.loaders import ContentProgressByEnrollment
from lms_graphql.storage.database import connect
from lms_graphql.tenancy.loaders import MembersByUniversity
from tests.databases import temporary_database

ROWS = 200_000
THOROUGH = os.environ.get("LMS_THOROUGH") == "1"
pytestmark = pytest.mark.skipif(not THOROUGH, reason="needs 200,000 rows of everything: LMS_THOROUGH=1, make plans")
lms_graphql.schema.build()

# University 1 has nearly everything, 2 a little. Numbers are scattered by a multiplication, not by chance.
_DATA = """
INSERT INTO countries (iso_code, name) VALUES ('US', 'United States');
INSERT INTO universities (name, short_code, country_id) VALUES ('One', 'ONE', 1), ('Two', 'TWO', 1), ('Three', 'THREE', 1);
INSERT INTO domains (code, name) VALUES ('D', 'D');
INSERT INTO subjects (code, name, parent_subject_id, depth)
  SELECT 'S' || n, 'S' || n, CASE WHEN n > 20 THEN n / 20 END, CASE WHEN n > 20 THEN 1 ELSE 0 END FROM generate_series(1, 1000) n;
INSERT INTO departments (university_id, code, name) SELECT 1, 'D' || n, 'D' || n FROM generate_series(1, 100) n;
INSERT INTO terms (university_id, code, name, starts_at, ends_at)
  SELECT 1, 'T' || n, 'T' || n, '2020-01-01Z'::timestamptz + n * interval '90 days', '2020-03-01Z'::timestamptz + n * interval '90 days'
  FROM generate_series(1, 40) n;
INSERT INTO users (email, full_name, password_hash) SELECT 'u' || n || '@x.example', 'x', '!' FROM generate_series(1, {rows}) n;
INSERT INTO university_members (university_id, user_id, display_name, email, joined_at)
  SELECT CASE WHEN n % 50 = 0 THEN 2 ELSE 1 END, n, 'Name' || n * 7919 % 5000 || ' Family' || n * 9973 % 20000,
         'u' || n || '@x.example', '2020-01-01Z'::timestamptz + n * 7919 % {rows} * interval '1 minute' FROM generate_series(1, {rows}) n;
INSERT INTO courses (university_id, code, title, description, level, language_code, difficulty, is_published, department_id,
                     primary_subject_id, created_at, updated_at)
  SELECT CASE WHEN n % 50 = 0 THEN 2 ELSE 1 END, 'C' || n, 'Word' || n * 7919 % 3000 || ' study', 'About topic' || n * 9973 % 2000,
         (enum_range(NULL::course_level_enum))[1 + n * 7919 % 5], (ARRAY['en', 'de', 'fr', 'es', 'pt'])[1 + n % 5],
         (ARRAY['beginner', 'intermediate', 'advanced'])[1 + n * 7919 % 3], n % 3 <> 0,
         CASE WHEN n % 50 > 0 THEN 1 + n % 100 END, 1 + n * 7919 % 1000,
         '2020-01-01Z'::timestamptz + n * 7919 % {rows} * interval '1 minute', '2020-01-01Z'::timestamptz + n * 9973 % {rows} * interval '1 minute'
  FROM generate_series(1, {rows}) n;
SET session_replication_role = replica; -- no triggers from here on, nor checks of references: the text search has its rows
INSERT INTO course_subjects (university_id, course_id, subject_id) SELECT university_id, id, 1 + id * 9973 % 1000 FROM courses;
INSERT INTO course_offerings (university_id, course_id, visibility, starts_at, ends_at, enrollment_end, term_id, created_at)
  SELECT university_id, id, 'public', '2020-01-01Z'::timestamptz + id * 7919 % {rows} * interval '15 minutes',
         '2020-06-01Z'::timestamptz + id * 7919 % {rows} * interval '15 minutes', CASE WHEN id % 100 = 0 THEN '2035-01-01Z'::timestamptz END,
         CASE WHEN university_id = 1 THEN 1 + id % 40 END, '2020-01-01Z'::timestamptz + id * 9973 % {rows} * interval '1 minute' FROM courses;
INSERT INTO course_enrollments (university_id, course_offering_id, user_id, status, enrolled_at, completed_at)
  SELECT 1, CASE WHEN m.user_id % 10 = 0 THEN (SELECT min(id) FROM course_offerings WHERE university_id = 1) ELSE o.id END, m.user_id,
         (enum_range(NULL::enrollment_status_enum))[(1 + m.user_id * 7919 % 5)::int], '2020-01-01Z'::timestamptz + m.user_id * 7919 % {rows} * interval '1 minute', now()
  FROM university_members m JOIN course_offerings o ON o.university_id = 1 AND o.id = m.user_id WHERE m.university_id = 1;
INSERT INTO course_grades (university_id, course_offering_id, user_id, final_score, passed, posted_at)
  SELECT university_id, course_offering_id, user_id, user_id * 7919 % 10000 / 100.0, user_id % 3 > 0, now() FROM course_enrollments;
INSERT INTO modules (university_id, course_id, module_type, title, sequence_index)
  SELECT 1, (SELECT min(course_id) FROM course_offerings WHERE university_id = 1), 'unit', 'M' || n, n FROM generate_series(1, 10) n;
INSERT INTO content_items (university_id, course_id, module_id, content_type, title, sequence_index, data_json)
  SELECT 1, course_id, id, 'text', 'I' || n, n, '{}' FROM (SELECT * FROM modules LIMIT 1) m, generate_series(1, 10) n;
INSERT INTO user_module_progress (university_id, course_id, course_offering_id, user_id, module_id, progress_percent)
  SELECT 1, m.course_id, e.course_offering_id, e.user_id, m.id, e.user_id * m.id * 7919 % 101
  FROM course_enrollments e, modules m WHERE e.course_offering_id = (SELECT min(id) FROM course_offerings WHERE university_id = 1);
INSERT INTO user_content_progress (university_id, course_id, course_offering_id, user_id, content_item_id, progress_percent)
  SELECT 1, i.course_id, e.course_offering_id, e.user_id, i.id, e.user_id * i.id * 7919 % 101
  FROM course_enrollments e, content_items i WHERE e.course_offering_id = (SELECT min(id) FROM course_offerings WHERE university_id = 1);
INSERT INTO user_module_progress (university_id, course_id, course_offering_id, user_id, module_id, progress_percent)
  SELECT 1, o.course_id, o.id, e.user_id, 1000 + e.id, e.user_id % 101
  FROM course_enrollments e JOIN course_offerings o ON o.university_id = 1 AND o.id = e.course_offering_id
  WHERE o.id <> (SELECT min(id) FROM course_offerings WHERE university_id = 1);
"""  # noqa: E501 - one table, one line

BIG = {
    "courses", "course_subjects", "course_offerings", "university_members", "course_enrollments", "course_grades",
    "user_module_progress", "user_content_progress", "search_texts",
}  # fmt: skip
FILTERS = {
    CoursesByUniversity: {
        "text": "courses_pkey", "subject": "ix_course_subjects_subject", "level": "ix_courses_level",
        "difficulty": "ix_courses_difficulty", "language": "ix_courses_language",
        "department": "ix_courses_department", "term": None,
        "openForEnrollment": "ix_course_offerings_open", "archived": "ix_courses_archived",
    },
    OfferingsByUniversity: {
        "term": "ix_course_offerings_term", "openForEnrollment": "ix_course_offerings_open",
        "startsFrom": "course_offerings_pkey", "startsBefore": "course_offerings_pkey",
    },
    MembersByUniversity: {"nameBegins": "ix_university_members_name", "text": "ix_university_members_user_id"},
    EnrollmentsByOffering: {
        "status": "ix_course_enrollments_offering_status", "progressFrom": "user_module_progress_pkey",
        "progressTo": "user_module_progress_pkey", "scoreFrom": "ix_course_grades_score",
        "scoreTo": "ix_course_grades_score",
    },
    GradesByOffering: {
        "scoreFrom": "ix_course_grades_score", "scoreTo": "ix_course_grades_score",
        "passed": "ix_course_grades_course_offering_id",
    },
    ContentProgressByEnrollment: dict.fromkeys(["progressFrom", "progressTo"], None),
}  # fmt: skip
"""Of each list the index that each of its filters is served by; other lists have the same filters.

None where PostgreSQL has several to choose from. Ranges of a time are walked to by id, until they are rare or have two
ends; either way an index leads to a page.
"""

ORDERS = {
    CoursesByUniversity: {
        "code": "ux_courses_university_code", "title": "ix_courses_title", "createdAt": "ix_courses_created_at",
        "updatedAt": "ix_courses_updated_at",
    },
    OfferingsByUniversity: {
        "startsAt": "ix_course_offerings_starts_at", "createdAt": "ix_course_offerings_created_at",
    },
    MembersByUniversity: {"name": "ix_university_members_name", "joinedAt": "ix_university_members_joined_at"},
    EnrollmentsByOffering: {"enrolledAt": "ix_course_enrollments_enrolled_at"},
    GradesByOffering: {"finalScore": "ix_course_grades_score"},
}  # fmt: skip
"""Of each list the index that gives its rows in each of its orders, so that nothing is sorted."""

ALIKE = {CoursesByDepartment, OfferingsByCourse}
"""Lists of few rows each, which their parent's index finds."""

VALUES: dict[str, Any] = {
    "text": "topic7", "subject": str(GlobalId("Subject", 3)), "level": ("graduate",), "difficulty": ("advanced",),
    "language": ("fr",), "department": str(GlobalId("Department", 7, 1)), "term": str(GlobalId("Term", 3, 1)),
    "openForEnrollment": True, "archived": True, "startsFrom": datetime(2025, 1, 1, tzinfo=UTC),
    "startsBefore": datetime(2020, 2, 1, tzinfo=UTC),
    "nameBegins": "name77 f", "status": ("dropped",), "progressFrom": Decimal(90), "progressTo": Decimal(10),
    "scoreFrom": Decimal("99.5"), "scoreTo": Decimal("0.5"), "passed": False,
}  # fmt: skip


def test_every_filter_and_order_of_these_lists_is_here():
    for page in {*FILTERS, *ORDERS}:
        plain = {name for name, order in page.orders.items() if not isinstance(order, Ranking | Derived)}
        assert (set(page.filters), plain) == (set(FILTERS.get(page, ())), set(ORDERS.get(page, ()))), page
    # What is chosen from elsewhere is the same.
    here = {id(made) for page in {*FILTERS, *ORDERS} for made in [*page.filters.values(), *page.orders.values()]}
    for page in ALIKE:
        plain = [made for made in [*page.filters.values(), *page.orders.values()] if not isinstance(made, Derived)]
        assert {id(made) for made in plain} <= here, page


REACH = Reach((7, 8), tuple(Teaching(n, n, section_id=n if n > 20 else None) for n in range(11, 31)))
"""Of standing STAFF: two of the hundred departments, and twenty offerings."""


class Big:
    """The connection as lms_app, and the keys that lists are asked for by."""

    def __init__(self, driver: Any, keys: dict[type, int]) -> None:
        self.driver, self.keys = driver, keys

    async def plan(self, loader: type[Page[Any]], standing: Standing = Standing.ADMIN, **page: Any) -> dict[str, Any]:
        """The plan of a list's first page, with what it took, as it was executed with these values."""
        viewer = Viewer(11, 1, frozenset(), standing, REACH)
        made = Context(viewer, None, Cursors(b"x")).loader(loader, PageArguments(20, **page))  # type: ignore[arg-type]
        statement = made.statement()
        key = self.keys.get(loader, 1)
        given = {"size": 21, "keys": [key], "university_id": 1, "user_id": 11} | REACH.parameters()
        given |= made._filter_parameters()
        values = ", ".join(literal(value) for value in statement.arguments(given))
        await self.driver.execute(f"PREPARE page AS {statement.sql}")
        try:
            found = await self.driver.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE page ({values})")
        finally:
            await self.driver.execute("DEALLOCATE page")
        return json.loads(found)[0]


def literal(value: Any) -> str:
    if isinstance(value, list):
        value = "{" + ",".join(f'"{item}"' for item in value) + "}"
    return "NULL" if value is None else "'" + str(value).replace("'", "''") + "'"


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


@pytest.fixture(scope="module")
async def big(superuser) -> Any:
    async with temporary_database(superuser) as database:
        owner = await connect(database.owner)
        await owner.execute(_DATA.replace("{rows}", str(ROWS)))
        await owner.execute("VACUUM (ANALYZE)")
        offering = await owner.fetchval("SELECT min(id) FROM course_offerings WHERE university_id = 1")
        enrollment = await owner.fetchval(
            "SELECT min(id) FROM course_enrollments WHERE course_offering_id = $1", offering
        )
        keys: dict[type, int] = dict.fromkeys((EnrollmentsByOffering, GradesByOffering), offering)
        driver = await connect(database.app)
        await driver.execute("SET lms.university_id = 1; SET lms.user_id = 11")
        assert await driver.fetchval("SHOW plan_cache_mode") == "force_generic_plan"
        yield Big(driver, {**keys, ContentProgressByEnrollment: enrollment})
        await driver.close()
        await owner.close()


def assert_by_index(plan: dict[str, Any], index: str | None) -> set[str]:
    """Assert that no big table is read from end to end and that the index is used; the indexes that are."""
    found = list(nodes(plan["Plan"]))
    whole = {node["Relation Name"] for node in found if node["Node Type"] == "Seq Scan"} & BIG
    used = {node["Index Name"] for node in found if "Index Name" in node}
    assert whole == set(), json.dumps(plan)
    assert index is None or index in used, (used, json.dumps(plan))
    return used


@pytest.mark.parametrize("standing", [Standing.ADMIN, Standing.STAFF, Standing.MEMBER])
@pytest.mark.parametrize(("loader", "name"), [(loader, name) for loader in FILTERS for name in FILTERS[loader]])
async def test_a_filter_is_served_by_its_index(big, loader, name, standing):
    plan = await big.plan(loader, standing, filters=((name, VALUES[name]),))
    # What a student sees of records is found by the student.
    record = standing is Standing.MEMBER and loader in {EnrollmentsByOffering, GradesByOffering}
    # Of all people staff see few, and those are found first.
    record = record or (standing is Standing.STAFF and loader is MembersByUniversity)
    assert_by_index(plan, None if record else FILTERS[loader][name])
    print(f"{loader.__name__} {name} {standing}: {plan['Execution Time']:.1f} ms")  # noqa: T201


@pytest.mark.parametrize("descending", [False, True], ids=["up", "down"])
@pytest.mark.parametrize(("loader", "name"), [(loader, name) for loader in ORDERS for name in ORDERS[loader]])
async def test_an_order_is_its_indexs(big, loader, name, descending):
    plan = await big.plan(loader, order=name, descending=descending)
    assert_by_index(plan, ORDERS[loader][name])
    assert [node["Node Type"] for node in nodes(plan["Plan"]) if "Sort" in node["Node Type"]] == []
    print(f"{loader.__name__} {name} {'down' if descending else 'up'}: {plan['Execution Time']:.1f} ms")  # noqa: T201


@pytest.mark.parametrize("name", ["name", "progress", "grade"])
async def test_an_order_by_what_stands_elsewhere_looks_it_up_by_index(big, name):
    """In an offering of 16,000 people, whom one index finds, as another finds what each is ordered by."""
    plan = await big.plan(EnrollmentsByOffering, order=name, descending=True)
    assert len(assert_by_index(plan, None)) >= 2
    print(f"EnrollmentsByOffering {name}: {plan['Execution Time']:.1f} ms")  # noqa: T201


@pytest.mark.parametrize("standing", [Standing.ADMIN, Standing.STAFF])
@pytest.mark.parametrize("loader", [CoursesByUniversity, OfferingsByUniversity])
async def test_an_order_by_an_aggregate_is_grouped_once(big, loader, standing):
    """It counts what the whole university has, so no index can spare it the reading; but it reads that only once."""
    plan = await big.plan(loader, standing, order="enrollments", descending=True)
    found = list(nodes(plan["Plan"]))
    assert [node["Actual Loops"] for node in found if "Aggregate" in node["Node Type"]] == [1]
    if standing is Standing.ADMIN:  # others have it looked up for each offering whether they take part
        assert [node["Actual Loops"] for node in found if node.get("Relation Name") == "course_enrollments"] == [1]
    print(f"{loader.__name__} enrollments {standing}: {plan['Execution Time']:.1f} ms")  # noqa: T201


@pytest.mark.parametrize("page", [{}, {"order": "name"}, {"filters": (("nameBegins", "name7"),)}], ids=str)
async def test_the_few_people_of_a_reach_are_found_among_all(big, page):
    plan = await big.plan(MembersByUniversity, Standing.STAFF, **page)
    assert_by_index(plan, None)
    assert plan["Execution Time"] < 1000
    print(f"MembersByUniversity {page} of staff: {plan['Execution Time']:.1f} ms")  # noqa: T201


async def test_the_search_uses_its_index(big):
    before = await scans(big)
    await big.plan(CoursesByUniversity, filters=(("text", "topic7"),))
    await big.plan(MembersByUniversity, filters=(("text", "family77"),))
    await big.driver.execute("SELECT pg_stat_force_next_flush()")
    assert await scans(big) > before


async def scans(big: Big) -> int:
    found = "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'ix_search_texts_document'"
    return int(await big.driver.fetchval(found))
