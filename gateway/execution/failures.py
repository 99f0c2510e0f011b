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
from gateway.execution.plan import Field

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
    return tuple(path[: _nullable_length(field.ancestry(), len(path), depth)])


class _Located(NamedTuple):
    order: tuple[float, ...]
    place: Keys
    error: GraphQLError


def is_fatal(field: Field, depth: int) -> bool:
    """Whether an error at this list depth of the field leaves no data at all."""
    return all(field.required[: depth + 1]) and all(all(above.required) for above in field.ancestry()[:-1])


def settle(data: dict[str, Any], failures: list[Failure]) -> tuple[dict[str, Any] | None, list[GraphQLError]]:
    """The data with nulls where errors belong, and the errors to report."""
    located = sorted((_locate(failure) for failure in failures), key=lambda one: one.order)
    nulled: set[Keys] = set()
    reported: list[GraphQLError] = []
    for _, place, error in located:
        if any(place[:length] in nulled for length in range(len(place) + 1)):
            continue
        nulled.add(place)
        reported.append(error)
        if not place:
            return None, reported
    for place in nulled:
        _nullify(data, place, nulled)
    return data, reported


def _locate(failure: Failure) -> _Located:
    arrival, awaited, level, index, field, depth, indices, error, last = failure
    path = level.path(index, field, indices).as_list()
    ancestry = field.ancestry()
    length = _nullable_length(ancestry, len(path), depth)
    ranks = iter(ancestry)
    order: list[float] = [arrival + 0.5 if arrival and length < awaited else arrival]
    order += [key if isinstance(key, int) else next(ranks).rank for key in path]
    if last:
        order.append(inf)
    return _Located(tuple(order), tuple(path[:length]), located_error(error, field.nodes, path))


def _nullable_length(ancestry: tuple[Field, ...], length: int, depth: int) -> int:
    """How much of the path leads to the innermost place that may be null; 0 is the whole answer."""
    for field in reversed(ancestry):
        if depth < 0:
            depth = field.depth
        while depth >= 0:
            if not field.required[depth]:
                return length
            depth -= 1
            length -= 1
    return 0


def _nullify(data: dict[str, Any], place: Keys, nulled: set[Keys]) -> None:
    container: Any = data
    for length, key in enumerate(place[:-1], start=1):
        if place[:length] in nulled:
            return
        container = container[key]
    container[place[-1]] = None
