"""An explanation for people to read in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def readable(explained: Mapping[str, Any]) -> str:
    """The form of `extensions.explain` as text, without a line break at the end."""
    return "\n".join(_lines(explained))


def _lines(explained: Mapping[str, Any]) -> Iterator[str]:
    calls = explained["calls"]
    yield f"Calls    {_number(calls['most'], calls['about'])}"
    cost = explained["cost"]
    if cost.get("value") is not None:
        limit = f" of {cost['limit']:,}" if cost.get("limit") else ""
        refused = ": too large, it would be refused" if limit and cost["value"] > cost["limit"] else ""
        yield f"Cost     {cost['value']:,}{limit}{refused}"
    scopes = explained["scopes"]
    yield f"Scopes   {' '.join(scopes['needed']) or 'none'}"
    if scopes["missing"]:
        yield f"Missing  {' '.join(scopes['missing'])}"
    for level in explained["levels"]:
        yield ""
        yield f"Level {level['depth']}"
        for operation in level["operations"]:
            yield f"  {operation['field']}"
            yield f"    {operation['name']} on {operation['backend'] or 'no backend'}: {_counts(operation)}"
    for title, paths in (
        ("Refused", [f"{refused['path']} (needs {_needs(refused)})" for refused in explained["refused"]]),
        ("Personal", explained["personal"]),
        ("Warnings", [f"{warned['path']}: {warned['message']}" for warned in explained["warnings"]]),
    ):
        if paths:
            yield ""
            yield title
            yield from (f"  {path}" for path in paths)


def _counts(operation: Mapping[str, Any]) -> str:
    told = _number(operation["callsAtMost"], operation["callsAbout"], " call")
    if operation["keysAbout"] is not None:
        keys = operation["keysAbout"]
        batch = "one" if operation["batch"] == "single" else operation["batch"]
        told += f": {keys:,} key{'s' if keys != 1 else ''}, {batch} in each"
    cache = operation["cache"]
    if cache and cache["mayAnswer"]:
        told += f"; the cache may answer ({cache['ttl']:g} s)"
    return told


def _number(most: int | None, about: int, noun: str = "") -> str:
    number = about if most is None else most
    return f"{'about' if most is None else 'at most'} {number:,}{noun}{'s' if noun and number != 1 else ''}"


def _needs(refused: dict[str, Any]) -> str:
    return " ".join(refused["scopes"]) or "a customer, or a scope for all of them"
