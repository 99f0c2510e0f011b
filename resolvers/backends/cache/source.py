"""The cache in front of a source: what is fresh is answered at once, what is stale while a new answer is fetched."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, Literal, Protocol

from resolvers.backends.cache.entries import Codec, Entry, Listing, Naming
from resolvers.backends.cache.invalidation import Invalidations
from resolvers.backends.cache.settings import Freshness
from resolvers.backends.cache.stores import EntryOrMiss, Store
from resolvers.backends.ports import Args, Endpoint, Fetched, Forwarded, Jitter
from resolvers.backends.source import BatchedSource, page_key
from resolvers.backends.trips import Known, Told
from resolvers.context import Context
from resolvers.errors import BackendError, BackendRejected
from resolvers.ownership import shown_to

Outcome = Literal["hit", "miss", "stale", "absent"]
BACKGROUND_PATIENCE: Final = 30.0
"""How long fetching in the background may take, in seconds: nobody waits for it."""
_NOTE: Final = 120
"""Bytes that a name and its version take in a note of what was found, besides the characters of the name."""
REVALIDATED: Final = 3600.0
"""How many seconds longer an entry with an ETag is kept: being asked about costs less than being fetched."""


class CacheObserver(Protocol):
    """Who counts what the cache does."""

    def looked_up(self, operation: str, outcome: Outcome, count: int) -> None: ...
    def store_failed(self, action: str) -> None:
        """The store did without: `get`, `set`, `decode`, `overflow`, `invalidate` or `listen` did not work."""
        ...


class _Asked:
    """One look-up: what is asked for, on whose behalf, and under which names the answers are.

    `replaces` says that older entries may stand under these names.
    """

    __slots__ = ("args", "context", "forwarded", "keys", "names", "replaces")

    def __init__(
        self,
        keys: Sequence[str],
        names: Sequence[str],
        args: Args,
        forwarded: Forwarded,
        context: Context,
        replaces: bool = True,
    ) -> None:
        self.keys = keys
        self.names = names
        self.args = args
        self.forwarded = forwarded
        self.context = context
        self.replaces = replaces

    def part(self, indices: Sequence[int], context: Context, *, replaces: bool = True) -> _Asked:
        keys, names = [self.keys[index] for index in indices], [self.names[index] for index in indices]
        return _Asked(keys, names, self.args, self.forwarded, context, replaces)


class _Found:
    """`Found` (resolvers/basis.py): one look-up that the cache answered."""

    __slots__ = ("_absent", "_names", "_oldest", "_source", "_versions", "until")

    def __init__(
        self,
        source: CachedSource,
        names: Sequence[str],
        versions: Sequence[int],
        entries: Sequence[Entry[Any]],
        absent: int,
    ) -> None:
        self._source = source
        self._names = names
        self._versions = versions
        self._oldest = min([entry.stored_at for entry in entries])
        self._absent = absent
        self.until = min([entry.fresh_until for entry in entries])

    @property
    def weight(self) -> int:
        return sum(map(len, self._names)) + _NOTE * len(self._names)

    def stands(self, now: float) -> bool:
        return now < self.until and self._source.holds(self._names, self._versions, self._oldest)

    def served(self) -> None:
        self._source.count(self._absent, len(self._names))


class CachedSource:
    """`Source` (operation.py) with a memory.

    An entry is fresh for its TTL (less jitter), then for `stale` seconds it serves while it is fetched anew in the
    background, and for `stale_if_error` seconds it serves when fetching fails. Every stale answer is noted in the
    context. A caller that asks for fresh data (`context.fresh`) reads nothing from the cache but renews it.

    `secluded` is the type of records that have owners and are asked for by ids of the caller's choice. Then a caller
    limited to a customer has entries of its own, in which another's record is an absence: what others have read does
    not show in its answers, nor in their age, nor in whether there are any while the backend is down.

    What the backend says about keeping an answer can shorten its TTL, never lengthen it. An answer with an ETag is
    asked about where the backend is asked key by key, and serves again when it was not modified.
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
        secluded: type | None = None,
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
        self._secluded = secluded
        listed = self.endpoint.operation.endswith(".list")
        self._load = inner.load_pages if listed else inner.load
        self._sendable: Callable[[Sequence[str]], Sequence[str]] = (lambda pages: pages) if listed else inner.sendable
        self._revalidates = not listed and self.endpoint.max_batch == 1
        self._serves = freshness.ttl + max(freshness.stale, freshness.stale_if_error)
        """Seconds for which an entry may serve at most, without being asked about."""
        self._background: set[asyncio.Task[None]] = set()
        self._renewing: set[str] = set()

    @property
    def longest(self) -> float:
        """For how many seconds an entry is held at most."""
        return self._serves + (REVALIDATED if self._revalidates else 0.0)

    async def answers(self, keys: Sequence[str], args: Args, forwarded: Forwarded, context: Context) -> list[Any]:
        principal = context.principal
        customer = None if self._secluded is None else principal.customer
        prefix = self._naming.prefix(args, forwarded, principal.tenant, customer)
        names = self._naming.names(prefix, keys)
        if context.fresh:
            return await self._fetch(_Asked(keys, names, args, forwarded, context), {}, {})
        found = await self._store.get(names, self._codec)
        now, newest = context.clock.time(), self._invalidations.newest_about(self.endpoint.operation)
        values = [
            entry.value for entry in found if entry is not None and entry.fresh_until > now and entry.stored_at > newest
        ]
        if len(values) != len(keys):
            return await self._complete(_Asked(keys, names, args, forwarded, context), found, now, newest)
        absent = values.count(None)
        self.count(absent, len(values))
        if context.lifetime is not None:
            context.keep_for(min([entry.fresh_until for entry in found if entry is not None], default=now) - now)
        if context.basis is not None and (versions := self._store.versions(names)) is not None:
            entries = [entry for entry in found if entry is not None]
            context.basis.found.append(_Found(self, names, versions, entries, absent))
        return values

    def holds(self, names: Sequence[str], versions: Sequence[int], stored_at: float) -> bool:
        """Whether entries of these versions, the oldest of them stored then, would serve under these names."""
        if stored_at <= self._invalidations.newest_about(self.endpoint.operation):
            return False
        return self._store.versions(names) == versions

    async def listing(
        self, first: int, after: str | None, args: Args, forwarded: Forwarded, context: Context
    ) -> Fetched[Any]:
        """One page of a list. Pages are remembered whole, and only when every record of them could be read."""
        answer = (await self.answers([page_key(first, after)], args, forwarded, context))[0]
        if isinstance(answer, Listing):
            return Fetched(
                records=answer.records, total=answer.total, positions=answer.positions, has_next=answer.has_next
            )
        if isinstance(answer, Exception):
            raise answer
        fetched: Fetched[Any] = answer
        return fetched

    async def _complete(self, asked: _Asked, found: Sequence[EntryOrMiss], now: float, newest: float) -> list[Any]:
        """The answers when not all entries are there and fresh."""
        keys, context = asked.keys, asked.context
        covers, operation = self._invalidations.covers, self.endpoint.operation
        stale_for = self._freshness.stale
        answers: list[Any] = [None] * len(keys)
        missing: list[int] = []
        renew: list[int] = []
        expired: dict[str, Entry[Any]] = {}
        known: dict[str, Known] = {}
        absent = 0
        for index, entry in enumerate(found):
            key = keys[index]
            if entry is None:
                missing.append(index)
                continue
            covered = entry.stored_at <= newest and covers(operation, key, entry.value, entry.stored_at)
            if not covered and now < entry.fresh_until:
                answers[index] = entry.value
                absent += entry.value is None
                context.keep_for(entry.fresh_until - now)
                continue
            if self._revalidates and entry.etag is not None:
                known[key] = Known(entry.etag, entry.value)
            if not covered and not entry.firm and entry.value is not None and now < entry.fresh_until + stale_for:
                answers[index] = entry.value
                renew.append(index)
            else:
                missing.append(index)
                if not covered and not entry.firm:
                    expired[key] = entry
        self.count(absent, len(keys) - len(missing) - len(renew), len(renew), len(missing))
        if renew:
            oldest = min(entry.stored_at for index in renew if (entry := found[index]) is not None)
            context.served_stale(self.endpoint.backend, operation, max(0.0, now - oldest), "revalidating")
            self._renew(asked, renew, known)
        if missing:
            replaces = any(found[index] is not None for index in missing)
            fetched = await self._fetch(asked.part(missing, context, replaces=replaces), expired, known)
            for index, answer in zip(missing, fetched, strict=True):
                answers[index] = answer
        return answers

    def count(self, absent: int, served: int, stale: int = 0, missed: int = 0) -> None:
        """Tell how many keys were answered how; those that are `absent` are among the `served`."""
        if self._observer is None:
            return
        outcomes: tuple[tuple[Outcome, int], ...] = (
            ("hit", served - absent),
            ("absent", absent),
            ("stale", stale),
            ("miss", missed),
        )
        for outcome, count in outcomes:
            if count:
                self._observer.looked_up(self.endpoint.operation, outcome, count)

    async def _fetch(self, asked: _Asked, expired: Mapping[str, Entry[Any]], known: Mapping[str, Known]) -> list[Any]:
        keys = asked.keys
        sendable = self._sendable(keys)
        if not sendable:
            return [None] * len(keys)
        # A call that left before the latest invalidation may bring what that invalidation is about.
        since = self._invalidations.newest_about(self.endpoint.operation)
        loaded = await self._load(sendable, asked.args, asked.forwarded, asked.context, since=since, known=known)
        answers = list(map(loaded.found.get, keys))
        customer = asked.context.principal.customer
        told = loaded.told
        if self._secluded is not None and customer is not None:
            answers = [shown_to(customer, answer, self._secluded, own_key=False) for answer in answers]
            # What the backend says of another's record would tell it from one that does not exist.
            told = {key: told[key] for key, answer in zip(keys, answers, strict=True) if answer and key in told}
        unsent = frozenset(keys).difference(sendable) if len(sendable) < len(keys) else ()
        self._keep(asked, answers, loaded.sent_at, told, unsent)
        if expired:
            self._serve_expired(keys, answers, expired, asked.context)
        return answers

    def _serve_expired(
        self, keys: Sequence[str], answers: list[Any], expired: Mapping[str, Entry[Any]], context: Context
    ) -> None:
        """Put what is old, but not too old, in the place of failures that are not the backend's word on the key."""
        now = context.clock.time()
        oldest: float | None = None
        for index, answer in enumerate(answers):
            if not isinstance(answer, BackendError) or isinstance(answer, BackendRejected):
                continue
            entry = expired.get(keys[index])
            if entry is None or entry.value is None or now >= entry.fresh_until + self._freshness.stale_if_error:
                continue
            answers[index] = entry.value
            oldest = entry.stored_at if oldest is None else min(oldest, entry.stored_at)
        if oldest is not None:
            context.served_stale(self.endpoint.backend, self.endpoint.operation, max(0.0, now - oldest), "error")

    def _keep(
        self,
        asked: _Asked,
        answers: Sequence[Any],
        sent_at: float,
        told: Mapping[str, Told],
        unsent: Collection[str],
    ) -> None:
        """Remember what was answered. An entry counts from when its call left, so that an invalidation that arrives
        while the call is under way covers it. Of the `unsent` keys nothing is known."""
        freshness, context = self._freshness, asked.context
        shortened = 1 - self._jitter_share * self._jitter()
        entries: dict[float, dict[str, Entry[Any]]] = {}
        gone: list[str] = []
        lifetime = 0.0
        for key, name, answer in zip(asked.keys, asked.names, answers, strict=True):
            value = _kept_form(answer)
            if value is _NOTHING or key in unsent:
                continue
            ttl = (freshness.absent_ttl if value is None else freshness.ttl) * shortened
            hold = freshness.absent_ttl if value is None else self._serves
            entry = Entry(sent_at, sent_at + ttl, value)
            said = told.get(key)
            if said is not None:
                hold = self._obey(entry, said, ttl, hold)
            lifetime = max(lifetime, entry.fresh_until)
            context.keep_for(entry.fresh_until - context.clock.time())
            if hold > 0:
                entries.setdefault(hold, {})[name] = entry
            else:
                gone.append(name)
        if not lifetime:
            context.keep_for(0.0)
        for hold, kept in entries.items():
            self._store.put(kept, hold, self._codec)
        if gone and asked.replaces:
            # What the backend has no more, or wants kept no longer, must not come back when it fails.
            self._store.drop(gone, sent_at)

    def _obey(self, entry: Entry[Any], said: Told, ttl: float, hold: float) -> float:
        """Shorten the entry's life to what the backend allows; returns for how long to hold it, 0 for not at all."""
        if self._revalidates and said.etag is not None and entry.value is not None:
            entry.etag = said.etag
            hold += REVALIDATED
        if said.max_age is None:
            return hold
        entry.fresh_until = entry.stored_at + min(ttl, said.max_age)
        if said.max_age > 0:
            return hold
        # It may be kept, but each use has to be asked about; without an ETag there is nothing to ask with.
        entry.firm = True
        return hold if entry.etag is not None else 0.0

    def _renew(self, asked: _Asked, indices: Sequence[int], known: Mapping[str, Known]) -> None:
        """Fetch anew in the background what is not being fetched already."""
        wanted = [index for index in indices if asked.names[index] not in self._renewing]
        if not wanted:
            return
        context = asked.context
        behind = Context(
            context.backends,
            context.clock,
            principal=context.principal,
            deadline=context.clock.monotonic() + BACKGROUND_PATIENCE,
            correlation_id=context.correlation_id,
            record_call=context.record_call,
        )
        part = asked.part(wanted, behind)
        self._renewing.update(part.names)

        async def renew() -> None:
            try:
                await self._fetch(part, {}, known)
            finally:
                self._renewing.difference_update(part.names)

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


_NOTHING: Final = object()


def _kept_form(answer: Any) -> Any:
    """An answer as it is remembered, None for an absence; `_NOTHING` for what is not to be remembered."""
    if isinstance(answer, list):
        return _NOTHING if any(isinstance(record, Exception) for record in answer) else tuple(answer)
    if isinstance(answer, Fetched):
        if any(isinstance(record, Exception) for record in answer.records):
            return _NOTHING
        positions = None if answer.positions is None else tuple(answer.positions)
        return Listing(tuple(answer.records), answer.total, positions, answer.has_next)
    return _NOTHING if isinstance(answer, Exception) else answer
