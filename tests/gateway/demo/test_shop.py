"""The shop: what each of its paths answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from gateway.demo.company import DemoCompany
from tests.gateway.demo.conftest import SHOP


async def get(http: aiohttp.ClientSession, company: DemoCompany, path: str) -> tuple[int, Any]:
    async with http.get(company.shop.url + path, headers=SHOP) as response:
        assert response.content_type == "application/json"
        return response.status, await response.json()


def ids(answer: Any) -> list[str]:
    return [order["id"] for order in answer["orders"]]


async def test_one_order(http: aiohttp.ClientSession, company: DemoCompany) -> None:
    """An order is answered bare: minor units with currency, decimal text for quantities, an instant with Z."""
    status, order = await get(http, company, "/orders/o61")
    row = company.books.orders["o61"]
    assert status == 200
    assert order["order_no"] == row.number
    assert order["customer"] == "c7"
    assert order["state"] == row.state
    assert order["placed_at"].endswith("Z")
    assert datetime.fromisoformat(order["placed_at"]) == datetime.fromtimestamp(row.placed, UTC)
    assert order["total"] == {"value": row.total, "currency": row.currency}
    assert [line["sku"] for line in order["lines"]] == [line.sku for line in row.lines]
    assert sum(line["amount"]["value"] for line in order["lines"]) == order["total"]["value"]
    assert all(isinstance(line["qty"], str) for line in order["lines"])


async def test_unknown_order(http: aiohttp.ClientSession, company: DemoCompany) -> None:
    """An order that there is not is 404 with an error object."""
    status, answer = await get(http, company, "/orders/o0")
    assert (status, answer["error"]["code"]) == (404, "not_found")


async def test_batch(http: aiohttp.ClientSession, company: DemoCompany) -> None:
    """Many orders come in one call, in the order asked, without those that there are not."""
    _, answer = await get(http, company, "/orders?ids=o9,zz,o2")
    assert ids(answer) == ["o9", "o2"]


async def test_of_customers(http: aiohttp.ClientSession, company: DemoCompany) -> None:
    """The newest orders of many customers come in one call, grouped; without limit all of them."""
    newest = company.books.orders_of_customer
    _, answer = await get(http, company, "/orders?customer_ids=c7,zz,c3&limit=2")
    assert ids(answer) == [order.id for order in (*newest["c7"][:2], *newest["c3"][:2])]
    _, answer = await get(http, company, "/orders?customer_ids=c7")
    assert ids(answer) == [order.id for order in newest["c7"]]


async def test_batch_too_large(http: aiohttp.ClientSession, company: DemoCompany) -> None:
    """At most 100 ids fit into one call."""
    many = ",".join(f"c{number}" for number in range(1, 102))
    assert (await get(http, company, f"/orders?customer_ids={many}"))[0] == 400


async def test_pages(http: aiohttp.ClientSession, company: DemoCompany) -> None:
    """Pages count from 1, newest first, and tell the total in the body and in a header."""
    async with http.get(f"{company.shop.url}/orders?page=2&page_size=3", headers=SHOP) as response:
        answer = await response.json()
        assert response.headers["X-Total-Count"] == "10000"
    assert answer["meta"] == {"page": 2, "page_size": 3, "total": 10000}
    newest = sorted(company.books.orders.values(), key=lambda order: (order.placed, order.number), reverse=True)
    assert ids(answer) == [order.id for order in newest[3:6]]
    _, beyond = await get(http, company, "/orders?page=401")
    assert ids(beyond) == []


async def test_filters(http: aiohttp.ClientSession, company: DemoCompany) -> None:
    """Status, customer and text narrow the list; text is looked for in numbers, line texts and SKUs."""
    orders = company.books.orders.values()
    _, answer = await get(http, company, "/orders?status=new,paid&page_size=200")
    assert answer["meta"]["total"] == sum(order.state in {"new", "paid"} for order in orders)
    _, answer = await get(http, company, "/orders?customer_id=c7")
    assert answer["meta"]["total"] == 10
    _, answer = await get(http, company, "/orders?customer_id=nobody")
    assert answer["meta"]["total"] == 0
    number = company.books.orders["o61"].number
    _, answer = await get(http, company, f"/orders?q={number.lower()}")
    assert ids(answer) == ["o61"]
    _, answer = await get(http, company, "/orders?q=sku-9001")
    assert answer["meta"]["total"] == sum(any(line.sku == "SKU-9001" for line in order.lines) for order in orders)


async def test_placed_range(http: aiohttp.ClientSession, company: DemoCompany) -> None:
    """Days are whole and inclusive."""
    _, answer = await get(http, company, "/orders?placed_from=2026-06-01&placed_to=2026-06-05&page_size=200")
    days = sorted({order["placed_at"][:10] for order in answer["orders"]})
    assert days == [f"2026-06-{day:02d}" for day in range(1, 6)]


@pytest.mark.parametrize("key", ["placed", "number", "total"])
async def test_order(http: aiohttp.ClientSession, company: DemoCompany, key: str) -> None:
    """A minus before the sort key turns the order round."""
    _, up = await get(http, company, f"/orders?customer_id=c7&sort={key}")
    _, down = await get(http, company, f"/orders?customer_id=c7&sort=-{key}")
    assert ids(up) == ids(down)[::-1]


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page_size=500",
        "status=lost",
        "sort=colour",
        "placed_to=soon",
        "q=a&limit=3",
        "customer_ids=c1&limit=0",
    ],
)
async def test_misfits(http: aiohttp.ClientSession, company: DemoCompany, query: str) -> None:
    """A parameter that is unknown or does not fit is refused, never ignored."""
    assert (await get(http, company, f"/orders?{query}"))[0] == 400
