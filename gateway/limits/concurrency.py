"""How many operations of one caller run at the same time (`[limits.concurrency]`)."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType

from gateway.limits.callers import Caller
from gateway.limits.rate import Exceeded
from gateway.limits.settings import ConcurrencySettings
from resolvers.errors import RateLimited


class Concurrency:
    """Counts running operations per caller, within this process. It remembers only who has one running."""

    def __init__(self, settings: ConcurrencySettings, exceeded: Exceeded) -> None:
        self._settings = settings
        self._enforced = settings.mode == "enforce"
        self._exceeded = exceeded
        self._running: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._running)

    def running(self, caller: Caller) -> AbstractContextManager[None]:
        """Frames one operation. Entering raises RateLimited when the caller has its share running already."""
        return _Running(self, caller)

    def enter(self, caller: Caller) -> None:
        """One more operation of this caller starts. Raises RateLimited when it must not."""
        most = self._settings.anonymous_operations if caller.anonymous else self._settings.operations
        count = self._running.get(caller.key, 0) + 1
        if count > most:
            self._exceeded("concurrency", caller, self._enforced)
            if self._enforced:
                raise RateLimited(
                    f"{most} operations at once are the limit, and as many are running.",
                    limit="concurrency",
                    allowed=most,
                    actual=count,
                    retryAfter=1,
                )
        self._running[caller.key] = count

    def leave(self, caller: Caller) -> None:
        """One operation of this caller has ended."""
        left = self._running[caller.key] - 1
        if left:
            self._running[caller.key] = left
        else:
            del self._running[caller.key]


class _Running:
    __slots__ = ("_caller", "_concurrency")

    def __init__(self, concurrency: Concurrency, caller: Caller) -> None:
        self._concurrency = concurrency
        self._caller = caller

    def __enter__(self) -> None:
        self._concurrency.enter(self._caller)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._concurrency.leave(self._caller)
