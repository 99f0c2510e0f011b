"""Records: what the backends know, in one shape whatever system it came from.

They are frozen, so a cached record may be handed to many requests. Amounts and quantities are `Decimal`, instants are
timezone-aware `datetime`, calendar days are `date`. `None` says that the backend does not know; it never says that
reading failed (that is an error, `resolvers.errors`).
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

CustomerStatus = Literal["PROSPECT", "ACTIVE", "BLOCKED", "CLOSED"]
OrderStatus = Literal["DRAFT", "PENDING", "CONFIRMED", "PICKED", "SHIPPED", "DELIVERED", "CANCELLED", "RETURNED"]
InvoiceKind = Literal["INVOICE", "CREDIT_NOTE", "DEPOSIT", "REPLACEMENT", "PROFORMA"]
InvoiceStatus = Literal["DRAFT", "SENT", "PARTLY_PAID", "PAID", "OVERDUE", "WRITTEN_OFF", "CANCELLED"]


class Money(Struct, frozen=True, gc=False):
    """An amount in a currency (ISO 4217 code)."""

    amount: Decimal
    currency: str


class Address(Struct, frozen=True, kw_only=True, gc=False):
    """A postal address; `country` is the ISO 3166 alpha-2 code where the backend tells it."""

    kind: str | None = None
    lines: tuple[str, ...] = ()
    postal_code: str | None = None
    city: str | None = None
    region: str | None = None
    country: str | None = None


class Customer(Struct, frozen=True, kw_only=True, gc=False):
    """A customer of the business, as the CRM knows it."""

    id: str
    number: str | None = None
    name: str
    email: str | None = None
    phone: str | None = None
    addresses: tuple[Address, ...] = ()
    status: CustomerStatus | None = None
    created_at: datetime | None = None


class OrderLine(Struct, frozen=True, kw_only=True, gc=False):
    """One position of an order; `sku` is absent for free text lines."""

    sku: str | None = None
    description: str | None = None
    quantity: Decimal
    unit_price: Money | None = None
    line_total: Money | None = None


class Order(Struct, frozen=True, kw_only=True, gc=False):
    """An order, as the shop knows it."""

    id: str
    number: str | None = None
    customer_id: str | None = None
    status: OrderStatus | None = None
    placed_at: datetime | None = None
    total: Money | None = None
    lines: tuple[OrderLine, ...] = ()


class StockLevel(Struct, frozen=True, kw_only=True, gc=False):
    """What one warehouse holds of one product."""

    warehouse: str
    on_hand: Decimal | None = None
    reserved: Decimal | None = None
    available: Decimal | None = None


class Product(Struct, frozen=True, kw_only=True, gc=False):
    """A product with its stock; `available` is the sum over warehouses where the backend does not tell one."""

    sku: str
    name: str | None = None
    available: Decimal | None = None
    stock: tuple[StockLevel, ...] = ()


class Invoice(Struct, frozen=True, kw_only=True, gc=False):
    """An invoice or credit note, as accounting knows it. Totals of credit notes are negative."""

    id: str
    number: str | None = None
    customer_id: str | None = None
    order_id: str | None = None
    kind: InvoiceKind | None = None
    status: InvoiceStatus | None = None
    issued_on: date | None = None
    due_on: date | None = None
    total: Money | None = None
    balance: Money | None = None


type_names: dict[str, type[Struct]] = {"customers": Customer, "orders": Order, "products": Product, "invoices": Invoice}
"""The record of each domain that `bizgraph.toml` connects."""
