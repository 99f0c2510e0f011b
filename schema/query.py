"""The root of the graph: where questions start."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

import strawberry

from resolvers import customers, inventory, invoices, orders
from resolvers.errors import GatewayError
from resolvers.records import Customer as CustomerRecord
from schema.access import TOKEN_NEEDED, require_scope, require_type
from schema.binding import Level, relation
from schema.cost import PAGED
from schema.filters import (
    CustomersBy,
    InvoicesBy,
    OfCustomers,
    OfInvoices,
    OfOrders,
    OfProducts,
    OrdersBy,
    ProductsBy,
    criteria_of,
    sort_of,
)
from schema.ids import source_id, typed_id
from schema.paging import After, First, page_request
from schema.types.customer import Customer, CustomerConnection
from schema.types.invoice import Invoice, InvoiceConnection
from schema.types.node import Node
from schema.types.order import Order, OrderConnection
from schema.types.product import Product, ProductConnection

Parents = Sequence[object]
Answers = Awaitable[Sequence[Any]]
Id = Annotated[strawberry.ID, strawberry.argument(description="The graph's id or the one of the system it comes from.")]
Sku = Annotated[str, strawberry.argument(description="The stock keeping unit.")]
"""Root fields have one parent, the root value, so each answers a list of one."""


def me(parents: Parents, info: Level) -> Awaitable[Sequence[CustomerRecord | GatewayError | None]]:
    return customers.by_ids([info.context.principal.customer], info.context)


def customer(parents: Parents, info: Level, id: Id) -> Answers:  # noqa: A002 # the argument's name in the graph
    return customers.by_ids([source_id("Customer", id)], info.context)


def order(parents: Parents, info: Level, id: Id) -> Answers:  # noqa: A002
    return orders.by_ids([source_id("Order", id)], info.context)


def product(parents: Parents, info: Level, sku: Sku) -> Answers:
    return inventory.by_skus([source_id("Product", sku)], info.context)


def invoice(parents: Parents, info: Level, id: Id) -> Answers:  # noqa: A002
    return invoices.by_ids([source_id("Invoice", id)], info.context)


async def customers_page(
    parents: Parents,
    info: Level,
    first: First = 20,
    after: After = None,
    where: OfCustomers = None,
    sort: CustomersBy = None,
) -> Sequence[Any]:
    if where is not None and where.text is not None:
        require_scope("customers:contact", "Query.customers(filter: {text})", info.context.principal)
    request = page_request(info, first, after)
    return [await customers.page(info.context, request, criteria_of(where), sort_of(sort))]


async def orders_page(
    parents: Parents, info: Level, first: First = 20, after: After = None, where: OfOrders = None, sort: OrdersBy = None
) -> Sequence[Any]:
    request = page_request(info, first, after)
    return [await orders.page(info.context, request, criteria_of(where), sort_of(sort))]


async def products_page(
    parents: Parents,
    info: Level,
    first: First = 20,
    after: After = None,
    where: OfProducts = None,
    sort: ProductsBy = None,
) -> Sequence[Any]:
    request = page_request(info, first, after)
    return [await inventory.page(info.context, request, criteria_of(where), sort_of(sort))]


async def invoices_page(
    parents: Parents,
    info: Level,
    first: First = 20,
    after: After = None,
    where: OfInvoices = None,
    sort: InvoicesBy = None,
) -> Sequence[Any]:
    request = page_request(info, first, after)
    return [await invoices.page(info.context, request, criteria_of(where), sort_of(sort))]


NODES: dict[str, tuple[type, Callable[..., Awaitable[Sequence[Any]]]]] = {
    "Customer": (Customer, customers.by_ids),
    "Order": (Order, orders.by_ids),
    "Product": (Product, inventory.by_skus),
    "Invoice": (Invoice, invoices.by_ids),
}


def node(
    parents: Parents,
    info: Level,
    id: Annotated[strawberry.ID, strawberry.argument(description="The graph's id.")],  # noqa: A002
) -> Answers:
    type_name, own_id = typed_id(id)
    found, by_ids = NODES[type_name]
    require_type(found, info.context.principal)
    return by_ids([own_id], info.context)


@strawberry.type(description="Where questions start.")
class Query:
    """The root fields. Each may be null on its own: a missing system costs its own fields only."""

    me: Customer | None = relation(
        me,
        Customer | None,
        description="The customer that the caller's token is for; null for tokens of staff.",
        calls=[],
        own=["customers.by_ids"],
        directives=[TOKEN_NEEDED],
    )
    customer: Customer | None = relation(
        customer,
        Customer | None,
        description="One customer; null when there is none, or none for the caller to see.",
        calls=["customers.by_ids"],
    )
    customers: CustomerConnection | None = relation(
        customers_page,
        CustomerConnection | None,
        description="The customers that the caller may see.",
        calls=["customers.list"],
        directives=[PAGED],
        own=["customers.by_ids"],
    )
    order: Order | None = relation(
        order,
        Order | None,
        description="One order; null when there is none, or none for the caller to see.",
        calls=["orders.by_ids"],
    )
    orders: OrderConnection | None = relation(
        orders_page,
        OrderConnection | None,
        description="The orders that the caller may see.",
        calls=["orders.list"],
        directives=[PAGED],
        own=["orders.by_customers"],
    )
    product: Product | None = relation(
        product, Product | None, description="One product; null when there is none.", calls=["products.by_skus"]
    )
    products: ProductConnection | None = relation(
        products_page,
        ProductConnection | None,
        description="The products.",
        calls=["products.list"],
        directives=[PAGED],
    )
    invoice: Invoice | None = relation(
        invoice,
        Invoice | None,
        description="One invoice; null when there is none, or none for the caller to see.",
        calls=["invoices.by_ids"],
    )
    invoices: InvoiceConnection | None = relation(
        invoices_page,
        InvoiceConnection | None,
        description="The invoices that the caller may see.",
        calls=["invoices.list"],
        directives=[PAGED],
        own=["invoices.by_customers"],
    )
    node: Node | None = relation(
        node,
        Node | None,
        description="Any record by its graph-wide id, with its type's scope; null when there is none for the caller.",
        directives=[TOKEN_NEEDED],
    )
