"""How values that users make are written into requests, so that they stay values.

A value alone in a query parameter may be anything: it is percent-encoded. A value inside a longer text, such as a
filter expression, could change the meaning of that text: it may hold letters, digits and a few signs, or it has a
form that quotes it. Whatever cannot be written safely is refused with `Unsafe`, never altered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import quote

import orjson

from resolvers.backends.rest.placeholders import Slot, TemplateError

Encode = Callable[[str], str]
Write = Callable[[Sequence[str]], str]


class Unsafe(ValueError):
    """A value that cannot be written where it should go. The message does not repeat it."""


_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]*").fullmatch
_UNRESERVED_CSV: Final = re.compile(r"[A-Za-z0-9._~,-]*").fullmatch
_ISO: Final = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII
).fullmatch
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})").fullmatch
_UNQUOTABLE: Final = re.compile(r"[\x00-\x1f\x7f'\"`\\(),:;%]").search
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]").search

_PLAIN_CSV: Final = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?(?:,[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?)*"
).fullmatch
"""Values of letters and digits, with _ and - between them: every form but `integers` takes those."""


def percent(value: str) -> str:
    """Percent-encoded but for unreserved characters (RFC 3986 §2.3)."""
    if _UNRESERVED(value):
        return value
    try:
        return quote(value, safe="")
    except UnicodeEncodeError as error:
        raise Unsafe("it holds half of a surrogate pair") from error


def as_it_is(value: str) -> str:
    """For places that are encoded as a whole afterwards."""
    return value


def segment(value: str) -> str:
    """A value within the path. Refused is what servers and proxies take for another path (RFC 3986 §5.2.4)."""
    if value in {"", ".", ".."} or "/" in value or "\\" in value or _CONTROL(value):
        raise Unsafe("it cannot be part of a path")
    return percent(value)


def header_value(value: str) -> str:
    """A value within a header line (RFC 9110 §5.5)."""
    if not value.isprintable():
        raise Unsafe("it holds control characters")
    return value


def writer(slot: Slot, encode: Encode, *, alone: bool) -> Write:
    """What writes the values of a placeholder; `alone` says that nothing else is in the same parameter.

    Raises TemplateError where the form does not fit; what it returns raises Unsafe.
    """
    match slot.form:
        case None:
            return _single(encode if alone else _word(encode))
        case "like":
            return _single(_like(encode))
        case "csv":
            return _csv(encode, alone)
        case "integers":
            return lambda values: ",".join([_integer(value) for value in values])
        case "quoted":
            return _all_quoted(encode)
        case "odata":
            return lambda values: ",".join(
                [encode("'" + _printable(value).replace("'", "''") + "'") for value in values]
            )
        case "strings":
            return lambda values: ",".join([encode(json_text(value)) for value in values])
        case "json":
            return lambda values: encode(json_text(list(values)))
        case _:
            raise TemplateError(f"{{{slot.name}|{slot.form}}} must be the whole value of a query parameter")


def json_text(value: object) -> str:
    """Raises Unsafe for text that is not Unicode."""
    try:
        return orjson.dumps(value).decode()
    except TypeError as error:
        raise Unsafe("it holds half of a surrogate pair") from error


def _single(encode: Encode) -> Write:
    def write(values: Sequence[str]) -> str:
        if len(values) != 1:
            raise Unsafe("the backend takes one value at a time")
        return encode(values[0])

    return write


def _word(encode: Encode) -> Encode:
    def word(value: str) -> str:
        if not is_word(value):
            raise Unsafe("it holds characters that have a meaning in the backend's filter")
        return encode(value)

    return word


def is_word(value: str) -> bool:
    """Letters and digits of any script, `_ . - @`, or an RFC 3339 date or time: nothing with a meaning in a filter."""
    if _UNRESERVED(value):
        return "~" not in value and value != ""
    return all(sign.isalnum() or sign in "_.-@" for sign in value) or _ISO(value) is not None


def _like(encode: Encode) -> Encode:
    def words(value: str) -> str:
        if not value or not all(sign.isalnum() or sign in " .-@" for sign in value):
            raise Unsafe("it holds characters that have a meaning in the backend's search")
        return encode(value)

    return words


def _csv(encode: Encode, alone: bool) -> Write:
    def item(value: str) -> str:
        if not value or "," in value or not (alone or is_word(value)):
            raise Unsafe("it cannot be part of a list with commas")
        return encode(value)

    def write(values: Sequence[str]) -> str:
        plain = _plainly_joined(values) if encode is percent else None
        # The usual keys need no second look.
        if plain is not None and (alone or "~" not in plain):
            return plain
        return ",".join([item(value) for value in values])

    return write


def all_plain(values: Sequence[str]) -> bool:
    """Whether all values consist of letters and digits, with - and _ only between them."""
    return _joined(values, _PLAIN_CSV) is not None


def _plainly_joined(values: Sequence[str]) -> str | None:
    """The values with commas between them, where all consist of unreserved characters."""
    return _joined(values, _UNRESERVED_CSV)


def _joined(values: Sequence[str], fits: Callable[[str], object]) -> str | None:
    """The values with commas between them, where that text fits and none of them is empty."""
    joined = ",".join(values)
    # More commas than joints would mean that a value holds one.
    if fits(joined) and joined.count(",") == len(values) - 1 and "" not in values:
        return joined
    return None


def _integer(value: str) -> str:
    if not _INTEGER(value):
        raise Unsafe("it is not a whole number")
    return value


def _all_quoted(encode: Encode) -> Write:
    def write(values: Sequence[str]) -> str:
        plain = _plainly_joined(values)
        if plain is not None:
            return "'" + plain.replace(",", "','") + "'"
        return ",".join([_quoted(value, encode) for value in values])

    return write


def _quoted(value: str, encode: Encode) -> str:
    if not value or (_UNQUOTABLE(value) and not _ISO(value)):
        raise Unsafe("it holds characters that cannot be quoted for the backend")
    return "'" + encode(value) + "'"


def _printable(value: str) -> str:
    if _CONTROL(value):
        raise Unsafe("it holds control characters")
    return value
