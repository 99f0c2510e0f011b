"""What a connector asks of a backend's credentials."""

from __future__ import annotations

import ssl
from typing import Protocol

from msgspec import Struct

from resolvers.backends.http import Headers, HttpClient


class OutgoingRequest(Struct, frozen=True):
    """A request as it will go out, for credentials that sign it. `target` is the path with its query, as sent."""

    method: str
    host: str
    target: str
    body: bytes = b""
    operation: str | None = None
    """For errors: the operation that the request belongs to."""


class Credentials(Protocol):
    """How the calls to one backend are authorised. Nothing secret is in any repr or error."""

    @property
    def fixed(self) -> Headers | None:
        """The headers of every request, where they never change: `headers` needs not be called then."""
        ...

    @property
    def header_names(self) -> frozenset[str]:
        """The names of all headers that they write, in lower case."""
        ...

    @property
    def query(self) -> Headers:
        """Query parameters (name, value) that every request carries."""
        ...

    def open(self, http: HttpClient) -> None:
        """Give them the backend's HTTP client, inside the running event loop, before anything else is asked."""
        ...

    async def close(self) -> None: ...

    async def headers(self, request: OutgoingRequest, timeout: float) -> Headers:
        """The headers of this request. Raises BackendError when they cannot be had within `timeout` seconds."""
        ...

    async def refreshed(self, refused: Headers) -> bool:
        """Called after a 401 to a request that carried `refused`: whether another try with `headers` makes sense."""
        ...

    def ssl_context(self, ca: str | None = None) -> ssl.SSLContext | None:
        """TLS with the client certificate and the given authorities; None where the usual TLS does. Reads files."""
        ...
