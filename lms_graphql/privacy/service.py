"""Erasing a person of a university, in one transaction as lms_app, which no other university is in reach of.

Each statement changes only what differs from the rules, and `updated_at` gets the time of the erasure: to do it again
changes nothing, and to do it to a restored backup gives the same rows again. What the person still takes part in or
waits for is dropped first: an erased person keeps no seat.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, Protocol
from urllib.parse import quote

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Select,
    String,
    Text,
    and_,
    bindparam,
    case,
    cast,
    column,
    delete,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from lms_graphql.enrollment import leaving
from lms_graphql.privacy.models import Erasure
from lms_graphql.privacy.rules import RULES, WITH_LOGIN, Change, End, Rules
from lms_graphql.privacy.sections import columns_of, hanging_on
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tables import metadata
from lms_graphql.tenancy.models import UniversityMember

_PERSON = bindparam("person", type_=BigInteger, required=True)
_AT = bindparam("erased_at", type_=DateTime(timezone=True), required=True)
_BY = bindparam("erased_by", type_=BigInteger, required=True)


class Reader(Protocol):
    """What runs a statement in a transaction that is set to act in the university."""

    async def one(self, statement: Statement, parameters: Mapping[str, Any]) -> Any:
        """The first row of a statement, None when there is none."""


class Erasing(msgspec.Struct, frozen=True, kw_only=True):
    """An erasure that is asked for. Without `erased_at` it is now; `reason` must say nothing of the person."""

    university_id: int
    user_id: int
    erased_by: int | None
    reason: str
    request_id: str
    erased_at: datetime | None = None


class Erased(msgspec.Struct, frozen=True):
    """What was done: how many rows of each table were changed or deleted. `was_erased`: the person was so before.

    `freed` are the ids of the offerings in which they had a seat, which is free now.
    """

    erased_at: datetime
    rows: dict[str, int]
    was_erased: bool
    freed: tuple[int, ...]

    @property
    def changed(self) -> int:
        """How many rows in all."""
        return sum(self.rows.values())


async def erase(reader: Reader, asked: Erasing) -> Erased | None:
    """Erase a person; None when the university has no such person.

    The caller lets who waits for the freed seats move up, writes the ledger, then commits.
    """
    parameters: dict[str, Any] = {
        **msgspec.structs.asdict(asked),
        "university_id": asked.university_id,
        "person": asked.user_id,
    }
    member = await reader.one(_LOCK, parameters)
    if member is None:
        return None
    parameters["erased_at"] = asked.erased_at or member["now"]
    parameters["segment"] = quote(member["email"].lower(), safe="@ ")  # as interop.academy names people
    await reader.one(leaving.LOCK_ALL, parameters)
    left = await reader.one(leaving.LEAVE_ALL, parameters)
    rows = {"course_enrollments": int(left["changed"]), "course_offerings": len(left["freed"])}
    for table, statement in _statements().items():
        rows[table] = int((await reader.one(statement, parameters))["changed"])
    rows["enrollment_events"] += rows["course_enrollments"]  # each has one that tells of it
    identity = await reader.one(_IDENTITY, parameters)
    rows |= {table: int(identity[table]) for table in _OF_LOGIN}
    rows["audit_log"] = int((await reader.one(_AUDIT_LOG, parameters))["changed"])
    rows["erasures"] = int((await reader.one(_RECORD, parameters))["changed"])
    return Erased(parameters["erased_at"], rows, member["status"] == "erased", tuple(left["freed"]))


# Who writes to a person's rows meanwhile holds the key of the member, and so waits or is waited for.
_LOCK = Statement(
    select(UniversityMember.email, UniversityMember.status, func.now().label("now"))
    .where(UniversityMember.university_id == UNIVERSITY, UniversityMember.user_id == _PERSON)
    .with_for_update()
)
_OF_LOGIN = ("users", *WITH_LOGIN)
_IDENTITY = Statement(
    select(*func.erase_identity(_PERSON, _AT).table_valued(*(column(table, BigInteger) for table in _OF_LOGIN)).columns)
)
_AUDIT_LOG = Statement(select(func.erase_from_audit_log(_PERSON).label("changed")))


@cache
def _statements() -> dict[str, Statement]:
    """For each table the statement that changes its rows and tells how many; what tells of the address comes first."""
    found = {"external_keys": Statement(_counted(_without_external_keys()))}
    for table, rules in RULES.items():
        changing = _changing(table, rules)
        if changing is not None:
            found[table] = Statement(_counted(changing))
    return found


def _changing(table: str, rules: Rules) -> Any:
    """The DELETE or UPDATE for the person's rows of a table; None when its rules keep everything."""
    columns = columns_of(table)
    here = and_(columns.university_id == UNIVERSITY, _is_theirs(table, rules))
    if rules.rows_go:
        stays = [columns[name] == literal(value, Text) for name, value in rules.kept.items()]
        return delete(metadata.tables[table]).where(here, *([not_(and_(*stays))] if stays else []))
    put = {name: _value(columns[name], rule) for name, rule in rules.columns.items() if isinstance(rule, Change)}
    if not put:
        return None
    differs = or_(*(columns[name].is_distinct_from(value) for name, value in put.items()))
    times = {"updated_at": _AT} if "updated_at" in columns else {}
    return update(metadata.tables[table]).values({**put, **times}).where(here, differs)


def _is_theirs(table: str, rules: Rules) -> ColumnElement[bool]:
    return hanging_on(columns_of(table), rules.person, _PERSON)


def _value(target: ColumnElement[Any], rule: Change) -> ColumnElement[Any]:
    value: Any
    if isinstance(rule, End):
        return func.coalesce(target, _AT)
    if rule.value is None:
        value = null()
    elif isinstance(target.type, JSONB):
        value = cast(literal(msgspec.json.encode(rule.value).decode(), Text), JSONB)
    elif isinstance(rule.value, str) and "{user_id}" in rule.value:
        before, after = rule.value.split("{user_id}")
        value = literal(before, Text).concat(cast(_PERSON, Text)).concat(literal(after, Text))
    else:
        value = literal(rule.value, target.type)
    return case((target.is_not(None), value), else_=null()) if rule.filled else value


def _without_external_keys() -> Any:
    """Other systems' names for the person; the academy's are made of the address, also those of what hangs on it."""
    keys = columns_of("external_keys")
    segment = bindparam("segment", type_=String, required=True)
    names = func.string_to_array(keys.external_id, literal("/", Text))
    of_person = and_(keys.entity == literal("member", Text), keys.entity_id == _PERSON)
    return delete(metadata.tables["external_keys"]).where(
        keys.university_id == UNIVERSITY, or_(of_person, segment == func.any(names))
    )


def _record() -> Any:
    """By whom only if that is still somebody of the university: a restored backup may not know them yet."""
    by = (
        select(UniversityMember.user_id)
        .where(UniversityMember.university_id == UNIVERSITY, UniversityMember.user_id == _BY)
        .scalar_subquery()
    )
    return (
        insert(Erasure)
        .values(
            university_id=UNIVERSITY,
            user_id=_PERSON,
            erased_at=_AT,
            erased_by=by,
            reason=bindparam("reason", type_=Text, required=True),
            request_id=bindparam("request_id", type_=String, required=True),
        )
        .on_conflict_do_nothing()
    )


def _counted(changing: Any) -> Select[Any]:
    # RETURNING a literal asks for no right to read.
    changed = changing.returning(literal(1).label("one")).cte("changed")
    return select(func.count().label("changed")).select_from(changed)


_RECORD = Statement(_counted(_record()))
