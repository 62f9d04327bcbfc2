"""Rules of the syllabus tree that its writers share."""

from typing import Any

from sqlalchemy import Update, and_, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from lms_graphql.catalog.models import Course
from lms_graphql.syllabus.models import Module

_SHOWN = and_(Module.is_published, Module.archived_at.is_(None))


async def renew_version(connection: AsyncConnection, university_id: int, course_id: int) -> None:
    """Give a course another content version; call it in the transaction that changed its modules or its items.

    Who changes them otherwise must do the same, or syllabi that are kept under the old version go on being shown.
    """
    await connection.execute(renewing_version(university_id, course_id))


def renewing_version(university_id: Any, course_id: Any) -> Update:
    """The statement of `renew_version`; values or parameters."""
    here = (Course.university_id == university_id) & (Course.id == course_id)
    return update(Course).where(here).values(content_version=func.gen_random_uuid())


async def refresh_published(connection: AsyncConnection, university_id: int, course_id: int) -> None:
    """Recompute `effective_published` of a course's modules: the own flag and all its ancestors', none being archived.

    Call it in the transaction that changed a flag or the tree. Only rows that differ are written; `updated_at` stays,
    since what the module itself says has not changed.
    """
    await connection.execute(refreshing_published(university_id, course_id))


def refreshing_published(university_id: Any, course_id: Any) -> Update:
    """The statement of `refresh_published`; values or parameters."""
    here = Module.university_id == university_id
    tree = (
        select(Module.id, _SHOWN.label("visible"))
        .where(here, Module.course_id == course_id, Module.parent_module_id.is_(None))
        .cte("tree", recursive=True)
    )
    # No course_id below the roots, where the keys see to it: it would lead the planner to an index of the whole course.
    children = select(Module.id, and_(tree.c.visible, _SHOWN)).where(here, Module.parent_module_id == tree.c.id)
    tree = tree.union_all(children)
    return (
        update(Module)
        .values(effective_published=tree.c.visible)
        .where(here, Module.id == tree.c.id, Module.effective_published.is_distinct_from(tree.c.visible))
    )
