"""How many codes and credentials that are none a client may show, counted in PostgreSQL for all workers together.

A guess takes its place before it is looked at, and gives it back where it was none: a hundred at the same moment count
as a hundred, and who has used up theirs learns nothing from one that would have been right.
"""

from math import ceil

from lms_graphql.engine.errors import Code, RequestError
from lms_graphql.storage.points import PointStore

BURST = 60
PER_MINUTE = 30
_PRICE = 2_000
_PER_SECOND = _PRICE * PER_MINUTE // 60
"""In points of which the store loses none that counts, however often it is asked in a second."""


class Guesses:
    """What each network may still guess; its own buckets among the points."""

    def __init__(self, store: PointStore) -> None:
        self._store = store

    @classmethod
    def capacity(cls) -> dict[str, int]:
        """What a store for them holds, and gets per second."""
        return {"capacity": BURST * _PRICE, "per_second": _PER_SECOND}

    async def take(self, network: str) -> None:
        """Count a guess of this network; RATE_LIMITED, with the seconds to wait, where it has none left."""
        lease = await self._store.lease(_bucket(network), _PRICE, _PRICE)
        if not lease.granted:
            seconds = max(1, ceil((_PRICE - lease.left) / _PER_SECOND))
            message = f"too many codes and credentials from here were none; try again in {seconds} s"
            raise RequestError(Code.RATE_LIMITED, message)

    async def give_back(self, network: str) -> None:
        """It was no guess."""
        await self._store.give_back(_bucket(network), _PRICE)


def _bucket(network: str) -> str:
    return f"certificates {network[:48]}"
