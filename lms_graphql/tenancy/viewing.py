"""Looking as somebody else does: staff see what one of their people sees, change nothing, and it is written down."""

from typing import Any

from sqlalchemy import BigInteger, bindparam, select

from lms_graphql.catalog.reach import only_reached, reaches_member
from lms_graphql.engine.context import Standing, Viewer
from lms_graphql.engine.errors import Code, RequestError
from lms_graphql.engine.rows import Row, record
from lms_graphql.storage.journal import ADD_AUDIT_ENTRY
from lms_graphql.storage.snapshot import Snapshot
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tenancy.models import UniversityMember

_Reached = record("Reached", tenant=False)
_PERSON = bindparam("person", type_=BigInteger)


def _reached(standing: Standing) -> Statement:
    """The member, if the viewer reaches them."""
    here = (UniversityMember.university_id == UNIVERSITY) & (UniversityMember.user_id == _PERSON)
    return Statement(
        select(UniversityMember.user_id).where(
            only_reached(Viewer(standing=standing), here, reaches_member(UniversityMember.user_id))
        )
    )


_REACHED = {standing: _reached(standing) for standing in (Standing.STAFF, Standing.ADMIN)}
_LESS = {Standing.STAFF: {Standing.MEMBER}, Standing.ADMIN: {Standing.MEMBER, Standing.STAFF}}
"""As whom staff of a standing may look: nobody sees more by it than they do anyway."""


async def require_reached(snapshot: Snapshot, viewer: Viewer, person: int) -> None:
    """FORBIDDEN, unless the viewer is staff and reaches the person; that somebody is not there is told likewise."""
    statement = _REACHED.get(viewer.standing)
    if statement is None or viewer.user_id == person:
        raise forbidden()
    bound = {
        "university_id": viewer.university_id,
        "user_id": viewer.user_id,
        "person": person,
        **viewer.reach.parameters(),
    }
    if not await snapshot.fetch(statement, bound, _Reached):
        raise forbidden()


def seen_by(viewer: Viewer, other: Viewer) -> Viewer:
    """What the other sees, looked at by the viewer; FORBIDDEN if it may be more than the viewer sees."""
    if other.standing not in _LESS[viewer.standing] or other.is_platform_admin:
        raise forbidden()
    return Viewer(other.user_id, other.university_id, other.roles, other.standing, other.reach, seen_by=viewer.user_id)


async def write_down(snapshot: Snapshot, viewer: Viewer, request_id: str) -> None:
    """Keep who looked as whom, before anything is shown."""
    async with snapshot.transaction() as transaction:
        told: dict[str, Any] = {
            "university_id": viewer.university_id,
            "actor_id": viewer.seen_by,
            "roles": [],
            "act": "view.as",
            "entity": "User",
            "entity_id": viewer.user_id,
            "old_values": None,
            "new_values": None,
            "reason": None,
            "request_id": request_id,
        }
        await transaction.fetch(ADD_AUDIT_ENTRY, told, Row)
        await transaction.commit()


def forbidden() -> RequestError:
    """The same for whoever may not, and for whoever is not there."""
    return RequestError(Code.FORBIDDEN, "X-View-As is for staff, and names the id of one of their own people")
