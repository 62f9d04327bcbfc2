"""People whom another issuer signs in: from its token to the person that it is linked to here."""

import logging
import time
from collections.abc import Callable
from hashlib import sha256

from sqlalchemy import BigInteger, String, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from lms_graphql.engine.context import Principal
from lms_graphql.engine.errors import Code, RequestError
from lms_graphql.identity.claims import ClaimsError, Verified, Verifier
from lms_graphql.identity.credentials import Credentials
from lms_graphql.identity.models import ExternalIdentity
from lms_graphql.storage.statements import Statement

logger = logging.getLogger(__name__)

_MOST_VERIFIED = 10_000
_LONGEST_KEPT_SECONDS = 600.0
"""As long as an issuer's keys: one that was withdrawn lets nobody in for longer."""

_issuer = bindparam("issuer", type_=String)
_subject = bindparam("subject", type_=String)
_is_this = (ExternalIdentity.issuer == _issuer) & (ExternalIdentity.subject == _subject)
_FIND = Statement(select(ExternalIdentity.user_id).where(_is_this))
_LINK = Statement(
    insert(ExternalIdentity)
    .values(issuer=_issuer, subject=_subject, user_id=bindparam("user_id", type_=BigInteger))
    .on_conflict_do_nothing()
    .returning(ExternalIdentity.user_id)
)
_UNLINK = Statement(delete(ExternalIdentity).where(_is_this).returning(ExternalIdentity.user_id))


class ExternalIdentities:
    """Tokens of other issuers, and whom they are linked to; that is looked up for every request, so it can be undone.

    What was verified is remembered for 10 minutes, by the hash of the token: a signature costs as much as a statement.
    """

    def __init__(self, credentials: Credentials, verifier: Verifier, now: Callable[[], float] = time.time) -> None:
        self._credentials = credentials
        self._verifier = verifier
        self._now = now
        self._verified: dict[bytes, tuple[Verified, float]] = {}

    async def recognise(self, token: str) -> Principal | None:
        """Whom a token speaks of, None if it is not good; RequestError for somebody who is not linked to anybody."""
        try:
            verified = await self._verify(token)
        except ClaimsError as error:
            logger.info("a token was refused: %s", error)
            return None
        issuer = verified.issuer
        row = await self._credentials.row(_FIND, issuer=issuer.issuer, subject=verified.subject)
        if row is None:
            raise RequestError(
                Code.UNAUTHENTICATED, "nobody here is linked to this identity; ask your university to link it"
            )
        return Principal(row["user_id"], university=issuer.university)

    async def _verify(self, token: str) -> Verified:
        digest = sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = self._verified.get(digest)
        if known is not None and self._now() < known[1]:
            return known[0]
        verified = await self._verifier.verify(token)
        if len(self._verified) >= _MOST_VERIFIED:
            self._verified.clear()
        self._verified[digest] = verified, min(verified.expires, self._now() + _LONGEST_KEPT_SECONDS)
        return verified

    def close(self) -> None:
        """Give up whatever is being fetched."""
        self._verifier.close()


async def link(credentials: Credentials, issuer: str, subject: str, user_id: int) -> int:
    """Link an identity to a person, unless it is linked already; whom it is linked to now."""
    await credentials.row(_LINK, issuer=issuer, subject=subject, user_id=user_id)
    row = await credentials.row(_FIND, issuer=issuer, subject=subject)
    return user_id if row is None else int(row["user_id"])


async def unlink(credentials: Credentials, issuer: str, subject: str) -> bool:
    """Undo a link; whether there was one."""
    return await credentials.row(_UNLINK, issuer=issuer, subject=subject) is not None
