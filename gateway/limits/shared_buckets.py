"""Token buckets in Redis, shared by all workers and machines."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from redis.exceptions import RedisError

from gateway.limits.buckets import SLACK, Level, MemoryBuckets, Policy, level
from resolvers.backends.ports import Clock

if TYPE_CHECKING:
    from redis.asyncio import Redis

PAUSE: Final = 1.0
"""Seconds for which a failing Redis is left alone, so that it does not slow every request down."""

# The clocks of the machines differ. Time in a bucket only moves forward, so the rate holds whichever of them writes.
_TAKE: Final = """
local capacity, per = tonumber(ARGV[1]), tonumber(ARGV[2])
local cost, now = tonumber(ARGV[3]), tonumber(ARGV[4])
local bucket = redis.call('HMGET', KEYS[1], 'left', 'since')
local left, since = tonumber(bucket[1]) or capacity, tonumber(bucket[2]) or now
if now > since then
  left = math.min(capacity, left + (now - since) * capacity / per)
  since = now
end
local taken = 0
if left >= cost - tonumber(ARGV[5]) then
  left = math.max(0, left - cost)
  taken = 1
end
redis.call('HSET', KEYS[1], 'left', string.format('%.17g', left), 'since', string.format('%.17g', since))
redis.call('PEXPIRE', KEYS[1], math.ceil((capacity - left) * per / capacity * 1000) + 1000)
return {taken, string.format('%.17g', left)}
"""


class SharedBuckets:
    """Buckets of all processes, under `<prefix>:<policy>:<hash of the key>`, one round trip each.

    While Redis does not answer, each process counts for itself with `fallback`, and `failures` counts. The client is
    the caller's to close.
    """

    def __init__(
        self,
        client: Redis,
        clock: Clock,
        fallback: MemoryBuckets,
        *,
        timeout: float = 0.1,
        prefix: str = "bizgraph:rate",
    ) -> None:
        self._take = client.register_script(_TAKE)
        self._clock = clock
        self._fallback = fallback
        self._timeout = timeout
        self._prefix = prefix
        self._away_until = float("-inf")
        self.failures = 0

    async def take(self, key: str, policy: Policy, cost: float) -> Level:
        if self._clock.monotonic() < self._away_until:
            return self._fallback.take_now(key, policy, cost)
        name = f"{self._prefix}:{policy.name}:{sha256(key.encode()).hexdigest()}"
        now = f"{self._clock.time():.6f}"
        try:
            async with asyncio.timeout(self._timeout):
                taken, left = await self._take(keys=[name], args=[policy.capacity, policy.per, cost, now, SLACK])
        except (RedisError, OSError):  # TimeoutError is an OSError.
            self.failures += 1
            self._away_until = self._clock.monotonic() + PAUSE
            return self._fallback.take_now(key, policy, cost)
        return level(policy, cost, float(left), bool(taken))
