"""Endpoints for those who run the gateway: a scope is needed, and refusals have GraphQL's shape."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.auth.refusal import challenge, refusal_body, scope_challenge
from resolvers.errors import Forbidden, GatewayError, Unauthenticated
from resolvers.principal import Principal

OPS_READ: Final = "ops:read"

Authenticate = Callable[[Iterable[tuple[bytes, bytes]]], Awaitable[Principal]]
Answer = Callable[[Request], Awaitable[Response]]


class ForOperators:
    """An ASGI endpoint in front of `answer`: 401 without a valid token, 403 for one that lacks the scope (RFC 6750)."""

    def __init__(self, answer: Answer, authenticate: Authenticate, *, realm: str, scope: str = OPS_READ) -> None:
        self._answer = answer
        self._authenticate = authenticate
        self._realm = realm
        self._scope = scope

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            principal = await self._authenticate(scope["headers"])
        except Unauthenticated as refused:
            response = self._refused(refused, 401, challenge(refused, self._realm))
        else:
            if self._scope in principal.scopes:
                response = await self._answer(Request(scope, receive))
            elif not principal.authenticated:
                missing = Unauthenticated(f"A token with the scope {self._scope} is needed.")
                response = self._refused(missing, 401, challenge(missing, self._realm))
            else:
                forbidden = Forbidden(f"The scope {self._scope} is needed.", scopes=[self._scope])
                response = self._refused(forbidden, 403, scope_challenge([self._scope], self._realm))
        await response(scope, receive, send)

    def _refused(self, error: GatewayError, status: int, told: bytes) -> Response:
        headers = {"cache-control": "no-store", "www-authenticate": told.decode("ascii")}
        return Response(refusal_body(error, os.urandom(8).hex()), status, headers, "application/json")
