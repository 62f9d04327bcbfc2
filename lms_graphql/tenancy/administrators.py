"""That a university always has an administrator: whoever takes one away looks whether there is another, in turn."""

from sqlalchemy import BigInteger, Text, bindparam, cast, func, select, text

from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tenancy.models import UniversityMember, UserUniversityRole
from lms_graphql.tenancy.policy import ADMIN_ROLE

_CountRow = record("Count", tenant=False)
_PERSON = bindparam("person", type_=BigInteger, required=True)
_QUEUE = "hashtextextended('administrators ' || CAST(:university_id AS bigint), 1)"
_IN_TURN = Statement(text(f"SELECT pg_advisory_xact_lock({_QUEUE}) IS NULL AS locked"))
# Apart from the lock: what another transaction did while it was waited for shows to the next statement only.
_COUNT = Statement(
    select(
        func.count().filter(UserUniversityRole.user_id == _PERSON).label("own"),
        func.count().filter(UserUniversityRole.user_id != _PERSON).label("others"),
    )
    .select_from(UserUniversityRole)
    .join(
        UniversityMember,
        (UniversityMember.university_id == UNIVERSITY) & (UniversityMember.user_id == UserUniversityRole.user_id),
    )
    .where(
        UserUniversityRole.university_id == UNIVERSITY,
        cast(UserUniversityRole.role, Text) == ADMIN_ROLE,
        UniversityMember.status == "active",
    )
)


async def require_others(work: Work, person: int, path: tuple[str, ...]) -> None:
    """CLOSED if this person alone administers the university; nobody else can take one away before this is kept."""
    await work.rows(_IN_TURN, Row)
    (row,) = await work.rows(_COUNT, _CountRow, person=person)
    if row["own"] and not row["others"]:
        message = "nobody else administers the university: give somebody the role university_admin first"
        raise Refused(UserErrorCode.CLOSED, message, path)
