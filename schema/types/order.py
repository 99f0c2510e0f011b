"""Orders and their lines."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from resolvers import inventory, invoices, records
from schema.access import owner, requires
from schema.binding import Level, computed, relation
from schema.cost import FREE, PAGED, about
from schema.filters import InvoicesBy, OfInvoices, OrderStatus, criteria_of, sort_of
from schema.ids import global_id
from schema.paging import After, Connection, First, page_request
from schema.types.customer import Customer, customers_of
from schema.types.money import Money
from schema.types.node import Node
from schema.types.product import Product

if TYPE_CHECKING:
    from schema.types.invoice import InvoiceConnection

Answers = Awaitable[Sequence[Any]]


def invoices_of(
    parents: Sequence[records.Order],
    info: Level,
    first: First = 20,
    after: After = None,
    where: OfInvoices = None,
    sort: InvoicesBy = None,
) -> Answers:
    request = page_request(info, first, after)
    return invoices.of_orders(parents, info.context, request, criteria_of(where), sort_of(sort))


def products_of(parents: Sequence[records.OrderLine], info: Level) -> Answers:
    return inventory.of_lines(parents, info.context)


@strawberry.type(description="One position of an order.")
class OrderLine:
    """Presents `resolvers.records.OrderLine`."""

    sku: str | None = strawberry.field(description="What was ordered; null for free text.")
    description: str | None = strawberry.field(description="The text on the order.")
    quantity: Decimal = strawberry.field(description="How much; may be a fraction.")
    unit_price: Money | None = strawberry.field(description="The price of one, before discounts of the line.")
    line_total: Money | None = strawberry.field(
        description="The total of the line as the shop says, discounts included; null where it says none."
    )
    product: Product | None = relation(
        products_of,
        Product | None,
        description="The product with its stock; null for free text and unknown SKUs.",
        calls=["products.by_skus"],
    )


@strawberry.type(description="An order, from the shop.", directives=[requires("orders:read"), owner("customer")])
class Order(Node):
    """Presents `resolvers.records.Order`."""

    id: strawberry.ID = computed(
        lambda order: global_id("Order", order.id),
        strawberry.ID,
        description="The id in the whole graph, such as `Order:o70`.",
    )
    source_id: str = computed(lambda order: order.id, str, description="The id in the shop.")
    number: str | None = strawberry.field(description="The order number that people use.")
    status: OrderStatus | None = strawberry.field(description="How far the order is.")
    placed_at: datetime | None = strawberry.field(description="When it was placed.")
    total: Money | None = strawberry.field(description="What the customer has to pay for it, taxes included.")
    lines: list[OrderLine] = strawberry.field(description="What was ordered.", directives=[about(5)])
    customer: Customer | None = relation(
        customers_of, Customer | None, description="Who placed it, from the CRM.", calls=["customers.by_ids"]
    )
    invoices: Any = relation(
        invoices_of,
        Annotated["InvoiceConnection", strawberry.lazy("schema.types.invoice")] | None,
        description="The invoices and credit notes for it, from accounting; empty when it is not billed.",
        calls=["invoices.by_orders"],
        directives=[PAGED],
    )


@strawberry.type(description="A page of orders.", directives=[requires("orders:read"), FREE])
class OrderConnection(Connection[Order]):
    """Relay's connection to orders."""
