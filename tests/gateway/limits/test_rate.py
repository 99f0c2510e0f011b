"""What callers see of a rate limit: headers while there is something left, then 429's shape with the time to wait."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from gateway.limits.rate import RateLimit, rate_limit
from gateway.limits.settings import RateSettings
from resolvers.errors import GatewayError, OperationTooLarge, RateLimited
from tests.doubles import FakeClock
from tests.gateway.limits.conftest import ALICE, BOB, STRANGER, Passed

SETTINGS = RateSettings(mode="enforce", cost=100, anonymous_cost=10, per="10s")


@pytest.fixture
def limit(clock: FakeClock, passed: Passed) -> RateLimit:
    made = rate_limit(SETTINGS, clock, exceeded=passed)
    assert made is not None
    return made


async def test_within_the_rate(limit: RateLimit, clock: FakeClock) -> None:
    """Each answer tells the policy and what is left of it, in the fields of the IETF's draft."""
    charge = await limit.charge(ALICE, 30)
    assert charge.error is None
    assert charge.headers == [(b"ratelimit-policy", b'"caller";q=100;w=10'), (b"ratelimit", b'"caller";r=70;t=3')]
    clock.advance(1)
    assert (await limit.charge(ALICE, 30)).headers[1] == (b"ratelimit", b'"caller";r=50;t=5')


async def test_beyond_the_rate(limit: RateLimit, clock: FakeClock, passed: Passed) -> None:
    """An operation for which too little is left is refused with numbers and the time to wait, and takes nothing."""
    await limit.charge(ALICE, 80)
    charge = await limit.charge(ALICE, 35)
    assert isinstance(charge.error, RateLimited)
    assert charge.error.message == "This operation costs 35, and 20 are left of 100 per 10 s: try again in 2 s."
    assert charge.error.extensions == {
        "code": "RATE_LIMITED",
        "limit": "rate",
        "allowed": 100,
        "actual": 35,
        "remaining": 20,
        "retryAfter": 2,
        "retryable": True,
    }
    assert charge.headers == [(b"ratelimit-policy", b'"caller";q=100;w=10'), (b"ratelimit", b'"caller";r=20;t=8')]
    assert passed.noted == [("rate", ALICE, True)]
    clock.advance(2)
    assert (await limit.charge(ALICE, 35)).error is None


async def test_more_than_all(limit: RateLimit) -> None:
    """An operation that no waiting would pay for is too large, and is not told to come back."""
    charge = await limit.charge(ALICE, 101)
    assert isinstance(charge.error, OperationTooLarge)
    assert charge.error.details == {"limit": "rate", "allowed": 100, "actual": 101}
    assert not charge.error.retryable


async def test_callers_are_apart(limit: RateLimit) -> None:
    """One caller's spending is nobody else's, and strangers have a rate of their own."""
    await limit.charge(ALICE, 100)
    assert (await limit.charge(ALICE, 1)).error is not None
    assert (await limit.charge(BOB, 100)).error is None
    assert (await limit.charge(STRANGER, 10)).headers[0] == (b"ratelimit-policy", b'"address";q=10;w=10')
    assert (await limit.charge(STRANGER, 1)).error is not None


async def test_nothing_is_free(limit: RateLimit) -> None:
    """An operation without cost is charged one, so that a flood of them has an end."""
    for _ in range(10):
        assert (await limit.charge(STRANGER, 0)).error is None
    assert (await limit.charge(STRANGER, 0)).error is not None


async def test_measuring(clock: FakeClock, passed: Passed) -> None:
    """In measure mode everything runs, no header tells callers of it, and what would be refused is counted."""
    limit = rate_limit(SETTINGS.model_copy(update={"mode": "measure"}), clock, exceeded=passed)
    assert limit is not None
    charges = [await limit.charge(ALICE, 60) for _ in range(3)] + [await limit.charge(BOB, 500)]
    assert all(charge.error is None and charge.headers == [] for charge in charges)
    assert passed.noted == [("rate", ALICE, False), ("rate", ALICE, False), ("rate", BOB, False)]


async def test_shared(redis: Redis, clock: FakeClock, passed: Passed) -> None:
    """With Redis, the limits of two processes are one."""
    settings = SETTINGS.model_copy(update={"store": "redis", "redis_timeout": 2.0})
    one, two = (rate_limit(settings, clock, exceeded=passed, redis=redis) for _ in range(2))
    assert one is not None
    assert two is not None
    assert (await one.charge(ALICE, 60)).error is None
    error: GatewayError | None = (await two.charge(ALICE, 60)).error
    assert error is not None
    assert error.details["remaining"] == 40


def test_off_and_incomplete(clock: FakeClock, passed: Passed) -> None:
    """A limit that is off does not exist; one that is to be shared needs the store."""
    assert rate_limit(RateSettings(), clock, exceeded=passed) is None
    with pytest.raises(ValueError, match="needs an address of Redis"):
        rate_limit(SETTINGS.model_copy(update={"store": "redis"}), clock, exceeded=passed)
