"""Security headers: on every answer, whichever endpoint gives it."""

from __future__ import annotations

from typing import Final

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Router
from starlette.types import Message, Receive, Scope, Send

SECURITY: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""For answers that are data: no page may be made of them, and none of another origin may frame or embed them."""


class Secured:
    """An ASGI application over routes, whose answers have the security headers; those that a route sets itself stay.

    What no route takes is 404 or 405 in GraphQL's shape.
    """

    def __init__(self, routes: list[BaseRoute]) -> None:
        self._router = Router(routes, redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                own = {name.lower() for name, _ in headers}
                message["headers"] = headers + [header for header in SECURITY if header[0] not in own]
            await send(message)

        try:
            await self._router(scope, receive, send_secured)
        except HTTPException as error:  # what the router says of addresses and methods that it does not know
            await _refused(error)(scope, receive, send_secured)


def _refused(error: HTTPException) -> Response:
    code = "NOT_FOUND" if error.status_code == 404 else "BAD_REQUEST"
    body = orjson.dumps({"errors": [{"message": error.detail, "extensions": {"code": code}}]})
    headers = {"cache-control": "no-store", **(error.headers or {})}
    return Response(body, error.status_code, headers, "application/json")
