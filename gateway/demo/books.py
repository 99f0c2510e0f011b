"""The demo company's books: rows as its systems keep them, and the indexes by which they are found.

Money is whole minor units of its currency (cents, pence, yen), quantities are whole thousandths, instants are epoch
seconds. All of it is exact; each server turns it into its own dialect.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Self
from unicodedata import normalize

from msgspec import Struct

MINOR_DIGITS = {"EUR": 2, "USD": 2, "GBP": 2, "JPY": 0}
"""Digits after the point (ISO 4217) of the currencies in which the company deals."""

SHOWN_CUSTOMER = "c7"
"""The customer whose token the demo prints: nothing is missing in its record, and its invoices are of most kinds."""


def folded(text: str) -> str:
    """As people search: whatever the case, and however letters with accents are encoded (Unicode 3.13, D146)."""
    return normalize("NFKC", normalize("NFKC", text).casefold())


class AddressRow(Struct, frozen=True, gc=False):
    """A postal address; `kind` is billing or shipping."""

    kind: str
    street: tuple[str, ...]
    zip: str
    city: str
    region: str | None
    country: str


class CustomerRow(Struct, frozen=True, gc=False):
    """A customer; `state` is 0 prospect, 1 active, 2 on hold, 3 closed.

    `has_contact` is False where nobody ever opened the form for e-mail and telephone.
    """

    id: str
    number: str
    name: str
    email: str | None
    phone: str | None
    has_contact: bool
    addresses: tuple[AddressRow, ...]
    state: int
    created: int
    currency: str


class LineRow(Struct, frozen=True, gc=False):
    """An order line; `sku` is None for free text."""

    sku: str | None
    text: str
    quantity: int
    unit_price: int
    amount: int


class OrderRow(Struct, frozen=True, gc=False):
    """An order; `state` is new, paid, picking, shipped, delivered, cancelled or returned."""

    id: str
    number: str
    customer_id: str
    state: str
    placed: int
    currency: str
    total: int
    lines: tuple[LineRow, ...]


class StockRow(Struct, frozen=True, gc=False):
    """What one warehouse holds; None where nobody counted."""

    warehouse: str
    on_hand: int | None
    reserved: int


class ProductRow(Struct, frozen=True, gc=False):
    """A product; `price` is in euro cents per unit."""

    sku: str
    name: str
    unit: str
    price: int
    stock: tuple[StockRow, ...]


class InvoiceRow(Struct, frozen=True, gc=False):
    """What was billed; `kind` is 380 invoice, 381 credit note or 386 prepayment (UN/CEFACT 1001).

    `state` is D draft, O open, P partly paid, C cleared or W written off. `total` and `open` of a credit note are not
    positive. Drafts have no number and no dates.
    """

    id: str
    number: str | None
    kind: str
    state: str
    customer_id: str
    order_id: str | None
    issued: date | None
    due: date | None
    currency: str
    total: int
    open: int


class Books(Struct, frozen=True, eq=False, gc=False, kw_only=True):
    """Everything that the four systems know on the day `today`; the dicts of rows are in order of their ids."""

    seed: int
    today: date
    customers: dict[str, CustomerRow]
    orders: dict[str, OrderRow]
    products: dict[str, ProductRow]
    invoices: dict[str, InvoiceRow]
    orders_of_customer: dict[str, list[OrderRow]]
    """Newest first; customers without orders are missing."""
    invoices_of_customer: dict[str, list[InvoiceRow]]
    """Newest first, drafts before all; customers without invoices are missing."""
    invoices_of_order: dict[str, list[InvoiceRow]]
    """Newest first, drafts before all; orders without invoices are missing."""

    @classmethod
    def of(
        cls,
        seed: int,
        today: date,
        customers: Iterable[CustomerRow],
        orders: Iterable[OrderRow],
        products: Iterable[ProductRow],
        invoices: Iterable[InvoiceRow],
    ) -> Self:
        """The books that hold these rows, indexed."""
        orders = list(orders)
        invoices = list(invoices)
        orders_of_customer: dict[str, list[OrderRow]] = defaultdict(list)
        for order in sorted(orders, key=lambda order: order.placed, reverse=True):
            orders_of_customer[order.customer_id].append(order)
        invoices_of_customer: dict[str, list[InvoiceRow]] = defaultdict(list)
        invoices_of_order: dict[str, list[InvoiceRow]] = defaultdict(list)
        for invoice in sorted(invoices, key=lambda invoice: invoice.issued or date.max, reverse=True):
            invoices_of_customer[invoice.customer_id].append(invoice)
            if invoice.order_id is not None:
                invoices_of_order[invoice.order_id].append(invoice)
        return cls(
            seed=seed,
            today=today,
            customers={customer.id: customer for customer in customers},
            orders={order.id: order for order in orders},
            products={product.sku: product for product in products},
            invoices={invoice.id: invoice for invoice in invoices},
            orders_of_customer=dict(orders_of_customer),
            invoices_of_customer=dict(invoices_of_customer),
            invoices_of_order=dict(invoices_of_order),
        )

    def overdue(self, invoice: InvoiceRow) -> bool:
        """Whether money is owed to the company after the day on which it was due."""
        return invoice.state in {"O", "P"} and invoice.open > 0 and invoice.due is not None and invoice.due < self.today


def decimal_of_minor(amount: int, currency: str) -> Decimal:
    """129900 EUR is 1299.00; yen have no minor unit."""
    return Decimal(amount).scaleb(-MINOR_DIGITS[currency])


def decimal_of_thousandths(quantity: int) -> Decimal:
    """2500 is 2.5: no digits that say nothing."""
    whole, rest = divmod(quantity, 1000)
    return Decimal(whole) if not rest else Decimal(f"{Decimal(quantity).scaleb(-3)}".rstrip("0"))
