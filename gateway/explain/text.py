"""An explanation for people to read in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def readable(explained: Mapping[str, Any]) -> str:
    """The form of `extensions.explain` as text, without a line break at the end."""
    return "\n".join(_lines(explained))


def _lines(explained: Mapping[str, Any]) -> Iterator[str]:
    calls = explained["calls"]
    most = "unknown" if calls["most"] is None else calls["most"]
    yield f"Calls    at least {calls['least']}, at most {most}"
    cost = explained["cost"]
    if cost.get("value") is not None:
        limit = f" of {cost['limit']}" if cost.get("limit") else ""
        yield f"Cost     {cost['value']}{limit}"
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
        ("Refused", [f"{refused['path']} (needs {' '.join(refused['scopes'])})" for refused in explained["refused"]]),
        ("Personal", explained["personal"]),
        ("Warnings", [f"{warned['path']}: {warned['message']}" for warned in explained["warnings"]]),
    ):
        if paths:
            yield ""
            yield title
            yield from (f"  {path}" for path in paths)


def _counts(operation: Mapping[str, Any]) -> str:
    calls = operation["callsAtMost"]
    told = "calls unknown" if calls is None else f"{calls} call{'s' if calls != 1 else ''} at most"
    if operation["keysAtMost"] is not None:
        told += f" for {operation['keysAtMost']} key{'s' if operation['keysAtMost'] != 1 else ''}"
    told += f", {operation['batch']}"
    cache = operation["cache"]
    if cache and cache["mayAnswer"]:
        told += f"; the cache may answer ({cache['ttl']:g} s)"
    return told
