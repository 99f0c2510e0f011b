"""A clock that moves only when it is told to."""

from __future__ import annotations


class FakeClock:
    """`Clock` (ports.py)."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds
