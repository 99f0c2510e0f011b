"""The event loop is watched, and present values are those of the newest gateway."""

from __future__ import annotations

import asyncio

from gateway.app import Gateway
from gateway.telemetry.sampling import INTERVAL, SAMPLES, Sampler


class Naps:
    """Sleeps that end when told to."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[float] = asyncio.Queue()
        self._over = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self._over.clear()
        await self.asked.put(seconds)
        await self._over.wait()

    def wake(self) -> None:
        self._over.set()


async def test_the_loop_is_looked_at_four_times_a_second(house: Gateway) -> None:
    """Each look tells how much later than asked the loop came round; between two readings there are several."""
    naps = Naps()
    sampler = Sampler(house.telemetry, house.connections, house.documents, house.executor, sleep=naps.sleep)
    read = house.telemetry.metrics.registry.get_sample_value
    before = read("bizgraph_event_loop_lag_seconds_count") or 0
    running = asyncio.create_task(sampler.run())
    for _ in range(SAMPLES + 1):
        assert await naps.asked.get() == INTERVAL
        naps.wake()
    await naps.asked.get()
    assert (read("bizgraph_event_loop_lag_seconds_count") or 0) >= before + SAMPLES + 1
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_the_newest_gateway_is_heard(house: Gateway) -> None:
    """After a reload, present values are those of the gateway that requests go to, while the old one still ends."""
    newer = Sampler(house.telemetry, house.connections, house.documents, house.executor, sleep=Naps().sleep)
    running = asyncio.create_task(newer.run())
    await asyncio.sleep(0)
    assert house.telemetry.sampler is newer
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
