"""A REST connector whose credentials come from settings, as in a real configuration."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Any

import pytest
from pydantic import TypeAdapter

from resolvers.backends.credentials import Auth, Credentials, Secrets, credentials_of
from resolvers.backends.mapping import MappingSettings
from resolvers.backends.rest import RestConnector, RestEndpoint, RestOperationSettings, RestSettings
from resolvers.records import Customer
from tests.resolvers.backends.http.wire import Wire
from tests.resolvers.backends.rest.clock import FakeClock

AUTH: TypeAdapter[Any] = TypeAdapter(Auth)
SECRET = "pl4nted-s3cret"
ENVIRONMENT = {"CRM_SECRET": SECRET}


def made(auth: Mapping[str, Any], clock: FakeClock, environment: Mapping[str, str] = ENVIRONMENT) -> Credentials:
    """The credentials of these settings; every secret of theirs must be there."""
    secrets = Secrets(environment)
    credentials = credentials_of("crm", AUTH.validate_python(auth), secrets, clock=clock, nonce=lambda: "nonce-1")
    secrets.check()
    return credentials


class Office:
    """Opens connectors towards a wire, and closes them after the test."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self.clock = FakeClock()

    async def endpoint(
        self,
        wire: Wire,
        auth: Mapping[str, Any],
        backend: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] = ENVIRONMENT,
        **settings: Any,
    ) -> RestEndpoint[Customer]:
        connector = RestConnector(
            "crm",
            RestSettings(url=wire.url, **(backend or {})),
            credentials=made(auth, self.clock, environment),
            clock=self.clock,
        )
        await connector.open()
        self._stack.push_async_callback(connector.close)
        operation = RestOperationSettings(**{"path": "/c", "query": {"ids": "{keys|csv}"}} | settings)
        mapping = MappingSettings(fields={"id": {"path": "id"}, "name": {"path": "name"}})
        return connector.endpoint("customers.by_ids", operation, Customer, mapping)


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with AsyncExitStack() as stack:
        yield Office(stack)
