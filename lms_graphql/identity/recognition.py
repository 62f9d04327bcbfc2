"""All that signs people and services in, put together for one process."""

from collections.abc import Awaitable, Callable, Iterable, Mapping

from sqlalchemy.ext.asyncio import AsyncEngine

from lms_graphql.engine.context import Principal
from lms_graphql.identity import service_tokens
from lms_graphql.identity.accepting import Invitations
from lms_graphql.identity.claims import Verifier
from lms_graphql.identity.credentials import Credentials
from lms_graphql.identity.external import ExternalIdentities
from lms_graphql.identity.fetching import fetch_jwks
from lms_graphql.identity.issuers import Issuer
from lms_graphql.identity.keys import Fetch
from lms_graphql.identity.opaque import OURS, Prefix
from lms_graphql.identity.passwords import Passwords
from lms_graphql.identity.service import LocalAccounts
from lms_graphql.identity.sessions import Sessions


class Identity:
    """Sessions, local accounts, service tokens and the tokens of other issuers, over one pool as `lms_auth`."""

    def __init__(self, engine: AsyncEngine, issuers: Iterable[Issuer], *, fetch: Fetch = fetch_jwks) -> None:
        self._credentials = Credentials(engine)
        self._passwords = Passwords()
        self._external = ExternalIdentities(self._credentials, Verifier(issuers, fetch))
        self.sessions = Sessions(self._credentials)
        self.accounts = LocalAccounts(self._credentials, self.sessions, self._passwords)
        self.invitations = Invitations(self._credentials, self._passwords)

    @property
    def recognisers(self) -> Mapping[str, Callable[[str], Awaitable[Principal | None]]]:
        """Who knows a token, by how it begins; a token of ours that is none of these is no token for a request."""
        return {
            Prefix.ACCESS: self._of_session,
            Prefix.SERVICE: self._of_service,
            OURS: _nobody,
            "": self._external.recognise,
        }

    async def _of_session(self, token: str) -> Principal | None:
        found = await self.sessions.recognise(token)
        return None if found is None else Principal(found.user_id, session_id=found.session_id)

    async def _of_service(self, token: str) -> Principal | None:
        return await service_tokens.recognise(self._credentials, token)

    def close(self) -> None:
        """Let go of threads and of what is being fetched."""
        self._external.close()
        self._passwords.close()


async def _nobody(_token: str) -> None:
    return None
