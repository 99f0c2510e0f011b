"""Batches across requests: a group commit for reads.

Keys that go out in the same request to the backend (same operation, arguments and forwarded identity) share a call,
whoever asked for them. Nothing waits while the operation is idle. While a call of the same identity is under way,
keys gather; they leave when it is back, or after `linger` seconds. A key that is already asked for is not asked again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from resolvers.backends.ports import Args, Forwarded
from resolvers.errors import BackendContract, BackendError, BackendFailed, BackendRejected, BackendTimeout

Identity = tuple[Args, Forwarded]
Fetch = Callable[[tuple[str, ...], Args, Forwarded, "Patience"], Awaitable[dict[str, Any]]]
"""Makes one call for these keys. Returns what was found by key; raises BackendError. Keys not in it are absent."""

ISOLATING = (BackendRejected, BackendFailed, BackendContract)
"""Failures that one key may have caused, so that splitting the batch may save the others."""


class Patience:
    """By when a call is of use: the latest deadline of all who wait for it, in the loop's or clock's seconds."""

    __slots__ = ("deadline",)

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline


class _Batch:
    """Keys that leave in one call. Each waiter has a future of its own, so that its cancellation stays its own."""

    __slots__ = ("keys", "patience", "waiters")

    def __init__(self, deadline: float) -> None:
        self.keys: dict[str, None] = {}
        self.patience = Patience(deadline)
        self.waiters: list[asyncio.Future[dict[str, Any]]] = []


class _Lane:
    """All calls of one identity."""

    __slots__ = ("batch_of", "open", "running", "scheduled", "timer")

    def __init__(self) -> None:
        self.batch_of: dict[str, _Batch] = {}
        self.open: _Batch | None = None
        self.running = 0
        self.scheduled = False
        self.timer: asyncio.TimerHandle | None = None


class Batcher:
    """The batches of one operation. `most` is how many keys a call may carry; `in_flight` how many calls of one
    identity run before keys start to gather; `linger` the most seconds that a key gathers."""

    __slots__ = ("_fetch", "_in_flight", "_lanes", "_linger", "_most", "_tasks", "backend", "operation")

    def __init__(
        self, fetch: Fetch, *, backend: str, operation: str, most: int, in_flight: int = 1, linger: float = 0.01
    ) -> None:
        self._fetch = fetch
        self.backend = backend
        self.operation = operation
        self._most = most
        self._in_flight = in_flight
        self._linger = linger
        self._lanes: dict[Identity, _Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def load(
        self, keys: Sequence[str], args: Args, forwarded: Forwarded, deadline: float, now: float
    ) -> dict[str, Any]:
        """What the backend has for these distinct keys: found values or BackendErrors by key; absent keys are left out.

        The answer may hold more keys than were asked for, and is shared: it is only to be read. Waits until `deadline`
        at most (seconds of the clock that tells `now`); keys not answered by then hold a BackendTimeout. Never raises
        a BackendError.
        """
        identity = (args, forwarded)
        lane = self._lanes.get(identity)
        if lane is None:
            lane = self._lanes[identity] = _Lane()
        loop = asyncio.get_running_loop()
        joined: dict[_Batch, None] = {}
        batch_of = lane.batch_of
        for key in keys:
            batch = batch_of.get(key)
            if batch is None:
                batch = lane.open
                if batch is None:
                    batch = lane.open = _Batch(deadline)
                batch.keys[key] = None
                batch_of[key] = batch
            if batch not in joined:
                joined[batch] = None
                if deadline > batch.patience.deadline:
                    batch.patience.deadline = deadline
        if lane.open is not None:
            self._schedule(lane, identity, loop)
        found: dict[str, Any] = {}
        waiters: list[asyncio.Future[dict[str, Any]]] = []
        for batch in joined:
            waiter = loop.create_future()
            batch.waiters.append(waiter)
            waiters.append(waiter)
        timer = loop.call_later(max(0.0, deadline - now), _give_up, waiters)
        try:
            for waiter in waiters:
                answers = await waiter
                if len(joined) == 1:
                    return answers
                found.update(answers)
        except _OutOfPatience:
            pass
        finally:
            timer.cancel()
        late = None
        for key in keys:
            waited = batch_of.get(key)
            if key not in found and waited in joined:
                late = late or BackendTimeout(
                    f"{self.backend} did not answer before the request's deadline",
                    backend=self.backend,
                    operation=self.operation,
                    cause="deadline",
                )
                found[key] = late
        return found

    def _schedule(self, lane: _Lane, identity: Identity, loop: asyncio.AbstractEventLoop) -> None:
        if lane.running < self._in_flight:
            if not lane.scheduled:
                # At the end of this tick, so that what other requests ask for right now comes along.
                lane.scheduled = True
                loop.call_soon(self._dispatch, lane, identity, loop)
        elif lane.timer is None:
            lane.timer = loop.call_later(self._linger, self._dispatch, lane, identity, loop)

    def _dispatch(self, lane: _Lane, identity: Identity, loop: asyncio.AbstractEventLoop) -> None:
        lane.scheduled = False
        if lane.timer is not None:
            lane.timer.cancel()
            lane.timer = None
        batch, lane.open = lane.open, None
        if batch is None:
            return
        lane.running += 1
        task = loop.create_task(self._run(lane, identity, batch))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, lane: _Lane, identity: Identity, batch: _Batch) -> None:
        keys = tuple(batch.keys)
        found: dict[str, Any] = {}
        try:
            if len(keys) <= self._most:
                await self._ask(keys, identity, batch, found)
            else:
                chunks = [keys[start : start + self._most] for start in range(0, len(keys), self._most)]
                await asyncio.gather(*(self._ask(chunk, identity, batch, found) for chunk in chunks))
        except BaseException as error:
            # Whatever ended the call ends it for everyone who waits; none may take missing keys for absent ones.
            _end(batch.waiters, error)
            raise
        finally:
            batch_of = lane.batch_of
            for key in keys:
                del batch_of[key]
            lane.running -= 1
            for waiter in batch.waiters:
                if not waiter.done():
                    waiter.set_result(found)
            if lane.open is not None:
                self._dispatch(lane, identity, asyncio.get_running_loop())
            elif not lane.running and not batch_of:
                self._lanes.pop(identity, None)

    async def _ask(self, keys: tuple[str, ...], identity: Identity, batch: _Batch, found: dict[str, Any]) -> None:
        try:
            found.update(await self._fetch(keys, *identity, batch.patience))
        except BackendError as error:
            await self._isolate(keys, identity, batch, found, error)

    async def _isolate(
        self, keys: tuple[str, ...], identity: Identity, batch: _Batch, found: dict[str, Any], error: BackendError
    ) -> None:
        """Save the keys that were only in bad company: halve, as long as one half answers. Two calls per halving."""
        while len(keys) > 1 and isinstance(error, ISOLATING) and error.retry_after is None:
            halves = keys[: len(keys) // 2], keys[len(keys) // 2 :]
            failed: list[tuple[tuple[str, ...], BackendError]] = []
            for half in halves:
                try:
                    found.update(await self._fetch(half, *identity, batch.patience))
                except BackendError as again:
                    failed.append((half, again))
            if len(failed) != 1:
                # Both failed, so it is not one key's doing; or neither did, and all is saved.
                for half, reason in failed:
                    found.update(dict.fromkeys(half, reason))
                return
            keys, error = failed[0]
        found.update(dict.fromkeys(keys, error))

    async def close(self) -> None:
        """Cancel what is under way and wait until it has ended."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _OutOfPatience(Exception):
    """The waiter's own deadline came before the answer."""


def _end(waiters: list[asyncio.Future[dict[str, Any]]], error: BaseException) -> None:
    for waiter in waiters:
        if not waiter.done():
            if isinstance(error, asyncio.CancelledError):
                waiter.cancel()
            else:
                waiter.set_exception(error)


def _give_up(waiters: list[asyncio.Future[dict[str, Any]]]) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_exception(_OutOfPatience())
