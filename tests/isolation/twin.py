"""A second university that is the first one again: equal numbers of rows, and a mark on every value that can bear one.

A statement that forgets the university finds two rows for each number, so nothing hides a forgotten condition; a row of
the twin that is shown anywhere shows its mark. Codes stay equal: what is found by code must be found here alone.
"""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import ROUND_FLOOR, Decimal
from functools import cache
from typing import Any

import asyncpg
from sqlalchemy import CheckConstraint, Column, DateTime, Numeric, String, Table
from sqlalchemy.dialects.postgresql import ENUM, JSONB, TSVECTOR, UUID

from lms_graphql import tables

TEXT = "~twin"
_MICROSECONDS = 133_700
SHIFT = 1000
"""What is added to the numbers of rows that no two universities can have the same of."""

STRUCTURE = frozenset(
    {"type", "role", "layout", "kind", "id", "side", "correct", "chosen", "order", "pairs", "provider", "quiz_mode"}
)
"""Keys of JSON that say what a value is, or refer to another: a mark there would make nonsense of the rest."""

TABLES: Mapping[str, Table] = tables.metadata.tables
_PEOPLE = frozenset({"university_members", "user_university_roles"})
KEPT_BY_TRIGGERS = frozenset({"search_texts"})


def tenant_tables() -> list[Table]:
    """Every table with a university, those that others refer to first."""
    return [
        table
        for table in tables.metadata.sorted_tables
        if "university_id" in table.columns and table.name not in KEPT_BY_TRIGGERS
    ]


@cache
def origins(column: Column[Any]) -> frozenset[tuple[str, str]]:
    """Table and name of every column that a value of this one must stand in, by its foreign keys and theirs."""
    found, waiting = set(), [column]
    while waiting:
        for key in waiting.pop().foreign_keys:
            where = (key.column.table.name, key.column.name)
            if where not in found:
                found.add(where)
                waiting.append(key.column)
    return frozenset(found)


def is_shifted(column: Column[Any]) -> bool:
    """Whether the column holds a number that no two universities share: of people, of rows without a tenant key."""
    places = {(column.table.name, column.name), *origins(column)}
    return any(place == ("users", "id") or _is_only(*place) for place in places)


def _is_only(table: str, column: str) -> bool:
    return (
        column == "id"
        and "university_id" in TABLES[table].columns
        and not TABLES[table].columns["university_id"].primary_key
    )


def is_closed(column: Column[Any]) -> bool:
    """Whether a text is one of a few that a CHECK lists or forms, part of a key, or a code that is looked for."""
    checks = [str(c.sqltext) for c in column.table.constraints if isinstance(c, CheckConstraint)]
    listed = any(re.search(rf"\b{column.name} (=|IN|~)", check) for check in checks)
    return listed or column.primary_key or column.name == "code" or column.name.endswith("_code")


def marked_json(value: Any, mark: Any, key: str = "") -> Any:
    """The value with every text in it marked by `mark(text, key)`, but for what says what something is."""
    if isinstance(value, dict):
        return {name: marked_json(inner, mark, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [marked_json(inner, mark, key) for inner in value]
    return mark(value, key) if isinstance(value, str) and key not in STRUCTURE else value


def _marked(column: Column[Any], value: Any) -> Any:
    if isinstance(column.type, JSONB):
        return json.dumps(marked_json(json.loads(value), lambda text, _key: text + TEXT))
    if isinstance(column.type, DateTime):
        return value.replace(microsecond=_MICROSECONDS)
    if isinstance(column.type, Numeric):
        return Decimal("0.37") if value < 1 else value.to_integral_value(ROUND_FLOOR) - Decimal("0.63")
    if isinstance(column.type, String) and not isinstance(column.type, ENUM) and not is_closed(column):
        return value + TEXT
    return value


def _copied(table: Table) -> list[Column[Any]]:
    """The columns that are copied: all that nothing else decides."""
    return [c for c in table.columns if c.computed is None and not isinstance(c.type, TSVECTOR | UUID)]


async def copy_people(driver: asyncpg.Connection, source: int) -> None:
    """A login for the twin of every person of a university."""
    await driver.execute(
        "INSERT INTO users (id, email, full_name, password_hash)"
        " SELECT id + $2, 'twin-' || email, full_name || $3, '!' FROM users"
        " WHERE id IN (SELECT user_id FROM university_members WHERE university_id = $1)",
        source, SHIFT, TEXT,
    )  # fmt: skip


async def copy_rows(driver: asyncpg.Connection, source: int, target: int) -> None:
    """Every row of every table of a university again, in another one, marked; who is a member already stays so."""
    there = {
        row[0] for row in await driver.fetch("SELECT user_id FROM university_members WHERE university_id = $1", target)
    }
    # A certificate is older than what stands of the grade now, and it may come before it here.
    await driver.execute("ALTER TABLE certificates DISABLE TRIGGER require_passed")
    later = TABLES["discussion_threads"].columns["accepted_post_id"]
    for table in tenant_tables():
        columns = [column for column in _copied(table) if column is not later]
        names = ", ".join(column.name for column in columns)
        found = await driver.fetch(f"SELECT {names} FROM {table.name} WHERE university_id = $1 ORDER BY 1, 2", source)
        marks = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
        insert = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"
        made = [
            list(_row(columns, row, target))
            for row in found
            if not (table.name in _PEOPLE and row["user_id"] + SHIFT in there)
        ]
        await driver.executemany(insert, made)
    await driver.execute("ALTER TABLE certificates ENABLE TRIGGER require_passed")
    await driver.execute(
        "UPDATE discussion_threads AS t SET accepted_post_id = s.accepted_post_id FROM discussion_threads AS s"
        " WHERE s.university_id = $1 AND t.university_id = $2 AND t.id = s.id",
        source, target,
    )  # fmt: skip
    await driver.execute("ANALYZE")


def _row(columns: list[Column[Any]], row: Any, target: int) -> Iterator[Any]:
    for column in columns:
        value = row[column.name]
        if column.name == "university_id":
            yield target
        elif value is None:
            yield None
        elif is_shifted(column):
            yield value + SHIFT
        else:
            yield _marked(column, value)


_MARK = re.compile(rf"{TEXT}|\.{_MICROSECONDS}[+Z]|\d\.37\b")


def marks(text: str) -> list[str]:
    """The twin's marks in a text: of texts, of moments, of exact numbers."""
    return _MARK.findall(text)
