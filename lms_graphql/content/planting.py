"""Adding modules with all that is below them and in them to a syllabus, in a fixed number of statements."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lms_graphql.engine.rows import Row
from lms_graphql.engine.work import Work


class ItemSeed(NamedTuple):
    """A content item to be added; `data` is its payload as it is stored, checked already."""

    content_type: str
    title: str
    data: Mapping[str, Any]
    description: str | None = None
    estimated_duration_seconds: int | None = None
    is_active: bool = True
    columns: Mapping[str, Any] = {}
    """Further columns of content_items, the same ones in all seeds of one planting."""


class ModuleSeed(NamedTuple):
    """A module to be added, with its items and the modules below it, both in their order."""

    module_type: str
    title: str
    description: str | None = None
    is_published: bool = False
    items: Sequence[ItemSeed] = ()
    children: Sequence["ModuleSeed"] = ()
    columns: Mapping[str, Any] = {}
    """Further columns of modules, the same ones in all seeds of one planting."""


class Planted(NamedTuple):
    """The ids of what was added, in the order of the seeds: a module before what is below it, items by module."""

    module_ids: list[int]
    item_ids: list[int]


async def plant(
    work: Work, course_id: int, parent: Row | None, place: int | None, seeds: Sequence[ModuleSeed]
) -> Planted:
    """Add these modules below `parent` (None: at the top), the first at `place` (1 is first, None: behind the last).

    The course must be locked. Siblings are numbered anew from 1, `effective_published` is kept, the course gets another
    content version, and everything added is in the audit log. LIMIT_REACHED where the tree would get too deep.
    """
    raise NotImplementedError
