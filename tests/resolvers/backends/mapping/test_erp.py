"""A real ERP's answers, recorded from Dolibarr 20.0.2 (zone Europe/Paris, currency EUR), read right in every quirk.

The bodies are as received but for the host's name. The expected values were worked out by hand, with what SOAP tells
of the same records.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from resolvers.backends.mapping import Reader
from resolvers.records import Address, Customer, Invoice, Money, Order, OrderLine, Product, StockLevel
from tests.resolvers.backends.mapping.compiled import reader

DATA = Path(__file__).parent / "data"
PARIS = ZoneInfo("Europe/Paris")

CUSTOMERS = """
id = "id"
name = "name"
email = { call = "tests.resolvers.backends.mapping.functions:first_email" }
phone = "phone"
addresses = { one = ".", fields = { lines = "address", postal_code = "zip", city = "town", country = "country_code" } }
status = { path = "client", values = { "0" = "CLOSED", "1" = "ACTIVE", "2" = "PROSPECT", "3" = "ACTIVE" } }
created_at = { path = "date_creation", as = "epoch-seconds" }
"""
ORDERS = """
id = "id"
number = { path = "ref", null_if = '^\\(PROV' }
customer_id = "socid"
placed_at = { path = "date", as = "local-midnight", zone = "Europe/Paris" }
total = { path = "multicurrency_total_ttc", currency_path = "multicurrency_code" }

[fields.status]
path = "status"
values = { "-1" = "CANCELLED", "0" = "DRAFT", "1" = "CONFIRMED", "2" = "SHIPPED", "3" = "DELIVERED" }

[fields.lines]
each = "lines"
[fields.lines.fields]
sku = "product_ref"
description = { first_of = ["product_label", "desc"] }
quantity = "qty"
unit_price = { path = "multicurrency_subprice", currency_path = "^.multicurrency_code" }
line_total = { path = "multicurrency_total_ttc", currency_path = "^.multicurrency_code" }
"""
INVOICES = """
id = "id"
number = { path = "ref", null_if = '^\\(PROV' }
customer_id = "socid"
order_id = "linkedObjectsIds.commande.*"
kind = { path = "type", values = { "0" = "INVOICE", "1" = "REPLACEMENT", "2" = "CREDIT_NOTE", "3" = "DEPOSIT" } }
issued_on = { path = "date", as = "local-midnight", zone = "Europe/Paris" }
due_on = { path = "date_lim_reglement", as = "local-midnight", zone = "Europe/Paris" }
total = { path = "multicurrency_total_ttc", currency_path = "multicurrency_code" }
balance = { path = "remaintopay", currency = "EUR" }

[fields.status]
join = ["status", "paye"]
separator = "/"
values = { "0/0" = "DRAFT", "1/0" = "SENT", "2/1" = "PAID", "2/0" = "WRITTEN_OFF", "3/0" = "CANCELLED" }
"""
PRODUCTS = """
sku = "ref"
name = "label"
available = "stock_theorique"
stock = { each = "stock_warehouse.*", fields = { warehouse = "$key", on_hand = "real" } }
"""


@pytest.fixture
def customers() -> Reader[Any]:
    """The mapping of thirdparties: clients only."""
    return reader(Customer, CUSTOMERS, '{ path = "client", in = ["1", "3"] }')


@pytest.fixture
def orders() -> Reader[Any]:
    """The mapping of orders."""
    return reader(Order, ORDERS)


@pytest.fixture
def invoices() -> Reader[Any]:
    """The mapping of invoices."""
    return reader(Invoice, INVOICES)


@pytest.fixture
def products() -> Reader[Any]:
    """The mapping of products with stock."""
    return reader(Product, PRODUCTS)


def recorded(compiled: Reader[Any], name: str) -> list[Any]:
    """The records of a recorded answer; both ways to read it agree, and the fast one was taken where there is one."""
    body = (DATA / f"{name}.json").read_bytes()
    found = compiled.read_json(body)
    assert found == compiled.read_document(json.loads(body)).records
    assert compiled.fallbacks == 0
    return found


def test_customers(customers: Reader[Any]) -> None:
    """A batch of customers: scripts, emoji, line breaks, a missing phone, seconds that are instants."""
    dupont, sample, smile = recorded(customers, "customers-batch")
    assert dupont == Customer(
        id="1",
        name="Dupont & Fils",
        email="contact@dupont-fils.example",
        phone="+33142685300",
        addresses=(
            Address(lines=("12, rue de l'Église", "2e étage"), postal_code="75015", city="Paris", country="FR"),
        ),
        status="ACTIVE",
        created_at=datetime(2026, 11, 21, 0, 27, 43, tzinfo=UTC),
    )
    assert (sample.name, sample.addresses[0].city) == ("株式会社サンプル", "東京")
    assert (smile.name, smile.phone, smile.addresses[0].lines) == ("Smile 😀 Café 🍰", None, ("42 Emoji Street 🏠",))


def test_a_name_and_an_address_with_control_characters(customers: Reader[Any]) -> None:
    """Tabs and line breaks in a name stay; lines of an address end in either way."""
    (customer,) = recorded(customers, "customer-28-crlf")
    assert customer.name == "Tab\tand\nnewline Name"
    assert customer.addresses[0].lines == ("line1", "line2", "line3")


def test_a_customer_of_whom_little_is_known(customers: Reader[Any]) -> None:
    """Null and empty text both mean that nothing is known; the country alone still makes an address."""
    (customer,) = recorded(customers, "customer-13-all-missing")
    assert (customer.email, customer.phone) == (None, None)
    assert customer.addresses == (Address(country="FR"),)


def test_orders_in_a_batch(orders: Reader[Any]) -> None:
    """A draft has no number; a closed order has; days are the ERP's own days."""
    draft, closed, third = recorded(orders, "orders-batch")
    assert draft == Order(
        id="1",
        number=None,
        customer_id="1",
        status="DRAFT",
        placed_at=datetime(2025, 5, 12, tzinfo=PARIS),
        total=Money(Decimal("25.00"), "EUR"),
        lines=(
            OrderLine(
                sku="SCREW-M4x20",
                description="Vis M4×20 (100 pcs)",
                quantity=Decimal(5),
                unit_price=Money(Decimal("4.1666"), "EUR"),
                line_total=Money(Decimal(25), "EUR"),
            ),
        ),
    )
    assert (closed.number, closed.status, closed.placed_at) == (
        "CO2610-0001",
        "DELIVERED",
        datetime(2026, 10, 23, tzinfo=PARIS),
    )
    assert third.status == "SHIPPED"


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("order-6-dst-start", date(2025, 3, 30)),
        ("order-7-dst-end", date(2025, 10, 26)),
        ("order-9-leap-day", date(2024, 2, 29)),
        ("order-10-year-end", date(2024, 12, 31)),
    ],
)
def test_the_day_of_an_order_is_not_a_day_early(orders: Reader[Any], name: str, day: date) -> None:
    """Seconds of a local midnight (D1) are the day, also when clocks change, on leap days and at year's end."""
    (order,) = recorded(orders, name)
    assert order.placed_at.date() == day
    assert order.placed_at == datetime(day.year, day.month, day.day, tzinfo=PARIS)


def test_the_wrong_zone_is_noticed() -> None:
    """With the zone left at UTC the mapping refuses the order, where a conversion would be a day early."""
    wrong = reader(Order, ORDERS.replace("Europe/Paris", "UTC"))
    (error,) = wrong.read_json((DATA / "order-6-dst-start.json").read_bytes())
    assert error.details["field"] == "placed_at"
    assert "midnight in UTC" in error.message


def test_free_text_lines_have_no_sku(orders: Reader[Any]) -> None:
    """A line without a product has its text in another field."""
    (order,) = recorded(orders, "order-6-dst-start")
    assert order.lines[0].sku is None
    assert order.lines[0].description == 'Ligne libre: l\'accessoire & "divers"'
    assert order.lines[1].sku == "SRV-INSTALL"


def test_an_order_without_lines(orders: Reader[Any]) -> None:
    """An empty order is an order."""
    (order,) = recorded(orders, "order-12-no-lines")
    assert (order.lines, order.total) == ((), Money(Decimal(0), "EUR"))


def test_a_foreign_order_is_in_its_own_currency(orders: Reader[Any]) -> None:
    """The document's amount goes with the document's currency (C1); its decimals stay (C2)."""
    (order,) = recorded(orders, "order-71-jpy")
    assert order.total == Money(Decimal("69288.91"), "JPY")
    assert order.lines[0].unit_price == Money(Decimal("19532.4184"), "JPY")
    assert {line.unit_price.currency for line in order.lines} == {"JPY"}


def test_a_cancelled_order(orders: Reader[Any]) -> None:
    """A negative status is a status like any other (C3)."""
    (order,) = recorded(orders, "order-78-cancelled")
    assert (order.status, order.customer_id, order.total) == ("CANCELLED", "12", Money(Decimal("192.66"), "USD"))


def test_invoices_in_a_list(invoices: Reader[Any]) -> None:
    """Lists do not tell the order (E1, null); status 2 is paid only where the flag says so."""
    validated, paid, partly, credit = recorded(invoices, "invoices-batch")
    assert (validated.number, validated.status, validated.order_id) == ("FA2603-0001", "SENT", None)
    assert (paid.status, paid.balance) == ("PAID", Money(Decimal(0), "EUR"))
    assert (partly.status, partly.balance) == ("SENT", Money(Decimal("419.62"), "EUR"))
    assert (credit.kind, credit.total) == ("CREDIT_NOTE", Money(Decimal(-6), "EUR"))


def test_an_invoice_knows_its_order(invoices: Reader[Any]) -> None:
    """The order is the value of the link map, not its key; a draft invoice has no number."""
    (draft,) = recorded(invoices, "invoice-1-draft")
    assert (draft.number, draft.status, draft.order_id) == (None, "DRAFT", "2")
    assert (draft.issued_on, draft.due_on) == (date(2026, 10, 24), date(2026, 11, 22))


def test_a_partly_paid_invoice(invoices: Reader[Any]) -> None:
    """A balance without trailing zeros is the same balance."""
    (invoice,) = recorded(invoices, "invoice-6-partly-paid")
    assert (invoice.order_id, invoice.balance, invoice.issued_on) == (
        "7",
        Money(Decimal("419.62"), "EUR"),
        date(2025, 10, 26),
    )


def test_a_credit_note_has_no_order(invoices: Reader[Any]) -> None:
    """PHP's empty list for an empty link map (E1) is no order."""
    (credit,) = recorded(invoices, "invoice-48-credit-note")
    assert (credit.kind, credit.order_id, credit.total) == ("CREDIT_NOTE", None, Money(Decimal(-6), "EUR"))


def test_a_foreign_invoice_has_its_balance_in_the_companys_currency(invoices: Reader[Any]) -> None:
    """The total is in dollars, what remains in euros, as the ERP keeps it."""
    (invoice,) = recorded(invoices, "invoice-59-foreign-paid")
    assert invoice.total == Money(Decimal("681.86"), "USD")
    assert invoice.balance == Money(Decimal("-0.01"), "EUR")


def test_a_bad_debt_is_not_paid(invoices: Reader[Any]) -> None:
    """Status 2 without the flag is written off."""
    statuses = [invoice.status for invoice in recorded(invoices, "invoices-bad-debt")]
    assert statuses
    assert set(statuses) == {"WRITTEN_OFF"}


def test_stock_by_warehouse(products: Reader[Any]) -> None:
    """Warehouses are the keys of a map; stock is a number or a text, whole or not, positive or not."""
    hammer, saw = recorded(products, "products-with-stock")
    assert hammer == Product(
        sku="HAMMER-01",
        name="Marteau d'électricien 300 g",
        available=Decimal(366),
        stock=(StockLevel(warehouse="2", on_hand=Decimal(77)), StockLevel(warehouse="1", on_hand=Decimal(301))),
    )
    assert (saw.name, saw.available) == ("鋸 Ryoba 240 mm", Decimal("-150.5"))


def test_stock_that_was_not_asked_for(products: Reader[Any]) -> None:
    """Without stock data the map is PHP's empty list, and nothing is known of what is available."""
    (product,) = recorded(products, "product-1-no-stock")
    assert (product.stock, product.available) == ((), None)


SOAP = """
id = "id"
number = "ref"
customer_id = { first_of = ["thirdparty_id", "socid"] }
status = { path = "status", values = { "1" = "CONFIRMED", "-1" = "CANCELLED" } }
placed_at = { path = "date_creation", as = "local-datetime", zone = "Europe/Paris", ignore_offset = true }
total = { path = "total", currency = "EUR" }
"""


def test_soap_dates_with_a_false_offset() -> None:
    """A local time with a Z that is not meant (D2) is the instant that REST tells of the same order."""
    item = {
        "id": "71",
        "ref": "CO2408-0061",
        "thirdparty_id": 5,
        "status": 1,
        "total": 423.92,
        "date_creation": "2026-11-21T01:27:54Z",
    }
    (order,) = reader(Order, SOAP).read([item])
    assert order.placed_at == datetime.fromtimestamp(1795220874, UTC)
    assert (order.customer_id, order.status) == ("5", "CONFIRMED")


def test_soap_doubles_are_the_amounts_they_print() -> None:
    """An `xsd:double` that became a float (C4) is the decimal that it prints; sums can be rounded."""
    rounded = reader(Order, SOAP.replace('currency = "EUR"', 'currency = "EUR", round = 2'))
    assert reader(Order, SOAP).read([{"id": 1, "total": 423.92}])[0].total == Money(Decimal("423.92"), "EUR")
    assert rounded.read([{"id": 1, "total": 2749.1299999999997}])[0].total == Money(Decimal("2749.13"), "EUR")


def test_soap_lists_write_numbers_as_text() -> None:
    """Details are typed, lists all text (C3): one mapping reads both."""
    detail = {"id": "71", "thirdparty_id": 5, "status": 1, "total": Decimal("423.92")}
    listed = {"id": "71", "socid": "5", "status": "1", "total": "423.92000000"}
    assert reader(Order, SOAP).read([detail])[0] == reader(Order, SOAP).read([listed])[0]


@pytest.mark.parametrize(("raw", "day"), [("1747605600", date(2025, 5, 19)), ("", None), (None, None)])
def test_soap_dates_that_are_seconds(raw: str | None, day: date | None) -> None:
    """A field that is declared a date and holds seconds, or nothing (D5, D6)."""
    compiled = reader(
        Invoice, 'id = "id"\ndue_on = { path = "date_livraison", as = "local-midnight", zone = "Europe/Paris" }'
    )
    assert compiled.read([{"id": 1, "date_livraison": raw}])[0].due_on == day


@pytest.mark.parametrize("raw", ["2026-11-21 01:27:45", 1795220865])
def test_dates_that_changed_with_a_version(raw: Any) -> None:
    """Local text in version 20, seconds in version 22 (D4): one mapping reads both."""
    fields = (
        'id = "id"\nname = "label"\n'
        'created_at = { path = "at", as = ["epoch-seconds", "local-datetime"], zone = "Europe/Paris" }'
    )
    (customer,) = reader(Customer, fields).read([{"id": 1, "label": "x", "at": raw}])
    assert customer.created_at == datetime(2026, 11, 21, 0, 27, 45, tzinfo=UTC)
