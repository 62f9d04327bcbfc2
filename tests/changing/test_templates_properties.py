"""Whatever authors do to a template and editors to what was made from it, a sync brings together.

Random trees, changed at random on both sides, again and again. After each sync: what was not customised is as the
template says, what was is as it was, nothing is left to do, and the dry run before said just what the run did. What is
right is worked out here from the rows alone, field by field, and not by the code that is tested.
"""

import json
import random
from typing import Any

import pytest

from lms_graphql.engine.relay import parse_global_id
from tests.changing.templating import Templates, article, item, module

ROUNDS = 3


@pytest.fixture
def templates(api, world, owner):
    return Templates(api, world, owner)


class Side:
    """One instance and its template, as rows and nodes by key."""

    def __init__(self, templates: Templates, chance: random.Random) -> None:
        self.templates = templates
        self.owner = templates.owner
        self.chance = chance
        self.count = 0

    def name(self, what: str) -> str:
        self.count += 1
        return f"{what} {self.count}"

    def tree(self, depth: int = 0) -> dict[str, Any]:
        """A random module of the template."""
        inside = [item(self.name("Item"), self.name("Text")) for _ in range(self.chance.randint(0, 3))]
        if depth < 3:
            inside += [self.tree(depth + 1) for _ in range(self.chance.randint(0, 2 if depth else 3))]
        return module(self.name("Module"), *inside)

    async def begin(self) -> None:
        self.template = await self.templates.published(self.tree())
        self.course = await self.templates.course()
        self.made = await self.templates.instance(self.template, self.course)
        self.root = parse_global_id(self.made).id

    async def nodes(self, version: int | None = None) -> dict[str, dict[str, Any]]:
        """The nodes of a version, the newest if none is named, each with the keys under it."""
        tree = await self.owner.fetchval(
            "SELECT tree FROM module_template_versions WHERE template_id = $1 ORDER BY version = $2 DESC, version DESC",
            *(parse_global_id(self.template).id, version or 0),
        )
        nodes = {node["key"]: {**node, "module": [], "item": []} for node in json.loads(tree)}
        for node in nodes.values():
            if node["parent"] is not None:
                nodes[node["parent"]][node["kind"]].append(node["key"])
        return nodes

    async def rows(self) -> dict[tuple[str, int], dict[str, Any]]:
        """The modules and items of the course as nodes, by kind and id, each with what lies in it."""
        modules = await self.owner.fetch(
            "SELECT id, parent_module_id AS parent, template_node AS key, module_type::text AS type, title,"
            " description, sequence_index, depth, is_published AND archived_at IS NULL AS shown FROM modules"
            " WHERE course_id = $1 ORDER BY sequence_index",
            self.course["id"],
        )
        items = await self.owner.fetch(
            "SELECT id, module_id AS parent, template_node AS key, content_type::text AS type, title, description,"
            " sequence_index, estimated_duration_seconds AS seconds, data_json AS data, is_active AS shown"
            " FROM content_items WHERE course_id = $1 ORDER BY sequence_index",
            self.course["id"],
        )
        found = {("module", row["id"]): {**row, "kind": "module", "module": [], "item": []} for row in modules}
        found |= {("item", row["id"]): {**row, "kind": "item", "data": json.loads(row["data"])} for row in items}
        for (kind, number), row in found.items():
            if row["parent"] is not None:
                above = found["module", row["parent"]]
                above[kind].append(number)
                assert row["sequence_index"] == len(above[kind])
                assert kind == "item" or row["depth"] == above["depth"] + 1
        return found

    # ---- what authors do

    async def edit_template(self) -> None:
        for _ in range(self.chance.randint(1, 4)):
            nodes = await self.draft()
            change = self.template_change(nodes)
            if change is not None:
                await self.templates.change(self.template, change)

    async def draft(self) -> dict[str, dict[str, Any]]:
        tree = await self.owner.fetchval(
            "SELECT draft FROM module_templates WHERE id = $1", parse_global_id(self.template).id
        )
        return await self.nodes() if tree is None else {node["key"]: node for node in json.loads(tree)}

    def template_change(self, nodes: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
        modules = [node for node in nodes.values() if node["kind"] == "module"]
        others = [node for node in nodes.values() if node["parent"] is not None]
        act = self.chance.choice(["add", "add", "module", "change", "change", "change", "move", "move", "remove"])
        parent = self.chance.choice(modules)
        if act == "add":
            return {"addItem": {"moduleKey": parent["key"], **self.place(nodes, parent, "item"), "item": self.item()}}
        if act == "module":
            new = {"parentKey": parent["key"], **self.place(nodes, parent, "module"), "module": self.tree(2)}
            return {"addModule": new}
        if act == "change":
            node = self.chance.choice(list(nodes.values()))
            said: dict[str, Any] = {"key": node["key"], "title": self.name("Template's")}
            if self.chance.random() < 0.5:
                said["description"] = self.name("Template says")
            if node["kind"] == "item" and self.chance.random() < 0.5:
                said["payload"] = article(self.name("Template writes"))
            return {"changeItem" if node["kind"] == "item" else "changeModule": said}
        if not others:
            return None
        node = self.chance.choice(others)
        if act == "remove":
            return {"remove": {"key": node["key"]}}
        at: Any = parent["key"]
        while at is not None and at != node["key"]:
            at = nodes[at]["parent"]
        return None if at is not None else {"move": {"key": node["key"], "parentKey": parent["key"]}}

    def item(self) -> dict[str, Any]:
        return item(self.name("Item"), self.name("Text"))

    def place(self, nodes: dict[str, dict[str, Any]], parent: dict[str, Any], kind: str) -> dict[str, int]:
        here = [one for one in nodes.values() if one["parent"] == parent["key"] and one["kind"] == kind]
        return {} if self.chance.random() < 0.3 else {"position": self.chance.randint(1, len(here) + 1)}

    # ---- what editors do

    async def edit_instance(self) -> None:
        for _ in range(self.chance.randint(1, 4)):
            rows = await self.rows()
            act = self.chance.choice(["title", "description", "order", "move", "delete", "add"])
            await getattr(self, f"_{act}")(rows)

    async def _say(self, rows: dict[tuple[str, int], Any], column: str) -> None:
        kind, number = self.chance.choice(list(rows))
        await self.owner.execute(
            f"UPDATE {_TABLES[kind]} SET {column} = $1 WHERE id = $2", self.name("By hand"), number
        )

    async def _title(self, rows: dict[tuple[str, int], Any]) -> None:
        await self._say(rows, "title")

    async def _description(self, rows: dict[tuple[str, int], Any]) -> None:
        await self._say(rows, "description")

    async def _order(self, rows: dict[tuple[str, int], Any]) -> None:
        kind = self.chance.choice(["module", "item"])
        parents = [row for (what, _), row in rows.items() if what == "module" and len(row[kind]) > 1]
        if parents:
            numbers = list(self.chance.choice(parents)[kind])
            self.chance.shuffle(numbers)
            await self._number(kind, numbers)

    async def _number(self, kind: str, numbers: list[int]) -> None:
        await self.owner.execute(
            f"UPDATE {_TABLES[kind]} t SET sequence_index = place FROM unnest($1::bigint[]) WITH ORDINALITY AS o (id,"
            " place) WHERE t.id = o.id",
            numbers,
        )

    async def _move(self, rows: dict[tuple[str, int], Any]) -> None:
        items = [row for (what, _), row in rows.items() if what == "item"]
        modules = [row for (what, _), row in rows.items() if what == "module"]
        if items:
            moved, parent = self.chance.choice(items), self.chance.choice(modules)
            if moved["parent"] != parent["id"]:
                left = [number for number in rows["module", moved["parent"]]["item"] if number != moved["id"]]
                await self.owner.execute(
                    "UPDATE content_items SET module_id = $1, sequence_index = $2 WHERE id = $3",
                    *(parent["id"], len(parent["item"]) + 1, moved["id"]),
                )
                await self._number("item", left)

    async def _delete(self, rows: dict[tuple[str, int], Any]) -> None:
        items = [row for (what, _), row in rows.items() if what == "item"]
        if items:
            gone = self.chance.choice(items)
            await self.owner.execute("DELETE FROM content_item_revisions WHERE content_item_id = $1", gone["id"])
            await self.owner.execute("DELETE FROM content_items WHERE id = $1", gone["id"])
            await self._number("item", [n for n in rows["module", gone["parent"]]["item"] if n != gone["id"]])

    async def _add(self, rows: dict[tuple[str, int], Any]) -> None:
        parent = self.chance.choice([row for (what, _), row in rows.items() if what == "module"])
        await self.owner.execute(
            "INSERT INTO content_items (university_id, course_id, module_id, content_type, title, sequence_index,"
            " data_json) VALUES ($1, $2, $3, 'text', $4, $5, '{}')",
            *(self.templates.university_id, self.course["id"], parent["id"], self.name("Own item")),
            len(parent["item"]) + 1,
        )


_TABLES = {"module": "modules", "item": "content_items"}
_SAID = {"module": ("type", "title", "description"), "item": ("title", "description", "seconds", "data")}


async def synced(side: Side) -> None:
    """Bring the instance up to date, and compare all of it with what it was, what it met, and what it was to become."""
    met = await side.nodes(await side.owner.fetchval("SELECT template_version FROM modules WHERE id = $1", side.root))
    wanted, before = await side.nodes(), await side.rows()
    state = await side.templates.state()
    dry = await side.templates.sync(side.made, dryRun=True)
    assert await side.templates.state() == state
    payload = await side.templates.sync(side.made)
    assert payload["results"] == dry["results"]
    after = await side.rows()
    known = {row["key"]: row for row in before.values() if row["key"] is not None}
    now = {row["key"]: row for row in after.values() if row["key"] is not None}
    compare_said(met, wanted, known, now)
    compare_presence(met, wanted, known, now, before, after)
    compare_places(met, wanted, known, now, before, after)
    state = await side.templates.state()
    again = await side.templates.sync(side.made)
    assert {row["outcome"] for row in again["results"]} <= {"KEPT"}
    assert await side.templates.state() == state


def compare_said(met, wanted, known, now):
    """Each field of what the template has and had, and the instance too."""
    for key in wanted.keys() & known.keys():
        for field in _SAID[wanted[key]["kind"]]:
            is_customised = known[key][field] != met[key][field]
            kept = known[key] if is_customised else wanted[key]
            assert now[key][field] == kept[field], (key, field)


def compare_presence(met, wanted, known, now, before, after):
    """What is new is there, unless what it would be in was taken out by hand; what was taken out stays out."""
    for key in wanted.keys() - known.keys():
        above, at = [], key
        while at is not None and at not in known:
            above.append(at)
            at = wanted[at]["parent"]
        assert (key in now) == (not any(one in met for one in above)), key
    for row in before.values():
        if row["key"] is None or row["key"] not in met:  # made by hand: nothing of it has changed
            same = after[row["kind"], row["id"]]
            assert (same["title"], same["shown"]) == (row["title"], row["shown"])
    for key in (met.keys() - wanted.keys()) & known.keys():
        row = known[key]
        own = after.get((row["kind"], row["id"]))
        if any(row[field] != met[key][field] for field in _SAID[row["kind"]]):
            assert own is not None
        assert own is None or own["key"] is None


def compare_places(met, wanted, known, now, before, after):
    """What was where the met version has it is where the wanted one has it, if that is there; what was not, stays."""
    for key in wanted.keys() & known.keys():
        parent = wanted[key]["parent"]
        if parent is None:
            continue
        was = before["module", known[key]["parent"]]["key"]
        is_ = after["module", now[key]["parent"]]["key"]
        if was != met[key]["parent"]:
            assert now[key]["parent"] == known[key]["parent"]
        elif parent in now:  # no module is moved by hand here, so that nothing lies below itself
            assert is_ == parent
    for key, row in now.items():
        if row["kind"] != "module" or key not in wanted or key not in known:
            continue
        for kind in ("module", "item"):
            compare_order(met, wanted, known, before, after, key, kind)


def compare_order(met, wanted, known, before, after, key, kind):
    row = after["module", known[key]["id"]]
    here = [after[kind, number]["key"] for number in row[kind]]
    here = [one for one in here if one in wanted and wanted[one]["parent"] == key]
    then = [before[kind, number]["key"] for number in before["module", known[key]["id"]][kind]]
    then = [one for one in then if one in here]
    order = [one for one in met[key][kind] if one in then] if key in met else []
    if [one for one in then if one in order] == order:
        assert here == [one for one in wanted[key][kind] if one in here]
    else:
        assert [one for one in here if one in then] == then


async def tried(templates, seed):
    side = Side(templates, random.Random(seed))  # noqa: S311 - not a secret
    await side.begin()
    for _ in range(ROUNDS):
        await side.edit_template()
        await side.edit_instance()
        if await side.owner.fetchval(
            "SELECT draft IS NOT NULL FROM module_templates WHERE id = $1", parse_global_id(side.template).id
        ):
            await templates.publish(side.template)
        await synced(side)


@pytest.mark.parametrize("seed", range(12))
async def test_a_sync_brings_both_together(templates, seed):
    await tried(templates, seed)


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(1000, 1200))
async def test_a_sync_brings_both_together_whatever_was_done(templates, seed):
    await tried(templates, seed)
