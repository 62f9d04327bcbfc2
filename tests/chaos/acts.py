"""Things to be done once: a mutation of one person's, and what of it must lie in the database when it was done."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import asyncpg

from tests.load.asking import Answer, Client, GoneError
from tests.load.campuses import Campus, Study, add_course, add_offerings, add_study

_PAUSE_SECONDS = 0.05


class Act(NamedTuple):
    """A mutation with its input, and a statement that counts its effects by university and person."""

    name: str
    document: str
    person: int
    given: dict[str, Any]
    effects: str

    async def send(self, client: Client, key: str | None) -> Answer:
        """Send it once."""
        return await client.ask(self.document, {"input": self.given}, key=key)

    async def count(self, owner: asyncpg.Connection, campus: Campus) -> tuple[int, int, int]:
        """How often its effect, a request in the audit log, and a key lie there."""
        found = await owner.fetchrow(
            f"SELECT ({self.effects}),"
            " (SELECT count(DISTINCT request_id) FROM audit_log WHERE university_id = $1 AND user_id = $2),"
            " (SELECT count(*) FROM idempotency_keys WHERE university_id = $1 AND user_id = $2)",
            *(campus.id, self.person),
        )
        return tuple(found)


async def until_answered(act: Act, client: Client, key: str) -> tuple[Answer, int]:
    """The answer, and how often it was sent: again under the same key for as long as nothing, or a 503, is heard."""
    tries = 0
    while True:
        tries += 1
        try:
            answer = await act.send(client, key)
        except GoneError:
            pass
        else:
            if answer.status != 503 and answer.code not in {"UNAVAILABLE", "OUTCOME_UNKNOWN"}:
                return answer, tries
        await asyncio.sleep(_PAUSE_SECONDS)


def document(name: str, told: str) -> str:
    """A document of one mutation that shows this of its payload."""
    type_ = f"{name[0].upper()}{name[1:]}Input!"
    return f"mutation($input: {type_}) {{ {name}(input: $input) {{ {told} errors {{ code message }} }} }}"


def rename(person: int, version: int = 1) -> Act:
    """To take another name. Done twice it would be refused: its version would have passed."""
    return Act(
        "updateProfile",
        document("updateProfile", "user { displayName version }"),
        person,
        {"displayName": f"Renamed {person}", "expectedVersion": version},
        "SELECT version - 1 FROM university_members WHERE university_id = $1 AND user_id = $2",
    )


def enrol(campus: Campus, offering: int, person: int) -> Act:
    """To enrol. Done twice it would leave two events."""
    return Act(
        "enroll",
        document("enroll", "enrollment { id status }"),
        person,
        {"offeringId": campus.of("CourseOffering", offering)},
        "SELECT count(*) FROM course_enrollments e JOIN enrollment_events v ON v.university_id = e.university_id"
        " AND v.enrollment_id = e.id WHERE e.university_id = $1 AND e.user_id = $2",
    )


def study(campus: Campus, place: Study, person: int) -> Act:
    """To read a text to its end."""
    event = {
        "clientId": f"{person}",
        "contentItemId": campus.of("TextContent", place.items["text"][0]),
        "occurredAt": (datetime.now(UTC) - timedelta(days=1)).isoformat(),
        "kind": "VIEWED",
    }
    return Act(
        "recordProgress",
        document("recordProgress", "results { clientId status }"),
        person,
        {"offeringId": campus.of("CourseOffering", place.offering), "events": [event]},
        "SELECT count(*) FROM user_content_progress WHERE university_id = $1 AND user_id = $2",
    )


def post(campus: Campus, place: Study, person: int) -> Act:
    """To begin a thread. Done twice there would be two."""
    return Act(
        "createThread",
        document("createThread", "thread { id title }"),
        person,
        {"offeringId": campus.of("CourseOffering", place.offering), "title": "A question", "body": "Why?"},
        "SELECT count(*) FROM discussion_threads WHERE university_id = $1 AND created_by_user_id = $2",
    )


async def acts(owner: asyncpg.Connection, campus: Campus, people: list[int]) -> list[Act]:
    """One act for each of these people, of every kind in turn."""
    place = await add_study(owner, campus, people)
    (offering,) = await add_offerings(owner, campus, await add_course(owner, campus, "C-ACTS"), 1)
    kinds = [
        rename,
        lambda person: enrol(campus, offering, person),
        lambda person: study(campus, place, person),
        lambda person: post(campus, place, person),
    ]
    return [kinds[number % len(kinds)](person) for number, person in enumerate(people)]
