"""Every system × every way to misbehave: what is asked how often, when it is left alone, and how it comes back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.app import Gateway
from gateway.demo.company import DemoCompany
from gateway.demo.server import DemoServer
from gateway.demo.switches import Switch
from resolvers.backends.resilience import BreakerState
from tests.client import Client
from tests.conftest import CallsOf
from tests.doubles import FakeClock
from tests.explained import unexplained
from tests.graph.test_failures import EVERYTHING, LOST, MATRIX, RETRYABLE, TIMED, outcome
from tests.operations.conftest import Value, until

HEAVY = {Switch.HUGE, Switch.GZIP_BOMB, Switch.BILLION_LAUGHS}
MOST_MEMORY = 32_000_000
"""Bytes that the process, demo included, may have grown by after an answer of 200 MB or more; 4 MB are allowed."""


def attempts_of(switch: Switch) -> int:
    """How often a call is made at most: as configured by default, but once where each attempt takes its time."""
    return 1 if switch in TIMED else 3


@pytest.fixture
def configured(request: pytest.FixtureRequest) -> dict[str, str]:
    """Breakers that open after so many failures, having seen one good call before."""
    system, switch = (request.node.callspec.params[name] for name in ("system", "switch"))
    attempts = attempts_of(switch)
    settings = {"BREAKER__MIN_CALLS": str(1 + attempts), "RETRIES": str(attempts - 1)}
    if switch in TIMED:
        settings["TIMEOUT"] = "2s"
    if switch in HEAVY:
        settings["MAX_ANSWER"] = "4MB"
    return {f"BIZGRAPH_BACKENDS__{system.upper()}__{key}": text for key, text in settings.items()}


def resident() -> int:
    """Bytes of memory that the process holds; nothing waits for the garbage collector to end it."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4096


def work() -> set[str]:
    """The names of what the event loop has to do, less this test."""
    return {task.get_coro().__qualname__ for task in asyncio.all_tasks() if task is not asyncio.current_task()}  # type: ignore[union-attr] # no task here is without


@pytest.mark.parametrize(("system", "switch"), MATRIX, ids=lambda value: str(getattr(value, "value", value)))
async def test_a_system_misbehaves_and_comes_back(
    house: Gateway,
    client: Client,
    company: DemoCompany,
    calls: CallsOf,
    clock: FakeClock,
    value: Value,
    system: str,
    switch: Switch,
) -> None:
    """Reads are tried again where that may help; after some failures the system is left alone and its fields say so
    without a call; one probe finds it well again, and nothing of the trouble stays behind."""
    server: DemoServer = getattr(company, system)
    breaker = house.connections.guards[system].breaker
    assert breaker is not None
    well = await client.ask(EVERYTHING, cache_control="no-cache")
    assert well.errors == []
    calls()
    idle, held = work(), resident() if switch in HEAVY else 0

    await server.switch(switch)
    most, made = attempts_of(switch), 0
    while made < most:
        answer = await client.ask(EVERYTHING, cache_control="no-cache")
        assert {error["extensions"]["backend"] for error in answer.errors} == {system}
        extensions = answer.errors[0]["extensions"]
        assert (extensions["code"], extensions["cause"]) == outcome(system, switch)
        assert unexplained(answer.data, answer.errors, well.data) == []
        assert extensions["attempts"] == (most if extensions["code"] in RETRYABLE else 1)
        made += extensions["attempts"]
        if switch is not Switch.REFUSED:
            assert len(calls()[system]) == extensions["attempts"]
        if system != "crm":
            assert answer.data["customer"]["name"]
        if system != "warehouse":
            assert answer.data["product"]["name"]

    code = extensions["code"]
    # Where the answer is fine and its records are not, that is the mapping's business, and nobody is left alone for it.
    healthy = code == "BACKEND_REJECTED" or switch is Switch.WRONG_TYPE
    assert value("backend_errors_total", backend=system, code=code) == (0 if switch is Switch.WRONG_TYPE else made)
    assert value("backend_retries_total", backend=system) == (most - 1 if code in RETRYABLE else 0)
    assert breaker.state is (BreakerState.CLOSED if healthy else BreakerState.OPEN)
    assert value("backend_breaker_state", backend=system) == (0 if healthy else 2)

    if not healthy:
        answer = await client.ask(EVERYTHING, cache_control="no-cache")
        (error,) = answer.errors
        assert error["path"] == LOST[system]
        assert unexplained(answer.data, answer.errors, well.data) == []
        assert (error["extensions"]["code"], error["extensions"]["cause"]) == ("BACKEND_UNAVAILABLE", "breaker open")
        assert system not in calls()
        assert value("backend_refused_total", backend=system, reason="breaker") == 1

    await server.switch_off()
    clock.advance(5.0)
    calls()
    answer = await client.ask(EVERYTHING, cache_control="no-cache")
    assert answer.errors == []
    assert answer.data == well.data
    assert len(calls()[system]) == 1
    assert breaker.state is BreakerState.CLOSED

    await server.until_idle()
    await until(lambda: server.connections <= 1)
    await until(lambda: work() <= idle)
    assert house.connections.guards[system].bulkhead.in_use == 0
    if held:
        assert resident() - held < MOST_MEMORY
