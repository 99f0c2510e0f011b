"""From `auth` in `bizgraph.toml` to the credentials of a backend."""

from __future__ import annotations

from msgspec import Struct
from pydantic import SecretStr

from resolvers.backends.credentials.fixed import FixedCredentials, basic
from resolvers.backends.credentials.ports import Credentials
from resolvers.backends.credentials.secrets import Secrets
from resolvers.backends.credentials.settings import (
    ApiKeyAuth,
    Auth,
    BasicAuth,
    BearerAuth,
    MutualTlsAuth,
    NoAuth,
    WssUsernameAuth,
)


def credentials_of(backend: str, auth: Auth, secrets: Secrets) -> Credentials:
    """The credentials of one backend. Missing secrets are noted in `secrets`, whose `check` tells all of them."""
    place = f"backends.{backend}.auth"
    match auth:
        case NoAuth():
            return FixedCredentials()
        case ApiKeyAuth():
            key = secrets.read(auth.key, f"{place}.key").get_secret_value()
            headers = () if auth.header is None and auth.query is not None else ((auth.header or "X-API-Key", key),)
            return FixedCredentials(headers, () if auth.query is None else ((auth.query, key),))
        case BasicAuth():
            password = secrets.read(auth.password, f"{place}.password")
            return FixedCredentials((("Authorization", basic(auth.username, password)),))
        case BearerAuth():
            token = secrets.read(auth.token, f"{place}.token").get_secret_value()
            return FixedCredentials((("Authorization", f"Bearer {token}"),))
        case MutualTlsAuth():
            unlock = None if auth.password is None else secrets.read(auth.password, f"{place}.password")
            return FixedCredentials(certificate=auth.certificate, key=auth.key, password=unlock)
        case WssUsernameAuth():
            return FixedCredentials()
        case _:
            raise ValueError(auth.type)


class UsernameToken(Struct, frozen=True):
    """What the SOAP connector writes into the envelope (WS-Security UsernameToken Profile 1.1)."""

    username: str
    password: SecretStr
    digest: bool


def username_token(backend: str, auth: Auth, secrets: Secrets) -> UsernameToken | None:
    """The UsernameToken of a SOAP backend, or None when its `auth` is of another type."""
    if not isinstance(auth, WssUsernameAuth):
        return None
    return UsernameToken(auth.username, secrets.read(auth.password, f"backends.{backend}.auth.password"), auth.digest)
