"""A REST connector against a server of another make: chunks, compression, keep-alive as real servers do them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from resolvers.backends.credentials import FixedCredentials
from resolvers.backends.mapping import FieldSettings, MappingSettings
from resolvers.backends.ports import Call
from resolvers.backends.rest import RestConnector, RestEndpoint, RestOperationSettings, RestSettings
from resolvers.records import Customer
from tests.resolvers.backends.rest.clock import FakeClock


async def customers(request: web.Request) -> web.StreamResponse:
    """Compressed for one key, chunked for two, plain for more."""
    ids = request.query["ids"].split(",")
    rows = [{"id": key, "name": f"Customer {key} Müller " * 20} for key in ids]
    response = web.json_response(rows)
    if len(ids) == 1:
        response.enable_compression(web.ContentCoding.gzip, strategy=None)
    if len(ids) == 2:
        response.enable_chunked_encoding()
    return response


@pytest.fixture
async def endpoint() -> AsyncIterator[RestEndpoint[Customer]]:
    app = web.Application()
    app.router.add_get("/api/customers", customers)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    connector = RestConnector(
        "crm",
        RestSettings(url=f"http://127.0.0.1:{runner.addresses[0][1]}/api"),
        credentials=FixedCredentials(),
        clock=FakeClock(),
    )
    await connector.open()
    mapping = MappingSettings(fields={"id": FieldSettings(path="id"), "name": FieldSettings(path="name")})
    operation = RestOperationSettings(path="/customers", query={"ids": "{keys|csv}"})
    yield connector.endpoint("customers.by_ids", operation, Customer, mapping)
    await connector.close()
    await runner.cleanup()


async def test_every_framing_of_a_real_server_is_read(endpoint: RestEndpoint[Customer]) -> None:
    """Compressed, chunked and plain answers hold the same records, one after the other and at the same time."""
    batches = [("1",), ("1", "2"), ("1", "2", "3")]
    for keys in batches * 2:
        fetched = await endpoint.attempt(Call(keys=keys))
        assert [record.id for record in fetched.records if isinstance(record, Customer)] == list(keys)
    answers = await asyncio.gather(*(endpoint.attempt(Call(keys=keys)) for keys in batches * 10))
    assert [len(fetched.records) for fetched in answers] == [1, 2, 3] * 10
