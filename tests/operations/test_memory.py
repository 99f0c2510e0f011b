"""What failed leaves nothing behind, not even for the garbage collector, which runs rarely in a gateway."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from types import FrameType
from typing import Any

import pytest

from gateway.demo.company import DemoCompany
from gateway.demo.switches import Switch
from resolvers.errors import GatewayError
from tests.client import Client
from tests.graph.test_failures import EVERYTHING


@pytest.fixture
def configured() -> dict[str, str]:
    return {"BIZGRAPH_BACKENDS__SHOP__RETRIES": "1", "BIZGRAPH_BACKENDS__SHOP__MAX_ANSWER": "2MB"}


@pytest.fixture
def garbage() -> Iterator[list[Any]]:
    """Filled by `gc.collect()` with all that only it could end."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    yield gc.garbage
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()


@pytest.mark.parametrize("switch", [Switch.ERROR_500, Switch.MALFORMED, Switch.RESET, Switch.HUGE, Switch.WRONG_TYPE])
async def test_failed_calls_are_gone_when_they_are_answered(
    client: Client, company: DemoCompany, garbage: list[Any], switch: Switch
) -> None:
    """No error and no frame of ours outlives the answer, with the megabytes that it may hold. Of sockets that broke,
    aiohttp and asyncio leave some of their own."""
    await company.shop.switch(switch)
    for _ in range(3):
        assert (await client.ask(EVERYTHING, cache_control="no-cache")).errors
    gc.collect()
    assert [left for left in garbage if isinstance(left, GatewayError)] == []
    frames = [left.f_code.co_filename for left in garbage if isinstance(left, FrameType)]
    assert [path for path in frames if "/resolvers/" in path and "/tests/" not in path] == []
