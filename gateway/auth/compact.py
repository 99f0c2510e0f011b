"""Reading a signed token's compact form (RFC 7515 §7.1), strictly and once.

What is read here is what is used later: there is no second parser that could see another token. Everything that would
leave room for doubt is refused before any cryptography: padding, other alphabets, bits that no byte uses, duplicate
names, numbers without end, deep nesting, text that is not Unicode.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from math import isfinite
from typing import Any, Final, NoReturn

from msgspec import Struct

from gateway.auth.refusal import refused

MAX_DEPTH: Final = 16
"""Levels of objects and arrays in header and claims."""
MAX_CONTAINERS: Final = 256
"""Objects and arrays in each of them."""

_SHAPE: Final = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)", re.ASCII)
_LAST: Final = {2: frozenset("AQgw"), 3: frozenset("AEIMQUYcgkosw048")}
"""Last characters whose unused bits are zero (RFC 4648 §3.5), by the length of the last group."""
_STRUCTURE: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_MAX_DIGITS: Final = 19


class Unverified(Struct, frozen=True, gc=False):
    """The parts of a token that nobody has vouched for yet."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signing_input: bytes
    signature: bytes

    def __repr__(self) -> str:
        return "Unverified(…)"


def read(token: str) -> Unverified:
    """The parts of this token. Raises Unauthenticated (`malformed`) unless they are three, each as strict as can be.

    The time is linear in the token's length, which the caller has limited.
    """
    found = _SHAPE.fullmatch(token)
    if found is None:
        raise refused("malformed")
    header, claims, signature = found.groups()
    return Unverified(_object(header), _object(claims), token[: found.end(2)].encode("ascii"), _bytes(signature))


def _bytes(part: str) -> bytes:
    rest = len(part) & 3
    if rest == 1 or (rest and part[-1] not in _LAST[rest]):
        raise refused("malformed")
    return urlsafe_b64decode(part + "=" * (-len(part) & 3))


def _object(part: str) -> dict[str, Any]:
    try:
        text = _bytes(part).decode()
        openings = text.count("{") + text.count("[")
        if openings > MAX_DEPTH and (openings > MAX_CONTAINERS or _too_deep(text)):
            raise refused("malformed")
        value = _DECODER.decode(text)
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except ValueError as exc:  # UnicodeError and JSONDecodeError are of its kind.
        raise refused("malformed") from exc
    if not isinstance(value, dict):
        raise refused("malformed")
    return value


def _too_deep(text: str) -> bool:
    level = 0
    for found in _STRUCTURE.finditer(text):
        sign = found[0]
        if sign in "[{":
            level += 1
            if level > MAX_DEPTH:
                return True
        elif sign in "]}":
            level -= 1
    return False


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name stands twice")
    return members


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ValueError("a number is too long")
    return int(digits)


def _number(digits: str) -> float:
    value = float(digits)
    if len(digits) > 2 * _MAX_DIGITS or not isfinite(value):
        raise ValueError("a number is too long or too large")
    return value


def _constant(name: str) -> NoReturn:
    raise ValueError("not a number of JSON")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_distinct, parse_int=_integer, parse_float=_number, parse_constant=_constant
)
