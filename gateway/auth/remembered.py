"""Tokens that were judged a moment ago, by the SHA-256 of their whole text.

Both halves are bounded, and apart: a flood of forged tokens pushes no verified one out.
"""

from __future__ import annotations

from collections import OrderedDict
from hashlib import sha256
from typing import Final

from msgspec import Struct

from gateway.auth.refusal import Reason, refused
from resolvers.backends.ports import Clock
from resolvers.principal import Principal

MAX_TOKENS: Final = 4096
MAX_BYTES: Final = 8_000_000
"""Bytes of token text; what is kept of a token takes about five times as much."""
MAX_REFUSALS: Final = 1024
REFUSAL_SECONDS: Final = 5.0


class _Verified(Struct, frozen=True, gc=False):
    principal: Principal
    until: float
    size: int


class RememberedTokens:
    """Verified tokens for at most `seconds` (and never past `exp`), refused ones for a few."""

    def __init__(
        self, seconds: float, clock: Clock, *, max_tokens: int = MAX_TOKENS, max_bytes: int = MAX_BYTES
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._monotonic = clock.monotonic
        self._max_tokens = max_tokens
        self._max_bytes = max_bytes
        self._bytes = 0
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()
        self._refused: OrderedDict[bytes, tuple[Reason, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._verified) + len(self._refused)

    def __repr__(self) -> str:
        return f"RememberedTokens({len(self._verified)} verified, {len(self._refused)} refused)"

    def find(self, token: str) -> Principal | None:
        """The principal of this token when it was verified lately. Raises its refusal when it was refused lately.

        Raises UnicodeEncodeError for text that is no token at all (lone surrogates).
        """
        digest = sha256(token.encode()).digest()
        known = self._verified.get(digest)
        if known is not None:
            if self._monotonic() < known.until:
                self._verified.move_to_end(digest)
                return known.principal
            self._forget(digest)
        elif self._refused and (refusal := self._refused.get(digest)) is not None:
            reason, until = refusal
            if self._monotonic() < until:
                raise refused(reason)
            del self._refused[digest]
        return None

    def keep(self, token: str, principal: Principal) -> None:
        """Remember a verified token."""
        left = self._seconds
        if principal.expires_at is not None:
            left = min(left, principal.expires_at - self._clock.time())
        size = len(token)
        if left <= 0 or size > self._max_bytes:
            return
        digest = sha256(token.encode()).digest()
        if digest in self._verified:
            self._forget(digest)
        self._verified[digest] = _Verified(principal, self._monotonic() + left, size)
        self._bytes += size
        while len(self._verified) > self._max_tokens or self._bytes > self._max_bytes:
            self._bytes -= self._verified.popitem(last=False)[1].size

    def refuse(self, token: str, reason: Reason) -> None:
        """Remember a refusal; meant for those that cost cryptography and will not change by waiting."""
        self._refused[sha256(token.encode()).digest()] = (reason, self._monotonic() + REFUSAL_SECONDS)
        if len(self._refused) > MAX_REFUSALS:
            self._refused.popitem(last=False)

    def _forget(self, digest: bytes) -> None:
        self._bytes -= self._verified.pop(digest).size
