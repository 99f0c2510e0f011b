"""A small CRM whose faults can be planted one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

TOKEN = "let-me-in"
CONFIGURATION = """
[backends.crm]
kind = "rest"
url = "{url}"
auth = {{ type = "bearer", token = "env:TOKEN" }}
timeout = "2s"

[customers]
backend = "crm"

[customers.fields]
id = "id"
name = "name"
phone = "contact.phone"
status = {{ path = "state", values = {{ A = "ACTIVE", B = "BLOCKED" }} }}
addresses = {{ each = "addresses", fields = {{ city = "city" }} }}

[customers.by_ids]
path = "/customers"
query = {{ ids = "{{keys|csv}}" }}
items = "data"
max_batch = 40

[customers.list]
path = "/customers"
query = {{ offset = "{{offset}}", limit = "{{limit}}" }}
items = "data"
total = "total"
paging = {{ type = "offset", page_size = 100 }}
"""


class Crm:
    """120 customers. `change` rewrites an item, `choose` picks what a call by ids answers, `page` what a list does;
    `narrow` is a list under a filter, `missing` the status of an answer without any."""

    def __init__(self) -> None:
        self.rows = [
            {
                "id": number,
                "name": f"Customer {number}",
                "contact": {"phone": None if number % 2 else f"+49 {number}", "fax": "none"},
                "state": "A" if number % 3 else "B",
                "addresses": [{"city": "Berlin", "zip": "10115"}],
            }
            for number in range(1, 121)
        ]
        self.change: Callable[[dict[str, Any]], dict[str, Any]] = lambda row: row
        self.choose: Callable[[list[str]], list[dict[str, Any]]] = self.named
        self.page: Callable[[int, int], list[dict[str, Any]]] = lambda offset, limit: self.rows[offset:][:limit]
        self.narrow: Callable[[Mapping[str, str]], list[dict[str, Any]]] = self.filtered
        self.missing = 200
        self.url = ""
        self.server = TestServer(web.Application())
        self.server.app.router.add_get("/customers", self._answer)

    def named(self, keys: list[str]) -> list[dict[str, Any]]:
        return [row for row in self.rows if str(row["id"]) in keys]

    def filtered(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        found = [row for row in self.rows if query.get("state", row["state"]) == row["state"]]
        found = [row for row in found if row["id"] >= int(query.get("since", 0))]
        return found[::-1] if query.get("sort") == "-id" else found

    async def start(self) -> None:
        await self.server.start_server()
        self.url = str(self.server.make_url("")).rstrip("/")

    async def _answer(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"error": "who are you?"}, status=401)
        if "ids" in request.query:
            found = self.choose(request.query["ids"].split(","))
        elif request.query.keys() & {"state", "since", "sort"}:
            found = self.narrow(request.query)[int(request.query["offset"]) :][: int(request.query["limit"])]
        else:
            found = self.page(int(request.query["offset"]), int(request.query["limit"]))
        if not found:
            return web.json_response({"data": [], "total": 0}, status=self.missing)
        return web.json_response({"data": [self.change(row) for row in found], "total": len(self.rows)})
