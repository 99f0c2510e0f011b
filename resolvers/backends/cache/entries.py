"""Entries of the cache: a value with its times, under a name that says whose it is and of which shape."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec import Struct

from resolvers.backends.cache.sizes import weigher
from resolvers.backends.ports import Args, Forwarded

Value = TypeVar("Value")

LONGEST_KEY: Final = 128
"""Characters of a key that stand in a name as they are; longer ones are digested, so that names stay small."""
_EMPTY: Final = 460
"""Bytes that an entry takes besides its value and its name: its own objects and its place in the store. Measured by
tests/resolvers/backends/cache/test_sizes.py."""


class Entry(Struct, Generic[Value], array_like=True, gc=False):
    """What was answered for one key. `value` is None where the backend has nothing. Times are seconds of the epoch.

    An entry that is `firm` has to be asked about when it is no longer fresh, and never serves as a stale one.
    """

    stored_at: float
    fresh_until: float
    value: Value | None
    etag: str | None = None
    firm: bool = False


class Listing(Struct, Generic[Value], array_like=True, gc=False):
    """One page of a list, as `ports.Fetched` tells it."""

    records: tuple[Value, ...]
    total: int | None
    positions: tuple[str, ...] | None
    has_next: bool


class Codec:
    """Entries of one shape: as msgpack, typed, and what they weigh in memory."""

    def __init__(self, record: Any, *, grouped: bool = False, listed: bool = False) -> None:
        shape: Any = record
        if listed:
            shape = Listing[record]
        elif grouped:
            shape = tuple[record, ...]
        generic: Any = Entry
        self._decoder: Any = msgspec.msgpack.Decoder(generic[shape])
        self._encoder = msgspec.msgpack.Encoder()
        self._grouped = grouped
        self._listed = listed
        self._weigh = weigher(record)

    def encode(self, entry: Entry[Any]) -> bytes:
        return self._encoder.encode(entry)

    def decode(self, data: bytes) -> Entry[Any]:
        """Raises ValueError for bytes that are not an entry of this shape."""
        try:
            entry: Entry[Any] = self._decoder.decode(data)
        except msgspec.MsgspecError as error:
            raise ValueError("not an entry of this shape") from error
        return entry

    def weigh(self, entry: Entry[Any]) -> int:
        """About the bytes that the entry takes in memory, its name apart."""
        value = entry.value
        size = _EMPTY
        if entry.etag is not None:
            size += 64 + len(entry.etag)
        if value is None:
            return size
        if self._listed:
            size += 192
            for position in value.positions or ():
                size += 64 + len(position)
            value = value.records
        if self._grouped or self._listed:
            weigh = self._weigh
            return size + 64 + 8 * len(value) + sum([weigh(record) for record in value])
        return size + self._weigh(value)


class Naming:
    """Names of entries: `namespace:version:operation:identity:key`.

    The version is a digest of the shapes of entry and record and of everything in the configuration that decides what a
    record holds, so a new release or mapping never reads what an old one wrote. The identity is a digest of the
    arguments, of what of the caller goes out with the call, of the caller's tenant, and of its customer where what it
    may know of is remembered for it alone. So callers whose calls, or answers, differ have different entries.
    """

    def __init__(self, namespace: str, operation: str, record: type, configuration: str) -> None:
        shape = repr((Entry.__struct_fields__, Listing.__struct_fields__, msgspec.json.schema(record)))
        version = _digest(f"{shape}\n{configuration}".encode())
        self._base = f"{namespace}:{version}:{operation}:"
        self._plain = self._base + "-:"

    def prefix(self, args: Args, forwarded: Forwarded, tenant: str | None = None, customer: str | None = None) -> str:
        """What the names of all keys asked in this way begin with."""
        if not args and not forwarded and tenant is None and customer is None:
            return self._plain
        identity = (args, forwarded, tenant) if customer is None else (args, forwarded, tenant, customer)
        return f"{self._base}{_digest(msgspec.msgpack.encode(identity))}:"

    def names(self, prefix: str, keys: Sequence[str]) -> list[str]:
        """The names of these keys, in order."""
        if len(max(keys, key=len, default="")) <= LONGEST_KEY:
            return [prefix + key for key in keys]
        # A digest takes the place of the last colon too, so that no key that somebody writes is the name of another.
        digested = prefix[:-1] + "#"
        return [prefix + key if len(key) <= LONGEST_KEY else digested + _digest(key.encode()) for key in keys]


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=12).hexdigest()
