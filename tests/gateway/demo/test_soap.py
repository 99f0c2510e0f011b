"""Warehouse and accounting, seen by zeep: a strict client that knows nothing but the WSDL."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from zeep.exceptions import Fault
from zeep.wsse.username import UsernameToken

from gateway.demo import credentials
from gateway.demo.company import DemoCompany
from tests.gateway.demo.conftest import ACCOUNTING, TODAY, WAREHOUSE, SoapClient


@pytest.fixture
async def warehouse(http: aiohttp.ClientSession, company: DemoCompany) -> AsyncIterator[SoapClient]:
    """zeep, made from the warehouse's WSDL."""
    client = await SoapClient.of(http, company.warehouse)
    yield client
    client.close()


@pytest.fixture
async def accounting(http: aiohttp.ClientSession, company: DemoCompany) -> AsyncIterator[SoapClient]:
    """zeep, made from accounting's WSDL."""
    client = await SoapClient.of(http, company.accounting)
    yield client
    client.close()


async def test_wsdl_names_its_address(http: aiohttp.ClientSession, company: DemoCompany) -> None:
    """The WSDL leads to the address at which it was read, with the SOAP version of the server."""
    for server, binding in ((company.warehouse, "soap/"), (company.accounting, "soap12/")):
        async with http.get(f"{server.url}/soap?wsdl") as response:
            text = await response.text()
            assert response.content_type == "text/xml"
        assert f'location="{server.url}/soap"' in text
        assert f"http://schemas.xmlsoap.org/wsdl/{binding}" in text


async def test_products(company: DemoCompany, warehouse: SoapClient) -> None:
    """Many products come in one call, each once, in the order asked, without those that there are not."""
    wanted = {"sku": ["SKU-0013", "SKU-9001", "SKU-0001", "SKU-0013"]}
    products = await warehouse.call("GetProducts", WAREHOUSE, skus=wanted)
    assert [product.sku for product in products] == ["SKU-0013", "SKU-0001"]
    row = company.books.products["SKU-0001"]
    product = products[1]
    assert (product.name, product.unit) == (row.name, row.unit)
    assert [(level.warehouse, level.onHand, level.reserved) for level in product.stock.StockLevel] == [
        (level.warehouse, Decimal(level.on_hand or 0) / 1000, Decimal(level.reserved) / 1000) for level in row.stock
    ]


async def test_stock_that_nobody_counted_is_nil(company: DemoCompany, warehouse: SoapClient) -> None:
    """A stock level that nobody counted is nil, and a second reading says the same as the first."""
    sku = next(row.sku for row in company.books.products.values() if any(level.on_hand is None for level in row.stock))
    first = await warehouse.post("GetProducts", WAREHOUSE, skus={"sku": [sku]})
    second = await warehouse.post("GetProducts", WAREHOUSE, skus={"sku": [sku]})
    assert b'onHand xsi:nil="true"' in first.body
    assert first.body == second.body
    products = await warehouse.call("GetProducts", WAREHOUSE, skus={"sku": [sku]})
    assert None in [level.onHand for level in products[0].stock.StockLevel]


async def test_no_products(warehouse: SoapClient) -> None:
    """Asking for nothing, or for nothing that there is, answers an empty list."""
    assert not await warehouse.call("GetProducts", WAREHOUSE, skus={"sku": ["nope"]})
    assert not await warehouse.call("GetProducts", WAREHOUSE)


async def test_product_pages(company: DemoCompany, warehouse: SoapClient) -> None:
    """Products are listed by offset and limit in order of SKUs, and found by text; the total is told."""
    answer = await warehouse.call("ListProducts", WAREHOUSE, offset=490, limit=20)
    assert [product.sku for product in answer["items"].Product] == [f"SKU-{number:04d}" for number in range(491, 501)]
    assert answer.total == 500
    answer = await warehouse.call("ListProducts", WAREHOUSE, text="crème")
    expected = [row.sku for row in company.books.products.values() if "crème" in row.name.casefold()]
    assert answer.total == len(expected)
    assert [product.sku for product in answer["items"].Product] == expected[:50]


async def test_warehouse_faults(warehouse: SoapClient) -> None:
    """Too many keys and pages too large are faults that blame the caller."""
    with pytest.raises(Fault, match="501 keys") as caught:
        await warehouse.call("GetProducts", WAREHOUSE, skus={"sku": [f"SKU-{number}" for number in range(501)]})
    assert caught.value.code == "soap11env:Client.TooManyKeys"
    with pytest.raises(Fault, match="limit"):
        await warehouse.call("ListProducts", WAREHOUSE, limit=201)


async def test_fifty_products_are_quick(warehouse: SoapClient) -> None:
    """Reading fifty products takes the server a few milliseconds, so that demos and tests measure the gateway."""
    wanted = {"sku": [f"SKU-{number:04d}" for number in range(1, 51)]}
    await warehouse.post("GetProducts", WAREHOUSE, skus=wanted)
    started = time.process_time()
    for _ in range(5):
        await warehouse.post("GetProducts", WAREHOUSE, skus=wanted)
    assert (time.process_time() - started) / 5 < 0.020


async def test_invoices(company: DemoCompany, accounting: SoapClient) -> None:
    """Invoices come by id with exact totals, days as dates, and codes for kind and state."""
    wanted = ["i2", "zz", "i1"]
    invoices = await accounting.call("GetInvoices", ACCOUNTING, ids={"id": wanted})
    assert [invoice.id for invoice in invoices] == ["i2", "i1"]
    row = company.books.invoices["i1"]
    invoice = invoices[1]
    digits = 0 if row.currency == "JPY" else 2
    assert (invoice.docNo, invoice.kind, invoice.state) == (row.number, row.kind, row.state)
    assert (invoice.customerId, invoice.orderId) == (row.customer_id, row.order_id)
    assert (invoice.issueDate, invoice.dueDate) == (row.issued, row.due)
    assert (invoice.currency, invoice.total) == (row.currency, Decimal(row.total).scaleb(-digits))
    assert invoice.open == Decimal(row.open).scaleb(-digits)


async def test_drafts_have_nil_and_orderless_invoices_no_order(company: DemoCompany, accounting: SoapClient) -> None:
    """A draft's number and days are nil; an invoice without order has no order element at all."""
    draft = next(row for row in company.books.invoices.values() if row.state == "D")
    loose = next(row for row in company.books.invoices.values() if row.order_id is None)
    invoices = await accounting.call("GetInvoices", ACCOUNTING, ids={"id": [draft.id, loose.id]})
    assert [invoices[0].docNo, invoices[0].issueDate, invoices[0].dueDate] == [None, None, None]
    reply = await accounting.post("GetInvoices", ACCOUNTING, ids={"id": [draft.id]})
    assert reply.body.count(b'xsi:nil="true"') == 3
    reply = await accounting.post("GetInvoices", ACCOUNTING, ids={"id": [loose.id]})
    assert b"orderId" not in reply.body


@pytest.mark.parametrize("by", ["Orders", "Customers"])
async def test_invoices_of_many(company: DemoCompany, accounting: SoapClient, by: str) -> None:
    """The invoices of many orders or customers come in one call, grouped in the order asked, newest first."""
    books = company.books
    found = books.invoices_of_order if by == "Orders" else books.invoices_of_customer
    keys = [list(found)[3], "zz", list(found)[1]]
    argument = "orderIds" if by == "Orders" else "customerIds"
    invoices = await accounting.call(f"GetInvoicesOf{by}", ACCOUNTING, **{argument: {"id": keys}})
    expected = [row.id for key in keys for row in found.get(key, [])]
    assert [invoice.id for invoice in invoices] == expected


async def listed(accounting: SoapClient, **arguments: Any) -> tuple[list[Any], int]:
    answer = await accounting.call("ListInvoices", ACCOUNTING, **arguments)
    return (answer["items"].Invoice if answer["items"] else []), answer.total


async def test_invoice_pages(company: DemoCompany, accounting: SoapClient) -> None:
    """Invoices are listed newest first, by offset and limit, with the total."""
    first, total = await listed(accounting, limit=3)
    second, _ = await listed(accounting, offset=2, limit=3)
    assert total == len(company.books.invoices)
    assert first[2].id == second[0].id
    assert len({invoice.id for invoice in (*first, *second)}) == 5


async def test_invoice_filters(company: DemoCompany, accounting: SoapClient) -> None:
    """State, days, overdue, text and customer narrow the list, alone and together."""
    books = company.books
    rows = books.invoices.values()
    _, total = await listed(accounting, status="O,P")
    assert total == sum(row.state in "OP" for row in rows)
    for overdue in (True, False):
        _, total = await listed(accounting, overdue=overdue)
        assert total == sum(books.overdue(row) is overdue for row in rows)
    day = date(2026, 3, 2)
    found, total = await listed(accounting, issuedFrom=day, issuedTo=day, limit=200)
    assert total == len(found) == sum(row.issued == day for row in rows)
    _, total = await listed(accounting, dueFrom=TODAY)
    assert total == sum(row.due is not None and row.due >= TODAY for row in rows)
    _, total = await listed(accounting, dueTo=TODAY, customerId="c7", overdue=True)
    assert total == sum(books.overdue(row) for row in books.invoices_of_customer["c7"])
    row = next(row for row in rows if row.number)
    found, _ = await listed(accounting, text=(row.number or "").lower())
    assert [invoice.id for invoice in found] == [row.id]
    assert await listed(accounting, customerId="nobody") == ([], 0)


@pytest.mark.parametrize("key", ["issued", "due", "total", "number"])
async def test_invoice_order(accounting: SoapClient, key: str) -> None:
    """A minus before the sort key turns the order round."""
    field = {"issued": "issueDate", "due": "dueDate", "total": "total", "number": "docNo"}[key]
    up, _ = await listed(accounting, customerId="c7", status="O,P,C", sort=key)
    down, _ = await listed(accounting, customerId="c7", status="O,P,C", sort=f"-{key}")
    values = [invoice[field] for invoice in up if invoice[field] is not None]
    assert values == sorted(values)
    assert sorted(values, reverse=True) == [invoice[field] for invoice in down if invoice[field] is not None]


@pytest.mark.parametrize("arguments", [{"status": "X"}, {"sort": "colour"}, {"limit": 0}])
async def test_accounting_faults(accounting: SoapClient, arguments: dict[str, Any]) -> None:
    """What does not fit is a fault of the sender, in SOAP 1.2's form."""
    with pytest.raises(Fault) as caught:
        await accounting.call("ListInvoices", ACCOUNTING, **arguments)
    assert caught.value.code == "soap12env:Sender"


@pytest.mark.parametrize(("password", "status"), [(credentials.ACCOUNTING_PASSWORD, 200), ("wrong", 401), ("", 401)])
async def test_username_token(http: aiohttp.ClientSession, company: DemoCompany, password: str, status: int) -> None:
    """Accounting takes a WS-Security UsernameToken with the password as text, and refuses a wrong one with 401."""
    client = await SoapClient.of(http, company.accounting, UsernameToken(credentials.ACCOUNTING_USER, password))
    try:
        reply = await client.post("GetInvoices", {}, ids={"id": ["i1"]})
    finally:
        client.close()
    assert reply.status == status


async def test_other_paths(http: aiohttp.ClientSession, company: DemoCompany) -> None:
    """The service is at /soap and nowhere else."""
    async with http.get(f"{company.warehouse.url}/") as response:
        assert response.status == 404
