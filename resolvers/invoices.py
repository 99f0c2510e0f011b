"""Invoices and credit notes, from accounting."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from decimal import Decimal

from resolvers.context import Context
from resolvers.errors import BackendContract, GatewayError
from resolvers.filters import UNPAID, InvoiceFilter
from resolvers.lists import page_of_all, pages_of_owners
from resolvers.pages import Page, PageRequest
from resolvers.records import Customer, Invoice, Money, Order

Pages = Awaitable[list[Page | GatewayError]]


def by_ids(ids: Sequence[str | None], context: Context) -> Awaitable[list[Invoice | GatewayError | None]]:
    """One invoice per id; None for an id that is unknown or somebody else's."""
    return context.backends.invoices_by_ids.load(ids, context)


def of_orders(
    orders: Sequence[Order],
    context: Context,
    request: PageRequest,
    criteria: InvoiceFilter | None = None,
    sort: str | None = None,
) -> Pages:
    """A page of the invoices that bill each order; empty for an order that is not billed."""
    # A limited principal holds only orders of its own, so invoices of these orders are its own as well.
    keys = [order.id for order in orders]
    operation = context.backends.invoices_by_orders
    return pages_of_owners(operation, keys, context, request, criteria, sort, owned=True)


def of_customers(
    customers: Sequence[Customer],
    context: Context,
    request: PageRequest,
    criteria: InvoiceFilter | None = None,
    sort: str | None = None,
) -> Pages:
    """A page of each customer's invoices and credit notes."""
    keys = [customer.id for customer in customers]
    operation = context.backends.invoices_by_customers
    return pages_of_owners(operation, keys, context, request, criteria, sort, owned=True)


async def page(
    context: Context, request: PageRequest, criteria: InvoiceFilter | None = None, sort: str | None = None
) -> Page:
    """A page of all invoices; for a customer's own token a page of its own."""
    own = context.principal.customer
    if own is None:
        return await page_of_all(context.backends.invoices_list, context, request, criteria, sort)
    operation = context.backends.invoices_by_customers
    pages = await pages_of_owners(operation, [own], context, request, criteria, sort, owned=True)
    if isinstance(pages[0], GatewayError):
        raise pages[0]
    return pages[0]


async def balances(customers: Sequence[Customer], context: Context) -> list[tuple[Money, ...] | GatewayError | None]:
    """What each customer owes: the open balances of its invoices, one amount per currency.

    None where the balance of an unpaid invoice is not known; a sum without it would be silently wrong.
    """
    keys = [customer.id for customer in customers]
    groups = await context.backends.invoices_by_customers.load_groups(keys, context, owned=True)
    return [group if isinstance(group, GatewayError) else _sum_of_balances(group) for group in groups]


def _sum_of_balances(invoices: Sequence[Invoice | BackendContract]) -> tuple[Money, ...] | GatewayError | None:
    sums: dict[str, Decimal] = {}
    for invoice in invoices:
        if isinstance(invoice, BackendContract):
            return invoice
        if invoice.status in UNPAID:
            if invoice.balance is None:
                return None
            sums[invoice.balance.currency] = sums.get(invoice.balance.currency, Decimal(0)) + invoice.balance.amount
    return tuple(Money(amount, currency) for currency, amount in sorted(sums.items()))
