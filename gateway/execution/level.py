"""Levels: the objects found at one place of the answer, and where exactly each of them stands.

A level is a response path without list indices. A *position* below it is written `(index, field, indices)`: the
object's index in the level, a field at or below that object, and the list indices passed on the way from the object
to there. Paths are worked out from the answer itself, and only when something asks for them.
"""

from __future__ import annotations

from typing import Any

from graphql.pyutils import Path

from gateway.execution.selection import Field, Selection

Indices = tuple[int, ...]


def new_path(previous: Path | None, key: str | int, typename: str | None) -> Path:
    """A `Path`, made without the detour over keyword arguments."""
    return tuple.__new__(Path, (previous, key, typename))


class Level:
    """Objects of one type at one place: `sources` are the values they come from, `dicts` their parts of the answer.

    `awaited` is the length of the path to what was waited for last above them, 0 when nothing was.
    """

    __slots__ = ("_paths", "awaited", "dicts", "parent", "selection", "sources")

    def __init__(
        self,
        selection: Selection,
        sources: list[Any],
        dicts: list[dict[str, Any]],
        parent: Level | None,
        awaited: int = 0,
    ) -> None:
        self.selection = selection
        self.sources = sources
        self.dicts = dicts
        self.parent = parent
        self.awaited = awaited
        self._paths: list[Path | None] | None = None

    def paths(self) -> list[Path | None]:
        """The path of every object, None for the root."""
        if self._paths is None:
            unknown = [self]
            while (above := unknown[-1].parent) is not None and above._paths is None:
                unknown.append(above)
            for level in reversed(unknown):
                level._paths = [None] if level.parent is None else level._find(level.parent)
        assert self._paths is not None  # this level was the last of them
        return self._paths

    def _find(self, parent: Level) -> list[Path | None]:
        """Walk the answer down from the parents. Objects of other types, met on the way where an abstract type is
        answered, are passed by: they are not among `dicts`."""
        assert self.selection.field is not None  # only the root has none, and the root has no parent
        found: list[tuple[Path | None, Any]] = list(zip(parent.paths(), parent.dicts, strict=True))
        for field in self.selection.field.below(parent.selection):
            key, typename = field.key, field.parent_type.name
            found = [(new_path(path, key, typename), d[key]) for path, d in found if type(d) is dict and key in d]
            for _ in range(field.depth):
                found = [
                    (new_path(path, index, None), item)
                    for path, items in found
                    if type(items) is list
                    for index, item in enumerate(items)
                ]
        index_of = {id(d): index for index, d in enumerate(self.dicts)}
        paths: list[Path | None] = [None] * len(self.dicts)
        for path, d in found:
            index = index_of.get(id(d))
            if index is not None:
                paths[index] = path
        return paths

    def path(self, index: int, field: Field, indices: Indices) -> Path:
        """The path of a position; without its last indices it is the path of the field there."""
        path = self.paths()[index]
        if field.host is self.selection and not indices:
            return new_path(path, field.key, field.parent_type.name)
        used = 0
        for step in field.below(self.selection):
            path = new_path(path, step.key, step.parent_type.name)
            for item in indices[used : used + step.depth]:
                path = new_path(path, item, None)
            used += step.depth
        assert path is not None  # at least one field was passed
        return path

    def put(self, index: int, field: Field, indices: Indices, value: Any) -> None:
        """Write a value that was not there in time into its place in the answer."""
        container: Any = self.dicts[index]
        used = 0
        key: str | int = field.key
        for step in field.below(self.selection):
            if step is not field:
                container = container[step.key]
                for item in indices[used : used + step.depth]:
                    container = container[item]
                used += step.depth
        for item in indices[used:]:
            container = container[key]
            key = item
        container[key] = value
