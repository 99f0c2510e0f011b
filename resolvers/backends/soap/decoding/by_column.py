"""Flat, repeated items decoded column by column: the third way, for the answers that gateways mostly get.

A list of records whose wanted fields are single texts, numbers or dates is read with one compiled XPath per field,
which libxml2 runs in C, instead of one Python step per element. It is exact or it says nothing: counts prove that every
item has every field exactly once and nothing inside it, and whatever is not proven, or does not convert, is left to the
decoder of elements (decode.py), which also knows what to tell about it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from lxml import etree

from resolvers.backends.soap.decoding.grammar import Grammar
from resolvers.backends.soap.decoding.reading import INTEGERS, FromText
from resolvers.backends.soap.decoding.wanted import Wanted
from resolvers.backends.soap.types import Field, Scalar, Struct, Type

WORTH_IT: Final = 2048
"""Bytes of an answer from which on columns are cheaper: each has a fixed cost of about a microsecond."""

Convert = Callable[[list[str]], list[Any]]
"""A column of texts → its values. Raises ValueError, ArithmeticError or LookupError."""


class Columns:
    """Reads the items below one element; made by `columns_of`."""

    def __init__(
        self, path: Sequence[Field], fields: Sequence[Field], others: Sequence[Field], grammar: Grammar
    ) -> None:
        self._rows = _rows_of([field.key for field in fields])
        namespaces: dict[str, str] = {}

        def name(field: Field) -> str:
            if not field.namespace:
                return field.name
            return f"{namespaces.setdefault(field.namespace, f'n{len(namespaces)}')}:{field.name}"

        items = "/".join(map(name, path))
        # The first of each name, so that one item with two and another with none cannot make up for each other.
        columns = [f"{items}/{name(field)}[1]/text()" for field in fields]
        flat = all(isinstance(field.type, Scalar) for field in others) and len(others) < len(fields)
        if flat:
            # Nothing lies within the fields, and all that lies within the items is accounted for: the wanted fields
            # once per item, and the other fields.
            rest = "".join(f" - count({items}/{name(field)})" for field in others)
            proof = f"number(not({items}/*/*)) * (count({items}/*){rest})"
            self._expected = len(fields)
        else:
            doubt = " or ".join(f"{items}/{name(field)}[2] or {items}/{name(field)}/*" for field in fields)
            proof = f"number({doubt})"
            self._expected = 0
        prefixes = {prefix: namespace for namespace, prefix in namespaces.items()}
        self._count = etree.XPath(f"count({items})", namespaces=prefixes)
        self._proof = etree.XPath(proof, namespaces=prefixes)
        self._columns = [
            (etree.XPath(column, namespaces=prefixes, smart_strings=False), _conversion(field, grammar))
            for column, field in zip(columns, fields, strict=True)
        ]

    def read(self, element: Any) -> list[dict[str, Any]] | None:
        """The items below this element, in order; None when they are not as regular as columns need."""
        count = int(self._count(element))
        if not count or int(self._proof(element)) != self._expected * count:
            return None
        columns: list[list[Any]] = []
        try:
            for column, convert in self._columns:
                texts = column(element)
                if len(texts) != count:
                    return None
                columns.append(texts if convert is None else convert(texts))
        except (ValueError, ArithmeticError, LookupError):
            return None
        return self._rows(columns)


def columns_of(root: Type | None, path: Sequence[str], wanted: Wanted, grammar: Grammar) -> Columns | None:
    """The columns of the items at this path; None where the types do not promise flat items."""
    steps: list[Field] = []
    current = root
    for key in path:
        if not isinstance(current, Struct) or current.derived or current.groups:
            return None
        field = current.field_named(key)
        inner = wanted.of(key)
        if field is None or inner is None or field.substitutes:
            return None
        steps.append(field)
        current, wanted = field.type, inner
    if not steps or not steps[-1].many or any(step.many for step in steps[:-1]):
        return None
    if not isinstance(current, Struct) or current.derived or current.groups or current.wildcard or current.content:
        return None
    if any(wanted.has(attribute.key) for attribute in current.attributes):
        return None
    fields = [field for field in current.fields if wanted.of(field.key) is not None]
    known = {field.key for field in fields}
    if not fields or (wanted.fields is not None and wanted.fields.keys() - known):
        return None
    if any(field.many or field.substitutes or not isinstance(field.type, Scalar) for field in fields):
        return None
    if wanted.fields is None and len(fields) != len(current.fields):
        return None
    others = [field for field in current.fields if field.key not in known]
    return Columns(steps, fields, others, grammar)


def _rows_of(keys: Sequence[str]) -> Callable[[list[list[Any]]], list[dict[str, Any]]]:
    """Columns → dicts. A dict display is twice as fast as `dict(zip(…))`, and nothing but quoted names goes into it."""
    names = [f"v{index}" for index in range(len(keys))]
    pairs = ", ".join(f"{key!r}: {name}" for key, name in zip(keys, names, strict=True))
    rows: Callable[[list[list[Any]]], list[dict[str, Any]]] = eval(  # noqa: S307 - generated from quoted names only
        f"lambda columns: [{{{pairs}}} for {', '.join(names)}, in zip(*columns)]", {"zip": zip}
    )
    return rows


def _conversion(field: Field, grammar: Grammar) -> Convert | None:
    assert isinstance(field.type, Scalar)  # columns_of has seen to it
    read = grammar.reader(field.type)
    if read is None:
        return None
    if field.type.base in INTEGERS:
        return _whole
    if field.type.base == "decimal":
        return _decimals
    if field.type.base == "date":
        return _days
    return _one_by_one(read)


def _one_by_one(read: FromText) -> Convert:
    return lambda texts: [read(text) for text in texts]


def _only(texts: list[str], signs: bytes) -> None:
    """Raise ValueError unless the texts consist of these signs: what Python reads beyond XSD is kept out by that."""
    if "".join(texts).encode().translate(None, signs):
        raise ValueError("other signs")


def _whole(texts: list[str]) -> list[Any]:
    _only(texts, b"0123456789-+")
    return list(map(int, texts))


def _decimals(texts: list[str]) -> list[Any]:
    _only(texts, b"0123456789.-+")
    return list(map(Decimal, texts))


def _days(texts: list[str]) -> list[Any]:
    _only(texts, b"0123456789-")
    if set(map(len, texts)) != {10}:
        raise ValueError("other lengths")
    return list(map(date.fromisoformat, texts))
