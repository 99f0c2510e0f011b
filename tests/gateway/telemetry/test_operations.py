"""What is told of every operation."""

from __future__ import annotations

import pytest

from gateway.app import Gateway
from gateway.demo.company import DemoCompany
from gateway.demo.switches import Switch
from tests.client import Client
from tests.gateway.telemetry.conftest import Lines, Value

NAMED = 'query Named { customer(id: "c7") { name email } product(sku: "SKU-0042") { name } }'


async def test_an_operation_is_one_line(client: Client, lines: Lines) -> None:
    """A line says what was asked by name and hash, how it went, how long it took and how many calls it made."""
    answer = await client.ask(NAMED, x_request_id="r-1")
    (line,) = lines("operation")
    assert line.pop("durationMs") > 0
    assert line.pop("timestamp").endswith("Z")
    assert len(line.pop("document")) == 64
    assert answer.errors == []
    assert line == {
        "event": "operation",
        "level": "info",
        "name": "Named",
        "kind": "query",
        "outcome": "ok",
        "calls": 2,
        "errors": [],
        "stale": 0,
        "correlationId": "r-1",
    }


async def test_lines_hold_nothing_of_the_caller(client: Client, company: DemoCompany, lines: Lines) -> None:
    """No token, no argument, no record and no subject gets into the log, whatever goes wrong."""
    await company.crm.switch(Switch.ERROR_500)
    await client.ask(NAMED)
    await company.crm.switch_off()
    answer = await client.ask(NAMED)
    told = repr(lines())
    assert client.token is not None
    for secret in (client.token, "tester", "SKU-0042", answer.data["customer"]["name"], "demo-"):
        assert secret not in told


@pytest.mark.parametrize(
    ("query", "outcome", "codes"),
    [
        ("{ customers(first: 1) { nodes { name } } }", "ok", []),
        ('{ customer(id: "c7") { name } product(sku: "SKU-0042") { name } }', "partial", ["BACKEND_FAILED"]),
        ("query($n: Int!) { customers(first: $n) { nodes { name } } }", "invalid", ["BAD_USER_INPUT"]),
    ],
)
async def test_outcomes_are_told_apart(
    client: Client, company: DemoCompany, lines: Lines, value: Value, query: str, outcome: str, codes: list[str]
) -> None:
    """Complete, partial and refused answers are counted apart, and so are the codes of their errors."""
    if outcome == "partial":
        await company.warehouse.switch(Switch.ERROR_500)
    await client.ask(query)
    (line,) = lines("operation")
    assert (line["outcome"], line["errors"]) == (outcome, codes)
    assert value("operations_total", operation="anonymous", outcome=outcome) == 1
    assert value("operation_duration_seconds_count", operation="anonymous") == 1
    for code in codes:
        assert value("errors_total", code=code) == 1


async def test_many_positions_that_fail_for_one_reason_count_once(
    client: Client, company: DemoCompany, value: Value
) -> None:
    """A count of errors is a count of operations with such an error, not of the nulls in their answers."""
    await company.shop.switch(Switch.ERROR_500)
    answer = await client.ask("{ customers(first: 20) { nodes { orders(first: 1) { nodes { number } } } } }")
    assert answer.errors[0]["extensions"]["count"] == 20
    assert value("errors_total", code="BACKEND_FAILED") == 1


class TestNames:
    """Names are chosen by callers, so they are bounded."""

    @pytest.fixture
    def configured(self) -> dict[str, str]:
        return {
            "BIZGRAPH_TELEMETRY__MOST_OPERATIONS": "1",
            "BIZGRAPH_TELEMETRY__OPERATIONS": '["Portal"]',
            "BIZGRAPH_AUTH__ANONYMOUS": "true",
        }

    async def test_names_beyond_the_bound_are_other(self, client: Client, value: Value) -> None:
        """Whoever sends a new name with each operation does not make a new time series with each."""
        for name in ("A", "B", "C", "A", "Portal"):
            await client.ask(f"query {name} {{ __typename }}")
        found = {name: value("operations_total", operation=name, outcome="ok") for name in "ABC"}
        assert found == {"A": 2, "B": 0, "C": 0}
        assert value("operations_total", operation="other", outcome="ok") == 2
        assert value("operations_total", operation="Portal", outcome="ok") == 1

    async def test_callers_without_a_token_take_no_names(self, anonymous: Client, value: Value) -> None:
        """The names that metrics tell apart cannot be used up by strangers; those of the configuration are kept."""
        for name in ("Stranger", "Portal"):
            await anonymous.ask(f"query {name} {{ __typename }}")
        assert value("operations_total", operation="Stranger", outcome="ok") == 0
        assert value("operations_total", operation="other", outcome="ok") == 1
        assert value("operations_total", operation="Portal", outcome="ok") == 1

    async def test_long_names_are_cut_in_lines(self, client: Client, lines: Lines) -> None:
        """A name of thousands of characters does not fill the log."""
        await client.ask(f"query {'N' * 5_000} {{ __typename }}")
        assert lines("operation")[0]["name"] == "N" * 100


class TestSampling:
    """Large installations keep a share of the lines."""

    @pytest.fixture
    def configured(self) -> dict[str, str]:
        return {"BIZGRAPH_TELEMETRY__LOG_SAMPLE": "0.25"}

    async def test_a_share_of_the_operations_is_logged(self, client: Client, lines: Lines, value: Value) -> None:
        """A quarter of the lines is written, evenly; metrics count all operations."""
        for _ in range(8):
            await client.ask("{ __typename }")
        assert len(lines("operation")) == 2
        assert value("operations_total", operation="anonymous", outcome="ok") == 8

    async def test_operations_with_errors_are_always_logged(self, client: Client, lines: Lines) -> None:
        """Sampling hides no failure."""
        for _ in range(3):
            await client.ask("query($n: Int!) { customers(first: $n) { nodes { name } } }")
        assert [line["outcome"] for line in lines("operation")] == ["invalid"] * 3


async def test_answers_of_the_door_are_counted_by_status(client: Client, value: Value) -> None:
    """Refusals that never become operations are seen as well: bad tokens, bad requests."""
    await client.ask("{ __typename }")
    await client.with_token("nonsense").ask("{ __typename }")
    await client.request("POST", "/graphql", b"{", {"content-type": "application/json"})
    found = {status: value("http_responses_total", status=status) for status in ("200", "401", "400")}
    assert found == {"200": 1, "401": 1, "400": 1}
    assert value("http_requests_in_progress") == 0


async def test_documents_and_plans_are_counted(client: Client, value: Value) -> None:
    """Whoever sends a new text with every request is seen in the share of documents that were known."""
    for query in ("{ __typename }", "{ __typename }", "{ a: __typename }"):
        await client.ask(query)
    assert value("document_lookups_total", outcome="hit") == 1
    assert value("document_lookups_total", outcome="miss") == 2
    assert value("documents") == 2
    assert value("plans") == 2
    assert value("document_bytes") > 0


async def test_a_fault_of_ours_is_logged_with_its_traceback(house: Gateway, lines: Lines) -> None:
    """The caller sees a correlation id; the log has what happened under the same id."""
    try:
        raise RuntimeError("broken here")
    except RuntimeError as error:
        house.telemetry.crashed(error, correlation_id="c-1", path=["customer"])
    (line,) = lines("operation.crashed")
    assert line["correlationId"] == "c-1"
    assert "RuntimeError: broken here" in line["exception"]
