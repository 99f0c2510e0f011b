"""Connections to backends, kept open between calls.

aiohttp opens them (name resolution, happy eyeballs, TLS) and parses the answers; the session above that is left out,
because its generality costs three times what a call here costs. The few names used below the documented API
(`TCPConnector.connect`, `Connection.protocol`, `ResponseHandler.set_response_params` and `read`) are those of the 3.14
series, which pyproject.toml pins.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

from aiohttp import ClientRequest, ClientTimeout, TCPConnector
from msgspec import Struct

from resolvers.backends.http.addresses import public_socket
from resolvers.backends.http.settings import HttpSettings

if TYPE_CHECKING:
    import ssl

    from aiohttp.client_proto import ResponseHandler
    from aiohttp.connector import Connection
    from yarl import URL


class Link(Struct, eq=False):
    """One open connection."""

    connection: Connection
    protocol: ResponseHandler
    idle_since: float = 0.0
    used: bool = False
    """Whether it has carried a call before: the backend may have closed it meanwhile."""

    def usable(self) -> bool:
        """False when the peer has closed it, or has sent what nobody asked for."""
        return self.protocol.is_connected() and not self.protocol.should_close

    def close(self) -> None:
        self.connection.close()


class Pool:
    """The connections to one origin. There is no limit: the bulkhead above has one."""

    def __init__(self, url: URL, settings: HttpSettings, ssl_context: ssl.SSLContext | None) -> None:
        self._keepalive = settings.keepalive
        self._loop = asyncio.get_running_loop()
        self._connector = TCPConnector(
            limit=0,
            ssl=ssl_context if ssl_context is not None else True,
            socket_factory=public_socket if settings.public_only else None,
            force_close=True,
        )
        # One request serves for all connections: the connector takes nothing but the address from it.
        self._request = ClientRequest("GET", url, loop=self._loop)
        self._timeout = ClientTimeout(total=None, connect=settings.connect_timeout)
        self._idle: list[Link] = []
        self._sweep: asyncio.TimerHandle | None = None

    def idle(self) -> Link | None:
        """The connection that was used last, if one is still good."""
        while self._idle:
            link = self._idle.pop()
            if link.usable() and monotonic() - link.idle_since < self._keepalive:
                return link
            link.close()
        return None

    async def connect(self) -> Link:
        """A new connection. Raises what aiohttp raises."""
        connection = await self._connector.connect(self._request, traces=[], timeout=self._timeout)
        if connection.protocol is None:
            raise ConnectionResetError("closed while it was opened")
        return Link(connection, connection.protocol)

    def give_back(self, link: Link) -> None:
        """Keep the connection for the next call, or close it when it cannot carry one."""
        if not link.usable() or not self._keepalive or self._connector.closed:
            link.close()
            return
        link.used = True
        link.idle_since = monotonic()
        self._idle.append(link)
        if self._sweep is None:
            self._sweep = self._loop.call_later(self._keepalive, self._close_expired)

    def _close_expired(self) -> None:
        oldest = monotonic() - self._keepalive
        kept = [link for link in self._idle if link.idle_since > oldest and link.usable()]
        for link in self._idle:
            if link not in kept:
                link.close()
        self._idle = kept
        self._sweep = self._loop.call_later(self._keepalive, self._close_expired) if kept else None

    async def close(self) -> None:
        """Close every connection, those that carry calls too."""
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        for link in self._idle:
            link.close()
        self._idle.clear()
        await self._connector.close()
