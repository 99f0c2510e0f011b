"""What stands around a conversion: several sources, null and not null, defaults, errors, functions."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from resolvers.records import Address, Customer, Invoice, Money, Order, Product, StockLevel
from tests.resolvers.backends.mapping.compiled import CUSTOMER, INVOICE, ORDER, read, reader, refused
from tests.resolvers.backends.mapping.functions import SECRET

HERE = "tests.resolvers.backends.mapping.functions"


@pytest.mark.parametrize(
    ("item", "number"),
    [({"a": "1", "b": "2"}, "1"), ({"a": "", "b": "2"}, "2"), ({"b": 2}, "2"), ({"c": {"d": "3"}}, "3"), ({}, None)],
)
def test_first_of_takes_the_first_that_is_not_null(item: dict[str, Any], number: str | None) -> None:
    """Null, missing and empty values are passed over."""
    assert read(Order, ORDER + 'number = { first_of = ["a", "b", "c.d"] }', {"id": 1, **item}).number == number


def test_first_of_passes_over_what_means_null() -> None:
    """`empty` and `null_if` hold for every path of `first_of`."""
    fields = ORDER + 'number = { first_of = ["a", "b"], empty = ["", "0"], null_if = "^\\\\(PROV" }'
    assert read(Order, fields, {"id": 1, "a": "(PROV1)", "b": "N1"}).number == "N1"
    assert read(Order, fields, {"id": 1, "a": 0, "b": "N1"}).number == "N1"


def test_first_of_for_money() -> None:
    """The amount is taken from the first path that has one; the currency from its own."""
    fields = ORDER + 'total = { first_of = ["gross", "net"], currency_path = "c" }'
    assert read(Order, fields, {"id": 1, "net": "5", "c": "EUR"}).total == Money(Decimal(5), "EUR")


def test_join_writes_texts_together() -> None:
    """Nulls are left out; the separator is a blank unless the file says otherwise."""
    fields = 'id = "id"\nname = { join = ["title", "first", "last"] }\nnumber = { join = ["a", "b"], separator = "-" }'
    found = read(Customer, fields, {"id": 1, "title": None, "first": "Ada", "last": "Lovelace", "a": 7, "b": "x"})
    assert (found.name, found.number) == ("Ada Lovelace", "7-x")
    assert read(Customer, fields, {"id": 1, "first": "", "last": "L"}).number is None


def test_join_and_values_read_a_status_from_two_fields() -> None:
    """Two flags that only mean something together are one value of the table."""
    fields = (
        INVOICE + 'status = { join = ["s", "p"], separator = "/", values = { "2/1" = "PAID", "2/0" = "WRITTEN_OFF" } }'
    )
    assert read(Invoice, fields, {"id": 1, "s": "2", "p": "1"}).status == "PAID"
    assert read(Invoice, fields, {"id": 1, "s": 2, "p": 0}).status == "WRITTEN_OFF"
    refused(Invoice, fields, {"id": 1, "s": "2"})


def test_joining_what_is_no_text_is_refused() -> None:
    """An object among the joined values is an error, not its Python writing."""
    refused(Order, ORDER + 'number = { join = ["a", "b"] }', {"id": 1, "a": "x", "b": {}})


def test_constants_have_the_fields_type() -> None:
    """A constant is converted once, whatever TOML type it is written in."""
    fields = (
        INVOICE
        + 'kind = { const = "INVOICE" }\nissued_on = { const = 2026-01-31 }\ndue_on = { const = "2026-02-28" }\n'
        'total = { const = 0.1, currency = "eur" }\nnumber = { const = 7 }'
    )
    assert read(Invoice, fields, {"id": 1}) == Invoice(
        id="1",
        kind="INVOICE",
        issued_on=date(2026, 1, 31),
        due_on=date(2026, 2, 28),
        total=Money(Decimal("0.1"), "EUR"),
        number="7",
    )


def test_a_default_stands_in_for_null_only() -> None:
    """A missing value has the default; a wrong one is still an error."""
    fields = PRODUCT + 'available = { path = "n", default = 0 }\nname = { path = "label", default = "(unnamed)" }'
    assert read(Product, fields, {"s": "A"}) == Product(sku="A", available=Decimal(0), name="(unnamed)")
    assert read(Product, fields, {"s": "A", "n": "2", "label": "x"}) == Product(sku="A", available=Decimal(2), name="x")
    refused(Product, fields, {"s": "A", "n": "many"})


PRODUCT = 'sku = "s"\n'


def test_a_default_saves_a_required_field() -> None:
    """A customer without a name can be read when the file says what to call it."""
    fields = 'id = "id"\nname = { path = "name", default = "(unnamed)" }'
    assert read(Customer, fields, {"id": 1, "name": ""}).name == "(unnamed)"


@pytest.mark.parametrize("item", [{"id": 1}, {"id": 1, "name": None}, {"id": 1, "name": ""}])
def test_a_record_needs_its_required_fields(item: dict[str, Any]) -> None:
    """A missing, null or empty name is an error of that customer."""
    error = refused(Customer, CUSTOMER, item)
    assert (error.details["field"], error.details["expected"]) == ("name", "a value")


def test_a_field_can_be_made_required() -> None:
    """`required` makes null an error where records would allow it."""
    assert refused(Order, ORDER + 'status = { path = "s", required = true }', {"id": 1}).details["field"] == "status"


def test_strip_takes_blanks_off() -> None:
    """Blanks around a value are dropped before it is judged, if the file says so."""
    fields = ORDER + 'number = { path = "n", strip = true }\ntotal = { path = "t", currency = "EUR", strip = true }'
    assert read(Order, fields, {"id": 1, "n": "  A1 ", "t": " 5 "}) == Order(
        id="1", number="A1", total=Money(Decimal(5), "EUR")
    )
    assert read(Order, fields, {"id": 1, "n": "   "}).number is None


@pytest.mark.parametrize(("raw", "number"), [("0", None), (0, None), (0.0, None), ("", None), ("00", "00"), ("1", "1")])
def test_empty_says_what_means_null(raw: Any, number: str | None) -> None:
    """`empty` lists what means null, numbers and texts alike."""
    assert read(Order, ORDER + 'number = { path = "n", empty = ["", 0] }', {"id": 1, "n": raw}).number == number


def test_the_empty_text_can_be_kept() -> None:
    """With an empty list nothing but null is null."""
    assert read(Order, ORDER + 'number = { path = "n", empty = [] }', {"id": 1, "n": ""}).number == ""


@pytest.mark.parametrize("raw", [[], {}, (), float("nan"), b""])
def test_what_cannot_be_compared_is_never_taken_for_null(raw: Any) -> None:
    """An empty list, or a number that is none, in a value's place is an error, not one of the `empty` values."""
    refused(Order, ORDER + 'number = { path = "n", empty = ["", "0"] }', {"id": 1, "n": raw})


def test_null_if_drops_provisional_numbers() -> None:
    """A number that the backend makes up for drafts is no number."""
    fields = ORDER + "number = { path = 'ref', null_if = '^\\(PROV' }"
    assert read(Order, fields, {"id": 1, "ref": "(PROV12)"}).number is None
    assert read(Order, fields, {"id": 1, "ref": "CO2610-0001"}).number == "CO2610-0001"


def test_on_error_null_forgives_one_field() -> None:
    """A field that is known to hold rubbish may be null, or its default, without losing the record."""
    fields = ORDER + (
        'total = { path = "t", currency = "EUR", on_error = "null" }\n'
        'status = { path = "s", values = { "1" = "CONFIRMED" }, on_error = "null", default = "PENDING" }\n'
        'placed_at = { path = "p.at", on_error = "null" }'
    )
    assert read(Order, fields, {"id": 1, "t": "n/a", "s": "9", "p": {"at": "0000-00-00"}}) == Order(
        id="1", status="PENDING"
    )


def test_on_error_null_forgives_the_way_to_a_value_too() -> None:
    """A text where the value's parent should be gives null or the default as well."""
    fields = ORDER + (
        'number = { first_of = ["a.b", "c"], on_error = "null" }\n'
        'status = { path = "a.b", on_error = "null", default = "PENDING" }'
    )
    assert read(Order, fields, {"id": 1, "a": "text", "c": "never reached"}) == Order(id="1", status="PENDING")


def test_a_function_reads_what_no_setting_can() -> None:
    """`call` names a Python function that gets the item; its answer is converted like any value."""
    fields = CUSTOMER + f'email = {{ call = "{HERE}:first_email" }}'
    assert read(Customer, fields, {"id": 1, "name": "n", "email": "a@x.example;b@x.example"}).email == "a@x.example"
    assert read(Customer, fields, {"id": 1, "name": "n", "email": None}).email is None


def test_functions_may_return_finished_values() -> None:
    """Money, days and records are taken as they are."""
    fields = INVOICE + (
        f'total = {{ call = "{HERE}:amount" }}\nissued_on = {{ call = "{HERE}:day" }}\n'
        f'balance = {{ call = "{HERE}:number_text", currency = "USD" }}\nstatus = {{ call = "{HERE}:Rules.status" }}'
    )
    found = read(Invoice, fields, {"id": 1, "n": 5, "paid": True})
    assert (found.total, found.issued_on, found.balance) == (
        Money(Decimal(5), "EUR"),
        date(2026, 1, 5),
        Money(Decimal(5), "USD"),
    )
    assert found.status == "PAID"
    product = read(Product, PRODUCT + f'stock = {{ call = "{HERE}:levels" }}', {"s": 1, "names": ["a", "b"]})
    assert product.stock == (StockLevel(warehouse="a"), StockLevel(warehouse="b"))


def test_a_function_gets_the_object_that_its_fields_are_read_from() -> None:
    """In `one` the function gets the object, in `each` the entry."""
    fields = (
        CUSTOMER
        + f'addresses = {{ one = "home", fields = {{ city = {{ call = "{HERE}:city" }}, country = "country" }} }}'
    )
    found = read(Customer, fields, {"id": 1, "name": "n", "home": {"town": "PARIS", "country": "FR"}})
    assert found.addresses == (Address(city="Paris", country="FR"),)


def test_a_function_that_raises_costs_one_record() -> None:
    """Whatever it raises is the cause of the record's error; its text stays in the log."""
    error = refused(Order, ORDER + f'status = {{ call = "{HERE}:broken" }}', {"id": 1})
    assert isinstance(error.__cause__, RuntimeError)
    assert error.details["came"] == "RuntimeError"
    assert SECRET not in str(error) + repr(error.details)


def test_a_function_that_returns_the_wrong_type_costs_one_record() -> None:
    """A list of texts is no list of stock levels."""
    fields = PRODUCT + f'stock = {{ call = "{HERE}:number_text" }}'
    assert refused(Product, fields, {"s": "1", "n": 5}).details["expected"] == "a list of StockLevel"


def test_one_address_is_made_of_the_items_own_fields() -> None:
    """`one = "."` (or `each = "."`) makes one entry; none where nothing is known but constants."""
    for key in ("one", "each"):
        entry = 'fields = { kind = { const = "MAIN" }, city = "town", lines = "address" }'
        fields = CUSTOMER + f'addresses = {{ {key} = ".", {entry} }}'
        assert read(Customer, fields, {"id": 1, "name": "n", "town": "Lille"}).addresses == (
            Address(kind="MAIN", city="Lille"),
        )
        assert read(Customer, fields, {"id": 1, "name": "n", "town": "", "address": ""}).addresses == ()


def test_several_tables_follow_each_other() -> None:
    """Billing and shipping address, and a list of further ones, become one list."""
    fields = CUSTOMER + (
        'addresses = [ { one = "billing", fields = { kind = { const = "BILLING" }, city = "town" } },'
        ' { one = "shipping", fields = { kind = { const = "SHIPPING" }, city = "town" } },'
        ' { each = "more", fields = { city = "." } } ]'
    )
    item = {"id": 1, "name": "n", "billing": {"town": "Lille"}, "shipping": [], "more": ["Paris", "Lyon"]}
    assert read(Customer, fields, item).addresses == (
        Address(kind="BILLING", city="Lille"), Address(city="Paris"), Address(city="Lyon"),
    )  # fmt: skip


def test_entries_can_be_filtered() -> None:
    """Lines that are titles, not goods, are left out of the order."""
    fields = ORDER + 'lines = { each = "lines", where = { path = "kind", not_in = [9] }, fields = { quantity = "q" } }'
    found = read(Order, fields, {"id": 1, "lines": [{"kind": 9}, {"kind": "0", "q": 1}, {"q": 2}]})
    assert [line.quantity for line in found.lines] == [1, 2]


@pytest.mark.parametrize("raw", [None, [], {}])
def test_no_entries(raw: Any) -> None:
    """A missing list, null, an empty list and an empty object are no entries."""
    fields = ORDER + 'lines = { each = "lines", fields = { quantity = "q" } }'
    assert read(Order, fields, {"id": 1, "lines": raw}).lines == ()
    assert read(Order, fields, {"id": 1}).lines == ()


@pytest.mark.parametrize("raw", [{"quantity": 1}, "none", 0, False])
def test_an_object_is_no_list(raw: Any) -> None:
    """An object where a list should be is told: it could be one entry, or a map of them."""
    error = refused(Order, ORDER + 'lines = { each = "lines", fields = { quantity = "q" } }', {"id": 1, "lines": raw})
    assert (error.details["field"], error.details["expected"]) == ("lines", "a list")


def test_an_entry_that_does_not_fit_names_its_place() -> None:
    """The field's name leads to the entry, by position or by key."""
    fields = ORDER + 'lines = { each = "lines", fields = { quantity = "q" } }'
    assert refused(Order, fields, {"id": 1, "lines": [{"q": 1}, {"q": "x"}]}).details["field"] == "lines[1].quantity"
    assert refused(Order, fields, {"id": 1, "lines": [{"q": 1}, None]}).details["field"] == "lines[1].quantity"
    fields = 'sku = "s"\nstock = { each = "w.*", fields = { warehouse = "$key", on_hand = "real" } }'
    assert refused(Product, fields, {"s": 1, "w": {"7": {"real": []}}}).details["field"] == "stock[7].on_hand"


def test_items_can_be_filtered() -> None:
    """Items that do not meet every condition are no records, however wrong the rest of them is."""
    fields = CUSTOMER
    compiled = reader(Customer, fields, '[{ path = "client", in = ["1", 3] }, { path = "status", not_in = ["0"] }]')
    items: list[Any] = [
        {"id": 1, "name": "a", "client": 1, "status": "1"},
        {"id": 2, "name": None, "client": "2", "status": "1"},
        {"id": 3, "name": "c", "client": "3"},
        {"id": 4, "name": "d", "client": "1", "status": 0},
        {"id": 5, "name": "e", "status": "1"},
    ]
    assert [record.id for record in compiled.read(items)] == ["1", "3"]


def test_a_condition_that_cannot_be_judged_is_an_error() -> None:
    """An item whose condition has an object for a value is neither kept nor dropped in silence."""
    compiled = reader(Customer, CUSTOMER, '{ path = "client", in = ["1"] }')
    (error,) = compiled.read([{"id": 1, "name": "a", "client": {}}])
    assert error.details["field"] == "where"
