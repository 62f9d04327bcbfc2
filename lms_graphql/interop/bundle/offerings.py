"""Writing the runs of a course as they are defined, without anybody in them, in a fixed number of statements."""

from collections.abc import Mapping
from typing import Any

from lms_graphql.catalog.models import CourseOffering, OfferingSection
from lms_graphql.content.models import ContentItemSetting
from lms_graphql.engine.work import Work
from lms_graphql.grades.models import GradeItem
from lms_graphql.interop.bundle import form
from lms_graphql.interop.bundle.grading import Scoped, write_policies
from lms_graphql.interop.bundle.rows import add_told, draw
from lms_graphql.interop.bundle.statements import SETTING_COLUMNS

_COLUMNS = (
    *("term_name", "starts_at", "ends_at", "enrollment_start", "enrollment_end", "drop_until", "visibility"),
    *("enrollment_mode", "capacity", "waitlist_capacity", "certificate_valid_days"),
)


async def write_offerings(
    work: Work, course_id: int, course: form.Course, terms: Mapping[str, int], items: Mapping[str, int]
) -> None:
    """Add the course's grading policy, and its offerings; `terms` are by code, `items` by key."""
    offerings = course.offerings
    ids = await draw(work, CourseOffering, len(offerings))
    by_key = {one.key: number for one, number in zip(offerings, ids, strict=True)}
    rows = [
        {
            "id": by_key[one.key],
            "course_id": course_id,
            "term_id": terms.get(one.term or ""),
            **{name: getattr(one, name) for name in _COLUMNS},
        }
        for one in offerings
    ]
    await add_told(work, CourseOffering, rows, "offering.create", "CourseOffering")
    sections = await _write_sections(work, offerings, by_key)
    scoped = [(course.grading_policy, None), *((one.grading_policy, by_key[one.key]) for one in offerings)]
    policies = [Scoped(policy, number) for policy, number in scoped if policy is not None]
    categories = await write_policies(work, course_id, policies)
    await _write_grade_items(work, offerings, by_key, categories)
    settings = [
        {
            "course_id": course_id,
            "course_offering_id": by_key[one.key],
            "content_item_id": items[setting.item],
            "section_id": None if setting.section is None else sections[one.key, setting.section],
            "grade_category_id": None if setting.category is None else categories[setting.category],
            **{name: getattr(setting, name) for name in SETTING_COLUMNS},
        }
        for one in offerings
        for setting in one.settings
    ]
    numbers = await draw(work, ContentItemSetting, len(settings))
    numbered = [{"id": number, **row} for number, row in zip(numbers, settings, strict=True)]
    await add_told(work, ContentItemSetting, numbered, "item_settings.set", "ItemSetting")


async def _write_sections(
    work: Work, offerings: list[form.Offering], by_key: Mapping[str, int]
) -> dict[tuple[str, str], int]:
    """Add the sections; their ids by the key of the offering and their code."""
    placed = [(one.key, section) for one in offerings for section in one.sections]
    numbers = await draw(work, OfferingSection, len(placed))
    rows = [
        {"id": number, "course_offering_id": by_key[key], "code": section.code, "name": section.name}
        for number, (key, section) in zip(numbers, placed, strict=True)
    ]
    await add_told(work, OfferingSection, rows, "section.create", "OfferingSection")
    return {(key, section.code): number for number, (key, section) in zip(numbers, placed, strict=True)}


async def _write_grade_items(
    work: Work, offerings: list[form.Offering], by_key: Mapping[str, int], categories: Mapping[str, int]
) -> None:
    placed = [(by_key[one.key], item) for one in offerings for item in one.grade_items]
    numbers = await draw(work, GradeItem, len(placed))
    rows: list[dict[str, Any]] = [
        {
            "id": number,
            "course_offering_id": offering_id,
            "grade_category_id": None if item.category is None else categories[item.category],
            "title": item.title,
            "points": item.points,
            "held_at": item.held_at,
        }
        for number, (offering_id, item) in zip(numbers, placed, strict=True)
    ]
    await add_told(work, GradeItem, rows, "grade_item.create", "GradeItem")
