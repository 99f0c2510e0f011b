"""What of an answer is wanted: decoders skip the rest, which is the cheapest way to decode it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(eq=False, slots=True)
class Wanted:
    """The wanted part of one element. `fields` None means all of it.

    `item` marks the records: a value that does not fit makes its own record a problem and leaves the others alone.
    """

    fields: dict[str, Wanted] | None = None
    item: bool = False

    def of(self, key: str) -> Wanted | None:
        """What is wanted of the child with this key; None when the child is not wanted at all."""
        if self.fields is None:
            return EVERYTHING
        return self.fields.get(key)

    def has(self, key: str) -> bool:
        """Whether the attribute with this key is wanted, under its key or under its own name."""
        return self.of(key) is not None or self.of(key.removeprefix("attr__")) is not None


EVERYTHING = Wanted()


@dataclass(eq=False, slots=True)
class _Tree:
    children: dict[str, _Tree] = field(default_factory=dict)
    leaf: Wanted | None = None

    def built(self) -> Wanted:
        if self.leaf is not None and (self.leaf.fields is None or not self.children):
            return self.leaf
        fields = {} if self.leaf is None or self.leaf.fields is None else dict(self.leaf.fields)
        fields.update({name: child.built() for name, child in self.children.items()})
        return Wanted(fields, item=self.leaf is not None and self.leaf.item)


def wanted_by(paths: Iterable[tuple[tuple[str, ...], Wanted]]) -> Wanted:
    """The tree of several paths, each with what is wanted at its end."""
    root = _Tree()
    for path, leaf in paths:
        node = root
        for name in path:
            node = node.children.setdefault(name, _Tree())
        node.leaf = leaf if node.leaf is None or leaf.item else node.leaf
    return root.built()
