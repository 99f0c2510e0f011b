"""Where each field of a record probably is, by name and type."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from msgspec import Struct

from gateway.init.model import Element
from gateway.init.words import AMOUNTS, CURRENCIES, FIELDS, plain
from resolvers.backends.mapping.kinds import Kind, kinds_of


class Line(Struct):
    """One field: its value in TOML terms, or None where there is nothing like it; `off` writes it as a comment."""

    name: str
    value: Any
    why: str
    off: bool = False
    required: bool = False
    below: list[Line] = []


def lines_for(record: type[Struct], item: Element, currencies: Iterable[str] = ()) -> list[Line]:
    """A line for each field of the record. `currencies` are paths of currencies outside of the item."""
    leaves = list(item.below())
    here = [path for path, element in leaves if "." not in path and plain(path) in CURRENCIES]
    taken: set[str] = set()
    lines = []
    for name, kind in kinds_of(record).items():
        known = FIELDS[record.__name__].get(name, (plain(name),))
        found = _best(known, kind, leaves, taken)
        if found is None:
            lines.append(Line(name, None, "nothing in the answer looks like it", off=True, required=kind.required))
            continue
        path, element = found
        taken.add(path)
        lines.append(_line(record.__name__, name, kind, path, element, [*here, *currencies]))
    return lines


def _best(
    known: tuple[str, ...], kind: Kind, leaves: list[tuple[str, Element]], taken: set[str]
) -> tuple[str, Element] | None:
    """The value whose name is the best known one, nearest to the top."""
    scored = []
    for path, element in leaves:
        last = plain(path.rpartition(".")[2])
        if path not in taken and last in known and _fits(kind, element):
            scored.append((path.count("."), known.index(last), path, element))
    return min(scored, key=lambda entry: entry[:3])[2:] if scored else None


def _fits(kind: Kind, element: Element) -> bool:
    if kind.name == "records":
        return _entries(element) is not None
    if kind.name == "lines":
        return element.kind in ("text", "any") or (element.kind == "list" and _kind_of(element.item) != "object")
    if element.kind == "object":
        return (
            kind.name in ("money", "text") and _inner(element, AMOUNTS if kind.name == "money" else ("id",)) is not None
        )
    if kind.name in ("decimal", "money"):
        return element.kind in ("number", "integer", "text", "any")
    return element.kind not in ("list", "boolean")


def _kind_of(element: Element | None) -> str:
    return "any" if element is None else element.kind


def _inner(element: Element, names: tuple[str, ...]) -> str | None:
    return next((name for name in element.children if plain(name) in names), None)


def _entries(element: Element) -> tuple[str, str, Element] | None:
    """`each` or `one`, the path below the element, and what an entry is."""
    if element.kind == "list" and element.item is not None and element.item.kind == "object":
        return "each", "", element.item
    if element.kind != "object":
        return None
    for name, child in element.children.items():
        if (
            child.kind == "list"
            and child.item is not None
            and child.item.kind == "object"
            and len(element.children) == 1
        ):
            return "each", f".{name}", child.item
    return "one", "", element


def _line(record: str, name: str, kind: Kind, path: str, element: Element, currencies: list[str]) -> Line:
    why = f"by its name{'' if element.kind in ('any', 'object') else f' and type ({element.kind})'}"
    if kind.name == "records" and kind.record is not None:
        entries = _entries(element)
        assert entries is not None
        key, below, entry = entries
        outer = [f"^.{currency}" for currency in currencies] if key == "each" else currencies
        inner = lines_for(kind.record, entry, outer)
        usable = all(line.value is not None for line in inner if line.required) and any(line.value for line in inner)
        return Line(name, {key: path + below}, why, off=not usable, below=inner)
    if kind.name == "money":
        return Line(name, *_money(path, element, currencies, why))
    if element.kind == "object":
        return Line(name, f"{path}.{_inner(element, ('id',))}", f"{why}, its id", required=kind.required)
    if kind.words:
        return _word(name, kind.words, path, element)
    if kind.name == "datetime" and element.kind == "date":
        return Line(name, {"path": path, "zone": "UTC"}, "days, taken for days in UTC")
    if kind.name == "date" and element.kind == "datetime":
        return Line(name, {"path": path, "zone": "UTC"}, "instants, of which the day in UTC is taken")
    if kind.name in ("date", "datetime") and element.kind in ("integer", "number"):
        value: dict[str, Any] = {"path": path, "as": "epoch-seconds"}
        if kind.name == "date":
            value["zone"] = "UTC"
        return Line(name, value, "a number, taken for seconds since 1970")
    return Line(name, path, why, required=kind.required)


def _money(path: str, element: Element, currencies: list[str], why: str) -> tuple[Any, str]:
    amount, whole = path, element
    currency = currencies[0] if currencies else None
    if element.kind == "object":
        inner = _inner(element, AMOUNTS) or ""
        amount, whole = f"{path}.{inner}", element.children[inner]
        beside = _inner(element, CURRENCIES)
        currency = f"{path}.{beside}" if beside else currency
    value: dict[str, Any] = {"path": amount}
    if whole.kind == "integer":
        value["as"] = "minor-units"
        why = f"{why}; whole numbers are taken for cents"
    if currency is None:
        value["currency"] = "EUR"
        return value, f"{why}; nothing tells a currency, EUR is made up"
    value["currency_path"] = currency
    return value, why


def _word(name: str, ours: tuple[str, ...], path: str, element: Element) -> Line:
    """A field of fixed words: their words against ours, as far as they are alike."""
    by_plain = {plain(word): word for word in ours}
    values = {}
    for theirs in element.words:
        alike = get_close_matches(plain(theirs), by_plain, n=1, cutoff=0.8)
        if alike:
            values[theirs] = by_plain[alike[0]]
    rest = [word for word in element.words if word not in values]
    if not element.words:
        return Line(
            name,
            {"path": path, "values": {"?": ours[0]}},
            f"write which of its values is which of {', '.join(ours)}",
            off=True,
        )
    missing = f"; write what {', '.join(rest)} is of {', '.join(ours)}" if rest else ""
    return Line(
        name, {"path": path, "values": values or {"?": ours[0]}}, f"by words that are alike{missing}", off=not values
    )
