"""Tracing: what a run did, for those who may ask."""

from __future__ import annotations

from typing import Any

from gateway.demo.company import DemoCompany
from gateway.demo.switches import Switch
from gateway.demo.tokens import SCOPES
from gateway.operations import EXPLAIN_SCOPE
from tests.client import Answer, Client
from tests.conftest import MakeToken
from tests.gateway.explain.test_over_http import ask


def told(answer: Answer) -> dict[str, Any]:
    trace: dict[str, Any] = answer.json["extensions"]["trace"]
    return trace


async def test_a_run_tells_its_calls_and_then_its_hits(anonymous: Client, token: MakeToken) -> None:
    """The first run shows the call to the CRM with its keys; the second that the cache answered."""
    client = anonymous.with_token(token(*SCOPES, EXPLAIN_SCOPE))
    first = told(await ask(client, {"trace": True}))
    assert [(call["backend"], call["operation"], call["outcome"]) for call in first["calls"]] == [
        ("crm", "customers.by_ids", "miss")
    ]
    assert first["calls"][0]["keys"] == 1
    assert first["calls"][0]["attempts"] == 1
    assert 0 <= first["calls"][0]["durationMs"] <= first["durationMs"]
    assert first["cache"] == {"hits": 0, "misses": 1, "stale": 0}
    second = told(await ask(client, {"trace": True}))
    assert [call["outcome"] for call in second["calls"]] == ["hit"]
    assert second["cache"] == {"hits": 1, "misses": 0, "stale": 0}


async def test_a_failed_call_is_told_with_its_code(anonymous: Client, token: MakeToken, company: DemoCompany) -> None:
    """A call that failed shows its code and how often it was tried."""
    await company.crm.switch(Switch.ERROR_500)
    client = anonymous.with_token(token(*SCOPES, EXPLAIN_SCOPE))
    call = told(await ask(client, {"trace": True}))["calls"][0]
    assert (call["outcome"], call["code"], call["attempts"]) == ("error", "BACKEND_FAILED", 3)


async def test_a_trace_needs_the_scope(client: Client) -> None:
    """Who lacks the scope gets neither trace nor data, and is told which scope it takes."""
    answer = await ask(client, {"trace": True})
    assert "data" not in answer.json
    assert answer.errors[0]["extensions"]["scopes"] == [EXPLAIN_SCOPE]


async def test_nobody_pays_for_traces_that_are_not_asked_for(client: Client) -> None:
    """Without the request for it, an answer has no trace."""
    answer = await ask(client, {"trace": False})
    assert "extensions" not in answer.json
