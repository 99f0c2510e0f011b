"""The HTTP client: what goes over the wire, and what comes of everything a backend may do in return."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from resolvers.backends.http import NEVER_SENT, Answer, HttpClient, HttpSettings, header_lines
from resolvers.backends.units import byte_count, seconds
from resolvers.errors import BackendContract, BackendTimeout, BackendUnavailable
from tests.resolvers.backends.http.certificates import Authority
from tests.resolvers.backends.http.wire import Wire, answer, close, hang, reset, then


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    client = HttpClient("crm", HttpSettings(max_answer="100kB"))
    yield client
    await client.close()


async def ask(client: HttpClient, wire: Wire, *, timeout: float = 5.0, again: bool = True) -> Answer:
    origin = client.origin(wire.url)
    return await client.exchange(
        origin, origin.request("GET", "/x"), timeout=timeout, operation="customers.by_ids", again=again
    )


async def test_a_request_goes_out_exactly_as_composed(client: HttpClient) -> None:
    """What is declared is what is on the wire, byte for byte, and nothing is added to it."""
    async with Wire(respond=answer("{}")) as wire:
        origin = client.origin(wire.url + "/base")
        await client.exchange(origin, origin.request("GET", "/a?b=1", [("Accept", "x/y")]), timeout=5)
        await client.exchange(origin, origin.request("POST", "/s", [("SOAPAction", '""')], b"<a/>"), timeout=5)
        await client.exchange(origin, origin.request("POST", "/s"), timeout=5)
    host = f"Host: 127.0.0.1:{wire.port}\r\n".encode()
    assert [seen.raw for seen in wire.seen] == [
        b"GET /a?b=1 HTTP/1.1\r\n" + host + b"Accept: x/y\r\n\r\n",
        b"POST /s HTTP/1.1\r\n" + host + b'SOAPAction: ""\r\nContent-Length: 4\r\n\r\n<a/>',
        b"POST /s HTTP/1.1\r\n" + host + b"Content-Length: 0\r\n\r\n",
    ]


@pytest.mark.parametrize("target", ["", "x", "/a b", "/a\r\nHost: evil", "/ä", "/a\x00", "//\x7f"])
async def test_a_target_that_could_break_the_request_line_is_refused(client: HttpClient, target: str) -> None:
    """No text that is not a percent-encoded path becomes part of a request."""
    with pytest.raises(ValueError, match="request target"):
        client.origin("http://127.0.0.1:1").request("GET", target)


@pytest.mark.parametrize(
    ("name", "value"),
    [("X-A", "1\r\nX-B: 2"), ("X-A", "1\n"), ("X-A\r\nX-B", "1"), ("X A", "1"), ("", "1"), ("X", "\0")],
)
def test_a_header_that_could_break_out_of_its_line_is_refused(name: str, value: str) -> None:
    """CR, LF and other control characters never get into a header, and the refusal does not repeat the value."""
    with pytest.raises(ValueError, match="header") as caught:
        header_lines([(name, value)])
    assert "2" not in str(caught.value)


async def test_connections_are_kept_and_used_again(client: HttpClient) -> None:
    """Calls one after the other share one connection, calls at the same time do not."""
    async with Wire(respond=answer("{}")) as wire:
        for _ in range(3):
            await ask(client, wire)
        assert wire.connections == 1
        await asyncio.gather(ask(client, wire), ask(client, wire), ask(client, wire))
        assert wire.connections == 3


async def test_the_latest_connection_is_used_first(client: HttpClient) -> None:
    """The connection that was used last is used next, so that the others can grow old and be closed."""
    async with Wire(respond=answer("{}")) as wire:
        await asyncio.gather(ask(client, wire), ask(client, wire))
        latest = {seen.connection for seen in wire.seen}
        for _ in range(4):
            await ask(client, wire)
        assert len({seen.connection for seen in wire.seen[2:]}) == 1
        assert {seen.connection for seen in wire.seen[2:]} <= latest


async def test_idle_connections_are_closed_after_keepalive() -> None:
    """A connection that nobody uses is closed by the gateway itself."""
    client = HttpClient("crm", HttpSettings(keepalive="10ms"))
    async with Wire(respond=answer("{}")) as wire:
        await ask(client, wire)
        await asyncio.wait_for(wire.all_closed.wait(), 5)
        await ask(client, wire)
        assert wire.connections == 2
        await client.close()


async def test_without_keepalive_every_call_has_its_own_connection() -> None:
    """`keepalive = "0s"` keeps no connection."""
    client = HttpClient("crm", HttpSettings(keepalive="0s"))
    async with Wire(respond=answer("{}")) as wire:
        await ask(client, wire)
        await ask(client, wire)
        assert wire.connections == 2
        await asyncio.wait_for(wire.all_closed.wait(), 5)
    await client.close()


async def test_a_connection_that_the_backend_wants_closed_is_not_kept(client: HttpClient) -> None:
    """`Connection: close` is obeyed."""
    async with Wire(respond=answer("{}", Connection="close")) as wire:
        await ask(client, wire)
        await ask(client, wire)
        assert wire.connections == 2


async def test_a_stale_connection_is_replaced_once(client: HttpClient) -> None:
    """A kept connection that the backend has just closed costs the caller nothing: the call goes out again, once."""
    async with Wire(answer("1"), close, answer("2"), close, close) as wire:
        assert (await ask(client, wire)).body == b"1"
        assert (await ask(client, wire)).body == b"2"
        assert len(wire.seen) == 3
        with pytest.raises(BackendUnavailable) as caught:
            await ask(client, wire)
        assert caught.value.cause == "disconnected"
        assert len(wire.seen) == 5


async def test_a_fresh_connection_without_an_answer_is_not_tried_again(client: HttpClient) -> None:
    """Retrying is for resilience to decide: only a stale connection is replaced silently."""
    async with Wire(close) as wire:
        with pytest.raises(BackendUnavailable) as caught:
            await ask(client, wire)
        assert caught.value.cause == "disconnected"
        assert caught.value.cause not in NEVER_SENT
        assert len(wire.seen) == 1


async def test_a_request_that_must_not_go_out_twice_does_not(client: HttpClient) -> None:
    """With `again=False` even a stale connection ends in an error."""
    async with Wire(answer("1"), close) as wire:
        await ask(client, wire)
        with pytest.raises(BackendUnavailable):
            await ask(client, wire, again=False)
        assert len(wire.seen) == 2


async def test_an_answer_that_has_begun_is_not_asked_for_again(client: HttpClient) -> None:
    """Once a byte of the answer came, a broken connection is an error, on a kept connection too."""
    async with Wire(answer("1"), then(b"HTTP/1.1 200 OK\r\nContent-Ty", close)) as wire:
        await ask(client, wire)
        with pytest.raises(BackendUnavailable) as caught:
            await ask(client, wire)
        assert caught.value.cause == "disconnected"
        assert len(wire.seen) == 2


async def test_an_answer_that_nobody_asked_for_reaches_nobody(client: HttpClient) -> None:
    """A second answer to the same request is not taken for the answer to the next one."""

    async def twice(seen: object, peer: object) -> None:
        peer.writer.write(answer("first"))  # type: ignore[attr-defined]
        peer.writer.write(answer("stray"))  # type: ignore[attr-defined]

    async with Wire(twice, answer("second")) as wire:
        assert (await ask(client, wire)).body == b"first"
        assert (await ask(client, wire)).body == b"second"
        assert wire.connections == 2


async def test_interim_answers_are_passed_over(client: HttpClient) -> None:
    """1xx answers are not the answer (RFC 9110 §15.2)."""
    async with Wire(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + answer("2")) as wire:
        assert (await ask(client, wire)).body == b"2"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", b"abcde"),
        (b"Content-Length: 5\r\n\r\nabcde", b"abcde"),
    ],
)
async def test_both_framings_are_read(client: HttpClient, body: bytes, expected: bytes) -> None:
    """Bodies with a length and chunked ones are read whole, and the connection is kept after both."""
    async with Wire(respond=b"HTTP/1.1 200 OK\r\n" + body) as wire:
        assert (await ask(client, wire)).body == expected
        assert (await ask(client, wire)).body == expected
        assert wire.connections == 1


async def test_a_body_until_the_end_of_the_connection_is_read(client: HttpClient) -> None:
    """An answer without any framing ends with its connection, as with HTTP/1.0 servers."""
    async with Wire(then(b"HTTP/1.0 200 OK\r\n\r\nabc", close)) as wire:
        assert (await ask(client, wire)).body == b"abc"


@pytest.mark.parametrize("status", [204, 304])
async def test_answers_without_a_body_end_at_their_headers(client: HttpClient, status: int) -> None:
    """204 and 304 have no body and leave the connection usable."""
    async with Wire(respond=answer(status=status)) as wire:
        assert (await ask(client, wire)).status == status
        assert (await ask(client, wire)).body == b""
        assert wire.connections == 1


# What a backend may do instead of answering


async def test_a_refused_connection_is_told_as_never_sent(client: HttpClient) -> None:
    """Nobody listening is BACKEND_UNAVAILABLE, and the call certainly did not arrive."""
    async with Wire() as wire:
        pass
    with pytest.raises(BackendUnavailable) as caught:
        await ask(client, wire)
    assert caught.value.cause == "refused"
    assert caught.value.cause in NEVER_SENT
    assert caught.value.retryable
    assert caught.value.operation == "customers.by_ids"


async def test_a_name_that_does_not_resolve_is_told_as_never_sent(client: HttpClient) -> None:
    """An unknown host is BACKEND_UNAVAILABLE, and its name is not in the message."""
    origin = client.origin("http://secret-host.invalid")
    with pytest.raises(BackendUnavailable) as caught:
        await client.exchange(origin, origin.request("GET", "/"), timeout=20)
    assert caught.value.cause == "name not found"
    assert "secret-host" not in caught.value.message


async def test_a_reset_connection_is_unavailable(client: HttpClient) -> None:
    """A connection that breaks before the answer is BACKEND_UNAVAILABLE with an unknown outcome."""
    async with Wire(reset) as wire:
        with pytest.raises(BackendUnavailable) as caught:
            await ask(client, wire)
    assert caught.value.cause in {"reset", "disconnected"}


@pytest.mark.parametrize("action", [close, reset])
async def test_an_answer_that_breaks_off_is_never_taken_for_whole(client: HttpClient, action: object) -> None:
    """A body shorter than announced is an error, however it ends."""
    async with Wire(then(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[1,2", action)) as wire:  # type: ignore[arg-type]
        with pytest.raises(BackendUnavailable) as caught:
            await ask(client, wire)
    assert caught.value.cause in {"truncated", "reset"}


async def test_a_chunked_answer_that_breaks_off_is_never_taken_for_whole(client: HttpClient) -> None:
    """A chunked body without its last chunk is an error."""
    async with Wire(then(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n", close)) as wire:
        with pytest.raises(BackendUnavailable) as caught:
            await ask(client, wire)
    assert caught.value.cause == "truncated"


async def test_a_backend_that_never_answers_times_out_and_its_connection_is_closed(client: HttpClient) -> None:
    """The attempt ends at its timeout, and no socket stays behind."""
    async with Wire(hang) as wire:
        with pytest.raises(BackendTimeout) as caught:
            await ask(client, wire, timeout=0.05)
        assert caught.value.cause == "timeout"
        assert "0.05 s" in caught.value.message
        await asyncio.wait_for(wire.all_closed.wait(), 5)


async def test_a_trickling_answer_times_out_as_a_whole(client: HttpClient) -> None:
    """A byte now and then does not keep an attempt alive past its timeout."""

    async def trickle(seen: object, peer: object) -> None:
        writer = peer.writer  # type: ignore[attr-defined]
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0)

    async with Wire(trickle) as wire:
        with pytest.raises((BackendTimeout, BackendContract)):
            await ask(client, wire, timeout=0.05)


async def test_a_connection_that_is_not_accepted_is_told_as_never_sent() -> None:
    """A host that takes no connection in time is a BACKEND_TIMEOUT whose call certainly did not arrive."""
    client = HttpClient("crm", HttpSettings(connect_timeout="50ms"))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        origin = client.origin(f"http://127.0.0.1:{port}")
        with pytest.raises(BackendTimeout) as caught:
            await client.exchange(origin, origin.request("GET", "/"), timeout=5)
        assert caught.value.cause == "connect timeout"
        assert caught.value.cause in NEVER_SENT
        for each in waiting:
            each.close()
    await client.close()


async def test_a_cancelled_call_closes_its_connection(client: HttpClient) -> None:
    """A caller that goes away leaves no connection with half an answer behind."""
    async with Wire(hang) as wire:
        call = asyncio.ensure_future(ask(client, wire))
        await asyncio.wait_for(wire.arrived.wait(), 5)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await asyncio.wait_for(wire.all_closed.wait(), 5)


@pytest.mark.parametrize(
    "garbage",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * 20_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ],
    ids=["another protocol", "no status", "long header", "many headers", "two lengths", "upgrade"],
)
async def test_what_is_not_http_breaks_the_contract(client: HttpClient, garbage: bytes) -> None:
    """Bytes that are not an HTTP answer, and headers beyond all measure, are BACKEND_CONTRACT."""
    async with Wire(then(garbage, hang)) as wire:
        with pytest.raises(BackendContract) as caught:
            await ask(client, wire)
    assert caught.value.cause == "not http"
    assert not caught.value.retryable


# Size and compression


async def test_an_announced_size_beyond_the_cap_is_refused_unread(client: HttpClient) -> None:
    """A Content-Length beyond `max_answer` ends the attempt before the body is read."""
    async with Wire(then(b"HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\n", hang)) as wire:
        with pytest.raises(BackendContract) as caught:
            await ask(client, wire)
        assert caught.value.cause == "too large"
        await asyncio.wait_for(wire.all_closed.wait(), 5)


async def test_an_unannounced_size_beyond_the_cap_is_refused_while_reading(client: HttpClient) -> None:
    """An endless chunked answer ends at `max_answer`, not at the end of memory."""

    async def endless(seen: object, peer: object) -> None:
        writer = peer.writer  # type: ignore[attr-defined]
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
            await writer.drain()

    async with Wire(endless) as wire:
        with pytest.raises(BackendContract) as caught:
            await ask(client, wire)
        assert caught.value.cause == "too large"
        await asyncio.wait_for(wire.all_closed.wait(), 5)


async def test_an_answer_of_exactly_the_cap_is_read(client: HttpClient) -> None:
    """`max_answer` is the largest answer that is read."""
    async with Wire(
        answer(b"x" * 100_000), answer(gzip.compress(b"x" * 100_000, mtime=0), Content_Encoding="gzip")
    ) as wire:
        assert len((await ask(client, wire)).body) == 100_000
        assert len((await ask(client, wire)).body) == 100_000


def _raw_deflate(data: bytes) -> bytes:
    squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return squeeze.compress(data) + squeeze.flush()


BODY = b'{"name": "' + b"Acme " * 10_000 + b'"}'


@pytest.mark.parametrize(
    ("encoding", "sent"),
    [
        ("gzip", gzip.compress(BODY, mtime=0)),
        ("x-gzip", gzip.compress(BODY, mtime=0)),
        ("GZIP", gzip.compress(BODY, mtime=0)),
        ("gzip", gzip.compress(BODY[:100], mtime=0) + gzip.compress(BODY[100:], mtime=0)),
        ("gzip", gzip.compress(BODY, mtime=0) + b"\0" * 16),
        ("deflate", zlib.compress(BODY)),
        ("deflate", _raw_deflate(BODY)),
        ("identity", BODY),
        ("deflate, gzip", gzip.compress(zlib.compress(BODY), mtime=0)),
    ],
)
async def test_compressed_answers_are_decompressed(client: HttpClient, encoding: str, sent: bytes) -> None:
    """gzip, also of several members, and both kinds of deflate that servers send arrive as the plain body."""
    async with Wire(answer(sent, Content_Encoding=encoding)) as wire:
        assert (await ask(client, wire)).body == BODY


async def test_an_empty_body_needs_no_compression(client: HttpClient) -> None:
    """Servers say gzip over nothing at all, too."""
    async with Wire(answer(b"", Content_Encoding="gzip")) as wire:
        assert (await ask(client, wire)).body == b""


@pytest.mark.parametrize(
    ("encoding", "sent"),
    [
        ("gzip", gzip.compress(BODY, mtime=0)[:-20]),
        ("gzip", gzip.compress(BODY, mtime=0)[:30]),
        ("gzip", b"plain text, not compressed"),
        ("gzip", gzip.compress(b"x", mtime=0) * 2000),
        ("deflate", zlib.compress(BODY)[:30]),
        ("br", b"\x8b\x00\x80x\x03"),
    ],
    ids=["cut at the end", "cut early", "not compressed", "too many members", "deflate cut", "not asked for"],
)
async def test_compression_that_is_not_what_it_says_breaks_the_contract(
    client: HttpClient, encoding: str, sent: bytes
) -> None:
    """A compressed body that ends early or is none is never taken for a whole one."""
    async with Wire(answer(sent, Content_Encoding=encoding)) as wire:
        with pytest.raises(BackendContract) as caught:
            await ask(client, wire)
    assert caught.value.cause == "content encoding"


async def test_what_is_offered_is_what_can_be_read() -> None:
    """Accept-Encoding names only encodings that are understood, and none where compression is switched off."""
    assert HttpClient("crm", HttpSettings()).accept_encoding == "gzip, deflate"
    assert HttpClient("crm", HttpSettings(compression=False)).accept_encoding == "identity"


@pytest.mark.parametrize("honest", [True, False], ids=["honest", "lying about its size"])
async def test_a_gzip_bomb_costs_little_memory(honest: bool) -> None:
    """300 MB behind 300 kB stop at `max_answer`; one that admits its size is not decompressed at all."""
    squeeze = zlib.compressobj(9, wbits=31)
    piece = b"\0" * 1_000_000
    bomb = b"".join([squeeze.compress(piece) for _ in range(300)]) + squeeze.flush()
    if not honest:
        bomb = bomb[:-4] + b"\0\0\0\0"
    client = HttpClient("crm", HttpSettings(max_answer="2MB"))
    async with Wire(answer(bomb, Content_Encoding="gzip")) as wire:
        tracemalloc.start()
        with pytest.raises(BackendContract) as caught:
            await ask(client, wire)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert caught.value.cause == "too large"
    assert peak < (2_000_000 if honest else 6_000_000)
    await client.close()


# TLS and addresses


async def test_an_authority_of_ones_own_is_trusted_when_configured(tmp_path: Path) -> None:
    """`ca` makes certificates of an internal authority verify; without it they do not, and nothing is sent."""
    authority = Authority(tmp_path)
    trusting = HttpClient("crm", HttpSettings(), ssl.create_default_context(cafile=authority.ca))
    doubting = HttpClient("crm", HttpSettings())
    async with Wire(answer("{}"), tls=authority.server()) as wire:
        assert (await ask(trusting, wire)).status == 200
        with pytest.raises(BackendUnavailable) as caught:
            await ask(doubting, wire)
        assert caught.value.cause == "certificate"
        assert caught.value.cause in NEVER_SENT
        assert not caught.value.retryable
        assert len(wire.seen) == 1
    await trusting.close()
    await doubting.close()


async def test_tls_towards_a_plain_server_is_unavailable(client: HttpClient) -> None:
    """https to a port that speaks http is told as a failure of TLS, with nothing sent."""
    greeted: list[bytes] = []

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        greeted.append(await reader.read(1000))
        writer.write(answer("no TLS here", 400))
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    origin = client.origin(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    with pytest.raises(BackendUnavailable) as caught:
        await client.exchange(origin, origin.request("GET", "/"), timeout=5)
    server.close()
    await server.wait_closed()
    assert caught.value.cause == "tls"
    assert b"GET" not in greeted[0]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_public_only_connects_to_no_private_address(host: str) -> None:
    """With `public_only` neither an address nor a name leads to this machine: not a single connection is made."""
    client = HttpClient("crm", HttpSettings(public_only=True))
    async with Wire(respond=answer("{}")) as wire:
        origin = client.origin(f"http://{host}:{wire.port}")
        with pytest.raises(BackendUnavailable) as caught:
            await client.exchange(origin, origin.request("GET", "/"), timeout=5)
        assert caught.value.cause == "address refused"
        assert not caught.value.retryable
        assert wire.connections == 0
    await client.close()


@pytest.mark.parametrize("url", ["ftp://h/", "file:///etc/passwd", "crm/api", "http://", "http://user:pw@h/"])
async def test_only_plain_http_urls_have_an_origin(client: HttpClient, url: str) -> None:
    """Other schemes, missing hosts and credentials in the URL are refused, without repeating them."""
    with pytest.raises(ValueError, match="the URL must") as caught:
        client.origin(url)
    assert "pw" not in str(caught.value)


async def test_closing_leaves_no_connection(client: HttpClient) -> None:
    """After `close` the backend sees every connection end."""
    async with Wire(respond=answer("{}")) as wire:
        await asyncio.gather(*(ask(client, wire) for _ in range(5)))
        await client.close()
        await asyncio.wait_for(wire.all_closed.wait(), 5)


def test_an_answer_shows_nothing_of_its_content() -> None:
    """A repr that ends up in a log holds no personal data."""
    shown = repr(Answer(200, {"Set-Cookie": "sid=1"}, b"Jane Doe"))  # type: ignore[arg-type]
    assert shown == "Answer(status=200, 8 bytes)"


def test_the_defaults_are_what_the_documentation_says() -> None:
    """32 MB, 2 s to connect, 4 s of keep-alive."""
    settings = HttpSettings()
    assert settings.max_answer == byte_count("32MB")
    assert settings.connect_timeout == seconds("2s")
    assert settings.keepalive == seconds("4s")
