"""OAuth2 client credentials (RFC 6749 §4.4): one token per backend, fetched once for everybody who waits for it."""

from __future__ import annotations

import asyncio
from math import inf, isfinite
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

import msgspec
from msgspec import Struct
from pydantic import SecretStr
from yarl import URL

from resolvers.backends.credentials.fixed import FixedCredentials, basic
from resolvers.backends.credentials.ports import OutgoingRequest
from resolvers.backends.credentials.settings import OAuth2Auth
from resolvers.backends.http import Answer, Headers, HttpClient, Origin
from resolvers.backends.ports import Clock
from resolvers.errors import BackendContract, BackendError, BackendRejected, BackendTimeout, BackendUnavailable

YOUNG: Final = 5.0
"""Seconds within which a token cannot have run out: a 401 then says something else, and no new one is fetched."""
RENEWAL_PAUSE: Final = 5.0
"""Seconds between attempts to renew a token that still serves."""


class _TokenAnswer(Struct):
    """RFC 6749 §5.1. Some servers write the number as text."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - the scheme's name, no secret
    expires_in: int | float | str | None = None


class _Token(Struct, frozen=True):
    headers: Headers
    fetched_at: float
    renew_at: float
    ends_at: float

    def __repr__(self) -> str:
        return "_Token()"


class OAuth2Credentials(FixedCredentials):
    """A bearer token from the token URL, renewed in the background before it ends."""

    def __init__(self, backend: str, auth: OAuth2Auth, secret: SecretStr, *, clock: Clock) -> None:
        super().__init__(None)
        self._backend = backend
        self._auth = auth
        self._clock = clock
        self._token: _Token | None = None
        self._fetching: asyncio.Task[_Token] | None = None
        self._not_before = -inf
        self._headers, self._form = _client(auth, secret)
        self._http: HttpClient | None = None
        self._origin: Origin | None = None

    @property
    def header_names(self) -> frozenset[str]:
        return frozenset({"authorization"})

    def open(self, http: HttpClient) -> None:
        """Raises ValueError for a `token_url` that is not a plain http(s) URL."""
        self._http = http
        self._origin = http.origin(self._auth.token_url)

    async def close(self) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])

    async def headers(self, request: OutgoingRequest, timeout: float) -> Headers:
        token = self._token
        now = self._clock.monotonic()
        if token is not None and now < token.ends_at:
            if now >= token.renew_at and now >= self._not_before:
                self._not_before = now + RENEWAL_PAUSE
                self._fetch()
            return token.headers
        try:
            async with asyncio.timeout(timeout):
                return (await asyncio.shield(self._fetch())).headers
        except TimeoutError as error:
            raise BackendTimeout(
                f"no token for {self._backend} in time",
                backend=self._backend,
                operation=request.operation,
                cause="token timeout",
            ) from error
        except BackendError as error:
            # The error of the one fetch is told to many callers: each gets its own, with its own trace.
            raise type(error)(
                error.message,
                backend=self._backend,
                operation=request.operation,
                cause=error.cause,
                retryable=error.retryable,
                retry_after=error.retry_after,
            ) from error

    async def refreshed(self, refused: Headers) -> bool:
        token = self._token
        if token is None or token.headers != refused:
            return True
        if self._clock.monotonic() - token.fetched_at < YOUNG:
            return False
        self._token = None
        return True

    def _fetch(self) -> asyncio.Task[_Token]:
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetched(), name=f"token for {self._backend}")
            self._fetching.add_done_callback(self._settled)
        return self._fetching

    def _settled(self, task: asyncio.Task[_Token]) -> None:
        self._fetching = None
        # Asking for the exception marks it as seen, where nobody waits: a renewal that fails is tried again.
        if not task.cancelled() and task.exception() is None:
            self._token = task.result()

    async def _fetched(self) -> _Token:
        if self._http is None or self._origin is None:
            raise BackendUnavailable(f"{self._backend} is not open", backend=self._backend, cause="not open")
        target = URL(self._auth.token_url).raw_path_qs
        request = self._origin.request("POST", target, self._headers, self._form)
        asked_at = self._clock.monotonic()
        answer = await self._http.exchange(self._origin, request, timeout=self._auth.timeout, operation="token")
        if answer.status != 200:
            raise self._refusal(answer)
        try:
            told = msgspec.json.decode(answer.body, type=_TokenAnswer)
            lifetime = inf if told.expires_in is None else float(told.expires_in)
        except (msgspec.DecodeError, ValueError) as error:
            raise self._unusable("is not the JSON of RFC 6749") from error
        if (
            told.token_type.lower() != "bearer"
            or not told.access_token.isascii()
            or not told.access_token.isprintable()
        ):
            raise self._unusable("holds no bearer token")
        if isfinite(lifetime) and lifetime <= 0:
            raise self._unusable("holds a token that has run out")
        renew_after = max(lifetime - self._auth.renew_before, lifetime / 2)
        return _Token(
            headers=(("Authorization", f"Bearer {told.access_token}"),),
            fetched_at=asked_at,
            renew_at=asked_at + renew_after,
            ends_at=asked_at + lifetime,
        )

    def _refusal(self, answer: Answer) -> BackendError:
        where: dict[str, Any] = {"backend": self._backend, "operation": "token"}
        if answer.status in {400, 401, 403}:
            return BackendRejected(f"the token URL of {self._backend} refused the client", cause="credentials", **where)
        return BackendUnavailable(
            f"the token URL of {self._backend} answered HTTP {answer.status}", cause="token", **where
        )

    def _unusable(self, why: str) -> BackendContract:
        return BackendContract(
            f"the answer of the token URL of {self._backend} {why}",
            backend=self._backend,
            operation="token",
            cause="token",
        )


def _client(auth: OAuth2Auth, secret: SecretStr) -> tuple[Headers, bytes]:
    """The headers and the form of every token request."""
    headers = [("Accept", "application/json"), ("Content-Type", "application/x-www-form-urlencoded")]
    form = {"grant_type": "client_credentials", "scope": auth.scope, "audience": auth.audience, **auth.parameters}
    if auth.client_auth == "basic":
        # RFC 6749 §2.3.1 wants both parts form-encoded before they are joined.
        value = SecretStr(quote_plus(secret.get_secret_value()))
        headers.append(("Authorization", basic(quote_plus(auth.client_id), value)))
    else:
        form |= {"client_id": auth.client_id, "client_secret": secret.get_secret_value()}
    sent = {name: value for name, value in form.items() if value is not None}
    return tuple(headers), urlencode(sent).encode("ascii")
