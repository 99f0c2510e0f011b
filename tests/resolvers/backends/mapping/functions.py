"""Python functions that mappings under test name with `call`."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from resolvers.records import Money, StockLevel

SECRET = "s3cret-of-the-function"


def first_email(item: Any) -> str | None:
    """The first of several addresses in one text."""
    return item["email"].split(";")[0] if item["email"] else None


def broken(item: Any) -> str:
    """Raises what nobody expects."""
    raise RuntimeError(SECRET)


def number_text(item: Any) -> str:
    return str(item["n"])


def day(item: Any) -> date:
    return date(2026, 1, item["n"])


def amount(item: Any) -> Money:
    return Money(Decimal(item["n"]), "EUR")


def levels(item: Any) -> list[StockLevel]:
    return [StockLevel(warehouse=name) for name in item["names"]]


def city(item: Any) -> str:
    """Gets the object at `one`, not the item around it."""
    return str(item["town"]).title()


async def later(item: Any) -> str:
    return "too late"


class Rules:
    """A function may be an attribute of something."""

    @staticmethod
    def status(item: Any) -> str:
        return "PAID" if item["paid"] else "OPEN"


not_a_function = "text"
