"""Field errors: which of them are reported, and what they turn to null.

Errors are noted raw while the operation runs. At its end they are put in the order in which graphql-core meets them:
depth first, and what arrived later after what was there before. An error whose place was already turned to null by an
earlier one is dropped (GraphQL specification, "Handling Execution Errors").
"""

from __future__ import annotations

from math import inf
from typing import Any, NamedTuple

from graphql import GraphQLError, located_error

from gateway.execution.level import Indices, Level
from gateway.execution.selection import Field

Keys = tuple[str | int, ...]


class Failure(NamedTuple):
    """An error at a position of a level, below its object of this number.

    `arrival` counts the waits before it, and `awaited` is the length of the path to what was waited for last: an error
    that leaves there is met later than those that stay within. `last` sorts an error behind the items of the list that
    it breaks off.
    """

    arrival: int
    awaited: int
    level: Level
    number: int
    field: Field
    depth: int
    indices: Indices
    error: Exception
    last: bool

    def place(self) -> Keys:
        """The place that it turns to null, empty for the whole answer."""
        return null_place(self.level, self.number, self.field, self.depth, self.indices)


def null_place(level: Level, index: int, field: Field, depth: int, indices: Indices) -> Keys:
    """The innermost place around a position that may be null."""
    path = level.path(index, field, indices).as_list()
    return tuple(path[: _nullable_length(field, len(path), depth)])


class _Located(NamedTuple):
    order: tuple[float, ...]
    place: Keys
    error: GraphQLError


class Nulls:
    """Places of the answer that errors have turned to null."""

    __slots__ = ("_root",)

    def __init__(self) -> None:
        self._root: dict[str | int | None, Any] = {}  # None marks a place that is null

    def add(self, place: Keys) -> bool:
        """Whether neither the place nor one around it was null before."""
        node = self._root
        for key in place:
            if None in node:
                return False
            node = node.setdefault(key, {})
        if None in node:
            return False
        node[None] = True
        return True

    def cover(self, path: list[str | int]) -> bool:
        """Whether the place, or one around it, is null."""
        node = self._root
        for key in path:
            if None in node:
                return True
            if key not in node:
                return False
            node = node[key]
        return None in node


def settle(data: dict[str, Any], failures: list[Failure]) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
    """The data with nulls where errors belong, and the errors to report."""
    models: dict[Field, GraphQLError] = {}
    located = sorted((_locate(failure, models) for failure in failures), key=lambda one: one.order)
    nulls = Nulls()
    reported = [one for one in located if nulls.add(one.place)]
    errors = [one.error for one in reported]
    if not all(one.place for one in reported):
        return None, errors
    for one in reported:
        _nullify(data, one.place)
    return data, errors


def _locate(failure: Failure, models: dict[Field, GraphQLError]) -> _Located:
    arrival, awaited, level, index, field, depth, indices, error, last = failure
    path = level.path(index, field, indices).as_list()
    length = _nullable_length(field, len(path), depth)
    ranks = iter(field.ancestry())
    order: list[float] = [arrival + 0.5 if arrival and length < awaited else arrival]
    order += [key if isinstance(key, int) else next(ranks).rank for key in path]
    if last:
        order.append(inf)
    return _Located(tuple(order), tuple(path[:length]), _located_error(error, field, path, models))


def _located_error(
    error: Exception, field: Field, path: list[str | int], models: dict[Field, GraphQLError]
) -> GraphQLError:
    """graphql-core's `located_error`, which searches the document for lines and columns, but once per field."""
    if isinstance(error, GraphQLError) or any(hasattr(error, name) for name in ("nodes", "source", "positions")):
        return located_error(error, field.nodes, path)
    model = models.get(field)
    if model is None:
        model = models[field] = located_error(error, field.nodes, path)
        return model
    located = GraphQLError(str(getattr(error, "message", error)), None, None, None, path, error)
    located.nodes, located.source, located.positions = model.nodes, model.source, model.positions
    located.locations = model.locations
    return located


def _nullable_length(field: Field, length: int, depth: int) -> int:
    """How much of the path leads to the innermost place that may be null; 0 is the whole answer."""
    current: Field | None = field
    while current is not None:
        for required in reversed(current.required[: depth + 1]):
            if not required:
                return length
            length -= 1
        current = current.host.field
        depth = current.depth if current is not None else 0
    return 0


def _nullify(data: dict[str, Any], place: Keys) -> None:
    container: Any = data
    for key in place[:-1]:
        container = container[key]
        if container is None:  # a place around this one is null as well
            return
    container[place[-1]] = None
