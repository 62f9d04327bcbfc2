"""Everything about one person of one university, as one JSON document that is made while it is read.

    {"format": "lms_graphql.person", "version": 1, "exported_at": …, "university": {…}, "identity": {…},
     "sections": {"<section>": [{…}, …], …}}

Times are ISO 8601 with their offset, decimals are strings, texts are whole. `version` goes up when a name or a meaning
changes; new sections and columns do not count. It tells the person what the API tells them: results of hidden tests
and grades that are not posted are left out.
"""

from collections.abc import AsyncGenerator, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

import asyncpg
import orjson
from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.dialects.postgresql import JSONB

from lms_graphql.privacy.sections import (
    LOOKED_UP,
    SECTIONS,
    acts_of_person,
    as_text,
    columns_of,
    external_keys_of_person,
    lookups,
)
from lms_graphql.storage import tenancy
from lms_graphql.storage.statements import Statement
from lms_graphql.tables import metadata

FORMAT, VERSION = "lms_graphql.person", 1
_ROWS_AT_ONCE = 200
_OPENING = """
SELECT now() AS exported_at, u.id, u.short_code, u.name, own_identity() AS identity
FROM universities AS u WHERE u.id = $1
"""


async def export(driver: asyncpg.Connection, university_id: int, user_id: int) -> AsyncGenerator[bytes]:
    """The document in parts, from one moment of the database; memory holds one batch of rows.

    The connection acts as lms_app for the person, so row-level security stands behind every statement.
    """
    async with driver.transaction(isolation="repeatable_read", readonly=True):
        await driver.execute("; ".join(tenancy.settings(university_id, user_id)))
        yield _opening(await driver.fetchrow(_OPENING, university_id))
        parameters = {"university_id": university_id, "user_id": user_id}
        for number, (name, statement) in enumerate(_statements().items()):
            yield f'{"," if number else ""}\n"{name}":['.encode()
            async for part in _rows(driver, statement, parameters):
                yield part
            yield b"]"
        yield b"\n}}\n"


def _opening(row: Mapping[str, Any]) -> bytes:
    university = {"id": row["id"], "short_code": row["short_code"], "name": row["name"]}
    head = {"format": FORMAT, "version": VERSION, "exported_at": row["exported_at"], "university": university}
    return _encoded({**head, "identity": orjson.Fragment(row["identity"])})[:-1] + b',"sections":{'


async def _rows(
    driver: asyncpg.Connection, statement: Statement, parameters: Mapping[str, Any]
) -> AsyncGenerator[bytes]:
    cursor = await driver.cursor(statement.sql, *statement.arguments(parameters))
    separator = b"\n"
    while rows := await cursor.fetch(_ROWS_AT_ONCE):
        yield separator + b",\n".join(_encoded(_told(row.items())) for row in rows)
        separator = b",\n"


_JSON = "json:"
"""What the names of columns begin with whose text is JSON already."""


def _told(columns: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """A row as it is told; jsonb comes from the driver as text."""
    told = {}
    for name, value in columns:
        if name.startswith(_JSON):
            told[name.removeprefix(_JSON)] = None if value is None else orjson.Fragment(value)
        else:
            told[name] = value
    return told


def _encoded(value: Any) -> bytes:
    return orjson.dumps(value, default=_spelled)


def _spelled(value: Any) -> str:
    """What JSON has no word for."""
    if isinstance(value, Decimal | datetime):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"a {type(value).__name__} can't be exported")


@cache
def _statements() -> dict[str, Statement]:
    """The statement of each section, in the document's order; rows stand by primary key."""
    keys = columns_of("external_keys")
    selects = {section.name: _select(section.table, section.columns(), section.where()) for section in SECTIONS}
    selects["external_ids"] = _select("external_keys", [keys.system, keys.external_id], external_keys_of_person())
    selects["acts"] = select(*_as_json(acts_of_person().c))
    for name, (table, where) in lookups().items():
        selects[name] = _select(table, [as_text(columns_of(table)[column]) for column in LOOKED_UP[name]], where)
    return {name: Statement(statement) for name, statement in selects.items()}


def _select(table: str, columns: Iterable[Any], where: ColumnElement[bool]) -> Select[Any]:
    return select(*_as_json(columns)).where(where).order_by(*metadata.tables[table].primary_key.columns)


def _as_json(columns: Iterable[Any]) -> list[ColumnElement[Any]]:
    return [column.label(f"{_JSON}{column.key}") if isinstance(column.type, JSONB) else column for column in columns]
