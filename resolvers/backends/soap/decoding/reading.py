"""Texts of XSD built-in types → Python values (XML Schema part 2, §3). Strict: what does not fit raises ValueError.

Floats are read as `Decimal`, since money often comes as xsd:double. Types that Python has no clear value for (xsd:time,
xsd:duration, xsd:gYear …) stay texts.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import partial
from typing import Any

from resolvers.backends.soap.types import Scalar

FromText = Callable[[str], Any]

_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_ZONE = r"(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])?"
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})" + _ZONE)
_DATETIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?)?(" + _ZONE + r")"
)
_SPACE = " \t\r\n"
_SPACES = re.compile(f"[{_SPACE}]+")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_FLOAT_WORDS = {"INF": "Infinity", "+INF": "Infinity", "-INF": "-Infinity", "NaN": "NaN"}

INTEGERS = frozenset(
    [
        "integer",
        "long",
        "int",
        "short",
        "byte",
        "nonNegativeInteger",
        "positiveInteger",
        "nonPositiveInteger",
        "negativeInteger",
        "unsignedLong",
        "unsignedInt",
        "unsignedShort",
        "unsignedByte",
    ]
)


def integer(text: str) -> int:
    """xsd:integer and all that derive from it."""
    if not (text.isdigit() and text.isascii()):
        text = text.strip(_SPACE)
        if not _INTEGER.fullmatch(text):
            raise ValueError("not an integer")
    return int(text)


def decimal(text: str) -> Decimal:
    """xsd:decimal, of any number of digits."""
    if not (text.replace(".", "", 1).isdigit() and text.isascii()):
        text = text.strip(_SPACE)
        if not _DECIMAL.fullmatch(text):
            raise ValueError("not a decimal")
    return Decimal(text)


def floating(text: str) -> Decimal:
    """xsd:float and xsd:double, with the digits that came, within the range of a double.

    A larger exponent is no double, and written out without one it would fill the memory.
    """
    text = text.strip(_SPACE)
    if not _FLOAT.fullmatch(text):
        text = _FLOAT_WORDS.get(text, "")
        if not text:
            raise ValueError("not a number")
    value = Decimal(text)
    if value.is_finite() and not -400 < value.adjusted() < 309:
        raise ValueError("out of the range of a double")
    return value


def boolean(text: str) -> bool:
    """xsd:boolean: four spellings and no more."""
    try:
        return _BOOLEANS[text]
    except KeyError:
        pass
    try:
        return _BOOLEANS[text.strip(_SPACE)]
    except KeyError:
        raise ValueError("not a boolean") from None


def day(text: str) -> date:
    """xsd:date. Its zone, where it has one, says nothing about the calendar day and is dropped."""
    if not (len(text) == 10 and text[4] == text[7] == "-"):
        found = _DATE.fullmatch(text.strip(_SPACE))
        if not found:
            raise ValueError("not a date")
        text = found[1]
    return date.fromisoformat(text)


def instant(text: str, zone: tzinfo | None = None) -> datetime:
    """xsd:dateTime; `zone` is that of values that tell none. Digits below a microsecond are cut.

    Two spellings beyond the specification are common and clear, and read: a blank for the T, and a date alone.
    """
    if (
        len(text) == 20
        and text[4] == text[7] == "-"
        and text[10] == "T"
        and text[13] == text[16] == ":"
        and text[19] == "Z"
    ):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass  # 24:00:00 is read below
    found = _DATETIME.fullmatch(text.strip(_SPACE))
    if not found:
        raise ValueError("not a date and time")
    first, clock, fraction, offset = found.groups()
    clock = clock or "00:00:00"
    midnight = clock == "24:00:00" and not (fraction or "").strip("0")
    if midnight:
        clock = "00:00:00"
    value = datetime.fromisoformat(f"{first}T{clock}{'.' + fraction[:6].ljust(6, '0') if fraction else ''}{offset}")
    if midnight:
        value += timedelta(days=1)
    if value.tzinfo is None and zone is not None:
        value = value.replace(tzinfo=zone)
    return value


def base64(text: str) -> bytes:
    """xsd:base64Binary, with any line breaks."""
    try:
        return binascii.a2b_base64(_SPACES.sub("", text), strict_mode=True)
    except binascii.Error as exc:
        raise ValueError("not base64") from exc


def hexadecimal(text: str) -> bytes:
    """xsd:hexBinary."""
    try:
        return binascii.unhexlify(text.strip(_SPACE))
    except binascii.Error as exc:
        raise ValueError("not hexadecimal") from exc


def collapsed(text: str) -> str:
    """Types whose white space does not count (XML Schema part 2, §4.3.6)."""
    return _SPACES.sub(" ", text).strip(" ")


def replaced(text: str) -> str:
    """xsd:normalizedString."""
    return text.replace("\t", " ").replace("\n", " ").replace("\r", " ")


_PLAIN = frozenset({"string", "anySimpleType", "anyType"})
_READERS: dict[str, FromText] = {
    **dict.fromkeys(INTEGERS, integer),
    "decimal": decimal,
    "float": floating,
    "double": floating,
    "boolean": boolean,
    "date": day,
    "base64Binary": base64,
    "hexBinary": hexadecimal,
    "normalizedString": replaced,
}


def from_text(scalar: Scalar, zone: tzinfo | None = None) -> FromText | None:
    """The reader of a simple type, which raises ValueError or ArithmeticError; None for texts that stay as they are."""
    if scalar.base == "list" and scalar.item is not None:
        return partial(_listed, from_text(scalar.item, zone) or str)
    if scalar.base == "union":
        return partial(_first_that_fits, tuple(from_text(member, zone) or str for member in scalar.members))
    if scalar.base in _PLAIN:
        return None
    if scalar.base == "dateTime":
        return instant if zone is None else partial(instant, zone=zone)
    return _READERS.get(scalar.base, collapsed)


def is_text(scalar: Scalar) -> bool:
    """Whether an empty element of this type is an empty text (of numbers and dates it is nothing)."""
    return scalar.base in _PLAIN or scalar.base in ("normalizedString", "token")


def _listed(read: FromText, text: str) -> list[Any]:
    return [read(part) for part in _SPACES.split(text.strip(_SPACE)) if part]


def _first_that_fits(readers: tuple[FromText, ...], text: str) -> Any:
    for read in readers:
        try:
            return read(text)
        except (ValueError, ArithmeticError):
            continue
    raise ValueError("fits no member of the union")
