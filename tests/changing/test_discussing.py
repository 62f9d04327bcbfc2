"""Discussions are written: who may do what, whole answers, nothing done on refusal, counts, depth, marks, reports."""

import asyncio
import itertools
import json

import pytest

from lms_graphql.engine.relay import GlobalId
from tests.world import Rows

POST_FIELDS = "body version isDeleted isHidden hiddenReason isEdited depth authorName history(first: 9) { totalCount }"
ERRORS = "errors { code message path currentVersion }"
INPUTS = {
    "createThread": "CreateThreadInput",
    "replyToThread": "ReplyToThreadInput",
    "editPost": "EditPostInput",
    "updateThread": "UpdateThreadInput",
    "markThreadRead": "MarkThreadReadInput",
    "markOfferingRead": "MarkOfferingReadInput",
    "reportPost": "ReportPostInput",
    "hidePost": "HidePostInput",
    **dict.fromkeys(("lockThread", "unlockThread", "pinThread", "unpinThread"), "ThreadInput"),
    **dict.fromkeys(("deletePost", "acceptPost", "unacceptPost", "unhidePost", "dismissReports"), "PostInput"),
}
TABLES = (
    *("discussion_threads", "discussion_posts", "post_revisions", "post_reports", "thread_read_marks"),
    *("audit_log", "outbox"),
)


def gid(typename, number, university):
    return str(GlobalId(typename, number, university["id"]))


class Forum:
    """The talk in the private offering of ALPHA; its student and `other` take part in it, `done` has completed it."""

    def __init__(self, api, owner, world):
        self.api, self.owner, self.world = api, owner, world
        self.alpha, self.university = world.alpha, world.alpha.university
        self.people = dict(world.people)
        self.rows = Rows(owner)
        self.at_once = asyncio.Semaphore(30)  # as many as find a connection in time on a busy machine, too

    def id(self, typename, number):
        return gid(typename, number, self.university)

    async def send(self, user, mutation, selection="", **given):
        """The payload of a mutation; `user` is a name."""
        document = f"mutation($input: {INPUTS[mutation]}!) {{ {mutation}(input: $input) {{ {selection} {ERRORS} }} }}"
        async with self.at_once:
            answer = await self.api(document, {"input": given}, user=self.people[user] if user else None)
        assert "errors" not in answer, answer
        return answer["data"][mutation]

    async def done(self, user, mutation, selection="", **given):
        """As `send`, where nothing may be refused."""
        payload = await self.send(user, mutation, selection, **given)
        assert payload["errors"] == [], payload
        return payload

    async def thread(self, user="student", **given):
        """The id of a new thread and of its first post."""
        asked = {"offeringId": self.id("CourseOffering", self.alpha["private"]["id"]), "title": "Why", "body": "First."}
        made = await self.done(user, "createThread", "thread { id } post { id }", **{**asked, **given})
        return made["thread"]["id"], made["post"]["id"]

    async def reply(self, user, thread, body="A reply.", **given):
        made = await self.done(user, "replyToThread", "post { id }", threadId=thread, body=body, **given)
        return made["post"]["id"]

    async def post(self, user, post, fields=POST_FIELDS):
        document = f"query($id: ID!) {{ node(id: $id) {{ ... on DiscussionPost {{ {fields} }} }} }}"
        return (await self.api.data(document, {"id": post}, user=self.people[user]))["node"]

    async def of_thread(self, user, thread, fields):
        document = f"query($id: ID!) {{ node(id: $id) {{ ... on DiscussionThread {{ {fields} }} }} }}"
        return (await self.api.data(document, {"id": thread}, user=self.people[user]))["node"]

    async def everything(self):
        """What tells all rows of all tables here from any others."""
        each = "(SELECT md5(string_agg(r::text, ' ' ORDER BY r::text)) FROM {0} r) AS {0}"
        return dict(await self.owner.fetchrow(f"SELECT {', '.join(each.format(table) for table in TABLES)}"))

    async def audited(self, act):
        """What the last entry of an act says of before and after."""
        row = await self.owner.fetchrow("SELECT * FROM audit_log WHERE act = $1 ORDER BY id DESC LIMIT 1", act)
        return tuple(None if row[name] is None else json.loads(row[name]) for name in ("old_values", "new_values"))


@pytest.fixture(scope="module")
async def forum(api, owner, world):
    made = Forum(api, owner, world)
    user = await made.rows.add("users", email="done@test.example", full_name="done", password_hash="!")
    made.people["done"] = user["id"]
    member = {"university_id": made.university["id"], "user_id": user["id"]}
    await made.rows.add("university_members", **member, display_name="ALPHA done", email="done@ALPHA.example")
    await made.rows.add("user_university_roles", **member, role="student")
    ended = {"status": "completed", "completed_at": made.alpha["thread"]["created_at"]}
    await made.rows.add("course_enrollments", **member, course_offering_id=made.alpha["private"]["id"], **ended)
    return made


@pytest.fixture(autouse=True)
async def calm(forum):
    """Nobody has written too much before a test."""
    await forum.owner.execute("UPDATE discussion_posts SET created_at = created_at - interval '1 hour'")


# ---- whole answers, and what is left behind ----


async def test_a_thread_is_begun_answered_and_told(forum):
    offering = forum.id("CourseOffering", forum.alpha["private"]["id"])
    of_thread = """id title postCount isUnread unreadCount isLocked version module { title } contentItem { __typename }
      offering { id } createdByName"""
    about = {"offeringId": offering, "moduleId": forum.id("Module", forum.alpha["lesson"]["id"])}
    words = {"title": "  Why so? ", "body": "Cafe\u0301\r\n\r\n    code\n\n"}
    selection = f"thread {{ {of_thread} }} post {{ id {POST_FIELDS} }}"
    made = await forum.done("student", "createThread", selection, **about, **words)
    thread, post = made["thread"].pop("id"), made["post"].pop("id")
    assert made["thread"] == {
        "title": "Why so?", "postCount": 1, "isUnread": False, "unreadCount": 0, "isLocked": False, "version": 1,
        "module": {"title": "Lesson 1"}, "contentItem": None, "offering": {"id": offering},
        "createdByName": "ALPHA student",
    }  # fmt: skip
    assert made["post"] == {
        "body": "Caf\u00e9\n\n    code", "version": 1, "isDeleted": False, "isHidden": False, "hiddenReason": None,
        "isEdited": False, "depth": 0, "authorName": "ALPHA student", "history": {"totalCount": 0},
    }  # fmt: skip
    reply = await forum.done(
        "other", "replyToThread", "post { depth parent { id } body } thread { postCount lastPostAt unreadCount }",
        threadId=thread, parentPostId=post, body="Because.",
    )  # fmt: skip
    assert reply["post"] == {"depth": 1, "parent": {"id": post}, "body": "Because."}
    assert (reply["thread"]["postCount"], reply["thread"]["unreadCount"]) == (2, 1)
    numbers = {"thread": await number(forum, thread), "post": await number(forum, post)}
    assert await forum.audited("thread.create") == (None, {
        "offeringId": forum.alpha["private"]["id"], "moduleId": forum.alpha["lesson"]["id"], "contentItemId": None,
    })  # fmt: skip
    added = {"threadId": numbers["thread"], "parentPostId": numbers["post"]}
    assert await forum.audited("post.add") == (None, {**added, "characters": 8})
    told = await forum.owner.fetchval("SELECT facts FROM outbox WHERE topic = 'post.added' ORDER BY id DESC LIMIT 1")
    assert json.loads(told) == {**added, "offeringId": forum.alpha["private"]["id"]}


async def number(forum, text):
    """The number in a global id."""
    data = await forum.api.data(
        """query($id: ID!) { node(id: $id) {
          ... on DiscussionThread { databaseId } ... on DiscussionPost { databaseId } } }""",
        {"id": text}, user=forum.people["admin"],
    )  # fmt: skip
    return int(data["node"]["databaseId"])


@pytest.mark.parametrize(("given", "code", "path"), [
    ({"body": ""}, "INVALID", "body"),
    ({"body": " \n\t "}, "INVALID", "body"),
    ({"body": "x" * 20_001}, "INVALID", "body"),
    ({"body": "nul\0"}, "INVALID", "body"),
    ({"body": "bell\a"}, "INVALID", "body"),
    ({"title": "two\nlines"}, "INVALID", "title"),
    ({"title": "t" * 256}, "INVALID", "title"),
    ({"moduleId": "below"}, "NOT_FOUND", "moduleId"),
    ({"moduleId": "draft_module"}, "NOT_FOUND", "moduleId"),
    ({"contentItemId": "buried"}, "NOT_FOUND", "contentItemId"),
    ({"contentItemId": "video", "moduleId": "lesson"}, "INVALID", "contentItemId"),
])  # fmt: skip
async def test_what_is_no_thread_is_told_with_its_place(forum, given, code, path):
    kinds = {
        "moduleId": "Module",
        "contentItemId": "VideoContent" if given.get("contentItemId") == "video" else "TextContent",
    }
    asked = {n: forum.id(kinds[n], forum.alpha[v]["id"]) if n in kinds else v for n, v in given.items()}
    offering = forum.id("CourseOffering", forum.alpha["private"]["id"])
    before = await forum.everything()
    payload = await forum.send(
        "student", "createThread", "thread { id }", **{"offeringId": offering, "title": "T", "body": "B", **asked}
    )
    assert (payload["thread"], [(e["code"], e["path"]) for e in payload["errors"]]) == (None, [(code, ["input", path])])
    assert await forum.everything() == before


async def test_20000_characters_are_taken(forum):
    _, post = await forum.thread(body="\u00fc" * 20_000)
    assert len((await forum.post("student", post))["body"]) == 20_000


# ---- who may do what ----

# In the order of COLUMNS: + done, - not found, else the first letter of the code: Forbidden, Closed, Not enrolled, U
# for nobody, who gets no payload.
COLUMNS = (
    "",
    "outsider",
    "bystander",
    "done",
    "other",
    "student",
    "section_ta",
    "ta",
    "department_admin",
    "far_admin",
    "admin",
)
MAY = """
createThread     U F - N + + + + + - +
replyToThread    U F - N + + + + + - +
editPost         U F - F F + + + + - +
deletePost       U F - F F + + + + - +
updateThread     U F - F F + + + + - +
acceptPost       U F - F F + + + + - +
unacceptPost     U F - F F + + + + - +
lockThread       U F F F F F + + + - +
unlockThread     U F F F F F + + + - +
pinThread        U F F F F F + + + - +
unpinThread      U F F F F F + + + - +
markThreadRead   U F - + + + + + + - +
markOfferingRead U F - + + + + + + - +
reportPost       U F - + + F F F F - F
hidePost         U F F F F F + + + - +
unhidePost       U F F F F F + + + - +
dismissReports   U F F F F F + + + - +
""".strip().splitlines()
LOCKED = """
replyToThread    U F - N C C + + + - +
editPost         U F - F F C + + + - +
deletePost       U F - F F C + + + - +
updateThread     U F - F F F + + + - +
acceptPost       U F - F F F + + + - +
""".strip().splitlines()
LETTERS = {"NOT_FOUND": "-", "FORBIDDEN": "F", "CLOSED": "C", "NOT_ENROLLED": "N"}


async def given_for(forum, mutation, thread, post):
    offering = forum.id("CourseOffering", forum.alpha["private"]["id"])
    asked = {
        "createThread": {"offeringId": offering, "title": "T", "body": "B"},
        "replyToThread": {"threadId": thread, "body": "B"},
        "editPost": {"postId": post, "body": "Else."},
        "updateThread": {"threadId": thread, "title": "Other"},
        "markOfferingRead": {"offeringId": offering},
        "reportPost": {"postId": post, "kind": "SPAM", "reason": "It sells."},
        "hidePost": {"postId": post, "reason": "It sells."},
    }
    by_thread = {"lockThread", "unlockThread", "pinThread", "unpinThread", "markThreadRead"}
    return asked.get(mutation, {"threadId": thread} if mutation in by_thread else {"postId": post})


@pytest.mark.parametrize("locked", [False, True])
async def test_who_may_do_what(forum, locked):
    found, expected = [], LOCKED if locked else MAY
    for row in expected:
        mutation, letters = row.split()[0], ["+"]
        for name in COLUMNS:
            if letters[-1] == "+":  # the thread that there was has changed
                thread, post = await forum.thread()
                if locked:
                    await forum.done("ta", "lockThread", threadId=thread)
                given, before = await given_for(forum, mutation, thread, post), await forum.everything()
            document = f"mutation($input: {INPUTS[mutation]}!) {{ {mutation}(input: $input) {{ {ERRORS} }} }}"
            answer = await forum.api(document, {"input": given}, user=forum.people[name] if name else None)
            if "errors" in answer:
                letter = answer["errors"][0]["extensions"]["code"][0]
            else:
                errors = answer["data"][mutation]["errors"]
                letter = LETTERS[errors[0]["code"]] if errors else "+"
            letters.append(letter)
            if letter != "+":
                assert await forum.everything() == before, (mutation, name)
        found.append(f"{mutation:<16} {' '.join(letters[1:])}")
        await forum.owner.execute("UPDATE discussion_posts SET created_at = created_at - interval '1 hour'")
    assert found == expected, "\n".join(found)


# ---- locks, pins, titles, answers ----


async def test_a_thread_is_changed_by_versions(forum):
    thread, post = await forum.thread()
    fields = "thread { title isLocked isPinned version acceptedPost { id } }"
    shown = {"title": "Why", "isLocked": False, "isPinned": False, "version": 1, "acceptedPost": None}
    steps = [
        ("student", "updateThread", {"threadId": thread, "title": "How", "expectedVersion": 1}, {"title": "How"}),
        ("ta", "pinThread", {"threadId": thread, "expectedVersion": 2}, {"isPinned": True}),
        ("student", "acceptPost", {"postId": post}, {"acceptedPost": {"id": post}}),
        ("ta", "lockThread", {"threadId": thread}, {"isLocked": True}),
        ("ta", "unlockThread", {"threadId": thread}, {"isLocked": False}),
        ("student", "unacceptPost", {"postId": post}, {"acceptedPost": None}),
        ("ta", "unpinThread", {"threadId": thread}, {"isPinned": False}),
    ]
    for version, (user, mutation, given, change) in enumerate(steps, start=2):
        shown |= {**change, "version": version}
        for _ in range(1 if "expectedVersion" in given else 2):  # the second time nothing changes
            assert (await forum.done(user, mutation, fields, **given))["thread"] == shown
    refused = await forum.send(
        "student", "updateThread", "thread { id }", threadId=thread, title="X", expectedVersion=1
    )
    assert refused == {"thread": None, "errors": [{
        "code": "CONFLICT", "message": "this has changed: version 8 is there, 1 was expected",
        "path": ["input", "expectedVersion"], "currentVersion": 8,
    }]}  # fmt: skip
    assert await forum.audited("thread.lock") == ({"version": 4, "isLocked": False}, {"version": 5, "isLocked": True})


async def test_of_100_edits_from_one_version_one_is_kept(forum):
    _, post = await forum.thread()
    places = asyncio.Semaphore(20)  # twice as many as there are connections

    async def edit(number):
        async with places:
            given = {"postId": post, "body": f"Number {number}", "expectedVersion": 1}
            return await forum.send("student", "editPost", "post { body version }", **given)

    answers = await asyncio.gather(*map(edit, range(100)))
    kept = [answer["post"] for answer in answers if not answer["errors"]]
    refused = [error for answer in answers for error in answer["errors"]]
    assert [row["version"] for row in kept] == [2]
    assert {(e["code"], e["currentVersion"]) for e in refused} == {("CONFLICT", 2)}
    assert len(refused) == 99
    history = await forum.post("student", post, "body history(first: 9) { edges { node { version body } } }")
    assert history == {"body": kept[0]["body"], "history": {"edges": [{"node": {"version": 1, "body": "First."}}]}}


async def test_an_edit_keeps_what_was_said_for_its_author_and_who_keeps_order(forum):
    _, post = await forum.thread()
    for body in ("Second.", "Second.", "Third."):
        await forum.done("student", "editPost", postId=post, body=body)
    await forum.done("ta", "editPost", postId=post, body="Fourth.")
    fields = "version isEdited history(first: 9) { edges { node { version body replacedByName } } }"
    former = [(1, "First.", "ALPHA student"), (2, "Second.", "ALPHA student"), (3, "Third.", "ALPHA ta")]
    edges = [{"node": {"version": v, "body": b, "replacedByName": n}} for v, b, n in former]
    for user in ("student", "ta", "admin"):
        shown = await forum.post(user, post, fields)
        assert shown == {"version": 4, "isEdited": True, "history": {"edges": edges}}
    for user in ("other", "done"):
        shown = await forum.post(user, post, fields)
        assert shown == {"version": 4, "isEdited": True, "history": {"edges": []}}


# ---- deleting and hiding: nothing of it comes out ----


async def test_of_a_deleted_post_its_place_is_left(forum):
    thread, post = await forum.thread()
    answer = await forum.reply("other", thread, "Of no use without it.", parentPostId=post)
    await forum.done("student", "editPost", postId=post, body="SECRET words")
    await forum.done("student", "acceptPost", postId=post)
    fields = (
        "post { body isDeleted authorName history(first: 9) { totalCount } } thread { postCount acceptedPost { id } }"
    )
    for _ in range(2):
        deleted = await forum.done("student", "deletePost", fields, postId=post)
        assert deleted == {
            "post": {"body": None, "isDeleted": True, "authorName": None, "history": {"totalCount": 0}},
            "thread": {"postCount": 1, "acceptedPost": None},
            "errors": [],
        }
    for user in ("student", "other", "ta", "admin"):
        stub = await forum.post(user, post)
        assert (stub["body"], stub["authorName"], stub["history"]) == (None, None, {"totalCount": 0})
        assert (await forum.post(user, answer, "depth parent { isDeleted }")) == {
            "depth": 1,
            "parent": {"isDeleted": True},
        }
    for mutation, user, given in (
        ("editPost", "ta", {"body": "x"}), ("hidePost", "ta", {"reason": "x"}), ("acceptPost", "student", {}),
        ("reportPost", "other", {"kind": "SPAM", "reason": "x"}),
    ):  # fmt: skip
        payload = await forum.send(user, mutation, postId=post, **given)
        assert [error["code"] for error in payload["errors"]] == ["CLOSED"], mutation
    refused = await forum.send("other", "replyToThread", threadId=thread, parentPostId=post, body="x")
    assert [(e["code"], e["path"]) for e in refused["errors"]] == [("CLOSED", ["input", "parentPostId"])]
    told = await forum.owner.fetch(
        "SELECT old_values::text, new_values::text, reason FROM audit_log"
        " UNION ALL SELECT facts::text, '', '' FROM outbox"
    )
    assert "SECRET words" not in str(told)


async def test_a_hidden_post_speaks_to_its_author_and_who_keeps_order(forum):
    thread, post = await forum.thread("other", body="SECRET answer")
    await forum.done("other", "acceptPost", postId=post)
    await forum.done("student", "reportPost", postId=post, kind="CHEATING", reason="It gives it away.")
    hidden = await forum.done(
        "ta", "hidePost", f"post {{ {POST_FIELDS} }} thread {{ postCount acceptedPost {{ id }} }}",
        postId=post, reason="No solutions, please.",
    )  # fmt: skip
    whole = {
        "body": "SECRET answer", "version": 2, "isDeleted": False, "isHidden": True,
        "hiddenReason": "No solutions, please.", "isEdited": False, "depth": 0, "authorName": "ALPHA other",
        "history": {"totalCount": 0},
    }  # fmt: skip
    assert hidden == {"post": whole, "thread": {"postCount": 0, "acceptedPost": None}, "errors": []}
    for user in ("other", "ta", "section_ta", "department_admin", "admin"):
        assert await forum.post(user, post) == whole
    for user in ("student", "done"):
        stub = {**whole, "body": None, "hiddenReason": None, "authorName": None}
        assert await forum.post(user, post) == stub
        tree = await forum.of_thread(user, thread, "postTree { posts { body authorName } } unreadCount")
        assert tree == {"postTree": {"posts": [{"body": None, "authorName": None}]}, "unreadCount": 0}
    again = await forum.send("other", "editPost", postId=post, body="Else.")
    assert [error["code"] for error in again["errors"]] == ["CLOSED"]
    reports = await forum.post("ta", post, "reports(first: 5) { edges { node { outcome reporter { id } } } }")
    assert [edge["node"]["outcome"] for edge in reports["reports"]["edges"]] == ["HIDDEN"]
    shown = await forum.done("ta", "unhidePost", f"post {{ {POST_FIELDS} }}", postId=post)
    assert shown["post"] == {**whole, "version": 3, "isHidden": False, "hiddenReason": None}
    assert (await forum.post("student", post))["body"] == "SECRET answer"


# ---- reports ----

QUEUE = """query($id: ID!) { offering(id: $id) { reportedPosts(first: 20) { edges { node { id reports(first: 9) {
  edges { node { kind reason outcome } } } } } } } }"""


async def queue(forum, user, post):
    data = await forum.api.data(
        QUEUE, {"id": forum.id("CourseOffering", forum.alpha["private"]["id"])}, user=forum.people[user]
    )
    found = [edge["node"] for edge in data["offering"]["reportedPosts"]["edges"]]
    return [[edge["node"] for edge in node["reports"]["edges"]] for node in found if node["id"] == post]


async def test_a_post_is_reported_once_by_each_and_settled(forum):
    _, post = await forum.thread()
    given = {"postId": post, "kind": "ABUSE", "reason": "It insults."}
    answers = await asyncio.gather(*(forum.send("other", "reportPost", **given) for _ in range(8)))
    assert sorted(str([e["code"] for e in a["errors"]]) for a in answers) == [*["['TAKEN']"] * 7, "[]"]
    await forum.done("done", "reportPost", **{**given, "kind": "OTHER"})
    one = {"kind": "ABUSE", "reason": "It insults.", "outcome": None}
    assert await queue(forum, "ta", post) == [[one, {**one, "kind": "OTHER"}]]
    for user in ("student", "other", "done"):
        assert await queue(forum, user, post) == []
        assert (await forum.post(user, post, "reports(first: 5) { totalCount }")) == {"reports": {"totalCount": 0}}
    dismissed = await forum.done("ta", "dismissReports", "dismissed", postId=post)
    assert dismissed["dismissed"] == 2
    assert (await forum.done("ta", "dismissReports", "dismissed", postId=post))["dismissed"] == 0
    assert await queue(forum, "ta", post) == []
    again = await forum.send("other", "reportPost", **given)
    assert [error["code"] for error in again["errors"]] == ["TAKEN"]


# ---- depth, calm, parallel replies, marks ----


async def test_answers_go_32_deep(forum):
    thread, post = await forum.thread("ta")
    for _ in range(32):
        post = await forum.reply("ta", thread, parentPostId=post)
    assert (await forum.post("ta", post, "depth"))["depth"] == 32
    refused = await forum.send("ta", "replyToThread", threadId=thread, parentPostId=post, body="Too deep.")
    assert refused["errors"] == [{
        "code": "LIMIT_REACHED", "message": "answers go 32 posts deep: answer the post above it instead",
        "path": ["input", "parentPostId"], "currentVersion": None,
    }]  # fmt: skip
    other, _ = await forum.thread()
    foreign = await forum.send("ta", "replyToThread", threadId=other, parentPostId=post, body="Of another thread.")
    assert [(e["code"], e["path"]) for e in foreign["errors"]] == [("NOT_FOUND", ["input", "parentPostId"])]


async def test_of_40_posts_at_once_30_are_taken(forum):
    thread, _ = await forum.thread("ta")
    answers = await asyncio.gather(
        *(forum.send("student", "replyToThread", threadId=thread, body=f"Flood {n}") for n in range(40))
    )
    codes = [error["code"] for answer in answers for error in answer["errors"]]
    assert codes == ["LIMIT_REACHED"] * 10
    assert (await forum.of_thread("ta", thread, "postCount")) == {"postCount": 31}


async def test_50_replies_at_once_are_all_counted_and_none_is_read_unseen(forum):
    """Whoever marks a thread read meanwhile never has one marked that they could not see."""
    thread, _ = await forum.thread("ta")
    number_of_thread = await number(forum, thread)
    seen = []

    async def reads():
        for _ in range(8):
            await forum.done("done", "markThreadRead", threadId=thread)
            mark = await forum.owner.fetchval(
                "SELECT last_read_post_id FROM thread_read_marks WHERE thread_id = $1 AND user_id = $2",
                number_of_thread, forum.people["done"],
            )  # fmt: skip
            below = "SELECT count(*) FROM discussion_posts WHERE thread_id = $1 AND id <= $2"
            seen.append((mark, await forum.owner.fetchval(below, number_of_thread, mark)))

    await asyncio.gather(reads(), *(forum.reply("ta" if n % 2 else "section_ta", thread, f"R{n}") for n in range(50)))
    shown = await forum.of_thread("done", thread, "postCount posts(first: 100) { totalCount }")
    assert shown == {"postCount": 51, "posts": {"totalCount": 51}}
    below = "SELECT count(*) FROM discussion_posts WHERE thread_id = $1 AND id <= $2"
    for mark, count in seen:
        assert await forum.owner.fetchval(below, number_of_thread, mark) == count
    assert [mark for mark, _ in seen] == sorted(mark for mark, _ in seen)


async def test_a_mark_only_goes_on(forum):
    thread, first = await forum.thread("other")
    second, third = [await forum.reply("other", thread, f"Reply {n}") for n in range(2)]
    unread = "thread { unreadCount isUnread }"
    for up_to, left in ((first, 2), (third, 0), (second, 0), (None, 0)):
        given = {} if up_to is None else {"upToPostId": up_to}
        marked = await forum.done("student", "markThreadRead", unread, threadId=thread, **given)
        assert marked["thread"] == {"unreadCount": left, "isUnread": left > 0}
    await forum.reply("other", thread, "News")
    assert await forum.of_thread("student", thread, "unreadCount isUnread") == {"unreadCount": 1, "isUnread": True}
    assert await forum.of_thread("other", thread, "unreadCount isUnread") == {"unreadCount": 0, "isUnread": False}
    _, elsewhere = await forum.thread("other")
    refused = await forum.send("student", "markThreadRead", threadId=thread, upToPostId=elsewhere)
    assert [(e["code"], e["path"]) for e in refused["errors"]] == [("NOT_FOUND", ["input", "upToPostId"])]


async def test_all_threads_of_an_offering_are_marked_that_one_sees(forum):
    offering = forum.id("CourseOffering", forum.alpha["private"]["id"])
    counts = "threads(first: 100) { edges { node { unreadCount } } }"
    for _ in range(2):
        marked = await forum.done("student", "markOfferingRead", f"offering {{ {counts} }}", offeringId=offering)
        assert {edge["node"]["unreadCount"] for edge in marked["offering"]["threads"]["edges"]} == {0}
    hidden = await forum.owner.fetchval(
        "SELECT count(*) FROM thread_read_marks WHERE user_id = $1 AND thread_id = $2",
        forum.people["student"], forum.alpha["hidden_thread"]["id"],
    )  # fmt: skip
    assert hidden == 0


async def test_a_thread_on_what_is_hidden_is_as_one_that_is_not_there(forum):
    hidden, missing = (forum.id("DiscussionThread", n) for n in (forum.alpha["hidden_thread"]["id"], 999_999))
    answers = [await forum.send("student", "replyToThread", threadId=t, body="x") for t in (hidden, missing)]
    assert answers[0] == answers[1]
    assert [error["code"] for error in answers[0]["errors"]] == ["NOT_FOUND"]


async def test_a_reply_that_meets_a_lock_comes_before_it_or_not_at_all(forum):
    for _ in itertools.repeat(None, 5):
        thread, _ = await forum.thread()
        replies, locked = await asyncio.gather(
            asyncio.gather(*(forum.send("other", "replyToThread", threadId=thread, body="x") for _ in range(4))),
            forum.send("ta", "lockThread", threadId=thread),
        )
        assert locked["errors"] == []
        assert {error["code"] for reply in replies for error in reply["errors"]} <= {"CLOSED"}
        done = sum(not reply["errors"] for reply in replies)
        assert await forum.of_thread("ta", thread, "postCount") == {"postCount": 1 + done}
        await forum.owner.execute("UPDATE discussion_posts SET created_at = created_at - interval '1 hour'")
