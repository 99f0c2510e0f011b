"""Registered texts in Redis, for all processes and machines."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from redis.exceptions import RedisError

from resolvers.backends.ports import Clock

if TYPE_CHECKING:
    from redis.asyncio import Redis

PAUSE: Final = 1.0
"""Seconds for which a failing Redis is left alone, so that it does not slow every request down."""


class SharedDocuments:
    """`DocumentStore` (trusted.py) under `<prefix>:<hash>`. A text that nobody asks for is forgotten after `ttl`
    seconds. While Redis does not answer, no text is known and none kept, and `failures` counts; clients then send their
    texts again. The client is the caller's to close."""

    def __init__(
        self, client: Redis, clock: Clock, *, ttl: float, timeout: float = 0.1, prefix: str = "bizgraph:document"
    ) -> None:
        self._client = client
        self._clock = clock
        self._ttl = max(1, int(ttl))
        self._timeout = timeout
        self._prefix = prefix
        self._away_until = float("-inf")
        self.failures = 0

    async def get(self, sha256: str) -> str | None:
        if self._away:
            return None
        try:
            async with asyncio.timeout(self._timeout):
                text = await self._client.getex(self._name(sha256), ex=self._ttl)
            return text.decode() if isinstance(text, bytes) else text
        except UnicodeDecodeError:
            return None  # Another program writes under our names: the client sends its text again.
        except (RedisError, OSError):  # TimeoutError is an OSError.
            self._fail()
            return None

    async def set(self, sha256: str, text: str) -> None:
        if self._away:
            return
        try:
            async with asyncio.timeout(self._timeout):
                await self._client.set(self._name(sha256), text.encode(), ex=self._ttl)
        except (RedisError, OSError):
            self._fail()

    @property
    def _away(self) -> bool:
        return self._clock.monotonic() < self._away_until

    def _fail(self) -> None:
        self.failures += 1
        self._away_until = self._clock.monotonic() + PAUSE

    def _name(self, sha256: str) -> str:
        return f"{self._prefix}:{sha256}"
