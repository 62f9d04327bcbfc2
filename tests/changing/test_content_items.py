"""Content items: created, changed, moved, hidden and deleted by who may, with what the audit log then has."""

import asyncio
from datetime import UTC, datetime

import pytest

from lms_graphql.content.records import PARTS, RECORDS
from lms_graphql.storage.metadata import Model
from tests.changing.contents import (
    CREATE,
    DELETE,
    MOVE,
    PARAGRAPH,
    REORDER,
    SET_ACTIVE,
    UPDATE,
    Author,
    count_statements,
    error,
    number,
)
from tests.world import Rows

QUIZ = {"quizMode": "PRACTICE", "numQuestionsPerAttempt": 1}
READ = """query($id: ID!) { contentItem(id: $id) {
  ... on ContentItem { title description estimatedDurationSeconds isActive revision module { id } }
  ... on QuizContent { quizMode numQuestionsPerAttempt randomizeOrder timeLimitSeconds questionPool { id }
    mastery { points thresholdCorrectInRow maxAttempts } } } }"""


@pytest.fixture
def author(api, world, owner):
    return Author(api, world, owner)


async def test_an_item_is_created_at_its_place_as_it_was_given(author, api, world):
    module = await author.module()
    before = await author.version()
    first = await author.created(module, title="First")
    pool = author.id("QuestionPool", world.alpha["pool"]["id"])
    payload = {"quiz": {**QUIZ, "questionPoolId": pool, "randomizeOrder": False, "timeLimitSeconds": 600,
                        "mastery": {"points": 5, "thresholdCorrectInRow": 2, "maxAttempts": 3}}}  # fmt: skip
    given = {"moduleId": module, "position": 1, "title": " A quiz ", "description": "About *it*.\n",
             "estimatedDurationSeconds": 90, "active": False, "payload": payload}  # fmt: skip
    made = await author.sent(CREATE, given)
    item = made["contentItem"]
    assert made == {
        "contentItem": {"__typename": "QuizContent", "id": item["id"], "title": "A quiz", "description": "About *it*.",
                        "sequenceIndex": 1, "isActive": False, "revision": 1},
        "warnings": [],
        "errors": [],
    }  # fmt: skip
    assert await author.order(module) == [("A quiz", 1), ("First", 2)]
    assert await author.version() != before
    instructor, student = world.people["instructor"], world.people["student"]
    shown = {"title": "A quiz", "description": "About *it*.", "estimatedDurationSeconds": 90, "isActive": False,
             "revision": 1, "module": {"id": module}, "quizMode": "practice", "numQuestionsPerAttempt": 1,
             "randomizeOrder": False, "timeLimitSeconds": 600, "questionPool": {"id": pool},
             "mastery": {"points": 5, "thresholdCorrectInRow": 2, "maxAttempts": 3}}  # fmt: skip
    assert await api.data(READ, {"id": item["id"]}, user=instructor) == {"contentItem": shown}
    assert await api.data(READ, {"id": item["id"]}, user=student) == {"contentItem": None}
    assert (await api.data(READ, {"id": first}, user=student))["contentItem"]["title"] == "First"
    row = await author.row(item["id"])
    ((old, new),) = await author.audited(row["id"], "item.create")
    assert old is None
    written = {"module_id", "course_id", "content_type", "title", "description", "sequence_index", "data_json",
               "estimated_duration_seconds", "is_active", "revision"}  # fmt: skip
    assert {name: new[name] for name in written} == {name: row[name] for name in written}
    assert new.keys() == row.keys() - {"id", "university_id", "pool_key"}
    stored = {"schema_version": 1, "question_pool_id": world.alpha["pool"]["id"], "quiz_mode": "practice",
              "num_questions_per_attempt": 1, "randomize_order": False, "time_limit_seconds": 600,
              "mastery": {"points": 5, "threshold_correct_in_row": 2, "max_attempts": 3}}  # fmt: skip
    assert row["data_json"] == stored


ALL_BUT = ("student", "bystander", "outsider", "beta_admin", "ta", "section_ta", "far_instructor", "far_admin")
MAY = ("instructor", "department_admin", "admin")


def attempts(module, item, other):
    """Each mutation, with an input that is good."""
    one = {"contentItemId": item}
    return [
        (CREATE, {"moduleId": module, "title": "New", "payload": PARAGRAPH}),
        (UPDATE, {**one, "title": "Another title"}),
        (MOVE, {**one, "position": 2}),
        (REORDER, {"moduleId": module, "contentItemIds": [other, item]}),
        (SET_ACTIVE, {**one, "active": False}),
        (DELETE, one),
    ]


async def test_who_may_not_and_then_nothing_happens(author, api):
    module = await author.module()
    item, other = await author.created(module), await author.created(module)
    before = await author.state()
    for query, given in attempts(module, item, other):
        for person in ALL_BUT:
            (told,) = (await author.sent(query, given, person))["errors"]
            assert (person, told["code"]) == (person, "FORBIDDEN")
        answer = await api(query, {"input": given})
        assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert await author.state() == before


async def test_what_is_not_seen_is_not_there(author, world):
    module = author.id("Module", world.alpha["below"]["id"])
    item, other = author.id("TextContent", world.alpha["buried"]["id"]), author.id("TextContent", 999_999)
    before = await author.state()
    for query, given in attempts(module, item, item):
        hidden = await author.sent(query, given, "far_instructor")
        name = "contentItemId" if "contentItemId" in given else "moduleId"
        nowhere = {**given, name: other if name == "contentItemId" else author.id("Module", 999_999)}
        assert hidden["errors"][0]["code"] == "NOT_FOUND"
        assert hidden["errors"][0]["path"] == ["input", name]
        assert await author.sent(query, nowhere, "far_instructor") == hidden
        assert await author.sent(query, nowhere, "admin") == hidden
    assert await author.state() == before


@pytest.mark.parametrize("person", MAY)
async def test_who_may(author, person):
    module = await author.module()
    item, other = await author.created(module), await author.created(module)
    for query, given in attempts(module, item, other)[1:] + attempts(module, item, other)[:1]:
        assert (await author.sent(query, given, person))["errors"] == []


async def test_what_is_left_out_stays_and_null_clears(author):
    module = await author.module()
    item = await author.created(module, description="Before", estimatedDurationSeconds=5)
    before = await author.row(item)
    changed = await author.sent(UPDATE, {"contentItemId": item, "expectedRevision": 1, "title": "After"})
    assert changed["errors"] == []
    row = await author.row(item)
    same = ("description", "estimated_duration_seconds", "data_json", "sequence_index", "is_active", "created_at")
    assert {name: row[name] for name in same} == {name: before[name] for name in same}
    assert (row["title"], row["revision"], row["updated_at"] > before["updated_at"]) == ("After", 2, True)
    cleared = {"contentItemId": item, "description": None, "estimatedDurationSeconds": None, "payload": None}
    assert (await author.sent(UPDATE, cleared))["contentItem"]["description"] is None
    assert (await author.row(item))["estimated_duration_seconds"] is None
    assert await author.audited(row["id"], "item.update") == [
        ({"revision": 1, "title": "An item"}, {"revision": 2, "title": "After"}),
        (
            {"revision": 2, "description": "Before", "estimated_duration_seconds": 5},
            {"revision": 3, "description": None, "estimated_duration_seconds": None},
        ),
    ]
    quiet = await author.state()
    assert (await author.sent(UPDATE, {"contentItemId": item, "title": "After"}))["errors"] == []
    assert await author.state() == quiet


BAD = [
    ({"title": None}, "title", "this must not be empty"),
    ({"title": " "}, "title", "this must not be empty"),
    ({"title": "x" * 256}, "title", "this has 256 characters, at most 255 can be taken"),
    ({"description": "x" * 20_001}, "description", "this has 20001 characters, at most 20000 can be taken"),
    ({"description": "a\x07"}, "description", "this has control characters, which can't be shown"),
    ({"estimatedDurationSeconds": -1}, "estimatedDurationSeconds", "this must be from 0 to 1000000"),
]


@pytest.mark.parametrize(("given", "field", "message"), BAD)
async def test_what_can_not_be_said_of_an_item(author, given, field, message):
    module = await author.module()
    item = await author.created(module)
    before = await author.state()
    wanted = [error("INVALID", message, field)]
    assert (await author.sent(UPDATE, {"contentItemId": item, **given}))["errors"] == wanted
    if given.get("title", "") is not None:
        new = {"moduleId": module, "title": "New", "payload": PARAGRAPH, **given}
        assert (await author.sent(CREATE, new))["errors"] == wanted
    assert await author.state() == before


async def test_an_item_stays_of_its_kind(author):
    item = await author.created(await author.module())
    told = await author.sent(UPDATE, {"contentItemId": item, "payload": {"quiz": QUIZ}})
    message = "the item is a text and stays one: give `text`, or create another item"
    assert told["errors"] == [error("INVALID", message, "payload", "quiz")]


async def test_places(author):
    module, other = await author.module(), await author.module()
    a, b, c = [await author.created(module, title=title) for title in "abc"]
    elsewhere = await author.created(other, title="x")
    for place in (0, 5):
        told = await author.sent(CREATE, {"moduleId": module, "title": "d", "payload": PARAGRAPH, "position": place})
        assert told["errors"] == [error("INVALID", "this must be from 1 to 4, the last place there", "position")]
    assert (await author.sent(MOVE, {"contentItemId": a, "position": 4}))["errors"][0]["path"] == ["input", "position"]
    before = {item: (await author.row(item))["updated_at"] for item in (b, c)}
    assert (await author.sent(MOVE, {"contentItemId": a}))["contentItem"]["sequenceIndex"] == 3
    assert await author.order(module) == [("b", 1), ("c", 2), ("a", 3)]
    assert {item: (await author.row(item))["updated_at"] for item in (b, c)} == before
    await author.sent(MOVE, {"contentItemId": c, "moduleId": other, "position": 1})
    assert (await author.order(module), await author.order(other)) == (
        [("b", 1), ("a", 2)],
        [("c", 1), ("x", 2)],
    )
    assert await author.audited(number(c), "item.move") == [
        (
            {"module_id": number(module), "sequence_index": 2},
            {"module_id": number(other), "sequence_index": 1},
        )
    ]
    quiet = await author.state()
    assert (await author.sent(MOVE, {"contentItemId": c, "moduleId": other, "position": 1}))["errors"] == []
    assert (await author.sent(MOVE, {"contentItemId": elsewhere}))["errors"] == []
    assert await author.state() == quiet


async def test_an_item_does_not_leave_its_course(author, world):
    item = await author.created(await author.module())
    away = author.id("Module", world.alpha["draft_module"]["id"])
    told = await author.sent(MOVE, {"contentItemId": item, "moduleId": away}, "admin")
    assert told["errors"] == [error("NOT_FOUND", "there is no such module in this course", "moduleId")]


async def test_an_order_names_every_item_once(author):
    module = await author.module()
    a, b, c = [await author.created(module, title=title) for title in "abc"]
    stranger = await author.created(await author.module())

    async def reordered(*items):
        return (await author.sent(REORDER, {"moduleId": module, "contentItemIds": items}))["errors"]

    before = await author.state()
    missing = "name all items of the module: 1 of 3 are missing; it may have got more meanwhile"
    assert await reordered(a, b) == [error("INVALID", missing, "contentItemIds")]
    assert await reordered(a, b, b) == [error("INVALID", "name each item once", "contentItemIds")]
    nowhere = [error("NOT_FOUND", "the module has no such content item", "contentItemIds")]
    assert await reordered(a, b, c, stranger) == nowhere
    assert await reordered(a, b, "no id") == nowhere
    assert await reordered(a, b, c) == []
    assert await author.state() == before
    assert await reordered(c, a, b) == []
    assert await author.order(module) == [("c", 1), ("a", 2), ("b", 3)]
    ids = [number(item) for item in (a, b, c)]
    assert await author.audited(number(module), "item.reorder") == [
        ({"content_item_ids": ids}, {"content_item_ids": [ids[2], ids[0], ids[1]]})
    ]


async def test_places_that_had_gaps_are_counted_anew(author, world):
    module = await author.module()
    a = await author.created(module, title="a")
    await author.owner.execute("UPDATE content_items SET sequence_index = 9 WHERE id = $1", number(a))
    await author.created(module, title="b", position=1)
    assert await author.order(module) == [("b", 1), ("a", 2)]


async def test_many_at_once_leave_no_gap_and_no_item_twice(author):
    module, other = await author.module(), await author.module()
    items = [await author.created(module, title=str(index)) for index in range(6)]
    created = [author.created(module, title=f"new {index}", position=1) for index in range(4)]
    moved = [author.sent(MOVE, {"contentItemId": item, "moduleId": other}) for item in items[:3]]
    back = [author.sent(MOVE, {"contentItemId": item, "position": 1}) for item in items[3:]]
    await asyncio.gather(*created, *moved, *back)
    here, there = await author.order(module), await author.order(other)
    assert [place for _, place in here] == list(range(1, 8))
    assert [place for _, place in there] == [1, 2, 3]
    assert {title for title, _ in here} == {"3", "4", "5", *(f"new {index}" for index in range(4))}


async def test_an_item_is_hidden_and_shown(author, api, world):
    item = await author.created(await author.module())
    before = await author.row(item)
    student = world.people["student"]
    hidden = await author.sent(SET_ACTIVE, {"contentItemId": item, "active": False})
    assert (hidden["contentItem"]["isActive"], hidden["contentItem"]["revision"]) == (False, 1)
    assert await api.data(READ, {"id": item}, user=student) == {"contentItem": None}
    quiet = await author.state()
    await author.sent(SET_ACTIVE, {"contentItemId": item, "active": False})
    assert await author.state() == quiet
    await author.sent(SET_ACTIVE, {"contentItemId": item, "active": True})
    assert (await api.data(READ, {"id": item}, user=student))["contentItem"]["title"] == "An item"
    assert await author.audited(before["id"], "item.set_active") == [
        ({"is_active": True}, {"is_active": False}),
        ({"is_active": False}, {"is_active": True}),
    ]


async def test_an_item_is_deleted_with_its_parts_and_leaves_no_gap(author):
    module = await author.module()
    a, b = await author.created(module, title="a"), await author.created(module, title="b")
    await author.sent(UPDATE, {"contentItemId": a, "title": "a again"})
    before = await author.row(a)
    deleted = await author.sent(DELETE, {"contentItemId": a})
    assert deleted == {"deletedContentItemId": a, "errors": []}
    assert await author.order(module) == [("b", 1)]
    assert (await author.row(b))["revision"] == 1
    ((old, new),) = await author.audited(number(a), "item.delete")
    kept = ("course_id", "module_id", "content_type", "title", "description", "estimated_duration_seconds", "data_json",
            "sequence_index", "is_active", "revision")  # fmt: skip
    assert (old, new) == ({name: before[name] for name in kept}, None)
    count = "SELECT count(*) FROM content_item_revisions WHERE content_item_id = $1"
    assert await author.owner.fetchval(count, number(a)) == 0
    again = await author.sent(DELETE, {"contentItemId": a})
    assert again["errors"] == [error("NOT_FOUND", "there is no such content item for you", "contentItemId")]


async def test_what_people_did_with_an_item_keeps_it(author, world):
    told = {}
    for name in ("quiz", "assignment", "engineering_lab", "video"):
        row = world.alpha[name]
        typename = {"quiz": "Quiz", "assignment": "Assignment", "engineering_lab": "EngineeringLab", "video": "Video"}
        item = author.id(f"{typename[name]}Content", row["id"])
        before = await author.state()
        (refused,) = (await author.sent(DELETE, {"contentItemId": item}))["errors"]
        assert (refused["code"], refused["path"]) == ("CLOSED", ["input", "contentItemId"])
        told[name] = refused["message"].split("(")[1].split(")")[0]
        assert await author.state() == before
    assert told["quiz"] == "4 quiz attempts, 2 settings of offerings"
    assert told["video"] == "2 records of progress, 1 threads"
    assert "submissions" in told["assignment"]


def test_every_table_that_refers_to_items_is_counted_or_goes_with_them():
    refer = {
        table.name
        for table in Model.metadata.tables.values()
        if any(
            key.referred_table.name == "content_items" and key.ondelete != "CASCADE"
            for key in table.foreign_key_constraints
        )
    }
    assert refer == {model.__tablename__ for model in (*RECORDS.values(), *PARTS)}


@pytest.mark.parametrize("name", list(RECORDS))
async def test_each_record_is_seen(author, world, name, owner):
    """One row of each table is enough to keep an item."""
    kind = {"quiz attempts": "quiz", "submissions": "assignment", "uploads": "assignment"}.get(name, "text")
    payloads = {"quiz": {"quiz": QUIZ}, "assignment": {"assignment": {}}, "text": PARAGRAPH}
    item = await author.created(await author.module(), payloads[kind])
    offering, student = world.alpha["private"], world.people["student"]
    about = {"university_id": author.university_id, "course_id": offering["course_id"],
             "course_offering_id": offering["id"], "content_item_id": number(item)}  # fmt: skip
    person = {**about, "user_id": student}
    rows = Rows(owner)
    upload = {"file_name": "a.txt", "media_type": "text/plain", "size_bytes": 1, "expires_at": datetime.now(UTC)}
    made = {
        "quiz attempts": ("quiz_attempts", person),
        "submissions": ("lab_submissions", {**person, "content_type": "assignment", "body": "x"}),
        "uploads": ("uploads", {**person, **upload}),
        "records of progress": ("user_content_progress", {**person, "progress_percent": 1}),
        "settings of offerings": ("content_item_settings", {**about, "points": 1}),
    }
    if name in made:
        table, values = made[name]
        await rows.add(table, **values)
    elif name == "threads":
        await rows.add("discussion_threads", **about, title="A thread", created_by_user_id=student)
    else:
        await rows.add("grade_exemptions", **person, reason="Ill.", excused_by=world.people["instructor"])
    (refused,) = (await author.sent(DELETE, {"contentItemId": item}))["errors"]
    assert refused["code"] == "CLOSED"
    assert f"(1 {name})" in refused["message"]


async def test_a_live_quiz_may_be_changed_and_that_is_told(author, world, owner):
    item = await author.created(await author.module(), {"quiz": QUIZ})
    told = await author.sent(UPDATE, {"contentItemId": item, "title": "Again"})
    assert [one["code"] for one in told["warnings"]] == ["NO_POOL"]
    quiz = author.id("QuizContent", world.alpha["quiz"]["id"])
    pool = author.id("QuestionPool", world.alpha["pool"]["id"])
    payload = {"quiz": {**QUIZ, "questionPoolId": pool, "numQuestionsPerAttempt": 3}}
    told = await author.sent(UPDATE, {"contentItemId": quiz, "payload": payload})
    assert told["errors"] == []
    assert told["warnings"] == [
        {
            "code": "ATTEMPTS_EXIST",
            "message": "4 attempts have begun, 2 of them are open: they keep the questions and the revision that they"
            " met",
        },
        {
            "code": "TOO_FEW_QUESTIONS",
            "message": "its pool has 1 questions, fewer than the 3 that an attempt asks for",
        },
    ]
    work = author.id("AssignmentContent", world.alpha["assignment"]["id"])
    told = await author.sent(UPDATE, {"contentItemId": work, "title": "Again"})
    assert [one["code"] for one in told["warnings"]] == ["SUBMISSIONS_EXIST"]


async def test_the_number_of_statements_does_not_depend_on_the_number_of_items(author, monkeypatch):
    counts = count_statements(monkeypatch)
    for size in (2, 20):
        module = await author.module()
        items = [await author.created(module) for _ in range(size)]
        for query, given in (
            (CREATE, {"moduleId": module, "title": "New", "payload": PARAGRAPH, "position": 1}),
            (MOVE, {"contentItemId": items[0], "position": 1}),
            (DELETE, {"contentItemId": items[1]}),
        ):
            before = len(counts)
            assert (await author.sent(query, given))["errors"] == []
            assert len(counts) == before + 1
    assert counts[2:5] == counts[-3:] == [9, 8, 13]
