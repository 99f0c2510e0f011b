"""Health: is the process alive, can it answer, and how does each part of it stand?

`/health/live` says that the loop runs. `/health/ready` says whether requests should be sent here. `/health/backends`
tells operators the rest. None of them calls a backend, and none tells an address or a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.auth.verifier import TokenVerifier
from resolvers.backends.cache.build import Cache
from resolvers.backends.connect import Standing
from resolvers.backends.ports import Clock
from resolvers.backends.resilience import BreakerState, Guard


def _answer(status: int, body: Mapping[str, object]) -> Response:
    return Response(orjson.dumps(body), status, {"cache-control": "no-store"}, "application/json")


async def live(request: Request) -> Response:
    """200 while the event loop runs."""
    return _answer(200, {"status": "live"})


class Health:
    """The health of one gateway.

    A backend can be used while its breaker lets calls through (a probe, too) and, for SOAP, its service description is
    known. For `start_patience` seconds readiness waits for the descriptions of required backends; after that a gateway
    without one of them is better than none.
    """

    def __init__(self, connections: Standing, verifier: TokenVerifier, *, start_patience: float, clock: Clock) -> None:
        self._connections = connections
        self._verifier = verifier
        self._start_patience = start_patience
        self._clock = clock
        self._opened_at: float | None = None

    def opened(self) -> None:
        """The gateway may answer requests from now on."""
        self._opened_at = self._clock.monotonic()

    async def ready(self, request: Request) -> Response:
        """200 with what is to be done without, 503 with what is waited for."""
        unusable = self._unusable()
        required = [name for name, guard in self._connections.guards.items() if guard.required]
        waiting = {name: unusable[name] for name in required if unusable.get(name) == "no service description"}
        if self._opened_at is None or (waiting and self._clock.monotonic() < self._opened_at + self._start_patience):
            return _answer(503, {"status": "starting", "waitingFor": waiting})
        if required and all(name in unusable for name in required):
            return _answer(503, {"status": "unavailable", "without": unusable})
        return _answer(200, {"status": "ready", "without": unusable})

    async def backends(self, request: Request) -> Response:
        """How every backend, issuer and store stands; always 200."""
        now = self._clock.time()
        contracts = self._connections.contracts()
        backends: dict[str, Any] = {}
        for name, guard in self._connections.guards.items():
            about = backends[name] = {"required": guard.required, **_guard(guard)}
            if name in contracts:
                about["wsdl"] = _told(contracts[name])
        issuers = {issuer.settings.issuer: _told(issuer.keys.status()) for issuer in self._verifier.issuers}
        cache = _cache(self._connections.cache)
        return _answer(200, {"time": round(now, 3), "backends": backends, "issuers": issuers, "cache": cache})

    def _unusable(self) -> dict[str, str]:
        """Why backends cannot be used at the moment, by name."""
        found = {}
        contracts = self._connections.contracts()
        for name, guard in self._connections.guards.items():
            if name in contracts and contracts[name].status != "ready":
                found[name] = "no service description"
            elif guard.breaker is not None and guard.breaker.retry_after() > 0:
                # When the time has come for a probe it counts as usable: without requests there would be none.
                found[name] = "breaker open"
        return found


def _guard(guard: Guard) -> dict[str, Any]:
    breaker, bulkhead = guard.breaker, guard.bulkhead
    state = "off" if breaker is None else breaker.state.value
    told: dict[str, Any] = {"breaker": state}
    if breaker is not None and breaker.state is not BreakerState.CLOSED:
        told["probeIn"] = round(breaker.retry_after(), 3)
    told["calls"] = {"inProgress": bulkhead.in_use, "waiting": bulkhead.waiting, "limit": bulkhead.limit.value}
    return told


def _cache(cache: Cache) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if cache.shared is not None:
        told["redis"] = "away" if cache.shared.away else "in use"
    if cache.memory is not None:
        told["memory"] = {"entries": len(cache.memory.cache), "bytes": cache.memory.cache.bytes}
    return told


def _told(state: msgspec.Struct) -> dict[str, Any]:
    told = msgspec.to_builtins(state)
    return {name: value for name, value in told.items() if value is not None}
