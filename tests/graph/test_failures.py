"""A system that misbehaves costs its own fields only, and each null says why."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.demo.company import DemoCompany
from gateway.demo.switches import Switch, offered
from tests.client import Client
from tests.conftest import CallsOf
from tests.explained import unexplained

EVERYTHING = """
{
  customer(id: "c7") { name orders(first: 3) { nodes { number } } invoices(first: 3) { nodes { number } } }
  product(sku: "SKU-0042") { name }
}
"""
LOST = {
    "crm": ["customer"],
    "shop": ["customer", "orders"],
    "warehouse": ["product"],
    "accounting": ["customer", "invoices"],
}
"""Where the null is when a system fails; everything else is there."""

CODES: dict[Switch, tuple[str, str] | dict[str, tuple[str, str]]] = {
    Switch.SLOW: ("BACKEND_TIMEOUT", "timeout"),
    Switch.FROZEN: ("BACKEND_TIMEOUT", "timeout"),
    Switch.TRICKLE: ("BACKEND_TIMEOUT", "timeout"),
    Switch.REFUSED: ("BACKEND_UNAVAILABLE", "refused"),
    Switch.RESET: ("BACKEND_UNAVAILABLE", "truncated"),
    Switch.TRUNCATED: ("BACKEND_UNAVAILABLE", "truncated"),
    Switch.ERROR_500: ("BACKEND_FAILED", "HTTP 500"),
    Switch.ERROR_503: ("BACKEND_UNAVAILABLE", "HTTP 503"),
    Switch.TOO_MANY: ("BACKEND_UNAVAILABLE", "HTTP 429"),
    Switch.UNAUTHORIZED: ("BACKEND_REJECTED", "credentials"),
    Switch.MALFORMED: {"rest": ("BACKEND_CONTRACT", "not json"), "soap": ("BACKEND_CONTRACT", "truncated")},
    Switch.HTML: ("BACKEND_CONTRACT", "html"),
    Switch.EMPTY: ("BACKEND_CONTRACT", "empty"),
    Switch.WRONG_TYPE: {"rest": ("BACKEND_CONTRACT", "mapping"), "soap": ("BACKEND_CONTRACT", "decode")},
    Switch.HUGE: ("BACKEND_CONTRACT", "too large"),
    Switch.GZIP_BOMB: ("BACKEND_CONTRACT", "too large"),
    Switch.REDIRECT: ("BACKEND_CONTRACT", "redirect"),
    Switch.ERROR_WITH_200: ("BACKEND_CONTRACT", "items"),
    Switch.SOAP_FAULT: ("BACKEND_FAILED", "fault"),
    Switch.SOAP_FAULT_WITH_200: ("BACKEND_FAILED", "fault"),
    Switch.XXE: ("BACKEND_CONTRACT", "dtd"),
    Switch.BILLION_LAUGHS: ("BACKEND_CONTRACT", "dtd"),
    Switch.DTD: ("BACKEND_CONTRACT", "dtd"),
}
"""Code and cause of each way to misbehave, by protocol where these differ."""
RETRYABLE = {"BACKEND_TIMEOUT", "BACKEND_UNAVAILABLE", "BACKEND_FAILED"}
PROTOCOL = {"crm": "rest", "shop": "rest", "warehouse": "soap", "accounting": "soap"}
MATRIX = [
    (system, switch)
    for system, protocol in PROTOCOL.items()
    for switch in offered(protocol)  # type: ignore[arg-type] # the literals above
    if switch is not Switch.NONE
]
TIMED = {Switch.SLOW, Switch.FROZEN, Switch.TRICKLE}


@pytest.fixture
def configured(request: pytest.FixtureRequest) -> dict[str, str]:
    """No retries; the system that is made slow has little time, the others as much as the machine may need."""
    variables = {f"BIZGRAPH_BACKENDS__{name.upper()}__RETRIES": "0" for name in PROTOCOL}
    system, switch = request.node.callspec.params.values()
    if switch in TIMED:
        variables[f"BIZGRAPH_BACKENDS__{system.upper()}__TIMEOUT"] = "2s"
    return variables


def outcome(system: str, switch: Switch) -> tuple[str, str]:
    """The code and the cause that callers are told."""
    told = CODES[switch]
    return told[PROTOCOL[system]] if isinstance(told, dict) else told


def at(data: Any, path: list[Any]) -> Any:
    for part in path:
        data = data[part]
    return data


@pytest.mark.parametrize(("system", "switch"), MATRIX, ids=lambda value: str(getattr(value, "value", value)))
async def test_a_failing_system_costs_its_own_fields_only(
    client: Client, company: DemoCompany, calls: CallsOf, system: str, switch: Switch
) -> None:
    """Its fields are null with code, backend and whether to try again; the others' data is there; nothing that the
    system said is told; and when it is well again so is the answer."""
    server = getattr(company, system)
    await server.switch(switch)
    answer = await client.ask(EVERYTHING)
    assert answer.status == 200
    made = calls()
    error = answer.errors[0]
    lost = LOST[system]
    if switch is Switch.WRONG_TYPE and system in ("shop", "accounting"):
        # The answer as a whole is fine; each record that is not is null in its own place.
        lost = [*lost, "nodes", 0]
        assert at(answer.data, lost[:-1]) == [None] * 3
    assert error["path"] == lost
    assert len(answer.errors) == (3 if switch is Switch.WRONG_TYPE and system == "shop" else 1)
    extensions = error["extensions"]
    assert (extensions["code"], extensions["cause"]) == outcome(system, switch)
    assert extensions["backend"] == system
    assert extensions["retryable"] is (extensions["code"] in RETRYABLE)
    assert extensions["correlationId"] == answer.headers["x-request-id"]
    assert at(answer.data, lost) is None
    told = answer.body.decode()
    for hidden in ("demo-", "127.0.0.1", "Traceback", "<html", "Envelope", "aiohttp", "Error:"):
        assert hidden not in told
    if switch is not Switch.REFUSED:
        assert len(made[system]) == 1
    if system != "crm":
        assert answer.data["customer"]["name"]
    if system != "warehouse":
        assert answer.data["product"]["name"]
    await server.switch_off()
    server.release()
    again = await client.ask(EVERYTHING)
    assert again.errors == []
    assert at(again.data, LOST[system]) is not None
    assert unexplained(answer.data, answer.errors, again.data) == []
