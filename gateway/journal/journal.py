"""The queue of entries and the thread that writes them.

An operation hands its entry over and is answered: an entry in the queue will be written. While the sink fails (a full
disk), entries stay in the queue and are tried again; when the queue is full, operations that read personal data wait
for room until their deadline and are then refused. So no answer leaves without its entry. What a crash can cost is
told in docs/threat-model.md.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Final

from gateway.journal.entries import Entry
from gateway.journal.sinks import Sink
from resolvers.backends.ports import Clock
from resolvers.errors import BackendUnavailable

PAUSE: Final = 1.0
"""Seconds between two tries while the sink fails."""
BATCH: Final = 1_000
"""Entries that are written in one go."""
LINGER: Final = 0.005
"""Seconds that the first of them waits for others, so that the thread is not woken for each."""

Failed = Callable[[OSError, int], None]
"""Told, in the writing thread, why the sink fails and how many entries wait; once until it works again."""


class Journal:
    """`open` it within the event loop, `close` it at the end.

    A file is synced every `sync` seconds; closing waits `farewell` seconds for what is not written yet.
    """

    def __init__(
        self,
        sink: Sink,
        clock: Clock,
        *,
        most: int = 10_000,
        sync: float = 1.0,
        pause: float = PAUSE,
        farewell: float = 10.0,
        failed: Failed = lambda error, waiting: None,
    ) -> None:
        self._sink = sink
        self._clock = clock
        self._most = most
        self._sync = sync
        self._pause = pause
        self._farewell = farewell
        self._failed = failed
        self._entries: deque[Entry] = deque()
        self._changed = threading.Condition()
        self._idle = False  # the thread waits for entries, and has to be told of one
        self._closing = self._given_up = False
        self._unsynced = False
        self._synced_at = clock.monotonic()
        self._healthy = True
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="access journal", daemon=True)

    def __len__(self) -> int:
        """How many entries are not written yet."""
        return len(self._entries)

    def open(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def close(self) -> int:
        """Write what is left, as far as there is time. How many entries could not be written, and are lost."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        await asyncio.to_thread(self._thread.join, self._farewell)
        with self._changed:
            self._given_up = True
            self._changed.notify()
        await asyncio.to_thread(self._thread.join)
        self._sink.close()
        return len(self._entries)

    async def record(self, entry: Entry, deadline: float) -> None:
        """Hand an entry over. Raises BackendUnavailable when there is no room for it by `deadline`, in seconds of the
        clock's monotonic time; then the answer must not leave."""
        if self._put(entry):
            return
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(max(0.0, deadline - self._clock.monotonic())):
                while not self._put(entry):
                    waiter = loop.create_future()
                    self._waiters.append(waiter)
                    await waiter
        except TimeoutError as error:
            raise BackendUnavailable(
                "The access journal cannot be written, and personal data is not told without it.",
                backend="journal",
                cause="full",
            ) from error

    def _put(self, entry: Entry) -> bool:
        with self._changed:
            if len(self._entries) >= self._most:
                return False
            self._entries.append(entry)
            if self._idle:
                self._changed.notify()
        return True

    def _room(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)

    # What follows runs in the writing thread.

    def _run(self) -> None:
        while (batch := self._next()) is not None:
            try:
                if batch:
                    self._write(batch)
                self._bring_to_disk(idle=not batch)
                self._healthy = True
            except OSError as error:
                if self._healthy:
                    self._failed(error, len(self._entries))
                self._healthy = False
                with self._changed:
                    if not self._given_up:
                        self._changed.wait(self._pause)

    def _next(self) -> list[Entry] | None:
        """The entries to be written now: none when it is time to sync, None when the work is done."""
        with self._changed:
            while not self._entries:
                if self._closing and (not self._unsynced or self._given_up):
                    return None
                if self._closing:
                    return []
                self._idle = True
                in_time = self._changed.wait(self._sync if self._unsynced else None)
                self._idle = False
                if not in_time:
                    return []
                if not self._closing:
                    self._changed.wait(LINGER)
            return None if self._given_up else list(islice(self._entries, BATCH))

    def _write(self, batch: list[Entry]) -> None:
        written = self._sink.write(batch)
        for _ in range(written):
            self._entries.popleft()
        self._unsynced = self._unsynced or written > 0
        if self._waiters and self._loop is not None:
            self._loop.call_soon_threadsafe(self._room)
        if written < len(batch):
            raise OSError("only a part could be written")

    def _bring_to_disk(self, *, idle: bool) -> None:
        now = self._clock.monotonic()
        if self._unsynced and (idle or now >= self._synced_at + self._sync):
            self._sink.sync()
            self._unsynced = False
            self._synced_at = now
