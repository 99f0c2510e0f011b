"""A denylist in Redis, shared by all workers and machines."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from redis.exceptions import RedisError

from gateway.auth.denylist import entries
from gateway.auth.refusal import refused
from gateway.auth.settings import DenylistSettings
from resolvers.backends.ports import Clock
from resolvers.errors import BackendUnavailable

if TYPE_CHECKING:
    from redis.asyncio import Redis

MAX_ANSWERS: Final = 8192
PAUSE: Final = 1.0
"""Seconds for which a failing Redis is not asked again, so that it does not slow every request down."""


class SharedDenylist:
    """Entries of Redis that expire by themselves, under `<prefix>:jti:<hash>` and `<prefix>:sub:<hash>`.

    An answer is remembered for `remember` seconds: that long a revocation may take to reach this process. While Redis
    does not answer, `when_unreachable` decides, and `failures` counts. The client is the caller's to close.
    """

    def __init__(
        self,
        client: Redis,
        settings: DenylistSettings,
        clock: Clock,
        *,
        prefix: str = "bizgraph:denied",
        max_answers: int = MAX_ANSWERS,
    ) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self._prefix = prefix
        self._max_answers = max_answers
        self._answers: OrderedDict[tuple[str | None, str | None], tuple[bool, float]] = OrderedDict()
        self._silent_until = float("-inf")
        self.failures = 0

    def known(self, jti: str | None, subject: str | None) -> bool | None:
        answer = self._answers.get((jti, subject))
        if answer is None or answer[1] <= self._clock.monotonic():
            return None
        return answer[0]

    async def revoked(self, jti: str | None, subject: str | None) -> bool:
        known = self.known(jti, subject)
        if known is not None:
            return known
        names = [self._name(kind, value) for kind, value in entries(jti, subject)]
        if not names:
            return False
        if self._clock.monotonic() >= self._silent_until:
            try:
                async with asyncio.timeout(self._settings.timeout):
                    answer = bool(await self._client.exists(*names))
            except (RedisError, OSError):  # TimeoutError is an OSError.
                self.failures += 1
                self._silent_until = self._clock.monotonic() + PAUSE
            else:
                self._remember((jti, subject), answer)
                return answer
        if self._settings.when_unreachable == "refuse":
            raise refused("unavailable")
        return False

    async def revoke(self, *, jti: str | None = None, subject: str | None = None, seconds: float) -> None:
        """Raises BackendUnavailable when Redis did not take it: whoever revokes has to know."""
        try:
            async with asyncio.timeout(self._settings.timeout):
                for kind, value in entries(jti, subject):
                    await self._client.set(self._name(kind, value), b"1", px=max(1, round(seconds * 1000)))
        except (RedisError, OSError) as exc:
            raise BackendUnavailable("the denylist did not take the revocation", backend="redis") from exc
        finally:
            self._answers.clear()

    def _remember(self, key: tuple[str | None, str | None], answer: bool) -> None:
        self._answers[key] = (answer, self._clock.monotonic() + self._settings.remember)
        self._answers.move_to_end(key)
        if len(self._answers) > self._max_answers:
            self._answers.popitem(last=False)

    def _name(self, kind: str, value: str) -> str:
        # A hash keeps names short and subjects out of the store's listings.
        return f"{self._prefix}:{kind}:{sha256(value.encode()).hexdigest()}"
