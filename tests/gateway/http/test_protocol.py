"""What a connection may do, over real sockets, with limits that are small enough to wait for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from gateway.http.protocol import ProtocolLimits
from tests.gateway.http.conftest import served
from tests.gateway.http.door import Door

SOON = 0.05
GET = b"GET /x HTTP/1.1\r\nHost: here\r\n\r\n"
POST = b"POST /x HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"


class App:
    """Answers every request with its body; `holding` requests wait for `release` first."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.messages: list[str] = []
        self.started = asyncio.Event()
        self.release = asyncio.Event()
        self.holding = False
        self.reads = True

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.started.set()
        if self.holding:
            await self.release.wait()
        body = b""
        while self.reads:
            message = await receive()
            self.messages.append(message["type"])
            if message["type"] == "http.disconnect":
                return
            body += message["body"]
            if not message["more_body"]:
                break
        self.bodies.append(body)
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class Connection:
    """A raw connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def response(self) -> tuple[int, dict[str, str], bytes]:
        """The next response."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        status, *lines = head.decode().strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        return int(status.split()[1]), headers, await self._reader.readexactly(int(headers["content-length"]))

    async def rest(self) -> bytes:
        """What comes until the server closes the connection."""
        received = b""
        while True:
            try:
                data = await self._reader.read(65_536)
            except ConnectionResetError:
                return received
            if not data:
                return received
            received += data


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Connection]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Connection(reader, writer)
    finally:
        writer.transport.abort()


@asynccontextmanager
async def knocking(app: Any, **limits: Any) -> AsyncIterator[Connection]:
    async with served(app, ProtocolLimits(**limits)) as port, connected(port) as connection:
        yield connection


async def refused(connection: Connection) -> int:
    """The status of a refusal in GraphQL's shape, after which the connection is closed."""
    status, headers, body = await connection.response()
    assert headers["connection"] == "close"
    (error,) = orjson.loads(body)["errors"]
    assert error["extensions"] == {"code": "BAD_REQUEST"}
    assert await connection.rest() == b""
    return status


async def test_ordinary_requests_pass() -> None:
    """Several requests on one connection, with and without bodies, declared and chunked, in one piece and in many."""
    app = App()
    async with knocking(app) as connection:
        for request, expected in (
            (GET, b""),
            (POST + b"Content-Length: 3\r\n\r\nabc", b"abc"),
            (POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", b"abcd"),
        ):
            await connection.send(request)
            assert (await connection.response())[2] == expected
            for byte in request:
                await connection.send(bytes([byte]))
            assert (await connection.response())[2] == expected
    assert len(app.bodies) == 6


async def test_the_server_is_not_named() -> None:
    """No answer tells which software made it."""
    async with knocking(App()) as connection:
        await connection.send(GET)
        assert "server" not in (await connection.response())[1]


async def test_a_long_address_is_refused() -> None:
    """414 as soon as the bound is passed, whether the address comes in one piece or in many."""
    async with knocking(App(), url=100) as connection:
        await connection.send(b"GET /" + b"x" * 100)
        assert await refused(connection) == 414
    async with knocking(App(), url=100) as connection:
        await connection.send(b"GET /" + b"x" * 99 + b" HTTP/1.1\r\nHost: here\r\n\r\n")
        assert (await connection.response())[0] == 200


async def test_many_headers_are_refused() -> None:
    """50,000 headers are refused at the first one too many."""
    app = App()
    async with knocking(app) as connection:
        await connection.send(b"GET / HTTP/1.1\r\nHost: here\r\n" + b"x: y\r\n" * 50_000 + b"\r\n")
        assert (await connection.response())[0] == 431
    assert not app.started.is_set()


async def test_large_headers_are_refused() -> None:
    """Names and values count together; the bound itself is allowed."""
    for size, status in ((87, 200), (88, 431)):
        async with knocking(App(), header_bytes=100) as connection:
            await connection.send(b"GET / HTTP/1.1\r\nHost: here\r\nlarge: " + b"y" * size + b"\r\n\r\n")
            assert (await connection.response())[0] == status


async def test_one_endless_header_is_refused() -> None:
    """A header that never ends is cut off although the parser has not seen it whole."""
    async with knocking(App(), header_bytes=1_000, url=1_000) as connection:
        await connection.send(b"GET / HTTP/1.1\r\nHost: here\r\nx: ")
        for _ in range(1_000):
            try:
                await connection.send(b"y" * 5_000)
            except ConnectionError:
                break
        received = await connection.rest()
        assert received == b"" or received.startswith(b"HTTP/1.1 431 ")


async def test_headers_behind_a_large_body_are_not_large() -> None:
    """What the body before them weighed does not count for the headers of the next request."""
    body = b"x" * 100_000
    async with knocking(App(), header_bytes=200, url=200) as connection:
        await connection.send(POST + b"Content-Length: 100000\r\n\r\n" + body + GET[:10])
        assert (await connection.response())[2] == body
        await connection.send(GET[10:])
        assert (await connection.response())[0] == 200


async def test_slow_headers_time_out() -> None:
    """408 when the headers are not complete in time, however steadily they trickle in."""
    app = App()
    async with knocking(app, header_timeout=SOON) as connection:
        await connection.send(b"GET / HTTP/1.1\r\n")
        assert await refused(connection) == 408
    async with knocking(app, header_timeout=SOON) as connection:
        await connection.send(b"GET / HTTP/1.1\r\nx: ")
        answer = asyncio.create_task(connection.rest())
        while not answer.done():
            await connection.send(b"y")
            await asyncio.wait({answer}, timeout=SOON / 10)
        assert answer.result().startswith(b"HTTP/1.1 408 ")
    assert not app.started.is_set()


async def test_a_silent_connection_is_closed_silently() -> None:
    """Who opens a connection and says nothing is not told anything either."""
    async with knocking(App(), header_timeout=SOON) as connection:
        assert await connection.rest() == b""


async def test_a_slow_body_times_out() -> None:
    """408 when the body is not complete in time; the application learns that the client is gone."""
    app = App()
    async with knocking(app, body_timeout=SOON) as connection:
        await connection.send(POST + b"Content-Length: 10\r\n\r\nabc")
        assert await refused(connection) == 408
        await asyncio.wait_for(app.started.wait(), 5)
    assert app.messages == ["http.request", "http.disconnect"]
    assert app.bodies == []


async def test_a_body_that_follows_its_answer_cannot_hold_the_connection() -> None:
    """Where the application answered without reading, the rest of the body has the same time as any body."""
    app = App()
    app.reads = False
    async with knocking(app, body_timeout=SOON) as connection:
        await connection.send(POST + b"Content-Length: 10\r\n\r\nabc")
        assert (await connection.response())[0] == 200
        await connection.rest()
    async with knocking(app, body_timeout=5, idle_timeout=SOON) as connection:
        await connection.send(POST + b"Content-Length: 10\r\n\r\nabc")
        assert (await connection.response())[0] == 200
        await connection.send(b"defghij")
        assert await connection.rest() == b""


async def test_an_idle_connection_is_closed() -> None:
    """Between requests a connection waits for so long and no longer; a stray line end does not extend it for ever."""
    async with knocking(App(), idle_timeout=SOON) as connection:
        await connection.send(GET)
        assert (await connection.response())[0] == 200
        assert await connection.rest() == b""
    async with knocking(App(), idle_timeout=SOON) as connection:
        await connection.send(GET)
        await connection.response()
        await connection.send(b"\r\n")
        assert await connection.rest() == b""


async def test_a_slow_answer_is_waited_for() -> None:
    """The bounds are on the client: an application that takes its time is not cut off."""
    app = App()
    app.holding = True
    async with knocking(app, header_timeout=SOON, body_timeout=SOON, idle_timeout=SOON) as connection:
        await connection.send(GET)
        await app.started.wait()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(connection.response(), 3 * SOON)
        assert app.bodies == []
        app.release.set()
        assert b"200" in await connection.rest()


async def test_a_body_that_the_application_does_not_read_is_not_late() -> None:
    """While the server itself does not read, the client is not too slow, and gets the whole time again afterwards."""
    app = App()
    app.holding = True
    body = b"x" * 1_000_000
    async with knocking(app, body_timeout=0.3) as connection:
        sending = asyncio.create_task(connection.send(POST + b"Content-Length: 1000000\r\n\r\n" + body))
        await app.started.wait()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(connection.response(), 0.5)
        app.release.set()
        await sending
        assert (await connection.response())[2] == body


async def test_a_client_that_does_not_read_is_cut_off() -> None:
    """An answer that cannot be delivered does not hold its connection open for ever."""
    done = asyncio.Event()

    async def flood(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        try:
            for _ in range(500):
                await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            done.set()

    async with knocking(flood, write_timeout=SOON) as connection:
        await connection.send(GET)
        await asyncio.wait_for(done.wait(), 5)


MALFORMED = {
    "length and chunks": (POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 400),
    "chunks and length": (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 400),
    "two lengths": (POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
    "a negative length": (POST + b"Content-Length: -3\r\n\r\nabc", 400),
    "another coding": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "chunked twice": (POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "a chunk that is no number": (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "a folded header": (b"GET / HTTP/1.1\r\nHost: a\r\nx: y\r\n z\r\n\r\n", 400),
    "a blank before the colon": (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01", 400),
}


@pytest.mark.parametrize(("request_", "status"), MALFORMED.values(), ids=MALFORMED.keys())
async def test_ambiguous_requests_are_refused(request_: bytes, status: int) -> None:
    """What two servers could read in two ways is read by none, and nothing after it either."""
    app = App()
    async with knocking(app) as connection:
        await connection.send(request_ + GET)
        assert (await connection.response())[0] == status
        assert await connection.rest() == b""
    assert app.bodies == []


async def test_an_old_client_needs_no_host() -> None:
    """HTTP/1.0 had none."""
    async with knocking(App()) as connection:
        await connection.send(b"GET / HTTP/1.0\r\n\r\n")
        assert b" 200 " in await connection.rest()


async def test_a_refusal_never_gets_into_another_answer() -> None:
    """A bad request behind a good one that is still being answered closes the connection without a word."""
    app = App()
    app.holding = True
    async with knocking(app) as connection:
        await connection.send(GET + b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        assert await connection.rest() == b""


async def test_trailers_are_bounded_too() -> None:
    """What looks like headers after a chunked body counts as headers."""
    app = App()
    async with knocking(app) as connection:
        await connection.send(POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"x: y\r\n" * 200 + b"\r\n")
        assert (await connection.response())[0] == 431


async def test_a_body_is_waited_for_as_long_as_the_door_waits() -> None:
    """Where the endpoint waits for less time than the protocol, as after a reload, its own time counts."""
    async with knocking(Door(body_timeout=SOON).endpoint, body_timeout=30) as connection:
        await connection.send(POST + b"Content-Length: 9\r\n\r\nabc")
        status, _, answer = await connection.response()
        assert (status, orjson.loads(answer)["errors"][0]["extensions"]["code"]) == (408, "BAD_REQUEST")


async def test_the_door_answers_behind_it() -> None:
    """The endpoint and the protocol make one server."""
    body = b'{"query": "{ greeting }"}'
    async with knocking(Door().endpoint) as connection:
        await connection.send(POST + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        status, _, answer = await connection.response()
        assert (status, orjson.loads(answer)) == (200, {"data": {"greeting": "Hello world"}})
