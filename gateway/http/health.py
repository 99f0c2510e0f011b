"""Health: is the process alive, and can it answer?

`/health/live` says that the loop runs. `/health/ready` says that the configuration is in use and the backends' contracts
(WSDLs) are known, or which are not. Neither calls a backend, and neither tells an address.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

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


class Ready:
    """200 when every backend's contract is known, 503 with the names of those that are not."""

    def __init__(self, waiting_for: Readiness) -> None:
        self._waiting_for = waiting_for

    async def __call__(self, request: Request) -> Response:
        waiting = dict(self._waiting_for())
        if waiting:
            return _answer(503, {"status": "starting", "waitingFor": waiting})
        return _answer(200, {"status": "ready"})
