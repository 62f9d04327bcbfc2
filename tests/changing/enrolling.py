"""What the tests of enrolling share: offerings of their own, people for them, and the documents that clients send."""

import json
from typing import Any

from lms_graphql.engine.relay import GlobalId
from lms_graphql.storage.transaction import Transaction
from tests.world import Rows

_ENROLLED = "enrollment { id status waitlistPosition withdrawnAt } errors { code message path }"
ENROLL = (
    "mutation ($input: EnrollInput!) { enroll(input: $input) { waitlistPosition"
    f" warnings {{ kind isBlocking standing course {{ code }} }} {_ENROLLED} }} }}"
)
ENROLL_USER = ENROLL.replace("EnrollInput", "EnrollUserInput").replace("enroll(", "enrollUser(")
BULK = """mutation ($input: BulkEnrollInput!) { bulkEnroll(input: $input) { offering { seatsTaken }
  results { index status enrollment { id user { id } status waitlistPosition } error { code message path } }
  errors { code message path } } }"""
CAPACITY = """mutation ($input: SetOfferingCapacityInput!) { setOfferingCapacity(input: $input) {
  offering { capacity waitlistCapacity seatsTaken seatsLeft } promoted errors { code message path } } }"""
RULES = """mutation ($input: SetEnrollmentRulesInput!) { setEnrollmentRules(input: $input) {
  offering { enrollmentMode dropUntil } errors { code message path } } }"""
SECTION = """mutation ($input: ChangeSectionInput!) { changeSection(input: $input) {
  enrollment { section { code } status } errors { code message path } } }"""


def decision(name: str) -> str:
    """The document of one of the mutations that take a step with an enrollment."""
    return f"mutation ($input: EnrollmentDecisionInput!) {{ {name}(input: $input) {{ waitlistPosition {_ENROLLED} }} }}"


def gid(typename: str, number: int, world: Any) -> str:
    return str(GlobalId(typename, number, world.alpha.university["id"]))


def errors(payload: Any) -> list[tuple[str, str]]:
    return [(error["code"], error["message"]) for error in payload["errors"]]


class Campus:
    """ALPHA, with offerings and people that are made for a test."""

    def __init__(self, api: Any, owner: Any, world: Any) -> None:
        self.api, self.owner, self.world = api, owner, world
        self.rows = Rows(owner)
        self.tenant = {"university_id": world.alpha.university["id"]}
        self.admin = world.people["admin"]

    async def course(self, code: str, **columns: Any) -> int:
        row = await self.rows.add("courses", **self.tenant, code=code, title=code, **{"is_published": True} | columns)
        return row["id"]

    async def offering(self, **columns: Any) -> int:
        """An offering for members of a course that asks for nothing, unless the columns say otherwise."""
        if "course_id" not in columns:
            number = await self.owner.fetchval("SELECT count(*) FROM courses")
            department = {name: columns.pop(name) for name in ("department_id",) if name in columns}
            columns["course_id"] = await self.course(f"E{number}", **department)
        row = await self.rows.add("course_offerings", **self.tenant, **{"visibility": "members"} | columns)
        return row["id"]

    async def students(self, count: int) -> list[int]:
        """New members of ALPHA, students."""
        first = await self.owner.fetchval("SELECT max(id) FROM users")
        people = await self.owner.fetch(
            "INSERT INTO users (email, full_name, password_hash)"
            " SELECT 's' || n || '@test.example', 's' || n, '!' FROM generate_series($1::bigint + 1, $1 + $2) n"
            " RETURNING id",
            first,
            count,
        )
        ids = [row["id"] for row in people]
        alpha = self.tenant["university_id"]
        await self.owner.execute(
            "INSERT INTO university_members (university_id, user_id, display_name, email)"
            " SELECT $1, id, full_name, email FROM users WHERE id = ANY($2)",
            alpha,
            ids,
        )
        await self.owner.execute(
            "INSERT INTO user_university_roles (university_id, user_id, role)"
            " SELECT $1, unnest($2::bigint[]), 'student'",
            alpha,
            ids,
        )
        return ids

    async def send(self, document: str, user: int, **given: Any) -> Any:
        """The payload of a mutation."""
        data = await self.api.data(document, {"input": given}, user=user)
        (payload,) = data.values()
        return payload

    async def enroll(self, offering: int, user: int, **given: Any) -> Any:
        return await self.send(ENROLL, user, offeringId=gid("CourseOffering", offering, self.world), **given)

    async def decide(self, name: str, enrollment: int, user: int, **given: Any) -> Any:
        return await self.send(decision(name), user, enrollmentId=gid("Enrollment", enrollment, self.world), **given)

    async def enrollment(self, offering: int, user: int, status: str, **columns: Any) -> int:
        """An enrollment that is there already, with its seat."""
        given = {"status": status, **columns}
        if status == "completed":
            given["completed_at"] = await self.owner.fetchval("SELECT now()")
        if status == "waitlisted":
            given.setdefault("waitlisted_at", await self.owner.fetchval("SELECT clock_timestamp()"))
        row = await self.rows.add(
            "course_enrollments", **self.tenant, course_offering_id=offering, user_id=user, **given
        )
        await self.owner.execute(
            "UPDATE course_offerings SET seats_taken = seats_taken + 1 WHERE id = $1 AND $2 = 'active'",
            offering,
            status,
        )
        return row["id"]

    async def roster(self, offering: int) -> dict[int, str]:
        """The status of each person."""
        rows = await self.owner.fetch(
            "SELECT user_id, status::text FROM course_enrollments WHERE course_offering_id = $1", offering
        )
        return dict(map(tuple, rows))

    async def seats(self, offering: int) -> int:
        return await self.owner.fetchval("SELECT seats_taken FROM course_offerings WHERE id = $1", offering)

    async def events(self, offering: int) -> list[tuple[Any, ...]]:
        """All events of an offering: whose, from what, to what, by whom, why."""
        rows = await self.owner.fetch(
            "SELECT e.user_id, v.old_status::text, v.new_status::text, v.changed_by, v.reason FROM enrollment_events v"
            " JOIN course_enrollments e ON e.id = v.enrollment_id WHERE e.course_offering_id = $1 ORDER BY v.id",
            offering,
        )
        return [tuple(row) for row in rows]

    async def queue(self, offering: int) -> list[int]:
        """The people on the waitlist, the first one first."""
        rows = await self.owner.fetch(
            "SELECT user_id FROM course_enrollments WHERE course_offering_id = $1 AND status = 'waitlisted'"
            " ORDER BY waitlisted_at, id",
            offering,
        )
        return [row["user_id"] for row in rows]

    async def left_behind(self) -> Any:
        """All that a mutation of enrollments could have changed."""
        return {
            table: [str(row) for row in await self.owner.fetch(f"SELECT * FROM {table} ORDER BY 1, 2, 3")]
            for table in ("course_enrollments", "course_offerings", "enrollment_events", "audit_log", "outbox")
        }

    def count_statements(self, monkeypatch: Any) -> list[int]:
        """How many statements each transaction has, that is committed from now on."""
        counts: list[int] = []
        commit = Transaction.commit

        async def counted(transaction: Transaction) -> None:
            counts.append(transaction.statements)
            await commit(transaction)

        monkeypatch.setattr(Transaction, "commit", counted)
        return counts

    async def audited(self, since: int) -> list[tuple[Any, ...]]:
        """The entries of the audit log behind an id: act, entity's id, old and new values, reason."""
        rows = await self.owner.fetch(
            "SELECT act, entity_id, old_values, new_values, reason FROM audit_log WHERE id > $1 ORDER BY id", since
        )
        return [
            (
                row["act"],
                row["entity_id"],
                *(None if text is None else json.loads(text) for text in (row["old_values"], row["new_values"])),
                row["reason"],
            )
            for row in rows
        ]
