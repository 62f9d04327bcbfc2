"""Modules: added, described, moved, reordered, published, archived and deleted."""

import asyncio
from datetime import UTC, datetime

import pytest

from lms_graphql.content.records import PARTS
from lms_graphql.content.records import RECORDS as OF_ITEMS
from lms_graphql.content.unplanting import RECORDS as OF_MODULES
from tests.changing.authoring import Authors, Grown, codes, document, number
from tests.conftest import running_api
from tests.world import Rows

SHOWN = "id title moduleType description sequenceIndex isPublished effectivePublished archivedAt version"
CREATE = document("createModule", f"module {{ {SHOWN} depth parent {{ id }} }}")
UPDATE = document("updateModule", f"module {{ {SHOWN} }}")
MOVE = document("moveModule", "module { id sequenceIndex depth version parent { id } }")
REORDER = document("reorderModules", "modules { title sequenceIndex } course { id }")
ARCHIVE = document("archiveModule", "module { isPublished effectivePublished archivedAt } changedCount", "ModuleInput!")
RESTORE = ARCHIVE.replace("archiveModule", "restoreModule")
DELETE = document("deleteModule", "deletedModuleId deletedModules deletedItems course { id }", "ModuleInput!")
PUBLISH = document("publishModule", "module { isPublished effectivePublished } changedCount", "PublishModuleInput!")
UNPUBLISH = PUBLISH.replace("publishModule", "unpublishModule")


FAR = datetime(2099, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
async def api(written, world):
    """With as many connections as mutations that wait for their course at once, however slow the machine is."""
    async with running_api(written.app, max_in_flight=200, pool_size=110) as running:
        yield running


@pytest.fixture
def authors(api, world, owner):
    return Authors(api, world, owner)


SKETCH = [("A", [("A1", []), ("A2", [("A2a", [])]), ("A3", [])]), ("B", [("B1", [])]), ("C", [])]


@pytest.fixture
async def grown(authors):
    return await Grown(authors, await authors.course()).grow(SKETCH)


# ---- who may


ALL = {
    "createModule": (CREATE, lambda g: {"parentId": g["A"], "moduleType": "UNIT", "title": "x"}, "parentId"),
    "updateModule": (UPDATE, lambda g: {"moduleId": g["A"], "title": "x"}, "moduleId"),
    "moveModule": (MOVE, lambda g: {"moduleId": g["A"], "position": 2}, "moduleId"),
    "reorderModules": (REORDER, lambda g: {"parentId": g["B"], "moduleIds": [g["B1"]]}, "parentId"),
    "archiveModule": (ARCHIVE, lambda g: {"moduleId": g["A"]}, "moduleId"),
    "restoreModule": (RESTORE, lambda g: {"moduleId": g["A"]}, "moduleId"),
    "deleteModule": (DELETE, lambda g: {"moduleId": g["A"]}, "moduleId"),
    "publishModule": (PUBLISH, lambda g: {"moduleId": g["A"], "subtree": True}, "moduleId"),
    "unpublishModule": (UNPUBLISH, lambda g: {"moduleId": g["A"]}, "moduleId"),
    "copyModule": (document("copyModule", "module { id }"), lambda g: {"moduleId": g["A"]}, "moduleId"),
}


@pytest.mark.parametrize("name", ALL)
async def test_who_may_not(authors, api, owner, name):
    """The course is published, so that all see its modules; those who see them and may not are told so."""
    grown = await Grown(authors, await authors.course(is_published=True)).grow(SKETCH)
    hidden = await Grown(authors, await authors.course()).grow(SKETCH)
    mutation, given, path = ALL[name]
    before, version = await authors.state(), await authors.version(grown.course)
    answer = await api(mutation, {"input": given(grown)})
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    for person in ("student", "bystander", "beta_admin"):  # none of them is of a standing that may try
        assert codes(await authors.sent(mutation, given(grown), person)) == [("FORBIDDEN", [])]
    for person in ("ta", "section_ta", "far_instructor", "far_admin"):
        assert codes(await authors.sent(mutation, given(grown), person)) == [("FORBIDDEN", [path])]
        missing = await authors.sent(mutation, {**given(hidden)}, person)
        assert codes(missing) == [("NOT_FOUND", [path])]
    assert await authors.state() == before
    assert await authors.version(grown.course) == version


@pytest.mark.parametrize("person", ["instructor", "admin", "department_admin"])
async def test_who_may(authors, grown, person):
    for mutation, given, _ in ALL.values():
        if "deleteModule" not in mutation:
            assert codes(await authors.sent(mutation, given(grown), person)) == []
    assert codes(await authors.sent(DELETE, {"moduleId": grown["A"]}, person)) == []


# ---- added and described


async def test_created(authors, grown, owner):
    version = await authors.version(grown.course)
    payload = await authors.sent(
        CREATE,
        {"parentId": grown["A"], "position": 2, "moduleType": "LESSON", "title": " New ", "description": "Of *it*.\r\n",
         "isPublished": True},
    )  # fmt: skip
    made = payload["module"]
    assert payload == {
        "module": {
            "id": made["id"], "title": "New", "moduleType": "LESSON", "description": "Of *it*.", "sequenceIndex": 2,
            "isPublished": True, "effectivePublished": True, "archivedAt": None, "version": 1, "depth": 1,
            "parent": {"id": grown["A"]},
        },
        "errors": [],
    }  # fmt: skip
    assert (await grown.tree())[:5] == [("A", 0, 1), ("A1", 1, 1), ("New", 1, 2), ("A2", 1, 3), ("A2a", 2, 1)]
    assert await authors.version(grown.course) != version
    payload = await authors.sent(CREATE, {"courseId": grown.id, "moduleType": "UNIT", "title": "Last"})
    shown = {name: payload["module"][name] for name in ("sequenceIndex", "isPublished", "description", "parent")}
    assert shown == {"sequenceIndex": 4, "isPublished": False, "description": None, "parent": None}


async def test_what_no_module_is(authors, grown):
    before = await authors.state()
    good = {"parentId": grown["A"], "moduleType": "UNIT", "title": "x"}
    for change, code, path in (
        ({"title": " "}, "INVALID", ["title"]),
        ({"title": "x" * 256}, "INVALID", ["title"]),
        ({"title": "a\nb"}, "INVALID", ["title"]),
        ({"description": "x" * 20_001}, "INVALID", ["description"]),
        ({"description": "a\0b"}, "INVALID", ["description"]),
        ({"position": 0}, "INVALID", ["position"]),
        ({"position": 5}, "INVALID", ["position"]),
        ({"moduleType": "COURSE_ROOT"}, "INVALID", ["parentId"]),
        ({"courseId": grown.id}, "INVALID", ["parentId"]),
        ({"parentId": None}, "INVALID", ["parentId"]),
        ({"parentId": "no id"}, "NOT_FOUND", ["parentId"]),
        ({"parentId": None, "courseId": authors.id("Course", 0)}, "NOT_FOUND", ["courseId"]),
    ):
        assert codes(await authors.sent(CREATE, {**good, **change})) == [(code, path)], change
    assert await authors.state() == before


async def test_described_anew(authors, grown, owner):
    given = {
        "moduleId": grown["A"],
        "moduleType": "CHAPTER",
        "title": "Z",
        "description": "Words.",
        "expectedVersion": 1,
    }
    payload = await authors.sent(UPDATE, given)
    shown = {name: payload["module"][name] for name in ("title", "moduleType", "description", "version")}
    assert shown == {"title": "Z", "moduleType": "CHAPTER", "description": "Words.", "version": 2}
    row = await owner.fetchrow("SELECT * FROM modules WHERE id = $1", number(grown["A"]))
    assert row["updated_at"] > row["created_at"]
    (entry,) = [entry for entry in await authors.audited("module.update") if entry[1] == number(grown["A"])]
    assert entry == (
        "Module", number(grown["A"]),
        {"module_type": "unit", "title": "A", "description": None, "version": 1},
        {"module_type": "chapter", "title": "Z", "description": "Words.", "version": 2},
    )  # fmt: skip
    state = await authors.state()
    same = await authors.sent(UPDATE, {"moduleId": grown["A"], "title": "Z"})
    assert (same["module"]["version"], await authors.state()) == (2, state)
    stale = await authors.sent(UPDATE, given)
    assert [(e["code"], e["path"], e["currentVersion"]) for e in stale["errors"]] == [
        ("CONFLICT", ["input", "expectedVersion"], 2)
    ]
    payload = await authors.sent(UPDATE, {"moduleId": grown["A"], "description": None})
    assert (payload["module"]["description"], payload["module"]["title"]) == (None, "Z")
    for name in ("title", "moduleType"):
        assert codes(await authors.sent(UPDATE, {"moduleId": grown["A"], name: None})) == [("INVALID", [name])]
    root = {"moduleId": grown["A1"], "moduleType": "COURSE_ROOT"}
    assert codes(await authors.sent(UPDATE, root)) == [("INVALID", ["moduleType"])]


async def test_100_changes_of_one_version_at_once(authors, grown):
    sent = [
        authors.sent(UPDATE, {"moduleId": grown["A"], "title": f"Title {n}", "expectedVersion": 1}) for n in range(100)
    ]
    payloads = await asyncio.gather(*sent)
    assert sorted([(e["code"], e["currentVersion"]) for p in payloads for e in p["errors"]]) == [("CONFLICT", 2)] * 99


# ---- moved


async def test_moved_with_all_below_it(authors, grown, owner):
    version = await authors.version(grown.course)
    payload = await authors.sent(MOVE, {"moduleId": grown["A2"], "parentId": grown["B1"], "expectedVersion": 1})
    assert payload["module"] == {
        "id": grown["A2"], "sequenceIndex": 1, "depth": 2, "version": 2, "parent": {"id": grown["B1"]}}  # fmt: skip
    assert await grown.tree() == [
        ("A", 0, 1), ("A1", 1, 1), ("A3", 1, 2), ("B", 0, 2), ("B1", 1, 1), ("A2", 2, 1), ("A2a", 3, 1), ("C", 0, 3),
    ]  # fmt: skip
    assert await authors.version(grown.course) != version
    moved = number(grown["A2"])
    (entry,) = [entry for entry in await authors.audited("module.move") if entry[1] == moved]
    assert entry[2:] == (
        {"parent_module_id": number(grown["A"]), "sequence_index": 2},
        {"parent_module_id": number(grown["B1"]), "sequence_index": 1},
    )
    assert await owner.fetchval("SELECT version FROM modules WHERE id = $1", number(grown["A3"])) == 1
    await authors.sent(MOVE, {"moduleId": grown["B1"], "parentId": None, "position": 1})
    assert await grown.tree() == [
        ("B1", 0, 1), ("A2", 1, 1), ("A2a", 2, 1), ("A", 0, 2), ("A1", 1, 1), ("A3", 1, 2), ("B", 0, 3), ("C", 0, 4),
    ]  # fmt: skip


async def test_moved_among_its_siblings(authors, grown, owner):
    for position, order in ((3, "A1 A3 A2"), (1, "A2 A1 A3"), (2, "A1 A2 A3")):
        payload = await authors.sent(MOVE, {"moduleId": grown["A2"], "position": position})
        assert (payload["module"]["sequenceIndex"], payload["module"]["version"]) == (position, 1)
        assert [title for title, depth, _ in await grown.tree() if depth == 1][:3] == order.split()
    state = await authors.state()
    for given in ({"position": 2}, {"position": 2, "parentId": grown["A"]}, {}, {"parentId": grown["A"]}):
        assert codes(await authors.sent(MOVE, {"moduleId": grown["A2"], **given})) == []
    assert await authors.state() == state


async def test_what_follows_from_where_it_is(authors, grown):
    await authors.sent(UNPUBLISH, {"moduleId": grown["B"]})
    assert await grown.shown() == ["A", "A1", "A2", "A2a", "A3", "C"]
    await authors.sent(MOVE, {"moduleId": grown["A2"], "parentId": grown["B1"]})
    assert await grown.shown() == ["A", "A1", "A3", "C"]
    await authors.sent(MOVE, {"moduleId": grown["B1"], "parentId": grown["C"]})
    assert await grown.shown() == ["A", "A1", "A3", "C", "B1", "A2", "A2a"]


async def test_where_it_can_not_be(authors, grown, owner):
    root = await Rows(owner).module(grown.course, title="R", module_type="course_root", sequence_index=9)
    elsewhere = await Grown(authors, await authors.course()).grow([("E", [])])
    deep = await Grown(authors, grown.course).grow([])
    above = grown.rows["C"]
    for level in range(1, 33):
        above = deep.rows[level] = await Rows(owner).module(grown.course, above, title=f"D{level}")
    await authors.sent(ARCHIVE, {"moduleId": grown["B"]})
    before = await authors.state()
    for given, code, path in (
        ({"moduleId": grown["A"], "parentId": grown["A2a"]}, "INVALID", ["parentId"]),
        ({"moduleId": grown["A"], "parentId": grown["A"]}, "INVALID", ["parentId"]),
        ({"moduleId": authors.id("Module", root["id"]), "parentId": grown["A"]}, "INVALID", ["parentId"]),
        ({"moduleId": grown["A"], "parentId": elsewhere["E"]}, "NOT_FOUND", ["parentId"]),
        ({"moduleId": grown["A"], "parentId": "no id"}, "NOT_FOUND", ["parentId"]),
        ({"moduleId": grown["A"], "parentId": grown["B1"]}, "CLOSED", ["parentId"]),
        ({"moduleId": grown["A1"], "parentId": deep[32]}, "LIMIT_REACHED", ["parentId"]),
        ({"moduleId": grown["A2"], "parentId": deep[31]}, "LIMIT_REACHED", ["parentId"]),
        ({"moduleId": grown["A1"], "position": 4}, "INVALID", ["position"]),
        ({"moduleId": grown["A1"], "parentId": grown["C"], "position": 3}, "INVALID", ["position"]),
        ({"moduleId": grown["A1"], "expectedVersion": 7}, "CONFLICT", ["expectedVersion"]),
    ):
        assert codes(await authors.sent(MOVE, given)) == [(code, path)], given
    assert await authors.state() == before
    assert codes(await authors.sent(MOVE, {"moduleId": grown["A1"], "parentId": deep[31]})) == []


# ---- reordered


async def test_reordered(authors, grown):
    payload = await authors.sent(
        REORDER, {"parentId": grown["A"], "moduleIds": [grown["A3"], grown["A1"], grown["A2"]]}
    )
    assert payload == {
        "modules": [{"title": title, "sequenceIndex": place} for place, title in enumerate(("A3", "A1", "A2"), 1)],
        "course": {"id": grown.id},
        "errors": [],
    }
    await authors.sent(REORDER, {"courseId": grown.id, "moduleIds": [grown[title] for title in "CAB"]})
    assert await grown.tree() == [
        ("C", 0, 1), ("A", 0, 2), ("A3", 1, 1), ("A1", 1, 2), ("A2", 1, 3), ("A2a", 2, 1), ("B", 0, 3), ("B1", 1, 1),
    ]  # fmt: skip
    of_module, of_course = (await authors.audited("modules.reorder"))[-2:]
    assert of_module == (
        "Module", number(grown["A"]),
        {"module_ids": [number(grown[title]) for title in ("A1", "A2", "A3")]},
        {"module_ids": [number(grown[title]) for title in ("A3", "A1", "A2")]},
    )  # fmt: skip
    assert (of_course[:2], of_course[3]) == (
        ("Course", grown.course["id"]), {"module_ids": [number(grown[title]) for title in "CAB"]})  # fmt: skip


async def test_reordered_where_the_first_is(authors, grown):
    assert codes(await authors.sent(REORDER, {"moduleIds": [grown[title] for title in ("A2", "A3", "A1")]})) == []
    assert [title for title, depth, _ in await grown.tree() if depth == 1][:3] == ["A2", "A3", "A1"]
    assert codes(await authors.sent(REORDER, {"moduleIds": []})) == [("INVALID", ["moduleIds"])]
    assert codes(await authors.sent(REORDER, {"moduleIds": ["no id", grown["A"]]})) == [("NOT_FOUND", ["moduleIds"])]
    both = {"moduleIds": [grown["A1"]], "parentId": grown["A"], "courseId": grown.id}
    assert codes(await authors.sent(REORDER, both)) == [("INVALID", ["parentId"])]


async def test_all_siblings_and_no_others_are_named(authors, grown):
    before = await authors.state()
    a1, a2, a3 = (grown[title] for title in ("A1", "A2", "A3"))
    for ids, code, path, said in (
        ([a1, a2, a3, grown["B1"]], "INVALID", ["moduleIds", "3"], "none of the modules there"),
        ([a1, a2, a3, "no id"], "INVALID", ["moduleIds", "3"], "none of the modules there"),
        ([a1, a2, a1], "INVALID", ["moduleIds", "0"], "more than once"),
        ([a3, a1], "CONFLICT", ["moduleIds"], f"missing: {a2}"),
        ([], "CONFLICT", ["moduleIds"], f"missing: {a1}, {a2}, {a3}"),
    ):
        payload = await authors.sent(REORDER, {"parentId": grown["A"], "moduleIds": ids})
        assert codes(payload) == [(code, path)]
        assert said in payload["errors"][0]["message"]
    assert await authors.state() == before


# ---- published and archived


async def test_published_and_taken_back(authors, owner):
    grown = await Grown(authors, await authors.course(is_published=True)).grow(SKETCH, is_published=False)
    payload = await authors.sent(PUBLISH, {"moduleId": grown["A2"]})
    assert payload["module"] == {"isPublished": True, "effectivePublished": False}
    assert payload["changedCount"] == 1
    payload = await authors.sent(PUBLISH, {"moduleId": grown["A"], "subtree": True})
    assert payload == {"module": {"isPublished": True, "effectivePublished": True}, "changedCount": 4, "errors": []}
    assert await grown.shown() == ["A", "A1", "A2", "A2a", "A3"]
    entries = (await authors.audited("module.publish"))[-4:]
    assert [entry[1] for entry in entries] == [number(grown[title]) for title in ("A", "A1", "A2a", "A3")]
    assert {(str(before), str(after)) for _, _, before, after in entries} == {
        ("{'version': 1, 'is_published': False}", "{'version': 2, 'is_published': True}")
    }
    state = await authors.state()
    assert (await authors.sent(PUBLISH, {"moduleId": grown["A"], "subtree": True}))["changedCount"] == 0
    assert await authors.state() == state
    assert (await authors.sent(UNPUBLISH, {"moduleId": grown["A"]}))["changedCount"] == 1
    assert await grown.shown() == []
    assert (await authors.sent(UNPUBLISH, {"moduleId": grown["A"], "subtree": True}))["changedCount"] == 4


READ = "query($id: ID!) { module(id: $id) { title archivedAt } }"


async def test_archived_and_restored(authors, api, owner):
    grown = await Grown(authors, await authors.course(is_published=True)).grow(SKETCH)
    await authors.sent(ARCHIVE, {"moduleId": grown["A3"]})
    payload = await authors.sent(ARCHIVE, {"moduleId": grown["A"], "expectedVersion": 1})
    assert payload["changedCount"] == 4
    assert payload["module"]["archivedAt"] is not None
    assert (payload["module"]["isPublished"], payload["module"]["effectivePublished"]) == (False, False)
    assert await grown.shown() == ["B", "B1", "C"]
    student, instructor = authors.world.people["student"], authors.world.people["instructor"]
    assert await api.data(READ, {"id": grown["A1"]}, user=student) == {"module": None}
    seen = (await api.data(READ, {"id": grown["A1"]}, user=instructor))["module"]
    assert seen == {"title": "A1", "archivedAt": payload["module"]["archivedAt"]}

    for mutation, title in ((PUBLISH, "A"), (PUBLISH, "A1"), (RESTORE, "A1")):
        assert codes(await authors.sent(mutation, {"moduleId": grown[title]})) == [("CLOSED", ["moduleId"])]
    new = {"parentId": grown["A2"], "moduleType": "UNIT", "title": "x"}
    assert codes(await authors.sent(CREATE, new)) == [("CLOSED", ["parentId"])]
    state = await authors.state()
    assert (await authors.sent(ARCHIVE, {"moduleId": grown["A"]}))["changedCount"] == 0
    assert (await authors.sent(RESTORE, {"moduleId": grown["B"]}))["changedCount"] == 0
    assert await authors.state() == state

    payload = await authors.sent(RESTORE, {"moduleId": grown["A"]})
    assert payload == {
        "module": {"isPublished": False, "effectivePublished": False, "archivedAt": None},
        "changedCount": 4, "errors": [],
    }  # fmt: skip
    archived = await owner.fetch("SELECT title FROM modules WHERE course_id = $1 AND archived_at IS NOT NULL",
                                 grown.course["id"])  # fmt: skip
    assert [row["title"] for row in archived] == ["A3"]  # which was put away before
    assert (await authors.sent(PUBLISH, {"moduleId": grown["A"], "subtree": True}))["changedCount"] == 4
    assert await grown.shown() == ["A", "A1", "A2", "A2a", "B", "B1", "C"]
    assert codes(await authors.sent(PUBLISH, {"moduleId": grown["A3"]})) == [("CLOSED", ["moduleId"])]


async def test_an_import_does_not_show_what_is_archived(authors, grown, owner):
    await authors.sent(ARCHIVE, {"moduleId": grown["A"]})
    await owner.execute("UPDATE modules SET is_published = true WHERE course_id = $1", grown.course["id"])
    await authors.sent(UPDATE, {"moduleId": grown["C"], "title": "C."})
    await authors.sent(PUBLISH, {"moduleId": grown["B"]})
    await authors.sent(UNPUBLISH, {"moduleId": grown["B"]})
    assert await grown.shown() == ["C."]


# ---- deleted


async def test_deleted_with_all_below_it_and_in_it(authors, grown, owner):
    rows = Rows(owner)
    tenant = {"university_id": authors.university_id}
    item = await rows.item(grown.rows["A2a"], "assignment", title="Gone")
    of_item = {**tenant, "content_item_id": item["id"]}
    criterion = await rows.add(
        "rubric_criteria", **of_item, course_id=grown.course["id"], position=1, title="x", points=1
    )
    await rows.add("rubric_ratings", **tenant, criterion_id=criterion["id"], position=1, title="x", points=1)
    await rows.add("content_item_revisions", **of_item, revision=1, title="x", data_json={})
    for entity, row in (("module", grown.rows["A2"]), ("content_item", item)):
        await rows.add("external_keys", **tenant, system="olx", entity=entity, external_id=f"x{row['id']}",
                       entity_id=row["id"])  # fmt: skip
    version = await authors.version(grown.course)
    payload = await authors.sent(DELETE, {"moduleId": grown["A2"], "expectedVersion": 1})
    assert payload == {
        "deletedModuleId": grown["A2"], "deletedModules": 2, "deletedItems": 1, "course": {"id": grown.id},
        "errors": [],
    }  # fmt: skip
    assert (await grown.tree())[:3] == [("A", 0, 1), ("A1", 1, 1), ("A3", 1, 2)]
    assert await authors.version(grown.course) != version
    (entry,) = [entry for entry in await authors.audited("item.delete") if entry[1] == item["id"]]
    assert (entry[3], entry[2]["title"], entry[2]["data_json"]["max_points"]) == (None, "Gone", 20)
    entries = [entry for entry in await authors.audited("module.delete") if entry[2]["course_id"] == grown.course["id"]]
    assert sorted(entry[1] for entry in entries) == sorted(grown.rows[title]["id"] for title in ("A2", "A2a"))
    gone = [grown.rows["A2"]["id"], item["id"]]
    left = await owner.fetchval("SELECT count(*) FROM external_keys WHERE entity_id = ANY($1) AND system = 'olx'", gone)
    assert left == await owner.fetchval("SELECT count(*) FROM rubric_criteria WHERE content_item_id = $1", gone[1]) == 0
    again = await authors.sent(DELETE, {"moduleId": grown["A2"]})
    assert codes(again) == [("NOT_FOUND", ["moduleId"])]


async def test_nothing_is_deleted_that_records_hang_on(authors, world, owner):
    lesson = world.alpha["lesson"]["id"]
    before = await authors.state()
    payload = await authors.sent(DELETE, {"moduleId": authors.id("Module", lesson)})
    assert codes(payload) == [("CLOSED", ["moduleId"])]
    items, counted = "SELECT id FROM content_items WHERE module_id = $1", {}
    for records, among in ((OF_ITEMS, f"content_item_id IN ({items})"), (OF_MODULES, "module_id = $1")):
        for name, model in records.items():
            number = await owner.fetchval(f"SELECT count(*) FROM {model.__tablename__} WHERE {among}", lesson)
            counted[name] = counted.get(name, 0) + number
    said = ", ".join(f"{number} {name}" for name, number in counted.items() if number)
    assert said.count(",") == 5
    assert payload["errors"][0]["message"] == HANGS.format(said)
    assert await authors.state() == before


HANGS = "this can't be deleted for what hangs on it ({}): archive it with archiveModule"


@pytest.mark.parametrize(
    ("name", "model", "column"),
    [(name, model, "content_item_id") for name, model in OF_ITEMS.items()]
    + [(name, model, "module_id") for name, model in OF_MODULES.items()],
    ids=str,
)
async def test_one_row_of_any_kind_is_enough(authors, grown, owner, world, name, model, column):
    """One learner's row refers to a module or an item of it; what the row says otherwise does not matter."""
    rows, course_id = Rows(owner), grown.course["id"]
    item = await rows.item(grown.rows["A2a"], KINDS_OF.get(name, "assignment"))
    offering = await owner.fetchval("SELECT id FROM course_offerings WHERE course_id = $1", course_id)
    tenant = {"university_id": authors.university_id}
    here = {**tenant, "course_id": course_id, "course_offering_id": offering}
    student = world.people["student"]
    await rows.add("course_enrollments", **tenant, course_offering_id=offering, user_id=student)
    referred = grown.rows["A2a"] if column == "module_id" else item
    await rows.add(model.__tablename__, **here, **{column: referred["id"]}, **MORE[name](student))
    before = await authors.state()
    payload = await authors.sent(DELETE, {"moduleId": grown["A"]})
    assert payload["errors"][0]["message"] == HANGS.format(f"1 {name}")
    assert await authors.state() == before


KINDS_OF = {"quiz attempts": "quiz"}
MORE = {
    "quiz attempts": lambda user: {"user_id": user},
    "submissions": lambda user: {"user_id": user, "content_type": "assignment"},
    "uploads": lambda user: {"user_id": user, "file_name": "x", "media_type": "application/pdf", "size_bytes": 1,
                             "expires_at": FAR},
    "records of progress": lambda user: {"user_id": user, "progress_percent": 1},
    "exemptions": lambda user: {"user_id": user, "reason": "ill", "excused_by": user},
    "settings of offerings": lambda user: {"due_at": FAR},
    "threads": lambda user: {"created_by_user_id": user, "title": "x"},
}  # fmt: skip


async def test_all_that_refers_to_modules_and_items_is_known(owner):
    """A new table with a reference to them must be named among what keeps them, or go with them."""
    found = await owner.fetch("""
        SELECT conrelid::regclass::text AS name FROM pg_constraint
        WHERE contype = 'f' AND confrelid IN ('modules'::regclass, 'content_items'::regclass) AND confdeltype <> 'c'
    """)
    known = {model.__tablename__ for model in (*OF_ITEMS.values(), *OF_MODULES.values(), *PARTS)}
    assert {row["name"] for row in found} - {"modules", "content_items"} == known
