"""Batches across requests: a group commit for reads.

Keys that go out in the same request to the backend (same operation, arguments and forwarded identity) share a call,
whoever asked for them. Nothing waits while the operation is idle. While a call of the same identity is under way,
keys gather; they leave when it is back, after `linger` seconds, or as soon as a call can carry no more of them. While
the backend bears no further call they go on gathering. A key that is already asked for is not asked again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any

from resolvers.backends.ports import Args, Clock, Forwarded, Hints
from resolvers.backends.trips import NEVER, Known, Loaded, Told, Trip, Waiter
from resolvers.errors import (
    BackendContract,
    BackendFailed,
    BackendRejected,
    BackendTimeout,
    BackendUnavailable,
    GatewayError,
    without_frames,
)

Fetch = Callable[[tuple[str, ...], Args, Forwarded, "Trip"], Awaitable[dict[str, Any]]]
"""Makes one call for these keys. Returns what was found by key; raises GatewayError. Keys not in it are absent."""

ISOLATING = (BackendRejected, BackendFailed, BackendContract)
"""Failures that one key may have caused, so that splitting the batch may save the others."""


class _Batch(Trip):
    """Keys that leave in one call."""

    __slots__ = ("found",)

    def __init__(self, deadline: float, hints: Hints) -> None:
        super().__init__(deadline, hints)
        self.found: dict[str, Any] = {}

    def by_callers(self, keys: Sequence[str]) -> list[tuple[str, ...]]:
        """These keys in groups that the same waiters want."""
        callers: dict[str, list[int]] = {key: [] for key in keys}
        for number, waiter in enumerate(self.waiters):
            for key in waiter.keys:
                if key in callers:
                    callers[key].append(number)
        groups: dict[tuple[int, ...], list[str]] = {}
        for key, numbers in callers.items():
            groups.setdefault(tuple(numbers), []).append(key)
        return [tuple(group) for group in groups.values()]

    def fail(self, error: GatewayError) -> None:
        """Tell the error to every key that has no answer yet."""
        for key in self.keys:
            self.found.setdefault(key, error)

    def back(self, now: float) -> None:
        """Tell everybody who waits for it that it is back."""
        self.back_at = now
        for waiter in self.waiters:
            waiter.arrived()

    def end(self, error: Exception) -> bool:
        """Raise an error at everybody who still waits; whether anybody did."""
        waiting = [waiter for waiter in self.waiters if not waiter.gone()]
        for waiter in waiting:
            waiter.future.set_exception(error)
        return bool(waiting)


class _Lane:
    """All calls of one identity; `gathering` have not left yet, and only the last of them has room."""

    __slots__ = ("args", "batch_of", "forwarded", "gathering", "name", "running", "scheduled", "timer")

    def __init__(self, name: tuple[str, Forwarded], args: Args, forwarded: Forwarded) -> None:
        self.name = name
        self.args = args
        self.forwarded = forwarded
        self.batch_of: dict[str, _Batch] = {}
        self.gathering: list[_Batch] = []
        self.running = 0
        self.scheduled = False
        self.timer: asyncio.TimerHandle | None = None


class Batcher:
    """The batches of one operation.

    `most` is how many keys a call may carry; `in_flight` how many calls of one identity run before keys start to
    gather; `linger` the most seconds that a key gathers, unless the backend is `busy`: then a call could only wait, and
    keys may as well join it meanwhile. A call is given `least_patience` seconds even when everybody who waits for it
    has less, so that impatient callers cannot make a backend look dead.
    """

    __slots__ = (
        "_busy",
        "_clock",
        "_closed",
        "_fetch",
        "_in_flight",
        "_lanes",
        "_least_patience",
        "_linger",
        "_most",
        "_tasks",
        "_under_way",
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
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        self._fetch = fetch
        self.backend = backend
        self.operation = operation
        self._most = most
        self._in_flight = in_flight
        self._linger = linger
        self._least_patience = least_patience
        self._clock = clock
        self._busy = busy
        self._lanes: dict[tuple[str, Forwarded], _Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._under_way: set[_Batch] = set()
        self._closed = False

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
        left = deadline - self._clock.monotonic()
        if self._closed or left <= 0:
            told = self._given_up("stopping") if self._closed else self._too_late(())
            return Loaded(dict.fromkeys(keys, told), {}, self._clock.time(), ())
        # 1 and True are equal, and differ on the wire.
        name = (repr(args) if args else "", forwarded)
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = _Lane(name, args, forwarded)
        loop = asyncio.get_running_loop()
        joined = self._join(lane, keys, since, known, deadline, left, hints)
        if lane.gathering:
            self._schedule(lane, loop)
        waiter = Waiter(keys, len(joined), loop.create_future())
        for batch in joined:
            batch.waiters.append(waiter)
        timer = loop.call_later(left, waiter.stop)
        try:
            await waiter.future
        finally:
            timer.cancel()
        return self._loaded(keys, joined)

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
        joined: list[_Batch] = []
        last: _Batch | None = None
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
            if batch is not last and batch not in joined:
                joined.append(batch)
                if patience > batch.deadline:
                    batch.deadline = patience
            last = batch
        return joined

    def _loaded(self, keys: Sequence[str], joined: Sequence[_Batch]) -> Loaded:
        late = [batch for batch in joined if batch.back_at == NEVER]
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
            timeout = self._too_late(late)
            for batch in late:
                found.update((key, batch.found.get(key, timeout)) for key in keys if key in batch.keys)
        return Loaded(found, told, min(batch.sent_at for batch in joined), joined)

    def _too_late(self, late: Sequence[_Batch]) -> BackendTimeout:
        return BackendTimeout(
            f"{self.backend} did not answer before the request's deadline",
            backend=self.backend,
            operation=self.operation,
            cause="deadline",
            attempts=max((batch.attempts for batch in late), default=0),
        )

    def _given_up(self, cause: str) -> BackendUnavailable:
        return BackendUnavailable(
            f"the call to {self.backend} was given up", backend=self.backend, operation=self.operation, cause=cause
        )

    def _schedule(self, lane: _Lane, loop: asyncio.AbstractEventLoop) -> None:
        full = len(lane.gathering) > 1 or len(lane.gathering[0].keys) >= self._most
        if full or lane.running < self._in_flight:
            if not lane.scheduled:
                lane.scheduled = True
                self._spawn(loop, self._depart(lane, loop))
        elif lane.timer is None:
            lane.timer = loop.call_later(self._linger, self._linger_over, lane, loop)

    def _linger_over(self, lane: _Lane, loop: asyncio.AbstractEventLoop) -> None:
        lane.timer = None
        if lane.running and self._busy():
            # Nobody tells when another operation's call makes room, and looking costs nothing.
            lane.timer = loop.call_later(self._linger, self._linger_over, lane, loop)
        else:
            self._send(lane, loop, len(lane.gathering))

    async def _depart(self, lane: _Lane, loop: asyncio.AbstractEventLoop) -> None:
        """Send the full batches, and the last one too unless it had better wait.

        A task begins at the end of the tick that made it, and waits for one more, so what other requests ask for in
        these two comes along: one that asks for several things at a time does so in tasks, a tick behind the others.
        """
        await asyncio.sleep(0)
        lane.scheduled = False
        gathering = lane.gathering
        count = len(gathering)
        if count and lane.running >= self._in_flight and len(gathering[-1].keys) < self._most:
            count -= 1
        leaving = self._leaving(lane, count)
        if gathering and lane.timer is None:
            lane.timer = loop.call_later(self._linger, self._linger_over, lane, loop)
        for batch in leaving[1:]:
            self._spawn(loop, self._run(lane, batch))
        if leaving:
            await self._run(lane, leaving[0])

    def _send(self, lane: _Lane, loop: asyncio.AbstractEventLoop, count: int) -> None:
        for batch in self._leaving(lane, count):
            self._spawn(loop, self._run(lane, batch))

    def _spawn(self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, None]) -> None:
        task = loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _leaving(self, lane: _Lane, count: int) -> list[_Batch]:
        """The first `count` of those that gather, less those that nobody waits for any more: they are under way now."""
        left: list[_Batch] = []
        leaving = lane.gathering[:count]
        del lane.gathering[:count]
        if not lane.gathering and lane.timer is not None:
            lane.timer.cancel()
            lane.timer = None
        now = self._clock.time()
        for batch in leaving:
            if all(waiter.gone() for waiter in batch.waiters):
                # Everybody who wanted it has left meanwhile.
                self._forget(lane, batch)
                continue
            batch.sent_at = now
            lane.running += 1
            self._under_way.add(batch)
            left.append(batch)
        if not lane.running and not lane.gathering and self._lanes.get(lane.name) is lane:
            # Nothing is kept for an identity that nobody asks for.
            del self._lanes[lane.name]
        return left

    async def _run(self, lane: _Lane, batch: _Batch) -> None:
        keys = tuple(batch.keys)
        try:
            failed = await self._part(keys, lane, batch)
            if failed is not None:
                await self._isolate(keys, lane, batch, failed)
        except asyncio.CancelledError:
            # None may take missing keys for absent ones.
            batch.fail(self._given_up("stopping" if self._closed else "cancelled"))
            if self._closed:
                raise
        except Exception as error:
            # Whatever ended the call ends it for everyone who waits.
            if not batch.end(error):
                raise
        finally:
            self._forget(lane, batch)
            self._under_way.discard(batch)
            lane.running -= 1
            batch.back(self._clock.time())
            self._send(lane, asyncio.get_running_loop(), len(lane.gathering))

    def _forget(self, lane: _Lane, batch: _Batch) -> None:
        for key in batch.keys:
            if lane.batch_of.get(key) is batch:
                del lane.batch_of[key]

    async def _isolate(self, keys: tuple[str, ...], lane: _Lane, batch: _Batch, error: GatewayError) -> None:
        """Save the keys that were only in bad company. Two calls per halving while one half answers.

        When none does, a backend that broke is left alone. One that refuses is asked once for each group of keys that
        the same callers want, as it would have been without sharing: nobody's keys fail for those of somebody else.
        """
        left = await self._halve(keys, lane, batch, error)
        if len(left) < 2:
            return
        refused = all(isinstance(reason, BackendRejected) and reason.cause != "credentials" for _, reason in left)
        groups = batch.by_callers([key for part, _ in left for key in part]) if refused else []
        if len(groups) < 2:
            for part, reason in left:
                batch.found.update(dict.fromkeys(part, reason))
            return
        for group in groups:
            failed = await self._part(group, lane, batch)
            if failed is not None:
                for part, reason in await self._halve(group, lane, batch, failed):
                    batch.found.update(dict.fromkeys(part, reason))

    async def _halve(
        self, keys: tuple[str, ...], lane: _Lane, batch: _Batch, error: GatewayError
    ) -> list[tuple[tuple[str, ...], GatewayError]]:
        """Halve what failed as long as one half answers. Returns the two halves when neither did."""
        while len(keys) > 1 and isinstance(error, ISOLATING) and error.retry_after is None:
            halves = keys[: len(keys) // 2], keys[len(keys) // 2 :]
            failed = [(half, reason) for half in halves if (reason := await self._part(half, lane, batch)) is not None]
            if not failed:
                return []
            if len(failed) == 2:
                return failed
            keys, error = failed[0]
        batch.found.update(dict.fromkeys(keys, error))
        return []

    async def _part(self, keys: tuple[str, ...], lane: _Lane, batch: _Batch) -> GatewayError | None:
        """Ask for some keys of a batch; the error when that failed."""
        try:
            batch.found.update(await self._fetch(keys, lane.args, lane.forwarded, batch))
        except GatewayError as error:
            return without_frames(error)
        return None

    async def close(self) -> None:
        """Give up what is under way and wait until it has ended. Who waits or asks later is told BackendUnavailable."""
        self._closed = True
        unanswered = list(self._under_way)
        for lane in self._lanes.values():
            unanswered += lane.gathering
            lane.gathering.clear()
            if lane.timer is not None:
                lane.timer.cancel()
        self._lanes.clear()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for batch in unanswered:
            if batch.back_at == NEVER:
                # It had not left, or was cancelled before its first step.
                batch.fail(self._given_up("stopping"))
                batch.back(self._clock.time())
