"""The body of a request: read within bounds of size and time, decoded as strict JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from starlette.types import Receive

from gateway.http.refusal import CLOSE, Refused

_DEPTH = 100
"""Levels of objects and lists in one body; GraphQL input has a handful."""

_LEAST, _MOST = -(2**63), 2**64 - 1
"""Integers beyond these lose digits in other JSON readers on the way."""


TIMED_BODY: Final = "bizgraph.timed_body"
"""ASGI extension: the server ends a request by itself whose body does not arrive in so many `seconds`."""


async def read_body(
    headers: Mapping[bytes, bytes], receive: Receive, *, limit: int, timeout: float | None
) -> bytes | None:
    """The whole body; None when the client went away, so that nobody is left to answer.

    Raises Refused with 413 above `limit` bytes, declared or sent, and with 408 after `timeout` seconds; None where the
    server sees to that (TIMED_BODY), for a time-out costs more than all else that is done to a body.
    """
    declared = headers.get(b"content-length")
    if declared is not None:
        if not declared.isdigit():
            raise Refused("Content-Length is not a number.", 400, CLOSE)
        if len(declared) > 15 or int(declared) > limit:
            raise _too_large(limit)
    if timeout is None:
        return await _received(receive, limit)
    try:
        async with asyncio.timeout(timeout):
            return await _received(receive, limit)
    except TimeoutError as error:
        raise Refused("The body of the request did not arrive in time.", 408, CLOSE) from error


async def _received(receive: Receive, limit: int) -> bytes | None:
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        if len(body) > limit:
            raise _too_large(limit)
        return body
    received = bytearray()
    while True:
        if message["type"] == "http.disconnect":
            return None
        received += message.get("body", b"")
        if len(received) > limit:
            raise _too_large(limit)
        if not message.get("more_body"):
            return bytes(received)
        message = await receive()


def _too_large(limit: int) -> Refused:
    return Refused(f"The body of the request is larger than {limit} bytes.", 413, CLOSE)


def decode_object(text: bytes, what: str) -> dict[str, Any]:
    """A JSON object (RFC 8259) that every reader understands in the same way.

    Raises Refused, which begins with `what`, for anything else: not UTF-8, not JSON (NaN and Infinity are not), not an
    object, a name twice in one object, an unpaired surrogate, integers beyond 64 bits, more than 100 levels.
    """
    try:
        if not text.isascii():
            text.decode()  # The decoder does not look at all bytes of names.
        value: dict[str, Any] = _DECODER.decode(text)
    except UnicodeDecodeError as error:
        raise Refused(f"{what} is not UTF-8.") from error
    except msgspec.ValidationError as error:
        batch = " Batches are not accepted: send one operation per request." if text.lstrip()[:1] == b"[" else ""
        raise Refused(f"{what} does not fit: {str(error)[:200]}.{batch}") from error
    except msgspec.DecodeError as error:
        raise Refused(f"{what} is not JSON: {str(error)[:200]}.") from error
    except RecursionError as error:
        raise _too_deep(what) from error
    # With each name a colon stands in the text, and every other colon is within a string. A name that was written
    # twice is one name in the value, so then the text holds more of them. Only an escaped colon can hide that.
    colons = _count_colons(value, what)
    if b"\\u003" in text:
        _look_for_names_twice(text, what)
    elif colons != text.count(b":"):
        raise _named_twice(what)
    return value


_DECODER = msgspec.json.Decoder(dict[str, Any])


def _count_colons(value: dict[str, Any], what: str) -> int:
    """The colons in the text of this value, had it each name once; checks depth and integers on the way."""
    colons = 0
    level: list[Any] = [value]
    for _ in range(_DEPTH):
        below: list[Any] = []
        for container in level:
            items = container
            if container.__class__ is dict:
                colons += len(container)
                for name in container:
                    if ":" in name:
                        colons += name.count(":")
                items = container.values()
            for item in items:
                kind = item.__class__
                if kind is str:
                    colons += item.count(":")
                elif kind is dict or kind is list:
                    below.append(item)
                elif kind is int and not _LEAST <= item <= _MOST:
                    raise Refused(f"{what} holds an integer beyond 64 bits.")
        if not below:
            return colons
        level = below
    raise _too_deep(what)


def _look_for_names_twice(text: bytes, what: str) -> None:
    def take(pairs: list[tuple[str, Any]]) -> None:
        if len({name for name, _ in pairs}) != len(pairs):
            raise _named_twice(what)

    json.loads(text, object_pairs_hook=take)


def _named_twice(what: str) -> Refused:
    return Refused(f"{what} has a name twice in one object.")


def _too_deep(what: str) -> Refused:
    return Refused(f"{what} is nested more than {_DEPTH} levels deep.")
