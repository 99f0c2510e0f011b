"""From the headers of a request to its principal: `Authorization: Bearer`, or a cookie guarded against CSRF.

Tokens in the query string or in a form (RFC 6750 §2.2, §2.3) are not looked at: addresses end up in logs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable

from gateway.auth.refusal import refused
from gateway.auth.settings import AuthSettings, CookieSettings
from gateway.auth.verifier import TokenVerifier
from resolvers.principal import ANONYMOUS, Principal

Headers = Iterable[tuple[bytes, bytes]]
"""Headers as ASGI has them: names in lower case."""


class Authentication:
    """Finds out who asks."""

    def __init__(self, settings: AuthSettings, verifier: TokenVerifier) -> None:
        self._anonymous = settings.admits_anonymous
        self._cookie = None if settings.cookie is None else _Cookie(settings.cookie)
        self._verifier = verifier

    async def principal(self, headers: Headers) -> Principal:
        """The caller; ANONYMOUS for a request without a token, where the configuration allows that.

        Raises Unauthenticated. A token that was verified lately costs microseconds and waits for nothing.
        """
        caller = self.caller(headers)
        return caller if isinstance(caller, Principal) else await caller

    def caller(self, headers: Headers) -> Principal | Awaitable[Principal]:
        """The same, to be awaited only where there is something to wait for."""
        token = self.token_of(headers)
        if token is None:
            return ANONYMOUS
        return self._verifier.remembered(token) or self._verifier.verify(token)

    def token_of(self, headers: Headers) -> str | None:
        """The text of the token, not verified; None for an anonymous request. Raises Unauthenticated.

        `Authorization` goes before the cookie: a caller who writes it does not rely on what its browser adds.
        """
        authorization: bytes | None = None
        for name, value in headers:
            if name == b"authorization":
                if authorization is not None:
                    raise refused("several")
                authorization = value
        if authorization is not None:
            return _bearer(authorization)
        token = self._cookie.token_of(headers) if self._cookie is not None else None
        if token is None and not self._anonymous:
            raise refused("missing")
        return token


def _bearer(value: bytes) -> str:
    scheme, _, token = value.partition(b" ")
    if scheme.lower() != b"bearer":
        raise refused("scheme")
    # The parser leaves the white space after a value to us, and it is no part of it (RFC 9110 §5.5).
    return _text(token.lstrip(b" ").rstrip(b" \t"))


def _text(token: bytes) -> str:
    try:
        return token.decode("ascii")
    except UnicodeDecodeError as exc:
        raise refused("malformed") from exc


class _Cookie:
    """Browsers add cookies to requests of any page, so the page has to show that it is one of ours.

    The extra header keeps foreign pages away, since they could send it only after a CORS preflight; Origin, or
    Sec-Fetch-Site where a browser sends no Origin (GET of the same origin), says so once more.
    """

    def __init__(self, settings: CookieSettings) -> None:
        self._name = settings.name.encode("ascii")
        self._header = settings.header.lower().encode("ascii")
        self._origins = frozenset(origin.encode("ascii") for origin in settings.origins)

    def token_of(self, headers: Headers) -> str | None:
        found: list[bytes] = []
        origins: list[bytes] = []
        site = None
        guarded = False
        for name, value in headers:
            if name == b"cookie":
                found += self._values(value)
            elif name == b"origin":
                origins.append(value)
            elif name == b"sec-fetch-site":
                site = value
            if name == self._header:
                guarded = True
        if not found:
            return None
        if len(found) > 1:
            raise refused("several")
        allowed = self._origins.issuperset(origins) if origins else site == b"same-origin"
        if not guarded or not allowed:
            raise refused("csrf")
        return _text(found[0])

    def _values(self, header: bytes) -> list[bytes]:
        pairs = (pair.strip(b" \t").partition(b"=") for pair in header.split(b";"))
        return [value for name, _, value in pairs if name == self._name]
