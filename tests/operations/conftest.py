"""A gateway whose time is told what to do: its clock stands still, and its pauses are over at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest

from gateway.app import Gateway
from gateway.demo.company import DemoCompany
from tests.doubles import FakeClock
from tests.patience import demo_settings

Value = Callable[..., float]


class Pauses:
    """Pauses that move the clock instead of taking time."""

    def __init__(self, clock: FakeClock) -> None:
        self.taken: list[float] = []
        self._clock = clock

    async def sleep(self, seconds: float) -> None:
        self.taken.append(seconds)
        self._clock.advance(seconds)
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> FakeClock:
    """Stands still; its day is today, so that tokens are valid."""
    return FakeClock(epoch=time.time())


@pytest.fixture
def pauses(clock: FakeClock) -> Pauses:
    return Pauses(clock)


@pytest.fixture
async def house(
    company: DemoCompany, configured: dict[str, str], clock: FakeClock, pauses: Pauses
) -> AsyncIterator[Gateway]:
    """The gateway for the demo's configuration, opened."""
    settings, environment = demo_settings(company, configured)
    whole = Gateway(settings, environment, clock=clock, sleep=pauses.sleep)
    async with whole.running():
        company.clear_calls()
        yield whole


@pytest.fixture
def value(house: Gateway) -> Value:
    """What a metric shows: the sum of all samples with these labels."""

    def read(name: str, **labels: str) -> float:
        house.telemetry.sample()
        return sum(
            sample.value
            for metric in house.telemetry.metrics.registry.collect()
            for sample in metric.samples
            if sample.name == f"bizgraph_{name}" and labels.items() <= sample.labels.items()
        )

    return read


async def until(condition: Callable[[], bool]) -> None:
    """Let the event loop turn until this is so. Raises TimeoutError after some seconds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - sockets and tasks of libraries have no event to wait for
            await asyncio.sleep(0)
