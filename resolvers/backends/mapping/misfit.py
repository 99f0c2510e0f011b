"""A value that does not fit: raised where it is noticed, told to the caller as a BackendContract by the reader."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

SHOWN = 24
"""How many characters of a value an error shows: enough to recognise a format, too few to carry a document."""


class Misfit(Exception):
    """What was expected, what came and in which field.

    `structural` ones are about a parent of the value: they show the kind of what came, never its content.
    """

    def __init__(self, expected: str, came: object, *, structural: bool = False) -> None:
        super().__init__(expected)
        self.expected = expected
        self.came = came
        self.structural = structural
        self.field = ""

    def within(self, field: str) -> Misfit:
        """The same misfit with the name of the field or the index of the list that holds it put in front."""
        separator = "." if self.field and not self.field.startswith("[") else ""
        self.field = f"{field}{separator}{self.field}"
        return self

    def describe(self, *, private: bool) -> str:
        """What came: its kind and, unless it is private, a shortened value."""
        kind, shown = _kind_and_value(self.came)
        return kind if private or self.structural or not shown else f"{kind} {shown}"


def _kind_and_value(came: object) -> tuple[str, str]:
    if came is None:
        return "nothing", ""
    if isinstance(came, bool):
        return "boolean", "true" if came else "false"
    if isinstance(came, str):
        return "text", shortened(came)
    if isinstance(came, int):
        # Python refuses to print integers of thousands of digits, so the huge ones stay unprinted.
        return "number", str(came) if came.bit_length() < 80 else ""
    if isinstance(came, (float, Decimal)):
        return "number", str(came)[:SHOWN]
    if isinstance(came, datetime):
        return "date and time", came.isoformat()
    if isinstance(came, date):
        return "date", came.isoformat()
    if isinstance(came, dict):
        return "object", ""
    if isinstance(came, (list, tuple)):
        return f"list of {len(came)}", ""
    return type(came).__name__, ""


def shortened(text: str) -> str:
    """The text in quotes, its control characters escaped, cut after a few characters."""
    return repr(text) if len(text) <= SHOWN else f"{text[:SHOWN]!r}…"
