"""Keys to ask with: those that the caller names, else those that came in answers to other operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from gateway.check.asking import Asked, known
from resolvers.errors import BackendContract
from resolvers.records import Customer, Invoice, Order, Product

POOLS: Final[dict[str, tuple[str, ...]]] = {
    "customers.by_ids": ("customers", "owners of orders", "owners of invoices"),
    "orders.by_ids": ("orders", "billed orders"),
    "orders.by_customers": ("owners of orders", "customers"),
    "products.by_skus": ("products", "ordered products"),
    "stock.by_skus": ("products", "ordered products"),
    "invoices.by_ids": ("invoices",),
    "invoices.by_orders": ("billed orders", "orders"),
    "invoices.by_customers": ("owners of invoices", "customers"),
}
"""Where the keys of each operation come from, best first."""
_OWN: Final = {"customers.by_ids", "orders.by_ids", "products.by_skus", "stock.by_skus", "invoices.by_ids"}


class Samples:
    """The keys known so far."""

    def __init__(self, given: Mapping[str, Iterable[str]]) -> None:
        self._given = {name: list(keys) for name, keys in given.items()}
        self._pools: dict[str, dict[str, None]] = {}

    def harvest(self, records: Iterable[Any]) -> None:
        """Take the keys that records tell, their own and those of their neighbours."""
        for record in records:
            if isinstance(record, Customer):
                self._add("customers", record.id)
            elif isinstance(record, Order):
                self._add("orders", record.id)
                self._add("owners of orders", record.customer_id)
                for line in record.lines:
                    self._add("ordered products", line.sku)
            elif isinstance(record, Product):
                self._add("products", record.sku)
            elif isinstance(record, Invoice):
                self._add("invoices", record.id)
                self._add("owners of invoices", record.customer_id)
                self._add("billed orders", record.order_id)

    def remains(self, asked: Asked, records: Iterable[Any]) -> None:
        """The same for records that do not fit: their own keys only."""
        pool = "products" if asked.domain == "stock" else asked.domain
        for record in records:
            if isinstance(record, BackendContract):
                self._add(pool, known(record, asked.identity))

    def keys(self, asked: Asked, most: int) -> tuple[list[str], bool]:
        """Keys for this operation, and whether each of them has to have a record."""
        for pool in POOLS[asked.name]:
            known_keys = self._given.get(pool) or list(self._pools.get(pool, {}))
            keys = list(asked.endpoint.sendable(known_keys))
            if keys:
                return keys[:most], asked.name in _OWN and pool in (asked.domain, "products")
        return [], False

    def _add(self, pool: str, key: str | None) -> None:
        if key:
            self._pools.setdefault(pool, {})[key] = None
