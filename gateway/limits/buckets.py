"""Token buckets: what each caller has left, and how it grows back."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, Protocol

from msgspec import Struct

from resolvers.backends.ports import Clock

SLACK: Final = 1e-6
"""What may be missing, so that rounding refuses nobody who came back at the second that was named."""


class Policy(Struct, frozen=True):
    """`capacity` at once, growing back evenly over `per` seconds; `name` is a short identifier."""

    name: str
    capacity: float
    per: float


class Level(Struct, frozen=True):
    """How a bucket stands after it was asked for `cost`."""

    taken: bool
    """Whether the cost was there, and was taken."""
    left: float
    wait: float
    """Seconds until the cost would be there; 0 when it was taken."""
    full_in: float
    """Seconds until everything has grown back."""


def level(policy: Policy, cost: float, left: float, taken: bool) -> Level:
    """The level of a bucket that holds `left`."""
    per_unit = policy.per / policy.capacity
    return Level(taken, left, 0.0 if taken else (cost - left) * per_unit, (policy.capacity - left) * per_unit)


class Buckets(Protocol):
    """One bucket per key and policy, full at first. What is refused takes nothing."""

    async def take(self, key: str, policy: Policy, cost: float) -> Level: ...


class MemoryBuckets:
    """Buckets of this process. Beyond `max_buckets` those that were used longest ago are forgotten: the fullest."""

    def __init__(self, clock: Clock, *, max_buckets: int = 100_000) -> None:
        self._monotonic = clock.monotonic
        self._max_buckets = max_buckets
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    async def take(self, key: str, policy: Policy, cost: float) -> Level:
        return self.take_now(key, policy, cost)

    def take_now(self, key: str, policy: Policy, cost: float) -> Level:
        """The same without waiting."""
        now = self._monotonic()
        name = (policy.name, key)
        left, since = self._buckets.get(name, (policy.capacity, now))
        left = min(policy.capacity, left + (now - since) * policy.capacity / policy.per)
        taken = left >= cost - SLACK
        if taken:
            left = max(0.0, left - cost)
        self._buckets[name] = (left, now)
        self._buckets.move_to_end(name)
        if len(self._buckets) > self._max_buckets:
            self._buckets.popitem(last=False)
        return level(policy, cost, left, taken)
