"""Tokens of services: graders and importers of one university, which may do what their scopes say and nothing else."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Interval, LargeBinary, Text, any_, bindparam, func, insert, select, update

from lms_graphql.assessment.models import LabSubmission
from lms_graphql.engine.context import Principal
from lms_graphql.engine.mutations import Given
from lms_graphql.engine.relay import number_of
from lms_graphql.engine.rows import record
from lms_graphql.engine.usererrors import Refused, UserErrorCode
from lms_graphql.engine.work import Work
from lms_graphql.identity.choices import ServiceScope
from lms_graphql.identity.credentials import Credentials
from lms_graphql.identity.models import ServiceToken
from lms_graphql.identity.opaque import Prefix, digest, mint
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tenancy.models import University

MOST_HOURS = 24
MOST_SUBMISSIONS = 100

_Row = record("ServiceToken")
_ids = bindparam("submission_ids", type_=ARRAY(BigInteger))
_RECOGNISE = Statement(
    select(ServiceToken.id, ServiceToken.scopes, ServiceToken.submission_ids, University.short_code)
    .join(University, University.id == ServiceToken.university_id)
    .where(
        ServiceToken.digest == bindparam("digest", type_=LargeBinary),
        ServiceToken.expires_at > func.now(),
        ServiceToken.revoked_at.is_(None),
    )
)
ISSUE = Statement(
    insert(ServiceToken)
    .values(
        university_id=UNIVERSITY,
        digest=bindparam("digest", type_=LargeBinary),
        scopes=bindparam("scopes", type_=ARRAY(Text)),
        submission_ids=_ids,
        issued_by=bindparam("issued_by", type_=BigInteger),
        expires_at=func.now() + bindparam("lasts", type_=Interval),
    )
    .returning(ServiceToken.id, ServiceToken.expires_at)
)
_KNOWN = Statement(
    select(LabSubmission.id).where(LabSubmission.university_id == UNIVERSITY, LabSubmission.id == any_(_ids))
)
REVOKE = Statement(
    update(ServiceToken)
    .where(
        ServiceToken.university_id == UNIVERSITY,
        ServiceToken.id == bindparam("token_id", type_=BigInteger),
        ServiceToken.revoked_at.is_(None),
    )
    .values(revoked_at=func.now())
    .returning(ServiceToken.id)
)
_FIND = Statement(
    select(ServiceToken.id).where(
        ServiceToken.university_id == UNIVERSITY, ServiceToken.id == bindparam("token_id", type_=BigInteger)
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
        service_token_id=row["id"],
    )


async def issue(work: Work, given: Given) -> dict[str, Any]:
    """Let a service in; gives `service_token_id`, and tells `token` once."""
    scopes: list[str] = sorted({str(ServiceScope(scope).value) for scope in given["scopes"]})
    if not scopes:
        raise Refused(UserErrorCode.INVALID, "name at least one scope", ("input", "scopes"))
    hours = 1 if given.get("hours") is None else given["hours"]
    if not 1 <= hours <= MOST_HOURS:
        raise Refused(UserErrorCode.INVALID, f"a token is good for 1 to {MOST_HOURS} hours", ("input", "hours"))
    submissions = await _submissions(work, given.get("submissionIds"))
    minted = mint(Prefix.SERVICE)
    row = await work.one(
        ISSUE,
        _Row,
        digest=minted.digest,
        scopes=scopes,
        submission_ids=submissions,
        issued_by=work.viewer.user_id,
        lasts=timedelta(hours=hours),
    )
    token_id = None if row is None else row["id"]
    after = {"scopes": scopes, "hours": hours, "submissionIds": submissions}
    await work.audit("service_token.issue", "ServiceToken", token_id, after=after)
    work.once["token"] = minted.token
    return {"service_token_id": token_id}


async def _submissions(work: Work, given: Sequence[str] | None) -> list[int] | None:
    """The ids of submissions that are there."""
    if given is None:
        return None
    path = ("input", "submissionIds")
    if not 0 < len(given) <= MOST_SUBMISSIONS:
        raise Refused(UserErrorCode.INVALID, f"name 1 to {MOST_SUBMISSIONS} submissions, or none at all", path)
    found = [number_of(text, "Submission", work.viewer.university_id) for text in given]
    wanted = sorted({id_ for id_ in found if id_ is not None})
    known = await work.rows(_KNOWN, _Row, submission_ids=wanted)
    if None in found or len(known) < len(wanted):
        raise Refused(UserErrorCode.NOT_FOUND, "one of these submissions is not there", path)
    return wanted


async def revoke(work: Work, given: Given) -> dict[str, Any]:
    """Let a service in no longer, from its next request on; gives `service_token_id`."""
    token_id = number_of(given["id"], "ServiceToken", work.viewer.university_id)
    if token_id is None or await work.one(_FIND, _Row, token_id=token_id) is None:
        raise Refused(UserErrorCode.NOT_FOUND, "there is no such token", ("input", "id"))
    if await work.one(REVOKE, _Row, token_id=token_id) is None:
        work.nothing_changed()
    else:
        await work.audit("service_token.revoke", "ServiceToken", token_id)
    return {"service_token_id": token_id}
