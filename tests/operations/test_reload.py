"""Reload: a changed configuration takes over between two requests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog

from gateway.app import Gateway
from gateway.demo.company import DemoCompany
from gateway.demo.switches import Switch
from gateway.reload import Serving, changed
from gateway.settings import ConfigurationError, Settings
from gateway.telemetry.telemetry import Telemetry
from tests.client import Client
from tests.conftest import MakeToken
from tests.operations.conftest import until
from tests.patience import demo_settings

TEN = "{ customers(first: 10) { nodes { name } } }"


@asynccontextmanager
async def alive(app: Serving) -> AsyncIterator[None]:
    """The application between startup and shutdown, as a server frames it (ASGI lifespan protocol)."""
    said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    living = asyncio.create_task(app({"type": "lifespan", "state": {}}, said.get, heard.put))  # type: ignore[arg-type] # messages
    await said.put({"type": "lifespan.startup"})
    assert (await heard.get())["type"] == "lifespan.startup.complete"
    try:
        yield
    finally:
        await said.put({"type": "lifespan.shutdown"})
        assert (await heard.get())["type"] == "lifespan.shutdown.complete"
        await living


class Configuration:
    """A configuration that tests change; each build reads it anew."""

    def __init__(self, company: DemoCompany, variables: dict[str, str]) -> None:
        self.company = company
        self.variables = variables
        self.problem: Exception | None = None
        settings, _ = demo_settings(company)
        self.telemetry = Telemetry(settings.telemetry, time)

    def build(self) -> Gateway:
        if self.problem is not None:
            raise self.problem
        settings, environment = demo_settings(self.company, self.variables)
        return Gateway(settings, environment, telemetry=self.telemetry)

    def reloads(self, outcome: str) -> float | None:
        self.telemetry.sample()
        return self.telemetry.metrics.registry.get_sample_value(
            "bizgraph_configuration_reloads_total", {"outcome": outcome}
        )


@pytest.fixture
def configuration(company: DemoCompany, configured: dict[str, str]) -> Configuration:
    return Configuration(company, configured)


@pytest.fixture
async def serving(configuration: Configuration) -> AsyncIterator[Serving]:
    app = Serving(configuration.build(), configuration.build)
    async with alive(app):
        yield app


@pytest.fixture
def house(serving: Serving) -> Gateway:
    return serving.gateway


@pytest.fixture
def client(serving: Serving, token: MakeToken) -> Client:
    return Client(serving, token())


async def test_running_requests_end_where_they_began(
    serving: Serving, configuration: Configuration, client: Client, company: DemoCompany
) -> None:
    """What the old gateway is answering it answers; new requests go to the new one; then the old one is closed."""
    old = serving.gateway
    await company.crm.switch(Switch.SLOW, operation="customers.list")
    running = asyncio.create_task(client.ask(TEN))
    await company.crm.until_held()

    configuration.variables = {"BIZGRAPH_LIMITS__MAX_PAGE": "5"}
    assert await serving.reload()
    assert serving.gateway is not old
    assert (await client.ask(TEN)).codes == ["BAD_USER_INPUT"]
    assert company.crm.connections == 1

    company.crm.release()
    answer = await running
    assert answer.errors == []
    assert len(answer.data["customers"]["nodes"]) == 10
    await until(lambda: company.crm.connections == 0)
    assert configuration.reloads("reloaded") == 1


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (
            ConfigurationError(["bizgraph.toml: crm.url: this key is needed"]),
            ["bizgraph.toml: crm.url: this key is needed"],
        ),
        (OSError("no such certificate"), ["OSError: no such certificate"]),
    ],
)
async def test_a_bad_configuration_changes_nothing(
    serving: Serving, configuration: Configuration, client: Client, problem: Exception, told: list[str]
) -> None:
    """The old one stays in use, and a log line says what is wrong with the new one."""
    old = serving.gateway
    configuration.problem = problem
    with structlog.testing.capture_logs() as lines:
        assert not await serving.reload()
    (line,) = [line for line in lines if line["event"] == "configuration.refused"]
    assert line["mistakes"] == told
    assert line["log_level"] == "error"
    assert serving.gateway is old
    assert (await client.ask(TEN)).errors == []
    assert configuration.reloads("refused") == 1


async def test_a_gateway_that_cannot_open_changes_nothing(
    serving: Serving, configuration: Configuration, client: Client
) -> None:
    """What only shows when files are read, such as a missing certificate, is refused like a wrong key."""
    configuration.variables = {"BIZGRAPH_BACKENDS__CRM__CA": "/nowhere/ca.pem"}
    assert not await serving.reload()
    assert (await client.ask(TEN)).errors == []


class TestLittleTime:
    """Old gateways get little time to end."""

    @pytest.fixture
    def configured(self) -> dict[str, str]:
        return {"BIZGRAPH_SERVER__SHUTDOWN": "50ms"}

    async def test_requests_that_do_not_end_are_cut_off(
        self, serving: Serving, client: Client, company: DemoCompany
    ) -> None:
        """When its time is up the old gateway is closed; who still waits is told so, and a log line tells how many."""
        await company.crm.switch(Switch.FROZEN)
        running = asyncio.create_task(client.ask(TEN))
        await company.crm.until_held()
        with structlog.testing.capture_logs() as lines:
            assert await serving.reload()
            answer = await running
        assert [error["extensions"]["cause"] for error in answer.errors] == ["stopping"]
        assert [line["requests"] for line in lines if line["event"] == "configuration.lingering"] == [1]


async def test_reloads_follow_each_other(serving: Serving, configuration: Configuration, client: Client) -> None:
    """Several signals at once end in the newest configuration, and nothing is left open."""
    assert await asyncio.gather(*(serving.reload() for _ in range(3))) == [True] * 3
    assert (await client.ask(TEN)).errors == []
    assert configuration.reloads("reloaded") == 3


def test_what_needs_a_restart_is_named() -> None:
    """Keys that belong to the process are not put to use by a reload, so the log line names those that changed."""
    old = Settings()
    new = Settings.model_validate(
        {
            "server": {"port": 9000, "deadline": "5s", "max_headers": 50},
            "telemetry": {"log_level": "warning", "metrics": "off"},
        }
    )
    assert changed(old, new) == ["server.port", "server.max_headers", "telemetry.log_level"]
    assert changed(old, old) == []
