"""What the tests of authoring share: documents, ids, the order of a module, what the audit log says."""

import json
from typing import Any

from lms_graphql.engine.relay import GlobalId, parse_global_id
from lms_graphql.storage.transaction import Transaction
from tests.world import Rows

ERRORS = "errors { code message path currentVersion }"
WARNINGS = "warnings { code message }"
SHOWN = "contentItem { __typename ... on ContentItem { id title description sequenceIndex isActive revision } }"


def document(mutation: str, *selected: str) -> str:
    """A document with one mutation of this name."""
    type_ = mutation[0].upper() + mutation[1:]
    return f"mutation($input: {type_}Input!) {{ {mutation}(input: $input) {{ {' '.join(selected)} {ERRORS} }} }}"


CREATE = document("createContentItem", SHOWN, WARNINGS)
UPDATE = document("updateContentItem", SHOWN, WARNINGS)
MOVE = document("moveContentItem", SHOWN)
REORDER = document("reorderContentItems", "module { id contentItems { ... on ContentItem { id } } }")
SET_ACTIVE = document("setContentItemActive", SHOWN)
DELETE = document("deleteContentItem", "deletedContentItemId")
RESTORE = document("restoreContentItemRevision", SHOWN, WARNINGS)
TRANSCRIBE = document("setTranscript", SHOWN)
PARAGRAPH = {"text": {"blocks": [{"paragraph": {"text": "Words."}}]}}


class Author:
    """A course of ALPHA that a test changes, with ids spelled out. Its instructor teaches the private offering."""

    def __init__(self, api: Any, world: Any, owner: Any) -> None:
        self.api = api
        self.world = world
        self.owner = owner
        self.university_id = world.alpha.university["id"]
        self.course = world.alpha["course"]

    def id(self, typename: str, number: int) -> str:
        return str(GlobalId(typename, number, self.university_id))

    async def module(self, **values: Any) -> str:
        """A new module below the root, published, without anything in it."""
        root = self.world.alpha["root"]
        after = "SELECT max(sequence_index) + 1 FROM modules WHERE parent_module_id = $1"
        place = await self.owner.fetchval(after, root["id"])
        row = await Rows(self.owner).module(self.course, root, **{"title": "New", "sequence_index": place, **values})
        return self.id("Module", row["id"])

    async def sent(self, query: str, given: dict[str, Any], user: str | None = "instructor") -> dict[str, Any]:
        """The payload of a document's one mutation."""
        data = await self.api.data(query, {"input": given}, user=None if user is None else self.world.people[user])
        (payload,) = data.values()
        return payload

    async def created(self, module: str, payload: Any = None, **given: Any) -> str:
        """The id of a new item."""
        given = {"moduleId": module, "title": "An item", "payload": payload or PARAGRAPH, **given}
        made = await self.sent(CREATE, given)
        assert made["errors"] == []
        return made["contentItem"]["id"]

    async def order(self, module: str) -> list[tuple[str, int]]:
        """Titles and places of a module's items."""
        rows = await self.owner.fetch(
            "SELECT title, sequence_index FROM content_items WHERE module_id = $1 ORDER BY sequence_index",
            number(module),
        )
        return [tuple(row) for row in rows]

    async def row(self, item: str) -> dict[str, Any]:
        """An item's row, with its payload as Python has it."""
        row = await self.owner.fetchrow("SELECT * FROM content_items WHERE id = $1", number(item))
        return {**row, "data_json": json.loads(row["data_json"])}

    async def audited(self, entity_id: int, act: str) -> list[tuple[Any, Any]]:
        """Before and after of each entry of an act, oldest first."""
        rows = await self.owner.fetch(
            "SELECT old_values, new_values FROM audit_log WHERE entity_id = $1 AND act = $2 ORDER BY id", entity_id, act
        )
        return [tuple(None if value is None else json.loads(value) for value in row) for row in rows]

    async def state(self) -> dict[str, list[str]]:
        """All rows that these mutations write."""
        tables = (
            "content_items",
            "content_item_revisions",
            "modules",
            "rubric_criteria",
            "courses",
            "audit_log",
            "outbox",
        )
        return {table: sorted(str(row) for row in await self.owner.fetch(f"SELECT * FROM {table}")) for table in tables}

    async def version(self) -> str:
        return str(await self.owner.fetchval("SELECT content_version FROM courses WHERE id = $1", self.course["id"]))


def count_statements(monkeypatch: Any) -> list[int]:
    """How many statements each transaction has, that is committed from now on."""
    counts: list[int] = []
    commit = Transaction.commit

    async def counted(transaction: Transaction) -> None:
        counts.append(transaction.statements)
        await commit(transaction)

    monkeypatch.setattr(Transaction, "commit", counted)
    return counts


def number(global_id: str) -> int:
    """The number in a global id."""
    found = parse_global_id(global_id)
    assert found is not None
    return found.id


def error(code: str, message: str, *path: str, version: int | None = None) -> dict[str, Any]:
    return {"code": code, "message": message, "path": ["input", *path], "currentVersion": version}
