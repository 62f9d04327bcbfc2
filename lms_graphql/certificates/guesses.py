"""How many codes and credentials that are none a client may show, counted in PostgreSQL for all workers together.

A guess takes its place before it is looked at, and gives it back where it was none: a hundred at the same moment count
as a hundred, and who has used up theirs learns nothing from one that would have been right. What is given back stays
with the worker for the next, so that who shows what is there costs one statement, and who guesses on in spite of a
refusal none.
"""

import asyncio
import time
from collections import OrderedDict
from math import ceil

from lms_graphql.engine.errors import Code, RequestError
from lms_graphql.storage.points import PointStore

BURST = 60
PER_MINUTE = 30
_PRICE = 2_000
_PER_SECOND = _PRICE * PER_MINUTE // 60
"""In points of which the store loses none that counts, however often it is asked in a second."""
_MOST_NETWORKS = 10_000


class _Left:
    """What a network has left with this worker."""

    __slots__ = ("points", "refused_until", "turn")

    def __init__(self) -> None:
        self.points = 0
        self.refused_until = 0.0
        self.turn = asyncio.Lock()


class Guesses:
    """What each network may still guess; its own buckets among the points."""

    def __init__(self, store: PointStore) -> None:
        self._store = store
        self._networks: OrderedDict[str, _Left] = OrderedDict()

    @classmethod
    def capacity(cls) -> dict[str, int]:
        """What a store for them holds, and gets per second."""
        return {"capacity": BURST * _PRICE, "per_second": _PER_SECOND}

    async def take(self, network: str) -> None:
        """Count a guess of this network; RATE_LIMITED, with the seconds to wait, where it has none left.

        DatabaseUnreachableError where that can't be told: then nothing is looked at.
        """
        left = self._left(network)
        async with left.turn:  # one network never has more than one of the few connections for points
            if left.points < _PRICE:
                await self._lease(network, left)
            left.points -= _PRICE

    def give_back(self, network: str) -> None:
        """It was no guess."""
        self._left(network).points += _PRICE

    async def _lease(self, network: str, left: _Left) -> None:
        now = time.monotonic()
        if now >= left.refused_until:
            lease = await self._store.lease(f"certificates {network[:48]}", _PRICE, _PRICE)
            left.points += lease.granted
            if lease.granted:
                return
            left.refused_until = now + (_PRICE - lease.left) / _PER_SECOND
        seconds = max(1, ceil(left.refused_until - now))
        raise RequestError(
            Code.RATE_LIMITED, f"too many codes and credentials from here were none; try again in {seconds} s"
        )

    def _left(self, network: str) -> _Left:
        left = self._networks.get(network)
        if left is None:
            left = self._networks[network] = _Left()
            if len(self._networks) > _MOST_NETWORKS:
                self._networks.popitem(last=False)
        else:
            self._networks.move_to_end(network)
        return left
