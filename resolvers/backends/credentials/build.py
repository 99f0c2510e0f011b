"""From `auth` in `bizgraph.toml` to the credentials of a backend."""

from __future__ import annotations

from collections.abc import Callable
from secrets import token_hex

from msgspec import Struct
from pydantic import SecretStr

from resolvers.backends.credentials.fixed import FixedCredentials, basic
from resolvers.backends.credentials.oauth2 import OAuth2Credentials
from resolvers.backends.credentials.ports import Credentials
from resolvers.backends.credentials.secrets import Secrets
from resolvers.backends.credentials.settings import (
    ApiKeyAuth,
    Auth,
    BasicAuth,
    BearerAuth,
    HmacAuth,
    MutualTlsAuth,
    NoAuth,
    OAuth2Auth,
    WssUsernameAuth,
)
from resolvers.backends.credentials.signed import HmacCredentials
from resolvers.backends.ports import Clock


def random_nonce() -> str:
    """128 random bits in hexadecimal."""
    return token_hex(16)


def credentials_of(
    backend: str, auth: Auth, secrets: Secrets, *, clock: Clock, nonce: Callable[[], str] = random_nonce
) -> Credentials:
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
        case OAuth2Auth():
            return OAuth2Credentials(
                backend, auth, secrets.read(auth.client_secret, f"{place}.client_secret"), clock=clock
            )
        case HmacAuth():
            secret = secrets.read(auth.secret, f"{place}.secret")
            try:
                return HmacCredentials(auth, secret, clock=clock, nonce=nonce)
            except ValueError as error:
                secrets.problems.append(f"{place}.secret: {error}")
                return FixedCredentials()


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
