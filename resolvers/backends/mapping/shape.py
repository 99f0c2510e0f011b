"""What a compiled mapping consists of: a tree that says, for each field of a record, where it is read and how."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from resolvers.backends.mapping.paths import Path


class Usual(Struct, frozen=True):
    """The form of most texts that a conversion takes: those give what `parse` makes of them, and nothing else.

    Where `parse` raises ValueError the conversion raises Misfit.
    """

    condition: str
    """When a text has the form, as a Python expression with {0} for the text."""
    parse: Callable[[str], Any]


class Leaf(Struct, frozen=True, kw_only=True):
    """A field made of the values at some paths. `convert` takes one argument per path and raises only Misfit.

    What follows `convert` describes it where it is simple, so that generated code can do without the call.
    """

    name: str
    paths: tuple[Path, ...]
    convert: Callable[..., Any]
    base: Callable[[Any], Any] | None = None
    """What `convert` does with a first value that is neither null nor the empty text. None: there is more to it."""
    optional: bool = False
    """With `base`: null and the empty text give what the field holds when nothing is known: null, or no lines."""
    usual: Usual | None = None
    """With `base`: texts that need no call of it."""
    table: dict[str, str] | None = None
    """With `base`: texts that it only looks up here."""
    currency: Callable[[Any], str] | None = None
    """With `base`, for Money: what makes the currency, of the second path's value or of null."""
    minor_units: bool = False
    """With `currency`: the base's amount counts the currency's smallest unit."""
    forgiving: bool = False
    """Whether what does not fit gives the same as null. `convert` knows; for the way to its values the reader must."""
    whole_item: bool = False
    """Whether the value depends on the whole item: a Python function reads it."""


class Constant(Struct, frozen=True, kw_only=True):
    """A field with the same value in every record."""

    name: str
    value: Any


class Condition(Struct, frozen=True, kw_only=True):
    """What an item must meet to be read. `holds` raises Misfit when the value cannot be compared."""

    path: Path
    holds: Callable[[Any], bool]


class Part(Struct, frozen=True, kw_only=True):
    """Where records of a list field come from: one per entry at `each`, or one made of the item around them."""

    each: Path | None
    keyed: bool
    """Whether the entries are the values of a map."""
    shape: Shape


class Branch(Struct, frozen=True, kw_only=True):
    """A field that is a tuple of records."""

    name: str
    parts: tuple[Part, ...]


class Shape(Struct, frozen=True, kw_only=True):
    """A record and where its fields come from."""

    record: type[Struct]
    fields: tuple[Leaf | Constant | Branch, ...]
    where: tuple[Condition, ...] = ()

    def paths(self, level: int = 0) -> Iterator[Path]:
        """The paths that are read from the item `level` items outwards of this shape's own, nested shapes included."""
        for condition in self.where:
            if condition.path.up == level:
                yield condition.path
        for field in self.fields:
            if isinstance(field, Leaf):
                yield from (path for path in field.paths if path.up == level)
            elif isinstance(field, Branch):
                for part in field.parts:
                    if part.each is not None and part.each.up == level:
                        yield part.each
                    yield from part.shape.paths(level if part.each is None else level + 1)
