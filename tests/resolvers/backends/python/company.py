"""Adapters as a company would write them; `Customers.last` is the object that was made last."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from resolvers.backends.adapter import Arguments, Caller, Item, Listing
from resolvers.records import Address, Customer, Money


class Customers:
    """A CRM in a dict: c1 as a record, c2 as a mapping, c3 with a name that is no text."""

    accepts: ClassVar[Mapping[str, set[str]]] = {"list": {"status"}}
    last: ClassVar[Customers]

    def __init__(self) -> None:
        Customers.last = self
        self.events: list[Any] = []
        self.callers: list[Caller] = []
        self.fails: Exception | None = None
        self.hangs = False
        self.rows: dict[str, Item] = {
            "c1": Customer(id="c1", name="Ada", addresses=(Address(city="London", lines=("1 Analytical Row",)),)),
            "c2": {"id": "c2", "name": "Grace", "created_at": datetime(2026, 1, 2, tzinfo=UTC), "status": "ACTIVE"},
            "c3": {"id": "c3", "name": {"first": "Alan"}},
        }

    async def open(self) -> None:
        self.events.append("open")

    async def close(self) -> None:
        self.events.append("close")

    async def by_ids(self, keys: Sequence[str], args: Arguments, caller: Caller) -> Iterable[Item]:
        self.events.append(tuple(keys))
        self.callers.append(caller)
        if self.fails is not None:
            raise self.fails
        if self.hangs:
            await asyncio.Event().wait()
        return [self.rows[key] for key in keys if key in self.rows]

    async def list(self, first: int, after: str | None, args: Arguments, caller: Caller) -> Listing:
        self.events.append((first, after, dict(args)))
        rows = list(self.rows.values())
        start = int(after or 0)
        return Listing(rows[start : start + first], has_next=start + first < len(rows), total=len(rows))


class Misspelt(Customers):
    accepts: ClassVar[Mapping[str, set[str]]] = {"list": {"statuss"}}


class Worded(Customers):
    accepts: ClassVar[Any] = {"list": "status"}


class Unfounded(Customers):
    accepts: ClassVar[Mapping[str, set[str]]] = {"lists": {"status"}}


_TOTAL = Money(Decimal("9.50"), "EUR")


class Invoices:
    """Accounting that gives its whole list and words of its own."""

    rows = (
        {"id": "i1", "customer_id": "c1", "state": "C", "issued_on": date(2026, 5, 1), "total": _TOTAL},
        {"id": "i2", "customer_id": "c1", "state": "O", "total": {"amount": "3", "currency": "JPY"}},
        {"id": "i3", "customer_id": "c2", "state": "O"},
    )

    async def by_customers(self, keys: Sequence[str], args: Arguments, caller: Caller) -> Iterable[Item]:
        return [row for row in self.rows if row["customer_id"] in keys]

    async def list(self, first: int, after: str | None, args: Arguments, caller: Caller) -> Iterable[Item]:
        return self.rows


class Blocking:
    """Not an adapter: its method is not async."""

    def by_ids(self, keys: Sequence[str], args: Arguments, caller: Caller) -> Iterable[Item]:
        return []


class Unmakeable:
    """Cannot be made."""

    def __init__(self) -> None:
        raise RuntimeError("no connection string")

    async def by_ids(self, keys: Sequence[str], args: Arguments, caller: Caller) -> Iterable[Item]:
        return []
