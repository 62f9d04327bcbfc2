"""A whole term over HTTP, from enrolling to the certificate; what it came to is compared with the oracle's own sums.

Three students have a seat: Ada does everything rightly, Ben a part of it, Cam little, and offline. Dee waits, Eli lacks
a prerequisite.
"""

import json
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import asyncpg
import pytest

from tests.chaos.machines import Serving, store
from tests.interop.olx_packages import demo_course
from tests.load.asking import Client
from tests.term.campus import Term, answered, prepare, questions, set_up
from tests.term.oracle import Part, Record, Rules, report

pytestmark = pytest.mark.proof

STUDENTS = ("ada", "ben", "cam")
PASS_MARK, LETTERS = 50, [(80, "A"), (50, "B"), (0, "F")]
WEIGHTS = {"Quizzes": (Decimal("33.3"), 1), "Work": (Decimal("41.7"), 0), "Labs": (Decimal(25), 0)}
POINTS = {"Quizzes": 10, "Work": 20, "Labs": 100}
LATE_PERCENT = 10
WORK = {"ada": ("20", "19.75"), "ben": ("13.37", "11.11"), "cam": ("4.5", None)}
LABS = {"ada": "98.5", "ben": "61.01", "cam": "12.34"}
READ = """query($id: ID!) { node(id: $id) { ... on Enrollment {
  status courseProgress { progressPercent } gradeBreakdown { final letter categories { contribution } }
  grade { finalScore letterGrade passed } certificate { code }
  quizAttempts(first: 50) { edges { node { scoreObtained maxScore quiz { id } } } } } } }"""
VERIFY = """query($code: String!) { verifyCertificate(code: $code) {
  code status recipientName courseTitle signature } }"""


class Campaign:
    """Everybody's connection, and what is remembered of what they did."""

    def __init__(self, stack: AsyncExitStack, server: Serving, term: Term, owner: asyncpg.Connection) -> None:
        self.stack, self.server, self.term, self.owner = stack, server, term, owner
        self.clients = {name: server.client(term.campus, person) for name, person in term.people.items()}
        self.clients["anybody"] = Client(server.port, term.campus.code, "")
        self.offering = term.campus.of("CourseOffering", term.offering)
        self.enrollments: dict[str, str] = {}
        self.submissions: dict[str, str] = {}
        self.records = {name: Record() for name in STUDENTS}

    async def asks(self, name: str, document: str, **variables: Any) -> Any:
        """The data of an answer without errors."""
        answer = await self.clients[name].ask(document, variables)
        assert answer.status == 200, answer
        assert "errors" not in answer.body, answer.body
        return answer.body["data"]

    async def tries(self, name: str, mutation: str, input_type: str, told: str, **given: Any) -> Any:
        """The payload of a mutation."""
        document = f"mutation($input: {input_type}!) {{ {mutation}(input: $input) {{ {told} errors {{ code }} }} }}"
        return (await self.asks(name, document, input=given))[mutation]

    async def does(self, name: str, mutation: str, input_type: str, told: str, **given: Any) -> Any:
        """The payload of a mutation that must not be refused."""
        payload = await self.tries(name, mutation, input_type, told, **given)
        assert payload["errors"] == [], payload
        return payload


@pytest.fixture(scope="module")
async def campaign(tmp_path_factory) -> AsyncIterator[Campaign]:
    demo_course()  # skips where it is not
    folder = str(tmp_path_factory.mktemp("data"))
    async with AsyncExitStack() as stack:
        machine = await stack.enter_async_context(store())
        owner = await machine.connect()
        stack.push_async_callback(owner.close)
        term = await prepare(machine, owner)
        server = stack.enter_context(Serving(machine, LMS_DATA_DIR=folder))
        made = Campaign(stack, server, term, owner)
        yield made
        for client in made.clients.values():
            client.close()


async def test_a_term(campaign):
    rules = await set_policy(campaign)
    await enrol(campaign)
    await study(campaign)
    await take_quizzes(campaign)
    await hand_in(campaign)
    await grade(campaign)
    await talk(campaign)
    codes = await finish(campaign)
    found = {name: await read(campaign, name) for name in STUDENTS}
    expected = {name: report(campaign.records[name], rules) for name in STUDENTS}
    print("\n" + json.dumps(found))
    assert found == expected
    assert {report["certificate"] for report in expected.values()} == {True, False}, "the script tries only one end"
    await verify(campaign, codes)


async def set_policy(campaign: Campaign) -> Rules:
    """The staff set the policy; which items count in it is set up by the owner."""
    term = campaign.term
    categories = [{"name": name, "weight": str(weight), "dropLowest": drop} for name, (weight, drop) in WEIGHTS.items()]
    letters = [{"letter": letter, "lowestScore": str(least)} for least, letter in LETTERS]
    await campaign.does(
        *("staff", "updateGradingPolicy", "UpdateGradingPolicyInput", "policy { version }"),
        offeringId=campaign.offering,
        passMark=str(PASS_MARK),
        letterScheme=letters,
        categories=categories,
    )
    of_part = {"Quizzes": term.quizzes, "Work": term.assignments, "Labs": [term.lab]}
    for name, items in of_part.items():
        for item in items:
            late = LATE_PERCENT if item == term.assignments[1] else None
            await set_up(campaign.owner, term, item, name, POINTS[name], late)
    parts = [
        Part(name, Fraction(weight), drop, dict.fromkeys(of_part[name], Fraction(POINTS[name])))
        for name, (weight, drop) in WEIGHTS.items()
    ]
    counted = frozenset(number for number, _ in term.items)
    return Rules(Fraction(PASS_MARK), [(Fraction(least), letter) for least, letter in LETTERS], parts, counted)


async def enrol(campaign: Campaign) -> None:
    """Three get a seat, one waits, one is refused."""
    told = "enrollment { id status } waitlistPosition"
    for name in STUDENTS:
        payload = await campaign.does(name, "enroll", "EnrollInput", told, offeringId=campaign.offering)
        assert payload["enrollment"]["status"] == "ACTIVE"
        campaign.enrollments[name] = payload["enrollment"]["id"]
    waits = await campaign.does("dee", "enroll", "EnrollInput", told, offeringId=campaign.offering)
    assert (waits["enrollment"]["status"], waits["waitlistPosition"]) == ("WAITLISTED", 1)
    refused = await campaign.tries("eli", "enroll", "EnrollInput", told, offeringId=campaign.offering)
    assert [error["code"] for error in refused["errors"]] == ["NOT_ELIGIBLE"]


async def study(campaign: Campaign) -> None:
    """Ada opens everything, Ben a part; Cam comes online twice with the same batch in other orders."""
    term, chance = campaign.term, random.Random(5)  # noqa: S311 - repeatable, not secret
    readable = [number for number, kind in term.items if kind in {"text", "video", "resource"}]

    def event(number: int, **told: Any) -> dict[str, Any]:
        return {
            "clientId": f"{number}",
            "contentItemId": term.item(number),
            "occurredAt": datetime.now(UTC).isoformat(),
            **(told or {"kind": "VIEWED"}),
        }

    async def send(name: str, events: list[dict[str, Any]]) -> set[str]:
        given = {"offeringId": campaign.offering, "events": events}
        payload = await campaign.does(name, "recordProgress", "RecordProgressInput", "results { status }", **given)
        return {result["status"] for result in payload["results"]}

    for start in range(0, len(readable), 100):
        assert await send("ada", [event(number) for number in readable[start : start + 100]]) == {"APPLIED"}
    assert await send("ben", [event(number) for number in readable[:77]]) == {"APPLIED"}
    batch = [event(number) for number in readable[:31]]
    batch += [event(number, kind="PROGRESS", percent="40") for number in readable[31:80]]
    assert await send("cam", chance.sample(batch, len(batch))) == {"APPLIED"}
    assert await send("cam", chance.sample(batch, len(batch))) == {"ALREADY_KNOWN"}
    campaign.records["ada"].done.update(readable)
    campaign.records["ben"].done.update(readable[:77])
    campaign.records["cam"].done.update(readable[:31])


def is_right(name: str, place: int, again: int) -> bool:
    """The script: whether somebody answers a question rightly."""
    return {"ada": True, "ben": (place + again) % 3 != 2, "cam": (place + again) % 4 == 3}[name]


async def take_quizzes(campaign: Campaign) -> None:
    """Everybody takes each quiz, Ben the first one twice and worse the second time; Cam leaves the last one out."""
    for name in STUDENTS:
        quizzes = campaign.term.quizzes[: -1 if name == "cam" else None]
        for number, quiz in enumerate(quizzes):
            for again in range(2 if (name, number) == ("ben", 0) else 1):
                await take_quiz(campaign, name, quiz, again + number)


async def take_quiz(campaign: Campaign, name: str, quiz: int, shift: int) -> None:
    """Start, save half of the answers, hand in the others."""
    given = {"offeringId": campaign.offering, "contentItemId": campaign.term.item(quiz)}
    told = "attempt { id databaseId status }"
    started = await campaign.does(name, "startQuizAttempt", "StartQuizAttemptInput", told, **given)
    attempt = started["attempt"]
    drawn = await questions(campaign.owner, int(attempt["databaseId"]))
    answers = [
        {"position": place, "answer": answered(question, options, rightly=is_right(name, place, shift))}
        for place, (question, options) in enumerate(drawn, start=1)
    ]
    half = len(answers) // 2
    if half:
        saved = {"attemptId": attempt["id"], "answers": answers[:half]}
        await campaign.does(name, "saveQuizAnswers", "SaveQuizAnswersInput", told, **saved)
    last = {"attemptId": attempt["id"], "answers": answers[half:]}
    handed_in = await campaign.does(name, "submitQuizAttempt", "SubmitQuizAttemptInput", told, **last)
    assert handed_in["attempt"]["status"] == "GRADED"
    record = campaign.records[name]
    record.attempts.setdefault(quiz, []).append([question for question, _ in drawn])
    record.done.add(quiz)


async def hand_in(campaign: Campaign) -> None:
    """Everybody hands in the work of the script and the lab; the second assignment is late for all."""
    for name in STUDENTS:
        items = [item for item, score in zip(campaign.term.assignments, WORK[name], strict=True) if score]
        for item in [*items, campaign.term.lab]:
            given = {"offeringId": campaign.offering, "contentItemId": campaign.term.item(item), "text": f"By {name}"}
            payload = await campaign.does(name, "submitWork", "SubmitWorkInput", "submission { id }", **given)
            campaign.submissions[payload["submission"]["id"]] = name
            campaign.records[name].done.add(item)
            if item == campaign.term.lab:
                campaign.records[name].handed_in[item] = (Fraction(LABS[name]), Fraction(100), 0, Fraction(0))
                continue
            late = item == campaign.term.assignments[1]
            score = Fraction(WORK[name][campaign.term.assignments.index(item)])
            days = (2, Fraction(LATE_PERCENT)) if late else (0, Fraction(0))
            campaign.records[name].handed_in[item] = (score, Fraction(POINTS["Work"]), *days)
            await grade_work(campaign, payload["submission"]["id"], score)


async def grade_work(campaign: Campaign, submission: str, score: Fraction) -> None:
    """The staff grade it."""
    graded = [{"submissionId": submission, "score": str(Decimal(score.numerator) / score.denominator)}]
    told = "results { error { code message } }"
    payload = await campaign.does("staff", "gradeSubmissions", "GradeSubmissionsInput", told, grades=graded)
    assert payload["results"] == [{"error": None}]


async def grade(campaign: Campaign) -> None:
    """A service takes the labs one after the other and reports each twice; then all of it is shown."""
    token = await campaign.does(
        "staff", "issueServiceToken", "IssueServiceTokenInput", "token", scopes=["LAB_GRADE"], hours=1
    )
    campaign.clients["grader"] = Client(campaign.server.port, campaign.term.campus.code, token["token"])
    for _ in STUDENTS:
        told = "run { id submissionId }"
        claimed = await campaign.does(
            "grader", "claimGradingRun", "ClaimGradingRunInput", told, offeringId=campaign.offering
        )
        run = claimed["run"]
        found = {
            "runId": run["id"],
            "publicResults": [{"name": "runs", "passed": True}],
            "hiddenResults": [{"name": "is quick", "passed": False}],
            "score": LABS[campaign.submissions[run["submissionId"]]],
            "maxScore": "100",
        }
        for _again in range(2):
            await campaign.does("grader", "reportGradingRun", "ReportGradingRunInput", "runId", **found)
    for item in [*campaign.term.assignments, campaign.term.lab]:
        shown = {"offeringId": campaign.offering, "contentItemId": campaign.term.item(item)}
        await campaign.does("staff", "releaseGrades", "ReleaseGradesInput", "changedCount", **shown)


async def talk(campaign: Campaign) -> None:
    """Ada asks, Ben answers, Ada takes his answer."""
    thread = await campaign.does(
        *("ada", "createThread", "CreateThreadInput", "thread { id }"),
        offeringId=campaign.offering,
        title="How long is it?",
        body="The course, I mean.",
    )
    reply = await campaign.does(
        *("ben", "replyToThread", "ReplyToThreadInput", "post { id }"),
        threadId=thread["thread"]["id"],
        body="A term.",
    )
    taken = await campaign.does(
        *("ada", "acceptPost", "PostInput", "thread { postCount acceptedPost { id } }"), postId=reply["post"]["id"]
    )
    assert taken["thread"] == {"postCount": 2, "acceptedPost": {"id": reply["post"]["id"]}}


async def finish(campaign: Campaign) -> dict[str, str]:
    """The staff post the grades and complete the enrollments; gives the codes of the certificates."""
    posted = await campaign.does("staff", "postGrades", "PostGradesInput", "postedCount", offeringId=campaign.offering)
    assert posted["postedCount"] == len(STUDENTS)
    codes = {}
    for name in STUDENTS:
        await campaign.does(
            *("staff", "completeEnrollment", "EnrollmentDecisionInput", "enrollment { status }"),
            enrollmentId=campaign.enrollments[name],
        )
        seen = (await campaign.asks(name, READ, id=campaign.enrollments[name]))["node"]
        if seen["certificate"]:
            codes[name] = seen["certificate"]["code"]
    return codes


async def read(campaign: Campaign, name: str) -> dict[str, Any]:
    """What a student sees of it all in the end."""
    seen = (await campaign.asks(name, READ, id=campaign.enrollments[name]))["node"]
    assert seen["status"] == "COMPLETED"
    parts = sum(Decimal(part["contribution"]) for part in seen["gradeBreakdown"]["categories"])
    final = Decimal(seen["gradeBreakdown"]["final"])
    assert parts == final == Decimal(seen["grade"]["finalScore"])
    assert seen["gradeBreakdown"]["letter"] == seen["grade"]["letterGrade"]
    assert seen["grade"]["passed"] == bool(seen["certificate"])
    best: dict[str, tuple[Decimal, Decimal]] = {}
    for edge in seen["quizAttempts"]["edges"]:
        node, quiz = edge["node"], edge["node"]["quiz"]["id"]
        score = (Decimal(node["scoreObtained"]), Decimal(node["maxScore"]))
        best[quiz] = max(best.get(quiz, score), score)
    return {
        "progress": f"{Decimal(seen['courseProgress']['progressPercent']):.2f}",
        "quizzes": sorted(f"{earned:.2f} of {most:.2f}" for earned, most in best.values()),
        "final": f"{final:.2f}",
        "letter": seen["grade"]["letterGrade"],
        "certificate": seen["certificate"] is not None,
    }


async def verify(campaign: Campaign, codes: dict[str, str]) -> None:
    """Anybody can tell that the certificates are good."""
    for name, code in codes.items():
        told = (await campaign.asks("anybody", VERIFY, code=code))["verifyCertificate"]
        person = campaign.term.people[name]
        assert told["recipientName"] == f"TERM person {campaign.term.campus.people.index(person) + 1}"
        assert (told["code"], told["status"], told["signature"]) == (code, "VALID", "VALID")
