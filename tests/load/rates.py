"""How many enrolments, progress events and quizzes a second are done, and whether one university slows its own writers.

Runs the real `lms-graphql serve` with two workers over a PostgreSQL of its own whose commits reach the disk, and 32
clients that each ask again as soon as they are answered, after a 503 a little later. Every other answer must be a
success, and what it did is counted in the database afterwards. Prints a table and, as its last line, the numbers as
JSON; the exit code is 1 when a line of the table fails.

    python -m tests.load.rates [slack, 1]

The slack loosens the bounds, for machines that do other things besides; how much they did is printed, and what is
measured while others compute says more of them than of the server. Client, server and PostgreSQL share the machine.
"""

import asyncio
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import asyncpg
import orjson

from tests.chaos.acts import document
from tests.chaos.machines import Serving, Store, store
from tests.load.asking import Client
from tests.load.campuses import QUESTIONS, Campus, Study, add_campus, add_course, add_offerings, add_study
from tests.load.overload import Line, computed_seconds, machine_seconds

WORKERS, CLIENTS = 2, 32
ENROLMENTS, OFFERINGS, ONE_OFFERING = 3000, 20, 1000
STUDENTS, LESSONS, TEXTS, BATCH = 64, 10, 20, 50
SUBMITS = 1500
WRITES, ROUNDS = 25, 4
WARM = 200
_PAUSE_SECONDS = 0.02
YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).isoformat()


class Job(NamedTuple):
    """One request: whose it is, where, and its body."""

    university: str
    token: str
    body: bytes


class Rush(NamedTuple):
    """What came of many requests: seconds each took, seconds they took together, and what was wrong, counted."""

    each: list[float]
    seconds: float
    wrong: Counter[str]
    payloads: list[dict[str, Any]]
    refused: list[float]
    """When one was told to come back later, as it then did."""

    @property
    def rate(self) -> float:
        """Successes per second."""
        return len(self.payloads) / self.seconds

    def milliseconds(self, share: float) -> float:
        """What this share of the requests took at most."""
        values = sorted(self.each)
        return values[min(len(values) - 1, int(len(values) * share))] * 1000 if values else float("nan")


class Counted(NamedTuple):
    """Rows of one kind: how many there must be, how many clients were told of, how many are there."""

    wanted: int
    told: int
    there: int


class Measured(NamedTuple):
    """Everything that the table is made of. `cores` are those busy in server, client and all others, on average."""

    commit: float
    enrolments: Rush
    one_offering: Rush
    progress: Rush
    starts: Rush
    submits: Rush
    one_university: list[float]
    many_universities: list[float]
    writes: Counter[str]
    counted: dict[str, Counted]
    cores: tuple[float, float, float]


async def rush(server: Serving, jobs: Sequence[Job], connections: int = CLIENTS) -> Rush:
    """Do all jobs, each connection its share of them, one after the other."""
    found = Rush([], 0.0, Counter(), [], [])

    async def one(part: Sequence[Job]) -> None:
        if part:
            async with Client(server.port, part[0].university, part[0].token) as client:
                for job in part:
                    client.become(job.university, job.token)
                    began = time.perf_counter()
                    while (answer := await client.send(job.body)).status == 503:
                        found.refused.append(time.perf_counter())
                        await asyncio.sleep(_PAUSE_SECONDS)
                    found.each.append(time.perf_counter() - began)
                    _judge(answer.status, answer.body, found)

    began = time.perf_counter()
    await asyncio.gather(*(one(jobs[place::connections]) for place in range(connections)))
    return found._replace(seconds=time.perf_counter() - began)


def _judge(status: int, body: Any, found: Rush) -> None:
    payloads = list((body.get("data") or {}).values()) if isinstance(body, dict) else []
    if status == 200 and "errors" not in body and payloads and payloads[0]["errors"] == []:
        found.payloads.append(payloads[0])
    else:
        told = body.get("errors") or body.get("data") if isinstance(body, dict) else body
        found.wrong[f"{status} {json.dumps(told)[:300]}"] += 1


class Loads:
    """What is done to a server."""

    def __init__(self, machine: Store, server: Serving, owner: asyncpg.Connection) -> None:
        self._server, self._owner, self._machine = server, owner, machine
        self.counted: dict[str, Counted] = {}

    async def measure(self) -> Measured:
        """All of it, one after the other."""
        pids = self._server.processes
        before = (time.perf_counter(), sum(map(computed_seconds, pids)), time.process_time(), machine_seconds())
        commit = await self._commit()
        enrolments = await self._enrolments(ENROLMENTS, OFFERINGS, "ENROL")
        one_offering = await self._enrolments(ONE_OFFERING, 1, "HOT")
        progress = await self._progress()
        starts, submits = await self._quizzes()
        one, many, writes = await self._writers()
        after = (time.perf_counter(), sum(map(computed_seconds, pids)), time.process_time(), machine_seconds())
        took, server, client, all_ = (end - start for start, end in zip(before, after, strict=True))
        cores = (server / took, client / took, (all_ - server - client) / took)
        return Measured(
            *(commit, enrolments, one_offering, progress, starts, submits, one, many, writes, self.counted, cores)
        )

    def _job(self, campus: Campus, person: int, name: str, told: str, given: dict[str, Any]) -> Job:
        body = orjson.dumps({"query": document(name, told), "variables": {"input": given}})
        return Job(campus.code, self._server.token(person), body)

    async def _commit(self) -> float:
        """The milliseconds that a commit of one row takes when nothing else is done."""
        campus = await add_campus(self._owner, "ALONE", 2)
        took = []
        for _ in range(100):
            began = time.perf_counter()
            await self._owner.execute("UPDATE universities SET name = name WHERE id = $1", campus.id)
            took.append(time.perf_counter() - began)
        return statistics.median(took) * 1000

    async def _count(self, name: str, wanted: int, told: int, sql: str, *parameters: Any) -> None:
        self.counted[name] = Counted(wanted, told, await self._owner.fetchval(sql, *parameters))

    async def _settle(self) -> None:
        """Give PostgreSQL the statistics that autovacuum would give it within a minute: those of the same tables."""
        await self._owner.execute("SELECT pg_stat_force_next_flush()")
        tables = await self._owner.fetch(
            "SELECT relid::regclass::text FROM pg_stat_user_tables"
            " WHERE n_mod_since_analyze > 50 + n_live_tup / 10 ORDER BY relid"
        )
        await self._owner.execute("".join(f"ANALYZE {table[0]};" for table in tables))

    async def _enrolments(self, number: int, offerings: int, code: str) -> Rush:
        """Everybody enrols in one of several offerings, which have seats for all."""
        campus = await add_campus(self._owner, code, number + WARM)
        open_ = await add_offerings(self._owner, campus, await add_course(self._owner, campus, "C1"), offerings)
        jobs = [
            self._job(
                *(campus, person, "enroll", "enrollment { id status }"),
                {"offeringId": campus.of("CourseOffering", open_[place % offerings])},
            )
            for place, person in enumerate(campus.people)
        ]
        await self._settle()
        warm = await rush(self._server, jobs[:WARM])
        found = await rush(self._server, jobs[WARM:])
        told = len(warm.payloads) + len(found.payloads)
        active = "SELECT count(*) FROM course_enrollments WHERE university_id = $1 AND status = 'active'"
        await self._count(f"enrolments of {code}", number + WARM, told, active, campus.id)
        seats = "SELECT sum(seats_taken) FROM course_offerings WHERE university_id = $1"
        await self._count(f"seats of {code}", number + WARM, told, seats, campus.id)
        return found

    async def _progress(self) -> Rush:
        """Everybody sends what they have read, in batches of 50 events."""
        campus = await add_campus(self._owner, "STUDY", STUDENTS + 1)
        place = await add_study(self._owner, campus, campus.people[1:], lessons=LESSONS, texts=TEXTS)
        texts = place.items["text"]
        batches = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
        jobs = [
            self._job(
                *(campus, person, "recordProgress", "results { status }"),
                {
                    "offeringId": campus.of("CourseOffering", place.offering),
                    "events": [_viewed(campus, text) for text in batch],
                },
            )
            for batch in batches
            for person in place.people
        ]
        await self._settle()
        found = await rush(self._server, jobs)
        statuses = Counter(result["status"] for told in found.payloads for result in told["results"])
        found.wrong.update({status: number for status, number in statuses.items() if status != "APPLIED"})
        done = "SELECT count(*) FROM user_content_progress WHERE university_id = $1 AND progress_percent = 100"
        await self._count("items read", STUDENTS * len(texts), statuses["APPLIED"], done, campus.id)
        return found

    async def _quizzes(self) -> tuple[Rush, Rush]:
        """Everybody begins the quiz; then everybody hands it in, with all answers."""
        campus = await add_campus(self._owner, "QUIZ", SUBMITS + 1)
        place = await add_study(self._owner, campus, campus.people[1:], quizzes=1)
        await self._settle()
        starts = await rush(self._server, [self._start(campus, place, person) for person in place.people])
        attempts = {told["attempt"]["user"]["id"]: told["attempt"]["id"] for told in starts.payloads}
        answers = [{"position": number, "answer": {"choice": "b"}} for number in range(1, QUESTIONS + 1)]
        jobs = [
            self._job(
                *(campus, person, "submitQuizAttempt", "attempt { id status }"),
                {"attemptId": attempts[campus.of("User", person)], "answers": answers},
            )
            for person in place.people
            if campus.of("User", person) in attempts
        ]
        found = await rush(self._server, jobs)
        full = (
            "SELECT count(*) FROM quiz_attempts WHERE university_id = $1 AND status = 'graded' AND score_obtained = $2"
        )
        await self._count("quizzes with full marks", SUBMITS, len(found.payloads), full, campus.id, QUESTIONS)
        return starts, found

    def _start(self, campus: Campus, place: Study, person: int) -> Job:
        given = {
            "offeringId": campus.of("CourseOffering", place.offering),
            "contentItemId": campus.of("QuizContent", place.items["quiz"][0]),
        }
        return self._job(campus, person, "startQuizAttempt", "attempt { id user { id } }", given)

    async def _writers(self) -> tuple[list[float], list[float], Counter[str]]:
        """As many writers of one university as of so many universities, in turn."""
        one = await add_campus(self._owner, "ONE", CLIENTS)
        many = [await add_campus(self._owner, f"MANY{number}", 1) for number in range(CLIENTS)]
        places = ([(one, person) for person in one.people], [(campus, campus.people[0]) for campus in many])
        rates: tuple[list[float], list[float]] = ([], [])
        wrong = Counter[str]()
        for number in range(ROUNDS + 1):
            for rate, who in zip(rates, places, strict=True):
                jobs = [
                    self._job(
                        *(campus, person, "updateProfile", "user { id }"),
                        {"displayName": f"Write {number}.{write}"},
                    )
                    for write in range(WRITES)
                    for campus, person in who
                ]
                found = await rush(self._server, jobs)
                wrong += found.wrong
                rate.append(found.rate)
        return rates[0][1:], rates[1][1:], wrong  # the first of each only warms up


def _viewed(campus: Campus, text: int) -> dict[str, Any]:
    return {
        "clientId": str(text),
        "contentItemId": campus.of("TextContent", text),
        "occurredAt": YESTERDAY,
        "kind": "VIEWED",
    }


def lines(found: Measured, slack: float) -> Iterator[Line]:
    """What is promised, each with its number."""
    yield _at_least("enrolments", found.enrolments.rate, 300 / slack, "/s")
    yield _at_least("progress events", found.progress.rate * BATCH, 1000 / slack, "/s")
    yield _at_least("quiz submits", found.submits.rate, 150 / slack, "/s")
    ratio = statistics.median(found.one_university) / statistics.median(found.many_universities)
    yield _at_least("one university to many", ratio, 0.8 / slack)
    rushes = (found.enrolments, found.one_offering, found.progress, found.starts, found.submits)
    wrong = sum((one.wrong for one in rushes), found.writes)
    for what, number in wrong.most_common(5):
        print(f"wrong {number} x {what}", file=sys.stderr)
    yield Line("answers that were wrong", wrong.total(), "<= 0", not wrong)
    lost = sum(max(0, rows.told - rows.there) for rows in found.counted.values())
    yield Line("rows told of and not there", lost, "<= 0", lost == 0)
    differ = sum(abs(rows.there - rows.wanted) for rows in found.counted.values())
    yield Line("rows too many or too few", differ, "<= 0", differ == 0)


def _at_least(name: str, value: float, bound: float, unit: str = "") -> Line:
    return Line(name, value, f">= {bound:.1f}{unit}", value >= bound)


def report(found: Measured, table: list[Line]) -> None:
    """Print the numbers."""
    print(f"a commit alone        {found.commit:.2f} ms")
    rushes = {
        f"enrol in {OFFERINGS} offerings": found.enrolments,
        "enrol in one offering": found.one_offering,
        f"{BATCH} progress events": found.progress,
        "start a quiz": found.starts,
        "submit a quiz": found.submits,
    }
    for name, one in rushes.items():
        print(
            f"{name:<21} {len(one.each)} x, {one.rate:.0f}/s,"
            f" p50 {one.milliseconds(0.5):.1f} ms, p99 {one.milliseconds(0.99):.1f} ms, {len(one.refused)} x 503"
        )
    for name, rates in (("one university", found.one_university), (f"{CLIENTS} universities", found.many_universities)):
        print(f"{name + ', writes':<21} {', '.join(f'{rate:.0f}/s' for rate in rates)}")
    for name, rows in found.counted.items():
        print(f"{name:<28} {rows.there} of {rows.wanted}, clients were told of {rows.told}")
    print("cores on average in the server {:.2f}, client {:.2f}, PostgreSQL and others {:.2f}".format(*found.cores))
    for line in table:
        print(f"{'ok  ' if line.holds else 'FAIL'} {line.name:<28} {line.value:>10.1f}   {line.bound}")
    numbers = {line.name: {"value": round(line.value, 2), "bound": line.bound, "holds": line.holds} for line in table}
    print(json.dumps(numbers))


async def measured() -> Measured:
    """Everything, on a new machine."""
    async with store() as machine:
        owner = await machine.connect()
        try:
            with Serving(machine, workers=WORKERS) as server:
                return await Loads(machine, server, owner).measure()
        finally:
            await owner.close()


def main(slack: float = 1) -> int:
    """Run everything; 0 when every line holds."""
    found = asyncio.run(measured())
    table = list(lines(found, slack))
    report(found, table)
    return 0 if all(line.holds for line in table) else 1


if __name__ == "__main__":
    sys.exit(main(*map(float, sys.argv[1:])))
