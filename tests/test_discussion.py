"""Discussions: who sees them, stubs, read marks, deep threads, and how many statements they take."""

import itertools
import random
from datetime import UTC, datetime, timedelta

import pytest

from lms_graphql.discussion.loaders import POSTS_OF_A_TREE
from lms_graphql.discussion.trees import depths_of, in_pre_order
from lms_graphql.engine.relay import GlobalId
from lms_graphql.storage.database import connect
from tests.world import Rows

BEGUN = datetime(2026, 4, 1, tzinfo=UTC)
STATUSES = ("active", "completed", "dropped", "pending", "waitlisted")
DEEP = 300


def gid(typename, row):
    return str(GlobalId(typename, row["id"], row["university_id"]))


class Talk:
    """An offering with threads; people are called by the status of their enrollment, `stranger` has none."""

    def __init__(self, rows, world):
        self.rows = rows
        self.alpha = world.alpha
        self.tenant = {"university_id": world.alpha.university["id"]}
        self.people = {}
        self.threads = {}
        self.posts = {}
        self.offering = None

    async def fill(self):
        course = self.alpha["course"]["id"]
        self.offering = await self.rows.add("course_offerings", **self.tenant, course_id=course, visibility="public")
        for name in (*STATUSES, "stranger"):
            user = await self.rows.add("users", email=f"{name}@talk.example", full_name="x", password_hash="!")
            self.people[name] = user["id"]
            member = {**self.tenant, "user_id": user["id"]}
            await self.rows.add("university_members", **member, display_name=f"The {name}", email=f"{name}@t.example")
            await self.rows.add("user_university_roles", **member, role="student")
            if name in STATUSES:
                completed_at = BEGUN if name == "completed" else None
                where = {**member, "course_offering_id": self.offering["id"]}
                await self.rows.add("course_enrollments", **where, status=name, completed_at=completed_at)
        alpha = self.alpha
        await self.thread("open", title="Open", content_item_id=alpha["video"]["id"], module_id=alpha["lesson"]["id"])
        await self.thread("pinned", title="Pinned", is_pinned=True)
        await self.thread("module", module_id=alpha["lesson"]["id"], is_locked=True)
        await self.thread("hidden_module", title="SECRET", module_id=alpha["below"]["id"])
        await self.thread("hidden_item", title="SECRET", content_item_id=alpha["inactive"]["id"])
        await self.post("first", "open", "active")
        await self.post("second", "open", "completed")
        await self.post("answer", "open", "completed", "first")
        await self.post("deleted", "open", "completed", "first", is_deleted=True)
        await self.post("below", "open", "active", "deleted")
        edited = BEGUN + timedelta(days=9)
        await self.post("edited", "open", "completed", "answer", updated_at=edited)
        await self.post("alone", "module", "active")
        accepted = "UPDATE discussion_threads SET accepted_post_id = $2 WHERE id = $1"
        await self.rows.driver.execute(accepted, self.threads["open"]["id"], self.posts["answer"]["id"])
        await self.mark("active", "second")

    async def thread(self, name, **values):
        given = {
            **self.tenant,
            "course_id": self.alpha["course"]["id"],
            "course_offering_id": self.offering["id"],
            "created_by_user_id": self.people["active"],
            "created_at": BEGUN + timedelta(hours=len(self.threads)),
        }
        self.threads[name] = await self.rows.add("discussion_threads", **{**given, **values})

    async def post(self, name, thread, author, parent=None, **values):
        written = BEGUN + timedelta(days=1, hours=len(self.posts))
        given = {
            **self.tenant,
            "thread_id": self.threads[thread]["id"],
            "parent_post_id": None if parent is None else self.posts[parent]["id"],
            "user_id": self.people[author],
            "body": f"SECRET {name}" if values.get("is_deleted") else f"Words {name}",
            "created_at": written,
            "updated_at": written,
        }
        self.posts[name] = await self.rows.add("discussion_posts", **{**given, **values})

    async def mark(self, reader, post):
        read = self.posts[post]
        await self.rows.add(
            "thread_read_marks", **self.tenant, thread_id=read["thread_id"], user_id=self.people[reader],
            last_read_post_id=read["id"],
        )  # fmt: skip

    async def clear(self):
        driver, ids = self.rows.driver, list(self.people.values())
        await driver.execute("DELETE FROM discussion_threads WHERE course_offering_id = $1", self.offering["id"])
        for table in ("course_enrollments", "user_university_roles", "university_members"):
            await driver.execute(f"DELETE FROM {table} WHERE user_id = ANY ($1)", ids)
        await driver.execute("DELETE FROM users WHERE id = ANY ($1)", ids)
        await driver.execute("DELETE FROM course_offerings WHERE id = $1", self.offering["id"])

    def variables(self):
        return {"id": gid("CourseOffering", self.offering)}

    def post_id(self, name):
        return gid("DiscussionPost", self.posts[name])


@pytest.fixture(scope="module")
async def talk(database, world):
    driver = await connect(database.owner)
    made = Talk(Rows(driver), world)
    try:
        await made.fill()
        yield made
    finally:
        await made.clear()
        await driver.close()


def person(world, talk, name):
    return (talk.people | world.people)[name] if name else None


def titles(connection):
    return [edge["node"]["title"] for edge in connection["edges"]]


# ---- who sees what ----

STUDENTS = ["Open", "Pinned", None]
LIST = "query ($id: ID!) { offering(id: $id) { threads(first: 10) { totalCount edges { node { title } } } } }"


@pytest.mark.parametrize(("name", "seen"), [
    (None, []), ("outsider", []), ("stranger", []), ("dropped", []), ("pending", []), ("waitlisted", []),
    ("active", STUDENTS), ("completed", STUDENTS), ("admin", [*STUDENTS, "SECRET", "SECRET"]),
    ("ta", []),
])  # fmt: skip
async def test_threads_are_for_staff_and_who_takes_part(api, world, talk, name, seen):
    user = person(world, talk, name)
    data = await api.data(LIST, talk.variables(), user=user)
    assert titles(data["offering"]["threads"]) == seen
    assert data["offering"]["threads"]["totalCount"] == len(seen)
    document = """query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"""
    shown = {
        **{gid("DiscussionThread", row): bool(seen) for row in list(talk.threads.values())[:3]},
        **{gid("DiscussionThread", row): len(seen) == 5 for row in list(talk.threads.values())[3:]},
        **{gid("DiscussionPost", row): bool(seen) for row in talk.posts.values()},
    }
    data = await api.data(document, {"ids": list(shown)}, user=user)
    assert data["nodes"] == [{"id": text} if visible else None for text, visible in shown.items()]


async def test_another_university_has_none_of_them(api, world, talk):
    document = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    ids = [gid("DiscussionThread", talk.threads["open"]), talk.post_id("first")]
    ids += [str(GlobalId(*parts, world.beta.university["id"])) for parts in (
        ("DiscussionThread", talk.threads["open"]["id"]), ("DiscussionPost", talk.posts["first"]["id"]))]  # fmt: skip
    data = await api.data(document, {"ids": ids}, user=world.people["beta_admin"], university="BETA")
    assert data == {"nodes": [None] * 4}


THREAD = """query ($id: ID!) { node(id: $id) { ... on DiscussionThread {
  title isLocked isPinned createdAt createdByName createdBy { displayName } offering { id } module { title }
  contentItem { ... on VideoContent { title } } acceptedPost { body } postCount lastPostAt unreadCount
  posts(first: 5) { totalCount edges { node { body } } } } } }"""


@pytest.mark.parametrize(
    ("name", "unread", "creator"), [("active", 2, True), ("completed", 2, False), ("admin", 5, True)]
)
async def test_whole_thread(api, world, talk, name, unread, creator):
    """Own posts are never news, nor deleted ones; without a mark everything else is."""
    variables = {"id": gid("DiscussionThread", talk.threads["open"])}
    data = await api.data(THREAD, variables, user=person(world, talk, name))
    assert data["node"] == {
        "title": "Open",
        "isLocked": False,
        "isPinned": False,
        "createdAt": "2026-04-01T00:00:00+00:00",
        "createdByName": "The active",
        "createdBy": {"displayName": "The active"} if creator else None,
        "offering": {"id": gid("CourseOffering", talk.offering)},
        "module": {"title": "Lesson 1"},
        "contentItem": {"title": "A video"},
        "acceptedPost": {"body": "Words answer"},
        "postCount": 5,
        "lastPostAt": "2026-04-02T05:00:00+00:00",
        "unreadCount": unread,
        "posts": {"totalCount": 2, "edges": [{"node": {"body": "Words first"}}, {"node": {"body": "Words second"}}]},
    }


async def test_a_thread_without_posts(api, world, talk):
    variables = {"id": gid("DiscussionThread", talk.threads["pinned"])}
    data = await api.data(THREAD, variables, user=talk.people["completed"])
    shown = {key: data["node"][key] for key in ("acceptedPost", "postCount", "lastPostAt", "unreadCount", "posts",
                                                "module", "contentItem")}  # fmt: skip
    assert shown == {
        "acceptedPost": None, "postCount": 0, "lastPostAt": None, "unreadCount": 0,
        "posts": {"totalCount": 0, "edges": []}, "module": None, "contentItem": None,
    }  # fmt: skip


# ---- posts ----

TREE = """query ($id: ID!) { node(id: $id) { ... on DiscussionThread { postTree { isTruncated posts {
  id body isDeleted isEdited depth parentId authorName author { displayName } } } } } }"""


def stub(talk, name, depth, parent=None, author="active", *, edited=False, sees=()):
    deleted = name == "deleted"
    return {
        "id": talk.post_id(name),
        "body": None if deleted else f"Words {name}",
        "isDeleted": deleted,
        "isEdited": edited,
        "depth": depth,
        "parentId": None if parent is None else talk.post_id(parent),
        "authorName": None if deleted else f"The {author}",
        "author": {"displayName": f"The {author}"} if author in sees and not deleted else None,
    }


@pytest.mark.parametrize(("name", "sees"), [("active", ["active"]), ("admin", ["active", "completed"])])
async def test_the_tree_of_a_thread_in_one_list(api, world, talk, name, sees):
    """Each post is followed by its answers; a deleted one keeps its place, whoever asks. Three statements."""
    variables = {"id": gid("DiscussionThread", talk.threads["open"])}
    answer = await api.data(TREE, variables, user=person(world, talk, name))
    assert answer["node"]["postTree"] == {
        "isTruncated": False,
        "posts": [
            stub(talk, "first", 0, sees=sees),
            stub(talk, "answer", 1, "first", "completed", sees=sees),
            stub(talk, "edited", 2, "answer", "completed", edited=True, sees=sees),
            stub(talk, "deleted", 1, "first"),
            stub(talk, "below", 2, "deleted", sees=sees),
            stub(talk, "second", 0, author="completed", sees=sees),
        ],
    }
    assert len(api.statements) == 3  # the thread, its tree, the people


async def test_what_a_deleted_post_said_never_leaves_the_database(api, world, talk):
    document = "query ($id: ID!) { node(id: $id) { ... on DiscussionPost { %s } } }"
    fields = "body isDeleted isEdited authorName author { displayName } replies(first: 5) { edges { node { body } } }"
    for user in (talk.people["completed"], world.people["admin"]):
        data = await api.data(document % fields, {"id": talk.post_id("deleted")}, user=user)
        assert data["node"] == {
            "body": None, "isDeleted": True, "isEdited": False, "authorName": None, "author": None,
            "replies": {"edges": [{"node": {"body": "Words below"}}]},
        }  # fmt: skip


async def test_replies_parents_and_depths_a_statement_each_for_all_posts(api, talk):
    document = """query ($id: ID!) { node(id: $id) { ... on DiscussionThread { posts(first: 10) { edges { node {
      body depth parent { body } thread { title }
      replies(first: 1) { totalCount pageInfo { hasNextPage }
        edges { node { body depth parent { body depth } replies(first: 5) { edges { node { depth } } } }
      } } } } } } } }"""
    data = await api.data(document, {"id": gid("DiscussionThread", talk.threads["open"])}, user=talk.people["active"])
    first, second = (edge["node"] for edge in data["node"]["posts"]["edges"])
    head = {"parent": None, "depth": 0, "thread": {"title": "Open"}}
    reply = {
        "body": "Words answer",
        "depth": 1,
        "parent": {"body": "Words first", "depth": 0},
        "replies": {"edges": [{"node": {"depth": 2}}]},
    }
    page = {"totalCount": 2, "pageInfo": {"hasNextPage": True}, "edges": [{"node": reply}]}
    assert first == {"body": "Words first", **head, "replies": page}
    none = {"totalCount": 0, "pageInfo": {"hasNextPage": False}, "edges": []}
    assert second == {"body": "Words second", **head, "replies": none}
    # the thread; its posts; their depths, (no parents,) replies, counts; below: depths, parents, replies, depths
    assert len(api.statements) == 9


async def test_activity_of_all_threads_is_one_grouped_statement(api, world, talk):
    document = """query ($id: ID!) { offering(id: $id) { threads(first: %s) { edges { node {
      postCount lastPostAt unreadCount postTree { isTruncated posts { depth } } } } } } }"""
    counts = {}
    for size in (1, 5):
        data = await api.data(document % size, talk.variables(), user=world.people["admin"])
        counts[size] = len(api.statements)
        assert sum("GROUP BY discussion_threads.id" in sql for sql in api.statements) == 1
    assert counts == {1: 4, 5: 4}  # the offering, its threads, their activity, their trees, whose depths they tell
    nodes = [edge["node"] for edge in data["offering"]["threads"]["edges"]]
    assert [node["postCount"] for node in nodes] == [5, 0, 1, 0, 0]
    assert [len(node["postTree"]["posts"]) for node in nodes] == [6, 0, 1, 0, 0]


# ---- deep and long threads ----


@pytest.fixture
async def chain(talk):
    """A thread in which every post answers the one before it."""
    await talk.thread("chain", title="Chain")
    written = """INSERT INTO discussion_posts (university_id, thread_id, user_id, body)
        SELECT $1, $2, $3, 'x' FROM generate_series(1, $4::int) RETURNING id"""
    values = (talk.tenant["university_id"], talk.threads["chain"]["id"], talk.people["active"])

    async def add(number):
        ids = sorted(row[0] for row in await talk.rows.driver.fetch(written, *values, number))
        await talk.rows.driver.executemany(
            "UPDATE discussion_posts SET parent_post_id = $2 WHERE university_id = $3 AND id = $1",
            [(id_, above, values[0]) for above, id_ in itertools.pairwise(ids)],
        )
        return ids

    yield add
    await talk.rows.driver.execute("DELETE FROM discussion_threads WHERE id = $1", talk.threads.pop("chain")["id"])


async def test_answers_to_answers_300_levels_down(api, talk, chain):
    ids = await chain(DEEP)
    document = (
        "query ($id: ID!) { node(id: $id) { ... on DiscussionThread { postTree { isTruncated posts { depth } } } } }"
    )
    variables = {"id": gid("DiscussionThread", talk.threads["chain"])}
    data = await api.data(document, variables, user=talk.people["active"])
    assert data["node"]["postTree"] == {"isTruncated": False, "posts": [{"depth": n} for n in range(DEEP)]}
    assert len(api.statements) == 2
    deepest = str(GlobalId("DiscussionPost", ids[-1], talk.tenant["university_id"]))
    document = "query ($id: ID!) { node(id: $id) { ... on DiscussionPost { depth parent { depth } } } }"
    data = await api.data(document, {"id": deepest}, user=talk.people["active"])
    assert data["node"] == {"depth": DEEP - 1, "parent": {"depth": DEEP - 2}}
    assert len(api.statements) == 4


async def test_a_tree_that_is_cut_says_so(api, talk, chain):
    document = (
        "query ($id: ID!) { node(id: $id) { ... on DiscussionThread { postTree { isTruncated posts { id } } } } }"
    )
    variables = {"id": gid("DiscussionThread", talk.threads["chain"])}
    for more, truncated in ((POSTS_OF_A_TREE, False), (1, True)):
        ids = await chain(more)
        data = await api.data(document, variables, user=talk.people["active"])
        tree = data["node"]["postTree"]
        assert (len(tree["posts"]), tree["isTruncated"]) == (POSTS_OF_A_TREE, truncated)
    missing = str(GlobalId("DiscussionPost", ids[0], talk.tenant["university_id"]))
    assert missing not in {post["id"] for post in tree["posts"]}


async def test_posts_in_a_circle_cost_no_more_than_others(api, talk, chain):
    """No service makes them; the keys would let them be."""
    ids = await chain(3)
    here = "UPDATE discussion_posts SET parent_post_id = $2 WHERE university_id = $3 AND id = $1"
    await talk.rows.driver.execute(here, ids[0], ids[-1], talk.tenant["university_id"])
    variables = {"id": gid("DiscussionThread", talk.threads["chain"])}
    data = await api.data(TREE, variables, user=talk.people["active"])
    assert sorted(post["id"] for post in data["node"]["postTree"]["posts"]) == sorted(
        str(GlobalId("DiscussionPost", id_, talk.tenant["university_id"])) for id_ in ids
    )


def test_trees_of_any_shape():
    """Against the plain recursive definition; a hundred thousand levels need no stack."""
    chosen = random.Random(7)  # noqa: S311
    parents = {number: chosen.choice([None, *range(1, number)]) for number in range(1, 200)}

    def depth(number):
        return 0 if parents[number] is None else 1 + depth(parents[number])

    def below(parent):
        return [post for n in parents if parents[n] == parent for post in (n, *below(n))]

    assert depths_of(parents) == {number: depth(number) for number in parents}
    posts = [{"id": number, "parent_post_id": parent} for number, parent in parents.items()]
    assert [post["id"] for post in in_pre_order(posts)] == below(None)
    long = {number: number - 1 or None for number in range(1, 100_001)}
    assert depths_of(dict(reversed(long.items())))[100_000] == 99_999
    deep = [{"id": number, "parent_post_id": parent} for number, parent in long.items()]
    assert in_pre_order(deep) == deep


# ---- lists ----


@pytest.mark.parametrize(("arguments", "seen"), [
    ("first: 10, orderBy: {createdAt: DESC}", [None, "Pinned", "Open"]),
    ("first: 1, orderBy: {createdAt: ASC}", ["Open"]),
    ("first: 10, orderBy: {pinned: DESC}", ["Pinned", None, "Open"]),
    ("first: 10, orderBy: {lastPost: DESC}", [None, "Open", "Pinned"]),
    ("last: 2, orderBy: {lastPost: DESC}", ["Open", "Pinned"]),
    ("first: 10, filter: {isPinned: true}", ["Pinned"]),
    ("first: 10, filter: {isAnswered: false}", ["Pinned", None]),
    ("first: 10, filter: {isAnswered: true, isPinned: false}", ["Open"]),
    ("first: 10, filter: {module: $lesson}", ["Open", None]),
    ("first: 10, filter: {contentItem: $video}", ["Open"]),
    ("first: 10, filter: {contentItem: $lesson}", []),
    ("first: 10, filter: {offering: $foreign}", []),
    ("first: 10, filter: {module: $hidden}", []),
])  # fmt: skip
async def test_orders_and_filters(api, world, talk, arguments, seen):
    ids = {
        "$lesson": gid("Module", world.alpha["lesson"]),
        "$video": gid("VideoContent", world.alpha["video"]),
        "$foreign": gid("CourseOffering", world.beta["public"]),
        "$hidden": gid("Module", world.alpha["below"]),
    }
    for name, text in ids.items():
        arguments = arguments.replace(name, f'"{text}"')
    document = f"query ($id: ID!) {{ offering(id: $id) {{ threads({arguments}) {{ edges {{ node {{ title }} }} }} }} }}"
    data = await api.data(document, talk.variables(), user=talk.people["active"])
    assert titles(data["offering"]["threads"]) == seen
    assert len(api.statements) == 2


@pytest.mark.parametrize("order", ["createdAt", "lastPost", "pinned"])
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_pages_of_an_order_are_the_list(api, world, talk, order, direction):
    document = """query ($id: ID!, $after: String, $size: Int!) { offering(id: $id) {
      threads(first: $size, after: $after, orderBy: {%s: %s}) {
        pageInfo { hasNextPage endCursor } edges { node { databaseId } } } } }"""  # fmt: skip
    user, found, after = world.people["admin"], [], None
    document %= (order, direction)
    while True:
        data = await api.data(document, {**talk.variables(), "size": 2, "after": after}, user=user)
        page = data["offering"]["threads"]
        found += page["edges"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    data = await api.data(document, {**talk.variables(), "size": 100}, user=user)
    assert found == data["offering"]["threads"]["edges"]
    assert len(found) == 5


async def test_threads_of_modules_and_items(api, world, talk):
    """One statement for the modules and one for the items of all kinds."""
    document = """query ($id: ID!, $offering: ID!) { module(id: $id) {
      threads(first: 5, filter: {offering: $offering}) { edges { node { title } } }
      contentItems { ... on ContentItem { title threads(first: 5) { totalCount edges { node { title } } } } } } }"""
    variables = {"id": gid("Module", world.alpha["lesson"]), "offering": gid("CourseOffering", talk.offering)}
    data = await api.data(document, variables, user=talk.people["active"])
    assert titles(data["module"]["threads"]) == ["Open", None]
    seen = {item["title"]: titles(item["threads"]) for item in data["module"]["contentItems"]}
    assert seen.pop("A video") == ["Open"]
    assert set(map(tuple, seen.values())) == {()}
    assert len(api.statements) == 5  # the module, its threads, its items, their threads, these counted
