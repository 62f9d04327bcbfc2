"""What the tests of templates share: documents, a template of a few nodes, and what an instance is like."""

from typing import Any

from tests.changing.authoring import ERRORS, Authors

TEMPLATE = "template { id editVersion title templateType latestVersion { version nodeCount } }"
CREATE = (
    f"mutation($input: CreateTemplateInput!) {{ createTemplate(input: $input) {{ {TEMPLATE} quizzesWithoutPool"
    f" {ERRORS} }} }}"
)
UPDATE = f"mutation($input: UpdateTemplateInput!) {{ updateTemplate(input: $input) {{ {TEMPLATE} {ERRORS} }} }}"
PUBLISH = (
    f"mutation($input: PublishTemplateVersionInput!) {{ publishTemplateVersion(input: $input) {{ {TEMPLATE}"
    f" version {{ version notes nodeCount tree {{ key kind parentKey title }} }} {ERRORS} }} }}"
)
ARCHIVE = (
    "mutation($input: ArchiveTemplateInput!) { archiveTemplate(input: $input) { template { id archivedAt }"
    f" {ERRORS} }} }}"
)
RESTORE = ARCHIVE.replace("archiveTemplate", "restoreTemplate")
INSTANTIATE = (
    "mutation($input: InstantiateTemplateInput!) { instantiateTemplate(input: $input) {"
    f" module {{ id databaseId templateVersion {{ version }} template {{ id }} }} {ERRORS} }} }}"
)
SYNC = (
    "mutation($input: SyncFromTemplateInput!) { syncFromTemplate(input: $input) { version isDryRun"
    " results { nodeKey nodeKind title field drift outcome } module { templateVersion { version } }"
    f" {ERRORS} }} }}"
)
EVERYWHERE = (
    "mutation($input: SyncTemplateEverywhereInput!) { syncTemplateEverywhere(input: $input) { template { id }"
    f" job {{ id kind total done state }} {ERRORS} }} }}"
)
NODE = "key kind parentKey moduleType contentKind title description estimatedDurationSeconds payloadJson"
DRAFT = f"query($id: ID!) {{ node(id: $id) {{ ... on ModuleTemplate {{ draft {{ {NODE} }} }} }} }}"
DRIFT = (
    "query($id: ID!) { node(id: $id) { ... on Module { templateVersion { version }"
    " templateDrift { nodeKey nodeKind title field kind templateValue ownValue } } } }"
)


def article(*paragraphs: str) -> dict[str, Any]:
    """The payload of an article, as input."""
    return {"text": {"blocks": [{"paragraph": {"text": text}} for text in paragraphs]}}


def stored(*paragraphs: str) -> dict[str, Any]:
    """The payload of an article, as it is stored."""
    blocks = [{"type": "paragraph", "text": text} for text in paragraphs]
    return {"schema_version": 1, "layout": "rich_text_v1", "blocks": blocks}


def item(title: str, *paragraphs: str, **more: Any) -> dict[str, Any]:
    """An article of a template, as input."""
    return {"title": title, "payload": article(*paragraphs or ("Text.",)), **more}


def module(title: str, *inside: dict[str, Any], kind: str = "LESSON", **more: Any) -> dict[str, Any]:
    """A module of a template, as input."""
    return {
        "moduleType": kind,
        "title": title,
        "contentItems": [one for one in inside if "payload" in one],
        "children": [one for one in inside if "moduleType" in one],
        **more,
    }


WEEK = module(
    "Week",
    item("Read me", "First."),
    module("Monday", item("Forces", "Push.", "Pull."), item("Notes"), kind="TOPIC"),
    module("Tuesday", item("Energy", "Work."), kind="TOPIC"),
    kind="UNIT",
    description="A week.",
)


class Templates(Authors):
    """ALPHA's authors, and what they do with templates."""

    async def created(self, tree: dict[str, Any] = WEEK, user: str = "admin") -> str:
        """A new template with a draft of this tree; its global id."""
        payload = await self.sent(CREATE, {"module": tree}, user)
        assert payload["errors"] == []
        return str(payload["template"]["id"])

    async def published(self, tree: dict[str, Any] = WEEK) -> str:
        """A new template with version 1 of this tree; its global id."""
        template = await self.created(tree)
        await self.publish(template)
        return template

    async def publish(self, template: str) -> int:
        payload = await self.sent(PUBLISH, {"templateId": template}, "admin")
        assert payload["errors"] == []
        return int(payload["version"]["version"])

    async def keys(self, template: str) -> dict[str, str]:
        """The keys of the nodes of the draft, or else of the newest version, by title."""
        document = (
            "query($id: ID!) { node(id: $id) { ... on ModuleTemplate { draft { key title }"
            " latestVersion { tree { key title } } } } }"
        )
        found = (await self.api.data(document, {"id": template}, user=self.world.people["admin"]))["node"]
        nodes = found["draft"] if found["draft"] is not None else found["latestVersion"]["tree"]
        return {node["title"]: node["key"] for node in nodes}

    async def change(self, template: str, *changes: dict[str, Any]) -> None:
        payload = await self.sent(UPDATE, {"templateId": template, "changes": list(changes)}, "admin")
        assert payload["errors"] == []

    async def instance(self, template: str, course: Any, **more: Any) -> str:
        """A new instance in a course, made by its instructor; the global id of its topmost module."""
        given = {"templateId": template, "courseId": self.id("Course", course["id"]), **more}
        payload = await self.sent(INSTANTIATE, given)
        assert payload["errors"] == []
        return str(payload["module"]["id"])

    async def sync(self, module_id: str, user: str = "instructor", **more: Any) -> dict[str, Any]:
        payload = await self.sent(SYNC, {"moduleId": module_id, **more}, user)
        assert payload["errors"] == []
        return payload

    async def drift(self, module_id: str, user: str = "instructor") -> Any:
        return (await self.api.data(DRIFT, {"id": module_id}, user=self.world.people[user]))["node"]

    async def whole(self, course: Any) -> list[tuple[Any, ...]]:
        """The modules and items of a course in the order of its tree: title, depth, place, flag and the items."""
        modules = await self.owner.fetch(
            "SELECT * FROM modules WHERE course_id = $1 ORDER BY sequence_index", course["id"]
        )
        items = await self.owner.fetch(
            "SELECT * FROM content_items WHERE course_id = $1 ORDER BY sequence_index", course["id"]
        )

        def below(parent: int | None, depth: int) -> list[tuple[Any, ...]]:
            found: list[tuple[Any, ...]] = []
            for place, row in enumerate((one for one in modules if one["parent_module_id"] == parent), 1):
                assert (row["sequence_index"], row["depth"]) == (place, depth)
                mine = [one for one in items if one["module_id"] == row["id"]]
                assert [one["sequence_index"] for one in mine] == list(range(1, len(mine) + 1))
                found.append((depth, row["title"], [one["title"] for one in mine]))
                found += below(row["id"], depth + 1)
            return found

        return below(None, 0)
