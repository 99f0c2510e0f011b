"""Comparing two results: the data with its order, and the errors in every detail but their order."""

from __future__ import annotations

from typing import Any

from graphql import ExecutionResult, GraphQLError


def told(error: GraphQLError) -> tuple[str, ...]:
    """Everything that an error tells."""
    original = error.original_error
    return (
        str(error.path),
        error.message,
        str(error.locations),
        f"{type(original).__name__}: {getattr(original, 'message', original)}",
        str(error.extensions),
    )


def ordered(data: Any) -> Any:
    """The data with its keys in order and NaN comparable."""
    if isinstance(data, dict):
        return [(key, ordered(value)) for key, value in data.items()]
    if isinstance(data, list):
        return [ordered(value) for value in data]
    return (type(data).__name__, repr(data))


def same(ours: ExecutionResult, theirs: ExecutionResult) -> str | None:
    """What differs, None when nothing does."""
    if ordered(ours.data) != ordered(theirs.data):
        return f"data\n ours   {ours.data}\n theirs {theirs.data}"
    mine, others = sorted(map(told, ours.errors or ())), sorted(map(told, theirs.errors or ()))
    if mine != others:
        return f"errors\n ours   {mine}\n theirs {others}"
    return None


def alike(ours: ExecutionResult, theirs: ExecutionResult, possible: ExecutionResult) -> str | None:
    """What differs beyond what the order of waiting decides.

    Below a place that an error turned to null, which of several errors is told depends on which came first. There has
    to be one, and it has to be one of the `possible`, which are those of a run in which no error spreads.
    """
    if ordered(ours.data) != ordered(theirs.data):
        return f"data\n ours   {ours.data}\n theirs {theirs.data}"
    mine, others = _by_place(ours), _by_place(theirs)
    if mine.keys() != others.keys():
        return f"places of errors\n ours   {sorted(mine)}\n theirs {sorted(others)}"
    for place, errors in mine.items():
        certain = all(own for own, _ in errors + others[place])
        if certain and errors != others[place]:
            return f"errors\n ours   {errors}\n theirs {others[place]}"
    known = set(map(told, possible.errors or ()))
    unknown = [error for error in map(told, ours.errors or ()) if error not in known]
    return f"errors that cannot be\n {unknown}" if unknown else None


def _by_place(result: ExecutionResult) -> dict[str, list[tuple[bool, tuple[str, ...]]]]:
    """The errors by the null that they lead to, each with whether that null is in its own place."""
    places: dict[str, list[tuple[bool, tuple[str, ...]]]] = {}
    for error in result.errors or ():
        path = error.path or []
        value: Any = result.data
        length = 0
        while value is not None and length < len(path):
            value = value[path[length]]  # type: ignore[index] # a container, as the path leads through it
            length += 1
        places.setdefault(str(path[:length]), []).append((length == len(path), told(error)))
    return {place: sorted(errors) for place, errors in places.items()}
