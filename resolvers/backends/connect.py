"""From the configuration to working operations: connectors, guards, batches and cache, put together once at start."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Mapping
from operator import attrgetter
from typing import Any, Protocol

from resolvers.backends.cache import (
    CachedSource,
    CacheSettings,
    Invalidations,
    MemoryStore,
    Naming,
    Store,
)
from resolvers.backends.cache.entries import Codec
from resolvers.backends.cache.source import CacheObserver
from resolvers.backends.credentials.build import credentials_of
from resolvers.backends.credentials.secrets import Secrets
from resolvers.backends.mapping import compile_reader
from resolvers.backends.operation import GROUPED, OPERATIONS, Backends
from resolvers.backends.ports import Clock, Endpoint, Jitter
from resolvers.backends.resilience import Guard, Observer
from resolvers.backends.rest.connector import RestConnector
from resolvers.backends.settings import (
    BackendsSettings,
    Connected,
    RestBackend,
    RestOperation,
    SoapOperation,
    connected,
)
from resolvers.backends.soap.connector import SoapConnector
from resolvers.backends.source import BatchedSource


class Watcher(Observer, CacheObserver, Protocol):
    """Who is told of calls and of what the cache does."""


class Connections:
    """All that requests share on the way to the backends. `open` and `close` frame its life.

    Raises MissingSecrets when made without a secret that the configuration names.
    """

    def __init__(
        self,
        settings: BackendsSettings,
        environment: Mapping[str, str],
        *,
        clock: Clock = time,
        jitter: Jitter = random.random,
        watcher: Watcher | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self._jitter = jitter
        self._watcher = watcher
        secrets = Secrets(environment)
        self.connectors: dict[str, RestConnector | SoapConnector] = {}
        self.guards: dict[str, Guard] = {}
        for name, backend in settings.backends.items():
            credentials = credentials_of(name, backend.auth, secrets, clock=clock)
            if isinstance(backend, RestBackend):
                self.connectors[name] = RestConnector(name, backend, credentials=credentials, clock=clock)
            else:
                self.connectors[name] = SoapConnector(
                    name,
                    backend,
                    credentials=credentials,
                    secrets=secrets,
                    clock=clock,
                    jitter=jitter,
                    entropy=os.urandom,
                )
            self.guards[name] = Guard(name, backend, clock, jitter, observer=watcher)
        self.invalidations = Invalidations()
        self._store, self._private = self._stores(settings.cache)
        self.sources: dict[str, BatchedSource | CachedSource] = {}
        operations, _ = connected(settings)
        for operation in operations:
            self.sources[operation.name] = self._source(operation)
        # Connectors and endpoints have read their secrets by now; whatever is missing is told at once.
        secrets.check()
        self.backends = Backends(self.sources)

    def _stores(self, settings: CacheSettings) -> tuple[Store | None, Store | None]:
        """The store for everything, and the one for records with personal data."""
        if settings.store == "off":
            return None, None
        memory = MemoryStore(max_entries=settings.max_entries, max_bytes=settings.max_bytes, clock=self.clock)
        return memory, memory

    def _source(self, operation: Connected) -> BatchedSource | CachedSource:
        backend = self.settings.backends[operation.backend]
        inner = BatchedSource(
            self._endpoint(operation),
            self.guards[operation.backend].of(operation.name, idempotent=operation.settings.idempotent),
            key_of=attrgetter(operation.settings.key or OPERATIONS[operation.name] or "id"),
            grouped=operation.name in GROUPED,
            linger=backend.gather,
            in_flight=backend.calls_per_identity,
        )
        if not operation.settings.ttl or self._store is None:
            return inner
        return CachedSource(
            inner,
            self._store,
            freshness=operation.settings,
            naming=Naming(
                self.settings.cache.namespace,
                operation.name,
                operation.record,
                operation.mapping.model_dump_json() + backend.model_dump_json(include={"url", "wsdl"}),
            ),
            codec=Codec(operation.record, grouped=operation.name in GROUPED, listed=operation.name.endswith(".list")),
            invalidations=self.invalidations,
            jitter=self._jitter,
            jitter_share=self.settings.cache.jitter,
            observer=self._watcher,
        )

    def _endpoint(self, operation: Connected) -> Endpoint[Any]:
        connector = self.connectors[operation.backend]
        settings = operation.settings
        if isinstance(connector, RestConnector) and isinstance(settings, RestOperation):
            return connector.endpoint(operation.name, settings, operation.record, operation.mapping)
        if isinstance(connector, SoapConnector) and isinstance(settings, SoapOperation):
            reader = compile_reader(
                operation.record, operation.mapping, backend=operation.backend, operation=operation.name
            )
            return connector.endpoint(operation.name, settings, reader)
        raise TypeError(f"{operation.name} does not fit the kind of its backend")

    def waiting_for(self) -> dict[str, str]:
        """The backends whose contract is not known yet, and why."""
        return {
            name: connector.wsdl_state.status
            for name, connector in self.connectors.items()
            if isinstance(connector, SoapConnector) and not connector.ready
        }

    async def open(self) -> None:
        """Open the connectors. None of them needs a live backend."""
        await asyncio.gather(*(connector.open() for connector in self.connectors.values()))

    async def close(self) -> None:
        """End the calls under way and close every connection."""
        await asyncio.gather(*(source.close() for source in self.sources.values()))
        await asyncio.gather(*(connector.close() for connector in self.connectors.values()))
        if self._store is not None:
            await self._store.close()
