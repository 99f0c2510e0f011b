"""Accounting accepts connections and never answers: what callers see, what the others do, and how it ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.app import Gateway
from gateway.demo.company import DemoCompany
from gateway.demo.switches import Switch
from resolvers.backends.resilience import BreakerState
from tests.client import Answer, Client
from tests.conftest import CallsOf
from tests.doubles import FakeClock
from tests.operations.conftest import Value

FOUR = """
{
  customer(id: "c7") { name orders(first: 3) { nodes { number } } invoices(first: 3) { nodes { number } } }
  product(sku: "SKU-0042") { name }
}
"""
FOUR_WAYS = (
    '{ customer(id: "c7") { invoices(first: 3) { nodes { number } } } }',
    '{ order(id: "o1") { invoices { nodes { number } } } }',
    '{ invoice(id: "i1") { number } }',
    "{ invoices(first: 3) { nodes { number } } }",
)
"""The four operations of accounting, which share no call."""
SOAP = {"warehouse": "ListProducts", "accounting": "ListInvoices"}


def causes(answers: list[Answer]) -> list[Any]:
    return [error["extensions"]["cause"] for answer in answers for error in answer.errors]


async def test_what_came_in_time_is_answered_in_time(client: Client, company: DemoCompany) -> None:
    """Within the caller's deadline the other three systems' data is there, and the null says why it is one."""
    await client.ask("{ customers(first: 1) { nodes { name } } }")
    await company.accounting.switch(Switch.FROZEN)
    answer = await client.ask(FOUR, x_request_timeout="3s")
    customer = answer.data["customer"]
    assert customer["name"]
    assert len(customer["orders"]["nodes"]) == 3
    assert answer.data["product"]["name"]
    assert customer["invoices"] is None
    (error,) = answer.errors
    assert error["path"] == ["customer", "invoices"]
    assert error["extensions"] == {
        "code": "BACKEND_TIMEOUT",
        "backend": "accounting",
        "operation": "invoices.by_customers",
        "cause": "deadline",
        "attempts": 1,
        "retryable": True,
        "correlationId": answer.headers["x-request-id"],
    }


@pytest.mark.parametrize("little", ["0s", "0.001ms", "1ms"])
async def test_no_time_is_time_for_an_explanation(client: Client, house: Gateway, little: str) -> None:
    """A deadline that nothing can meet is answered with nulls that say so, and no system is blamed for it."""
    answer = await client.ask(FOUR, x_request_timeout=little)
    assert answer.status == 200
    assert answer.data == {"customer": None, "product": None}
    assert causes([answer]) == ["deadline"] * 2
    assert (await client.ask(FOUR)).errors == []
    for guard in house.connections.guards.values():
        assert guard.breaker is not None
        assert guard.breaker.state is BreakerState.CLOSED


@pytest.mark.parametrize("absurd", ["999999999999999d", "100h"])
async def test_no_client_waits_longer_than_is_allowed(client: Client, company: DemoCompany, absurd: str) -> None:
    """A deadline beyond the gateway's own is the gateway's own, and backends are told no more."""
    assert (await client.ask(FOUR, x_request_timeout=absurd)).errors == []
    (call,) = company.crm.calls
    assert call.headers["x-request-timeout"] == "20000ms"


@pytest.mark.parametrize("broken", ["5", "-1s", "1e3s", "soon", "", "1s, 2s", "NaNs", "infs"])
async def test_a_deadline_that_cannot_be_read_is_refused(client: Client, company: DemoCompany, broken: str) -> None:
    """Nobody's deadline is guessed: the request is refused before anything is asked."""
    answer = await client.ask(FOUR, x_request_timeout=broken)
    assert answer.codes == ["BAD_REQUEST"]
    assert not any(server.calls for server in company.servers)


async def test_what_is_old_serves_instead(client: Client, company: DemoCompany, clock: FakeClock) -> None:
    """Where the configuration allows it, data past its time takes the place of the null, and its age is told."""
    fresh = await client.ask(FOUR)
    await company.accounting.switch(Switch.FROZEN)
    clock.advance(600)
    answer = await client.ask(FOUR, x_request_timeout="1s")
    assert answer.errors == []
    assert answer.data["customer"]["invoices"] == fresh.data["customer"]["invoices"]
    (stale,) = answer.json["extensions"]["stale"]
    assert (stale["backend"], stale["age"], stale["reason"]) == ("accounting", 600.0, "error")


class TestPatient:
    """Accounting is given much time."""

    @pytest.fixture
    def configured(self) -> dict[str, str]:
        return {"BIZGRAPH_BACKENDS__ACCOUNTING__TIMEOUT": "30s", "BIZGRAPH_SERVER__DEADLINE": "30s"}

    async def test_the_others_do_not_wait(self, client: Client, company: DemoCompany) -> None:
        """While two hundred requests wait for accounting, those that need no invoice are answered at once."""
        await company.accounting.switch(Switch.FROZEN)
        invoices = '{{ customer(id: "c{}") {{ invoices(first: 1) {{ nodes {{ id }} }} }} }}'
        waiting = [asyncio.create_task(client.ask(invoices.format(number))) for number in range(1, 201)]
        await company.accounting.until_held()
        for number in range(1, 21):
            answer = await client.ask(f'{{ customer(id: "c{number}") {{ orders(first: 1) {{ nodes {{ id }} }} }} }}')
            assert answer.errors == []
        assert not any(task.done() for task in waiting)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


class TestBreaker:
    """Accounting is known to be frozen."""

    @pytest.fixture
    def configured(self) -> dict[str, str]:
        return {
            "BIZGRAPH_BACKENDS__ACCOUNTING__RETRIES": "0",
            "BIZGRAPH_BACKENDS__ACCOUNTING__TIMEOUT": "2s",
            "BIZGRAPH_BACKENDS__ACCOUNTING__BREAKER__MIN_CALLS": "4",
        }

    async def test_one_probe_goes_out_per_interval(
        self, house: Gateway, client: Client, company: DemoCompany, calls: CallsOf, clock: FakeClock, value: Value
    ) -> None:
        """Once the breaker is open nobody waits; each interval one call asks again; recovery needs no restart."""
        breaker = house.connections.guards["accounting"].breaker
        assert breaker is not None

        async def all_four() -> list[Answer]:
            asked = (client.ask(query, cache_control="no-cache") for query in FOUR_WAYS)
            return list(await asyncio.gather(*asked))

        await company.accounting.switch(Switch.FROZEN)
        assert causes(await all_four()) == ["timeout"] * 4
        assert breaker.state is BreakerState.OPEN
        calls()
        for _ in range(2):
            assert causes(await all_four()) == ["breaker open"] * 4
            assert "accounting" not in calls()
            clock.advance(5.0)
            assert sorted(causes(await all_four())) == ["breaker open"] * 3 + ["timeout"]
            assert len(calls()["accounting"]) == 1
        await company.accounting.switch_off()
        clock.advance(5.0)
        assert sorted(causes(await all_four())) == ["breaker open"] * 3
        assert causes(await all_four()) == []
        assert value("backend_breaker_state", backend="accounting") == 0


class TestEverythingDown:
    """All four systems fail, and are left alone after one failure each."""

    @pytest.fixture
    def configured(self) -> dict[str, str]:
        names = ("CRM", "SHOP", "WAREHOUSE", "ACCOUNTING")
        return {f"BIZGRAPH_BACKENDS__{name}__BREAKER__MIN_CALLS": "1" for name in names}

    async def test_errors_are_clear_and_cheap(
        self, client: Client, anonymous: Client, company: DemoCompany, calls: CallsOf
    ) -> None:
        """Every null names its own system, none is called any more, and health says that nothing can be answered."""
        names = ["accounting", "crm", "shop", "warehouse"]
        lists = "{ invoices(first: 1) { nodes { id } } customers(first: 1) { nodes { id } } " + (
            "orders(first: 1) { nodes { id } } products(first: 1) { nodes { id } } }"
        )
        for server in company.servers:
            await server.switch(Switch.ERROR_500)
        assert (await client.ask(lists)).codes == ["BACKEND_FAILED"] * 4
        assert calls() == {"crm": ["customers.list"], "shop": ["orders.list"], **{n: [o] for n, o in SOAP.items()}}
        answer = await client.ask(lists)
        assert sorted(error["extensions"]["backend"] for error in answer.errors) == names
        assert causes([answer]) == ["breaker open"] * 4
        assert calls() == {}
        ready = await anonymous.request("GET", "/health/ready")
        assert ready.status == 503
        assert ready.json == {"status": "unavailable", "without": dict.fromkeys(names, "breaker open")}
        assert (await anonymous.request("GET", "/health/live")).status == 200
