"""One REST backend: its connection, its credentials, and an endpoint for each of its operations."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from msgspec import Struct
from yarl import URL

from resolvers.backends.credentials import Credentials
from resolvers.backends.http import HttpClient
from resolvers.backends.mapping import MappingSettings, compile_reader
from resolvers.backends.ports import Clock
from resolvers.backends.rest.endpoint import RestEndpoint
from resolvers.backends.rest.forward import Forwarding
from resolvers.backends.rest.sending import Backend, Line
from resolvers.backends.rest.settings import RestOperationSettings, RestSettings
from resolvers.backends.rest.templates import RequestTemplate

Record = TypeVar("Record", bound=Struct)


class RestConnector:
    """`Connector` (ports.py) for one backend. It needs no live backend to open."""

    def __init__(self, name: str, settings: RestSettings, *, credentials: Credentials, clock: Clock) -> None:
        self._backend = Backend(name, settings, credentials, clock)
        self._forwarding = Forwarding(settings.forward)

    async def open(self) -> None:
        """Raises OSError, ssl.SSLError or ValueError when certificates or the URL cannot be used."""
        backend = self._backend
        # Certificates are files, and reading them would hold the loop.
        context = await asyncio.to_thread(backend.credentials.ssl_context, backend.settings.ca)
        http = HttpClient(backend.name, backend.settings, context)
        origin = http.origin(backend.settings.url)
        backend.credentials.open(http)
        backend.line = Line(http, origin)

    async def close(self) -> None:
        """Close all connections; calls under way fail."""
        line, self._backend.line = self._backend.line, None
        await self._backend.credentials.close()
        if line is not None:
            await line.http.close()

    def endpoint(
        self, operation: str, settings: RestOperationSettings, record: type[Record], mapping: MappingSettings
    ) -> RestEndpoint[Record]:
        """The endpoint of an operation such as `customers.by_ids`, whose answers hold `record`s.

        Raises ValueError for settings that do not fit this backend, InvalidMapping for a mapping that cannot be used.
        """
        backend = self._backend
        reader = compile_reader(
            record,
            mapping,
            backend=backend.name,
            operation=operation,
            items_path=settings.items,
            extract=settings.extract,
        )
        query = (*backend.settings.query.items(), *backend.credentials.query)
        prefix = URL(backend.settings.url).raw_path.rstrip("/")
        template = RequestTemplate(operation, settings, prefix=prefix, query=query)
        return RestEndpoint(backend, operation, settings, reader, self._forwarding, template)
