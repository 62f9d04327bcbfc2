"""Who has seen whose record."""

from typing import Any

from sqlalchemy import ColumnElement, Select, select
from typing_extensions import override

from lms_graphql.engine.dataloaders import Page
from lms_graphql.engine.rows import record
from lms_graphql.privacy import policy
from lms_graphql.privacy.models import Disclosure
from lms_graphql.storage.statements import columns

DisclosureRow = record("Disclosure", discloses="disclosures")


class DisclosuresByUser(Page[int]):
    """Who has seen each person's record, the first one first."""

    row = DisclosureRow
    order = (Disclosure.at, Disclosure.id)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*columns(Disclosure)).where(Disclosure.user_id == parent, policy.visible_disclosures(self.viewer))
