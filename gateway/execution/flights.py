"""Flights: what a run waits for.

A flight is a set of awaitables that one field waits for, and the places where their values belong. Flights take off
side by side; one that is alone needs no task. A flight lands when all its awaitables are done, or when its places have
been turned to null and nobody needs it any more.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop, CancelledError, Future, gather, get_running_loop
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from types import CoroutineType
from typing import Any, Final

from gateway.execution.failures import Keys, Nulls, null_place
from gateway.execution.level import Indices, Level
from gateway.execution.selection import Field

Place = tuple[int, Indices]

_MOST_LOOKS = 20_000
"""How often a run looks whether a place is still needed. Giving up only means to wait for a value in vain."""


class _Gone:
    """The type of `GONE`."""

    __slots__ = ()


GONE: Final = _Gone()
"""Stands for a value that is no longer needed, or whose error has been noted already."""


class Flight:
    """Awaitables of a field, with as many places of a level, each at a list depth of the field.

    Without places there is one awaitable, for all objects of the level. `land` is told the results, errors among them.
    """

    __slots__ = (
        "alive",
        "awaitables",
        "depths",
        "doomed",
        "field",
        "interruption",
        "land",
        "level",
        "open",
        "places",
        "results",
    )

    def __init__(
        self,
        level: Level,
        field: Field,
        awaitables: list[Awaitable[Any]],
        land: Callable[[list[Any]], None],
        places: Sequence[Place] | None = None,
        depths: Sequence[int] | None = None,
    ) -> None:
        self.level = level
        self.field = field
        self.awaitables = awaitables
        self.land = land
        self.places = places
        self.depths = depths
        self.results: list[Any] = [GONE] * len(awaitables)
        self.open = len(awaitables)
        self.alive = 0
        self.doomed = False
        self.interruption: BaseException | None = None

    def is_gone(self, number: int, nulls: Nulls) -> bool:
        """Whether the place of this number has been turned to null."""
        index, indices = (number, ()) if self.places is None else self.places[number]
        return nulls.cover(self.level.path(index, self.field, indices).as_list())

    def spread(self, number: int) -> Keys | None:
        """The place that an error of this awaitable turns to null beyond its own, None when it stops at its own."""
        if self.places is None:
            return None
        depth = self.depths[number] if self.depths is not None else 0
        if not self.field.required[depth]:
            return None
        index, indices = self.places[number]
        return null_place(self.level, index, self.field, depth, indices)

    def touch_down(self) -> None:
        if self.interruption is not None:  # a cancelled part cancels the whole
            raise self.interruption
        self.land(self.results)


class Traffic:
    """All flights of a run."""

    __slots__ = ("_aloft", "_landed", "_looks", "_owned", "_tasks", "_troubled", "_waker", "grounded")

    def __init__(self) -> None:
        self.grounded: list[Flight] = []
        self._aloft: dict[Flight, list[Future[Any]]] = {}
        self._landed: deque[Flight] = deque()
        self._tasks: list[Future[Any]] = []
        self._owned: list[Future[Any]] = []  # by resolvers
        self._troubled: list[Keys] = []
        self._waker: Future[None] | None = None
        self._looks = 0

    def __bool__(self) -> bool:
        return bool(self.grounded or self._aloft)

    def alone(self) -> Flight | None:
        """The one flight there is, when it waits for one thing only and has not started. It needs no task: whoever asks
        takes it over and awaits that."""
        grounded = self.grounded
        return grounded.pop() if len(grounded) == 1 and grounded[0].open == 1 and not self._aloft else None

    async def next(self, nulls: Nulls) -> Sequence[Flight]:
        """Start what is waiting, and wait until something lands. Places that are turned to null by an error in the air
        are added to `nulls`."""
        grounded, self.grounded = self.grounded, []
        loop = get_running_loop()
        for flight in grounded:
            self._take_off(flight, loop)
        while not self._landed:
            self._waker = loop.create_future()
            await self._waker
            if self._troubled:
                for place in self._troubled:
                    nulls.add(place)
                self._troubled.clear()
                self._landed.extend(self.sweep(nulls))
        landed = tuple(self._landed)
        self._landed.clear()
        for flight in landed:
            self._aloft.pop(flight, None)
        return landed

    def sweep(self, nulls: Nulls) -> list[Flight]:
        """Take down the flights that nobody needs any more, and answer them."""
        doomed = [flight for flight in self.grounded if not self._needed(flight, nulls)]
        for flight in doomed:
            self.grounded.remove(flight)
            settle_in_background(flight.awaitables)
        fallen = [flight for flight in self._aloft if flight.open and not self._needed(flight, nulls)]
        for flight in fallen:
            flight.doomed = True
            for future, awaitable in zip(self._aloft.pop(flight), flight.awaitables, strict=True):
                if future is not awaitable:  # a future that the resolver owns may be awaited elsewhere
                    future.cancel()
        return doomed + fallen

    def _needed(self, flight: Flight, nulls: Nulls) -> bool:
        count = len(flight.level.dicts) if flight.places is None else len(flight.places)
        while flight.alive < count:
            self._looks += 1
            if self._looks > _MOST_LOOKS or not flight.is_gone(flight.alive, nulls):
                return True
            flight.alive += 1
        return False

    def close(self) -> None:
        """Give up what has not started."""
        for flight in self.grounded:
            _close(flight.awaitables)
        self.grounded = []

    async def stop(self, *, cancelled: bool) -> None:
        """Cancel what still flies, and wait until it is down. Futures that resolvers own are cancelled only when the
        run itself is: others may be awaiting them."""
        self.close()
        stopped = self._tasks + self._owned if cancelled else self._tasks
        riding = [future for future in stopped if not future.done()]
        for future in riding:
            future.cancel()
        if riding:
            await gather(*riding, return_exceptions=True)

    def _take_off(self, flight: Flight, loop: AbstractEventLoop) -> None:
        futures: list[Future[Any]] = []
        for number, awaitable in enumerate(flight.awaitables):
            if isinstance(awaitable, Future):
                awaitable.add_done_callback(partial(self._arrived, flight, number))
                futures.append(awaitable)
                self._owned.append(awaitable)
            else:
                task = loop.create_task(self._ride(flight, number, awaitable))
                futures.append(task)
                self._tasks.append(task)
        self._aloft[flight] = futures

    async def _ride(self, flight: Flight, number: int, awaitable: Awaitable[Any]) -> None:
        try:
            result = await awaitable
        except Exception as error:  # noqa: BLE001 - whatever a resolver raises is its field's error
            result = error
        except BaseException as interruption:
            self._down(flight, number, interruption)
            raise
        self._down(flight, number, result)

    def _arrived(self, flight: Flight, number: int, future: Future[Any]) -> None:
        if future.cancelled():
            self._down(flight, number, CancelledError())
        else:
            error = future.exception()
            self._down(flight, number, future.result() if error is None else error)

    def _down(self, flight: Flight, number: int, result: Any) -> None:
        if flight.doomed:
            return
        flight.open -= 1
        if isinstance(result, BaseException):
            if not isinstance(result, Exception):
                flight.interruption = result
                flight.open = 0
            elif flight.open and (place := flight.spread(number)) is not None:
                self._troubled.append(place)
        flight.results[number] = result
        if not flight.open:
            self._landed.append(flight)
        elif not self._troubled:
            return
        if self._waker is not None and not self._waker.done():
            self._waker.set_result(None)


_background: set[Future[Any]] = set()


def settle_in_background(awaitables: Iterable[Awaitable[Any]]) -> None:
    """Let awaitables finish that the answer does not wait for; without an event loop they cannot even start."""
    waiting = list(awaitables)
    try:
        get_running_loop()
    except RuntimeError:
        _close(waiting)
        return
    future = gather(*waiting, return_exceptions=True)
    _background.add(future)
    future.add_done_callback(_background.discard)


def _close(awaitables: Iterable[Awaitable[Any]]) -> None:
    """Coroutines that never start are closed, or Python would warn of them."""
    for awaitable in awaitables:
        if type(awaitable) is CoroutineType:
            awaitable.close()
