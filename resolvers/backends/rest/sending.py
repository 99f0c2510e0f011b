"""From the values of a call to the answer of the backend: request, credentials, and one more try after a 401."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from resolvers.backends.credentials import Credentials, OutgoingRequest
from resolvers.backends.http import Answer, Headers, HttpClient, Origin, header_lines, wire_form
from resolvers.backends.ports import Clock
from resolvers.backends.rest.answers import Place
from resolvers.backends.rest.arguments import Texts
from resolvers.backends.rest.settings import RestOperationSettings, RestSettings
from resolvers.backends.rest.templates import RequestTemplate
from resolvers.errors import BackendTimeout, BackendUnavailable

ACCEPT: Final = "application/json, application/*+json;q=0.9"


class Line(Struct, frozen=True):
    """An open connection to a backend."""

    http: HttpClient
    origin: Origin


class Backend(Struct):
    """What the operations of one backend share. `line` is there while the connector is open."""

    name: str
    settings: RestSettings
    credentials: Credentials
    clock: Clock
    line: Line | None = None


class Sender:
    """Sends the requests of one operation."""

    def __init__(
        self, backend: Backend, place: Place, template: RequestTemplate, settings: RestOperationSettings
    ) -> None:
        """Raises ValueError when two settings claim the same header."""
        self._backend = backend
        self._place = place
        self._template = template
        self._method = settings.method
        self._again = settings.idempotent
        credentials = backend.credentials
        self._fixed_credentials = credentials.fixed is not None
        own = {"accept": ("Accept", ACCEPT), "user-agent": ("User-Agent", "bizgraph")}
        if template.content_type is not None:
            own["content-type"] = ("Content-Type", template.content_type)
        for name, value in (*backend.settings.headers.items(), *template.fixed_headers):
            own[name.lower()] = (name, value)
        forward = backend.settings.forward
        forwarded = [*forward.claims, *([forward.token_header] if forward.token else [])]
        _check_distinct([*own, *settings.headers], credentials.header_names, forwarded)
        self._headers = header_lines((*own.values(), *(credentials.fixed or ())))
        self._prepared: tuple[Line, bytes] | None = None

    async def send(self, values: Texts, sent_along: Headers, timeout: float) -> Answer:
        """The answer, whatever its status. Raises BackendError, and BadUserInput for values that cannot be sent."""
        line = self._backend.line
        if line is None:
            raise BackendUnavailable(
                f"{self._place.backend} is not open",
                backend=self._place.backend,
                operation=self._place.operation,
                cause="not open",
            )
        if self._prepared is None or self._prepared[0] is not line:
            encoding = header_lines((("Accept-Encoding", line.http.accept_encoding),))
            self._prepared = line, line.origin.host + encoding + self._headers
        lines = self._prepared[1]
        target = self._template.target(values)
        body = self._template.body(values)
        further = self._template.headers(values) + sent_along
        if further:
            lines += header_lines(further)
        if self._fixed_credentials:
            request = wire_form(self._method, target, lines, body)
            return await self._exchange(line, request, timeout)
        return await self._authorised(line, target, lines, body, timeout)

    async def _authorised(self, line: Line, target: str, lines: bytes, body: bytes, timeout: float) -> Answer:
        credentials, clock = self._backend.credentials, self._backend.clock
        outgoing = OutgoingRequest(self._method, line.origin.authority, target, body, self._place.operation)
        deadline = clock.monotonic() + timeout
        again = True
        while True:
            headers = await credentials.headers(outgoing, self._left(deadline))
            request = wire_form(self._method, target, lines + header_lines(headers), body)
            answer = await self._exchange(line, request, self._left(deadline))
            if answer.status != 401 or not again or not await credentials.refreshed(headers):
                return answer
            again = False

    async def _exchange(self, line: Line, request: bytes, timeout: float) -> Answer:
        return await line.http.exchange(
            line.origin, request, timeout=timeout, operation=self._place.operation, again=self._again
        )

    def _left(self, deadline: float) -> float:
        left = deadline - self._backend.clock.monotonic()
        if left <= 0:
            raise BackendTimeout(
                f"{self._place.backend} did not answer in time",
                backend=self._place.backend,
                operation=self._place.operation,
                cause="timeout",
            )
        return left


def _check_distinct(own: Iterable[str], credentials: Iterable[str], forwarded: Iterable[str]) -> None:
    """Raises ValueError when headers, auth and forward would write the same header."""
    taken: set[str] = {name.lower() for name in own}
    for names in (credentials, forwarded):
        for name in names:
            if name.lower() in taken:
                raise ValueError(f"the header {name} is written by more than one of headers, auth and forward")
            taken.add(name.lower())
