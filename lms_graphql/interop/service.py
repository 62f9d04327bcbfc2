"""Writes an imported course, and remembers what each thing is called where it comes from: so an import is repeatable.

The course, its offering, its modules, items, question pools and questions each have an external key with the hash of
what was stored. A thing whose hash is the same is not written; a question that changed gets a new version. A key
without a hash belongs to something retired: it has left the source, is hidden, and comes back to life when the source
has it again. What people have added to the course here stays, behind what is imported.

The number of statements does not depend on the size of the course: rows travel as arrays, ids are drawn beforehand, and
the keys of the tree are checked when a statement ends.
"""

from collections.abc import Callable

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from lms_graphql.catalog.models import Course, CourseOffering
from lms_graphql.interop.checked import (
    COURSE,
    ITEM,
    MODULE,
    OFFERING,
    POOL,
    QUESTION,
    course_thing,
    item_things,
    module_things,
    offering_thing,
    refuse_duplicates,
)
from lms_graphql.interop.imported import ImportedCourse
from lms_graphql.interop.journal import Journal
from lms_graphql.interop.plan import ITEMS, MODULES
from lms_graphql.interop.pools import pool_things, question_things
from lms_graphql.interop.reader import Reader
from lms_graphql.interop.writer import Counts, Writer
from lms_graphql.syllabus.service import refresh_published, renew_version


class ImportOutcome(msgspec.Struct):
    """The ids of the course and of its run's offering (None without a run), and counts for each entity."""

    course_id: int
    offering_id: int | None
    counts: dict[str, Counts]


def ignore(_done: int, _total: int) -> None:
    """A progress callback for those who don't want one."""


async def import_course(
    connection: AsyncConnection,
    university_id: int,
    course: ImportedCourse,
    *,
    department_id: int | None = None,
    publish: bool = True,
    on_progress: Callable[[int, int], None] = ignore,
    request_id: str | None = None,
) -> ImportOutcome:
    """Store a course with its syllabus and its run, or bring what an earlier import stored up to date.

    Expects an open transaction with the tenant set; the caller commits. Without `department_id` the course keeps the
    department that it has; an offering's visibility is the run's at first and then left to people. `on_progress` gets
    how many things are done, and of how many. With a `request_id`, the name of a command, the audit log gets what was
    done to each row, by the operator.

    Raises ImportRefusedError and ImportConflictError, both before anything is written.
    """
    modules, items = module_things(course), item_things(course, {})
    pools, questions = pool_things(course), question_things(course)
    singles = [course_thing(course, department_id, publish), *([offering_thing(course.run)] if course.run else [])]
    refuse_duplicates(modules, items, pools, questions)
    total = len(singles) + len(modules) + len(pools) + len(questions) + len(items)
    on_progress(0, total)

    reader = Reader(connection, university_id, course.system)
    await reader.lock(course.external_id)
    course_id = await reader.find_course(course)
    if department_id is not None:
        await reader.require_department(department_id, course.external_id)
    pool_plan = await reader.plan_pools(course_id, pools, questions)
    if pools:
        items = item_things(course, pool_plan.pool_ids)
    plans = await reader.plan(course_id, modules, items)
    await reader.refuse_taken(course_id, course.run, plans, pool_plan)

    journal = Journal(connection, university_id, request_id)
    await journal.look(MODULES, plans[0])
    await journal.look(ITEMS, plans[1])
    writer = Writer(connection, university_id, course.system, reader.singles)
    writer.tells = request_id is not None
    course_id = await writer.write_single(Course, COURSE, singles[0], {})
    offering_id = None
    if course.run:
        offering = {"course_id": course_id, "visibility": course.run.visibility}
        offering_id = await writer.write_single(CourseOffering, OFFERING, singles[1], offering)
    on_progress(len(singles), total)
    await writer.write_tree(MODULES, course_id, plans[0])
    await writer.write_pools(course_id, pool_plan)
    on_progress(total - len(items), total)
    await writer.write_tree(ITEMS, course_id, plans[1])
    await writer.write_keys()
    for entity, entity_id, columns, former in writer.written_singles:
        journal.single(entity, entity_id, columns, former)
    journal.tree(MODULES, course_id, plans[0])
    journal.pools(course_id, pool_plan)
    journal.tree(ITEMS, course_id, plans[1])
    await journal.write()
    await refresh_published(connection, university_id, course_id)
    if any(writer.counts[entity].changed for entity in (MODULE, ITEM, POOL, QUESTION)):
        await renew_version(connection, university_id, course_id)
    on_progress(total, total)
    return ImportOutcome(course_id, offering_id, writer.counts)
