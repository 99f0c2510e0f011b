"""Bulkheads: how many calls at once a backend has to bear.

A full bulkhead makes callers wait in the order they came, no longer than their deadline. The limit is fixed, or
learned from how quickly the backend answers (adaptive.py).
"""

from __future__ import annotations

import asyncio
from typing import Protocol


class Limit(Protocol):
    """How many calls may run at once, now."""

    @property
    def value(self) -> int: ...
    def answered(self, operation: str, seconds: float, *, failed: bool, in_use: int) -> None:
        """Learn from an attempt: how long it took, whether it failed for overload, how many calls were under way."""
        ...


class FixedLimit:
    """A limit that never changes."""

    def __init__(self, value: int) -> None:
        self.value = value

    def answered(self, operation: str, seconds: float, *, failed: bool, in_use: int) -> None:
        """Learns nothing."""


class Bulkhead:
    """Places for calls. `enter` waits for one and `leave` gives it back."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.in_use = 0
        self._waiting: dict[asyncio.Future[None], None] = {}

    @property
    def waiting(self) -> int:
        """How many calls wait for a place."""
        return len(self._waiting)

    @property
    def full(self) -> bool:
        """Whether a call would have to wait."""
        return bool(self._waiting) or self.in_use >= self.limit.value

    def try_enter(self) -> bool:
        """Take a place if one is free and nobody waits for it."""
        if self.full:
            return False
        self.in_use += 1
        return True

    async def enter(self, patience: float) -> bool:
        """Wait for a place, at most `patience` seconds. False when none came free."""
        loop = asyncio.get_running_loop()
        place: asyncio.Future[None] = loop.create_future()
        self._waiting[place] = None
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
            self._waiting.pop(place, None)
        return True

    def leave(self) -> None:
        """Give the place to who has waited longest, as far as the limit allows."""
        self.in_use -= 1
        while self._waiting and self.in_use < self.limit.value:
            place = next(iter(self._waiting))
            del self._waiting[place]
            if not place.done():
                self.in_use += 1
                place.set_result(None)


class _NoPlace(Exception):
    """The wait for a place was over."""


def _leave_empty(place: asyncio.Future[None]) -> None:
    if not place.done():
        place.set_exception(_NoPlace())
