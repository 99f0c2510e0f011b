"""Entries of the cache: a value with its times, under a name that says whose it is and of which shape."""

from __future__ import annotations

import hashlib
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from resolvers.backends.ports import Args, Forwarded

Value = TypeVar("Value")


class Entry(Struct, Generic[Value], array_like=True, gc=False):
    """What was answered for one key. `value` is None where the backend has nothing. Times are seconds of the epoch."""

    stored_at: float
    fresh_until: float
    value: Value | None
    etag: str | None = None


class Listing(Struct, Generic[Value], array_like=True, gc=False):
    """One page of a list, as `ports.Fetched` tells it."""

    records: tuple[Value, ...]
    total: int | None
    positions: tuple[str, ...] | None
    has_next: bool


class Codec:
    """Entries as msgpack, typed. Raises ValueError for bytes that are not an entry of this shape."""

    def __init__(self, record: Any, *, grouped: bool = False, listed: bool = False) -> None:
        shape: Any = record
        if listed:
            shape = Listing[record]
        elif grouped:
            shape = tuple[record, ...]
        generic: Any = Entry
        self._decoder: Any = msgspec.msgpack.Decoder(generic[shape])
        self._encoder = msgspec.msgpack.Encoder()

    def encode(self, entry: Entry[Any]) -> bytes:
        return self._encoder.encode(entry)

    def decode(self, data: bytes) -> Entry[Any]:
        try:
            entry: Entry[Any] = self._decoder.decode(data)
        except msgspec.MsgspecError as error:
            raise ValueError("not an entry of this shape") from error
        return entry


class Naming:
    """Names of entries: `namespace:version:operation:identity:key`.

    The version is a digest of the record's shape and of everything in the configuration that decides what a record
    holds, so a new release or mapping never reads what an old one wrote. The identity is a digest of the arguments and
    of what of the caller goes out with the call, so callers whose calls differ have different entries.
    """

    def __init__(self, namespace: str, operation: str, record: type, configuration: str) -> None:
        shape = repr(msgspec.json.schema(record))
        version = _digest(f"{shape}\n{configuration}".encode())
        self._base = f"{namespace}:{version}:{operation}:"
        self._plain = self._base + "-:"

    def prefix(self, args: Args, forwarded: Forwarded) -> str:
        """What the names of all keys asked in this way begin with."""
        if not args and not forwarded:
            return self._plain
        return f"{self._base}{_digest(msgspec.msgpack.encode((args, forwarded)))}:"


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=12).hexdigest()
