"""A course that was checked, written into a university, whole: in so many statements whatever its size."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from lms_graphql.assessment.models import RubricCriterion, RubricRating, Upload
from lms_graphql.catalog.models import Course, CoursePrerequisite, CourseSubject
from lms_graphql.content.models import Asset
from lms_graphql.content.planting import ItemSeed, ModuleSeed, plant
from lms_graphql.engine.work import Work
from lms_graphql.interop.bundle import form
from lms_graphql.interop.bundle.checking import Checked, modules_of
from lms_graphql.interop.bundle.finding import Found
from lms_graphql.interop.bundle.offerings import write_offerings
from lms_graphql.interop.bundle.pools import write_pools
from lms_graphql.interop.bundle.references import ASSET, POOL, exchanged
from lms_graphql.interop.bundle.rows import add, add_told, draw
from lms_graphql.syllabus.editing import refresh_published


class Entry(NamedTuple):
    """What the course is called where it comes to, and whose it is."""

    code: str
    title: str
    department_id: int | None


class There(NamedTuple):
    """Ids of assets, of shared pools and of templates that are there already, by keys; of templates by modules'."""

    asset_ids: Mapping[str, int] = {}
    shared_pool_ids: Mapping[str, int] = {}
    template_ids: Mapping[str, int] = {}
    nodes: Mapping[str, Mapping[str, Any]] = {}
    """Columns that say from which nodes of templates modules and items were made, by their keys."""
    upload_ids: Mapping[str, int] = {}
    """Of files that were put into the store for this course, by their paths in the archive."""


async def write_course(work: Work, entry: Entry, checked: Checked, found: Found, there: There) -> int:
    """Add the course, which nobody but its editors sees before it is published; its id.

    Everything added is in the audit log. Who may add it, and whether its code is free, must have been asked.
    """
    course = checked.course
    course_id = await _write_entry(work, entry, course, found)
    assets = await _write_assets(work, course_id, course, there)
    pools = await write_pools(work, course_id, checked, there.shared_pool_ids)
    known = {ASSET: assets, POOL: pools}
    seeds = _Seeds(checked, known, found.templates, there.nodes)
    planted = await plant(work, course_id, None, None, [seeds.module(module) for module in course.modules])
    if any(module.archived_at is not None for module, *_ in modules_of(course)):
        await refresh_published(work, course_id)
    in_order = [item for module, *_ in modules_of(course) for item in module.items]
    items = {item.key: number for item, number in zip(in_order, planted.item_ids, strict=True)}
    await _write_rubrics(work, course_id, in_order, items)
    await write_offerings(work, course_id, course, found.terms, items)
    return course_id


async def _write_entry(work: Work, entry: Entry, course: form.Course, found: Found) -> int:
    (course_id,) = await draw(work, Course, 1)
    row = {
        "id": course_id,
        "department_id": entry.department_id,
        "primary_subject_id": found.subjects.get(course.primary_subject or ""),
        "title": entry.title,
        "code": entry.code,
        "description": course.description,
        "level": course.level,
        "language_code": course.language_code,
        "credit_hours": course.credit_hours,
        "difficulty": course.difficulty,
    }
    await add_told(work, Course, [row], "course.create", "Course")
    subjects = [
        {"course_id": course_id, "subject_id": found.subjects[one.code], "is_primary": one.is_primary}
        for one in course.subjects
        if one.code in found.subjects
    ]
    await add(work, CourseSubject, subjects)
    asked = [
        {
            "course_id": course_id,
            "prerequisite_course_id": found.prerequisites[one.course],
            "prerequisite_type": one.type,
        }
        for one in course.prerequisites
        if one.course in found.prerequisites
    ]
    # Nothing asks for a course that is new, so there can be no ring.
    numbers = await draw(work, CoursePrerequisite, len(asked))
    told = [{"id": number, **one} for number, one in zip(numbers, asked, strict=True)]
    await add_told(work, CoursePrerequisite, told, "prerequisite.add", "CoursePrerequisite")
    if subjects:
        await work.audit("course.subjects", "Course", course_id, before={"subjects": []}, after={"subjects": subjects})
    return course_id


async def _write_assets(work: Work, course_id: int, course: form.Course, there: There) -> dict[int, int]:
    """Add the assets that are not there; the ids of all, by the numbers of their keys."""
    missing = [asset for asset in course.assets if asset.key not in there.asset_ids]
    await _write_uploads(work, [asset.file for asset in missing if asset.file is not None], there.upload_ids)
    ids = dict(zip((asset.key for asset in missing), await draw(work, Asset, len(missing)), strict=True))
    rows: list[dict[str, Any]] = [
        {
            "id": ids[asset.key],
            "course_id": course_id if asset.is_of_course else None,
            "upload_id": None if asset.file is None else there.upload_ids[asset.file.path],
            "url": asset.url,
            "asset_type": asset.asset_type,
            "title": asset.title,
            "is_staff_only": asset.is_staff_only,
            "meta_json": form.spelled(asset.meta).decode() if asset.meta else None,
        }
        for asset in missing
    ]
    more = {ids[asset.key]: {"meta_json": asset.meta or None} for asset in missing}
    await add_told(work, Asset, rows, "asset.create", "Asset", more)
    return {int(key[1:]): number for key, number in {**ids, **there.asset_ids}.items()}


async def _write_uploads(work: Work, files: list[form.File], ids: Mapping[str, int]) -> None:
    """Note the files, which lie in the store already, as those of assets."""
    rows: list[dict[str, Any]] = [
        {
            "id": ids[file.path],
            "user_id": work.viewer.user_id,
            "purpose": "asset",
            "file_name": file.file_name,
            "media_type": file.media_type,
            "size_bytes": file.size_bytes,
            "sha256": bytes.fromhex(file.sha256),
            "state": "attached",
            "expires_at": datetime.now(UTC),
        }
        for file in files
    ]
    more = {ids[file.path]: {"sha256": file.sha256} for file in files}
    await add_told(work, Upload, rows, "upload.store", "Upload", more)


class _Seeds(NamedTuple):
    """What the modules and items of a course are to be made with."""

    checked: Checked
    known: Mapping[str, Mapping[int, int]]
    templates: Mapping[str, int]
    nodes: Mapping[str, Mapping[str, Any]]

    def module(self, module: form.Module) -> ModuleSeed:
        """A module with all that is below it and in it."""
        columns = {
            "module_template_id": self.templates.get(module.key),
            "archived_at": module.archived_at,
            "template_version": None,
            "template_node": None,
            **self.nodes.get(module.key, {}),
        }
        return ModuleSeed(
            module.module_type,
            module.title,
            module.description,
            module.is_published,
            [self.item(item) for item in module.items],
            [self.module(child) for child in module.modules],
            columns,
        )

    def item(self, item: form.Item) -> ItemSeed:
        """An item, its payload with the ids of what it refers to."""
        data, _ = exchanged(item.content_type, self.checked.payloads[item.key], self.known)
        return ItemSeed(
            item.content_type,
            item.title,
            data,
            item.description,
            item.estimated_duration_seconds,
            item.is_active,
            {"template_node": None, **self.nodes.get(item.key, {})},
        )


async def _write_rubrics(work: Work, course_id: int, in_order: list[form.Item], items: Mapping[str, int]) -> None:
    placed = [
        (items[item.key], position, criterion) for item in in_order for position, criterion in enumerate(item.rubric, 1)
    ]
    numbers = await draw(work, RubricCriterion, len(placed))
    criteria = [
        {
            "id": number,
            "course_id": course_id,
            "content_item_id": item_id,
            "position": position,
            "title": criterion.title,
            "description": criterion.description,
            "points": criterion.points,
        }
        for number, (item_id, position, criterion) in zip(numbers, placed, strict=True)
    ]
    await add(work, RubricCriterion, criteria)
    ratings = [
        {"criterion_id": number, "position": position, "title": rating.title, "points": rating.points}
        for number, (*_, criterion) in zip(numbers, placed, strict=True)
        for position, rating in enumerate(criterion.ratings, 1)
    ]
    await add(work, RubricRating, ratings)
    told: list[tuple[int, dict[str, Any], dict[str, Any]]] = [
        (items[item.key], {"criteria": []}, {"criteria": [_told(criterion) for criterion in item.rubric]})
        for item in in_order
        if item.rubric
    ]
    if told:
        await work.audit_each("rubric.set", "ContentItem", told)


def _told(criterion: form.Criterion) -> dict[str, Any]:
    """As `assessment.rubrics` writes it into the audit log."""
    return {
        "title": criterion.title,
        "description": criterion.description,
        "points": criterion.points,
        "ratings": [{"title": rating.title, "points": rating.points} for rating in criterion.ratings],
    }
