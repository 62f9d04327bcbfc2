"""Which modules and items something refers to: what learners did, what offerings ask, what was said about them."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Table, any_, bindparam, literal, select, union_all

from lms_graphql import tables
from lms_graphql.engine.rows import record
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.templates.instances import Own
from lms_graphql.templates.trees import ITEM, MODULE

_Row = record("Referred")
_OF = {MODULE: "modules", ITEM: "content_items"}
OWNED = ("modules", "content_items", "content_item_revisions", "content_item_assets")
"""Tables that refer to modules or items and are a part of them."""


def _referring() -> list[tuple[str, Table, Any]]:
    """Each table that refers to a module or an item by a foreign key, and the column that does."""
    found = []
    for table in tables.metadata.sorted_tables:
        for kind, target in _OF.items():
            keys = [key for key in table.foreign_key_constraints if key.referred_table.name == target]
            if table.name not in OWNED:
                found += [(kind, table, key.columns[_place_of_id(key)]) for key in keys]
    return found


def _place_of_id(key: Any) -> str:
    """The name of the column that holds the number."""
    return str(next(element.parent.name for element in key.elements if element.column.name == "id"))


@cache
def _statement() -> Statement:
    parts = [
        select(literal(kind).label("kind"), column.label("id"))
        .where(table.c.university_id == UNIVERSITY, column == any_(bindparam(f"{kind}_ids", type_=ARRAY(BigInteger))))
        .distinct()
        for kind, table, column in _referring()
    ]
    return Statement(union_all(*parts))


async def recorded(work: Work, rows: Iterable[Own]) -> set[tuple[str, int]]:
    """Those of the modules and items, by kind and number, that something refers to: one statement."""
    ids: dict[str, Sequence[int]] = {kind: [own.id for own in rows if own.kind == kind] for kind in _OF}
    if not any(ids.values()):
        return set()
    found = await work.rows(_statement(), _Row, **{f"{kind}_ids": numbers for kind, numbers in ids.items()})
    return {(row["kind"], row["id"]) for row in found}
