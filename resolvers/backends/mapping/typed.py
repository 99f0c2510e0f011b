"""JSON bytes → structs that hold only what the mapping reads: msgspec skips the rest without making objects of it.

Values stay as JSON has them (numbers with a point as Decimal, digit by digit), so that the same conversions read them
as in the exact way; only containers are typed. Whatever a struct cannot express has no typed way at all, and a number
beyond the bounds of amounts leads from it to the exact one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, defstruct

from resolvers.backends.mapping.amounts import bounded
from resolvers.backends.mapping.paths import Path, walk
from resolvers.backends.mapping.shape import Branch, Leaf, Shape
from resolvers.backends.mapping.source import Access, Source

Keys = tuple[str, ...]
_EMPTY_LIST = Annotated[list[Any], Meta(max_length=0)]
"""What PHP writes for an empty map."""


class Untypable(Exception):
    """The mapping reads something that a struct cannot express."""


class Layout:
    """A struct, and structs in it, for the values at some key paths; those not `required` may be missing or null."""

    def __init__(self, slots: Mapping[Keys, Any], required: Iterable[Keys] = ()) -> None:
        self.attributes: dict[Keys, str] = {}
        self.structs: dict[Keys, type[Struct]] = {}
        self._slots = slots
        self._required = frozenset(required)
        self.struct = self._define(())

    def _define(self, prefix: Keys) -> type[Struct]:
        depth = len(prefix)
        names = dict.fromkeys(keys[depth] for keys in self._slots if keys[:depth] == prefix)
        fields: list[Any] = []
        rename: dict[str, str] = {}
        for position, name in enumerate(names):
            keys = (*prefix, name)
            attribute = self.attributes[keys] = f"f{position}"
            rename[attribute] = name
            required = keys in self._required
            hint = self._slots[keys] if keys in self._slots else self._define(keys)
            if keys not in self._slots and not required:
                hint = hint | _EMPTY_LIST | None
            fields.append((attribute, hint) if required else (attribute, hint, None))
        fields.sort(key=len)
        try:
            self.structs[prefix] = struct = defstruct("Wire", fields, rename=rename, gc=False)
        except ValueError as exc:
            raise Untypable("msgspec takes no names with quotes, backslashes or control characters") from exc
        return struct

    def read(self, value: Any, path: Path) -> Any:
        """The value at a path whose leading keys have a slot."""
        keys = self.slot(path)
        for depth in range(1, len(keys) + 1):
            if not isinstance(value, Struct):
                return None
            value = getattr(value, self.attributes[keys[:depth]])
        return walk(value, path.steps[len(keys) :])

    def slot(self, path: Path) -> Keys:
        """The leading keys of the path that are read from structs."""
        keys = path.keys
        return next(keys[:depth] for depth in range(1, len(keys) + 1) if keys[:depth] in self._slots)


class Structs:
    """Access (source.py) to items that were decoded into structs, made for all shapes that read the same items."""

    bounded = True

    def __init__(self, shapes: Iterable[Shape]) -> None:
        values: dict[Keys, None] = {}
        lists: dict[Keys, tuple[bool, list[Shape]]] = {}
        for shape in shapes:
            _gather(shape, 0, values, lists)
        for keys in lists:
            if any(_overlap(keys, other) for other in (*values, *(lists.keys() - {keys}))):
                raise Untypable("a list is also read as a value")
        self._entries: dict[Keys, Structs] = {}
        slots = _slots(values)
        for keys, (keyed, inner) in lists.items():
            self._entries[keys] = entries = Structs(inner)
            slots[keys] = entries.many(keyed=keyed) | None
        self._layout = Layout(slots)
        self.struct = self._layout.struct

    def many(self, *, keyed: bool) -> Any:
        """The type of several such items."""
        struct: Any = self.struct
        return dict[str, struct] | list[struct] if keyed else list[struct]

    def cut(self, path: Path) -> int:
        return len(self._layout.slot(path))

    def check_item(self, source: Source, item: str) -> None:
        """Nothing to emit: an item that is no object was not decoded."""

    def step(self, source: Source, parent: str, path: Keys) -> str:
        return f"{parent}.{self._layout.attributes[path]}"

    def check_parent(self, source: Source, parent: str, path: Keys) -> None:
        struct = self._layout.structs[path]
        source.emit(f"if {parent}.__class__ is not {source.name(struct)}: {parent} = {source.name(struct())}")

    def entry(self, path: Path) -> Access:
        return self._entries[path.keys]


def _slots(paths: Iterable[Keys]) -> dict[Keys, Any]:
    """Slots for values. One that is also looked into has a slot only for the whole of it."""
    values = dict.fromkeys(paths, Any)
    return {
        keys: hint for keys, hint in values.items() if not any(keys[:depth] in values for depth in range(len(keys)))
    }


def _overlap(keys: Keys, other: Keys) -> bool:
    shorter = min(len(keys), len(other))
    return keys[:shorter] == other[:shorter]


def _gather(shape: Shape, level: int, values: dict[Keys, None], lists: dict[Keys, tuple[bool, list[Shape]]]) -> None:
    """Where values and lists are that `shape` reads from the item `level` items outwards of its own."""
    for path in _value_paths(shape):
        if path.up == level and not path.of_key:
            if not path.keys:
                raise Untypable("a value is read from the item as a whole")
            values[path.keys] = None
    for field in shape.fields:
        if not isinstance(field, Branch):
            continue
        for part in field.parts:
            if part.each is None:
                _gather(part.shape, level, values, lists)
                continue
            keys = part.each.keys
            if level or part.each.up or not keys or len(keys) != len(part.each.steps):
                raise Untypable("a list is read from where no key leads")
            keyed, shapes = lists.setdefault(keys, (part.keyed, []))
            if keyed != part.keyed:
                raise Untypable("a list is also read as a map")
            shapes.append(part.shape)
            _gather(part.shape, level + 1, values, lists)


def _value_paths(shape: Shape) -> Iterator[Path]:
    for condition in shape.where:
        yield condition.path
    for field in shape.fields:
        if isinstance(field, Leaf):
            if field.whole_item:
                raise Untypable("a Python function reads the whole item")
            yield from field.paths


class Envelope:
    """The decoder of a whole answer: its items, and what else is wanted of it."""

    def __init__(self, items: Path, keyed: bool, extract: Mapping[str, Path], access: Structs) -> None:
        keys = items.keys
        if len(keys) != len(items.steps) or (extract and not keys):
            raise Untypable("the items are where no key leads")
        item: Any = access.struct
        slot = access.many(keyed=keyed) | None if keyed else access.many(keyed=False) | item | None
        self._item = access.struct
        self._items = items
        self._extract = extract
        self._layout: Layout | None = None
        if keys:
            wanted = [path.keys for path in extract.values()]
            if any(_overlap(keys, other) for other in wanted):
                raise Untypable("a value of the answer is read from its items")
            required = [keys[:depth] for depth in range(1, len(keys) + 1)]
            self._layout = Layout(_slots(wanted) | {keys: slot}, required)
        self.decode: Callable[[bytes], Any] = msgspec.json.Decoder(
            slot if self._layout is None else self._layout.struct, float_hook=bounded
        ).decode

    def items(self, document: Any) -> Any:
        """The decoded items: a list, or a dict where they are the values of a map."""
        found = document if self._layout is None else self._layout.read(document, self._items)
        if found is None:
            return ()
        return (found,) if found.__class__ is self._item else found

    def extracted(self, document: Any) -> dict[str, Any]:
        """What else is wanted of the answer."""
        layout = self._layout
        return {} if layout is None else {name: layout.read(document, path) for name, path in self._extract.items()}
