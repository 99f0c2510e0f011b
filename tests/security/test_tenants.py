"""Tenants: the claim decides whose systems answer, and nothing of one tenant ever reaches another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest

from gateway.app import Gateway
from gateway.demo.company import DemoCompany
from gateway.demo.switches import Switch
from gateway.settings import ConfigurationError
from resolvers.principal import Principal
from tests.client import Client
from tests.conftest import TODAY, MakeToken
from tests.patience import demo_settings

NAME = '{ customer(id: "c7") { name orders(first: 1) { nodes { number } } } }'


class Two(NamedTuple):
    """Two tenants with systems of their own, and the gateway in front of both."""

    acme: DemoCompany
    globex: DemoCompany
    house: Gateway

    def client(self, token: str | None) -> Client:
        return Client(self.house.entrance, token)


def tenants(acme: DemoCompany, globex: DemoCompany, **more: str) -> dict[str, str]:
    """Globex has another CRM; its shop is acme's, which only a mistake could make visible."""
    found = {
        "BIZGRAPH_TENANTS__ACME__BACKENDS__CRM__URL": acme.crm.url,
        "BIZGRAPH_TENANTS__GLOBEX__BACKENDS__CRM__URL": globex.crm.url,
        "BIZGRAPH_TENANTS__GLOBEX__BACKENDS__CRM__TIMEOUT": "1s",
    }
    return found | {f"BIZGRAPH_{name.upper()}": value for name, value in more.items()}


@pytest.fixture
async def two(company: DemoCompany) -> AsyncIterator[Two]:
    async with DemoCompany(seed=2, today=TODAY) as globex:
        house = Gateway(*demo_settings(company, tenants(company, globex)))
        async with house.running():
            company.clear_calls()
            globex.clear_calls()
            yield Two(company, globex, house)


async def test_each_tenant_is_answered_by_its_own_systems(two: Two, token: MakeToken) -> None:
    """The same question with the same id gives each tenant its own record, cached or not."""
    acme, globex = (two.client(token(tenant=name)) for name in ("acme", "globex"))
    for _ in range(2):
        ours, theirs = await acme.ask(NAME), await globex.ask(NAME)
        assert ours.data["customer"]["name"] == two.acme.books.customers["c7"].name
        assert theirs.data["customer"]["name"] == two.globex.books.customers["c7"].name
    assert [call.operation for call in two.acme.crm.calls] == ["customers.by_ids"]
    assert [call.operation for call in two.globex.crm.calls] == ["customers.by_ids"]


async def test_tenants_share_no_call_and_no_entry(two: Two, token: MakeToken) -> None:
    """Even a system that two tenants have in common is asked for each of them, at once as one after the other."""
    acme, globex = (two.client(token(tenant=name)) for name in ("acme", "globex"))
    await asyncio.gather(acme.ask(NAME), globex.ask(NAME))
    assert [call.operation for call in two.acme.shop.calls] == ["orders.by_customers"] * 2
    await globex.ask(NAME)
    assert len(two.acme.shop.calls) == 2


async def test_tenants_share_no_endpoint(two: Two) -> None:
    """Endpoints, connectors and guards of tenants are different objects, for every operation and backend."""
    acme, globex = (
        two.house.tenants.of(Principal(subject="x", issuer="y", tenant=name)) for name in ("acme", "globex")
    )
    assert acme.sources.keys() == globex.sources.keys()
    for name in acme.sources:
        assert acme.sources[name] is not globex.sources[name]
        assert acme.sources[name].endpoint is not globex.sources[name].endpoint
    for name in acme.connectors:
        assert acme.connectors[name] is not globex.connectors[name]
        assert acme.guards[name] is not globex.guards[name]
    assert "acme/crm" in two.house.tenants.guards


async def test_an_unknown_tenant_is_refused(two: Two, token: MakeToken) -> None:
    """A token that names no tenant, or one that is not configured, is 403; no system is asked, and no name is told."""
    for text in (token(), token(tenant="initech"), token(tenant="ACME"), token(tenant="acme/../globex")):
        answer = await two.client(text).ask(NAME)
        assert (answer.status, answer.codes) == (403, ["FORBIDDEN"])
        assert b"globex" not in answer.body
    assert two.acme.crm.calls == two.globex.crm.calls == []


async def test_without_a_token_there_is_no_tenant(two: Two) -> None:
    """An anonymous caller is asked for a token, and is connected to nobody's systems."""
    answer = await two.client(None).ask(NAME)
    assert answer.codes == ["UNAUTHENTICATED"]
    assert two.house.tenants.common.sources == {}


async def test_an_issuer_may_be_kept_to_its_tenants(company: DemoCompany, token: MakeToken) -> None:
    """A tenant can list its issuers: tokens of others cannot name it, whatever they claim."""
    more = 'audience = "bizgraph", algorithms = "HS256", key = "env:DEMO_TOKEN_KEY"'
    demo = f'{{issuer = "https://demo.bizgraph.example", {more}}}'
    acme = demo.replace("demo.bizgraph", "login.acme")
    configured = tenants(
        company, company, auth__issuers=f"[{demo}, {acme}]", tenants__acme__issuers='["https://login.acme.example"]'
    )
    house = Gateway(*demo_settings(company, configured))
    async with house.running():
        assert (await Client(house.entrance, token(tenant="acme")).ask(NAME)).status == 403
        assert (await Client(house.entrance, token(tenant="globex")).ask(NAME)).errors == []


@pytest.mark.parametrize(
    ("variables", "mistake"),
    [
        ({"tenants__acme__backends__nobody__url": "http://x"}, "tenants.acme.backends.nobody: there is no backend"),
        ({"tenants__acme__backends__crm__url": "nonsense"}, "tenants.acme.backends.crm"),
        (
            {"tenants__acme__backends__crm__surprise": "1"},
            "tenants.acme.backends.crm.surprise: this key",
        ),
    ],
)
def test_mistakes_in_a_tenant_are_told_by_name(company: DemoCompany, variables: dict[str, str], mistake: str) -> None:
    """What is wrong in a tenant's tables keeps the gateway from starting, with tenant and key."""
    with pytest.raises(ConfigurationError) as caught:
        demo_settings(company, tenants(company, company, **variables))
    assert any(mistake in told for told in caught.value.mistakes), caught.value.mistakes


async def test_metrics_tell_whose_backend_it_is(two: Two, token: MakeToken) -> None:
    """Two tenants' backends of one name are told apart, in counts as in states."""
    await two.globex.crm.switch(Switch.ERROR_500)
    await two.client(token(tenant="globex")).ask(NAME)
    await two.client(token(tenant="acme")).ask(NAME)
    two.house.telemetry.sample()
    calls = {
        (sample.labels["backend"], sample.labels["outcome"]): sample.value
        for metric in two.house.telemetry.metrics.calls.collect()
        for sample in metric.samples
        if sample.labels["operation"] == "customers.by_ids"
    }
    assert calls == {("globex/crm", "failed"): 1, ("acme/crm", "ok"): 1}
