"""The recorded ERP on loopback: its REST interface and its SOAP services.

A request that was recorded (method, path and query in any order; for SOAP the operation and its key) is answered with
the recorded status, headers and bytes. Requests for lists that were not recorded in exactly this form are answered
from the recorded whole lists: `sqlfilters`, `thirdparty_ids`, `mode`, `sortfield`, `limit`, `page`, `properties` and
`pagination_data` are applied to the recorded records as the notes on the ERP say, and an empty list of customers is
the recorded 404. A product that was recorded by its id over SOAP is answered by its ref as well, and the recorded
NOT_FOUND stands for every ref that no product has. Nothing else is made up: any other request is answered with 501
and kept in `unknown`.

`python -m tests.examples.replay PORT` serves it until it is interrupted, for whoever wants to try the examples.

The SOAP answers were recorded after a later step of the session had reopened order 2, so its status there is 1.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.examples.recordings import DATA, Recording, canonical, recording, recordings
from tests.examples.sqlfilters import COLUMNS, BadFilter, collated, parsed

KEY = "the-rest-key-of-the-erp"
LOGIN = {
    "dolibarrkey": "the-soap-key-of-the-erp",
    "sourceapplication": "bizgraph",
    "login": "gateway",
    "password": "the-password-of-the-erp",
    "entity": "",
}
BASE = "/api/index.php"
WHOLE = {
    "thirdparties": "rest/thirdparties/21-list-all",
    "orders": "rest/orders/16-list-default",
    "invoices": "rest/invoices/14-list-all",
    "products": "rest/products/05-list-with-stock",
}
JSON = {"Content-Type": "application/json; charset=utf-8"}


class Erp:
    """The server; `async with Erp() as erp` starts and stops it. `asked` lists the requests since it was cleared."""

    def __init__(self, port: int = 0) -> None:
        self.asked: list[str] = []
        self.unknown: list[str] = []
        self.instead: dict[str, Recording] = {}
        """Recordings to answer with whatever is asked below a path."""
        self._rest = {
            (found.method, found.path, found.query): found for found in recordings("rest") if found.status != 401
        }
        self._lists: dict[str, list[dict[str, Any]]] = {
            name: orjson.loads(recording(folder).body) for name, folder in WHOLE.items()
        }
        services = recordings("soap/order") + recordings("soap/productorservice")
        self._soap = [(_parameters(found.sent), found) for found in services]
        app = web.Application()
        app.router.add_route("*", BASE + "/{path:.*}", self._answer_rest)
        app.router.add_route("*", "/webservices/server_{service}.php", self._answer_soap)
        self._server = TestServer(app, host="127.0.0.1", port=port or None)

    async def __aenter__(self) -> Erp:
        await self._server.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.close()

    @property
    def url(self) -> str:
        """The base of the REST interface."""
        return str(self._server.make_url(BASE))

    def service(self, name: str) -> str:
        """The address of a SOAP service."""
        return str(self._server.make_url(f"/webservices/server_{name}.php"))

    async def _answer_rest(self, request: web.Request) -> web.Response:
        self.asked.append(unquote_plus(f"{request.method} {request.raw_path}".replace(BASE, "")))
        if request.headers.get("DOLAPIKEY") != KEY:
            return _replayed(recording("rest/errors/02-401-wrong-key"))
        if (instead := self.instead.get(request.path)) is not None:
            return _replayed(instead)
        exact = self._rest.get((request.method, request.path, canonical(request.query_string)))
        if exact is not None:
            return _replayed(exact)
        resource = request.path.removeprefix(BASE + "/")
        if request.method == "GET" and resource in self._lists:
            return self._list(resource, dict(canonical(request.query_string)))
        self.unknown.append(self.asked[-1])
        return web.Response(status=501)

    def _list(self, resource: str, query: Mapping[str, str]) -> web.Response:
        rows = self._lists[resource]
        if query.get("mode") == "1":
            rows = [row for row in rows if row["client"] in {"1", "3"}]
        if "thirdparty_ids" in query:
            wanted = set(query["thirdparty_ids"].split(","))
            rows = [row for row in rows if row["socid"] in wanted]
        if "sqlfilters" in query:
            try:
                rows = list(filter(parsed(query["sqlfilters"]), rows))
            except BadFilter:
                return _replayed(recording("rest/errors/20-400-parenthesis-in-filter-value"))
        for field, order in reversed(_sorting(resource, query)):
            values = {row["id"]: collated(COLUMNS[field.removeprefix("t.")](row)) for row in rows}
            rows = sorted(rows, key=lambda row: values[row["id"]], reverse=order == "DESC")
        if resource == "products" and query.get("includestockdata") != "1":
            rows = [{**row, "stock_warehouse": [], "stock_theorique": None} for row in rows]
        total, limit, page = len(rows), int(query.get("limit", "100")), int(query.get("page", "0"))
        if limit > 0:
            rows = rows[page * limit : (page + 1) * limit]
        if resource == "thirdparties" and not rows:
            return _replayed(recording("rest/thirdparties/28-batch-in-none-404"))
        if "properties" in query:
            names = query["properties"].split(",")
            rows = [{name: row[name] for name in names if name in row} for row in rows]
        if query.get("pagination_data") == "true":
            pages = {"total": total, "page": page, "page_count": -(-total // max(1, limit)), "limit": limit}
            return web.Response(body=orjson.dumps({"data": rows, "pagination": pages}), headers=JSON)
        return web.Response(body=orjson.dumps(rows), headers=JSON)

    async def _answer_soap(self, request: web.Request) -> web.Response:
        service = request.match_info["service"]
        if request.method == "GET":
            return web.Response(
                body=(DATA / "soap" / "wsdl" / f"{service}.wsdl").read_bytes(),
                headers={"Content-Type": "text/xml; charset=ISO-8859-1"},
            )
        operation, login, sent = _parameters(await request.read())
        # Position is all that counts for the server, so it is all that is compared.
        key = ",".join(sent.values())
        self.asked.append(f"{operation}({key})")
        if list(login.values()) != list(LOGIN.values()):
            return _replayed(recording("soap/faults/02-wrong-password"))
        found = self._soap_answer(operation, list(sent.values()))
        if found is not None:
            return _replayed(found)
        self.unknown.append(self.asked[-1])
        return web.Response(status=501)

    def _soap_answer(self, operation: str, sent: list[str]) -> Recording | None:
        candidates = [(list(found.values()), answer) for (name, _, found), answer in self._soap if name == operation]
        for parameters, answer in candidates:
            if parameters == sent:
                return answer
        if operation != "getProductOrService":
            return None
        for _, answer in candidates:
            ref = re.search(rb"</id><ref [^>]*>([^<]*)</ref>", answer.body)
            if ref is not None and sent == ["", ref[1].decode(), "", ""]:
                return answer
        unheard = sent[1] not in {product["ref"] for product in self._lists["products"]}
        return recording("soap/productorservice/05-get-not-found") if unheard else None


def _sorting(resource: str, query: Mapping[str, str]) -> list[tuple[str, str]]:
    fields = query.get("sortfield", "t.ref" if resource == "products" else "t.rowid").split(",")
    orders = query.get("sortorder", "ASC").split(",")
    return [(field, orders[min(at, len(orders) - 1)]) for at, field in enumerate(fields)]


def _parameters(envelope: bytes) -> tuple[str, dict[str, str], dict[str, str]]:
    """The operation of a request, its login and its other parameters, in their order."""
    operation = next(iter(next(iter(ET.fromstring(envelope)))))
    login, *rest = list(operation)
    return (
        operation.tag.rpartition("}")[2],
        {child.tag: child.text or "" for child in login},
        {child.tag: child.text or "" for child in rest},
    )


def _replayed(found: Recording) -> web.Response:
    return web.Response(status=found.status, body=found.body, headers=found.headers)


async def serve(port: int) -> None:
    """Serve the ERP until the task is cancelled."""
    async with Erp(port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
