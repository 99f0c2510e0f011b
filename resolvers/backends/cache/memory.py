"""A bounded aiocache store in this process: least recently used out first, by entries and by bytes.

aiocache's own memory store has no bounds and holds a timer per key; this one expires when it is asked.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, Final

from aiocache.base import BaseCache
from aiocache.serializers import NullSerializer

from resolvers.backends.ports import Clock

_VALUE: Final = 0
_VERSION: Final = 3
"""Their places in an entry: value, moment of expiry, size, version."""


class BoundedMemoryCache(BaseCache):  # type: ignore[misc] # aiocache ships no types
    """aiocache's interface over an ordered dict. A TTL of None keeps until it is pushed out; 0 keeps nothing.

    `size_of` tells the bytes of a value where `put` is not told them. Values are handed out as they are, so they must
    not change.
    """

    NAME = "bounded"

    def __init__(
        self,
        *,
        max_entries: int,
        max_bytes: int,
        clock: Clock,
        size_of: Callable[[Any], int] = sys.getsizeof,
        **kwargs: Any,
    ) -> None:
        super().__init__(serializer=NullSerializer(), timeout=None, **kwargs)
        self.max_entries = max_entries
        self.max_bytes = max_bytes
        self.bytes = 0
        self.evicted = 0
        self._clock = clock
        self._size_of = size_of
        self._puts = 0
        self._entries: OrderedDict[str, tuple[Any, float | None, int, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def peek(self, keys: Iterable[str]) -> list[Any]:
        """The values, None where there is none. Does not wait, so the hot path needs no coroutine per key."""
        return self._used(keys, _VALUE, None)

    def versions(self, keys: Iterable[str]) -> list[int]:
        """What tells the values from all that are ever put in their places; 0 where there is none. Counts as a use."""
        return self._used(keys, _VERSION, 0)

    def _used(self, keys: Iterable[str], part: int, absent: Any) -> list[Any]:
        """One part of each entry, which counts as a use, and `absent` where there is none."""
        entries, used = self._entries, self._entries.move_to_end
        now = self._clock.monotonic()
        found: list[Any] = []
        for key in keys:
            entry = entries.get(key)
            if entry is None:
                found.append(absent)
            elif entry[1] is not None and entry[1] <= now:
                self.drop(key)
                found.append(absent)
            else:
                used(key)
                found.append(entry[part])
        return found

    def held(self, key: str) -> Any:
        """The value that is held, expired or not, without counting as a use; None where there is none."""
        entry = self._entries.get(key)
        return None if entry is None else entry[0]

    def put(self, key: str, value: Any, ttl: float | None, size: int | None = None) -> None:
        """Keep a value of `size` bytes for `ttl` seconds, and push out what there is no room for any more."""
        self.drop(key)
        if ttl is not None and ttl <= 0:
            return
        size = (self._size_of(value) if size is None else size) + len(key)
        if size > self.max_bytes:
            return
        expires = None if ttl is None else self._clock.monotonic() + ttl
        self._puts += 1
        self._entries[key] = (value, expires, size, self._puts)
        self.bytes += size
        while len(self._entries) > self.max_entries or self.bytes > self.max_bytes:
            _, (_, _, oldest, _) = self._entries.popitem(last=False)
            self.bytes -= oldest
            self.evicted += 1

    def _peek(self, key: str) -> Any:
        return self.peek((key,))[0]

    def drop(self, key: str) -> bool:
        """Forget a value; whether there was one."""
        entry = self._entries.pop(key, None)
        if entry is None:
            return False
        self.bytes -= entry[2]
        return True

    async def _get(self, key: str, encoding: str | None = "utf-8", _conn: Any = None) -> Any:
        return self._peek(key)

    async def _gets(self, key: str, encoding: str | None = "utf-8", _conn: Any = None) -> Any:
        return self._peek(key)

    async def _multi_get(self, keys: Iterable[str], encoding: str | None = "utf-8", _conn: Any = None) -> list[Any]:
        return self.peek(keys)

    async def _set(
        self, key: str, value: Any, ttl: float | None = None, _cas_token: Any = None, _conn: Any = None
    ) -> bool:
        if _cas_token is not None and self._peek(key) != _cas_token:
            return False
        self.put(key, value, ttl)
        return True

    async def _multi_set(self, pairs: Iterable[tuple[str, Any]], ttl: float | None = None, _conn: Any = None) -> bool:
        for key, value in pairs:
            self.put(key, value, ttl)
        return True

    async def _add(self, key: str, value: Any, ttl: float | None = None, _conn: Any = None) -> bool:
        if self._peek(key) is not None:
            raise ValueError(f"Key {key} already exists, use .set to update the value")
        self.put(key, value, ttl)
        return True

    async def _exists(self, key: str, _conn: Any = None) -> bool:
        return self._peek(key) is not None

    async def _increment(self, key: str, delta: int, _conn: Any = None) -> int:
        value = self._peek(key)
        if value is None:
            value = 0
        if not isinstance(value, int):
            raise TypeError("Value is not an integer") from None
        expires = self._entries[key][1] if key in self._entries else None
        self.put(key, value + delta, None if expires is None else expires - self._clock.monotonic())
        return value + delta

    async def _expire(self, key: str, ttl: float | None, _conn: Any = None) -> bool:
        value = self._peek(key)
        if value is None:
            return False
        self.put(key, value, ttl or None)
        return True

    async def _delete(self, key: str, _conn: Any = None) -> int:
        return int(self.drop(key))

    async def _clear(self, namespace: str | None = None, _conn: Any = None) -> bool:
        for key in [key for key in self._entries if namespace is None or key.startswith(f"{namespace}:")]:
            self.drop(key)
        return True

    async def _raw(self, command: str, *args: Any, encoding: str | None = "utf-8", _conn: Any = None, **kw: Any) -> Any:
        return getattr(self._entries, command)(*args, **kw)

    async def _redlock_release(self, key: str, value: Any) -> int:
        if self._peek(key) == value:
            return int(self.drop(key))
        return 0
