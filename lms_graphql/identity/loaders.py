"""Tokens of services, without their digests, which the application may not read."""

from typing import Any

from sqlalchemy import Select, any_, select
from typing_extensions import override

from lms_graphql.engine.dataloaders import KEYS, One
from lms_graphql.engine.rows import record
from lms_graphql.identity import policy
from lms_graphql.identity.models import ServiceToken
from lms_graphql.storage.statements import columns

ServiceTokenRow = record("ServiceToken")


class ServiceTokenById(One[int]):
    """A service's token that the viewer may see."""

    row = ServiceTokenRow

    @override
    def query(self) -> Select[Any]:
        return select(ServiceToken.id, *columns(ServiceToken, frozenset({"digest"}))).where(
            ServiceToken.id == any_(KEYS), policy.visible_service_tokens(self.viewer)
        )
