"""Whose record it is. The one rule that keeps customers apart, applied where records leave the backends.

A principal with a customer claim sees its own customer, orders and invoices only. Another's record answers exactly
like one that does not exist, so existence is not told either. Products belong to nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from resolvers.records import Customer, Invoice, Order

OWNER_OF: dict[type, Callable[[Any], str | None]] = {
    Customer: attrgetter("id"),
    Order: attrgetter("customer_id"),
    Invoice: attrgetter("customer_id"),
}
"""The customer that a record belongs to; `None` (the backend does not tell) belongs to nobody who is limited."""


def may_see(customer: str | None, record: Any) -> bool:
    """Whether a principal with this customer claim (None: not limited) may see the record."""
    if customer is None:
        return True
    owner = OWNER_OF.get(type(record))
    return owner is None or owner(record) == customer
