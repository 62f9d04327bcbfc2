"""What the tests of authoring share: ids, a course of a test's own, and the state that a refusal must leave alone."""

import json
import uuid
from contextlib import asynccontextmanager
from typing import Any

from lms_graphql.engine.context import Context, Standing, Viewer
from lms_graphql.engine.relay import Cursors, GlobalId
from lms_graphql.engine.work import Work
from lms_graphql.storage.snapshot import Snapshot
from tests.world import Rows

ERRORS = "errors { code message path currentVersion }"


class Authors:
    """ALPHA's authors as a test sees them, with ids spelled out."""

    def __init__(self, api: Any, world: Any, owner: Any) -> None:
        self.api = api
        self.world = world
        self.owner = owner
        self.university_id = world.alpha.university["id"]

    def id(self, typename: str, number: int) -> str:
        return str(GlobalId(typename, number, self.university_id))

    async def course(self, **values: Any) -> Any:
        """A new course of the department, without modules, with an offering that `instructor` teaches."""
        rows = Rows(self.owner)
        tenant = {"university_id": self.university_id}
        given = {
            "code": uuid.uuid4().hex[:8],
            "title": "A course",
            "department_id": self.world.alpha["department"]["id"],
        }
        course = await rows.add("courses", **tenant, **{**given, **values})
        offering = await rows.add("course_offerings", **tenant, course_id=course["id"])
        teaches = {"course_offering_id": offering["id"], "user_id": self.world.people["instructor"]}
        await rows.add("course_offering_instructors", **tenant, **teaches)
        return course

    async def sent(self, document: str, given: dict[str, Any], user: str | None = "instructor") -> dict[str, Any]:
        """The payload of a document's one mutation."""
        person = None if user is None else self.world.people[user]
        data = await self.api.data(document, {"input": given}, user=person)
        (payload,) = data.values()
        return payload

    @asynccontextmanager
    async def work(self, *, keep: bool = True) -> Any:
        """What services work with, as `admin`."""
        viewer = Viewer(self.world.people["admin"], self.university_id, standing=Standing.ADMIN)
        async with Snapshot(self.api.service.engine) as snapshot:
            await snapshot.act_for(viewer.university_id, viewer.user_id)
            async with snapshot.transaction() as transaction:
                yield Work(Context(viewer, snapshot, Cursors(b"")), transaction), transaction
                if keep:
                    await transaction.commit()

    async def tree(self, course: Any) -> list[tuple[Any, ...]]:
        """The modules of a course in the order of the tree: title, depth, place, and whether students see it."""
        rows = await self.owner.fetch(
            "SELECT * FROM modules WHERE course_id = $1 ORDER BY sequence_index", course["id"]
        )

        def below(parent: int | None) -> list[tuple[Any, ...]]:
            found = []
            for row in rows:
                if row["parent_module_id"] == parent:
                    place = (row["title"], row["depth"], row["sequence_index"], row["effective_published"])
                    found += [place, *below(row["id"])]
            return found

        return below(None)

    async def version(self, course: Any) -> Any:
        return await self.owner.fetchval("SELECT content_version FROM courses WHERE id = $1", course["id"])

    async def audited(self, act: str) -> list[tuple[Any, ...]]:
        """The entries of an act: entity, id, before and after."""
        rows = await self.owner.fetch("SELECT * FROM audit_log WHERE act = $1 ORDER BY id", act)
        return [(row["entity"], row["entity_id"], _read(row["old_values"]), _read(row["new_values"])) for row in rows]

    async def state(self) -> dict[str, list[Any]]:
        """The rows that authors write."""
        tables = ("modules", "content_items", "rubric_criteria", "assets", "audit_log", "outbox")
        return {table: [tuple(row) for row in await self.owner.fetch(f"SELECT * FROM {table} ORDER BY id")]
                for table in tables}  # fmt: skip


def _read(text: str | None) -> Any:
    return None if text is None else json.loads(text)
