"""Goal 7: the memory of a worker over 50,000 mixed requests, and whether it grows."""

import statistics
import time
from pathlib import Path
from typing import Any

from tests.benchmarks import contestants as c
from tests.benchmarks.contestants import started
from tests.benchmarks.database import Database
from tests.benchmarks.load import Load, parsed
from tests.benchmarks.mixed import mixed
from tests.benchmarks.rounds import QUICK
from tests.benchmarks.table import Goal, at_most

_REQUESTS = 5_000 if QUICK else 50_000
_STEP_SECONDS = 5
_MOST_MB = 120
_MOST_SLOPE_MB = 1.0
"""Per 10,000 requests in the second half: what "about 0" is taken for."""


def measure(database: Database) -> tuple[list[Goal], Any]:
    """Resident memory after every few seconds of load."""
    contestant = c.CACHED if c.HAS_CACHE else c.OURS
    samples: list[tuple[int, float]] = []
    with started(contestant, database) as running:
        samples.append((0, _resident_mb(running.process.pid)))
        load, done = Load(running.url, mixed()), 0
        while done < _REQUESTS:
            result = parsed(load.run(_STEP_SECONDS))
            if result.failed:
                raise SystemExit(f"{result.failed} of {result.requests} mixed requests failed")
            done += result.requests
            samples.append((done, _resident_mb(running.process.pid)))
        time.sleep(1)
        peak = _status_mb(running.process.pid, "VmHWM")
    slope = _slope(samples[len(samples) // 2 :]) * 10_000
    end = samples[-1][1]
    start = samples[0][1]
    print(f"resident MB: {start:.0f} at start, {end:.0f} after {done} mixed requests, {peak:.0f} at most")  # noqa: T201
    print(f"slope in the second half: {slope:+.2f} MB per 10,000 requests", flush=True)  # noqa: T201
    suffix = f"after {done:,} mixed requests" + (" (BENCH_QUICK)" if QUICK else "")
    goals = [
        at_most(7, f"resident memory {suffix}", end, _MOST_MB, "MB"),
        at_most(7, "its growth in the second half, per 10,000 requests", slope, _MOST_SLOPE_MB, "MB"),
    ]
    return goals, {"samples": samples, "peak_mb": peak, "slope_mb_per_10000": slope}


def _resident_mb(pid: int) -> float:
    return _status_mb(pid, "VmRSS")


def _status_mb(pid: int, name: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name + ":"))


def _slope(samples: list[tuple[int, float]]) -> float:
    """MB per request, by least squares."""
    if len(samples) < 3:
        return 0.0
    return statistics.linear_regression([float(done) for done, _ in samples], [mb for _, mb in samples]).slope
