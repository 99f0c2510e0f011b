"""Explaining over HTTP: only for those who may, and never by running."""

from __future__ import annotations

from typing import Any

import orjson

from gateway.demo.tokens import SCOPES
from gateway.operations import EXPLAIN_SCOPE
from tests.client import Answer, Client
from tests.conftest import CallsOf, MakeToken

QUERY = '{ customer(id: "c7") { name } }'


async def ask(client: Client, extensions: dict[str, Any]) -> Answer:
    body = orjson.dumps({"query": QUERY, "extensions": extensions})
    return await client.request("POST", "/graphql", body, {"content-type": "application/json"})


async def test_a_plan_is_told_without_running_it(anonymous: Client, token: MakeToken, calls: CallsOf) -> None:
    """`explain: {run: false}` answers the plan and calls no system."""
    client = anonymous.with_token(token(*SCOPES, EXPLAIN_SCOPE))
    answer = await ask(client, {"explain": {"run": False}})
    assert answer.data is None
    assert answer.errors == []
    told = answer.json["extensions"]["explain"]
    assert told["calls"] == {"most": 1, "about": 1}
    assert calls() == {}


async def test_a_plan_may_come_with_the_answer(anonymous: Client, token: MakeToken) -> None:
    """`explain: {}` runs the operation and tells its plan beside the data."""
    answer = await ask(anonymous.with_token(token(*SCOPES, EXPLAIN_SCOPE)), {"explain": {}})
    assert answer.data["customer"]["name"]
    assert answer.json["extensions"]["explain"]["levels"]


async def test_who_lacks_the_scope_is_told_which(client: Client, calls: CallsOf) -> None:
    """Without the scope nothing is planned and nothing runs; the error names the scope."""
    for extensions in ({"explain": {"run": False}}, {"explain": {}}):
        answer = await ask(client, extensions)
        assert "data" not in answer.json
        assert answer.codes == ["FORBIDDEN"]
        assert answer.errors[0]["extensions"]["scopes"] == [EXPLAIN_SCOPE]
    assert calls() == {}


async def test_a_malformed_request_for_a_plan_is_refused(anonymous: Client, token: MakeToken, calls: CallsOf) -> None:
    """What is no request for a plan is not taken for permission to run."""
    client = anonymous.with_token(token(*SCOPES, EXPLAIN_SCOPE))
    for wanted in (True, "yes", {"run": "no"}, [], None):
        answer = await ask(client, {"explain": wanted})
        assert answer.codes == ["BAD_USER_INPUT"]
    assert calls() == {}
