"""What rows are called in rosters: which of ours a sourced id names, and whether it changed since the last import.

A key without a hash belongs to something that has left the roster. Rows that never came by a roster are exported as
`lms-<short code>-<entity>-<number>`, and the university that they came from knows them again by that.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    LargeBinary,
    String,
    Text,
    and_,
    any_,
    bindparam,
    column,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from lms_graphql.engine.rows import record
from lms_graphql.engine.work import Work
from lms_graphql.interop.models import ExternalKey
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY

SYSTEM = "oneroster"
KeyRow = record("RosterKey")
_ENTITY = bindparam("entity", type_=String, required=True)
_NAMES = bindparam("names", type_=ARRAY(Text), required=True)
_IDS = bindparam("ids", type_=ARRAY(BigInteger), required=True)
_HERE = (
    ExternalKey.university_id == UNIVERSITY,
    ExternalKey.system == SYSTEM,
    ExternalKey.entity == _ENTITY,
)
_SHOWN = (ExternalKey.external_id, ExternalKey.entity_id, ExternalKey.content_hash)


def _asked(array: Any, kind: Any, of: Any) -> Statement:
    """Keys by what is asked for, each by the index: compared with an array, every key would be."""
    asked = func.unnest(array).table_valued(column("value", kind)).render_derived(name="asked")
    return Statement(select(*_SHOWN).join_from(asked, ExternalKey, and_(*_HERE, of == asked.c.value)))


_BY_NAME = _asked(_NAMES, Text, ExternalKey.external_id)
_BY_ID = _asked(_IDS, BigInteger, ExternalKey.entity_id)
_LIVE = Statement(
    select(ExternalKey.external_id, ExternalKey.entity_id).where(*_HERE, ExternalKey.content_hash.is_not(None))
)
_FORGET = Statement(delete(ExternalKey).where(*_HERE, ExternalKey.external_id == any_(_NAMES)))
_RETIRE = Statement(
    update(ExternalKey).where(*_HERE, ExternalKey.external_id == any_(_NAMES)).values(content_hash=None)
)


def _remembering() -> Statement:
    arrays = (
        _NAMES,
        _IDS,
        bindparam("hashes", type_=ARRAY(LargeBinary), required=True),
    )
    names = (column("name", Text), column("number", BigInteger), column("hash", LargeBinary))
    key = func.unnest(*arrays).table_valued(*names).render_derived(name="key")
    made = insert(ExternalKey).from_select(
        ["university_id", "system", "entity", "external_id", "entity_id", "content_hash"],
        select(UNIVERSITY, bindparam("system", SYSTEM, type_=String), _ENTITY, key.c.name, key.c.number, key.c.hash),
    )
    return Statement(
        made.on_conflict_do_update(
            index_elements=["university_id", "system", "entity", "external_id"],
            set_={name: made.excluded[name] for name in ("entity_id", "content_hash")},
        )
    )


_REMEMBER = _remembering()


class Key(NamedTuple):
    """What a sourced id names, and the hash of what it was; None for what has left."""

    entity_id: int
    content_hash: bytes | None


async def known(work: Work, entity: str, names: Sequence[str]) -> dict[str, Key]:
    """The keys of these sourced ids, as far as there are some."""
    rows = await work.rows(_BY_NAME, KeyRow, entity=entity, names=list(names))
    return {row["external_id"]: Key(row["entity_id"], row["content_hash"]) for row in rows}


async def names_of(work: Work, entity: str, ids: Sequence[int]) -> dict[int, str]:
    """What these rows are called, as far as they came by a roster."""
    rows = await work.rows(_BY_ID, KeyRow, entity=entity, ids=list(ids))
    return {row["entity_id"]: row["external_id"] for row in rows}


async def live(work: Work, entity: str) -> dict[str, int]:
    """Everything that came by a roster and has not left: its number by its sourced id."""
    rows = await work.rows(_LIVE, KeyRow, entity=entity)
    return {row["external_id"]: row["entity_id"] for row in rows}


async def remember(work: Work, entity: str, keys: Mapping[str, Key]) -> None:
    """Note what sourced ids name from now on."""
    if keys:
        await work.rows(
            _REMEMBER,
            KeyRow,
            entity=entity,
            names=list(keys),
            ids=[key.entity_id for key in keys.values()],
            hashes=[key.content_hash for key in keys.values()],
        )


async def forget(work: Work, entity: str, names: Sequence[str]) -> None:
    """Take keys away: their rows have another name now, or are gone."""
    if names:
        await work.rows(_FORGET, KeyRow, entity=entity, names=list(names))


async def retire(work: Work, entity: str, names: Sequence[str]) -> None:
    """Note that something has left the roster: should it come back, it is written again."""
    if names:
        await work.rows(_RETIRE, KeyRow, entity=entity, names=list(names))


def own_name(short_code: str, entity: str, number: int) -> str:
    """The sourced id of a row that never came by a roster."""
    return f"lms-{short_code}-{entity}-{number}"


def own_number(short_code: str, entity: str, name: str) -> int | None:
    """The number of the row that such a sourced id names; None for any other."""
    found = re.fullmatch(rf"lms-{re.escape(short_code)}-{entity}-([1-9][0-9]{{0,17}})", name)
    return None if found is None else int(found[1])
