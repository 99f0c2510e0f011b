"""Orders, from the shop."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

from resolvers.context import Context
from resolvers.errors import GatewayError
from resolvers.filters import OrderFilter
from resolvers.lists import page_of_all, pages_of_owners
from resolvers.pages import Page, PageRequest
from resolvers.records import Customer, Invoice, Order

Answers = Awaitable[list[Order | GatewayError | None]]
Pages = Awaitable[list[Page | GatewayError]]


def by_ids(ids: Sequence[str | None], context: Context) -> Answers:
    """One order per id; None for an id that is unknown or somebody else's."""
    return context.backends.orders_by_ids.load(ids, context)


def of_invoices(invoices: Sequence[Invoice], context: Context) -> Answers:
    """The order that each invoice bills; None where it bills none."""
    return by_ids([invoice.order_id for invoice in invoices], context)


def of_customers(
    customers: Sequence[Customer],
    context: Context,
    request: PageRequest,
    criteria: OrderFilter | None = None,
    sort: str | None = None,
) -> Pages:
    """A page of each customer's orders, in the backend's order unless `sort` says another."""
    keys = [customer.id for customer in customers]
    return pages_of_owners(context.backends.orders_by_customers, keys, context, request, criteria, sort)


async def page(
    context: Context, request: PageRequest, criteria: OrderFilter | None = None, sort: str | None = None
) -> Page:
    """A page of all orders; for a customer's own token a page of its own."""
    own = context.principal.customer
    if own is None:
        return await page_of_all(context.backends.orders_list, context, request, criteria, sort)
    pages = await pages_of_owners(context.backends.orders_by_customers, [own], context, request, criteria, sort)
    if isinstance(pages[0], GatewayError):
        raise pages[0]
    return pages[0]
