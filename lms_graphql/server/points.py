"""What operations cost their senders: a budget for each operation, and points that come back with time.

An operation is priced before it runs (`engine.cost`) and pays its price; when it is done, what it did not use is given
back. Buckets are PostgreSQL's, so the points are right however many workers there are; a worker leases a block of them
and spends from that, and most requests cost no statement. A block is at most what one operation may cost.

With LMS_COST=measure everything is counted and reported, and nothing refused.
"""

import asyncio
import time
from collections import OrderedDict
from ipaddress import ip_address
from math import ceil
from types import TracebackType
from typing import Self, TypedDict

from sqlalchemy.ext.asyncio import AsyncEngine

from lms_graphql.engine.context import Viewer
from lms_graphql.engine.cost import ANONYMOUS_BUDGET, AUTHENTICATED_BUDGET
from lms_graphql.engine.errors import Code
from lms_graphql.server.requests import HttpError
from lms_graphql.storage.points import PointStore

_SECONDS_TO_FILL = 40
_BLOCK_PART = 100
_MOST_ACCOUNTS = 10_000
_IPV4_BITS, _IPV6_NETWORK_BITS = 32, 64


class _Account:
    """What one bucket has leased to this worker."""

    __slots__ = ("balance", "leased_at", "left", "turn")

    def __init__(self) -> None:
        self.balance = 0
        self.left = 0
        self.leased_at = 0.0
        self.turn = asyncio.Lock()


class Cost(TypedDict):
    """`extensions.cost`, in points: asked for, used; the most that a bucket holds, what is left in it, per second."""

    requested: int
    actual: int
    limit: int
    remaining: int
    restoreRate: int


class Charge:
    """A block within which an operation runs: it pays on entering, and gets back what it did not use, once.

    Who leaves the block by an exception (deadline, disconnect, fault) has used all of it.
    """

    def __init__(self, points: "Points", account: _Account, requested: int) -> None:
        self._points, self._account = points, account
        self._requested = self._used = requested

    def __enter__(self) -> Self:
        return self

    def used(self, actual: int) -> Cost:
        """Say what the operation used, at least a point; what clients are told."""
        self._used = max(1, min(actual, self._requested))
        remaining = self._points.remaining(self._account) + self._requested - self._used
        return self._points.cost(self._requested, self._used, remaining)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._used = self._requested
        self._account.balance += self._requested - self._used
        self._points.paid += self._used


class Points:
    """The accounts of this worker."""

    def __init__(self, store: PointStore, *, enforced: bool) -> None:
        self._store = store
        self._enforced = enforced
        self._block = max(1, store.capacity // _BLOCK_PART)
        self._accounts: OrderedDict[str, _Account] = OrderedDict()
        self.paid = 0
        """What all operations that are over have paid, in points."""

    async def charge(self, viewer: Viewer, address: str, price: int) -> Charge:
        """The charge for an operation of this price.

        HttpError with 400 for one that costs more than any operation may, with 429 for one that must wait.
        """
        price = max(1, price)
        budget = min(AUTHENTICATED_BUDGET if viewer.user_id is not None else ANONYMOUS_BUDGET, self._store.capacity)
        account = self._account(_bucket(viewer, address))
        if price > budget:
            if self._enforced:
                self._refuse_dear(account, price, budget)
            price = budget
        if account.balance < price or self._is_stale(account):
            async with account.turn:
                await self._lease(account, _bucket(viewer, address), price)
        account.balance -= price
        return Charge(self, account, price)

    def remaining(self, account: _Account) -> int:
        """About how many points an account can still spend: what it holds, and its bucket by now."""
        since = int((time.monotonic() - account.leased_at) * self._store.per_second)
        return max(0, min(self._store.capacity, account.balance + account.left + since))

    def cost(self, requested: int, actual: int, remaining: int) -> Cost:
        """What clients are told."""
        capacity = self._store.capacity
        return {
            "requested": requested,
            "actual": actual,
            "limit": capacity,
            "remaining": min(capacity, remaining),
            "restoreRate": self._store.per_second,
        }

    def _account(self, bucket: str) -> _Account:
        account = self._accounts.get(bucket)
        if account is None:
            account = self._accounts[bucket] = _Account()
            if len(self._accounts) > _MOST_ACCOUNTS:
                self._accounts.popitem(last=False)
        else:
            self._accounts.move_to_end(bucket)
        return account

    def _is_stale(self, account: _Account) -> bool:
        """Whether the bucket would be full again by now, whatever was leased: the old lease is worth nothing then."""
        return time.monotonic() - account.leased_at > _SECONDS_TO_FILL

    async def _lease(self, account: _Account, bucket: str, price: int) -> None:
        if self._is_stale(account):
            account.balance = 0
        while (needed := price - account.balance) > 0:  # meanwhile others may have leased, or spent
            lease = await self._store.lease(bucket, needed, max(needed, self._block))
            account.balance += lease.granted
            account.left, account.leased_at = lease.left, time.monotonic()
            if not lease.granted:
                if self._enforced:
                    self._refuse_for_now(account, price)
                return

    def _refuse_dear(self, account: _Account, price: int, budget: int) -> None:
        message = f"this operation may cost {price} points, more than {budget}; ask for less, or for smaller pages"
        cost = self.cost(price, 0, self.remaining(account))
        raise HttpError(400, Code.TOO_EXPENSIVE, message, {"cost": cost})

    def _refuse_for_now(self, account: _Account, price: int) -> None:
        missing = price - account.balance - account.left
        seconds = max(1, ceil(missing / self._store.per_second))
        message = f"this operation may cost {price} points, and not as many are left; try again in {seconds} s"
        cost = self.cost(price, 0, self.remaining(account))
        raise HttpError(429, Code.RATE_LIMITED, message, {"cost": cost}, retry_after=str(seconds))


def _bucket(viewer: Viewer, address: str) -> str:
    """The bucket of a person in a university; of an address, where nobody is signed in."""
    who = f"user {viewer.person_id}" if viewer.person_id is not None else f"address {_network(address)}"
    return f"university {viewer.university_id or 0} {who}"


def _network(address: str) -> str:
    """An IPv4 address, or the network that one client has of IPv6."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.max_prefixlen == _IPV4_BITS:
        return str(parsed)
    bits = parsed.max_prefixlen - _IPV6_NETWORK_BITS
    return f"{int(parsed) >> bits:x}"


def point_store(engine: AsyncEngine, per_second: int) -> PointStore:
    """The buckets for a rate: each holds what comes in 40 seconds."""
    return PointStore(engine, capacity=per_second * _SECONDS_TO_FILL, per_second=per_second)
