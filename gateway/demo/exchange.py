"""One exchange with a demo server: the answer as it should be, and what the call log keeps of the call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web
from msgspec import Struct, field, structs

_MASKED_HEADERS = frozenset({"authorization", "x-api-key", "cookie", "proxy-authorization"})


class Answer(Struct, kw_only=True, frozen=True):
    """The right answer to one call, before any switch has spoilt it."""

    operation: str
    keys: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def replaced(self, **changes: Any) -> Answer:
        """The same answer with these fields changed."""
        return structs.replace(self, **changes)

    def response(self) -> web.Response:
        """The answer for aiohttp to send."""
        return web.Response(
            status=self.status, body=self.body, headers={**self.headers, "Content-Type": self.content_type}
        )


class LoggedCall(Struct, kw_only=True, frozen=True):
    """One call in the log of a demo server.

    `operation` is the SOAP operation, `wsdl`, or a name such as `orders.by_customers`; `unknown` where the call was
    not understood. `keys` are the ids asked for, `arguments` everything else that was sent. `headers` have lower-case
    names; of credentials only their presence is kept. `switch` names what went wrong on purpose.
    """

    method: str
    path: str
    operation: str
    keys: tuple[str, ...]
    arguments: Mapping[str, Any]
    headers: Mapping[str, str]
    switch: str | None = None


def logged(request: web.BaseRequest, answer: Answer, switch: str | None) -> LoggedCall:
    """The line of the call log for this exchange."""
    return LoggedCall(
        method=request.method,
        path=request.path_qs,
        operation=answer.operation,
        keys=answer.keys,
        arguments=answer.arguments,
        headers={
            name.lower(): "***" if name.lower() in _MASKED_HEADERS else value for name, value in request.headers.items()
        },
        switch=switch,
    )
