"""Where entries are kept. A store never fails a request: what it cannot read is a miss, and is counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec
from aiocache import RedisCache
from aiocache.serializers import BaseSerializer
from redis.asyncio import Redis
from redis.exceptions import RedisError

from resolvers.backends.cache.entries import Codec, Entry
from resolvers.backends.cache.memory import BoundedMemoryCache
from resolvers.backends.ports import Clock

EntryOrMiss = Entry[Any] | None


class Store(Protocol):
    """Entries by name; one store may serve operations of different shapes, so each call brings its codec."""

    async def get(self, names: Sequence[str], codec: Codec) -> list[EntryOrMiss]: ...
    async def put(self, entries: Mapping[str, Entry[Any]], ttl: float, codec: Codec) -> None: ...
    async def close(self) -> None: ...


def entry_bytes(entry: Entry[Any]) -> int:
    """About how much memory an entry takes: its encoded size times what Python needs for objects of that content."""
    return OVERHEAD + FACTOR * len(_ENCODER.encode(entry))


_ENCODER = msgspec.msgpack.Encoder()
OVERHEAD = 400
FACTOR = 4


class MemoryStore:
    """Entries in this process, as the objects they are: a hit costs no decoding."""

    def __init__(self, *, max_entries: int, max_bytes: int, clock: Clock) -> None:
        self.cache = BoundedMemoryCache(max_entries=max_entries, max_bytes=max_bytes, clock=clock, size_of=entry_bytes)

    async def get(self, names: Sequence[str], codec: Codec) -> list[EntryOrMiss]:
        peek = self.cache.peek
        return [peek(name) for name in names]

    async def put(self, entries: Mapping[str, Entry[Any]], ttl: float, codec: Codec) -> None:
        for name, entry in entries.items():
            self.cache.put(name, entry, ttl)

    async def close(self) -> None:
        await self.cache.clear()


class _Bytes(BaseSerializer):  # type: ignore[misc] # aiocache ships no types
    """Bytes as they are. Never pickle: whoever can write to Redis could run code here."""

    DEFAULT_ENCODING = None

    def dumps(self, value: Any) -> Any:
        return value

    def loads(self, value: Any) -> Any:
        return value


class RedisStore:
    """Entries in Redis through aiocache, for all processes and machines.

    Fails open: when Redis is slow, down, full or broken, reading is a miss and writing does nothing. After a failure
    it is left alone for `pause` seconds, so that a dead Redis costs one timeout now and then, not one per request.
    """

    def __init__(
        self, client: Redis, clock: Clock, *, pause: float = 1.0, failed: Callable[[str], None] = lambda action: None
    ) -> None:
        self._cache = RedisCache(timeout=None, serializer=_Bytes())
        self._cache.client = client
        self._clock = clock
        self._pause = pause
        self._failed = failed
        self._away_until = 0.0

    @property
    def away(self) -> bool:
        """Whether Redis failed just now and is left alone."""
        return self._clock.monotonic() < self._away_until

    def _fail(self, action: str) -> None:
        self._away_until = self._clock.monotonic() + self._pause
        self._failed(action)

    async def get(self, names: Sequence[str], codec: Codec) -> list[EntryOrMiss]:
        if not names or self.away:
            return [None] * len(names)
        try:
            found = await self._cache.multi_get(list(names))
        except (TimeoutError, RedisError, OSError):
            self._fail("get")
            return [None] * len(names)
        return [None if data is None else self._decode(data, codec) for data in found]

    def _decode(self, data: bytes, codec: Codec) -> EntryOrMiss:
        try:
            return codec.decode(data)
        except ValueError:
            # Something else wrote under our name. It is read as a miss and will be written over.
            self._failed("decode")
            return None

    async def put(self, entries: Mapping[str, Entry[Any]], ttl: float, codec: Codec) -> None:
        if not entries or ttl <= 0 or self.away:
            return
        try:
            await self._cache.multi_set([(name, codec.encode(entry)) for name, entry in entries.items()], ttl=ttl)
        except (TimeoutError, RedisError, OSError):
            self._fail("set")

    async def close(self) -> None:
        await self._cache.client.aclose()


class LayeredStore:
    """A small memory in front of Redis, for `front` seconds: what this process has just read is not read again."""

    def __init__(self, memory: MemoryStore, shared: Store, front: float) -> None:
        self._memory = memory
        self._shared = shared
        self._front = front

    async def get(self, names: Sequence[str], codec: Codec) -> list[EntryOrMiss]:
        found = await self._memory.get(names, codec)
        missing = [index for index, entry in enumerate(found) if entry is None]
        if missing:
            fetched = await self._shared.get([names[index] for index in missing], codec)
            for index, entry in zip(missing, fetched, strict=True):
                if entry is not None:
                    found[index] = entry
                    self._memory.cache.put(names[index], entry, self._front)
        return found

    async def put(self, entries: Mapping[str, Entry[Any]], ttl: float, codec: Codec) -> None:
        await self._memory.put(entries, min(ttl, self._front), codec)
        await self._shared.put(entries, ttl, codec)

    async def close(self) -> None:
        await self._memory.close()
        await self._shared.close()
