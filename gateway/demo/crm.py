"""The demo's CRM: customers over REST, in field names of its own. The credential is a bearer token.

    GET /customers?ids=c1,c2      {"data": [...], "total": 2}: at most 100, unknown ids are left out
    GET /customers/{id}           one customer, bare; 404 where there is none
    GET /customers                {"data": [...], "total": 1000, "offset": 0, "limit": 50}
        offset, limit (1 to 200, default 50), status (codes, comma-separated), q (in name, number or e-mail, whatever
        the case), created_from, created_to (a UTC day inclusive, an ISO instant or epoch seconds),
        sort (number, name, created, or one of them after a minus; default number)

A customer: {"id": "c7", "number": "K-10007", "display_name": "…", "contact": {"email": "…", "phone": null},
"addresses": [{"type": "billing", "street": ["…"], "zip": "…", "city": "…", "region": null, "country": "DE"}],
"state": 1, "created": 1719830000}. `state` is 0 prospect, 1 active, 2 on hold, 3 closed; `created` is epoch seconds;
`contact` may be null, and may lack a member or hold null there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hmac import compare_digest
from typing import Any

import orjson
from aiohttp import web

from gateway.demo.books import Books, CustomerRow, folded
from gateway.demo.rest import MAX_PAGE, Found, Parameters, RestServer

_STATES = ("0", "1", "2", "3")
_SORT_KEYS = {
    "number": lambda row: row.number,
    "name": lambda row: (row.name.casefold(), row.number),
    "created": lambda row: (row.created, row.number),
}


class Crm(RestServer):
    """Serves the customers of these books to who knows the token."""

    name = "crm"
    collection = "customers"
    batches = {"ids": "by_ids"}  # noqa: RUF012  # ClassVar in the base class
    operations = ("customers.list", "customers.by_ids", "customers.by_id")
    misfit = (re.compile(rb'"created":-?\d+'), b'"created":"last spring"')

    def __init__(self, books: Books, token: str) -> None:
        super().__init__()
        self._customers = books.customers
        self._authorization = f"Bearer {token}".encode()
        self._json: dict[str, orjson.Fragment] = {}

    def admits(self, request: web.BaseRequest) -> bool:
        """Whether `Authorization` holds the token."""
        return compare_digest(request.headers.get("Authorization", "").encode(), self._authorization)

    def by_id(self, key: str) -> Any:
        """The customer of this id."""
        row = self._customers.get(key)
        return row and self._encoded(row)

    def by_batch(self, parameter: str, keys: Sequence[str], parameters: Parameters) -> Found:
        """The customers of these ids."""
        parameters.done()
        rows = [self._customers[key] for key in keys if key in self._customers]
        return Found({"data": [self._encoded(row) for row in rows], "total": len(rows)})

    def page(self, parameters: Parameters) -> Found:
        """One page by offset and limit."""
        offset = parameters.integer("offset", 0, 0, 999_999_999)
        limit = parameters.integer("limit", 50, 1, MAX_PAGE)
        states = parameters.codes("status", _STATES)
        text = folded(parameters.text("q") or "")
        since, until = parameters.since("created_from"), parameters.until("created_to")
        rows = [
            row
            for row in self._customers.values()
            if since <= row.created <= until
            and (not states or str(row.state) in states)
            and (not text or text in folded(f"{row.name}\n{row.number}\n{row.email or ''}"))
        ]
        rows = parameters.order(rows, "number", _SORT_KEYS)
        parameters.done()
        page = [self._encoded(row) for row in rows[offset : offset + limit]]
        return Found({"data": page, "total": len(rows), "offset": offset, "limit": limit})

    def _encoded(self, row: CustomerRow) -> orjson.Fragment:
        encoded = self._json.get(row.id)
        if encoded is None:
            encoded = self._json[row.id] = orjson.Fragment(orjson.dumps(_customer_json(row)))
        return encoded


def _customer_json(row: CustomerRow) -> dict[str, Any]:
    contact: dict[str, str | None] | None = None
    if row.has_contact:
        # A telephone that nobody gave is null, an e-mail address that nobody gave is not there at all.
        contact = {"phone": row.phone} if row.email is None else {"email": row.email, "phone": row.phone}
    return {
        "id": row.id,
        "number": row.number,
        "display_name": row.name,
        "contact": contact,
        "addresses": [
            {
                "type": address.kind,
                "street": address.street,
                "zip": address.zip,
                "city": address.city,
                "region": address.region,
                "country": address.country,
            }
            for address in row.addresses
        ],
        "state": row.state,
        "created": row.created,
    }
