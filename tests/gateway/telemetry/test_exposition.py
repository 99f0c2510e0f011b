"""`/metrics`: who may read it, and in which form."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from gateway.http.operators import OPS_READ
from tests.client import Answer, Client
from tests.conftest import MakeToken


@pytest.fixture
def operator(anonymous: Client, token: MakeToken) -> Client:
    return anonymous.with_token(token(OPS_READ))


def families(answer: Answer, read: Callable[..., object] = plain) -> set[str]:
    return {family.name for family in read(answer.body.decode())}  # type: ignore[attr-defined] # it ships no types


async def test_operators_read_metrics(operator: Client) -> None:
    """With the scope ops:read Prometheus gets its text format."""
    answer = await operator.request("GET", "/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert answer.headers["cache-control"] == "no-store"
    assert {"bizgraph_build_info", "bizgraph_operations"} <= families(answer)


async def test_open_metrics_is_spoken(operator: Client) -> None:
    """Prometheus may ask for OpenMetrics, and gets it."""
    answer = await operator.request(
        "GET", "/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"}
    )
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert "bizgraph_operations" in families(answer, openmetrics)


async def test_others_read_no_metrics(client: Client, anonymous: Client) -> None:
    """Without a token 401, with one that lacks the scope 403, both in GraphQL's shape and with a challenge."""
    answer = await anonymous.request("GET", "/metrics")
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
    assert answer.headers["www-authenticate"].startswith("Bearer realm=")
    answer = await client.request("GET", "/metrics")
    assert (answer.status, answer.codes) == (403, ["FORBIDDEN"])
    assert 'scope="ops:read"' in answer.headers["www-authenticate"]
    assert answer.errors[0]["extensions"]["correlationId"]


class TestPublic:
    """Where only Prometheus can reach the port."""

    @pytest.fixture
    def configured(self) -> dict[str, str]:
        return {"BIZGRAPH_TELEMETRY__METRICS": "public"}

    async def test_everybody_reads_metrics(self, anonymous: Client) -> None:
        """`metrics = "public"` asks for no token."""
        assert (await anonymous.request("GET", "/metrics")).status == 200


class TestOff:
    """Where nobody wants them."""

    @pytest.fixture
    def configured(self) -> dict[str, str]:
        return {"BIZGRAPH_TELEMETRY__METRICS": "off"}

    async def test_there_is_no_such_page(self, operator: Client) -> None:
        """`metrics = "off"` leaves no trace of the address."""
        assert (await operator.request("GET", "/metrics")).status == 404
