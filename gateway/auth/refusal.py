"""How a caller is told that its token, or the lack of one, is not enough: fixed texts, challenges, GraphQL's shape.

Every refusal carries one of the reasons below in its `details`. The texts are constants: no part of a token, no key
id and no claim can get into an answer or a log through them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import orjson

from resolvers.errors import GatewayError, Unauthenticated

Reason = Literal[
    "missing",
    "scheme",
    "several",
    "csrf",
    "too_large",
    "malformed",
    "header",
    "algorithm",
    "type",
    "issuer",
    "audience",
    "expired",
    "not_yet_valid",
    "claims",
    "key",
    "signature",
    "revoked",
    "unavailable",
]

_TEXTS: Final[dict[Reason, str]] = {
    "missing": "A token is needed: send it as Authorization: Bearer.",
    "scheme": "Only the scheme Bearer is accepted in Authorization.",
    "several": "More than one token was sent.",
    "csrf": "A token in a cookie needs the agreed header and an allowed origin.",
    "too_large": "The token is too large.",
    "malformed": "The token is not a well-formed signed JWT.",
    "header": "The header of the token holds a parameter that is not accepted.",
    "algorithm": "The token is signed with an algorithm that its issuer does not use here.",
    "type": "The token is of a type that is not accepted.",
    "issuer": "The issuer of the token is not known here.",
    "audience": "The token is meant for another audience.",
    "expired": "The token has expired.",
    "not_yet_valid": "The token is not valid yet.",
    "claims": "A claim of the token is missing or not usable.",
    "key": "The key that signed the token is not known.",
    "signature": "The signature of the token does not verify.",
    "revoked": "The token was revoked.",
    "unavailable": "The token cannot be checked at the moment.",
}

_NO_TOKEN_JUDGED: Final = frozenset({"missing", "scheme", "unavailable"})
"""RFC 6750 §3.1: no error code for requests without usable credentials; nor is a token invalid that was not checked."""
_BAD_REQUEST: Final = frozenset({"several", "csrf"})


def refused(reason: Reason) -> Unauthenticated:
    """The error for this reason; `details["reason"]` holds it. Only `unavailable` is worth a retry."""
    return Unauthenticated(_TEXTS[reason], reason=reason, retryable=reason == "unavailable")


def challenge(error: Unauthenticated, realm: str) -> bytes:
    """The value of `WWW-Authenticate` for this refusal (RFC 6750 §3). `realm` holds neither quotes nor backslashes."""
    reason = error.details.get("reason")
    # Only our own texts may stand in a quoted string, so a foreign message can never break out of it.
    text = _TEXTS.get(reason) if reason else None
    if text is None or reason in _NO_TOKEN_JUDGED:
        return f'Bearer realm="{realm}"'.encode("ascii")
    code = "invalid_request" if reason in _BAD_REQUEST else "invalid_token"
    return f'Bearer realm="{realm}", error="{code}", error_description="{text}"'.encode("ascii")


def scope_challenge(scopes: Iterable[str], realm: str) -> bytes:
    """The value of `WWW-Authenticate` for a request that needs these scopes (RFC 6750 §3.1, `insufficient_scope`).

    Raises ValueError for a scope with characters that RFC 6749 §3.3 does not allow.
    """
    named = sorted(scopes)
    if any(not scope or not scope.isascii() or not scope.isprintable() or set(scope) & set(' "\\') for scope in named):
        raise ValueError("a scope holds characters that RFC 6749 §3.3 does not allow")
    return f'Bearer realm="{realm}", error="insufficient_scope", scope="{" ".join(named)}"'.encode("ascii")


def refusal_body(error: GatewayError, correlation_id: str | None = None) -> bytes:
    """The answer of a request that was not executed: `errors` and no `data` (GraphQL §7.1, GraphQL over HTTP §6.4)."""
    extensions = error.extensions
    if correlation_id is not None:
        extensions["correlationId"] = correlation_id
    return orjson.dumps({"errors": [{"message": error.message, "extensions": extensions}]})
