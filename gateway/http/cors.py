"""CORS (Fetch standard, §3.2): which pages of other origins may read answers. Nobody may who is not listed.

Requests of pages that are not listed are answered without CORS headers, so that their browser keeps the answer from
them; what such a page could do without reading the answer is refused elsewhere (`csrf.py`, `Content-Type`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.http.headers import SECURITY

EXPOSED: Final = b"x-request-id, ratelimit, ratelimit-policy, retry-after, www-authenticate, etag"
"""What a page may read of the headers, beyond those that every page may."""
METHODS: Final = b"GET, POST"
_LONGEST: Final = 1_000


class Cors:
    """An ASGI application around `app` for pages of the listed origins.

    `credentials` are the origins whose pages may send cookies as well; `max_age` is for how many seconds a browser may
    keep the answer to its preflight.
    """

    def __init__(
        self, app: ASGIApp, origins: Sequence[str], *, credentials: Sequence[str] = (), max_age: float = 600.0
    ) -> None:
        self._app = app
        self._origins = {origin.encode("ascii"): origin in credentials for origin in origins}
        self._max_age = b"%d" % int(max_age)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = wanted = method = None
        for name, value in scope["headers"]:
            if name == b"origin":
                origin = value
            elif name == b"access-control-request-method":
                method = value
            elif name == b"access-control-request-headers":
                wanted = value
        if scope["method"] == "OPTIONS" and origin is not None and method is not None:
            await _preflight(send, self._granted(origin), wanted, self._max_age)
            return
        granted = self._granted(origin)

        async def send_shared(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _shared(message["headers"], granted)
            await send(message)

        await self._app(scope, receive, send_shared)

    def _granted(self, origin: bytes | None) -> list[tuple[bytes, bytes]]:
        if origin is None or origin not in self._origins:
            return []
        granted = [(b"access-control-allow-origin", origin), (b"access-control-expose-headers", EXPOSED)]
        if self._origins[origin]:
            granted.append((b"access-control-allow-credentials", b"true"))
        return granted


def _shared(headers: list[tuple[bytes, bytes]], granted: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    shared = [(name, value + b", Origin" if name == b"vary" else value) for name, value in headers]
    if not any(name == b"vary" for name, _ in shared):
        shared.append((b"vary", b"Origin"))
    return shared + granted


async def _preflight(send: Send, granted: list[tuple[bytes, bytes]], wanted: bytes | None, max_age: bytes) -> None:
    headers = [(b"vary", b"Origin, Access-Control-Request-Headers"), (b"cache-control", b"no-store"), *SECURITY]
    if granted:
        headers += [*granted, (b"access-control-allow-methods", METHODS), (b"access-control-max-age", max_age)]
        if wanted is not None and len(wanted) <= _LONGEST:
            # Which headers a listed page sends is its business; each that matters is looked at when it comes.
            headers.append((b"access-control-allow-headers", wanted))
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
