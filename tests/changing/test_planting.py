"""Planting: modules with all that is below them and in them, added in a fixed number of statements."""

import pytest

from lms_graphql.content.planting import ItemSeed, ModuleSeed, plant
from lms_graphql.engine.usererrors import Refused
from tests.changing.authoring import Authors
from tests.world import Rows


@pytest.fixture
def authors(api, world, owner):
    return Authors(api, world, owner)


TEXT = {"schema_version": 1, "blocks": [{"type": "paragraph", "text": "x"}]}
SEEDS = [
    ModuleSeed(
        "unit",
        "One",
        "About one.",
        is_published=True,
        items=[ItemSeed("text", "Read", TEXT, "All of it.", 60), ItemSeed("resource", "See", {"resources": []})],
        children=[ModuleSeed("lesson", "One A", is_published=True), ModuleSeed("lesson", "One B")],
    ),
    ModuleSeed("unit", "Two", children=[ModuleSeed("lab", "Two A", None, True, [ItemSeed("text", "Do", TEXT)])]),
]


async def planted(authors, course, parent, place, seeds=SEEDS):
    async with authors.work() as (work, transaction):
        return await plant(work, course["id"], parent, place, seeds), transaction.statements


async def test_a_forest_at_the_top(authors, owner):
    course = await authors.course()
    rows = Rows(owner)
    for index, title in enumerate(("A", "B"), 3):
        await rows.module(course, title=title, sequence_index=index)
    version = await authors.version(course)
    (modules, items), _ = await planted(authors, course, None, 2)
    assert await authors.tree(course) == [
        ("A", 0, 1, True),
        ("One", 0, 2, True),
        ("One A", 1, 1, True),
        ("One B", 1, 2, False),
        ("Two", 0, 3, False),
        ("Two A", 1, 1, False),
        ("B", 0, 4, True),
    ]
    assert await authors.version(course) != version
    found = {row["id"]: row for row in await owner.fetch("SELECT * FROM modules WHERE course_id = $1", course["id"])}
    assert [found[i]["title"] for i in modules] == ["One", "One A", "One B", "Two", "Two A"]
    assert [found[i]["module_type"] for i in modules] == ["unit", "lesson", "lesson", "unit", "lab"]
    stored = await owner.fetch("SELECT * FROM content_items WHERE id = ANY($1) ORDER BY id", items)
    assert [(row["title"], row["module_id"], row["sequence_index"], row["content_type"]) for row in stored] == [
        ("Read", modules[0], 1, "text"),
        ("See", modules[0], 2, "resource"),
        ("Do", modules[4], 1, "text"),
    ]
    assert (stored[0]["description"], stored[0]["estimated_duration_seconds"]) == ("All of it.", 60)


async def test_all_that_was_added_is_in_the_audit_log(authors, owner):
    course = await authors.course()
    (modules, items), _ = await planted(authors, course, None, None)
    entries = {entry[1]: entry for entry in await authors.audited("module.create") if entry[1] in modules}
    assert list(entries) == modules
    entity, _, before, after = entries[modules[1]]
    times = (after.pop("created_at"), after.pop("updated_at"))
    assert None not in times
    known = {name: after[name] for name in ("course_id", "parent_module_id", "module_type", "module_template_id",
             "title", "description", "sequence_index", "depth", "is_published", "effective_published")}  # fmt: skip
    assert (entity, before) == ("Module", None)
    assert known == {
        "course_id": course["id"], "parent_module_id": modules[0], "module_type": "lesson", "module_template_id": None,
        "title": "One A", "description": None, "sequence_index": 1, "depth": 1, "is_published": True,
        "effective_published": True,
    }  # fmt: skip
    columns = {row["column_name"] for row in await owner.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'modules'")}  # fmt: skip
    assert set(after) | {"created_at", "updated_at", "university_id", "id"} == columns
    (first,) = [entry for entry in await authors.audited("item.create") if entry[1] == items[0]]
    assert (first[0], first[2], first[3]["data_json"], first[3]["module_id"]) == ("ContentItem", None, TEXT, modules[0])
    told = await owner.fetch("SELECT entity_id, facts FROM outbox WHERE topic = 'module.created' ORDER BY id")
    assert [(row["entity_id"], row["facts"]) for row in told][-2:] == [
        (module_id, f'{{"courseId": {course["id"]}}}') for module_id in (modules[0], modules[3])
    ]


async def test_below_a_module_that_students_do_not_see(authors, owner):
    course = await authors.course()
    parent = await Rows(owner).module(course, title="P", is_published=False)
    await planted(authors, course, parent, None)
    assert [place[1:] for place in await authors.tree(course)] == [
        (0, 1, False), (1, 1, False), (2, 1, False), (2, 2, False), (1, 2, False), (2, 1, False)]  # fmt: skip


async def test_as_many_statements_for_many_as_for_few(authors):
    course = await authors.course()
    _, few = await planted(authors, course, None, None, SEEDS[:1])
    many = [ModuleSeed("unit", f"Unit {n}", items=[ItemSeed("text", "x", TEXT)] * 3, children=SEEDS) for n in range(40)]
    (modules, items), count = await planted(authors, course, None, 1, many)
    assert (len(modules), len(items)) == (240, 240)
    assert count == few == 9


def deep(levels):
    seed = ModuleSeed("topic", "The last")
    for _ in range(levels - 1):
        seed = ModuleSeed("topic", "One", children=[seed])
    return [seed]


async def test_not_too_deep_not_nowhere_and_the_root_at_the_top(authors, owner):
    course = await authors.course()
    await planted(authors, course, None, None, deep(33))
    parent = await owner.fetchrow("SELECT * FROM modules WHERE course_id = $1 AND depth = 1", course["id"])
    before = await authors.state()
    for where, place, seeds, code, path in (
        (None, None, deep(34), "LIMIT_REACHED", "parentId"),
        (parent, None, deep(32), "LIMIT_REACHED", "parentId"),
        (None, 3, SEEDS, "INVALID", "position"),
        (None, 0, SEEDS, "INVALID", "position"),
        (parent, None, [ModuleSeed("course_root", "Root")], "INVALID", "parentId"),
    ):
        with pytest.raises(Refused) as refused:
            await planted(authors, course, where, place, seeds)
        assert [(f.code.name, f.path) for f in refused.value.failures] == [(code, ("input", path))]
    assert await authors.state() == before
