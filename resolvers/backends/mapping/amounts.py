"""Numbers and money from what a payload holds, exactly: no binary fraction ever takes part.

Every function raises Misfit for what does not fit: NaN, infinities, thousands separators, digits of other scripts,
more than 64 digits.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import (
    ROUND_HALF_UP,
    Clamped,
    Context,
    Decimal,
    Inexact,
    InvalidOperation,
    Overflow,
    Rounded,
    Underflow,
)
from typing import Any

from resolvers.backends.mapping.currencies import UNITS
from resolvers.backends.mapping.misfit import Misfit
from resolvers.backends.mapping.texts import LONGEST_NUMBER, integer
from resolvers.records import Money

Convert = Callable[[Any], Any]

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?").fullmatch
_FOREIGN = re.compile(r"[+-]?[0-9]+(?:[,.' \u00a0\u202f][0-9]+)+", re.ASCII).fullmatch
_CODE = re.compile(r"[A-Za-z]{3}").fullmatch
_WIDE = Context(prec=4 * LONGEST_NUMBER)
"""The default context would round to 28 digits, or refuse to."""
_BOUNDED = Context(
    prec=LONGEST_NUMBER,
    Emin=-1,
    Emax=LONGEST_NUMBER,
    traps=[Clamped, Inexact, InvalidOperation, Overflow, Rounded, Underflow],
)
"""What is exact in it has no digit further than LONGEST_NUMBER places from the point, zeros included."""
bounded: Callable[[str], Decimal] = _BOUNDED.create_decimal
"""The Decimal of a JSON number, one that `decimal` takes as it is. Raises ArithmeticError for most that it would not,
and for some that it would."""
SMALL = tuple(map(Decimal, range(1000)))
"""The decimals of small integers, which most quantities are."""


def decimal(raw: Any) -> Decimal:
    """A decimal number from a JSON number, the text of one, or a float (the digits that it prints)."""
    if raw.__class__ is str:
        return _from_text(raw, raw)
    if raw.__class__ is Decimal:
        if -LONGEST_NUMBER <= raw.adjusted() <= LONGEST_NUMBER and raw.is_finite():
            return raw
        raise Misfit("a decimal number", raw)
    if raw.__class__ is int:
        if raw.bit_length() < 3 * LONGEST_NUMBER:
            return Decimal(raw)
    elif isinstance(raw, float):
        return _from_text(repr(raw), raw)
    elif isinstance(raw, str):
        return _from_text(str(raw), raw)
    raise Misfit("a decimal number", raw)


def _from_text(written: str, raw: Any) -> Decimal:
    if len(written) <= LONGEST_NUMBER and _NUMBER(written):
        value = Decimal(written)
        if -LONGEST_NUMBER <= value.adjusted() <= LONGEST_NUMBER:
            return value
    comma = isinstance(raw, str) and _FOREIGN(raw)
    raise Misfit(f"a decimal number{' (or say `decimal_comma` or `thousands`)' if comma else ''}", raw)


def decimal_comma(raw: Any) -> Decimal:
    """As `decimal`, but texts have a comma where the others have a point; a point in them is refused."""
    if not isinstance(raw, str):
        return decimal(raw)
    if "." in raw:
        raise Misfit("a decimal number with a comma", raw)
    return _from_text(raw.replace(",", ".", 1), raw)


def grouped(convert: Convert, sign: str) -> Convert:
    """The conversion of texts whose digits before the decimals may stand in groups of three, the sign between them.

    Groups of another length are refused: 1.23 is not 123.
    """
    signs = "[ \u00a0\u202f]" if sign == " " else re.escape(sign)
    groups = re.compile(rf"([+-]?[0-9]{{1,3}}(?:{signs}[0-9]{{3}})+)((?:[.,][0-9]*)?)", re.ASCII).fullmatch
    expected = f"a number with {sign!r} between thousands"

    def convert_groups(raw: Any) -> Decimal:
        if isinstance(raw, str) and re.search(signs, raw):
            found = groups(raw)
            if found is None:
                raise Misfit(expected, raw)
            raw = re.sub(signs, "", found[1]) + found[2]
        value: Decimal = convert(raw)
        return value

    return convert_groups


def whole(raw: Any) -> Decimal:
    """A whole number as a decimal."""
    return Decimal(integer(raw))


def rounded(convert: Convert, places: int) -> Convert:
    """The conversion with its result rounded half up to so many decimals."""
    step = Decimal(1).scaleb(-places)

    def convert_and_round(raw: Any) -> Decimal:
        value: Decimal = convert(raw)
        return value.quantize(step, rounding=ROUND_HALF_UP, context=_WIDE)

    return convert_and_round


def currency(fixed: str | None) -> Convert:
    """A currency code (ISO 4217, three letters, any case); `fixed` where the backend tells none."""

    def convert(raw: Any) -> str:
        if raw is None or raw == "":
            if fixed is not None:
                return fixed
            raise Misfit("a currency code at `currency_path` (^. leads out of an entry of a list)", raw)
        if isinstance(raw, str) and _CODE(raw):
            return raw.upper()
        raise Misfit("a currency code of three letters", raw)

    return convert


def money(amount_of: Convert, currency_of: Convert) -> Callable[..., Money | None]:
    """Money from an amount and, where one is told, a currency; null when the amount is null."""

    def convert(amount: Any, code: Any = None) -> Money | None:
        value = amount_of(amount)
        return None if value is None else Money(value, currency_of(code))

    return convert


def minor_units(amount_of: Convert, currency_of: Convert) -> Callable[..., Money | None]:
    """Money from a whole number of the currency's smallest unit: 1234 is 12.34 EUR, 1234 JPY, 1.234 KWD."""

    def convert(amount: Any, code: Any = None) -> Money | None:
        value = amount_of(amount)
        if value is None:
            return None
        currency_code: str = currency_of(code)
        unit = UNITS.get(currency_code)
        if unit is None:
            raise Misfit("a currency whose smallest unit ISO 4217 tells", currency_code)
        return Money(_WIDE.multiply(value, unit), currency_code)

    return convert
