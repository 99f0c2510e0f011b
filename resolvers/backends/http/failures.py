"""What went wrong on the way: the errors of sockets, TLS and HTTP framing in the words of `resolvers.errors`."""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp import (
    ClientConnectionError,
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ClientError,
    ClientPayloadError,
    ServerDisconnectedError,
)
from aiohttp.http_exceptions import HttpProcessingError

from resolvers.backends.http.addresses import AddressRefused
from resolvers.errors import BackendContract, BackendError, BackendTimeout, BackendUnavailable

NEVER_SENT: Final = frozenset(
    {"refused", "unreachable", "name not found", "certificate", "tls", "address refused", "connect timeout"}
)
"""The causes after which the backend has certainly not seen the call. After any other it may have acted on it."""

FOREIGN: Final = (ClientError, HttpProcessingError, AddressRefused, OSError)
"""What aiohttp and the sockets below it raise. `TimeoutError` is an OSError."""


def failure(
    error: BaseException, backend: str, operation: str | None, timeout: float, *, connected: bool
) -> BackendError:
    """The error to raise for one that is in FOREIGN. Nothing of the original's text is in it."""

    def unavailable(cause: str, message: str, retryable: bool = True) -> BackendError:
        return BackendUnavailable(
            f"{backend} {message}", backend=backend, operation=operation, cause=cause, retryable=retryable
        )

    match error:
        case AddressRefused():
            return unavailable("address refused", "is at an address that is not allowed", retryable=False)
        case ClientConnectorError() if _refused_address(error):
            return unavailable("address refused", "is at an address that is not allowed", retryable=False)
        case asyncio.TimeoutError() if not connected:
            return BackendTimeout(
                f"{backend} accepted no connection in time",
                backend=backend,
                operation=operation,
                cause="connect timeout",
            )
        case asyncio.TimeoutError():
            return BackendTimeout(
                f"{backend} did not answer within {timeout:g} s", backend=backend, operation=operation, cause="timeout"
            )
        case ClientConnectorCertificateError():
            return unavailable("certificate", "has a certificate that does not verify", retryable=False)
        case ClientConnectorSSLError():
            return unavailable("tls", "does not agree on TLS", retryable=False)
        case ClientConnectorDNSError():
            return unavailable("name not found", "has a host name that does not resolve")
        case ClientConnectorError() if isinstance(error.os_error, ConnectionRefusedError):
            return unavailable("refused", "refuses connections")
        case ClientConnectorError():
            return unavailable("unreachable", "cannot be reached")
        case ServerDisconnectedError():
            return unavailable("disconnected", "closed the connection without an answer")
        case ClientPayloadError():
            return unavailable("truncated", "broke off in the middle of its answer")
        case HttpProcessingError():
            return BackendContract(
                f"{backend} answered something that is not HTTP",
                backend=backend,
                operation=operation,
                cause="not http",
            )
        case ClientConnectionError() | OSError():
            return unavailable("reset", "broke the connection")
        case _:
            return unavailable("connection", "could not be asked")


def _refused_address(error: BaseException) -> bool:
    """aiohttp and the happy-eyeballs library wrap what our socket factory raises."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, AddressRefused):
            return True
        seen = getattr(seen, "os_error", None) or seen.__cause__ or seen.__context__
    return False
