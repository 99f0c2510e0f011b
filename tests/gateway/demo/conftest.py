"""The demo company on a fixed day, and clients for it that are nobody's connectors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any, NamedTuple

import aiohttp
import pytest
from zeep import Client, Settings
from zeep.transports import Transport

from gateway.demo import credentials
from gateway.demo.company import DemoCompany
from gateway.demo.server import DemoServer

TODAY = date(2026, 6, 30)
CRM = {"Authorization": f"Bearer {credentials.CRM_TOKEN}"}
SHOP = {"X-Api-Key": credentials.SHOP_KEY}
WAREHOUSE = {"Authorization": aiohttp.encode_basic_auth(credentials.WAREHOUSE_USER, credentials.WAREHOUSE_PASSWORD)}
ACCOUNTING = {"Authorization": aiohttp.encode_basic_auth(credentials.ACCOUNTING_USER, credentials.ACCOUNTING_PASSWORD)}

GET_PRODUCTS = b"""<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:w="http://demo.example/warehouse">
<s:Body><w:GetProducts><w:skus><w:sku>SKU-0001</w:sku><w:sku>SKU-0002</w:sku></w:skus></w:GetProducts></s:Body></s:Envelope>"""
GET_INVOICES = b"""<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://demo.example/accounting">
<s:Body><a:GetInvoices><a:ids><a:id>i1</a:id><a:id>i2</a:id></a:ids></a:GetInvoices></s:Body></s:Envelope>"""


class Reply(NamedTuple):
    """What came back."""

    status: int
    headers: Any
    body: bytes


async def sample_call(http: aiohttp.ClientSession, server: DemoServer, **options: Any) -> Reply:
    """One good batch call of two keys to this server."""
    method, path, headers, data = {
        "crm": ("GET", "/customers?ids=c1,c2", CRM, None),
        "shop": ("GET", "/orders?ids=o1,o2", SHOP, None),
        "warehouse": ("POST", "/soap", WAREHOUSE | {"Content-Type": "text/xml; charset=utf-8"}, GET_PRODUCTS),
        "accounting": ("POST", "/soap", ACCOUNTING | {"Content-Type": "application/soap+xml"}, GET_INVOICES),
    }[server.name]
    async with http.request(
        method, server.url + path, headers=headers, data=data, allow_redirects=False, **options
    ) as response:
        return Reply(response.status, response.headers, await response.read())


BATCH_OPERATIONS = {
    "crm": "customers.by_ids",
    "shop": "orders.by_ids",
    "warehouse": "GetProducts",
    "accounting": "GetInvoices",
}


class _Offline(Transport):  # type: ignore[misc]  # zeep ships no types
    def __init__(self, documents: dict[str, bytes]) -> None:
        super().__init__()
        self._documents = documents

    def load(self, url: str) -> bytes:
        return self._documents[url]


class _ZeepReply(NamedTuple):
    status_code: int
    content: bytes
    headers: dict[str, str]
    encoding: str = "utf-8"


class SoapClient:
    """zeep over aiohttp: a strict client that knows nothing of the server but its WSDL."""

    def __init__(self, http: aiohttp.ClientSession, wsdl: bytes, address: str, wsse: Any = None) -> None:
        self._http = http
        self._transport = _Offline({"http://demo.example/wsdl": wsdl})
        self._client = Client(
            "http://demo.example/wsdl", transport=self._transport, wsse=wsse, settings=Settings(strict=True)
        )
        self.address = address

    @classmethod
    async def of(cls, http: aiohttp.ClientSession, server: DemoServer, wsse: Any = None) -> SoapClient:
        """The client of this server, made from its WSDL."""
        async with http.get(f"{server.url}/soap?wsdl") as response:
            wsdl = await response.read()
        return cls(http, wsdl, f"{server.url}/soap", wsse)

    async def post(self, name: str, headers: dict[str, str], **arguments: Any) -> Reply:
        """The raw reply to this operation."""
        service = self._client.service
        envelope, soap_headers = service._binding._create(
            name, (), arguments, client=self._client, options={"address": self.address}
        )
        from lxml import etree

        async with self._http.post(
            self.address,
            data=etree.tostring(envelope, xml_declaration=True, encoding="utf-8"),
            headers={**soap_headers, **headers},
        ) as response:
            return Reply(response.status, response.headers, await response.read())

    async def call(self, name: str, headers: dict[str, str], **arguments: Any) -> Any:
        """What zeep makes of the reply to this operation; raises zeep.exceptions.Fault for a fault."""
        reply = await self.post(name, headers, **arguments)
        binding = self._client.service._binding
        return binding.process_reply(
            self._client, binding.get(name), _ZeepReply(reply.status, reply.body, dict(reply.headers))
        )

    def close(self) -> None:
        """Closes the session that zeep opens whether it is used or not."""
        self._transport.session.close()


@pytest.fixture
async def company() -> AsyncIterator[DemoCompany]:
    """The demo company on 30 June 2026, everything as it should be."""
    async with DemoCompany(today=TODAY) as company:
        yield company


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that opens a connection for each call, so that none is left over from another."""
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session
