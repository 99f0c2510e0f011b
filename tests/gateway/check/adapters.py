"""Orders whose `per_key` limits each customer's, and orders whose `per_key` limits all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

ORDERS = [{"id": str(number), "customer_id": str(number % 3)} for number in range(9)]


class Orders:
    accepts = {"by_customers": {"per_key"}}  # noqa: RUF012  # an adapter says it so

    async def list(self, first: int, after: str | None, args: Any, caller: Any) -> list[dict[str, str]]:
        return ORDERS

    async def by_customers(self, keys: Sequence[str], args: Any, caller: Any) -> list[dict[str, str]]:
        most = args.get("per_key", len(ORDERS))
        return [order for key in keys for order in self.orders_of(key)[:most]]

    @staticmethod
    def orders_of(key: str) -> list[dict[str, str]]:
        return [order for order in ORDERS if order["customer_id"] == key]


class OrdersCutOff(Orders):
    async def by_customers(self, keys: Sequence[str], args: Any, caller: Any) -> list[dict[str, str]]:
        found = [order for key in keys for order in self.orders_of(key)]
        return found[: args.get("per_key")]
