"""Contestants measured by turns, so that the machine's noise meets them all; ratios are of the same round."""

import contextlib
import os
import statistics
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from tests.benchmarks.contestants import Contestant, Running, started
from tests.benchmarks.database import Database
from tests.benchmarks.load import Load, Measured, Request, parsed

_BYTES_TOLERANCE = 0.05

QUICK = os.environ.get("BENCH_QUICK") == "1"
ROUNDS = int(os.environ.get("ROUNDS") or (1 if QUICK else 5))
SECONDS = float(os.environ.get("SECONDS") or (2 if QUICK else 5))
CONNECTIONS = int(os.environ.get("CONNECTIONS") or 4)
_WARM_UP_SECONDS = 3


class Standing(msgspec.Struct):
    """A contestant after all rounds."""

    contestant: Contestant
    rounds: list[Measured]

    def median(self, name: str) -> float:
        """The median over the rounds of one of `Measured`'s numbers."""
        return statistics.median(getattr(measured, name) for measured in self.rounds)

    def ratio(self, other: "Standing", name: str = "total_ms") -> float:
        """The median over the rounds of ours to theirs."""
        pairs = zip(self.rounds, other.rounds, strict=True)
        return statistics.median(getattr(ours, name) / getattr(theirs, name) for ours, theirs in pairs)

    def as_json(self) -> dict[str, Any]:
        """For the file of results."""
        numbers = {name: self.median(name) for name in ("rps", "server_ms", "database_ms", "total_ms", "median_ms")}
        return {
            "name": self.contestant.name,
            "title": self.contestant.title,
            **numbers,
            "rounds": [{**msgspec.to_builtins(measured), "total_ms": measured.total_ms} for measured in self.rounds],
        }


def compare(
    database: Database,
    contestants: Sequence[Contestant],
    requests: Callable[[Contestant], list[Request]],
    check: Callable[[list[Running]], None],
    *,
    rounds: int = ROUNDS,
    seconds: float = SECONDS,
) -> list[Standing]:
    """Start all, check that their answers are equal, then measure each in turn, `rounds` times."""
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(started(contestant, database)) for contestant in contestants]
        check(servers)
        loads = [Load(server.url, requests(server.contestant), connections=CONNECTIONS) for server in servers]
        expected = [_mean_bytes(load) for load in loads]
        standings = [Standing(server.contestant, []) for server in servers]
        places = list(range(len(servers)))
        for number in range(rounds):
            for place in places[number % len(places) :] + places[: number % len(places)]:
                server, load = servers[place], loads[place]
                if number:
                    load.run(1)  # it lay still for a while
                measured = load.measure(seconds, server=server.process.pid, postmaster=database.pid)
                _require_answers(server.contestant, measured, expected[place])
                standings[place].rounds.append(measured)
    return standings


def by_turns(
    database: Database,
    running: Running,
    requests: dict[str, list[Request]],
    *,
    rounds: int = ROUNDS,
    seconds: float = SECONDS,
    connections: int = CONNECTIONS,
) -> dict[str, list[Measured]]:
    """Several loads on one server, each in turn, `rounds` times."""
    loads = {name: Load(running.url, given, connections=connections) for name, given in requests.items()}
    expected = {name: _mean_bytes(load) for name, load in loads.items()}
    found: dict[str, list[Measured]] = {name: [] for name in loads}
    for _ in range(rounds):
        for name, load in loads.items():
            measured = load.measure(seconds, server=running.process.pid, postmaster=database.pid)
            _require_answers(running.contestant, measured, expected[name])
            found[name].append(measured)
    return found


def _mean_bytes(load: Load) -> float:
    """The warm-up; gives the bytes of an answer, to see later that answers stayed answers."""
    return parsed(load.run(_WARM_UP_SECONDS)).bytes_per_response


def _require_answers(contestant: Contestant, measured: Measured, expected_bytes: float) -> None:
    if measured.failed:
        raise SystemExit(f"{contestant.name}: {measured.failed} of {measured.requests} requests failed")
    if abs(measured.bytes_per_response / expected_bytes - 1) > _BYTES_TOLERANCE:
        raise SystemExit(
            f"{contestant.name}: answers of {measured.bytes_per_response:.0f} bytes, {expected_bytes:.0f} before"
        )


def table(title: str, standings: Sequence[Standing], ours: Standing) -> str:
    """The standings, best first, with the ratio of ours to each."""
    lines = [title, f"  {'':52} {'rps':>7} {'server':>8} {'postgres':>8} {'total ms':>8}   ours is"]
    for standing in sorted(standings, key=lambda found: found.median("total_ms")):
        numbers = [standing.median(name) for name in ("server_ms", "database_ms", "total_ms")]
        against = "" if standing is ours else f"{ours.ratio(standing):6.2f} ×"
        shown = " ".join(f"{number:8.3f}" for number in numbers)
        lines.append(f"  {standing.contestant.title:52} {standing.median('rps'):7.0f} {shown}   {against}")
    return "\n".join(lines)
