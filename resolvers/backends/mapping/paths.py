"""Paths: where in a payload a value is.

    a.b.c                  nested objects                 lines[0]  lines[-1]        first and last of a list
    "a.b".c                a key that holds a dot         items[type=billing].email  the first entry of that `type`
    links.order.*          the first value of a map       .                          the item itself
    price.@currency        an XML attribute               $key                       the key of the map entry
    price._value_1         text beside attributes         ^.currency                 from the item around this one

Missing keys, nulls and null parents give null, as does an empty list where an object was expected (PHP writes empty
maps so) and an empty object where a list was expected. Anything else in a parent's place is a Misfit.
"""

from __future__ import annotations

import re
from typing import Any, Final

from msgspec import Struct

from resolvers.backends.mapping.misfit import Misfit
from resolvers.backends.mapping.texts import form

OBJECT: Final = "an object"


def absent(parent: object, expected: str) -> None:
    """Null for a parent that holds nothing; a Misfit for one of another kind than `expected`."""
    if parent is None or (isinstance(parent, (list, tuple, dict)) and not parent):
        return
    if expected == OBJECT and isinstance(parent, (list, tuple)):
        expected = f"{OBJECT} (of a list, [0] is the first entry, [type=home] the one of that type)"
    raise Misfit(expected, parent, structural=True)


class Key(Struct, frozen=True):
    """The value under a key of an object."""

    name: str

    def __call__(self, parent: Any) -> Any:
        return parent.get(self.name) if isinstance(parent, dict) else absent(parent, OBJECT)


class Attribute(Struct, frozen=True):
    """An XML attribute, under whichever of the usual names the decoder gave it; the first that is not null."""

    name: str

    def __call__(self, parent: Any) -> Any:
        if not isinstance(parent, dict):
            return absent(parent, OBJECT)
        for name in (f"@{self.name}", f"attr__{self.name}", self.name):
            value = parent.get(name)
            if value is not None:
                return value
        return None


class Index(Struct, frozen=True):
    """An entry of a list, counted from the start or, when negative, from the end."""

    at: int

    def __call__(self, parent: Any) -> Any:
        if not isinstance(parent, (list, tuple)):
            return absent(parent, "a list")
        return parent[self.at] if -len(parent) <= self.at < len(parent) else None


class Choose(Struct, frozen=True):
    """The first entry of a list, or of a map's values, whose `key` reads as `value`."""

    key: str
    value: str

    def __call__(self, parent: Any) -> Any:
        for _, entry in entries(parent):
            if not isinstance(entry, dict):
                raise Misfit("a list of objects", parent, structural=True)
            if form(entry.get(self.key)) == self.value:
                return entry
        return None


class First(Struct, frozen=True):
    """The first value of a map."""

    def __call__(self, parent: Any) -> Any:
        return next((value for _, value in entries(parent)), None)


Step = Key | Attribute | Index | Choose | First
FIRST = First()


def entries(parent: Any) -> Any:
    """Key and value of each entry of a map. PHP writes a map with the keys 0, 1, 2 as a list."""
    if isinstance(parent, dict):
        return parent.items()
    if isinstance(parent, (list, tuple)):
        return enumerate(parent)
    absent(parent, "an object with one entry per key")
    return ()


def list_of(found: Any) -> Any:
    """The entries of a list; none for null and for an empty object."""
    if isinstance(found, (list, tuple)):
        return found
    absent(found, "a list")
    return ()


class Path(Struct, frozen=True):
    """A parsed path: `up` items outwards, then the steps; or the key of the map entry that is being read."""

    steps: tuple[Step, ...] = ()
    up: int = 0
    of_key: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """The plain keys that the path starts with."""
        names = []
        for step in self.steps:
            if not isinstance(step, Key):
                break
            names.append(step.name)
        return tuple(names)

    def under(self, parent: Path) -> Path:
        """This path as seen from where `parent` starts, when it was written as seen from where `parent` ends."""
        if self.of_key:
            return self
        if self.up:
            return Path(self.steps, self.up - 1)
        return Path(parent.steps + self.steps, parent.up)

    def read(self, scopes: tuple[tuple[Any, Any], ...]) -> Any:
        """The value, from (key, item) pairs, innermost last. Raises Misfit."""
        key, value = scopes[-1 - self.up]
        return key if self.of_key else walk(value, self.steps)


ITEM = Path()


class Place(Struct, frozen=True):
    """From where a path is written: how many items are around, whether entries have keys, what `one` puts in front."""

    level: int = 0
    keyed: bool = False
    prefix: Path | None = None

    def parse(self, text: str) -> Path:
        """The path as seen from the item that is read; ValueError with the reason when there is none."""
        path = parse_path(text)
        if path.of_key and not self.keyed:
            raise ValueError('$key is there only for the values of a map: each = "path.*"')
        if path.up > self.level + (self.prefix is not None):
            raise ValueError("there is no item around this one")
        return path if self.prefix is None else path.under(self.prefix)


def walk(value: Any, steps: tuple[Step, ...]) -> Any:
    """The value at the end of the steps; null as soon as one of them gives null. Raises Misfit."""
    for step in steps:
        if value is None:
            return None
        value = step(value)
    return value


_QUOTED = r'"(?:[^"\\]|\\["\\])*"'
_SEGMENT = re.compile(rf"{_QUOTED}|[^.\[\]\"]+")
_BRACKET = re.compile(
    rf"\[(?:(?P<index>-?[0-9]{{1,9}})|(?P<key>{_QUOTED}|[^=\[\]\"]+)=(?P<value>{_QUOTED}|[^\[\]\"]*))\]"
)


def parse_path(text: str) -> Path:
    """The path that `text` writes; ValueError with the reason when it writes none."""
    up = 0
    rest = text
    while rest.startswith("^."):
        up, rest = up + 1, rest[2:]
    if rest == "^":
        return Path(up=up + 1)
    if text == ".":
        return ITEM
    if text == "$key":
        return Path(of_key=True)
    steps: list[Step] = []
    at = 0
    while at < len(rest):
        if bracket := _BRACKET.match(rest, at):
            steps.append(_bracket(bracket))
            at = bracket.end()
        elif (segment := _SEGMENT.match(rest, at)) and not (steps and rest[at - 1] != "."):
            steps.append(_segment(segment.group()))
            at = segment.end()
        else:
            raise ValueError(f"a path cannot go on with {rest[at:][:12]!r}")
        if at < len(rest) and rest[at] == ".":
            at += 1
            if at == len(rest) or rest[at] == "[":
                raise ValueError("a path needs a name after a dot")
    if not steps:
        raise ValueError("a path cannot be empty; '.' means the item itself")
    return Path(tuple(steps), up)


def _bracket(match: re.Match[str]) -> Step:
    if match["index"] is not None:
        return Index(int(match["index"]))
    return Choose(_unquoted(match["key"]), _unquoted(match["value"]))


def _segment(text: str) -> Step:
    if text.startswith('"'):
        return Key(_unquoted(text))
    if text != text.strip():
        raise ValueError(f"{text!r} starts or ends with a blank; put names with blanks in double quotes")
    if text == "*":
        return FIRST
    if text == "$":
        raise ValueError("a path starts without $; a key of that name stands in double quotes")
    if text == "$key":
        raise ValueError("$key stands alone in a path")
    if text.startswith("@") and len(text) > 1:
        return Attribute(text[1:])
    return Key(text)


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text
