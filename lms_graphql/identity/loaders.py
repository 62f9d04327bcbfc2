"""Tokens of services and invitations, without their digests, which the application may not read."""

from typing import Any

from sqlalchemy import ColumnElement, Select, any_, select
from typing_extensions import override

from lms_graphql.engine.dataloaders import KEYS, One, Page
from lms_graphql.engine.rows import record
from lms_graphql.identity import policy
from lms_graphql.identity.models import Invitation, ServiceToken
from lms_graphql.storage.statements import columns

_SECRET = frozenset({"digest"})

ServiceTokenRow = record("ServiceToken")
InvitationRow = record("Invitation")


class ServiceTokenById(One[int]):
    """A service's token that the viewer may see."""

    row = ServiceTokenRow

    @override
    def query(self) -> Select[Any]:
        return select(ServiceToken.id, *columns(ServiceToken, _SECRET)).where(
            ServiceToken.id == any_(KEYS), policy.visible_service_tokens(self.viewer)
        )


class InvitationsByUniversity(Page[int]):
    """The open invitations of the request's university: each person has one at most, and they stand by that person."""

    row = InvitationRow
    order = (Invitation.user_id,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*columns(Invitation, _SECRET)).where(
            Invitation.university_id == parent,
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
            policy.visible_invitations(self.viewer),
        )
