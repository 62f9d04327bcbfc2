"""Tokens of services: graders and importers of one university, which may do what their scopes say and nothing else."""

from datetime import timedelta
from enum import StrEnum

from sqlalchemy import LargeBinary, bindparam, func, select

from lms_graphql.engine.context import Principal
from lms_graphql.identity.credentials import Credentials
from lms_graphql.identity.models import ServiceToken
from lms_graphql.identity.opaque import Prefix, digest
from lms_graphql.storage.statements import Statement
from lms_graphql.tenancy.models import University

LONGEST_LIFE = timedelta(hours=24)
MOST_SUBMISSIONS = 1000


class ServiceScope(StrEnum):
    """What a service may do."""

    LAB_GRADE = "lab:grade"
    IMPORT_COURSE = "import:course"


_RECOGNISE = Statement(
    select(ServiceToken.id, ServiceToken.scopes, ServiceToken.submission_ids, University.short_code)
    .join(University, University.id == ServiceToken.university_id)
    .where(
        ServiceToken.digest == bindparam("digest", type_=LargeBinary),
        ServiceToken.expires_at > func.now(),
        ServiceToken.revoked_at.is_(None),
    )
)


async def recognise(credentials: Credentials, token: str) -> Principal | None:
    """The service that a token stands for; None if it is not good, or not any more."""
    known = digest(token, Prefix.SERVICE)
    row = None if known is None else await credentials.row(_RECOGNISE, digest=known)
    if row is None:
        return None
    submissions = row["submission_ids"]
    return Principal(
        university=row["short_code"],
        service_scopes=frozenset(row["scopes"]),
        submission_ids=None if submissions is None else frozenset(submissions),
    )
