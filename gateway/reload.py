"""Reload: a changed configuration is put to use without dropping a request.

A new gateway is built and opened beside the old one, and takes over between two requests. What the old one is
answering it finishes, then it is closed. A configuration that cannot be used changes nothing.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, Final

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.app import Gateway
from gateway.settings import ConfigurationError, Settings
from gateway.telemetry.telemetry import Telemetry

_OF_THE_GATEWAY: Final = frozenset({"deadline", "max_body", "body_timeout", "start_patience", "shutdown"})
"""Keys of `[server]` that a new gateway brings along; the others belong to the process."""


class _Generation:
    """One gateway, and how many requests it is answering."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.app: ASGIApp = gateway.entrance
        self.requests = 0
        self.idle = asyncio.Event()
        self._running = AsyncExitStack()

    async def open(self) -> None:
        await self._running.enter_async_context(self.gateway.running())

    async def close(self) -> None:
        await self._running.aclose()


class Serving:
    """An ASGI application over the newest gateway.

    It begins with `first`; `build` makes another from the configuration as it is then, and raises ConfigurationError
    when that is wrong. SIGHUP reloads, where the application runs in a process's main thread. `state` becomes the
    lifespan's state; `settle` is called whenever what lives long has changed.
    """

    def __init__(
        self,
        first: Gateway,
        build: Callable[[], Gateway],
        *,
        state: Mapping[str, Any] | None = None,
        settle: Callable[[], None] = lambda: None,
    ) -> None:
        self._first = first
        self._build = build
        self._state = dict(state or {})
        self._settle = settle
        self._telemetry: Telemetry = self._first.telemetry
        self._current: _Generation | None = None
        self._old: set[_Generation] = set()
        self._reloading = asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._lifespan = Starlette(lifespan=self._live)

    @property
    def gateway(self) -> Gateway:
        """The gateway that new requests go to."""
        return self._first if self._current is None else self._current.gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        generation = self._current
        assert generation is not None  # a server sends requests between startup and shutdown only
        generation.requests += 1
        try:
            await generation.app(scope, receive, send)
        finally:
            generation.requests -= 1
            if not generation.requests and generation is not self._current:
                generation.idle.set()

    async def reload(self) -> bool:
        """Use the configuration as it is now. False when it cannot be used, and the old one stays."""
        async with self._reloading:
            try:
                # Building takes about half a second of CPU; in a thread, requests are answered meanwhile.
                generation = _Generation(await asyncio.to_thread(self._build))
                await generation.open()
            except ConfigurationError as error:
                return self._refused(list(error.mistakes))
            except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the gateway in use stays
                return self._refused([f"{type(error).__name__}: {error}"])
            old, self._current = self._current, generation
        assert old is not None
        needs_restart = changed(old.gateway.settings, generation.gateway.settings)
        self._telemetry.reloaded("reloaded")
        self._telemetry.log.info("configuration.reloaded", needsRestart=needs_restart)
        self._old.add(old)
        self._start(self._retire(old))
        return True

    def _refused(self, mistakes: list[str]) -> bool:
        self._telemetry.reloaded("refused")
        self._telemetry.log.error("configuration.refused", mistakes=mistakes)
        return False

    async def _retire(self, old: _Generation) -> None:
        """Close a gateway when it has answered its last request, or when its time is up."""
        try:
            async with asyncio.timeout(old.gateway.settings.server.shutdown):
                if old.requests:
                    await old.idle.wait()
        except TimeoutError:
            self._telemetry.log.warning("configuration.lingering", requests=old.requests)
        await old.close()
        self._old.discard(old)
        self._settle()

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @asynccontextmanager
    async def _live(self, app: Starlette) -> AsyncIterator[dict[str, Any]]:
        log = self._telemetry.log
        self._current = _Generation(self._first)
        await self._current.open()
        self._settle()
        with _on_hangup(lambda: self._start(self.reload())):
            log.info("gateway.started", pid=os.getpid())
            try:
                yield self._state
            finally:
                # Closing is not cancelled half-way; but nobody waits for requests any more.
                while self._tasks:
                    for generation in self._old:
                        generation.idle.set()
                    await asyncio.wait(self._tasks)
                await self._current.close()
                await asyncio.to_thread(self._telemetry.close)
                log.info("gateway.stopped", pid=os.getpid())


def changed(old: Settings, new: Settings) -> list[str]:
    """The changed keys that a reload does not put to use."""
    keys = [("server", name) for name in type(old.server).model_fields if name not in _OF_THE_GATEWAY]
    keys += [("telemetry", name) for name in type(old.telemetry).model_fields if name != "metrics"]
    return [
        f"{table}.{name}"
        for table, name in keys
        if getattr(getattr(old, table), name) != getattr(getattr(new, table), name)
    ]


@contextmanager
def _on_hangup(act: Callable[[], None]) -> Iterator[None]:
    """Call `act` on every SIGHUP; only the main thread hears of signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, act)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
