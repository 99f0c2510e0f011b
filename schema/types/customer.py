"""Customers."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from resolvers import customers, invoices, orders, records
from schema.access import PERSONAL_DATA, owner, requires
from schema.binding import Level, computed, relation
from schema.cost import FREE, PAGED, Cost
from schema.filters import (
    CustomerStatus,
    InvoicesBy,
    OfInvoices,
    OfOrders,
    OrdersBy,
    criteria_of,
    sort_of,
)
from schema.ids import global_id
from schema.paging import After, Connection, First, page_request
from schema.types.money import Money
from schema.types.node import Node

if TYPE_CHECKING:
    from schema.types.invoice import InvoiceConnection
    from schema.types.order import OrderConnection

Answers = Awaitable[Sequence[Any]]
ALL_INVOICES = Cost(weight=10)
"""For a sum that takes every invoice of a customer to work out."""


def orders_of(
    parents: Sequence[records.Customer],
    info: Level,
    first: First = 20,
    after: After = None,
    where: OfOrders = None,
    sort: OrdersBy = None,
) -> Answers:
    request = page_request(info, first, after)
    return orders.of_customers(parents, info.context, request, criteria_of(where), sort_of(sort))


def invoices_of(
    parents: Sequence[records.Customer],
    info: Level,
    first: First = 20,
    after: After = None,
    where: OfInvoices = None,
    sort: InvoicesBy = None,
) -> Answers:
    request = page_request(info, first, after)
    return invoices.of_customers(parents, info.context, request, criteria_of(where), sort_of(sort))


def balances_of(parents: Sequence[records.Customer], info: Level) -> Answers:
    return invoices.balances(parents, info.context)


@strawberry.type(description="A postal address.", directives=[FREE])
class Address:
    """Presents `resolvers.records.Address`."""

    kind: str | None = strawberry.field(description="What the address is for, such as billing or delivery.")
    lines: list[str] = strawberry.field(description="Street and what else stands above the city.")
    postal_code: str | None = strawberry.field(description="The postal code.")
    city: str | None = strawberry.field(description="The city.")
    region: str | None = strawberry.field(description="State, province or county.")
    country: str | None = strawberry.field(description="The ISO 3166 code of the country.")


@strawberry.type(
    description="A customer of the business, from the CRM.", directives=[requires("customers:read"), owner("id")]
)
class Customer(Node):
    """Presents `resolvers.records.Customer`."""

    id: strawberry.ID = computed(
        lambda customer: global_id("Customer", customer.id),
        strawberry.ID,
        description="The id in the whole graph, such as `Customer:c7`.",
    )
    source_id: str = computed(lambda customer: customer.id, str, description="The id in the CRM.")
    number: str | None = strawberry.field(description="The customer number that people use.")
    name: str = strawberry.field(description="The name of the person or company.", directives=[PERSONAL_DATA])
    email: str | None = strawberry.field(
        description="The e-mail address.", directives=[requires("customers:contact"), PERSONAL_DATA]
    )
    phone: str | None = strawberry.field(
        description="The telephone number.", directives=[requires("customers:contact"), PERSONAL_DATA]
    )
    addresses: list[Address] | None = strawberry.field(
        description="Where the customer lives, works or wants its deliveries.",
        directives=[requires("customers:contact"), PERSONAL_DATA],
    )
    status: CustomerStatus | None = strawberry.field(description="How the business stands with the customer.")
    created_at: datetime | None = strawberry.field(description="Since when the CRM knows the customer.")
    orders: Any = relation(
        orders_of,
        Annotated["OrderConnection", strawberry.lazy("schema.types.order")] | None,
        description="The customer's orders, from the shop.",
        calls=["orders.by_customers"],
        directives=[PAGED],
    )
    invoices: Any = relation(
        invoices_of,
        Annotated["InvoiceConnection", strawberry.lazy("schema.types.invoice")] | None,
        description="The customer's invoices and credit notes, from accounting.",
        calls=["invoices.by_customers"],
        directives=[PAGED],
    )
    balance: Any = relation(
        balances_of,
        list[Money] | None,
        description="What the customer owes, one amount per currency; null where accounting does not tell.",
        calls=["invoices.by_customers"],
        directives=[requires("invoices:read"), ALL_INVOICES],
    )


@strawberry.type(description="A page of customers.", directives=[requires("customers:read"), FREE])
class CustomerConnection(Connection[Customer]):
    """Relay's connection to customers."""


def customers_of(parents: Sequence[records.Order | records.Invoice], info: Level) -> Answers:
    """The batch function of `customer` on orders and invoices."""
    return customers.of_records(parents, info.context)
