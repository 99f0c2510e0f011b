"""What items hold as they came, path by path: `contact.email`, `addresses[].city`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct, field

from resolvers.backends.mapping.misfit import Misfit
from resolvers.backends.mapping.paths import Attribute, First, Key, Path
from resolvers.backends.mapping.shape import Branch, Leaf, Shape
from resolvers.backends.mapping.texts import form

Names = tuple[str, ...]
ENTRY = "[]"
ANY = "*"
"""Stands for the keys of a map whose values are read as entries."""
_OURS = "__typename"
_NAME = re.compile(r"[@$]?[A-Za-z_][A-Za-z0-9_:-]*").fullmatch


class Used(Struct, frozen=True):
    """Where one field of the mapping looks: several places where it takes the first of them or joins them."""

    name: str
    places: tuple[Names, ...]


class Node(Struct):
    """What stands at one path in all the items together."""

    seen: int = 0
    types: set[str] = field(default_factory=set)
    values: dict[str, int] = field(default_factory=dict)


def used_by(shape: Shape, around: tuple[Names, ...] = ((),), name: str = "") -> Iterator[Used]:
    """Every place that a mapping reads. `around` are the paths of the items around, innermost last."""
    for condition in shape.where:
        yield Used(f"{name}where", (_names(condition.path, around),))
    for part in shape.fields:
        if isinstance(part, Leaf):
            yield Used(name + part.name, tuple(_names(path, around) for path in part.paths if not path.of_key))
        elif isinstance(part, Branch):
            for entries in part.parts:
                if entries.each is None:
                    yield from used_by(entries.shape, around, f"{name}{part.name}.")
                    continue
                at = (*_names(entries.each, around), ANY if entries.keyed else ENTRY)
                yield Used(name + part.name, (at[:-1],))
                yield from used_by(entries.shape, (*around, at), f"{name}{part.name}.")


def _names(path: Path, around: tuple[Names, ...]) -> Names:
    """The path from the outermost item on, as far as it can be named: what follows an index or a choice is below it."""
    names: list[str] = []
    for step in path.steps:
        if isinstance(step, Key):
            names.append(step.name)
        elif isinstance(step, Attribute):
            names.append(f"@{step.name}")
        elif isinstance(step, First):
            names.append(ANY)
        else:
            break
    return (*around[-1 - path.up], *names)


def nodes_of(items: Iterable[Any], used: Iterable[Used]) -> dict[Names, Node]:
    """Everything in the items.

    The keys of maps count as one: of those that the mapping reads as maps, and keys that are no names but data.
    """
    nodes: dict[Names, Node] = {}
    places = [place for field in used for place in field.places]
    for item in items:
        _walk(item, (), nodes, places, set())
    return nodes


def _walk(value: Any, path: Names, nodes: dict[Names, Node], places: Sequence[Names], here: set[Names]) -> None:
    node = nodes.setdefault(path, Node())
    if path not in here:
        here.add(path)
        node.seen += 1
    node.types.add(_kind(value))
    if isinstance(value, dict):
        for key, below in value.items():
            if key != _OURS:
                _walk(below, (*path, _name(str(key), path, places)), nodes, places, here)
    elif isinstance(value, (list, tuple)):
        for below in value:
            _walk(below, (*path, ENTRY), nodes, places, here)
    else:
        try:
            text = form(value)
        except Misfit:
            return
        if text is not None:
            node.values[text] = node.values.get(text, 0) + 1


def _name(key: str, path: Names, places: Sequence[Names]) -> str:
    """The key, or ANY where it is one of a map's: they may be anything, people's addresses too."""
    depth = len(path)
    read = {place[depth] for place in places if len(place) > depth and matches(place[:depth], path)}
    return key if key in read or (ANY not in read and _NAME(key)) else ANY


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "text"
    if isinstance(value, dict):
        return "object"
    if isinstance(value, (list, tuple)):
        return "list"
    return "number" if isinstance(value, (int, float)) or type(value).__name__ == "Decimal" else type(value).__name__


def matches(used: Names, path: Names) -> bool:
    """Whether the place of a mapping is this path."""
    return len(used) == len(path) and all(map(_matches, used, path))


def _matches(step: str, name: str) -> bool:
    if step.startswith("@"):
        return name in (step, f"attr__{step[1:]}", step[1:])
    return step in (ANY, name)


def missing(used: Names, nodes: dict[Names, Node]) -> bool:
    """Whether objects are there that should hold the next name of the path, and none does."""
    for depth in range(len(used)):
        objects = [path for path, node in nodes.items() if matches(used[:depth], path) and "object" in node.types]
        if used[depth] in (ENTRY, ANY):
            continue
        if not objects:
            return False
        if not any(matches(used[: depth + 1], path) for path in nodes):
            return True
    return False


def unread(nodes: dict[Names, Node], used: Iterable[Used]) -> list[Names]:
    """The paths of values that no field reads."""
    places = [place for field in used for place in field.places]
    found = []
    for path, node in nodes.items():
        if not path or not node.types - {"object", "list", "null"}:
            continue
        if not any(place == () or matches(place, path[: len(place)]) for place in places if _reads(place, path, nodes)):
            found.append(path)
    return found


def _reads(place: Names, path: Names, nodes: dict[Names, Node]) -> bool:
    """A list that is read entry by entry is not read as a whole."""
    return not (len(place) < len(path) and path[len(place)] in (ENTRY, ANY) and "object" in _entries(place, nodes))


def _entries(place: Names, nodes: dict[Names, Node]) -> set[str]:
    for name in (ENTRY, ANY):
        node = nodes.get((*place, name))
        if node is not None:
            return node.types
    return set()


def written(path: Names) -> str:
    """The path as people write it."""
    return ".".join(path).replace(f".{ENTRY}", ENTRY) or "."
