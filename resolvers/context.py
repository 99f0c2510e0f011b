"""What one request carries through the resolvers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from resolvers.principal import ANONYMOUS, Principal

if TYPE_CHECKING:
    from resolvers.backends.operation import Backends
    from resolvers.backends.ports import Clock


class Stale(Struct, frozen=True):
    """A value older than its TTL that was served because the backend could not give a newer one in time."""

    backend: str
    operation: str
    age: float
    """Seconds since the value was read from the backend."""
    reason: str
    """`revalidating` (a newer one is being fetched) or `error` (the backend failed)."""


class Context:
    """One request: who asks, by when it has to be answered, and the backends to ask.

    `deadline` is in the seconds of `clock.monotonic()`. `fresh` asks to pass over cached values. `stale` collects
    what was served although it was old; `max_page` is the most records a page may hold; `record_call` is called once
    per backend call, when somebody looks.
    """

    __slots__ = (
        "_today",
        "backends",
        "clock",
        "correlation_id",
        "deadline",
        "fresh",
        "max_page",
        "operation_name",
        "principal",
        "record_call",
        "stale",
        "traceparent",
    )

    def __init__(
        self,
        backends: Backends,
        clock: Clock,
        *,
        principal: Principal = ANONYMOUS,
        deadline: float,
        correlation_id: str,
        traceparent: str | None = None,
        operation_name: str | None = None,
        fresh: bool = False,
        max_page: int = 200,
        record_call: Callable[[Any], None] | None = None,
    ) -> None:
        self.backends = backends
        self.clock = clock
        self.principal = principal
        self.deadline = deadline
        self.correlation_id = correlation_id
        self.traceparent = traceparent
        self.operation_name = operation_name
        self.fresh = fresh
        self.max_page = max_page
        self.record_call = record_call
        self.stale: list[Stale] = []
        self._today: date | None = None

    def remaining(self) -> float:
        """Seconds left until the deadline; zero or less when it has passed."""
        return self.deadline - self.clock.monotonic()

    def today(self) -> date:
        """The calendar day (UTC) of this request; the same for all of its fields."""
        if self._today is None:
            self._today = datetime.fromtimestamp(self.clock.time(), UTC).date()
        return self._today
