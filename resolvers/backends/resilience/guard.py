"""The guard of one backend: every call to it passes through here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from msgspec.structs import replace

from resolvers.backends.ports import Call, Clock, Fetched, Jitter
from resolvers.backends.resilience.adaptive import AdaptiveLimit
from resolvers.backends.resilience.breaker import Breaker, BreakerState
from resolvers.backends.resilience.budget import Quota, RetryBudget
from resolvers.backends.resilience.bulkhead import Bulkhead, FixedLimit
from resolvers.backends.resilience.observer import Observer, Silent
from resolvers.backends.resilience.settings import ResilienceSettings
from resolvers.backends.trips import Patience
from resolvers.errors import (
    BackendError,
    BackendFailed,
    BackendRejected,
    BackendTimeout,
    BackendUnavailable,
    without_frames,
)

Attempt = Callable[[Call], Awaitable[Fetched[Any]]]
Sleep = Callable[[float], Awaitable[None]]

SHORTEST = 0.001
"""Less time than this before the deadline is not worth an attempt, in seconds."""
FAIR = 0.9
"""An attempt that ran out of time says something about the backend when it had this share of `timeout` at least."""


OVERLOADED = (BackendTimeout, BackendUnavailable, BackendFailed)
"""What a backend answers, or does not, when it is asked for more than it bears."""


def counts_as_failure(error: BackendError) -> bool:
    """Whether an error speaks against the backend's health: no answer, a 5xx, an answer that is not what it should be.

    A rejection does not: the backend is well and says no.
    """
    return not isinstance(error, BackendRejected)


class Guard:
    """Deadline, bulkhead, breaker, retries and hedging around the attempts of one backend.

    Raises BackendError only. `clock`, `jitter` and `sleep` are arguments so that tests need no time. No request waits
    for more than `longest` seconds, so no attempt does. The observer hears of the backend by the name `told_as`.
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
        longest: float = float("inf"),
        told_as: str | None = None,
    ) -> None:
        self.backend = backend
        self.required = settings.required
        self.timeout = min(settings.timeout, longest)
        """Seconds that one attempt may take."""
        self._told_as = told_as or backend
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
            else Breaker(settings.breaker, clock, lambda state: self._observer.breaker_changed(self._told_as, state))
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
            self._observer.called(self._told_as, operation, call, self._clock.monotonic() - started, error)
            raise
        self._observer.called(self._told_as, operation, call, self._clock.monotonic() - started, None)
        return fetched

    async def _in_its_place(
        self, attempt: Attempt, call: Call, patience: Patience, operation: str, idempotent: bool
    ) -> Fetched[Any]:
        if not self.bulkhead.try_enter() and not await self.bulkhead.enter(patience.deadline - self._clock.monotonic()):
            self._refused(operation, "bulkhead")
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
        before = patience.attempts
        retries = 0
        while True:
            left = patience.deadline - self._clock.monotonic()
            if left < SHORTEST:
                self._refused(operation, "deadline")
                raise self._too_late(operation, patience.attempts - before)
            turn = self._admit(operation, patience.attempts - before)
            if not retries:
                self._budget.earn()
            patience.attempts += 1
            once = self._once(call, min(self.timeout, left))
            try:
                if idempotent and self._hedge is not None and self._hedge < once.timeout and self._healthy:
                    return await self._try_twice(attempt, once, patience, operation, turn, self._hedge)
                return await self._try(attempt, once, operation, turn)
            except BackendError as error:
                error.details["attempts"] = patience.attempts - before
                pause = self._pause(error, retries)
                if not idempotent or not error.retryable or retries >= self._settings.retries:
                    raise
                if pause >= patience.deadline - self._clock.monotonic() or not self._healthy:
                    raise
                if not self._budget.spend():
                    raise
                self._observer.retried(self._told_as, operation, error.cause or error.code)
            retries += 1
            await self._sleep(pause)

    @property
    def _healthy(self) -> bool:
        """Whether the backend may be sent more than one probe."""
        return self.breaker is None or self.breaker.state is BreakerState.CLOSED

    def _refused(self, operation: str, reason: str) -> None:
        self._observer.refused(self._told_as, operation, reason)

    def _once(self, call: Call, timeout: float) -> Call:
        """The call as one attempt makes it. The backend is told when nobody will wait for its answer any more."""
        if not self._settings.send_context:
            return replace(call, timeout=timeout, hints=())
        return replace(call, timeout=timeout, hints=(*call.hints, ("X-Request-Timeout", f"{timeout * 1000:.0f}ms")))

    def _admit(self, operation: str, made: int) -> int:
        """The breaker's turn for one attempt. Raises BackendUnavailable when none may be made now."""
        turn = 1
        if self.breaker is not None and not (turn := self.breaker.admit()):
            self._refused(operation, "breaker")
            raise BackendUnavailable(
                f"{self.backend} failed too often and is left alone for a while",
                backend=self.backend,
                operation=operation,
                cause="breaker open",
                attempts=made,
                retry_after=self.breaker.retry_after(),
            )
        if self._quota is not None and (wait := self._quota.take()):
            self._withdraw(turn)
            self._refused(operation, "quota")
            raise BackendUnavailable(
                f"the allowed number of calls to {self.backend} is used up",
                backend=self.backend,
                operation=operation,
                cause="quota",
                attempts=made,
                retry_after=wait,
            )
        return turn

    def _withdraw(self, turn: int) -> None:
        if self.breaker is not None:
            self.breaker.abandoned(turn)

    async def _try(self, attempt: Attempt, call: Call, operation: str, turn: int) -> Fetched[Any]:
        started = self._clock.monotonic()
        try:
            fetched = await attempt(call)
        except BackendError as error:
            seconds = self._clock.monotonic() - started
            self._learn(error, call, operation, turn, seconds)
            self._observer.attempted(self._told_as, operation, seconds, error)
            without_frames(error)
            raise
        except BaseException:
            self._withdraw(turn)
            raise
        seconds = self._clock.monotonic() - started
        if self.breaker is not None:
            self.breaker.succeeded(turn)
        self.bulkhead.limit.answered(operation, seconds, failed=False, in_use=self.bulkhead.in_use)
        self._observer.attempted(self._told_as, operation, seconds, None)
        return fetched

    def _learn(self, error: BackendError, call: Call, operation: str, turn: int, seconds: float) -> None:
        """What a failed attempt says about the backend's health, and about how much it bears."""
        if isinstance(error, BackendTimeout) and call.timeout < self.timeout * FAIR:
            # Cut short by the request's deadline: a backend is not broken because a caller has no time.
            self._withdraw(turn)
            return
        if isinstance(error, OVERLOADED):
            self.bulkhead.limit.answered(operation, seconds, failed=True, in_use=self.bulkhead.in_use)
        if self.breaker is None:
            return
        if counts_as_failure(error):
            self.breaker.failed(turn)
        else:
            self.breaker.succeeded(turn)

    async def _try_twice(
        self, attempt: Attempt, call: Call, patience: Patience, operation: str, turn: int, after: float
    ) -> Fetched[Any]:
        """The first answer of two attempts, the second of which starts when the first is late."""
        first = asyncio.ensure_future(self._try(attempt, call, operation, turn))
        pause = asyncio.ensure_future(self._sleep(after))
        running = {first}
        hedged = False
        try:
            await asyncio.wait({first, pause}, return_when=asyncio.FIRST_COMPLETED)
            if not first.done() and self._may_hedge():
                hedged = True
                patience.attempts += 1
                self._observer.retried(self._told_as, operation, "hedge")
                late = replace(call, timeout=max(SHORTEST, call.timeout - after))
                running.add(asyncio.ensure_future(self._try(attempt, late, operation, turn)))
            while running:
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for attempted in done:
                    if attempted.exception() is None:
                        return attempted.result()
            return first.result()
        finally:
            pause.cancel()
            for attempted in running:
                attempted.cancel()
            await asyncio.gather(*running, pause, return_exceptions=True)
            if hedged:
                self.bulkhead.leave()

    def _may_hedge(self) -> bool:
        """Whether a second attempt may run beside the first. It takes a place of its own, and a retry of the budget."""
        if not self._healthy or not self.bulkhead.try_enter():
            return False
        if (self._quota is None or not self._quota.take()) and self._budget.spend():
            return True
        self.bulkhead.leave()
        return False

    def _pause(self, error: BackendError, retries: int) -> float:
        """Seconds until the next attempt: what the backend asked for, and then as chance will have it.

        With full jitter, callers that failed together do not come back together.
        """
        longest = min(self._settings.max_backoff, self._settings.backoff * float(2**retries))
        return (error.retry_after or 0.0) + longest * self._jitter()

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
