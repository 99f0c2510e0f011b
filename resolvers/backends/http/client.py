"""One HTTP exchange with a backend: request bytes out, a whole answer in, every failure classified."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

from aiohttp import ClientConnectionError, ServerDisconnectedError
from aiohttp.http_exceptions import HttpProcessingError
from msgspec import Struct
from multidict import CIMultiDictProxy
from yarl import URL

from resolvers.backends.http.body import BadEncoding, TooLarge, decompressed, read_capped
from resolvers.backends.http.failures import FOREIGN, failure
from resolvers.backends.http.pool import Link, Pool
from resolvers.backends.http.settings import HttpSettings
from resolvers.errors import BackendContract

if TYPE_CHECKING:
    import ssl

    from aiohttp import StreamReader
    from aiohttp.http_parser import RawResponseMessage

Headers = tuple[tuple[str, str], ...]

_READ_BUFFER: Final = 256 * 1024
_UNSAFE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_TARGET: Final = re.compile(r"/[!-~]*")


class Answer(Struct, frozen=True):
    """A complete answer: `headers` ignores case, `body` is decompressed."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    def __repr__(self) -> str:
        return f"Answer(status={self.status}, {len(self.body)} bytes)"


watcher: ContextVar[Callable[[str | None, Answer], None] | None] = ContextVar("watcher", default=None)
"""Who is told operation and answer of every exchange of the current task: tools that look at answers as they come."""


def header_lines(headers: Iterable[tuple[str, str]]) -> bytes:
    """Header lines in wire form. Raises ValueError for names and values that could break out of their line."""
    lines = []
    for name, value in headers:
        if not _TOKEN.fullmatch(name):
            raise ValueError("a header name holds characters that are not allowed")
        if _UNSAFE.search(value):
            raise ValueError(f"the value of header {name} holds control characters")
        lines.append(f"{name}: {value}\r\n")
    return "".join(lines).encode("utf-8")


def wire_form(method: str, target: str, lines: bytes, body: bytes = b"") -> bytes:
    """A request from parts that are known to be safe: `lines` come from `Origin.host` and `header_lines`."""
    start = f"{method} {target} HTTP/1.1\r\n".encode("ascii")
    if body or method in _WITH_BODY:
        return b"%b%bContent-Length: %d\r\n\r\n%b" % (start, lines, len(body), body)
    return b"%b%b\r\n" % (start, lines)


class Origin:
    """Scheme, host and port of a backend, and its connections."""

    __slots__ = ("authority", "host", "pool", "url")

    def __init__(self, url: URL, pool: Pool) -> None:
        self.url = url
        self.pool = pool
        self.authority = url.raw_authority
        self.host = f"Host: {self.authority}\r\n".encode("ascii")

    def request(self, method: str, target: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> bytes:
        """A request in wire form; `target` is the path with its query, percent-encoded.

        Raises ValueError for what cannot be sent safely.
        """
        if not _TARGET.fullmatch(target):
            raise ValueError("the request target is not a percent-encoded path")
        return wire_form(method, target, self.host + header_lines(headers), body)


class HttpClient:
    """The connections of one backend, with caps on time and size. It follows no redirect and keeps no cookie."""

    def __init__(self, backend: str, settings: HttpSettings, ssl_context: ssl.SSLContext | None = None) -> None:
        self.backend = backend
        self._settings = settings
        self._ssl_context = ssl_context
        self._origins: dict[str, Origin] = {}

    @property
    def accept_encoding(self) -> str:
        """The value of Accept-Encoding that fits what this client can read."""
        return "gzip, deflate" if self._settings.compression else "identity"

    def origin(self, url: str) -> Origin:
        """The origin of this URL, shared by all URLs of the same one; call it inside the running event loop.

        Raises ValueError for a URL that is not http or https, or that holds credentials.
        """
        parsed = URL(url)
        if parsed.scheme not in {"http", "https"} or not parsed.raw_host:
            raise ValueError("the URL must start with http:// or https:// and name a host")
        if parsed.raw_user or parsed.raw_password:
            raise ValueError("the URL must not hold credentials: use auth")
        base = parsed.origin()
        origin = self._origins.get(str(base))
        if origin is None:
            origin = self._origins[str(base)] = Origin(base, Pool(base, self._settings, self._ssl_context))
        return origin

    async def exchange(
        self, origin: Origin, request: bytes, *, timeout: float, operation: str | None = None, again: bool = True
    ) -> Answer:
        """Send the request and read the whole answer within `timeout` seconds, whatever its status.

        A kept connection that turns out to be closed before any byte of the answer is replaced once, unless `again`
        is False because the request must not be sent twice. Raises BackendTimeout, BackendUnavailable, or
        BackendContract with the causes "too large", "content encoding" and "not http".
        """
        link: Link | None = None
        done = False
        pool = origin.pool
        try:
            async with asyncio.timeout(timeout):
                link = pool.idle()
                if link is None:
                    link = await pool.connect()
                try:
                    message, payload = await self._ask(link, request)
                except (ClientConnectionError, ConnectionError) as error:
                    if not again or not link.used or _something_came(error):
                        raise
                    link.close()
                    link = await pool.connect()
                    message, payload = await self._ask(link, request)
                body = await self._body(message, payload)
            done = True
        except (TooLarge, BadEncoding) as error:
            raise self._unreadable(error, operation) from error
        except FOREIGN as error:
            raise failure(error, self.backend, operation, timeout, connected=link is not None) from error
        finally:
            if link is not None:
                if done:
                    pool.give_back(link)
                else:
                    link.close()
        answer = Answer(message.code, message.headers, body)
        if (tell := watcher.get()) is not None:
            tell(operation, answer)
        return answer

    async def _ask(self, link: Link, request: bytes) -> tuple[RawResponseMessage, StreamReader]:
        protocol = link.protocol
        protocol.set_response_params(read_until_eof=True, auto_decompress=False, read_bufsize=_READ_BUFFER)
        if protocol.transport is None or not protocol.is_connected():
            raise ServerDisconnectedError
        protocol.transport.write(request)
        while True:
            message, payload = await protocol.read()
            if message.code >= 200:
                return message, payload
            if message.code == 101:
                raise HttpProcessingError(message="upgraded without being asked")

    async def _body(self, message: RawResponseMessage, payload: StreamReader) -> bytes:
        most = self._settings.max_answer
        body = await read_capped(payload, message.headers.get("Content-Length"), most)
        encoding = message.headers.get("Content-Encoding")
        return body if encoding is None else await decompressed(body, encoding, most)

    def _unreadable(self, error: TooLarge | BadEncoding, operation: str | None) -> BackendContract:
        if isinstance(error, TooLarge):
            return BackendContract(
                f"{self.backend} answered more than {self._settings.max_answer} bytes",
                backend=self.backend,
                operation=operation,
                cause="too large",
            )
        return BackendContract(
            f"{self.backend}: {error}", backend=self.backend, operation=operation, cause="content encoding"
        )

    async def close(self) -> None:
        """Close every connection."""
        for origin in self._origins.values():
            await origin.pool.close()
        self._origins.clear()


def _something_came(error: BaseException) -> bool:
    # aiohttp puts the part of a status line or header that it had parsed in place of its own text.
    return isinstance(error, ServerDisconnectedError) and not isinstance(error.message, str)
