"""How each switch is carried out: the right answer goes in, and something that no client likes comes out."""

from __future__ import annotations

import asyncio
import socket
import struct
import zlib
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING

from aiohttp import web

from gateway.demo import hostile_xml
from gateway.demo.exchange import Answer
from gateway.demo.switches import Switch, Trouble

if TYPE_CHECKING:
    from gateway.demo.server import DemoServer

METADATA_ADDRESS = "http://169.254.169.254/latest/meta-data/iam/security-credentials/"
"""Where clouds serve machines their credentials: what a redirect must never reach."""

_LOGIN_PAGE = b"""<!DOCTYPE html>
<html lang="en"><head><title>Sign in</title></head><body><h1>Your session has expired</h1>
<form method="post" action="/login"><input name="user"><input name="password" type="password"></form></body></html>
"""
_MEGABYTE_OF_BLANKS = b" " * 1_048_576


async def misbehave(
    trouble: Trouble, server: DemoServer, request: web.BaseRequest, answer: Answer
) -> web.StreamResponse:
    """Sends what this trouble makes of the answer."""
    spoil = _SPOILT_ANSWERS.get(trouble.name)
    if spoil is not None:
        return spoil(trouble, server, answer).response()
    try:
        return await _SPOILT_EXCHANGES[trouble.name](trouble, server, request, answer)
    except ConnectionError:  # the client has had enough
        return _cut(request)


def _error(trouble: Trouble, server: DemoServer, answer: Answer) -> Answer:
    status = int(trouble.name)
    headers: dict[str, str] = {}
    retry_after = trouble.retry_after
    if retry_after is None and trouble.name is Switch.TOO_MANY:
        retry_after = 1
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    if trouble.name is Switch.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="demo"' if server.protocol == "rest" else 'Basic realm="demo"'
    if server.protocol == "rest":
        body = f'{{"error":{{"code":"{status}","message":"switched on: {status}"}}}}'.encode()
        return answer.replaced(status=status, headers=headers, body=body)
    body = f"<html><body><h1>{status}</h1>switched on</body></html>".encode()
    return answer.replaced(status=status, headers=headers, content_type="text/html; charset=utf-8", body=body)


def _half(trouble: Trouble, server: DemoServer, answer: Answer) -> Answer:
    return answer.replaced(body=answer.body[: len(answer.body) // 2])


def _login_page(trouble: Trouble, server: DemoServer, answer: Answer) -> Answer:
    return answer.replaced(status=200, content_type="text/html; charset=utf-8", body=_LOGIN_PAGE)


def _empty(trouble: Trouble, server: DemoServer, answer: Answer) -> Answer:
    return answer.replaced(status=200, body=b"")


def _wrong_type(trouble: Trouble, server: DemoServer, answer: Answer) -> Answer:
    return server.spoilt(answer)


def _redirect(trouble: Trouble, server: DemoServer, answer: Answer) -> Answer:
    # 307 and not 302: the method, the body and a careless client's credentials go along (RFC 9110 §15.4.8).
    return answer.replaced(status=307, headers={"Location": trouble.location or METADATA_ADDRESS}, body=b"")


def _error_with_200(trouble: Trouble, server: DemoServer, answer: Answer) -> Answer:
    return answer.replaced(status=200, body=b'{"error":{"code":"maintenance","message":"nightly jobs are running"}}')


def _fault(status: int) -> Callable[[Trouble, DemoServer, Answer], Answer]:
    def spoil(trouble: Trouble, server: DemoServer, answer: Answer) -> Answer:
        return answer.replaced(status=status, body=hostile_xml.fault(answer.content_type, sender=trouble.sender))

    return spoil


def _external_entity(trouble: Trouble, server: DemoServer, answer: Answer) -> Answer:
    return answer.replaced(body=hostile_xml.external_entity(answer.body, _location(trouble, server)))


def _billion_laughs(trouble: Trouble, server: DemoServer, answer: Answer) -> Answer:
    return answer.replaced(body=hostile_xml.billion_laughs(answer.body))


def _external_dtd(trouble: Trouble, server: DemoServer, answer: Answer) -> Answer:
    return answer.replaced(body=hostile_xml.external_dtd(answer.body, _location(trouble, server)))


def _location(trouble: Trouble, server: DemoServer) -> str:
    return trouble.location or f"{server.url}/__external"


_SPOILT_ANSWERS: dict[Switch, Callable[[Trouble, DemoServer, Answer], Answer]] = {
    Switch.ERROR_500: _error,
    Switch.ERROR_503: _error,
    Switch.TOO_MANY: _error,
    Switch.UNAUTHORIZED: _error,
    Switch.MALFORMED: _half,
    Switch.HTML: _login_page,
    Switch.EMPTY: _empty,
    Switch.WRONG_TYPE: _wrong_type,
    Switch.REDIRECT: _redirect,
    Switch.ERROR_WITH_200: _error_with_200,
    Switch.SOAP_FAULT: _fault(500),
    Switch.SOAP_FAULT_WITH_200: _fault(200),
    Switch.XXE: _external_entity,
    Switch.BILLION_LAUGHS: _billion_laughs,
    Switch.DTD: _external_dtd,
}


async def _slow(trouble: Trouble, server: DemoServer, request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    await server.hold(trouble.seconds)
    return answer.response()


async def _frozen(trouble: Trouble, server: DemoServer, request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    await server.hold(trouble.seconds)
    return _cut(request)


async def _refused(
    trouble: Trouble, server: DemoServer, request: web.BaseRequest, answer: Answer
) -> web.StreamResponse:
    # Only calls that were on their way when the listener closed come here.
    return _cut(request)


async def _reset(trouble: Trouble, server: DemoServer, request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    await _send_half(request, answer)
    await asyncio.sleep(0)  # uvloop sends at the end of its turn, and a reset discards what was not sent
    if request.transport is not None:
        # Lingering for no time makes close() send RST instead of FIN (socket(7), SO_LINGER).
        request.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
    return _cut(request)


async def _truncated(
    trouble: Trouble, server: DemoServer, request: web.BaseRequest, answer: Answer
) -> web.StreamResponse:
    response = await _send_half(request, answer)
    if request.transport is not None:
        request.transport.close()
    return response


async def _trickle(
    trouble: Trouble, server: DemoServer, request: web.BaseRequest, answer: Answer
) -> web.StreamResponse:
    released = server.released
    response = await _open(request, answer, {})
    while not released.is_set():
        await response.write(b" ")
        await server.hold(trouble.interval)
    return _cut(request)


async def _huge(trouble: Trouble, server: DemoServer, request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    response = await _open(request, answer, {})
    await response.write(answer.body)
    for _ in range(trouble.megabytes):
        await response.write(_MEGABYTE_OF_BLANKS)
    await response.write_eof()
    return response


async def _gzip_bomb(
    trouble: Trouble, server: DemoServer, request: web.BaseRequest, answer: Answer
) -> web.StreamResponse:
    response = await _open(request, answer, {"Content-Encoding": "gzip"})
    for piece in _bomb(answer.body, trouble.megabytes):
        await response.write(piece)
    await response.write_eof()
    return response


def _bomb(body: bytes, megabytes: int) -> Iterator[bytes]:
    """A valid gzip stream (RFC 1952) of the body and so many megabytes of blanks, made piece by piece at little cost.

    After a full flush the compressor starts anew, so every megabyte of blanks compresses to the same bytes.
    """
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    yield b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + deflate.compress(body) + deflate.flush(zlib.Z_FULL_FLUSH)
    piece = deflate.compress(_MEGABYTE_OF_BLANKS) + deflate.flush(zlib.Z_FULL_FLUSH)
    checksum = zlib.crc32(body)
    for _ in range(megabytes):
        checksum = zlib.crc32(_MEGABYTE_OF_BLANKS, checksum)
        yield piece
    size = len(body) + megabytes * len(_MEGABYTE_OF_BLANKS)
    yield deflate.flush() + struct.pack("<II", checksum, size & 0xFFFFFFFF)


async def _open(request: web.BaseRequest, answer: Answer, headers: dict[str, str]) -> web.StreamResponse:
    response = web.StreamResponse(
        status=answer.status, headers={**answer.headers, **headers, "Content-Type": answer.content_type}
    )
    await response.prepare(request)
    return response


async def _send_half(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    response = await _open(request, answer, {"Content-Length": str(len(answer.body))})
    await response.write(answer.body[: len(answer.body) // 2])
    return response


def _cut(request: web.BaseRequest) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)  # for aiohttp, which finds that nobody is there to read it


_SPOILT_EXCHANGES: dict[
    Switch, Callable[[Trouble, DemoServer, web.BaseRequest, Answer], Awaitable[web.StreamResponse]]
] = {
    Switch.SLOW: _slow,
    Switch.FROZEN: _frozen,
    Switch.REFUSED: _refused,
    Switch.RESET: _reset,
    Switch.TRUNCATED: _truncated,
    Switch.TRICKLE: _trickle,
    Switch.HUGE: _huge,
    Switch.GZIP_BOMB: _gzip_bomb,
}
