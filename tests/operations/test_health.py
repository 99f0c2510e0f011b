"""Health: what balancers, orchestrators and operators are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.app import Gateway
from gateway.demo.company import DemoCompany
from gateway.demo.switches import Switch
from gateway.http.operators import OPS_READ
from resolvers.backends.soap.description.loader import FIRST_PAUSE
from tests.client import Client
from tests.conftest import MakeToken
from tests.doubles import FakeClock
from tests.operations.conftest import Value, until
from tests.patience import demo_settings

CUSTOMER = '{ customer(id: "c7") { name } }'
PRODUCT = '{ product(sku: "SKU-0042") { name } }'


async def test_a_gateway_is_ready_when_its_contracts_are_known(anonymous: Client) -> None:
    """Nothing is missing, and nobody needs a token to be told so."""
    answer = await anonymous.request("GET", "/health/ready")
    assert (answer.status, answer.json) == (200, {"status": "ready", "without": {}})
    assert answer.headers["cache-control"] == "no-store"
    assert (await anonymous.request("GET", "/health/live")).json == {"status": "live"}


class TestOneBroken:
    """One of four systems is left alone."""

    @pytest.fixture
    def configured(self) -> dict[str, str]:
        return {"BIZGRAPH_BACKENDS__CRM__BREAKER__MIN_CALLS": "1"}

    async def test_one_open_breaker_does_not_end_readiness(
        self, client: Client, anonymous: Client, company: DemoCompany
    ) -> None:
        """The other three can be used, so requests are welcome; the answer names what they will miss."""
        await company.crm.switch(Switch.ERROR_500)
        await client.ask(CUSTOMER)
        answer = await anonymous.request("GET", "/health/ready")
        assert (answer.status, answer.json["without"]) == (200, {"crm": "breaker open"})


class TestRequired:
    """Without the CRM this gateway is of no use."""

    @pytest.fixture
    def configured(self) -> dict[str, str]:
        others = {f"BIZGRAPH_BACKENDS__{name}__REQUIRED": "false" for name in ("SHOP", "WAREHOUSE", "ACCOUNTING")}
        return {**others, "BIZGRAPH_BACKENDS__CRM__BREAKER__MIN_CALLS": "1"}

    async def test_readiness_ends_with_what_is_required(
        self, client: Client, anonymous: Client, company: DemoCompany, clock: FakeClock
    ) -> None:
        """It is not ready while the only required system is left alone, and ready again when a probe may find it well:
        without requests there would be no probe."""
        await company.crm.switch(Switch.ERROR_500)
        await client.ask(CUSTOMER)
        answer = await anonymous.request("GET", "/health/ready")
        assert (answer.status, answer.json) == (503, {"status": "unavailable", "without": {"crm": "breaker open"}})
        clock.advance(5.0)
        assert (await anonymous.request("GET", "/health/ready")).status == 200


class TestDetails:
    """What operators see of every part."""

    async def test_every_part_tells_how_it_stands(
        self, client: Client, anonymous: Client, token: MakeToken, company: DemoCompany
    ) -> None:
        """Breakers, places, service descriptions, issuers' keys and the cache; no address and no secret."""
        await client.ask(CUSTOMER)
        answer = await anonymous.with_token(token(OPS_READ)).request("GET", "/health/backends")
        assert answer.status == 200
        told = answer.json
        assert told["backends"]["crm"] == {
            "required": True,
            "breaker": "closed",
            "calls": {"inProgress": 0, "waiting": 0, "limit": 32},
        }
        assert told["backends"]["accounting"]["wsdl"] == {"status": "ready", "tries": 1, "skipped": [], "misfits": []}
        assert told["issuers"] == {"https://demo.bizgraph.example": {"usable": 1, "skipped": 0, "fetches": 0}}
        assert told["cache"]["memory"]["entries"] == 1
        for hidden in ("127.0.0.1", "demo-", str(company.crm.port)):
            assert hidden not in answer.body.decode()

    async def test_an_open_breaker_tells_when_it_asks_again(
        self, client: Client, anonymous: Client, token: MakeToken, house: Gateway, clock: FakeClock
    ) -> None:
        """Operators see how long a system will be left alone."""
        breaker = house.connections.guards["crm"].breaker
        assert breaker is not None
        for _ in range(10):
            breaker.failed(breaker.admit())
        clock.advance(2.0)
        answer = await anonymous.with_token(token(OPS_READ)).request("GET", "/health/backends")
        assert answer.json["backends"]["crm"]["breaker"] == "open"
        assert answer.json["backends"]["crm"]["probeIn"] == 3.0

    async def test_others_are_refused(self, client: Client, anonymous: Client) -> None:
        """401 without a token and 403 without the scope, in GraphQL's shape."""
        answer = await anonymous.request("GET", "/health/backends")
        assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
        answer = await client.request("GET", "/health/backends")
        assert (answer.status, answer.codes) == (403, ["FORBIDDEN"])


class Pause:
    """Long pauses, between two tries to load a service description, end when told to; short ones at once."""

    def __init__(self) -> None:
        self.over = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        if seconds >= FIRST_PAUSE / 2:
            await self.over.wait()


class TestLateContract:
    """The warehouse is down when the gateway starts."""

    @pytest.fixture
    def pause(self) -> Pause:
        return Pause()

    @pytest.fixture
    async def house(self, company: DemoCompany, clock: FakeClock, pause: Pause) -> AsyncIterator[Gateway]:
        settings, environment = demo_settings(company)
        await company.warehouse.switch(Switch.REFUSED)
        whole = Gateway(settings, environment, clock=clock, sleep=pause.sleep)
        async with whole.running():
            yield whole

    async def test_it_starts_without_and_recovers(
        self,
        house: Gateway,
        client: Client,
        anonymous: Client,
        company: DemoCompany,
        clock: FakeClock,
        pause: Pause,
        value: Value,
    ) -> None:
        """Meanwhile its domain says BACKEND_UNAVAILABLE and the others answer; readiness waits a while, no longer; and
        when the service description comes, everything is there without a restart."""
        answer = await anonymous.request("GET", "/health/ready")
        missing = {"warehouse": "no service description"}
        assert value("backend_contract_known", backend="warehouse") == 0
        assert (answer.status, answer.json) == (503, {"status": "starting", "waitingFor": missing})
        answer = await client.ask('{ customer(id: "c7") { name } product(sku: "SKU-0042") { name } }')
        assert answer.data["customer"]["name"]
        (error,) = answer.errors
        assert error["extensions"]["code"] == "BACKEND_UNAVAILABLE"
        assert (error["extensions"]["backend"], error["extensions"]["cause"]) == ("warehouse", "wsdl")
        assert error["extensions"]["retryable"] is True

        clock.advance(30.0)
        answer = await anonymous.request("GET", "/health/ready")
        assert (answer.status, answer.json) == (200, {"status": "ready", "without": missing})

        await company.warehouse.switch_off()
        pause.over.set()
        await until(lambda: house.connections.contracts()["warehouse"].status == "ready")
        clock.advance(10.0)
        assert (await client.ask(PRODUCT)).data["product"]["name"]
        assert (await anonymous.request("GET", "/health/ready")).json == {"status": "ready", "without": {}}
        assert value("backend_contract_known", backend="warehouse") == 1
