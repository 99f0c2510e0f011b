"""The demo's shop: orders over REST, with amounts in minor units. The credential is the header `X-Api-Key`.

    GET /orders?customer_ids=c1,c2&limit=3    {"orders": [...]}: the newest 3 of each of at most 100 customers, grouped
                                              in the order asked; without limit all
    GET /orders?ids=o1,o2                     {"orders": [...]}: at most 100, unknown ids are left out
    GET /orders/{id}                          one order, bare; 404 where there is none
    GET /orders                               {"orders": [...], "meta": {"page": 1, "page_size": 25, "total": 10000}}
                                              and the total in the header X-Total-Count
        page (from 1), page_size (1 to 200, default 25), status (comma-separated), customer_id, placed_from, placed_to
        (a UTC day inclusive, an ISO instant or epoch seconds), q (in order number, line texts or SKUs, whatever the
        case), sort (placed, number, total, or one of them after a minus; default -placed; totals sort by their number)

An order: {"id": "o1", "order_no": "SO-2026-000001", "customer": "c1", "state": "shipped",
"placed_at": "2026-03-01T09:30:00Z", "total": {"value": 129900, "currency": "EUR"}, "lines": [{"sku": "SKU-0042",
"text": "…", "qty": "2.5", "unit_price": {"value": 1999, "currency": "EUR"}, "amount": {"value": 4998, "currency":
"EUR"}}]}. `state` is new, paid, picking, shipped, delivered, cancelled or returned; `value` counts minor units, of
which yen have none; `sku` is null on lines of free text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from hmac import compare_digest
from typing import Any

import orjson
from aiohttp import web

from gateway.demo.books import Books, OrderRow, decimal_of_thousandths, folded
from gateway.demo.rest import MAX_PAGE, Found, Parameters, RestServer

_STATES = ("new", "paid", "picking", "shipped", "delivered", "cancelled", "returned")
_SORT_KEYS = {
    "placed": lambda row: (row.placed, row.number),
    "number": lambda row: row.number,
    "total": lambda row: (row.total, row.number),
}


class Shop(RestServer):
    """Serves the orders of these books to who knows the key."""

    name = "shop"
    collection = "orders"
    batches = {"ids": "by_ids", "customer_ids": "by_customers"}  # noqa: RUF012  # ClassVar in the base class
    operations = ("orders.list", "orders.by_ids", "orders.by_customers", "orders.by_id")
    misfit = (re.compile(rb'"value":-?\d+'), b'"value":"a fortune"')

    def __init__(self, books: Books, key: str) -> None:
        super().__init__()
        self._books = books
        self._key = key.encode()
        self._json: dict[str, orjson.Fragment] = {}

    def admits(self, request: web.BaseRequest) -> bool:
        """Whether `X-Api-Key` holds the key."""
        return compare_digest(request.headers.get("X-Api-Key", "").encode(), self._key)

    def by_id(self, key: str) -> Any:
        """The order of this id."""
        row = self._books.orders.get(key)
        return row and self._encoded(row)

    def by_batch(self, parameter: str, keys: Sequence[str], parameters: Parameters) -> Found:
        """The orders of these ids, or the newest of these customers."""
        if parameter == "ids":
            rows = [self._books.orders[key] for key in keys if key in self._books.orders]
        else:
            limit = parameters.integer("limit", 999_999_999, 1, 999_999_999)
            rows = [row for key in keys for row in self._books.orders_of_customer.get(key, ())[:limit]]
        parameters.done()
        return Found({"orders": [self._encoded(row) for row in rows]})

    def page(self, parameters: Parameters) -> Found:
        """One page by number and size."""
        page = parameters.integer("page", 1, 1, 999_999_999)
        size = parameters.integer("page_size", 25, 1, MAX_PAGE)
        states = parameters.codes("status", _STATES)
        customer = parameters.text("customer_id")
        text = folded(parameters.text("q") or "")
        since, until = parameters.since("placed_from"), parameters.until("placed_to")
        rows = self._books.orders.values() if customer is None else self._books.orders_of_customer.get(customer, ())
        found = [
            row
            for row in rows
            if since <= row.placed <= until
            and (not states or row.state in states)
            and (not text or text in self._searched[row.id])
        ]
        found = parameters.order(found, "-placed", _SORT_KEYS)
        parameters.done()
        shown = [self._encoded(row) for row in found[(page - 1) * size : page * size]]
        return Found(
            {"orders": shown, "meta": {"page": page, "page_size": size, "total": len(found)}},
            {"X-Total-Count": str(len(found))},
        )

    @cached_property
    def _searched(self) -> dict[str, str]:
        return {
            row.id: folded("\n".join((row.number, *(f"{line.sku or ''}\n{line.text}" for line in row.lines))))
            for row in self._books.orders.values()
        }

    def _encoded(self, row: OrderRow) -> orjson.Fragment:
        encoded = self._json.get(row.id)
        if encoded is None:
            encoded = self._json[row.id] = orjson.Fragment(orjson.dumps(_order_json(row)))
        return encoded


def _order_json(row: OrderRow) -> dict[str, Any]:
    currency = row.currency
    return {
        "id": row.id,
        "order_no": row.number,
        "customer": row.customer_id,
        "state": row.state,
        "placed_at": datetime.fromtimestamp(row.placed, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "total": {"value": row.total, "currency": currency},
        "lines": [
            {
                "sku": line.sku,
                "text": line.text,
                "qty": str(decimal_of_thousandths(line.quantity)),
                "unit_price": {"value": line.unit_price, "currency": currency},
                "amount": {"value": line.amount, "currency": currency},
            }
            for line in row.lines
        ],
    }
