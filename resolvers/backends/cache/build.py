"""From `[cache]` to the stores that operations keep their answers in, and the way by which invalidations travel."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from pydantic import SecretStr

from resolvers.backends.cache.entries import Codec, Naming
from resolvers.backends.cache.invalidation import Invalidations
from resolvers.backends.cache.settings import ADDRESSES, CacheSettings
from resolvers.backends.cache.source import CachedSource, CacheObserver
from resolvers.backends.cache.stores import LayeredStore, MemoryStore, Store
from resolvers.backends.credentials.secrets import Secrets
from resolvers.backends.ports import Clock, Jitter
from resolvers.backends.source import BatchedSource

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from resolvers.backends.cache.channel import InvalidationChannel
    from resolvers.backends.cache.shared import RedisStore

PERSONAL: Final = frozenset({"customers"})
"""The domains whose records hold names and addresses of people."""
SECLUDED: Final = frozenset({"orders.by_ids", "invoices.by_ids"})
"""Operations by which a customer can ask for another's record; the others are asked by its own id, or in its lists."""
AFTERWARDS: Final = 60.0
"""Seconds that invalidations are kept beyond the longest life of an entry."""


class Cache:
    """The stores of one process. `open` and `close` frame its life; `open` needs no live Redis.

    Secrets that are missing are noted in `secrets`, whose `check` tells all of them.
    """

    def __init__(
        self,
        settings: CacheSettings,
        secrets: Secrets,
        *,
        clock: Clock,
        jitter: Jitter,
        observer: CacheObserver | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._jitter = jitter
        self._observer = observer
        self.invalidations = Invalidations(keep=AFTERWARDS)
        url = None if settings.redis_url is None else redis_address(settings.redis_url, secrets)
        self.redis: Redis | None = self._connected(url, secrets) if url else None
        """The client where `redis_url` is given, for whatever else processes share; this cache closes it."""
        self.channel: InvalidationChannel | None = None
        self.shared: RedisStore | None = None
        self.memory: MemoryStore | None = None
        self._salt = os.urandom(16)
        self._everything: Store | None = None
        self._private: Store | None = None
        if settings.store == "off":
            return
        memory = self.memory = MemoryStore(max_entries=settings.max_entries, max_bytes=settings.max_bytes, clock=clock)
        self._everything = self._private = memory
        if settings.store == "redis" and self.redis is not None:
            self._share(url or "", self.redis, memory)

    def _connected(self, url: str, secrets: Secrets) -> Redis | None:
        # Importing the client of Redis costs more than starting without one.
        from resolvers.backends.cache.shared import redis_client  # noqa: PLC0415

        try:
            return redis_client(url, self._settings.redis_timeout)
        except ValueError as error:
            secrets.problems.append(f"cache.redis_url: {error}")
            return None

    def _share(self, url: str, client: Redis, memory: MemoryStore) -> None:
        from resolvers.backends.cache.channel import InvalidationChannel  # noqa: PLC0415
        from resolvers.backends.cache.shared import RedisStore, redis_client  # noqa: PLC0415

        settings = self._settings
        failed: Callable[[str], None] = self._observer.store_failed if self._observer else lambda action: None
        self.shared = RedisStore(client, self._clock, timeout=settings.redis_timeout, failed=failed, hears=self._hears)
        self._everything = LayeredStore(memory, self.shared, settings.front) if settings.front else self.shared
        self._private = memory if settings.personal == "memory" else self._everything
        self.channel = InvalidationChannel(
            self.invalidations,
            client,
            redis_client(url, settings.redis_timeout, connections=1),
            self._clock,
            namespace=settings.namespace,
            skew=settings.clock_skew,
            timeout=settings.redis_timeout,
            failed=failed,
        )

    def _hears(self) -> bool:
        return self.channel is not None and self.channel.listening.is_set()

    def over(
        self,
        inner: BatchedSource,
        operation: str,
        record: type,
        *,
        grouped: bool,
        freshness: Any,
        configuration: str,
        tenant: str | None = None,
    ) -> BatchedSource | CachedSource:
        """The source with its cache, or as it is where nothing is to be kept.

        `configuration` is all that decides what the records of this operation hold; those of a `tenant` are its own.
        """
        store = self._private if operation.partition(".")[0] in PERSONAL else self._everything
        if not freshness.ttl or store is None:
            return inner
        # No namespace holds a slash, so no tenant's names can be those of another gateway.
        namespace = self._settings.namespace if tenant is None else f"{self._settings.namespace}/{tenant}"
        source = CachedSource(
            inner,
            store,
            freshness=freshness,
            naming=Naming(namespace, operation, record, configuration),
            codec=Codec(record, grouped=grouped, listed=operation.endswith(".list")),
            invalidations=self.invalidations,
            jitter=self._jitter,
            jitter_share=self._settings.jitter,
            observer=self._observer,
            secluded=record if operation in SECLUDED else None,
        )
        self.invalidations.keep = max(self.invalidations.keep, source.longest + AFTERWARDS)
        return source

    def fingerprint(self, secrets: Iterable[str]) -> str:
        """What tells the entries of different accounts apart, and tells nobody the credentials."""
        found = "\n".join(secrets).encode()
        if not found:
            return ""
        if self.shared is None:
            return hashlib.blake2b(found, key=self._salt, digest_size=12).hexdigest()
        # Names in Redis are seen by others. Slow on purpose, so that a weak password cannot be guessed from them.
        return hashlib.scrypt(found, salt=b"bizgraph cache", n=2**13, r=8, p=1, dklen=12).hex()

    async def invalidate(self, tags: Iterable[str]) -> None:
        """Forget what carries one of these tags, in all processes.

        Raises BackendUnavailable when the others could not be told.
        """
        if self.channel is not None:
            await self.channel.publish(tags)
        else:
            self.invalidations.add(dict.fromkeys(tags, self._clock.time()))

    async def open(self) -> None:
        if self.channel is not None:
            await self.channel.open()

    async def close(self) -> None:
        if self.channel is not None:
            await self.channel.close()
        for store in (self._everything, self._private):
            if store is not None:
                await store.close()
        if self.redis is not None:
            await self.redis.aclose()


def redis_address(reference: SecretStr, secrets: Secrets) -> str:
    """Where `cache.redis_url` leads. What is missing is noted in `secrets`."""
    text = reference.get_secret_value()
    return text if text.startswith(ADDRESSES) else secrets.read(reference, "cache.redis_url").get_secret_value()
