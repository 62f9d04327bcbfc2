"""The server is killed with SIGKILL amid keyed mutations: whoever sends them again finds each of them done once."""

import asyncio
import os
import random
import time
from collections import Counter

import pytest

from tests.chaos.acts import Act, acts, rename, until_answered
from tests.chaos.machines import Serving
from tests.load.asking import Answer, Client

pytestmark = pytest.mark.proof

MUTATIONS = 100
KILLS = int(os.environ.get("CHAOS_KILLS", "30"))
SEED = int(os.environ.get("CHAOS_SEED", "29"))


def shares(things: list[Act], number: int) -> list[list[Act]]:
    """The things in that many parts, none of which is larger than another by more than one."""
    return [things[place::number] for place in range(number)]


async def measured(server: Serving, campus, people: list[int]) -> float:
    """How long a mutation takes at most while as many are under way as in a round, on a server that has just begun."""
    began = time.perf_counter()
    clients = [server.client(campus, person) for person in people]
    answers = await asyncio.gather(*(rename(who).send(each, None) for who, each in zip(people, clients, strict=True)))
    assert {answer.status for answer in answers} == {200}
    for client in clients:
        client.close()
    return time.perf_counter() - began


async def test_what_a_killed_server_had_begun_is_done_once(machine, owner, campus):
    chance, found = random.Random(SEED), Counter()  # noqa: S311 - repeatable, not secret
    todo = await acts(owner, campus, campus.people[1 : MUTATIONS + 1])
    with Serving(machine) as server:
        longest = await measured(server, campus, campus.people[MUTATIONS + 1 : MUTATIONS + 5])
        for number, part in enumerate(shares(todo, KILLS)):
            clients: list[Client] = [server.client(campus, act.person) for act in part]
            sent = [
                asyncio.create_task(until_answered(act, client, f"chaos-key-{number}-{act.person}"))
                for act, client in zip(part, clients, strict=True)
            ]
            await asyncio.sleep(chance.uniform(0, longest))
            server.kill()
            heard = [task.done() for task in sent]
            await machine.wait_until_alone(owner)
            for act, was_heard in zip(part, heard, strict=True):
                effects = await act.count(owner, campus)
                assert effects in ({(1, 1, 1)} if was_heard else {(0, 0, 0), (1, 1, 1)}), (act, was_heard, effects)
                found["answered" if was_heard else "done, not answered" if effects[0] else "not done"] += 1
            await asyncio.to_thread(server.start)
            for act, (answer, _) in zip(part, await asyncio.gather(*sent), strict=True):
                assert answer.status == 200, answer
                assert answer.body["data"][act.name]["errors"] == [], (act, answer)
                assert await act.count(owner, campus) == (1, 1, 1), act
            for client in clients:
                client.close()
    names = Counter(act.name for act in todo)
    print(f"\n{KILLS} kills amid {MUTATIONS} mutations {dict(names)}, when the server died: {dict(found)}")
    assert found.total() == MUTATIONS
    assert found["not done"], "every kill came late: they prove nothing"
    assert found["done, not answered"], "no kill fell between a commit and its answer"
    for act in todo:
        assert await act.count(owner, campus) == (1, 1, 1), act


async def test_fifty_at_once_with_one_key_are_done_once(machine, owner, campus):
    person = campus.people[-1]
    act, key = rename(person), "fifty-at-once"
    with Serving(machine, workers=2, LMS_MAX_IN_FLIGHT="60") as server:
        clients = [server.client(campus, person) for _ in range(50)]
        answers: list[Answer] = [
            answer for answer, _ in await asyncio.gather(*(until_answered(act, client, key) for client in clients))
        ]
        told = [answer.body["data"] for answer in answers]
        expected = {"user": {"displayName": act.given["displayName"], "version": 2}, "errors": []}
        assert told == [{"updateProfile": expected}] * 50
        other = act._replace(given={**act.given, "displayName": "Somebody else"})
        refused = (await other.send(clients[0], key)).body["data"]["updateProfile"]
        assert (refused["user"], [error["code"] for error in refused["errors"]]) == (None, ["IDEMPOTENCY_KEY_REUSED"])
        for client in clients:
            client.close()
    assert await act.count(owner, campus) == (1, 1, 1)
