"""Token buckets behave alike in memory and in a real store."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from gateway.limits.buckets import Buckets, MemoryBuckets, Policy
from gateway.limits.shared_buckets import SharedBuckets
from tests.doubles import FakeClock

TEN = Policy("ten", 10.0, 20.0)
"""Ten at once, one more every two seconds."""


@pytest.fixture(params=["memory", "redis"])
def buckets(request: pytest.FixtureRequest, clock: FakeClock) -> Buckets:
    memory = MemoryBuckets(clock)
    if request.param == "memory":
        return memory
    return SharedBuckets(request.getfixturevalue("redis"), clock, memory, timeout=2.0)


async def test_a_burst_and_then_what_grows_back(buckets: Buckets, clock: FakeClock) -> None:
    """A full bucket gives all at once; then each unit is there again after its share of the time."""
    for left in (7.0, 4.0, 1.0):
        level = await buckets.take("a", TEN, 3.0)
        assert (level.taken, level.left, level.wait) == (True, left, 0)
    refused = await buckets.take("a", TEN, 3.0)
    assert (refused.taken, refused.left) == (False, 1.0)
    assert (refused.wait, refused.full_in) == pytest.approx((4.0, 18.0))
    clock.advance(3.9)
    assert not (await buckets.take("a", TEN, 3.0)).taken
    clock.advance(0.1)
    assert (await buckets.take("a", TEN, 3.0)).left == pytest.approx(0.0, abs=1e-4)


async def test_it_overflows(buckets: Buckets, clock: FakeClock) -> None:
    """However long a caller was away, no more than the capacity waits for it."""
    await buckets.take("a", TEN, 10.0)
    clock.advance(10_000)
    assert (await buckets.take("a", TEN, 4.0)).left == 6.0


async def test_what_is_refused_takes_nothing(buckets: Buckets) -> None:
    """Asking again and again for too much does not keep a bucket empty."""
    for _ in range(10):
        assert not (await buckets.take("a", TEN, 11.0)).taken
    assert (await buckets.take("a", TEN, 10.0)).taken


async def test_keys_and_policies_are_apart(buckets: Buckets) -> None:
    """One caller's spending is not another's, and two policies of one key are two buckets."""
    assert (await buckets.take("a", TEN, 10.0)).taken
    assert (await buckets.take("b", TEN, 10.0)).taken
    assert (await buckets.take("a", Policy("five", 5.0, 20.0), 5.0)).taken
    assert not (await buckets.take("a", TEN, 1.0)).taken


async def test_together_they_take_no_more(buckets: Buckets) -> None:
    """Of forty operations at the same moment exactly as many get through as the bucket holds."""
    levels = await asyncio.gather(*(buckets.take("a", TEN, 1.0) for _ in range(40)))
    assert sum(level.taken for level in levels) == 10


async def test_processes_share(redis: Redis, clock: FakeClock) -> None:
    """Two processes draw from the same bucket."""
    one, two = (SharedBuckets(redis, clock, MemoryBuckets(clock), timeout=2.0) for _ in range(2))
    assert (await one.take("a", TEN, 6.0)).taken
    assert not (await two.take("a", TEN, 6.0)).taken
    assert (await two.take("a", TEN, 4.0)).taken


async def test_clocks_that_differ(redis: Redis) -> None:
    """A process whose clock is behind neither takes time back nor adds any; the rate holds."""
    ahead, behind = FakeClock(epoch=2_000_000_100.0), FakeClock(epoch=2_000_000_000.0)
    one, two = (SharedBuckets(redis, clock, MemoryBuckets(clock), timeout=2.0) for clock in (ahead, behind))
    assert (await one.take("a", TEN, 10.0)).taken
    behind.advance(90)
    assert not (await two.take("a", TEN, 1.0)).taken
    ahead.advance(2)
    assert (await one.take("a", TEN, 1.0)).taken
    assert not (await one.take("a", TEN, 1.0)).taken


async def test_buckets_in_redis_end_by_themselves(redis: Redis, clock: FakeClock) -> None:
    """A bucket is forgotten when it would be full again, and its name does not tell whose it is."""
    await SharedBuckets(redis, clock, MemoryBuckets(clock), timeout=2.0).take("alice-planted", TEN, 10.0)
    (name,) = await redis.keys("*")
    assert b"alice" not in name
    assert 20_000 < await redis.pttl(name) <= 21_000


async def test_the_script_survives_a_flush(redis: Redis, clock: FakeClock) -> None:
    """A store that was restarted, and has forgotten the script, is taught it again."""
    buckets = SharedBuckets(redis, clock, MemoryBuckets(clock), timeout=2.0)
    await buckets.take("a", TEN, 4.0)
    await redis.script_flush()
    assert (await buckets.take("a", TEN, 4.0)).left == 2.0
    assert buckets.failures == 0


async def test_without_redis_each_process_counts(tmp_path: Path, clock: FakeClock) -> None:
    """While Redis is away callers are neither refused nor unlimited: each process counts, and asks once a second."""
    client = Redis(unix_socket_path=str(tmp_path / "nobody"), retry=Retry(NoBackoff(), 0))
    buckets = SharedBuckets(client, clock, MemoryBuckets(clock))
    assert [(await buckets.take("a", TEN, 4.0)).taken for _ in range(3)] == [True, True, False]
    assert buckets.failures == 1
    clock.advance(1)
    await buckets.take("a", TEN, 4.0)
    assert buckets.failures == 2


async def test_a_silent_redis_costs_its_timeout(redis: Redis, clock: FakeClock) -> None:
    """A store that takes the question and does not answer is given up after the timeout."""
    await redis.client_pause(200)
    buckets = SharedBuckets(redis, clock, MemoryBuckets(clock), timeout=0.02)
    assert (await buckets.take("a", TEN, 4.0)).taken
    assert buckets.failures == 1


async def test_something_else_under_the_name(redis: Redis, clock: FakeClock) -> None:
    """A key of another kind in the store is a failure of the store, not of the request."""
    buckets = SharedBuckets(redis, clock, MemoryBuckets(clock), timeout=2.0)
    await buckets.take("a", TEN, 1.0)
    (name,) = await redis.keys("*")
    await redis.set(name, b"text")
    assert (await buckets.take("a", TEN, 1.0)).taken
    assert buckets.failures == 1


async def test_memory_is_bounded(clock: FakeClock) -> None:
    """A flood of callers pushes out those that were idle longest, and not the one at work."""
    buckets = MemoryBuckets(clock, max_buckets=100)
    await buckets.take("busy", TEN, 9.0)
    for number in range(1000):
        await buckets.take(f"caller-{number}", TEN, 1.0)
        await buckets.take("busy", TEN, 5.0)
    assert len(buckets) == 100
    assert not (await buckets.take("busy", TEN, 5.0)).taken


@given(steps=st.lists(st.tuples(st.floats(0, 30), st.floats(0.01, 12)), max_size=30))
def test_never_more_than_the_rate(steps: list[tuple[float, float]]) -> None:
    """Whatever the pattern of requests, what is taken stays within capacity and growth, and levels within bounds."""
    clock = FakeClock()
    buckets = MemoryBuckets(clock)
    total = elapsed = 0.0
    for pause, cost in steps:
        clock.advance(pause)
        elapsed += pause
        level = buckets.take_now("a", TEN, cost)
        total += cost if level.taken else 0
        assert -1e-6 <= level.left <= TEN.capacity
        assert (level.wait > 0) != level.taken
        assert total <= TEN.capacity * (1 + elapsed / TEN.per) + 1e-4
