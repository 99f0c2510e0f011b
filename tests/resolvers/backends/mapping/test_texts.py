"""Texts, enums, booleans, lines: every spelling, and what is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from resolvers.records import Address, Customer, Invoice, Money, Order
from tests.resolvers.backends.mapping.compiled import CUSTOMER, ORDER, read, refused

NAN = float("nan")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("plain", "plain"),
        ("  blanks stay  ", "  blanks stay  "),
        ("Tab\tand\nnewline", "Tab\tand\nnewline"),
        ("株式会社", "株式会社"),
        (7, "7"),
        (0, "0"),
        (-1, "-1"),
        (2**63, "9223372036854775808"),
        (1.1, "1.1"),
        (Decimal("1.10"), "1.10"),
        (date(2026, 1, 2), "2026-01-02"),
        ("", None),
        (None, None),
    ],
)
def test_text_is_kept_and_numbers_keep_their_digits(raw: Any, text: str | None) -> None:
    """Text is never trimmed or changed, numbers are written with exactly their digits, empty text means null."""
    assert read(Order, ORDER + 'number = "n"', {"id": 1, "n": raw}).number == text


class Written(str):
    """A text of a class of its own, as lxml gives them."""

    __slots__ = ()


@pytest.mark.parametrize("raw", ["x", ""])
def test_text_of_another_class_becomes_plain_text(raw: str) -> None:
    """Records hold plain `str`, whatever subclass a decoder made."""
    found = read(Order, ORDER + 'number = "n"', {"id": Written("7"), "n": Written(raw)})
    assert type(found.id) is str
    assert found.number == (raw or None)


def test_numbers_and_dates_in_text_of_another_class() -> None:
    """Amounts, days and instants are read from such texts as from any."""
    fields = 'id = "id"\ntotal = { path = "t", currency_path = "c" }\nissued_on = "d"'
    item = {"id": Written("1"), "t": Written("1.50"), "c": Written("EUR"), "d": Written("2026-01-31")}
    assert read(Invoice, fields, item) == Invoice(
        id="1", total=Money(Decimal("1.50"), "EUR"), issued_on=date(2026, 1, 31)
    )


@pytest.mark.parametrize("raw", [True, False, {}, [], {"a": 1}, ["a"], NAN, float("inf"), 10**80, Decimal("NaN"), b"x"])
def test_what_is_no_text_is_refused(raw: Any) -> None:
    """A boolean, object, list or a number that is none never becomes a text."""
    assert refused(Order, ORDER + 'number = "n"', {"id": 1, "n": raw}).details["expected"] == "text"


@pytest.mark.parametrize("raw", ["0", 0, 0.0, Decimal(0), Decimal("0.00")])
def test_a_table_takes_numbers_and_texts_alike(raw: Any) -> None:
    """`values` is met by 0, "0" and 0.0."""
    fields = ORDER + 'number = { path = "s", values = { "0" = "DRAFT", "-1" = "CANCELLED" } }'
    assert read(Order, fields, {"id": 1, "s": raw}).number == "DRAFT"


def test_a_table_distinguishes_true_from_one() -> None:
    """JSON's true is "true" to a table, although Python takes it for 1."""
    fields = ORDER + 'number = { path = "s", values = { "1" = "ONE", "true" = "YES" } }'
    assert read(Order, fields, {"id": 1, "s": True}).number == "YES"
    assert read(Order, fields, {"id": 1, "s": 1}).number == "ONE"


@pytest.mark.parametrize(("unknown", "status"), [("null", None), ("keep", "9"), ("OTHER", "OTHER")])
def test_an_unknown_value_is_what_the_file_says(unknown: str, status: str | None) -> None:
    """`unknown` makes a value that the table lacks null, keeps it, or puts another in its place."""
    fields = ORDER + f'number = {{ path = "s", values = {{ "0" = "DRAFT" }}, unknown = "{unknown}" }}'
    assert read(Order, fields, {"id": 1, "s": 9}).number == status


def test_a_table_of_whole_numbers_takes_every_writing_of_them() -> None:
    """With `as = "integer"` the table is met by 7, "007" and 7.0, and its own keys may be written so."""
    fields = ORDER + 'number = { path = "s", as = "integer", values = { "7" = "OPEN", "08" = "CLOSED" } }'
    assert {read(Order, fields, {"id": 1, "s": raw}).number for raw in (7, "007", 7.0)} == {"OPEN"}
    assert read(Order, fields, {"id": 1, "s": 8}).number == "CLOSED"
    refused(Order, fields, {"id": 1, "s": "7.5"})


def test_an_unknown_value_is_an_error_by_default() -> None:
    """A new status of the backend is told, with the ones that are known, and not taken for another."""
    fields = ORDER + 'number = { path = "s", values = { "0" = "DRAFT", "1" = "OPEN" } }'
    error = refused(Order, fields, {"id": 1, "s": "2"})
    assert error.details["expected"] == "one of '0', '1'"
    assert error.details["came"] == "text '2'"


def test_a_long_table_is_told_in_short() -> None:
    """The error lists ten values of a large table and counts the rest."""
    table = ", ".join(f'"{number}" = "X"' for number in range(14))
    error = refused(Order, ORDER + f'number = {{ path = "s", values = {{ {table} }} }}', {"id": 1, "s": "no"})
    assert error.details["expected"].endswith("and 4 more")


def test_the_empty_text_can_be_in_a_table() -> None:
    """Who lists the empty text wants it looked up; null stays null."""
    fields = ORDER + 'number = { path = "s", values = { "" = "NONE", "1" = "OPEN" } }'
    assert read(Order, fields, {"id": 1, "s": ""}).number == "NONE"
    assert read(Order, fields, {"id": 1, "s": None}).number is None


@pytest.mark.parametrize("raw", [True, 1, 1.0, "1", "true", "TRUE", "True", "t", "yes", "Y", "on", Decimal(1)])
def test_every_spelling_of_true(raw: Any) -> None:
    """A boolean is understood however it is spelled."""
    fields = ORDER + 'number = { path = "s", as = "boolean", values = { yes = "OPEN", no = "CLOSED" } }'
    assert read(Order, fields, {"id": 1, "s": raw}).number == "OPEN"


@pytest.mark.parametrize("raw", [False, 0, 0.0, "0", "false", "FALSE", "f", "no", "N", "Off", Decimal("0.0")])
def test_every_spelling_of_false(raw: Any) -> None:
    """A boolean is understood however it is spelled."""
    fields = ORDER + 'number = { path = "s", as = "boolean", values = { true = "OPEN", false = "CLOSED" } }'
    assert read(Order, fields, {"id": 1, "s": raw}).number == "CLOSED"


@pytest.mark.parametrize("raw", ["maybe", 2, -1, [], {}, "10", NAN])
def test_what_is_no_boolean_is_refused(raw: Any) -> None:
    """Only spellings of a boolean are taken for one."""
    assert "a boolean" in refused(Order, ORDER + 'number = { path = "s", as = "boolean" }', {"id": 1, "s": raw}).message


@pytest.mark.parametrize(("raw", "text"), [("007", "7"), (7.0, "7"), ("+7", "7"), (Decimal("7.00"), "7"), (-7, "-7")])
def test_integer_text_is_canonical(raw: Any, text: str) -> None:
    """`as = "integer"` gives one writing to a number that backends write in several ways."""
    assert read(Order, 'id = { path = "id", as = "integer" }', {"id": raw}).id == text


@pytest.mark.parametrize("raw", ["7.5", 7.5, "1e3", "٧", "0x7", "", "1_000", True, 1e300, Decimal("1E+999999")])
def test_what_is_no_integer_is_refused(raw: Any) -> None:
    """Fractions, other scripts' digits and programmers' notations are no whole numbers."""
    refused(Order, 'id = { path = "id", as = "integer" }', {"id": raw})


@pytest.mark.parametrize(
    ("raw", "lines"),
    [
        ("12, rue de l'Église\n2e étage", ("12, rue de l'Église", "2e étage")),
        ("line1\r\nline2\r\n\r\n line3 ", ("line1", "line2", "line3")),
        (["a", None, "b\nc", ""], ("a", "b", "c")),
        (75015, ("75015",)),
        ("", ()),
        ("\n", ()),
        (None, ()),
        ([], ()),
    ],
)
def test_lines_come_from_text_and_lists(raw: Any, lines: tuple[str, ...]) -> None:
    """An address of one text with line breaks and one of a list of texts give the same lines."""
    fields = CUSTOMER + 'addresses = { one = ".", fields = { lines = "a", city = { const = "Paris" }, country = "c" } }'
    (address,) = read(Customer, fields, {"id": 1, "name": "n", "a": raw, "c": "FR"}).addresses
    assert address == Address(lines=lines, city="Paris", country="FR")


@pytest.mark.parametrize("raw", [{"a": 1}, [["a"]], [{}], True])
def test_what_is_no_line_is_refused(raw: Any) -> None:
    """Objects and lists in lists are no lines."""
    fields = CUSTOMER + 'addresses = { one = ".", fields = { lines = "a" } }'
    assert refused(Customer, fields, {"id": 1, "name": "n", "a": raw}).details["field"] == "addresses.lines"


def test_lines_can_be_joined_from_several_fields() -> None:
    """Street fields of their own become the lines of an address."""
    fields = CUSTOMER + 'addresses = { one = ".", fields = { lines = { join = ["street1", "street2", "street3"] } } }'
    item = {"id": 1, "name": "n", "street1": "12, rue X", "street2": None, "street3": "2e étage"}
    assert read(Customer, fields, item).addresses[0].lines == ("12, rue X", "2e étage")


def test_a_word_of_the_graph_needs_no_table() -> None:
    """A backend that uses our words is taken at its word; any other word is an error of the record, never passed on."""
    fields = ORDER + 'status = "s"'
    assert read(Order, fields, {"id": 1, "s": "SHIPPED"}).status == "SHIPPED"
    assert read(Order, fields, {"id": 1, "s": ""}).status is None
    for raw in ("shipped", "OPEN", 1, ["SHIPPED"]):
        assert "should be one of 'DRAFT', " in refused(Order, fields, {"id": 1, "s": raw}).message


def test_a_kept_value_is_a_word_of_the_graph() -> None:
    """`unknown = "keep"` keeps the words that we have, and no others."""
    fields = ORDER + 'status = { path = "s", values = { open = "CONFIRMED" }, unknown = "keep" }'
    assert read(Order, fields, {"id": 1, "s": "RETURNED"}).status == "RETURNED"
    assert refused(Order, fields, {"id": 1, "s": "lost"}).details["field"] == "status"
