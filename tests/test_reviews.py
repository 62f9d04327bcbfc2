"""Reviews of offerings: who sees them, who wrote them, and what they come to."""

from datetime import UTC, datetime, timedelta

import pytest

from lms_graphql.engine.relay import GlobalId
from lms_graphql.storage.database import connect
from tests.world import Rows

BEGUN = datetime(2026, 3, 1, tzinfo=UTC)
RATINGS = [5, 4, 5, 2, 1]


def gid(typename, row):
    return str(GlobalId(typename, row["id"], row["university_id"]))


class Reviewed:
    """Two offerings of a course, public and private, with reviews; a course and an offering without any."""

    def __init__(self):
        self.course = self.public = self.private = self.quiet = None
        self.reviews = []
        self.reviewers = []


@pytest.fixture(scope="module")
async def reviewed(database, world):
    driver = await connect(database.owner)
    rows, made = Rows(driver), Reviewed()
    tenant = {"university_id": world.alpha.university["id"]}
    made.course = await rows.add("courses", **tenant, code="REV", title="Reviewed", is_published=True)
    offering = {**tenant, "course_id": made.course["id"]}
    made.public = await rows.add("course_offerings", **offering, visibility="public")
    made.private = await rows.add("course_offerings", **offering, visibility="private")
    made.quiet = await rows.add("course_offerings", **offering, visibility="public")
    for number, rating in enumerate(RATINGS):
        user = await rows.add("users", email=f"rev{number}@test.example", full_name="x", password_hash="!")
        made.reviewers.append(user["id"])
        member = {**tenant, "user_id": user["id"]}
        await rows.add("university_members", **member, display_name=f"Reviewer {number}", email=f"r{number}@a.example")
        where = {**member, "course_offering_id": (made.private if number == 4 else made.public)["id"]}
        await rows.add("course_enrollments", **where, status="completed", completed_at=BEGUN)
        written = BEGUN + timedelta(days=number)
        words = None if number == 1 else f"Opinion {number}"
        given = {"rating": rating, "review_text": words, "created_at": written, "updated_at": written}
        made.reviews.append(await rows.add("course_reviews", **where, **given))
    yield made
    for table in ("course_reviews", "course_enrollments", "university_members"):
        await driver.execute(f"DELETE FROM {table} WHERE user_id = ANY ($1)", made.reviewers)
    await driver.execute("DELETE FROM users WHERE id = ANY ($1)", made.reviewers)
    await driver.execute("DELETE FROM course_offerings WHERE course_id = $1", made.course["id"])
    await driver.execute("DELETE FROM courses WHERE id = $1", made.course["id"])
    await driver.close()


def person(world, name):
    return world.people[name] if name else None


REVIEW = "{ id rating text createdAt updatedAt authorName author { displayName } offering { id } }"
DOCUMENT = (
    f"query ($id: ID!) {{ offering(id: $id) {{ reviews(first: 10) {{ totalCount edges {{ node {REVIEW} }} }} }} }}"
)


@pytest.mark.parametrize(("name", "sees_name", "sees_person"), [
    (None, False, False), ("outsider", False, False), ("student", True, False), ("admin", True, True),
])  # fmt: skip
async def test_whole_answer_for_each_role(api, world, reviewed, name, sees_name, sees_person):
    """Whoever sees the offering sees what is written; members see by whom; only staff find the person."""
    data = await api.data(DOCUMENT, {"id": gid("CourseOffering", reviewed.public)}, user=person(world, name))
    assert data["offering"]["reviews"] == {
        "totalCount": 4,
        "edges": [
            {
                "node": {
                    "id": gid("CourseReview", review),
                    "rating": RATINGS[number],
                    "text": None if number == 1 else f"Opinion {number}",
                    "createdAt": f"2026-03-0{1 + number}T00:00:00+00:00",
                    "updatedAt": f"2026-03-0{1 + number}T00:00:00+00:00",
                    "authorName": f"Reviewer {number}" if sees_name else None,
                    "author": {"displayName": f"Reviewer {number}"} if sees_person else None,
                    "offering": {"id": gid("CourseOffering", reviewed.public)},
                }
            }
            for number, review in enumerate(reviewed.reviews[:4])
        ],
    }


async def test_who_wrote_it_is_found_by_herself(api, reviewed):
    data = await api.data(DOCUMENT, {"id": gid("CourseOffering", reviewed.public)}, user=reviewed.reviewers[2])
    authors = [edge["node"]["author"] for edge in data["offering"]["reviews"]["edges"]]
    assert authors == [None, None, {"displayName": "Reviewer 2"}, None]


@pytest.mark.parametrize(("name", "found"), [(None, False), ("student", False), ("admin", True), ("beta_admin", False)])
async def test_a_review_is_as_hidden_as_its_offering(api, world, reviewed, name, found):
    university = "BETA" if name == "beta_admin" else "ALPHA"
    document = "query ($id: ID!) { node(id: $id) { ... on CourseReview { rating } } }"
    variables = {"id": gid("CourseReview", reviewed.reviews[4])}
    data = await api.data(document, variables, user=person(world, name), university=university)
    assert data == {"node": {"rating": 1} if found else None}
    shown = await api.data(document, {"id": gid("CourseReview", reviewed.reviews[0])}, user=person(world, name))
    assert shown == {"node": {"rating": 5}}


SUMMARY = """query ($code: String!) { course(by: {code: $code}) {
  reviewSummary { ...S } reviews(first: 10) { totalCount }
  offerings(first: 10) { edges { node { reviewSummary { ...S } } } } } }
fragment S on ReviewSummary { count average histogram { rating count } }"""


def summary(average, *counts):
    histogram = [{"rating": rating, "count": count} for rating, count in enumerate(counts, 1)]
    return {"count": sum(counts), "average": average, "histogram": histogram}


async def test_summaries_honour_the_policy_and_are_one_statement_for_all_offerings(api, world, reviewed):
    of_public = summary("4.00", 0, 1, 0, 1, 2)
    student = await api.data(SUMMARY, {"code": "REV"}, user=world.people["student"])
    assert student["course"] == {
        "reviewSummary": of_public,
        "reviews": {"totalCount": 4},
        "offerings": {"edges": [{"node": {"reviewSummary": of_public}}, {"node": {"reviewSummary": None}}]},
    }
    assert len(api.statements) == 6  # course; its summary, page and count of reviews; offerings, their summaries
    staff = await api.data(SUMMARY, {"code": "REV"}, user=world.people["admin"])
    assert staff["course"] == {
        "reviewSummary": summary("3.40", 1, 1, 0, 1, 2),
        "reviews": {"totalCount": 5},
        "offerings": {
            "edges": [
                {"node": {"reviewSummary": of_public}},
                {"node": {"reviewSummary": summary("1.00", 1, 0, 0, 0, 0)}},
                {"node": {"reviewSummary": None}},
            ]
        },
    }
    assert len(api.statements) == 6
    (grouped,) = [
        sql for sql in api.statements if "avg(" in sql and "GROUP BY course_reviews.course_offering_id" in sql
    ]
    assert grouped.count("course_reviews") > 1


async def test_a_course_without_reviews_has_no_summary(api, world):
    data = await api.data(SUMMARY, {"code": "D101"}, user=world.people["admin"])
    assert data["course"] == {"reviewSummary": None, "reviews": {"totalCount": 0}, "offerings": {"edges": []}}


@pytest.mark.parametrize(("arguments", "numbers", "count"), [
    ("first: 10, orderBy: {createdAt: DESC}", [3, 2, 1, 0], 4),
    ("first: 2, orderBy: {createdAt: ASC}", [0, 1], 4),
    ("last: 1, orderBy: {createdAt: ASC}", [3], 4),
    ("first: 10, orderBy: {rating: ASC}", [3, 1, 0, 2], 4),
    ("first: 10, orderBy: {rating: DESC}", [2, 0, 1, 3], 4),
    ("first: 10, filter: {ratings: [5, 2]}", [0, 2, 3], 3),
    ("first: 10, filter: {ratings: []}", [], 0),
    ("first: 10, filter: {ratings: null}", [0, 1, 2, 3], 4),
])  # fmt: skip
async def test_orders_and_filter(api, reviewed, arguments, numbers, count):
    document = f"""query ($id: ID!) {{ offering(id: $id) {{
      reviews({arguments}) {{ totalCount edges {{ node {{ databaseId }} }} }} }} }}"""
    data = await api.data(document, {"id": gid("CourseOffering", reviewed.public)})
    found = [int(edge["node"]["databaseId"]) for edge in data["offering"]["reviews"]["edges"]]
    assert found == [reviewed.reviews[number]["id"] for number in numbers]
    assert data["offering"]["reviews"]["totalCount"] == count


async def test_a_name_that_nobody_asks_for_is_not_looked_up(api, world, reviewed):
    document = "query ($id: ID!) { offering(id: $id) { reviews(first: 1) { edges { node { %s } } } } }"
    for field, looked_up in (("rating", False), ("authorName", True)):
        variables = {"id": gid("CourseOffering", reviewed.public)}
        await api.data(document % field, variables, user=world.people["student"])
        assert ("university_members" in api.statements[-1]) is looked_up
