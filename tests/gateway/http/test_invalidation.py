"""`POST /cache/invalidate`: who may, what is meant, and what comes of it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from gateway.demo.company import DemoCompany
from tests.client import Answer, Client
from tests.conftest import CallsOf, MakeToken

QUERY = '{ order(id: "o70") { number customer { name } } }'


async def invalidate(client: Client, body: Any, **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return await client.request("POST", "/cache/invalidate", content, {"content-type": "application/json"} | headers)


@pytest.fixture
def admin(anonymous: Client, token: MakeToken) -> Client:
    """A client that may do nothing but invalidate."""
    return anonymous.with_token(token("cache:admin"))


@pytest.mark.parametrize(
    ("body", "count", "asked"),
    [
        ({"tags": ["order:o70"]}, 1, {"shop": ["orders.by_ids"]}),
        ({"tags": ["order:*", "invoice:i1"]}, 2, {"shop": ["orders.by_ids"]}),
        ({"keys": [{"operation": "orders.by_ids", "key": "o70"}]}, 1, {"shop": ["orders.by_ids"]}),
        ({"keys": [{"operation": "customers.by_ids"}]}, 1, {"crm": ["customers.by_ids"]}),
        ({"tags": ["order:o71", "order:o71"]}, 1, {}),
        ({"tags": ["product:SKU 1 / left"]}, 1, {}),
        ({"tags": ["product:SKU-0001"], "keys": [{"operation": "orders.list"}]}, 2, {}),
    ],
)
async def test_what_was_named_is_asked_for_again(
    client: Client, admin: Client, calls: CallsOf, body: dict[str, Any], count: int, asked: dict[str, list[str]]
) -> None:
    """A warm query asks again exactly the systems whose answers were named; the answer counts what was named."""
    await client.ask(QUERY)
    calls()
    assert (await client.ask(QUERY)).data
    assert calls() == {}
    answer = await invalidate(admin, body)
    assert (answer.status, answer.json) == (200, {"invalidated": count, "reached": "this process"})
    assert (await client.ask(QUERY)).data
    assert calls() == asked


async def test_a_token_is_needed(anonymous: Client, client: Client, token: MakeToken) -> None:
    """Nobody without a token (401), and no token without the scope (403), not even one that may read everything."""
    body = {"tags": ["order:o70"]}
    answer = await invalidate(anonymous, body)
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
    assert answer.headers["www-authenticate"].startswith("Bearer")
    bad = await invalidate(anonymous.with_token("not.a.token"), body)
    assert (bad.status, bad.codes) == (401, ["UNAUTHENTICATED"])
    refused = await invalidate(client, body)
    assert (refused.status, refused.codes) == (403, ["FORBIDDEN"])
    assert 'scope="cache:admin"' in refused.headers["www-authenticate"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        {},
        {"tags": []},
        {"tags": "order:o1"},
        {"tags": [1]},
        {"tags": ["order"]},
        {"tags": ["order:"]},
        {"tags": ["order:a\tb"]},
        {"tags": ["order:a\nb"]},
        {"tags": ["shoe:o1"]},
        {"tags": ["order:" + "o" * 257]},
        {"tags": [f"order:o{number}" for number in range(1001)]},
        {"keys": [{"operation": "orders.by_ids", "key": ""}]},
        {"keys": [{"operation": "orders.by_shoes", "key": "1"}]},
        {"keys": [{"key": "1"}]},
        {"keys": [{"operation": "orders.by_ids", "id": "o1"}]},
        {"tag": ["order:o1"]},
    ],
)
async def test_what_cannot_be_meant_is_refused(admin: Client, body: Any) -> None:
    """A mistake is told in GraphQL's shape, and nothing is forgotten half."""
    answer = await invalidate(admin, body)
    assert (answer.status, answer.codes) == (400, ["BAD_REQUEST"])
    assert answer.headers["cache-control"] == "no-store"


async def test_only_json_by_post(admin: Client) -> None:
    """Forms of foreign pages cannot reach it, and reading it is no way to change anything."""
    assert (await invalidate(admin, {"tags": ["order:o1"]}, **{"content-type": "text/plain"})).status == 415
    assert (await admin.request("GET", "/cache/invalidate")).status == 405


async def test_a_changed_record_is_seen_at_once(
    client: Client, admin: Client, company: DemoCompany, calls: CallsOf
) -> None:
    """The reason for it all: after the invalidation the next answer is the system's own, and is remembered again."""
    await client.ask(QUERY)
    await invalidate(admin, {"tags": ["order:o70"]})
    calls()
    for _ in range(2):
        await client.ask(QUERY)
    assert calls() == {"shop": ["orders.by_ids"]}
