"""From a token to a principal: cheap checks first, cryptography last, and none for a token verified a moment ago."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Final

from msgspec import Struct

from gateway.auth.claims import check_audience, check_times, principal_of
from gateway.auth.compact import Unverified, read
from gateway.auth.denylist import Denylist, name_at
from gateway.auth.keysets import KeySource
from gateway.auth.refusal import refused
from gateway.auth.remembered import RememberedTokens
from gateway.auth.settings import IssuerSettings
from resolvers.backends.ports import Clock
from resolvers.principal import Principal

_NOT_ACCEPTED: Final = frozenset({"crit", "jku", "jwk", "x5u", "x5c", "b64", "cty", "enc", "zip"})
"""Header parameters that bring keys along, nest tokens or change how they are read (RFC 8725 §3.10, RFC 7797)."""
_MAX_KID: Final = 256


class TrustedIssuer(Struct, frozen=True):
    """One issuer with its keys."""

    settings: IssuerSettings
    keys: KeySource
    algorithms: frozenset[str]
    audience: frozenset[str]
    typ: frozenset[str]


def trusted(settings: IssuerSettings, keys: KeySource) -> TrustedIssuer:
    """The issuer that these settings describe."""
    return TrustedIssuer(
        settings,
        keys,
        frozenset(settings.algorithms),
        frozenset(settings.audience),
        frozenset(_media_type(name) for name in settings.typ),
    )


def _media_type(name: str) -> str:
    # RFC 7515 §4.1.9 lets the prefix be left out, and media types ignore case.
    return name.lower().removeprefix("application/")


class TokenVerifier:
    """Verifies tokens of the trusted issuers.

    Each issuer has fixed algorithms and keys; the token's own header chooses among them and adds none. A verified
    token is remembered for at most `remember` seconds, but revocation is looked at every time.
    """

    def __init__(
        self,
        issuers: Iterable[TrustedIssuer],
        clock: Clock,
        *,
        remember: float = 60.0,
        denylist: Denylist | None = None,
    ) -> None:
        self._issuers = {issuer.settings.issuer: issuer for issuer in issuers}
        self._clock = clock
        self.denylist = denylist
        self._remembered = RememberedTokens(remember, clock)
        self._max_bytes = max((issuer.settings.max_token_bytes for issuer in self._issuers.values()), default=8192)

    def __repr__(self) -> str:
        return f"TokenVerifier({len(self._issuers)} issuers)"

    @property
    def issuers(self) -> tuple[TrustedIssuer, ...]:
        """The issuers that are trusted here."""
        return tuple(self._issuers.values())

    async def open(self) -> None:
        """Starts to fetch keys. An issuer that is down does not keep the gateway from starting."""
        for issuer in self._issuers.values():
            await issuer.keys.open()

    async def close(self) -> None:
        await asyncio.gather(*(issuer.keys.close() for issuer in self._issuers.values()))

    def remembered(self, token: str) -> Principal | None:
        """The principal of a token that was verified a moment ago, where nothing has to be waited for to tell that it
        is still good. Raises Unauthenticated for one that was refused a moment ago."""
        if self.denylist is not None or len(token) > self._max_bytes or not token.isascii():
            return None
        return self._remembered.find(token)

    async def verify(self, token: str) -> Principal:
        """The principal of this token.

        Raises Unauthenticated with one of the reasons of `gateway.auth.refusal`; `unavailable`, the only one worth a
        retry, when keys or denylist cannot be had.
        """
        if len(token) > self._max_bytes:
            raise refused("too_large")
        if not token.isascii():
            raise refused("malformed")
        principal = self._remembered.find(token)
        if principal is None:
            principal = await self._verified(token)
            self._remembered.keep(token, principal)
        if self.denylist is not None and await self.denylist.revoked(*_names(principal)):
            raise refused("revoked")
        return principal

    async def _verified(self, token: str) -> Principal:
        parts = read(token)
        issuer = self._issuer_of(parts.claims)
        if len(token) > issuer.settings.max_token_bytes:
            raise refused("too_large")
        kid, algorithm = _signer(parts.header, issuer)
        check_audience(parts.claims, issuer.audience)
        check_times(parts.claims, self._clock.time(), issuer.settings.leeway)
        # All that the claims can be refused for is known before a key is looked for: only then may a fetch happen.
        principal = principal_of(parts.claims, issuer.settings, token)
        await self._check_signature(token, parts, issuer, kid, algorithm)
        return principal

    async def _check_signature(
        self, token: str, parts: Unverified, issuer: TrustedIssuer, kid: str | None, algorithm: str
    ) -> None:
        keys = await issuer.keys.find(kid, algorithm)
        if not keys:
            raise refused("key")
        if not any(key.verifies(algorithm, parts.signing_input, parts.signature) for key in keys):
            self._remembered.refuse(token, "signature")
            raise refused("signature")

    def _issuer_of(self, claims: dict[str, Any]) -> TrustedIssuer:
        name = claims.get("iss")
        issuer = self._issuers.get(name) if isinstance(name, str) else None
        if issuer is None:
            raise refused("issuer")
        return issuer


def _names(principal: Principal) -> tuple[str | None, str | None]:
    """Under which names the principal's token may be revoked."""
    issuer = principal.issuer
    return name_at(issuer, principal.claims.get("jti")), name_at(issuer, principal.subject)


def _signer(header: dict[str, Any], issuer: TrustedIssuer) -> tuple[str | None, str]:
    """The key id and the algorithm that the header names, after everything else in it was looked at."""
    if not _NOT_ACCEPTED.isdisjoint(header):
        raise refused("header")
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in issuer.algorithms:
        raise refused("algorithm")
    typ = header.get("typ", "JWT")
    if not isinstance(typ, str) or _media_type(typ) not in issuer.typ:
        raise refused("type")
    kid = header.get("kid")
    if kid is not None and (not isinstance(kid, str) or len(kid) > _MAX_KID):
        raise refused("header")
    return kid, algorithm
