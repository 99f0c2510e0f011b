"""Media types: which one an answer has (Accept, RFC 9110 §12.5.1), and whether a body is JSON (Content-Type, §8.3)."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

_PARAMETER = re.compile(r';\s*(?:([!#$%&\'*+.^_`|~\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?\s*', re.ASCII)
_MEDIA_RANGE = re.compile(r"\s*([!#$%&'*+.^_`|~\w-]+)/([!#$%&'*+.^_`|~\w-]+)\s*", re.ASCII)
_QUALITY = re.compile(r"0(?:\.\d{0,3})?|1(?:\.0{0,3})?", re.ASCII)
_UTF8 = frozenset({"utf-8", "utf8"})


class MediaType(Struct, frozen=True):
    """A media type of answers."""

    name: str
    content_type: bytes
    request_error: int
    """The status of a well-formed request that is not executed, because document or variables are not valid."""


JSON = MediaType("application/json", b"application/json; charset=utf-8", 200)
"""What clients without the newer type read: they trust only 200."""
GRAPHQL_RESPONSE = MediaType(
    "application/graphql-response+json", b"application/graphql-response+json; charset=utf-8", 400
)

_OFFERED = (JSON, GRAPHQL_RESPONSE)
"""The first wins where the client does not care."""


@lru_cache(maxsize=128)
def negotiate(accept: bytes | None) -> MediaType | None:
    """The media type of the answer, None if the client takes neither.

    The most specific range decides about a type. Between types the higher weight wins, then the one that is named over
    the one that a wildcard covers, then the order. A client that names neither gets `application/json`.
    """
    if accept is None or not accept.strip():
        return JSON
    best: tuple[float, int, int] | None = None
    chosen: MediaType | None = None
    ranges = _ranges(accept.decode("latin-1"))
    for offered in _OFFERED:
        kind, subtype = offered.name.split("/")
        fitting = [
            ((range_kind != "*") + (range_subtype != "*"), -place, weight)
            for place, (range_kind, range_subtype, weight) in enumerate(ranges)
            if (range_kind, range_subtype) in ((kind, subtype), (kind, "*"), ("*", "*"))
        ]
        if not fitting:
            continue
        specificity, order, quality = max(fitting)
        if quality > 0 and (best is None or (quality, specificity, order) > best):
            best = (quality, specificity, order)
            chosen = offered
    return chosen


@lru_cache(maxsize=128)
def is_json(content_type: bytes) -> bool:
    """Whether a Content-Type is `application/json` in UTF-8, in any case and with any other parameters."""
    parsed = _media_type(content_type.decode("latin-1"), 0)
    if parsed is None:
        return False
    kind, subtype, parameters, end = parsed
    return (kind, subtype, end) == ("application", "json", len(content_type)) and _in_utf8(parameters)


def _ranges(accept: str) -> list[tuple[str, str, float]]:
    """The ranges that can be satisfied, with their weights. What does not parse is passed over up to the next comma."""
    ranges = []
    position = 0
    while position < len(accept):
        parsed = _media_type(accept, position)
        if parsed is not None:
            kind, subtype, parameters, position = parsed
            weight = parameters.get("q", "1")
            if _QUALITY.fullmatch(weight) and _in_utf8(parameters) and accept[position : position + 1] in ("", ","):
                ranges.append((kind, subtype, float(weight)))
        comma = accept.find(",", position)
        position = len(accept) if comma < 0 else comma + 1
    return ranges


def _media_type(text: str, position: int) -> tuple[str, str, dict[str, str], int] | None:
    """Type, subtype and parameters in lower case, and where they end."""
    match = _MEDIA_RANGE.match(text, position)
    if match is None:
        return None
    kind, subtype = match[1].lower(), match[2].lower()
    parameters: dict[str, str] = {}
    position = match.end()
    while match := _PARAMETER.match(text, position):
        if match[1]:
            parameters[match[1].lower()] = (match[3] if match[2] is None else match[2]).lower()
        position = match.end()
    return kind, subtype, parameters, position


def _in_utf8(parameters: dict[str, str]) -> bool:
    return parameters.get("charset", "utf-8") in _UTF8
