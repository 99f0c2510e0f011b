"""What one run did, in the form of `extensions.trace`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from resolvers.backends.recorded import CallRecord


def trace_told(records: Sequence[CallRecord], started: float, seconds: float) -> dict[str, Any]:
    """Every call and what the cache gave, in the order of their starts; milliseconds from the start of the run.

    `started` is in seconds of the epoch. A call that left before this request joined it starts below zero.
    """
    served = {"hit": 0, "absent": 0, "stale": 0, "miss": 0, "error": 0}
    for record in records:
        served[record.outcome] += record.wanted
    return {
        "durationMs": _milliseconds(seconds),
        "calls": [
            {
                "backend": record.backend,
                "operation": record.operation,
                "startMs": _milliseconds(record.started - started),
                "durationMs": _milliseconds(record.seconds),
                "keys": record.keys,
                "shared": record.shared,
                "outcome": record.outcome,
                "attempts": record.attempts,
                "code": record.code,
            }
            for record in sorted(records, key=lambda record: record.started)
        ],
        "cache": {
            "hits": served["hit"] + served["absent"],
            "misses": served["miss"] + served["error"],
            "stale": served["stale"],
        },
    }


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)
