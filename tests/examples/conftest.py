"""The recorded ERP on real sockets, and the gateway in front of it with an example's own configuration."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from gateway.app import Gateway
from gateway.auth.mint import mint
from gateway.demo.tokens import SCOPES
from gateway.settings import load
from tests.client import Client
from tests.examples.replay import KEY, LOGIN, Erp

EXAMPLES = Path(__file__).parents[2] / "examples"
TOKEN_KEY = "a key of the tests with more than 32 bytes"


@pytest.fixture
async def erp() -> AsyncIterator[Erp]:
    """The ERP; afterwards nothing was asked that it could not answer from its recordings."""
    async with Erp() as running:
        yield running
        assert running.unknown == []


@pytest.fixture
def example() -> str:
    """The folder of the example under test."""
    return "erp-rest"


@pytest.fixture
def overrides() -> dict[str, str]:
    """Variables that a test lays over the example; override the fixture to change it."""
    return {}


@pytest.fixture
async def house(
    erp: Erp, example: str, overrides: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Gateway]:
    """The whole gateway for the example's file, with its addresses and secrets from the environment."""
    environment = {
        "TOKEN_KEY": TOKEN_KEY,
        "ERP_API_KEY": KEY,
        "ERP_SOAP_KEY": LOGIN["dolibarrkey"],
        "ERP_LOGIN": LOGIN["login"],
        "ERP_PASSWORD": LOGIN["password"],
        "BIZGRAPH_BACKENDS__ERP__URL": erp.url,
        **overrides,
    }
    if example == "erp-soap":
        for backend, service in (("ERP_ORDERS", "order"), ("ERP_PRODUCTS", "productorservice")):
            environment[f"BIZGRAPH_BACKENDS__{backend}__WSDL"] = erp.service(service) + "?wsdl"
            environment[f"BIZGRAPH_BACKENDS__{backend}__URL"] = erp.service(service)
    # The module beside the configuration is found by PYTHONPATH, and reads the process's own environment.
    monkeypatch.syspath_prepend(EXAMPLES / "erp-rest")
    for name in ("BIZGRAPH_BACKENDS__ERP__URL", "ERP_API_KEY"):
        monkeypatch.setenv(name, environment[name])
    whole = Gateway(load(EXAMPLES / example / "bizgraph.toml", environment), environment)
    async with whole.running():
        yield whole


@pytest.fixture
def anonymous(house: Gateway) -> Client:
    """A client without a token."""
    return Client(house.entrance)


@pytest.fixture
def client(house: Gateway, anonymous: Client) -> Client:
    """A client of the back office, with every scope."""
    return anonymous.with_token(token(house))


def token(house: Gateway, customer: str | None = None) -> str:
    """A token with every scope; of a customer's own, where one is named."""
    issuer = house.settings.auth.issuers[0]
    return mint(
        issuer,
        SecretStr(TOKEN_KEY),
        subject="tester",
        scopes=SCOPES,
        customer=customer,
        now=time.time(),
        expires_in=3600.0,
    )
