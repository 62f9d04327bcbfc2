"""What an import did to a course, written into the audit log: by the operator of the command line, row by row."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ARRAY, BigInteger, Text, any_, bindparam, cast, insert, literal, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from lms_graphql.interop.arrays import unnest
from lms_graphql.interop.plan import MODULES, Plan, Table
from lms_graphql.interop.pools import NewVersion, PoolPlan
from lms_graphql.storage.journal import AuditEntry

OPERATOR = "operator"
"""The role in which things are done on the command line: nobody's of the university."""
_SAID = {
    MODULES.entity: ("module_type", "title", "description", "is_published", "module_template_id"),
    "content_item": ("content_type", "title", "description", "estimated_duration_seconds", "is_active", "data_json"),
}
_WORDS = {MODULES.entity: ("module", "Module"), "content_item": ("item", "ContentItem")}

Values = Mapping[str, Any]


class Entry(NamedTuple):
    """One act upon one row, with what it was before and after."""

    act: str
    entity: str
    entity_id: int
    before: Values | None
    after: Values | None


class Journal:
    """The entries of one import, in the order in which they are written; none are kept without `request_id`."""

    def __init__(self, connection: AsyncConnection, university_id: int, request_id: str | None) -> None:
        self._connection = connection
        self._university_id = university_id
        self._request_id = request_id
        self._entries: list[Entry] = []
        self._former: dict[str, dict[int, dict[str, Any]]] = {}

    async def look(self, table: Table, plan: Plan) -> None:
        """Remember what a plan changes, before it is done."""
        ids = [plan.ids[thing.external_id] for thing in plan.changed] + [shift.id for shift in plan.shifts]
        if self._request_id is None or not ids:
            return
        columns = table.model.__table__.c
        names = (*_SAID[table.entity], table.parent, "sequence_index")
        rows = await self._connection.execute(
            select(columns.id, *(columns[name] for name in names)).where(
                columns.university_id == self._university_id,
                columns.id == any_(bindparam("ids", ids, type_=ARRAY(BigInteger))),
            )
        )
        self._former[table.entity] = {row.id: {name: _read(name, getattr(row, name)) for name in names} for row in rows}

    def single(self, entity: str, entity_id: int, columns: Values, former: Values | None) -> None:
        """The course or the offering: what was added, or what changed."""
        word, typename = ("course", "Course") if entity == "course" else ("offering", "CourseOffering")
        if former is None:
            self._entries.append(Entry(f"{word}.create", typename, entity_id, None, columns))
        else:
            self._changed(word, typename, entity_id, former, columns)

    def tree(self, table: Table, course_id: int, plan: Plan) -> None:
        """The modules or the items of a plan that was done."""
        word, typename = _WORDS[table.entity]
        for thing in plan.created:
            told = {"course_id": course_id, **self._told(table, plan, thing)}
            self._entries.append(Entry(f"{word}.create", typename, plan.ids[thing.external_id], None, told))
        former = self._former.get(table.entity, {})
        for thing in plan.changed:
            number = plan.ids[thing.external_id]
            self._changed(word, typename, number, former.get(number, {}), self._told(table, plan, thing))
        for shift in plan.shifts:
            was = former.get(shift.id, {})
            now = {"sequence_index": shift.sequence_index, **({table.flag: False} if shift.retire else {})}
            self._changed(word, typename, shift.id, {name: was.get(name) for name in now}, now)

    @staticmethod
    def _told(table: Table, plan: Plan, thing: Any) -> dict[str, Any]:
        columns = dict(thing.columns)
        if "data_json" in columns:
            columns["data_json"] = msgspec.json.decode(columns["data_json"])
        return {**columns, table.parent: plan.parent_id(thing), "sequence_index": thing.position}

    def _changed(self, word: str, typename: str, number: int, former: Values, now: Values) -> None:
        before = {name: former.get(name) for name in now if former.get(name) != now[name]}
        if before:
            after = {name: now[name] for name in before}
            self._entries.append(Entry(f"{word}.update", typename, number, before, after))

    def pools(self, course_id: int, plan: PoolPlan) -> None:
        """The pools and the versions of questions that were written, without their answers."""
        for act, things in (("create", plan.created), ("update", plan.changed)):
            for thing in things:
                told = {"courseId": course_id, "title": thing.columns["title"]}
                number = plan.pool_ids[thing.external_id]
                self._entries.append(Entry(f"question_pool.{act}", "QuestionPool", number, None, told))
        self._questions("question.create", plan.new_questions)
        self._questions("question.update", plan.changed_questions)
        for number in plan.inactive:
            gone = Entry("question.remove", "Question", number, {"isActive": True}, {"isActive": False})
            self._entries.append(gone)

    def _questions(self, act: str, versions: Iterable[NewVersion]) -> None:
        for one in versions:
            columns = one.thing.columns
            told = {
                "poolId": one.pool_id,
                "number": one.number,
                "version": one.version,
                "isActive": True,
                **{name: columns[name] for name in ("type", "points", "stem")},
                **{name: msgspec.json.decode(columns[name]) for name in ("options", "hints")},
            }
            self._entries.append(Entry(act, "Question", one.id, None, told))

    async def write(self) -> None:
        """Write all entries, in one statement."""
        if self._request_id is None or not self._entries:
            return
        rows = unnest(
            "entries",
            act=(Text(), [entry.act for entry in self._entries]),
            entity=(Text(), [entry.entity for entry in self._entries]),
            entity_id=(BigInteger(), [entry.entity_id for entry in self._entries]),
            old_values=(Text(), [_json(entry.before) for entry in self._entries]),
            new_values=(Text(), [_json(entry.after) for entry in self._entries]),
        )
        columns: Sequence[Any] = (
            literal(self._university_id, BigInteger),
            literal([OPERATOR], ARRAY(Text)),
            rows.c.act,
            rows.c.entity,
            rows.c.entity_id,
            cast(rows.c.old_values, JSONB),
            cast(rows.c.new_values, JSONB),
            literal(self._request_id, Text),
        )
        names = ("university_id", "roles", "act", "entity", "entity_id", "old_values", "new_values", "request_id")
        await self._connection.execute(insert(AuditEntry).inline().from_select(list(names), select(*columns)))


def _read(name: str, value: Any) -> Any:
    return msgspec.json.decode(value) if name == "data_json" and isinstance(value, str) else value


def _json(values: Values | None) -> str | None:
    return None if values is None else msgspec.json.encode(dict(values), enc_hook=str).decode()
