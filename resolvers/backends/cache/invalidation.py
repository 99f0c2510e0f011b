"""What has to be forgotten before its time, by tag: `customer:c7`, `order:o70`, `product:SKU-1`, `invoice:i12`.

An invalidation is a moment: entries that carry the tag and are older are misses. Nothing is searched or deleted, so it
costs the same whatever the number of entries, and it is exact for entries that are being written right now.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from resolvers.records import Customer, Invoice, Order, Product

OWN_TAG = {"customers": "customer", "orders": "order", "products": "product", "stock": "product", "invoices": "invoice"}
KEY_TAG = {"by_customers": "customer", "by_orders": "order"}
"""What an operation's keys are, where they are not the records' own ids."""


def tag_of_key(operation: str, key: str) -> str:
    """The tag of what an operation was asked by; it tags absences and empty lists too."""
    domain, _, name = operation.partition(".")
    return f"{KEY_TAG.get(name, OWN_TAG[domain])}:{key}"


def tags_of(value: Any) -> Iterable[str]:
    """Every tag that an answer carries: of its records and of the records that they belong to."""
    if isinstance(value, tuple | list):
        for record in value:
            yield from tags_of(record)
    elif isinstance(value, Customer):
        yield f"customer:{value.id}"
    elif isinstance(value, Order):
        yield f"order:{value.id}"
        yield f"customer:{value.customer_id}"
    elif isinstance(value, Invoice):
        yield f"invoice:{value.id}"
        yield f"order:{value.order_id}"
        yield f"customer:{value.customer_id}"
    elif isinstance(value, Product):
        yield f"product:{value.sku}"


class Invalidations:
    """The invalidations that still matter. Empty nearly always, and then it costs nothing."""

    def __init__(self, keep: float = 86_400.0) -> None:
        self._moments: dict[str, float] = {}
        self._latest: dict[str, float] = {}
        self._keep = keep

    def __bool__(self) -> bool:
        return bool(self._moments)

    def add(self, tags: Iterable[str], moment: float) -> None:
        """Forget what is older than `moment` (seconds of the epoch) and carries one of these tags."""
        for tag in tags:
            kind = tag.partition(":")[0]
            self._moments[tag] = max(moment, self._moments.get(tag, 0.0))
            self._latest[kind] = max(moment, self._latest.get(kind, 0.0))
        oldest = moment - self._keep
        if len(self._moments) > 1000:
            self._moments = {tag: at for tag, at in self._moments.items() if at >= oldest}

    def covers_list(self, operation: str, stored_at: float) -> bool:
        """Whether a page of a list is older than an invalidation of its kind: the record may belong on it now."""
        return stored_at <= self._latest.get(OWN_TAG[operation.partition(".")[0]], 0.0)

    def covers(self, operation: str, key: str, value: Any, stored_at: float) -> bool:
        """Whether an entry stored at that time has been invalidated since."""
        moments = self._moments
        if stored_at <= moments.get(tag_of_key(operation, key), 0.0):
            return True
        return any(stored_at <= moments.get(tag, 0.0) for tag in tags_of(value))
