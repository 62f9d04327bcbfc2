"""Strings and numbers that stand in one place of the database each, so that one which is seen says what was shown."""

import json
import random
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import asyncpg
from sqlalchemy import ARRAY, CheckConstraint, Column, Numeric, String, Table
from sqlalchemy.dialects.postgresql import ENUM, JSONB

from tests.isolation.disclosure import ALWAYS, NEVER_IN_JSON, NOT_PLANTED, RULES
from tests.isolation.twin import STRUCTURE, TABLES

_TEXT = re.compile(r"z[qr]\d{6}")
_NUMBER = re.compile(r'"(\d+\.\d\d)"')
_LAST = 999_999


def declared_columns() -> Iterator[Column[Any]]:
    """Every column that could hold a secret: texts, JSON and exact numbers that nothing else determines."""
    for table in TABLES.values():
        for column in table.columns:
            plain = isinstance(column.type, String | JSONB | Numeric | ARRAY) and not isinstance(column.type, ENUM)
            if plain and column.computed is None and not is_listed(column):
                yield column


def is_listed(column: Column[Any]) -> bool:
    """Whether a CHECK lists the texts that the column may have, or says how they are formed."""
    checks = [str(c.sqltext) for c in column.table.constraints if isinstance(c, CheckConstraint)]
    return isinstance(column.type, String) and any(re.search(rf"\b{column.name} (IN \(|~)", check) for check in checks)


def undeclared() -> list[str]:
    """The columns that `disclosure` says nothing about."""
    names = (f"{column.table.name}.{column.name}" for column in declared_columns())
    return [n for n in names if n not in NOT_PLANTED and n.partition(".")[0] not in NOT_PLANTED and not _rule(n)]


def _rule(name: str) -> str | None:
    table, _, column = name.partition(".")
    return RULES.get(table, {}).get(column)


class Canaries:
    """Plants them in a university's rows, and says which of them a person may see."""

    def __init__(self, driver: asyncpg.Connection, university_id: int) -> None:
        self.driver = driver
        self.university_id = university_id
        self.planted: dict[str, str] = {}
        """The place of each canary, as table.column."""
        self._numbers = random.Random(5).sample(range(1000, 9999), 400)  # noqa: S311 - repeatable, not secret

    async def plant(self) -> None:
        """A canary in every place that is declared; nothing but the search notices that rows have changed."""
        for table, trigger in await self.driver.fetch(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal AND tgname <> 'keep_text'"
        ):
            await self.driver.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
        # A signed certificate has a code of one form, which no canary has.
        await self.driver.execute("ALTER TABLE certificates DROP CONSTRAINT certificates_certificate_code_check")
        for name in RULES:
            await self._rewrite(TABLES[name], self._new)
        await self.driver.execute("ANALYZE")

    async def disturb(self, visible: set[str]) -> None:
        """Change every canary but the visible ones, so that whatever stood before another now stands behind it."""

        def other(_column: Column[Any], old: Any) -> Any:
            found = canary_of(old)
            if found is None or found not in self.planted or found in visible:
                return old
            if isinstance(old, Decimal):
                return Decimal(200 if old >= 100 else 0) + Decimal("109.99") - old
            return f"zr{_LAST - int(found[2:]):06d}"

        for name in RULES:
            await self._rewrite(TABLES[name], other)

    async def _rewrite(self, table: Table, change: Any) -> None:
        columns = [column for column in table.columns if column.name in RULES[table.name]]
        names = ", ".join(column.name for column in columns)
        where = "true" if table.name == "users" else f"university_id = {self.university_id}"
        marks = ", ".join(f"{column.name} = ${number}" for number, column in enumerate(columns, start=2))
        for row in await self.driver.fetch(f"SELECT ctid::text, {names} FROM {table.name} WHERE {where} ORDER BY 2"):
            values = [_changed(column, row[column.name], change) for column in columns]
            if values != [row[column.name] for column in columns]:
                update = f"UPDATE {table.name} SET {marks} WHERE ctid = $1::text::tid AND {where}"
                await self.driver.execute(update, row["ctid"], *values)

    def _new(self, column: Column[Any], old: Any) -> Any:
        place = f"{column.table.name}.{column.name}"
        if isinstance(old, Decimal):
            if RULES[column.table.name][column.name] == ALWAYS or column.table.name == "grade_categories":
                return old
            number = Decimal(self._numbers.pop()) / 100 + (100 if column.name == "max_score" else 0)
            self.planted[f"{number:.2f}"] = place
            return number
        canary = f"zq{len(self.planted):06d}"
        self.planted[canary] = place
        return canary

    async def visible(self, user_id: int, *, member: bool) -> set[str]:
        """What the rules of `disclosure` give a person; nobody is 0."""
        found: set[str] = set()
        for table, rules in RULES.items():
            for column, rule in rules.items():
                where = rule.format(u=user_id, member=str(member).lower())
                tenant = "false" if table == "users" else f"t.university_id = {self.university_id}"
                rows = await self.driver.fetch(f"SELECT t.{column} FROM {table} t WHERE {tenant} AND ({where})")
                for (value,) in rows:
                    found |= set(self._in(f"{table}.{column}", value))
        return found & set(self.planted)

    def _in(self, place: str, value: Any) -> Iterator[str]:
        if isinstance(TABLES[place.partition(".")[0]].columns[place.partition(".")[2]].type, JSONB):
            yield from _leaves(None if value is None else json.loads(value), NEVER_IN_JSON.get(place, frozenset()))
        elif (found := canary_of(value)) is not None:
            yield found

    def seen(self, texts: Iterable[str]) -> set[str]:
        """The canaries in some texts."""
        found: set[str] = set()
        for text in texts:
            found |= set(_TEXT.findall(text)) | set(_NUMBER.findall(text))
        return found & set(self.planted)


def canary_of(value: Any) -> str | None:
    """The canary that a value is, if it is one."""
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return value if isinstance(value, str) and _TEXT.fullmatch(value) else None


def _changed(column: Column[Any], value: Any, change: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, JSONB):
        kept = frozenset() if column.table.name == "question_keys" else STRUCTURE  # there the names are the answers
        return json.dumps(_planted(json.loads(value), lambda old: change(column, old), kept))
    if isinstance(column.type, ARRAY):
        return [change(column, old) for old in value]
    return change(column, value)


def _planted(value: Any, change: Any, kept: frozenset[str], key: str = "") -> Any:
    """JSON with every text changed that is no name of a structure; the names of variables are texts, too."""
    if isinstance(value, dict):
        return {change(n) if key == "env" else n: _planted(inner, change, kept, n) for n, inner in value.items()}
    if isinstance(value, list):
        return [_planted(inner, change, kept, key) for inner in value]
    return change(value) if isinstance(value, str) and key not in kept else value


def _leaves(value: Any, without: frozenset[str]) -> Iterator[str]:
    if isinstance(value, dict):
        if value.get("role") not in without:
            for key, inner in value.items():
                if key not in without:
                    yield from _leaves(inner, without)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, without)
    elif isinstance(value, str) and _TEXT.fullmatch(value):
        yield value
