"""The guarded protocol with an end that loses no request.

When a server stops, a kept connection that lies idle may have a request on its way already: closing it at once would
lose that request, and clients do not send a POST a second time by themselves. So it stays open for a moment; what
arrives is answered with `Connection: close`, and the client takes its next request elsewhere (RFC 9112 §9.6).
"""

from __future__ import annotations

import asyncio
from typing import Any

from gateway.http.protocol import GuardedProtocol, ProtocolLimits
from gateway.http.settings import ServerSettings


def protocol_state(settings: ServerSettings) -> dict[str, Any]:
    """What the protocol looks for in the lifespan's state."""
    limits = ProtocolLimits(
        url=settings.max_url,
        header_count=settings.max_headers,
        header_bytes=settings.max_header_bytes,
        header_timeout=settings.header_timeout,
        body_timeout=settings.body_timeout,
        idle_timeout=settings.idle_timeout,
    )
    return {"protocol_limits": limits, "drain": settings.drain}


class DrainingProtocol(GuardedProtocol):
    """`drain` of the lifespan's state says for how many seconds idle connections stay open after `shutdown`."""

    def __init__(self, config: Any, server_state: Any, app_state: dict[str, Any], _loop: Any = None) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._drain: float = app_state.get("drain", 0.0)
        self._closing: asyncio.TimerHandle | None = None

    def shutdown(self) -> None:
        """Called once, when no further connection is accepted."""
        if self._drain and self._idle:
            self._closing = self.loop.call_later(self._drain, self._drained)
        else:
            super().shutdown()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self._closing is not None and self.cycle is not None:
            self.cycle.keep_alive = False

    def connection_lost(self, exc: Exception | None) -> None:
        if self._closing is not None:
            self._closing.cancel()
        super().connection_lost(exc)

    @property
    def _idle(self) -> bool:
        return self.cycle is None or bool(self.cycle.response_complete)

    def _drained(self) -> None:
        # A request that is being received has time-outs of its own, and closes the connection when it is answered.
        if self._idle and not self._reading:
            self.transport.close()
