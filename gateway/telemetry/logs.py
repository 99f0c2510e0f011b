"""Logs: one JSON object per line with a fixed event name, or readable lines for people.

The names of events are in `EVENTS`; a line never holds a token, a request body or personal data.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, BinaryIO, Literal

import orjson
import structlog

EVENTS: dict[str, str] = {
    "gateway.started": "The gateway listens; says where.",
    "gateway.stopped": "The gateway has closed what it shared.",
    "operation": "A GraphQL operation was answered: name, kind, duration, errors, backend calls.",
    "operation.crashed": "A fault of the gateway itself; holds the traceback that the caller did not see.",
    "backend.failed": "A call to a backend failed for good: backend, operation, code, cause, attempts.",
    "executor.fallback": "An operation was run by graphql-core because the compiled executor does not cover it.",
    "configuration.reloaded": "A changed configuration is in use.",
    "configuration.refused": "A changed configuration is wrong; the old one stays in use.",
}
"""Every event that is logged, and what it says."""

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["json", "console"]


def _dumps(value: Any, default: Any = None) -> bytes:
    return orjson.dumps(value, default=str)


def configure_logging(level: Level = "info", form: Format = "json", stream: BinaryIO | None = None) -> None:
    """Set up structlog for this process. Lines go to standard error unless a binary stream is given."""
    number = getattr(logging, level.upper())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if form == "json":
        structlog.configure(
            processors=[*shared, structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_dumps)],
            wrapper_class=structlog.make_filtering_bound_logger(number),
            logger_factory=structlog.BytesLoggerFactory(stream or sys.stderr.buffer),
            cache_logger_on_first_use=True,
        )
    else:
        structlog.configure(
            processors=[
                *shared,
                structlog.dev.ConsoleRenderer(
                    colors=sys.stderr.isatty(),
                    # Never with local variables: they hold tokens and people's data.
                    exception_formatter=structlog.dev.plain_traceback,
                ),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(number),
            logger_factory=structlog.PrintLoggerFactory(sys.stderr),
            cache_logger_on_first_use=True,
        )


def get_logger() -> Any:
    """A logger bound to this process's configuration."""
    return structlog.get_logger()
