"""Tokens of our own, for the demo and for development (`bizgraph token`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import SecretStr

from gateway.auth.settings import IssuerSettings
from gateway.auth.tokens import sign


def mint(
    issuer: IssuerSettings,
    key: SecretStr,
    *,
    subject: str,
    now: float,
    expires_in: float,
    scopes: Iterable[str] = (),
    customer: str | None = None,
    tenant: str | None = None,
    jti: str | None = None,
    kid: str | None = None,
    claims: Mapping[str, Any] | None = None,
) -> str:
    """A token that this issuer's settings accept, signed with its first algorithm.

    `key` is the shared secret (HS*) or the private key in PEM, `now` is in seconds since the epoch, `expires_in` in
    seconds. Scopes, customer and tenant are put where the settings look for them; `claims` are added as they are.
    Raises ValueError when the key does not fit, or nothing would be left of the token's life.
    """
    if expires_in <= 0:
        raise ValueError("a token needs some time to live")
    content: dict[str, Any] = {
        "iss": issuer.issuer,
        "aud": issuer.audience[0],
        "iat": int(now),
        "exp": int(now + expires_in),
        **(claims or {}),
    }
    place = "scope" if "scope" in issuer.scopes else issuer.scopes[0]
    granted = sorted(scopes)
    # `scope` is a text (RFC 8693 §4.2); the other claims for it are lists wherever they are in use.
    told = (
        (issuer.subject, subject),
        (place, " ".join(granted) if place == "scope" else granted),
        (issuer.customer, customer),
        (issuer.tenant, tenant),
        ("jti", jti),
    )
    for path, value in told:
        if value is not None:
            _put(content, path, value)
    header = {} if kid is None else {"kid": kid}
    return sign(content, key, issuer.algorithms[0], header)


def _put(claims: dict[str, Any], path: str, value: Any) -> None:
    # A name that is an address is a name; other dots lead into objects.
    *outer, last = [path] if "/" in path else path.split(".")
    for name in outer:
        claims = claims.setdefault(name, {})
    claims[last] = value
