"""What the telemetry sees of HTTP: `/metrics`, and every answer of the GraphQL endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.telemetry.telemetry import Telemetry


def metrics_endpoint(telemetry: Telemetry) -> Callable[[Request], Awaitable[Response]]:
    """Answers Prometheus, in its text format or OpenMetrics as it asks for."""

    async def answer(request: Request) -> Response:
        telemetry.sample()
        # Some thousand series take a few milliseconds to write, which requests need not wait for.
        content_type, text = await asyncio.to_thread(
            telemetry.metrics.exposition, request.headers.get("accept", "text/plain")
        )
        return Response(text, headers={"content-type": content_type, "cache-control": "no-store"})

    return answer


class Counted:
    """An ASGI application whose answers are counted by status."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self._app = app
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        telemetry = self._telemetry

        def count(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                telemetry.responded(message["status"])
            return send(message)

        telemetry.in_progress += 1
        try:
            await self._app(scope, receive, count)
        finally:
            telemetry.in_progress -= 1
