"""Rate limits: each caller may spend so much operation cost per time (`[limits.rate]`)."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from gateway.limits.buckets import Buckets, Level, MemoryBuckets, Policy
from gateway.limits.callers import Caller
from gateway.limits.settings import RateSettings
from resolvers.backends.ports import Clock
from resolvers.errors import GatewayError, OperationTooLarge, RateLimited

if TYPE_CHECKING:
    from redis.asyncio import Redis

Headers = list[tuple[bytes, bytes]]
Exceeded = Callable[[Literal["rate", "concurrency", "cost"], Caller, bool], None]
"""Called for each operation beyond a limit: which limit, whose, and whether the operation is refused for it."""


class Charge(Struct, frozen=True):
    """What came of charging an operation: `error` when it must not run, `headers` for the answer either way.

    The time to wait is in the error's `retryAfter`, of which the door makes the header Retry-After.
    """

    error: GatewayError | None
    headers: Headers


class RateLimit:
    """Charges operations to their callers.

    An operation that costs more than a caller's whole rate is OperationTooLarge, since waiting would not help; one
    that costs more than is left is RateLimited (answered with 429) and takes nothing. In `measure` mode both are only
    counted, and callers see neither errors nor headers.
    """

    def __init__(self, settings: RateSettings, buckets: Buckets, exceeded: Exceeded) -> None:
        self._known = Policy("caller", float(settings.cost), settings.per)
        self._anonymous = Policy("address", float(settings.anonymous_cost), settings.per)
        self._headers = {policy.name: _policy_header(policy) for policy in (self._known, self._anonymous)}
        self._enforced = settings.mode == "enforce"
        self._buckets = buckets
        self._exceeded = exceeded

    async def charge(self, caller: Caller, cost: float) -> Charge:
        """Charge an operation that is about to run; every operation costs at least 1."""
        policy = self._anonymous if caller.anonymous else self._known
        cost = max(cost, 1.0)
        level = await self._buckets.take(caller.key, policy, cost)
        if not level.taken:
            self._exceeded("rate", caller, self._enforced)
        if not self._enforced:
            return Charge(None, [])
        headers = [
            (b"ratelimit-policy", self._headers[policy.name]),
            (b"ratelimit", f'"{policy.name}";r={floor(level.left)};t={ceil(level.full_in)}'.encode("ascii")),
        ]
        if level.taken:
            return Charge(None, headers)
        return Charge(_refusal(policy, cost, level), headers)


def _policy_header(policy: Policy) -> bytes:
    # draft-ietf-httpapi-ratelimit-headers §3: quota and window of the policy that `RateLimit` tells the level of.
    return f'"{policy.name}";q={policy.capacity:.0f};w={ceil(policy.per)}'.encode("ascii")


def _refusal(policy: Policy, cost: float, level: Level) -> GatewayError:
    rate = f"{policy.capacity:.0f} per {policy.per:g} s"
    if cost > policy.capacity:
        return OperationTooLarge(
            f"This operation costs {ceil(cost)}, more than the whole rate of {rate}.",
            limit="rate",
            allowed=floor(policy.capacity),
            actual=ceil(cost),
        )
    wait = ceil(level.wait)
    return RateLimited(
        f"This operation costs {ceil(cost)}, and {floor(level.left)} are left of {rate}: try again in {wait} s.",
        limit="rate",
        allowed=floor(policy.capacity),
        actual=ceil(cost),
        remaining=floor(level.left),
        retryAfter=wait,
    )


def rate_limit(
    settings: RateSettings, clock: Clock, *, exceeded: Exceeded, redis: Redis | None = None
) -> RateLimit | None:
    """The rate limit that these settings describe; None when it is off.

    `redis` is needed for shared buckets and stays the caller's. Raises ValueError when it is needed and missing.
    """
    if settings.mode == "off":
        return None
    memory = MemoryBuckets(clock, max_buckets=settings.max_callers)
    if settings.store == "memory":
        return RateLimit(settings, memory, exceeded)
    if redis is None:
        raise ValueError('limits.rate.store: "redis" needs an address of Redis (cache.redis_url)')
    # Importing the client of Redis costs more than starting without one.
    from gateway.limits.shared_buckets import SharedBuckets  # noqa: PLC0415

    return RateLimit(settings, SharedBuckets(redis, clock, memory, timeout=settings.redis_timeout), exceeded)
