"""Budgets: retries as a share of calls, and a provider's cap on calls."""

from __future__ import annotations

from resolvers.backends.ports import Clock
from resolvers.backends.resilience.settings import QuotaSettings


class RetryBudget:
    """Every call earns a share of a retry, a retry costs one. A few are there from the start, and few can be saved up.

    A backend that fails every call gets at most `share` more calls than it was sent, instead of several times as many.
    """

    RESERVE = 10.0

    def __init__(self, share: float) -> None:
        self._share = share
        self._balance = self.RESERVE if share else 0.0

    def earn(self) -> None:
        """A call was made."""
        self._balance = min(self.RESERVE, self._balance + self._share)

    def spend(self) -> bool:
        """Take a retry; False when the budget is used up."""
        if self._balance < 1:
            return False
        self._balance -= 1
        return True


class Quota:
    """A token bucket over calls: `calls` at once, then as they grow back over `per` seconds."""

    def __init__(self, settings: QuotaSettings, clock: Clock) -> None:
        self._capacity = float(settings.calls)
        self._rate = settings.calls / settings.per
        self._clock = clock
        self._tokens = self._capacity
        self._at = clock.monotonic()

    def take(self) -> float:
        """0 when a call may be made (and is counted), else the seconds until one may."""
        now = self._clock.monotonic()
        self._tokens = min(self._capacity, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) / self._rate
