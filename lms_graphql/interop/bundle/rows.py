"""Many rows of a table in one statement, their ids drawn beforehand and all that is stored told to the audit log."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, Integer, Text, bindparam, cast, column, func, insert, select, text
from sqlalchemy.dialects.postgresql import ENUM, JSONB
from sqlalchemy.types import TypeEngine

from lms_graphql.engine.rows import record
from lms_graphql.engine.work import Work
from lms_graphql.storage.statements import Statement, columns
from lms_graphql.storage.tenancy import UNIVERSITY

_Row = record("Added")


@cache
def _drawing(table: str) -> Statement:
    return Statement(
        text(
            f"SELECT nextval('{table}_id_seq') AS id FROM generate_series(1, :count)"  # noqa: S608 - a model's name
        ).bindparams(bindparam("count", type_=Integer))
    )


@cache
def _adding(model: Any, names: tuple[str, ...]) -> Statement:
    """Adds rows of arrays, one for each column; JSON and labels travel as text. Gives them back, without JSON."""
    kinds = {name: model.__table__.c[name].type for name in names}
    arrays = [bindparam(f"{name}_", type_=ARRAY(_on_wire(kind))) for name, kind in kinds.items()]
    given = func.unnest(*arrays).table_valued(*(column(name, _on_wire(kind)) for name, kind in kinds.items()))
    rows = given.render_derived(name="given")
    values = [cast(rows.c[name], kind) for name, kind in kinds.items()]
    return Statement(
        insert(model)
        .from_select(["university_id", *names], select(UNIVERSITY, *values), include_defaults=False)
        .returning(*columns(model))
    )


def _on_wire(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    return Text() if isinstance(kind, (ENUM, JSONB)) else kind


async def draw(work: Work, model: Any, count: int) -> list[int]:
    """So many ids that rows of the table will have; no statement where none is wanted."""
    if not count:
        return []
    return [row["id"] for row in await work.rows(_drawing(model.__tablename__), _Row, count=count)]


async def add(work: Work, model: Any, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Add rows, all with the same columns; what is stored, in no certain order, without the university and JSON."""
    if not rows:
        return []
    names = tuple(rows[0])
    given = {f"{name}_": [row[name] for row in rows] for name in names}
    added = await work.rows(_adding(model, names), _Row, **given)
    return [{name: value for name, value in row.items() if name != "university_id"} for row in added]


async def add_told(
    work: Work,
    model: Any,
    rows: Sequence[Mapping[str, Any]],
    act: str,
    entity: str,
    more: Mapping[int, Mapping[str, Any]] | None = None,
) -> None:
    """`add` of rows that have their `id`, each written into the audit log with all that is stored, and `more` by id."""
    added = sorted(await add(work, model, rows), key=lambda row: int(row["id"]))
    changes = [(row.pop("id"), None, row) for row in added]
    if changes:
        told = more or {}
        await work.audit_each(
            act, entity, [(number, None, {**row, **told.get(number, {})}) for number, _, row in changes]
        )
