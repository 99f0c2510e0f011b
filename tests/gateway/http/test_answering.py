"""Answers in one piece are, to the byte, those that uvicorn writes in two."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.http import answering
from gateway.http.protocol import GuardedProtocol
from tests.gateway.http.conftest import served

Send = Callable[[dict[str, Any]], Awaitable[None]]
REQUEST = b"POST /x HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n\r\nok"
HEAD = b"HEAD /x HTTP/1.1\r\nHost: here\r\n\r\n"
CLOSING = b"GET /x HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"
OLD = b"GET /x HTTP/1.0\r\nHost: here\r\n\r\n"
WAITING = b"POST /x HTTP/1.1\r\nHost: here\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok"
JSON = (b"content-type", b"application/json")


def start(status: int = 200, *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(content: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": content, "more_body": more}


def whole(content: bytes, *headers: tuple[bytes, bytes], status: int = 200) -> list[dict[str, Any]]:
    return [start(status, *headers, (b"content-length", b"%d" % len(content))), body(content)]


ANSWERS: dict[str, list[dict[str, Any]]] = {
    "usual": whole(b'{"data":{}}', JSON, (b"x-request-id", b"1")),
    "empty": whole(b"", JSON),
    "refused": whole(b"{}", JSON, status=405),
    "odd status": whole(b"{}", JSON, status=299),
    "names in capitals": whole(b"{}", (b"Content-Type", b"application/json"), (b"X-Odd", b"a\tb")),
    "no type": [{"type": "http.response.start", "status": 200}, body(b"{}")],
    "no length": [start(200, JSON), body(b"{}")],
    "parts": [start(200, JSON, (b"content-length", b"4")), body(b"ab", more=True), body(b"cd")],
    "parts without length": [start(200, JSON), body(b"ab", more=True), body(b"", more=True), body(b"cd")],
    "large": whole(b"x" * 300_000, JSON),
    "no content": [start(204), body(b"")],
    "not modified": [start(304, (b"etag", b'"1"')), body(b"")],
    "closing": whole(b"{}", JSON, (b"connection", b"close")),
    "pairs that are lists": [{"type": "http.response.start", "status": 200, "headers": [[*JSON]]}, body(b"{}")],
    "a pair that is a list": whole(b"{}", [b"x-odd", b"a"]),  # type: ignore[arg-type] # ASGI allows any pair
    "chunked": [start(200, (b"transfer-encoding", b"chunked")), body(b"ab")],
}
BROKEN: dict[str, list[dict[str, Any]]] = {
    "too long": [start(200, (b"content-length", b"1")), body(b"ab")],
    "too short": [start(200, (b"content-length", b"3")), body(b"ab")],
    "a line in a value": whole(b"{}", (b"x-odd", b"a\r\nset-cookie: b")),
    "a space in a name": whole(b"{}", (b"x odd", b"a")),
    "nothing": [],
}


class App:
    """Reads the request and sends these messages."""

    def __init__(self, messages: list[dict[str, Any]], error: Exception | None = None) -> None:
        self._messages = messages
        self._error = error

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        await receive()
        for message in self._messages:
            await send(message)
        if self._error is not None:
            raise self._error


async def told(app: Any, protocol: type[HttpToolsProtocol], *requests: bytes) -> bytes:
    """All bytes that answer these requests on one connection, but for the server's name."""
    async with served(app, protocol=protocol) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in requests:
            writer.write(request)
        writer.write(CLOSING)
        received = await reader.read()
        writer.close()
    return received.replace(b"server: uvicorn\r\n", b"")


@pytest.mark.parametrize(
    "request_", [REQUEST, HEAD, CLOSING, OLD, WAITING], ids=["post", "head", "close", "1.0", "100"]
)
@pytest.mark.parametrize("answer", [*ANSWERS, *BROKEN])
async def test_an_answer_is_written_as_uvicorn_writes_it(answer: str, request_: bytes) -> None:
    """Whatever an application sends, a client reads the same bytes as without us; twice, so from memory as well."""
    app = App((ANSWERS | BROKEN)[answer])
    expected = await told(app, HttpToolsProtocol, request_)
    for _ in range(2):
        assert await told(app, GuardedProtocol, request_) == expected


@pytest.mark.parametrize("answer", ANSWERS)
async def test_headers_may_be_read_once_only(answer: str) -> None:
    """An application may give its headers as they come, and none of them is lost."""

    async def app(scope: Any, receive: Any, send: Send) -> None:
        async def send_once(message: dict[str, Any]) -> None:
            await send({**message, "headers": iter(message.get("headers", []))})

        await App(ANSWERS[answer])(scope, receive, send_once)

    assert await told(app, GuardedProtocol, REQUEST) == await told(app, HttpToolsProtocol, REQUEST)


async def test_no_header_is_smuggled_in_by_a_value() -> None:
    """A value that holds a line of its own is not written, nor is anything of its answer."""
    received = await told(App(BROKEN["a line in a value"]), GuardedProtocol, REQUEST)
    assert b"set-cookie" not in received
    assert received == await told(App(BROKEN["a line in a value"]), HttpToolsProtocol, REQUEST)


async def test_a_crash_after_the_head_is_told() -> None:
    """An application that fails before its body has the client told so, with a status that does not say all is well."""
    received = await told(App([start(200, JSON)], RuntimeError("broken")), GuardedProtocol, REQUEST)
    assert received.startswith(b"HTTP/1.1 500 ")


async def test_many_different_headers_take_no_memory() -> None:
    """Headers that never come again push each other out."""
    for number in range(2_000):
        answering._remember((b"x-number", b"%d" % number), b"")
    assert len(answering._lines) <= 512
    answering._lines.clear()


async def test_requests_in_a_row_are_answered_in_a_row() -> None:
    """Requests that are sent before the answers to those before them are answered in their order."""
    received = await told(App(whole(b"{}", JSON)), GuardedProtocol, REQUEST, REQUEST, REQUEST)
    assert received.count(b"HTTP/1.1 200 OK\r\n") == 4
