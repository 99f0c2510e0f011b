"""The cache in front of a source: what is fresh is answered at once, what is stale while a new answer is fetched."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

from resolvers.backends.cache.entries import Codec, Entry, Listing, Naming
from resolvers.backends.cache.invalidation import Invalidations
from resolvers.backends.cache.settings import Freshness
from resolvers.backends.cache.stores import Store
from resolvers.backends.ports import Args, Endpoint, Fetched, Forwarded, Jitter
from resolvers.backends.source import BatchedSource
from resolvers.context import Context, Stale
from resolvers.errors import BackendError, BackendRejected

Outcome = Literal["hit", "miss", "stale", "absent"]
BACKGROUND_PATIENCE = 30.0
"""How long fetching in the background may take, in seconds: nobody waits for it."""


class CacheObserver(Protocol):
    """Who counts what the cache does."""

    def looked_up(self, operation: str, outcome: Outcome, count: int) -> None: ...


def _as_fetched(page: Any) -> Fetched[Any]:
    return Fetched(records=page.records, total=page.total, positions=page.positions, has_next=page.has_next)


class CachedSource:
    """`Source` (operation.py) with a memory.

    An entry is fresh for its TTL (less jitter), then for `stale` seconds it serves while it is fetched anew in the
    background, and for `stale_if_error` seconds it serves when fetching fails. Every stale answer is noted in the
    context. A caller that asks for fresh data (`context.fresh`) reads nothing from the cache but renews it.
    """

    def __init__(
        self,
        inner: BatchedSource,
        store: Store,
        *,
        freshness: Freshness,
        naming: Naming,
        codec: Codec,
        invalidations: Invalidations,
        jitter: Jitter,
        jitter_share: float = 0.1,
        observer: CacheObserver | None = None,
    ) -> None:
        self.endpoint: Endpoint[Any] = inner.endpoint
        self._inner = inner
        self._store = store
        self._freshness = freshness
        self._naming = naming
        self._codec = codec
        self._invalidations = invalidations
        self._jitter = jitter
        self._jitter_share = jitter_share
        self._observer = observer
        self._longest = freshness.ttl + max(freshness.stale, freshness.stale_if_error)
        self._background: set[asyncio.Task[None]] = set()
        self._revalidating: set[str] = set()

    async def answers(self, keys: Sequence[str], args: Args, forwarded: Forwarded, context: Context) -> list[Any]:
        prefix = self._naming.prefix(args, forwarded)
        if context.fresh:
            return await self._fetch(keys, prefix, args, forwarded, context, {})
        names = [prefix + key for key in keys]
        found = await self._store.get(names, self._codec)
        now = context.clock.time()
        answers: list[Any] = [None] * len(keys)
        missing: list[int] = []
        expired: dict[str, Entry[Any]] = {}
        revalidate: list[str] = []
        hits = absent = 0
        oldest = 0.0
        stale_for = self._freshness.stale
        watch = bool(self._invalidations)
        for index, entry in enumerate(found):
            if entry is None or (
                watch and self._invalidations.covers(self.endpoint.operation, keys[index], entry.value, entry.stored_at)
            ):
                missing.append(index)
            elif now < entry.fresh_until:
                answers[index] = entry.value
                if entry.value is None:
                    absent += 1
                else:
                    hits += 1
            elif entry.value is not None and now < entry.fresh_until + stale_for:
                answers[index] = entry.value
                revalidate.append(keys[index])
                oldest = max(oldest, now - entry.stored_at)
            else:
                expired[keys[index]] = entry
                missing.append(index)
        if self._observer is not None:
            for outcome, count in (
                ("hit", hits),
                ("absent", absent),
                ("stale", len(revalidate)),
                ("miss", len(missing)),
            ):
                if count:
                    self._observer.looked_up(self.endpoint.operation, outcome, count)  # type: ignore[arg-type] # literals
        if revalidate:
            context.stale.append(Stale(self.endpoint.backend, self.endpoint.operation, oldest, "revalidating"))
            self._revalidate(revalidate, prefix, args, forwarded, context)
        if missing:
            wanted = [keys[index] for index in missing]
            fetched = await self._fetch(wanted, prefix, args, forwarded, context, expired)
            for index, answer in zip(missing, fetched, strict=True):
                answers[index] = answer
        return answers

    async def listing(
        self, first: int, after: str | None, args: Args, forwarded: Forwarded, context: Context
    ) -> Fetched[Any]:
        """One page of a list. Pages are remembered whole, and only when every record of them could be read."""
        prefix = self._naming.prefix(args, forwarded)
        name = f"{prefix}{first}:{after or ''}"
        operation = self.endpoint.operation
        now = context.clock.time()
        entry = None if context.fresh else (await self._store.get([name], self._codec))[0]
        if entry is not None and self._invalidations.covers_list(operation, entry.stored_at):
            entry = None
        fresh = entry is not None and now < entry.fresh_until
        if self._observer is not None:
            self._observer.looked_up(operation, "hit" if fresh else "miss", 1)
        if entry is not None and fresh:
            return _as_fetched(entry.value)
        try:
            fetched = await self._inner.listing(first, after, args, forwarded, context)
        except BackendRejected:
            raise
        except BackendError:
            if entry is None or now >= entry.fresh_until + self._freshness.stale_if_error:
                raise
            context.stale.append(Stale(self.endpoint.backend, operation, now - entry.stored_at, "error"))
            return _as_fetched(entry.value)
        if not any(isinstance(record, Exception) for record in fetched.records):
            positions = None if fetched.positions is None else tuple(fetched.positions)
            page = Listing(tuple(fetched.records), fetched.total, positions, fetched.has_next)
            until = now + self._freshness.ttl * (1 - self._jitter_share * self._jitter())
            await self._store.put({name: Entry(now, until, page)}, self._longest, self._codec)
        return fetched

    async def _fetch(
        self,
        keys: Sequence[str],
        prefix: str,
        args: Args,
        forwarded: Forwarded,
        context: Context,
        expired: Mapping[str, Entry[Any]],
    ) -> list[Any]:
        started = context.clock.time()
        answers = await self._inner.answers(keys, args, forwarded, context)
        await self._keep(keys, answers, prefix, started)
        if expired:
            self._serve_expired(keys, answers, expired, context)
        return answers

    def _serve_expired(
        self, keys: Sequence[str], answers: list[Any], expired: Mapping[str, Entry[Any]], context: Context
    ) -> None:
        """Put what is old, but not too old, in the place of failures that are not the backend's word on the key."""
        now = context.clock.time()
        oldest = 0.0
        for index, answer in enumerate(answers):
            if not isinstance(answer, BackendError) or isinstance(answer, BackendRejected):
                continue
            entry = expired.get(keys[index])
            if entry is None or entry.value is None or now >= entry.fresh_until + self._freshness.stale_if_error:
                continue
            answers[index] = entry.value
            oldest = max(oldest, now - entry.stored_at)
        if oldest:
            context.stale.append(Stale(self.endpoint.backend, self.endpoint.operation, oldest, "error"))

    async def _keep(self, keys: Sequence[str], answers: Sequence[Any], prefix: str, started: float) -> None:
        """Remember what was answered. An entry counts from when it was asked for, so that an invalidation that
        arrives while the call is under way covers it."""
        freshness = self._freshness
        present: dict[str, Entry[Any]] = {}
        absent: dict[str, Entry[Any]] = {}
        shortened = 1 - self._jitter_share * self._jitter()
        for key, answer in zip(keys, answers, strict=True):
            if answer is None:
                absent[prefix + key] = Entry(started, started + freshness.absent_ttl * shortened, None)
            elif isinstance(answer, Exception) or (
                isinstance(answer, list) and any(isinstance(record, Exception) for record in answer)
            ):
                continue
            else:
                value = tuple(answer) if isinstance(answer, list) else answer
                present[prefix + key] = Entry(started, started + freshness.ttl * shortened, value)
        if present:
            await self._store.put(present, self._longest, self._codec)
        if absent and freshness.absent_ttl:
            await self._store.put(absent, freshness.absent_ttl, self._codec)

    def _revalidate(self, keys: list[str], prefix: str, args: Args, forwarded: Forwarded, context: Context) -> None:
        wanted = [key for key in keys if prefix + key not in self._revalidating]
        if not wanted:
            return
        names = {prefix + key for key in wanted}
        self._revalidating |= names
        behind = Context(
            context.backends,
            context.clock,
            principal=context.principal,
            deadline=context.clock.monotonic() + BACKGROUND_PATIENCE,
            correlation_id=context.correlation_id,
        )

        async def renew() -> None:
            try:
                await self._fetch(wanted, prefix, args, forwarded, behind, {})
            finally:
                self._revalidating.difference_update(names)

        task = asyncio.get_running_loop().create_task(renew())
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def close(self) -> None:
        """End what goes on in the background, then the calls under way."""
        tasks = list(self._background)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._inner.close()
