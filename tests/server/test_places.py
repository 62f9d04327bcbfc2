"""Who may run, who waits and who is refused, on the event loop of `serve`: work that waits and work that computes."""

import asyncio
import time

import pytest

from lms_graphql.server.loop import MeasuredLoop
from lms_graphql.server.places import Places
from lms_graphql.server.requests import HttpError

pytestmark = pytest.mark.alone


def on_measured_loop(scenario):
    """Run on a loop of its own: the tests' loop does not tell its idle time."""
    with asyncio.Runner(loop_factory=MeasuredLoop) as runner:
        return runner.run(asyncio.wait_for(scenario(), 20))


def compute(seconds):
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


class Crowd:
    """Requests, and what came of them."""

    def __init__(self, places):
        self.places = places
        self.now = self.most = self.refused = 0
        self.waits = []

    async def request(self, work):
        came = time.perf_counter()
        try:
            async with self.places:
                self.waits.append(time.perf_counter() - came)
                self.now += 1
                self.most = max(self.most, self.now)
                await work()
                self.now -= 1
        except HttpError as error:
            self.refused += (error.status, error.code, error.headers) == (503, "OVERLOADED", {"retry-after": "1"})


async def computing():
    """2 ms of work in four turns of the loop, as an operation with a few statements has it."""
    for _ in range(4):
        compute(0.0005)
        await asyncio.sleep(0)


def test_the_loop_tells_its_idle_time():
    async def scenario():
        loop = asyncio.get_running_loop()
        before = loop.idle_seconds
        await asyncio.sleep(0.1)
        waited = loop.idle_seconds - before
        compute(0.1)
        await asyncio.sleep(0)
        return waited, loop.idle_seconds - before - waited

    waited, computed = on_measured_loop(scenario)
    assert 0.09 < waited < 0.2
    assert computed < 0.01


def test_whoever_waits_for_something_else_leaves_room_up_to_the_most():
    async def scenario():
        crowd, done = Crowd(Places(40)), asyncio.Event()
        tasks = [asyncio.create_task(crowd.request(done.wait)) for _ in range(45)]
        await asyncio.sleep(0.5)
        running = crowd.now
        done.set()
        await asyncio.gather(*tasks)
        return running, crowd

    running, crowd = on_measured_loop(scenario)
    assert (running, crowd.refused) == (40, 5)


def test_a_burst_waits_and_is_answered():
    async def scenario():
        crowd = Crowd(Places(40))
        await asyncio.gather(*(crowd.request(computing) for _ in range(40)))
        return crowd

    crowd = on_measured_loop(scenario)
    assert crowd.refused == 0
    assert crowd.most < 20


def test_too_much_is_refused_and_what_is_accepted_waits_for_nobody():
    async def scenario():
        crowd, tasks = Crowd(Places(40)), []
        until = time.perf_counter() + 1.5
        while time.perf_counter() < until:  # several times more than there is time for
            tasks += [asyncio.create_task(crowd.request(computing)) for _ in range(5)]
            await asyncio.sleep(0.001)
        await asyncio.gather(*tasks)
        late = sorted(crowd.waits[len(crowd.waits) // 2 :])
        calm = Crowd(crowd.places)
        await asyncio.sleep(0.3)
        for _ in range(20):
            await calm.request(computing)
        return crowd, late, calm

    crowd, late, calm = on_measured_loop(scenario)
    assert crowd.refused > len(crowd.waits)
    assert len(crowd.waits) > 100
    assert late[len(late) * 9 // 10] < 0.01
    assert calm.refused == 0


def test_whoever_goes_away_while_waiting_leaves_nothing_behind():
    async def scenario():
        places, done = Places(3), asyncio.Event()
        crowd = Crowd(places)
        first = [asyncio.create_task(crowd.request(done.wait)) for _ in range(2)]
        await asyncio.sleep(0)
        waiting = asyncio.create_task(crowd.request(done.wait))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        done.set()
        await asyncio.gather(*first)
        again = [asyncio.create_task(crowd.request(asyncio.Event().wait)) for _ in range(4)]
        await asyncio.sleep(0.2)
        for task in again:
            task.cancel()
        return crowd

    crowd = on_measured_loop(scenario)
    assert (crowd.now, crowd.refused) == (3, 1)
