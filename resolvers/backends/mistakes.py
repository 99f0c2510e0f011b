"""What pydantic finds wrong with tables of a file, in the words of the file: the key as written, and a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

Key = tuple[int | str, ...]


def mistakes_in(data: Any, error: ValidationError) -> list[tuple[Key, str]]:
    """Every mistake in these tables, in pydantic's order."""
    problems = error.errors(include_url=False, include_input=False)
    return [(_key(data, problem["loc"]), reason_of(problem)) for problem in problems]


def dotted(key: Sequence[int | str]) -> str:
    """A key as people write it: `auth.issuers.0.key`."""
    return ".".join(map(str, key))


def without(data: Mapping[str, Any], keys: Sequence[Key]) -> dict[str, Any]:
    """The tables without what is wrong: of each key the innermost value that is there, of a list the whole list."""
    left = _copied(data)
    for above, last in [_there(data, key) for key in keys]:
        table = left
        for part in above:
            table = table.get(part, {})
        table.pop(last, None)
    return left


def reason_of(problem: Any) -> str:
    """A reason that pydantic tells, in the words of the configuration."""
    told = problem.get("ctx", {})
    match problem["type"]:
        case "extra_forbidden":
            return "this key is unknown"
        case "missing":
            return "this key is needed"
        case "union_tag_not_found":
            return f"needs the key {told['discriminator']}"
        case "union_tag_invalid":
            return f"{told['discriminator']} is {told['tag']!r}; it may be {told['expected_tags']}"
        case "list_type" | "tuple_type":
            return "this is a list: write it in brackets, such as [404]"
        case "dict_type" | "model_type" | "model_attributes_type":
            return "this is a table: write it in braces, or under its own heading"
    return str(problem["msg"]).removeprefix("Value error, ")


def _key(data: Any, location: Sequence[int | str]) -> Key:
    """A location without the names of models that pydantic puts in where one of several kinds may stand."""
    key: list[int | str] = []
    for index, part in enumerate(location):
        last = index == len(location) - 1 and "[" not in str(part)
        if isinstance(data, Mapping) and (part in data or last):
            key.append(part)
            data = data.get(part)
        elif isinstance(data, (list, tuple)) and isinstance(part, int) and part < len(data):
            key.append(part)
            data = data[part]
    return tuple(key)


def _there(data: Mapping[str, Any], key: Key) -> tuple[list[str], str]:
    there: list[str] = []
    inner: Any = data
    for part in key:
        if not isinstance(inner, Mapping) or part not in inner:
            break
        there.append(str(part))
        inner = inner[part]
    *above, last = there
    return above, last


def _copied(table: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _copied(value) if isinstance(value, Mapping) else value for name, value in table.items()}
