"""The real gateway over the demo company, with GraphiQL and the portal, on a port of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time
from typing import Any, NamedTuple

from gateway.app import Gateway
from gateway.demo.company import DemoCompany
from gateway.demo.portal import DIST, portal
from gateway.demo.run import explorer
from tests.conftest import TODAY
from tests.doubles import FakeClock
from tests.gateway.http.conftest import served
from tests.patience import demo_settings

NOON = datetime.combine(TODAY, time(12), UTC)
"""When the tests begin, for the gateway and for the browser."""

SETTINGS = {
    "BIZGRAPH_CACHE__JITTER": "0",
    # Time-outs pass in real time: one of a second is enough to see what happens after it.
    "BIZGRAPH_BACKENDS__WAREHOUSE__TIMEOUT": "1s",
    "BIZGRAPH_BACKENDS__WAREHOUSE__RETRIES": "0",
}


class House(NamedTuple):
    """Where the pages are, the systems with their switches, and the gateway's clock, which stands still."""

    origin: str
    company: DemoCompany
    clock: FakeClock

    def asked(self) -> dict[str, list[str]]:
        """The operations that each system was asked for since the last time; systems without calls are left out."""
        found = {one.name: sorted(call.operation for call in one.calls) for one in self.company.servers if one.calls}
        self.company.clear_calls()
        return found


@asynccontextmanager
async def demo_house(
    *, tokens: bool = True, clock: Callable[..., FakeClock] = FakeClock, more: Mapping[str, str] | None = None
) -> AsyncIterator[House]:
    """A house of its own: nothing is cached, every system is well, no breaker is open. `more` lays settings over it."""
    assert DIST.is_dir(), "the portal is not built: run `make portal`"
    now = clock(epoch=NOON.timestamp())
    async with DemoCompany(today=TODAY) as company:
        settings, environment = demo_settings(company, {**SETTINGS, **(more or {})})
        offer: dict[str, Any] = explorer(settings, now.time()) if tokens else {}
        whole = Gateway(settings, environment, clock=now, explorer=lambda: offer, pages=[portal()])
        async with whole.running(), served(whole.entrance) as port:
            company.clear_calls()
            yield House(f"http://127.0.0.1:{port}", company, now)
