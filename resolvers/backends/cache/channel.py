"""Invalidations for all processes and machines, through Redis.

They are kept in a sorted set (tag by moment) and told on a channel. A process subscribes first and reads the set then,
at start, after every reconnect and every so often, so that it misses none, even on a connection that died in silence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

import msgspec
from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from resolvers.backends.cache.invalidation import Invalidations
from resolvers.backends.cache.shared import AWAY
from resolvers.backends.ports import Clock
from resolvers.errors import BackendUnavailable

LOOK_AGAIN: Final = 15.0
"""Seconds after which the set is read again though nobody told of anything."""
PAUSE: Final = 1.0
"""Seconds between two tries to connect."""
_PAGE: Final = 1000


class InvalidationChannel:
    """`Invalidations` shared through Redis. `open` and `close` frame its life; `open` needs no live Redis.

    `skew` is by how many seconds the clocks of machines may differ: so much longer an invalidation holds.
    `client` is the caller's; `listener` is a client of its own, whose reads may take as long as they like.
    """

    def __init__(
        self,
        invalidations: Invalidations,
        client: Redis,
        listener: Redis,
        clock: Clock,
        *,
        namespace: str,
        skew: float,
        timeout: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        failed: Callable[[str], None] = lambda action: None,
    ) -> None:
        self._invalidations = invalidations
        self._client = client
        self._listener = listener
        self._clock = clock
        self._name = f"{namespace}:invalidations"
        self._skew = skew
        self._timeout = timeout
        self._sleep = sleep
        self._failed = failed
        self._task: asyncio.Task[None] | None = None
        self._read_up_to = float("-inf")
        self.listening = asyncio.Event()
        """Set while this process hears of invalidations at once."""

    async def open(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._listen())

    async def publish(self, tags: Iterable[str]) -> None:
        """Forget everywhere what carries one of these tags and was read before now.

        Raises BackendUnavailable when Redis did not take it; this process has forgotten nevertheless.
        """
        now = self._clock.time()
        moments = dict.fromkeys(tags, now)
        self._add(moments, now)
        keep = self._invalidations.keep + self._skew
        try:
            async with asyncio.timeout(4 * self._timeout), self._client.pipeline(transaction=True) as pipe:
                pipe.zadd(self._name, moments, gt=True)
                pipe.zremrangebyscore(self._name, "-inf", now - keep)
                pipe.pexpire(self._name, round(keep * 1000))
                pipe.publish(self._name, msgspec.msgpack.encode((now, list(moments))))
                await pipe.execute()
        except AWAY as error:
            self._failed("invalidate")
            raise BackendUnavailable(
                "the other processes could not be told: try again", backend="redis", cause="unreachable"
            ) from error

    def _add(self, moments: dict[str, float], now: float) -> None:
        """Take a moment for as late as the clocks allow: an entry of now may carry the time of a clock behind ours."""
        self._invalidations.add({tag: max(moment, now) + self._skew for tag, moment in moments.items()})

    async def _listen(self) -> None:
        while True:
            try:
                async with self._listener.pubsub() as told:
                    await told.subscribe(self._name)
                    await self._hear(told)
            except AWAY:
                self._failed("listen")
            finally:
                self.listening.clear()
            await self._sleep(PAUSE)

    async def _hear(self, told: PubSub) -> None:
        while True:
            message: Any = await told.get_message(ignore_subscribe_messages=False, timeout=LOOK_AGAIN)
            if message is None:
                await self._catch_up()
            elif message["type"] == "subscribe":
                # What was published before the subscription stood is in the set.
                await self._catch_up()
                self.listening.set()
            elif message["type"] == "message":
                self._take(message["data"])

    def _take(self, data: bytes) -> None:
        try:
            moment, tags = msgspec.msgpack.decode(data, type=tuple[float, list[str]])
        except msgspec.MsgspecError:
            self._failed("decode")
            return
        self._add(dict.fromkeys(tags, moment), self._clock.time())

    async def _catch_up(self) -> None:
        """Read what was added to the set since it was last read, and what may have been under way then."""
        now = self._clock.time()
        oldest = max(self._read_up_to - self._skew - LOOK_AGAIN, now - self._invalidations.keep - self._skew)
        start = 0
        while True:
            async with asyncio.timeout(4 * self._timeout):
                found: Any = await self._client.zrange(
                    self._name, oldest, "+inf", byscore=True, offset=start, num=_PAGE, withscores=True
                )
            self._invalidations.add({tag.decode(errors="replace"): float(moment) + self._skew for tag, moment in found})
            if len(found) < _PAGE:
                break
            start += _PAGE
        self._read_up_to = now

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self._listener.aclose()
