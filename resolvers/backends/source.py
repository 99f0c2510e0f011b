"""A source: one endpoint with the batches and the resilience around it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from msgspec.structs import replace

from resolvers.backends.batching import Batcher
from resolvers.backends.ports import Args, Call, Clock, Endpoint, Fetched, Forwarded
from resolvers.backends.recorded import call_record
from resolvers.backends.trips import Known, Loaded, Patience, Told, Trip
from resolvers.context import Context
from resolvers.errors import IDENTIFYING, BackendContract, Remains
from resolvers.records import Product


class Caller(Protocol):
    """What makes a call safe: deadline, bulkhead, breaker and retries around single attempts."""

    async def call(
        self, attempt: Callable[[Call], Awaitable[Fetched[Any]]], call: Call, patience: Patience
    ) -> Fetched[Any]:
        """The answer of an attempt. Raises BackendError when none succeeded before the deadline."""
        ...


class BatchedSource:
    """`Source` (operation.py) over one endpoint; what is cached lies in front of it.

    `key_of` reads from a record the key that it was asked by; `grouped` says whether a key may have several records.
    The page of a list is loaded like a key, so that callers who want the same one share a call. A call is given
    `least_patience` seconds at least: a caller who waits for less leaves without it.
    """

    def __init__(
        self,
        endpoint: Endpoint[Any],
        caller: Caller,
        *,
        key_of: Callable[[Any], str | None],
        grouped: bool,
        clock: Clock,
        linger: float = 0.01,
        in_flight: int = 1,
        least_patience: float = 0.0,
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        self.endpoint = endpoint
        self.sendable = endpoint.sendable
        self._caller = caller
        self._key_of = key_of
        self._grouped = grouped

        def batcher(fetch: Callable[..., Awaitable[dict[str, Any]]], most: int) -> Batcher:
            return Batcher(
                fetch,
                backend=endpoint.backend,
                operation=endpoint.operation,
                most=most,
                in_flight=in_flight,
                linger=linger,
                least_patience=least_patience,
                busy=busy,
                clock=clock,
            )

        self._records = batcher(self._fetch, endpoint.max_batch)
        self._pages = batcher(self._fetch_page, 1)

    async def answers(self, keys: Sequence[str], args: Args, forwarded: Forwarded, context: Context) -> list[Any]:
        context.keep_for(0.0)
        sendable = self.sendable(keys)
        if not sendable:
            return [None] * len(keys)
        loaded = await self.load(sendable, args, forwarded, context)
        return list(map(loaded.found.get, keys))

    async def listing(
        self, first: int, after: str | None, args: Args, forwarded: Forwarded, context: Context
    ) -> Fetched[Any]:
        context.keep_for(0.0)
        page = page_key(first, after)
        loaded = await self.load_pages([page], args, forwarded, context)
        answer: Fetched[Any] | Exception = loaded.found[page]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def load(
        self,
        keys: Sequence[str],
        args: Args,
        forwarded: Forwarded,
        context: Context,
        *,
        since: float = float("-inf"),
        known: Mapping[str, Known] | None = None,
    ) -> Loaded:
        """What the backend has for distinct keys that are all sendable, and what it says about keeping it.

        Calls that left at `since` (seconds of the epoch) or before are not joined; a caller who asks for fresh data
        joins none that is under way. What is `known` serves again where the backend says that it was not modified.
        """
        since = context.clock.time() if context.fresh else since
        loaded = await self._records.load(
            keys, args, forwarded, context.deadline, since=since, known=known, hints=context.hints
        )
        self._note(keys, loaded, context)
        return loaded

    async def load_pages(
        self,
        pages: Sequence[str],
        args: Args,
        forwarded: Forwarded,
        context: Context,
        *,
        since: float = float("-inf"),
        known: Mapping[str, Known] | None = None,
    ) -> Loaded:
        """The same for pages of a list, by `page_key`: each answer is a Fetched."""
        since = context.clock.time() if context.fresh else since
        loaded = await self._pages.load(pages, args, forwarded, context.deadline, since=since, hints=context.hints)
        self._note(pages, loaded, context)
        return loaded

    def _note(self, keys: Sequence[str], loaded: Loaded, context: Context) -> None:
        context.journal.calls += len(loaded.trips)
        if context.record_call is not None:
            for trip in loaded.trips:
                context.record_call(call_record(self.endpoint, trip, keys, loaded.found, context.clock.time()))

    async def _fetch(self, keys: tuple[str, ...], args: Args, forwarded: Forwarded, trip: Trip) -> dict[str, Any]:
        known = trip.known.get(keys[0]) if len(keys) == 1 else None
        etag = None if known is None else known.etag
        call = Call(keys=keys, args=args, forwarded=forwarded, hints=trip.hints, if_none_match=etag)
        fetched = await self._caller.call(self.endpoint.attempt, call, trip)
        etag = fetched.etag if len(keys) == 1 else None
        if fetched.not_modified and known is not None:
            trip.told[keys[0]] = Told(fetched.max_age, etag or known.etag)
            return {keys[0]: known.value}
        if etag is not None or fetched.max_age is not None:
            trip.told.update(dict.fromkeys(keys, Told(fetched.max_age, etag)))
        return self._by_key(keys, fetched.records, trip.attempts)

    async def _fetch_page(self, keys: tuple[str, ...], args: Args, forwarded: Forwarded, trip: Trip) -> dict[str, Any]:
        first, _, after = keys[0].partition(":")
        call = Call(args=args, forwarded=forwarded, hints=trip.hints, first=int(first), after=after or None)
        fetched = await self._caller.call(self.endpoint.attempt, call, trip)
        if fetched.max_age is not None:
            trip.told[keys[0]] = Told(fetched.max_age, None)
        for record in fetched.records:
            if isinstance(record, BackendContract):
                record.details.setdefault("attempts", trip.attempts)
        return {keys[0]: fetched}

    def _by_key(self, keys: tuple[str, ...], records: Sequence[Any], attempts: int) -> dict[str, Any]:
        key_of = self._key_of
        found: dict[str, Any] = {}
        unplaced: list[BackendContract] = []
        for record in records:
            if isinstance(record, BackendContract):
                record.details.setdefault("attempts", attempts)
                key = None if record.remains is None else key_of(record.remains)
                if key is None:
                    unplaced.append(record)
                    continue
            else:
                key = key_of(record)
                if key is None and len(keys) == 1:
                    # Asked for one key, the backend need not repeat it in every record.
                    key = keys[0]
                if key is None:
                    unplaced.append(self._without_key(record))
                    continue
            if key not in found:
                found[key] = [record] if self._grouped else record
            elif self._grouped:
                found[key].append(record)
            else:
                found[key] = self._one(key, found[key], record)
        if unplaced and self._grouped:
            # Nobody knows which key's they are: one that came without an answer may have had them, else any.
            lacking = [key for key in keys if key not in found] or keys
            for key in lacking:
                found[key] = [*found.get(key, ()), *(unplaced if len(keys) == 1 else unplaced[:1])]
        elif unplaced:
            for key in keys:
                found.setdefault(key, unplaced[0])
        return found

    def _one(self, key: str, before: Any, record: Any) -> Any:
        """What is answered for a key that came twice: nobody can tell which of two different records is right."""
        if isinstance(before, BackendContract):
            return before
        if isinstance(record, BackendContract) or record == before:
            return record
        if isinstance(before, Product) and replace(before, stock=record.stock) == record:
            # Systems that keep stock give a row for each warehouse.
            return replace(before, stock=before.stock + record.stock)
        error = BackendContract(
            f"{self.endpoint.backend} gives different records for {key}",
            backend=self.endpoint.backend,
            operation=self.endpoint.operation,
            cause="duplicate",
            record=key,
        )
        agreed = {name: getattr(record, name, None) for name in IDENTIFYING}
        error.remains = Remains(
            **{name: value for name, value in agreed.items() if value and value == getattr(before, name, None)}
        )
        return error

    def _without_key(self, record: Any) -> BackendContract:
        return BackendContract(
            f"a record of {self.endpoint.operation} does not tell what it was asked by",
            backend=self.endpoint.backend,
            operation=self.endpoint.operation,
            cause="no key",
        )

    async def close(self) -> None:
        """End the calls under way."""
        await self._records.close()
        await self._pages.close()


def page_key(first: int, after: str | None) -> str:
    """The key that stands for a page: how many records, after which position."""
    return f"{first}:{after or ''}"
