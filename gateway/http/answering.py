"""Answers in one piece: the head waits for the body and both leave in one write, with the usual headers written once.

uvicorn writes them apart, which wakes clients twice, and looks at each header of each answer. What is not one start and
one whole body of the length that it says is left to uvicorn, as are its refusals of what no header may hold.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HEADER_RE, HEADER_VALUE_RE, STATUS_LINE, RequestResponseCycle

Header = tuple[bytes, bytes]

_LARGEST: Final = 65_536
"""Bytes of body that are copied to stand behind the head; from there on a second write costs less."""
_BODILESS: Final = (204, 304)
_OF_ONE_ANSWER: Final = frozenset({b"content-length", b"x-request-id", b"etag"})
"""Names of headers whose values do not come again."""
_OF_THE_CONNECTION: Final = frozenset({b"connection", b"transfer-encoding"})
_MOST_LINES: Final = 512
_lines: dict[Header, bytes] = {}
"""Headers as they are written, valid ones only."""


class Answering:
    """One answer of uvicorn's `cycle`: an ASGI application around the one that gives it."""

    __slots__ = ("_app", "_cycle", "_head")

    def __init__(self, cycle: RequestResponseCycle, app: ASGIApp) -> None:
        self._cycle = cycle
        self._app = app
        self._head: Message | None = None

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        return self._app(scope, receive, self.send)

    async def send(self, message: Message) -> None:
        """ASGI's `send`."""
        head, cycle = self._head, self._cycle
        if head is None:
            if message["type"] == "http.response.start" and not cycle.response_started:
                # ASGI takes any iterable of headers, also one that cannot be read twice.
                self._head = {**message, "headers": list(message.get("headers", ()))}
            else:
                await cycle.send(message)
            return
        self._head = None
        if message["type"] == "http.response.body" and not message.get("more_body"):
            body = message.get("body", b"")
            text = _written(cycle, head, body)
            if text is not None:
                cycle.response_started = cycle.response_complete = True
                cycle.waiting_for_100_continue = False
                cycle.transport.write(text)
                cycle.message_event.set()
                if not cycle.keep_alive:
                    cycle.transport.close()
                cycle.on_response()
                return
        await cycle.send(head)
        await cycle.send(message)


def _written(cycle: RequestResponseCycle, head: Message, body: bytes) -> bytes | None:
    """The whole answer; None where uvicorn has to write it."""
    status: int = head["status"]
    if cycle.flow.write_paused or cycle.disconnected or cycle.access_log or len(body) > _LARGEST:
        return None
    if status in _BODILESS or cycle.scope["method"] == "HEAD":
        return None
    parts = [STATUS_LINE[status]]
    measured = False
    for name, value in (*cycle.default_headers, *head["headers"]):
        line = _lines.get((name, value))
        if line is None:
            given, name = name, name.lower()
            if HEADER_RE.search(name) or HEADER_VALUE_RE.search(value) or name in _OF_THE_CONNECTION:
                return None
            line = b"%b: %b\r\n" % (name, value)
            if name == b"content-length":
                if value != b"%d" % len(body):
                    return None
                measured = True
            elif name not in _OF_ONE_ANSWER:
                _remember((given, value), line)
        parts.append(line)
    if not measured:
        return None
    if not cycle.keep_alive:
        parts.append(b"connection: close\r\n")
    parts += (b"\r\n", body)
    return b"".join(parts)


def _remember(header: Header, line: bytes) -> None:
    if len(_lines) >= _MOST_LINES:
        _lines.clear()
    _lines[header] = line
