"""Stand-ins for the neighbours of the SOAP connector."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from resolvers.errors import BackendContract


class Clock:
    """A clock that stands still unless it is told otherwise."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now


class PlainReader:
    """A mapping that hands items on as they are, leaving out those with `drop` set."""

    def __init__(self, needs: frozenset[str] | None = None) -> None:
        self.needs = needs

    def read(self, items: Sequence[Any]) -> list[Any | BackendContract]:
        return [item for item in items if not (isinstance(item, dict) and item.get("drop"))]

    def read_json(self, body: bytes) -> list[Any | BackendContract]:
        raise AssertionError("SOAP answers are not JSON")


class Sleeper:
    """Sleeps until the test says that the time is over, and remembers for how long it should have slept."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._asleep = asyncio.Event()
        self._wake = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        self._asleep.set()
        await self._wake.wait()
        self._wake.clear()

    async def asleep(self) -> None:
        """Wait until somebody sleeps."""
        await self._asleep.wait()

    def wake(self) -> None:
        self._asleep.clear()
        self._wake.set()


def entropy(count: int) -> bytes:
    """The bytes 0, 1, 2 …"""
    return bytes(range(count))
