"""An import in steps of at most a thousand rows, each of which can be kept for itself.

What has left a class leaves before anybody comes, so that seats are free; people and rights leave at the end. A step
that is done again does nothing: what was stored has its key.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy import String, bindparam, func, select

from lms_graphql.engine.rows import Row
from lms_graphql.engine.work import Work
from lms_graphql.interop.oneroster import enrolling, kinds, mapping, retiring
from lms_graphql.interop.oneroster.outcome import ENTITIES
from lms_graphql.interop.oneroster.records import Roster
from lms_graphql.interop.oneroster.state import State
from lms_graphql.interop.oneroster.tables import Table, Wanted
from lms_graphql.storage.statements import Statement

AT_ONCE = 1000
_STRIDE = 10**7
"""Places: the number of the stage times this, and within it how far it has come."""

Store = Callable[[State, Sequence[Any]], Awaitable[None]]


def _stored(table: Table, wanted: Callable[[State, Sequence[Any]], Awaitable[list[Wanted]]]) -> Store:
    async def store(state: State, records: Sequence[Any]) -> None:
        found = await wanted(state, records)
        if found:
            await table.write(state, found)

    return store


_STORE: dict[str, tuple[str, Store]] = {
    "department": ("orgs", _stored(kinds.DEPARTMENTS, mapping.departments)),
    "term": ("academicSessions", _stored(kinds.TERMS, mapping.terms)),
    "course": ("courses", _stored(kinds.COURSES, mapping.courses)),
    "offering": ("classes", _stored(kinds.OFFERINGS, mapping.offerings)),
    "section": ("classes", _stored(kinds.SECTIONS, mapping.sections)),
    "member": ("users", _stored(kinds.MEMBERS, mapping.members)),
    "role": ("roles", _stored(kinds.ROLES, mapping.roles)),
    "instructor": ("enrollments", _stored(kinds.INSTRUCTORS, mapping.instructors)),
    "enrollment": ("enrollments", enrolling.enroll),
}
_IN, _OUT = "in", "out"
_STAGES: tuple[tuple[str, str], ...] = (
    *((_IN, entity) for entity in ("department", "term", "course", "offering", "section", "member", "role")),
    *((_OUT, entity) for entity in ("instructor", "enrollment")),
    *((_IN, entity) for entity in ("instructor", "enrollment")),
    *((_OUT, entity) for entity in ("role", "member", "section", "offering", "course", "term", "department")),
)
_TAKE_TURNS = Statement(
    select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("queue", type_=String), 1)).is_(None))
)


def parts(roster: Roster) -> int:
    """How many rows the steps go through; some files are gone through for two kinds of row."""
    return sum(len(roster.records(file)) for file, _ in _STORE.values())


async def take_turns(work: Work) -> None:
    """Let those who import rosters into one university do so one after another."""
    await work.rows(_TAKE_TURNS, Row, queue=f"roster {work.viewer.university_id}")


async def step(state: State, place: int) -> tuple[int, int | None]:
    """Do what begins at a place; gives how many parts are done, and where the next step begins."""
    stage, offset = divmod(place, _STRIDE)
    while stage < len(_STAGES):
        way, entity = _STAGES[stage]
        done, following = await (_bring if way == _IN else _take)(state, entity, offset)
        if following is not None:
            return done, stage * _STRIDE + following
        stage, offset = stage + 1, 0
        if done:
            break
    else:
        done = 0
    return done, stage * _STRIDE if stage < len(_STAGES) else None


async def _bring(state: State, entity: str, offset: int) -> tuple[int, int | None]:
    file, store = _STORE[entity]
    records = state.roster.records(file)
    some = records[offset : offset + AT_ONCE]
    if some:
        await store(state, some)
    following = offset + AT_ONCE
    return len(some), following if following < len(records) else None


async def _take(state: State, entity: str, offset: int) -> tuple[int, int | None]:
    file, _ = _STORE[entity]
    if file not in state.whole and file not in state.roster.leaving:
        return 0, None
    left = await retiring.retire(state, entity)
    return 0, offset + 1 if left == retiring.MOST else None


async def everything(state: State, on_progress: Callable[[int, int], None] | None = None) -> int:
    """All steps at once, in one transaction; gives how many parts are done."""
    done, place, total = 0, 0, parts(state.roster)
    following: int | None = place
    while following is not None:
        more, following = await step(state, following)
        done += more
        if on_progress is not None:
            on_progress(done, total)
    return done


async def shares(state: State) -> dict[str, tuple[int, int]]:
    """How many of each kind would leave, and of how many that came by earlier rosters; without those of nothing."""
    found = {}
    for entity in ENTITIES:
        file, _ = _STORE[entity]
        if file in state.whole:
            gone, there = await retiring.count(state, entity)
            if gone:
                found[entity] = gone, there
    return found
