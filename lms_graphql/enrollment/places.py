"""How many an offering takes, and how: its capacity, its waitlist, and whether people enrol themselves."""

from typing import Any

from sqlalchemy import BigInteger, DateTime, Integer, String, bindparam, update

from lms_graphql.catalog.models import CourseOffering
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.enrollment import promoting, seats
from lms_graphql.enrollment.finding import FoundRow, offering_to_run
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

_HERE = (
    CourseOffering.university_id == UNIVERSITY,
    CourseOffering.id == bindparam("offering_id", type_=BigInteger, required=True),
)
_SET_CAPACITY = Statement(
    update(CourseOffering)
    .where(*_HERE)
    .values(
        capacity=bindparam("new_capacity", type_=Integer, required=True),
        waitlist_capacity=bindparam("new_waitlist_capacity", type_=Integer, required=True),
    )
)
_SET_RULES = Statement(
    update(CourseOffering)
    .where(*_HERE)
    .values(
        enrollment_mode=bindparam("new_mode", type_=String, required=True),
        drop_until=bindparam("new_drop_until", type_=DateTime(timezone=True), required=True),
    )
)


async def set_offering_capacity(work: Work, given: Given) -> dict[str, Any]:
    """Set how many may take part, and wait; what is not given stays. Gives `offering_id` and `promoted`.

    More seats go at once to those who wait. Fewer put nobody out: no seat is given until enough have left.
    """
    offering, _ = await offering_to_run(work, given)
    number = offering["id"]
    for name in ("capacity", "waitlistCapacity"):
        if (given.get(name) or 0) < 0:
            raise Refused(UserErrorCode.INVALID, "this must not be below 0; null: any number", ("input", name))
    locked = await seats.lock(work, number)
    old = {"capacity": locked["capacity"], "waitlistCapacity": locked["waitlist_capacity"]}
    new = {name: given.get(name, value) for name, value in old.items()}
    if new == old:
        work.nothing_changed()
        return {"offering_id": number, "promoted": 0}
    values = {"new_capacity": new["capacity"], "new_waitlist_capacity": new["waitlistCapacity"]}
    await work.rows(_SET_CAPACITY, FoundRow, offering_id=number, **values)
    await work.audit("offering.capacity", "CourseOffering", number, before=old, after=new)
    await work.tell("offering.changed", "CourseOffering", number)
    return {"offering_id": number, "promoted": len(await promoting.promote(work, number))}


async def set_enrollment_rules(work: Work, given: Given) -> dict[str, Any]:
    """Set whether people enrol themselves, and until when they may drop; what is not given stays.

    Gives `offering_id`. Who waits for approval goes on waiting for it.
    """
    offering, _ = await offering_to_run(work, given)
    number = offering["id"]
    await seats.lock(work, number)
    offering, _ = await offering_to_run(work, given)  # as it is now that nobody else changes it
    old = {"enrollmentMode": offering["enrollment_mode"], "dropUntil": offering["drop_until"]}
    mode = given.get("enrollmentMode")
    new = {
        "enrollmentMode": old["enrollmentMode"] if mode is None else mode.value,
        "dropUntil": given.get("dropUntil", old["dropUntil"]),
    }
    if new == old:
        work.nothing_changed()
        return {"offering_id": number}
    values = {"new_mode": new["enrollmentMode"], "new_drop_until": new["dropUntil"]}
    await work.rows(_SET_RULES, FoundRow, offering_id=number, **values)
    await work.audit("offering.enrollment_rules", "CourseOffering", number, before=old, after=new)
    await work.tell("offering.changed", "CourseOffering", number)
    return {"offering_id": number}
