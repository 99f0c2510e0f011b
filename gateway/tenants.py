"""Tenants: the claim of a token decides which backends answer it.

Each tenant has connections of its own: endpoints, credentials, batches, guards and names in the cache. Nothing but the
cache's memory and its Redis is shared, and there a tenant's entries stand under its own name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from gateway.settings import Settings
from resolvers.backends.cache.build import Cache
from resolvers.backends.connect import CallTracer, Connections, Watcher, all_of
from resolvers.backends.ports import Clock
from resolvers.backends.resilience import Guard
from resolvers.backends.resilience.guard import Sleep
from resolvers.backends.settings import BackendsSettings
from resolvers.backends.soap.description.loader import WsdlState
from resolvers.errors import Forbidden
from resolvers.principal import Principal


class Tenants:
    """The connections of one gateway, for every tenant that the configuration names.

    Without any there is one set for everybody. Guards and contracts are told by `tenant/backend`. Raises MissingSecrets
    and AdapterError when made without what the configuration names.
    """

    def __init__(
        self,
        settings: Settings,
        environment: Mapping[str, str],
        *,
        clock: Clock,
        sleep: Sleep = asyncio.sleep,
        watcher: Watcher | None = None,
        tracer: CallTracer | None = None,
    ) -> None:
        named = settings.of_tenants
        # With tenants nobody is answered from the tables that theirs are laid over, so those need no secrets.
        common = BackendsSettings(cache=settings.data.cache) if named else settings.data
        longest = settings.server.deadline
        self.common = Connections(
            common, environment, clock=clock, sleep=sleep, watcher=watcher, tracer=tracer, longest=longest
        )
        self._of = {
            name: Connections(
                data,
                environment,
                clock=clock,
                sleep=sleep,
                watcher=watcher,
                tracer=tracer,
                cache=self.common.cache,
                tenant=name,
                longest=longest,
            )
            for name, data in named.items()
        }
        self._issuers = {name: frozenset(settings.tenants[name].issuers) for name in named}
        self.clock = clock

    def of(self, principal: Principal) -> Connections:
        """What answers this caller; nothing is connected for a caller without a token, where there are tenants.

        Raises Forbidden for a token that names no tenant, one that is not known, or one that its issuer may not name.
        """
        if not self._of or not principal.authenticated:
            return self.common
        name = principal.tenant
        connections = None if name is None else self._of.get(name)
        if name is None or connections is None or (self._issuers[name] and principal.issuer not in self._issuers[name]):
            raise Forbidden("The token names no tenant that is known here.")
        return connections

    @property
    def cache(self) -> Cache:
        return self.common.cache

    @property
    def guards(self) -> dict[str, Guard]:
        """What stands before each backend."""
        found = dict(self.common.guards)
        for tenant, connections in self._of.items():
            found |= {f"{tenant}/{name}": guard for name, guard in connections.guards.items()}
        return found

    def contracts(self) -> dict[str, WsdlState]:
        """Where loading the service description of each SOAP backend stands."""
        found = self.common.contracts()
        for tenant, connections in self._of.items():
            found |= {f"{tenant}/{name}": state for name, state in connections.contracts().items()}
        return found

    async def open(self) -> None:
        await self.common.open()
        await all_of(connections.open() for connections in self._of.values())

    async def close(self) -> None:
        await asyncio.gather(*(connections.close() for connections in self._of.values()))
        await self.common.close()
