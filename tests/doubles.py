"""Doubles that implement the ports: a clock that moves when told to, and endpoints that answer from memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from resolvers.backends.ports import Call, Fetched, Forwarded
from resolvers.backends.trips import Patience
from resolvers.principal import Principal


class FakeClock:
    """Time that stands still until `advance`."""

    def __init__(self, now: float = 1_000.0, epoch: float = 1_772_366_400.0) -> None:
        self._now = now
        self._epoch = epoch

    def monotonic(self) -> float:
        return self._now

    def time(self) -> float:
        return self._epoch

    def advance(self, seconds: float) -> None:
        self._now += seconds
        self._epoch += seconds


async def turns(count: int = 30) -> None:
    """Let the event loop turn, so that all goes on that has nothing to wait for."""
    for _ in range(count):
        await asyncio.sleep(0)


class MemoryEndpoint:
    """An endpoint over a function of the call; it notes every call, and can be held until released."""

    def __init__(
        self,
        answer: Callable[[Call], Fetched[Any]],
        *,
        operation: str = "orders.by_ids",
        max_batch: int = 100,
        accepts: frozenset[str] = frozenset(),
        forwarded: Callable[[Principal], Forwarded] = lambda principal: (),
    ) -> None:
        self.backend = "memory"
        self.operation = operation
        self.max_batch = max_batch
        self.accepts = accepts
        self.calls: list[Call] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self._answer = answer
        self._forwarded = forwarded

    def forwarded(self, principal: Principal) -> Forwarded:
        return self._forwarded(principal)

    def sendable(self, keys: Sequence[str]) -> Sequence[str]:
        return [key for key in keys if not key.startswith("-")]

    async def asked(self, count: int) -> None:
        """Return when so many calls have come; a test that waits in vain ends by its time limit."""
        while len(self.calls) < count:
            await turns(1)

    async def attempt(self, call: Call) -> Fetched[Any]:
        self.calls.append(call)
        await self.gate.wait()
        return self._answer(call)


class DirectCaller:
    """One attempt and nothing around it."""

    async def call(
        self, attempt: Callable[[Call], Awaitable[Fetched[Any]]], call: Call, patience: Patience
    ) -> Fetched[Any]:
        return await attempt(call)
