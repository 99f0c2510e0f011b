"""`auth` in `bizgraph.toml`: one model for each way of showing a backend who is calling.

Secrets are never written into the file. A secret is `"env:NAME"`, an environment variable, or `"file:PATH"`, a file
whose content (without the final line break) is the secret. They are read once, at start.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, WithJsonSchema, model_validator

from resolvers.backends.http.settings import HeaderName
from resolvers.backends.units import Duration

SecretReference = Annotated[
    SecretStr,
    WithJsonSchema(
        {
            "type": "string",
            "pattern": "^(env|file):.+$",
            "description": "A secret: env:NAME or file:PATH.",
            "examples": ["env:CRM_TOKEN", "file:/run/secrets/crm"],
        }
    ),
]
"""Where a secret is found. A SecretStr, so that a secret written here by mistake is shown nowhere either."""


PLACEHOLDER: Final = re.compile(r"\{([a-z0-9_]+)\}")
SIGNED: Final = frozenset(
    {"method", "host", "path", "query", "target", "timestamp", "nonce", "key_id"}
    | {"body", "body_sha256", "body_sha256_base64"}
)
"""What the templates of HmacAuth may use."""


class _Auth(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class NoAuth(_Auth):
    """The backend asks for nothing."""

    type: Literal["none"] = "none"


class ApiKeyAuth(_Auth):
    """A key in a header, or in the query where the backend knows no better."""

    type: Literal["api-key"]
    key: SecretReference
    header: HeaderName | None = Field(
        None, description="The header that carries the key; X-API-Key when `query` is not given."
    )
    query: str | None = Field(None, description="The query parameter that carries the key.")


class BasicAuth(_Auth):
    """User and password (RFC 7617)."""

    type: Literal["basic"]
    username: str = Field(description="The user that the gateway is to the backend.")
    password: SecretReference


class BearerAuth(_Auth):
    """A fixed token (RFC 6750)."""

    type: Literal["bearer"]
    token: SecretReference


class OAuth2Auth(_Auth):
    """Client credentials (RFC 6749 §4.4): the gateway fetches its token and renews it before it expires."""

    type: Literal["oauth2"]
    token_url: str = Field(description="Where tokens are fetched.")
    client_id: str = Field(description="The client that the gateway is to the issuer of tokens.")
    client_secret: SecretReference
    client_auth: Literal["basic", "post"] = Field(
        "basic", description="How the client shows its secret to the token URL (RFC 6749 §2.3.1)."
    )
    scope: str | None = Field(None, description="The scopes to ask for, separated by blanks.")
    audience: str | None = Field(None, description="The `audience` parameter that some issuers want.")
    parameters: dict[str, str] = Field(default_factory=dict, description="Further parameters of the token request.")
    renew_before: Duration = Field(60.0, description="How long before its end a token is renewed.")
    timeout: Duration = Field(5.0, gt=0, description="How long a token request may take.")


class MutualTlsAuth(_Auth):
    """A client certificate (RFC 8446 §4.4.2)."""

    type: Literal["mtls"]
    certificate: str = Field(description="PEM file of the client certificate, with intermediates if there are any.")
    key: str | None = Field(None, description="PEM file of its private key, when it is not in the same file.")
    password: SecretReference | None = Field(None, description="The password of an encrypted private key.")


class HmacAuth(_Auth):
    """Requests signed with a shared key.

    `canonical` is the text that is signed, `headers` are the headers that carry the signature. Both may use
    `{method}` `{host}` `{path}` `{query}` `{target}` (path with query as sent) `{timestamp}` `{nonce}` `{key_id}`
    `{body}` `{body_sha256}` (hexadecimal) and `{body_sha256_base64}`; headers also `{signature}`.
    """

    type: Literal["hmac"]
    secret: SecretReference
    key_encoding: Literal["text", "hex", "base64"] = Field("text", description="How `secret` is written.")
    key_id: str = Field("", description="What names the key to the backend; `{key_id}` in the templates.")
    algorithm: Literal["sha256", "sha384", "sha512", "sha1"] = Field("sha256", description="The hash of the HMAC.")
    encoding: Literal["hex", "base64"] = Field("hex", description="How the signature is written.")
    timestamp: Literal["epoch", "epoch-ms", "iso", "http"] = Field("epoch", description="How the time is written.")
    canonical: str = Field(
        "{method}\n{path}\n{query}\n{timestamp}\n{body_sha256}", description="The text that is signed."
    )
    headers: dict[HeaderName, str] = Field(
        default_factory=lambda: {"X-Key-Id": "{key_id}", "X-Timestamp": "{timestamp}", "X-Signature": "{signature}"},
        min_length=1,
        description="The headers that carry signature, time and key; X-Key-Id, X-Timestamp, X-Signature.",
    )

    @model_validator(mode="after")
    def _known_placeholders(self) -> HmacAuth:
        for template in (self.canonical, *self.headers.values()):
            unknown = set(PLACEHOLDER.findall(template)) - SIGNED - {"signature"}
            if unknown:
                raise ValueError(f"unknown placeholder {{{min(unknown)}}}: known are {', '.join(sorted(SIGNED))}")
        if "{signature}" in self.canonical or not any("{signature}" in value for value in self.headers.values()):
            raise ValueError("{signature} belongs into one of the headers, and not into canonical")
        if any("{body}" in value for value in self.headers.values()):
            raise ValueError("{body} can be signed, but not be sent in a header")
        return self


class WssUsernameAuth(_Auth):
    """WS-Security UsernameToken, for SOAP backends only: the SOAP connector writes it into the envelope."""

    type: Literal["wss-username"]
    username: str = Field(description="The user that the gateway is to the backend.")
    password: SecretReference
    digest: bool = Field(False, description="Send PasswordDigest with nonce and time instead of the password itself.")


Auth = Annotated[
    NoAuth | ApiKeyAuth | BasicAuth | BearerAuth | OAuth2Auth | MutualTlsAuth | HmacAuth | WssUsernameAuth,
    Field(discriminator="type"),
]
"""The `auth` key of a backend."""
