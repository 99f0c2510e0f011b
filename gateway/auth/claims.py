"""From the claims of a token to a principal (RFC 7519 §4.1), failing closed: what is there but unusable is refused."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from gateway.auth.refusal import refused
from gateway.auth.settings import IssuerSettings
from resolvers.principal import Principal

_ABSENT = object()


def claim(claims: Mapping[str, Any], path: str) -> Any:
    """The claim of this name, or else at this path with dots; `_ABSENT` when there is none."""
    value = claims.get(path, _ABSENT)
    if value is not _ABSENT or "." not in path:
        return value
    value = claims
    for name in path.split("."):
        if not isinstance(value, dict) or name not in value:
            return _ABSENT
        value = value[name]
    return value


def check_times(claims: Mapping[str, Any], now: float, leeway: float) -> None:
    """Refuses tokens outside of `exp` (required), `nbf` and `iat`, as far as the clocks may differ."""
    if now >= _instant(claims.get("exp")) + leeway:
        raise refused("expired")
    for name in ("nbf", "iat"):
        if name in claims and _instant(claims[name]) > now + leeway:
            raise refused("not_yet_valid")


def _instant(value: Any) -> float:
    # bool is an int of Python, and no NumericDate.
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise refused("claims")
    return value


def check_audience(claims: Mapping[str, Any], accepted: frozenset[str]) -> None:
    """Refuses tokens whose `aud`, a text or a list of texts, names none of the accepted."""
    audience = claims.get("aud")
    named = [audience] if isinstance(audience, str) else audience
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        raise refused("claims" if "aud" in claims else "audience")
    if accepted.isdisjoint(named):
        raise refused("audience")


def principal_of(claims: dict[str, Any], issuer: IssuerSettings, token: str) -> Principal:
    """The principal of verified claims.

    A customer claim that is there but empty, null or no text is refused: read as absent, it would lift the limit to
    the caller's own records. One that is not there lifts it only together with a scope of `all_customers`, so an issuer
    that forgets the claim opens nothing. Scope claims of another shape than a text or a list of texts are refused.
    """
    if any(claim(claims, name) is _ABSENT for name in issuer.required):
        raise refused("claims")
    subject = _identity(claims, issuer.subject)
    if subject is None or not isinstance(claims.get("jti", ""), str):
        raise refused("claims")
    scopes = frozenset(scope for path in issuer.scopes for scope in _scopes(claim(claims, path)))
    customer = _identity(claims, issuer.customer)
    return Principal(
        subject=subject,
        issuer=issuer.issuer,
        scopes=scopes,
        customer=customer,
        unassigned=customer is None and scopes.isdisjoint(issuer.all_customers),
        tenant=_identity(claims, issuer.tenant),
        expires_at=float(claims["exp"]),
        claims=MappingProxyType(claims),
        token=token,
    )


def _identity(claims: Mapping[str, Any], path: str) -> str | None:
    value = claim(claims, path)
    if value is _ABSENT:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value.strip():
        raise refused("claims")
    return value


def _scopes(value: Any) -> list[str]:
    if value is _ABSENT:
        return []
    if isinstance(value, str):
        return [scope for scope in value.split(" ") if scope]
    if isinstance(value, list) and all(isinstance(scope, str) for scope in value):
        return value
    raise refused("claims")
