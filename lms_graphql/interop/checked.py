"""What the source has, as it will be stored: checked, so that nothing of it can fail when it is written."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from lms_graphql.catalog.models import course_level_enum
from lms_graphql.content.checking import checked_payload
from lms_graphql.content.models import content_type_enum
from lms_graphql.engine.usererrors import Refused
from lms_graphql.interop.imported import ImportedCourse, ImportedItem, ImportedModule, ImportedPool, ImportedRun
from lms_graphql.syllabus.models import module_type_enum

COURSE, OFFERING, MODULE, ITEM = "course", "offering", "module", "content_item"
POOL, QUESTION = "question_pool", "question"
"""What `external_keys.entity` may say."""
MAX_DEPTH = 32
"""How many levels modules may lie below the first."""
DIFFICULTIES = ("beginner", "intermediate", "advanced")
_VISIBILITIES = ("private", "members", "public")
_MAX_EXTERNAL_ID = 512
_MAX_INTEGER = 2**31 - 1
_SYSTEM = re.compile(r"[a-z0-9_]{1,32}")
_NUL_IN_JSON = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class CourseImportError(Exception):
    """The base of the errors below: one line fit to be shown to whoever imports; nothing has been written."""


class ImportConflictError(CourseImportError):
    """Something that is already here stands in the way."""


class ImportRefusedError(CourseImportError):
    """The source has something that can't be stored; the line names it by its external id."""


class Thing(msgspec.Struct):
    """One thing of the source: its columns as they will be stored, and where in the tree it stands.

    `is_visible` is what a module's `effective_published` will be.
    """

    external_id: str
    columns: dict[str, Any]
    content_hash: bytes
    parent: str | None = None
    position: int = 0
    depth: int = 0
    is_visible: bool = False


def course_thing(course: ImportedCourse, department_id: int | None, publish: bool) -> Thing:
    """The course; without `department_id` its department is not among the columns."""
    name = Name(COURSE, course.external_id)
    if not _SYSTEM.fullmatch(course.system):
        raise name.refused("its system must be 1–32 of a–z, 0–9 and _")
    columns: dict[str, Any] = {
        "title": name.text("title", course.title, 255),
        "code": name.text("code", course.code, 128),
        "description": name.text("description", course.description),
        "language_code": name.text("language code", course.language_code, 8),
        "is_published": publish,
    }
    if department_id is not None:
        columns["department_id"] = department_id
    if course.level is not None:
        columns["level"] = name.label("level", course.level, course_level_enum.enums)
    if course.difficulty is not None:
        columns["difficulty"] = name.label("difficulty", course.difficulty, DIFFICULTIES)
    return name.thing(columns)


def offering_thing(run: ImportedRun) -> Thing:
    """The offering that a run becomes."""
    name = Name(OFFERING, run.external_id)
    name.label("visibility", run.visibility, _VISIBILITIES)
    columns: dict[str, Any] = {
        "term_name": name.text("term name", run.term_name, 255),
        "starts_at": name.time("start", run.starts_at),
        "ends_at": name.time("end", run.ends_at),
        "enrollment_start": name.time("start of enrollment", run.enrollment_start),
        "enrollment_end": name.time("end of enrollment", run.enrollment_end),
    }
    for start, end in (("starts_at", "ends_at"), ("enrollment_start", "enrollment_end")):
        if columns[start] and columns[end] and columns[end] <= columns[start]:
            raise name.refused(f"its {end} is not after its {start}")
    return name.thing(columns)


def module_things(course: ImportedCourse) -> list[Thing]:
    """Every module of the course, parents before their children."""
    things = []
    visible: dict[str | None, bool] = {None: True}
    has_templates = _has_templates(course)
    for module, parent, position, depth in _walk(course.modules, None, 0):
        thing = _module(module, parent, position, depth, has_templates=has_templates)
        thing.is_visible = visible[module.external_id] = visible[parent] and module.is_published
        things.append(thing)
    return things


def _has_templates(course: ImportedCourse) -> bool:
    return any(module.template_id is not None for module, *_ in _walk(course.modules, None, 0))


def _walk(
    siblings: Iterable[ImportedModule], parent: str | None, depth: int
) -> Iterator[tuple[ImportedModule, str | None, int, int]]:
    """Every module after its parent, with the parent's external id, the place among its siblings and the depth."""
    for position, module in enumerate(siblings, 1):
        if depth > MAX_DEPTH:
            raise too_deep(Name(MODULE, module.external_id))
        yield module, parent, position, depth
        yield from _walk(module.children, module.external_id, depth + 1)


def too_deep(name: "Name") -> ImportRefusedError:
    """The refusal of a module that lies deeper than `MAX_DEPTH`."""
    return name.refused(f"it lies deeper than {MAX_DEPTH} levels below the first")


def _module(module: ImportedModule, parent: str | None, position: int, depth: int, *, has_templates: bool) -> Thing:
    name = Name(MODULE, module.external_id)
    columns: dict[str, Any] = {
        "module_type": name.label("module type", module.module_type, module_type_enum.enums),
        "title": name.text("title", module.title, 255),
        "description": name.text("description", module.description),
        "is_published": module.is_published,
    }
    if has_templates:
        columns["module_template_id"] = module.template_id
        columns["template_version"] = module.template_version
        columns["template_node"] = module.template_node
    return name.thing(columns, parent, position, depth)


def item_things(course: ImportedCourse, pool_ids: Mapping[str, int]) -> list[Thing]:
    """Every item of the course, in the order of the syllabus; quizzes with the ids of their pools, as far as known."""
    has_templates = _has_templates(course)
    return [
        _item(item, module.external_id, position, pool_ids, has_templates=has_templates)
        for module, *_ in _walk(course.modules, None, 0)
        for position, item in enumerate(module.items, 1)
    ]


def pools_of(course: ImportedCourse) -> Iterator[ImportedPool]:
    """The pools of the items, in the order of the syllabus."""
    items = (item for module, *_ in _walk(course.modules, None, 0) for item in module.items)
    return (item.pool for item in items if item.pool is not None)


def _item(item: ImportedItem, module: str, position: int, pool_ids: Mapping[str, int], *, has_templates: bool) -> Thing:
    name = Name(ITEM, item.external_id)
    seconds = item.estimated_duration_seconds
    if seconds is not None and not 0 <= seconds <= _MAX_INTEGER:
        raise name.refused("its duration is negative or too long")
    payload = dict(item.payload)
    if item.pool is not None and item.pool.external_id in pool_ids:
        payload["question_pool_id"] = pool_ids[item.pool.external_id]
    columns = {
        "content_type": name.label("content type", item.content_type, content_type_enum.enums),
        "title": name.text("title", item.title, 255),
        "description": name.text("description", item.description),
        "estimated_duration_seconds": seconds,
        "data_json": _payload(name, item.content_type, payload),
        "is_active": item.is_active,
    }
    if has_templates:
        columns["template_node"] = item.template_node
    return name.thing(columns, module, position)


def _payload(name: "Name", content_type: str, payload: dict[str, Any]) -> str:
    """The payload as the API would store it too."""
    try:
        kept = checked_payload(content_type, msgspec.json.decode(name.json("payload", payload)))
    except Refused as refused:
        raise name.refused_by("payload", refused) from None
    return name.json("payload", kept)


def refuse_duplicates(*levels: list[Thing]) -> None:
    """Raise ImportRefusedError when two modules, two items, two pools or two questions have the same external id."""
    for entity, things in zip((MODULE, ITEM, POOL, QUESTION), levels, strict=True):
        for external_id, count in Counter(thing.external_id for thing in things).items():
            if count > 1:
                raise Name(entity, external_id).refused(f"the source has it {count} times")


class Name:
    """A thing by its entity and external id: checks its values, and says of which thing a refusal speaks."""

    def __init__(self, entity: str, external_id: str) -> None:
        self.entity = entity
        self.external_id = external_id
        self.text("external id", external_id, _MAX_EXTERNAL_ID)

    def __str__(self) -> str:
        return f"{self.entity.replace('_', ' ')} {self.external_id[:200]!r}"

    def refused(self, reason: str) -> ImportRefusedError:
        """The refusal of this thing, to be raised."""
        return ImportRefusedError(f"{self}: {reason}")

    def refused_by(self, what: str, refused: Refused) -> ImportRefusedError:
        """The refusal of something of this thing by the rules of the API, to be raised; the first reason stands."""
        reasons = [" ".join(failure.message.split()) for failure in refused.failures]
        more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
        return self.refused(f"its {what} can't be stored: {reasons[0]}{more}")

    def text(self, what: str, value: str | None, limit: int | None = None) -> str | None:
        """The value, which PostgreSQL will take: no longer than its column, no NUL, no half of a surrogate pair."""
        if value is None:
            return None
        if limit is not None and len(value) > limit:
            raise self.refused(f"its {what} has {len(value)} characters, {limit} are the most")
        if "\0" in value or not _is_utf8(value):
            raise self.refused(f"its {what} has a character that can't be stored")
        return value

    def label(self, what: str, value: str, labels: Sequence[str]) -> str:
        """The value, which is one of the labels."""
        if value not in labels:
            raise self.refused(f"its {what} {value!r} is none of {', '.join(labels)}")
        return value

    def time(self, what: str, value: datetime | None) -> datetime | None:
        """The moment in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise self.refused(f"its {what} has no time zone")
        try:
            return value.astimezone(UTC)
        except OverflowError:
            raise self.refused(f"its {what} is out of range") from None

    def json(self, what: str, value: Any) -> str:
        """The canonical text of a payload or another value that is stored as JSON."""
        try:
            data = msgspec.json.encode(value, order="sorted")
        except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise self.refused(f"its {what} can't be stored as JSON: {reason}") from None
        if _NUL_IN_JSON.search(data):
            raise self.refused(f"its {what} has a character that can't be stored")
        return data.decode()

    def thing(self, columns: dict[str, Any], parent: str | None = None, position: int = 0, depth: int = 0) -> Thing:
        """The thing with these columns at this place, hashed with both."""
        stored = {**columns, "parent": parent, "position": position, "depth": depth}
        content_hash = hashlib.sha256(msgspec.json.encode(stored, order="sorted")).digest()
        return Thing(self.external_id, columns, content_hash, parent, position, depth)


def _is_utf8(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
