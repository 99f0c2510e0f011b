"""Batches across requests: a group commit for reads.

Keys that go out in the same request to the backend (same operation, arguments and forwarded identity) share a call,
whoever asked for them. Nothing waits while the operation is idle. While a call of the same identity is under way,
keys gather; they leave when it is back, after `linger` seconds, or as soon as a call can carry no more of them. A key
that is already asked for is not asked again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from resolvers.backends.ports import Args, Clock, Forwarded, Hints
from resolvers.errors import (
    BackendContract,
    BackendError,
    BackendFailed,
    BackendRejected,
    BackendTimeout,
    BackendUnavailable,
    GatewayError,
)

Identity = tuple[Args, Forwarded]
Fetch = Callable[[tuple[str, ...], Args, Forwarded, "Trip"], Awaitable[dict[str, Any]]]
"""Makes one call for these keys. Returns what was found by key; raises GatewayError. Keys not in it are absent."""

ISOLATING = (BackendRejected, BackendFailed, BackendContract)
"""Failures that one key may have caused, so that splitting the batch may save the others."""
_NEVER: Final = float("inf")


class Patience:
    """By when a call is of use: the latest deadline of all who wait for it, in the clock's monotonic seconds.

    `attempts` is how many were made so far, for those who leave before there is an answer.
    """

    __slots__ = ("attempts", "deadline")

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.attempts = 0


class Known(Struct, frozen=True):
    """What an asker holds of a key already: it is still right when the backend says that it was not modified."""

    etag: str
    value: Any


class Told(Struct, frozen=True):
    """What the backend said about keeping an answer (RFC 9111 §5.2.2, RFC 9110 §8.8.3)."""

    max_age: float | None
    etag: str | None


class Trip(Patience):
    """One call on its way: what its askers hold already, and what the backend said about keeping its answer.

    `hints` are those of the first asker. `sent_at` and `back_at` are seconds of the epoch, infinite until then.
    """

    __slots__ = ("back_at", "hints", "keys", "known", "sent_at", "told", "waiters")

    def __init__(self, deadline: float, hints: Hints = ()) -> None:
        super().__init__(deadline)
        self.hints = hints
        self.keys: dict[str, None] = {}
        self.waiters: list[asyncio.Future[None]] = []
        self.known: dict[str, Known] = {}
        self.told: dict[str, Told] = {}
        self.sent_at = self.back_at = _NEVER


class Loaded(Struct):
    """Answers by key: found values, or the GatewayErrors that concern them; absent keys are left out.

    `found` may hold more keys than were asked for, and is shared: it is only to be read. `sent_at` is when the oldest
    of the calls left, in seconds of the epoch: nothing in `found` was read before it.
    """

    found: Mapping[str, Any]
    told: Mapping[str, Told]
    sent_at: float
    trips: Sequence[Trip]
    """The calls that were waited for."""


class _Batch(Trip):
    """Keys that leave in one call. Each waiter has a future of its own, so that its cancellation stays its own."""

    __slots__ = ("found",)

    def __init__(self, deadline: float, hints: Hints) -> None:
        super().__init__(deadline, hints)
        self.found: dict[str, Any] = {}


class _Lane:
    """All calls of one identity; `gathering` have not left yet, and only the last of them has room."""

    __slots__ = ("batch_of", "gathering", "running", "scheduled", "timer")

    def __init__(self) -> None:
        self.batch_of: dict[str, _Batch] = {}
        self.gathering: list[_Batch] = []
        self.running = 0
        self.scheduled = False
        self.timer: asyncio.TimerHandle | None = None


class Batcher:
    """The batches of one operation.

    `most` is how many keys a call may carry; `in_flight` how many calls of one identity run before keys start to
    gather; `linger` the most seconds that a key gathers. A call is given `least_patience` seconds even when everybody
    who waits for it has less, so that impatient callers cannot make a backend look dead.
    """

    __slots__ = (
        "_clock",
        "_fetch",
        "_in_flight",
        "_lanes",
        "_least_patience",
        "_linger",
        "_most",
        "_tasks",
        "backend",
        "operation",
    )

    def __init__(
        self,
        fetch: Fetch,
        *,
        backend: str,
        operation: str,
        most: int,
        clock: Clock,
        in_flight: int = 1,
        linger: float = 0.01,
        least_patience: float = 0.0,
    ) -> None:
        self._fetch = fetch
        self.backend = backend
        self.operation = operation
        self._most = most
        self._in_flight = in_flight
        self._linger = linger
        self._least_patience = least_patience
        self._clock = clock
        self._lanes: dict[Identity, _Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def load(
        self,
        keys: Sequence[str],
        args: Args,
        forwarded: Forwarded,
        deadline: float,
        *,
        since: float = float("-inf"),
        known: Mapping[str, Known] | None = None,
        hints: Hints = (),
    ) -> Loaded:
        """What the backend has for these distinct keys.

        Waits until `deadline` at most (the clock's monotonic seconds); keys not answered by then hold a BackendTimeout.
        Calls that left at `since` (seconds of the epoch) or before are not joined. Never raises a GatewayError.
        """
        identity = (args, forwarded)
        lane = self._lanes.get(identity)
        if lane is None:
            lane = self._lanes[identity] = _Lane()
        loop = asyncio.get_running_loop()
        left = deadline - self._clock.monotonic()
        joined = self._join(lane, keys, since, known, deadline, left, hints)
        if lane.gathering:
            self._schedule(lane, identity, loop)
        waiters = []
        for batch in joined:
            waiter = loop.create_future()
            batch.waiters.append(waiter)
            waiters.append(waiter)
        timer = loop.call_later(max(0.0, left), _give_up, waiters)
        late: list[_Batch] = []
        try:
            for batch, waiter in zip(joined, waiters, strict=True):
                try:
                    await waiter
                except _OutOfPatience:
                    late.append(batch)
        finally:
            timer.cancel()
            for waiter in waiters:
                # Nobody will look at the others when one of them ended this.
                if not waiter.cancel() and not waiter.cancelled():
                    waiter.exception()
        return self._loaded(keys, joined, late)

    def _join(
        self,
        lane: _Lane,
        keys: Sequence[str],
        since: float,
        known: Mapping[str, Known] | None,
        deadline: float,
        left: float,
        hints: Hints,
    ) -> list[_Batch]:
        """The batches that these keys are in, which they now wait for."""
        joined: dict[_Batch, None] = {}
        batch_of, gathering = lane.batch_of, lane.gathering
        patience = deadline if left >= self._least_patience else deadline - left + self._least_patience
        for key in keys:
            batch = batch_of.get(key)
            if batch is None or batch.sent_at <= since:
                if not gathering or len(gathering[-1].keys) >= self._most:
                    gathering.append(_Batch(patience, hints))
                batch = batch_of[key] = gathering[-1]
                batch.keys[key] = None
                if known is not None and key in known:
                    batch.known[key] = known[key]
            if batch not in joined:
                joined[batch] = None
                if patience > batch.deadline:
                    batch.deadline = patience
        return list(joined)

    def _loaded(self, keys: Sequence[str], joined: Sequence[_Batch], late: Sequence[_Batch]) -> Loaded:
        if len(joined) == 1 and not late:
            batch = joined[0]
            return Loaded(batch.found, batch.told, batch.sent_at, joined)
        found: dict[str, Any] = {}
        told: dict[str, Told] = {}
        for batch in joined:
            if batch not in late:
                found |= batch.found
                told |= batch.told
        if late:
            timeout = BackendTimeout(
                f"{self.backend} did not answer before the request's deadline",
                backend=self.backend,
                operation=self.operation,
                cause="deadline",
                attempts=max(batch.attempts for batch in late),
            )
            for batch in late:
                found.update((key, batch.found.get(key, timeout)) for key in keys if key in batch.keys)
        return Loaded(found, told, min(batch.sent_at for batch in joined), joined)

    def _schedule(self, lane: _Lane, identity: Identity, loop: asyncio.AbstractEventLoop) -> None:
        full = len(lane.gathering) > 1 or len(lane.gathering[0].keys) >= self._most
        if full or lane.running < self._in_flight:
            if not lane.scheduled:
                # At the end of this tick, so that what other requests ask for right now comes along.
                lane.scheduled = True
                loop.call_soon(self._depart, lane, identity, loop)
        elif lane.timer is None:
            lane.timer = loop.call_later(self._linger, self._linger_over, lane, identity, loop)

    def _linger_over(self, lane: _Lane, identity: Identity, loop: asyncio.AbstractEventLoop) -> None:
        lane.timer = None
        self._send(lane, identity, loop, len(lane.gathering))

    def _depart(self, lane: _Lane, identity: Identity, loop: asyncio.AbstractEventLoop) -> None:
        """Send the full batches, and the last one too unless it had better wait."""
        lane.scheduled = False
        gathering = lane.gathering
        count = len(gathering)
        if count and lane.running >= self._in_flight and len(gathering[-1].keys) < self._most:
            count -= 1
        self._send(lane, identity, loop, count)
        if gathering and lane.timer is None:
            lane.timer = loop.call_later(self._linger, self._linger_over, lane, identity, loop)

    def _send(self, lane: _Lane, identity: Identity, loop: asyncio.AbstractEventLoop, count: int) -> None:
        if not count:
            return
        leaving = lane.gathering[:count]
        del lane.gathering[:count]
        if not lane.gathering and lane.timer is not None:
            lane.timer.cancel()
            lane.timer = None
        now = self._clock.time()
        for batch in leaving:
            batch.sent_at = now
            lane.running += 1
            task = loop.create_task(self._run(lane, identity, batch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, lane: _Lane, identity: Identity, batch: _Batch) -> None:
        try:
            await self._ask(tuple(batch.keys), identity, batch)
        except Exception as error:
            # Whatever ended the call ends it for everyone who waits; none may take missing keys for absent ones.
            if not _end(batch.waiters, error):
                raise
        finally:
            for key in batch.keys:
                if lane.batch_of.get(key) is batch:
                    del lane.batch_of[key]
            lane.running -= 1
            batch.back_at = self._clock.time()
            _answered(batch)
            if lane.gathering:
                self._send(lane, identity, asyncio.get_running_loop(), len(lane.gathering))
            elif not lane.running and not lane.batch_of:
                self._lanes.pop(identity, None)

    async def _ask(self, keys: tuple[str, ...], identity: Identity, batch: _Batch) -> None:
        try:
            batch.found.update(await self._fetch(keys, *identity, batch))
        except BackendError as error:
            await self._isolate(keys, identity, batch, error)
        except GatewayError as error:
            batch.found.update(dict.fromkeys(keys, error))

    async def _isolate(self, keys: tuple[str, ...], identity: Identity, batch: _Batch, error: BackendError) -> None:
        """Save the keys that were only in bad company: halve, as long as one half answers. Two calls per halving."""
        while len(keys) > 1 and isinstance(error, ISOLATING) and error.retry_after is None:
            halves = keys[: len(keys) // 2], keys[len(keys) // 2 :]
            failed: list[tuple[tuple[str, ...], BackendError]] = []
            for half in halves:
                try:
                    batch.found.update(await self._fetch(half, *identity, batch))
                except BackendError as again:
                    failed.append((half, again))
            if len(failed) != 1:
                # Both failed, so it is not one key's doing; or neither did, and all is saved.
                for half, reason in failed:
                    batch.found.update(dict.fromkeys(half, reason))
                return
            keys, error = failed[0]
        batch.found.update(dict.fromkeys(keys, error))

    async def close(self) -> None:
        """Give up what is under way and wait until it has ended. Who waits is told BackendUnavailable."""
        lanes, self._lanes = list(self._lanes.values()), {}
        unanswered: set[_Batch] = set()
        for lane in lanes:
            lane.gathering.clear()
            unanswered.update(lane.batch_of.values())
            if lane.timer is not None:
                lane.timer.cancel()
        error = BackendUnavailable(
            f"the call to {self.backend} was given up: the gateway is stopping",
            backend=self.backend,
            operation=self.operation,
            cause="stopping",
        )
        for batch in unanswered:
            for key in batch.keys:
                batch.found.setdefault(key, error)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for batch in unanswered:
            _answered(batch)


class _OutOfPatience(Exception):
    """The waiter's own deadline came before the answer."""


def _answered(batch: _Batch) -> None:
    for waiter in batch.waiters:
        if not waiter.done():
            waiter.set_result(None)


def _end(waiters: list[asyncio.Future[None]], error: Exception) -> bool:
    """Whether anybody was left to be told."""
    waiting = [waiter for waiter in waiters if not waiter.done()]
    for waiter in waiting:
        waiter.set_exception(error)
    return bool(waiting)


def _give_up(waiters: list[asyncio.Future[None]]) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_exception(_OutOfPatience())
