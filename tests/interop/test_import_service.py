"""Importing into a real database, as lms_app behind row-level security: every test has a university of its own."""

import asyncio
import hashlib
import time
from datetime import UTC, datetime, timedelta
from random import Random

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from lms_graphql.interop.checked import ImportConflictError, ImportRefusedError
from lms_graphql.interop.imported import ImportedCourse, ImportedItem, ImportedModule, ImportedRun
from lms_graphql.interop.olx.archive import read_archive
from lms_graphql.interop.olx.course import read_course
from lms_graphql.interop.service import import_course
from lms_graphql.interop.writer import Counts
from lms_graphql.syllabus.service import refresh_published
from tests.interop.olx_packages import demo_course
from tests.interop.universities import counts, new_university

RUN = ImportedRun("run-1", "Autumn", datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
PAYLOAD = {"layout": "rich_text_v1", "blocks": [{"type": "paragraph", "text": "Weft \\u0000 is not NUL."}]}


def course(*modules, **changes):
    values = {"system": "test", "external_id": "course-1", "code": "C1", "title": "Weaving", "run": RUN}
    return ImportedCourse(modules=list(modules), **{**values, **changes})


def module(external_id, *inside, **changes):
    children = [thing for thing in inside if isinstance(thing, ImportedModule)]
    items = [thing for thing in inside if isinstance(thing, ImportedItem)]
    values = {"module_type": "unit", "title": external_id.upper()}
    return ImportedModule(external_id, children=children, items=items, **{**values, **changes})


def item(external_id, **changes):
    values = {"content_type": "text", "title": external_id.upper(), "payload": PAYLOAD}
    return ImportedItem(external_id, **{**values, **changes})


def sample(**changes):
    return course(
        module("u1", module("l1", item("a"), item("b"), item("c")), module("l2", item("d"))),
        module("u2"),
        module("u3", is_published=False),
        **changes,
    )


# ---- the first time ------------------------------------------------------------------------------------------------


async def test_the_first_import_stores_the_course_whole(university):
    steps = []
    imported = sample(description="Cloth.", language_code="sv")
    outcome = await university.take(imported, on_progress=lambda *step: steps.append(step))
    assert counts(outcome) == {
        "course": (1, 0, 0, 0),
        "offering": (1, 0, 0, 0),
        "module": (5, 0, 0, 0),
        "content_item": (4, 0, 0, 0),
    }
    assert str(outcome.counts["module"]) == "5 created, 0 updated, 0 unchanged, 0 retired"
    assert steps == [(0, 11), (2, 11), (7, 11), (11, 11)]
    assert await university.tree() == [
        "1 U1",
        "  1 L1",
        "    1 - A",
        "    2 - B",
        "    3 - C",
        "  2 L2",
        "    1 - D",
        "2 U2",
        "3 U3 hidden",
    ]
    assert await university.rows(
        "SELECT id, code, title, description, language_code, level::text, is_published, department_id FROM courses"
        " WHERE university_id = :university_id"
    ) == [(outcome.course_id, "C1", "Weaving", "Cloth.", "sv", "undergraduate", True, None)]
    assert await university.rows(
        "SELECT id, course_id, term_name, starts_at, ends_at, enrollment_start, visibility FROM course_offerings"
        " WHERE university_id = :university_id"
    ) == [(outcome.offering_id, outcome.course_id, "Autumn", RUN.starts_at, RUN.ends_at, None, "private")]


async def test_every_thing_has_a_key_with_a_hash(university):
    outcome = await university.take(course(module("u1", item("a", description="x"))))
    ids = await university.ids()
    assert ids["course", "course-1"] == outcome.course_id
    assert ids["offering", "run-1"] == outcome.offering_id
    (stored,) = await university.rows(
        "SELECT module_id, course_id, content_type::text, title, description, sequence_index,"
        " estimated_duration_seconds, data_json, is_active, id FROM content_items WHERE university_id = :university_id"
    )
    assert (*stored[:7], msgspec.json.decode(stored[7]), *stored[8:]) == (
        ids["module", "u1"],
        outcome.course_id,
        "text",
        "A",
        "x",
        1,
        None,
        {"schema_version": 1, **PAYLOAD},
        True,
        ids["content_item", "a"],
    )
    known = {
        "content_type": "text",
        "title": "A",
        "description": "x",
        "estimated_duration_seconds": None,
        "data_json": msgspec.json.encode({"schema_version": 1, **PAYLOAD}, order="sorted").decode(),
        "is_active": True,
        "parent": "u1",
        "position": 1,
        "depth": 0,
    }
    (key,) = await university.rows(
        "SELECT system, content_hash FROM external_keys WHERE university_id = :university_id AND external_id = 'a'"
    )
    assert key == ("test", hashlib.sha256(msgspec.json.encode(known, order="sorted")).digest())


async def test_a_course_without_a_run_and_not_published(university):
    outcome = await university.take(sample(run=None), publish=False)
    assert outcome.offering_id is None
    assert await university.rows("SELECT is_published FROM courses WHERE university_id = :university_id") == [(False,)]


async def test_what_students_see_follows_the_flags_of_all_ancestors(university):
    def shown(**flags):
        return course(module("u", module("l", module("t", **flags.get("t", {})), **flags.get("l", {}))), module("v"))

    async def seen():
        rows = await university.rows(
            "SELECT title FROM modules WHERE university_id = :university_id AND effective_published ORDER BY title"
        )
        return [title for (title,) in rows]

    hidden = {"is_published": False}
    outcome = await university.take(shown(l=hidden))
    assert await seen() == ["U", "V"]
    await university.take(shown(t=hidden))
    assert await seen() == ["L", "U", "V"]
    await university.take(shown())
    assert await seen() == ["L", "T", "U", "V"]
    before = await university.everything()
    async with university.acting() as connection:
        await refresh_published(connection, university.id, outcome.course_id)
    assert await university.everything() == before


async def test_a_department_is_kept_until_another_is_named(university):
    async with university.acting() as connection:
        textiles = await connection.scalar(
            text("INSERT INTO departments (university_id, name, code) VALUES (:u, 'Textiles', 'TEX') RETURNING id"),
            {"u": university.id},
        )

    async def department():
        return await university.rows("SELECT department_id FROM courses WHERE university_id = :university_id")

    await university.take(sample(), department_id=textiles)
    assert await department() == [(textiles,)]
    await university.take(sample(title="Looms"))
    assert await department() == [(textiles,)]


# ---- again ---------------------------------------------------------------------------------------------------------


async def test_the_second_import_writes_nothing(university):
    first = await university.take(sample())
    before = await university.everything()
    second = await university.take(sample())
    assert await university.everything() == before
    assert (second.course_id, second.offering_id) == (first.course_id, first.offering_id)
    assert counts(second) == {
        "course": (0, 0, 1, 0),
        "offering": (0, 0, 1, 0),
        "module": (0, 0, 5, 0),
        "content_item": (0, 0, 4, 0),
    }


async def test_a_changed_thing_is_updated_in_place(university):
    await university.take(sample())
    before, ids = await university.everything(), await university.ids()
    changed = sample()
    changed.modules[1].title = "Second"
    changed.modules[0].children[0].items[1].payload = {"blocks": []}
    outcome = await university.take(changed)
    assert counts(outcome) == {
        "course": (0, 0, 1, 0),
        "offering": (0, 0, 1, 0),
        "module": (0, 1, 4, 0),
        "content_item": (0, 1, 3, 0),
    }
    assert await university.written(before) == {"u2", "b"}
    assert await university.ids() == ids
    stored = await university.rows(
        "SELECT title, updated_at > created_at, data_json FROM content_items WHERE university_id = :university_id"
        " ORDER BY title"
    )
    assert [(title, later) for title, later, _ in stored] == [("A", False), ("B", True), ("C", False), ("D", False)]
    assert msgspec.json.decode(stored[1][2]) == {"schema_version": 1, "blocks": []}


async def test_a_changed_course_and_run(university):
    first = await university.take(sample())
    later = msgspec.structs.replace(RUN, ends_at=RUN.ends_at + timedelta(days=1))
    async with university.acting() as connection:
        await connection.execute(text("UPDATE course_offerings SET visibility = 'public'"))
    second = await university.take(sample(title="Looms", code="C2", run=later))
    assert (second.course_id, second.offering_id) == (first.course_id, first.offering_id)
    assert counts(second)["course"] == counts(second)["offering"] == (0, 1, 0, 0)
    assert await university.rows(
        "SELECT c.code, c.title, o.ends_at, o.visibility FROM courses c JOIN course_offerings o ON o.course_id = c.id"
        " WHERE c.university_id = :university_id"
    ) == [("C2", "Looms", later.ends_at, "public")]


async def test_siblings_trade_places(university):
    await university.take(sample())
    before = await university.everything()
    swapped = sample()
    swapped.modules.reverse()
    swapped.modules[2].children[0].items.reverse()
    await university.take(swapped)
    assert await university.tree() == [
        "1 U3 hidden",
        "2 U2",
        "3 U1",
        "  1 L1",
        "    1 - C",
        "    2 - B",
        "    3 - A",
        "  2 L2",
        "    1 - D",
    ]
    assert await university.written(before) == {"u1", "u3", "a", "c"}


async def test_a_subtree_moves_to_another_parent_and_depth(university):
    await university.take(sample())
    ids = await university.ids()
    moved = course(
        module("new", module("u1", module("l2", item("d"), item("a")), module("l1", item("b"), item("c")))),
        module("u2", module("u3", is_published=False)),
    )
    outcome = await university.take(moved)
    assert counts(outcome)["module"] == (1, 4, 1, 0)
    assert await university.tree() == [
        "1 NEW",
        "  1 U1",
        "    1 L2",
        "      1 - D",
        "      2 - A",
        "    2 L1",
        "      1 - B",
        "      2 - C",
        "2 U2",
        "  1 U3 hidden",
    ]
    assert ids.items() <= (await university.ids()).items()


async def test_a_parent_and_its_child_trade_places(university):
    await university.take(course(module("u", module("l", item("a")))))
    await university.take(course(module("l", module("u"), item("a"))))
    assert await university.tree() == ["1 L", "  1 - A", "  1 U"]


async def test_what_leaves_is_retired_and_comes_back(university):
    await university.take(sample())
    whole, ids = await university.tree(), await university.ids()
    less = course(module("u1", module("l1", item("a"), item("c"))), module("u3", is_published=False))
    outcome = await university.take(less)
    assert counts(outcome)["module"] == (0, 1, 2, 2)
    assert counts(outcome)["content_item"] == (0, 1, 1, 2)
    assert await university.tree() == [
        "1 U1",
        "  1 L1",
        "    1 - A",
        "    2 - C",
        "    3 - B hidden",
        "  2 L2 hidden",
        "    1 - D hidden",
        "2 U3 hidden",
        "3 U2 hidden",
    ]
    before = await university.everything()
    assert counts(await university.take(less))["module"] == (0, 0, 3, 0)
    assert await university.everything() == before

    outcome = await university.take(sample())
    assert counts(outcome)["module"] == (0, 3, 2, 0)
    assert counts(outcome)["content_item"] == (0, 3, 1, 0)
    assert await university.tree() == whole
    assert await university.ids() == ids


async def test_a_retired_subtree_goes_where_its_parent_goes(university):
    await university.take(course(module("p"), module("u", module("l", module("t", item("a"))))))
    await university.take(course(module("p", module("u"))))
    assert await university.tree() == [
        "1 P",
        "  1 U",
        "    1 L hidden",
        "      1 T hidden",
        "        1 - A hidden",
    ]


async def test_what_people_added_stays_behind_what_is_imported(university):
    outcome = await university.take(course(module("u", item("a"))))
    unit = (await university.ids())["module", "u"]
    async with university.acting() as connection:
        values = {"u": university.id, "c": outcome.course_id, "m": unit}
        await connection.execute(
            text(
                "INSERT INTO modules (university_id, course_id, title, module_type, sequence_index, is_published,"
                " effective_published) VALUES (:u, :c, 'Ours', 'unit', 2, true, true)"
            ),
            values,
        )
        await connection.execute(
            text(
                "INSERT INTO content_items"
                " (university_id, course_id, module_id, title, content_type, sequence_index, data_json)"
                " VALUES (:u, :c, :m, 'Ours', 'text', 2, '{}')"
            ),
            values,
        )
    before = await university.everything()
    await university.take(course(module("u", item("a"))))
    assert await university.everything() == before
    outcome = await university.take(course(module("u", item("a"), item("b")), module("v")))
    assert counts(outcome)["module"] == (1, 0, 1, 0)
    assert await university.tree() == ["1 U", "  1 - A", "  2 - B", "  3 - Ours", "2 V", "3 Ours"]
    await university.take(course(module("u", item("b"))))
    assert await university.tree() == ["1 U", "  1 - B", "  3 - Ours", "  4 - A hidden", "2 V hidden", "3 Ours"]


async def test_an_order_changed_here_is_set_right(university):
    await university.take(sample())
    whole = await university.tree()
    async with university.acting() as connection:
        await connection.execute(
            text("UPDATE modules SET sequence_index = 4 - sequence_index, title = 'Ours' WHERE depth = 0")
        )
    outcome = await university.take(sample())
    assert counts(outcome)["module"] == (0, 2, 3, 0)
    assert await university.tree() == [line.replace("2 U2", "2 Ours") for line in whole]


async def test_what_was_deleted_here_is_made_again(university):
    await university.take(sample())
    async with university.acting() as connection:
        await connection.execute(text("DELETE FROM content_items WHERE title = 'B'"))
    outcome = await university.take(sample())
    assert counts(outcome)["content_item"] == (1, 0, 3, 0)
    ids = await university.ids()
    assert await university.rows(
        "SELECT id FROM content_items WHERE university_id = :university_id AND title = 'B'"
    ) == [(ids["content_item", "b"],)]


# ---- what is refused -----------------------------------------------------------------------------------------------


async def test_a_course_of_the_same_code_is_in_the_way(university):
    async with university.acting() as connection:
        there = await connection.scalar(
            text("INSERT INTO courses (university_id, code, title) VALUES (:u, 'C1', 'Theirs') RETURNING id"),
            {"u": university.id},
        )
    assert await university.refused(sample(), ImportConflictError) == (
        f"course 'course-1': the university has another course with the code 'C1' (id {there});"
        " give one of the two another code, then import again"
    )


async def test_a_code_changed_to_one_that_is_taken(university):
    await university.take(sample())
    await university.take(course(external_id="course-2", code="C2", run=None))
    line = await university.refused(sample(code="C2"), ImportConflictError)
    assert line.startswith("course 'course-1': the university has another course with the code 'C2' (id ")


@pytest.mark.parametrize(
    ("entity", "other"),
    [
        ("module 'l1'", course(module("l1"), run=None)),
        ("content item 'a'", course(module("x", item("a")), run=None)),
        ("offering 'run-1'", course()),
    ],
)
async def test_a_thing_of_another_course(university, entity, other):
    first = await university.take(sample())
    other = msgspec.structs.replace(other, external_id="course-2", code="C2")
    assert await university.refused(other, ImportConflictError) == (
        f"{entity} belongs to another course (id {first.course_id}): a thing of a source can be in one course only"
    )


def nested(depth):
    inner = module(f"m{depth}")
    for level in reversed(range(depth)):
        inner = module(f"m{level}", inner)
    return inner


def nested_list(depth=100_000):
    inner = []
    for _ in range(depth):
        inner = [inner]
    return inner


@pytest.mark.parametrize(
    ("imported", "line"),
    [
        (course(title="x" * 256), "course 'course-1': its title has 256 characters, 255 are the most"),
        (course(code="x" * 129), "course 'course-1': its code has 129 characters, 128 are the most"),
        (course(language_code="x" * 9), "course 'course-1': its language code has 9 characters, 8 are the most"),
        (course(system="A B"), "course 'course-1': its system must be 1–32 of a–z, 0–9 and _"),
        (course(description="a\0b"), "course 'course-1': its description has a character that can't be stored"),
        (course(run=ImportedRun("r", "x" * 256)), "offering 'r': its term name has 256 characters, 255 are the most"),
        (
            course(run=ImportedRun("r", None, RUN.ends_at, RUN.starts_at)),
            "offering 'r': its ends_at is not after its starts_at",
        ),
        (course(run=ImportedRun("r", None, datetime(2026, 1, 1))), "offering 'r': its start has no time zone"),  # noqa: DTZ001
        (course(module("m", title="x" * 256)), "module 'm': its title has 256 characters, 255 are the most"),
        (course(module("m", title="\ud800")), "module 'm': its title has a character that can't be stored"),
        (
            course(module("m", module_type="week")),
            "module 'm': its module type 'week' is none of"
            " course_root, unit, chapter, lesson, topic, section, lab, quiz, other",
        ),
        (course(module("m"), module("n", module("m"))), "module 'm': the source has it 2 times"),
        (course(nested(33)), "module 'm33': it lies deeper than 32 levels below the first"),
        (
            course(module("m", item("i", title="x" * 256))),
            "content item 'i': its title has 256 characters, 255 are the most",
        ),
        (course(module("m", item("i"), item("i"))), "content item 'i': the source has it 2 times"),
        (
            course(module("m", item("i", content_type="song"))),
            "content item 'i': its content type 'song' is none of"
            " video, quiz, engineering_lab, text, assignment, resource",
        ),
        (
            course(module("m", item("i", estimated_duration_seconds=-1))),
            "content item 'i': its duration is negative or too long",
        ),
        (
            course(module("m", item("i", payload={"text": "a\0b"}))),
            "content item 'i': its payload has a character that can't be stored",
        ),
        (
            course(module("m", item("i", payload={"text": object()}))),
            "content item 'i': its payload can't be stored as JSON: Encoding objects of type object is unsupported",
        ),
    ],
)
async def test_what_can_not_be_stored_is_refused_before_anything_is_written(university, imported, line):
    await university.take(sample(external_id="other", code="OTHER", run=None))
    assert await university.refused(imported, ImportRefusedError) == line


async def test_an_external_id_too_long_or_of_several_lines(university):
    line = await university.refused(course(module("x\n" * 300)), ImportRefusedError)
    assert line.endswith(": its external id has 600 characters, 512 are the most")


@pytest.mark.parametrize("payload", [{"text": "\ud800"}, {"list": nested_list()}])
async def test_a_payload_that_is_no_json(university, payload):
    line = await university.refused(course(module("m", item("i", payload=payload))), ImportRefusedError)
    assert line.startswith("content item 'i': its payload can't be stored as JSON: ")


async def test_the_deepest_tree_that_is_taken(university):
    await university.take(course(nested(32)))
    assert (await university.tree())[-1] == "  " * 32 + "1 M32"


async def test_a_department_of_nobody(university):
    assert await university.refused(sample(), ImportRefusedError, department_id=10**9) == (
        "course 'course-1': the university has no department with the id 1000000000"
    )


# ---- tenants, size -------------------------------------------------------------------------------------------------


async def test_another_university_is_untouched(university, databases):
    other = await new_university(databases)
    await other.take(sample())
    before = await other.everything()
    await university.take(sample(title="Ours"))
    await university.take(course(module("u2", item("a"))))
    assert await other.everything() == before
    assert len(before["modules"]) == 5


async def test_two_at_once_take_turns(university):
    first, second = await asyncio.gather(university.take(sample()), university.take(sample()))
    assert first.course_id == second.course_id
    assert sorted(counts(outcome)["module"] for outcome in (first, second)) == [(0, 0, 5, 0), (5, 0, 0, 0)]


async def test_the_wall_keeps_an_import_out_of_another_university(university, databases):
    other = await new_university(databases)
    async with university.acting() as connection:
        with pytest.raises(DBAPIError, match="row-level security"):
            await import_course(connection, other.id, sample())
        await connection.rollback()
    assert not any((await other.everything()).values())


def anything(random):
    """A tree of some of nine modules and nine items, every time in other places."""
    modules = [module(f"m{number}") for number in random.sample(range(9), random.randint(1, 9))]
    roots = modules[:1]
    for number, inner in enumerate(modules[1:], 1):
        siblings = random.choice([roots, *(outer.children for outer in modules[:number])])
        siblings.insert(random.randint(0, len(siblings)), inner)
    for number in random.sample(range(9), random.randint(0, 9)):
        items = random.choice(modules).items
        items.insert(random.randint(0, len(items)), item(f"i{number}", title=f"I{number} {random.random() < 0.5}"))
    return course(*roots)


def lines(modules, depth=0):
    for position, one in enumerate(modules, 1):
        yield f"{'  ' * depth}{position} {one.title}"
        yield from (f"{'  ' * depth}  {number} - {inner.title}" for number, inner in enumerate(one.items, 1))
        yield from lines(one.children, depth + 1)


async def test_any_tree_after_any_other(university):
    random = Random(7)  # noqa: S311 - the same trees in every run
    for _ in range(25):
        imported = anything(random)
        await university.take(imported)
        assert [line for line in await university.tree() if not line.endswith(" hidden")] == list(
            lines(imported.modules)
        )
        before = await university.everything()
        await university.take(imported)
        assert await university.everything() == before
    assert len(await university.ids()) == 20  # each of the things has come, gone and kept its key


def large(modules, items):
    """A course of two levels with `items` items in each of `modules` lessons."""
    return course(
        *(
            module(f"u{unit}", module(f"l{unit}", *(item(f"i{unit}-{number}") for number in range(items))))
            for unit in range(modules)
        )
    )


async def test_the_number_of_statements_does_not_grow(databases, statements):
    taken = []
    for modules, items in ((2, 5), (30, 10)):
        university = await new_university(databases)
        whole = large(modules, items)
        less = msgspec.structs.replace(whole, modules=whole.modules[1:], title="Less")
        for imported in (whole, whole, less, whole):
            statements.clear()
            await university.take(imported)
            taken.append(len(statements))
    assert taken[:4] == taken[4:] == [13, 10, 15, 15]


async def test_a_large_course(university):
    imported = large(500, 20)
    begun = time.monotonic()
    await university.take(imported)
    assert counts(await university.take(imported))["content_item"] == (0, 0, 10_000, 0)
    imported.modules.reverse()
    for unit in imported.modules:
        unit.children[0].items.reverse()
    assert counts(await university.take(imported))["content_item"] == (0, 10_000, 0, 0)
    assert time.monotonic() - begun < 30  # each statement within lms_app's own five seconds, else it had failed


async def test_the_real_course_twice(university):
    imported, _ = read_course(read_archive(demo_course()))
    first = await university.take(imported)
    assert first.counts["module"] == Counts(created=81)
    assert first.counts["content_item"] == Counts(created=304)
    assert first.counts["question_pool"] == Counts(created=14)
    assert first.counts["question"] == Counts(created=21)
    before = await university.everything()
    second = await university.take(imported)
    assert second.counts["content_item"] == Counts(unchanged=304)
    assert second.counts["question_pool"] == Counts(unchanged=14)
    assert second.counts["question"] == Counts(unchanged=21)
    assert await university.everything() == before
