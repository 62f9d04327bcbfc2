"""Reports: the academy's three queries answered by the API with the same rows, who may ask, what it costs."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from lms_graphql.demo.academy import ACADEMY
from lms_graphql.engine.relay import GlobalId
from lms_graphql.interop.academy.service import add_university, import_academy
from lms_graphql.interop.academy.source import (
    Academy,
    Course,
    CourseLesson,
    Enrollment,
    Lesson,
    LessonProgress,
    User,
    read_academy,
)
from lms_graphql.storage.database import connect, create_engine
from tests.conftest import running_api
from tests.databases import demo_database
from tests.interop.academies import queries, seed, source_database


def gid(typename, row):
    return str(GlobalId(typename, row["id"], row["university_id"]))


# ---- the academy's three queries -------------------------------------------------------------------------------------

COUNTS = """{ analytics { courseEnrollmentCounts(first: 100, orderBy: {enrolled: DESC}) {
  edges { node { enrolled course { code title } } } } } }"""
OFFERING = """query ($code: String!) { course(by: {code: $code}) { offerings(first: 1) { edges { node { id } } } } }"""
STUDENTS = """query ($offering: ID!) { analytics { offeringProgress(offering: $offering) { lessons
  students(first: 100, orderBy: {averageOfStarted: DESC}) {
    edges { node { averageOfStarted averageOfAll lessonsStarted user { email } } } } } } }"""
LESSONS = """{ analytics { lessonTemplates(first: 100, orderBy: {averageProgress: ASC}) {
  edges { node { slug averageProgress template { title } } } } } }"""

# What a seed of one course does not show: a course nobody is in, one that shares a lesson, people who have left, and
# people who have not begun.
MORE = """
insert into users (email, full_name, role)
select 'learner' || n || '@academy.dev', 'Learner ' || n, 'student' from generate_series(1, 6) as n;
insert into courses (instructor_id, slug, title, level, is_published)
values (1, 'sql-in-depth', 'SQL in Depth', 'advanced', true), (1, 'empty', 'An Empty Course', 'beginner', false);
insert into lessons (slug, title, duration_minutes) values ('unused', 'An Unused Lesson', 5);
insert into course_lessons (course_id, lesson_id, position) values (2, 3, 1), (2, 1, 2);
insert into enrollments (course_id, student_id, status) values
(1, 4, 'active'), (1, 5, 'cancelled'), (1, 6, 'active'),
(2, 4, 'active'), (2, 5, 'active'), (2, 6, 'active'), (2, 7, 'completed'), (2, 8, 'cancelled');
insert into lesson_progress (enrollment_id, lesson_id, completed_at, progress_percent) values
(3, 1, null, 33), (3, 2, null, 34), (3, 3, null, 33), (4, 1, null, 7),
(6, 1, null, 20), (6, 3, null, 21), (7, 3, null, 0), (9, 3, now(), 99), (10, 1, null, 61);
"""


def nodes(connection):
    return [edge["node"] for edge in connection["edges"]]


class Reports:
    """The three reports of a university, as rows like the academy's own."""

    def __init__(self, api, code, staff):
        self.api = api
        self.code = code
        self.staff = staff

    async def ask(self, document, **variables):
        return await self.api.data(document, variables, user=self.staff, university=self.code)

    async def courses(self):
        counts = nodes((await self.ask(COUNTS))["analytics"]["courseEnrollmentCounts"])
        return [(node["course"]["code"], node["course"]["title"], node["enrolled"]) for node in counts]

    async def students(self, code="sql-for-builders"):
        (offering,) = nodes((await self.ask(OFFERING, code=code))["course"]["offerings"])
        progress = (await self.ask(STUDENTS, offering=offering["id"]))["analytics"]["offeringProgress"]
        found = [
            (node["user"]["email"], node["averageOfStarted"], node["averageOfAll"], node["lessonsStarted"])
            for node in nodes(progress["students"])
        ]
        return progress["lessons"], found

    async def lessons(self):
        found = nodes((await self.ask(LESSONS))["analytics"]["lessonTemplates"])
        return [(node["slug"], node["template"]["title"], node["averageProgress"]) for node in found]


@pytest.fixture(scope="module")
async def loaded(superuser):
    """A database with the demo, and the application over it."""
    async with demo_database(superuser) as (made, summary):
        owner = create_engine(made.owner)
        async with running_api(made.app) as api:
            yield owner, api, summary
        await owner.dispose()


async def imported(owner, code, academy):
    """The id of somebody of the staff."""
    async with owner.begin() as connection:
        await connection.execute(text("SET LOCAL ROLE lms_owner"))
        university_id = await add_university(connection, code)
        await import_academy(connection, university_id, academy)
        return await connection.scalar(
            text("SELECT min(user_id) FROM user_university_roles WHERE university_id = :w AND role <> 'student'"),
            {"w": university_id},
        )


async def test_the_demos_academy(loaded):
    _, api, summary = loaded
    (staff,) = (person.user_id for person in summary.people if person.university == ACADEMY)
    reports = Reports(api, ACADEMY, staff)
    assert await reports.courses() == [("sql-for-builders", "SQL for Builders", 2)]
    assert await reports.students() == (
        3,
        [("student2@academy.dev", "100.00", "100.00", 3), ("student1@academy.dev", "72.50", "48.33", 2)],
    )
    assert await reports.lessons() == [
        ("joins-ctes", "Joins and CTE Basics", "72.50"),
        ("intro-relational", "Intro to Relational Modeling", "100.00"),
        ("indexing-101", "Indexing Fundamentals", "100.00"),
    ]


@pytest.mark.parametrize("more", [[], [MORE]], ids=["seed", "more"])
async def test_the_rows_are_those_of_the_academys_own_queries(loaded, superuser, shared, more):
    owner, api, _ = loaded
    async with source_database(superuser, *seed(shared), *more) as url:
        staff = await imported(owner, f"SEED{len(more)}", await read_academy(url))
        driver = await connect(url)
        by_course, by_student, by_lesson = [
            [tuple(row) for row in await driver.fetch(query)] for query in queries(shared)
        ]
        await driver.close()
    reports = Reports(api, f"SEED{len(more)}", staff)
    counted = await reports.courses()
    assert [count for *_, count in counted] == [count for *_, count in by_course]
    assert sorted(counted) == sorted(by_course)
    _, students = await reports.students()
    averages = [None if average is None else Decimal(average) for _, average, *_ in students]
    assert averages == [average for *_, average in by_student]
    assert {row[0] for row in students} == {email for _, email, _ in by_student}
    assert dict(zip([row[0] for row in students], averages, strict=True)) == {row[1]: row[2] for row in by_student}
    lessons = [(slug, title, Decimal(average)) for slug, title, average in await reports.lessons()]
    assert [average for *_, average in lessons] == [average for *_, average in by_lesson]
    assert sorted(lessons) == sorted(by_lesson)
    assert len(by_course) == (3 if more else 1)


# ---- statements ------------------------------------------------------------------------------------------------------

EVERYTHING = """query ($offering: ID!) { analytics {
  courseEnrollmentCounts(first: 100) { edges { node { enrolled course { code } } } }
  offeringProgress(offering: $offering) { lessons offering { termName }
    students(first: 100) { edges { node { averageOfStarted averageOfAll enrollment { status } user { email } } } } }
  lessonTemplates(first: 100) { edges { node { begun averageProgress template { title } } } } } }"""


def crowd(people):
    """A course of ten lessons, and as many courses without any as there are people."""
    now = datetime(2026, 5, 4, tzinfo=UTC)
    return Academy(
        [User(n, f"crowd{n}@test.example", f"Person {n}", "student" if n else "admin", now) for n in range(people + 1)],
        [Course(n, 0, f"course{n}", f"Course {n}", "beginner", True) for n in range(1, people + 1)],
        [Lesson(n, f"lesson{n}", f"Lesson {n}", n) for n in range(1, 11)],
        [CourseLesson(1, n, n) for n in range(1, 11)],
        [Enrollment(n, 1, n, "active", now) for n in range(1, people + 1)],
        [LessonProgress(n, k, None, n * k % 101) for n in range(1, people + 1) for k in range(1, 11)],
    )


async def test_each_field_is_one_statement_for_one_row_and_for_a_hundred(loaded):
    owner, api, _ = loaded
    for people in (1, 100):
        code = f"CROWD{people}"
        reports = Reports(api, code, await imported(owner, code, crowd(people)))
        (offering,) = nodes((await reports.ask(OFFERING, code="course1"))["course"]["offerings"])
        data = await reports.ask(EVERYTHING, offering=offering["id"])
        # Three lists and the offering; of those courses, offering, enrollments, people, templates.
        assert len(api.statements) == 9
        analytics = data["analytics"]
        assert len(nodes(analytics["courseEnrollmentCounts"])) == people
        students = nodes(analytics["offeringProgress"]["students"])
        assert len(students) == people
        assert students[0] == {
            "averageOfStarted": "5.50",
            "averageOfAll": "5.50",
            "enrollment": {"status": "ACTIVE"},
            "user": {"email": "crowd1@test.example"},
        }
        expected = [sum(n * k % 101 for n in range(1, people + 1)) for k in range(1, 11)]
        assert [(node["begun"], Decimal(node["averageProgress"])) for node in nodes(analytics["lessonTemplates"])] == [
            (people, (Decimal(total) / people).quantize(Decimal("0.01"))) for total in expected
        ]


PAGE = """query ($offering: ID!, $after: String, $order: StudentProgressOrder) { analytics {
  offeringProgress(offering: $offering) { students(first: 7, after: $after, orderBy: $order) {
    edges { node { averageOfStarted averageOfAll user { email } } } pageInfo { hasNextPage endCursor } } } } }"""


@pytest.mark.parametrize("order", [None, "averageOfStarted", "averageOfAll"])
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_pages_of_an_order_by_an_aggregate(loaded, order, direction):
    """Twenty people, half of whom have begun nothing: all pages, in order, nobody twice."""
    owner, api, _ = loaded
    academy = crowd(20)
    academy.lesson_progress = [row for row in academy.lesson_progress if row.enrollment_id % 2]
    reports = Reports(api, "PAGES", await imported(owner, "PAGES", academy))
    (offering,) = nodes((await reports.ask(OFFERING, code="course1"))["course"]["offerings"])
    seen, after, more = [], None, True
    given = {order: direction} if order else None
    while more:
        data = await reports.ask(PAGE, offering=offering["id"], after=after, order=given)
        students = data["analytics"]["offeringProgress"]["students"]
        seen += nodes(students)
        after, more = students["pageInfo"]["endCursor"], students["pageInfo"]["hasNextPage"]
    assert len({node["user"]["email"] for node in seen}) == len(seen) == 20
    if order:
        values = [None if node[order] is None else Decimal(node[order]) for node in seen]
        keys = [(value is None, value or 0) for value in values]
        assert keys == sorted(keys, reverse=direction == "DESC")
        assert values.count(None) == (10 if order == "averageOfStarted" else 0)


# ---- who may ask -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "courses", "people", "begun"),
    [
        ("admin", {"P101": 3, "D101": 0, "C101": 0}, ["student", "other"], 2),
        ("department_admin", {"P101": 3}, ["student", "other"], 2),
        ("instructor", {"P101": 3}, ["student", "other"], 2),
        ("ta", {"P101": 2}, ["student", "other"], 2),
        ("section_ta", {"P101": 1}, ["student"], 1),
    ],
)
async def test_staff_see_the_report_on_their_reach(api, world, name, courses, people, begun):
    """What is counted is what they could count themselves, so that nothing can be told from a difference."""
    offering = gid("CourseOffering", world.alpha["private"])
    data = await api.data(EVERYTHING, {"offering": offering}, user=world.people[name])
    student = {"averageOfStarted": "50.00", "averageOfAll": "50.00", "enrollment": {"status": "ACTIVE"}}
    assert data == {
        "analytics": {
            "courseEnrollmentCounts": {
                "edges": [
                    {"node": {"enrolled": enrolled, "course": {"code": code}}} for code, enrolled in courses.items()
                ]
            },
            "offeringProgress": {
                "lessons": 1,
                "offering": {"termName": "private"},
                "students": {
                    "edges": [{"node": {**student, "user": {"email": f"{one}@ALPHA.example"}}} for one in people]
                },
            },
            "lessonTemplates": {
                "edges": [
                    {"node": {"begun": begun, "averageProgress": "50.00", "template": {"title": "ALPHA template"}}}
                ]
            },
        }
    }


@pytest.mark.parametrize(("name", "course"), [("far_instructor", "C101"), ("far_admin", "C101")])
async def test_staff_elsewhere_see_the_report_on_what_is_theirs(api, world, name, course):
    offering = gid("CourseOffering", world.alpha["private"])
    data = await api.data(EVERYTHING, {"offering": offering}, user=world.people[name])
    counts = {"edges": [{"node": {"enrolled": 0, "course": {"code": course}}}]}
    assert data == {
        "analytics": {"courseEnrollmentCounts": counts, "offeringProgress": None, "lessonTemplates": {"edges": []}}
    }


@pytest.mark.parametrize("name", [None, "student", "bystander", "outsider", "beta_admin", "platform_admin"])
async def test_nobody_else_sees_any_of_it(api, world, name):
    user = world.people[name] if name else None
    offering = gid("CourseOffering", world.alpha["private"])
    assert await api.data(EVERYTHING, {"offering": offering}, user=user) == {"analytics": None}
    assert api.statements == []


async def test_an_offering_of_another_university_is_none(api, world):
    document = "query ($offering: ID!) { analytics { offeringProgress(offering: $offering) { lessons } } }"
    for offering in (
        gid("CourseOffering", world.beta["private"]),
        str(GlobalId("CourseOffering", world.beta["private"]["id"], world.alpha.university["id"])),
        gid("Course", world.alpha["course"]),
        "nothing",
    ):
        data = await api.data(document, {"offering": offering}, user=world.people["admin"])
        assert data == {"analytics": {"offeringProgress": None}}


async def test_a_request_for_no_university(api, world):
    answer = await api("{ analytics { lessonTemplates(first: 1) { edges { node { slug } } } } }", university=None)
    assert answer["data"] == {"analytics": None}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNIVERSITY_REQUIRED"]


async def test_what_waits_or_has_left_is_not_counted(api, world, database):
    """The counts of a course follow the statuses of its enrollments; put back at the end."""
    driver = await connect(database.owner)
    key = (world.alpha.university["id"], world.alpha["enrollment_1"]["id"])
    document = "{ analytics { courseEnrollmentCounts(first: 1) { edges { node { enrolled } } } } }"
    counted = {}
    try:
        for status in ("pending", "waitlisted", "dropped", "completed", "active"):
            completed = datetime.now(UTC) - timedelta(days=1) if status == "completed" else None
            await driver.execute(
                "UPDATE course_enrollments SET status = $3, completed_at = $4 WHERE university_id = $1 AND id = $2",
                *(*key, status, completed),
            )
            data = await api.data(document, user=world.people["admin"])
            counted[status] = nodes(data["analytics"]["courseEnrollmentCounts"])[0]["enrolled"]
    finally:
        await driver.close()
    assert counted == {"pending": 2, "waitlisted": 2, "dropped": 2, "completed": 3, "active": 3}
