"""Ten times more requests than the server can answer, for a minute: what the accepted ones, the refused ones and the
server itself feel of it.

Runs the real `lms-graphql serve` with the demo and asks for a syllabus. Prints a table and, as its last line, the
numbers as JSON; the exit code is 1 when a line of the table fails. `python -m tests.load.overload [seconds] [slack]`:
the bounds on times and rates are loosened by the factor `slack`, for machines that do other things besides.
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
PATH = "/u/DEMO/graphql"
RECOVERY_SECONDS = 5
HEADERS = (
    "Host: 127.0.0.1\r\nContent-Type: application/json\r\nAccept: application/graphql-response+json, application/json;q=0.9\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\nUser-Agent: overload\r\n"
)


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
    body = json.dumps(max(bodies, key=lambda body: len(post(url, body)))).encode()
    return f"POST {PATH} HTTP/1.1\r\n{HEADERS}Content-Length: {len(body)}\r\n\r\n".encode() + body


def resident_bytes(pid: int) -> int:
    """The server process's memory; its PostgreSQL does not count."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """What the server process has computed so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Measured(NamedTuple):
    """Everything that the table is made of."""

    alone: Result
    peak: float
    half: Result
    overload: Result
    recovered: Result
    memory_before: int
    memory_most: int
    server_share: float
    generator_share: float


async def measure(server: Served, seconds: float) -> Measured:
    """All phases, one after the other."""
    port = int(server.url.rpartition(":")[2])
    request = syllabus_request(server.url)
    client = Client(port, request)
    await client.one_after_the_other(2)
    alone = await client.one_after_the_other(4)
    rates = [(await client.one_after_the_other(3, connections=number)).per_second(200) for number in (1, 2, 3, 4, 6)]
    half = await client.arriving(max(rates) / 2, 8)
    before, computed, generated = resident_bytes(server.pid), cpu_seconds(server.pid), time.process_time()
    watch = asyncio.create_task(_most_memory(server.pid))
    overload = await client.arriving(max(rates) * OVERLOAD, seconds)
    watch.cancel()
    server_share = (cpu_seconds(server.pid) - computed) / seconds
    generator_share = (time.process_time() - generated) / seconds
    most = max(before, await asyncio.gather(watch, return_exceptions=True) and _MEMORY[server.pid])
    await client.arriving(max(rates) / 2, RECOVERY_SECONDS)
    recovered = await client.arriving(max(rates) / 2, 8)
    client.close()
    return Measured(alone, max(rates), half, overload, recovered, before, most, server_share, generator_share)


_MEMORY: dict[int, int] = {}


async def _most_memory(pid: int) -> None:
    while True:
        _MEMORY[pid] = max(_MEMORY.get(pid, 0), resident_bytes(pid))
        await asyncio.sleep(0.5)


class Line(NamedTuple):
    """One line of the table: what, how much, and how much it may be."""

    name: str
    value: float
    bound: str
    holds: bool


def lines(found: Measured, slack: float) -> Iterator[Line]:
    """What is promised, each with its number. Times are milliseconds, rates per second, memory MB."""
    idle = found.half.percentile(200, 0.99) * 1000
    accepted = found.overload.percentile(200, 0.99) * 1000
    refused = found.overload.percentile(503, 0.99) * 1000
    goodput = found.overload.per_second(200)
    grown = (found.memory_most - found.memory_before) / 1e6
    after = found.recovered.percentile(200, 0.99) * 1000
    yield Line("accepted, p99", accepted, f"<= {2 * slack:g} x {idle:.1f}", accepted <= 2 * slack * idle)
    yield Line("goodput", goodput, f">= {0.8 / slack:.0%} of {found.peak:.0f}", goodput >= 0.8 / slack * found.peak)
    yield Line("refused, p99", refused, f"< {50 * slack:g}", refused < 50 * slack)
    yield Line(
        "refused without Retry-After", found.overload.without_retry_after, "0", not found.overload.without_retry_after
    )
    failures = sum(found.overload.failures.values()) + sum(found.recovered.failures.values())
    yield Line("neither 200 nor 503", failures, "0", not failures and set(found.overload.latencies) <= {200, 503})
    yield Line("memory grown by", grown, "<= 50", grown <= 50)
    yield Line(f"refused {RECOVERY_SECONDS} s after", found.recovered.number(503), "0", not found.recovered.number(503))
    yield Line(f"p99 {RECOVERY_SECONDS} s after", after, f"<= {2 * slack:g} x {idle:.1f}", after <= 2 * slack * idle)


def report(found: Measured, table: list[Line]) -> None:
    """Print the numbers."""
    alone = found.alone
    print(f"alone: p50 {alone.percentile(200, 0.5) * 1000:.1f} ms, p99 {alone.percentile(200, 0.99) * 1000:.1f} ms")
    half = found.half
    print(f"half of capacity: p50 {half.percentile(200, 0.5) * 1000:.1f} ms, p99 {half.percentile(200, 0.99) * 1000:.1f} ms, {half.number(503)} refused")  # fmt: skip  # noqa: E501
    over = found.overload
    print(f"capacity: {found.peak:.0f}/s; then {(over.number(200) + over.number(503)) / over.seconds:.0f}/s for {over.seconds:.0f} s: {over.number(200)} x 200, {over.number(503)} x 503, {dict(over.failures)}")  # fmt: skip  # noqa: E501
    print(f"accepted: p50 {over.percentile(200, 0.5) * 1000:.1f} ms; refused: p50 {over.percentile(503, 0.5) * 1000:.1f} ms; of a core the server used {found.server_share:.0%}, the generator {found.generator_share:.0%}")  # fmt: skip  # noqa: E501
    for line in table:
        print(f"{'ok  ' if line.holds else 'FAIL'} {line.name:<28} {line.value:>10.1f}   {line.bound}")
    print(json.dumps({line.name: {"value": round(line.value, 2), "bound": line.bound, "holds": line.holds} for line in table}))  # fmt: skip  # noqa: E501


def main(seconds: float = 60, slack: float = 1) -> int:
    """Run everything; 0 when every line holds."""
    with serving(LMS_WORKBENCH="0", LMS_POINTS_PER_SECOND="1000000000") as server:
        found = asyncio.run(measure(server, seconds))
    table = list(lines(found, slack))
    report(found, table)
    return 0 if all(line.holds for line in table) else 1


if __name__ == "__main__":
    sys.exit(main(*map(float, sys.argv[1:])))
