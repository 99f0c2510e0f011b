"""The attacker's list, requests: HTTP that is malformed, dishonest, endless or not meant for this endpoint."""

from __future__ import annotations

import gzip

import orjson
import pytest

from tests.security.conftest import demo_token
from tests.security.served import Served, post, request

QUERY = {"query": "{ me { id } }"}
BODY = orjson.dumps(QUERY)
HEAD = b"POST /graphql HTTP/1.1\r\nHost: gateway\r\n"

BODIES: dict[str, tuple[bytes, str]] = {
    "a batch": (b"[" + BODY + b"]", "BAD_REQUEST"),
    "an empty body": (b"", "BAD_REQUEST"),
    "null": (b"null", "BAD_REQUEST"),
    "a number": (b"1", "BAD_REQUEST"),
    "not JSON": (b"query { me }", "BAD_REQUEST"),
    "invalid UTF-8": (b'{"query": "{ me { id } } \xff\xfe"}', "BAD_REQUEST"),
    "UTF-16": ('{"query": "{ me { id } }"}'.encode("utf-16"), "BAD_REQUEST"),
    "a lone surrogate": (b'{"query": "{ me { id } }", "operationName": "\\ud800"}', "BAD_REQUEST"),
    "a JSON depth bomb": (
        b'{"query": "{ me { id } }", "variables": ' + b'{"a":' * 900 + b"1" + b"}" * 901,
        "BAD_REQUEST",
    ),
    "duplicate keys": (b'{"query": "{ me { id } }", "query": "{ customers { nodes { name } } }"}', "BAD_REQUEST"),
    "a duplicate key, escaped": (b'{"query": "{ me { id } }", "\\u0071uery": "{ __typename }"}', "BAD_REQUEST"),
    "a huge integer": (b'{"query": "{ me { id } }", "variables": {"a": ' + b"9" * 10_000 + b"}}", "BAD_REQUEST"),
    "NaN": (b'{"query": "{ me { id } }", "variables": {"a": NaN}}', "BAD_REQUEST"),
    "Infinity": (b'{"query": "{ me { id } }", "variables": {"a": 1e999}}', "BAD_REQUEST"),
    "a query that is a list": (b'{"query": ["{ me { id } }"]}', "BAD_REQUEST"),
    "variables that are a list": (b'{"query": "{ me { id } }", "variables": [1]}', "BAD_REQUEST"),
    "variables that are a text": (b'{"query": "{ me { id } }", "variables": "{}"}', "BAD_REQUEST"),
    "no query": (b'{"variables": {}}', "BAD_REQUEST"),
    "another hash than the query's": (
        orjson.dumps({**QUERY, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}}),
        "BAD_REQUEST",
    ),
    "a hash that is a path": (
        orjson.dumps({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "../" * 200}}}),
        "BAD_REQUEST",
    ),
}


@pytest.mark.parametrize("name", list(BODIES))
def test_a_malformed_body_is_refused(served: Served, name: str) -> None:
    """It is 400 in GraphQL's shape, and no system behind hears of it."""
    body, code = BODIES[name]
    before = served.calls()
    reply = served.ask(body, f"Authorization: Bearer {demo_token()}")
    assert (reply.status, reply.code) == (400, code)
    assert "data" not in reply.json
    assert served.calls() == before


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", BODY),
        ("text/plain; charset=utf-8; application/json", BODY),
        ("application/x-www-form-urlencoded", b"query=%7B+me+%7B+id+%7D+%7D"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{}\r\n--x--',
        ),
        ("application/jsonx", BODY),
        ("application/graphql", b"{ me { id } }"),
        ("application/json; charset=utf-7", BODY),
        ("", BODY),
    ],
)
def test_what_a_form_can_send_is_refused(served: Served, content_type: str, body: bytes) -> None:
    """Only application/json is read, which a foreign page cannot send without being asked first."""
    reply = served.ask(body, f"Content-Type: {content_type}", f"Authorization: Bearer {demo_token()}")
    assert (reply.status, reply.code) == (415, "BAD_REQUEST")
    assert reply.headers["accept-post"] == "application/json"


def test_compressed_bodies_are_not_read(served: Served) -> None:
    """A body that grows when it is unpacked is never unpacked."""
    bomb = gzip.compress(b" " * 10_000_000)
    reply = served.ask(bomb, "Content-Encoding: gzip", f"Authorization: Bearer {demo_token()}")
    assert (reply.status, reply.code) == (415, "BAD_REQUEST")


def test_a_body_that_is_too_large_is_not_read(served: Served) -> None:
    """What is declared too large is refused before it comes; what turns out to be, as soon as it does."""
    declared = served.exchange(request("POST", "/graphql", "Content-Length: 1000000000"), b"{")
    assert (declared.status, declared.code) == (413, "BAD_REQUEST")
    assert declared.headers["connection"] == "close"
    head = HEAD + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    sent = served.exchange(head, *[chunk] * 20)
    assert (sent.status, sent.code) == (413, "BAD_REQUEST")


@pytest.mark.parametrize(
    ("name", "pieces", "status"),
    [
        ("a slow body", [post(BODY, "Content-Length: 1000")], 408),
        ("slow headers", [b"POST /graphql HTTP/1.1\r\nHost: gateway\r\nX: "], 408),
        ("half a request line", [b"POST /gra"], 408),
    ],
)
def test_a_slow_client_is_not_waited_for(served: Served, name: str, pieces: list[bytes], status: int) -> None:
    """What does not arrive in time is answered 408, and the connection is closed."""
    reply = served.exchange(*pieces)
    assert (reply.status, reply.code) == (status, "BAD_REQUEST")
    assert reply.headers["connection"] == "close"


DISHONEST: dict[str, tuple[list[bytes], int]] = {
    "50,000 headers": ([HEAD, *[b"X: y\r\n" * 500] * 100, b"\r\n"], 431),
    "one header of 1 MB": ([HEAD + b"X: ", *[b"y" * 10_000] * 100, b"\r\n\r\n"], 431),
    "an address of 20 kB": ([request("GET", "/graphql?query=" + "x" * 20_000)], 414),
    "two lengths of the body": ([post(BODY, "Transfer-Encoding: chunked")], 400),
    "an unknown coding": ([HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n"], 501),
    "no host": ([b"GET /graphql HTTP/1.1\r\n\r\n"], 400),
    "two hosts": ([HEAD + b"Host: evil\r\n\r\n"], 400),
    "not HTTP": ([b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 50], 400),
}


@pytest.mark.parametrize("name", list(DISHONEST))
def test_dishonest_http_ends_the_connection(served: Served, name: str) -> None:
    """What could be read in two ways, or has no end, is refused in GraphQL's shape before anything looks at it."""
    pieces, status = DISHONEST[name]
    reply = served.exchange(*pieces)
    assert (reply.status, reply.code) == (status, "BAD_REQUEST")
    assert reply.headers["connection"] == "close"
    assert "server" not in reply.headers


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND"])
def test_other_methods_are_refused(served: Served, method: str) -> None:
    """405 with the methods that there are (RFC 9110 §15.5.6)."""
    reply = served.exchange(request(method, "/graphql", f"Authorization: Bearer {demo_token()}"))
    if method in ("CONNECT", "PROPFIND") and reply.status == 400:
        return  # The parser itself does not take it.
    assert reply.status == 405
    assert "POST" in reply.headers["allow"]


def test_a_page_that_embeds_the_endpoint_gets_nothing(served: Served) -> None:
    """A GET that a foreign page makes a browser send with its cookies is refused, be it harmless or not."""
    path = "/graphql?query=%7B__typename%7D"
    for headers in (("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"), ("Cookie: session=1",)):
        reply = served.get(path, *headers)
        assert (reply.status, reply.code) == (403, "BAD_REQUEST")
    assert served.get(path, "GraphQL-Require-Preflight: 1").status == 200


@pytest.mark.parametrize("value", ["soon", "10", "-1s", "1s; rm -rf /"])
def test_hostile_headers_are_refused(served: Served, value: str) -> None:
    """A header that is looked at and cannot be used is 400, not ignored."""
    reply = served.ask(QUERY, f"X-Request-Timeout: {value}", f"Authorization: Bearer {demo_token()}")
    assert (reply.status, reply.code) == (400, "BAD_REQUEST")


def test_a_correlation_id_cannot_carry_anything(served: Served) -> None:
    """An id that is no id is replaced, so that nothing gets into logs, headers and calls through it."""
    for given in ("a b", "x" * 200, "<script>", 'a"b'):
        reply = served.ask(QUERY, f"X-Request-Id: {given}")
        assert reply.headers["x-request-id"] != given
        assert reply.headers["x-request-id"].isalnum()
    assert served.ask(QUERY, "X-Request-Id: fine-1").headers["x-request-id"] == "fine-1"


@pytest.mark.parametrize(
    "path",
    [
        "/admin",
        "/graphql/",
        "/graphql/../health/backends",
        "/graphiql/assets/..%2f..%2f..%2fpyproject.toml",
        "/graphiql/assets/%2e%2e/index.html",
        "/.env",
        "//graphql",
    ],
)
def test_other_addresses_are_404(served: Served, path: str) -> None:
    """There is nothing else, and no way out of the folder of GraphiQL's scripts."""
    reply = served.get(path)
    assert reply.status in (404, 401)
    assert b"project" not in reply.body


@pytest.mark.parametrize("path", ["/metrics", "/health/backends", "/cache/invalidate"])
def test_what_operators_use_needs_their_scope(served: Served, path: str) -> None:
    """Without a token it is 401, with another scope 403, each with its challenge."""
    method = "POST" if path.startswith("/cache") else "GET"
    nobody = served.exchange(request(method, path))
    assert (nobody.status, nobody.code) == (401, "UNAUTHENTICATED")
    somebody = served.exchange(request(method, path, f"Authorization: Bearer {demo_token()}"))
    assert (somebody.status, somebody.code) == (403, "FORBIDDEN")
    assert 'error="insufficient_scope"' in somebody.headers["www-authenticate"]


def test_after_all_of_it_the_gateway_answers(served: Served) -> None:
    """Whatever came before, the next honest request is answered."""
    reply = served.ask({"query": '{ customer(id: "c7") { id } }'}, f"Authorization: Bearer {demo_token()}")
    assert reply.json == {"data": {"customer": {"id": "Customer:c7"}}}
