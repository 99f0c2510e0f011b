"""Calls on their way to a backend: who waits for one, until when, and what it brings back."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from resolvers.backends.ports import Hints

NEVER: Final = float("inf")


class Patience:
    """By when a call is of use: the latest deadline of all who wait for it, in the clock's monotonic seconds.

    `attempts` is how many were made so far, for those who leave before there is an answer.
    """

    __slots__ = ("attempts", "deadline")

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.attempts = 0


class Waiter:
    """One look-up of `keys`, and the future that it waits for: done when all of its trips, `ahead`, are back, or when
    its own time is up. Each has its own, so that its cancellation stays its own."""

    __slots__ = ("ahead", "future", "keys")

    def __init__(self, keys: Sequence[str], ahead: int, future: Future[None]) -> None:
        self.keys = keys
        self.ahead = ahead
        self.future = future

    def gone(self) -> bool:
        """Whether nobody waits any more."""
        return self.future.done()

    def arrived(self) -> None:
        """One of the trips is back."""
        self.ahead -= 1
        if not self.ahead:
            self.stop()

    def stop(self) -> None:
        """Wait no longer, whatever is back by now."""
        if not self.future.done():
            self.future.set_result(None)


class Known(Struct, frozen=True):
    """What an asker holds of a key already: it is still right when the backend says that it was not modified."""

    etag: str
    value: Any


class Told(Struct, frozen=True):
    """What the backend said about keeping an answer (RFC 9111 §5.2.2, RFC 9110 §8.8.3)."""

    max_age: float | None
    etag: str | None


class Trip(Patience):
    """One call on its way: what its askers hold already, and what the backend said about keeping its answer.

    `hints` are those of the first asker. `sent_at` and `back_at` are seconds of the epoch, infinite until then.
    """

    __slots__ = ("back_at", "hints", "keys", "known", "sent_at", "told", "waiters")

    def __init__(self, deadline: float, hints: Hints = ()) -> None:
        super().__init__(deadline)
        self.hints = hints
        self.keys: dict[str, None] = {}
        self.waiters: list[Waiter] = []
        self.known: dict[str, Known] = {}
        self.told: dict[str, Told] = {}
        self.sent_at = self.back_at = NEVER


class Loaded(Struct):
    """Answers by key: found values, or the GatewayErrors that concern them; absent keys are left out.

    `found` may hold more keys than were asked for, and is shared: it is only to be read. `sent_at` is when the oldest
    of the calls left, in seconds of the epoch: nothing in `found` was read before it.
    """

    found: Mapping[str, Any]
    told: Mapping[str, Told]
    sent_at: float
    trips: Sequence[Trip]
    """The calls that were waited for."""
