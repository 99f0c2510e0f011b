"""Durations, sizes and patterns as they are written in `bizgraph.toml`: `"2s"`, `"150ms"`, `"32MB"`.

A bare number is refused, because nobody can see whether `timeout = 2` means seconds or milliseconds. In Python both are
plain numbers: seconds as `float`, sizes as `int` bytes.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema

_SECONDS: Final = {"ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600), "d": Decimal(86400)}
_BYTES: Final = {
    "B": 1, "kB": 1000, "MB": 1000**2, "GB": 1000**3, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3,
}  # fmt: skip
_AMOUNT: Final = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?) ?([A-Za-z]+)", re.ASCII)


def _split(value: object, kind: str, units: str, example: str) -> tuple[Decimal, str]:
    if isinstance(value, str) and (found := _AMOUNT.fullmatch(value.strip())):
        return Decimal(found[1]), found[2]
    raise ValueError(f"not a {kind}: write a number and a unit ({units}), such as {example}")


def seconds(value: object) -> float:
    """Seconds from `"150ms"`, `"2s"`, `"5m"`, `"1h"` or `"7d"`. Raises ValueError otherwise, on bare numbers too."""
    number, unit = _split(value, "duration", "ms, s, m, h, d", '"2s"')
    if unit not in _SECONDS:
        raise ValueError(f"{unit} is not a unit of time: use ms, s, m, h or d")
    return float(number * _SECONDS[unit])


def duration_text(value: float) -> str:
    """The shortest text that `seconds` reads back as this duration, to the millisecond."""
    thousandths = round(value * 1000)
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if thousandths and thousandths % size == 0:
            return f"{thousandths // size}{unit}"
    return f"{thousandths}ms" if thousandths else "0s"


def byte_count(value: object) -> int:
    """Bytes from `"512kB"`, `"32MB"` (powers of 1000) or `"32MiB"` (powers of 1024). Raises ValueError otherwise."""
    number, unit = _split(value, "size", "B, kB, MB, GB, KiB, MiB, GiB", '"32MB"')
    if unit not in _BYTES:
        raise ValueError(f"{unit} is not a unit of size: use B, kB, MB, GB, KiB, MiB or GiB")
    return int(number * _BYTES[unit])


def size_text(value: int) -> str:
    """The shortest text that `byte_count` reads back as this size."""
    for unit in ("GB", "GiB", "MB", "MiB", "kB", "KiB"):
        if value and value % _BYTES[unit] == 0:
            return f"{value // _BYTES[unit]}{unit}"
    return f"{value}B"


def _schema(pattern: str, description: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "description": description, "examples": [example]})


Duration = Annotated[
    float,
    BeforeValidator(seconds),
    PlainSerializer(duration_text, return_type=str, when_used="json"),
    _schema(r"^[0-9]+(\.[0-9]+)? ?(ms|s|m|h|d)$", "A duration with its unit.", "2s"),
]
"""A settings field in seconds, written with a unit."""

ByteSize = Annotated[
    int,
    BeforeValidator(byte_count),
    PlainSerializer(size_text, return_type=str, when_used="json"),
    _schema(r"^[0-9]+(\.[0-9]+)? ?(B|kB|MB|GB|KiB|MiB|GiB)$", "A size with its unit.", "32MB"),
]
"""A settings field in bytes, written with a unit."""


def _regular_expression(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return pattern


Pattern = Annotated[str, AfterValidator(_regular_expression)]
"""A regular expression, checked when the file is read."""
