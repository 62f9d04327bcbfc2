"""Goal 3: a conditional GET of an unchanged syllabus, against a static response of Starlette."""

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from tests.benchmarks import contestants as c
from tests.benchmarks.contestants import Contestant, Running, document, spelled
from tests.benchmarks.database import Database
from tests.benchmarks.load import Request
from tests.benchmarks.rounds import compare, table
from tests.benchmarks.syllabus import cases
from tests.benchmarks.table import Goal, at_least

_CASES = cases()[:20]
_MOST_BYTES_OF_A_304 = 2000


def _get(case: c.Case) -> Request:
    posted = spelled("ours", document("syllabus"), case)
    body = json.loads(posted.body)
    query = urllib.parse.urlencode({"query": body["query"], "variables": json.dumps(body["variables"])})
    headers = tuple(header for header in posted.headers if header[0] != "Content-Type")
    return Request(f"{posted.path}?{query}", headers=headers, method="GET")


def measure(database: Database) -> tuple[list[Goal], Any]:
    """The rate of 304s; every request is checked once before that it gets one."""
    conditional: list[Request] = []

    def check(servers: list[Running]) -> None:
        ours = next(server for server in servers if server.contestant.is_ours)
        for case in _CASES:
            request = _get(case)
            sent = urllib.request.Request(ours.url + request.path, headers=dict(request.headers))
            with urllib.request.urlopen(sent, timeout=30) as response:
                tag = response.headers["ETag"]
            if tag is None:
                raise SystemExit("a GET of the syllabus has no ETag")
            conditional.append(Request(request.path, "", (*request.headers, ("If-None-Match", tag)), "GET"))
        for request in conditional:
            _require_not_modified(ours, request)

    def requests(contestant: Contestant) -> list[Request]:
        return conditional if contestant.is_ours else [Request("/graphql", method="GET")]

    contestant = c.CACHED if c.HAS_CACHE else c.OURS
    standings = compare(database, [contestant, c.STATIC], requests, check)
    ours, static = standings
    if ours.median("bytes_per_response") > _MOST_BYTES_OF_A_304:
        raise SystemExit("under load an unchanged syllabus gets its body again")
    print(table("conditional GET of an unchanged syllabus", standings, ours), flush=True)  # noqa: T201
    goal = at_least(3, "304 for a syllabus, rps against a static response", ours.ratio(static, "rps"), 0.5, "×")
    return [goal], [standing.as_json() for standing in standings]


def _require_not_modified(ours: Running, request: Request) -> None:
    sent = urllib.request.Request(ours.url + request.path, headers=dict(request.headers))
    try:
        with urllib.request.urlopen(sent, timeout=30) as response:
            raise SystemExit(f"an unchanged syllabus gets {response.status} instead of 304")
    except urllib.error.HTTPError as error:
        if error.code != 304:
            raise
