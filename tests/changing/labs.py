"""What the tests of labs and assignments share: documents, ids, and a course item of a test's own."""

from typing import Any

from lms_graphql.engine.relay import GlobalId, parse_global_id
from tests.world import KINDS, Rows

ERRORS = "errors { code message path }"
SUBMIT = (
    "mutation($input: SubmitWorkInput!) { submitWork(input: $input) { submission { id attemptNumber status text"
    f" artifactsUrl lateSeconds latePenaltyPercent rawScore score maxScore user {{ id }} }} {ERRORS} }} }}"
)
GRADE = (
    "mutation($input: GradeSubmissionsInput!) { gradeSubmissions(input: $input) { results { index submission"
    " { id status rawScore latePenaltyPercent score maxScore feedback postedAt } error { code message path } }"
    f" {ERRORS} }} }}"
)
RELEASE = (
    "mutation($input: ReleaseGradesInput!) { releaseGrades(input: $input)"
    f" {{ changedCount offering {{ id }} {ERRORS} }} }}"
)
HIDE = RELEASE.replace("releaseGrades", "hideGrades")
CLAIM = (
    "mutation($input: ClaimGradingRunInput!) { claimGradingRun(input: $input) { run { id submissionId offeringId"
    f" contentItemId attemptNumber revision text url }} {ERRORS} }} }}"
)
REPORT = f"mutation($input: ReportGradingRunInput!) {{ reportGradingRun(input: $input) {{ runId {ERRORS} }} }}"
TYPENAMES = {"engineering_lab": "EngineeringLabContent", "assignment": "AssignmentContent", "text": "TextContent"}


class Labs:
    """ALPHA's private offering as a test sees it, with ids spelled out."""

    def __init__(self, api: Any, world: Any, owner: Any) -> None:
        self.api = api
        self.world = world
        self.owner = owner
        self.university_id = world.alpha.university["id"]
        self.offering = self.id("CourseOffering", world.alpha["private"]["id"])

    def id(self, typename: str, number: int) -> str:
        return str(GlobalId(typename, number, self.university_id))

    def person(self, name: str) -> str:
        return self.id("User", self.world.people[name])

    async def item(self, kind: str = "assignment", payload: Any = None, *, name: str = "lesson", **setting: Any) -> str:
        """A new item of the course, with what the offering asks of it."""
        rows = Rows(self.owner)
        module = self.world.alpha[name]
        after = "SELECT max(sequence_index) + 1 FROM content_items WHERE module_id = $1"
        number = await self.owner.fetchval(after, module["id"])
        payload = payload or {**KINDS[kind], **({"submission_types": []} if kind == "assignment" else {})}
        item = await rows.item(module, kind, payload, sequence_index=number)
        if setting:
            await self.asks(item["id"], **setting)
        return self.id(TYPENAMES[kind], item["id"])

    async def asks(self, item: int, **setting: Any) -> None:
        offering = self.world.alpha["private"]
        await Rows(self.owner).add(
            "content_item_settings",
            university_id=self.university_id,
            course_id=offering["course_id"],
            course_offering_id=offering["id"],
            content_item_id=item,
            **setting,
        )

    async def sent(self, document: str, given: dict[str, Any], user: str | None) -> dict[str, Any]:
        """The payload of a document's one mutation."""
        data = await self.api.data(document, {"input": given}, user=None if user is None else self.world.people[user])
        (payload,) = data.values()
        return payload

    async def submit(self, item: str, user: str = "student", **given: Any) -> dict[str, Any]:
        wanted = {"offeringId": self.offering, "contentItemId": item, **(given or {"text": "My work."})}
        return await self.sent(SUBMIT, wanted, user)

    async def submitted(self, item: str, user: str = "student", **given: Any) -> str:
        """The id of a new submission."""
        payload = await self.submit(item, user, **given)
        assert payload["errors"] == []
        return payload["submission"]["id"]

    async def grade(self, user: str | None, *grades: dict[str, Any], **more: Any) -> dict[str, Any]:
        return await self.sent(GRADE, {"grades": list(grades), **more}, user)

    async def token(self, **given: Any) -> dict[str, str]:
        """The headers of a service with a token for grading."""
        issued = await self.sent(
            "mutation($input: IssueServiceTokenInput!) { issueServiceToken(input: $input) { token errors { code } } }",
            {"scopes": ["LAB_GRADE"], **given},
            "admin",
        )
        return {"Authorization": f"Bearer {issued['token']}"}

    async def by_service(self, headers: dict[str, str], document: str, given: dict[str, Any]) -> dict[str, Any]:
        """The whole answer that a service gets, without its cost."""
        body = {"query": document, "variables": {"input": given}}
        response = await self.api.client.post("/u/ALPHA/graphql", json=body, headers=headers)
        answer: dict[str, Any] = response.json()
        answer.pop("extensions", None)
        return answer

    async def state(self) -> dict[str, list[Any]]:
        """The rows that these mutations write."""
        tables = ("lab_submissions", "uploads", "grading_runs", "audit_log", "outbox")
        return {table: [tuple(row) for row in await self.owner.fetch(f"SELECT * FROM {table} ORDER BY id")]
                for table in tables}  # fmt: skip


def number(global_id: str) -> int:
    """The number in a global id."""
    found = parse_global_id(global_id)
    assert found is not None
    return found.id
