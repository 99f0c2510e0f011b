"""Where entries are kept. A store never fails a request: what it cannot read is a miss, and is counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from resolvers.backends.cache.entries import Codec, Entry
from resolvers.backends.cache.memory import BoundedMemoryCache
from resolvers.backends.ports import Clock

EntryOrMiss = Entry[Any] | None


class Store(Protocol):
    """Entries by name; one store may serve operations of different shapes, so each call brings its codec."""

    async def get(self, names: Sequence[str], codec: Codec) -> Sequence[EntryOrMiss]:
        """One entry per name, in order; None where there is none that can be read."""
        ...

    def versions(self, names: Sequence[str]) -> list[int] | None:
        """What tells the entries of these names from all later ones, 0 where there is none; None where that cannot be
        known without waiting."""
        ...

    def put(self, entries: Mapping[str, Entry[Any]], ttl: float, codec: Codec) -> None:
        """Keep the entries for `ttl` seconds. Nobody waits until they are written."""
        ...

    def drop(self, names: Sequence[str], before: float) -> None:
        """Forget the entries whose calls left at `before` (seconds of the epoch) or earlier. Nobody waits for it."""
        ...

    async def close(self) -> None: ...


class MemoryStore:
    """Entries in this process, as the objects they are: a hit costs no decoding."""

    def __init__(self, *, max_entries: int, max_bytes: int, clock: Clock) -> None:
        self.cache = BoundedMemoryCache(max_entries=max_entries, max_bytes=max_bytes, clock=clock)

    async def get(self, names: Sequence[str], codec: Codec) -> list[EntryOrMiss]:
        return self.cache.peek(names)

    def versions(self, names: Sequence[str]) -> list[int] | None:
        return self.cache.versions(names)

    def put(self, entries: Mapping[str, Entry[Any]], ttl: float, codec: Codec) -> None:
        put, held, weigh = self.cache.put, self.cache.held, codec.weigh
        for name, entry in entries.items():
            old = held(name)
            # When two calls overtake each other, what left later stays.
            if old is None or old.stored_at <= entry.stored_at:
                put(name, entry, ttl, weigh(entry))

    def drop(self, names: Sequence[str], before: float) -> None:
        for name in names:
            old = self.cache.held(name)
            if old is not None and old.stored_at <= before:
                self.cache.drop(name)

    async def close(self) -> None:
        await self.cache.clear()


class LayeredStore:
    """A small memory in front of Redis, for `front` seconds: what this process has just read is not read again."""

    def __init__(self, memory: MemoryStore, shared: Store, front: float) -> None:
        self._memory = memory
        self._shared = shared
        self._front = front

    async def get(self, names: Sequence[str], codec: Codec) -> list[EntryOrMiss]:
        found = self._memory.cache.peek(names)
        missing = [index for index, entry in enumerate(found) if entry is None]
        if missing:
            fetched = await self._shared.get([names[index] for index in missing], codec)
            read: dict[str, Entry[Any]] = {}
            for index, entry in zip(missing, fetched, strict=True):
                if entry is not None:
                    found[index] = read[names[index]] = entry
            self._memory.put(read, self._front, codec)
        return found

    def versions(self, names: Sequence[str]) -> list[int] | None:
        return None  # Others write to Redis, and this process would go on with what it has in front.

    def put(self, entries: Mapping[str, Entry[Any]], ttl: float, codec: Codec) -> None:
        self._memory.put(entries, min(ttl, self._front), codec)
        self._shared.put(entries, ttl, codec)

    def drop(self, names: Sequence[str], before: float) -> None:
        self._memory.drop(names, before)
        self._shared.drop(names, before)

    async def close(self) -> None:
        await self._memory.close()
        await self._shared.close()
