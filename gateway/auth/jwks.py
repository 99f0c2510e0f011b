"""The keys that an issuer publishes at an address: fetched once for all, renewed ahead, kept while it is down."""

from __future__ import annotations

import asyncio
import ssl
from math import inf
from pathlib import Path
from typing import Final, Protocol

from yarl import URL

from gateway.auth.keysets import Keys, KeySet, KeysStatus, read_key_set
from gateway.auth.refusal import refused
from gateway.auth.settings import IssuerSettings
from resolvers.backends.http import HttpClient, HttpSettings, Origin
from resolvers.backends.ports import Clock
from resolvers.errors import BackendContract, BackendError, BackendUnavailable

MAX_DOCUMENT: Final = 256_000
"""Bytes of a key set, after decompression."""
_AHEAD: Final = 0.8
"""The part of `jwks_fresh` after which the set is renewed in the background, so that no caller waits for it."""


class Download(Protocol):
    """Brings the document."""

    async def document(self) -> bytes:
        """Raises BackendError, whose text holds nothing of the answer."""
        ...

    async def close(self) -> None: ...


class JwksAddress:
    """Fetches the document at a `jwks_url`: no redirects, no cookies, one timeout, a cap on size.

    `ca` names a PEM file of authorities; OSError is raised when it cannot be used.
    """

    def __init__(self, url: str, *, timeout: float = 5.0, ca: Path | None = None) -> None:
        settings = HttpSettings.model_validate({"max_answer": f"{MAX_DOCUMENT}B", "keepalive": "0s"})
        context = None if ca is None else ssl.create_default_context(cafile=ca)
        self._url = URL(url)
        self._timeout = timeout
        self._http = HttpClient("key set", settings, context)
        self._origin: Origin | None = None

    async def document(self) -> bytes:
        if self._origin is None:
            self._origin = self._http.origin(str(self._url))
        accepted = (
            ("Accept", "application/jwk-set+json, application/json"),
            ("Accept-Encoding", self._http.accept_encoding),
        )
        request = self._origin.request("GET", self._url.raw_path_qs, accepted)
        answer = await self._http.exchange(self._origin, request, timeout=self._timeout)
        if answer.status != 200:
            raise BackendUnavailable(f"key set: HTTP {answer.status}", backend="key set", cause="status")
        kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
            raise BackendContract("key set: the answer is not JSON", backend="key set", cause="content type")
        return answer.body

    async def close(self) -> None:
        await self._http.close()
        self._origin = None


class PublishedKeys:
    """A key set that is fetched and renewed.

    Keys count as fresh for `jwks_fresh`, and serve for `jwks_stale` while no newer set can be had. An unknown key id
    causes a fetch at once, but only one within `jwks_cooldown` however many unknown ids come; so do failures. Callers
    who need a fetch share one, and one of them going away does not stop it. Keys without an id are renewed by age only.
    """

    def __init__(self, issuer: IssuerSettings, download: Download, clock: Clock) -> None:
        self._issuer = issuer
        self._download = download
        self._clock = clock
        self._keys: KeySet | None = None
        self._fetched_at = -inf
        self._retry_at = -inf
        self._unknown_at = -inf
        self._fetches = 0
        self._problem: str | None = None
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, kid: str | None, algorithm: str) -> Keys:
        before = self._fetches
        now = self._clock.monotonic()
        age = now - self._fetched_at
        if age >= self._issuer.jwks_fresh * _AHEAD and now >= self._retry_at:
            fetching = self._fetch()
            # Once the issuer is known to be in trouble, nobody waits for it who can be served without.
            if age >= self._issuer.jwks_stale or (age >= self._issuer.jwks_fresh and self._problem is None):
                await asyncio.shield(fetching)
        found = self._usable().find(kid, algorithm)
        if not found and (self._fetching or (self._fetches == before and self._may_ask_for_unknown(now))):
            await asyncio.shield(self._fetch())
            found = self._usable().find(kid, algorithm)
        return found

    def _usable(self) -> KeySet:
        if self._keys is None or self._clock.monotonic() - self._fetched_at >= self._issuer.jwks_stale:
            raise refused("unavailable")
        return self._keys

    def _may_ask_for_unknown(self, now: float) -> bool:
        if now < max(self._unknown_at + self._issuer.jwks_cooldown, self._retry_at):
            return False
        self._unknown_at = now
        return True

    def _fetch(self) -> asyncio.Task[None]:
        if self._fetching is None:
            self._fetches += 1
            self._fetching = asyncio.create_task(self._renew(), name="key set")
            self._fetching.add_done_callback(self._settled)
        return self._fetching

    def _settled(self, task: asyncio.Task[None]) -> None:
        self._fetching = None

    async def _renew(self) -> None:
        try:
            keys = read_key_set(await self._download.document(), self._issuer.algorithms)
        except (BackendError, ValueError) as exc:
            self._problem = str(exc)
            self._retry_at = self._clock.monotonic() + self._issuer.jwks_cooldown
        else:
            self._keys = keys
            self._problem = None
            self._fetched_at = self._clock.monotonic()

    def status(self) -> KeysStatus:
        if self._keys is None:
            return KeysStatus(fetches=self._fetches, problem=self._problem)
        return KeysStatus(
            usable=self._keys.usable,
            skipped=self._keys.skipped,
            age=self._clock.monotonic() - self._fetched_at,
            fetches=self._fetches,
            problem=self._problem,
        )

    async def open(self) -> None:
        """Asks for the keys ahead of the first token, without waiting for them."""
        self._fetch()

    async def close(self) -> None:
        """Stops a fetch under way."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])
        await self._download.close()
