"""Rubrics: set for an item, used when grading, and kept as they were."""

import json

import pytest

from tests.changing.labs import ERRORS, GRADE, RELEASE, Labs, number

SET = (
    "mutation($input: SetRubricInput!) { setRubric(input: $input) { item { ... on AssignmentContent { rubric { id title"
    f" description points ratings {{ title points }} }} }} }} {ERRORS} }} }}"
)
READ = "query($id: ID!) { node(id: $id) { ... on AssignmentContent { rubric { title points } } } }"
RESULT = "query($id: ID!) { node(id: $id) { ... on Submission { rubricResult { title points maxPoints comment } } } }"
CRITERIA = [
    {"title": "Method", "description": "How it was measured.", "points": "12.5",
     "ratings": [{"title": "Full", "points": "12.5"}, {"title": "Half", "points": "6.25"}]},
    {"title": "Words", "points": "7.5"},
]  # fmt: skip


@pytest.fixture
def labs(api, world, owner):
    return Labs(api, world, owner)


async def rubric(labs, item, user="instructor", criteria=CRITERIA):
    return await labs.sent(SET, {"contentItemId": item, "criteria": criteria}, user)


async def test_a_rubric_is_seen_by_who_is_graded_by_it_and_replaced_whole(labs, api):
    item = await labs.item()
    payload = await rubric(labs, item)
    found = payload["item"]["rubric"]
    assert [criterion.pop("id") != "" for criterion in found] == [True, True]
    assert found == [
        {"title": "Method", "description": "How it was measured.", "points": "12.50",
         "ratings": [{"title": "Full", "points": "12.50"}, {"title": "Half", "points": "6.25"}]},
        {"title": "Words", "description": None, "points": "7.50", "ratings": []},
    ]  # fmt: skip
    student = labs.world.people["student"]
    short = [{"title": "Method", "points": "12.50"}, {"title": "Words", "points": "7.50"}]
    assert await api.data(READ, {"id": item}, user=student) == {"node": {"rubric": short}}
    await rubric(labs, item, criteria=[{"title": "All", "points": "20"}])
    assert await api.data(READ, {"id": item}, user=student) == {
        "node": {"rubric": [{"title": "All", "points": "20.00"}]}
    }
    assert (await rubric(labs, item, "admin", []))["item"] == {"rubric": []}


async def test_who_may_not(labs, owner, api):
    item = await labs.item()
    count = "SELECT count(*) FROM rubric_criteria"
    before = await owner.fetchval(count)
    wanted = {"student": "FORBIDDEN", "bystander": "FORBIDDEN", "beta_admin": "FORBIDDEN", "ta": "FORBIDDEN",
              "section_ta": "FORBIDDEN", "far_instructor": "FORBIDDEN", "far_admin": "FORBIDDEN"}  # fmt: skip
    found = {person: (await rubric(labs, item, person))["errors"][0]["code"] for person in wanted}
    assert found == wanted
    answer = await api(SET, {"input": {"contentItemId": item, "criteria": []}})
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    hidden = await labs.item(name="below")
    assert (await rubric(labs, hidden, "far_instructor"))["errors"][0]["code"] == "NOT_FOUND"
    assert await owner.fetchval(count) == before


ONE = {"title": "x", "points": "1"}
BAD = [
    ([ONE] * 21, "LIMIT_REACHED", []),
    ([{"title": " ", "points": "1"}], "INVALID", ["0", "title"]),
    ([{"title": "x", "points": "-1"}], "INVALID", ["0", "points"]),
    ([{**ONE, "description": "x" * 2001}], "INVALID", ["0", "description"]),
    ([{**ONE, "ratings": [{"title": "y", "points": "2"}]}], "INVALID", ["0", "ratings", "0", "points"]),
    ([{**ONE, "ratings": [ONE] * 11}], "LIMIT_REACHED", ["0", "ratings"]),
]  # fmt: skip


@pytest.mark.parametrize(("criteria", "code", "path"), BAD)
async def test_what_no_rubric_is(labs, criteria, code, path):
    payload = await rubric(labs, await labs.item(), criteria=criteria)
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [(code, ["input", "criteria", *path])]


async def test_the_points_of_the_criteria_make_the_score(labs, api, owner):
    item = await labs.item(points=20)
    method, words = [criterion["id"] for criterion in (await rubric(labs, item))["item"]["rubric"]]
    submission = await labs.submitted(item)

    async def graded(score, *judged):
        given = {"submissionId": submission, "score": score, "rubric": list(judged)}
        (result,) = (await labs.sent(GRADE, {"grades": [given]}, "ta"))["results"]
        return result["error"] and result["error"]["code"]

    good = [{"criterionId": method, "points": "12"}, {"criterionId": words, "points": "5.5", "comment": " Long. "}]
    assert await graded("17.51", *good) == "INVALID"
    assert await graded("12", good[0]) == "INVALID"
    assert await graded("24", good[0], good[0]) == "INVALID"
    assert await graded("17.5", *good, {"criterionId": "no id", "points": "0"}) == "INVALID"
    assert await graded("18.5", {"criterionId": method, "points": "13"}, good[1]) == "INVALID"
    assert await owner.fetchval("SELECT score_obtained FROM lab_submissions WHERE id = $1", number(submission)) is None
    assert await graded("17.5", *reversed(good)) is None
    student = labs.world.people["student"]
    assert await api.data(RESULT, {"id": submission}, user=student) == {"node": {"rubricResult": []}}
    await labs.sent(RELEASE, {"offeringId": labs.offering, "contentItemId": item}, "instructor")
    await rubric(labs, item, criteria=[])
    result = (await api.data(RESULT, {"id": submission}, user=student))["node"]["rubricResult"]
    assert result == [
        {"title": "Method", "points": "12", "maxPoints": "12.50", "comment": None},
        {"title": "Words", "points": "5.5", "maxPoints": "7.50", "comment": "Long."},
    ]
    audit = await owner.fetchval(
        "SELECT new_values FROM audit_log WHERE act = 'submission.grade' ORDER BY id DESC LIMIT 1"
    )
    assert "Long" not in json.dumps(audit)
