"""What operators tell the gateway: a POST of one JSON object, with a scope, answered with another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import orjson
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.auth.refusal import refusal_body
from gateway.http.body import decode_object, read_body
from gateway.http.negotiation import is_json
from gateway.http.operators import Authenticate, ForOperators
from gateway.http.refusal import Refused, headers_of, status_of
from gateway.http.request import combined
from resolvers.errors import GatewayError

CarryOut = Callable[[dict[str, Any]], Awaitable[Mapping[str, Any]]]
"""Does what the body says and returns the answer. Raises GatewayError."""
_NOT_KEPT: Final = {"cache-control": "no-store"}


class Commands(Struct, frozen=True):
    """What the commands of one gateway have in common. `body_limit` is in bytes, `body_timeout` in seconds."""

    authenticate: Authenticate
    realm: str
    body_limit: int
    body_timeout: float

    def route(self, path: str, carry_out: CarryOut, *, scope: str) -> Route:
        """The route of one command; refusals have GraphQL's shape."""

        async def answer(request: Request) -> Response:
            try:
                told = await carry_out(await self._body(request))
            except GatewayError as error:
                headers = {name.decode(): value.decode() for name, value in headers_of(error)}
                body = refusal_body(error)
                return Response(body, status_of(error) or 400, {**_NOT_KEPT, **headers}, "application/json")
            return Response(orjson.dumps(told), 200, _NOT_KEPT, "application/json")

        return Route(path, ForOperators(answer, self.authenticate, realm=self.realm, scope=scope), methods=["POST"])

    async def _body(self, request: Request) -> dict[str, Any]:
        headers = combined(request.scope["headers"])
        content_type = headers.get(b"content-type")
        if content_type is None or not is_json(content_type):
            raise Refused("The body has to be application/json in UTF-8.", 415)
        body = await read_body(headers, request.receive, limit=self.body_limit, timeout=self.body_timeout)
        return decode_object(body or b"", "The body")
