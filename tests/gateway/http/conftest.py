"""A door to knock at, and a real server in front of any application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from gateway.http.protocol import GuardedProtocol, ProtocolLimits
from tests.gateway.http.door import Door


@pytest.fixture
def door() -> Door:
    return Door()


@asynccontextmanager
async def served(
    app: Callable[..., Any],
    limits: ProtocolLimits | None = None,
    protocol: type[HttpToolsProtocol] = GuardedProtocol,
) -> AsyncIterator[int]:
    """The application behind the guarded protocol, or another, on a free port of the loopback."""
    config = Config(app, interface="asgi3", http=protocol, lifespan="off", log_config=None, access_log=False, ws="none")
    config.load()
    state = ServerState()
    state.default_headers = list(config.encoded_headers)
    app_state = {} if limits is None else {"protocol_limits": limits}
    server = await asyncio.get_running_loop().create_server(lambda: protocol(config, state, app_state), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        for task in (running := list(state.tasks)):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await server.wait_closed()
