"""Arrivals: the values of one field, for all objects of a level, on their way into the answer.

Most arrivals are over when the generated function returns. What it could not complete is noted here: values to wait
for, objects whose type must be asked for, lists too deep for one function. They are completed as they come in, and the
objects found below start their own fields together, so that a batch function is still called once per level.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from graphql import GraphQLObjectType, GraphQLResolveInfo, is_object_type

from gateway.execution.compile import Unit, object_unit, value_unit
from gateway.execution.failures import Failure
from gateway.execution.flights import GONE, Flight, Place
from gateway.execution.identify import Asked, identify
from gateway.execution.level import Indices, Level
from gateway.execution.selection import Field, Selection

if TYPE_CHECKING:
    from gateway.execution.run import Run


class _Wait(NamedTuple):
    """A value to wait for at a list depth; or the type of an object that is here, with what its answer leads to."""

    depth: int
    place: Place
    awaitable: Awaitable[Any]
    value: Any = None
    then: Callable[[Any], GraphQLObjectType | Asked] | None = None


class Arrival:
    """One execution of a generated function, and everything that follows from it below its field."""

    __slots__ = (
        "_flying",
        "_new",
        "_objects",
        "_pools",
        "_values",
        "_waiting",
        "_waits",
        "awaited",
        "level",
        "run",
        "surprised",
    )

    def __init__(self, run: Run, level: Level, awaited: int = 0) -> None:
        self.run = run
        self.level = level
        self.awaited = awaited or level.awaited
        self.surprised = False

    def _surprise(self) -> None:
        self.surprised = True
        self._values: dict[tuple[Field, int], tuple[list[Place], list[Any]]] = {}
        self._objects: dict[Field, list[tuple[Place, Any]]] = {}
        self._waits: dict[Field, list[_Wait]] = {}
        self._flying: dict[Field, int] = {}
        self._waiting: dict[Field, list[Level]] = {}
        self._pools: dict[Selection, Level] = {}
        self._new: list[Level] = []

    def execute(self, unit: Unit, *arguments: Any) -> None:
        """Run the generated function and start the fields of the objects that it found."""
        if not unit.pools:
            unit.function(self, *arguments)
            if self.surprised:
                self._settle([])
            return
        pools: list[Level] = []
        gathered: list[list[Any]] = []
        for selection in unit.pools:
            sources: list[Any] = []
            dicts: list[dict[str, Any]] = []
            pools.append(Level(selection, sources, dicts, self.level, self.awaited))
            gathered += (sources, dicts)
        unit.function(self, *arguments, *gathered)
        if self.surprised:
            self._pools = {pool.selection: pool for pool in pools}
            self._settle(pools)
        else:
            for pool in pools:
                if pool.dicts:
                    self.run.start(pool)

    # What surprises tell.

    def fail(
        self, field: Field, depth: int, index: int, indices: Indices, error: Exception, *, last: bool = False
    ) -> None:
        run = self.run
        run.failures.append(Failure(run.arrivals, self.awaited, self.level, index, field, depth, indices, error, last))
        if field.vital and all(field.required[: depth + 1]):
            run.fatal = True

    def wait(self, field: Field, depth: int, index: int, indices: Indices, awaitable: Awaitable[Any]) -> None:
        self._wait(field, _Wait(depth, (index, indices), awaitable))

    def sort_later(self, field: Field, index: int, indices: Indices, value: Any) -> None:
        if not self.surprised:
            self._surprise()
        self._objects.setdefault(field, []).append(((index, indices), value))

    def complete_later(self, field: Field, depth: int, index: int, indices: Indices, value: Any) -> None:
        if not self.surprised:
            self._surprise()
        places, values = self._values.setdefault((field, depth), ([], []))
        places.append((index, indices))
        values.append(value)

    def info(self, field: Field, index: int, indices: Indices) -> GraphQLResolveInfo[Any]:
        """What a resolver is told; `indices` lead to the field's parent."""
        return self.run.info(field, self.level.path(index, field, indices))

    # What follows from it.

    def _wait(self, field: Field, wait: _Wait) -> None:
        if not self.surprised:
            self._surprise()
        self._waits.setdefault(field, []).append(wait)

    def _settle(self, pools: list[Level]) -> None:
        """Complete what can be completed, wait for the rest, and start the pools that nothing can join any more."""
        while self._values or self._objects:
            values, self._values = self._values, {}
            for (field, depth), (places, items) in values.items():
                self._complete(field, depth, places, items)
            objects, self._objects = self._objects, {}
            for field, found in objects.items():
                self._sort(field, found)
        waits, self._waits = self._waits, {}
        for field, waited in waits.items():
            self._flying[field] = self._flying.get(field, 0) + 1
            self.run.fly(
                Flight(
                    self.level,
                    field,
                    [wait.awaitable for wait in waited],
                    self._landing(field, waited),
                    [wait.place for wait in waited],
                    [wait.depth for wait in waited],
                )
            )
        new, self._new = self._new, []
        for pool in (*pools, *new):
            self._release(pool)

    def _release(self, pool: Level) -> None:
        assert pool.selection.field is not None  # the root is not gathered
        for field in pool.selection.field.below(self.level.selection):
            if self._flying.get(field):
                self._waiting.setdefault(field, []).append(pool)
                return
        self._start(pool)

    def _start(self, pool: Level) -> None:
        if pool.dicts:
            pool.awaited = self.awaited
            self.run.start(pool)

    def _landing(self, field: Field, waits: list[_Wait]) -> Callable[[list[Any]], None]:
        def land(results: list[Any]) -> None:
            by_depth: dict[int, tuple[list[Place], list[Any]]] = {}
            by_type: dict[Selection, tuple[list[Place], list[Any]]] = {}
            self.awaited = field.length
            for wait, result in zip(waits, results, strict=True):
                if result is GONE:
                    continue
                if wait.then is not None:
                    self._identified(field, by_type, wait.place, wait.value, partial(_resume, wait.then, result))
                    continue
                places, values = by_depth.setdefault(wait.depth, ([], []))
                places.append(wait.place)
                values.append(result)
            for depth, (places, values) in by_depth.items():
                self._complete(field, depth, places, values)
            self._build(by_type)
            self._flying[field] -= 1
            self._settle(self._waiting.pop(field, []))

        return land

    def _complete(self, field: Field, depth: int, places: list[Place], values: list[Any]) -> None:
        unit = field.units.get(depth)
        if unit is None:
            unit = field.units[depth] = value_unit(field, depth, self.run.variables)
        self._fill(unit, places, values)

    def _fill(self, unit: Unit, places: list[Place], values: list[Any]) -> None:
        gathered = []
        for selection in unit.pools:
            pool = self._pools.get(selection)
            if pool is None:
                pool = self._pools[selection] = Level(selection, [], [], self.level, self.awaited)
                self._new.append(pool)
            gathered += [pool.sources, pool.dicts]
        unit.function(self, places, values, *gathered)

    def _sort(self, field: Field, found: list[tuple[Place, Any]]) -> None:
        """Ask for the types of objects, and complete those of one type together."""
        by_type: dict[Selection, tuple[list[Place], list[Any]]] = {}
        named = field.named
        if is_object_type(named) and not named.is_type_of:
            for place, value in found:
                self._group(field, by_type, named, place, value)
            self._build(by_type)
            return
        info: GraphQLResolveInfo[Any] | None = None
        parent: Place | None = None
        for place, value in found:
            index, indices = place
            above = index, indices[: len(indices) - field.depth]
            if info is None or above != parent:
                info, parent = self.info(field, *above), above
            self._identified(field, by_type, place, value, partial(identify, self.run, field, value, info))
        self._build(by_type)

    def _identified(
        self,
        field: Field,
        by_type: dict[Selection, tuple[list[Place], list[Any]]],
        place: Place,
        value: Any,
        ask: Callable[[], GraphQLObjectType | Asked],
    ) -> None:
        try:
            found = ask()
        except Exception as error:  # noqa: BLE001 - whatever the type's functions raise is the object's error
            self.fail(field, field.depth, *place, error)
            return
        if isinstance(found, Asked):
            self._wait(field, _Wait(field.depth, place, found.answer, value, found.then))
        else:
            self._group(field, by_type, found, place, value)

    def _group(
        self,
        field: Field,
        by_type: dict[Selection, tuple[list[Place], list[Any]]],
        object_type: GraphQLObjectType,
        place: Place,
        value: Any,
    ) -> None:
        selection = field.selection(object_type, self.run.variables)
        if selection.error is not None:
            self.fail(field, field.depth, *place, selection.error)
            return
        places, values = by_type.setdefault(selection, ([], []))
        places.append(place)
        values.append(value)

    def _build(self, by_type: dict[Selection, tuple[list[Place], list[Any]]]) -> None:
        for selection, (places, values) in by_type.items():
            unit = selection.unit
            if unit is None:
                selection.arrange(self.run.variables)
                unit = selection.unit = object_unit(selection, self.run.variables)
            self._fill(unit, places, values)


def _resume(then: Callable[[Any], GraphQLObjectType | Asked], answer: Any) -> GraphQLObjectType | Asked:
    if isinstance(answer, Exception):
        raise answer
    return then(answer)
