"""Progress on modules, which follows from the progress on items: worked out in SQL, in one place for all who need it.

A module is as far as the share of the items in and below it that are completed, of those that students see
(`policy.COUNTED`): every item weighs the same, so that a module weighs in those above it, and all of them in the whole
course (`loaders.CourseProgressByEnrollment`), what it has below. It was begun with the first of its items and
completed with the last. Percentages are rounded half up to hundredths.

A row is there for each module below which something that counts was begun. Where nothing of the kind was begun, a row
that an import wrote is left as it is, and so are the rows of modules without any item that counts: it is all there is
to say.

All of it is of the content as it is when it is worked out. An item that is added, hidden, moved or removed counts for
a person with the next event of theirs that begins or completes something in the course, and for all with
`lms-graphql progress rebuild`; a completed module to which an item is added is then completed no longer. (The progress
of the whole course is worked out when it is read, so it is never behind.)
"""

from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    Integer,
    Numeric,
    Select,
    and_,
    any_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import insert

from lms_graphql.content.models import ContentItem
from lms_graphql.interop.models import ExternalKey
from lms_graphql.progress import policy
from lms_graphql.progress.models import UserContentProgress, UserModuleProgress
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.syllabus.models import Module

OFFERING = bindparam("offering_id", type_=BigInteger, required=True)
COURSE = bindparam("course_id", type_=BigInteger, required=True)
PEOPLE = bindparam("people", type_=ARRAY(BigInteger), required=True)

_IN_MODULE = and_(Module.university_id == UNIVERSITY, Module.id == ContentItem.module_id)
_OF_COURSE = and_(ContentItem.university_id == UNIVERSITY, ContentItem.course_id == COURSE)
_IMPORTED = "module_progress"
"""What imports call rows of user_module_progress (`interop.academy.mapping.PROGRESS`)."""
_KEPT = (UserModuleProgress.started_at, UserModuleProgress.completed_at, UserModuleProgress.progress_percent)


class _Parts(NamedTuple):
    """The modules below which anything counts, and what must be known of people there."""

    totals: CTE
    wanted: CTE


def _parts() -> _Parts:
    items = (
        select(ContentItem.module_id, func.count().label("total"))
        .join(Module, _IN_MODULE)
        .where(_OF_COURSE, policy.COUNTED)
        .group_by(ContentItem.module_id)
        .cte("items")
    )
    above = select(items.c.module_id, items.c.module_id.label("ancestor_id")).cte("above", recursive=True)
    above = above.union_all(
        select(above.c.module_id, Module.parent_module_id).where(
            Module.university_id == UNIVERSITY, Module.id == above.c.ancestor_id, Module.parent_module_id.is_not(None)
        )
    )
    totals = (
        select(above.c.ancestor_id.label("module_id"), func.sum(items.c.total).label("total"))
        .join(items, items.c.module_id == above.c.module_id)
        .group_by(above.c.ancestor_id)
        .cte("totals")
    )
    return _Parts(totals, _wanted(_done(), above, totals))


def _done() -> CTE:
    """By person and module, what was begun and completed of its own items that count."""
    return (
        select(
            UserContentProgress.user_id,
            ContentItem.module_id,
            func.count(UserContentProgress.completed_at).label("completed"),
            func.min(UserContentProgress.first_started_at).label("started"),
            func.max(UserContentProgress.completed_at).label("latest"),
        )
        .join(ContentItem, and_(_OF_COURSE, ContentItem.id == UserContentProgress.content_item_id))
        .join(Module, _IN_MODULE)
        .where(
            UserContentProgress.university_id == UNIVERSITY,
            UserContentProgress.course_offering_id == OFFERING,
            UserContentProgress.user_id == any_(PEOPLE),
            policy.COUNTED,
        )
        .group_by(UserContentProgress.user_id, ContentItem.module_id)
        .cte("done")
    )


def _wanted(done: CTE, above: CTE, totals: CTE) -> CTE:
    completed = func.sum(done.c.completed)
    return (
        select(
            done.c.user_id,
            totals.c.module_id,
            func.min(done.c.started).label("started_at"),
            case((completed == totals.c.total, func.max(done.c.latest))).label("completed_at"),
            func.round(cast(completed * 100, Numeric) / totals.c.total, 2).label("progress_percent"),
        )
        .join(above, above.c.module_id == done.c.module_id)
        .join(totals, totals.c.module_id == above.c.ancestor_id)
        .group_by(done.c.user_id, totals.c.module_id, totals.c.total)
        .cte("wanted")
    )


def _known() -> ColumnElement[bool]:
    return and_(
        UserModuleProgress.university_id == UNIVERSITY,
        UserModuleProgress.course_offering_id == OFFERING,
        UserModuleProgress.user_id == any_(PEOPLE),
    )


def _is_of(wanted: CTE) -> ColumnElement[bool]:
    return and_(wanted.c.user_id == UserModuleProgress.user_id, wanted.c.module_id == UserModuleProgress.module_id)


def _counts(totals: CTE) -> ColumnElement[bool]:
    return UserModuleProgress.module_id.in_(select(totals.c.module_id))


def _imported() -> ColumnElement[bool]:
    """That an import wrote the row; looked up for the few rows that nothing of our own stands behind."""
    return exists().where(
        ExternalKey.university_id == UNIVERSITY,
        ExternalKey.entity == _IMPORTED,
        ExternalKey.entity_id == UserModuleProgress.id,
    )


def _roll_up(*, removing: bool) -> Select[Any]:
    parts = _parts()
    wanted = parts.wanted
    adding = insert(UserModuleProgress).from_select(
        ["university_id", "course_offering_id", "user_id", "module_id", "course_id", *(c.key for c in _KEPT)],
        select(
            UNIVERSITY,
            OFFERING,
            wanted.c.user_id,
            wanted.c.module_id,
            COURSE,
            *(wanted.c[column.key] for column in _KEPT),
        ).order_by(wanted.c.user_id, wanted.c.module_id),
    )
    written = (
        adding.on_conflict_do_update(
            index_elements=["university_id", "course_offering_id", "user_id", "module_id"],
            set_={column.key: adding.excluded[column.key] for column in _KEPT},
            where=or_(*(column.is_distinct_from(adding.excluded[column.key]) for column in _KEPT)),
        )
        .returning(literal_column("1", Integer).label("one"))
        .cte("written")
    )
    written_count = select(func.count()).select_from(written).scalar_subquery().label("written")
    if not removing:
        return select(written_count, literal_column("0", BigInteger).label("removed"))
    removed = (
        delete(UserModuleProgress)
        .where(_known(), _counts(parts.totals), ~exists().where(_is_of(wanted)), ~_imported())
        .returning(literal_column("1", Integer).label("one"))
        .cte("removed")
    )
    return select(written_count, select(func.count()).select_from(removed).scalar_subquery().label("removed"))


def _differences() -> Select[Any]:
    parts = _parts()
    wanted = parts.wanted
    known = (
        select(UserModuleProgress.user_id, UserModuleProgress.module_id, _imported().label("is_imported"), *_KEPT)
        .where(_known(), _counts(parts.totals))
        .cte("known")
    )
    differs = or_(*(known.c[column.key].is_distinct_from(wanted.c[column.key]) for column in _KEPT))
    both = and_(known.c.user_id == wanted.c.user_id, known.c.module_id == wanted.c.module_id)
    counts: list[Any] = [
        func.count().filter(known.c.user_id.is_(None)).label("missing"),
        func.count().filter(wanted.c.user_id.is_(None), ~known.c.is_imported).label("surplus"),
        func.count().filter(known.c.user_id.is_not(None), wanted.c.user_id.is_not(None), differs).label("wrong"),
    ]
    return select(*counts).select_from(wanted.outerjoin(known, both, full=True))


ROLL_UP = _roll_up(removing=False)
"""Makes the progress of these people on modules, in an offering, what it must be; gives `written` and `removed`, the
numbers of rows that were not. Parameters besides the university: offering_id, course_id, people.

Whoever runs it holds the lock of `noting.locked` on the people: an older state could overwrite a newer one otherwise.
"""

REBUILD = _roll_up(removing=True)
"""As ROLL_UP, and removes the rows below which nothing that counts is begun, but for those that an import wrote."""

DIFFERENCES = _differences()
"""What REBUILD would change: the numbers of rows that are `missing`, `surplus` and `wrong`."""
