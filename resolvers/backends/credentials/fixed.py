"""Credentials that are the same for every request: none, API key, basic, bearer, client certificate."""

from __future__ import annotations

import ssl
from base64 import b64encode

from pydantic import SecretStr

from resolvers.backends.credentials.ports import OutgoingRequest
from resolvers.backends.http import Headers, HttpClient


class FixedCredentials:
    """Headers, query parameters and a client certificate that never change. Also what the other kinds build on."""

    def __init__(
        self,
        headers: Headers | None = (),
        query: Headers = (),
        *,
        certificate: str | None = None,
        key: str | None = None,
        password: SecretStr | None = None,
    ) -> None:
        self._fixed = headers
        self._query = query
        self._certificate = certificate
        self._key = key
        self._password = password

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    @property
    def fixed(self) -> Headers | None:
        return self._fixed

    @property
    def header_names(self) -> frozenset[str]:
        return frozenset(name.lower() for name, _ in self._fixed or ())

    @property
    def query(self) -> Headers:
        return self._query

    def open(self, http: HttpClient) -> None:
        """Nothing to prepare."""

    async def close(self) -> None:
        """Nothing to close."""

    async def headers(self, request: OutgoingRequest, timeout: float) -> Headers:
        return self._fixed or ()

    async def refreshed(self, refused: Headers) -> bool:
        return False

    def ssl_context(self, ca: str | None = None) -> ssl.SSLContext | None:
        """Raises OSError or ssl.SSLError for files that cannot be read or do not fit."""
        if ca is None and self._certificate is None:
            return None
        context = ssl.create_default_context(cafile=ca)
        context.set_alpn_protocols(["http/1.1"])
        if self._certificate is not None:
            # Without a password given, OpenSSL would ask for one on the terminal.
            secret = self._password.get_secret_value() if self._password is not None else ""
            context.load_cert_chain(self._certificate, self._key, password=lambda: secret)
        return context


def basic(username: str, password: SecretStr) -> str:
    """The value of an Authorization header (RFC 7617, UTF-8)."""
    return "Basic " + b64encode(f"{username}:{password.get_secret_value()}".encode()).decode("ascii")
