"""The demo's accounting: invoices over SOAP 1.2, document/literal wrapped.

The credential is a WS-Security UsernameToken with the password as text, or the same pair by HTTP basic. Namespace
`http://demo.example/accounting`, service and port `Accounting`, WSDL at `/soap?wsdl`.

    GetInvoices(ids: {id*})                    → invoices: {Invoice*}
    GetInvoicesOfOrders(orderIds: {id*})       → invoices: {Invoice*}
    GetInvoicesOfCustomers(customerIds: {id*}) → invoices: {Invoice*}; at most 500 keys each, unknown ones are left
                                                 out, answers in the order asked, newest first within a key
    ListInvoices(offset?, limit?, status?, kind?, issuedFrom?, issuedTo?, dueFrom?, dueTo?, overdue?, text?, sort?,
                 customerId?)                  → items: {Invoice*}, total
        limit 1 to 200, default 50; status and kind: codes, comma-separated; days are inclusive; overdue true or false;
        text in docNo or id, whatever the case; sort: issued, due, total, number, or one of them after a minus, default
        -issued; those without the day or number come last

An Invoice: id, docNo (nil on drafts), kind (380 invoice, 381 credit note, 386 prepayment), state (D draft, O open,
P partly paid, C cleared, W written off), customerId, orderId (missing where there is none), issueDate (nil on drafts),
dueDate (nil on drafts and credit notes), currency, total, open. Credit notes have negative totals. Overdue is open or
partly paid, due before today, and something still open.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from datetime import date
from functools import cache
from hmac import compare_digest
from typing import Any

from gateway.demo.books import Books, InvoiceRow, decimal_of_minor, folded
from gateway.demo.invoicing import CREDIT_NOTE, INVOICE, PREPAYMENT
from gateway.demo.soap import Entity, SoapServer, application, checked_keys, operation, page, sender_fault, sorted_rows
from gateway.demo.spyne_door import (
    Array,
    Boolean,
    ComplexModel,
    Date,
    Decimal,
    Soap12,
    Unicode,
    UnsignedInteger32,
)

NAMESPACE = "http://demo.example/accounting"
_WSSE = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}"
_STATES = frozenset("DOPCW")
_KINDS = frozenset({INVOICE, CREDIT_NOTE, PREPAYMENT})
_SORT_KEYS: dict[str, Callable[[InvoiceRow], Any]] = {
    "issued": lambda row: row.issued,
    "due": lambda row: row.due,
    "total": lambda row: decimal_of_minor(row.total, row.currency),
    "number": lambda row: row.number,
}


class Accounting(SoapServer):
    """Serves the invoices of these books to who knows the password."""

    name = "accounting"
    operations = ("GetInvoices", "GetInvoicesOfOrders", "GetInvoicesOfCustomers", "ListInvoices", "wsdl")
    misfit = re.compile(rb"(<(?:\w+:)?total>)[^<]+(?=</(?:\w+:)?total><(?:\w+:)?open>)")

    def __init__(self, books: Books, user: str, password: str) -> None:
        super().__init__()
        self._books = books
        self._user = user.encode()
        self._password = password.encode()
        self._authorization = b"Basic " + b64encode(self._user + b":" + self._password)
        self._entities: dict[str, Entity] = {}

    def admits(self, authorization: str, soap_headers: Any) -> bool:
        """Whether HTTP or the SOAP header (WSS UsernameToken profile 1.1) holds user and password."""
        if compare_digest(authorization.encode(), self._authorization):
            return True
        for header in soap_headers if soap_headers is not None else ():
            if header.tag == f"{_WSSE}Security":
                user = header.findtext(f"{_WSSE}UsernameToken/{_WSSE}Username") or ""
                password = header.findtext(f"{_WSSE}UsernameToken/{_WSSE}Password") or ""
                return compare_digest(user.encode(), self._user) and compare_digest(password.encode(), self._password)
        return False

    @staticmethod
    def application() -> Any:
        """The WSGI application that answers, built once per process."""
        return _application()

    def get_invoices(self, ids: list[str | None] | None) -> list[Entity]:
        """The invoices of these ids."""
        return [self._entity(self._books.invoices[id_]) for id_ in checked_keys(ids) if id_ in self._books.invoices]

    def get_invoices_of_orders(self, order_ids: list[str | None] | None) -> list[Entity]:
        """All invoices of these orders."""
        found = self._books.invoices_of_order
        return [self._entity(row) for id_ in checked_keys(order_ids) for row in found.get(id_, ())]

    def get_invoices_of_customers(self, customer_ids: list[str | None] | None) -> list[Entity]:
        """All invoices of these customers."""
        found = self._books.invoices_of_customer
        return [self._entity(row) for id_ in checked_keys(customer_ids) for row in found.get(id_, ())]

    def list_invoices(
        self,
        offset: int | None,
        limit: int | None,
        status: str | None,
        kind: str | None,
        issued_from: date | None,
        issued_to: date | None,
        due_from: date | None,
        due_to: date | None,
        overdue: bool | None,
        text: str | None,
        sort: str | None,
        customer_id: str | None,
    ) -> tuple[list[Entity], int]:
        """One page, and how many invoices fit in all."""
        states, kinds = _codes("status", status, _STATES), _codes("kind", kind, _KINDS)
        wanted = folded(text or "")
        rows = self._books.invoices_of_customer.get(customer_id, ()) if customer_id else self._books.invoices.values()
        found = [
            row
            for row in rows
            if row.state in states
            and row.kind in kinds
            and _within(row.issued, issued_from, issued_to)
            and _within(row.due, due_from, due_to)
            and (overdue is None or self._books.overdue(row) is overdue)
            and (not wanted or wanted in folded(f"{row.number or ''}\n{row.id}"))
        ]
        found = sorted_rows(found, sort or "-issued", _SORT_KEYS)
        return [self._entity(row) for row in page(found, offset, limit)], len(found)

    def _entity(self, row: InvoiceRow) -> Entity:
        entity = self._entities.get(row.id)
        if entity is None:
            entity = self._entities[row.id] = Entity(_invoice_values(row))
        return entity


def _codes(name: str, given: str | None, known: frozenset[str]) -> frozenset[str]:
    codes = frozenset(given.split(",")) if given else known
    if not codes <= known:
        raise sender_fault("BadParameter", f"{name} must be one or more of {', '.join(sorted(known))}")
    return codes


def _within(day: date | None, first: date | None, last: date | None) -> bool:
    if first is None and last is None:
        return True
    return day is not None and (first is None or first <= day) and (last is None or day <= last)


def _invoice_values(row: InvoiceRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "docNo": row.number,
        "kind": row.kind,
        "state": row.state,
        "customerId": row.customer_id,
        "orderId": row.order_id,
        "issueDate": row.issued,
        "dueDate": row.due,
        "currency": row.currency,
        "total": decimal_of_minor(row.total, row.currency),
        "open": decimal_of_minor(row.open, row.currency),
    }


@cache
def _application() -> Any:
    text = Unicode.customize(min_occurs=1, nillable=False)
    amount = Decimal.customize(min_occurs=1, nillable=False)
    invoice = ComplexModel.produce(
        NAMESPACE,
        "Invoice",
        [
            ("id", text),
            ("docNo", Unicode.customize(min_occurs=1)),
            ("kind", text),
            ("state", text),
            ("customerId", text),
            ("orderId", Unicode),
            ("issueDate", Date.customize(min_occurs=1)),
            ("dueDate", Date.customize(min_occurs=1)),
            ("currency", text),
            ("total", amount),
            ("open", amount),
        ],
    )
    keys, invoices = Array(Unicode, member_name="id"), {"invoices": Array(invoice)}
    operations = [
        operation("GetInvoices", {"ids": keys}, invoices, Accounting.get_invoices),
        operation("GetInvoicesOfOrders", {"orderIds": keys}, invoices, Accounting.get_invoices_of_orders),
        operation("GetInvoicesOfCustomers", {"customerIds": keys}, invoices, Accounting.get_invoices_of_customers),
        operation(
            "ListInvoices",
            {
                "offset": UnsignedInteger32,
                "limit": UnsignedInteger32,
                "status": Unicode,
                "kind": Unicode,
                "issuedFrom": Date,
                "issuedTo": Date,
                "dueFrom": Date,
                "dueTo": Date,
                "overdue": Boolean,
                "text": Unicode,
                "sort": Unicode,
                "customerId": Unicode,
            },
            {"items": Array(invoice), "total": UnsignedInteger32},
            Accounting.list_invoices,
        ),
    ]
    # Soft validation here: spyne 2.14 writes schema validation faults of SOAP 1.2 in a namespace that does not exist.
    return application("Accounting", NAMESPACE, operations, invoice, Soap12(validator="soft"), Soap12())
