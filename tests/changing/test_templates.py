"""Templates: created, drafted, published, archived, and made into modules of courses."""

import itertools
import json

import pytest

from lms_graphql.engine.relay import GlobalId
from tests.changing.templating import (
    ARCHIVE,
    CREATE,
    DRAFT,
    EVERYWHERE,
    INSTANTIATE,
    PUBLISH,
    RESTORE,
    SYNC,
    UPDATE,
    WEEK,
    Templates,
    item,
    module,
    stored,
)
from tests.world import Rows


@pytest.fixture
def templates(api, world, owner):
    return Templates(api, world, owner)


async def draft(templates, template, user="admin"):
    data = await templates.api.data(DRAFT, {"id": template}, user=templates.world.people[user])
    nodes = data["node"]["draft"]
    for node in nodes or ():
        text = node.pop("payloadJson")
        node["payload"] = text and json.loads(text)
    return nodes


async def test_a_tree_is_a_draft_until_it_is_published(templates):
    payload = await templates.sent(CREATE, {"module": WEEK}, "admin")
    template = payload["template"]["id"]
    assert payload == {
        "template": {
            "id": template,
            "editVersion": 1,
            "title": "Week",
            "templateType": "UNIT",
            "latestVersion": None,
        },
        "quizzesWithoutPool": [],
        "errors": [],
    }
    nodes = await draft(templates, template)
    keys = [node["key"] for node in nodes]
    assert len(set(keys)) == 7
    assert [(node["title"], keys.index(node["parentKey"]) if node["parentKey"] else None) for node in nodes] == [
        *[("Week", None), ("Read me", 0), ("Monday", 0), ("Forces", 2), ("Notes", 2), ("Tuesday", 0), ("Energy", 5)],
    ]
    assert nodes[0] == {
        "key": keys[0],
        "kind": "MODULE",
        "parentKey": None,
        "moduleType": "UNIT",
        "contentKind": None,
        "title": "Week",
        "description": "A week.",
        "estimatedDurationSeconds": None,
        "payload": None,
    }
    assert nodes[3] == {
        "key": keys[3],
        "kind": "ITEM",
        "parentKey": keys[2],
        "moduleType": None,
        "contentKind": "TEXT",
        "title": "Forces",
        "description": None,
        "estimatedDurationSeconds": None,
        "payload": stored("Push.", "Pull."),
    }
    payload = await templates.sent(PUBLISH, {"templateId": template, "notes": " First. "}, "admin")
    assert payload["template"]["latestVersion"] == {"version": 1, "nodeCount": 7}
    assert payload["version"]["notes"] == "First."
    assert [node["key"] for node in payload["version"]["tree"]] == keys
    assert await draft(templates, template) is None
    payload = await templates.sent(PUBLISH, {"templateId": template}, "admin")
    assert [error["code"] for error in payload["errors"]] == ["CLOSED"]


async def test_a_draft_is_changed_step_by_step(templates):
    template = await templates.published()
    keys = await templates.keys(template)
    await templates.change(
        template,
        {"changeModule": {"key": keys["Week"], "title": " Fortnight ", "description": None}},
        {"addModule": {"parentKey": keys["Week"], "position": 1, "module": module("Sunday", item("Rest"))}},
        {"addItem": {"moduleKey": keys["Monday"], "position": 2, "item": item("Between", estimatedDurationSeconds=60)}},
        {"move": {"key": keys["Energy"], "parentKey": keys["Monday"], "position": 1}},
        {"remove": {"key": keys["Notes"]}},
    )
    nodes = await draft(templates, template)
    assert [(node["title"], node["parentKey"]) for node in nodes] == [
        ("Fortnight", None),
        ("Read me", keys["Week"]),
        ("Sunday", keys["Week"]),
        ("Rest", nodes[2]["key"]),
        ("Monday", keys["Week"]),
        *[(title, keys["Monday"]) for title in ("Energy", "Forces", "Between")],
        ("Tuesday", keys["Week"]),
    ]
    assert (nodes[0]["description"], nodes[7]["estimatedDurationSeconds"]) == (None, 60)
    # The template is called what its newest version is, until the next one is there.
    payload = await templates.sent(PUBLISH, {"templateId": template, "notes": "Longer."}, "admin")
    assert payload["template"]["title"] == "Fortnight"
    assert payload["template"]["latestVersion"] == {"version": 2, "nodeCount": 9}
    # Changes that come to nothing leave no draft.
    await templates.change(template, {"changeModule": {"key": keys["Week"], "title": "Month"}})
    await templates.change(template, {"changeModule": {"key": keys["Week"], "title": "Fortnight"}})
    assert await draft(templates, template) is None


def failed(payload):
    return [(error["code"], error["path"]) for error in payload["errors"]]


DEEP = module("deepest")
for _ in range(16):
    DEEP = module("deeper", DEEP)
BAD = [
    ({"remove": {"key": "none"}}, "NOT_FOUND", ["remove", "key"]),
    ({"remove": {"key": "Week"}}, "INVALID", ["remove", "key"]),
    ({"changeItem": {"key": "Monday", "title": "x"}}, "NOT_FOUND", ["changeItem", "key"]),
    ({"changeModule": {"key": "Forces", "title": "x"}}, "NOT_FOUND", ["changeModule", "key"]),
    ({"changeModule": {"key": "Monday", "title": " "}}, "INVALID", ["changeModule", "title"]),
    ({"changeModule": {"key": "Monday", "description": "x" * 20_001}}, "INVALID", ["changeModule", "description"]),
    ({"changeModule": {"key": "Monday", "description": "\0"}}, "INVALID", ["changeModule", "description"]),
    ({"changeItem": {"key": "Forces", "estimatedDurationSeconds": -1}}, "INVALID",
     ["changeItem", "estimatedDurationSeconds"]),
    ({"changeItem": {"key": "Forces", "payload": {"text": {"blocks": [{"math": {"latex": "{"}}]}}}}, "INVALID",
     ["changeItem", "payload", "text", "blocks", "0", "math", "latex"]),
    ({"changeItem": {"key": "Forces", "payload": {"quiz": {"quizMode": "EXAM"}}}}, "INVALID",
     ["changeItem", "payload", "quiz"]),
    ({"move": {"key": "Week", "position": 1}}, "INVALID", ["move", "key"]),
    ({"move": {"key": "Monday", "parentKey": "Forces"}}, "NOT_FOUND", ["move", "parentKey"]),
    ({"move": {"key": "Monday", "parentKey": "Monday"}}, "INVALID", ["move", "parentKey"]),
    ({"move": {"key": "Monday", "position": 3}}, "INVALID", ["move", "position"]),
    ({"move": {"key": "Forces", "position": 0}}, "INVALID", ["move", "position"]),
    ({"addItem": {"moduleKey": "Forces", "item": item("x")}}, "NOT_FOUND", ["addItem", "moduleKey"]),
    ({"addItem": {"moduleKey": "Monday", "position": 4, "item": item("x")}}, "INVALID", ["addItem", "position"]),
    ({"addItem": {"moduleKey": "Monday", "item": item("x" * 256)}}, "INVALID", ["addItem", "item", "title"]),
    ({"addModule": {"parentKey": "Monday", "module": module("x", module("y", item("\n")))}}, "INVALID",
     ["addModule", "module", "children", "0", "contentItems", "0", "title"]),
]  # fmt: skip


@pytest.mark.parametrize(("change", "code", "path"), BAD)
async def test_what_no_change_is(templates, change, code, path):
    template = await templates.published()
    keys = await templates.keys(template)
    ((name, wanted),) = change.items()
    known = {key: keys.get(value, value) if key.lower().endswith("key") else value for key, value in wanted.items()}
    good = {"changeModule": {"key": keys["Week"], "title": "Never kept"}}
    before = await state(templates)
    payload = await templates.sent(UPDATE, {"templateId": template, "changes": [good, {name: known}]}, "admin")
    assert failed(payload) == [(code, ["input", "changes", "1", *path])]
    assert await state(templates) == before


async def test_how_large_a_template_may_be(templates):
    payload = await templates.sent(CREATE, {"module": DEEP}, "admin")
    assert failed(payload) == [("LIMIT_REACHED", ["input", "module"])]
    payload = await templates.sent(CREATE, {"module": module("Top", *[module("x")] * 500)}, "admin")
    assert failed(payload) == [("LIMIT_REACHED", ["input", "module"])]
    template = await templates.created(module("Top", *[module("x")] * 499))
    keys = await templates.keys(template)
    change = {"addModule": {"parentKey": keys["Top"], "module": module("y")}}
    payload = await templates.sent(UPDATE, {"templateId": template, "changes": [change]}, "admin")
    assert failed(payload) == [("LIMIT_REACHED", ["input", "changes"])]
    change = {"changeModule": {"key": keys["Top"], "title": "y"}}
    payload = await templates.sent(UPDATE, {"templateId": template, "changes": [change] * 101}, "admin")
    assert failed(payload) == [("LIMIT_REACHED", ["input", "changes"])]


async def test_a_pool_must_be_shared(templates, world, owner):
    own = templates.id("QuestionPool", world.alpha["pool"]["id"])
    quiz = {"title": "Quiz", "payload": {"quiz": {"quizMode": "PRACTICE", "questionPoolId": own}}}
    payload = await templates.sent(CREATE, {"module": module("Top", quiz)}, "admin")
    place = ["input", "module", "contentItems", "0", "payload", "quiz", "questionPoolId"]
    assert failed(payload) == [("NOT_FOUND", place)]
    image = {"image": {"assetId": templates.id("Asset", 999_999), "altText": "x"}}
    picture = {"title": "Picture", "payload": {"text": {"blocks": [image]}}}
    payload = await templates.sent(CREATE, {"module": module("Top", picture)}, "admin")
    assert failed(payload) == [("NOT_FOUND", [*place[:5], "text", "blocks", "0", "image", "assetId"])]
    shared = await owner.fetchval(
        "INSERT INTO question_pools (university_id, title) VALUES ($1, 'Shared') RETURNING id", templates.university_id
    )
    quiz["payload"]["quiz"]["questionPoolId"] = templates.id("QuestionPool", shared)
    template = await templates.created(module("Top", quiz))
    assert (await draft(templates, template))[1]["payload"]["question_pool_id"] == shared


async def test_a_template_of_a_module(templates, world):
    """The lesson of the world: its quiz loses the pool of its course, and what is inactive is left out."""
    source = templates.id("Module", world.alpha["lesson"]["id"])
    payload = await templates.sent(CREATE, {"fromModuleId": source}, "admin")
    assert (payload["quizzesWithoutPool"], payload["errors"]) == ([world.alpha["quiz"]["title"]], [])
    nodes = await draft(templates, payload["template"]["id"])
    kinds = ("video", "quiz", "engineering_lab", "text", "assignment", "resource")
    assert [node["title"] for node in nodes] == ["Lesson 1", *(world.alpha[kind]["title"] for kind in kinds)]
    assert [node["contentKind"] for node in nodes[1:]] == [kind.upper() for kind in kinds]
    assert "question_pool_id" not in nodes[2]["payload"]
    # A lab's files are as they were: hidden ones too.
    assert [file["role"] for file in nodes[3]["payload"]["files"]] == ["student_visible", "hidden_test"]


async def test_exactly_one_source(templates, world):
    source = templates.id("Module", world.alpha["lesson"]["id"])
    for given in ({}, {"module": WEEK, "fromModuleId": source}):
        assert failed(await templates.sent(CREATE, given, "admin")) == [("INVALID", ["input"])]


async def test_versions_that_were_expected(templates):
    template = await templates.created()
    keys = await templates.keys(template)
    change = {"changeModule": {"key": keys["Week"], "title": "Other"}}
    given = {"templateId": template, "changes": [change], "expectedVersion": 1}
    assert (await templates.sent(UPDATE, given, "admin"))["template"]["editVersion"] == 2
    for document, more in ((UPDATE, given), (PUBLISH, {}), (ARCHIVE, {}), (RESTORE, {})):
        payload = await templates.sent(document, {**more, "templateId": template, "expectedVersion": 1}, "admin")
        ((error),) = payload["errors"]
        assert (error["code"], error["currentVersion"]) == ("CONFLICT", 2)


async def test_archived_and_restored(templates):
    template, course = await templates.published(), await templates.course()
    made = await templates.instance(template, course)
    archived = await templates.sent(ARCHIVE, {"templateId": template}, "admin")
    assert archived["template"]["archivedAt"] is not None
    given = {"templateId": template, "courseId": templates.id("Course", course["id"])}
    assert failed(await templates.sent(INSTANTIATE, given)) == [("CLOSED", ["input", "templateId"])]
    keys = await templates.keys(template)
    await templates.change(template, {"changeModule": {"key": keys["Week"], "title": "Still kept up"}})
    await templates.publish(template)
    assert len((await templates.sync(made))["results"]) == 1
    again = await templates.sent(ARCHIVE, {"templateId": template}, "admin")
    assert again["template"]["archivedAt"] == archived["template"]["archivedAt"]
    assert (await templates.sent(RESTORE, {"templateId": template}, "admin"))["template"]["archivedAt"] is None
    assert failed(await templates.sent(INSTANTIATE, given)) == []


async def test_where_it_is_made(templates):
    template, course = await templates.published(module("Tpl")), await templates.course()
    first = await templates.instance(template, course)
    await templates.instance(template, course, position=1)
    await templates.instance(template, course, parentId=first)
    assert [(depth, title) for depth, title, _ in await templates.whole(course)] == [(0, "Tpl"), (0, "Tpl"), (1, "Tpl")]
    given = {"templateId": template, "courseId": templates.id("Course", course["id"])}
    draft_only = {**given, "templateId": await templates.created()}
    refusals = {
        ("INVALID", "position"): {**given, "position": 4},
        ("NOT_FOUND", "version"): {**given, "version": 2},
        ("NOT_FOUND", "parentId"): {**given, "parentId": templates.id("Module", templates.world.alpha["unit"]["id"])},
        ("CLOSED", "templateId"): draft_only,
    }
    for (code, field), wanted in refusals.items():
        assert failed(await templates.sent(INSTANTIATE, wanted)) == [(code, ["input", field])]


async def test_the_platforms_library_is_used_and_not_changed(templates, owner):
    template_id = await owner.fetchval(
        "INSERT INTO module_templates (template_type, title) VALUES ('lesson', 'For all') RETURNING id"
    )
    node = {"key": "k", "kind": "module", "parent": None, "type": "lesson", "title": "For all"}
    await owner.execute(
        "INSERT INTO module_template_versions (template_id, version, title, node_count, tree)"
        " VALUES ($1, 1, 'For all', 1, $2)",
        *(template_id, json.dumps([node])),
    )
    template, course = GlobalId("ModuleTemplate", template_id), await templates.course()
    await templates.instance(str(template), course)
    assert await templates.whole(course) == [(0, "For all", [])]
    before = await state(templates)
    changes = [{"changeModule": {"key": "k", "title": "Mine"}}]
    for document, given in ((UPDATE, {"changes": changes}), (PUBLISH, {}), (ARCHIVE, {}), (RESTORE, {})):
        payload = await templates.sent(document, {**given, "templateId": str(template)}, "admin")
        assert failed(payload) == [("FORBIDDEN", ["input", "templateId"])]
    assert await state(templates) == before


# ---- who may


async def state(templates):
    """What templates are, and what authors write."""
    tables = ("module_templates", "module_template_versions", "jobs")
    rows = {
        table: [tuple(row) for row in await templates.owner.fetch(f"SELECT * FROM {table} ORDER BY id")]
        for table in tables
    }
    return {**rows, **await templates.state()}


AUTHORS = {
    **dict.fromkeys(("admin", "department_admin", "far_admin"), None),
    **dict.fromkeys(
        ("student", "bystander", "ta", "section_ta", "instructor", "far_instructor", "beta_admin", "outsider"),
        "FORBIDDEN",
    ),
}
EDITORS = {
    **dict.fromkeys(("admin", "department_admin", "instructor"), None),
    **dict.fromkeys(("student", "bystander", "beta_admin", "outsider", "ta"), "FORBIDDEN"),
    **dict.fromkeys(("far_instructor", "far_admin"), "NOT_FOUND"),
}


async def codes(templates, document, given, people):
    """The first error's code of each person, None for none; nothing may be left behind where there is one."""
    found = {}
    for person in people:
        before = await state(templates)
        payload = await templates.sent(document, given() if callable(given) else given, person)
        found[person] = payload["errors"][0]["code"] if payload["errors"] else None
        if found[person] is not None:
            assert await state(templates) == before, person
    return found


async def test_who_writes_templates(templates):
    template = await templates.published()
    keys = await templates.keys(template)
    titles = itertools.count()

    def change():
        return {
            "templateId": template,
            "changes": [{"changeModule": {"key": keys["Week"], "title": f"Title {next(titles)}"}}],
        }

    assert await codes(templates, CREATE, {"module": module("x")}, AUTHORS) == AUTHORS
    assert await codes(templates, UPDATE, change, AUTHORS) == AUTHORS
    for person, wanted in AUTHORS.items():
        await templates.change(template, change()["changes"][0])
        assert await codes(templates, PUBLISH, {"templateId": template}, [person]) == {person: wanted}
    assert await codes(templates, ARCHIVE, {"templateId": template}, AUTHORS) == AUTHORS
    assert await codes(templates, RESTORE, {"templateId": template}, AUTHORS) == AUTHORS


async def test_who_makes_modules_of_them_and_brings_them_up_to_date(templates):
    template, course = await templates.published(), await templates.course(is_published=False)
    made = await templates.instance(template, course)
    given = {"templateId": template, "courseId": templates.id("Course", course["id"])}
    # Who assists in the course sees it, and may not change it.
    offering = await templates.owner.fetchval("SELECT id FROM course_offerings WHERE course_id = $1", course["id"])
    await Rows(templates.owner).add(
        "course_offering_instructors",
        university_id=templates.university_id,
        course_offering_id=offering,
        role="ta",
        user_id=templates.world.people["ta"],
    )
    assert await codes(templates, INSTANTIATE, given, EDITORS) == EDITORS
    keys = await templates.keys(template)
    for person, wanted in EDITORS.items():
        await templates.change(template, {"changeModule": {"key": keys["Week"], "title": f"For {person}"}})
        await templates.publish(template)
        assert await codes(templates, SYNC, {"moduleId": made}, [person]) == {person: wanted}


async def test_nobody_does_any_of_it_without_a_name(templates, api):
    template = await templates.published()
    for document in (CREATE, UPDATE, PUBLISH, ARCHIVE, RESTORE, INSTANTIATE, SYNC, EVERYWHERE):
        given = {
            UPDATE: {"templateId": template, "changes": []},
            INSTANTIATE: {"templateId": template, "courseId": template},
            SYNC: {"moduleId": template},
            CREATE: {},
        }.get(document, {"templateId": template})
        answer = await api(document, {"input": given})
        assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_who_reads_what(templates, api):
    template, course = await templates.published(), await templates.course()
    made = await templates.instance(template, course)
    keys = await templates.keys(template)
    await templates.change(template, {"changeModule": {"key": keys["Week"], "title": "Soon"}})
    document = (
        "query($id: ID!, $module: ID!) { node(id: $id) { ... on ModuleTemplate { draft { title } latestVersion"
        " { tree { payload: payloadJson } } versions(first: 5) { edges { node { version template { id } } } }"
        " instances(first: 5) { edges { node { id } } } } }"
        " module: node(id: $module) { ... on Module { templateDrift { field } templateVersion { version } } } }"
    )

    async def seen(person):
        data = await api.data(document, {"id": template, "module": made}, user=templates.world.people.get(person))
        node, of_module = data["node"], data["module"]
        if node is None:
            return of_module
        assert node["versions"]["edges"] == [{"node": {"version": 1, "template": {"id": template}}}]
        payloads = [one["payload"] is not None for one in node["latestVersion"]["tree"]]
        instances = [one["node"]["id"] for one in node["instances"]["edges"]]
        return node["draft"] is not None, any(payloads), instances, of_module

    drift = {"templateDrift": [], "templateVersion": {"version": 1}}
    assert await seen("admin") == await seen("department_admin") == (True, True, [made], drift)
    assert await seen("far_admin") == (True, True, [], None)
    assert await seen("instructor") == (False, True, [made], drift)
    assert await seen("ta") == (False, False, [], None)
    for person in ("student", "bystander", "beta_admin", "outsider", None):
        assert await seen(person) is None
    # Where the course and the module are published, the module is seen by all, and not what it was made from.
    await templates.owner.execute("UPDATE courses SET is_published = true WHERE id = $1", course["id"])
    await templates.owner.execute(
        "UPDATE modules SET is_published = true, effective_published = true WHERE course_id = $1", course["id"]
    )
    for person in ("student", None):
        assert await seen(person) == {"templateDrift": None, "templateVersion": None}
