"""The `[auth]` table of `bizgraph.toml`: which issuers are believed, and how callers may present their tokens."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from resolvers.backends.units import Duration

SYMMETRIC: Final = frozenset({"HS256", "HS384", "HS512"})
Algorithm = Literal[
    "HS256", "HS384", "HS512",
    "RS256", "RS384", "RS512",
    "PS256", "PS384", "PS512",
    "ES256", "ES384", "ES512", "ES256K",
    "EdDSA",
]  # fmt: skip

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_HOST: Final = r"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])"
_ORIGIN: Final = re.compile(rf"https?://{_HOST}(?::[0-9]{{1,5}})?", re.ASCII)


def _listed(value: object) -> object:
    """One text may stand for a list of one."""
    return (value,) if isinstance(value, str) else value


def _http_token(value: str) -> str:
    if not _TOKEN.fullmatch(value):
        raise ValueError("not a name that HTTP allows (RFC 9110 §5.6.2)")
    return value


def _origin(value: str) -> str:
    if not _ORIGIN.fullmatch(value):
        raise ValueError('not an origin: write scheme, host and port in lower case, such as "https://portal.example"')
    return value


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _at_most(limit: float) -> AfterValidator:
    def check(value: float) -> float:
        if value > limit:
            raise ValueError(f"at most {limit:g} seconds")
        return value

    return AfterValidator(check)


Name = Annotated[str, Field(min_length=1)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_listed)]
SomeNames = Annotated[tuple[Name, ...], BeforeValidator(_listed), Field(min_length=1)]
HttpName = Annotated[str, AfterValidator(_http_token)]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class IssuerSettings(_Settings):
    """One `[[auth.issuers]]`: who signs, with what, and where its claims say what we need.

    A claim is named by its key or by a path with dots (`realm_access.roles`); a key that holds dots itself is found
    under its full name first.
    """

    issuer: Name
    """The exact `iss`."""
    audience: SomeNames
    """One text or several; a token needs one of them in `aud`."""
    algorithms: Annotated[tuple[Algorithm, ...], BeforeValidator(_listed), Field(min_length=1)]
    key: SecretStr | None = None
    """`env:NAME` or `file:PATH` of a shared secret (HS*) or a public key in PEM; in the demo the secret itself."""
    jwks_url: str | None = None
    jwks_file: Path | None = None
    allow_http: bool = False
    """Allows `jwks_url` without TLS to other hosts than this one."""
    jwks_ca: Path | None = None
    """PEM file of the authorities that sign the certificate at `jwks_url`, where it is not a public one."""
    jwks_fresh: Annotated[Duration, _at_most(86_400)] = 300.0
    """How long a fetched key set is used without asking again."""
    jwks_stale: Annotated[Duration, _at_most(604_800)] = 86_400.0
    """How long the last key set is used while the issuer cannot be asked."""
    jwks_cooldown: Annotated[Duration, _at_most(3_600)] = 10.0
    """The least time between two fetches caused by unknown key ids, and between two tries after a failure."""
    jwks_timeout: Annotated[Duration, _at_most(30)] = 5.0
    leeway: Annotated[Duration, _at_most(300)] = 30.0
    """By how much the issuer's clock may differ from ours."""
    max_token_bytes: Annotated[int, Field(ge=256, le=65_536)] = 8192
    typ: SomeNames = ("JWT", "at+jwt")
    """Accepted `typ` headers, in any case; a token without one counts as `JWT` (RFC 7519 §5.1, RFC 9068 §2.1)."""
    subject: Name = "sub"
    scopes: SomeNames = ("scope", "scp", "roles")
    """Claims that hold scopes, as a text with spaces or as a list; what they hold is united."""
    customer: Name = "customer"
    tenant: Name = "tenant"
    required: Names = ()
    """Claims that must be there, besides `iss`, `aud`, `exp` and the subject."""

    @model_validator(mode="after")
    def _consistent(self) -> IssuerSettings:
        symmetric = SYMMETRIC.intersection(self.algorithms)
        if symmetric and len(symmetric) != len(set(self.algorithms)):
            raise ValueError("algorithms: HS* cannot be mixed with others, because a public key would become a secret")
        if sum(source is not None for source in (self.key, self.jwks_url, self.jwks_file)) != 1:
            raise ValueError("exactly one of key, jwks_url and jwks_file is needed")
        if symmetric and self.key is None:
            raise ValueError("algorithms: HS* needs a key, because a key set is public")
        if self.jwks_url is not None:
            _check_url(self.jwks_url, self.allow_http)
        return self


def _check_url(url: str, allow_http: bool) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("jwks_url: not an http(s) address")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ValueError("jwks_url: credentials and fragments do not belong into it")
    if parts.scheme == "http" and not allow_http and not _loopback(parts.hostname):
        raise ValueError("jwks_url: needs https, because whoever changes the answer can sign tokens (see allow_http)")


class CookieSettings(_Settings):
    """`[auth.cookie]`: tokens from an HttpOnly cookie, for frontends of known origins."""

    name: HttpName
    header: HttpName = "x-bizgraph-csrf"
    """Every request that relies on the cookie must carry this header, with any value."""
    origins: Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], BeforeValidator(_listed)] = Field(
        min_length=1
    )
    """Pages of these origins may use the cookie."""


class DenylistSettings(_Settings):
    """`[auth.denylist]`: revoked tokens (`jti`) and subjects."""

    store: Literal["off", "memory", "redis"] = "off"
    when_unreachable: Literal["allow", "refuse"] = "allow"
    """What happens to callers while Redis does not answer."""
    remember: Annotated[Duration, _at_most(60)] = 5.0
    """How long an answer of Redis is kept, so that not every request asks."""
    timeout: Annotated[Duration, _at_most(5)] = 0.1


class AuthSettings(_Settings):
    """The whole `[auth]` table."""

    anonymous: bool = True
    """Whether requests without a token are answered, with what needs no scope."""
    realm: Annotated[str, Field(pattern=r"^[A-Za-z0-9 ._-]{1,64}$")] = "bizgraph"
    remember: Annotated[Duration, _at_most(60)] = 60.0
    """How long a verified token is not verified again; a rotated key takes effect within this time."""
    cookie: CookieSettings | None = None
    denylist: DenylistSettings = DenylistSettings()
    issuers: tuple[IssuerSettings, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> AuthSettings:
        named = [issuer.issuer for issuer in self.issuers]
        if twice := sorted({name for name in named if named.count(name) > 1}):
            raise ValueError(f"issuers: named twice: {', '.join(twice)}")
        if not self.anonymous and not self.issuers:
            raise ValueError("issuers: without any, and with anonymous = false, nobody could ask anything")
        return self
