"""What is known of a person and a content item, and what happens to it: no database in here.

What is known is a function of the set of everything that was ever told, whatever its order and however often:

    percent, last_interacted_at: the greatest · first_started_at: the least · completed_at: the first that completed it

So an event needs no number, and nothing has to remember which events were seen: to tell it again changes nothing.
"""

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from lms_graphql.progress.choices import ProgressEventKind, ProgressEventStatus

NOTHING, WHOLE = Decimal("0.00"), Decimal("100.00")
HUNDREDTH = Decimal("0.01")

CLOCKS_DIFFER = timedelta(minutes=5)
"""How far a client's clock may be wrong: an event may lie so far ahead of now, or so far before the enrollment."""

_SERVERS_KINDS = frozenset({"quiz", "engineering_lab", "assignment"})
"""Content that the server sees done itself."""


class Known(NamedTuple):
    """What is known of one person and one item in one offering; the percentage is exact, to hundredths."""

    percent: Decimal = NOTHING
    first_started_at: datetime | None = None
    last_interacted_at: datetime | None = None
    completed_at: datetime | None = None
    attempts: int = 0


class Fact(NamedTuple):
    """Something that happened at a moment; what completes an item makes it 100 percent."""

    at: datetime
    percent: Decimal = NOTHING
    completes: bool = False
    by_person: bool = True
    """Whether the person did it; somebody else's doing, as a grade, is no interaction of theirs."""


class Target(NamedTuple):
    """A person and an item: what the offering asks of this person there, and what is known."""

    kind: str
    """A label of content_type_enum."""
    is_shown: bool
    """Whether students see the item now."""
    rule: str | None
    """The completion rule that applies to the person; None: none was set."""
    min_score: Decimal | None
    points: Decimal | None
    tries: int
    """How often it was tried by attempts and submissions, where that was asked for; else 0."""
    known: Known

    @property
    def completion_rule(self) -> str:
        """The rule; without one, what can be handed in must be handed in, and all else must be opened."""
        return self.rule or ("submit" if self.kind in _SERVERS_KINDS else "view")

    @property
    def is_clients(self) -> bool:
        """Whether a client can complete the item."""
        return self.kind not in _SERVERS_KINDS and self.completion_rule in {"view", "manual"}

    def reaches(self, score_percent: Decimal | None) -> bool:
        """Whether a score is the least that is asked for: in points, to hundredths, half a hundredth up.

        Without points the item is worth 100, so that `min_score` is a percentage.
        """
        if score_percent is None or self.min_score is None:
            return False
        worth = WHOLE if self.points is None else self.points
        return rounded(score_percent * worth / 100) >= self.min_score


class Event(NamedTuple):
    """What a client says of an item, in the terms of the API."""

    at: datetime
    kind: ProgressEventKind
    percent: Decimal | None = None


class Judged(NamedTuple):
    """What an event is good for: the fact, or why there is none."""

    status: ProgressEventStatus
    message: str | None = None
    fact: Fact | None = None


def rounded(number: Decimal) -> Decimal:
    """To hundredths, half a hundredth up: as NUMERIC(5, 2) has it."""
    return number.quantize(HUNDREDTH, rounding=ROUND_HALF_UP)


def with_fact(known: Known, fact: Fact) -> Known:
    """What is known once this has been told, too."""
    seen = [fact.at] if fact.by_person else []
    done = [fact.at] if fact.completes else []
    return Known(
        WHOLE if fact.completes else max(known.percent, fact.percent),
        min([*_given(known.first_started_at), *seen], default=None),
        max([*_given(known.last_interacted_at), *seen], default=None),
        min([*_given(known.completed_at), *done], default=None),
        known.attempts,
    )


def _given(moment: datetime | None) -> list[datetime]:
    return [] if moment is None else [moment]


def judged(event: Event, target: Target, *, since: datetime, now: datetime) -> Judged:
    """What becomes of a client's event. `since` is when the person enrolled.

    Decided by what was known before the request, so that the answers do not depend on the order of its events.
    """
    wrong = _wrong(event, since=since, now=now)
    if wrong is not None:
        return Judged(ProgressEventStatus.REFUSED, wrong)
    fact = _fact(event, target)
    if fact is None:
        return Judged(ProgressEventStatus.IGNORED, _ignored(target))
    if with_fact(target.known, fact) == target.known:
        return Judged(ProgressEventStatus.ALREADY_KNOWN)
    return Judged(ProgressEventStatus.APPLIED, fact=fact)


def _wrong(event: Event, *, since: datetime, now: datetime) -> str | None:
    """What is wrong with an event of any item."""
    if event.at > now + CLOCKS_DIFFER:
        return "occurredAt is in the future: set the clock, and send it again with the right time"
    if event.at < since - CLOCKS_DIFFER:
        return "occurredAt is before the enrollment"
    if (event.percent is None) == (event.kind is ProgressEventKind.PROGRESS):
        return "percent goes with PROGRESS, and with nothing else"
    if event.percent is not None and not (event.percent.is_finite() and 0 <= event.percent <= WHOLE):
        return "percent must be from 0 to 100"
    return None


def _fact(event: Event, target: Target) -> Fact | None:
    """What an event tells, where it is the client's to tell."""
    percent = NOTHING if event.percent is None else rounded(event.percent)
    says_done = event.kind is ProgressEventKind.COMPLETED or percent == WHOLE
    if target.is_clients and target.completion_rule == "view":
        return Fact(event.at, percent, completes=says_done or event.kind is ProgressEventKind.VIEWED)
    if target.is_clients and event.kind is ProgressEventKind.COMPLETED:
        return Fact(event.at, completes=True)
    return None if says_done else Fact(event.at, percent)


def _ignored(target: Target) -> str:
    if target.is_clients:
        return "this is completed by COMPLETED alone: no percentage says so"
    return "the server completes this, by what is handed in or by its score: send less than 100 percent, or VIEWED"
