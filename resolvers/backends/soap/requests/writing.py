"""Python values and texts → texts of XSD built-in types. Typed: what does not fit is refused before it is sent."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from resolvers.backends.soap.decoding import reading
from resolvers.backends.soap.problems import ArgumentProblem, shape
from resolvers.backends.soap.types import Scalar

ToText = Callable[[Any], str]

_RANGES: dict[str, tuple[int | None, int | None]] = {
    "integer": (None, None),
    "long": (-(2**63), 2**63 - 1),
    "int": (-(2**31), 2**31 - 1),
    "short": (-(2**15), 2**15 - 1),
    "byte": (-(2**7), 2**7 - 1),
    "nonNegativeInteger": (0, None),
    "positiveInteger": (1, None),
    "nonPositiveInteger": (None, 0),
    "negativeInteger": (None, -1),
    "unsignedLong": (0, 2**64 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedByte": (0, 2**8 - 1),
}
_SPECIAL = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# XML 1.0 §2.2: these characters cannot be written, not even as references.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def to_text(scalar: Scalar) -> ToText:
    """The writer of a simple type: value → text, not yet escaped. It raises ArgumentProblem."""
    base = scalar.base
    if base == "list" and scalar.item is not None:
        item = to_text(scalar.item)
        return lambda value: " ".join(map(item, value if isinstance(value, (list, tuple)) else (value,)))
    if base == "union":
        return _union([to_text(member) for member in scalar.members])
    if base in _RANGES:
        low, high = _RANGES[base]
        return lambda value: _integer(value, base, low, high)
    return _WRITERS.get(base, plain)


def plain(value: Any) -> str:
    """Any scalar as text, as the types of XSD spell it."""
    if isinstance(value, str):
        if _UNWRITABLE.search(value):
            raise ArgumentProblem("a text holds a character that XML cannot carry")
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Decimal)):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    if isinstance(value, datetime):
        return _dated(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return repr(value)
    raise ArgumentProblem(f"a {type(value).__name__} cannot be sent as a text")


def are_plain(values: Sequence[Any]) -> bool:
    """Whether all values are texts that need no escaping: the usual keys are, and need no second look each."""
    try:
        return _SPECIAL.search("".join(values)) is None
    except TypeError:
        return False


def escape(text: str) -> str:
    """Text for the content of an element (XML 1.0 §2.4). A carriage return is kept from being read as a line end."""
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    if ">" in text:
        text = text.replace(">", "&gt;")
    return text.replace("\r", "&#13;") if "\r" in text else text


def escape_attribute(text: str) -> str:
    """Text for an attribute in double quotes."""
    return escape(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")


def _refused(value: Any, base: str) -> ArgumentProblem:
    came = shape(value) if isinstance(value, str) else f"a {type(value).__name__}"
    return ArgumentProblem(f"{came} cannot be sent as xsd:{base}")


def _union(members: list[ToText]) -> ToText:
    def write(value: Any) -> str:
        for member in members:
            try:
                return member(value)
            except ArgumentProblem:
                continue
        raise ArgumentProblem("a value fits no member of its union type")

    return write


def _integer(value: Any, base: str, low: int | None, high: int | None) -> str:
    if isinstance(value, str):
        try:
            value = reading.integer(value)
        except ValueError:
            raise _refused(value, base) from None
    elif isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        value = int(value)
    elif isinstance(value, bool) or not isinstance(value, int):
        raise _refused(value, base)
    if (low is not None and value < low) or (high is not None and value > high):
        raise ArgumentProblem(f"a number is out of the range of xsd:{base}")
    return str(value)


def _decimal(value: Any) -> str:
    if isinstance(value, str):
        try:
            value = reading.decimal(value)
        except ValueError:
            raise _refused(value, "decimal") from None
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise _refused(value, "decimal")
    value = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not value.is_finite():
        raise ArgumentProblem("a number that is not finite cannot be sent as xsd:decimal")
    return format(value, "f")


def _float(value: Any) -> str:
    if isinstance(value, str):
        try:
            value = reading.floating(value)
        except ValueError:
            raise _refused(value, "double") from None
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise _refused(value, "double")
    value = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if value.is_nan():
        return "NaN"
    if value.is_infinite():
        return "INF" if value > 0 else "-INF"
    return str(value)


def _boolean(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        try:
            return "true" if reading.boolean(value) else "false"
        except ValueError:
            pass
    raise _refused(value, "boolean")


def _date(value: Any) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    try:
        reading.day(value)
    except (TypeError, ValueError):
        raise _refused(value, "date") from None
    return str(value).strip()


def _datetime(value: Any) -> str:
    if isinstance(value, datetime):
        return _dated(value)
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00"
    try:
        moment = reading.instant(value)
    except (TypeError, ValueError):
        raise _refused(value, "dateTime") from None
    return _dated(moment)


def _dated(value: datetime) -> str:
    text = value.isoformat()
    return text[:-6] + "Z" if text.endswith("+00:00") else text


def _base64(value: Any) -> str:
    if isinstance(value, bytes):
        return b64encode(value).decode("ascii")
    try:
        reading.base64(value)
    except (TypeError, ValueError):
        raise _refused(value, "base64Binary") from None
    return str(value)


def _hexadecimal(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex().upper()
    try:
        reading.hexadecimal(value)
    except (TypeError, ValueError):
        raise _refused(value, "hexBinary") from None
    return str(value).strip()


_WRITERS: dict[str, ToText] = {
    "decimal": _decimal,
    "float": _float,
    "double": _float,
    "boolean": _boolean,
    "date": _date,
    "dateTime": _datetime,
    "base64Binary": _base64,
    "hexBinary": _hexadecimal,
}
