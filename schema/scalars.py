"""How values of the graph are written: exact decimals as text, instants and days in ISO 8601."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from graphql import GraphQLError, GraphQLSchema
from msgspec import to_builtins
from strawberry.types.scalar import ScalarDefinition, scalar

from resolvers.errors import BadUserInput

DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
INSTANT = re.compile(DAY.pattern + r"T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE)


def write_decimal(value: Any) -> str:
    """Plain digits without an exponent, as many as the backend told."""
    if type(value) is not Decimal:
        raise GraphQLError(f"Decimal cannot represent a value of type {type(value).__name__}")
    text = str(value)
    return format(value, "f") if "E" in text else text


def read_decimal(value: Any) -> Decimal:
    """From text or an integer. A float is refused: its digits are not what the user typed."""
    if isinstance(value, str | int) and not isinstance(value, bool):
        try:
            number = Decimal(value)
        except InvalidOperation:
            number = Decimal("NaN")
        if number.is_finite():
            return number
    raise BadUserInput('Decimal must be a decimal number as text, such as "12.50"')


def write_datetime(value: Any) -> str:
    """ISO 8601 with its offset; UTC is written as Z."""
    if type(value) is datetime and value.tzinfo is UTC:
        instant: str = to_builtins(value)
        return instant
    if type(value) is not datetime or value.tzinfo is None:
        raise GraphQLError(f"DateTime cannot represent a value of type {type(value).__name__} or without a zone")
    text = value.isoformat()
    return text[:-6] + "Z" if text.endswith("+00:00") else text


def read_datetime(value: Any) -> datetime:
    """RFC 3339, in UTC; seconds may be missing. A day alone, or a time without offset, could mean several instants."""
    if isinstance(value, str) and INSTANT.fullmatch(value):
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise BadUserInput("DateTime must be an instant with its offset, such as 2026-03-01T12:00:00Z")


def write_date(value: Any) -> str:
    """ISO 8601, YYYY-MM-DD."""
    if type(value) is not date:
        raise GraphQLError(f"Date cannot represent a value of type {type(value).__name__}")
    day: str = to_builtins(value)  # the same text as `isoformat` in a third of its time
    return day


def read_date(value: Any) -> date:
    """ISO 8601, YYYY-MM-DD only."""
    if isinstance(value, str) and DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise BadUserInput("Date must be a day as YYYY-MM-DD")


SCALARS: dict[object, ScalarDefinition] = {
    Decimal: scalar(
        name="Decimal",
        description='An exact decimal number, as text: "12.50". Its digits are those of the system of record.',
        serialize=write_decimal,
        parse_value=read_decimal,
    ),
    datetime: scalar(
        name="DateTime",
        description="An instant, ISO 8601 with offset: 2026-03-01T12:00:00Z.",
        serialize=write_datetime,
        parse_value=read_datetime,
    ),
    date: scalar(
        name="Date",
        description="A calendar day, ISO 8601: 2026-03-01.",
        serialize=write_date,
        parse_value=read_date,
    ),
}

GLANCE = "bizgraph.glance"
"""Extension of a scalar: how the executor may write its usual values itself (gateway/execution/leaves.py)."""

_GLANCES: dict[str, tuple[type, Callable[[Any], str], str]] = {"Decimal": (Decimal, str, "E")}


def glance(schema: GraphQLSchema) -> None:
    """Leave on the scalars of the schema how their usual values are written, without a call of ours for each."""
    for name, usual in _GLANCES.items():
        schema.type_map[name].extensions[GLANCE] = usual
