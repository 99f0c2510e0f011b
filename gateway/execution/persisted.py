"""From `[documents]` to the documents that are found by id, with everything that is wrong told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.execution.documents import Documents
from gateway.execution.settings import DocumentsSettings
from gateway.execution.trusted import DocumentStore, MemoryStore, PersistedDocuments, read_manifest
from resolvers.backends.ports import Clock

if TYPE_CHECKING:
    from redis.asyncio import Redis


def persisted_documents(
    settings: DocumentsSettings, documents: Documents, clock: Clock, redis: Redis | None = None
) -> PersistedDocuments:
    """What these settings describe. `redis` is needed for a shared store and stays the caller's.

    Raises ValueError with one line per problem: a manifest that cannot be read, and each of its documents that the
    schema or the limits refuse, by its id.
    """
    trusted: dict[str, str] = {}
    if settings.manifest is not None:
        try:
            trusted = read_manifest(settings.manifest.read_bytes())
        except (OSError, ValueError) as error:
            raise ValueError(f"documents.manifest: {settings.manifest}: {error}") from error
    persisted = PersistedDocuments(
        documents,
        trusted=trusted,
        store=_store(settings, clock, redis),
        mode=settings.mode,
        issuers=settings.issuers,
    )
    broken = persisted.broken()
    if broken:
        raise ValueError(
            "\n".join(
                f"documents.manifest: {name}: {document.errors[0]['message']}" for name, document in broken.items()
            )
        )
    return persisted


def _store(settings: DocumentsSettings, clock: Clock, redis: Redis | None) -> DocumentStore:
    if settings.store == "memory":
        return MemoryStore(entries=settings.entries)
    if redis is None:
        raise ValueError('documents.store: "redis" needs an address of Redis (cache.redis_url)')
    # Importing the client of Redis costs more than starting without one.
    from gateway.execution.shared_documents import SharedDocuments  # noqa: PLC0415

    return SharedDocuments(redis, clock, ttl=settings.ttl, timeout=settings.redis_timeout)
