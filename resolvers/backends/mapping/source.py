"""Python source while it is written, and how it reads keys from items.

The source consists of names made here and nothing else. Whatever comes from the configuration (keys, conversions,
constants) is a value in the function's globals, never text in the source.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from resolvers.backends.mapping.misfit import Misfit
from resolvers.backends.mapping.paths import OBJECT, Path, absent, walk


class Source:
    """The source of one function, and the values that its names stand for."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._values: dict[str, Any] = {}
        self._names: dict[int, str] = {}
        self._depth = 0
        self._variables = 0

    def emit(self, line: str) -> None:
        """Adds a line."""
        self._lines.append("    " * self._depth + line)

    def open(self, line: str) -> None:
        """Adds a line that opens a block."""
        self.emit(line)
        self._depth += 1

    def close(self, blocks: int = 1) -> None:
        """Ends the innermost blocks."""
        self._depth -= blocks

    def name(self, value: Any) -> str:
        """The name under which the function finds the value."""
        # `_values` keeps every named value alive, so no two of them have the same id.
        if id(value) not in self._names:
            self._names[id(value)] = name = f"k{len(self._values)}"
            self._values[name] = value
        return self._names[id(value)]

    def variable(self) -> str:
        """A new local variable."""
        self._variables += 1
        return f"v{self._variables}"

    def function(self, name: str, filename: str) -> Callable[..., Any]:
        """The compiled function."""
        code = compile("\n".join(self._lines), filename, "exec")
        exec(code, self._values)  # noqa: S102  # every name in the source is made here: see the module's docstring
        function: Callable[..., Any] = self._values[name]
        return function


class Access(Protocol):
    """How keys are read from items: from dicts, or from structs that were made for the mapping (typed.py)."""

    @property
    def bounded(self) -> bool:
        """Whether a Decimal in an item is certain to be one that `amounts.decimal` takes as it is."""
        ...

    def cut(self, path: Path) -> int:
        """How many of the path's leading keys are read by `step`; the rest of the path is walked."""
        ...

    def check_item(self, source: Source, item: str) -> None:
        """Emits what makes sure that keys can be read from the item."""
        ...

    def step(self, source: Source, parent: str, keys: tuple[str, ...]) -> str:
        """The expression for the last of the keys in its parent."""
        ...

    def check_parent(self, source: Source, parent: str, keys: tuple[str, ...]) -> None:
        """Emits what makes sure that further keys can be read from what is at `keys`; null becomes an empty parent."""
        ...

    def entry(self, path: Path) -> Access:
        """The access to the entries of the list at `path`."""
        ...


class Dicts:
    """Items as JSON and SOAP decoders make them."""

    bounded = False

    def cut(self, path: Path) -> int:
        return len(path.keys)

    def check_item(self, source: Source, item: str) -> None:
        source.emit(f"if {item}.__class__ is not dict: raise {source.name(Misfit)}('an object', {item})")

    def step(self, source: Source, parent: str, keys: tuple[str, ...]) -> str:
        return f"{parent}.get({source.name(keys[-1])})"

    def check_parent(self, source: Source, parent: str, keys: tuple[str, ...]) -> None:
        source.emit(f"if {parent}.__class__ is not dict: {parent} = {source.name(_empty_parent)}({parent})")

    def entry(self, path: Path) -> Access:
        return self


def _empty_parent(parent: Any) -> dict[str, Any]:
    absent(parent, OBJECT)
    return {}


class Scope:
    """One item in the source: the variables that hold it and its key, and what has been read from it so far."""

    def __init__(self, source: Source, access: Access, item: str, key: str, around: Scope | None = None) -> None:
        self.source = source
        self.access = access
        self.item = item
        self.key = key
        self.around = around
        self.known: dict[str, str] = {}
        """The variables that hold what currencies were looked up to."""
        self._values: dict[Path, str] = {}
        self._parents: dict[tuple[str, ...], str] = {}

    def read(self, path: Path) -> str:
        """The variable that holds the value at the path. A path is read once, however many fields need it."""
        if path.up:
            assert self.around is not None
            return self.around.read(Path(path.steps, path.up - 1))
        if path.of_key:
            return self.key
        if not path.steps:
            return self.item
        if path not in self._values:
            self._values[path] = self._read(path)
        return self._values[path]

    def _read(self, path: Path) -> str:
        cut = self.access.cut(path)
        value = self.source.variable()
        expression = self.item
        if cut:
            keys = path.keys[:cut]
            expression = self.access.step(self.source, self._parent(keys[:-1]), keys)
        if rest := path.steps[cut:]:
            expression = f"{self.source.name(walk)}({expression}, {self.source.name(rest)})"
        self.source.emit(f"{value} = {expression}")
        return value

    def _parent(self, keys: tuple[str, ...]) -> str:
        if not keys:
            return self.item
        if keys not in self._parents:
            parent = self._parent(keys[:-1])
            self._parents[keys] = variable = self.source.variable()
            self.source.emit(f"{variable} = {self.access.step(self.source, parent, keys)}")
            self.access.check_parent(self.source, variable, keys)
        return self._parents[keys]
