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


_ONE_OR_MORE: Final = BeforeValidator(_listed, json_schema_input_type=str | list[str])


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


Name = Annotated[str, Field(min_length=1)]
Names = Annotated[tuple[Name, ...], _ONE_OR_MORE]
SomeNames = Annotated[tuple[Name, ...], Field(min_length=1), _ONE_OR_MORE]
HttpName = Annotated[str, AfterValidator(_http_token)]
Origin = Annotated[str, AfterValidator(_origin)]
"""The origin of web pages, as browsers send it."""


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class IssuerSettings(_Settings):
    """One `[[auth.issuers]]`: who signs, with what, and where its claims say what we need.

    A claim is named by its key or by a path with dots (`realm_access.roles`); a key that holds dots itself is found
    under its full name first.
    """

    issuer: Name = Field(description="The exact `iss` of its tokens.")
    audience: SomeNames = Field(description="A text or a list; a token needs one of them in `aud`.")
    algorithms: Annotated[tuple[Algorithm, ...], _ONE_OR_MORE] = Field(
        min_length=1, description="What it signs with; tokens cannot choose another."
    )
    key: SecretStr | None = Field(
        None, description="`env:NAME` or `file:PATH` of a shared secret (HS*) or of a public key in PEM."
    )
    jwks_url: str | None = Field(None, description="Where it publishes its keys.")
    jwks_file: Path | None = Field(None, description="A key set in a file, read at start.")
    jwks_ca: Path | None = Field(
        None, description="PEM file of the authorities behind `jwks_url`, where they are not public ones."
    )
    allow_http: bool = Field(False, description="Allow `jwks_url` without TLS to another host.")
    jwks_fresh: Duration = Field(
        300.0, ge=1, le=86_400, description="How long a fetched key set is used without asking again."
    )
    jwks_stale: Duration = Field(
        86_400.0, le=604_800, description="How long the last key set is used while the issuer cannot be asked."
    )
    jwks_cooldown: Duration = Field(
        10.0,
        ge=1,
        le=3_600,
        description="Least time between fetches for unknown key ids, and between tries after a failure.",
    )
    jwks_timeout: Duration = Field(5.0, gt=0, le=30, description="How long one fetch may take.")
    leeway: Duration = Field(30.0, le=300, description="By how much the issuer's clock may differ from ours.")
    max_token_bytes: int = Field(8192, ge=256, le=65_536, description="The longest token that is looked at.")
    typ: SomeNames = Field(
        ("JWT", "at+jwt"), description="Accepted `typ` headers, in any case; a token without one counts as JWT."
    )
    subject: Name = Field("sub", description="The claim that names the caller.")
    scopes: SomeNames = Field(
        ("scope", "scp", "roles"),
        description="Claims that hold scopes, as a text with spaces or a list; what they hold is united.",
    )
    customer: Name = Field("customer", description="The claim that limits a caller to one customer's records.")
    all_customers: Names = Field(
        ("customers:all",),
        description="Scopes of staff. A token that has neither the customer claim nor one of these sees no customers, "
        "orders and invoices at all.",
    )
    tenant: Name = Field("tenant", description="The claim that names the tenant.")
    required: Names = Field((), description="Claims that must be there, besides `iss`, `aud`, `exp` and the subject.")

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

    name: HttpName = Field(description="The cookie that holds the token.")
    header: HttpName = Field(
        "x-bizgraph-csrf", description="A request that relies on the cookie must carry this header, with any value."
    )
    origins: Annotated[tuple[Origin, ...], _ONE_OR_MORE] = Field(
        min_length=1, description="Pages of these origins may use the cookie."
    )


class DenylistSettings(_Settings):
    """`[auth.denylist]`: revoked tokens (`jti`) and subjects."""

    store: Literal["off", "memory", "redis"] = Field(
        "off",
        description="Nowhere; in each process until it ends or reloads; or in Redis, for all processes and machines.",
    )
    when_unreachable: Literal["allow", "refuse"] = Field(
        "allow", description="What happens to callers while Redis does not answer."
    )
    remember: Duration = Field(
        5.0, le=60, description="How long an answer of Redis is kept, so that not every request asks."
    )
    timeout: Duration = Field(0.1, gt=0, le=5, description="How long Redis may take.")


class AuthSettings(_Settings):
    """The whole `[auth]` table."""

    anonymous: bool | None = Field(
        None,
        description="Whether requests without a token are answered, with what needs none; where it is not said, only "
        "as long as no issuer is named. Otherwise they are 401 before anything of them is read.",
    )
    realm: str = Field("bizgraph", pattern=r"^[A-Za-z0-9 ._-]{1,64}$", description="The realm in `WWW-Authenticate`.")
    remember: Duration = Field(
        60.0, le=60, description="How long a verified token is not verified again; so long a withdrawn key may live on."
    )
    cookie: CookieSettings | None = Field(None, description="Take tokens from a cookie as well.")
    denylist: DenylistSettings = Field(DenylistSettings(), description="Where revocations are looked up.")
    issuers: tuple[IssuerSettings, ...] = Field((), description="Whose tokens are believed.")

    @model_validator(mode="after")
    def _distinct(self) -> AuthSettings:
        named = [issuer.issuer for issuer in self.issuers]
        if twice := sorted({name for name in named if named.count(name) > 1}):
            raise ValueError(f"issuers: named twice: {', '.join(twice)}")
        if self.anonymous is False and not self.issuers:
            raise ValueError("issuers: without any, and with anonymous = false, nobody could ask anything")
        return self

    @property
    def admits_anonymous(self) -> bool:
        """Whether requests without a token are answered."""
        return not self.issuers if self.anonymous is None else self.anonymous
