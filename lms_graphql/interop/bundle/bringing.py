"""Bringing a checked course into a university, wherever it comes from: what it refers to found, then written whole."""

from typing import Any, NamedTuple

import msgspec

from lms_graphql.engine.work import Work
from lms_graphql.interop.bundle import finding, form
from lms_graphql.interop.bundle.checking import Checked, modules_of
from lms_graphql.interop.bundle.noticing import MOST_NOTICES, Counts, Notice, NoticeCode
from lms_graphql.interop.bundle.writing import Entry, There, write_course


class Brought(NamedTuple):
    """The course, what of it is not as it was, and how much there is of it."""

    course_id: int
    notices: list[Notice]
    counts: Counts

    def told(self) -> dict[str, Any]:
        """As the keys of a payload, in plain values: they may be kept as JSON under an Idempotency-Key."""
        return {
            "notices": msgspec.to_builtins(self.notices[:MOST_NOTICES]),
            "counts": msgspec.to_builtins(self.counts),
        }


async def bring(work: Work, checked: Checked, entry: Entry, there: There) -> Brought:
    """Add the course under the name of `entry`; who may must have been asked.

    Refused with TAKEN for a code that the university has; then nothing was written.
    """
    course = checked.course
    await finding.require_free(work, entry.code)
    found = await finding.find(work, course, there.template_ids)
    course_id = await write_course(work, entry, checked, found, there)
    return Brought(course_id, [*found.notices, *_no_longer_shared(course, there)], _counts(course))


def _no_longer_shared(course: form.Course, there: There) -> list[Notice]:
    return [
        Notice(
            NoticeCode.POOL_NOT_SHARED, f"the pool «{pool.title}» was shared; here it is the course's own", pool.title
        )
        for pool in course.pools
        if pool.is_shared and pool.key not in there.shared_pool_ids
    ]


def _counts(course: form.Course) -> Counts:
    modules = [module for module, *_ in modules_of(course)]
    return Counts(
        len(modules),
        sum(len(module.items) for module in modules),
        len(course.pools),
        sum(len(pool.questions) for pool in course.pools),
        len(course.assets),
        len(course.offerings),
    )
