"""What the four demo servers share: a loopback port, the call log, the switches, and a prompt end.

A server reads each call, works out the right answer, logs the call, and only then lets the switch that is on spoil the
answer, so that the log counts what reached the server whatever became of it.
"""

from __future__ import annotations

import asyncio
import socket
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from aiohttp import web

from gateway.demo.control import control
from gateway.demo.exchange import Answer, LoggedCall, logged
from gateway.demo.misbehaviour import misbehave
from gateway.demo.switches import Protocol, Switch, SwitchError, Trouble, offered

HOST = "127.0.0.1"
MOST_CALLS = 10_000
"""Calls that the log holds at least; a demo may run for weeks."""
_STOPPING = 5.0
"""Seconds; dropping connections takes a few turns of the loop, so more means that a call cannot be cancelled."""


class DemoServer(ABC):
    """One system of the demo company on a port of its own.

    `start` and `stop` frame its life, and a stopped server can be started again. After `stop` no task, socket or thread
    of it is left, whatever its calls were waiting for.
    """

    name: ClassVar[str]
    protocol: ClassVar[Protocol]
    operations: ClassVar[tuple[str, ...]]
    """The names by which a switch can be limited, as they stand in the call log."""

    def __init__(self) -> None:
        self.calls: list[LoggedCall] = []
        """The calls since the start or the last `calls.clear()`, oldest first; the last MOST_CALLS at least."""
        self.port = 0
        self.held = 0
        """How many calls are being held by SLOW, FROZEN or TRICKLE now."""
        self.in_progress = 0
        """How many calls are being answered now, held ones included."""
        self.peak = 0
        """The most calls that were in progress at once since it was last set to 0."""
        self._script: list[tuple[Trouble, int | None]] = []
        self.released = asyncio.Event()
        """Set when the calls that are being held now may go on."""
        self._changed = asyncio.Event()
        self._web: web.Server | None = None
        self._listener: asyncio.Server | None = None
        self._reopening: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The address to which paths are appended, without a slash at its end."""
        return f"http://{HOST}:{self.port}"

    @property
    def connections(self) -> int:
        """How many client connections are open."""
        return len(self._web.connections) if self._web else 0

    async def start(self, port: int = 0) -> None:
        """Listens on this port, or on a free one. Raises OSError where the port is taken."""
        if self._web is not None:
            raise RuntimeError(f"the demo's {self.name} is running already")
        # Cancelling what a departed client was waiting for keeps frozen calls from piling up.
        self._web = web.Server(self._handle, handler_cancellation=True, access_log=None)
        try:
            await self._listen(port)
        except BaseException:
            self._web = None
            raise

    async def stop(self) -> None:
        """Drops every connection at once; does nothing when it is not running."""
        if self._web is None:
            return
        self._script.clear()
        self.release()
        self._cancel_reopening()
        self._close_listener()
        await asyncio.sleep(0)  # a connection accepted just now shows up before the others are counted
        async with asyncio.timeout(_STOPPING):
            while self._web.connections:
                for connection in self._web.connections:
                    if connection.transport is not None:
                        connection.transport.abort()
                await asyncio.sleep(0)
        self._web = None

    async def _listen(self, port: int) -> None:
        if self._web is None:
            raise RuntimeError(f"the demo's {self.name} is not running")
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((HOST, port))
            self.port = sock.getsockname()[1]
            self._listener = await asyncio.get_running_loop().create_server(self._web, sock=sock, backlog=512)
        except BaseException:
            sock.close()
            raise

    def _close_listener(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    @property
    def switches(self) -> tuple[Switch, ...]:
        """The switches that this server has, NONE first."""
        return offered(self.protocol)

    @property
    def troubles(self) -> list[Trouble]:
        """What is switched on now, in the order in which it is applied."""
        return [trouble for trouble, _ in self._script]

    async def switch(self, name: Switch | str, **settings: Any) -> None:
        """Switches this trouble on in place of any other; `settings` are the fields of `Trouble`.

        Raises SwitchError where this server has no such switch or it cannot be limited so.
        """
        try:
            trouble = Trouble(name=Switch(name), **settings)
        except (TypeError, ValueError) as exc:
            raise SwitchError(f"{name}: {exc}") from exc
        await self.script([trouble])

    async def script(self, troubles: Sequence[Trouble]) -> None:
        """Switches on several troubles in place of any other; each call gets the first that fits and has calls left.

        `[Trouble(name=Switch.ERROR_503, times=1), Trouble(name=Switch.TOO_MANY, times=1)]` fails twice, then recovers.
        """
        for trouble in troubles:
            trouble.check(self.protocol, self.operations)
        refusals = [trouble for trouble in troubles if trouble.name is Switch.REFUSED]
        self._script = [(trouble, trouble.times) for trouble in troubles if trouble.name is not Switch.NONE]
        self.release()
        self._cancel_reopening()
        if refusals:
            self._refuse(refusals[0].seconds)
        elif self._listener is None and self._web is not None:
            await self._listen(self.port)

    async def switch_off(self) -> None:
        """Everything as it should be again; held calls are released."""
        await self.script([])

    def release(self) -> None:
        """Lets the held calls go on without switching anything: slow ones answer, frozen and trickling ones are cut."""
        self.released.set()
        self.released = asyncio.Event()

    async def hold(self, seconds: float | None) -> None:
        """Returns after so many seconds or when released, whichever comes first."""
        released = self.released
        self.held += 1
        self._tell()
        try:
            async with asyncio.timeout(seconds):
                await released.wait()
        except TimeoutError:
            pass
        finally:
            self.held -= 1

    def _refuse(self, seconds: float | None) -> None:
        self._close_listener()
        for connection in self._web.connections if self._web else ():
            if connection.transport is not None:
                connection.transport.close()
        if seconds is not None:
            self._reopening = asyncio.create_task(self._reopen(seconds))

    async def _reopen(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._script = [(trouble, left) for trouble, left in self._script if trouble.name is not Switch.REFUSED]
        await self._listen(self.port)

    def _cancel_reopening(self) -> None:
        if self._reopening is not None:
            self._reopening.cancel()
            self._reopening = None

    async def until_called(self, calls: int = 1) -> None:
        """Returns when the log holds at least so many calls."""
        while len(self.calls) < calls:
            await self._changed.wait()

    async def until_held(self, calls: int = 1) -> None:
        """Returns when at least so many calls are being held."""
        while self.held < calls:
            await self._changed.wait()

    async def until_idle(self) -> None:
        """Returns when no call is in progress."""
        while self.in_progress:
            await self._changed.wait()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    @abstractmethod
    async def answer(self, request: web.BaseRequest) -> Answer:
        """The right answer to this call, a refusal of wrong credentials included."""

    @abstractmethod
    def spoilt(self, answer: Answer) -> Answer:
        """The answer with a number turned into words in every record."""

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith("/__"):
            return await control(self, request)
        self.in_progress += 1
        self.peak = max(self.peak, self.in_progress)
        try:
            answer = await self.answer(request)
            trouble = self._trouble(answer.operation)
            self.log(logged(request, answer, trouble.name if trouble else None))
            if trouble is None:
                return answer.response()
            return await misbehave(trouble, self, request, answer)
        finally:
            self.in_progress -= 1
            self._tell()

    def log(self, call: LoggedCall) -> None:
        """Adds a line to the call log."""
        self.calls.append(call)
        if len(self.calls) >= 2 * MOST_CALLS:
            del self.calls[:-MOST_CALLS]
        self._tell()

    def _trouble(self, operation: str) -> Trouble | None:
        for index, (trouble, left) in enumerate(self._script):
            if trouble.operation not in {None, operation} or left == 0:
                continue
            if left is not None:
                self._script[index] = (trouble, left - 1)
            return trouble
        return None
