"""Conditional GET (RFC 9110 §13): answers that may be kept get an ETag, and 304 stands for one that a client has.

HEAD is told what GET would be, without the body (§9.3.2). POST passes through untouched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Conditional:
    """An ASGI application around `app`, whose answers to GET are one start and one whole body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["method"] not in ("GET", "HEAD"):
            return self._app(scope, receive, send)
        return self._conditionally(scope, receive, send)

    async def _conditionally(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "HEAD":
            scope, send = {**scope, "method": "GET"}, _without_body(send)
        start: Message | None = None

        async def send_conditionally(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and message["status"] == 200 and _may_be_kept(message):
                start = message
            elif start is not None and message["type"] == "http.response.body" and not message.get("more_body"):
                head, body = _conditional(start, message.get("body", b""), _held(scope))
                start = None
                await send(head)
                await send({"type": "http.response.body", "body": body})
            else:
                if start is not None:
                    head, start = start, None
                    await send(head)
                await send(message)

        await self._app(scope, receive, send_conditionally)


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return send_head


def _may_be_kept(start: Message) -> bool:
    headers = dict(start["headers"])
    return b"etag" not in headers and b"max-age" in headers.get(b"cache-control", b"")


def _held(scope: Scope) -> set[bytes]:
    """The entity tags that the client has, compared weakly (RFC 9110 §13.1.2)."""
    lines = [value for name, value in scope["headers"] if name == b"if-none-match"]
    return {tag.strip().removeprefix(b"W/") for line in lines for tag in line.split(b",")}


def _conditional(start: Message, body: bytes, held: set[bytes]) -> tuple[Message, bytes]:
    etag = b'"%b"' % hashlib.blake2b(body, digest_size=12).hexdigest().encode()
    headers = [*start["headers"], (b"etag", etag)]
    if etag not in held and b"*" not in held:
        return {**start, "headers": headers}, body
    kept = [(name, value) for name, value in headers if name not in (b"content-type", b"content-length")]
    return {**start, "status": 304, "headers": kept}, b""
