"""From the configuration to working operations: connectors, guards, batches and cache, put together once at start."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Iterable, Mapping
from operator import attrgetter
from typing import Any, Protocol

from pydantic import SecretStr

from resolvers.backends.cache import CachedSource, CacheObserver, Freshness
from resolvers.backends.cache.build import Cache
from resolvers.backends.credentials.build import credentials_of
from resolvers.backends.credentials.secrets import Secrets
from resolvers.backends.mapping import compile_reader
from resolvers.backends.operation import GROUPED, OPERATIONS, Backends
from resolvers.backends.ports import Clock, Endpoint, Jitter
from resolvers.backends.python.connector import PythonConnector
from resolvers.backends.recorded import RecordedSource
from resolvers.backends.resilience import Guard, Observer, ResilienceSettings
from resolvers.backends.resilience.guard import Sleep
from resolvers.backends.rest.connector import RestConnector
from resolvers.backends.settings import (
    BackendsSettings,
    Connected,
    PythonBackend,
    PythonOperation,
    RestBackend,
    RestOperation,
    SoapBackend,
    SoapOperation,
    backends_of,
    connected,
)
from resolvers.backends.soap.connector import SoapConnector
from resolvers.backends.soap.description.loader import WsdlState
from resolvers.backends.source import BatchedSource, Caller

_MANNERS = frozenset(ResilienceSettings.model_fields) | {"gather", "calls_per_identity"}
_TIMES = set(Freshness.model_fields) | {"max_batch"}
"""Settings that change how backends are asked and for how long answers serve, not what they hold."""


class Watcher(Observer, CacheObserver, Protocol):
    """Who is told of calls and of what the cache does."""


class CallTracer(Protocol):
    """Who makes a span of each call."""

    def around(self, caller: Caller, backend: str, operation: str) -> Caller: ...


class Standing(Protocol):
    """How the ways to the backends stand."""

    @property
    def guards(self) -> Mapping[str, Guard]: ...
    @property
    def cache(self) -> Cache: ...
    def contracts(self) -> Mapping[str, WsdlState]: ...


class Connections:
    """All that requests share on the way to the backends. `open` and `close` frame its life.

    A `cache` that is given stays the caller's; what is kept there for a `tenant` is found by that tenant alone, and the
    watcher hears of a tenant's backends as `tenant/backend`. No request waits for more than `longest` seconds.
    Raises MissingSecrets when made without a secret that the configuration names.
    """

    def __init__(
        self,
        settings: BackendsSettings,
        environment: Mapping[str, str],
        *,
        clock: Clock = time,
        jitter: Jitter = random.random,
        sleep: Sleep = asyncio.sleep,
        watcher: Watcher | None = None,
        tracer: CallTracer | None = None,
        cache: Cache | None = None,
        tenant: str | None = None,
        longest: float = float("inf"),
    ) -> None:
        self.settings = settings
        self.clock = clock
        self._jitter = jitter
        self._tenant = tenant
        self._tracer = tracer
        secrets = Secrets(environment)
        self.connectors: dict[str, RestConnector | SoapConnector | PythonConnector] = {}
        self.guards: dict[str, Guard] = {}
        known = backends_of(settings)
        for name, backend in known.items():
            self.guards[name] = Guard(
                name,
                backend,
                clock,
                jitter,
                sleep=sleep,
                observer=watcher,
                longest=longest,
                told_as=name if tenant is None else f"{tenant}/{name}",
            )
            if isinstance(backend, PythonBackend):
                self.connectors[name] = PythonConnector(name, backend)
                continue
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
                    sleep=sleep,
                )
        self._environment = environment
        self._owns_cache = cache is None
        self.cache = cache or Cache(settings.cache, secrets, clock=clock, jitter=jitter, observer=watcher)
        self._accounts = {name: self._account(backend) for name, backend in known.items()}
        self.sources: dict[str, BatchedSource | CachedSource] = {}
        operations, _ = connected(settings)
        for operation in operations:
            self.sources[operation.name] = self._source(operation)
        # Connectors and endpoints have read their secrets by now; whatever is missing is told at once.
        secrets.check()
        self.backends = Backends({name: RecordedSource(source) for name, source in self.sources.items()})

    def _account(self, backend: RestBackend | SoapBackend | PythonBackend) -> str:
        """What of a backend's configuration decides what its records hold, and who we are there."""
        told = set(type(backend).model_fields) - _MANNERS
        if isinstance(backend, PythonBackend):
            return backend.model_dump_json(include=told)
        credentials = [secret for _, secret in backend.auth if isinstance(secret, SecretStr)]
        read = Secrets(self._environment).read
        values = [read(secret, "").get_secret_value() for secret in credentials]
        return backend.model_dump_json(include=told) + self.cache.fingerprint(values)

    def _source(self, operation: Connected) -> BatchedSource | CachedSource:
        backend = backends_of(self.settings)[operation.backend]
        grouped = operation.name in GROUPED
        guard = self.guards[operation.backend]
        caller: Caller = guard.of(operation.name, idempotent=operation.settings.idempotent)
        if self._tracer is not None:
            caller = self._tracer.around(caller, operation.backend, operation.name)
        inner = BatchedSource(
            self._endpoint(operation),
            caller,
            key_of=attrgetter(operation.settings.key or OPERATIONS[operation.name] or "id"),
            grouped=grouped,
            clock=self.clock,
            linger=backend.gather,
            in_flight=backend.calls_per_identity,
            least_patience=guard.timeout,
            busy=lambda: guard.bulkhead.full,
        )
        asked = operation.settings.model_dump_json(exclude=_TIMES) + (operation.adapter or "")
        return self.cache.over(
            inner,
            operation.name,
            operation.record,
            grouped=grouped,
            freshness=operation.settings,
            tenant=self._tenant,
            configuration="\n".join((operation.mapping.model_dump_json(), asked, self._accounts[operation.backend])),
        )

    def _endpoint(self, operation: Connected) -> Endpoint[Any]:
        connector = self.connectors[operation.backend]
        settings = operation.settings
        if isinstance(connector, RestConnector) and isinstance(settings, RestOperation):
            return connector.endpoint(operation.name, settings, operation.record, operation.mapping)
        reader = compile_reader(
            operation.record, operation.mapping, backend=operation.backend, operation=operation.name
        )
        if isinstance(connector, SoapConnector) and isinstance(settings, SoapOperation):
            return connector.endpoint(operation.name, settings, reader)
        if isinstance(connector, PythonConnector) and isinstance(settings, PythonOperation):
            assert operation.adapter is not None
            return connector.endpoint(operation.name, operation.adapter, settings, reader)
        raise TypeError(f"{operation.name} does not fit the kind of its backend")

    def contracts(self) -> dict[str, WsdlState]:
        """Where loading the service description of each SOAP backend stands."""
        return {
            name: connector.wsdl_state
            for name, connector in self.connectors.items()
            if isinstance(connector, SoapConnector)
        }

    async def open(self) -> None:
        """Open the connectors. None of them needs a live backend."""
        if self._owns_cache:
            await self.cache.open()
        await all_of(connector.open() for connector in self.connectors.values())

    async def close(self) -> None:
        """End the calls under way and close every connection."""
        await asyncio.gather(*(source.close() for source in self.sources.values()))
        await asyncio.gather(*(connector.close() for connector in self.connectors.values()))
        if self._owns_cache:
            await self.cache.close()


async def all_of(steps: Iterable[Awaitable[None]]) -> None:
    """Take these steps side by side, and wait for all, also when one fails. Raises the first failure."""
    for outcome in await asyncio.gather(*steps, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
