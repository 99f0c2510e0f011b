"""The demo company on real sockets, and the gateway in front of it, for every test that wants them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import date
from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from gateway.app import Gateway
from gateway.auth.mint import mint
from gateway.demo.company import DemoCompany
from gateway.demo.tokens import DEMO_KEY, SCOPES
from gateway.settings import Settings
from tests.client import Client
from tests.patience import demo_settings

TODAY = date(2026, 11, 21)
"""The day of the demo's books in the tests, so that overdue invoices stay overdue."""

MakeToken = Callable[..., str]
CallsOf = Callable[[], dict[str, list[str]]]


@pytest.fixture(autouse=True)
def _logs_of_one_test() -> Iterator[None]:
    """A test that sets up logging, as commands do, leaves no level and no closed stream to the next."""
    yield
    structlog.reset_defaults()


@pytest.fixture
async def company() -> AsyncIterator[DemoCompany]:
    """Four real servers with their switches off and their call logs empty."""
    async with DemoCompany(today=TODAY) as running:
        yield running


@pytest.fixture
def configured() -> dict[str, str]:
    """Variables that a test lays over the demo's configuration; override the fixture to change it."""
    return {}


@pytest.fixture
async def house(company: DemoCompany, configured: dict[str, str]) -> AsyncIterator[Gateway]:
    """The gateway for the demo's configuration, opened."""
    settings, environment = demo_settings(company, configured)
    whole = Gateway(settings, environment)
    async with whole.running():
        company.clear_calls()
        yield whole


@pytest.fixture
def settings(house: Gateway) -> Settings:
    """The settings that the gateway runs with."""
    return house.settings


@pytest.fixture
def token(house: Gateway) -> MakeToken:
    """Mints tokens: `token("orders:read", customer="c7")`; all scopes where none are named.

    One without a customer is for all of them, unless it is to be `unassigned`.
    """

    def make(*scopes: str, customer: str | None = None, unassigned: bool = False, **more: Any) -> str:
        given: dict[str, Any] = {"subject": "tester", "now": time.time(), "expires_in": 3600.0, **more}
        issuer = house.settings.auth.issuers[0]
        held = {*(scopes or SCOPES)} - {"customers:all"}
        if customer is None and not unassigned:
            held.add("customers:all")
        return mint(issuer, SecretStr(DEMO_KEY), scopes=held, customer=customer, **given)

    return make


@pytest.fixture
def anonymous(house: Gateway) -> Client:
    """A client without a token."""
    return Client(house.entrance)


@pytest.fixture
def client(anonymous: Client, token: MakeToken) -> Client:
    """A client of the back office, with every scope."""
    return anonymous.with_token(token())


@pytest.fixture
def calls(company: DemoCompany) -> CallsOf:
    """The operations that each system was asked for since the last time; systems without calls are left out."""

    def made() -> dict[str, list[str]]:
        found = {server.name: [call.operation for call in server.calls] for server in company.servers if server.calls}
        company.clear_calls()
        return found

    return made
