"""What one request carries through the resolvers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

from resolvers.basis import Basis
from resolvers.principal import ANONYMOUS, Principal
from resolvers.privacy import Reads

if TYPE_CHECKING:
    from resolvers.backends.operation import Backends
    from resolvers.backends.ports import Clock, Hints


class Stale(Struct, frozen=True):
    """A value older than its TTL that was served because the backend could not give a newer one in time."""

    backend: str
    operation: str
    age: float
    """Seconds since the value was read from the backend."""
    reason: str
    """`revalidating` (a newer one is being fetched) or `error` (the backend failed)."""
    path: tuple[str, ...] = ()
    """Where in the answer it stands: response keys without list indices."""


class Lifetime:
    """For how long an answer stays fresh, in seconds: the least of all its parts. `inf` when it has none."""

    __slots__ = ("least",)

    def __init__(self) -> None:
        self.least = float("inf")


class Journal:
    """What all parts of one request note down together. `calls` counts the calls to backends that it waited for."""

    __slots__ = ("calls",)

    def __init__(self) -> None:
        self.calls = 0


class Place(Protocol):
    """Where in the answer something is asked for."""

    @property
    def path(self) -> Sequence[str]:
        """The response path, without list indices."""
        ...


class Context:
    """One request: who asks, by when it has to be answered, and the backends to ask.

    `deadline` is in the seconds of `clock.monotonic()`. `fresh` asks to pass over cached values. `stale` collects
    what was served although it was old; `lifetime` for how long the answer may be kept, when somebody wants to know.
    `hints` are headers that tell backends about it. `max_page` is the most records a page may hold. When somebody
    looks, `record_call` is told of every look-up that the cache answered and every call to a backend
    (resolvers/backends/recorded.py). `reads` notes which personal data was read, where that is journalled. `basis`
    notes what the answer is made of, where it may be given again.
    """

    __slots__ = (
        "_now",
        "_place",
        "_today",
        "backends",
        "basis",
        "clock",
        "correlation_id",
        "deadline",
        "fresh",
        "hints",
        "journal",
        "lifetime",
        "max_page",
        "operation_name",
        "principal",
        "reads",
        "record_call",
        "stale",
    )

    def __init__(
        self,
        backends: Backends,
        clock: Clock,
        *,
        principal: Principal = ANONYMOUS,
        deadline: float,
        correlation_id: str,
        hints: Hints = (),
        operation_name: str | None = None,
        fresh: bool = False,
        max_page: int = 200,
        record_call: Callable[[Any], None] | None = None,
        lifetime: Lifetime | None = None,
        reads: Reads | None = None,
    ) -> None:
        self.backends = backends
        self.clock = clock
        self.principal = principal
        self.deadline = deadline
        self.correlation_id = correlation_id
        self.hints = hints
        self.journal = Journal()
        self.operation_name = operation_name
        self.fresh = fresh
        self.max_page = max_page
        self.record_call = record_call
        self.lifetime = lifetime
        self.reads = reads
        self.basis: Basis | None = None
        self.stale: list[Stale] = []
        self._now = clock.time()
        self._today: date | None = None
        self._place: Place | None = None

    def at(self, place: Place | None) -> Context:
        """The same request, asking for this part of the answer."""
        there = Context.__new__(Context)
        there.backends = self.backends
        there.clock = self.clock
        there.principal = self.principal
        there.deadline = self.deadline
        there.correlation_id = self.correlation_id
        there.hints = self.hints
        there.journal = self.journal
        there.operation_name = self.operation_name
        there.fresh = self.fresh
        there.max_page = self.max_page
        there.record_call = self.record_call
        there.lifetime = self.lifetime
        there.reads = self.reads
        there.basis = self.basis
        there.stale = self.stale
        there._now = self._now
        there._today = self._today
        there._place = place
        return there

    def recording(self, record_call: Callable[[Any], None]) -> Context:
        """The same request, with somebody else who looks."""
        there = self.at(self._place)
        there.record_call = record_call
        return there

    def served_stale(self, backend: str, operation: str, age: float, reason: str) -> None:
        """Note that an old value serves here."""
        path = () if self._place is None else tuple(self._place.path)
        self.stale.append(Stale(backend, operation, age, reason, path))
        self.keep_for(0.0)

    def keep_for(self, seconds: float) -> None:
        """Note that a part of the answer is fresh for no longer than this."""
        if self.lifetime is not None and seconds < self.lifetime.least:
            self.lifetime.least = seconds

    def remaining(self) -> float:
        """Seconds left until the deadline; zero or less when it has passed."""
        return self.deadline - self.clock.monotonic()

    def today(self) -> date:
        """The calendar day (UTC) of this request; the same for all of its fields."""
        if self._today is None:
            self._today = datetime.fromtimestamp(self._now, UTC).date()
        return self._today
