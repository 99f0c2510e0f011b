"""A backend on a real socket that records every byte it is sent and answers exactly the bytes it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from inspect import signature
from types import TracebackType
from typing import Any, Self

import orjson
from msgspec import Struct


class Seen(Struct):
    """One request as it arrived."""

    raw: bytes
    head: bytes
    body: bytes
    connection: int

    @property
    def method(self) -> str:
        return self.head.split(b" ", 1)[0].decode()

    @property
    def target(self) -> str:
        return self.head.split(b" ", 2)[1].decode()

    @property
    def headers(self) -> dict[str, str]:
        lines = self.head.decode().split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}


Reply = bytes | Callable[["Seen"], bytes] | Callable[["Seen", "Peer"], Awaitable[None]]


class Peer:
    """The server's side of one connection, for replies that are more than bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wire: Wire) -> None:
        self.reader = reader
        self.writer = writer
        self.wire = wire

    def reset(self) -> None:
        """Break the connection with RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


async def hang(seen: Seen, peer: Peer) -> None:
    """Never answer; ends when the caller hangs up."""
    await peer.reader.read()


async def close(seen: Seen, peer: Peer) -> None:
    """Hang up without an answer."""
    peer.writer.close()


async def reset(seen: Seen, peer: Peer) -> None:
    """Break the connection."""
    peer.reset()


def then(data: bytes, action: Callable[[Seen, Peer], Awaitable[None]]) -> Reply:
    """Send some bytes, then do something else."""

    async def reply(seen: Seen, peer: Peer) -> None:
        peer.writer.write(data)
        await peer.writer.drain()
        await action(seen, peer)

    return reply


def answer(
    body: bytes | str = b"", status: int = 200, content_type: str | None = "application/json", **headers: str
) -> bytes:
    """A complete answer; header names are written with underscores."""
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} Status"]
    if content_type is not None:
        lines.append(f"Content-Type: {content_type}")
    if status not in {204, 304}:
        lines.append(f"Content-Length: {len(data)}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def json_answer(value: Any, status: int = 200, **headers: str) -> bytes:
    return answer(orjson.dumps(value), status, **headers)


class Wire:
    """The backend. `replies` are used up in order; `respond` answers when there are none left."""

    def __init__(self, *replies: Reply, respond: Reply = b"", tls: ssl.SSLContext | None = None) -> None:
        self.replies: deque[Reply] = deque(replies)
        self.respond = respond
        self.seen: list[Seen] = []
        self.connections = 0
        self.open = 0
        self.all_closed = asyncio.Event()
        self.arrived = asyncio.Event()
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: Any, trace: TracebackType | None) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self.all_closed.clear()
        number = self.connections
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while not writer.is_closing():
                    await self._one(reader, writer, number)
        finally:
            self.open -= 1
            if not self.open:
                self.all_closed.set()
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        seen = Seen(head, head, b"", number)
        length = int(seen.headers.get("content-length", "0"))
        seen.body = await reader.readexactly(length)
        seen.raw = head + seen.body
        self.seen.append(seen)
        self.arrived.set()
        reply = self.replies.popleft() if self.replies else self.respond
        if isinstance(reply, bytes):
            writer.write(reply)
        else:
            function: Any = reply
            takes_peer = len(signature(reply).parameters) == 2
            made = function(seen, Peer(reader, writer, self)) if takes_peer else function(seen)
            if isinstance(made, bytes):
                writer.write(made)
            else:
                await made
        await writer.drain()
