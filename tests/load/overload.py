"""Ten times more requests than the server can answer: what the accepted ones, the refused ones and the server feel.

Runs the real `lms-graphql serve` with the demo and asks for a syllabus. Prints a table and, as its last line, the
numbers as JSON; the exit code is 1 when a line of the table fails.

    python -m tests.load.overload [seconds of overload, 60] [slack, 1]

The slack loosens the bounds on times and rates, for machines that do other things besides; how much they did is
printed, and what is measured while others compute says more of them than of the server.
"""

import asyncio
import json
import os
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lms_graphql.examples import SYLLABUS
from tests.load.arrivals import Client, Result
from tests.serving import Served, serving

OVERLOAD = 10
RECOVERY_SECONDS = 5
MOST_MEMORY_BYTES = 50_000_000
CONNECTIONS = (1, 2, 3, 4, 6, 8)
PATH = "/u/DEMO/graphql"
HEADERS = (
    "Host: 127.0.0.1\r\nContent-Type: application/json\r\nUser-Agent: overload\r\n"
    "Accept: application/graphql-response+json, application/json;q=0.9\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"
)


class Measured(NamedTuple):
    """Everything that the table is made of. Shares are of one core, during the overload."""

    alone: Result
    rates: list[float]
    half: Result
    overload: Result
    recovered: Result
    memory: list[int]
    server: float
    generator: float
    others: float


def post(url: str, body: dict[str, object]) -> bytes:
    """The answer to a request, as a client without compression gets it."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url + PATH, data=json.dumps(body).encode(), headers=headers)
    with urllib.request.urlopen(request) as answer:
        return bytes(answer.read())


def syllabus_request(url: str) -> bytes:
    """The bytes of a request for the demo's largest syllabus."""
    courses = json.loads(post(url, {"query": "{ courses(first: 50) { edges { node { id } } } }"}))
    ids = [edge["node"]["id"] for edge in courses["data"]["courses"]["edges"]]
    bodies: list[dict[str, object]] = [{"query": SYLLABUS, "variables": {"id": course}} for course in ids]
    largest = max(bodies, key=lambda body: len(post(url, body)))
    assert "errors" not in json.loads(post(url, largest))
    body = json.dumps(largest).encode()
    return f"POST {PATH} HTTP/1.1\r\n{HEADERS}Content-Length: {len(body)}\r\n\r\n".encode() + body


def resident_bytes(pid: int) -> int:
    """The server process's memory; its PostgreSQL does not count."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def computed_seconds(pid: int) -> float:
    """What a process has computed so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def machine_seconds() -> float:
    """What all processes of the machine have computed so far."""
    fields = Path("/proc/stat").read_text().split(maxsplit=9)
    return sum(int(fields[place]) for place in (1, 2, 3, 6, 7)) / os.sysconf("SC_CLK_TCK")


async def sample_memory(pid: int, samples: list[int]) -> None:
    """Note the memory twice a second until cancelled."""
    while True:
        samples.append(resident_bytes(pid))
        await asyncio.sleep(0.5)


async def measure(server: Served, seconds: float) -> Measured:
    """All phases, one after the other."""
    port = int(server.url.rpartition(":")[2])
    client = Client(port, syllabus_request(server.url), least=1000)
    await client.one_after_the_other(2, connections=8)
    alone = await client.one_after_the_other(4)
    rates = [(await client.one_after_the_other(2.5, connections=number)).per_second(200) for number in CONNECTIONS]
    half = await client.arriving(max(rates) / 2, 8, seed=1)
    memory: list[int] = []
    sampler = asyncio.create_task(sample_memory(server.pid, memory))
    before = (computed_seconds(server.pid), time.process_time(), machine_seconds())
    overload = await client.arriving(max(rates) * OVERLOAD, seconds, seed=2)
    after = (computed_seconds(server.pid), time.process_time(), machine_seconds())
    sampler.cancel()
    await client.arriving(max(rates) / 2, RECOVERY_SECONDS, seed=3)
    recovered = await client.arriving(max(rates) / 2, 8, seed=4)
    client.close()
    used = [(end - start) / seconds for start, end in zip(before, after, strict=True)]
    return Measured(alone, rates, half, overload, recovered, memory, used[0], used[1], used[2] - used[0] - used[1])


class Line(NamedTuple):
    """One line of the table: what, how much, how much it may be, and whether that holds."""

    name: str
    value: float
    bound: str
    holds: bool


def at_most(name: str, value: float, bound: float, unit: str = "") -> Line:
    """A line that holds up to a bound."""
    return Line(name, value, f"<= {bound:.1f}{unit}", value <= bound)


def lines(found: Measured, slack: float) -> Iterator[Line]:
    """What is promised, each with its number."""
    over, recovered = found.overload, found.recovered
    idle = milliseconds(found.half, 200, 0.99)
    peak = max(found.rates)
    yield at_most(
        "accepted, p99", milliseconds(over, 200, 0.99), 2 * slack * idle, f" ms (2 x {idle:.1f} at half load)"
    )
    least = 0.8 / slack * peak
    yield Line("goodput", over.per_second(200), f">= {least:.0f}/s (peak {peak:.0f})", over.per_second(200) >= least)
    yield at_most("refused, p99", milliseconds(over, 503, 0.99), 50 * slack, " ms")
    yield at_most("refused without Retry-After", over.without_retry_after, 0)
    answers = over.number(200) + over.number(503)
    wrong = sum(map(len, over.latencies.values())) - answers + sum(over.failures.values())
    yield at_most("neither 200 nor 503", wrong, 0)
    yield at_most("memory grew by", (max(found.memory) - found.memory[0]) / 1e6, MOST_MEMORY_BYTES / 1e6, " MB")
    unwell = sum(map(len, recovered.latencies.values())) - recovered.number(200) + sum(recovered.failures.values())
    yield at_most(f"not answered {RECOVERY_SECONDS} s after", unwell, 0)
    yield at_most(f"p99 {RECOVERY_SECONDS} s after", milliseconds(recovered, 200, 0.99), 2 * slack * idle, " ms")


def milliseconds(result: Result, status: int, share: float) -> float:
    """A percentile of the latencies."""
    return result.percentile(status, share) * 1000


def described(result: Result) -> str:
    """Numbers and latencies by status."""
    parts = [
        f"{result.number(status)} x {status} (p50 {milliseconds(result, status, 0.5):.1f} ms,"
        f" p99 {milliseconds(result, status, 0.99):.1f} ms)"
        for status in sorted(result.latencies)
    ]
    return ", ".join([*parts, *(f"{number} x {name}" for name, number in result.failures.items())])


def report(found: Measured, table: list[Line]) -> None:
    """Print the numbers."""
    rates = ", ".join(f"{number}: {rate:.0f}/s" for number, rate in zip(CONNECTIONS, found.rates, strict=True))
    print(f"one after the other   {described(found.alone)}")
    print(f"by connections        {rates}")
    print(f"half of the capacity  {described(found.half)}")
    print(f"{OVERLOAD} x the capacity     {described(found.overload)}, in {found.overload.seconds:.0f} s")
    print(f"5 s after, at half    {described(found.recovered)}")
    print(
        f"cores in the overload server {found.server:.2f}, generator {found.generator:.2f}, others {found.others:.2f}"
    )
    for line in table:
        print(f"{'ok  ' if line.holds else 'FAIL'} {line.name:<28} {line.value:>10.1f}   {line.bound}")
    numbers = {line.name: {"value": round(line.value, 2), "bound": line.bound, "holds": line.holds} for line in table}
    print(json.dumps(numbers))


def main(seconds: float = 60, slack: float = 1) -> int:
    """Run everything; 0 when every line holds."""
    # One client asks for all: without points enough it would be told to come back later, and rightly so.
    with serving(LMS_WORKBENCH="0", LMS_POINTS_PER_SECOND="1000000000") as server:
        found = asyncio.run(measure(server, seconds))
    table = list(lines(found, slack))
    report(found, table)
    return 0 if all(line.holds for line in table) else 1


if __name__ == "__main__":
    sys.exit(main(*map(float, sys.argv[1:])))
