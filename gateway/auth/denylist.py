"""Revoked tokens and subjects: what has to stop before its `exp`."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, Protocol

from resolvers.backends.ports import Clock

MAX_ENTRIES: Final = 100_000


class Denylist(Protocol):
    """Where it is written that a token (by `jti`) or everything of a subject (by `sub`) is revoked.

    Both are asked on every request, for remembered tokens too, and both as `name_at` tells them.
    """

    async def revoked(self, jti: str | None, subject: str | None) -> bool:
        """Whether one of the two is revoked. Raises Unauthenticated (`unavailable`) when nobody can say."""
        ...

    async def revoke(self, *, jti: str | None = None, subject: str | None = None, seconds: float) -> None:
        """Revoke a token or a subject; `seconds` is at least what its longest-lived token has left."""
        ...


def name_at(issuer: str | None, value: str | None) -> str | None:
    """The name of this `jti` or subject here. Two issuers may give the same one to two callers."""
    return None if value is None else f"{issuer}\x1f{value}"


def entries(jti: str | None, subject: str | None) -> list[tuple[str, str]]:
    """The entries under which this token could be revoked."""
    named = (("jti", jti), ("sub", subject))
    return [(kind, value) for kind, value in named if value is not None]


class MemoryDenylist:
    """A denylist of this process. It holds a bounded number of entries; the oldest give way."""

    def __init__(self, clock: Clock, *, max_entries: int = MAX_ENTRIES) -> None:
        self._clock = clock
        self._max_entries = max_entries
        self._until: OrderedDict[tuple[str, str], float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._until)

    def known(self, jti: str | None, subject: str | None) -> bool | None:
        if not self._until:
            return False
        now = self._clock.monotonic()
        return any(self._until.get(entry, now) > now for entry in entries(jti, subject))

    async def revoked(self, jti: str | None, subject: str | None) -> bool:
        return bool(self.known(jti, subject))

    async def revoke(self, *, jti: str | None = None, subject: str | None = None, seconds: float) -> None:
        until = self._clock.monotonic() + seconds
        for entry in entries(jti, subject):
            self._until[entry] = max(until, self._until.pop(entry, until))
        if len(self._until) > self._max_entries:
            self._make_room()

    def _make_room(self) -> None:
        now = self._clock.monotonic()
        for entry in [entry for entry, until in self._until.items() if until <= now]:
            del self._until[entry]
        while len(self._until) > self._max_entries:
            self._until.popitem(last=False)
