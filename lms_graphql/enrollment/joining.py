"""Who comes into an offering: first those who wait for a seat get what is free, in their order, then who is new."""

from lms_graphql.engine.rows import Row
from lms_graphql.engine.work import Work
from lms_graphql.enrollment import promoting, seats
from lms_graphql.enrollment.seats import Coming, Joined


async def room_for_newcomers(work: Work, offering_id: int) -> tuple[Row, int | None]:
    """Lock an offering and let who waits move up; gives it as it was before, and how many seats are left (None: any).

    A seat can be free while somebody waits: the enrollment dates had ended and were set anew, or who waits was no
    active member for a time.
    """
    offering = await seats.lock(work, offering_id)
    if not offering["has_room"]:
        return offering, 0
    moved = len(await promoting.promote(work, offering_id))
    if offering["capacity"] is None:
        return offering, None
    return offering, offering["capacity"] - offering["seats_taken"] - moved


async def join(work: Work, coming: Coming, *, is_full: bool = False) -> Joined:
    """Give the person a seat, or a place on the waitlist behind all who wait, or refuse with LIMIT_REACHED.

    One statement where there is a seat and nobody who waits could have it. `is_full` says that there was none a moment
    ago: then it is not tried first.
    """
    joined = None if is_full else await seats.take(work, coming, "active")
    if joined is None:
        _, left = await room_for_newcomers(work, coming.offering_id)
        # There may be no seat all the same: somebody who waits can become an active member between two statements.
        joined = None if left == 0 else await seats.take(work, coming, "active")
    joined = joined or await seats.take(work, coming, "waitlisted")
    if joined is None:
        raise seats.no_place()
    return joined
