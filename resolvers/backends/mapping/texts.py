"""Texts, integers and booleans from what a payload holds. Every function raises Misfit for what does not fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from resolvers.backends.mapping.misfit import Misfit, shortened

LONGEST_NUMBER = 64
"""Characters of the longest number that is taken, and the largest power of ten: no amount needs more, attacks do."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,64}").fullmatch

TRUE = frozenset({"true", "t", "yes", "y", "on", "1"})
FALSE = frozenset({"false", "f", "no", "n", "off", "0"})


def text(raw: Any) -> str:
    """Text as it is; numbers with exactly their digits, dates in ISO 8601."""
    if isinstance(raw, str):
        return str(raw)
    if isinstance(raw, (int, float, Decimal)) and not isinstance(raw, bool):
        written = _number_text(raw)
        if written is not None:
            return written
    if isinstance(raw, date):
        return raw.isoformat()
    raise Misfit("text", raw)


def form(raw: Any) -> str | None:
    """One writing for what is equal, to compare with configured values: 1, 1.0 and "1" are alike. Null stays null."""
    if raw is None or raw.__class__ is str:
        return raw
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, (float, Decimal)):
        try:
            return str(integer(raw))
        except Misfit:
            return text(raw)
    return text(raw)


def integer(raw: Any) -> int:
    """A whole number: a JSON integer, its text, or a fraction of zero (5.0)."""
    if isinstance(raw, int) and not isinstance(raw, bool):
        return int(raw)
    if isinstance(raw, str) and _INTEGER(raw):
        return int(raw)
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < 1e18:
        return int(raw)
    if (
        isinstance(raw, Decimal)
        and raw.is_finite()
        and raw.adjusted() <= LONGEST_NUMBER
        and raw == raw.to_integral_value()
    ):
        return int(raw)
    raise Misfit("a whole number", raw)


def integer_text(raw: Any) -> str:
    """The canonical text of a whole number: "007" and 7.0 give "7"."""
    return str(integer(raw))


def boolean_text(raw: Any) -> str:
    """`true` or `false` for a boolean of any spelling: true, "Yes", 1, "off", "F"."""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    try:
        spelled = raw.lower() if isinstance(raw, str) else integer_text(raw)
    except Misfit:
        spelled = ""
    if spelled in TRUE:
        return "true"
    if spelled in FALSE:
        return "false"
    raise Misfit("a boolean (true, yes, on, 1 or false, no, off, 0)", raw)


def lines(raw: Any) -> tuple[str, ...]:
    """The lines of a text, or of a list of texts; trimmed, empty ones left out."""
    if raw.__class__ is str:
        return tuple([line.strip() for line in raw.splitlines() if line.strip()])
    parts = raw if isinstance(raw, (list, tuple)) else (raw,)
    found: list[str] = []
    for part in parts:
        if isinstance(part, (list, tuple, dict)):
            raise Misfit("text or a list of texts", raw)
        if part is not None:
            found.extend(line.strip() for line in text(part).splitlines())
    return tuple([line for line in found if line])


def values(
    table: Mapping[str, str],
    unknown: str,
    written: Callable[[Any], str | None] = form,
    words: Collection[str] = (),
) -> Callable[[Any], str | None]:
    """A conversion by a table. `unknown` is "error", "null", "keep" or the value that stands for every other one.

    What is kept has to be one of the `words`, where there are any.
    """
    known = dict(table)
    expected = _one_of(sorted(known))

    def convert(raw: Any) -> str | None:
        key = written(raw)
        if key in known:
            return known[key]
        if unknown == "error" or (unknown == "keep" and words and key not in words):
            raise Misfit(expected, raw)
        if unknown == "null":
            return None
        return key if unknown == "keep" else unknown

    return convert


def one_of(words: Collection[str]) -> Callable[[Any], str]:
    """Text that is one of the words, exactly."""
    expected = f"{_one_of(words)} (or say which is which in `values`)"

    def convert(raw: Any) -> str:
        if raw not in words:
            raise Misfit(expected, raw)
        return str(raw)

    return convert


def _one_of(words: Collection[str]) -> str:
    listed = [shortened(word) for word in words]
    return "one of " + ", ".join(listed[:10]) + (f" and {len(listed) - 10} more" if len(listed) > 10 else "")


def joined(separator: str) -> Callable[..., str | None]:
    """The given values as one text, nulls and empty ones left out; null when nothing is left."""

    def join(*raws: Any) -> str | None:
        parts = [text(raw) for raw in raws if raw is not None and raw != ""]
        return separator.join(parts) if parts else None

    return join


def _number_text(raw: float | Decimal) -> str | None:
    """The digits of a number; None for what is no number, or too long a one."""
    if isinstance(raw, int):
        return str(raw) if raw.bit_length() < 4 * LONGEST_NUMBER else None
    written = str(raw) if isinstance(raw, Decimal) else repr(raw)
    return written if written[-1].isdigit() and len(written) <= LONGEST_NUMBER else None
