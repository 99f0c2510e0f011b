"""Credentials per backend: how the gateway shows its backends who is calling."""

from resolvers.backends.credentials.build import UsernameToken, credentials_of, username_token
from resolvers.backends.credentials.fixed import FixedCredentials
from resolvers.backends.credentials.ports import Credentials, OutgoingRequest
from resolvers.backends.credentials.secrets import MissingSecrets, Secrets
from resolvers.backends.credentials.settings import Auth, WssUsernameAuth

__all__ = [
    "Auth",
    "Credentials",
    "FixedCredentials",
    "MissingSecrets",
    "OutgoingRequest",
    "Secrets",
    "UsernameToken",
    "WssUsernameAuth",
    "credentials_of",
    "username_token",
]
