"""Grading by machines: claims, leases and reports, each once; hidden results reach nobody but staff."""

import asyncio
import json

import pytest

from tests.changing.labs import CLAIM, HIDE, RELEASE, REPORT, Labs, number

SEEN = """query($id: ID!) { node(id: $id) { ... on Submission { status score rawScore maxScore
  publicResults { name passed points message }
  staffDetails { hiddenResults { name passed points message } autoGradeResults { name } gradedBy { id } } } } }"""
PUBLIC = [{"name": "compiles", "passed": True, "points": "2.5"}, {"name": "runs", "passed": False, "message": "exit 1"}]
HIDDEN = [{"name": "CANARY hidden name", "passed": False, "points": "0", "message": "CANARY hidden message"}]
FOUND = {"publicResults": PUBLIC, "hiddenResults": HIDDEN, "score": "7.5", "maxScore": "10"}


@pytest.fixture
def labs(api, world, owner):
    return Labs(api, world, owner)


@pytest.fixture
async def grader(labs):
    return await labs.token()


async def lab(labs, user="student", **setting):
    """A new lab's new submission."""
    return await labs.submitted(await labs.item("engineering_lab", **setting), user)


async def claimed(labs, headers, submission, **more):
    """The id of a new run."""
    answer = await labs.by_service(headers, CLAIM, {"submissionId": submission, **more})
    assert answer["data"]["claimGradingRun"]["errors"] == [], answer
    return answer["data"]["claimGradingRun"]["run"]["id"]


async def refused(labs, headers, document, given):
    """The code and the path of the one error."""
    (payload,) = (await labs.by_service(headers, document, given))["data"].values()
    ((error),) = payload["errors"]
    return error["code"], error["path"]


async def test_a_run_from_the_claim_to_what_everybody_sees(labs, grader, owner):
    item = await labs.item("engineering_lab")
    submission = await labs.submitted(item, text="print(1)", url="https://git.example/1")
    answer = await labs.by_service(grader, CLAIM, {"submissionId": submission})
    payload = answer["data"]["claimGradingRun"]
    run = payload["run"].pop("id")
    assert payload == {
        "run": {
            "submissionId": submission,
            "offeringId": labs.offering,
            "contentItemId": item,
            "attemptNumber": 1,
            "revision": 1,
            "text": "print(1)",
            "url": "https://git.example/1",
        },
        "errors": [],
    }
    student = labs.world.people["student"]
    found = await labs.api.data(SEEN, {"id": submission}, user=student)
    assert found["node"]["status"] == "GRADING"
    answer = await labs.by_service(grader, REPORT, {"runId": run, **FOUND})
    assert answer == {"data": {"reportGradingRun": {"runId": run, "errors": []}}}
    whole = [{"points": None, "message": None, **result} for result in PUBLIC]
    response = await labs.api.post(SEEN, {"id": submission}, user=student)
    assert response.json()["data"]["node"] == {
        "status": "GRADED", "score": None, "rawScore": None, "maxScore": None, "publicResults": whole,
        "staffDetails": None,
    }  # fmt: skip
    assert b"CANARY" not in response.content
    node = (await labs.api.data(SEEN, {"id": submission}, user=labs.world.people["ta"]))["node"]
    assert node == {
        "status": "GRADED", "score": "7.50", "rawScore": "7.50", "maxScore": "10.00", "publicResults": whole,
        "staffDetails": {
            "hiddenResults": HIDDEN,
            "autoGradeResults": [{"name": result["name"]} for result in [*PUBLIC, *HIDDEN]],
            "gradedBy": None,
        },
    }  # fmt: skip
    release = {"offeringId": labs.offering, "contentItemId": item}
    assert (await labs.sent(RELEASE, release, "instructor"))["changedCount"] == 1
    response = await labs.api.post(SEEN, {"id": submission}, user=student)
    assert response.json()["data"]["node"]["score"] == "7.50"
    assert b"CANARY" not in response.content
    await labs.sent(HIDE, release, "instructor")
    entries = await owner.fetch("SELECT user_id, roles, act FROM audit_log WHERE act LIKE 'grading_run.%'"
                                " OR act = 'submission.grade' ORDER BY id DESC LIMIT 2")  # fmt: skip
    token_id = await owner.fetchval("SELECT max(id) FROM service_tokens")
    assert [tuple(entry) for entry in entries] == [
        (None, [f"service_token:{token_id}"], "submission.grade"),
        (None, [f"service_token:{token_id}"], "grading_run.claim"),
    ]


async def test_the_same_report_again_changes_nothing_and_another_is_refused(labs, grader):
    run = await claimed(labs, grader, await lab(labs))
    reports = await asyncio.gather(*(labs.by_service(grader, REPORT, {"runId": run, **FOUND}) for _ in range(6)))
    assert reports == [{"data": {"reportGradingRun": {"runId": run, "errors": []}}}] * 6
    before = await labs.state()
    again = await labs.by_service(grader, REPORT, {"runId": run, **FOUND, "score": "7.50"})
    assert again == reports[0]
    for change in ({"score": "8"}, {"maxScore": "11"}, {"hiddenResults": []}, {"publicResults": PUBLIC[:1]}):
        assert await refused(labs, grader, REPORT, {"runId": run, **FOUND, **change}) == (
            "CONFLICT", ["input", "runId"],
        )  # fmt: skip
    assert await labs.state() == before


@pytest.mark.parametrize("person", ["student", "ta", "instructor", "admin"])
async def test_people_do_not_take_runs(labs, person):
    submission = await lab(labs)
    before = await labs.state()
    for document, given in ((CLAIM, {"submissionId": submission}), (REPORT, {"runId": "x", **FOUND})):
        payload = await labs.sent(document, given, person)
        assert [error["code"] for error in payload["errors"]] == ["FORBIDDEN"]
    assert await labs.state() == before


async def test_nobody_and_other_services_do_not(labs):
    submission = await lab(labs)
    importer = await labs.token(scopes=["IMPORT_COURSE"])
    before = await labs.state()
    for document, given in ((CLAIM, {"submissionId": submission}), (REPORT, {"runId": "x", **FOUND})):
        answer = await labs.by_service({}, document, given)
        assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert (await refused(labs, importer, document, given))[0] == "FORBIDDEN"
    assert await labs.state() == before


async def test_a_grader_may_do_nothing_else(labs, grader):
    """A service is nobody to all other mutations."""
    answer = await labs.by_service(grader, RELEASE, {"offeringId": labs.offering, "contentItemId": await labs.item()})
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_bound_token_knows_its_own_submissions_alone(labs, grader):
    mine, other = await lab(labs), await lab(labs)
    bound = await labs.token(submissionIds=[mine])
    nothing = labs.id("Submission", 999_999)
    before = await labs.state()
    answers = [await labs.by_service(bound, CLAIM, {"submissionId": id_}) for id_ in (other, nothing, "no id")]
    assert answers == [answers[0]] * 3
    assert answers[0]["data"]["claimGradingRun"]["errors"][0]["code"] == "NOT_FOUND"
    assert await labs.state() == before
    run = await claimed(labs, bound, mine)
    assert await refused(labs, grader, REPORT, {"runId": run, **FOUND}) == ("NOT_FOUND", ["input", "runId"])
    body = {"query": SEEN, "variables": {"id": mine}}  # to read a service stands as nobody does
    response = await labs.api.client.post("/u/ALPHA/graphql", json=body, headers=bound)
    assert response.json()["data"] == {"node": None}


async def test_a_token_of_another_university_finds_nothing(labs, api, owner, world):
    theirs = await owner.fetchval(
        "SELECT min(id) FROM lab_submissions WHERE university_id = $1", world.beta.university["id"]
    )
    grader = await labs.token()
    for text in (labs.id("Submission", theirs), f"{theirs}"):
        assert await refused(labs, grader, CLAIM, {"submissionId": text}) == ("NOT_FOUND", ["input", "submissionId"])


async def test_one_grader_at_a_time_until_its_lease_ends(labs, grader, owner):
    submission = await lab(labs)
    others = [await labs.token() for _ in range(3)]
    answers = await asyncio.gather(
        *(labs.by_service(headers, CLAIM, {"submissionId": submission}) for headers in (grader, *others) * 2)
    )
    codes = [[error["code"] for error in answer["data"]["claimGradingRun"]["errors"]] for answer in answers]
    assert sorted(codes) == [[], *[["CLOSED"]] * 7]
    winner = codes.index([])
    first = answers[winner]["data"]["claimGradingRun"]["run"]["id"]
    holder = (grader, *others)[winner % 4]
    await owner.execute(
        "UPDATE grading_runs SET claimed_at = now() - interval '2 hours', lease_until = now() - interval '1 second'"
        " WHERE id = $1",
        number(first),
    )
    assert await refused(labs, holder, REPORT, {"runId": first, **FOUND}) == ("CLOSED", ["input", "runId"])
    second = await claimed(labs, others[0], submission)
    assert second != first
    assert await refused(labs, holder, REPORT, {"runId": first, **FOUND}) == ("CLOSED", ["input", "runId"])
    answer = await labs.by_service(others[0], REPORT, {"runId": second, **FOUND})
    assert answer["data"]["reportGradingRun"]["errors"] == []
    states = await owner.fetch(
        "SELECT state FROM grading_runs WHERE submission_id = $1 ORDER BY id", number(submission)
    )
    assert [row[0] for row in states] == ["expired", "reported"]


async def test_the_next_of_an_offering_is_the_oldest_and_nobody_gets_it_twice(labs, grader, owner):
    await owner.execute("UPDATE lab_submissions SET graded_at = now() WHERE graded_at IS NULL")
    waiting = [await lab(labs) for _ in range(4)]
    await labs.submitted(await labs.item("assignment"))  # is for people
    answers = await asyncio.gather(*(labs.by_service(grader, CLAIM, {"offeringId": labs.offering}) for _ in range(6)))
    runs = [answer["data"]["claimGradingRun"]["run"] for answer in answers]
    assert sorted(run["submissionId"] for run in runs if run) == sorted(waiting)
    assert runs.count(None) == 2
    await owner.execute("UPDATE grading_runs SET claimed_at = now() - interval '2 hours', lease_until = now()"
                        " - interval '1 second' WHERE state = 'claimed'")  # fmt: skip
    answer = await labs.by_service(grader, CLAIM, {"offeringId": labs.offering})
    assert answer["data"]["claimGradingRun"]["run"]["submissionId"] == waiting[0]
    answer = await labs.by_service(grader, CLAIM, {"offeringId": labs.id("CourseOffering", 999_999)})
    assert answer["data"]["claimGradingRun"] == {"run": None, "errors": []}


async def test_a_persons_grade_is_not_written_over(labs, grader, owner):
    submission = await lab(labs)
    run = await claimed(labs, grader, submission)
    await labs.grade("ta", {"submissionId": submission, "score": "99", "feedback": "By hand."})
    answer = await labs.by_service(grader, REPORT, {"runId": run, **FOUND})
    assert answer["data"]["reportGradingRun"]["errors"] == []
    row = await owner.fetchrow("SELECT * FROM lab_submissions WHERE id = $1", number(submission))
    assert (str(row["score_obtained"]), str(row["max_score"]), row["graded_by"]) == (
        "99.00", "100.00", labs.world.people["ta"],
    )  # fmt: skip
    assert len(json.loads(row["public_results"])) == 2
    assert await refused(labs, grader, CLAIM, {"submissionId": submission}) == ("CLOSED", ["input", "submissionId"])


async def test_a_machine_takes_the_penalty_too(labs, grader, owner):
    submission = await lab(labs)
    await owner.execute(
        "UPDATE lab_submissions SET late_seconds = 9, late_penalty_percent = 10 WHERE id = $1", number(submission)
    )
    run = await claimed(labs, grader, submission)
    await labs.by_service(grader, REPORT, {"runId": run, **FOUND})
    row = await owner.fetchrow(
        "SELECT raw_score, score_obtained FROM lab_submissions WHERE id = $1", number(submission)
    )
    assert [str(value) for value in row] == ["7.50", "6.75"]


BAD = [
    ({"score": "10.01"}, "INVALID", ["score"]),
    ({"score": "NaN"}, "INVALID", ["score"]),
    ({"score": "1.001"}, "INVALID", ["score"]),
    ({"maxScore": "10000"}, "INVALID", ["maxScore"]),
    ({"publicResults": [PUBLIC[0]] * 201}, "LIMIT_REACHED", ["publicResults"]),
    ({"hiddenResults": [{"name": "", "passed": True}]}, "INVALID", ["hiddenResults", "0", "name"]),
    ({"hiddenResults": [{**PUBLIC[1], "message": "x" * 4001}]}, "INVALID", ["hiddenResults", "0", "message"]),
    ({"publicResults": [PUBLIC[0], {**PUBLIC[0], "points": "-1"}]}, "INVALID", ["publicResults", "1", "points"]),
]  # fmt: skip


@pytest.mark.parametrize(("change", "code", "path"), BAD)
async def test_what_a_report_cannot_say(labs, grader, change, code, path):
    run = await claimed(labs, grader, await lab(labs))
    before = await labs.state()
    assert await refused(labs, grader, REPORT, {"runId": run, **FOUND, **change}) == (code, ["input", *path])
    assert await labs.state() == before


@pytest.mark.parametrize(
    ("given", "path"),
    [({}, []), ({"submissionId": "x", "offeringId": "x"}, []), ({"leaseMinutes": 0}, ["leaseMinutes"]),
     ({"leaseMinutes": 121}, ["leaseMinutes"])],
)  # fmt: skip
async def test_what_a_claim_cannot_say(labs, grader, given, path):
    wanted = {**given, "offeringId": labs.offering} if path else given
    assert await refused(labs, grader, CLAIM, wanted) == ("INVALID", ["input", *path])


LAB = """mutation($input: ClaimGradingRunInput!) { claimGradingRun(input: $input) { run { revision lab { containerImage
  runtime entrypoint cpuLimit memoryLimit timeoutSeconds labType grading { type maxPoints } env { name value }
  files { path role url } } } errors { code message path } } }"""


async def test_a_grader_is_told_the_lab_that_the_submission_met_with_its_hidden_files(labs, grader, owner):
    add = (
        "INSERT INTO assets (university_id, url, asset_type, is_staff_only) VALUES ($1, $2, 'other', true) RETURNING id"
    )
    asset = await owner.fetchval(add, labs.university_id, "https://files.example/hidden.py")
    payload = {
        "lab_type": "code",
        "runtime": "python",
        "container_image": "registry/image:1",
        "env": {"SEED": "1"},
        "files": [
            {"path": "lab.ipynb", "role": "student_visible"},
            {"path": "tests/hidden.py", "role": "hidden_test", "asset_id": asset},
        ],
        "grading": {"type": "unit_tests", "max_points": 10},
    }
    item = await labs.item("engineering_lab", payload)
    first = await labs.submitted(item)
    newer = {**payload, "container_image": "registry/image:2", "files": []}
    await owner.execute("UPDATE content_items SET data_json = $1 WHERE id = $2", json.dumps(newer), number(item))
    second = await labs.submitted(item)
    found = []
    for submission in (first, second):
        answer = await labs.by_service(grader, LAB, {"submissionId": submission})
        found.append(answer["data"]["claimGradingRun"]["run"])
    lab = {
        "labType": "code",
        "runtime": "python",
        "containerImage": "registry/image:1",
        "entrypoint": None,
        "cpuLimit": None,
        "memoryLimit": None,
        "timeoutSeconds": None,
        "grading": {"type": "unit_tests", "maxPoints": 10.0},
        "env": [{"name": "SEED", "value": "1"}],
        "files": [
            {"path": "lab.ipynb", "role": "student_visible", "url": None},
            {"path": "tests/hidden.py", "role": "hidden_test", "url": "https://files.example/hidden.py"},
        ],
    }
    assert found == [
        {"revision": 1, "lab": lab},
        {"revision": 2, "lab": {**lab, "containerImage": "registry/image:2", "files": []}},
    ]
    work = await labs.submitted(await labs.item("assignment"))
    answer = await labs.by_service(grader, LAB, {"submissionId": work})
    assert answer["data"]["claimGradingRun"]["run"]["lab"] is None
