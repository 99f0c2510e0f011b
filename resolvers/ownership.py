"""Whose record it is. The one rule that keeps customers apart, applied where records leave the backends.

A principal with a customer claim sees its own customer, orders and invoices only. Another's record answers exactly
like one that does not exist, so existence is not told either: not by a record, and not by an error about one.
Products belong to nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from resolvers.errors import BackendContract
from resolvers.records import Customer, Invoice, Order, Product

OWNER_OF: dict[type, Callable[[Any], str | None]] = {
    Customer: attrgetter("id"),
    Order: attrgetter("customer_id"),
    Invoice: attrgetter("customer_id"),
}
"""The customer that a record belongs to; `None` (the backend does not tell) belongs to nobody who is limited."""
PUBLIC: tuple[type, ...] = (Product,)
"""Records that belong to nobody."""


def may_see(customer: str | None, record: Any) -> bool:
    """Whether a principal with this customer claim (None: not limited) may see the record.

    Adapters may answer with subclasses of our records; what is none of them is shown to nobody who is limited.
    """
    if customer is None:
        return True
    owner = _owner(type(record))
    return isinstance(record, PUBLIC) if owner is None else owner(record) == customer


def owner_of(record: Any) -> str | None:
    """The customer that the record belongs to; None where it belongs to nobody, or nobody knows to whom."""
    owner = _owner(type(record))
    return None if owner is None else owner(record)


def _owner(kind: type) -> Callable[[Any], str | None] | None:
    return OWNER_OF.get(kind) or next((OWNER_OF[base] for base in kind.__mro__ if base in OWNER_OF), None)


def shown_to(customer: str, answer: Any, record_type: type, *, own_key: bool) -> Any:
    """What a principal limited to this customer is answered where one record was asked for: it, its error, or None."""
    if isinstance(answer, BackendContract):
        return told_to(customer, answer, record_type, own_key=own_key)
    return answer if answer is None or isinstance(answer, Exception) or may_see(customer, answer) else None


def told_to(customer: str, error: BackendContract, record_type: type, *, own_key: bool) -> BackendContract | None:
    """What a principal limited to this customer is told of a record that does not fit; None: nothing.

    `own_key` says that the record answers a key of the principal's own, or may do so. Then there is always an error,
    but its words are the record's only when the record is known to be the principal's.
    """
    remains = error.remains
    if remains is None or record_type in PUBLIC:
        return error
    owner = OWNER_OF[record_type](remains)
    if owner == customer:
        return error
    if owner is not None or not own_key:
        return None
    return BackendContract(
        f"{error.backend} {error.operation}: a record does not fit",
        backend=error.backend,
        operation=error.operation,
        cause="mapping",
    )
