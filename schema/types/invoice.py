"""Invoices and credit notes."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from datetime import date
from typing import Any

import strawberry

from resolvers import orders, records
from resolvers.filters import is_overdue
from schema.access import owner, requires
from schema.binding import Level, computed, relation
from schema.cost import FREE
from schema.filters import InvoiceKind, InvoiceStatus
from schema.ids import global_id
from schema.paging import Connection
from schema.types.customer import Customer, customers_of
from schema.types.money import Money
from schema.types.node import Node
from schema.types.order import Order


def orders_of(parents: Sequence[records.Invoice], info: Level) -> Awaitable[Sequence[Any]]:
    return orders.of_invoices(parents, info.context)


def overdue_of(parents: Sequence[records.Invoice], info: Level) -> Sequence[bool]:
    today = info.context.today()
    return [is_overdue(invoice, today) for invoice in parents]


@strawberry.type(
    description="An invoice or a credit note, from accounting.",
    directives=[requires("invoices:read"), owner("customer")],
)
class Invoice(Node):
    """Presents `resolvers.records.Invoice`."""

    id: strawberry.ID = computed(
        lambda invoice: global_id("Invoice", invoice.id),
        strawberry.ID,
        description="The id in the whole graph, such as `Invoice:i12`.",
    )
    source_id: str = computed(lambda invoice: invoice.id, str, description="The id in accounting.")
    number: str | None = strawberry.field(description="The number printed on it; null for drafts.")
    kind: InvoiceKind | None = strawberry.field(description="What kind of document it is.")
    status: InvoiceStatus | None = strawberry.field(description="How far the payment is.")
    issued_on: date | None = strawberry.field(description="The day on it.")
    due_on: date | None = strawberry.field(description="The day by which it is to be paid.")
    total: Money | None = strawberry.field(description="What it asks for in all, taxes included; negative for credits.")
    balance: Money | None = strawberry.field(description="What is still to be paid; null where it is not known.")
    overdue: bool = relation(overdue_of, bool, description="Whether it is open after the day it was due (UTC).")
    order: Order | None = relation(
        orders_of, Order | None, description="What it bills, from the shop.", calls=["orders.by_ids"]
    )
    customer: Customer | None = relation(
        customers_of, Customer | None, description="Who has to pay it, from the CRM.", calls=["customers.by_ids"]
    )


@strawberry.type(description="A page of invoices.", directives=[requires("invoices:read"), FREE])
class InvoiceConnection(Connection[Invoice]):
    """Relay's connection to invoices."""
