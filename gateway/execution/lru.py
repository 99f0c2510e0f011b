"""A least-recently-used store with two bounds: how many entries, and how much they weigh together."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Lru(Generic[Key, Value]):
    """At most `entries` values that weigh at most `bytes` together; what was used longest ago goes first.

    Weights are told by the caller. A value that alone weighs more than an eighth of the bound is not kept, so that one
    giant cannot push out all others. `hits`, `misses` and `evictions` only grow.
    """

    __slots__ = ("_items", "bytes", "entries", "evictions", "hits", "misses", "weight")

    def __init__(self, *, entries: int, bytes: int) -> None:  # noqa: A002 - the bound is called what it bounds
        self.entries = entries
        self.bytes = bytes
        self.weight = 0
        self.hits = 0
        self.misses = 0
        self.evictions = 0
        self._items: OrderedDict[Key, tuple[Value, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._items)

    def get(self, key: Key) -> Value | None:
        """The value, now the most recently used; None when it is not here."""
        item = self._items.get(key)
        if item is None:
            self.misses += 1
            return None
        self.hits += 1
        self._items.move_to_end(key)
        return item[0]

    def put(self, key: Key, value: Value, weight: int) -> None:
        """Keep a value, as far as the bounds allow."""
        if weight > self.bytes // 8:
            return
        replaced = self._items.pop(key, None)
        if replaced is not None:
            self.weight -= replaced[1]
        self._items[key] = (value, weight)
        self.weight += weight
        while len(self._items) > self.entries or self.weight > self.bytes:
            _, (_, freed) = self._items.popitem(last=False)
            self.weight -= freed
            self.evictions += 1
