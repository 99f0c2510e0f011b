"""How a request that is not executed is answered: the status of each code, and refusals of HTTP itself."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from resolvers.errors import GatewayError

Headers = Sequence[tuple[bytes, bytes]]


class Refused(GatewayError):
    """HTTP is used in a way that the endpoint does not accept; `status` is the answer's, `headers` are added to it."""

    code = "BAD_REQUEST"

    def __init__(self, message: str, status: int = 400, headers: Headers = ()) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


CLOSE: Headers = ((b"connection", b"close"),)
"""For refusals that leave a body unread: the connection cannot carry another request before it is read."""

_STATUSES = {
    "BAD_REQUEST": 400,
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "RATE_LIMITED": 429,
    # Apollo's clients take these as an answer of the protocol, not as a failure of the network.
    "PERSISTED_QUERY_NOT_FOUND": 200,
    "PERSISTED_QUERY_NOT_SUPPORTED": 200,
    # A well-formed request that asks for what does not fit: the media type decides (GraphQL over HTTP, Status Codes).
    "BAD_USER_INPUT": None,
    "OPERATION_TOO_LARGE": None,
    "OPERATION_RESOLUTION_FAILURE": None,
    "BACKEND_TIMEOUT": 504,
    "BACKEND_UNAVAILABLE": 503,
    "BACKEND_FAILED": 502,
    "BACKEND_REJECTED": 502,
    "BACKEND_CONTRACT": 502,
}


def status_of(error: GatewayError) -> int | None:
    """The status for a request that failed as a whole; None where the answer's media type decides."""
    if isinstance(error, Refused):
        return error.status
    return _STATUSES.get(error.code, 500)


def headers_of(error: GatewayError) -> list[tuple[bytes, bytes]]:
    """The headers that go with the failure; `details["retryAfter"]` (seconds) becomes Retry-After, rounded up."""
    headers = list(error.headers) if isinstance(error, Refused) else []
    wait = error.details.get("retryAfter")
    if wait is not None:
        headers.append((b"retry-after", b"%d" % ceil(wait)))
    return headers
