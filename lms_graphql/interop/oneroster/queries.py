"""The fields of Query about rosters."""

from typing import Any

import strawberry

from lms_graphql.engine.context import Context
from lms_graphql.engine.edges import argument, page, with_arguments
from lms_graphql.engine.relay import Connection, number_of
from lms_graphql.interop.oneroster.loaders import RosterImportById, RosterImports
from lms_graphql.interop.oneroster.types import RosterImport


async def _roster_import(_root: None, context: Context, id: str) -> Any:  # noqa: A002 - the argument's name
    number = number_of(id, "RosterImport", context.university_id())
    return None if number is None else await context.load_alone(RosterImportById, number)


@strawberry.type
class RosterQuery:
    """Joined into Query."""

    roster_import: RosterImport | None = with_arguments(
        _roster_import,
        "What came of an import of a roster; null where there is none of this id, or not for the viewer.",
        argument("id", strawberry.ID, "The global id that `importRoster` gave."),
    )
    roster_imports: Connection[RosterImport] = page(
        RosterImports,
        "The imports of rosters of the request's university, by id; for its administrators.",
        key=lambda _root, _context: 0,
    )
