"""Logs: one JSON object per line with a fixed event name, or readable lines for people.

The names of events are in `EVENTS`; a line never holds a token, a request body or personal data.
"""

from __future__ import annotations

import errno
import json
import logging
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final, Literal, cast

import orjson
import structlog

EVENTS: Final[dict[str, str]] = {
    "gateway.listening": "The address is taken, and connections are answered once a process has started.",
    "gateway.apart": "Workers share no Redis: each has a cache of its own, and an invalidation reaches one of them.",
    "gateway.started": "A process can answer requests.",
    "gateway.stopped": "A process has closed what it shared.",
    "operation": "A GraphQL operation was run.",
    "operation.crashed": "A fault of the gateway itself; holds the traceback that the caller did not see.",
    "journal.failed": "The access journal cannot be written: why, and how many entries wait. Told once until it can.",
    "journal.lost": "The access journal was closed with entries that could not be written: how many.",
    "executor.fallback": "graphql-core ran an operation, because the compiled executor does not cover it.",
    "backend.failed": "A call to a backend failed for good.",
    "backend.breaker": "A breaker changed its state.",
    "backend.wsdl": "A service description is missing, or has come at last.",
    "configuration.reloaded": "A changed configuration is in use.",
    "configuration.refused": "A changed configuration is wrong; the old one stays in use.",
    "configuration.lingering": "Requests of an old configuration were cut off, because they did not end in time.",
}
"""Every event that is logged, and what it says."""

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["json", "console"]


class Output:
    """A binary stream that never fails who writes to it: a line that cannot be written is counted, and left out."""

    def __init__(self, stream: BinaryIO | None) -> None:
        self._stream = stream
        self.lost = 0
        """Lines that were not written."""

    def write(self, line: bytes) -> None:
        try:
            if self._stream is None:
                raise OSError(errno.EBADF, "standard error is closed")
            self._stream.write(line)
            self._stream.flush()
        except (OSError, ValueError):  # ValueError: the stream was closed by whoever gave it
            self.lost += 1

    def flush(self) -> None:
        """Nothing is held back."""


def configure_logging(level: Level = "info", form: Format = "json", stream: BinaryIO | None = None) -> Output:
    """Set up structlog for this process. Lines go to standard error unless a binary stream is given."""
    # Without the descriptor Python has no sys.stderr at all.
    if stream is None and sys.stderr is not None:
        stream = sys.stderr.buffer
    output = Output(stream)
    structlog.configure(
        processors=[_json_line] if form == "json" else _readable_line(),
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.BytesLoggerFactory(cast("BinaryIO", output)),
        cache_logger_on_first_use=True,
    )
    return output


def _json_line(logger: Any, level: str, line: MutableMapping[str, Any]) -> bytes:
    """One processor instead of structlog's four: a line is written for every operation, and this halves its cost."""
    line["level"] = level
    line["timestamp"] = datetime.now(UTC)
    if "exc_info" in line:
        structlog.processors.format_exc_info(logger, level, line)
    try:
        return orjson.dumps(line, default=str, option=orjson.OPT_UTC_Z)
    except TypeError:
        # An unpaired surrogate or a number beyond 64 bits, which a traceback or an argument may hold.
        return json.dumps(line, default=str, ensure_ascii=False).encode("utf-8", "replace")


def _readable_line() -> list[Any]:
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.dev.ConsoleRenderer(colors=sys.stderr is not None and sys.stderr.isatty()),
        lambda logger, level, text: text.encode("utf-8", "backslashreplace"),
    ]


def get_logger() -> Any:
    """A logger bound to this process's configuration."""
    return structlog.get_logger()
