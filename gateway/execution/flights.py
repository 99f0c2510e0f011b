"""Flights: what a run waits for.

A flight is a set of awaitables that one field waits for, and the places where their values belong. Coroutines start
when their flight takes off, all flights side by side; one that is alone needs no task. A flight lands when all its
awaitables are done, or when its places have been turned to null and nobody needs it any more.
"""

from __future__ import annotations

from asyncio import CancelledError, Future, ensure_future, gather, get_running_loop, iscoroutine
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final

from gateway.execution.failures import Keys, null_place
from gateway.execution.level import Indices, Level
from gateway.execution.plan import Field

Place = tuple[int, Indices]


class _Gone:
    """The type of `GONE`."""

    __slots__ = ()


GONE: Final = _Gone()
"""Stands for a value that is no longer needed, or whose error has been noted already."""


class Flight:
    """Awaitables of a field, with as many places of a level, each at a list depth of the field.

    Without places there is one awaitable, for all objects of the level. `land` is told the results, errors among them.
    """

    __slots__ = ("_alive", "awaitables", "depths", "doomed", "field", "futures", "land", "level", "open", "places")

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
        self.futures: list[Future[Any]] = []
        self.open = len(awaitables)
        self.doomed = False
        self._alive = 0

    def needed(self, nulled: set[Keys]) -> bool:
        """Whether one of the places may still hold a value. Places already found null are not looked at again."""
        count = len(self.level.dicts) if self.places is None else len(self.places)
        while self._alive < count:
            index, indices = (self._alive, ()) if self.places is None else self.places[self._alive]
            keys = tuple(self.level.path(index, self.field, indices).as_list())
            if not any(keys[:length] in nulled for length in range(len(keys) + 1)):
                return True
            self._alive += 1
        return False

    def place(self, number: int) -> Keys | None:
        """The place that an error of this awaitable turns to null beyond its own, None when it stops at its own."""
        if self.places is None:
            return None
        depth = self.depths[number] if self.depths is not None else 0
        if not self.field.required[depth]:
            return None
        index, indices = self.places[number]
        return null_place(self.level, index, self.field, depth, indices)

    def results(self) -> list[Any]:
        """Values, errors, and GONE for what is not there. Cancelling one awaitable cancels the run."""
        if not self.futures:
            return [GONE] * len(self.awaitables)
        return [self._result(future) for future in self.futures]

    def _result(self, future: Future[Any]) -> Any:
        if self.doomed and (not future.done() or future.cancelled()):
            return GONE
        if future.cancelled():
            raise CancelledError
        error = future.exception()
        if error is None:
            return future.result()
        if isinstance(error, Exception):
            return error
        raise error


class Traffic:
    """All flights of a run."""

    __slots__ = ("_aloft", "_dying", "_landed", "_troubled", "_waker", "grounded")

    def __init__(self) -> None:
        self.grounded: list[Flight] = []
        self._aloft: set[Flight] = set()
        self._landed: deque[Flight] = deque()
        self._troubled: deque[Keys] = deque()
        self._dying: list[Future[Any]] = []
        self._waker: Future[None] | None = None

    def __bool__(self) -> bool:
        return bool(self.grounded or self._aloft or self._landed)

    async def next(self, nulled: set[Keys]) -> list[tuple[Flight, list[Any]]]:
        """Start what is waiting; answer what lands next, with its results. Places that are turned to null by an error
        in the air are added to `nulled`."""
        if len(self.grounded) == 1 and not self._aloft and not self._landed and len(self.grounded[0].awaitables) == 1:
            flight = self.grounded.pop()
            try:
                return [(flight, [await flight.awaitables[0]])]
            except Exception as error:  # noqa: BLE001 - whatever a resolver raises is its field's error
                return [(flight, [error])]
        for flight in self.grounded:
            self._take_off(flight)
        self.grounded.clear()
        while not self._landed:
            self._waker = get_running_loop().create_future()
            await self._waker
            if self._troubled:
                nulled.update(self._troubled)
                self._troubled.clear()
                return [(flight, flight.results()) for flight in self.sweep(nulled)]
        landed = [flight for flight in self._landed if flight in self._aloft]
        self._landed.clear()
        self._aloft.difference_update(landed)
        return [(flight, flight.results()) for flight in landed]

    def sweep(self, nulled: set[Keys]) -> list[Flight]:
        """Take down the flights that nobody needs any more."""
        doomed = [flight for flight in (*self.grounded, *self._aloft) if not flight.needed(nulled)]
        for flight in doomed:
            flight.doomed = True
            if flight in self._aloft:
                self._aloft.discard(flight)
                for future, awaitable in zip(flight.futures, flight.awaitables, strict=True):
                    if not future.done() and future is not awaitable:  # a future of others may be awaited elsewhere
                        future.cancel()
                        self._dying.append(future)
            else:
                self.grounded.remove(flight)
                settle_in_background(flight.awaitables)
        return doomed

    async def stop(self) -> None:
        """Cancel everything that flies, and wait until it is down."""
        flying = [future for flight in self._aloft for future in flight.futures if not future.done()]
        for future in flying:
            future.cancel()
        for flight in self.grounded:
            for awaitable in flight.awaitables:
                if iscoroutine(awaitable):
                    awaitable.close()
        self._aloft.clear()
        self.grounded.clear()
        if flying or self._dying:
            await gather(*flying, *self._dying, return_exceptions=True)

    def _take_off(self, flight: Flight) -> None:
        self._aloft.add(flight)
        flight.futures = [ensure_future(awaitable) for awaitable in flight.awaitables]
        for number, future in enumerate(flight.futures):
            future.add_done_callback(partial(self._down, flight, number))

    def _down(self, flight: Flight, number: int, future: Future[Any]) -> None:
        flight.open -= 1
        if flight.doomed:
            _look_at(future)
            return
        if not flight.open:
            self._landed.append(flight)
        elif not future.cancelled() and future.exception() is not None:
            place = flight.place(number)
            if place is None:
                return
            self._troubled.append(place)
        else:
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
        for awaitable in waiting:
            if iscoroutine(awaitable):
                awaitable.close()
        return
    future = gather(*waiting, return_exceptions=True)
    _background.add(future)
    future.add_done_callback(_background.discard)


def _look_at(future: Future[Any]) -> None:
    """Retrieve an error that nobody waits for, so that asyncio does not report it as lost."""
    if not future.cancelled():
        future.exception()
