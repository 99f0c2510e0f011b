"""The way of one value: null or not, its conversion, what stands in for null, and what an error means."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from resolvers.backends.mapping.misfit import Misfit
from resolvers.backends.mapping.texts import form

Convert = Callable[..., Any]
EMPTY = frozenset({""})
"""What means null unless the configuration says otherwise: the empty text."""


def null_test(empty: frozenset[str], null_if: re.Pattern[str] | None) -> Callable[[Any], bool]:
    """Whether a value means null: null itself, one of the `empty` writings, or a text in which `null_if` is found."""

    def is_null(raw: Any) -> bool:
        if raw is None:
            return True
        if isinstance(raw, (dict, list, tuple)):
            return False
        if null_if is not None and isinstance(raw, str) and null_if.search(raw):
            return True
        try:
            return form(raw) in empty
        except Misfit:
            return False

    return is_null


def one_value(
    base: Convert, *, is_null: Callable[[Any], bool] | None, strip: bool, default: Any, required: bool
) -> Convert:
    """The conversion of one raw value. `is_null` is None where only null and the empty text mean null."""

    def convert(raw: Any) -> Any:
        if strip and raw.__class__ is str:
            raw = raw.strip()
        value = None if (raw is None or raw == "" if is_null is None else is_null(raw)) else base(raw)
        if value is None:
            if required:
                raise Misfit("a value", raw)
            return default
        return value

    return convert


def first_of(is_null: Callable[[Any], bool] | None) -> Convert:
    """The first of the raw values that is not null."""
    tested = is_null or null_test(EMPTY, None)
    return lambda *raws: next((raw for raw in raws if not tested(raw)), None)


def combined(combine: Convert, count: int, convert: Convert) -> Convert:
    """The conversion of what the first `count` raw values combine to; the rest (a currency) follows unchanged."""
    return lambda *raws: convert(combine(*raws[:count]), *raws[count:])


def called(function: Callable[[Any], Any], name: str, convert: Convert) -> Convert:
    """The conversion of what a Python function makes of the whole item."""

    def convert_item(item: Any) -> Any:
        try:
            raw = function(item)
        except Exception as exc:  # other people's code may raise anything; the record says so
            raise Misfit(f"an answer of {name}", exc) from exc
        return convert(raw)

    return convert_item


def forgiving(convert: Convert, instead: Any) -> Convert:
    """The conversion with `instead` for what does not fit (`on_error = "null"`)."""

    def convert_or_not(*raws: Any) -> Any:
        try:
            return convert(*raws)
        except Misfit:
            return instead

    return convert_or_not
