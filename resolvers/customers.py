"""Customers, from the CRM."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any

from resolvers.context import Context
from resolvers.errors import GatewayError
from resolvers.filters import CustomerFilter, sorted_by
from resolvers.lists import page_of_all
from resolvers.pages import Page, PageRequest, cut
from resolvers.records import Customer, Invoice, Order

Answers = Awaitable[list[Customer | GatewayError | None]]


def by_ids(ids: Sequence[str | None], context: Context) -> Answers:
    """One customer per id; None for an id that is unknown or somebody else's."""
    return context.backends.customers_by_ids.load(ids, context)


def of_records(records: Sequence[Order | Invoice], context: Context) -> Answers:
    """The customer of each order or invoice."""
    return by_ids([record.customer_id for record in records], context)


async def page(
    context: Context, request: PageRequest, criteria: CustomerFilter | None = None, sort: str | None = None
) -> Page:
    """A page of all customers; for a customer's own token a page of that one customer."""
    own = context.principal.customer
    if own is None:
        return await page_of_all(context.backends.customers_list, context, request, criteria, sort)
    found: list[Any] = [answer for answer in await by_ids([own], context) if answer is not None]
    for answer in found:
        if isinstance(answer, GatewayError):
            raise answer
    if criteria is not None:
        found = [customer for customer in found if criteria.matches(customer, context.today())]
    return cut(sorted_by(sort, found) if sort else found, request.checked(context.max_page), total=len(found))
