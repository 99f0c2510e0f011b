"""Answers given again: what running the operation would give, to the same caller, and to nobody else."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.app import Gateway
from gateway.demo.company import DemoCompany
from gateway.demo.switches import Switch
from resolvers.backends.cache import CachedSource
from tests.client import Answer, Client
from tests.conftest import CallsOf, MakeToken
from tests.doubles import FakeClock
from tests.patience import demo_settings

QUERY = """
  query Portal($id: ID!) {
    customer(id: $id) {
      name email
      orders(first: 3) { nodes { number lines { product { name available } } invoices { nodes { number } } } }
    }
  }
"""
MINE = "{ me { name orders(first: 2) { nodes { number } } } }"


async def opened(stack: AsyncExitStack, company: DemoCompany, time: FakeClock, **variables: str) -> Gateway:
    settings, environment = demo_settings(company, {"BIZGRAPH_CACHE__JITTER": "0"} | variables)
    whole = Gateway(settings, environment, clock=time)
    await stack.enter_async_context(whole.running())
    return whole


@pytest.fixture
def time() -> FakeClock:
    """The clock of the caches; tokens are minted by it too."""
    return FakeClock()


@pytest.fixture
async def house(company: DemoCompany, time: FakeClock) -> AsyncIterator[Gateway]:
    """The gateway on a clock that the test moves."""
    async with AsyncExitStack() as stack:
        yield await opened(stack, company, time)


@pytest.fixture
def staff(house: Gateway, token: MakeToken, time: FakeClock) -> Client:
    return Client(house.entrance, token(now=time.time(), expires_in=86_400.0))


async def repeated(house: Gateway, client: Client, query: str = QUERY, **variables: Any) -> bool:
    """Ask, and tell whether the answer was one given before."""
    assert house.answers is not None
    before = house.answers.given
    answer = await client.ask(query, variables)
    assert answer.status == 200
    return house.answers.given > before


async def invalidate(client: Client, *tags: str) -> None:
    body = orjson.dumps({"tags": tags})
    answer = await client.request("POST", "/cache/invalidate", body, {"content-type": "application/json"})
    assert answer.status == 200


async def settled(house: Gateway) -> None:
    """Let what is renewed in the background come to its end."""
    for source in house.connections.sources.values():
        if isinstance(source, CachedSource):
            await asyncio.gather(*source._background)


async def test_a_repeated_question_is_answered_as_before(house: Gateway, staff: Client, calls: CallsOf) -> None:
    """From the third time on a question is answered to the byte as the second time, and nobody is called for it."""
    first = await staff.ask(QUERY, {"id": "c7"})
    assert calls()
    second = await staff.ask(QUERY, {"id": "c7"})
    third = await staff.ask(QUERY, {"id": "c7"})
    assert calls() == {}
    assert first.body == second.body == third.body
    assert await repeated(house, staff, id="c7")
    assert not await repeated(house, staff, id="c8")
    assert not await repeated(house, staff, QUERY.replace("name email", "name"), id="c7")


async def test_an_answer_of_calls_is_not_kept(house: Gateway, staff: Client) -> None:
    """What was made of calls is not given again: only what the cache holds as well can be compared with it."""
    assert [await repeated(house, staff, id="c7") for _ in range(3)] == [False, False, True]


async def test_nobody_is_given_what_another_was_told(house: Gateway, token: MakeToken, time: FakeClock) -> None:
    """The same question of two customers, and of one of them with fewer rights, has an answer for each of the three."""

    def caller(*scopes: str, customer: str) -> Client:
        return Client(house.entrance, token(*scopes, customer=customer, now=time.time(), expires_in=3600.0))

    callers = [caller(customer="c7"), caller(customer="c8"), caller("customers:read", customer="c7")]
    told: list[list[Answer]] = [[await one.ask(MINE) for one in callers] for _ in range(4)]
    for answers in told[1:]:
        assert [answer.data for answer in answers] == [answer.data for answer in told[0]]
    first = [answer.data["me"] for answer in told[0]]
    assert first[0]["name"] == first[2]["name"] != first[1]["name"]
    assert first[0]["orders"] != first[1]["orders"]
    assert first[2]["orders"] is None
    assert [await repeated(house, one, MINE) for one in callers] == [True, True, False]


async def test_what_was_invalidated_is_asked_for(
    house: Gateway, staff: Client, token: MakeToken, calls: CallsOf, time: FakeClock
) -> None:
    """An invalidation of one part takes effect at once, and no other part is called for."""
    for _ in range(3):
        await staff.ask(QUERY, {"id": "c7"})
    calls()
    time.advance(1)
    await invalidate(staff.with_token(token("cache:admin", now=time.time())), "customer:c7")
    assert not await repeated(house, staff, id="c7")
    assert calls()["crm"] == ["customers.by_ids"]


async def test_an_answer_is_given_again_only_while_all_of_it_is_fresh(
    house: Gateway, staff: Client, calls: CallsOf, time: FakeClock
) -> None:
    """When its first part is no longer fresh, the answer is made anew, and says which part is stale."""
    await staff.ask(QUERY, {"id": "c7"})
    time.advance(5)
    await staff.ask(QUERY, {"id": "c7"})
    calls()
    time.advance(4)
    assert await repeated(house, staff, id="c7")
    assert calls() == {}
    time.advance(7)
    answer = await staff.ask(QUERY, {"id": "c7"})
    assert {stale["operation"] for stale in answer.json["extensions"]["stale"]} == {"products.by_skus"}


async def test_newer_data_takes_the_place_of_a_kept_answer(house: Gateway, staff: Client, calls: CallsOf) -> None:
    """Who asks for fresh data is called for, and from then on answers are made of what came."""
    for _ in range(2):
        await staff.ask(QUERY, {"id": "c7"})
    assert await repeated(house, staff, id="c7")
    calls()
    await staff.ask(QUERY, {"id": "c7"}, cache_control="no-cache")
    assert calls()["crm"] == ["customers.by_ids"]
    assert [await repeated(house, staff, id="c7") for _ in range(2)] == [False, True]


async def test_what_is_not_kept_is_asked_for(
    company: DemoCompany,
    token: MakeToken,
    time: FakeClock,
    calls: CallsOf,
) -> None:
    """An answer with one part that no cache holds is never given again, whatever the rest is made of."""
    async with AsyncExitStack() as stack:
        house = await opened(stack, company, time, BIZGRAPH_PRODUCTS__BY_SKUS__TTL="0s")
        staff = Client(house.entrance, token(now=time.time()))
        for _ in range(3):
            calls()
            assert not await repeated(house, staff, id="c7")
        assert calls().keys() == {"warehouse"}


async def test_a_failure_is_not_given_again(
    house: Gateway, staff: Client, company: DemoCompany, token: MakeToken, time: FakeClock
) -> None:
    """An answer with an error is made anew each time, so it is over as soon as the failure is."""
    await company.accounting.switch(Switch.ERROR_500)
    for _ in range(3):
        assert not await repeated(house, staff, id="c7")
    await company.accounting.switch(Switch.NONE)
    time.advance(60)
    assert not (await staff.ask(QUERY, {"id": "c7"})).errors


async def test_every_read_is_journalled(
    company: DemoCompany, token: MakeToken, time: FakeClock, tmp_path: Path
) -> None:
    """Where reads of personal data are journalled, no answer is given without its entry."""
    journal = tmp_path / "access.jsonl"
    async with AsyncExitStack() as stack:
        house = await opened(stack, company, time, BIZGRAPH_PRIVACY__JOURNAL=f"file:{journal}")
        staff = Client(house.entrance, token(now=time.time()))
        for _ in range(4):
            await staff.ask(QUERY, {"id": "c7"})
    assert len(journal.read_bytes().splitlines()) == 4


async def test_a_question_has_another_answer_the_next_day(
    company: DemoCompany, token: MakeToken, time: FakeClock
) -> None:
    """What compares with today is not given again after midnight (UTC), however long the cache holds its parts."""
    query = "{ invoices(first: 5, filter: { overdue: true }) { nodes { number } } }"
    async with AsyncExitStack() as stack:
        house = await opened(stack, company, time, BIZGRAPH_INVOICES__LIST__TTL="48h")
        staff = Client(house.entrance, token(now=time.time(), expires_in=172_800.0))
        assert [await repeated(house, staff, query) for _ in range(3)] == [False, False, True]
        time.advance(86_400)
        assert not await repeated(house, staff, query)


async def test_answers_take_no_more_memory_than_they_may(
    company: DemoCompany, token: MakeToken, time: FakeClock
) -> None:
    """With room for a few answers, those given longest ago go first; with none, nothing is kept."""
    async with AsyncExitStack() as stack:
        house = await opened(stack, company, time, BIZGRAPH_CACHE__ANSWERS="100kB")
        staff = Client(house.entrance, token(now=time.time()))
        for number in range(1, 31):
            for _ in range(2):
                await staff.ask(QUERY, {"id": f"c{number}"})
        assert house.answers is not None
        assert 0 < house.answers.kept.weight <= 100_000
        assert await repeated(house, staff, id="c30")
        assert not await repeated(house, staff, id="c1")
        none = await opened(stack, company, time, BIZGRAPH_CACHE__ANSWERS="0B")
        assert none.answers is None


async def test_a_repeated_answer_may_be_kept_by_browsers_as_long_as_before(staff: Client, time: FakeClock) -> None:
    """GET is told the same lifetime, shorter by the time that has passed, and the same ETag."""

    async def lifetime() -> tuple[str, str]:
        answer = await staff.request("GET", "/graphql?query={products(first:2){nodes{sku}}}", headers={"accept": "*/*"})
        return answer.headers["cache-control"], answer.headers["etag"]

    told = [await lifetime() for _ in range(3)]
    assert told == [told[0]] * 3
    time.advance(5)
    assert (await lifetime())[0] == "private, max-age=10"


@pytest.mark.parametrize("seed", range(4))
async def test_answers_given_again_are_those_of_a_run(
    company: DemoCompany, token: MakeToken, time: FakeClock, calls: CallsOf, seed: int
) -> None:
    """Whatever is asked, forgotten, renewed and broken in whatever order: a gateway that gives answers again tells, and
    calls for, just what one does that runs every operation."""
    chance = random.Random(seed)
    questions = [(QUERY, {"id": "c7"}), (QUERY, {"id": "c8"}), (QUERY, {"id": "none"}), (MINE, {})]
    callers = {customer: token(customer=customer, now=time.time(), expires_in=1e6) for customer in ("c7", "c8")}
    callers["staff"] = token(now=time.time(), expires_in=1e6)
    admin = token("cache:admin", now=time.time(), expires_in=1e6)
    async with AsyncExitStack() as stack:
        houses = [await opened(stack, company, time, BIZGRAPH_CACHE__ANSWERS=size) for size in ("1MB", "0B")]
        for _ in range(120):
            match chance.choice(["ask"] * 9 + ["wait", "wait", "forget", "renew", "break"]):
                case "wait":
                    time.advance(chance.choice([1.0, 5.0, 20.0]))
                case "forget":
                    time.advance(0.001)
                    tag = chance.choice(["customer:c7", "order:*", "product:*", "invoice:*", "customer:none"])
                    for house in houses:
                        await invalidate(Client(house.entrance, admin), tag)
                case step:
                    server = chance.choice(company.servers)
                    await server.switch(Switch.ERROR_500 if step == "break" else Switch.NONE)
                    query, variables = chance.choice(questions)
                    held = callers[chance.choice(list(callers))]
                    headers = {"cache_control": "no-cache"} if step == "renew" else {}
                    told = []
                    for house in houses * chance.choice([1, 2, 3]):
                        calls()
                        answer = await Client(house.entrance, held).ask(query, variables, **headers)
                        await settled(house)
                        made = {name: sorted(operations) for name, operations in calls().items()}
                        told.append((answer.data, answer.codes, answer.json.get("extensions"), made))
                    await server.switch(Switch.NONE)
                    assert told[::2] == told[1::2]
        assert houses[0].answers is not None
        assert houses[0].answers.given > 5
