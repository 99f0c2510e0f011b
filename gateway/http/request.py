"""What the door hands to whoever runs operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.execution.documents import Document, Operation
from gateway.http.refusal import Refused
from resolvers.backends.units import seconds
from resolvers.principal import Principal


class RequestInfo:
    """What HTTP says about a request, as far as running it needs to know.

    `headers` has lower-case names; what stood in several lines is joined by commas (RFC 9110 §5.3). What is appended to
    `response_headers` goes out with the answer and takes the place of a default header of the same name.
    """

    __slots__ = ("client", "correlation_id", "headers", "method", "response_headers")

    def __init__(
        self, headers: Mapping[bytes, bytes], *, method: str, client: tuple[str, int] | None, correlation_id: str
    ) -> None:
        self.headers = headers
        self.method = method
        self.client = client
        self.correlation_id = correlation_id
        self.response_headers: list[tuple[bytes, bytes]] = []

    def header(self, name: bytes) -> str | None:
        """A header's text; `name` is in lower case."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    @property
    def timeout(self) -> float | None:
        """The seconds that the client will wait, from `X-Request-Timeout: 2s`. Raises Refused when malformed."""
        value = self.header(b"x-request-timeout")
        try:
            return None if value is None else seconds(value)
        except ValueError as error:
            raise Refused(f"X-Request-Timeout is {error}.") from error


class GraphQLRequest:
    """A valid operation of a known caller, not yet run. `variables` are as sent; coercing them is part of running."""

    __slots__ = ("document", "extensions", "info", "operation", "principal", "variables")

    def __init__(
        self,
        *,
        principal: Principal,
        document: Document,
        operation: Operation,
        variables: dict[str, Any],
        extensions: dict[str, Any],
        info: RequestInfo,
    ) -> None:
        self.principal = principal
        self.document = document
        self.operation = operation
        self.variables = variables
        self.extensions = extensions
        self.info = info


def combined(headers: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Headers by name, lines of one name joined: what may stand once does not fit any more when it stands twice."""
    by_name = dict(headers)
    if len(by_name) != len(headers):
        by_name = {}
        for name, value in headers:
            separator = b"; " if name == b"cookie" else b", "
            by_name[name] = by_name[name] + separator + value if name in by_name else value
    return by_name
