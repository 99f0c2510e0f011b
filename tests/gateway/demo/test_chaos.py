"""Chaos: trouble comes and goes, by the chance and the clock that it is given."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from gateway.demo.chaos import Chaos
from gateway.demo.company import DemoCompany
from gateway.demo.switches import Switch

ROUNDS = 60


class Sleep:
    """Notes how long was to be slept and what was switched on meanwhile, and ends it all after ROUNDS troubles."""

    def __init__(self, company: DemoCompany) -> None:
        self._company = company
        self.slept: list[tuple[float, list[str]]] = []

    async def __call__(self, seconds: float) -> None:
        troubles = [f"{server.name} {trouble.name}" for server in self._company.servers for trouble in server.troubles]
        self.slept.append((seconds, troubles))
        if len(self.slept) == 2 * ROUNDS:
            raise asyncio.CancelledError


async def run(company: DemoCompany, seed: int) -> tuple[Sleep, list[str]]:
    sleep, told = Sleep(company), list[str]()
    chaos = Chaos(company.servers, random=Random(seed), sleep=sleep, tell=told.append)
    with pytest.raises(asyncio.CancelledError):
        await chaos.run()
    return sleep, told


async def test_trouble_comes_and_goes(company: DemoCompany) -> None:
    """Peace and one trouble take turns, on every server, and what happens is told."""
    sleep, told = await run(company, 1)
    peace, trouble = sleep.slept[::2], sleep.slept[1::2]
    assert all(3 <= seconds <= 10 and not troubles for seconds, troubles in peace)
    assert all(2 <= seconds <= 12 and len(troubles) == 1 for seconds, troubles in trouble)
    assert {troubles[0].split()[0] for _, troubles in trouble} == {"crm", "shop", "warehouse", "accounting"}
    assert told[0].endswith(" s")
    assert told[1].endswith("well again")


async def test_end_of_chaos(company: DemoCompany) -> None:
    """When chaos ends, everything is well, listening included."""
    await run(company, 2)
    assert not any(server.troubles for server in company.servers)
    for server in company.servers:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.close()


async def test_same_chance_same_chaos(company: DemoCompany) -> None:
    """The same random numbers bring the same troubles."""
    assert (await run(company, 3))[1] == (await run(company, 3))[1] != (await run(company, 4))[1]


async def test_large_answers_are_left_out(company: DemoCompany) -> None:
    """Chaos spares the machine the switches that make hundreds of megabytes."""
    sleep, _ = await run(company, 5)
    seen = {name.split()[1] for _, troubles in sleep.slept for name in troubles}
    assert len(seen) > 10
    assert not seen & {Switch.HUGE, Switch.GZIP_BOMB, Switch.NONE}
