"""What of the caller goes out with the calls to a backend: only what its `forward` names."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from resolvers.backends.http.settings import HeaderName
from resolvers.backends.ports import Forwarded
from resolvers.principal import Principal


class ForwardSettings(BaseModel):
    """What of the caller a backend may see. Nothing, unless it is written here.

    A backend to which anything is forwarded answers each caller on its own: its cache and batches are private to the
    caller.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: bool = Field(False, description="Send the caller's own bearer token on.")
    token_header: HeaderName = Field("Authorization", description="The header that carries the token.")
    claims: dict[HeaderName, str] = Field(
        default_factory=dict, description='Headers and the verified claim that each carries: {"X-User" = "sub"}.'
    )
    optional: bool = Field(
        False, description="Also call for callers without the token or a claim, leaving the header out."
    )


class Forwarding:
    """The headers made of a principal. One that cannot be made is left out, and `complete` then says so."""

    def __init__(self, settings: ForwardSettings) -> None:
        self._token_header = settings.token_header if settings.token else None
        self._claims = tuple(settings.claims.items())
        self._expected = 0 if settings.optional else len(self._claims) + settings.token
        self.nothing = not self._claims and not settings.token
        """Whether the backend sees nothing of any caller."""

    def of(self, principal: Principal) -> Forwarded:
        """Header and value pairs, sorted."""
        if self.nothing:
            return ()
        found = []
        token = _text(principal.token)
        if self._token_header is not None and token is not None:
            found.append((self._token_header, f"Bearer {token}"))
        for header, claim in self._claims:
            value = _text(_claim(principal, claim))
            if value is not None:
                found.append((header, value))
        return tuple(sorted(found))

    def complete(self, forwarded: Forwarded) -> bool:
        """False when the call would go out without something that the backend counts on to tell callers apart."""
        return len(forwarded) >= self._expected


def _claim(principal: Principal, name: str) -> Any:
    """A claim by its name, or by its path where there is no claim of that name: `realm_access.roles`."""
    if name in principal.claims:
        return principal.claims[name]
    value: Any = principal.claims
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) or value is principal.claims else None
    return value


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int)):
        text = str(value)
    elif isinstance(value, (list, tuple)) and value and all(isinstance(part, (str, int)) for part in value):
        if any("," in str(part) for part in value):
            return None
        text = ",".join(str(part) for part in value)
    else:
        return None
    # What would break out of its header line is treated as missing.
    return text if text and text.isprintable() else None
