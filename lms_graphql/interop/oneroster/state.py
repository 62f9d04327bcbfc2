"""What the parts of an import have in common: the roster, the university that it is for, and what came of it so far."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import select

from lms_graphql.engine.rows import record
from lms_graphql.engine.work import Work
from lms_graphql.interop.oneroster.binding import BULK
from lms_graphql.interop.oneroster.outcome import Outcome
from lms_graphql.interop.oneroster.records import Record, Roster, RowError
from lms_graphql.storage.statements import Statement
from lms_graphql.storage.tenancy import UNIVERSITY
from lms_graphql.tenancy.models import University

UniversityRow = record("RosterUniversity", tenant=False)
HERE_NOW = Statement(
    select(University.name, University.short_code, University.time_zone).where(University.id == UNIVERSITY)
)


class Here:
    """The university that a roster is of, or for."""

    def __init__(self, name: str, short_code: str, time_zone: str) -> None:
        self.name = name
        self.short_code = short_code
        self.zone = ZoneInfo(time_zone)


async def university(work: Work) -> Here:
    """That of the work."""
    (row,) = await work.rows(HERE_NOW, UniversityRow)
    return Here(row["name"], row["short_code"], row["time_zone"])


class State:
    """One step of an import, or all of it. `whole` are the files that say all there is."""

    def __init__(self, work: Work, here: Here, roster: Roster, mode: str, outcome: Outcome) -> None:
        self.work = work
        self.here = here
        self.roster = roster
        self.outcome = outcome
        self.whole = whole_files(roster, mode)

    def refuse(self, entity: str, file: str, record: Record, field: str | None, message: str) -> None:
        """Leave a row out, and say why."""
        self.outcome.refuse(entity, RowError(file, record.line, field, message))


def whole_files(roster: Roster, mode: str) -> frozenset[str]:
    """The files from which things can have left: in mode diff none."""
    if mode == "diff":
        return frozenset()
    return frozenset(name for name, said in roster.modes.items() if said == BULK and name not in roster.unsure)


def gone_of(roster: Roster, file: str, live: Sequence[str], *, is_whole: bool) -> list[str]:
    """Which of the sourced ids that came by earlier rosters have left, in order."""
    leaving = set(roster.leaving.get(file, ()))
    staying = roster.named(file) if is_whole else frozenset()
    return sorted(name for name in live if name in leaving or (is_whole and name not in staying))
