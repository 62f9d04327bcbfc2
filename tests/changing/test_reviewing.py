"""Reviews are written: one for each person and offering, by versions, hidden and shown; the summary right after."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from lms_graphql.engine.relay import GlobalId
from tests.world import Rows

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
ERRORS = "errors { code message path currentVersion }"
REVIEW = "review { id version rating text isHidden hiddenReason authorName }"
SUMMARY = "offering { reviewSummary { count average histogram { count } } }"
INPUTS = {
    name: f"{name[0].upper()}{name[1:]}Input" for name in ("writeReview", "deleteReview", "hideReview", "unhideReview")
}


class Critics:
    """A public offering that has begun, reviewed by people called by the status of their enrollment."""

    def __init__(self, api, owner, world):
        self.api, self.owner, self.world = api, owner, world
        self.university = world.alpha.university
        self.people = dict(world.people)
        self.at_once = asyncio.Semaphore(30)  # as many as find a connection in time on a busy machine, too

    async def fill(self):
        rows, tenant = Rows(self.owner), {"university_id": self.university["id"]}
        course = {**tenant, "course_id": self.world.alpha["course"]["id"], "visibility": "public"}
        self.offering = await rows.add("course_offerings", **course, starts_at=BEGUN)
        self.later = await rows.add("course_offerings", **course, starts_at=datetime(3026, 1, 1, tzinfo=UTC))
        teaches = {**tenant, "course_offering_id": self.offering["id"], "user_id": self.people["instructor"]}
        await rows.add("course_offering_instructors", **teaches)
        for status in ("active", "completed", "dropped", "pending"):
            user = await rows.add("users", email=f"{status}@critics.example", full_name="x", password_hash="!")
            member = {**tenant, "user_id": user["id"]}
            self.people[status] = user["id"]
            await rows.add("university_members", **member, display_name=f"The {status}", email=f"{status}@a.example")
            await rows.add("user_university_roles", **member, role="student")
            ended = {"completed_at": BEGUN} if status == "completed" else {}
            for offering in (self.offering, self.later):
                where = {**member, "course_offering_id": offering["id"], "status": status}
                await rows.add("course_enrollments", **where, **ended)

    def id(self, typename, row):
        return str(GlobalId(typename, row["id"], self.university["id"]))

    async def send(self, user, mutation, selection="", **given):
        if mutation == "writeReview":
            given = {"offeringId": self.id("CourseOffering", self.offering), **given}
        document = f"mutation($input: {INPUTS[mutation]}!) {{ {mutation}(input: $input) {{ {selection} {ERRORS} }} }}"
        async with self.at_once:
            answer = await self.api(document, {"input": given}, user=self.people[user] if user else None)
        if "errors" in answer:
            return answer["errors"][0]["extensions"]["code"]
        return answer["data"][mutation]

    async def done(self, user, mutation, selection="", **given):
        payload = await self.send(user, mutation, selection, **given)
        assert payload["errors"] == [], payload
        return payload

    async def seen(self, user):
        """The reviews of the offering that somebody sees: who wrote them, and what."""
        document = """query($id: ID!) { offering(id: $id) { reviews(first: 9) { totalCount edges { node {
          authorName text isHidden } } } } }"""
        variables = {"id": self.id("CourseOffering", self.offering)}
        found = (await self.api.data(document, variables, user=self.people[user]))["offering"]["reviews"]
        nodes = [edge["node"] for edge in found["edges"]]
        assert found["totalCount"] == len(nodes)
        return [(node["authorName"], node["text"], node["isHidden"]) for node in nodes]

    async def rows(self):
        tables = ("course_reviews", "audit_log", "outbox")
        return {t: sorted(str(row) for row in await self.owner.fetch(f"SELECT * FROM {t}")) for t in tables}


@pytest.fixture(scope="module")
async def filled(api, owner, world):
    made = Critics(api, owner, world)
    await made.fill()
    return made


@pytest.fixture
async def critics(filled, owner):
    """With no review of the offering."""
    await owner.execute("DELETE FROM course_reviews WHERE course_offering_id = $1", filled.offering["id"])
    await owner.execute("TRUNCATE audit_log, outbox")
    return filled


def summary(average, *counts):
    histogram = [{"count": count} for count in counts]
    return {"reviewSummary": {"count": sum(counts), "average": average, "histogram": histogram}}


async def test_a_review_is_written_changed_and_counted(critics):
    first = await critics.done("active", "writeReview", f"{REVIEW} {SUMMARY}", rating=4, text=" Clear.\r\n ")
    shown = {"rating": 4, "text": " Clear.", "version": 1, "isHidden": False, "hiddenReason": None}
    shown |= {"authorName": "The active"}
    text = first["review"].pop("id")
    assert (first["review"], first["offering"]) == (shown, summary("4.00", 0, 0, 0, 1, 0))
    again = await critics.done("active", "writeReview", REVIEW, rating=4, expectedVersion=1)
    assert again["review"] == {**shown, "id": text}
    changed = await critics.done("active", "writeReview", f"{REVIEW} {SUMMARY}", rating=2, text=None, expectedVersion=1)
    assert changed["review"] == {**shown, "id": text, "rating": 2, "text": None, "version": 2}
    assert changed["offering"] == summary("2.00", 0, 1, 0, 0, 0)
    second = await critics.done("completed", "writeReview", SUMMARY, rating=5)
    assert second["offering"] == summary("3.50", 0, 1, 0, 0, 1)
    entries = await critics.owner.fetch("SELECT act, old_values, new_values FROM audit_log ORDER BY id")
    values = [(act, old and json.loads(old), json.loads(new)) for act, old, new in entries]
    assert values[:2] == [
        ("review.add", None, {"version": 1, "rating": 4, "characters": 7}),
        (
            "review.change",
            {"version": 1, "rating": 4, "characters": 7},
            {"version": 2, "rating": 2, "characters": None},
        ),
    ]
    assert len(values) == 3


@pytest.mark.parametrize(("user", "given", "code", "path"), [
    ("active", {"rating": 0}, "INVALID", "rating"),
    ("active", {"rating": 6}, "INVALID", "rating"),
    ("active", {"rating": 5, "text": ""}, "INVALID", "text"),
    ("active", {"rating": 5, "text": "x" * 5001}, "INVALID", "text"),
    ("active", {"rating": 5, "text": "nul\0"}, "INVALID", "text"),
    ("active", {"rating": 5, "expectedVersion": 1}, "CONFLICT", "expectedVersion"),
    ("active", {"rating": 5, "offeringId": "later"}, "CLOSED", "offeringId"),
    ("dropped", {"rating": 5}, "NOT_ENROLLED", "offeringId"),
    ("pending", {"rating": 5}, "NOT_ENROLLED", "offeringId"),
    ("instructor", {"rating": 5}, "NOT_FOUND", "offeringId"),
    ("admin", {"rating": 5}, "NOT_FOUND", "offeringId"),
    ("bystander", {"rating": 5}, "NOT_FOUND", "offeringId"),
    ("outsider", {"rating": 5}, "FORBIDDEN", None),
])  # fmt: skip
async def test_what_is_no_review_changes_nothing(critics, user, given, code, path):
    if "offeringId" in given:
        given = {**given, "offeringId": critics.id("CourseOffering", critics.later)}
    before = await critics.rows()
    payload = await critics.send(user, "writeReview", "review { id }", **given)
    (error,) = payload["errors"]
    assert (payload["review"], error["code"]) == (None, code)
    assert error["path"] == ([] if path is None else ["input", path])
    assert await critics.rows() == before
    assert await critics.send(None, "writeReview", rating=5) == "UNAUTHENTICATED"


async def test_of_50_first_reviews_at_once_there_is_one(critics):
    answers = await asyncio.gather(
        *(critics.done("active", "writeReview", "review { id }", rating=1 + n % 5) for n in range(50))
    )
    assert len({answer["review"]["id"] for answer in answers}) == 1
    count = "SELECT count(*) FROM course_reviews WHERE course_offering_id = $1"
    assert await critics.owner.fetchval(count, critics.offering["id"]) == 1


async def test_of_100_changes_from_one_version_one_is_kept(critics):
    await critics.done("active", "writeReview", rating=3)
    places = asyncio.Semaphore(20)  # twice as many as there are connections

    async def write(number):
        async with places:
            given = {"rating": 5, "text": f"N{number}", "expectedVersion": 1}
            return await critics.send("active", "writeReview", "review { version }", **given)

    answers = await asyncio.gather(*map(write, range(100)))
    assert [answer["review"] for answer in answers if not answer["errors"]] == [{"version": 2}]
    refused = [error for answer in answers for error in answer["errors"]]
    assert {(e["code"], e["currentVersion"]) for e in refused} == {("CONFLICT", 2)}
    assert len(refused) == 99


async def test_a_review_is_deleted_by_who_wrote_it(critics):
    written = await critics.done("active", "writeReview", "review { id }", rating=1)
    given = {"reviewId": written["review"]["id"]}
    before = await critics.rows()
    for user in ("completed", "instructor", "admin"):
        (error,) = (await critics.send(user, "deleteReview", **given))["errors"]
        assert (error["code"], error["path"]) == ("FORBIDDEN", ["input", "reviewId"])
    assert await critics.rows() == before
    deleted = await critics.done("active", "deleteReview", f"deletedId {SUMMARY}", **given)
    assert deleted == {"deletedId": given["reviewId"], "offering": {"reviewSummary": None}, "errors": []}
    (error,) = (await critics.send("active", "deleteReview", **given))["errors"]
    assert error["code"] == "NOT_FOUND"
    assert (await critics.done("active", "writeReview", "review { version }", rating=2))["review"] == {"version": 1}


async def test_a_hidden_review_is_there_for_its_author_and_who_administers_the_course(critics):
    written = await critics.done("active", "writeReview", "review { id }", rating=1, text="SECRET insult")
    await critics.done("completed", "writeReview", rating=5, text="Good.")
    given = {"reviewId": written["review"]["id"], "reason": "It insults."}
    before = await critics.rows()
    for user, code in (("completed", "FORBIDDEN"), ("instructor", "FORBIDDEN"), ("far_admin", "FORBIDDEN")):
        (error,) = (await critics.send(user, "hideReview", **given))["errors"]
        assert error["code"] == code, user
    assert await critics.rows() == before
    hidden = await critics.done("department_admin", "hideReview", f"{REVIEW} {SUMMARY}", **given)
    whole = {
        "id": given["reviewId"], "version": 2, "rating": 1, "text": "SECRET insult", "isHidden": True,
        "hiddenReason": "It insults.", "authorName": "The active",
    }  # fmt: skip
    assert hidden == {"review": whole, "offering": summary("5.00", 0, 0, 0, 0, 1), "errors": []}
    both = [("The active", "SECRET insult", True), ("The completed", "Good.", False)]
    for user in ("active", "department_admin", "admin"):
        assert await critics.seen(user) == both
    for user in ("completed", "instructor", "bystander", "far_admin"):
        assert await critics.seen(user) == both[1:]
    (error,) = (await critics.send("active", "deleteReview", reviewId=given["reviewId"]))["errors"]
    assert error["code"] == "CLOSED"
    changed = await critics.done("active", "writeReview", REVIEW, rating=3, text="Not good.")
    assert changed["review"] == {**whole, "rating": 3, "text": "Not good.", "version": 3}
    shown = await critics.done("admin", "unhideReview", f"{REVIEW} {SUMMARY}", reviewId=given["reviewId"])
    assert shown["review"] == {
        **whole, "rating": 3, "text": "Not good.", "version": 4, "isHidden": False, "hiddenReason": None,
    }  # fmt: skip
    assert shown["offering"] == summary("4.00", 0, 0, 1, 0, 1)
    assert await critics.seen("bystander") == [("The active", "Not good.", False), both[1]]
    told = await critics.owner.fetch(
        "SELECT old_values::text, new_values::text FROM audit_log UNION ALL SELECT facts::text, '' FROM outbox"
    )
    assert "insult" not in str(told)
