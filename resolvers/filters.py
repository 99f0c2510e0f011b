"""Filters and orders of lists, in the words of the graph.

A filter knows itself as arguments (what a backend may be asked with) and as a predicate (what the gateway does where
a whole list is at hand and the backend cannot filter). Both mean the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any
from unicodedata import normalize

from msgspec import Struct

from resolvers.backends.ports import Scalar
from resolvers.records import Customer, Invoice, Order, Product

Arguments = dict[str, Scalar | tuple[Scalar, ...]]

UNPAID = frozenset({"SENT", "PARTLY_PAID", "OVERDUE"})
"""The states in which an invoice may be overdue."""


def is_overdue(invoice: Invoice, today: date) -> bool:
    """Whether something is still to be paid and the day it was due has passed, or the backend says so."""
    if invoice.status == "OVERDUE":
        return True
    return invoice.status in UNPAID and invoice.due_on is not None and invoice.due_on < today


def folded(text: str) -> str:
    """As texts are searched: whatever the case, and however letters with accents are encoded (Unicode 3.13, D146)."""
    return normalize("NFKC", normalize("NFKC", text).casefold())


def _holds(text: str, *values: str | None) -> bool:
    wanted = folded(text)
    return any(value is not None and wanted in folded(value) for value in values)


def _within(value: Any, low: Any, high: Any) -> bool:
    if low is None and high is None:
        return True
    return value is not None and (low is None or value >= low) and (high is None or value <= high)


def _iso(value: datetime | date | None) -> str | None:
    return None if value is None else value.isoformat()


def _given(**arguments: Scalar | tuple[Scalar, ...]) -> Arguments:
    return {name: value for name, value in arguments.items() if value is not None and value != ()}


class CustomerFilter(Struct, frozen=True, kw_only=True):
    """Both ends of a range are included; `text` is looked for in number, name and e-mail, whatever the case."""

    status: tuple[str, ...] = ()
    text: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None

    def arguments(self) -> Arguments:
        return _given(
            status=self.status,
            text=self.text,
            created_from=_iso(self.created_from),
            created_to=_iso(self.created_to),
        )

    def matches(self, record: Customer, today: date) -> bool:
        return (
            (not self.status or record.status in self.status)
            and (self.text is None or _holds(self.text, record.number, record.name, record.email))
            and _within(record.created_at, self.created_from, self.created_to)
        )


class OrderFilter(Struct, frozen=True, kw_only=True):
    """Both ends of a range are included; `text` is looked for in the number and the lines' descriptions and SKUs."""

    status: tuple[str, ...] = ()
    text: str | None = None
    placed_from: datetime | None = None
    placed_to: datetime | None = None

    def arguments(self) -> Arguments:
        return _given(
            status=self.status, text=self.text, placed_from=_iso(self.placed_from), placed_to=_iso(self.placed_to)
        )

    def matches(self, record: Order, today: date) -> bool:
        return (
            (not self.status or record.status in self.status)
            and (
                self.text is None
                or _holds(self.text, record.number)
                or any(_holds(self.text, line.sku, line.description) for line in record.lines)
            )
            and _within(record.placed_at, self.placed_from, self.placed_to)
        )


class ProductFilter(Struct, frozen=True, kw_only=True):
    """`text` is looked for in SKU and name."""

    text: str | None = None

    def arguments(self) -> Arguments:
        return _given(text=self.text)

    def matches(self, record: Product, today: date) -> bool:
        return self.text is None or _holds(self.text, record.sku, record.name)


class InvoiceFilter(Struct, frozen=True, kw_only=True):
    """Both ends of a range are included; `text` is looked for in the number."""

    status: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    text: str | None = None
    issued_from: date | None = None
    issued_to: date | None = None
    due_from: date | None = None
    due_to: date | None = None
    overdue: bool | None = None

    def arguments(self) -> Arguments:
        return _given(
            status=self.status,
            kind=self.kind,
            text=self.text,
            issued_from=_iso(self.issued_from),
            issued_to=_iso(self.issued_to),
            due_from=_iso(self.due_from),
            due_to=_iso(self.due_to),
            overdue=self.overdue,
        )

    def matches(self, record: Invoice, today: date) -> bool:
        return (
            (not self.status or record.status in self.status)
            and (not self.kind or record.kind in self.kind)
            and (self.text is None or _holds(self.text, record.number))
            and _within(record.issued_on, self.issued_from, self.issued_to)
            and _within(record.due_on, self.due_from, self.due_to)
            and (self.overdue is None or is_overdue(record, today) is self.overdue)
        )


Filter = CustomerFilter | OrderFilter | ProductFilter | InvoiceFilter

SORT_KEYS: dict[str, Callable[[Any], Any]] = {
    "name": lambda record: None if record.name is None else folded(record.name),
    "number": lambda record: record.number,
    "sku": lambda record: record.sku,
    "created_at": lambda record: record.created_at,
    "placed_at": lambda record: record.placed_at,
    "issued_on": lambda record: record.issued_on,
    "due_on": lambda record: record.due_on,
}
"""What a list may be sorted by; the argument `sort` is such a name with `:asc` or `:desc`."""


def sorted_by(sort: str, records: Iterable[Any]) -> list[Any]:
    """The records in the order of `name:asc` or `name:desc`; those without a value come last either way."""
    name, _, direction = sort.partition(":")
    key = SORT_KEYS[name]
    known: list[Any] = []
    unknown: list[Any] = []
    for record in records:
        (unknown if isinstance(record, Exception) or key(record) is None else known).append(record)
    known.sort(key=key, reverse=direction == "desc")
    return known + unknown
