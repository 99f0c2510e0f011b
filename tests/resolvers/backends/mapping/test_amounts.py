"""Numbers and money: exact from whatever carries them, and refused when they are not what they seem."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from resolvers.backends.mapping import mapping_problems
from resolvers.backends.mapping.currencies import CODES, UNITS
from resolvers.records import Money, Order, OrderLine, Product
from tests.resolvers.backends.mapping.compiled import ORDER, read, refused, settings

PRODUCT = 'sku = "s"\n'
NAN = float("nan")


def available(raw: Any, options: str = "") -> Decimal | None:
    """The number that the value is read as."""
    value: Decimal | None = read(
        Product, PRODUCT + f'available = {{ path = "n"{options} }}', {"s": 1, "n": raw}
    ).available
    return value


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("113.40000000", "113.40000000"),
        ("54", "54"),
        ("-6", "-6"),
        ("+6.5", "6.5"),
        ("5.", "5"),
        (".5", "0.5"),
        ("1e2", "1E+2"),
        ("1.5E-3", "0.0015"),
        (378, "378"),
        (-150.5, "-150.5"),
        (0.1, "0.1"),
        (2749.1299999999997, "2749.1299999999997"),
        (1e22, "1e22"),
        (Decimal("12345678901234567890.123456789"), "12345678901234567890.123456789"),
        ("0", "0"),
        (0, "0"),
        (10**40, "1e40"),
    ],
)
def test_a_number_keeps_its_digits(raw: Any, number: str) -> None:
    """Texts, integers, floats (as they print) and decimals become exactly that number."""
    assert available(raw) == Decimal(number)


@pytest.mark.parametrize("raw", ["113.40000000", "1.10", Decimal("1.10")])
def test_trailing_zeros_stay(raw: Any) -> None:
    """What the backend tells of precision is kept."""
    assert str(available(raw)) == str(raw)


@pytest.mark.parametrize(
    "raw",
    [
        "1_5", "١٢", "1,5", "1 5", " 5", "5 ", "5\n", "", "abc", "--5", "1.2.3", ".", "-", "0x10", "1e", "²",
        "NaN", "nan", "Infinity", "-inf", "sNaN", "1e999", "1e-999", "9" * 65, "1E9999999999999999999",
        NAN, float("inf"), float("-inf"), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("1E+65"),
        Decimal("1E-65"), Decimal("1E+999999999"), 10**300, True, False, [], {}, ["1"], b"1",
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused(raw: Any) -> None:
    """Nothing that Python alone takes for a number gets through, and nothing that would grow when written out."""
    if raw == "":
        assert available(raw) is None
    else:
        error = refused(Product, PRODUCT + 'available = "n"', {"s": 1, "n": raw})
        assert error.details["expected"].startswith("a decimal number")
        assert len(error.message) < 200


@pytest.mark.parametrize(("raw", "number"), [("1,5", "1.5"), ("-0,25", "-0.25"), ("12", "12"), (1.5, "1.5")])
def test_a_decimal_comma_is_read_where_the_file_says_so(raw: Any, number: str) -> None:
    """`decimal_comma` reads texts with a comma; numbers are what they are."""
    assert available(raw, ", decimal_comma = true") == Decimal(number)


@pytest.mark.parametrize("raw", ["1.5", "1.234,50", "1,2,3", "1 234,5"])
def test_a_point_beside_a_decimal_comma_is_refused(raw: str) -> None:
    """Where a comma separates decimals a point may separate thousands: it is not guessed at."""
    refused(Product, PRODUCT + 'available = { path = "n", decimal_comma = true }', {"s": 1, "n": raw})


@pytest.mark.parametrize(
    ("option", "raw", "number"),
    [
        ('thousands = ","', "1,234.56", "1234.56"),
        ('thousands = ","', "-12,345,678", "-12345678"),
        ('thousands = ","', "999.5", "999.5"),
        ('thousands = ".", decimal_comma = true', "1.234,56", "1234.56"),
        ('thousands = ".", decimal_comma = true', "1.234", "1234"),
        ('thousands = ".", decimal_comma = true', "0,5", "0.5"),
        ('thousands = " ", decimal_comma = true', "1 234\u00a0567,8", "1234567.8"),
        ('thousands = "\'"', "1'234.5", "1234.5"),
        ('thousands = ","', 1234.5, "1234.5"),
    ],
)
def test_thousands_are_separated_as_the_file_says(option: str, raw: Any, number: str) -> None:
    """`thousands` names the sign between groups of three; `decimal_comma` says what follows them."""
    assert available(raw, f", {option}") == Decimal(number)


@pytest.mark.parametrize(
    ("option", "raw"),
    [
        ('thousands = ","', "1,23"),
        ('thousands = ","', "1,2345"),
        ('thousands = ","', ",123"),
        ('thousands = ","', "1,,234"),
        ('thousands = ","', "1,234,5"),
        ('thousands = ","', "1.234,567"),
        ('thousands = ".", decimal_comma = true', "1.23"),
        ('thousands = ".", decimal_comma = true', "1.234.56"),
        ('thousands = ".", decimal_comma = true', "1,234.56"),
        ('thousands = " "', "1 23"),
    ],
)
def test_groups_of_another_length_are_no_thousands(option: str, raw: str) -> None:
    """A number whose groups are not of three digits is written otherwise than the file says: it is refused."""
    refused(Product, PRODUCT + f'available = {{ path = "n", {option} }}', {"s": 1, "n": raw})


def test_one_sign_cannot_separate_thousands_and_decimals() -> None:
    """The file is refused where both are the same."""
    for option in ('thousands = "."', 'thousands = ",", decimal_comma = true'):
        (problem,) = mapping_problems(Product, settings(PRODUCT + f'available = {{ path = "n", {option} }}'))
        assert problem.key == "fields.available.thousands"


@pytest.mark.parametrize("raw", ["10,50", "1.234,56", "1,234.56", "1 234"])
def test_a_number_written_in_another_way_is_told_with_the_options(raw: str) -> None:
    """Who meets a comma is told which keys read it."""
    error = refused(Product, PRODUCT + 'available = "n"', {"s": 1, "n": raw})
    assert "should be a decimal number (or say `decimal_comma` or `thousands`), there is text" in error.message


@pytest.mark.parametrize(
    ("raw", "number"), [("2.675", "2.68"), (2749.1299999999997, "2749.13"), ("-0.005", "-0.01"), (10**50, "1e50")]
)
def test_rounding_is_half_up(raw: Any, number: str) -> None:
    """`round` rounds as accountants do, on the decimal digits, whatever the size."""
    assert available(raw, ", round = 2") == Decimal(number)


def test_an_integer_is_asked_for() -> None:
    """`as = "integer"` refuses fractions of a number that has none."""
    assert available("12", ', as = "integer"') == 12
    refused(Product, PRODUCT + 'available = { path = "n", as = "integer" }', {"s": 1, "n": "12.5"})


def total(options: str, **item: Any) -> Money | None:
    """The amount that the item is read as."""
    value: Money | None = read(Order, ORDER + f'total = {{ path = "t"{options} }}', {"id": 1, **item}).total
    return value


def test_money_comes_from_two_paths() -> None:
    """The currency is told by the record."""
    found = total(', currency_path = "c"', t="69288.91000000", c="JPY")
    assert found == Money(Decimal("69288.91000000"), "JPY")


@pytest.mark.parametrize(("code", "currency"), [("eur", "EUR"), ("XTS", "XTS"), ("Usd", "USD")])
def test_any_currency_of_three_letters_is_taken(code: str, currency: str) -> None:
    """Codes are written in capitals; a code that is not in the list is still a currency."""
    assert total(', currency_path = "c"', t="1", c=code) == Money(Decimal(1), currency)


@pytest.mark.parametrize("code", ["€", "EURO", "12", 978, True, [], {"code": "EUR"}, "EU", "É€R", "ßa"])
def test_what_is_no_currency_is_refused(code: Any) -> None:
    """A symbol or number is not guessed to be a currency."""
    error = refused(Order, ORDER + 'total = { path = "t", currency_path = "c" }', {"id": 1, "t": "1", "c": code})
    assert "currency code" in error.message


def test_a_missing_currency_is_an_error_unless_there_is_a_default() -> None:
    """An amount without a currency is no money; `currency` beside `currency_path` stands in."""
    fields = ORDER + 'total = { path = "t", currency_path = "c" }'
    assert "currency" in refused(Order, fields, {"id": 1, "t": "1"}).details["expected"]
    assert total(', currency_path = "c", currency = "EUR"', t="1", c="") == Money(Decimal(1), "EUR")
    assert total(', currency_path = "c", currency = "EUR"', t="1", c="GBP") == Money(Decimal(1), "GBP")


def test_a_missing_amount_is_null_whatever_the_currency() -> None:
    """Null stays null, even beside a currency that would not fit."""
    assert total(', currency_path = "c"', t=None, c="€") is None
    assert total(', currency_path = "c"', t="", c=None) is None


def test_a_default_amount_is_in_the_records_currency() -> None:
    """`default` is an amount; its currency is found as for the others."""
    assert total(', currency_path = "c", default = 0', c="USD") == Money(Decimal(0), "USD")


@pytest.mark.parametrize(
    ("code", "minor", "amount"),
    [
        ("EUR", 1234, "12.34"),
        ("JPY", 1234, "1234"),
        ("KWD", "1234", "1.234"),
        ("CLF", -1234, "-0.1234"),
        ("USD", 5.0, "0.05"),
    ],
)
def test_minor_units_are_scaled_by_the_currency(code: str, minor: Any, amount: str) -> None:
    """The smallest unit is a hundredth, a thousandth or a whole, as ISO 4217 says for the currency."""
    assert total(', as = "minor-units", currency_path = "c"', t=minor, c=code) == Money(Decimal(amount), code)


def test_minor_units_of_many_digits_stay_exact() -> None:
    """No context precision rounds a long amount."""
    minor = 10**39 + 1
    assert total(', as = "minor-units", currency = "EUR"', t=minor) == Money(Decimal(f"1{'0' * 37}.01"), "EUR")


@pytest.mark.parametrize(("minor", "code"), [("12.5", "EUR"), (12.5, "EUR"), ("", None), (1, "XAU"), (1, "ZZZ")])
def test_minor_units_that_cannot_be_scaled_are_refused(minor: Any, code: str | None) -> None:
    """A fraction of the smallest unit, or a currency that has none, is an error; null is null."""
    fields = ORDER + 'total = { path = "t", as = "minor-units", currency_path = "c" }'
    if minor == "":
        assert read(Order, fields, {"id": 1, "t": minor, "c": code}).total is None
    else:
        refused(Order, fields, {"id": 1, "t": minor, "c": code})


@pytest.mark.parametrize("minor", [0, -1, 1200, 10**18, 10**27 + 1, "1200", 1200.0])
def test_minor_units_are_written_alike_however_they_come(minor: Any) -> None:
    """The amount has the currency's decimals, zeros included, from small and large numbers and from texts."""
    found = total(', as = "minor-units", currency_path = "c"', t=minor, c="EUR")
    assert found is not None
    assert str(found.amount) == f"{Decimal(int(minor)).scaleb(-2):f}"
    assert found == total(', as = "minor-units", currency = "EUR"', t=minor)


def test_the_list_of_currencies_is_whole() -> None:
    """Codes are three capitals, each with the decimals of ISO 4217."""
    assert len(CODES) > 170
    assert all(len(code) == 3 and code.isupper() for code in CODES)
    assert {code: UNITS.get(code) for code in ("EUR", "JPY", "KWD", "CLF", "XAU")} == {
        "EUR": Decimal("0.01"), "JPY": Decimal(1), "KWD": Decimal("0.001"), "CLF": Decimal("0.0001"), "XAU": None,
    }  # fmt: skip


def test_a_quantity_may_be_a_fraction() -> None:
    """Lines are sold by the metre and by the kilogram."""
    fields = ORDER + 'lines = { each = "l", fields = { quantity = "q" } }'
    found = read(Order, fields, {"id": 1, "l": [{"q": "0.5"}, {"q": 1.25}, {"q": 3}]})
    assert found.lines == tuple(OrderLine(quantity=Decimal(q)) for q in ("0.5", "1.25", "3"))
