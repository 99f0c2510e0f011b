"""Is every difference from what well systems answer explained by an error?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

Path = tuple[str | int, ...]


def unexplained(data: Any, errors: Sequence[dict[str, Any]], well: Any) -> list[Path]:
    """The places where an answer is not what `well`, the answer of the same systems in health, says it is.

    A null is explained by an error at its place, or below it where the null stands for an object that lost a part it
    cannot be without. Anything else that differs, such as a shorter list or another value, is never explained.
    """
    return list(_walk(data, well, (), _told(errors)))


class _Told:
    """The paths that one error tells, some of them by their shape only: of many equal errors ten are named."""

    def __init__(self, error: dict[str, Any]) -> None:
        extensions = error["extensions"]
        self.paths = [tuple(path) for path in extensions.get("paths", [error.get("path") or []])]
        self.all_named = extensions.get("count", 1) <= len(self.paths)

    def explains(self, null: Path) -> bool:
        if any(path[: len(null)] == null for path in self.paths):
            return True
        return not self.all_named and any(_shape(path[: len(null)]) == _shape(null) for path in self.paths)


def _told(errors: Sequence[dict[str, Any]]) -> list[_Told]:
    return [_Told(error) for error in errors]


def _shape(path: Path) -> Path:
    return tuple(part for part in path if isinstance(part, str))


def _walk(data: Any, well: Any, path: Path, told: list[_Told]) -> Iterator[Path]:
    if data == well:
        return
    if data is None:
        if not any(error.explains(path) for error in told):
            yield path
    elif isinstance(data, dict) and isinstance(well, dict) and data.keys() == well.keys():
        for name, value in data.items():
            yield from _walk(value, well[name], (*path, name), told)
    elif isinstance(data, list) and isinstance(well, list) and len(data) == len(well):
        for index, value in enumerate(data):
            yield from _walk(value, well[index], (*path, index), told)
    else:
        yield path
