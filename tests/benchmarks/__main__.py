"""`make bench`: every part, or those that BENCH names; the goals at the end, and all numbers as JSON."""

import datetime as dt
import importlib
import os
import platform
import sys
from pathlib import Path
from typing import Any

import msgspec

from tests.benchmarks import database
from tests.benchmarks.load import require_wrk
from tests.benchmarks.rounds import QUICK, ROUNDS, SECONDS
from tests.benchmarks.table import Goal, shown

PARTS = ("syllabus", "conditional", "statements", "growth", "pages", "memory", "latency", "calibration", "start")


def main() -> None:
    """Run the parts one after the other."""
    require_wrk()
    names = (os.environ.get("BENCH") or ",".join(PARTS)).split(",")
    unknown = set(names) - set(PARTS)
    if unknown:
        raise SystemExit(f"BENCH: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", flush=True)  # noqa: T201
    goals: list[Goal] = []
    numbers: dict[str, Any] = {}
    with database.running() as running:
        for name in names:
            part = importlib.import_module(f"tests.benchmarks.{name}")
            found, numbers[name] = part.measure(running)
            goals += found
    print(shown(sorted(goals, key=lambda goal: goal.number)))  # noqa: T201
    print(f"all numbers: {_write(goals, numbers)}")  # noqa: T201


def _write(goals: list[Goal], numbers: dict[str, Any]) -> Path:
    now = dt.datetime.now(dt.UTC)
    path = Path(os.environ.get("BENCH_OUT") or database.HERE / "results" / f"{now:%Y-%m-%d-%H%M%S}.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    load = os.getloadavg()[0]
    machine = {"cpus": os.cpu_count(), "python": sys.version.split()[0], "system": platform.platform(), "load": load}
    options = {"rounds": ROUNDS, "seconds": SECONDS, "quick": QUICK}
    written = {"at": now.isoformat(), "machine": machine, "options": options, "goals": goals, "parts": numbers}
    path.write_bytes(msgspec.json.format(msgspec.json.encode(written), indent=2))
    return path


if __name__ == "__main__":
    main()
