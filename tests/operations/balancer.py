"""A tiny TCP balancer: connections go to the first gateway in turn that takes them."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class Balancer:
    """Listens on a port of its own. `targets` may change at any time; connections that are open stay where they are."""

    def __init__(self, *targets: int) -> None:
        self.targets = list(targets)
        self.port = 0
        self._turn = 0
        self._listener: asyncio.Server | None = None
        self._pipes: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._listener = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._listener is not None
        self._listener.close()
        for pipe in self._pipes:
            pipe.cancel()
        await asyncio.gather(*self._pipes, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._turn += 1
        first = self._turn % len(self.targets)
        for target in (*self.targets[first:], *self.targets[:first]):
            try:
                there = await asyncio.open_connection("127.0.0.1", target)
            except ConnectionRefusedError:
                continue
            self._start(reader, there[1])
            self._start(there[0], writer)
            return
        writer.close()

    def _start(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pipe = asyncio.create_task(_pipe(reader, writer))
        self._pipes.add(pipe)
        pipe.add_done_callback(self._pipes.discard)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()
