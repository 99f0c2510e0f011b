"""One execution: breadth first, with siblings side by side.

A run keeps a queue of values that have arrived and a set of *flights*, the awaitables that values still depend on. A
flight that lands puts values into the queue; completing them starts the fields of the objects found, which may take
off again. Nothing recurses, so deep data meets no recursion limit, and no level waits for one that it does not need.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from graphql import ExecutionResult, GraphQLResolveInfo
from graphql.execution.values import VariableValues
from graphql.pyutils import Path, gather_with_cancel, is_awaitable
from graphql.type.definition import GraphQLResolveInfoHelpers

from gateway.execution.admission import is_mapping
from gateway.execution.arrival import Arrival
from gateway.execution.compile import column_unit, root_unit
from gateway.execution.failures import Failure, Nulls, settle
from gateway.execution.fetch import fetch
from gateway.execution.flights import Flight, Traffic, settle_in_background
from gateway.execution.level import Level
from gateway.execution.plan import Plan
from gateway.execution.selection import Field, Selection


class Run:
    """One operation being executed."""

    __slots__ = (
        "_nulls",
        "_pruned",
        "_queue",
        "_serial",
        "_told",
        "_traffic",
        "arrivals",
        "context",
        "data",
        "failures",
        "fatal",
        "plan",
        "root_value",
        "type_resolver",
        "variables",
    )

    def __init__(
        self, plan: Plan, root_value: Any, context: Any, variables: VariableValues, type_resolver: Callable[..., Any]
    ) -> None:
        self.plan = plan
        self.root_value = root_value
        self.context = context
        self.variables = variables
        self.type_resolver = type_resolver
        self.data: dict[str, Any] = {}
        self.failures: list[Failure] = []
        self.fatal = False
        self.arrivals = 0
        self._queue: deque[tuple[Level, Field, Sequence[Any], int]] = deque()
        self._traffic = Traffic()
        self._serial: deque[tuple[Level, Field]] = deque()
        self._told: tuple[Any, ...] | None = None
        self._nulls = Nulls()
        self._pruned = 0

    def execute(self) -> ExecutionResult | Awaitable[ExecutionResult]:
        """The result, or an awaitable of it when something has to be waited for."""
        try:
            self._begin()
            self._advance()
        except BaseException:  # an interruption: errors of fields do not come here
            self._traffic.close()
            raise
        if not self._traffic:
            return self._result()
        if not self.fatal:
            return self._fly()
        for flight in self._traffic.grounded:
            settle_in_background(flight.awaitables)
        return self._result()

    # For fetching and completing.

    def start(self, level: Level) -> None:
        """Fetch what is still missing of the objects of a level."""
        for field in level.selection.late:
            fetch(self, level, field)

    def arrive(self, level: Level, field: Field, values: Sequence[Any], awaited: int = 0) -> None:
        """Values of a late field, one for each object of its level, wait for their completion; `awaited` as in
        `Level`, when they were waited for."""
        self._queue.append((level, field, values, awaited))

    def fly(self, flight: Flight) -> None:
        """Wait for all awaitables of the flight; then it lands."""
        self._traffic.grounded.append(flight)

    def info(self, field: Field, path: Path) -> GraphQLResolveInfo[Any]:
        """What a resolver or a type's function is told; made often, so without the detour over keyword arguments."""
        if self._told is None:
            plan = self.plan
            self._told = (
                plan.schema,
                plan.fragment_definitions,
                self.root_value,
                plan.operation,
                self.variables,
                self.context,
                is_awaitable,
                None,  # the abort signal; operations with one are left to graphql-core
                GraphQLResolveInfoHelpers(gather=_gather, track=_track),
            )
        return tuple.__new__(GraphQLResolveInfo, (*field.told, path, *self._told))

    # The run itself.

    def _begin(self) -> None:
        root = self.plan.root
        level = Level(root, [self.root_value], [self.data], None)
        if self.plan.serial:
            self.data.update(root.unread)
            self._serial.extend((level, field) for field in root.fields)
            return
        if len(root.unread) == len(root.fields):
            self.data.update(root.unread)
        else:
            self._read_root(root, level)
        self.start(level)

    def _read_root(self, root: Selection, level: Level) -> None:
        mapping = is_mapping(self.root_value)
        if mapping:
            self.plan.read_by_key()
        if root.unit is None:
            root.unit = root_unit(root, self.variables)
        Arrival(self, level).execute(root.unit, self.root_value, mapping, self.data)

    def _advance(self) -> None:
        """Do everything that can be done without waiting. Serial fields start when the one before is complete."""
        while True:
            while self._queue:
                level, field, values, awaited = self._queue.popleft()
                unit = field.units.get("column")
                if unit is None:
                    unit = field.units["column"] = column_unit(field, self.variables)
                Arrival(self, level, awaited).execute(unit, values, level.dicts)
            if len(self.failures) > self._pruned and self._traffic and not self.fatal and self._prune():
                continue
            if not self._serial or self.fatal or self._traffic:
                return
            fetch(self, *self._serial.popleft())

    def _result(self) -> ExecutionResult:
        if not self.failures:
            return ExecutionResult(self.data, None)
        data, errors = settle(self.data, self.failures)
        return ExecutionResult(data, errors)

    async def _fly(self) -> ExecutionResult:
        """Wait for what is missing, whichever comes first. What lands together counts as one arrival."""
        traffic = self._traffic
        try:
            while traffic and not self.fatal:
                alone = traffic.alone()
                if alone is None:
                    landed = await traffic.next(self._nulls)
                    self.arrivals += 1
                    for flight in landed:
                        flight.touch_down()
                else:
                    result: Any
                    try:
                        result = await alone.awaitables[0]
                    except Exception as error:  # noqa: BLE001 - whatever a resolver raises is its field's error
                        result = error
                    self.arrivals += 1
                    alone.land([result])
                self._advance()
        except BaseException:
            await traffic.stop(cancelled=True)
            raise
        await traffic.stop(cancelled=False)
        return self._result()

    def _prune(self) -> bool:
        """Take down flights to places that errors have turned to null; whether there were any."""
        news, self._pruned = self.failures[self._pruned :], len(self.failures)
        spread = [failure.place() for failure in news if failure.field.required[failure.depth]]
        if sum(self._nulls.add(place) for place in spread) == 0:
            return False
        doomed = self._traffic.sweep(self._nulls)
        for flight in doomed:
            flight.touch_down()
        return bool(doomed)


def _gather(values: Sequence[Awaitable[Any]]) -> Awaitable[list[Any]]:
    """`info.async_helpers.gather`."""
    return gather_with_cancel(*values)


def _track(values: Sequence[Any]) -> None:
    """`info.async_helpers.track`: settle work in the background that its resolver does not wait for."""
    settle_in_background([value for value in values if is_awaitable(value)])
