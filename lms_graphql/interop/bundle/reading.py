"""A course read whole, as the document of a bundle, from one moment."""

from collections import defaultdict
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from lms_graphql.engine.context import Viewer
from lms_graphql.engine.rows import Row, record
from lms_graphql.grades import scheme
from lms_graphql.interop.bundle import form, statements
from lms_graphql.interop.bundle.references import ASSET, POOL, exchanged, referred
from lms_graphql.storage.files import StoredFile
from lms_graphql.storage.statements import Statement

_Row = record("Bundle")


class Fetch(Protocol):
    """Gives the rows of a statement; the university and the viewer are bound by who made it."""

    def __call__(self, statement: Statement, row: type[Row], **parameters: Any) -> Awaitable[list[Row]]:
        """The rows."""


class Source(NamedTuple):
    """A course as it was read, and the ids of what it only refers to: by asset's, pool's and module's key."""

    course: form.Course
    asset_ids: dict[str, int]
    shared_pool_ids: dict[str, int]
    template_ids: dict[str, int]
    nodes: dict[str, dict[str, Any]]
    """Which nodes of templates modules and items were made from, as columns by their keys; no other university's."""
    files: dict[str, tuple[StoredFile, bytes]]
    """Of assets that are files, by their paths in the archive, with their digests."""


async def read_course(fetch: Fetch, viewer: Viewer, course_id: int) -> Source:
    """The course with all of it that the viewer sees, which must be one who may edit it.

    A reference of a payload to an asset or a pool that is not there is left out: there is nothing that it tells.
    """
    return await _Reading(fetch, viewer, course_id).read()


class _Reading:
    """One reading: what was met so far, by its id."""

    def __init__(self, fetch: Fetch, viewer: Viewer, course_id: int) -> None:
        self._fetch = fetch
        self._viewer = viewer
        self._course_id = course_id
        self._payloads: dict[int, dict[str, Any]] = {}
        self._known: dict[str, dict[int, str]] = {ASSET: {}, POOL: {}}
        self._items: dict[int, str] = {}
        self._categories: dict[int, str] = {}
        self._templates: dict[str, int] = {}
        self._nodes: dict[str, dict[str, Any]] = {}
        self._files: dict[str, tuple[StoredFile, bytes]] = {}

    async def read(self) -> Source:
        course = (await self._rows(statements.COURSE))[0]
        modules, items = await self._rows(statements.MODULES), await self._rows(statements.ITEMS)
        items = _in_order(modules, items)
        self._payloads = {row["id"]: msgspec.json.decode(row["data_json"]) for row in items}
        pools, shared = await self._pools(items)
        assets = await self._assets(items)
        rubrics = await self._rubrics()
        tree = self._tree(modules, items, rubrics)
        policies = await self._policies()
        read = form.Course(
            **dict(course),
            subjects=[form.Subject(**row) for row in await self._rows(statements.SUBJECTS)],
            prerequisites=[
                form.Prerequisite(**row) for row in await self._rows(statements.PREREQUISITES[self._viewer.standing])
            ],
            assets=assets,
            pools=pools,
            modules=tree,
            grading_policy=policies.get(None),
            offerings=await self._offerings(policies),
        )
        ids = {key: number for number, key in self._known[ASSET].items()}
        return Source(read, ids, shared, self._templates, self._nodes, self._files)

    async def _rows(self, statement: Statement, **parameters: Any) -> list[Row]:
        return await self._fetch(statement, _Row, course_id=self._course_id, **parameters)

    async def _pools(self, items: Sequence[Row]) -> tuple[list[form.Pool], dict[str, int]]:
        rows = await self._rows(statements.POOLS, ids=self._referred(items, POOL))
        keys = self._known[POOL] = {row["id"]: f"p{number}" for number, row in enumerate(rows, 1)}
        shared = {keys[row["id"]]: row["id"] for row in rows if row["course_id"] is None}
        asked = await self._rows(statements.QUESTIONS, ids=list(keys))
        questions: dict[int, list[form.Question]] = defaultdict(list)
        for number, row in enumerate(asked, 1):
            questions[row["pool_id"]].append(_question(f"q{number}", row))
        pools = [
            form.Pool(keys[row["id"]], row["title"], row["course_id"] is None, questions[row["id"]]) for row in rows
        ]
        return pools, shared

    def _referred(self, items: Sequence[Row], name: str) -> list[int]:
        """What the payloads refer to, each once, in the order of the syllabus."""
        found = (number for row in items for number in referred(row["content_type"], self._payloads[row["id"]], name))
        return list(dict.fromkeys(number for number in found if type(number) is int and 0 < number < 2**63))

    async def _assets(self, items: Sequence[Row]) -> list[form.Asset]:
        ids = self._referred(items, ASSET)
        rows = {row["id"]: row for row in await self._rows(statements.ASSETS[self._viewer.standing], ids=ids)}
        keys = self._known[ASSET] = {
            number: f"a{count}" for count, number in enumerate((number for number in ids if number in rows), 1)
        }
        self._files = {
            f"assets/{keys[number]}": (_stored(self._viewer, rows[number]), rows[number]["sha256"])
            for number in keys
            if rows[number]["upload_id"] is not None
        }
        return [_asset(key, rows[number], self._course_id) for number, key in keys.items()]

    async def _rubrics(self) -> dict[int, list[form.Criterion]]:
        criteria = await self._rows(statements.CRITERIA)
        ratings: dict[int, list[form.Rating]] = defaultdict(list)
        for row in await self._rows(statements.RATINGS, ids=[row["id"] for row in criteria]):
            ratings[row["criterion_id"]].append(form.Rating(row["title"], row["points"]))
        found: dict[int, list[form.Criterion]] = defaultdict(list)
        for row in criteria:
            criterion = form.Criterion(row["title"], row["points"], row["description"], ratings[row["id"]])
            found[row["content_item_id"]].append(criterion)
        return found

    def _tree(
        self, modules: Sequence[Row], items: Sequence[Row], rubrics: Mapping[int, list[form.Criterion]]
    ) -> list[form.Module]:
        self._items = {row["id"]: f"i{number}" for number, row in enumerate(items, 1)}
        held: dict[int, list[form.Item]] = defaultdict(list)
        for row in items:
            held[row["module_id"]].append(self._item(row, rubrics.get(row["id"], [])))
        made: dict[int | None, form.Module] = {}
        roots: list[form.Module] = []
        for number, row in enumerate(_preorder(modules), 1):
            module = made[row["id"]] = self._module(f"m{number}", row, held[row["id"]])
            parent = made.get(row["parent_module_id"])
            (roots if parent is None else parent.modules).append(module)
        return roots

    def _module(self, key: str, row: Row, items: list[form.Item]) -> form.Module:
        template = None
        if row["template_title"] is not None:
            self._templates[key] = row["module_template_id"]
            self._nodes[key] = {name: row[name] for name in ("template_version", "template_node")}
            template = form.Template(row["template_title"], row["template_type"], row["is_of_platform"])
        return form.Module(
            key=key,
            module_type=row["module_type"],
            title=row["title"],
            description=row["description"],
            is_published=row["is_published"],
            archived_at=row["archived_at"],
            template=template,
            items=items,
        )

    def _item(self, row: Row, rubric: list[form.Criterion]) -> form.Item:
        self._nodes[self._items[row["id"]]] = {"template_node": row["template_node"]}
        payload, _ = exchanged(row["content_type"], self._payloads[row["id"]], self._known)
        return form.Item(
            self._items[row["id"]],
            row["content_type"],
            row["title"],
            payload,
            row["description"],
            row["estimated_duration_seconds"],
            row["is_active"],
            rubric,
        )

    async def _policies(self) -> dict[int | None, form.Policy]:
        rows = await self._rows(statements.POLICIES)
        found = await self._rows(statements.CATEGORIES, ids=[row["id"] for row in rows])
        categories: dict[int, list[Row]] = defaultdict(list)
        for row in found:
            categories[row["policy_id"]].append(row)
        return {row["course_offering_id"]: self._policy(row, categories[row["id"]]) for row in rows}

    def _policy(self, row: Row, categories: Iterable[Row]) -> form.Policy:
        letters = scheme.letters(row["letter_scheme"], policy_id=row["id"])
        policy = form.Policy(row["pass_mark"], [form.Letter(one.letter, one.lowest_score) for one in letters])
        for category in categories:
            key = self._categories[category["id"]] = f"c{len(self._categories) + 1}"
            told = {name: value for name, value in category.items() if name not in ("id", "policy_id")}
            policy.categories.append(form.Category(key=key, **told))
        return policy

    async def _offerings(self, policies: Mapping[int | None, form.Policy]) -> list[form.Offering]:
        rows = await self._rows(statements.OFFERINGS[self._viewer.standing])
        ids = [row["id"] for row in rows]
        sections = _by_offering(await self._rows(statements.SECTIONS, ids=ids))
        grade_items = _by_offering(await self._rows(statements.GRADE_ITEMS, ids=ids))
        settings = _by_offering(await self._rows(statements.SETTINGS, ids=ids))
        return [
            form.Offering(
                key=f"o{number}",
                **{name: value for name, value in row.items() if name != "id"},
                sections=[form.Section(one["code"], one["name"]) for one in sections[row["id"]]],
                grading_policy=policies.get(row["id"]),
                grade_items=[self._grade_item(one) for one in grade_items[row["id"]]],
                settings=self._settings(settings[row["id"]], sections[row["id"]]),
            )
            for number, row in enumerate(rows, 1)
        ]

    def _grade_item(self, row: Row) -> form.GradeItem:
        category = self._categories.get(row["grade_category_id"])
        return form.GradeItem(row["title"], row["points"], category, row["held_at"])

    def _settings(self, rows: Iterable[Row], sections: Iterable[Row]) -> list[form.Setting]:
        """In the order of the items, what is set for all before what is set for sections."""
        codes = {row["id"]: row["code"] for row in sections}
        made = [
            form.Setting(
                item=self._items[row["content_item_id"]],
                section=codes.get(row["section_id"]),
                category=self._categories.get(row["grade_category_id"]),
                **{name: row[name] for name in statements.SETTING_COLUMNS},
            )
            for row in rows
        ]
        return sorted(made, key=lambda setting: (int(setting.item[1:]), setting.section or ""))


def _preorder(modules: Sequence[Row]) -> Iterator[Row]:
    """Each module before what is below it; they come by depth, and siblings in their order."""
    below: dict[int | None, list[Row]] = defaultdict(list)
    for row in modules:
        below[row["parent_module_id"]].append(row)
    waiting = below[None][::-1]
    while waiting:
        row = waiting.pop()
        yield row
        waiting += below[row["id"]][::-1]


def _in_order(modules: Sequence[Row], items: Sequence[Row]) -> list[Row]:
    """The items in the order of the syllabus; those of a module come in theirs."""
    held = defaultdict(list)
    for row in items:
        held[row["module_id"]].append(row)
    return [item for module in _preorder(modules) for item in held[module["id"]]]


def _by_offering(rows: Iterable[Row]) -> Mapping[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["course_offering_id"]].append(row)
    return found


def _question(key: str, row: Row) -> form.Question:
    return form.Question(
        key,
        row["type"],
        row["stem"],
        row["points"],
        msgspec.json.decode(row["answer"]),
        msgspec.json.decode(row["options"]),
        msgspec.json.decode(row["hints"]),
        row["explanation"],
    )


def _asset(key: str, row: Row, course_id: int) -> form.Asset:
    meta = None if row["meta_json"] is None else msgspec.json.decode(row["meta_json"])
    return form.Asset(
        key,
        row["asset_type"],
        row["url"],
        None if row["upload_id"] is None else _file(key, row),
        meta if isinstance(meta, dict) else {},
        row["title"],
        row["course_id"] == course_id,
        row["is_staff_only"],
    )


def _stored(viewer: Viewer, row: Row) -> StoredFile:
    """Where the store of files has it."""
    return StoredFile(
        viewer.university_id or 0,
        row["upload_id"],
        row["sender_id"],
        row["file_name"],
        row["media_type"],
        row["size_bytes"],
    )


def _file(key: str, row: Row) -> form.File:
    return form.File(f"assets/{key}", row["sha256"].hex(), row["size_bytes"], row["media_type"], row["file_name"])
