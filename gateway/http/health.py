"""Health: is the process alive, and can it answer?

`/health/live` says that the loop runs. `/health/ready` says that the configuration is in use and the backends'
contracts (WSDLs) are known, or which are not. Neither calls a backend, and neither tells an address.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import orjson
from starlette.requests import Request
from starlette.responses import Response

Readiness = Callable[[], Mapping[str, str]]
"""What is not ready yet, by backend; empty when everything is."""


def _answer(status: int, body: Mapping[str, object]) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(orjson.dumps(body), status, headers, "application/json")


async def live(request: Request) -> Response:
    """200 while the event loop runs."""
    return _answer(200, {"status": "live"})


def ready(waiting_for: Readiness) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint: 200 when every backend's contract is known, 503 with the names of those that are not."""

    async def answer(request: Request) -> Response:
        waiting = dict(waiting_for())
        if waiting:
            return _answer(503, {"status": "starting", "waitingFor": waiting})
        return _answer(200, {"status": "ready"})

    return answer
