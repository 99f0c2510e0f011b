"""Bulkheads: how many calls at once a backend has to bear.

A full bulkhead makes callers wait in the order they came, no longer than their deadline. The limit is fixed, or
learned from how quickly the backend answers (additive increase, multiplicative decrease).
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

from resolvers.backends.resilience.settings import AdaptiveSettings


class Limit(Protocol):
    """How many calls may run at once, now."""

    @property
    def value(self) -> int: ...
    def answered(self, seconds: float, failed: bool, in_use: int) -> None:
        """Learn from an attempt: how long it took, whether it failed for overload, how many ran beside it."""
        ...


class FixedLimit:
    """A limit that never changes."""

    def __init__(self, value: int) -> None:
        self.value = value

    def answered(self, seconds: float, failed: bool, in_use: int) -> None:
        """Learns nothing."""


class AdaptiveLimit:
    """A limit between `least` and `most` that follows the backend's speed.

    The quickest answer of late is what the backend can do at ease; it is forgotten slowly, so that a backend that
    became slower for good is not throttled for ever.
    """

    FORGET = 1.001
    """The remembered quickest time grows by this factor per answer: it doubles in about 700 answers."""
    DECREASE = 0.9

    def __init__(self, settings: AdaptiveSettings) -> None:
        self._settings = settings
        self._limit = float(max(settings.least, min(settings.most, 8)))
        self._quickest = float("inf")

    @property
    def value(self) -> int:
        return int(self._limit)

    def answered(self, seconds: float, failed: bool, in_use: int) -> None:
        self._quickest = min(self._quickest * self.FORGET, seconds) if not failed else self._quickest
        if failed or seconds > self._quickest * self._settings.tolerance:
            self._limit = max(float(self._settings.least), self._limit * self.DECREASE)
        elif in_use >= self.value:
            # Only a limit that is used up has shown that the backend bears it.
            self._limit = min(float(self._settings.most), self._limit + 1 / self._limit)


class Bulkhead:
    """Places for calls. `enter` waits for one and `leave` gives it back."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.in_use = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        """How many calls wait for a place."""
        return len(self._waiting)

    def try_enter(self) -> bool:
        """Take a place if one is free and nobody waits for it."""
        if self.in_use < self.limit.value and not self._waiting:
            self.in_use += 1
            return True
        return False

    async def enter(self, patience: float) -> bool:
        """Wait for a place, at most `patience` seconds. False when none came free."""
        loop = asyncio.get_running_loop()
        place: asyncio.Future[None] = loop.create_future()
        self._waiting.append(place)
        timer = loop.call_later(max(0.0, patience), _leave_empty, place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.exception() is None:
                # The place was given in the very tick in which the caller went away.
                self.leave()
            raise
        except _NoPlace:
            return False
        finally:
            timer.cancel()
        return True

    def leave(self) -> None:
        """Give the place to who has waited longest, as far as the limit allows."""
        self.in_use -= 1
        while self._waiting and self.in_use < self.limit.value:
            place = self._waiting.popleft()
            if not place.done():
                self.in_use += 1
                place.set_result(None)


class _NoPlace(Exception):
    """The wait for a place was over."""


def _leave_empty(place: asyncio.Future[None]) -> None:
    if not place.done():
        place.set_exception(_NoPlace())
