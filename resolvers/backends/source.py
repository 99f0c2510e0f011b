"""A source: one endpoint with the batches and the resilience around it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from resolvers.backends.batching import Batcher, Patience
from resolvers.backends.ports import Args, Call, Endpoint, Fetched, Forwarded
from resolvers.context import Context
from resolvers.errors import BackendContract


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
    """

    def __init__(
        self,
        endpoint: Endpoint[Any],
        caller: Caller,
        *,
        key_of: Callable[[Any], str | None],
        grouped: bool,
        linger: float = 0.01,
        in_flight: int = 1,
    ) -> None:
        self.endpoint = endpoint
        self._caller = caller
        self._key_of = key_of
        self._grouped = grouped
        self._sendable = endpoint.sendable
        self._batcher = Batcher(
            self._fetch,
            backend=endpoint.backend,
            operation=endpoint.operation,
            most=endpoint.max_batch,
            in_flight=in_flight,
            linger=linger,
        )

    async def answers(self, keys: Sequence[str], args: Args, forwarded: Forwarded, context: Context) -> list[Any]:
        sendable = [key for key in keys if self._sendable(key)]
        if not sendable:
            return [None] * len(keys)
        now = context.clock.monotonic()
        found = await self._batcher.load(sendable, args, forwarded, context.deadline, now)
        get = found.get
        return [get(key) for key in keys]

    async def listing(
        self, first: int, after: str | None, args: Args, forwarded: Forwarded, context: Context
    ) -> Fetched[Any]:
        call = Call(args=args, forwarded=forwarded, first=first, after=after)
        return await self._caller.call(self.endpoint.attempt, call, Patience(context.deadline))

    async def _fetch(
        self, keys: tuple[str, ...], args: Args, forwarded: Forwarded, patience: Patience
    ) -> dict[str, Any]:
        call = Call(keys=keys, args=args, forwarded=forwarded)
        fetched = await self._caller.call(self.endpoint.attempt, call, patience)
        return self._by_key(keys, fetched.records)

    def _by_key(self, keys: tuple[str, ...], records: Sequence[Any]) -> dict[str, Any]:
        key_of = self._key_of
        found: dict[str, Any] = {}
        unplaced: list[BackendContract] = []
        for record in records:
            if isinstance(record, BackendContract):
                key = record.details.get("key")
                if not isinstance(key, str):
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
            if not self._grouped:
                found[key] = record
            elif key in found:
                found[key].append(record)
            else:
                found[key] = [record]
        if unplaced:
            # A record of nobody knows which key's: each key that came without an answer may be the one.
            for key in keys:
                found.setdefault(key, [unplaced[0]] if self._grouped else unplaced[0])
        return found

    def _without_key(self, record: Any) -> BackendContract:
        return BackendContract(
            f"a record of {self.endpoint.operation} does not tell what it was asked by",
            backend=self.endpoint.backend,
            operation=self.endpoint.operation,
            cause="no key",
        )

    async def close(self) -> None:
        """End the calls under way."""
        await self._batcher.close()
