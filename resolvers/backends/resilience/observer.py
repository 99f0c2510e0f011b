"""Who is told what happens to calls."""

from __future__ import annotations

from typing import Protocol

from resolvers.backends.ports import Call
from resolvers.backends.resilience.breaker import BreakerState
from resolvers.errors import BackendError


class Observer(Protocol):
    """Who is told what happens to calls: metrics, logs, traces."""

    def attempted(self, backend: str, operation: str, seconds: float, error: BackendError | None) -> None: ...
    def retried(self, backend: str, operation: str, reason: str) -> None: ...
    def refused(self, backend: str, operation: str, reason: str) -> None:
        """A call was not made: `breaker`, `bulkhead`, `quota` or `deadline`."""
        ...

    def called(self, backend: str, operation: str, call: Call, seconds: float, error: BackendError | None) -> None:
        """A call was answered or failed, after all its attempts; `seconds` holds the waiting as well."""
        ...

    def breaker_changed(self, backend: str, state: BreakerState) -> None: ...


class Silent:
    """An observer that nobody looks at."""

    def attempted(self, backend: str, operation: str, seconds: float, error: BackendError | None) -> None:
        pass

    def retried(self, backend: str, operation: str, reason: str) -> None:
        pass

    def refused(self, backend: str, operation: str, reason: str) -> None:
        pass

    def called(self, backend: str, operation: str, call: Call, seconds: float, error: BackendError | None) -> None:
        pass

    def breaker_changed(self, backend: str, state: BreakerState) -> None:
        pass
