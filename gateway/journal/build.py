"""From `[privacy]` to the journal."""

from __future__ import annotations

from gateway.journal.journal import Failed, Journal
from gateway.journal.settings import PrivacySettings
from gateway.journal.sinks import sink_of
from resolvers.backends.ports import Clock


def journal_of(settings: PrivacySettings, clock: Clock, *, farewell: float, failed: Failed) -> Journal | None:
    """The journal that these settings describe, not yet opened; None when it is off.

    `farewell` is how many seconds closing waits for what is not written yet. Raises ValueError when its place cannot
    be written to.
    """
    if settings.journal == "off":
        return None
    try:
        sink = sink_of(settings.journal)
    except OSError as error:
        raise ValueError(f"privacy.journal: {settings.journal}: {error.strerror}") from error
    return Journal(sink, clock, most=settings.queue, sync=settings.sync, farewell=farewell, failed=failed)
