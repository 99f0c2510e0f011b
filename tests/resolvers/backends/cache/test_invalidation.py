"""Forgetting by tag: what an invalidation covers, here and in every other process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from resolvers.backends.cache import Invalidations
from resolvers.backends.cache.channel import InvalidationChannel
from resolvers.backends.cache.entries import Listing
from resolvers.backends.cache.shared import redis_client
from resolvers.errors import BackendUnavailable
from resolvers.records import Customer, Invoice, Order, Product
from tests.doubles import FakeClock

ORDER = Order(id="o1", customer_id="c1")
INVOICE = Invoice(id="i1", customer_id="c1", order_id="o1")
CUSTOMER = Customer(id="c1", name="n")
PRODUCT = Product(sku="S-1")
PAGE: Listing[Order] = Listing((ORDER,), None, None, False)


@pytest.mark.parametrize(
    ("tag", "operation", "key", "value", "covered"),
    [
        ("customer:c1", "customers.by_ids", "c1", CUSTOMER, True),
        ("customer:c1", "customers.by_ids", "c1", None, True),
        ("customer:c2", "customers.by_ids", "c1", CUSTOMER, False),
        ("customer:c1", "orders.by_ids", "o1", ORDER, True),
        ("customer:c1", "orders.by_customers", "c1", (), True),
        ("customer:c1", "invoices.by_ids", "i1", INVOICE, True),
        ("order:o1", "orders.by_customers", "c1", (ORDER,), True),
        ("order:o2", "orders.by_customers", "c1", (ORDER,), False),
        ("order:o1", "invoices.by_orders", "o1", (), True),
        ("order:o1", "invoices.by_customers", "c1", (INVOICE,), True),
        ("invoice:i1", "invoices.by_orders", "o1", (INVOICE,), True),
        ("product:S-1", "products.by_skus", "S-1", PRODUCT, True),
        ("product:S-1", "stock.by_skus", "S-1", PRODUCT, True),
        ("product:S-1", "orders.by_ids", "o1", ORDER, False),
        ("order:o9", "orders.list", "20:", PAGE, True),
        ("customer:c1", "orders.list", "20:", PAGE, True),
        ("customer:c9", "orders.list", "20:", PAGE, False),
        ("customer:c9", "customers.list", "20:", Listing((CUSTOMER,), None, None, False), True),
        ("orders.by_ids:o1", "orders.by_ids", "o1", ORDER, True),
        ("orders.by_ids:o1", "orders.by_customers", "c1", (ORDER,), False),
        ("orders.by_ids:*", "orders.by_ids", "o7", None, True),
        ("orders.list:*", "orders.list", "20:", PAGE, True),
        ("orders.list:*", "orders.by_ids", "o1", ORDER, False),
        ("customer:*", "orders.by_ids", "o1", ORDER, True),
        ("order:*", "orders.by_ids", "o1", None, True),
    ],
)
def test_what_a_tag_covers(tag: str, operation: str, key: str, value: object, covered: bool) -> None:
    """A tag covers records, what belongs to them, their absences and the lists that they may be on, if older."""
    invalidations = Invalidations()
    invalidations.add({tag: 100.0})
    assert invalidations.covers(operation, key, value, 99.0) is covered
    assert invalidations.covers(operation, key, value, 100.0) is covered
    assert not invalidations.covers(operation, key, value, 100.5)


def test_the_later_moment_counts() -> None:
    """Invalidations that arrive out of order do not take anything back."""
    invalidations = Invalidations()
    invalidations.add({"order:o1": 100.0})
    invalidations.add({"order:o1": 50.0})
    assert invalidations.newest_about("orders.by_ids") == 100.0
    assert invalidations.covers("orders.by_ids", "o1", ORDER, 99.0)


def test_old_invalidations_are_dropped() -> None:
    """What is older than any entry can be takes no memory."""
    invalidations = Invalidations(keep=1000.0, most=10)
    for number in range(50):
        invalidations.add({f"order:o{number}": number * 500.0})
    assert len(invalidations) <= 10
    assert invalidations.covers("orders.by_ids", "o49", None, 49 * 500.0)


def test_a_flood_of_invalidations_is_made_coarser_never_forgotten() -> None:
    """Beyond the bound whole kinds are forgotten: a few calls too many, and no old answer."""
    invalidations = Invalidations(keep=1e9, most=100)
    tags = [f"order:o{number}" for number in range(1000)]
    for moment, tag in enumerate(tags, start=1):
        invalidations.add({tag: float(moment)})
    assert len(invalidations) <= 101
    for moment, tag in enumerate(tags, start=1):
        assert invalidations.covers("orders.by_ids", tag.removeprefix("order:"), None, float(moment))


MakeChannel = Callable[..., InvalidationChannel]


@pytest.fixture
async def channel_of(clock: FakeClock) -> AsyncIterator[MakeChannel]:
    """Makes the channel of one process; two of them over one address are two processes."""
    made: list[InvalidationChannel] = []

    def make(
        address: str, invalidations: Invalidations, *, clock: FakeClock = clock, skew: float = 0.0
    ) -> InvalidationChannel:
        channel = InvalidationChannel(
            invalidations,
            redis_client(address, 2.0),
            redis_client(address, 2.0, connections=1),
            clock,
            namespace="test",
            skew=skew,
            timeout=2.0,
            sleep=lambda seconds: asyncio.sleep(0.01),
        )
        made.append(channel)
        return channel

    yield make
    for channel in made:
        await channel.close()
        await channel._client.aclose()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - another process has no event to wait for
            await asyncio.sleep(0.005)


async def test_every_process_hears_of_it(address: str, clock: FakeClock, channel_of: MakeChannel) -> None:
    """What one process is told to forget, all others forget at once, and it itself."""
    one, two = Invalidations(keep=100.0), Invalidations(keep=100.0)
    first, second = channel_of(address, one), channel_of(address, two)
    for channel in (first, second):
        await channel.open()
        await channel.listening.wait()
    await first.publish(["order:o1", "customer:c1"])
    assert len(one) == 2
    await until(lambda: len(two) == 2)
    assert two.covers("orders.by_ids", "o1", None, clock.time())


async def test_a_process_that_starts_later_knows_too(address: str, clock: FakeClock, channel_of: MakeChannel) -> None:
    """Invalidations are kept as long as entries may live, so who starts or comes back has missed none."""
    await channel_of(address, Invalidations(keep=100.0)).publish([f"order:o{number}" for number in range(2500)])
    late = Invalidations(keep=100.0)
    channel = channel_of(address, late)
    await channel.open()
    await until(lambda: len(late) == 2500)


async def test_what_is_too_old_is_removed_from_redis(address: str, clock: FakeClock, channel_of: MakeChannel) -> None:
    """The set in Redis does not grow for ever, and is gone when nobody invalidates any more."""
    channel = channel_of(address, Invalidations(keep=100.0))
    await channel.publish(["order:old"])
    clock.advance(101)
    await channel.publish(["order:new"])
    client = channel._client
    assert await client.zrange("test:invalidations", 0, -1) == [b"order:new"]
    assert 90_000 < await client.pttl("test:invalidations") <= 100_000


async def test_clocks_that_differ_hide_nothing(address: str, channel_of: MakeChannel) -> None:
    """A process whose clock goes ahead wrote its entries "later" than the invalidation, and forgets them as well."""
    behind, ahead = FakeClock(), FakeClock(epoch=FakeClock().time() + 1.5)
    elsewhere = Invalidations(keep=100.0)
    channel = channel_of(address, elsewhere, clock=ahead, skew=2.0)
    await channel.open()
    await channel.listening.wait()
    written_at = ahead.time()
    await channel_of(address, Invalidations(keep=100.0), clock=behind, skew=2.0).publish(["order:o1"])
    await until(lambda: len(elsewhere) == 1)
    assert elsewhere.covers("orders.by_ids", "o1", None, written_at)


async def test_a_lost_connection_loses_no_invalidation(address: str, clock: FakeClock, channel_of: MakeChannel) -> None:
    """While a process is cut off nothing reaches it; as soon as it is back it has read what it missed."""
    heard = Invalidations(keep=100.0)
    channel = channel_of(address, heard)
    await channel.open()
    await channel.listening.wait()
    admin = redis_client(address, 2.0)
    publisher = channel_of(address, Invalidations(keep=100.0))
    await admin.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    await publisher.publish(["order:o1"])
    await until(lambda: len(heard) == 1)
    await channel.listening.wait()
    await publisher.publish(["order:o2"])
    await until(lambda: len(heard) == 2)
    await admin.aclose()


async def test_noise_on_the_channel_is_ignored(address: str, clock: FakeClock, channel_of: MakeChannel) -> None:
    """A message that is not ours is passed over, and the next one is heard."""
    heard = Invalidations(keep=100.0)
    channel = channel_of(address, heard)
    await channel.open()
    await channel.listening.wait()
    client = channel._client
    await client.publish("test:invalidations", b"hello")
    await client.publish("test:invalidations", msgspec.msgpack.encode((clock.time(), ["order:o1"])))
    await until(lambda: len(heard) == 1)


async def test_who_invalidates_learns_that_redis_is_away(
    tmp_path: Path, clock: FakeClock, channel_of: MakeChannel
) -> None:
    """When the others cannot be told, the caller is told so and may try again; this process has forgotten."""
    here = Invalidations(keep=100.0)
    channel = channel_of(f"unix://{tmp_path}/nobody", here)
    await channel.open()
    with pytest.raises(BackendUnavailable) as caught:
        await channel.publish(["order:o1"])
    assert caught.value.retryable
    assert len(here) == 1
