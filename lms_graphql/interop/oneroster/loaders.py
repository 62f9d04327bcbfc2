"""Imports of rosters, and the rows that they could not take."""

from typing import Any

from sqlalchemy import ColumnElement, Select, any_, select
from typing_extensions import override

from lms_graphql.engine.dataloaders import KEYS, One, Page
from lms_graphql.engine.rows import record
from lms_graphql.interop.oneroster import policy
from lms_graphql.interop.oneroster.models import RosterImport, RosterImportError
from lms_graphql.storage.statements import columns

RosterImportRow = record("RosterImport")
RosterImportErrorRow = record("RosterImportError")
_SHOWN: tuple[Any, ...] = (
    RosterImport.university_id,
    RosterImport.job_id,
    RosterImport.file_name,
    RosterImport.mode,
    RosterImport.is_dry_run,
    RosterImport.counts,
    RosterImport.created_at,
)
"""All but the roster itself, which is for nobody."""


class RosterImportById(One[int]):
    """An import that the viewer may see."""

    row = RosterImportRow

    @override
    def query(self) -> Select[Any]:
        return select(RosterImport.id, *_SHOWN).where(
            RosterImport.id == any_(KEYS), policy.visible_imports(self.viewer)
        )


class RosterImports(Page[int]):
    """The imports of the request's university, by id; the key says nothing."""

    row = RosterImportRow
    reads_tenant = True
    order = (RosterImport.id,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(RosterImport.id, *_SHOWN).where(policy.visible_imports(self.viewer))


class ErrorsByImport(Page[int]):
    """What each import could not take, in the order in which it was found."""

    row = RosterImportErrorRow
    order = (RosterImportError.id,)

    @override
    def children(self, parent: ColumnElement[Any]) -> Select[Any]:
        return select(*columns(RosterImportError)).where(
            RosterImportError.import_id == parent, policy.visible_errors(self.viewer)
        )
