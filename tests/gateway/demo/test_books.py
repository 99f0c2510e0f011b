"""The books: the same for the same seed and day, and full of what breaks naive software."""

from __future__ import annotations

import time
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256

import msgspec
import pytest

from gateway.demo.books import (
    SHOWN_CUSTOMER,
    Books,
    decimal_of_minor,
    decimal_of_thousandths,
)
from gateway.demo.generator import books
from gateway.demo.vocabulary import DISCONTINUED_SKU, ZERO_STOCK_SKU
from tests.gateway.demo.conftest import TODAY

DIGEST = "ee101699b9dcd58c671fa52a088e780998bfe0d1f0884020a0d53bab74b1cc3e"


@pytest.fixture
def demo() -> Books:
    """The books of the default seed."""
    return books(1, TODAY)


def digest(made: Books) -> str:
    return sha256(msgspec.json.encode([made.customers, made.orders, made.products, made.invoices])).hexdigest()


def test_same_bytes_everywhere(demo: Books) -> None:
    """The books of a seed and day are the same bytes on every machine, so figures in the documents stay true."""
    assert digest(demo) == DIGEST


def test_another_seed_is_another_company(demo: Books) -> None:
    """Another seed gives other rows of the same shape."""
    other = books(2, TODAY)
    assert digest(other) != digest(demo)
    assert len(other.orders) == len(demo.orders)


def test_generated_once_and_fast() -> None:
    """Generating takes well under a second of CPU, and asking again takes nothing."""
    started = time.process_time()
    made = books(3, TODAY)
    assert time.process_time() - started < 1
    assert books(3, TODAY) is made


def test_sizes(demo: Books) -> None:
    """There are 1,000 customers with 10 orders of 1 to 5 lines each, and 500 products in up to 3 warehouses."""
    assert [*demo.customers] == [f"c{number}" for number in range(1, 1001)]
    assert demo.customers["c7"].number == "K-10007"
    assert list(demo.orders)[-1] == "o10000"
    assert all(len(orders) == 10 for orders in demo.orders_of_customer.values())
    assert [order.customer_id for order in list(demo.orders.values())[:11]] == ["c1"] * 10 + ["c2"]
    assert {len(order.lines) for order in demo.orders.values()} == {1, 2, 3, 4, 5}
    assert len(demo.products) == 500
    assert {level.warehouse for product in demo.products.values() for level in product.stock} == {"BER", "LYO", "OSA"}


def test_nothing_is_of_tomorrow(demo: Books) -> None:
    """No order is placed and no invoice issued after today."""
    midnight = (TODAY - date(1970, 1, 1)) / timedelta(seconds=1)
    assert all(order.placed <= midnight for order in demo.orders.values())
    assert all(invoice.issued is None or invoice.issued <= TODAY for invoice in demo.invoices.values())


def test_amounts_add_up(demo: Books) -> None:
    """An order's total is the sum of its lines, and each line is quantity times price, rounded half up."""
    for order in demo.orders.values():
        assert order.total == sum(line.amount for line in order.lines)
        for line in order.lines:
            exact = Decimal(line.quantity) * line.unit_price / 1000
            assert abs(exact - line.amount) <= Decimal("0.5")


def test_awkward_customers(demo: Books) -> None:
    """Accents, quotes, ampersands, CJK, emoji, missing contacts and addresses, two addresses: all of it is there."""
    names = "".join(customer.name for customer in demo.customers.values())
    assert all(
        awkward in names for awkward in ("ö", "'", '"', "&", "<", "商事", "🌙", "شركة", "\N{COMBINING DIAERESIS}")
    )
    customers = list(demo.customers.values())
    assert any(customer.email is None for customer in customers)
    assert any(customer.phone is None for customer in customers)
    assert any(not customer.has_contact for customer in customers)
    assert {len(customer.addresses) for customer in customers} == {0, 1, 2}
    assert {customer.state for customer in customers} == {0, 1, 2, 3}


def test_awkward_orders(demo: Books) -> None:
    """Four currencies, every status, fractional quantities, free text, discounts and a SKU that nobody knows."""
    orders = list(demo.orders.values())
    lines = [line for order in orders for line in order.lines]
    assert {order.currency for order in orders} == {"EUR", "USD", "GBP", "JPY"}
    assert {order.state for order in orders} == {
        "new", "paid", "picking", "shipped", "delivered", "cancelled", "returned",
    }  # fmt: skip
    assert any(line.quantity % 1000 for line in lines)
    assert any(line.sku is None for line in lines)
    assert any(line.amount < 0 for line in lines)
    assert any(line.sku == DISCONTINUED_SKU for line in lines)
    assert DISCONTINUED_SKU not in demo.products
    assert any(len({order.currency for order in orders}) > 1 for orders in demo.orders_of_customer.values())


def test_awkward_stock(demo: Books) -> None:
    """A product with nothing on hand, products that a warehouse does not keep, stock that nobody counted."""
    assert [level.on_hand for level in demo.products[ZERO_STOCK_SKU].stock] == [0, 0, 0]
    assert any(len(product.stock) < 3 for product in demo.products.values())
    assert any(level.on_hand is None for product in demo.products.values() for level in product.stock)
    assert any((level.on_hand or 0) % 1000 for product in demo.products.values() for level in product.stock)


def test_awkward_invoices(demo: Books) -> None:
    """Every kind and state, orders without invoice and with two, invoices without order, negative credit notes."""
    invoices = list(demo.invoices.values())
    assert set(Counter((invoice.kind, invoice.state) for invoice in invoices)) == {
        ("380", "C"), ("380", "D"), ("380", "O"), ("380", "P"), ("380", "W"), ("381", "C"), ("381", "O"), ("386", "C"),
    }  # fmt: skip
    assert any(order not in demo.invoices_of_order for order in demo.orders)
    assert any(len(found) > 1 for found in demo.invoices_of_order.values())
    assert any(invoice.order_id is None for invoice in invoices)
    for invoice in invoices:
        assert (invoice.total < 0) == (invoice.kind == "381")
        assert (invoice.number is None) == (invoice.issued is None) == (invoice.state == "D")
        assert (invoice.open != 0) == (invoice.state in "OPD")


def test_overdue_follows_today(demo: Books) -> None:
    """Overdue is what is still owed after the day on which it was due, as seen on the day of the books."""
    overdue = [invoice for invoice in demo.invoices.values() if demo.overdue(invoice)]
    assert overdue
    assert all(invoice.due and invoice.due < TODAY and invoice.open > 0 for invoice in overdue)
    assert not any(invoice.state in "CDW" or invoice.kind == "381" for invoice in overdue)


def test_shown_customer_lacks_nothing(demo: Books) -> None:
    """The customer whose token the demo prints has a full record, and invoices both settled and overdue."""
    customer = demo.customers[SHOWN_CUSTOMER]
    assert customer.email
    assert customer.phone
    assert len(customer.addresses) == 2
    invoices = demo.invoices_of_customer[SHOWN_CUSTOMER]
    assert {"C", "O", "P"} <= {invoice.state for invoice in invoices}
    assert any(demo.overdue(invoice) for invoice in invoices)


def test_newest_first(demo: Books) -> None:
    """A customer's orders and invoices are found newest first, drafts before all."""
    for orders in demo.orders_of_customer.values():
        assert [order.placed for order in orders] == sorted((order.placed for order in orders), reverse=True)
    for invoices in demo.invoices_of_customer.values():
        days = [invoice.issued or date.max for invoice in invoices]
        assert days == sorted(days, reverse=True)


@pytest.mark.parametrize(
    ("amount", "currency", "expected"), [(129900, "EUR", "1299.00"), (-5, "USD", "-0.05"), (1200, "JPY", "1200")]
)
def test_minor_units(amount: int, currency: str, expected: str) -> None:
    """Minor units become decimal amounts with the digits of their currency."""
    assert str(decimal_of_minor(amount, currency)) == expected


@pytest.mark.parametrize(
    ("quantity", "expected"), [(2500, "2.5"), (1000, "1"), (250, "0.25"), (2333, "2.333"), (10_000, "10"), (0, "0")]
)
def test_thousandths(quantity: int, expected: str) -> None:
    """Quantities show no digits that say nothing."""
    assert str(decimal_of_thousandths(quantity)) == expected
