"""Two universities ask for the same numbers at the same moment: each gets what it gets alone."""

import asyncio
import json
import random

import pytest

from tests.isolation.crawl import Request, foreign_ids
from tests.isolation.crossing import DOCUMENTS, SCHEMA, told
from tests.walking import found_ids

pytestmark = pytest.mark.proof

_AT_ONCE = 16
_REQUESTS = 200


def pairs(crossing) -> list[tuple[Request, Request]]:
    """The fields of every type, for the same numbers in both universities."""
    plain = [d for d in DOCUMENTS if d.anchor in SCHEMA.nodes and not d.wants and not d.ways[0].pages]
    return [
        tuple(Request(d, json.dumps({"ids": source[d.anchor]})) for source in (crossing.ids, crossing.foreign))
        for d in plain
        if crossing.foreign[d.anchor]
    ]


async def test_two_hundred_at_once(crossing):
    """With one cache of syllabi, one of statements and one pool; in any order."""
    asked = [
        (request, university, user)
        for both in pairs(crossing)
        for request, university, user in zip(both, ("ALPHA", "TWIN"), ("admin", "twin_admin"), strict=True)
    ]
    chance = random.Random(3)  # noqa: S311 - repeatable, not secret
    chosen = asked + chance.choices(asked, k=max(0, _REQUESTS - len(asked)))
    chance.shuffle(chosen)
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(request: Request, university: str, user: str) -> bytes:
        async with turn:
            variables = json.loads(request.variables)
            return (
                await crossing.api.post(
                    request.document.text, variables, user=crossing.user(user), university=university
                )
            ).content

    async def answers(calls) -> list[bytes]:
        return [without_cost(answer) for answer in await asyncio.gather(*(one(*call) for call in calls))]

    alone = {call: (await answers([call]))[0] for call in dict.fromkeys(chosen)}
    together = await answers(chosen)
    assert len(together) >= _REQUESTS
    shown = {"ALPHA": 0, "TWIN": 0}
    for call, answer in zip(chosen, together, strict=True):
        assert answer == alone[call]
        if call[1] == "ALPHA":
            assert told(answer, crossing) == []
        else:
            assert foreign_ids(answer, crossing.twin_id) == []
        shown[call[1]] += len(list(found_ids(json.loads(answer))))
    assert min(shown.values()) > 1_000


def without_cost(answer: bytes) -> bytes:
    """What the answer says, without what it cost."""
    assert b'"data"' in answer, answer[:600]
    return json.dumps(json.loads(answer)["data"]).encode()
