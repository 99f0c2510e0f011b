"""The store in this process: bounded, in order of use, and honest about its bytes."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from aiocache import SimpleMemoryCache

from resolvers.backends.cache import Codec, MemoryStore
from resolvers.backends.cache.entries import Entry, Listing
from resolvers.backends.cache.memory import BoundedMemoryCache
from resolvers.backends.cache.sizes import weigher
from resolvers.records import Address, Customer, Invoice, Money, Order, OrderLine
from tests.doubles import FakeClock

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def cache_of(clock: FakeClock, **bounds: int) -> BoundedMemoryCache:
    limits = {"max_entries": 1000, "max_bytes": 1_000_000} | bounds
    return BoundedMemoryCache(clock=clock, size_of=lambda value: 100, **limits)


async def test_plain_aiocache_memory_grows_without_end() -> None:
    """The trap: aiocache's own store keeps whatever it is given."""
    plain = SimpleMemoryCache()
    for number in range(3000):
        await plain.set(f"k{number}", "v")
    assert len(plain._cache) == 3000
    plain._cache.clear()


async def test_entries_are_bounded_and_the_least_used_go_first(clock: FakeClock) -> None:
    """However much is put in, no more than `max_entries` stay, and those are the ones used last."""
    cache = cache_of(clock, max_entries=3)
    for key in ("a", "b", "c"):
        await cache.set(key, key)
    assert await cache.get("a") == "a"
    await cache.set("d", "d")
    assert await cache.multi_get(["a", "b", "c", "d"]) == ["a", None, "c", "d"]
    assert (len(cache), cache.evicted) == (3, 1)


async def test_bytes_are_bounded(clock: FakeClock) -> None:
    """Bytes are counted for values and names, and what alone is larger than all room is not kept at all."""
    cache = cache_of(clock, max_bytes=350)
    for key in ("a", "b", "c", "d"):
        await cache.set(key, key)
    assert len(cache) == 3
    assert cache.bytes == 303
    cache.put("huge", "v", None, size=400)
    assert await cache.get("huge") is None
    assert len(cache) == 3


async def test_nothing_is_kept_beyond_its_time(clock: FakeClock) -> None:
    """A TTL ends by the clock, without a timer per entry; one of 0 keeps nothing; setting again begins anew."""
    cache = cache_of(clock)
    await cache.set("a", 1, ttl=10)
    await cache.set("zero", 1, ttl=0)
    await cache.set("ever", 1)
    assert await cache.get("zero") is None
    clock.advance(9)
    await cache.set("a", 2, ttl=10)
    clock.advance(9)
    assert await cache.get("a") == 2
    clock.advance(1)
    assert await cache.get("a") is None
    assert await cache.get("ever") == 1
    assert cache.bytes == 104


async def test_it_is_an_aiocache_store(clock: FakeClock) -> None:
    """Whatever works on aiocache's interface works on this store."""
    cache = cache_of(clock)
    assert await cache.add("a", 1)
    with pytest.raises(ValueError, match="already exists"):
        await cache.add("a", 2)
    assert await cache.exists("a")
    assert await cache.increment("a", 4) == 5
    assert await cache.increment("new", 1) == 1
    await cache.multi_set([("b", "text"), ("c", 3)], ttl=60)
    with pytest.raises(TypeError, match="integer"):
        await cache.increment("b")
    assert await cache.expire("c", 1)
    assert not await cache.expire("nothing", 1)
    clock.advance(1)
    assert await cache.multi_get(["a", "b", "c"]) == [5, "text", None]
    assert await cache.delete("a") == 1
    assert await cache.delete("a") == 0
    assert await cache.raw("get", "b") is not None
    assert await cache._set("b", "other", _cas_token="not it") is False
    assert await cache._redlock_release("b", "text") == 1
    await cache.set("one:a", 1)
    await cache.set("two:a", 1)
    await cache.clear(namespace="one")
    assert [await cache.get("one:a"), await cache.get("two:a")] == [None, 1]
    await cache.clear()
    assert (len(cache), cache.bytes) == (0, 0)


def customer(number: int) -> Customer:
    address = Address(
        kind=f"billing-{number}",
        lines=(f"Hauptstraße {number}", f"{number}. Stock"),
        postal_code=f"{number:05}",
        city=f"München {number}",
        country=f"D{number}",
    )
    return Customer(
        id=f"c{number}",
        number=f"K-{number:06}",
        name=f"Kunde Nummer {number} GmbH & Co. KG",
        email=f"kunde{number}@example.com",
        phone=f"+49 89 {number}",
        addresses=(address,),
        status="ACTIVE",
        created_at=EPOCH + timedelta(seconds=number),
    )


def money(number: int) -> Money:
    return Money(Decimal(number) / 100, f"E{number:02}")


def order(number: int, lines: int = 3) -> Order:
    return Order(
        id=f"o{number}",
        number=f"2026-{number:06}",
        customer_id=f"c{number}",
        status="CONFIRMED",
        placed_at=EPOCH + timedelta(seconds=number),
        total=money(number),
        lines=tuple(
            OrderLine(
                sku=f"SKU-{number}-{line}",
                description=f"Article {number} in blue",
                quantity=Decimal(line + number),
                unit_price=money(number + line),
                line_total=money(number * 2 + line),
            )
            for line in range(lines)
        ),
    )


def invoice(number: int) -> Invoice:
    return Invoice(
        id=f"i{number}",
        number=f"RE-{number:06}",
        customer_id=f"c{number}",
        order_id=f"o{number}",
        kind=f"INVOICE{number}",
        status="SENT",
        issued_on=date.fromordinal(700_000 + number),
        due_on=date.fromordinal(700_030 + number),
        total=money(number),
        balance=money(number + 1),
    )


SAMPLES: dict[str, tuple[Codec, Callable[[int], Any]]] = {
    "customers": (Codec(Customer), customer),
    "orders": (Codec(Order), order),
    "invoices": (Codec(Invoice), invoice),
    "absences": (Codec(Order), lambda number: None),
    "groups": (Codec(Order, grouped=True), lambda number: tuple(order(number * 5 + part, 1) for part in range(5))),
    "pages": (
        Codec(Invoice, listed=True),
        lambda number: Listing(tuple(invoice(number + part) for part in range(9)), 9, ("p1", "p2"), True),
    ),
}


@pytest.mark.parametrize("kind", SAMPLES)
def test_the_bytes_that_are_counted_are_those_that_are_taken(kind: str, clock: FakeClock) -> None:
    """For every kind of answer the count is an upper bound of the real memory, and no more than a third above it."""
    codec, make = SAMPLES[kind]
    count = 400 if kind in ("groups", "pages") else 2000
    store = MemoryStore(max_entries=10**6, max_bytes=10**12, clock=clock)
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(count):
            # Names and times as they are in use: objects of their own.
            name = f"bizgraph:0123456789abcdef01234567:orders.by_ids:-:{number}"
            store.put({name: Entry(1e9 + number, 1e9 + number + 60, make(number))}, 60.0, codec)
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 1.0 <= store.cache.bytes / taken <= 1.35, (store.cache.bytes / count, taken / count)


@pytest.mark.timeout(180)
def test_a_hundred_thousand_records_stay_inside_the_configured_bytes(clock: FakeClock) -> None:
    """`max_bytes` is what the cache really takes at most, however many records come; what was used last is there."""
    codec, make = SAMPLES["invoices"]
    store = MemoryStore(max_entries=10**6, max_bytes=16_000_000, clock=clock)
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(100_000):
            store.put(
                {f"invoices.by_ids:-:{number}": Entry(1e9 + number, 1e9 + number + 60, make(number))}, 60.0, codec
            )
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken <= 16_000_000
    assert len(store.cache) > 16_000_000 / 2_000
    assert store.cache.peek(["invoices.by_ids:-:99999", "invoices.by_ids:-:0"])[1] is None
    assert store.cache.evicted == 100_000 - len(store.cache)


def test_shapes_that_nobody_can_weigh_are_refused() -> None:
    """A record with a field of an unknown kind is refused at start, not weighed wrongly for ever."""
    with pytest.raises(TypeError, match="not a record"):
        weigher(int)
