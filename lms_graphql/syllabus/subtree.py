"""A module with all that is below it, as those who change it need it: in one statement, however much there is."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, bindparam, select

from lms_graphql.engine.rows import Row, record
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement, columns
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.syllabus.models import Module

_Row = record("BelowModule")
_HERE = Module.university_id == UNIVERSITY
_TOP = select(Module.id).where(_HERE, Module.id == bindparam("module_id", type_=BigInteger, required=True))
_BELOW = _TOP.cte("below", recursive=True)
_TREE = _BELOW.union_all(select(Module.id).where(_HERE, Module.parent_module_id == _BELOW.c.id))
_SUBTREE = Statement(
    select(*columns(Module))
    .join(_TREE, _TREE.c.id == Module.id)
    .where(_HERE)
    .order_by(Module.depth, Module.sequence_index, Module.id)
)


async def subtree(work: Work, module_id: int) -> list[Row]:
    """The module and all below it, each before what is below it and siblings in order; its course must be locked."""
    rows = await work.rows(_SUBTREE, _Row, module_id=module_id)
    children: dict[int, list[Row]] = {}
    for row in rows[1:]:
        children.setdefault(row["parent_module_id"], []).append(row)
    found: list[Row] = []
    _add(found, rows[:1], children)
    return found


def _add(found: list[Row], rows: Sequence[Row], children: dict[int, list[Row]]) -> None:
    for row in rows:
        found.append(row)
        _add(found, children.get(row["id"], ()), children)
