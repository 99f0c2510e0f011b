"""What `bizgraph.toml` cannot say about this ERP: three fields, and the invoices of an order.

email      one text may hold several addresses, and a mapping has no way to split a text
status     "partly paid" is status 1 with any sum paid, and 2 is paid or written off: a table of values cannot say "any"
balance    what remains to be paid is wrong for drafts, written off invoices and used credit notes
by_orders  an order tells the ids of its invoices in its detail only, so two calls have to follow each other
"""
# ruff: noqa: INP001 - a module beside a configuration is no package

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from aiohttp import ClientError, ClientSession

from resolvers.errors import BackendContract, BackendError, BackendFailed, BackendRejected, BackendUnavailable

Item = Mapping[str, Any]
CENT = Decimal("0.01")
ZERO = Decimal(0)


def first_email(customer: Item) -> str | None:
    """The first of the addresses, which a semicolon separates."""
    return (customer["email"] or "").split(";")[0].strip() or None


def invoice_status(invoice: Item) -> str:
    """The state in the words of the graph. Raises ValueError for one that the ERP is not known to have."""
    match str(invoice["status"]), str(invoice["paye"]):
        case "0", _:
            return "DRAFT"
        case "1", "0":
            if invoice["sumpayed"] is None:
                return "SENT"
            return "PAID" if _settled_abroad(invoice) else "PARTLY_PAID"
        case "2", "1":
            return "PAID"
        case "2", "0":
            return "WRITTEN_OFF"
        case "3", _:
            return "CANCELLED"
        case status, paid:
            raise ValueError(f"unknown status {status} with paye {paid}")


def invoice_balance(invoice: Item) -> Decimal | None:
    """What remains to be paid, in the company's currency; None where what the ERP tells is not that."""
    status = invoice_status(invoice)
    if status == "PAID":
        # The ERP goes on telling the full amount of a credit note that was used.
        used = str(invoice["type"]) == "2"
        return ZERO if used or _settled_abroad(invoice) else Decimal(invoice["remaintopay"])
    return Decimal(invoice["remaintopay"]) if status in {"SENT", "PARTLY_PAID"} else None


def _settled_abroad(invoice: Item) -> bool:
    """Whether only a rounded exchange keeps a fully paid invoice in a foreign currency from being closed."""
    foreign = Decimal(invoice["multicurrency_tx"]) != 1
    return foreign and invoice["sumpayed"] is not None and abs(Decimal(invoice["remaintopay"])) <= CENT


class InvoicesOfOrders:
    """`invoices.by_orders`: one call for each order, then one for all of their invoices."""

    properties = (
        "id,ref,socid,type,status,paye,close_code,sumpayed,remaintopay,date,date_lim_reglement,"
        "multicurrency_code,multicurrency_tx,multicurrency_total_ttc"
    )
    at_once = 4

    def __init__(self) -> None:
        self._session: ClientSession | None = None
        self._turns = asyncio.Semaphore(self.at_once)
        self._url = ""

    async def open(self) -> None:
        """Reads address and key from the environment. Raises RuntimeError when one is missing."""
        try:
            self._url = os.environ["BIZGRAPH_BACKENDS__ERP__URL"].rstrip("/")
            key = os.environ["ERP_API_KEY"]
        except KeyError as missing:
            raise RuntimeError(f"set the variable {missing.args[0]}: invoices.by_orders needs it") from missing
        self._session = ClientSession(headers={"DOLAPIKEY": key, "Accept": "application/json"})

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def by_orders(
        self, keys: Sequence[str], args: Mapping[str, Any], caller: Mapping[str, str]
    ) -> Iterable[Item]:
        """The invoices of these orders, each with the `order_id` that it was found by."""
        invoices_of = dict(zip(keys, await asyncio.gather(*map(self._linked, keys)), strict=True))
        wanted = sorted({invoice for found in invoices_of.values() for invoice in found}, key=int)
        by_id: dict[str, Item] = {}
        for start in range(0, len(wanted), 100):
            filters = f"(t.rowid:in:{','.join(wanted[start : start + 100])})"
            rows = await self._get("/invoices", sqlfilters=filters, properties=self.properties)
            by_id |= {str(row["id"]): row for row in rows or ()}
        return [
            {**by_id[invoice], "order_id": order}
            for order, found in invoices_of.items()
            for invoice in found
            if invoice in by_id
        ]

    async def _linked(self, order: str) -> list[str]:
        detail = await self._get(f"/orders/{order}")
        # An order without any link has [] here, PHP's empty map.
        links = (detail or {}).get("linkedObjectsIds") or {}
        return [str(int(invoice)) for invoice in (links.get("facture") or {}).values()]

    async def _get(self, path: str, **query: str) -> Any:
        """The answer, None for a 404. Raises BackendError for everything that is neither."""
        assert self._session is not None
        try:
            async with self._turns, self._session.get(self._url + path, params=query, allow_redirects=False) as answer:
                if answer.status not in {200, 404}:
                    raise _refusal(answer.status)
                if answer.content_type != "application/json":
                    # A page with status 200 is an error too: a wrong address, or warnings of PHP.
                    raise _error(BackendContract, "answered with something else than data", f"HTTP {answer.status}")
                if answer.status == 404:
                    return None
                return await answer.json()
        except ClientError as error:
            raise _error(BackendUnavailable, "cannot be reached", type(error).__name__) from error
        except ValueError as error:
            raise _error(BackendContract, "answered with broken data", "malformed") from error


def _refusal(status: int) -> BackendError:
    cause = f"HTTP {status}"
    if status in {429, 502, 503, 504}:
        return _error(BackendUnavailable, "asks to come back later", cause)
    if status >= 500:
        return _error(BackendFailed, "failed", cause)
    return _error(BackendRejected, "rejected the call", "credentials" if status in {401, 403} else cause)


def _error(kind: type[BackendError], what: str, cause: str) -> BackendError:
    return kind(f"the ERP {what}", backend="erp_links", operation="invoices.by_orders", cause=cause)
