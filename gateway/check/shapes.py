"""What was observed, kept in a file without any record, and how later answers differ from it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from gateway.check.raw import Names, Node, written
from gateway.check.report import Report

USUAL = 0.5
"""A path that was in this share of the items is expected again."""


class Kept(Struct, omit_defaults=True):
    """One path: its types, in which share of the items it was, and the words of a table that came there."""

    types: list[str]
    share: float
    values: list[str] | None = None


class Shapes(Struct):
    """The content of the file: paths by operation."""

    version: int = 1
    operations: dict[str, dict[str, Kept]] = {}


class UnreadableShapes(Exception):
    """The file is none that `--save` wrote."""


def shape_of(nodes: Mapping[Names, Node], enums: set[Names], count: int) -> dict[str, Kept]:
    """What is kept of one operation's sample."""
    return {
        written(path): Kept(
            types=sorted(node.types - {"null"}),
            share=round(node.seen / count, 3),
            values=sorted(node.values) if path in enums else None,
        )
        for path, node in nodes.items()
        if path
    }


def load(path: Path) -> Shapes:
    """Raises UnreadableShapes."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Shapes)
    except OSError as error:
        raise UnreadableShapes(f"{path}: cannot be read: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise UnreadableShapes(f"{path}: is no file of `bizgraph check --save`: {error}") from error


def save(path: Path, shapes: Shapes) -> None:
    """Raises OSError."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(shapes, order="sorted"), indent=1) + b"\n")


def drift(name: str, before: Mapping[str, Kept], now: Mapping[str, Kept], report: Report) -> None:
    """Note what changed in one operation: gone, retyped and new paths, and new words in tables."""
    for path in before.keys() - now.keys():
        # What is below a path that is gone went with it.
        if before[path].share >= USUAL and not any(
            path.startswith(f"{other}.") for other in before.keys() - now.keys()
        ):
            report.note("problem", "drift", f"{name}: {path}", "gone")
    for path in sorted(now.keys() - before.keys()):
        report.note("note", "drift", f"{name}: {path}", f"new ({' or '.join(now[path].types) or 'null'})")
    for path in sorted(before.keys() & now.keys()):
        old, new = before[path], now[path]
        retyped = set(new.types) - set(old.types)
        if retyped and old.types:
            text = f"was {' or '.join(old.types)}, is now {' or '.join(new.types)}"
            report.note("problem", "drift", f"{name}: {path}", text)
        words = sorted(set(new.values or ()) - set(old.values or ()))
        if words and old.values is not None:
            report.note("problem", "drift", f"{name}: {path}", f"new values: {', '.join(words[:8])}")
