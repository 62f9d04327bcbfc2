"""A template that is edited once, and everything that was made from it brought up to date behind the answer."""

import asyncio
from datetime import UTC, datetime

import pytest

from lms_graphql.catalog.editing import lock_course
from lms_graphql.commands.database import owner_connection
from lms_graphql.demo.academy import ACADEMY, TEACHER, academy
from lms_graphql.engine.relay import GlobalId, parse_global_id
from lms_graphql.interop.academy.service import import_academy
from lms_graphql.interop.academy.source import Course, CourseLesson
from lms_graphql.storage.database import connect
from tests.changing.templating import DRIFT, EVERYWHERE, INSTANTIATE, PUBLISH, SYNC, UPDATE, Templates, item, module
from tests.conftest import running_api
from tests.databases import demo_database
from tests.world import Rows

JOB = "query($id: ID!) { job(id: $id) { kind state total done } }"


@pytest.fixture
def templates(api, world, owner):
    return Templates(api, world, owner)


async def everywhere(templates, template, user):
    """What became of the job."""
    payload = await templates.sent(EVERYWHERE, {"templateId": template}, user)
    assert payload["errors"] == []
    assert payload["job"]["state"] == "QUEUED"
    await templates.api.service.jobs.drain()
    data = await templates.api.data(JOB, {"id": payload["job"]["id"]}, user=templates.world.people[user])
    return data["job"]


async def titles(templates, template):
    """The titles of the topmost modules of what was made from a template, in the order of their courses."""
    rows = await templates.owner.fetch(
        "SELECT title FROM modules WHERE module_template_id = $1 ORDER BY course_id, id", parse_global_id(template).id
    )
    return [row["title"] for row in rows]


async def test_all_that_one_may_edit_and_nothing_else(templates, world):
    template = await templates.published(module("One", item("Text")))
    keys = await templates.keys(template)
    courses = [await templates.course() for _ in range(7)]
    far = await templates.course(department_id=world.alpha["far_department"]["id"], is_published=False)
    await templates.owner.execute(
        "DELETE FROM course_offering_instructors WHERE course_offering_id ="
        " (SELECT id FROM course_offerings WHERE course_id = $1)",
        far["id"],
    )
    for course in courses:
        await templates.instance(template, course)
    given = {"templateId": template, "courseId": templates.id("Course", far["id"])}
    assert (await templates.sent(INSTANTIATE, given, "admin"))["errors"] == []
    await templates.change(template, {"changeModule": {"key": keys["One"], "title": "Two"}})
    await templates.publish(template)
    done = {"kind": "templates.sync", "state": "DONE", "total": 7, "done": 7}
    assert await everywhere(templates, template, "instructor") == done
    assert await titles(templates, template) == ["Two"] * 7 + ["One"]
    assert await everywhere(templates, template, "ta") == {**done, "total": 0, "done": 0}
    assert await titles(templates, template) == ["Two"] * 7 + ["One"]
    assert await everywhere(templates, template, "admin") == {**done, "total": 8, "done": 8}
    assert await titles(templates, template) == ["Two"] * 8
    # Who did it is in the audit log, with the request that is the job.
    acts = await templates.owner.fetch(
        "SELECT user_id, request_id LIKE 'job-%' AS by_job FROM audit_log WHERE act = 'template.sync' ORDER BY id"
    )
    people = world.people["instructor"], world.people["admin"]
    assert [tuple(row) for row in acts[-8:]] == [(people[0], True)] * 7 + [(people[1], True)]


async def test_what_can_not_be_done_keeps_nothing_else_from_it(templates):
    """One has become archived, one has gone, and one would get a module too deep."""
    template = await templates.published(module("One"))
    keys = await templates.keys(template)
    courses = [await templates.course() for _ in range(5)]
    made = [await templates.instance(template, course) for course in courses]
    owner, rows = templates.owner, Rows(templates.owner)
    await templates.change(
        template, {"addModule": {"parentKey": keys["One"], "module": module("New", module("Newer"))}}
    )
    await templates.publish(template)
    payload = await templates.sent(EVERYWHERE, {"templateId": template}, "admin")
    numbers = [parse_global_id(text).id for text in made]
    await owner.execute("UPDATE modules SET archived_at = now() WHERE id = $1", numbers[0])
    await owner.execute("DELETE FROM modules WHERE id = $1", numbers[1])
    parent = None
    for depth in range(31):
        more = {} if parent is None else {"parent_module_id": parent}
        values = {"course_id": courses[2]["id"], "module_type": "topic", "title": f"At {depth}", "depth": depth}
        place = 2 if parent is None else 1
        parent = (
            await rows.add("modules", university_id=templates.university_id, **values, **more, sequence_index=place)
        )["id"]
    await owner.execute("UPDATE modules SET parent_module_id = $1, depth = 31 WHERE id = $2", parent, numbers[2])
    await templates.api.service.jobs.drain()
    data = await templates.api.data(JOB, {"id": payload["job"]["id"]}, user=templates.world.people["admin"])
    assert data["job"] == {"kind": "templates.sync", "state": "DONE", "total": 5, "done": 5}
    found = await owner.fetch("SELECT course_id FROM modules WHERE template_node IS NOT NULL AND title = 'Newer'")
    assert {row["course_id"] for row in found} >= {courses[3]["id"], courses[4]["id"]}
    assert not {row["course_id"] for row in found} & {course["id"] for course in courses[:3]}
    told = await owner.fetch(
        "SELECT entity_id, facts->>'reason' AS reason FROM outbox WHERE topic = 'template.sync_refused' ORDER BY id"
    )
    assert [tuple(row) for row in told] == [
        (numbers[0], "this module is archived; restore it first"),
        (numbers[2], "the module 'Newer' would lie too deep: move 'One' higher up first"),
    ]


async def test_a_template_that_is_not_published(templates):
    template = await templates.created()
    payload = await templates.sent(EVERYWHERE, {"templateId": template}, "admin")
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("CLOSED", ["input", "templateId"])]


PEOPLE = {
    **dict.fromkeys(("admin", "department_admin", "far_admin", "instructor", "far_instructor", "ta"), None),
    **dict.fromkeys(("student", "bystander", "beta_admin", "outsider"), "FORBIDDEN"),
}


async def test_who_may_ask_for_it(templates):
    template = await templates.published()
    count = "SELECT count(*) FROM jobs"
    found = {}
    for person, wanted in PEOPLE.items():
        before = await templates.owner.fetchval(count)
        payload = await templates.sent(EVERYWHERE, {"templateId": template}, person)
        found[person] = payload["errors"][0]["code"] if payload["errors"] else None
        assert await templates.owner.fetchval(count) == before + (wanted is None)
    assert found == PEOPLE
    await templates.api.service.jobs.drain()


# ---- at once


UPDATE_MODULE = (
    "mutation($input: UpdateModuleInput!) { updateModule(input: $input) { module { title } errors { code } } }"
)
UPDATE_ITEM = "mutation($input: UpdateContentItemInput!) { updateContentItem(input: $input) { errors { code } } }"


async def test_an_editor_and_a_sync_at_once(templates):
    """Whoever comes first, what the editor wrote is there, and what the template says is too."""
    for number in range(8):
        template = await templates.published(module("Top", item("Text"), item("Other"), module("Below")))
        keys = await templates.keys(template)
        course = await templates.course()
        made = await templates.instance(template, course)
        found = await templates.owner.fetch("SELECT id, title FROM content_items WHERE course_id = $1", course["id"])
        numbers = {row["title"]: row["id"] for row in found}
        await templates.change(
            template,
            {"changeItem": {"key": keys["Text"], "title": "New text"}},
            {"changeModule": {"key": keys["Top"], "title": "New top"}},
            {"remove": {"key": keys["Other"]}},
            {"addItem": {"moduleKey": keys["Below"], "item": item("Added")}},
        )
        await templates.publish(template)
        acts = [
            templates.sync(made),
            templates.sync(made),
            templates.sent(UPDATE_MODULE, {"moduleId": made, "description": "By hand"}),
            templates.sent(
                UPDATE_ITEM,
                {"contentItemId": templates.id("TextContent", numbers["Other"]), "description": "By hand"},
            ),
        ]
        # Begun in another order each time.
        order = acts[number % 4 :] + acts[: number % 4]
        payloads = await asyncio.gather(*order)
        payloads = payloads[len(acts) - number % 4 :] + payloads[: len(acts) - number % 4]
        changed = [sum(row["outcome"] != "KEPT" for row in payload["results"]) for payload in payloads[:2]]
        assert min(changed) == 0
        assert payloads[2]["errors"] == []
        other = payloads[3]["errors"]
        rows = await templates.whole(course)
        if other:  # it was gone before it could be changed
            assert [error["code"] for error in other] == ["NOT_FOUND"]
            assert rows == [(0, "New top", ["New text"]), (1, "Below", ["Added"])]
        else:
            assert rows == [(0, "New top", ["New text", "Other"]), (1, "Below", ["Added"])]
        description = await templates.owner.fetchval(
            "SELECT description FROM modules WHERE id = $1", parse_global_id(made).id
        )
        assert description == "By hand"


async def test_two_who_publish_at_once(templates):
    template = await templates.created()
    payloads = await asyncio.gather(*(templates.sent(PUBLISH, {"templateId": template}, "admin") for _ in range(5)))
    assert sorted(error["code"] for payload in payloads for error in payload["errors"]) == ["CLOSED"] * 4
    assert [payload["version"]["version"] for payload in payloads if payload["version"]] == [1]


async def test_a_sync_waits_for_who_has_the_course(templates):
    """It finds what was changed in the meantime, and keeps it."""
    template, course = await templates.published(module("Top")), await templates.course()
    made = await templates.instance(template, course)
    keys = await templates.keys(template)
    await templates.change(template, {"changeModule": {"key": keys["Top"], "title": "New top"}})
    await templates.publish(template)
    async with templates.work() as (work, _transaction):
        await lock_course(work, course["id"])
        waiting = asyncio.create_task(templates.sync(made))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        await templates.owner.execute("UPDATE modules SET title = 'Mine' WHERE id = $1", parse_global_id(made).id)
    payload = await waiting
    assert [(row["drift"], row["outcome"]) for row in payload["results"]] == [("BOTH", "KEPT")]


# ---- the academy of the demo


async def test_a_lesson_of_the_academy_is_edited_once_and_changes_in_all_courses(superuser):
    """Its lessons stand in two courses; in one of them one has a title of its own."""
    async with demo_database(superuser) as (database, _summary):
        source = academy(datetime.now(UTC))
        number = source.courses[0].instructor_id
        source.courses.append(Course(2, number, "sql-for-analysts", "SQL for Analysts", "beginner", True))
        source.course_lessons += [CourseLesson(2, lesson.id, 10 - lesson.id) for lesson in source.lessons]
        owner = await connect(database.owner)
        try:
            university = await owner.fetchval("SELECT id FROM universities WHERE short_code = $1", ACADEMY)
            async with owner_connection(database.owner) as connection:
                await import_academy(connection, university, source)
            await _edit_once(database, owner, university)
        finally:
            await owner.close()


async def _edit_once(database, owner, university):
    teacher = await owner.fetchval("SELECT id FROM users WHERE email = $1", TEACHER)
    await owner.execute(
        "INSERT INTO user_university_roles (university_id, user_id, role) VALUES ($1, $2, 'university_admin')",
        *(university, teacher),
    )
    template_id = await owner.fetchval(
        "SELECT id FROM module_templates WHERE university_id = $1 AND default_data ->> 'slug' = 'joins-ctes'",
        university,
    )
    template = str(GlobalId("ModuleTemplate", template_id))
    own = await owner.fetchval("SELECT max(id) FROM modules WHERE module_template_id = $1", template_id)
    await owner.execute("UPDATE modules SET title = 'Joins for analysts' WHERE id = $1", own)

    async with running_api(database.app) as api:

        async def sent(document, given):
            data = await api.data(document, {"input": given}, user=teacher, university=ACADEMY)
            (payload,) = data.values()
            assert payload["errors"] == []
            return payload

        tree = (
            await api.data(
                "query($id: ID!) { node(id: $id) { ... on ModuleTemplate { latestVersion { version"
                " tree { key title kind estimatedDurationSeconds } } } } }",
                {"id": template},
                user=teacher,
                university=ACADEMY,
            )
        )["node"]["latestVersion"]
        assert tree["version"] == 1
        assert [(node["kind"], node["title"], node["estimatedDurationSeconds"]) for node in tree["tree"]] == [
            ("MODULE", "Joins and CTE Basics", None),
            ("ITEM", "Joins and CTE Basics", 24 * 60),
        ]
        lesson, written = [node["key"] for node in tree["tree"]]
        text = {"text": {"blocks": [{"paragraph": {"text": "Joins, once and for all."}}]}}
        changes = [
            {"changeModule": {"key": lesson, "title": "Joins"}},
            {"changeItem": {"key": written, "payload": text}},
            {"addItem": {"moduleKey": lesson, "item": item("Practice")}},
        ]
        await sent(UPDATE, {"templateId": template, "changes": changes})
        await sent(PUBLISH, {"templateId": template})
        payload = await sent(EVERYWHERE, {"templateId": template})
        assert payload["job"]["total"] == 2
        await api.service.jobs.drain()
        rows = await owner.fetch(
            "SELECT c.code, m.title, m.template_version, array_agg(i.title ORDER BY i.sequence_index) AS texts,"
            " array_agg(i.data_json #>> '{blocks,0,text}' ORDER BY i.sequence_index) AS said FROM modules m"
            " JOIN courses c ON (c.university_id, c.id) = (m.university_id, m.course_id)"
            " JOIN content_items i ON (i.university_id, i.module_id) = (m.university_id, m.id)"
            " WHERE m.module_template_id = $1 GROUP BY 1, 2, 3 ORDER BY 1",
            template_id,
        )
        inside = (["Joins and CTE Basics", "Practice"], ["Joins, once and for all.", "Text."])
        assert [tuple(row) for row in rows] == [
            ("sql-for-analysts", "Joins for analysts", 2, *inside),
            ("sql-for-builders", "Joins", 2, *inside),
        ]
        drift = await api.data(
            DRIFT, {"id": str(GlobalId("Module", own, university))}, user=teacher, university=ACADEMY
        )
        assert [(row["field"], row["kind"]) for row in drift["node"]["templateDrift"]] == [("TITLE", "CUSTOMISED")]
        again = await sent(SYNC, {"moduleId": str(GlobalId("Module", own, university))})
        assert [row["outcome"] for row in again["results"]] == ["KEPT"]
