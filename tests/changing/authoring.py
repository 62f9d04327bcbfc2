"""What the tests of authoring share: ids, a course of a test's own, and the state that a refusal must leave alone."""

import json
import uuid
from contextlib import asynccontextmanager
from typing import Any

from lms_graphql.engine.context import Context, Standing, Viewer
from lms_graphql.engine.relay import Cursors, GlobalId, parse_global_id
from lms_graphql.engine.work import Work
from lms_graphql.storage.snapshot import Snapshot
from tests.world import Rows

ERRORS = "errors { code message path currentVersion }"


def document(mutation: str, fields: str, input_type: str = "") -> str:
    """A document with one mutation; its input's type is named after it unless another is given."""
    named = input_type or f"{mutation[0].upper()}{mutation[1:]}Input!"
    return f"mutation($input: {named}) {{ {mutation}(input: $input) {{ {fields} {ERRORS} }} }}"


def number(global_id: str) -> int:
    """The number in a global id."""
    found = parse_global_id(global_id)
    assert found is not None
    return found.id


def codes(payload: Any) -> list[tuple[str, list[str]]]:
    """What a payload's errors are, and where in the input."""
    return [(error["code"], error["path"][1:]) for error in payload["errors"]]


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


class Grown:
    """A course with the modules of a sketch, [("A", [("A1", []), …]), …]; by its title, the global id of each."""

    def __init__(self, authors: Authors, course: Any) -> None:
        self.authors, self.course = authors, course
        self.rows: dict[Any, Any] = {}

    def __getitem__(self, title: Any) -> str:
        return self.authors.id("Module", self.rows[title]["id"])

    @property
    def id(self) -> str:
        return self.authors.id("Course", self.course["id"])

    async def grow(self, sketch: Any, parent: Any = None, **values: Any) -> "Grown":
        for index, (title, below) in enumerate(sketch, 1):
            rows = Rows(self.authors.owner)
            self.rows[title] = row = await rows.module(self.course, parent, title=title, sequence_index=index, **values)
            await self.grow(below, row, **values)
        return self

    async def tree(self) -> list[tuple[Any, ...]]:
        return [(title, depth, place) for title, depth, place, _ in await self.authors.tree(self.course)]

    async def shown(self) -> list[str]:
        return [title for title, *_, shown in await self.authors.tree(self.course) if shown]


def _read(text: str | None) -> Any:
    return None if text is None else json.loads(text)
