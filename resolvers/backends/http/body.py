"""Bodies of answers: read up to a size, decompressed up to a size."""

from __future__ import annotations

import asyncio
import zlib
from typing import Final

from aiohttp import StreamReader

ON_THE_LOOP: Final = 256 * 1024
"""Decompressed bytes that are worked out on the event loop; what follows is done in a thread. About 1 ms."""
_PIECE: Final = 256 * 1024
_SLICE: Final = 64 * 1024
_MOST_MEMBERS: Final = 1024
_BEST_RATIO: Final = 1032
"""No deflated byte becomes more than so many."""
_GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP: Final = 16 + zlib.MAX_WBITS
_ZLIB: Final = zlib.MAX_WBITS
_RAW: Final = -zlib.MAX_WBITS


class TooLarge(Exception):
    """The body passes the backend's `max_answer`."""


class BadEncoding(Exception):
    """The body is compressed in a way that was not asked for, or is not what its Content-Encoding says."""


async def read_capped(payload: StreamReader, declared: str | None, most: int) -> bytes:
    """The whole body as it came. Raises TooLarge as early as it is known, without reading on."""
    if declared is not None and int(declared) > most:
        raise TooLarge
    pieces = []
    size = 0
    while piece := await payload.readany():
        size += len(piece)
        if size > most:
            raise TooLarge
        pieces.append(piece)
        if payload.at_eof():
            break
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def decompressed(body: bytes, encoding: str, most: int) -> bytes:
    """The body without its Content-Encoding (RFC 9110 §8.4). Raises TooLarge or BadEncoding.

    Memory stays near `most` whatever the body claims to become.
    """
    for name in reversed(encoding.lower().split(",")):
        match name.strip():
            case "gzip" | "x-gzip":
                if most < _promised_size(body) <= len(body) * _BEST_RATIO:
                    raise TooLarge
                body = await _inflated(body, _GZIP, most)
            case "deflate":
                # RFC 9110 means zlib; some servers send the bare stream.
                body = await _inflated(body, _ZLIB if _has_zlib_header(body) else _RAW, most)
            case "identity" | "":
                pass
            case _:
                raise BadEncoding("a content encoding that was not asked for")
    return body


def _promised_size(body: bytes) -> int:
    """What gzip says at its end that it becomes (RFC 1952 §2.3.1); noise where the body is cut or no gzip."""
    return int.from_bytes(body[-4:], "little")


def _has_zlib_header(body: bytes) -> bool:
    return len(body) >= 2 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0


async def _inflated(body: bytes, window: int, most: int) -> bytes:
    if not body:
        return body
    inflater = _Inflater(body, window, most)
    if not inflater.run(ON_THE_LOOP):
        await asyncio.to_thread(inflater.run, None)
    return bytes(inflater.out)


class _Inflater:
    """Decompression that can pause, so that its long part can go to a thread."""

    def __init__(self, body: bytes, window: int, most: int) -> None:
        self.out = bytearray()
        self._window = window
        self._most = most
        self._body = memoryview(body)
        self._at = 0
        self._members = 1
        self._stream = zlib.decompressobj(window)

    def run(self, budget: int | None) -> bool:
        """Work until the end (True) or until the budget of bytes is used up (False)."""
        try:
            while not self._stream.eof or self._next_member():
                if budget is not None and len(self.out) >= budget:
                    return False
                # The input goes in by slices, because zlib copies what it has not used yet at every step.
                rest = self._stream.unconsumed_tail
                if not rest:
                    rest = bytes(self._body[self._at : self._at + _SLICE])
                    self._at += len(rest)
                piece = self._stream.decompress(rest, _PIECE)
                if not rest and not piece and not self._stream.eof:
                    raise BadEncoding("the compressed body ends too early")
                self.out += piece
                if len(self.out) > self._most:
                    raise TooLarge
        except zlib.error as error:
            raise BadEncoding("the body is not compressed as it says") from error
        return True

    def _next_member(self) -> bool:
        """gzip bodies may consist of several members (RFC 1952 §2.2); what follows the end of others is dropped."""
        self._at -= len(self._stream.unused_data)
        if self._window != _GZIP or bytes(self._body[self._at : self._at + 2]) != _GZIP_MAGIC:
            return False
        self._members += 1
        if self._members > _MOST_MEMBERS:
            raise BadEncoding("the compressed body has too many parts")
        self._stream = zlib.decompressobj(self._window)
        return True
