"""The guard of one backend: every call to it passes through here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from msgspec.structs import replace

from resolvers.backends.batching import Patience
from resolvers.backends.ports import Call, Clock, Fetched, Jitter
from resolvers.backends.resilience.breaker import Breaker, BreakerState
from resolvers.backends.resilience.budget import Quota, RetryBudget
from resolvers.backends.resilience.bulkhead import AdaptiveLimit, Bulkhead, FixedLimit
from resolvers.backends.resilience.settings import ResilienceSettings
from resolvers.errors import BackendError, BackendFailed, BackendRejected, BackendTimeout, BackendUnavailable

Attempt = Callable[[Call], Awaitable[Fetched[Any]]]
Sleep = Callable[[float], Awaitable[None]]

SHORTEST = 0.001
"""Less time than this before the deadline is not worth an attempt, in seconds."""


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


def counts_as_failure(error: BackendError) -> bool:
    """Whether an error speaks against the backend's health: no answer, a 5xx, an answer that is not what it should be.

    A rejection does not: the backend is well and says no.
    """
    return not isinstance(error, BackendRejected)


class Guard:
    """Deadline, bulkhead, breaker, retries and hedging around the attempts of one backend.

    Raises BackendError only. `clock`, `jitter` and `sleep` are arguments so that tests need no time.
    """

    def __init__(
        self,
        backend: str,
        settings: ResilienceSettings,
        clock: Clock,
        jitter: Jitter,
        *,
        sleep: Sleep = asyncio.sleep,
        observer: Observer | None = None,
    ) -> None:
        self.backend = backend
        self.required = settings.required
        self._settings = settings
        self._clock = clock
        self._jitter = jitter
        self._sleep = sleep
        self._observer: Observer = observer or Silent()
        limit = settings.concurrency
        self.bulkhead = Bulkhead(FixedLimit(limit) if isinstance(limit, int) else AdaptiveLimit(limit))
        self.breaker = (
            None
            if settings.breaker == "off"
            else Breaker(settings.breaker, clock, lambda state: self._observer.breaker_changed(backend, state))
        )
        self._budget = RetryBudget(settings.retry_budget)
        self._quota = Quota(settings.quota, clock) if settings.quota else None
        self._hedge = None if settings.hedge == "off" else settings.hedge

    def of(self, operation: str, *, idempotent: bool = True) -> GuardedOperation:
        """The guard for one operation; only idempotent ones are ever tried twice."""
        return GuardedOperation(self, operation, idempotent)

    async def call(
        self, attempt: Attempt, call: Call, patience: Patience, operation: str, idempotent: bool
    ) -> Fetched[Any]:
        """The answer of an attempt. Raises BackendError when none succeeded before the deadline."""
        started = self._clock.monotonic()
        try:
            fetched = await self._in_its_place(attempt, call, patience, operation, idempotent)
        except BackendError as error:
            self._observer.called(self.backend, operation, call, self._clock.monotonic() - started, error)
            raise
        self._observer.called(self.backend, operation, call, self._clock.monotonic() - started, None)
        return fetched

    async def _in_its_place(
        self, attempt: Attempt, call: Call, patience: Patience, operation: str, idempotent: bool
    ) -> Fetched[Any]:
        self._budget.earn()
        if not self.bulkhead.try_enter() and not await self.bulkhead.enter(patience.deadline - self._clock.monotonic()):
            self._observer.refused(self.backend, operation, "bulkhead")
            raise BackendTimeout(
                f"{self.backend} is busy: no call to it came free before the deadline",
                backend=self.backend,
                operation=operation,
                cause="busy",
                attempts=0,
            )
        try:
            return await self._with_retries(attempt, call, patience, operation, idempotent)
        finally:
            self.bulkhead.leave()

    async def _with_retries(
        self, attempt: Attempt, call: Call, patience: Patience, operation: str, idempotent: bool
    ) -> Fetched[Any]:
        made = 0
        while True:
            self._admit(operation, made)
            left = patience.deadline - self._clock.monotonic()
            if left < SHORTEST:
                self._withdraw()
                self._observer.refused(self.backend, operation, "deadline")
                raise self._too_late(operation, made)
            made += 1
            patience.attempts += 1
            once = self._once(call, min(self._settings.timeout, left))
            try:
                if self._hedge is None or not idempotent or self._hedge >= once.timeout:
                    return await self._try(attempt, once, operation)
                return await self._try_twice(attempt, once, operation, self._hedge)
            except BackendError as error:
                error.details["attempts"] = made
                pause = self._pause(error, made)
                if not idempotent or not error.retryable or made > self._settings.retries:
                    raise
                if pause >= patience.deadline - self._clock.monotonic() or not self._budget.spend():
                    raise
                if self.breaker is not None and self.breaker.state is not BreakerState.CLOSED:
                    raise
                self._observer.retried(self.backend, operation, error.cause or error.code)
            await self._sleep(pause)

    def _once(self, call: Call, timeout: float) -> Call:
        """The call as one attempt makes it. The backend is told when nobody will wait for its answer any more."""
        if not self._settings.send_context:
            return replace(call, timeout=timeout, hints=())
        return replace(call, timeout=timeout, hints=(*call.hints, ("X-Request-Timeout", f"{timeout * 1000:.0f}ms")))

    def _admit(self, operation: str, made: int) -> None:
        if self._quota is not None and (wait := self._quota.take()):
            self._observer.refused(self.backend, operation, "quota")
            raise BackendUnavailable(
                f"the allowed number of calls to {self.backend} is used up",
                backend=self.backend,
                operation=operation,
                cause="quota",
                attempts=made,
                retry_after=wait,
            )
        if self.breaker is not None and not self.breaker.admit():
            self._observer.refused(self.backend, operation, "breaker")
            raise BackendUnavailable(
                f"{self.backend} failed too often and is left alone for a while",
                backend=self.backend,
                operation=operation,
                cause="breaker open",
                attempts=made,
                retry_after=self.breaker.retry_after(),
            )

    def _withdraw(self) -> None:
        if self.breaker is not None:
            self.breaker.abandoned()

    async def _try(self, attempt: Attempt, call: Call, operation: str) -> Fetched[Any]:
        clock, breaker = self._clock, self.breaker
        started = clock.monotonic()
        try:
            fetched = await attempt(call)
        except BackendError as error:
            seconds = clock.monotonic() - started
            failed = counts_as_failure(error)
            if breaker is not None:
                if failed:
                    breaker.failed()
                else:
                    breaker.succeeded()
            overloaded = isinstance(error, (BackendTimeout, BackendUnavailable, BackendFailed))
            self.bulkhead.limit.answered(seconds, overloaded, self.bulkhead.in_use)
            self._observer.attempted(self.backend, operation, seconds, error)
            raise
        except BaseException:
            self._withdraw()
            raise
        seconds = clock.monotonic() - started
        if breaker is not None:
            breaker.succeeded()
        self.bulkhead.limit.answered(seconds, False, self.bulkhead.in_use)
        self._observer.attempted(self.backend, operation, seconds, None)
        return fetched

    async def _try_twice(self, attempt: Attempt, call: Call, operation: str, after: float) -> Fetched[Any]:
        """The first answer of two attempts, the second of which starts when the first is late."""
        first = asyncio.ensure_future(self._try(attempt, call, operation))
        running = {first}
        try:
            pause = asyncio.ensure_future(self._sleep(after))
            await asyncio.wait({first, pause}, return_when=asyncio.FIRST_COMPLETED)
            pause.cancel()
            if not first.done() and self._budget.spend():
                self._observer.retried(self.backend, operation, "hedge")
                late = replace(call, timeout=max(SHORTEST, call.timeout - after))
                running.add(asyncio.ensure_future(self._try(attempt, late, operation)))
            while running:
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for attempted in done:
                    if attempted.exception() is None or not running:
                        return attempted.result()
            return first.result()
        finally:
            for attempted in running:
                attempted.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    def _pause(self, error: BackendError, made: int) -> float:
        if error.retry_after is not None:
            return error.retry_after
        # Full jitter: callers that failed together do not come back together.
        longest = self._settings.backoff * float(2 ** (made - 1))
        return min(self._settings.max_backoff, longest) * self._jitter()

    def _too_late(self, operation: str, made: int) -> BackendTimeout:
        return BackendTimeout(
            f"no time was left to ask {self.backend} before the request's deadline",
            backend=self.backend,
            operation=operation,
            cause="deadline",
            attempts=made,
        )


class GuardedOperation:
    """`Caller` (source.py) for one operation."""

    __slots__ = ("_guard", "_idempotent", "_operation")

    def __init__(self, guard: Guard, operation: str, idempotent: bool) -> None:
        self._guard = guard
        self._operation = operation
        self._idempotent = idempotent

    async def call(self, attempt: Attempt, call: Call, patience: Patience) -> Fetched[Any]:
        return await self._guard.call(attempt, call, patience, self._operation, self._idempotent)
