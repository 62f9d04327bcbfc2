"""Importing an academy into a real database: twice, changed, wrong, at the same time."""

import asyncio
import contextlib
import itertools
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import text

from lms_graphql.interop.academy.mapping import path
from lms_graphql.interop.academy.service import add_university, import_academy
from lms_graphql.interop.academy.source import (
    Academy,
    AcademyError,
    Course,
    CourseLesson,
    Enrollment,
    Lesson,
    LessonProgress,
    User,
    read_academy,
)
from lms_graphql.interop.checked import ImportConflictError, ImportRefusedError
from lms_graphql.storage.database import connect, create_engine
from lms_graphql.storage.errors import DatabaseUnreachableError
from tests.commands import call, refused, run
from tests.databases import temporary_database
from tests.interop.academies import seed, source_database
from tests.test_cli import plain

BEGUN = datetime(2026, 3, 2, 9, tzinfo=UTC)
TABLES = (
    *("universities", "users", "university_members", "user_university_roles", "module_templates", "courses"),
    *("course_offerings", "modules", "content_items", "course_offering_instructors", "course_enrollments"),
    *("user_module_progress", "external_keys"),
)


def day(number):
    return BEGUN + timedelta(days=number)


def academy(**changes):
    """Two courses that share a lesson; people in all roles; enrollments in all states."""
    whole = Academy(
        users=[
            User(1, "Weaver@Loom.example", "A weaver", "instructor", day(0)),
            User(2, "one@loom.example", "One", "student", day(1)),
            User(3, "two@loom.example", "Two", "student", day(2)),
            User(4, "head@loom.example", "Head", "admin", day(0)),
        ],
        courses=[
            Course(1, 1, "warp", "The warp", "beginner", True),
            Course(2, 1, "weft", "The weft", "advanced", False),
        ],
        lessons=[
            Lesson(1, "yarn", "Yarn", 10),
            Lesson(2, "knots", "Knots", 20),
            Lesson(3, "looms", "Looms", 30),
            Lesson(4, "dyes", "Dyes", 40),
        ],
        course_lessons=[
            CourseLesson(1, 1, 10),
            CourseLesson(1, 2, 5),
            CourseLesson(2, 1, 1),
            CourseLesson(2, 3, 2),
        ],
        enrollments=[
            Enrollment(1, 1, 2, "active", day(3)),
            Enrollment(2, 1, 3, "completed", day(4)),
            Enrollment(3, 2, 2, "cancelled", day(5)),
            Enrollment(4, 2, 3, "completed", day(6)),
        ],
        lesson_progress=[
            LessonProgress(1, 1, None, 45),
            LessonProgress(1, 3, day(9), 100),  # a lesson of the other course
            LessonProgress(2, 1, day(10), 100),
            LessonProgress(2, 2, day(11), 100),
            LessonProgress(3, 3, None, 30),
        ],
    )
    return msgspec.structs.replace(whole, **changes)


class Target:
    """A university of the test, made by the import as lms_owner."""

    def __init__(self, engine, short_code):
        self.engine = engine
        self.short_code = short_code

    @contextlib.asynccontextmanager
    async def acting(self):
        async with self.engine.begin() as connection:
            await connection.execute(text("SET LOCAL ROLE lms_owner"))
            yield connection

    async def take(self, source):
        async with self.acting() as connection:
            university_id = await add_university(connection, self.short_code)
            return await import_academy(connection, university_id, source)

    async def refused(self, source, error):
        before = await self.everything()
        with pytest.raises(error) as caught:
            await self.take(source)
        assert await self.everything() == before
        line = str(caught.value)
        assert len(line.splitlines()) == 1
        return line

    async def rows(self, sql, **parameters):
        async with self.engine.connect() as connection:
            found = await connection.execute(text(sql), {"code": self.short_code, **parameters})
            return [tuple(row) for row in found]

    async def everything(self):
        """Every row of every table, and which transaction wrote it."""
        return {
            table: await self.rows(f"SELECT ctid::text, xmin::text, to_jsonb(t)::text FROM {table} t ORDER BY ctid")
            for table in TABLES
        }

    async def written(self, before):
        """How many rows of each table are new, or another version than before."""
        now = await self.everything()
        found = {table: len(set(now[table]) - set(before[table])) for table in TABLES}
        return {table: count for table, count in found.items() if count}


@pytest.fixture(scope="module")
async def owner(superuser):
    async with temporary_database(superuser) as made:
        engine = create_engine(made.owner)
        yield engine
        await engine.dispose()


_numbers = itertools.count(1)


@pytest.fixture
def target(owner):
    return Target(owner, f"LOOM{next(_numbers)}")


@pytest.fixture
async def imported(target):
    await target.take(academy())
    return target


def counts(outcome, *names):
    """(created, updated, unchanged, retired) of each entity; with names, of those alone."""
    found = {entity: msgspec.structs.astuple(counted) for entity, counted in outcome.counts.items()}
    return {name: found[name] for name in names} if names else found


IN = " JOIN universities w ON w.id = university_id AND w.short_code = :code"


# ---- what becomes of it ------------------------------------------------------------------------------------------


async def test_people(imported):
    assert await imported.rows(
        "SELECT u.email, u.full_name, u.password_hash, m.email, m.display_name, m.joined_at, r.role::text"
        " FROM universities w JOIN university_members m ON m.university_id = w.id JOIN users u ON u.id = m.user_id"
        " JOIN user_university_roles r ON (r.university_id, r.user_id) = (m.university_id, m.user_id)"
        " WHERE w.short_code = :code ORDER BY u.id"
    ) == [
        ("Weaver@Loom.example", "A weaver", "!", "Weaver@Loom.example", "A weaver", day(0), "instructor"),
        ("one@loom.example", "One", "!", "one@loom.example", "One", day(1), "student"),
        ("two@loom.example", "Two", "!", "two@loom.example", "Two", day(2), "student"),
        ("head@loom.example", "Head", "!", "head@loom.example", "Head", day(0), "university_admin"),
    ]


async def test_courses_and_their_offerings(imported):
    assert await imported.rows(
        "SELECT c.code, c.title, c.level::text, c.difficulty, c.is_published, o.term_name, o.visibility, o.starts_at,"
        " o.seats_taken, i.user_id = (SELECT id FROM users WHERE email = 'Weaver@Loom.example'), i.role"
        " FROM universities w JOIN courses c ON c.university_id = w.id"
        " JOIN course_offerings o ON (o.university_id, o.course_id) = (c.university_id, c.id)"
        " JOIN course_offering_instructors i ON (i.university_id, i.course_offering_id) = (o.university_id, o.id)"
        " WHERE w.short_code = :code ORDER BY 1"
    ) == [
        ("warp", "The warp", "other", "beginner", True, "Self-paced", "public", None, 1, True, "instructor"),
        ("weft", "The weft", "other", "advanced", False, "Self-paced", "public", None, 0, True, "instructor"),
    ]


async def test_lessons_are_templates_and_stand_in_their_courses_in_order(imported):
    assert await imported.rows(
        "SELECT t.template_type::text, t.title, t.default_data FROM module_templates t"
        f"{IN.replace('university_id', 't.university_id')} ORDER BY t.default_data ->> 'slug'"
    ) == [
        ("lesson", "Dyes", '{"slug": "dyes", "duration_minutes": 40}'),
        ("lesson", "Knots", '{"slug": "knots", "duration_minutes": 20}'),
        ("lesson", "Looms", '{"slug": "looms", "duration_minutes": 30}'),
        ("lesson", "Yarn", '{"slug": "yarn", "duration_minutes": 10}'),
    ]
    assert await imported.rows(
        "SELECT c.code, m.depth, m.module_type::text, m.sequence_index, m.title, t.default_data ->> 'slug',"
        " m.effective_published, i.content_type::text, i.estimated_duration_seconds"
        " FROM universities w JOIN courses c ON c.university_id = w.id"
        " JOIN modules m ON (m.university_id, m.course_id) = (c.university_id, c.id)"
        " LEFT JOIN module_templates t ON t.id = m.module_template_id"
        " LEFT JOIN content_items i ON (i.university_id, i.module_id) = (m.university_id, m.id)"
        " WHERE w.short_code = :code ORDER BY 1, 2, 4"
    ) == [
        ("warp", 0, "course_root", 1, "The warp", None, True, None, None),
        ("warp", 1, "lesson", 1, "Knots", "knots", True, "text", 1200),
        ("warp", 1, "lesson", 2, "Yarn", "yarn", True, "text", 600),
        ("weft", 0, "course_root", 1, "The weft", None, True, None, None),
        ("weft", 1, "lesson", 1, "Yarn", "yarn", True, "text", 600),
        ("weft", 1, "lesson", 2, "Looms", "looms", True, "text", 1800),
    ]


LEARNING = (
    "SELECT c.code, u.email, e.status::text, e.enrolled_at, e.completed_at FROM universities w"
    " JOIN course_enrollments e ON e.university_id = w.id JOIN users u ON u.id = e.user_id"
    " JOIN course_offerings o ON (o.university_id, o.id) = (e.university_id, e.course_offering_id)"
    " JOIN courses c ON (c.university_id, c.id) = (o.university_id, o.course_id)"
    " WHERE w.short_code = :code ORDER BY 1, 2"
)
PROGRESS = (
    "SELECT c.code, u.email, m.title, p.progress_percent::text, p.completed_at FROM universities w"
    " JOIN user_module_progress p ON p.university_id = w.id JOIN users u ON u.id = p.user_id"
    " JOIN modules m ON (m.university_id, m.id) = (p.university_id, p.module_id)"
    " JOIN courses c ON (c.university_id, c.id) = (p.university_id, p.course_id)"
    " WHERE w.short_code = :code ORDER BY 1, 2, 3"
)


async def test_enrollments_and_progress(imported):
    assert await imported.rows(LEARNING) == [
        ("warp", "one@loom.example", "active", day(3), None),
        ("warp", "two@loom.example", "completed", day(4), day(11)),
        ("weft", "one@loom.example", "dropped", day(5), None),
        ("weft", "two@loom.example", "completed", day(6), day(6)),
    ]
    assert await imported.rows(PROGRESS) == [
        ("warp", "one@loom.example", "Yarn", "45.00", None),
        ("warp", "two@loom.example", "Knots", "100.00", day(11)),
        ("warp", "two@loom.example", "Yarn", "100.00", day(10)),
        ("weft", "one@loom.example", "Looms", "30.00", None),
    ]


async def test_the_report(target):
    outcome = await target.take(academy())
    assert counts(outcome) == {
        "user": (outcome.counts["user"].created, 0, 4 - outcome.counts["user"].created, 0),
        "member": (4, 0, 0, 0),
        "role": (4, 0, 0, 0),
        "module_template": (4, 0, 0, 0),
        "course": (2, 0, 0, 0),
        "offering": (2, 0, 0, 0),
        "module": (6, 0, 0, 0),
        "content_item": (4, 0, 0, 0),
        "instructor": (2, 0, 0, 0),
        "enrollment": (4, 0, 0, 0),
        "module_progress": (4, 0, 0, 0),
    }
    assert outcome.report.mapped == {
        "user → person of the university": 4,
        "student → role student": 2,
        "instructor → role instructor": 1,
        "admin → role university_admin": 1,
        "lesson → module template": 4,
        "course → course with an offering": 2,
        "lesson of a course → lesson with a text": 4,
        "instructor of a course → instructor of the offering": 2,
        "enrollment active → enrollment active": 1,
        "enrollment completed → enrollment completed": 2,
        "enrollment cancelled → enrollment dropped": 1,
        "lesson progress → progress on a lesson": 4,
    }
    assert [(left.kind, left.external_id, left.reason) for left in outcome.report.left_out] == [
        ("enrollment", "weft/two@loom.example", "completed without a completed lesson: dated to when it was made"),
        ("lesson progress", "warp/one@loom.example/looms", "the lesson is not in the course"),
    ]


# ---- again ---------------------------------------------------------------------------------------------------------


async def test_a_second_import_writes_nothing(imported):
    before = await imported.everything()
    outcome = await imported.take(academy())
    assert await imported.everything() == before
    assert {(made, changed, gone) for made, changed, _, gone in counts(outcome).values()} == {(0, 0, 0)}


async def test_a_copy_that_is_numbered_anew_is_the_same_academy(imported):
    before = await imported.everything()
    whole = academy()
    for row in [*whole.users, *whole.courses, *whole.lessons, *whole.enrollments]:
        row.id += 100
    for course in whole.courses:
        course.instructor_id += 100
    for place in whole.course_lessons:
        place.course_id, place.lesson_id = place.course_id + 100, place.lesson_id + 100
    for enrollment in whole.enrollments:
        enrollment.course_id, enrollment.student_id = enrollment.course_id + 100, enrollment.student_id + 100
    for progress in whole.lesson_progress:
        progress.enrollment_id, progress.lesson_id = progress.enrollment_id + 100, progress.lesson_id + 100
    await imported.take(whole)
    assert await imported.everything() == before


async def test_what_has_changed_at_the_source_is_changed_and_nothing_else(imported):
    versions = dict(await imported.rows(f"SELECT code, content_version FROM courses {IN}"))
    before, whole = await imported.everything(), academy()
    whole.users[1].full_name = "The one"
    whole.lessons[1].duration_minutes = 25
    whole.enrollments[0].status = "completed"
    whole.lesson_progress[0].progress_percent, whole.lesson_progress[0].completed_at = 100, day(20)
    outcome = await imported.take(whole)
    assert {entity: counted for entity, counted in counts(outcome).items() if counted[1]} == {
        "member": (0, 1, 3, 0),
        "module_template": (0, 1, 3, 0),
        "module": (0, 1, 5, 0),
        "content_item": (0, 1, 3, 0),
        "enrollment": (0, 1, 3, 0),
        "module_progress": (0, 1, 3, 0),
    }
    # The module for its template's version, the course for its content version, the offering for its seats; a key for
    # each of the six.
    assert await imported.written(before) == {
        **dict.fromkeys(("university_members", "module_templates", "modules", "content_items", "courses"), 1),
        **dict.fromkeys(("course_offerings", "course_enrollments", "user_module_progress"), 1),
        "external_keys": 6,
    }
    assert (await imported.rows(LEARNING))[0] == ("warp", "one@loom.example", "completed", day(3), day(20))
    now = dict(await imported.rows(f"SELECT code, content_version FROM courses {IN}"))
    assert [code for code in versions if versions[code] != now[code]] == ["warp"]
    assert await imported.rows("SELECT full_name FROM users WHERE email = 'one@loom.example'") == [("One",)]
    # The lesson has another version, which its module has met; no other lesson has.
    assert await imported.rows(
        "SELECT t.default_data ->> 'slug', v.version, v.tree -> 1 ->> 'seconds', m.template_version"
        " FROM module_templates t JOIN module_template_versions v ON v.template_id = t.id"
        f" LEFT JOIN modules m ON m.module_template_id = t.id {IN.replace('university_id', 't.university_id')}"
        " ORDER BY 1, 2, m.id"
    ) == [
        ("dyes", 1, "2400", None),
        ("knots", 1, "1200", 2),
        ("knots", 2, "1500", 2),
        ("looms", 1, "1800", 1),
        ("yarn", 1, "600", 1),
        ("yarn", 1, "600", 1),
    ]


async def test_what_has_left_the_source_is_retired_and_comes_back(imported):
    whole = academy()
    whole.users.pop(3)
    whole.users[0].role = "admin"
    whole.courses.pop(1)
    whole.courses[0].instructor_id = 2
    whole.course_lessons = whole.course_lessons[:1]
    whole.lessons = whole.lessons[:3]
    whole.enrollments = whole.enrollments[:1]
    whole.lesson_progress = []
    outcome = await imported.take(whole)
    assert counts(outcome) == {
        "user": (0, 0, 3, 0),
        "member": (0, 0, 3, 1),
        "role": (1, 0, 2, 2),
        "module_template": (0, 0, 3, 1),
        "course": (0, 0, 1, 1),
        "offering": (0, 0, 1, 0),
        "module": (0, 1, 1, 1),
        "content_item": (0, 0, 1, 1),
        "instructor": (1, 0, 0, 2),
        "enrollment": (0, 0, 1, 3),
        "module_progress": (0, 0, 0, 4),
    }
    assert [(left.kind, left.external_id) for left in outcome.report.left_out] == [
        ("person", "head@loom.example"),
        ("lesson", "dyes"),
        ("course", "weft"),
    ]
    assert [(row[0], row[1], row[2]) for row in await imported.rows(LEARNING)] == [
        ("warp", "one@loom.example", "active"),
        ("warp", "two@loom.example", "dropped"),
        ("weft", "one@loom.example", "dropped"),
        ("weft", "two@loom.example", "dropped"),
    ]
    assert await imported.rows(PROGRESS) == []
    assert await imported.rows(f"SELECT code, is_published FROM courses {IN} ORDER BY 1") == [
        ("warp", True),
        ("weft", False),
    ]
    again = await imported.take(whole)
    assert {(made, changed, gone) for made, changed, _, gone in counts(again).values()} == {(0, 0, 0)}
    await imported.take(academy())
    assert (await imported.rows(LEARNING))[1] == ("warp", "two@loom.example", "completed", day(4), day(11))
    assert len(await imported.rows(PROGRESS)) == 4


async def test_what_was_deleted_here_is_made_again(imported):
    progress = await imported.rows(PROGRESS)
    async with imported.acting() as connection:
        await connection.execute(text("DELETE FROM user_module_progress"))
    outcome = await imported.take(academy())
    assert counts(outcome, "module_progress") == {"module_progress": (4, 0, 0, 0)}
    assert await imported.rows(PROGRESS) == progress


async def test_who_is_here_already_is_the_same_person(target):
    async with target.acting() as connection:
        university_id = await add_university(connection, target.short_code)
        user_id = await connection.scalar(
            text(
                "INSERT INTO users (email, full_name, password_hash) VALUES (:email, 'Ours', 'x')"
                " ON CONFLICT DO NOTHING RETURNING id"
            ),
            {"email": f"{target.short_code.lower()}@elsewhere.example"},
        )
        await connection.execute(
            text(
                "INSERT INTO university_members (university_id, user_id, display_name, email)"
                " VALUES (:w, :u, 'Ours', 'TWO@loom.example')"
            ),
            {"w": university_id, "u": user_id},
        )
    outcome = await target.take(academy())
    assert counts(outcome, "member") == {"member": (3, 1, 0, 0)}
    assert await target.rows(
        f"SELECT display_name, email FROM university_members {IN} AND user_id = :user_id", user_id=user_id
    ) == [("Two", "two@loom.example")]
    assert await target.rows("SELECT full_name, password_hash FROM users WHERE id = :id", id=user_id) == [("Ours", "x")]


async def test_two_imports_at_once_are_one(target):
    outcomes = await asyncio.gather(*(target.take(academy()) for _ in range(2)))
    assert sorted(counts(outcome, "enrollment")["enrollment"] for outcome in outcomes) == [(0, 0, 4, 0), (4, 0, 0, 0)]
    assert await target.rows("SELECT count(*) FROM universities WHERE short_code = :code") == [(1,)]


async def test_two_universities_at_once(owner):
    new = academy()
    for user in new.users:
        user.email = f"both.{next(_numbers)}.{user.email}"
    targets = [Target(owner, f"LOOM{next(_numbers)}") for _ in range(2)]
    outcomes = await asyncio.gather(*(target.take(new) for target in targets))
    assert sorted(outcome.counts["user"].created for outcome in outcomes) == [0, 4]
    assert {outcome.counts["member"].created for outcome in outcomes} == {4}


# ---- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"users": [User(1, "a@b.example", "A", "student", BEGUN), User(2, "A@b.example", "B", "student", BEGUN)]},
            "user '2': its e-mail address is that of user 1, but for capital letters",
        ),
        (
            {"users": [User(1, "a@b.example", "A", "owner", BEGUN)], "courses": []},
            "lesson of a course: there is no course 1",
        ),
        (
            {"lesson_progress": [LessonProgress(1, 1, None, 101)]},
            "module progress 'warp/one@loom.example/yarn': its progress is not from 0 to 100 percent",
        ),
        (
            {"courses": [Course(1, 1, "warp", "W", "hard", True), Course(2, 1, "weft", "W", "advanced", True)]},
            "course 'warp': its difficulty 'hard' is none of beginner, intermediate, advanced",
        ),
        (
            {
                "courses": [
                    Course(1, 1, "warp", "W" * 256, "advanced", True),
                    Course(2, 1, "weft", "", "advanced", True),
                ]
            },
            "module 'warp': its title has 256 characters, 255 are the most",
        ),
        (
            {"enrollments": [Enrollment(n, 1, 2, "lost", BEGUN) for n in (1, 2, 3)]},
            "enrollment 'warp/one@loom.example': its status 'lost' is none of active, completed, cancelled",
        ),
        (
            {"enrollments": [Enrollment(n, 1, 2, "active", BEGUN) for n in (1, 2, 3)]},
            "enrollment 'warp/one@loom.example': the source has it twice",
        ),
    ],
)
async def test_what_can_not_be_mapped_is_refused_and_nothing_is_kept(imported, changes, line):
    assert await imported.refused(academy(**changes), ImportRefusedError) == line


async def test_a_course_of_the_same_code_is_in_the_way(target):
    async with target.acting() as connection:
        university_id = await add_university(connection, target.short_code)
        await connection.execute(
            text("INSERT INTO courses (university_id, code, title) VALUES (:w, 'weft', 'Ours')"), {"w": university_id}
        )
    line = await target.refused(academy(), ImportConflictError)
    assert line.startswith("course 'weft': the university has another course with the code 'weft' (id ")


def test_no_name_can_be_taken_for_two():
    assert path("a/b", "c") != path("a", "b/c")
    assert path("warp", "one@loom.example") == "warp/one@loom.example"


# ---- the source ------------------------------------------------------------------------------------------------------


async def test_the_seed_is_read_as_it_is(superuser, shared):
    async with source_database(superuser, *seed(shared)) as url:
        found = await read_academy(url)
    assert [(user.email, user.role) for user in found.users] == [
        ("teach@academy.dev", "instructor"),
        ("student1@academy.dev", "student"),
        ("student2@academy.dev", "student"),
    ]
    assert [len(getattr(found, name)) for name in found.__struct_fields__] == [3, 1, 3, 3, 2, 5]


async def test_a_database_of_something_else(superuser, database):
    with pytest.raises(AcademyError) as caught:
        await read_academy(database.owner)
    assert str(caught.value).partition(" is no academy: ")[2] == (
        "it lacks the table lessons, the table course_lessons, the table enrollments, the table lesson_progress,"
        " users.role, courses.instructor_id, courses.slug"
    )
    async with source_database(superuser) as url:
        with pytest.raises(AcademyError, match="it lacks the table users, the table courses, the table lessons, "):
            await read_academy(url)


async def test_columns_of_another_kind(superuser, shared):
    change = (
        "ALTER TABLE lessons DROP CONSTRAINT lessons_duration_minutes_check,"
        " ALTER duration_minutes TYPE interval USING make_interval(mins => duration_minutes)"
    )
    async with source_database(superuser, *seed(shared), change) as url:
        with pytest.raises(AcademyError, match=r"^the table lessons is not an academy's: Expected `int`"):
            await read_academy(url)


async def test_nobody_answers(superuser):
    with pytest.raises(DatabaseUnreachableError):
        await read_academy(superuser.set(host="127.0.0.1", port=1))


# ---- the command -----------------------------------------------------------------------------------------------------


async def test_the_command(superuser, shared, tmp_path):
    async with temporary_database(superuser) as ours, source_database(superuser, *seed(shared)) as source:
        environment = {
            "LMS_DATABASE_URL": plain(ours.app),
            "LMS_OWNER_DATABASE_URL": plain(ours.owner),
            "LMS_DATA_DIR": str(tmp_path),
        }

        async def command(*arguments, by=call):
            return await asyncio.to_thread(by, "import", "academy", *arguments, **environment)

        first = await command("--dsn", plain(source), by=run)
        assert (first.returncode, first.stderr) == (0, "")
        lines = first.stdout.splitlines()
        assert lines[0].startswith("ACADEMY: the academy at ")
        assert lines[0].endswith(" imported")
        assert lines[1:12] == [
            f"  {entity}: {count} created, 0 updated, 0 unchanged, 0 retired"
            for entity, count in {
                "user": 3,
                "member": 3,
                "role": 3,
                "module_template": 3,
                "course": 1,
                "offering": 1,
                "module": 4,
                "content_item": 3,
                "instructor": 1,
                "enrollment": 2,
                "module_progress": 5,
            }.items()
        ]
        second = await command("--dsn", plain(source))
        assert second.stdout.splitlines()[0].endswith(" is up to date")
        assert " 1 created" not in second.stdout
        refused(await command("--dsn", plain(source), "--university", "a b"), "--university is a short code")
        refused(await command("--dsn", "mysql://a:SECRET@b/c"), "--dsn is not a PostgreSQL URL")
        nobody = await command("--dsn", "postgresql://a:SECRET@127.0.0.1:1/c")
        refused(nobody, "can't connect to PostgreSQL at 127.0.0.1:1/c as a")
        assert "SECRET" not in nobody.stderr
        refused(await command("--dsn", plain(ours.owner)), "is no academy: it lacks the table lessons")
        driver = await connect(source)
        await driver.execute("ALTER TABLE users DROP CONSTRAINT users_role_check; UPDATE users SET role = 'owner'")
        await driver.close()
        refused(await command("--dsn", plain(source), "--university", "OTHER"), "its role 'owner' is none of student")
        driver = await connect(ours.owner)
        assert await driver.fetchval("SELECT count(*) FROM universities") == 1
        await driver.close()
