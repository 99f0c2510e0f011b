"""What one request did, call by call, for somebody who looks; nothing is made where nobody does.

A look-up of keys gives one record per call that it waited for, and one for what the cache answered.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from resolvers.backends.operation import Source
from resolvers.backends.ports import Args, Endpoint, Fetched, Forwarded
from resolvers.backends.trips import Trip
from resolvers.context import Context
from resolvers.errors import BackendError

Outcome = Literal["hit", "absent", "stale", "miss", "error"]


class CallRecord(Struct, frozen=True, kw_only=True):
    """One call to a backend (`miss`, or `error` with its `code`), or what the cache gave for one look-up.

    `started` is in seconds of the epoch. A call may have left before the request joined it, and may be under way still
    when the request's time is up; `seconds` ends then. `keys` are those of the whole call, `wanted` those of this
    request, and `shared` counts the look-ups that wait for it. Pages of lists count as one key.
    """

    backend: str
    operation: str
    outcome: Outcome
    started: float
    seconds: float
    keys: int
    wanted: int
    shared: int = 1
    attempts: int = 0
    code: str | None = None


def call_record(
    endpoint: Endpoint[Any], trip: Trip, keys: Sequence[str], found: Mapping[str, Any], now: float
) -> CallRecord:
    """The record of one call, for a request that asked for these keys. It is an error when all of them are."""
    wanted = [key for key in keys if key in trip.keys]
    errors = [answer.code for key in wanted if isinstance(answer := found.get(key), BackendError)]
    failed = bool(wanted) and len(errors) == len(wanted)
    started = min(trip.sent_at, now)
    return CallRecord(
        backend=endpoint.backend,
        operation=endpoint.operation,
        outcome="error" if failed else "miss",
        started=started,
        seconds=max(0.0, min(trip.back_at, now) - started),
        keys=len(trip.keys),
        wanted=len(wanted),
        shared=len(trip.waiters),
        attempts=trip.attempts,
        code=errors[0] if failed else None,
    )


class RecordedSource:
    """`Source` (operation.py) that also tells what the cache answered, for requests that somebody looks at."""

    def __init__(self, inner: Source) -> None:
        self.endpoint = inner.endpoint
        self._inner = inner

    def answers(
        self, keys: Sequence[str], args: Args, forwarded: Forwarded, context: Context
    ) -> Coroutine[Any, Any, list[Any]]:
        if context.record_call is None:
            return self._inner.answers(keys, args, forwarded, context)
        return self._answers(keys, args, forwarded, context)

    def listing(
        self, first: int, after: str | None, args: Args, forwarded: Forwarded, context: Context
    ) -> Coroutine[Any, Any, Fetched[Any]]:
        if context.record_call is None:
            return self._inner.listing(first, after, args, forwarded, context)
        return self._listing(first, after, args, forwarded, context)

    async def _answers(self, keys: Sequence[str], args: Args, forwarded: Forwarded, context: Context) -> list[Any]:
        look = _Look(self.endpoint, context)
        answers = await self._inner.answers(keys, args, forwarded, look.context)
        nothing = all(answer is None for answer in answers)
        look.over(len(self.endpoint.sendable(keys)), "absent" if nothing else "hit")
        return answers

    async def _listing(
        self, first: int, after: str | None, args: Args, forwarded: Forwarded, context: Context
    ) -> Fetched[Any]:
        look = _Look(self.endpoint, context)
        page = await self._inner.listing(first, after, args, forwarded, look.context)
        look.over(1, "hit")
        return page


class _Look:
    """One look-up: what of it was asked of the backend is known from the calls, and the rest came from the cache."""

    def __init__(self, endpoint: Endpoint[Any], context: Context) -> None:
        self._endpoint = endpoint
        self._outer = context
        self._started = context.clock.time()
        self._stale = len(context.stale)
        self._asked = 0
        self.context = context.recording(self._call)

    def _call(self, record: CallRecord) -> None:
        self._asked += record.wanted
        if self._outer.record_call is not None:
            self._outer.record_call(record)

    def over(self, keys: int, fresh: Outcome) -> None:
        """Tell what the cache gave."""
        served = keys - self._asked
        if served <= 0 or self._outer.record_call is None:
            return
        operation = self._endpoint.operation
        old = any(stale.operation == operation for stale in self._outer.stale[self._stale :])
        self._outer.record_call(
            CallRecord(
                backend=self._endpoint.backend,
                operation=operation,
                outcome="stale" if old else fresh,
                started=self._started,
                seconds=max(0.0, self._outer.clock.time() - self._started) if not self._asked else 0.0,
                keys=served,
                wanted=served,
            )
        )
