"""A course is published once what would be shown of it is fit to be shown."""

import pytest

from tests.changing.cataloging import Catalog

PROBLEMS = """query ($id: ID!) { course(id: $id) { isPublished publishProblems { code message module { id }
  contentItem { ... on ContentItem { id } } } } }"""
TEXT = {"layout": "rich_text_v1", "blocks": [{"type": "paragraph", "text": "x"}]}
QUIZ = {"quiz_mode": "practice", "num_questions_per_attempt": 2}


@pytest.fixture(scope="module")
async def campus(api, owner, world):
    return Catalog(api, owner, world)


@pytest.fixture
async def course(campus):
    number = await campus.owner.fetchval("SELECT max(id) FROM courses")
    return await campus.rows.add(
        "courses", **campus.tenant, code=f"PUB{number}", title="P", department_id=campus.world.alpha["department"]["id"]
    )


async def problems(campus, course, user="admin"):
    data = await campus.api.data(
        PROBLEMS, {"id": campus.id("Course", course["id"])}, user=user and campus.world.people[user]
    )
    return data["course"] and data["course"]["publishProblems"]


async def found(campus, course):
    """Code, message and item of each problem; `publishCourse` refuses for each of them, in the same words."""
    told = await problems(campus, course)
    payload = await campus.act("publishCourse", "admin", courseId=campus.id("Course", course["id"]))
    assert [(error["code"], error["message"]) for error in payload["errors"]] == [
        ("CLOSED", f"{one['code'].lower()}: {one['message']}") for one in told
    ]
    return [(one["code"], one["message"], one["contentItem"] and one["contentItem"]["id"]) for one in told]


async def pool(campus, course, active, inactive=0):
    made = await campus.rows.add("question_pools", **campus.tenant, course_id=course and course["id"], title="Pool")
    for number in range(active + inactive):
        question = {"pool_id": made["id"], "number": number + 1, "type": "text", "stem": "?"}
        await campus.rows.add("questions", **campus.tenant, **question, is_active=number < active)
    return made["id"]


async def test_there_must_be_something_to_show(campus, course):
    tree = "no module is published: publish one, with all modules above it"
    items = "the published modules have no active content: add an item, or make one active"
    assert await found(campus, course) == [("NO_PUBLISHED_MODULE", tree, None)]
    hidden = await campus.rows.module(course, is_published=False)
    await campus.rows.item(await campus.rows.module(course, hidden), "text", TEXT)
    assert await found(campus, course) == [("NO_PUBLISHED_MODULE", tree, None)]
    module = await campus.rows.module(course, sequence_index=2)
    await campus.rows.item(module, "text", TEXT, is_active=False)
    assert await found(campus, course) == [("NO_ACTIVE_ITEM", items, None)]
    await campus.rows.item(module, "text", TEXT, sequence_index=2)
    assert await found(campus, course) == []
    row = await campus.owner.fetchrow("SELECT is_published, version FROM courses WHERE id = $1", course["id"])
    assert tuple(row) == (True, 2)


async def test_a_quiz_must_find_its_questions(campus, course):
    module = await campus.rows.module(course)
    other = campus.world.alpha["course"]
    asked = [
        (None, "POOL_NOT_SET", "it draws from no question pool: name one"),
        (999_999, "POOL_MISSING", "there is no question pool 999999 for this course"),
        (await pool(campus, other, 5), "POOL_MISSING", "there is no question pool {} for this course"),
        (campus.world.beta["pool"]["id"], "POOL_MISSING", "there is no question pool {} for this course"),
        (await pool(campus, course, 0, 3), "POOL_EMPTY", "its question pool has no active question: add one"),
        (await pool(campus, course, 1, 3), "POOL_TOO_SMALL",
         "it draws 2 questions, its pool has 1: add some, or draw fewer"),
        (await pool(campus, course, 2), None, None), (await pool(campus, None, 2), None, None),
    ]  # fmt: skip
    wanted = []
    for place, (number, code, message) in enumerate(asked, 1):
        payload = QUIZ if number is None else {**QUIZ, "question_pool_id": number}
        item = await campus.rows.item(module, "quiz", payload, sequence_index=place, title=f"Q{place}")
        if code is not None:
            wanted.append((code, f"Q{place}: {message.format(number)}", campus.id("QuizContent", item["id"])))
    assert await found(campus, course) == wanted
    assert await problems(campus, course, "department_admin") == await problems(campus, course)


async def test_payloads_must_be_whole_and_their_assets_there(campus, course):
    module = await campus.rows.module(course)
    image = {"type": "image", "asset_id": campus.world.alpha["asset"]["id"], "alt_text": "x"}
    good = [("text", {**TEXT, "blocks": [image]}), ("video", {"provider": "youtube", "video_id": "abcdefghijk"})]
    for place, (kind, payload) in enumerate(good, 1):
        await campus.rows.item(module, kind, payload, sequence_index=place)
    theirs = campus.world.beta["asset"]["id"] + 1000
    blocks = [{**image, "asset_id": theirs}, image, {**image, "asset_id": theirs + 1}, {**image, "asset_id": theirs}]
    missing = await campus.rows.item(module, "text", {**TEXT, "blocks": blocks}, sequence_index=3, title="T")
    unreadable = await campus.rows.item(module, "video", {"duration_seconds": "x"}, sequence_index=4, title="V")
    broken = await campus.rows.item(module, "resource", {"resources": [{"label": "x", "url": "ftp:x"}]}, title="R",
                                    sequence_index=5)  # fmt: skip
    told = await found(campus, course)
    item = campus.id("TextContent", missing["id"])
    assert told[:3] == [
        ("MISSING_ASSET", f"T: there is no asset {theirs}: take it out, or name another one", item),
        ("MISSING_ASSET", f"T: there is no asset {theirs + 1}: take it out, or name another one", item),
        ("BROKEN_PAYLOAD", "V: its payload is broken: it can't be read", campus.id("VideoContent", unreadable["id"])),
    ]
    ((code, message, number),) = told[3:]
    assert (code, number) == ("BROKEN_PAYLOAD", campus.id("ResourceContent", broken["id"]))
    assert message.startswith("R: its payload is broken: resources[0].url")
    assert {one["module"]["id"] for one in await problems(campus, course)} == {campus.id("Module", module["id"])}


async def test_who_is_told(campus, course):
    await campus.rows.add("course_offerings", **campus.tenant, course_id=course["id"])
    for person in ("student", "instructor", "far_admin", None):
        assert await problems(campus, course, person) is None
    assert len(await problems(campus, course, "department_admin")) == 1
    public = campus.world.alpha["course"]
    for person in ("student", "bystander", "ta", "far_admin", None):
        assert await problems(campus, public, person) is None
    assert isinstance(await problems(campus, public, "instructor"), list)


async def test_as_many_statements_whatever_the_number_of_items_and_no_more_problems_than_can_be_read(
    campus, course, monkeypatch
):
    module = await campus.rows.module(course)
    counts = campus.count_statements(monkeypatch)
    for count in (1, 120):
        for place in range(count):
            image = {"type": "image", "asset_id": 10**6 + place, "alt_text": "x"}
            await campus.rows.item(
                module, "text", {**TEXT, "blocks": [image]}, sequence_index=1000 * count + place, title="T"
            )
        number = await pool(campus, course, 0)
        await campus.rows.item(module, "quiz", {**QUIZ, "question_pool_id": number}, sequence_index=1000 * count - 1)
        assert len(await problems(campus, course)) == min(100, 2 * (count != 0) + (count > 1) * count)
        assert len(campus.api.statements) == 1 + 3 + 2  # the course; its problems; their modules and their items
    await campus.act("publishCourse", "admin", courseId=campus.id("Course", course["id"]))
    assert counts == []  # refused: nothing was committed


async def test_who_publishes_and_closes_again(campus):
    made = await campus.whole_course("OPEN", department_id=campus.world.alpha["department"]["id"])
    where = {"courseId": campus.id("Course", made["id"])}
    nobody = {"student": "NOT_FOUND", "far_admin": "NOT_FOUND", "instructor": "NOT_FOUND", "beta_admin": "FORBIDDEN"}
    nobody |= {"student": "FORBIDDEN", "bystander": "FORBIDDEN", "outsider": "FORBIDDEN"}
    await campus.who_may("publishCourse", nobody, **where)
    version = await campus.owner.fetchval("SELECT content_version FROM courses WHERE id = $1", made["id"])
    last = await campus.last_audit()
    assert await problems(campus, made, "student") is None
    assert await campus.refused("publishCourse", **where, expectedVersion=7) == (
        "CONFLICT",
        ["input", "expectedVersion"],
    )
    payload = await campus.done("publishCourse", "department_admin", **where, expectedVersion=1)
    assert (payload["course"]["isPublished"], payload["course"]["version"]) == (True, 2)
    assert await campus.done("publishCourse", **where) == payload
    seen = "query ($id: ID!) { course(id: $id) { code } }"
    student = campus.world.people["student"]
    assert await campus.api.data(seen, {"id": where["courseId"]}, user=student) == {"course": {"code": "OPEN"}}
    await campus.who_may("unpublishCourse", nobody | {"far_admin": "FORBIDDEN", "instructor": "FORBIDDEN"}, **where)
    payload = await campus.done("unpublishCourse", **where)
    assert (payload["course"]["isPublished"], payload["course"]["version"]) == (False, 3)
    assert await campus.api.data(seen, {"id": where["courseId"]}, user=student) == {"course": None}
    assert await campus.owner.fetchval("SELECT content_version FROM courses WHERE id = $1", made["id"]) != version
    number, off, on = made["id"], {"isPublished": False}, {"isPublished": True}
    assert await campus.audited(last) == [
        ("course.publish", number, off, on, None), ("course.unpublish", number, on, off, None),
    ]  # fmt: skip
    await campus.done("archiveCourse", **where)
    assert await campus.refused("publishCourse", **where) == ("CLOSED", ["input", "courseId"])
