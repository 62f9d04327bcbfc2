"""Rosters for tests: packages sent as clients send them, imported by jobs, and what came of them."""

import json
from typing import Any

from lms_graphql.engine.relay import GlobalId
from lms_graphql.interop.oneroster.records import Roster
from lms_graphql.interop.oneroster.writing import write
from tests.changing.test_files_of_authors import ASK, COMPLETE, send

IMPORT = """mutation($input: ImportRosterInput!) { importRoster(input: $input) {
  rosterImport { id mode isDryRun fileName counts { entity } } job { id kind state total done }
  errors { code message path } } }"""
READ = """query($id: ID!) { rosterImport(id: $id) { mode isDryRun
  job { state total done error } counts { entity created updated unchanged deactivated refused }
  errors(first: 100) { edges { node { file line field message } } pageInfo { hasNextPage } } } }"""
TABLES = (
    *("users", "university_members", "user_university_roles", "departments", "terms", "courses", "course_offerings"),
    *("offering_sections", "course_offering_instructors", "course_enrollments", "enrollment_events", "external_keys"),
)


class Rosters:
    """One of the world's universities, and its administrator."""

    def __init__(self, api: Any, world: Any, owner: Any, code: str = "ALPHA", admin: str = "admin") -> None:
        self.api, self.world, self.owner, self.code = api, world, owner, code
        self.admin = world.people[admin]
        self.university_id = getattr(world, code.lower()).university["id"]

    async def sent(self, data: bytes, user: int | None = None) -> str:
        """The id of the upload of a package that has come."""
        by = {"user": user or self.admin, "university": self.code}
        given = {"purpose": "IMPORT", "fileName": "r.zip", "mediaType": "application/zip", "sizeBytes": len(data)}
        upload = (await self.api.data(ASK, {"input": given}, **by))["requestFileUpload"]["upload"]
        assert (await send(self.api, upload, data)).status_code == 204
        completed = await self.api.data(COMPLETE, {"input": {"uploadId": upload["id"]}}, **by)
        assert completed["completeUpload"]["upload"] == {"state": "STORED"}, completed
        return upload["id"]

    async def asked(self, roster: Roster | bytes, **options: Any) -> dict[str, Any]:
        """The payload of `importRoster`."""
        data = roster if isinstance(roster, bytes) else write(roster)
        given = {"uploadId": await self.sent(data), **options}
        payload = await self.api.data(IMPORT, {"input": given}, user=self.admin, university=self.code)
        return payload["importRoster"]

    async def refused(self, roster: Roster | bytes, **options: Any) -> dict[str, Any]:
        """The one error of an import that is refused, and that nothing was done."""
        before = await self.left()
        payload = await self.asked(roster, **options)
        assert (payload["rosterImport"], payload["job"]) == (None, None)
        (error,) = payload["errors"]
        after = await self.left()
        after["audit_log"] -= 2  # of the upload
        assert after == before
        return error

    async def left(self) -> dict[str, int]:
        """How many rows each table has."""
        tables = (*TABLES, "audit_log", "jobs", "roster_imports", "roster_import_errors")
        return {name: await self.owner.fetchval(f"SELECT count(*) FROM {name}") for name in tables}

    async def taken(self, roster: Roster | bytes, **options: Any) -> dict[str, Any]:
        """What came of an import, once its job is done: `counts` without zeros, and `errors` as tuples."""
        payload = await self.asked(roster, **options)
        assert payload["errors"] == []
        await self.api.service.jobs.drain()
        return await self.read(payload["rosterImport"]["id"])

    async def read(self, import_id: str) -> dict[str, Any]:
        by = {"user": self.admin, "university": self.code}
        found = (await self.api.data(READ, {"id": import_id}, **by))["rosterImport"]
        page = found.pop("errors")
        assert page["pageInfo"] == {"hasNextPage": False}
        found["errors"] = [tuple(edge["node"].values()) for edge in page["edges"]]
        found["counts"] = {
            count.pop("entity"): {name: number for name, number in count.items() if number} for count in found["counts"]
        }
        return found

    async def exported(self, user: int | None = None) -> Any:
        headers = self.api.headers(user or self.admin)
        return await self.api.client.get(f"/u/{self.code}/export/roster.zip", headers=headers)

    async def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the university, as tuples; $1 is its number."""
        return [tuple(row) for row in await self.owner.fetch(sql, self.university_id, *values)]

    def id(self, typename: str, number: int) -> str:
        return str(GlobalId(typename, number, self.university_id))

    async def everything(self) -> dict[str, list[str]]:
        """Every row of the university, and by which transaction it was written."""
        return {
            name: [
                row[0]
                for row in await self.owner.fetch(
                    f"SELECT xmin::text || to_jsonb(t)::text FROM {name} t WHERE university_id = $1 ORDER BY 1",
                    self.university_id,
                )
            ]
            for name in TABLES
            if name != "users"
        }

    def json(self, text: str | None) -> Any:
        return None if text is None else json.loads(text)
