"""The HTTP side of a SOAP backend: envelopes out, answers in, and the documents of its service description."""

from __future__ import annotations

import ssl
from typing import Final

from yarl import URL

from resolvers.backends.credentials import Credentials, OutgoingRequest
from resolvers.backends.http import Answer, Headers, HttpClient, Origin
from resolvers.backends.ports import Call, Clock
from resolvers.backends.soap.description.prefetch import without_query
from resolvers.backends.soap.problems import ConfigurationProblem, WsdlProblem
from resolvers.backends.soap.settings import SoapSettings
from resolvers.errors import BackendContract, BackendError

_OWN: Final = (("User-Agent", "bizgraph"), ("Accept", "text/xml, application/soap+xml, multipart/related"))
_TAKEN: Final = frozenset({"content-type", "content-length", "soapaction", "accept-encoding", "host"})
"""Headers that the message decides."""


class Channel:
    """Carries bytes with the backend's credentials. Redirects are not followed; caps and failures are HttpClient's."""

    def __init__(self, name: str, settings: SoapSettings, credentials: Credentials, clock: Clock) -> None:
        """Raises ConfigurationProblem when two settings claim the same header."""
        self._name = name
        self._settings = settings
        self._credentials = credentials
        self._clock = clock
        self._http: HttpClient | None = None
        self._origin: Origin | None = None
        self._fixed = _fixed_headers(settings, credentials)
        self._address = ""
        self._targets: dict[str, str] = {}

    def open(self, context: ssl.SSLContext | None) -> None:
        """Call it inside the running event loop."""
        self._http = HttpClient(self._name, self._settings, context)
        self._credentials.open(self._http)

    async def close(self) -> None:
        await self._credentials.close()
        if self._http is not None:
            await self._http.close()

    def aim(self, address: str) -> None:
        """Send calls to this address from now on. Raises WsdlProblem for one that cannot be called."""
        try:
            self._origin = self._client.origin(address)
        except ValueError as exc:
            raise WsdlProblem(f"calls cannot go to the address in the WSDL ({exc}): give the backend a `url`") from exc
        self._address = address

    async def fetch(self, url: str, most: int) -> bytes:
        """One document of the service description. Raises WsdlProblem.

        The credentials go to the host of the WSDL itself, not to those that it imports from.
        """
        place = without_query(url)
        wsdl = URL(self._settings.wsdl)
        own = wsdl.is_absolute() and URL(url).origin() == wsdl.origin()
        headers = self._headers()
        ends = self._clock.monotonic() + self._settings.wsdl_timeout
        try:
            origin = self._client.origin(url)
            if own:
                answer = await self._authorised(origin, "GET", url, headers, b"", ends, None, again=True)
            else:
                wire = origin.request("GET", URL(url).raw_path_qs, headers)
                answer = await self._client.exchange(origin, wire, timeout=self._settings.wsdl_timeout)
        except ValueError as exc:
            raise WsdlProblem(f"{place}: {exc}", permanent=True) from exc
        except BackendError as exc:
            raise WsdlProblem(f"{place} cannot be fetched: {exc.message}") from exc
        if 300 <= answer.status < 400:
            raise WsdlProblem(
                f"{place} answers HTTP {answer.status}: redirects are not followed, name the place itself"
            )
        if answer.status != 200:
            raise WsdlProblem(f"{place} answers HTTP {answer.status}")
        if len(answer.body) > most:
            raise WsdlProblem("the WSDL and its imports are too large", permanent=True)
        return answer.body

    async def post(self, headers: Headers, body: bytes, call: Call, operation: str, *, again: bool) -> Answer:
        """One call. Raises BackendError. `again` allows to repeat it on a connection that the backend had closed."""
        if self._origin is None:
            raise BackendContract(f"{self._name} has no address", backend=self._name, operation=operation, cause="wsdl")
        sent = (*self._headers(), *headers, *call.forwarded, *call.hints)
        ends = self._clock.monotonic() + call.timeout
        try:
            return await self._authorised(self._origin, "POST", self._address, sent, body, ends, operation, again=again)
        except ValueError as exc:
            raise BackendContract(
                f"{self._name}: {exc}", backend=self._name, operation=operation, cause="header"
            ) from exc

    async def _authorised(
        self,
        origin: Origin,
        method: str,
        url: str,
        headers: Headers,
        body: bytes,
        ends: float,
        operation: str | None,
        *,
        again: bool,
    ) -> Answer:
        """With the credentials, and once more where they could be renewed after a 401."""
        credentials, clock, client = self._credentials, self._clock, self._client
        target = self._target(url)
        renewed = False
        while True:
            shown = credentials.fixed
            if shown is None:
                signed = OutgoingRequest(method, origin.authority, target, body)
                shown = await credentials.headers(signed, ends - clock.monotonic())
            wire = origin.request(method, target, (*headers, *shown), body)
            left = max(0.0, ends - clock.monotonic())
            answer = await client.exchange(origin, wire, timeout=left, operation=operation, again=again)
            if answer.status != 401 or renewed or not await credentials.refreshed(shown):
                return answer
            renewed = True

    def _target(self, url: str) -> str:
        """Path and query with the credentials' parameters, remembered for the address that calls go to."""
        if url not in self._targets:
            query = self._credentials.query
            parsed = URL(url)
            self._targets[url] = (parsed.extend_query(list(query)) if query else parsed).raw_path_qs
        return self._targets[url]

    def _headers(self) -> Headers:
        return (("Accept-Encoding", self._client.accept_encoding), *self._fixed)

    @property
    def _client(self) -> HttpClient:
        if self._http is None:
            raise WsdlProblem(f"{self._name} is not open")
        return self._http


def _fixed_headers(settings: SoapSettings, credentials: Credentials) -> Headers:
    """Our own headers with those of the configuration, which may replace them."""
    headers = {name.lower(): (name, value) for name, value in (*_OWN, *settings.http_headers.items())}
    forward = settings.forward
    others = [*credentials.header_names, *forward.claims, *([forward.token_header] if forward.token else [])]
    for name in (*_TAKEN, *others):
        if name.lower() in headers:
            raise ConfigurationProblem(f"http_headers: the header {name} is written by something else")
    return tuple(headers.values())
