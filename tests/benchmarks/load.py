"""One bounded load on one server: requests per second, the CPU that it and PostgreSQL took for them."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

_LUA = Path(__file__).with_name("requests.lua")
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Request(msgspec.Struct, frozen=True):
    """One request; `body` is JSON text in one line, empty for GET."""

    path: str
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    method: str = "POST"


class Measured(msgspec.Struct):
    """What a load came to; CPU in milliseconds per request, latencies in milliseconds."""

    rps: float
    server_ms: float
    database_ms: float
    bytes_per_response: float
    requests: int
    median_ms: float
    p99_ms: float
    failed: int

    @property
    def total_ms(self) -> float:
        """Server and PostgreSQL together."""
        return self.server_ms + self.database_ms


def require_wrk() -> None:
    """End with one line when wrk is missing."""
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing, which makes the load: apt-get install -y wrk")


def process_tree(root: int) -> set[int]:
    """A process and everything below it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            found = _stat(int(entry.name))
            if found:
                children.setdefault(int(found[1]), []).append(int(entry.name))
    tree, todo = set(), [root]
    while todo:
        tree.add(pid := todo.pop())
        todo += children.get(pid, [])
    return tree


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/<pid>/stat from the state on: parent's pid at 1, user and system ticks at 11 and 12."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def cpu_ms(pids: set[int]) -> dict[int, float]:
    """User and system time of each process, in milliseconds."""
    found = {pid: _stat(pid) for pid in pids}
    return {pid: (int(f[11]) + int(f[12])) * 1000 / _TICKS_PER_SECOND for pid, f in found.items() if f}


class Load:
    """A load that can be repeated: requests drawn at random from a list, on some connections."""

    def __init__(self, url: str, requests: Sequence[Request], *, connections: int = 4, delay_ms: int = 0) -> None:
        self._file = tempfile.NamedTemporaryFile("w", suffix=".requests")  # noqa: SIM115 - it lives as long as the load
        for request in requests:
            headers = "\1".join(f"{name}={value}" for name, value in request.headers)
            self._file.write("\t".join((request.method, request.path, headers, request.body)) + "\n")
        self._file.flush()
        self._command = ["wrk", "-t1", f"-c{connections}", "--timeout", "20s", "--latency", "-s", str(_LUA), url]
        self._environment = {
            **os.environ,
            "REQUESTS": self._file.name,
            **({"DELAY": str(delay_ms)} if delay_ms else {}),
        }

    def start(self, seconds: float) -> subprocess.Popen[str]:
        """The load, running beside other things."""
        command = [*self._command, f"-d{max(1, round(seconds))}s"]
        return subprocess.Popen(command, env=self._environment, text=True, stdout=subprocess.PIPE)

    def run(self, seconds: float) -> str:
        """What wrk says at the end of the load."""
        with self.start(seconds) as running:
            out = running.communicate()[0]
        if running.returncode != 0:
            raise RuntimeError(f"wrk failed: {out}")
        return out

    def measure(self, seconds: float, *, server: int, postmaster: int) -> Measured:
        """The load, with the CPU of the process trees of a server and of PostgreSQL around it."""
        database = process_tree(postmaster)
        own = process_tree(server) - database
        own_before, database_before = cpu_ms(own), cpu_ms(database)
        out = self.run(seconds)
        database_after, own_after = cpu_ms(process_tree(postmaster)), cpu_ms(own)
        result = parsed(out)
        result.server_ms = _growth(own_before, own_after) / result.requests
        result.database_ms = _growth(database_before, database_after) / result.requests
        return result


def _growth(before: dict[int, float], after: dict[int, float]) -> float:
    return sum(value - before.get(pid, 0.0) for pid, value in after.items())


def parsed(out: str) -> Measured:
    """What wrk printed; CPU is not in it."""
    found = re.search(r"(\d+) requests in [\d.]+m?s, ([\d.]+)([KMG]?B) read", out)
    if found is None or found[1] == "0":
        raise RuntimeError(f"no request was answered: {out}")
    requests = int(found[1])
    unit = {"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30}[found[3]]
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    sockets = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", out)
    return Measured(
        rps=float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]),  # type: ignore[index]
        server_ms=0.0,
        database_ms=0.0,
        bytes_per_response=float(found[2]) * unit / requests,
        requests=requests,
        median_ms=_milliseconds(out, "50"),
        p99_ms=_milliseconds(out, "99"),
        failed=(int(bad[1]) if bad else 0) + (sum(map(int, sockets.groups())) if sockets else 0),
    )


def _milliseconds(out: str, percent: str) -> float:
    number, unit = re.search(rf"\s{percent}%\s+([\d.]+)(us|ms|s)", out).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
