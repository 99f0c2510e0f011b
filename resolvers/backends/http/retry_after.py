"""Retry-After (RFC 9110 §10.2.3): when a backend asks to be called again."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST: Final = 86_400.0
"""Seconds; whoever asks for more means "not today"."""


def retry_after(text: str | None, now: float) -> float | None:
    """Seconds from `now` (of the epoch) that the header asks to wait, as a number or as a date; at most a day.

    None where it is missing or says nothing usable.
    """
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST)
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return min(max(0.0, moment.timestamp() - now), LONGEST)
    except (ValueError, TypeError, OverflowError):
        return None
