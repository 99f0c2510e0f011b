"""A REST connector on a scripted backend."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from resolvers.backends.credentials import Credentials, FixedCredentials
from resolvers.backends.mapping import MappingSettings
from resolvers.backends.rest import RestConnector, RestEndpoint, RestOperationSettings, RestSettings
from resolvers.records import Customer
from tests.resolvers.backends.http.wire import Reply, Wire
from tests.resolvers.backends.rest.clock import FakeClock

MAPPING: dict[str, Any] = {"id": "id", "name": {"path": "name", "default": ""}}


class Bench:
    """Opens backends and connectors, and closes them after the test."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self.clock = FakeClock()
        self.wire = Wire()
        self.close: Callable[[], Awaitable[None]]

    async def endpoint(
        self,
        *replies: Reply,
        respond: Reply = b"",
        backend: dict[str, Any] | None = None,
        credentials: Credentials | None = None,
        operation: str = "customers.by_ids",
        mapping: dict[str, Any] | None = None,
        **settings: Any,
    ) -> RestEndpoint[Customer]:
        """An endpoint whose backend answers with the replies in order, then with `respond`."""
        self.wire = await self._stack.enter_async_context(Wire(*replies, respond=respond))
        rest = RestSettings(url=f"{self.wire.url}/api", **(backend or {}))
        connector = RestConnector("crm", rest, credentials=credentials or FixedCredentials(), clock=self.clock)
        await connector.open()
        self._stack.push_async_callback(connector.close)
        self.close = connector.close
        fields = MappingSettings(**(mapping or {"fields": MAPPING}))
        return connector.endpoint(operation, RestOperationSettings(**settings), Customer, fields)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        yield Bench(stack)


Make = Callable[..., Any]
