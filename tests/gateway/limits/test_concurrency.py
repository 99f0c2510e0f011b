"""A caller's operations at the same time are bounded, and every end is counted."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

import pytest

from gateway.limits.concurrency import Concurrency
from gateway.limits.settings import ConcurrencySettings
from resolvers.errors import RateLimited
from tests.gateway.limits.conftest import ALICE, BOB, STRANGER, Passed

SETTINGS = ConcurrencySettings(mode="enforce", operations=2, anonymous_operations=1)


@pytest.fixture
def concurrency(passed: Passed) -> Concurrency:
    return Concurrency(SETTINGS, passed)


def test_as_many_as_allowed(concurrency: Concurrency, passed: Passed) -> None:
    """The operation beyond the limit is refused with its numbers; when one has ended, the next may run."""
    with ExitStack() as stack:
        stack.enter_context(concurrency.running(ALICE))
        with concurrency.running(ALICE):
            with pytest.raises(RateLimited) as caught, concurrency.running(ALICE):
                pytest.fail("the third one runs")
            assert caught.value.details == {"limit": "concurrency", "allowed": 2, "actual": 3, "retryAfter": 1}
            assert passed.noted == [("concurrency", ALICE, True)]
        with concurrency.running(ALICE):
            assert len(concurrency) == 1
    assert len(concurrency) == 0


def test_callers_are_apart(concurrency: Concurrency) -> None:
    """Each caller has its own share, strangers a smaller one."""
    with concurrency.running(ALICE), concurrency.running(BOB), concurrency.running(STRANGER):
        assert len(concurrency) == 3
        with pytest.raises(RateLimited, match="1 operations at once"):
            concurrency.enter(STRANGER)


async def test_every_end_counts(concurrency: Concurrency) -> None:
    """Operations that fail or are cancelled give their place back like those that succeed."""
    with pytest.raises(ZeroDivisionError), concurrency.running(ALICE):
        raise ZeroDivisionError
    started = asyncio.Event()

    async def operation() -> None:
        with concurrency.running(ALICE):
            started.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(operation())
    await started.wait()
    assert len(concurrency) == 1
    task.cancel()
    await asyncio.wait([task])
    assert len(concurrency) == 0


def test_measuring(passed: Passed) -> None:
    """In measure mode everything runs, and what would be refused is counted."""
    concurrency = Concurrency(SETTINGS.model_copy(update={"mode": "measure"}), passed)
    with concurrency.running(STRANGER), concurrency.running(STRANGER), concurrency.running(STRANGER):
        assert passed.noted == [("concurrency", STRANGER, False)] * 2
    assert len(concurrency) == 0
