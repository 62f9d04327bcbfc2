"""The platform's library of templates: its administrators write it, all universities make modules from it."""

import asyncio
import json

import asyncpg
import pytest

from lms_graphql.engine.relay import GlobalId, parse_global_id
from lms_graphql.storage.database import connect
from tests.changing.administering import STRANGERS, Platform
from tests.changing.templating import WEEK, Templates, article, item, module

SHOWN = (
    "template { id editVersion title description templateType archivedAt latestVersion { version nodeCount }"
    " draft { key kind parentKey title payload: payloadJson } }"
)
PUBLISHED = f"{SHOWN} version {{ version notes nodeCount tree {{ key title payload: payloadJson }} }}"
SMALL = module("Welcome", item("Read me", "Hello."), description="For all.")
ANYWHERE = (
    "query($id: ID!) { node(id: $id) { ... on ModuleTemplate { title draft { title }"
    " latestVersion { version template { title } tree { title payload: payloadJson } }"
    " versions(first: 5) { edges { node { version } } } } }"
    " moduleTemplates(first: 100) { edges { node { id } } } }"
)


@pytest.fixture
def platform(api, world, owner):
    return Platform(api, world, owner)


@pytest.fixture
async def templates(api, world, owner):
    return Templates(api, world, owner)


def numbered(global_id):
    return parse_global_id(global_id).id


async def created(platform, tree=SMALL):
    return (await platform.done("createLibraryTemplate", {"module": tree}, SHOWN))["template"]


async def published(platform, tree=SMALL):
    template = await created(platform, tree)
    await platform.done("publishLibraryTemplateVersion", {"templateId": template["id"]})
    return template["id"]


async def seen(api, world, template, user, university):
    """A template as somebody sees it, and whether it is in their list."""
    data = await api.data(ANYWHERE, {"id": template}, user=world.people[user], university=university)
    return data["node"], template in [one["node"]["id"] for one in data["moduleTemplates"]["edges"]]


async def test_a_template_of_the_library_from_its_draft_to_its_archive(platform, owner):
    since, told = await platform.last(), await owner.fetchval("SELECT count(*) FROM outbox")
    template = await created(platform)
    root, read_me = template["draft"]
    stored = '{"blocks":[{"text":"Hello.","type":"paragraph"}],"layout":"rich_text_v1","schema_version":1}'
    assert template == {
        "id": template["id"], "editVersion": 1, "title": "Welcome", "description": "For all.", "templateType": "LESSON",
        "archivedAt": None, "latestVersion": None, "draft": [
            {"key": root["key"], "kind": "MODULE", "parentKey": None, "title": "Welcome", "payload": None},
            {"key": read_me["key"], "kind": "ITEM", "parentKey": root["key"], "title": "Read me", "payload": stored},
        ],
    }  # fmt: skip
    one = {"templateId": template["id"]}
    first = await platform.done("publishLibraryTemplateVersion", {**one, "notes": "The first."}, PUBLISHED)
    assert first["version"] == {
        "version": 1, "notes": "The first.", "nodeCount": 2,
        "tree": [{"key": root["key"], "title": "Welcome", "payload": None},
                 {"key": read_me["key"], "title": "Read me", "payload": stored}],
    }  # fmt: skip
    assert (first["template"]["draft"], first["template"]["editVersion"]) == (None, 2)
    changes = [{"changeModule": {"key": root["key"], "title": "Hello"}}, {"remove": {"key": read_me["key"]}}]
    changed = await platform.done("updateLibraryTemplate", {**one, "expectedVersion": 2, "changes": changes}, SHOWN)
    assert [node["title"] for node in changed["template"]["draft"]] == ["Hello"]
    second = await platform.done("publishLibraryTemplateVersion", one, PUBLISHED)
    assert (second["version"]["version"], second["template"]["title"]) == (2, "Hello")
    archived = await platform.done("archiveLibraryTemplate", one, SHOWN)
    assert archived["template"]["archivedAt"] is not None
    await platform.done("archiveLibraryTemplate", one)  # as it is
    assert (await platform.done("restoreLibraryTemplate", one, SHOWN))["template"]["archivedAt"] is None

    id_ = numbered(template["id"])
    rows = await owner.fetch("SELECT id FROM module_template_versions WHERE template_id = $1 ORDER BY version", id_)
    versions = [row["id"] for row in rows]
    node = {"parent": None, "kind": "module", "type": "lesson", "description": "For all.", "seconds": None,
            "data": None, "key": root["key"]}  # fmt: skip
    text = {"key": read_me["key"], "kind": "item", "parent": root["key"], "type": "text", "title": "Read me",
            "description": None, "seconds": None, "data": json.loads(stored)}  # fmt: skip
    tree = [{**node, "title": "Welcome"}, text]
    logged = await platform.logged(since)
    assert [(act, entity, number) for act, entity, number, *_ in logged] == [
        (f"template.{act}", "ModuleTemplate", id_)
        for act in ("create", "publish", "update", "publish", "archive", "restore")
    ]
    made, first_out, update, second_out, away, back = [entry[3:] for entry in logged]
    assert made[0] is None
    assert (made[1]["title"], made[1]["type"], made[1]["description"]) == ("Welcome", "lesson", "For all.")
    assert made[1]["draft"] == tree
    assert first_out == (
        {"version": None}, {"version": 1, "version_id": versions[0], "notes": "The first.", "tree": tree}
    )  # fmt: skip
    assert update == (
        {root["key"]: {**tree[0], "position": 1}, read_me["key"]: {**text, "position": 1}},
        {root["key"]: {**node, "title": "Hello", "position": 1}, read_me["key"]: None},
    )
    assert second_out == (
        {"version": 1},
        {"version": 2, "version_id": versions[1], "notes": None, "tree": [{**node, "title": "Hello"}]},
    )
    assert (away, back) == (({"archived": False}, {"archived": True}), ({"archived": True}, {"archived": False}))
    found = await owner.fetch("SELECT university_id FROM module_template_versions WHERE template_id = $1", id_)
    assert [row["university_id"] for row in found] == [None, None]
    assert await owner.fetchval("SELECT count(*) FROM outbox") == told  # which is a university's


async def test_what_it_refuses(platform, templates, world):
    small = await created(platform)
    theirs = await templates.created()
    asset = platform.id("Asset", world.alpha["used_asset"]["id"])
    pool = platform.id("QuestionPool", world.alpha["pool"]["id"])
    picture = {"title": "P", "payload": {"text": {"blocks": [{"image": {"assetId": asset, "altText": "A"}}]}}}
    quiz = {"title": "Q", "payload": {"quiz": {"quizMode": "EXAM", "questionPoolId": pool}}}
    at = ["input", "module", "contentItems", "0", "payload"]
    for inside, names in (
        (picture, ["text", "blocks", "0", "image", "assetId"]),
        (quiz, ["quiz", "questionPoolId"]),
    ):
        async with platform.nothing_happens():
            payload = await platform.sent("createLibraryTemplate", {"module": module("M", inside)})
        error = payload["errors"][0]
        assert (error["code"], error["path"]) == ("NOT_FOUND", [*at, *names])
    assert await platform.refused("createLibraryTemplate", {"module": module(" ")}) == (
        "INVALID",
        ["input", "module", "title"],
    )
    change = [{"changeModule": {"key": small["draft"][0]["key"], "title": "Mine"}}]
    for name, more in (
        ("updateLibraryTemplate", {"changes": change}),
        ("publishLibraryTemplateVersion", {}),
        ("archiveLibraryTemplate", {}),
        ("restoreLibraryTemplate", {}),
    ):
        for id_ in (theirs, str(GlobalId("ModuleTemplate", 10**6)), str(GlobalId("Domain", 1)), "x"):
            given = {"templateId": id_, **more}
            for university in (None, "ALPHA"):
                refused = await platform.refused(name, given, university=university)
                assert refused == ("NOT_FOUND", ["input", "templateId"])
        given = {"templateId": small["id"], "expectedVersion": 9, **more}
        assert await platform.refused(name, given) == ("CONFLICT", ["input", "expectedVersion"])
    await platform.done("publishLibraryTemplateVersion", {"templateId": small["id"]})
    assert await platform.refused("publishLibraryTemplateVersion", {"templateId": small["id"]}) == (
        "CLOSED",
        ["input", "templateId"],
    )


async def test_nobody_else_writes_it(platform):
    template = await created(platform)
    change = [{"changeModule": {"key": template["draft"][0]["key"], "title": "Mine"}}]
    everybody_else = [*(person for person in STRANGERS if person != "platform_admin"), "admin"]
    wanted = {person: "FORBIDDEN" if person else "UNAUTHENTICATED" for person in everybody_else}
    one = {"templateId": template["id"]}
    for name, given in (
        ("createLibraryTemplate", {"module": SMALL}),
        ("updateLibraryTemplate", {**one, "changes": change}),
        ("publishLibraryTemplateVersion", one),
        ("archiveLibraryTemplate", one),
        ("restoreLibraryTemplate", one),
    ):
        assert await platform.all_refused(name, given, everybody_else) == wanted


async def test_who_sees_what_of_it(platform, templates, api, world):
    template = (await created(platform))["id"]
    hidden = (None, False)
    draft = {"title": "Welcome", "draft": [{"title": "Welcome"}, {"title": "Read me"}], "latestVersion": None,
             "versions": {"edges": []}}  # fmt: skip
    for university in (None, "ALPHA"):
        assert await seen(api, world, template, "platform_admin", university) == (draft, True)
    for person in ("admin", "department_admin", "instructor", "student", "outsider"):
        assert await seen(api, world, template, person, "ALPHA") == hidden
    assert await seen(api, world, template, "beta_admin", "BETA") == hidden

    await platform.done("publishLibraryTemplateVersion", {"templateId": template})
    change = [{"changeModule": {"key": (await templates.keys(template))["Welcome"], "title": "To come"}}]
    await platform.done("updateLibraryTemplate", {"templateId": template, "changes": change})
    stored = '{"blocks":[{"text":"Hello.","type":"paragraph"}],"layout":"rich_text_v1","schema_version":1}'

    def shown(draft, payload):
        tree = [{"title": "Welcome", "payload": None}, {"title": "Read me", "payload": payload}]
        return {"title": "Welcome", "draft": draft, "versions": {"edges": [{"node": {"version": 1}}]},
                "latestVersion": {"version": 1, "template": {"title": "Welcome"}, "tree": tree}}  # fmt: skip

    to_come = [{"title": "To come"}, {"title": "Read me"}]
    assert await seen(api, world, template, "platform_admin", None) == (shown(to_come, stored), True)
    for person, university in (("admin", "ALPHA"), ("department_admin", "ALPHA"), ("instructor", "ALPHA"),
                               ("beta_admin", "BETA")):  # fmt: skip
        assert await seen(api, world, template, person, university) == (shown(None, stored), True)
    for person in ("student", "outsider"):
        assert await seen(api, world, template, person, "ALPHA") == hidden
    own = await templates.created(module("ALPHA's own"))
    for university in (None, "ALPHA", "BETA"):  # to administer the platform gives nothing in any university
        assert await seen(api, world, own, "platform_admin", university) == hidden


async def test_without_a_university_there_is_nothing_for_others(api, world, platform):
    template = await published(platform)
    answer = await api(ANYWHERE, {"id": template}, user=world.people["outsider"], university=None)
    assert answer["errors"][0]["extensions"]["code"] == "UNIVERSITY_REQUIRED"
    # instances are a university's: not even who administers the platform is told of them without one
    instances = (
        "query($id: ID!) { node(id: $id) { ... on ModuleTemplate { instances(first: 1) { edges { node { id } } } } } }"
    )
    answer = await api(instances, {"id": template}, user=world.people["platform_admin"], university=None)
    assert answer["errors"][0]["extensions"]["code"] == "UNIVERSITY_REQUIRED"
    data = await api.data(instances, {"id": template}, user=world.people["platform_admin"], university="ALPHA")
    assert data == {"node": {"instances": {"edges": []}}}


async def test_universities_use_it_and_are_brought_up_to_date(platform, templates):
    template = await published(platform, WEEK)
    course = await templates.course()
    instance = await templates.instance(template, course)
    keys = await templates.keys(template)
    change = [{"changeItem": {"key": keys["Energy"], "title": "Power", "payload": article("Watt.")}}]
    await platform.done("updateLibraryTemplate", {"templateId": template, "changes": change})
    await platform.done("publishLibraryTemplateVersion", {"templateId": template})
    payload = await templates.sync(instance)
    assert {(one["title"], one["field"], one["outcome"]) for one in payload["results"]} == {
        ("Energy", "TITLE", "FOLLOWED"), ("Energy", "PAYLOAD", "FOLLOWED"),
    }  # fmt: skip


@pytest.fixture
async def app(written):
    """A transaction of lms_app in ALPHA that is never kept."""
    driver = await connect(written.app)
    transaction = driver.transaction()
    await transaction.start()
    yield driver
    await transaction.rollback()
    await driver.close()


async def test_the_wall_before_the_library(platform, app):
    """What a university's transaction can't do to it, whatever its statements say, and the platform's can."""
    template = numbered(await published(platform))
    alpha = platform.university_id
    await app.execute(f"SET LOCAL lms.university_id = '{alpha}'")
    assert await app.fetchval("SELECT title FROM module_templates WHERE id = $1", template) == "Welcome"
    for statement in (
        "UPDATE module_templates SET title = 'Mine' WHERE id = $1",
        f"UPDATE module_templates SET university_id = {alpha} WHERE id = $1",
        "DELETE FROM module_templates WHERE id = $1",
    ):
        assert (await app.execute(statement, template)).endswith(" 0"), statement
    for statement in (
        "INSERT INTO module_templates (template_type, title) SELECT 'unit', $1::bigint::text",
        "INSERT INTO module_template_versions (template_id, version, title, tree, node_count)"
        " SELECT $1::bigint, 2, 'X', '[{}]', 1",
    ):
        await app.execute("SAVEPOINT before")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await app.execute(statement, template)
        await app.execute("ROLLBACK TO before")
    own = "INSERT INTO module_templates (university_id, template_type, title) VALUES ($1, 'unit', 'X') RETURNING id"
    theirs = await app.fetchval(own, alpha)
    await app.execute("SET LOCAL lms.university_id = ''")
    await app.execute("SET LOCAL lms.platform = 'on'")
    renamed = "UPDATE module_templates SET title = 'X' WHERE id = $1"
    assert (await app.execute(renamed, template), await app.execute(renamed, theirs)) == ("UPDATE 1", "UPDATE 0")


async def test_of_eight_who_publish_one_draft_one_does(platform, owner):
    template = (await created(platform))["id"]
    since = await platform.last()
    given = {"templateId": template}
    answers = await asyncio.gather(*(platform.sent("publishLibraryTemplateVersion", given) for _ in range(8)))
    assert sorted(error["code"] for answer in answers for error in answer["errors"]) == ["CLOSED"] * 7
    assert [entry[0] for entry in await platform.logged(since)] == ["template.publish"]
    count = "SELECT count(*) FROM module_template_versions WHERE template_id = $1"
    assert await owner.fetchval(count, numbered(template)) == 1
