"""Trouble at random, for `bizgraph demo --chaos`: now and then one backend misbehaves for a while and recovers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from random import Random

from gateway.demo.server import DemoServer
from gateway.demo.switches import Switch

_LEFT_OUT = frozenset({Switch.NONE, Switch.HUGE, Switch.GZIP_BOMB})
"""The large ones say little that the others do not, and would heat the machine of whoever watches."""


class Chaos:
    """Switches one trouble of one server on, and off again, for as long as `run` is left running.

    Chance, sleeping and telling are given by the caller. Between troubles there are 3 to 10 seconds of peace, and each
    trouble takes 2 to 12.
    """

    def __init__(
        self,
        servers: Sequence[DemoServer],
        *,
        random: Random,
        sleep: Callable[[float], Awaitable[None]],
        tell: Callable[[str], None],
    ) -> None:
        self._servers = servers
        self._random = random
        self._sleep = sleep
        self._tell = tell

    async def run(self) -> None:
        """Never returns; when it is cancelled, everything is switched off."""
        while True:
            await self._sleep(self._random.uniform(3, 10))
            server = self._random.choice(self._servers)
            switch = self._random.choice([switch for switch in server.switches if switch not in _LEFT_OUT])
            seconds = self._random.uniform(2, 12)
            self._tell(f"{server.name}: {switch} for {seconds:.0f} s")
            try:
                if switch is Switch.SLOW:
                    await server.switch(switch, seconds=self._random.uniform(0.2, 3))
                else:
                    await server.switch(switch)
                await self._sleep(seconds)
            finally:
                await server.switch_off()
            self._tell(f"{server.name}: well again")
