"""Which fields are filled, which are empty, which fail; and what comes that nobody maps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from gateway.check.asking import Asked
from gateway.check.raw import ENTRY, Names, Node, Used, matches, missing, nodes_of, unread, used_by, written
from gateway.check.report import Field, OperationReport, Report
from resolvers.backends.mapping import FieldSettings
from resolvers.backends.mapping.shape import Branch, Shape
from resolvers.errors import BackendContract

ENOUGH = 5
"""From so many items on, a path that is in none of them is told as a problem."""


def cover(asked: Asked, items: list[Any], into: OperationReport, report: Report) -> dict[Names, Node]:
    """Fill in the fields of the operation's report and note what does not fit; returns what the items hold."""
    used = list(used_by(asked.shape))
    nodes = nodes_of(items, used)
    if not items:
        return nodes
    fields = _fields(asked, items)
    into.fields = list(fields.values())
    into.unmapped = [written(path) for path in unread(nodes, used)]
    optional = dict(_settings(asked.operation.mapping.fields))
    for name, field in fields.items():
        if field.failed:
            report.note("problem", "field", f"{asked.name}.{name}", f"{field.failed} failed: {field.example}")
    for name in _first_days(asked, items):
        text = "all its dates are of the first days of 1970: is it another unit, or a date that means none?"
        report.note("warning", "field", f"{asked.name}.{name}", text)
    for field_used in used:
        settings = optional.get(field_used.name)
        if settings is not None and settings.required is False:
            continue
        places = field_used.places
        if places and all(missing(place, nodes) and not asked.may_lack(place) for place in places):
            _missing(asked, field_used, len(items), fields, into, report)
    _tables(asked, used, optional, nodes, report)
    return nodes


def _fields(asked: Asked, items: list[Any]) -> dict[str, Field]:
    fields = {name: Field(name) for name in _labels(asked.shape)}
    for item in items:
        for name, value in asked.reader.examine(item).items():
            _count(name, value, fields)
    return fields


def _first_days(asked: Asked, items: list[Any]) -> Iterator[str]:
    """Fields whose dates all lie where seconds that are taken for milliseconds lead, and zeros."""
    found: dict[str, list[date]] = {}
    for record in asked.reader.read(items):
        for name, value in asdict(record).items() if isinstance(record, Struct) else ():
            if isinstance(value, date):
                found.setdefault(name, []).append(value)
    yield from (name for name, values in found.items() if all((day.year, day.month) == (1970, 1) for day in values))


def _labels(shape: Shape, before: str = "") -> Iterator[str]:
    for field in shape.fields:
        yield before + field.name
        if isinstance(field, Branch):
            for part in field.parts:
                yield from _labels(part.shape, f"{before}{field.name}.")


def _count(name: str, value: Any, fields: dict[str, Field]) -> None:
    field = fields[name]
    if isinstance(value, BackendContract):
        field.failed += 1
        details = value.details
        field.example = field.example or (
            f"{details.get('field', name)} should be {details.get('expected')}, there is {details.get('came')}"
            + (f" (record {details['record']})" if details.get("record") else "")
        )
    elif value is None or value == ():
        field.empty += 1
    else:
        field.filled += 1
        below = [label for label in fields if label.startswith(f"{name}.") and "." not in label[len(name) + 1 :]]
        for entry in value if below and isinstance(value, tuple) else ():
            for label in below:
                _count(label, getattr(entry, label.rpartition(".")[2]), fields)


def _missing(
    asked: Asked, used: Used, count: int, fields: Mapping[str, Field], into: OperationReport, report: Report
) -> None:
    if used.name in fields:
        fields[used.name].missing = True
    place = written(used.places[0])
    others = {path.rpartition(".")[2]: path for path in into.unmapped}
    close = get_close_matches(place.rpartition(".")[2], list(others), n=1, cutoff=0.5)
    beside = [path for path in into.unmapped if path.rpartition(".")[0] == place.rpartition(".")[0]]
    likely = others[close[0]] if close else beside[0] if len(beside) == 1 else None
    hint = f"; {likely} comes and is not mapped: was it renamed?" if likely else ""
    text = f"nothing is at {place} in any of {count} items{hint}"
    if count < ENOUGH and likely is None:
        report.note("warning", "field", f"{asked.name}.{used.name}", text)
    else:
        silence = "" if likely else "; write required = false into the field if that is right"
        report.note("problem", "field", f"{asked.name}.{used.name}", text + silence)


def _settings(fields: Mapping[str, FieldSettings], before: str = "") -> Iterator[tuple[str, FieldSettings]]:
    for name, settings in fields.items():
        yield before + name, settings
        for part in (settings, *(settings.parts or ())):
            yield from _settings(part.fields or {}, f"{before}{name}.")


def _tables(
    asked: Asked, used: list[Used], settings: Mapping[str, FieldSettings], nodes: Mapping[Names, Node], report: Report
) -> None:
    """Values that come and that a `values` table lacks, where the mapping passes over them."""
    for path, table, name in tables(asked, used, settings, nodes):
        lacking = sorted(nodes[path].values.keys() - table.keys())
        if lacking and settings[name].unknown not in (None, "error"):
            shown = ", ".join(lacking[:8])
            report.note("warning", "values", f"{asked.name}.{name}", f"the table lacks values that come: {shown}")


def tables(
    asked: Asked, used: list[Used], settings: Mapping[str, FieldSettings], nodes: Mapping[Names, Node]
) -> Iterator[tuple[Names, Mapping[str, str], str]]:
    """The paths that a table of values reads."""
    for field in used:
        table = settings[field.name].values if field.name in settings else None
        if table is not None:
            for place in field.places:
                yield from ((path, table, field.name) for path in nodes if matches(place, path))


def enums(asked: Asked, nodes: Mapping[Names, Node]) -> set[Names]:
    """The paths whose values are words of a table, and so may be kept."""
    settings = dict(_settings(asked.operation.mapping.fields))
    return {path for path, _, _ in tables(asked, list(used_by(asked.shape)), settings, nodes) if path[-1:] != (ENTRY,)}
