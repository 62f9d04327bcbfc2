"""What was made from a template, brought up to date: what was changed by hand stays."""

import json

import pytest

from lms_graphql.engine.relay import GlobalId, parse_global_id
from lms_graphql.templates.reading import Root
from lms_graphql.templates.syncing import brought_up_to_date
from tests.changing.templating import (
    ARCHIVE,
    EVERYWHERE,
    INSTANTIATE,
    PUBLISH,
    RESTORE,
    SYNC,
    UPDATE,
    Templates,
    article,
    item,
    module,
    stored,
)
from tests.world import Rows


@pytest.fixture
def templates(api, world, owner):
    return Templates(api, world, owner)


def told(payload):
    """The results in short: title, field, drift and outcome."""
    return [(row["title"], row["field"], row["drift"], row["outcome"]) for row in payload["results"]]


def drifted(node):
    return [(row["title"], row["field"], row["kind"]) for row in node["templateDrift"]]


async def number_of(templates, table, course, title):
    return await templates.owner.fetchval(
        f"SELECT id FROM {table} WHERE course_id = $1 AND title = $2", course["id"], title
    )


async def test_a_module_made_from_it_is_what_it_says(templates):
    template, course = await templates.published(), await templates.course()
    made = await templates.instance(template, course)
    assert await templates.whole(course) == [
        (0, "Week", ["Read me"]),
        (1, "Monday", ["Forces", "Notes"]),
        (1, "Tuesday", ["Energy"]),
    ]
    assert await templates.drift(made) == {"templateVersion": {"version": 1}, "templateDrift": []}
    keys = await templates.keys(template)
    rows = await templates.owner.fetch(
        "SELECT title, template_node, template_version, is_published FROM modules WHERE course_id = $1", course["id"]
    )
    assert {tuple(row) for row in rows} == {
        ("Week", keys["Week"], 1, False),
        ("Monday", keys["Monday"], None, False),
        ("Tuesday", keys["Tuesday"], None, False),
    }
    payload = await templates.sync(made)
    assert (payload["version"], payload["results"], payload["isDryRun"]) == (1, [], False)


async def test_what_the_template_changes_follows_and_what_was_changed_by_hand_stays(templates):
    template, course = await templates.published(), await templates.course()
    made = await templates.instance(template, course)
    owner = templates.owner
    forces, energy = [await number_of(templates, "content_items", course, one) for one in ("Forces", "Energy")]
    await owner.execute("UPDATE content_items SET title = 'Our forces' WHERE id = $1", forces)
    await owner.execute("UPDATE modules SET title = 'Our week' WHERE title = 'Week' AND course_id = $1", course["id"])
    assert drifted(await templates.drift(made)) == [
        ("Our week", "TITLE", "CUSTOMISED"),
        ("Our forces", "TITLE", "CUSTOMISED"),
    ]
    keys = await templates.keys(template)
    await templates.change(
        template,
        {"changeItem": {"key": keys["Forces"], "title": "Forces II", "payload": article("Push more.")}},
        {"changeItem": {"key": keys["Energy"], "estimatedDurationSeconds": 90, "description": "Work and heat."}},
        {"changeModule": {"key": keys["Tuesday"], "title": "Tue", "moduleType": "LAB"}},
        {"addItem": {"moduleKey": keys["Monday"], "position": 1, "item": item("Quick look", "Look.")}},
        {"addModule": {"parentKey": keys["Week"], "position": 2, "module": module("Noon", item("Lunch", "Eat."))}},
    )
    assert await templates.publish(template) == 2
    version = await templates.version(course)
    expected = [
        ("Our week", "TITLE", "CUSTOMISED", "KEPT"),
        ("Quick look", "NODE", "ADDED", "ADDED"),
        ("Our forces", "TITLE", "BOTH", "KEPT"),
        ("Our forces", "PAYLOAD", "OUTDATED", "FOLLOWED"),
        ("Noon", "NODE", "ADDED", "ADDED"),
        ("Lunch", "NODE", "ADDED", "ADDED"),
        ("Tuesday", "TITLE", "OUTDATED", "FOLLOWED"),
        ("Tuesday", "MODULE_TYPE", "OUTDATED", "FOLLOWED"),
        ("Energy", "DESCRIPTION", "OUTDATED", "FOLLOWED"),
        ("Energy", "ESTIMATED_DURATION_SECONDS", "OUTDATED", "FOLLOWED"),
    ]
    before = await templates.state()
    dry = await templates.sync(made, dryRun=True)
    assert (told(dry), dry["isDryRun"], dry["module"]) == (expected, True, {"templateVersion": {"version": 1}})
    assert await templates.state() == before
    assert [(*one[:2], one[2]) for one in told(dry)] == drifted(await templates.drift(made))
    payload = await templates.sync(made)
    assert payload["results"] == dry["results"]
    assert payload["module"] == {"templateVersion": {"version": 2}}
    assert await templates.whole(course) == [
        (0, "Our week", ["Read me"]),
        (1, "Monday", ["Quick look", "Our forces", "Notes"]),
        (1, "Noon", ["Lunch"]),
        (1, "Tue", ["Energy"]),
    ]
    row = await owner.fetchrow("SELECT * FROM content_items WHERE id = $1", forces)
    assert (row["title"], row["revision"]) == ("Our forces", 3)
    assert json.loads(row["data_json"])["blocks"] == [{"type": "paragraph", "text": "Push more."}]
    former = await owner.fetchrow(
        "SELECT * FROM content_item_revisions WHERE content_item_id = $1 AND revision = 2", forces
    )
    assert former["title"] == "Our forces"
    assert former["changed_by"] == templates.world.people["instructor"]
    assert len(json.loads(former["data_json"])["blocks"]) == 2
    row = await owner.fetchrow("SELECT * FROM content_items WHERE id = $1", energy)
    assert (row["description"], row["estimated_duration_seconds"], row["revision"]) == ("Work and heat.", 90, 2)
    assert await templates.version(course) != version
    # A second time nothing is left to do, and what was done by hand is still told.
    before = await templates.state()
    payload = await templates.sync(made)
    assert told(payload) == [
        ("Our week", "TITLE", "CUSTOMISED", "KEPT"),
        ("Our forces", "TITLE", "CUSTOMISED", "KEPT"),
    ]
    assert await templates.state() == before


async def test_what_is_moved_and_ordered_otherwise(templates):
    template, course = await templates.published(), await templates.course()
    made = await templates.instance(template, course)
    keys = await templates.keys(template)
    await templates.change(
        template,
        {"move": {"key": keys["Tuesday"], "position": 1}},
        {"move": {"key": keys["Notes"], "parentKey": keys["Tuesday"], "position": 1}},
        {"move": {"key": keys["Monday"], "parentKey": keys["Tuesday"]}},
    )
    await templates.publish(template)
    payload = await templates.sync(made)
    assert told(payload) == [
        ("Notes", "PARENT", "OUTDATED", "FOLLOWED"),
        ("Monday", "PARENT", "OUTDATED", "FOLLOWED"),
    ]
    assert await templates.whole(course) == [
        (0, "Week", ["Read me"]),
        (1, "Tuesday", ["Notes", "Energy"]),
        (2, "Monday", ["Forces"]),
    ]
    await templates.change(
        template,
        {"move": {"key": keys["Monday"], "parentKey": keys["Week"], "position": 1}},
        {"move": {"key": keys["Energy"], "position": 1}},
    )
    await templates.publish(template)
    payload = await templates.sync(made)
    assert told(payload) == [
        ("Monday", "PARENT", "OUTDATED", "FOLLOWED"),
        ("Tuesday", "ITEM_ORDER", "OUTDATED", "FOLLOWED"),
    ]
    assert await templates.whole(course) == [
        (0, "Week", ["Read me"]),
        (1, "Monday", ["Forces"]),
        (1, "Tuesday", ["Energy", "Notes"]),
    ]
    assert (await templates.sync(made))["results"] == []


async def test_what_the_template_no_longer_has(templates, owner, world):
    """Deleted; hidden where there are records; kept where it was changed by hand, or something by hand lies in it."""
    tree = module(
        "Top",
        *(item(name, "x") for name in ("Gone", "Learnt", "Changed", "Stays")),
        module("Empty", item("With it", "x")),
        module("With ours", item("Old", "x")),
        module("Hidden", item("Met", "x")),
    )
    template, course = await templates.published(tree), await templates.course()
    made = await templates.instance(template, course)
    numbers = {
        row["title"]: row["id"]
        for row in await owner.fetch("SELECT id, title FROM content_items WHERE course_id = $1", course["id"])
    }
    offering = await owner.fetchval("SELECT id FROM course_offerings WHERE course_id = $1", course["id"])
    rows, tenant = Rows(owner), {"university_id": templates.university_id, "course_id": course["id"]}
    student = {"user_id": world.people["student"], "course_offering_id": offering}
    await rows.add("course_enrollments", university_id=templates.university_id, **student)
    for name in ("Learnt", "Met"):
        await rows.add("user_content_progress", **tenant, **student, content_item_id=numbers[name])
    await owner.execute("UPDATE content_items SET description = 'Ours' WHERE id = $1", numbers["Changed"])
    ours = await number_of(templates, "modules", course, "With ours")
    await rows.add(
        "content_items",
        **{**tenant, "module_id": ours, "content_type": "text", "title": "By hand", "sequence_index": 2},
        data_json={},
    )
    keys = await templates.keys(template)
    gone = ("Gone", "Learnt", "Changed", "Empty", "With ours", "Hidden")
    await templates.change(template, *({"remove": {"key": keys[name]}} for name in gone))
    await templates.publish(template)
    dry = await templates.sync(made, dryRun=True)
    payload = await templates.sync(made)
    assert payload["results"] == dry["results"]
    assert {(row["title"], row["outcome"]) for row in payload["results"]} == {
        *{("Gone", "DELETED"), ("Learnt", "RETIRED"), ("Changed", "KEPT")},
        *{("Empty", "DELETED"), ("With it", "DELETED")},
        *{("With ours", "KEPT"), ("Old", "DELETED"), ("Hidden", "RETIRED"), ("Met", "RETIRED")},
    }
    assert await templates.whole(course) == [
        (0, "Top", ["Learnt", "Changed", "Stays"]),
        (1, "With ours", ["By hand"]),
        (1, "Hidden", ["Met"]),
    ]
    found = await owner.fetch(
        "SELECT title, is_active, template_node FROM content_items WHERE course_id = $1", course["id"]
    )
    assert {tuple(row) for row in found} == {
        *{("Learnt", False, None), ("Changed", True, None), ("Stays", True, keys["Stays"])},
        *{("By hand", True, None), ("Met", False, None)},
    }
    assert (await templates.sync(made))["results"] == []


async def test_what_was_taken_out_by_hand_stays_out(templates, owner):
    template, course = await templates.published(), await templates.course()
    made = await templates.instance(template, course)
    await owner.execute("DELETE FROM content_items WHERE course_id = $1 AND title = 'Notes'", course["id"])
    tuesday = await number_of(templates, "modules", course, "Tuesday")
    await owner.execute("DELETE FROM content_items WHERE module_id = $1", tuesday)
    await owner.execute("DELETE FROM modules WHERE id = $1", tuesday)
    keys = await templates.keys(template)
    await templates.change(
        template,
        {"changeItem": {"key": keys["Notes"], "title": "Better notes"}},
        {"addItem": {"moduleKey": keys["Tuesday"], "item": item("New", "x")}},
        {"move": {"key": keys["Forces"], "parentKey": keys["Tuesday"]}},
    )
    await templates.publish(template)
    payload = await templates.sync(made)
    assert told(payload) == [
        ("Better notes", "NODE", "CUSTOMISED", "KEPT"),
        ("Tuesday", "NODE", "CUSTOMISED", "KEPT"),
        ("Energy", "NODE", "CUSTOMISED", "KEPT"),
        ("New", "NODE", "CUSTOMISED", "KEPT"),
        ("Forces", "PARENT", "OUTDATED", "KEPT"),
    ]
    assert await templates.whole(course) == [(0, "Week", ["Read me"]), (1, "Monday", ["Forces"])]


async def test_new_modules_are_as_published_as_what_they_come_below(templates, owner):
    template, course = await templates.published(), await templates.course()
    made = await templates.instance(template, course)
    await owner.execute(
        "UPDATE modules SET is_published = true, effective_published = true WHERE course_id = $1 AND title <> 'Monday'",
        course["id"],
    )
    keys = await templates.keys(template)
    await templates.change(
        template,
        {"addModule": {"parentKey": keys["Tuesday"], "module": module("Seen", module("Seen too"))}},
        {"addModule": {"parentKey": keys["Monday"], "module": module("Unseen")}},
    )
    await templates.publish(template)
    await templates.sync(made)
    found = await owner.fetch(
        "SELECT title, is_published, effective_published FROM modules WHERE course_id = $1 AND title LIKE '%een%'",
        course["id"],
    )
    assert {tuple(row) for row in found} == {
        *{("Seen", True, True), ("Seen too", True, True), ("Unseen", False, False)},
    }


async def test_a_quiz_without_a_pool_leaves_the_pool_to_the_course(templates, owner):
    quiz = {"title": "Quiz", "payload": {"quiz": {"quizMode": "PRACTICE"}}}
    template, course = await templates.published(module("Top", quiz)), await templates.course()
    made = await templates.instance(template, course)
    await owner.execute(
        "UPDATE content_items SET data_json = data_json || '{\"question_pool_id\": 7}' WHERE course_id = $1",
        course["id"],
    )
    assert (await templates.drift(made))["templateDrift"] == []
    keys = await templates.keys(template)
    await templates.change(template, {"changeItem": {"key": keys["Quiz"], "payload": {"quiz": {"quizMode": "EXAM"}}}})
    await templates.publish(template)
    assert told(await templates.sync(made)) == [("Quiz", "PAYLOAD", "OUTDATED", "FOLLOWED")]
    data = json.loads(await owner.fetchval("SELECT data_json FROM content_items WHERE course_id = $1", course["id"]))
    assert (data["quiz_mode"], data["question_pool_id"]) == ("exam", 7)


async def test_it_can_be_brought_to_any_version(templates):
    template, course = await templates.published(), await templates.course()
    made = await templates.instance(template, course)
    keys = await templates.keys(template)
    await templates.change(template, {"remove": {"key": keys["Monday"]}})
    await templates.publish(template)
    await templates.sync(made)
    assert await templates.whole(course) == [(0, "Week", ["Read me"]), (1, "Tuesday", ["Energy"])]
    payload = await templates.sync(made, version=1)
    assert payload["module"] == {"templateVersion": {"version": 1}}
    assert await templates.whole(course) == [
        (0, "Week", ["Read me"]),
        (1, "Monday", ["Forces", "Notes"]),
        (1, "Tuesday", ["Energy"]),
    ]
    refused = await templates.sent(SYNC, {"moduleId": made, "version": 9})
    assert [(error["code"], error["path"]) for error in refused["errors"]] == [("NOT_FOUND", ["input", "version"])]


async def test_the_audit_log_tells_every_row(templates):
    template, course = await templates.published(), await templates.course()
    made = await templates.instance(template, course)
    keys = await templates.keys(template)
    energy = await number_of(templates, "content_items", course, "Energy")
    notes = await number_of(templates, "content_items", course, "Notes")
    forces = await number_of(templates, "content_items", course, "Forces")
    monday = await number_of(templates, "modules", course, "Monday")
    tuesday = await number_of(templates, "modules", course, "Tuesday")
    await templates.change(
        template,
        {"changeItem": {"key": keys["Energy"], "title": "Heat"}},
        {"move": {"key": keys["Energy"], "parentKey": keys["Monday"], "position": 1}},
        {"remove": {"key": keys["Notes"]}},
        {"addModule": {"parentKey": keys["Tuesday"], "module": module("Noon", item("Lunch", "Eat."))}},
    )
    await templates.publish(template)
    since = await templates.owner.fetchval("SELECT max(id) FROM audit_log")
    await templates.sync(made)
    rows = await templates.owner.fetch("SELECT * FROM audit_log WHERE id > $1 ORDER BY id", since)
    entries = {
        (row["act"], row["entity_id"]): tuple(
            None if row[name] is None else json.loads(row[name]) for name in ("old_values", "new_values")
        )
        for row in rows
    }
    noon = await number_of(templates, "modules", course, "Noon")
    lunch = await number_of(templates, "content_items", course, "Lunch")
    week = int(await templates.owner.fetchval("SELECT id FROM modules WHERE template_node = $1", keys["Week"]))
    created, eaten = entries.pop(("module.create", noon)), entries.pop(("item.create", lunch))
    synced = entries.pop(("template.sync", week))
    gone = entries.pop(("item.delete", notes))
    week_after, monday_after, tuesday_after, noon_after = (
        entries.pop((act, number), None)
        for act, number in (
            ("modules.reorder", week),
            ("item.reorder", monday),
            ("modules.reorder", tuesday),
            ("item.reorder", noon),
        )
    )
    assert entries == {
        ("item.update", energy): ({"title": "Energy", "revision": 1}, {"title": "Heat", "revision": 2}),
        ("item.move", energy): (
            {"module_id": tuesday, "sequence_index": 1},
            {"module_id": monday, "sequence_index": 1},
        ),
    }
    assert (week_after, monday_after, tuesday_after, noon_after) == (
        None,
        ({"content_item_ids": [forces, notes]}, {"content_item_ids": [energy, forces]}),
        ({"module_ids": []}, {"module_ids": [noon]}),
        ({"content_item_ids": []}, {"content_item_ids": [lunch]}),
    )
    assert (gone[0]["title"], gone[0]["data_json"], gone[1]) == ("Notes", stored("Text."), None)
    assert (created[1]["parent_module_id"], created[1]["sequence_index"], created[1]["depth"]) == (tuesday, 1, 2)
    assert (eaten[1]["module_id"], eaten[1]["data_json"]["blocks"][0]["text"]) == (noon, "Eat.")
    assert (synced[0], synced[1]["template_version"], len(synced[1]["results"])) == ({"template_version": 1}, 2, 5)


async def test_what_follows_no_template(templates, world):
    lesson = templates.id("Module", world.alpha["hidden"]["id"])
    payload = await templates.sent(SYNC, {"moduleId": lesson})
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("INVALID", ["input", "moduleId"])]


async def statements_of(templates, size):
    """How many statements a sync has that adds, changes, moves and removes so many of everything, and drift."""
    nodes = [module(f"M{number}", item(f"I{number}")) for number in range(size)]
    template = await templates.published(module("Top", module("A", *nodes), module("B")))
    course = await templates.course()
    made = await templates.instance(template, course)
    keys = await templates.keys(template)
    changes = [
        *({"changeItem": {"key": keys[f"I{number}"], "title": "Other"}} for number in range(size)),
        *({"changeModule": {"key": keys[f"M{number}"], "title": "Other"}} for number in range(size)),
        *({"move": {"key": keys[f"M{number}"], "parentKey": keys["B"]}} for number in range(size // 2)),
        *({"remove": {"key": keys[f"M{number}"]}} for number in range(size // 2, size)),
        *({"addModule": {"parentKey": keys["A"], "module": module("New", item("New"))}} for _ in range(size)),
    ]
    await templates.change(template, *changes)
    await templates.publish(template)
    drift = await templates.drift(made)
    read = len(templates.api.statements)
    async with templates.work() as (work, transaction):
        root = Root(parse_global_id(made).id, course["id"], parse_global_id(template).id, 1, 2)
        before = transaction.statements
        synced = await brought_up_to_date(work, root)
        count = transaction.statements - before
    assert len(synced.results) == len(drift["templateDrift"])
    assert (await templates.sync(made))["results"] == []
    return count, read, len(synced.results)


async def test_as_many_statements_for_many_as_for_few(templates):
    few, read_few, results_few = await statements_of(templates, 2)
    many, read_many, results_many = await statements_of(templates, 20)
    assert (few, read_few) == (many, read_many) == (35, 6)
    assert results_many > 5 * results_few


async def test_what_is_anothers_is_not_there(templates, world):
    """A template of BETA, as one that is nowhere; and a module that was made from one there."""
    course = await templates.course()
    theirs = str(GlobalId("ModuleTemplate", world.beta["template"]["id"]))
    nowhere = str(GlobalId("ModuleTemplate", 999_999))
    for document, given in (
        (INSTANTIATE, {"courseId": templates.id("Course", course["id"])}),
        (EVERYWHERE, {}),
        (UPDATE, {"changes": []}),
        (PUBLISH, {}),
        (ARCHIVE, {}),
        (RESTORE, {}),
    ):
        found = [await templates.sent(document, {**given, "templateId": text}, "admin") for text in (theirs, nowhere)]
        assert found[0] == found[1]
        assert [(error["code"], error["path"]) for error in found[0]["errors"]] == [
            ("NOT_FOUND", ["input", "templateId"])
        ]
    module_id = str(GlobalId("Module", world.beta["lesson"]["id"], world.beta.university["id"]))
    payload = await templates.sent(SYNC, {"moduleId": module_id}, "admin")
    assert [error["code"] for error in payload["errors"]] == ["NOT_FOUND"]
