"""What is told of every backend, its breaker, its places and the cache in front of it."""

from __future__ import annotations

import asyncio

import pytest

from gateway.app import Gateway
from gateway.demo.company import DemoCompany
from gateway.demo.switches import Switch
from gateway.telemetry.sampling import Sampler
from gateway.telemetry.telemetry import Throttle
from resolvers.backends.cache.build import Cache
from resolvers.backends.resilience import Guard
from resolvers.backends.soap.description.loader import WsdlState
from tests.client import Client
from tests.doubles import FakeClock
from tests.gateway.telemetry.conftest import Lines, Value

CUSTOMER = '{ customer(id: "c7") { name } }'
TWENTY = "{ customers(first: 20) { nodes { orders(first: 1) { nodes { number } } } } }"
BY_IDS = {"backend": "crm", "operation": "customers.by_ids"}


@pytest.fixture
def configured() -> dict[str, str]:
    return {"BIZGRAPH_BACKENDS__CRM__BACKOFF": "1ms"}


async def test_calls_and_their_keys_are_counted(client: Client, value: Value) -> None:
    """One call for twenty customers shows as one call, one attempt and a batch of twenty keys."""
    await client.ask(TWENTY)
    labels = {"backend": "shop", "operation": "orders.by_customers"}
    assert value("backend_calls_total", **labels, outcome="ok") == 1
    assert value("backend_attempt_duration_seconds_count", **labels) == 1
    assert value("backend_batch_keys_sum", **labels) == 20
    assert value("backend_batch_keys_count", **labels) == 1
    assert value("backend_calls_limit", backend="shop") == 32
    assert value("backend_calls_in_progress", backend="shop") == 0


async def test_the_cache_is_counted(client: Client, value: Value) -> None:
    """Hits, misses and remembered absences are told apart, per operation and key."""
    for query in (CUSTOMER, CUSTOMER, '{ customer(id: "c99999") { name } }', '{ customer(id: "c99999") { name } }'):
        await client.ask(query)
    found = {
        outcome: value("cache_lookups_total", operation="customers.by_ids", outcome=outcome)
        for outcome in ("hit", "miss", "absent")
    }
    assert found == {"hit": 1, "miss": 2, "absent": 1}
    assert value("cache_entries") == 2
    assert value("cache_bytes") > 0
    assert value("cache_away") == 0


async def test_a_call_that_fails_for_good_is_one_line(client: Client, company: DemoCompany, lines: Lines) -> None:
    """However many attempts it took, a failed call is one line: where, why, how often, and for which request."""
    await company.crm.switch(Switch.ERROR_500)
    await client.ask(CUSTOMER, x_request_id="r-2")
    (line,) = lines("backend.failed")
    assert line.pop("durationMs") > 0
    del line["timestamp"]
    assert line == {
        "event": "backend.failed",
        "level": "warning",
        **BY_IDS,
        "code": "BACKEND_FAILED",
        "cause": line["cause"],
        "attempts": 3,
        "keys": 1,
        "raised": None,
        "correlationId": "r-2",
        "leftOut": None,
    }


async def test_attempts_errors_and_retries_are_counted(client: Client, company: DemoCompany, value: Value) -> None:
    """A call that succeeded at its second try shows one error, one retry and one good call."""
    await company.crm.switch(Switch.ERROR_503, times=1)
    assert (await client.ask(CUSTOMER)).errors == []
    assert value("backend_attempt_duration_seconds_count", **BY_IDS) == 2
    assert value("backend_errors_total", **BY_IDS) == 1
    assert value("backend_errors_total", **BY_IDS, code="BACKEND_UNAVAILABLE") == 1
    assert value("backend_retries_total", **BY_IDS) == 1
    assert value("backend_calls_total", **BY_IDS, outcome="ok") == 1


async def test_breakers_show(client: Client, company: DemoCompany, lines: Lines, value: Value) -> None:
    """An open breaker is a gauge, a count and a line; calls that it refuses are counted and not logged one by one."""
    await company.crm.switch(Switch.ERROR_500)
    for number in range(6):
        await client.ask(f'{{ customer(id: "c{number}") {{ name }} }}')
    assert value("backend_breaker_state", backend="crm") == 2
    assert value("backend_breaker_changes_total", backend="crm", state="open") == 1
    assert value("backend_refused_total", **BY_IDS, reason="breaker") > 0
    assert [(line["backend"], line["state"]) for line in lines("backend.breaker")] == [("crm", "open")]
    assert all(line["attempts"] for line in lines("backend.failed"))


class TestOnePlace:
    """The CRM takes one call at once."""

    @pytest.fixture
    def configured(self) -> dict[str, str]:
        return {"BIZGRAPH_BACKENDS__CRM__CONCURRENCY": "1", "BIZGRAPH_BACKENDS__CRM__TIMEOUT": "20s"}

    async def test_waiting_calls_show(self, client: Client, company: DemoCompany, value: Value) -> None:
        """A call that has its place and one that waits for it are told apart, and neither is left behind."""
        await company.crm.switch(Switch.SLOW)
        asking = [
            asyncio.create_task(client.ask(query)) for query in (CUSTOMER, "{ customers(first: 1) { nodes { id } } }")
        ]
        await company.crm.until_held()
        assert value("backend_calls_in_progress", backend="crm") == 1
        assert value("backend_calls_waiting", backend="crm") == 1
        assert value("event_loop_tasks") >= len(asking)
        await company.crm.switch_off()
        await asyncio.gather(*asking)
        assert value("backend_calls_in_progress", backend="crm") == 0
        assert value("backend_calls_waiting", backend="crm") == 0


class TestNoRedis:
    """The shared store is not there."""

    @pytest.fixture
    def configured(self) -> dict[str, str]:
        return {
            "BIZGRAPH_CACHE__STORE": "redis",
            "BIZGRAPH_CACHE__REDIS_URL": "env:REDIS",
            "BIZGRAPH_CACHE__PERSONAL": "shared",
            "REDIS": "redis://127.0.0.1:1/0",
        }

    async def test_a_store_that_is_away_shows(self, client: Client, value: Value) -> None:
        """Answers are right without it, and operators see that it fails."""
        assert (await client.ask(CUSTOMER)).errors == []
        assert value("cache_failures_total") > 0


async def test_what_graphql_core_runs_is_counted(house: Gateway, lines: Lines, value: Value) -> None:
    """Operations that the compiled executor does not cover are counted by reason, and told."""
    house.telemetry.fell_back("defer")
    assert value("executor_fallbacks_total", reason="defer") == 1
    assert [line["reason"] for line in lines("executor.fallback")] == ["defer"]


class Nothing:
    """The ways to the backends after a reload that removed them all."""

    def __init__(self, cache: Cache) -> None:
        self.guards: dict[str, Guard] = {}
        self.cache = cache

    def contracts(self) -> dict[str, WsdlState]:
        return {}


async def test_what_a_reload_removed_alarms_nobody(
    house: Gateway, client: Client, company: DemoCompany, value: Value
) -> None:
    """A backend that was left alone when it was removed does not show an open breaker for ever."""
    await company.crm.switch(Switch.ERROR_500)
    for number in range(6):
        await client.ask(f'{{ customer(id: "c{number}") {{ name }} }}')
    assert value("backend_breaker_state", backend="crm") == 2
    nothing = Nothing(house.connections.cache)
    house.telemetry.sampler = Sampler(house.telemetry, nothing, house.documents, house.executor)
    assert value("backend_breaker_state") == 0
    assert value("backend_calls_limit") == 0
    assert value("backend_contract_known", backend="warehouse") == 1
    assert value("backend_contract_known", backend="crm") == 0


def test_lines_of_one_kind_are_bounded() -> None:
    """A backend that fails a thousand times a second cannot fill the disk; a later line tells how many are missing."""
    clock = FakeClock()
    throttle = Throttle(2, clock)
    assert [throttle.admit("crm") for _ in range(5)] == [0, 0, None, None, None]
    assert throttle.admit("shop") == 0
    clock.advance(1)
    assert [throttle.admit("crm") for _ in range(3)] == [3, 0, None]
