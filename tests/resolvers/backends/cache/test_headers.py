"""What a backend says about keeping its answers, over real calls: Cache-Control, ETag, 304."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from resolvers.backends.cache import CachedSource, Codec, Freshness, Invalidations, MemoryStore, Naming
from resolvers.backends.credentials import FixedCredentials
from resolvers.backends.mapping import MappingSettings
from resolvers.backends.operation import Backends
from resolvers.backends.rest import RestConnector, RestOperationSettings, RestSettings
from resolvers.backends.source import BatchedSource
from resolvers.context import Context
from resolvers.records import Customer
from tests.doubles import DirectCaller, FakeClock


class Crm:
    """One customer by its id, with the Cache-Control that the test wants and an ETag of its name."""

    def __init__(self) -> None:
        self.name = "first"
        self.cache_control: str | None = None
        self.asked: list[str | None] = []
        self.answered: list[int] = []

    async def answer(self, request: web.BaseRequest) -> web.Response:
        held = request.headers.get("If-None-Match")
        self.asked.append(held)
        headers = {"ETag": f'"{self.name}"'}
        if self.cache_control is not None:
            headers["Cache-Control"] = self.cache_control
        status = 304 if held == headers["ETag"] else 200
        self.answered.append(status)
        if status == 304:
            return web.Response(status=304, headers=headers)
        return web.json_response({"id": request.path.rpartition("/")[2], "name": self.name}, headers=headers)


@pytest.fixture
def crm() -> Crm:
    return Crm()


@pytest.fixture
async def source(crm: Crm, clock: FakeClock) -> AsyncIterator[CachedSource]:
    server = web.Server(crm.answer)
    listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    connector = RestConnector("crm", RestSettings(url=url), credentials=FixedCredentials(), clock=clock)
    await connector.open()
    endpoint = connector.endpoint(
        "customers.by_ids",
        RestOperationSettings(path="/customers/{key}", cache_headers=True),
        Customer,
        MappingSettings.model_validate({"fields": {"id": "id", "name": "name"}}),
    )
    made = CachedSource(
        BatchedSource(endpoint, DirectCaller(), key_of=lambda record: record.id, grouped=False, clock=clock),
        MemoryStore(max_entries=100, max_bytes=10**6, clock=clock),
        freshness=Freshness.model_validate({"ttl": "60s"}),
        naming=Naming("test", "customers.by_ids", Customer, ""),
        codec=Codec(Customer),
        invalidations=Invalidations(),
        jitter=lambda: 0.0,
    )
    yield made
    await made.close()
    await connector.close()
    listener.close()
    await server.shutdown(1.0)


async def name(source: CachedSource, clock: FakeClock) -> str:
    context = Context(Backends({}), clock, deadline=clock.monotonic() + 5, correlation_id="test")
    (answer,) = await source.answers(["c1"], (), (), context)
    assert isinstance(answer, Customer)
    return answer.name


async def test_an_expired_answer_is_confirmed_over_the_wire(source: CachedSource, crm: Crm, clock: FakeClock) -> None:
    """If-None-Match goes out, 304 renews what is held, and a changed record comes whole."""
    assert await name(source, clock) == "first"
    clock.advance(61)
    assert await name(source, clock) == "first"
    assert await name(source, clock) == "first"
    crm.name = "second"
    clock.advance(61)
    assert await name(source, clock) == "second"
    assert crm.asked == [None, '"first"', '"first"']
    assert crm.answered == [200, 304, 200]


@pytest.mark.parametrize(
    ("cache_control", "after", "asked"),
    [
        ("max-age=10", 9, [None]),
        ("max-age=10", 11, [None, '"first"']),
        ("max-age=600", 59, [None]),
        ("max-age=600", 61, [None, '"first"']),
        ("no-cache", 1, [None, '"first"']),
        ("max-age=0, must-revalidate", 1, [None, '"first"']),
        ("no-store", 1, [None, None]),
        ("no-store, max-age=600", 1, [None, None]),
    ],
)
async def test_cache_control_is_obeyed(
    source: CachedSource, crm: Crm, clock: FakeClock, cache_control: str, after: float, asked: list[str | None]
) -> None:
    """The backend may shorten a TTL, ask to be asked each time, and forbid that anything is kept at all."""
    crm.cache_control = cache_control
    await name(source, clock)
    clock.advance(after)
    await name(source, clock)
    assert crm.asked == asked
