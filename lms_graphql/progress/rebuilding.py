"""Progress on modules worked out anew for a whole offering, from the progress on its items (see `rollup`)."""

from typing import Any, NamedTuple

from sqlalchemy import exists, or_, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from lms_graphql.catalog.models import CourseOffering
from lms_graphql.enrollment.models import CourseEnrollment
from lms_graphql.progress.models import UserContentProgress, UserModuleProgress
from lms_graphql.progress.noting import Place
from lms_graphql.progress.rollup import DIFFERENCES, OFFERING, REBUILD
from lms_graphql.storage.tenancy import UNIVERSITY


class Differences(NamedTuple):
    """The rows of user_module_progress that are not what the items say, by what is wrong with them."""

    missing: int
    surplus: int
    wrong: int


_OF = (UserContentProgress, UserModuleProgress)
_PLACES = (
    select(CourseOffering.id, CourseOffering.course_id)
    .where(
        CourseOffering.university_id == UNIVERSITY,
        or_(
            *(
                exists().where(model.university_id == UNIVERSITY, model.course_offering_id == CourseOffering.id)
                for model in _OF
            )
        ),
    )
    .order_by(CourseOffering.id)
)
_LOCK = (
    select(CourseEnrollment.id)
    .where(CourseEnrollment.university_id == UNIVERSITY, CourseEnrollment.course_offering_id == OFFERING)
    .order_by(CourseEnrollment.id)
    .with_for_update(key_share=True)
)
_PEOPLE = union(
    *(
        select(model.user_id).where(model.university_id == UNIVERSITY, model.course_offering_id == OFFERING)
        for model in _OF
    )
)


async def places(connection: AsyncConnection, university_id: int) -> list[Place]:
    """The offerings of a university in which anybody has made progress, by id."""
    found = await connection.execute(_PLACES, {"university_id": university_id})
    return [Place(*row) for row in found]


async def differences(connection: AsyncConnection, university_id: int, place: Place) -> Differences:
    """What `rebuild` would change in an offering."""
    given = await _given(connection, university_id, place)
    return Differences(*(await connection.execute(DIFFERENCES, given)).one())


async def rebuild(connection: AsyncConnection, university_id: int, place: Place) -> Differences:
    """Make the progress on modules in an offering what the items say; gives what was different.

    Who notes something there meanwhile waits until the transaction ends.
    """
    here = {"university_id": university_id, "offering_id": place.offering_id}
    (await connection.execute(_LOCK, here)).all()
    found = await differences(connection, university_id, place)
    if any(found):
        await connection.execute(REBUILD, await _given(connection, university_id, place))
    return found


async def _given(connection: AsyncConnection, university_id: int, place: Place) -> dict[str, Any]:
    here = {"university_id": university_id, "offering_id": place.offering_id}
    people = sorted((await connection.execute(_PEOPLE, here)).scalars())
    return {**here, "course_id": place.course_id, "people": people}
