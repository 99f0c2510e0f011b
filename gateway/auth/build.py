"""From `[auth]` to the parts that a request walks through, with everything that is wrong told at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gateway.auth.denylist import Denylist, MemoryDenylist
from gateway.auth.jwks import JwksAddress, PublishedKeys
from gateway.auth.keysets import FixedKeys, KeySource, key_set, read_key_set
from gateway.auth.secret import resolve_secret
from gateway.auth.settings import AuthSettings, DenylistSettings, IssuerSettings
from gateway.auth.tokens import key_from_text
from gateway.auth.verifier import TokenVerifier, TrustedIssuer, trusted
from resolvers.backends.ports import Clock

if TYPE_CHECKING:
    from redis.asyncio import Redis


def token_verifier(
    settings: AuthSettings,
    *,
    environ: Mapping[str, str],
    clock: Clock,
    redis: Redis | None = None,
    literal_keys: bool = False,
) -> TokenVerifier:
    """The verifier that `[auth]` describes; `open` it within the event loop, `close` it at the end.

    `redis` is needed for a shared denylist and stays the caller's. `literal_keys` allows secrets in the configuration
    itself, for the demo. Raises ValueError with one line per problem, each naming its key and never a secret.
    """
    problems: list[str] = []
    issuers: list[TrustedIssuer] = []
    for index, issuer in enumerate(settings.issuers):
        try:
            issuers.append(trusted(issuer, _keys(issuer, environ, clock, literal_keys)))
        except (ValueError, OSError) as exc:
            problems.append(f"auth.issuers[{index}].{_place(issuer)}: {exc}")
    if settings.denylist.store == "redis" and redis is None:
        problems.append('auth.denylist.store: "redis" needs an address of Redis (cache.redis_url)')
    if problems:
        raise ValueError("\n".join(problems))
    denylist = denylist_of(settings.denylist, clock, redis)
    return TokenVerifier(issuers, clock, remember=settings.remember, denylist=denylist)


def denylist_of(settings: DenylistSettings, clock: Clock, redis: Redis | None) -> Denylist | None:
    """The denylist of these settings; None when there is to be none."""
    if settings.store == "memory":
        return MemoryDenylist(clock)
    if settings.store == "redis" and redis is not None:
        # Importing the client of Redis costs more than starting without one.
        from gateway.auth.shared_denylist import SharedDenylist  # noqa: PLC0415

        return SharedDenylist(redis, settings, clock)
    return None


def _keys(issuer: IssuerSettings, environ: Mapping[str, str], clock: Clock, literal: bool) -> KeySource:
    if issuer.key is not None:
        secret = resolve_secret(issuer.key, environ, literal=literal)
        return FixedKeys(key_set([key_from_text(secret, issuer.algorithms)]))
    if issuer.jwks_file is not None:
        return FixedKeys(read_key_set(issuer.jwks_file.read_bytes(), issuer.algorithms))
    assert issuer.jwks_url is not None  # The settings see to it that one of the three is there.
    address = JwksAddress(issuer.jwks_url, timeout=issuer.jwks_timeout, ca=issuer.jwks_ca)
    return PublishedKeys(issuer, address, clock)


def _place(issuer: IssuerSettings) -> str:
    return "key" if issuer.key is not None else "jwks_file" if issuer.jwks_file is not None else "jwks_url"
