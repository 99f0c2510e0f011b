"""What an answer tells about its age, and for how long it may be kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest

from gateway.app import Gateway
from gateway.demo.company import DemoCompany
from gateway.demo.switches import Switch
from gateway.operations import asks_anew, kept_for
from resolvers.context import Lifetime
from resolvers.principal import ANONYMOUS, Principal
from tests.client import Answer, Client
from tests.conftest import CallsOf, MakeToken
from tests.doubles import FakeClock
from tests.patience import demo_settings

QUERY = """{ customer(id: "c7") { name mine: orders(first: 2) { nodes { number lines { product { name } } } } } }"""


@pytest.fixture
def time() -> FakeClock:
    """The clock of the caches; tokens are minted by it too."""
    return FakeClock()


@pytest.fixture
async def house(company: DemoCompany, configured: dict[str, str], time: FakeClock) -> AsyncIterator[Gateway]:
    """The gateway on a clock that the test moves."""
    settings, environment = demo_settings(company, {"BIZGRAPH_CACHE__JITTER": "0"} | configured)
    whole = Gateway(settings, environment, clock=time)
    async with whole.running():
        company.clear_calls()
        yield whole


@pytest.fixture
def client(house: Gateway, token: MakeToken, time: FakeClock) -> Client:
    """A client of the back office whose token lasts."""
    return Client(house.entrance, token(now=time.time(), expires_in=86_400.0))


async def get(client: Client, query: str = QUERY, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.request("GET", f"/graphql?query={quote(query)}", headers={"accept": "application/json"} | named)


async def test_stale_values_are_named_with_path_age_and_reason(
    client: Client, company: DemoCompany, time: FakeClock, calls: CallsOf
) -> None:
    """A system that is down costs nothing while its last answers serve; which, where and how old is told."""
    fresh = await client.ask(QUERY)
    assert "extensions" not in fresh.json
    time.advance(400)
    await company.shop.switch(Switch.REFUSED)
    answer = await client.ask(QUERY)
    assert answer.data == fresh.data
    assert answer.errors == []
    assert answer.json["extensions"]["stale"] == [
        {
            "path": ["customer", "mine"],
            "age": 400.0,
            "reason": "error",
            "backend": "shop",
            "operation": "orders.by_customers",
        }
    ]


async def test_values_that_are_being_renewed_are_named_too(client: Client, time: FakeClock) -> None:
    """Just after its TTL a value serves at once, and the answer says so; the next one is fresh."""
    await client.ask(QUERY)
    time.advance(35)
    stale = {tuple(part["path"]): part for part in (await client.ask(QUERY)).json["extensions"]["stale"]}
    product = stale["customer", "mine", "nodes", "lines", "product"]
    assert (product["reason"], product["age"]) == ("revalidating", 35.0)
    assert ("customer", "mine") in stale
    assert ("customer",) not in stale


async def test_a_get_may_be_kept_as_long_as_its_shortest_part(client: Client, time: FakeClock) -> None:
    """`max-age` is the least remaining freshness of all that was read; what a token sees is private."""
    assert (await get(client)).headers["cache-control"] == "private, max-age=15"
    time.advance(5)
    answer = await get(client)
    assert answer.headers["cache-control"] == "private, max-age=10"
    assert "Authorization" in answer.headers["vary"]
    assert (await get(client, '{ customer(id: "c7") { name } }')).headers["cache-control"] == "private, max-age=55"


@pytest.mark.parametrize(
    ("least", "principal", "told"),
    [
        (59.9, Principal(subject="s"), b"private, max-age=59"),
        (59.9, ANONYMOUS, b"public, max-age=59"),
        (0.9, ANONYMOUS, None),
        (float("inf"), ANONYMOUS, None),
    ],
)
def test_what_anybody_may_see_is_public(least: float, principal: Principal, told: bytes | None) -> None:
    """Only what a caller without a token sees may be kept by shared caches, and nothing for less than a second."""
    lifetime = Lifetime()
    lifetime.least = least
    assert dict(kept_for(lifetime, principal)).get(b"cache-control") == told


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("{ __typename }", "nothing was read"),
        ('{ customer(id: "c7") { name } order(id: "o70") { nope } }', "it is refused"),
        ('{ customer(id: "c7") { name } products(first: 5, after: "?") { nodes { sku } } }', "a part failed"),
    ],
)
async def test_what_must_not_be_kept(client: Client, query: str, why: str) -> None:
    """Errors, and answers that nothing is known about, are not to be stored."""
    answer = await get(client, query)
    assert answer.headers["cache-control"] == "no-store", why
    assert "etag" not in answer.headers


async def test_a_post_is_not_kept(client: Client) -> None:
    """The answer to a POST is nobody's to keep."""
    assert (await client.ask(QUERY)).headers["cache-control"] == "no-store"


async def test_stale_parts_are_not_kept(client: Client, time: FakeClock) -> None:
    """An answer with a stale part may not be kept, or staleness would add up."""
    await get(client)
    time.advance(35)
    answer = await get(client)
    assert answer.json["extensions"]["stale"]
    assert answer.headers["cache-control"] == "no-store"


async def test_a_client_that_has_the_answer_is_not_sent_it_again(client: Client, time: FakeClock) -> None:
    """If-None-Match with the answer's ETag is 304 without a body, and 200 as soon as the answer is another."""
    first = await get(client)
    etag = first.headers["etag"]
    for held in (etag, f'"other", W/{etag}', "*"):
        answer = await get(client, if_none_match=held)
        assert (answer.status, answer.body) == (304, b"")
        assert answer.headers["etag"] == etag
        assert answer.headers["cache-control"] == "private, max-age=15"
        assert "content-type" not in answer.headers
    other = await get(client, QUERY.replace("first: 2", "first: 1"), if_none_match=etag)
    assert other.status == 200
    assert other.headers["etag"] != etag


async def test_head_is_told_what_get_would_be(client: Client, time: FakeClock) -> None:
    """HEAD has the status and headers of GET, ETag and 304 included, and no body (RFC 9110 §9.3.2)."""
    first = await get(client)
    path = f"/graphql?query={quote(QUERY)}"
    for held, status in (("", 200), (first.headers["etag"], 304)):
        headers = {"accept": "application/json", "if-none-match": held}
        got = await client.request("GET", path, headers=headers)
        asked = await client.request("HEAD", path, headers=headers)
        assert (asked.status, asked.body) == (status, b"")
        own = {"x-request-id"}
        assert {name: asked.headers[name] for name in asked.headers.keys() - own} == {
            name: got.headers[name] for name in got.headers.keys() - own
        }


@pytest.mark.parametrize(
    ("header", "anew"),
    [
        (None, False),
        ("no-cache", True),
        ("No-Cache", True),
        ("max-age=0, no-cache", True),
        ("max-age=0", False),
        ("no-cache-please", False),
        ("no-store", False),
    ],
)
def test_which_callers_ask_anew(header: str | None, anew: bool) -> None:
    """Directives are told apart whole and in any case (RFC 9111 §5.2)."""
    assert asks_anew(header) is anew


async def test_no_cache_asks_the_systems(client: Client, calls: CallsOf) -> None:
    """`Cache-Control: no-cache` from a caller passes over everything that is remembered."""
    await client.ask(QUERY)
    first = calls()
    await client.ask(QUERY)
    assert calls() == {}
    await client.ask(QUERY, cache_control="no-cache")
    assert calls() == first
