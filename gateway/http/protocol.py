"""uvicorn's HTTP protocol with bounds on what a client may send before the application sees any of it.

httptools alone takes headers of any size and number, waits for them as long as the client likes, and leaves it open
which of Content-Length and Transfer-Encoding counts. Here the first bound that is passed closes the connection, with a
status where one can still be sent. Nothing is measured or armed for a request that arrives in one piece.
"""

from __future__ import annotations

import asyncio
import http
from typing import Any

import orjson
from msgspec import Struct
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.http.answering import Answering
from gateway.http.body import TIMED_BODY
from gateway.http.headers import SECURITY

_SECURITY = b"".join(b"%s: %s\r\n" % header for header in SECURITY)


class ProtocolLimits(Struct, frozen=True, kw_only=True):
    """The most that a connection may do. Sizes are in bytes, times in seconds."""

    url: int = 8_192
    header_count: int = 100
    header_bytes: int = 32_768
    """Names and values of all headers together."""
    header_timeout: float = 10.0
    """From the connection, or the first byte of a request, until its headers are complete."""
    body_timeout: float = 30.0
    """From the headers until the body is complete."""
    idle_timeout: float = 65.0
    """Between requests. More than the 60 s of common balancers, so that it is the balancer that closes."""
    write_timeout: float = 60.0
    """For a client that does not read its answer, once the buffers on the way are full."""


class GuardedProtocol(HttpToolsProtocol):  # type: ignore[misc] # uvicorn's protocols are not typed
    """The protocol to give to uvicorn: `uvicorn.run(app, http=GuardedProtocol)`.

    The limits are `limits` of the class, or `protocol_limits` of the lifespan's state. Answers do not name the server.
    """

    limits = ProtocolLimits()
    timeout_keep_alive_task: asyncio.TimerHandle | None

    def __init__(self, config: Any, server_state: Any, app_state: dict[str, Any], _loop: Any = None) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.limits = app_state.get("protocol_limits", self.limits)
        self.timeout_keep_alive = self.limits.idle_timeout
        self._extensions = {TIMED_BODY: {"seconds": self.limits.body_timeout}}
        self._most_headers = self.limits.header_count
        # uvicorn makes the default headers anew every second from what the configuration holds.
        config.encoded_headers = _unnamed(config.encoded_headers)
        server_state.default_headers = _unnamed(server_state.default_headers)
        self._refusal: tuple[int, str] | None = None
        self._reading = ""  # then "head" and "body" of each request, and "" again until the next begins
        self._timer: asyncio.TimerHandle | None = None
        self._timed = ""
        self._held_up = False  # since the timer was set, the application has let the client wait
        self._write_timer: asyncio.TimerHandle | None = None
        self._segment = 0
        self._begun = False
        self._begun_with = 0  # bytes of the segment in which the request began, when its headers go on after it
        self._head_received = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._arm("head", self.limits.header_timeout)

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        self._disarm_write()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._segment = len(data)
        self._begun = False
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._reading == "head":
            # The parser keeps an incomplete header to itself, so what went in is counted; but not the segment in which
            # the request begins, since the body of another may have ended there.
            if self._begun:
                self._begun_with = self._segment
            else:
                self._head_received += self._segment
            if self._head_received > self.limits.url + self.limits.header_bytes:
                self._refuse(431, "The headers are too large.")
            elif self._timed != "head":
                self._arm("head", self.limits.header_timeout)
        elif self._reading == "body":
            if self._timed != "body":
                self._arm("body", self.limits.body_timeout)
        else:
            self._disarm()
            if self.cycle is not None and self.cycle.response_complete and self.timeout_keep_alive_task is None:
                # The rest of a body that was refused came after its answer, and stopped uvicorn's clock.
                self.timeout_keep_alive_task = self.loop.call_later(
                    self.timeout_keep_alive, self.timeout_keep_alive_handler
                )

    def handle_websocket_upgrade(self) -> None:
        self._disarm()
        super().handle_websocket_upgrade()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = self._extensions
        self._reading = "head"
        self._begun = True
        self._head_received = self._begun_with = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > self.limits.url:
            raise self._stop(414, "The address is too long; send the operation by POST.")

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(self.headers) >= self._most_headers:
            raise self._stop(431, f"There are more than {self._most_headers} headers.")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        headers: list[tuple[bytes, bytes]] = self.headers
        # They are added up only where all that was received is too much.
        received = self._begun_with + self._head_received + self._segment
        if received > (most := self.limits.header_bytes) and _size(headers) > most:
            raise self._stop(431, "The headers are too large.")
        names = dict(headers)
        coding = names.get(b"transfer-encoding")
        if coding is not None:
            if b"content-length" in names:
                # RFC 9112 §6.1: two servers that take different ones see two different requests.
                raise self._stop(400, "Content-Length and Transfer-Encoding exclude each other.")
            if coding.strip().lower() != b"chunked":
                raise self._stop(501, "The only transfer coding is chunked.")
        if b"host" not in names:
            if self.parser.get_http_version() == "1.1":
                raise self._stop(400, "A request has a Host (RFC 9112 §3.2).")
        elif len(names) != len(headers) and [name for name, _ in headers].count(b"host") > 1:
            raise self._stop(400, "A request has one Host (RFC 9112 §3.2).")
        self._reading = "body"
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        super()._start_asgi_task(cycle, Answering(cycle, app))

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        if self.flow.read_paused:
            self._held_up = True

    def on_message_complete(self) -> None:
        self._reading = ""
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._disarm_write()
        self._write_timer = self.loop.call_later(self.limits.write_timeout, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._disarm_write()

    def send_400_response(self, msg: str) -> None:
        """What uvicorn calls when the parser stops, be it by itself or because one of our bounds was passed."""
        self._refuse(*(self._refusal or (400, msg)))

    def _stop(self, status: int, message: str) -> ValueError:
        """The exception to raise within a callback of the parser, which makes it stop."""
        self._refusal = (status, message)
        return ValueError(message)

    def _refuse(self, status: int, message: str) -> None:
        self._disarm()
        cycle = self.cycle
        answering = cycle is not None and not cycle.response_complete
        # While an earlier request is being answered, or this one already, another answer cannot be put between.
        if not answering or (self._reading == "body" and not cycle.response_started and not self.pipeline):
            body = orjson.dumps({"errors": [{"message": message, "extensions": {"code": "BAD_REQUEST"}}]})
            self.transport.write(
                b"HTTP/1.1 %d %s\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: %d\r\n"
                b"cache-control: no-store\r\n%sconnection: close\r\n\r\n%s"
                % (status, http.HTTPStatus(status).phrase.encode("ascii"), len(body), _SECURITY, body)
            )
            if answering:
                cycle.disconnected = True
                cycle.message_event.set()
        self.transport.close()

    def _arm(self, reading: str, seconds: float) -> None:
        self._disarm()
        self._timed = reading
        self._timer = self.loop.call_later(seconds, self._late)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._timed = ""

    def _disarm_write(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def _late(self) -> None:
        if self._held_up:
            self._held_up = self.flow.read_paused
            self._arm(self._timed, self.limits.body_timeout)
        elif not self._reading:
            self.transport.close()  # Nobody asked anything: browsers open connections in advance.
        else:
            self._refuse(408, "The request did not arrive in time.")


def _size(headers: list[tuple[bytes, bytes]]) -> int:
    return sum(len(name) + len(value) for name, value in headers)


def _unnamed(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [header for header in headers if header[0].lower() != b"server"]
