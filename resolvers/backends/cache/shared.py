"""Entries in Redis, for all processes and machines; and the clients of Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from aiocache import RedisCache
from aiocache.serializers import BaseSerializer
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError

from resolvers.backends.batching import Batcher
from resolvers.backends.cache.entries import Codec, Entry
from resolvers.backends.cache.stores import EntryOrMiss
from resolvers.backends.ports import Args, Clock, Forwarded
from resolvers.backends.trips import Trip

AWAY: Final = (RedisError, OSError)
"""What the client raises when Redis is slow, gone or broken; TimeoutError is an OSError."""
CONNECTIONS: Final = 8
"""Reads of concurrent requests share commands, so a few connections carry any number of requests."""
CHUNK: Final = 256
"""Names in one command: Redis answers others in between, and one slow command is not a long one."""
MOST_UNWRITTEN: Final = 10_000
"""Entries that wait to be written at most; more are not kept, for a Redis that falls behind must not fill memory."""
MOST_UNWRITTEN_BYTES: Final = 32_000_000
_NO_MORE: Final = 0.0
"""The TTL of what is to be deleted."""


def redis_client(url: str, timeout: float, *, connections: int = CONNECTIONS) -> Redis:
    """A client whose every step is over after `timeout` seconds; it connects when first used.

    A connection that Redis has closed meanwhile is replaced once, at once. Raises ValueError for a URL that cannot be
    used; the message does not hold the URL.
    """
    try:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=connections,
            timeout=timeout,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        )
    except (ValueError, TypeError) as error:
        raise ValueError("not an address of Redis: write redis://, rediss:// or unix://") from error
    client = Redis(connection_pool=pool)
    client.auto_close_connection_pool = True
    return client


class _Bytes(BaseSerializer):  # type: ignore[misc] # aiocache ships no types
    """Bytes as they are. Never pickle: whoever can write to Redis could run code here."""

    DEFAULT_ENCODING = None

    def dumps(self, value: Any) -> Any:
        return value

    def loads(self, value: Any) -> Any:
        return value


class RedisStore:
    """`Store` (stores.py) in Redis, through aiocache.

    Fails open: when Redis is slow, down, full or broken, reading is a miss and writing does nothing. After a failure
    it is left alone for `pause` seconds, so that a dead Redis costs one timeout now and then, not one per request.
    Reads of concurrent requests share commands, as batches of keys share calls; writing goes on behind the answer.
    Nothing is read while this process does not hear of invalidations (`hears`), for it could be what others were told
    to forget.
    """

    def __init__(
        self,
        client: Redis,
        clock: Clock,
        *,
        timeout: float = 0.1,
        pause: float = 1.0,
        failed: Callable[[str], None] = lambda action: None,
        hears: Callable[[], bool] = lambda: True,
    ) -> None:
        self._cache = RedisCache(timeout=None, serializer=_Bytes())
        self._cache.client = client
        self._clock = clock
        self._timeout = timeout
        self._pause = pause
        self._failed = failed
        self._hears = hears
        self._no_reads_until = self._no_writes_until = float("-inf")
        self._reads = Batcher(
            self._read, backend="redis", operation="get", most=CHUNK, in_flight=4, linger=0.001, clock=clock
        )
        self._unwritten: dict[str, tuple[bytes, float]] = {}
        self._unwritten_bytes = 0
        self._writer: asyncio.Task[None] | None = None
        self._closing = False
        self.failures: dict[str, int] = {}
        """How often what failed: `get`, `set`, `decode` (no entry of ours), `overflow` (faster than it is written)."""

    @property
    def away(self) -> bool:
        """Whether Redis failed just now and is left alone."""
        return self._clock.monotonic() < self._no_reads_until

    def _fail(self, action: str) -> None:
        self.failures[action] = self.failures.get(action, 0) + 1
        self._failed(action)

    async def get(self, names: Sequence[str], codec: Codec) -> list[EntryOrMiss]:
        if not names or self.away or not self._hears():
            return [None] * len(names)
        patience = self._clock.monotonic() + 2 * self._timeout
        found = (await self._reads.load(names, (), (), patience)).found
        return [self._decoded(found.get(name), codec) for name in names]

    async def _read(self, names: tuple[str, ...], args: Args, forwarded: Forwarded, trip: Trip) -> dict[str, bytes]:
        if self.away:
            return {}
        try:
            async with asyncio.timeout(self._timeout):
                found = await self._cache.multi_get(list(names))
        except AWAY:
            self._no_reads_until = self._no_writes_until = self._clock.monotonic() + self._pause
            self._fail("get")
            return {}
        return {name: data for name, data in zip(names, found, strict=True) if data is not None}

    def _decoded(self, data: object, codec: Codec) -> EntryOrMiss:
        if not isinstance(data, bytes):
            # None, or the error that the wait was too long.
            return None
        try:
            return codec.decode(data)
        except ValueError:
            # Something else wrote under our name. It is read as a miss and will be written over.
            self._fail("decode")
            return None

    def versions(self, names: Sequence[str]) -> list[int] | None:
        return None

    def put(self, entries: Mapping[str, Entry[Any]], ttl: float, codec: Codec) -> None:
        if ttl <= 0 or not self._takes(len(entries)):
            return
        for name, entry in entries.items():
            data = codec.encode(entry)
            if self._unwritten_bytes + len(data) > MOST_UNWRITTEN_BYTES:
                self._fail("overflow")
                break
            # A float becomes PEXPIRE; a whole number of seconds would become EXPIRE, and below one be an error.
            self._wait(name, data, float(ttl))

    def drop(self, names: Sequence[str], before: float) -> None:
        """Delete these entries whenever they were stored: one that is newer costs a miss."""
        if self._takes(len(names)):
            for name in names:
                self._wait(name, b"", _NO_MORE)

    def _takes(self, count: int) -> bool:
        """Whether so many more may wait to be written."""
        if self._closing or self._clock.monotonic() < self._no_writes_until:
            return False
        if len(self._unwritten) + count > MOST_UNWRITTEN:
            self._fail("overflow")
            return False
        return True

    def _wait(self, name: str, data: bytes, ttl: float) -> None:
        self._unwritten_bytes += len(data) - len(self._unwritten.get(name, (b"",))[0])
        self._unwritten[name] = (data, ttl)
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        """Write what waits, in chunks of one TTL, until nothing waits any more."""
        try:
            while self._unwritten:
                ttl = next(iter(self._unwritten.values()))[1]
                names = [name for name, (_, other) in self._unwritten.items() if other == ttl][:CHUNK]
                pairs = [(name, self._unwritten.pop(name)[0]) for name in names]
                self._unwritten_bytes -= sum(len(data) for _, data in pairs)
                await self._write_chunk(pairs, ttl)
        finally:
            self._writer = None

    async def _write_chunk(self, pairs: list[tuple[str, bytes]], ttl: float) -> None:
        try:
            async with asyncio.timeout(2 * self._timeout):
                if ttl == _NO_MORE:
                    await self._cache.client.unlink(*[name for name, _ in pairs])
                else:
                    await self._cache.multi_set(pairs, ttl=ttl)
        except AWAY as error:
            self._unwritten.clear()
            self._unwritten_bytes = 0
            self._no_writes_until = self._clock.monotonic() + self._pause
            if not isinstance(error, ResponseError):
                # A Redis that is full or read-only says so, and still answers reads.
                self._no_reads_until = self._no_writes_until
            self._fail("set")

    async def written(self) -> None:
        """Wait until everything put so far is written or given up."""
        while self._writer is not None:
            await asyncio.wait([self._writer])

    async def close(self) -> None:
        """Write what waits, then close the connections."""
        self._closing = True
        await self.written()
        await self._reads.close()
        await self._cache.client.aclose()
