"""Logs: one JSON object per line with a fixed event name, or readable lines for people.

The names of events are in `EVENTS`; a line never holds a token, a request body or personal data.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final, Literal

import orjson
import structlog

EVENTS: Final[dict[str, str]] = {
    "gateway.listening": "The address is taken, and connections are answered once a process has started.",
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


def configure_logging(level: Level = "info", form: Format = "json", stream: BinaryIO | None = None) -> None:
    """Set up structlog for this process. Lines go to standard error unless a binary stream is given."""
    structlog.configure(
        processors=[_json_line] if form == "json" else _readable_line(),
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=_factory(form, stream),
        cache_logger_on_first_use=True,
    )


def _json_line(logger: Any, level: str, line: MutableMapping[str, Any]) -> bytes:
    """One processor instead of structlog's four: a line is written for every operation, and this halves its cost."""
    line["level"] = level
    line["timestamp"] = datetime.now(UTC)
    if "exc_info" in line:
        structlog.processors.format_exc_info(logger, level, line)
    return orjson.dumps(line, default=str, option=orjson.OPT_UTC_Z)


def _readable_line() -> list[Any]:
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
    ]


def _factory(form: Format, stream: BinaryIO | None) -> Any:
    if form == "json":
        return structlog.BytesLoggerFactory(stream or sys.stderr.buffer)
    return structlog.PrintLoggerFactory(sys.stderr)


def get_logger() -> Any:
    """A logger bound to this process's configuration."""
    return structlog.get_logger()
