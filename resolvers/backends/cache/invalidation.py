"""What has to be forgotten before its time, by tag: `customer:c7`, `order:o70`, `product:SKU-1`, `invoice:i12`.

An invalidation is a moment: entries that carry the tag and are older are misses. Nothing is searched or deleted, so it
costs the same whatever the number of entries, and it is exact for entries that are being written right now.
`orders.by_ids:o70` means one key of one operation; `customer:*` and `orders.by_ids:*` mean all of a kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from resolvers.backends.cache.entries import Listing
from resolvers.records import Customer, Invoice, Order, Product

OWN_TAG: Final = {
    "customers": "customer",
    "orders": "order",
    "products": "product",
    "stock": "product",
    "invoices": "invoice",
}
KEY_TAG: Final = {"by_customers": "customer", "by_orders": "order"}
"""What an operation's keys are, where they are not the records' own ids."""
KINDS: Final = frozenset(OWN_TAG.values())
CARRIED: Final = {
    "customer": ("customer",),
    "order": ("order", "customer"),
    "product": ("product",),
    "invoice": ("invoice", "order", "customer"),
}
"""The kinds of tags that a record of each kind carries (`tags_of`); those of an operation's keys are among them."""
MOST_TAGS: Final = 100_000
"""More invalidations than this at a time are made coarser, so that they take no more memory."""


def tags_of(value: Any) -> Iterable[str]:
    """Every tag that an answer carries: of its records and of the records that they belong to."""
    if isinstance(value, tuple | list):
        for record in value:
            yield from tags_of(record)
    elif isinstance(value, Listing):
        yield from tags_of(value.records)
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
    """The invalidations that still matter: those younger than `keep` seconds, the longest that an entry lives."""

    def __init__(self, keep: float = 86_400.0, *, most: int = MOST_TAGS) -> None:
        self.keep = keep
        self._most = most
        self._moments: dict[str, float] = {}
        self._latest: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._moments)

    def add(self, moments: Mapping[str, float]) -> None:
        """Forget what carries one of these tags and is not younger than its moment (seconds of the epoch)."""
        for tag, moment in moments.items():
            kind = tag.partition(":")[0]
            self._moments[tag] = max(moment, self._moments.get(tag, 0.0))
            self._latest[kind] = max(moment, self._latest.get(kind, 0.0))
        if len(self._moments) > self._most:
            self._thin_out()

    def _thin_out(self) -> None:
        """Drop what is too old to matter; if that is not enough, let the older half stand for all of their kinds."""
        oldest = max(self._latest.values()) - self.keep
        self._moments = {tag: at for tag, at in self._moments.items() if at >= oldest}
        if len(self._moments) <= self._most // 2:
            return
        by_age = sorted(self._moments.items(), key=lambda item: item[1])
        half = len(by_age) // 2
        self._moments = dict(by_age[half:])
        for tag, moment in by_age[:half]:
            everything = f"{tag.partition(':')[0]}:*"
            self._moments[everything] = max(moment, self._moments.get(everything, 0.0))

    def newest_about(self, operation: str) -> float:
        """The moment of the latest one that can be about this operation's answers: what was stored after it needs no
        further look. Minus infinity when there was none."""
        latest = self._latest
        if not latest:
            return float("-inf")
        kinds = CARRIED[OWN_TAG[operation.partition(".")[0]]]
        return max(latest.get(operation, float("-inf")), *[latest.get(kind, float("-inf")) for kind in kinds])

    def covers(self, operation: str, key: str, value: Any, stored_at: float) -> bool:
        """Whether an entry stored at that time has been invalidated since; those after `newest_about` have not.

        A page of a list is covered as soon as anything of its kind is, for the record may belong on it now.
        """
        moments = self._moments
        domain, _, name = operation.partition(".")
        kind = OWN_TAG[domain]
        if stored_at <= moments.get(f"{operation}:*", 0.0):
            return True
        if name == "list":
            if stored_at <= self._latest.get(kind, 0.0):
                return True
        else:
            # The key tags absences and empty groups too.
            of_key = KEY_TAG.get(name, kind)
            tags = (f"{operation}:{key}", f"{of_key}:{key}", f"{of_key}:*", f"{kind}:*")
            if any(stored_at <= moments.get(tag, 0.0) for tag in tags):
                return True
        return any(
            stored_at <= moments.get(tag, 0.0) or stored_at <= moments.get(f"{tag.partition(':')[0]}:*", 0.0)
            for tag in tags_of(value)
        )
