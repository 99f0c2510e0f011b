"""The door: what it accepts, how it answers, and what it hands on."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from gateway.execution.documents import Documents, text_hash
from gateway.execution.trusted import PersistedDocuments
from gateway.http.headers import SECURITY
from resolvers.errors import BackendUnavailable, BadUserInput, Forbidden, Internal, RateLimited
from resolvers.principal import ANONYMOUS, Principal
from tests.gateway.http.door import SCHEMA, SECRET, Door

NEW = "application/graphql-response+json"
HELLO = {"query": "{ greeting }"}
SUBSCRIPTION = {"query": "subscription { ticks }"}


def get(**parameters: str) -> bytes:
    return "&".join(f"{name}={quote(value)}" for name, value in parameters.items()).encode()


async def test_a_post_is_answered(door: Door) -> None:
    """Query, variables and operation name reach the runner; its data comes back as JSON that is not to be kept."""
    answer = await door.post(
        {
            "query": "query A($name: String) { greeting(name: $name) } query B { __typename }",
            "operationName": "A",
            "variables": {"name": "Zoë"},
        }
    )
    assert answer.status == 200
    assert answer.body == '{"data":{"greeting":"Hello Zoë"}}'.encode()
    assert answer.headers == {
        "content-type": "application/json; charset=utf-8",
        "content-length": str(len(answer.body)),
        "cache-control": "no-store",
        **{name.decode(): value.decode() for name, value in SECURITY},
        "vary": "Accept, Authorization",
        "x-request-id": "id-1",
    }


async def test_a_get_is_answered(door: Door) -> None:
    """The same parameters may come in the address; an empty one counts as absent."""
    query = "query A($name: String) { greeting(name: $name) }"
    answer = await door.ask("GET", query_string=get(query=query, operationName="A", variables='{"name": "Zoë +"}'))
    assert answer.json == {"data": {"greeting": "Hello Zoë +"}}
    for rest in ({"operationName": "", "variables": "", "extensions": ""}, {"variables": "null", "extensions": "null"}):
        answer = await door.ask("GET", query_string=get(query="{ greeting }", **rest))
        assert answer.json == {"data": {"greeting": "Hello world"}}


async def test_a_head_is_a_get_without_its_body(door: Door) -> None:
    """The headers are those of the GET, its length included (RFC 9110 §9.3.2)."""
    got = await door.ask("GET", query_string=get(query="{ greeting }"))
    head = await door.ask("HEAD", query_string=get(query="{ greeting }"))
    assert (head.status, head.headers, head.body) == (got.status, got.headers, b"")


async def test_options_tell_the_methods(door: Door) -> None:
    """A client can find out what the address allows."""
    answer = await door.ask("OPTIONS")
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"


async def test_the_runner_is_told_everything(door: Door) -> None:
    """Caller, document, operation, variables, extensions and headers; lines of one header are joined."""
    content = {"query": "query A { greeting }", "variables": {"x": 1}, "extensions": {"trace": True}}
    await door.ask(
        body=orjson.dumps(content),
        headers=[
            ("content-type", "application/json"),
            ("authorization", "Bearer anna"),
            ("x-request-id", "abc-123"),
            ("x-request-timeout", "1500ms"),
            ("accept", "text/html"),
            ("accept", NEW),
        ],
    )
    (request,) = door.requests
    assert request.principal.subject == "anna"
    assert (request.operation.name, request.operation.kind) == ("A", "query")
    assert request.document.operation("A") is request.operation
    assert (request.variables, request.extensions) == ({"x": 1}, {"trace": True})
    assert request.info.correlation_id == "abc-123"
    assert request.info.timeout == 1.5
    assert request.info.header(b"accept") == f"text/html, {NEW}"
    assert request.info.header(b"x-missing") is None
    assert (request.info.method, request.info.client) == ("POST", ("127.0.0.1", 1))


async def test_absent_parameters_are_empty(door: Door) -> None:
    """The runner never meets None in place of variables or extensions."""
    await door.post({"query": "{ greeting }", "variables": None, "extensions": None, "operationName": None})
    (request,) = door.requests
    assert (request.variables, request.extensions, request.info.timeout) == ({}, {}, None)


async def test_names_that_nobody_knows_are_ignored(door: Door) -> None:
    """Further members of the body are no mistake (GraphQL over HTTP, JSON Encoding)."""
    assert (await door.post({**HELLO, "hints": {"a": 1}})).json == {"data": {"greeting": "Hello world"}}


async def test_an_authenticator_need_not_wait() -> None:
    """A principal that is known at once is taken as well as one that has to be awaited."""
    door = Door(authenticate=lambda headers: Principal(subject="known"))
    await door.post(HELLO)
    assert door.requests[0].principal.subject == "known"


@pytest.mark.parametrize("accept", ["application/json", NEW])
async def test_partial_answers_are_answers(door: Door, accept: str) -> None:
    """Data with errors is 200 in either media type, and each null is explained."""
    answer = await door.post({"query": "{ greeting broken }"}, accept=accept)
    assert answer.status == 200
    assert answer.headers["content-type"] == f"{accept}; charset=utf-8"
    assert answer.json["data"] == {"greeting": "Hello world", "broken": None}
    assert answer.json["errors"] == [
        {
            "message": "The shop answered 500.",
            "locations": [{"line": 1, "column": 12}],
            "path": ["broken"],
            "extensions": {"code": "BACKEND_FAILED", "backend": "shop", "retryable": True, "correlationId": "id-1"},
        }
    ]


async def test_partial_answers_may_have_a_status_of_their_own() -> None:
    """Where the operator wants it, monitoring can count 294; clients of application/json still get 200."""
    door = Door(partial_status=294)
    assert (await door.post({"query": "{ broken }"}, accept=NEW)).status == 294
    assert (await door.post({"query": "{ broken }"})).status == 200
    assert (await door.post(HELLO, accept=NEW)).status == 200


async def test_a_null_that_reached_the_top_is_data(door: Door) -> None:
    """A non-null root field that fails leaves data null, and the request was still run."""
    answer = await door.post({"query": "{ must }"}, accept=NEW)
    assert answer.status == 200
    assert answer.json["data"] is None
    assert SECRET not in answer.body.decode()
    assert len(door.logged) == 1


REQUEST_ERRORS = {
    "syntax": ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
    "validation": ({"query": "{ missing }"}, "GRAPHQL_VALIDATION_FAILED"),
    "size": ({"query": "{" + "a{b}" * 1_000 + "}"}, "OPERATION_TOO_LARGE"),
    "no such operation": ({"query": "{ greeting }", "operationName": "B"}, "OPERATION_RESOLUTION_FAILURE"),
    "which operation": ({"query": "query A { a: greeting } query B { greeting }"}, "OPERATION_RESOLUTION_FAILURE"),
    "variables": ({"query": "query ($f: Int!) { customers(first: $f) { id } }"}, "BAD_USER_INPUT"),
}


@pytest.mark.parametrize(("content", "code"), REQUEST_ERRORS.values(), ids=REQUEST_ERRORS.keys())
async def test_a_well_formed_request_that_cannot_run(door: Door, content: dict[str, Any], code: str) -> None:
    """It has no data; the newer media type says 400, the older one 200 (GraphQL over HTTP, Status Codes)."""
    for accept, status in ((NEW, 400), ("application/json", 200)):
        answer = await door.post(content, accept=accept)
        assert (answer.status, answer.code) == (status, code)
        assert answer.headers["content-type"].startswith(accept)
        assert "data" not in answer.json


MALFORMED: dict[str, Any] = {
    "no query": {},
    "a misspelt query": {"qeury": "{ greeting }"},
    "an empty query": {"query": ""},
    "query: null": {"query": None},
    "query: object": {"query": {}},
    "query: number": {"query": 0},
    "query: list": {"query": ["{ greeting }"]},
    "operationName: number": {**HELLO, "operationName": 0},
    "operationName: list": {**HELLO, "operationName": ["A"]},
    "variables: list": {**HELLO, "variables": []},
    "variables: string": {**HELLO, "variables": "{}"},
    "variables: false": {**HELLO, "variables": False},
    "extensions: string": {**HELLO, "extensions": "{}"},
    "documentId: number": {**HELLO, "documentId": 1},
    "persistedQuery: string": {**HELLO, "extensions": {"persistedQuery": "x"}},
    "a wrong hash": {**HELLO, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}},
    "a batch": [HELLO, HELLO],
    "null": None,
    "an unpaired surrogate": b'{"query": "{ greeting }", "operationName": "\\ud800"}',
    "not UTF-8": b'{"query": "{ greeting(name: \\"\xff\\") }"}',
    "query twice": b'{"query": "{ greeting }", "query": "{ broken }"}',
    "nothing": b"",
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED.keys())
async def test_a_malformed_request_is_a_bad_request(door: Door, content: Any) -> None:
    """What is not a GraphQL-over-HTTP request is 400 in either media type, and is never run."""
    for accept in (NEW, "application/json"):
        answer = await door.post(content, accept=accept)
        assert (answer.status, answer.code) == (400, "BAD_REQUEST")
    assert door.requests == []


@pytest.mark.parametrize(
    "query_string",
    [
        b"",
        b"query=",
        get(query="{ greeting }", variables="[]"),
        get(query="{ greeting }", variables="{"),
        get(query="{ greeting }", variables='{"a": 1, "a": 2}'),
        get(query="{ greeting }", extensions="1"),
        get(query="{ greeting }") + b"&query=%7Bbroken%7D",
        b"query=%FF",
        b"query=\xff",
        b"&".join(b"p%d=1" % number for number in range(21)),
    ],
)
async def test_a_malformed_address_is_a_bad_request(door: Door, query_string: bytes) -> None:
    """The same holds for parameters in the address."""
    answer = await door.ask("GET", query_string=query_string)
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")
    assert door.requests == []


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "QUERY", "get"])
async def test_other_methods_are_not_allowed(door: Door, method: str) -> None:
    """405 names the methods that are (RFC 9110 §15.5.6)."""
    answer = await door.ask(method, body=orjson.dumps(HELLO), headers={"content-type": "application/json"})
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_no_mutation_by_get(door: Door, method: str) -> None:
    """A link or a prefetch changes nothing: mutations are 405 by GET, by name as well."""
    lone = await door.ask(method, query_string=get(query='mutation { rename(name: "x") }'))
    document = 'query A { greeting } mutation B { rename(name: "x") }'
    named = await door.ask(method, query_string=get(query=document, operationName="B"))
    for answer in (lone, named):
        assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert door.requests == []
    assert (await door.ask("GET", query_string=get(query=document, operationName="A"))).status == 200


async def test_a_mutation_by_post_runs(door: Door) -> None:
    """POST is the way for what changes something."""
    answer = await door.post({"query": 'mutation { rename(name: "x") }'})
    assert answer.json == {"data": {"rename": "x"}}


@pytest.mark.parametrize("accept", ["application/json", NEW])
async def test_a_subscription_by_post_is_refused_clearly(door: Door, accept: str) -> None:
    """It is not run as a query, and the message says which transports carry it."""
    answer = await door.post(SUBSCRIPTION, accept=accept)
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")
    assert "WebSocket" in answer.message
    assert (await door.ask("GET", query_string=get(**SUBSCRIPTION))).status == 400
    assert door.requests == []


@pytest.mark.parametrize("accept", ["text/html", "text/event-stream", "application/json;q=0"])
async def test_an_answer_that_nobody_accepts_is_not_made(door: Door, accept: str) -> None:
    """406, told as JSON for the person who looks."""
    answer = await door.post(HELLO, accept=accept)
    assert (answer.status, answer.code) == (406, "BAD_REQUEST")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert door.requests == []


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate, gzip", "GZIP"])
async def test_compressed_bodies_are_not_read(door: Door, encoding: str) -> None:
    """Nothing is unpacked, so nothing can grow: 415 says what is taken instead (RFC 9110 §12.5.3)."""
    answer = await door.post(HELLO, content_encoding=encoding)
    assert (answer.status, answer.headers["accept-encoding"]) == (415, "identity")
    assert (await door.post(HELLO, content_encoding="Identity")).status == 200


async def test_a_large_body_is_refused() -> None:
    """413 for what is declared and for what is sent, and the connection ends because the rest is not read."""
    door = Door(body_limit=100)
    declared = await door.post(HELLO, content_length="101")
    sent = await door.ask(body=[b"x" * 60, b"x" * 60], headers={"content-type": "application/json"})
    for answer in (declared, sent):
        assert (answer.status, answer.code, answer.headers["connection"]) == (413, "BAD_REQUEST", "close")


async def test_a_slow_body_is_refused() -> None:
    """408 when the body stops arriving."""
    door = Door(body_timeout=0.01)

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json")]
    await door.endpoint({"type": "http", "method": "POST", "headers": headers}, receive, send)
    assert sent[0]["status"] == 408


async def test_nobody_is_answered_who_left(door: Door) -> None:
    """A client that goes away within its body gets no answer, and nothing runs."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        raise AssertionError(message)

    headers = [(b"content-type", b"application/json")]
    await door.endpoint({"type": "http", "method": "POST", "headers": headers}, receive, send)
    assert door.requests == []


@pytest.mark.parametrize("accept", ["application/json", NEW])
async def test_a_bad_token_is_unauthorized(door: Door, accept: str) -> None:
    """401 with a challenge (RFC 6750 §3), in GraphQL's shape, before the body is looked at."""
    answer = await door.post(b"not even JSON", accept=accept, authorization="Bearer bad")
    assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")
    assert answer.headers["www-authenticate"].startswith('Bearer realm="bizgraph", error="invalid_token"')


WHOLE_FAILURES = [
    (Forbidden("No."), 403, 403),
    (RateLimited("Slow down.", retryAfter=1.2), 429, 429),
    (BadUserInput("No."), 400, 200),
    (BackendUnavailable("Down.", backend="shop"), 503, 503),
    (Internal("Oh."), 500, 500),
    (ValueError(SECRET), 500, 500),
]


@pytest.mark.parametrize(("error", "new", "old"), WHOLE_FAILURES)
async def test_a_request_may_fail_as_a_whole(door: Door, error: Exception, new: int, old: int) -> None:
    """The runner's error decides the status; nothing of a foreign exception is told."""
    door.fails = error
    for accept, status in ((NEW, new), ("application/json", old)):
        answer = await door.post(HELLO, accept=accept)
        assert answer.status == status
        assert SECRET not in answer.body.decode()
        assert answer.headers.get("retry-after") == ("2" if status == 429 else None)
    assert len(door.logged) == (2 if status == 500 else 0)


async def test_the_runner_may_add_headers(door: Door) -> None:
    """What it adds goes out once, in place of a default of the same name."""
    door.response_headers = [(b"cache-control", b"private, max-age=5"), (b"ratelimit", b'"default";r=9')]
    answer = await door.post(HELLO)
    assert answer.headers["cache-control"] == "private, max-age=5"
    assert answer.headers["ratelimit"] == '"default";r=9'
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("sent", ["", "x" * 129, "a b", "a\nb", "ä"])
async def test_a_correlation_id_that_could_forge_a_log_line_is_replaced(door: Door, sent: str) -> None:
    """Only short ids of harmless characters are taken over."""
    answer = await door.post(HELLO, x_request_id=sent)
    assert answer.headers["x-request-id"] == "id-1"


async def test_a_malformed_timeout_is_told(door: Door) -> None:
    """A deadline that cannot be read is a mistake of the client, not no deadline."""
    await door.post(HELLO, x_request_timeout="5")
    with pytest.raises(Exception, match="X-Request-Timeout"):
        _ = door.requests[0].info.timeout


async def test_introspection_follows_the_policy() -> None:
    """Who may not see the schema is told 403, in every way to ask; __typename is no secret."""
    door = Door(may_introspect=lambda principal: principal.subject == "dev")
    for query in ("{ __schema { queryType { name } } }", '{ ... { __type(name: "Customer") { name } } }'):
        assert (await door.post({"query": query})).status == 403
        assert (await door.post({"query": query}, authorization="Bearer dev")).status == 200
    assert (await door.post({"query": "{ __typename }"})).status == 200


async def test_a_browser_gets_the_page() -> None:
    """A person who opens the address sees GraphiQL; everybody else is answered, and no page means no page."""
    served: list[str] = []

    async def page(scope: Any, receive: Any, send: Any) -> None:
        served.append(scope["method"])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": b"<html>"})

    browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    door = Door(page=page)
    assert (await door.ask("GET", headers=browser)).headers == {"content-type": "text/html"}
    await door.ask("HEAD", headers=browser)
    assert served == ["GET", "HEAD"]
    for headers, query_string in (({"accept": "*/*"}, b""), (browser, get(query="{ greeting }"))):
        answer = await door.ask("GET", headers=headers, query_string=query_string)
        assert answer.headers["content-type"].startswith("application/json")
    assert (await Door().ask("GET", headers=browser)).status == 400


def persisted(*, mode: Any) -> Door:
    trusted = {"hello": "query Hello { greeting }"}
    return Door(persisted=PersistedDocuments(Documents(SCHEMA), mode=mode, trusted=trusted))


async def test_automatic_persisted_queries_work_by_post_and_get() -> None:
    """Unknown is told as Apollo's clients expect it, with 200; then the hash alone is enough, by GET too."""
    door = persisted(mode="apq")
    text = "query Again { greeting }"
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": text_hash(text)}}
    for accept in (NEW, "application/json"):
        unknown = await door.post({"extensions": extensions}, accept=accept)
        assert (unknown.status, unknown.code) == (200, "PERSISTED_QUERY_NOT_FOUND")
        assert unknown.message == "PersistedQueryNotFound"
    assert (await door.post({"query": text, "extensions": extensions})).status == 200
    by_get = await door.ask("GET", query_string=get(extensions=orjson.dumps(extensions).decode()))
    assert by_get.json == (await door.post({"extensions": extensions})).json == {"data": {"greeting": "Hello world"}}


async def test_a_door_without_persisted_documents_says_so(door: Door) -> None:
    """Clients that try APQ stop trying."""
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
    answer = await door.post({"extensions": extensions})
    assert (answer.status, answer.code) == (200, "PERSISTED_QUERY_NOT_SUPPORTED")
    assert answer.message == "PersistedQueryNotSupported"


@pytest.mark.parametrize("parameter", ["documentId", "doc_id"])
async def test_only_trusted_documents_run_where_that_is_the_mode(parameter: str) -> None:
    """By the id of the manifest they run; any other text is forbidden before it is even parsed."""
    door = persisted(mode="trusted-only")
    assert (await door.post({parameter: "hello"})).json == {"data": {"greeting": "Hello world"}}
    assert (await door.ask("GET", query_string=get(**{parameter: "hello"}))).status == 200
    refused = await door.post(HELLO)
    assert (refused.status, refused.code) == (403, "FORBIDDEN")
    assert len(door.requests) == 2


async def test_the_anonymous_caller_is_a_caller(door: Door) -> None:
    """Without a token the runner decides what may be seen."""
    await door.post(HELLO)
    assert door.requests[0].principal is ANONYMOUS
