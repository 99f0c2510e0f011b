"""`POST /tokens/revoke`: refuses a token, or everything of a subject, before its `exp`.

    {"issuer": "https://login.example.com/", "jti": "8d3f", "for": "8h"}
    {"issuer": "https://login.example.com/", "subject": "alice", "for": "8h"}

`for` is as long as the longest-lived token has left. The scope `auth:admin` is needed; sign-out hooks use it. It is
there where `auth.denylist.store` is not "off".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct
from starlette.routing import Route

from gateway.auth.denylist import Denylist, name_at
from gateway.http.commands import Commands
from gateway.http.refusal import Refused
from resolvers.backends.units import seconds

AUTH_ADMIN: Final = "auth:admin"
LONGEST: Final = 30 * 86_400.0
"""Seconds for which a revocation may be kept."""


class _Wanted(Struct, forbid_unknown_fields=True, rename={"duration": "for"}):
    issuer: str
    duration: str
    jti: str | None = None
    subject: str | None = None


def revocation_route(denylist: Denylist, issuers: Collection[str], commands: Commands) -> Route:
    """The route. `issuers` are those whose tokens are believed: others need no revocation."""

    async def revoke(body: dict[str, Any]) -> Mapping[str, Any]:
        wanted = _wanted(body)
        if wanted.issuer not in issuers:
            raise Refused("issuer is none of those whose tokens are believed here.")
        jti, subject = name_at(wanted.issuer, wanted.jti), name_at(wanted.issuer, wanted.subject)
        duration = _duration(wanted.duration)
        await denylist.revoke(jti=jti, subject=subject, seconds=duration)
        return {"revoked": {"for": wanted.duration}}

    return commands.route("/tokens/revoke", revoke, scope=AUTH_ADMIN)


def _wanted(body: dict[str, Any]) -> _Wanted:
    try:
        wanted = msgspec.convert(body, _Wanted)
    except msgspec.ValidationError as error:
        raise Refused(f"The body does not fit: {str(error)[:256]}.") from error
    if not wanted.jti and not wanted.subject:
        raise Refused("The body names a jti, a subject, or both.")
    return wanted


def _duration(text: str) -> float:
    try:
        found = seconds(text)
    except ValueError as error:
        raise Refused(f"for is {error}.") from error
    if not 0 < found <= LONGEST:
        raise Refused(f"for is {text}: more than nothing, and at most 30d.")
    return found
