"""An event loop whose time passes only by waiting: sleeps and time-outs cost nothing, and a hang is an error."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any

START = 1000.0
"""The first moment, in seconds; small, so that fractions of a second keep their digits."""


class VirtualTime(asyncio.SelectorEventLoop):
    """A loop, and `Clock` (ports.py) in its time, whose epoch is START seconds ago. Who waits for the outside is stuck.

    `faults` are what the loop was told of and nobody handled, such as an exception that was never retrieved.
    """

    def __init__(self) -> None:
        self._now = START
        self.faults: list[dict[str, Any]] = []
        super().__init__(_Impatient(self))
        self.set_exception_handler(lambda loop, context: self.faults.append(context))

    def time(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self.time()

    def advance(self, seconds: float) -> None:
        self._now += seconds

    def timers(self) -> int:
        """How many time-outs are still to come."""
        return sum(not handle.cancelled() for handle in self._scheduled)  # type: ignore[attr-defined] # asyncio's own


class _Impatient(selectors.SelectSelector):
    """Lets time pass in place of waiting."""

    def __init__(self, loop: VirtualTime) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("stuck: everybody waits, and for nothing that will happen")
        self._loop.advance(timeout)
        return super().select(0)


def run(loop: VirtualTime, main: Coroutine[Any, Any, None]) -> None:
    """Run to the end and close the loop. Raises RuntimeError when nothing can go on."""
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(main)
