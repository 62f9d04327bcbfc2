"""Grading by people: who may, exact scores, per-row results, and when the people see them."""

import asyncio
import json
import random
from decimal import ROUND_HALF_UP, Decimal

import pytest

from tests.changing.labs import GRADE, HIDE, RELEASE, Labs, number

OWN = "query($id: ID!) { node(id: $id) { ... on Submission { status score rawScore maxScore feedback postedAt } } }"
HIDDEN = {"score": None, "rawScore": None, "maxScore": None, "feedback": None}


@pytest.fixture
def labs(api, world, owner):
    return Labs(api, world, owner)


async def seen(labs, submission, user="student"):
    """What its person sees of a submission."""
    data = await labs.api.data(OWN, {"id": submission}, user=labs.world.people[user])
    return data["node"]


async def test_a_grade_is_kept_whole_and_stays_hidden(labs, owner):
    item = await labs.item(points=20)
    submission = await labs.submitted(item)
    payload = await labs.grade("ta", {"submissionId": submission, "score": "17.5", "feedback": " Sound. "})
    assert payload == {
        "results": [
            {
                "index": 0,
                "submission": {
                    "id": submission,
                    "status": "GRADED",
                    "rawScore": "17.50",
                    "latePenaltyPercent": "0.00",
                    "score": "17.50",
                    "maxScore": "20.00",
                    "feedback": "Sound.",
                    "postedAt": None,
                },
                "error": None,
            }
        ],
        "errors": [],
    }
    assert await seen(labs, submission) == {"status": "GRADED", "postedAt": None, **HIDDEN}
    audit = await owner.fetchrow("SELECT * FROM audit_log WHERE act = 'submission.grade' ORDER BY id DESC LIMIT 1")
    assert (audit["user_id"], audit["entity_id"]) == (labs.world.people["ta"], number(submission))
    new = json.loads(audit["new_values"])
    assert (new["score"], new["maxScore"], new["status"]) == ("17.50", "20.00", "graded")
    assert "Sound" not in audit["new_values"]


async def test_nobody_grades_without_a_name(labs, api):
    submission = await labs.submitted(await labs.item())
    before = await labs.state()
    answer = await api(GRADE, {"input": {"grades": [{"submissionId": submission, "score": "1"}]}})
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert await labs.state() == before


@pytest.mark.parametrize("person", ["student", "other", "bystander", "beta_admin", "outsider"])
async def test_who_is_no_staff_grades_nothing(labs, person):
    submission = await labs.submitted(await labs.item())
    before = await labs.state()
    payload = await labs.grade(person, {"submissionId": submission, "score": "1"})
    assert (payload["results"], [error["code"] for error in payload["errors"]]) == ([], ["FORBIDDEN"])
    assert await labs.state() == before


@pytest.mark.parametrize("person", ["far_instructor", "far_admin"])
async def test_staff_of_elsewhere_find_nothing(labs, person):
    """As of a submission that is not there, byte for byte."""
    submission = await labs.submitted(await labs.item())
    nothing = labs.id("Submission", 999_999)
    before = await labs.state()
    both = [await labs.grade(person, {"submissionId": id_, "score": "1"}) for id_ in (submission, nothing, "no id")]
    assert both == [both[0]] * 3
    assert both[0]["results"][0]["error"]["code"] == "NOT_FOUND"
    assert await labs.state() == before


@pytest.mark.parametrize("person", ["instructor", "ta", "section_ta", "department_admin", "admin"])
async def test_staff_in_whose_reach_it_is_grade(labs, person):
    submission = await labs.submitted(await labs.item())
    payload = await labs.grade(person, {"submissionId": submission, "score": "1"})
    assert payload["results"][0]["error"] is None
    assert payload["results"][0]["submission"]["score"] == "1.00"


async def test_who_teaches_a_section_grades_no_others(labs):
    submission = await labs.submitted(await labs.item(), "other")
    payload = await labs.grade("section_ta", {"submissionId": submission, "score": "1"})
    assert payload["results"][0]["error"]["code"] == "NOT_FOUND"


async def test_nobody_grades_their_own(labs, owner):
    """A teaching assistant who is enrolled, too."""
    ta, offering = labs.world.people["ta"], labs.world.alpha["private"]["id"]
    enrolled = await owner.fetchval(
        "INSERT INTO course_enrollments (university_id, course_offering_id, user_id) VALUES ($1, $2, $3) RETURNING id",
        labs.university_id, offering, ta,
    )  # fmt: skip
    submission = await labs.submitted(await labs.item(), "ta")
    before = await labs.state()
    payload = await labs.grade("ta", {"submissionId": submission, "score": "1"})
    assert payload["results"][0]["error"]["code"] == "FORBIDDEN"
    assert await labs.state() == before
    await owner.execute("DELETE FROM lab_submissions WHERE user_id = $1", ta)
    await owner.execute("DELETE FROM course_enrollments WHERE id = $1", enrolled)


async def test_rows_are_given_or_refused_by_themselves(labs, owner):
    item = await labs.item(points=10)
    good, worse, far = [await labs.submitted(item, name) for name in ("student", "other", "student")]
    twice = {"submissionId": good, "score": "2"}
    payload = await labs.grade(
        "instructor",
        {"submissionId": good, "score": "10"},
        {"submissionId": worse, "score": "10.01"},
        {"submissionId": labs.id("Submission", 999_999), "score": "1"},
        twice,
        {"submissionId": far, "score": "-0.01"},
        {"submissionId": far, "score": "1.005"},
        {"submissionId": far, "score": "NaN"},
        {"submissionId": far, "score": "1", "feedback": "x" * 20_001},
        {"submissionId": far, "score": "0"},
    )
    found = [
        (result["index"], result["submission"] and result["submission"]["score"],
         result["error"] and (result["error"]["code"], result["error"]["path"][2:]))
        for result in payload["results"]
    ]  # fmt: skip
    assert found == [
        (0, "10.00", None),
        (1, None, ("INVALID", ["1", "score"])),
        (2, None, ("NOT_FOUND", ["2", "submissionId"])),
        (3, None, ("INVALID", ["3", "submissionId"])),
        (4, None, ("INVALID", ["4", "score"])),
        (5, None, ("INVALID", ["5", "score"])),
        (6, None, ("INVALID", ["6", "score"])),
        (7, None, ("INVALID", ["7", "feedback"])),
        (8, "0.00", None),
    ]
    scores = await owner.fetch(
        "SELECT score_obtained FROM lab_submissions WHERE content_item_id = $1 ORDER BY id", number(item)
    )
    assert [row[0] for row in scores] == [Decimal("10.00"), None, Decimal("0.00")]


@pytest.mark.parametrize("count", [0, 501])
async def test_so_many_at_once(labs, count):
    submission = await labs.submitted(await labs.item())
    payload = await labs.grade("ta", *[{"submissionId": submission, "score": "1"}] * count)
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("LIMIT_REACHED", ["input", "grades"])]


async def test_a_dry_run_changes_nothing(labs):
    submission = await labs.submitted(await labs.item(points=10))
    before = await labs.state()
    grades = [{"submissionId": submission, "score": "9"}, {"submissionId": submission, "score": "11"}]
    payload = await labs.grade("ta", *grades, dryRun=True)
    assert [result["error"] and result["error"]["code"] for result in payload["results"]] == [None, "INVALID"]
    assert payload["results"][0]["submission"]["score"] is None
    assert await labs.state() == before


async def late(labs, owner, percent):
    """A new submission with a penalty, for an item of 100 points."""
    item = await labs.item(points=100)
    submission = await labs.submitted(item)
    await owner.execute(
        "UPDATE lab_submissions SET late_seconds = 5, late_penalty_percent = $1 WHERE id = $2",
        Decimal(percent), number(submission),
    )  # fmt: skip
    return submission


async def test_the_penalty_is_taken_exactly_and_can_be_waived(labs, owner):
    submission = await late(labs, owner, "12.5")
    graded = await labs.grade("ta", {"submissionId": submission, "score": "0.04"})
    assert graded["results"][0]["submission"]["score"] == "0.04"  # 0.035, and a half goes up
    graded = await labs.grade("ta", {"submissionId": submission, "score": "99.99"})
    assert graded["results"][0]["submission"]["score"] == "87.49"  # 87.49125
    graded = await labs.grade("ta", {"submissionId": submission, "score": "99.99", "waivePenalty": True})
    found = graded["results"][0]["submission"]
    assert (found["rawScore"], found["latePenaltyPercent"], found["score"]) == ("99.99", "0.00", "99.99")


async def test_any_penalty_of_any_score_is_exact(labs, owner):
    """Five hundred of each, half of them halves of a hundredth, against Python's decimals."""
    submission = await late(labs, owner, "0")
    chosen = random.Random(4)  # noqa: S311 - not a secret
    cases = [(Decimal(chosen.randint(0, 10_000)), Decimal(chosen.randint(0, 10_000))) for _ in range(250)]
    cases += [(Decimal(2 * chosen.randint(0, 4_999) + 1), Decimal(5000)) for _ in range(250)]
    await owner.execute(
        "INSERT INTO lab_submissions (university_id, course_offering_id, user_id, content_item_id, course_id,"
        " content_type, attempt_number, late_penalty_percent)"
        " SELECT university_id, course_offering_id, user_id, content_item_id, course_id, content_type, 1 + n, percent"
        " FROM lab_submissions, unnest($1::numeric[]) WITH ORDINALITY AS given(percent, n) WHERE id = $2",
        [percent.scaleb(-2) for _, percent in cases], number(submission),
    )  # fmt: skip
    rows = await owner.fetch(
        "SELECT id FROM lab_submissions WHERE content_item_id = (SELECT content_item_id FROM lab_submissions"
        " WHERE id = $1) AND attempt_number > 1 ORDER BY attempt_number",
        number(submission),
    )
    grades = [
        {"submissionId": labs.id("Submission", row["id"]), "score": str(score.scaleb(-2))}
        for row, (score, _) in zip(rows, cases, strict=True)
    ]
    results = (await labs.grade("ta", *grades))["results"]
    wanted = [
        (score * (10_000 - percent) / 1_000_000).quantize(Decimal("0.01"), ROUND_HALF_UP) for score, percent in cases
    ]
    assert [Decimal(result["submission"]["score"]) for result in results] == wanted


async def test_many_grades_cost_no_statement_each(labs, owner):
    """Five hundred as many statements as one; the loader of the answer included."""
    item = await labs.item()
    await owner.execute(
        "INSERT INTO lab_submissions (university_id, course_offering_id, user_id, content_item_id, course_id,"
        " content_type, attempt_number) SELECT university_id, $1, $2, id, course_id, 'assignment', n"
        " FROM content_items, generate_series(1, 500) AS n WHERE id = $3",
        labs.world.alpha["private"]["id"], labs.world.people["student"], number(item),
    )  # fmt: skip
    rows = await owner.fetch("SELECT id FROM lab_submissions WHERE content_item_id = $1", number(item))
    grades = [{"submissionId": labs.id("Submission", row["id"]), "score": "7.25"} for row in rows]
    counted = []
    for count in (1, 500):
        before = await owner.fetchval("SELECT count(*) FROM audit_log WHERE entity = 'Submission'")
        payload = await labs.grade("ta", *grades[:count])
        assert {result["submission"]["score"] for result in payload["results"]} == {"7.25"}
        assert await owner.fetchval("SELECT count(*) FROM audit_log WHERE entity = 'Submission'") == before + count
        counted.append(len(labs.api.statements))
    assert counted[0] == counted[1]


async def test_the_audit_log_replayed_is_the_table(labs, owner):
    item = await labs.item(points=50)
    submissions = [await labs.submitted(item, name) for name in ("student", "other", "student")]
    steps = [("ta", "1"), ("instructor", "49.99"), ("admin", "0"), ("ta", "20.5")]
    for step, (person, score) in enumerate(steps):
        await labs.grade(person, *[{"submissionId": id_, "score": score} for id_ in submissions[: 1 + step % 3]])
    release = {"offeringId": labs.offering, "contentItemId": item}
    await labs.sent(RELEASE, {**release, "userIds": [labs.person("student")]}, "instructor")
    await labs.sent(HIDE, {**release, "userIds": [labs.person("student")]}, "instructor")
    await labs.sent(RELEASE, release, "admin")
    for id_ in submissions:
        entries = await owner.fetch(
            "SELECT old_values, new_values FROM audit_log WHERE entity = 'Submission' AND entity_id = $1"
            " AND act <> 'submission.submit' ORDER BY id",
            number(id_),
        )
        state = None
        for old, new in ((json.loads(row[0]), json.loads(row[1])) for row in entries):
            new.pop("feedbackChanged", None)
            assert state is None or state == old
            state = new
        row = await owner.fetchrow("SELECT * FROM lab_submissions WHERE id = $1", number(id_))
        assert state == {
            "status": row["status"],
            "rawScore": str(row["raw_score"]),
            "latePenaltyPercent": str(row["late_penalty_percent"]),
            "score": str(row["score_obtained"]),
            "maxScore": str(row["max_score"]),
            "gradedBy": row["graded_by"],
            "gradedAt": row["graded_at"].isoformat(),
            "postedAt": row["posted_at"].isoformat(),
        }


async def test_graders_at_once_leave_one_grade_and_each_its_entry(labs, owner):
    item = await labs.item()
    submissions = [await labs.submitted(item, name) for name in ("student", "other")]
    grades = [[{"submissionId": id_, "score": str(n)} for id_ in submissions[:: 1 if n % 2 else -1]] for n in range(8)]
    payloads = await asyncio.gather(*(labs.grade("ta", *given) for given in grades))
    assert all(result["error"] is None for payload in payloads for result in payload["results"])
    entries = await owner.fetch(
        "SELECT old_values ->> 'score' AS old, new_values ->> 'score' AS new FROM audit_log"
        " WHERE act = 'submission.grade' AND entity_id = $1",
        number(submissions[0]),
    )
    follows = {row["old"]: row["new"] for row in entries}
    assert len(follows) == 8  # a chain: no two saw the same
    score = await owner.fetchval("SELECT score_obtained FROM lab_submissions WHERE id = $1", number(submissions[0]))
    assert set(follows.values()) - set(follows) == {str(score)}


# ---- release and hide


async def test_released_is_seen_at_once_and_hidden_is_gone_at_once(labs):
    item = await labs.item(points=20)
    submission = await labs.submitted(item)
    waiting = await labs.submitted(item, "other")
    await labs.grade("ta", {"submissionId": submission, "score": "15", "feedback": "Good."})
    release = {"offeringId": labs.offering, "contentItemId": item}
    payload = await labs.sent(RELEASE, release, "instructor")
    assert payload == {"changedCount": 1, "offering": {"id": labs.offering}, "errors": []}
    found = await seen(labs, submission)
    assert found.pop("postedAt") is not None
    assert found == {
        "status": "GRADED",
        "score": "15.00",
        "rawScore": "15.00",
        "maxScore": "20.00",
        "feedback": "Good.",
    }
    assert (await seen(labs, waiting, "other"))["status"] == "SUBMITTED"
    assert (await labs.sent(RELEASE, release, "instructor"))["changedCount"] == 0
    assert (await labs.sent(HIDE, release, "instructor"))["changedCount"] == 1
    assert await seen(labs, submission) == {"status": "GRADED", "postedAt": None, **HIDDEN}
    assert (await labs.sent(HIDE, release, "instructor"))["changedCount"] == 0


async def test_only_those_who_are_named(labs):
    item = await labs.item()
    mine, theirs = [await labs.submitted(item, name) for name in ("student", "other")]
    await labs.grade("ta", *[{"submissionId": id_, "score": "1"} for id_ in (mine, theirs)])
    release = {"offeringId": labs.offering, "contentItemId": item, "userIds": [labs.person("other")]}
    assert (await labs.sent(RELEASE, release, "instructor"))["changedCount"] == 1
    assert (await seen(labs, theirs, "other"))["score"] == "1.00"
    assert (await seen(labs, mine))["score"] is None


@pytest.mark.parametrize("document", [RELEASE, HIDE])
async def test_who_may_not_release(labs, api, document):
    item = await labs.item()
    await labs.grade("ta", {"submissionId": await labs.submitted(item), "score": "1"})
    before = await labs.state()
    given = {"offeringId": labs.offering, "contentItemId": item}
    answer = await api(document, {"input": given})
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    wanted = {"student": "FORBIDDEN", "bystander": "FORBIDDEN", "beta_admin": "FORBIDDEN", "ta": "FORBIDDEN",
              "section_ta": "FORBIDDEN", "far_instructor": "NOT_FOUND", "far_admin": "NOT_FOUND"}  # fmt: skip
    found = {person: (await labs.sent(document, given, person))["errors"][0]["code"] for person in wanted}
    assert found == wanted
    assert await labs.state() == before


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"offeringId": "no id"}, "offeringId"),
        ({"contentItemId": "no id"}, "contentItemId"),
        ({"userIds": ["no id"]}, "userIds"),
    ],
)
async def test_what_is_not_there_is_not_released(labs, change, path):
    given = {"offeringId": labs.offering, "contentItemId": await labs.item(), **change}
    payload = await labs.sent(RELEASE, given, "admin")
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("NOT_FOUND", ["input", path])]


async def test_people_of_elsewhere_and_items_of_elsewhere(labs):
    item = await labs.item()
    given = {"offeringId": labs.offering, "contentItemId": item}
    payload = await labs.sent(RELEASE, {**given, "userIds": [labs.person("bystander")]}, "admin")
    assert payload["errors"][0]["code"] == "NOT_FOUND"
    payload = await labs.sent(RELEASE, {**given, "contentItemId": labs.id("AssignmentContent", 999_999)}, "admin")
    assert payload["errors"][0]["code"] == "NOT_FOUND"
