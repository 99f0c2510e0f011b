"""Refusing costs less than answering: counted in calls of functions, which no other load of the machine changes."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from importlib import resources
from types import FrameType
from typing import Any

import pytest
from graphql import get_introspection_query

from gateway.telemetry.logs import configure_logging
from tests.client import Answer, Client
from tests.security import test_documents, test_tokens
from tests.security.conftest import demo_token

SMALL = '{ customer(id: "c7") { name } }'
ALL = get_introspection_query()
FOUR = (resources.files("gateway.demo") / "examples" / "1-four-systems.graphql").read_text(encoding="utf-8")
NOT_HERE = {"100 kB", "garbage"}
"""What the protocol refuses before the application, and what a client of text cannot send."""


@pytest.fixture(autouse=True)
def quiet() -> None:
    """Lines of the log cost the same whatever they are about."""
    configure_logging("error", "json")


async def counted(ask: Callable[[], Awaitable[Answer]]) -> tuple[Answer, int]:
    """The answer, and how many functions were called for it, those of libraries in C included."""
    calls = 0

    def count(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        answer = await ask()
    finally:
        sys.setprofile(before)
    return answer, calls


async def answering(anonymous: Client, query: str) -> int:
    """What it costs to answer a question that is asked for the first time, by a new token, when all that it is about is
    in the cache."""
    await anonymous.with_token(demo_token()).ask(query)
    client = anonymous.with_token(demo_token({"jti": "new"}))
    answer, calls = await counted(lambda: client.ask(f"# asked for the first time\n{query}"))
    assert answer.errors == []
    return calls


@pytest.mark.parametrize("name", list(test_documents.ATTACKS))
async def test_a_hostile_document(anonymous: Client, name: str) -> None:
    """Each document of the attacker's list, never seen before, is refused for less than it costs to answer a question
    over four systems; the one that has to be parsed in full, for less than the question that explorers ask."""
    most = await answering(anonymous, ALL if name == "an aliased fragment bomb" else FOUR)
    client = anonymous.with_token(demo_token())
    await client.ask(SMALL)
    text = test_documents.ATTACKS[name][0]
    answer, calls = await counted(lambda: client.ask(text))
    assert answer.errors
    assert calls < most


@pytest.mark.parametrize("name", [name for name in test_tokens.ATTACKS if name not in NOT_HERE])
async def test_a_forged_token(anonymous: Client, name: str) -> None:
    """Each token of the list, never seen before, is refused for less than a new good one is answered with."""
    client = anonymous.with_token(demo_token())
    await client.ask(SMALL)
    fresh, forged = demo_token({"jti": "fresh"}), test_tokens.ATTACKS[name][0]()
    good, answering = await counted(lambda: client.with_token(fresh).ask(SMALL))
    refused, calls = await counted(lambda: client.with_token(forged).ask(SMALL))
    assert good.errors == []
    assert refused.status == 401
    assert calls < answering
