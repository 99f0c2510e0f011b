"""Breakers: a backend that mostly fails is left alone for a while, then asked by exactly one probe."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum

from resolvers.backends.ports import Clock
from resolvers.backends.resilience.settings import BreakerSettings


class BreakerState(Enum):
    """Closed lets calls through, open refuses them, half open lets one probe through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """An error rate over a sliding window of attempts.

    `admit` says whether a call may be made; each admitted call has to be told with `succeeded`, `failed` or
    `abandoned`, along with what `admit` said. While a probe is out no other call is admitted, however many ask; and
    nothing but the probe's own outcome ends its turn, however late the answers to earlier calls come in.
    """

    def __init__(
        self, settings: BreakerSettings, clock: Clock, changed: Callable[[BreakerState], None] = lambda state: None
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._changed = changed
        self._outcomes: deque[tuple[float, bool]] = deque()
        self._failures = 0
        self._opened_at = 0.0
        self._turns = 1
        self.state = BreakerState.CLOSED

    def retry_after(self) -> float:
        """Seconds until the next probe; 0 when one may go, or is out, or the breaker is not open."""
        if self.state is BreakerState.CLOSED:
            return 0.0
        return max(0.0, self._opened_at + self._settings.open_for - self._clock.monotonic())

    def admit(self) -> int:
        """The turn in which a call may be made now; 0 when it may not."""
        if self.state is BreakerState.CLOSED:
            return self._turns
        if self.state is BreakerState.HALF_OPEN or self.retry_after() > 0:
            return 0
        self._turn(BreakerState.HALF_OPEN)
        return self._turns

    def succeeded(self, turn: int) -> None:
        """The backend answered; a probe that did closes the breaker."""
        if turn != self._turns:
            return
        if self.state is BreakerState.HALF_OPEN:
            self._outcomes.clear()
            self._failures = 0
            self._turn(BreakerState.CLOSED)
        else:
            self._note(failed=False)

    def failed(self, turn: int) -> None:
        """The backend did not answer as it should; a probe that did not opens the breaker again."""
        if turn != self._turns:
            return
        if self.state is BreakerState.HALF_OPEN:
            self._open()
            return
        self._note(failed=True)
        total = len(self._outcomes)
        if total >= self._settings.min_calls and self._failures / total >= self._settings.error_rate:
            self._open()

    def abandoned(self, turn: int) -> None:
        """The call ended without an answer that says anything (it was cancelled); a probe may be sent again."""
        if turn == self._turns and self.state is BreakerState.HALF_OPEN:
            self._turn(BreakerState.OPEN)

    def _open(self) -> None:
        self._opened_at = self._clock.monotonic()
        self._turn(BreakerState.OPEN)

    def _note(self, *, failed: bool) -> None:
        now = self._clock.monotonic()
        outcomes = self._outcomes
        outcomes.append((now, failed))
        self._failures += failed
        oldest = now - self._settings.window
        while outcomes[0][0] < oldest:
            self._failures -= outcomes.popleft()[1]

    def _turn(self, state: BreakerState) -> None:
        self.state = state
        self._turns += 1
        self._changed(state)
