"""Lists: what the backend does, what the gateway does, and what is refused because neither can."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from resolvers import customers, invoices, orders
from resolvers.backends.operation import Backends
from resolvers.backends.ports import Call, Fetched
from resolvers.backends.source import BatchedSource
from resolvers.context import Context
from resolvers.errors import BackendContract, BadUserInput, GatewayError, NotConfigured
from resolvers.filters import InvoiceFilter, OrderFilter
from resolvers.pages import Page, PageRequest
from resolvers.principal import Principal
from resolvers.records import Customer, Invoice, Money, Order
from tests.doubles import DirectCaller, FakeClock, MemoryEndpoint

ORDERS = {
    "c1": [
        Order(id="o3", number="A-3", customer_id="c1", status="SHIPPED", placed_at=datetime(2026, 3, 3, tzinfo=UTC)),
        Order(id="o1", number="A-1", customer_id="c1", status="PENDING", placed_at=datetime(2026, 3, 1, tzinfo=UTC)),
        Order(id="o2", number="A-2", customer_id="c1", status="SHIPPED", placed_at=None),
    ],
    "c2": [Order(id="o9", number="A-9", customer_id="c2", status="SHIPPED")],
}


def by_customers(accepts: frozenset[str] = frozenset()) -> MemoryEndpoint:
    def answer(call: Call) -> Fetched[Order]:
        limit = dict(call.args).get("per_key")
        return Fetched(records=[order for key in call.keys for order in ORDERS.get(key, [])[: limit or None]])  # type: ignore[misc]

    return MemoryEndpoint(answer, operation="orders.by_customers", accepts=accepts)


def context_over(endpoint: MemoryEndpoint, key: str, *, grouped: bool, principal: Principal | None = None) -> Context:
    clock = FakeClock()
    source = BatchedSource(
        endpoint, DirectCaller(), key_of=lambda record: getattr(record, key), grouped=grouped, clock=clock
    )
    return Context(
        Backends({endpoint.operation: source}),
        clock,
        principal=principal or Principal(subject="staff"),
        deadline=clock.monotonic() + 10,
        correlation_id="test",
    )


def ids(page: Page | GatewayError) -> list[str]:
    assert isinstance(page, Page), page
    return [node.id for node in page.nodes]


CUSTOMERS = [Customer(id=key, name=key) for key in ("c1", "c2", "c3")]


async def test_orders_of_many_customers_are_one_call() -> None:
    """However many customers there are, their orders cost one call, and a customer without orders has an empty list."""
    endpoint = by_customers()
    context = context_over(endpoint, "customer_id", grouped=True)
    pages = await orders.of_customers(CUSTOMERS, context, PageRequest(20))
    assert [ids(page) for page in pages] == [["o3", "o1", "o2"], ["o9"], []]
    assert [call.keys for call in endpoint.calls] == [("c1", "c2", "c3")]


async def test_filters_that_the_backend_lacks_are_done_here() -> None:
    """Where the whole list is at hand every filter and order works, whatever the backend can do."""
    context = context_over(by_customers(), "customer_id", grouped=True)
    wanted = OrderFilter(status=("SHIPPED",))
    pages = await orders.of_customers(CUSTOMERS[:1], context, PageRequest(20), wanted, "placed_at:asc")
    assert ids(pages[0]) == ["o3", "o2"]
    pages = await orders.of_customers(CUSTOMERS[:1], context, PageRequest(20), None, "number:desc")
    assert ids(pages[0]) == ["o3", "o2", "o1"]


async def test_the_page_size_goes_to_a_backend_that_takes_it() -> None:
    """A backend that can limit per customer is asked for one more than wanted, which tells whether there is more."""
    endpoint = by_customers(frozenset({"per_key"}))
    context = context_over(endpoint, "customer_id", grouped=True)
    pages = await orders.of_customers(CUSTOMERS[:1], context, PageRequest(2))
    assert ids(pages[0]) == ["o3", "o1"]
    assert isinstance(pages[0], Page)
    assert pages[0].has_next
    assert dict(endpoint.calls[0].args) == {"per_key": 3}


async def test_nothing_more_is_asked_for_when_nobody_asks_for_more() -> None:
    """Without hasNextPage in the query exactly the page is fetched."""
    endpoint = by_customers(frozenset({"per_key"}))
    context = context_over(endpoint, "customer_id", grouped=True)
    await orders.of_customers(CUSTOMERS[:1], context, PageRequest(2, look_ahead=False))
    assert dict(endpoint.calls[0].args) == {"per_key": 2}


async def test_a_page_is_not_cut_before_it_is_filtered() -> None:
    """A filter that the gateway has to do itself sees the whole list, so no matching order is missed."""
    endpoint = by_customers(frozenset({"per_key"}))
    context = context_over(endpoint, "customer_id", grouped=True)
    pages = await orders.of_customers(CUSTOMERS[:1], context, PageRequest(1), OrderFilter(text="a-2"))
    assert ids(pages[0]) == ["o2"]
    assert dict(endpoint.calls[0].args) == {}


async def test_a_customer_sees_its_own_orders_only() -> None:
    """Another customer's orders are an empty list, and the backend is not even asked for them."""
    endpoint = by_customers()
    context = context_over(endpoint, "customer_id", grouped=True, principal=Principal(subject="c2", customer="c2"))
    pages = await orders.of_customers(CUSTOMERS, context, PageRequest(20))
    assert [ids(page) for page in pages] == [[], ["o9"], []]
    assert [call.keys for call in endpoint.calls] == [("c2",)]


async def test_the_list_of_all_orders_is_the_customers_own() -> None:
    """For a customer's token `orders` are its own orders, totals included."""
    endpoint = by_customers()
    context = context_over(endpoint, "customer_id", grouped=True, principal=Principal(subject="c2", customer="c2"))
    page = await orders.page(context, PageRequest(20))
    assert ids(page) == ["o9"]
    assert page.total_count == 1


async def test_a_list_that_the_backend_cannot_filter_is_refused() -> None:
    """Filtering a page after it was cut would miss records, so the argument is refused by name."""
    endpoint = MemoryEndpoint(lambda call: Fetched(records=[]), operation="orders.list")
    context = context_over(endpoint, "id", grouped=False)
    with pytest.raises(BadUserInput, match="text"):
        await orders.page(context, PageRequest(5), OrderFilter(text="x"))
    assert endpoint.calls == []


async def test_what_no_backend_answers_says_so() -> None:
    """A relation that is not configured is NOT_CONFIGURED, not an empty list."""
    context = context_over(by_customers(), "customer_id", grouped=True)
    with pytest.raises(NotConfigured, match=r"customers\.by_ids"):
        await customers.by_ids(["c1"], context)


def invoices_context(*found: Invoice | BackendContract, principal: Principal | None = None) -> Context:
    endpoint = MemoryEndpoint(lambda call: Fetched(records=list(found)), operation="invoices.by_customers")
    return context_over(endpoint, "customer_id", grouped=True, principal=principal)


def invoice(number: int, status: str, amount: str | None, currency: str = "EUR", **more: object) -> Invoice:
    balance = None if amount is None else Money(__import__("decimal").Decimal(amount), currency)
    return Invoice(id=f"i{number}", customer_id="c1", status=status, balance=balance, **more)  # type: ignore[arg-type]


async def test_balances_are_summed_per_currency() -> None:
    """What a customer owes is told per currency; paid and written-off invoices do not count, credit notes do."""
    context = invoices_context(
        invoice(1, "SENT", "10.10"),
        invoice(2, "PARTLY_PAID", "0.20"),
        invoice(3, "PAID", "99"),
        invoice(4, "WRITTEN_OFF", "50"),
        invoice(5, "SENT", "-3.30", kind="CREDIT_NOTE"),
        invoice(6, "SENT", "700", "JPY"),
    )
    balance = (await invoices.balances(CUSTOMERS[:1], context))[0]
    assert [(str(money.amount), money.currency) for money in balance or ()] == [("7.00", "EUR"), ("700", "JPY")]  # type: ignore[union-attr]


async def test_an_unknown_balance_makes_the_sum_unknown() -> None:
    """A sum that leaves out an invoice would be silently wrong, so it is null."""
    context = invoices_context(invoice(1, "SENT", "10"), invoice(2, "SENT", None))
    assert (await invoices.balances(CUSTOMERS[:1], context)) == [None]


async def test_overdue_can_be_filtered_where_the_backend_cannot() -> None:
    """Overdue is open after the day it was due; the gateway knows the day."""
    context = invoices_context(
        invoice(1, "SENT", "10", due_on=date(2026, 2, 1)),
        invoice(2, "SENT", "10", due_on=date(2026, 12, 1)),
        invoice(3, "PAID", "0", due_on=date(2026, 2, 1)),
        invoice(4, "OVERDUE", "1"),
    )
    pages = await invoices.of_customers(CUSTOMERS[:1], context, PageRequest(20), InvoiceFilter(overdue=True))
    assert ids(pages[0]) == ["i1", "i4"]
