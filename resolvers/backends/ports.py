"""What the rooms of `resolvers.backends` promise each other.

    Operation (operation.py)   keys → cache → batch → resilience → Endpoint.attempt → records
    Connector (rest.py, soap/) one per backend: owns the connection, makes one Endpoint per configured operation
    Endpoint                   one operation of one backend: one attempt of one call, answered in records
    Reader    (mapping.py)     payload → records, compiled once

An adapter in Python (`adapter = "my_company.crm:Customers"`) is an Endpoint as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from msgspec import Struct

from resolvers.errors import BackendContract
from resolvers.principal import Principal

Record = TypeVar("Record")
Scalar = str | int | bool | None
Args = tuple[tuple[str, Scalar | tuple[Scalar, ...]], ...]
"""Arguments besides the keys, sorted by name: hashable, part of every cache key and batch identity."""

Forwarded = tuple[tuple[str, str], ...]
"""What of the caller goes out with a call (header, value), sorted. Empty unless configuration allows it."""

Hints = tuple[tuple[str, str], ...]
"""Headers that tell a backend about the request behind a call. They change no answer, so no identity holds them."""


class Call(Struct, frozen=True, kw_only=True):
    """One call to one endpoint. `keys` is empty for lists; `timeout` is seconds for this attempt."""

    keys: tuple[str, ...] = ()
    args: Args = ()
    forwarded: Forwarded = ()
    hints: Hints = ()
    timeout: float = 10.0
    first: int | None = None
    """Lists: how many records are wanted."""
    after: str | None = None
    """Lists: the position after which they start, as told by an earlier `Fetched.positions`."""
    if_none_match: str | None = None


class Fetched(Struct, Generic[Record], kw_only=True):
    """What one attempt brought. A record that did not fit its mapping is an error in its place."""

    records: Sequence[Record | BackendContract]
    total: int | None = None
    """Lists: how many there are in all, where the backend tells."""
    positions: Sequence[str] | None = None
    """Lists: one opaque position per record, each usable as `Call.after`."""
    has_next: bool = False
    etag: str | None = None
    max_age: float | None = None
    """Seconds for which the backend allows the answer to be kept; None where it does not say or is not asked."""
    not_modified: bool = False


class Endpoint(Protocol[Record]):
    """One operation of one backend.

    `attempt` makes exactly one try and raises only `BackendError` (or is cancelled). It neither retries nor caches.
    """

    @property
    def backend(self) -> str: ...
    @property
    def operation(self) -> str:
        """The name in configuration, errors, logs and metrics, such as `orders.by_customers`."""
        ...

    @property
    def max_batch(self) -> int:
        """How many keys one call may carry; 1 where the backend has no batch form."""
        ...

    @property
    def accepts(self) -> frozenset[str]:
        """The names of arguments besides keys that reach the backend; others must not be given."""
        ...

    def forwarded(self, principal: Principal) -> Forwarded:
        """What of this caller the call would carry."""
        ...

    def sendable(self, keys: Sequence[str]) -> Sequence[str]:
        """Those of the keys, in order, that may be sent. The others (`0`, negative, pattern) are answered as absent
        without a call."""
        ...

    async def attempt(self, call: Call) -> Fetched[Record]: ...


class Reader(Protocol[Record]):
    """Turns payloads into records, by the configured mapping. Pure and compiled once."""

    def read(self, items: Sequence[Any]) -> list[Record | BackendContract]:
        """One result per item, in order less the items that the record filter drops. A bad item raises nothing."""
        ...

    def read_json(self, body: bytes) -> list[Record | BackendContract]:
        """The same from the bytes of a whole JSON answer, with the items where the mapping says.

        Raises BackendContract when the body is not JSON or the items are not where they should be.
        """
        ...


class Connector(Protocol):
    """One backend: its connection, credentials and caps. `open` and `close` frame its life and need no live backend."""

    async def open(self) -> None: ...
    async def close(self) -> None: ...


class Clock(Protocol):
    """Time as an argument, so that nothing in the tests sleeps."""

    def monotonic(self) -> float:
        """Seconds that only grow; for deadlines, TTLs and breakers."""
        ...

    def time(self) -> float:
        """Seconds since the epoch; for tokens and calendar days."""
        ...


Jitter = Callable[[], float]
"""Randomness as an argument: a number in [0, 1)."""
