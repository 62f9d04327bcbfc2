"""Revisions: every change keeps what was before; it is compared, and restored; of many at once the first is taken."""

import asyncio

import pytest

from tests.changing.contents import CREATE, PARAGRAPH, RESTORE, SHOWN, TRANSCRIBE, UPDATE, Author, error, number
from tests.changing.labs import Labs
from tests.changing.test_quizzes import quiz  # noqa: F401 - a fixture
from tests.conftest import running_api

REVISIONS = """query($id: ID!) { contentItem(id: $id) { ... on ContentItem { revision revisions(first: 10) {
  edges { node { revision title description estimatedDurationSeconds replacedByName replacedBy { id }
    contentItem { __typename } } } pageInfo { hasNextPage } } } } }"""
DIFF = """query($id: ID!, $revision: Int!, $against: Int!) {
  contentItemRevision(contentItem: $id, revision: $revision) { revision title replacedAt
    diff(against: $against) { against isWhole changes { path before after } } } }"""


@pytest.fixture
def author(api, world, owner):
    return Author(api, world, owner)


def paragraphs(*texts):
    return {"text": {"blocks": [{"paragraph": {"text": text}} for text in texts]}}


@pytest.fixture
async def item(author):
    """An article that was changed twice."""
    item = await author.created(await author.module(), paragraphs("one", "two"), title="First")
    await author.sent(UPDATE, {"contentItemId": item, "title": "Second", "description": "Now with this"}, "admin")
    payload = paragraphs("one", "new", "two, changed")
    await author.sent(UPDATE, {"contentItemId": item, "expectedRevision": 2, "payload": payload})
    return item


async def read(author, query, person="instructor", **given):
    return await author.api.data(query, given, user=author.world.people[person])


async def test_what_was_before_is_kept_with_who_changed_it_and_when(author, item, world, owner):
    found = (await read(author, REVISIONS, id=item))["contentItem"]
    admin, instructor = (author.id("User", world.people[name]) for name in ("admin", "instructor"))
    shared = {"estimatedDurationSeconds": None, "contentItem": {"__typename": "TextContent"}}
    assert found == {
        "revision": 3,
        "revisions": {
            "edges": [
                {"node": {"revision": 1, "title": "First", "description": None, "replacedByName": "ALPHA admin",
                 "replacedBy": {"id": admin}, **shared}},
                {"node": {"revision": 2, "title": "Second", "description": "Now with this",
                 "replacedByName": "ALPHA instructor", "replacedBy": {"id": instructor}, **shared}},
            ],
            "pageInfo": {"hasNextPage": False},
        },
    }  # fmt: skip
    rows = await owner.fetch(
        "SELECT r.changed_at = a.at AS same FROM content_item_revisions r JOIN audit_log a"
        " ON a.entity_id = r.content_item_id AND a.act = 'item.update'"
        " AND (a.old_values->>'revision')::int = r.revision"
        " WHERE r.content_item_id = $1",
        number(item),
    )
    assert [row["same"] for row in rows] == [True, True]


@pytest.mark.parametrize("person", ["student", "bystander", "far_instructor"])
async def test_revisions_are_for_staff_of_the_course(author, item, person):
    found = await read(author, REVISIONS, person, id=item)
    assert (found["contentItem"]["revision"], found["contentItem"]["revisions"]["edges"]) == (3, [])
    for revision in (1, 3, 9):
        assert await read(author, DIFF, person, id=item, revision=revision, against=1) == {"contentItemRevision": None}


@pytest.mark.parametrize("person", ["ta", "section_ta", "instructor", "department_admin", "admin"])
async def test_all_staff_of_the_course_read_them(author, item, person):
    found = await read(author, DIFF, person, id=item, revision=2, against=1)
    assert found["contentItemRevision"]["title"] == "Second"


async def test_two_revisions_are_compared_value_by_value(author, item):
    found = (await read(author, DIFF, id=item, revision=3, against=1))["contentItemRevision"]
    assert found == {
        "revision": 3,
        "title": "Second",
        "replacedAt": None,
        "diff": {
            "against": 1,
            "isWhole": True,
            "changes": [
                {"path": "title", "before": "First", "after": "Second"},
                {"path": "description", "before": None, "after": "Now with this"},
                {"path": "payload.blocks[1].text", "before": "two", "after": "new"},
                {"path": "payload.blocks[2]", "before": None, "after": '{"text":"two, changed","type":"paragraph"}'},
            ],
        },
    }
    back = (await read(author, DIFF, id=item, revision=1, against=2))["contentItemRevision"]
    assert back["diff"]["changes"] == [
        {"path": "title", "before": "Second", "after": "First"},
        {"path": "description", "before": "Now with this", "after": None},
    ]
    assert back["replacedAt"] is not None
    same = (await read(author, DIFF, id=item, revision=2, against=2))["contentItemRevision"]
    assert same["diff"] == {"against": 2, "isWhole": True, "changes": []}
    assert (await read(author, DIFF, id=item, revision=2, against=7))["contentItemRevision"]["diff"] is None
    assert await read(author, DIFF, id=item, revision=7, against=2) == {"contentItemRevision": None}
    assert await read(author, DIFF, id="no id", revision=1, against=2) == {"contentItemRevision": None}


async def test_a_revision_is_restored_as_a_new_one(author, item):
    before = await author.row(item)
    restored = await author.sent(RESTORE, {"contentItemId": item, "revision": 1, "expectedRevision": 3})
    assert restored["errors"] == []
    assert restored["contentItem"]["revision"] == 4
    row = await author.row(item)
    texts = [block["text"] for block in row["data_json"]["blocks"]]
    assert (row["title"], row["description"], texts) == ("First", None, ["one", "two"])
    ((old, new),) = await author.audited(row["id"], "item.restore")
    differing = ("title", "description", "data_json")
    assert old == {"revision": 3, **{name: before[name] for name in differing}}
    assert new == {"revision": 4, **{name: row[name] for name in differing}}
    reason = "SELECT reason FROM audit_log WHERE act = 'item.restore' AND entity_id = $1"
    assert await author.owner.fetchval(reason, row["id"]) == "revision 1"
    edges = (await read(author, REVISIONS, id=item))["contentItem"]["revisions"]["edges"]
    assert [edge["node"]["revision"] for edge in edges] == [1, 2, 3]
    quiet = await author.state()
    assert (await author.sent(RESTORE, {"contentItemId": item, "revision": 1}))["errors"] == []
    assert await author.state() == quiet


async def test_what_can_not_be_restored(author, item, owner):
    before = await author.state()
    missing = error("NOT_FOUND", "the content item has no such former revision", "revision")
    for revision in (0, 3, 9, -1, 2**31 - 1):
        assert (await author.sent(RESTORE, {"contentItemId": item, "revision": revision}))["errors"] == [missing]
    conflict = error("CONFLICT", "this has changed: revision 3 is there, 2 was expected", "expectedRevision", version=3)
    given = {"contentItemId": item, "revision": 1, "expectedRevision": 2}
    assert (await author.sent(RESTORE, given))["errors"] == [conflict]
    for person in ("student", "ta", "far_instructor"):
        (told,) = (await author.sent(RESTORE, given, person))["errors"]
        assert told["code"] == "FORBIDDEN"
    answer = await author.api(RESTORE, {"input": given})
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert await author.state() == before


async def test_a_revision_whose_asset_is_gone_is_not_restored(author, owner):
    asset = await owner.fetchval(
        "INSERT INTO assets (university_id, url, asset_type) VALUES ($1, 'https://a.example/x.png', 'image')"
        " RETURNING id", author.university_id,
    )  # fmt: skip
    module = await author.module()
    item = await author.created(module, {"text": {"blocks": [{"image": {"assetId": author.id("Asset", asset)}}]}})
    await author.sent(UPDATE, {"contentItemId": item, "payload": PARAGRAPH})
    await owner.execute("DELETE FROM assets WHERE id = $1", asset)
    told = await author.sent(RESTORE, {"contentItemId": item, "revision": 1})
    assert told["errors"] == [error("NOT_FOUND", "what it refers to: there is no such asset", "revision")]


@pytest.fixture
async def crowd(written, world, owner):
    """An author with as many connections as edits: nobody is sent away for want of one on a busy machine."""
    async with running_api(written.app, max_in_flight=200, pool_size=100) as api:
        yield Author(api, world, owner)


async def test_of_a_hundred_edits_at_once_from_one_revision_one_is_taken(crowd):
    author = crowd
    item = await author.created(await author.module(), title="Start")
    edits = [
        author.sent(UPDATE, {"contentItemId": item, "expectedRevision": 1, "title": f"Edit {index}"})
        for index in range(100)
    ]
    answers = await asyncio.gather(*edits)
    taken = [answer for answer in answers if not answer["errors"]]
    refused = [answer["errors"] for answer in answers if answer["errors"]]
    assert len(taken) == 1
    message = "this has changed: revision 2 is there, 1 was expected"
    assert refused == [[error("CONFLICT", message, "expectedRevision", version=2)]] * 99
    row = await author.row(item)
    assert (row["title"], row["revision"]) == (taken[0]["contentItem"]["title"], 2)
    assert len(await author.audited(row["id"], "item.update")) == 1
    count = "SELECT count(*) FROM content_item_revisions WHERE content_item_id = $1"
    assert await author.owner.fetchval(count, row["id"]) == 1


async def test_who_expects_nothing_is_taken_each_after_the_other(crowd):
    author = crowd
    item = await author.created(await author.module(), title="Start")
    edits = [author.sent(UPDATE, {"contentItemId": item, "title": f"Edit {index}"}) for index in range(20)]
    assert [answer["errors"] for answer in await asyncio.gather(*edits)] == [[]] * 20
    assert (await author.row(item))["revision"] == 21
    titles = await author.owner.fetch(
        "SELECT revision, title FROM content_item_revisions WHERE content_item_id = $1 ORDER BY 1", number(item)
    )
    assert [row["revision"] for row in titles] == list(range(1, 21))
    assert len({row["title"] for row in titles}) == 20


async def test_each_mutation_that_changes_what_an_item_says_expects_a_revision(author):
    video = await author.created(await author.module(), {"video": {"provider": "INTERNAL", "url": "https://a.example"}})
    conflict = error("CONFLICT", "this has changed: revision 1 is there, 5 was expected", "expectedRevision", version=1)
    for query, given in (
        (UPDATE, {"title": "Other"}),
        (RESTORE, {"revision": 1}),
        (TRANSCRIBE, {"subtitles": None}),
    ):
        told = await author.sent(query, {"contentItemId": video, "expectedRevision": 5, **given})
        assert told["errors"] == [conflict]


async def test_an_attempt_keeps_the_revision_and_the_questions_that_it_met(quiz, author, owner):  # noqa: F811
    attempt = await quiz.started()
    met = await owner.fetchval("SELECT revision FROM quiz_attempts WHERE id = $1", number(attempt["id"]))
    item = author.id("QuizContent", quiz.item["id"])
    revision = (await author.row(item))["revision"]
    assert met == revision
    changed = await author.sent(UPDATE, {"contentItemId": item, "expectedRevision": revision, "title": "Another quiz"})
    assert changed["contentItem"]["revision"] == revision + 1
    assert [warning["code"] for warning in changed["warnings"]][:1] == ["ATTEMPTS_EXIST"]
    kept = await owner.fetchrow(
        "SELECT a.revision, r.title FROM quiz_attempts a JOIN content_item_revisions r"
        " ON (r.university_id, r.content_item_id, r.revision) = (a.university_id, a.content_item_id, a.revision)"
        " WHERE a.id = $1",
        number(attempt["id"]),
    )
    assert tuple(kept) == (revision, "A quiz")


async def test_a_submission_keeps_the_revision_that_it_met(api, world, owner, author):
    labs = Labs(api, world, owner)
    item = await labs.item()
    first = await labs.submitted(item)
    await author.sent(UPDATE, {"contentItemId": item, "payload": {"assignment": {"instructions": "Otherwise."}}})
    second = await labs.submitted(item)
    rows = await owner.fetch("SELECT revision FROM lab_submissions WHERE id = ANY($1)", [number(first), number(second)])
    assert [row["revision"] for row in rows] == [1, 2]


async def test_an_importer_that_changes_an_item_leaves_what_was_before_too(author, item, owner):
    await owner.execute("UPDATE content_items SET title = 'Imported' WHERE id = $1", number(item))
    row = await owner.fetchrow(
        "SELECT revision, title, changed_by FROM content_item_revisions WHERE content_item_id = $1"
        " ORDER BY revision DESC LIMIT 1",
        number(item),
    )
    assert tuple(row) == (3, "Second", None)
    assert (await author.row(item))["revision"] == 4
    await owner.execute("UPDATE content_items SET is_active = false, sequence_index = 77 WHERE id = $1", number(item))
    assert (await author.row(item))["revision"] == 4


async def test_a_key_makes_it_happen_once(author, api, world):
    module = await author.module()
    body = {"query": CREATE, "variables": {"input": {"moduleId": module, "title": "Once", "payload": PARAGRAPH}}}
    headers = {**api.headers(world.people["instructor"]), "Idempotency-Key": "once-and-no-more"}
    answers = [(await api.client.post("/u/ALPHA/graphql", json=body, headers=headers)).json() for _ in range(2)]
    first, second = (answer["data"]["createContentItem"] for answer in answers)
    assert first == second
    assert await author.order(module) == [("Once", 1)]
    assert SHOWN in CREATE


async def test_all_differences_of_a_page_are_read_at_once(author, api, world):
    item = await author.created(await author.module(), title="0")
    for title in range(1, 8):
        await author.sent(UPDATE, {"contentItemId": item, "title": str(title)})
    query = (
        "query($id: ID!) { contentItem(id: $id) { ... on ContentItem { revisions(first: 10) { edges { node { revision"
        " diff(against: 1) { changes { before after } } } } } } } }"
    )
    found = await api.data(query, {"id": item}, user=world.people["instructor"])
    edges = found["contentItem"]["revisions"]["edges"]
    assert [edge["node"]["diff"]["changes"] for edge in edges] == [
        [],
        *([{"before": "0", "after": str(title)}] for title in range(1, 7)),
    ]
    assert len(api.statements) == 3
