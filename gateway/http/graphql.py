"""The GraphQL endpoint: an ASGI application that speaks GraphQL over HTTP (2023 draft, which the audits of npm's
`graphql-http` check) with Apollo's persisted queries.

A request passes: method → page for browsers → Accept → Content-Type or CSRF → caller → body → parameters → document →
operation → `run` → masking. Whatever refuses it on the way answers in GraphQL's shape, with a code and, where the
specification says so, a status by media type.
"""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable, Iterable

from graphql import ExecutionResult
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.auth.refusal import challenge
from gateway.execution.documents import Documents
from gateway.execution.masking import Masking, encode, failed_before_execution
from gateway.execution.trusted import PersistedDocuments, persisted_id
from gateway.http.body import TIMED_BODY, read_body
from gateway.http.csrf import forgeable
from gateway.http.graphiql import wants_page
from gateway.http.headers import SECURITY
from gateway.http.negotiation import GRAPHQL_RESPONSE, JSON, MediaType, is_json, negotiate
from gateway.http.parameters import Parameters, from_body, from_query_string
from gateway.http.refusal import Refused, headers_of, status_of
from gateway.http.request import GraphQLRequest, RequestInfo, combined
from resolvers.errors import Forbidden, GatewayError, Unauthenticated
from resolvers.principal import Principal

Authenticate = Callable[[Iterable[tuple[bytes, bytes]]], Principal | Awaitable[Principal]]
Run = Callable[[GraphQLRequest], Awaitable[ExecutionResult]]

_ALLOW = ((b"allow", b"GET, HEAD, OPTIONS, POST"),)
_ALLOW_POST = ((b"allow", b"POST"),)
_ACCEPT_POST = ((b"accept-post", b"application/json"),)
_ACCEPT_ENCODING = ((b"accept-encoding", b"identity"),)
_CORRELATION_ID = re.compile(rb"[\w.:+/=-]{1,128}", re.ASCII)


def _new_id() -> str:
    return os.urandom(8).hex()


def _everybody(principal: Principal) -> bool:
    return True


class GraphQLEndpoint:
    """Answers `/graphql`, as the endpoint of a Starlette route or as an application of its own.

    `authenticate` gets the raw headers and raises Unauthenticated for a bad token. `run` executes a valid operation; it
    may raise any GatewayError for a request that is refused as a whole. `may_introspect` decides about operations that
    ask for the schema. `page` answers browsers that open the address. `body_limit` is in bytes, `body_timeout` in
    seconds. `partial_status` is sent with `application/graphql-response+json` for data with errors: the edition of
    September 2026 recommends 294, which not every proxy knows yet. With `cookies` callers may be known by one, so that
    what a browser keeps of one user is not for the next. `new_id` makes the correlation id of requests that
    bring none in `X-Request-Id`.
    """

    def __init__(
        self,
        *,
        authenticate: Authenticate,
        documents: Documents,
        run: Run,
        mask: Masking,
        persisted: PersistedDocuments | None = None,
        page: ASGIApp | None = None,
        may_introspect: Callable[[Principal], bool] = _everybody,
        body_limit: int = 1_000_000,
        body_timeout: float = 10.0,
        partial_status: int = 200,
        realm: str = "bizgraph",
        cookies: bool = False,
        new_id: Callable[[], str] = _new_id,
    ) -> None:
        self._authenticate = authenticate
        self._documents = persisted or PersistedDocuments(documents)
        self._run = run
        self._mask = mask
        self._page = page
        self._may_introspect = may_introspect
        self._body_limit = body_limit
        self._body_timeout = body_timeout
        self._partial_status = partial_status
        self._realm = realm
        self._usual = _COOKIES if cookies else _USUAL
        self._new_id = new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method: str = scope["method"]
        headers = combined(scope["headers"])
        if self._page is not None and method in ("GET", "HEAD"):
            accept = {"accept": headers.get(b"accept", b"").decode("latin-1")}
            if wants_page(accept, scope["query_string"]):
                await self._page(scope, receive, send)
                return
        sent_id = headers.get(b"x-request-id")
        info = RequestInfo(
            headers,
            method=method,
            client=scope.get("client"),
            correlation_id=sent_id.decode() if sent_id and _CORRELATION_ID.fullmatch(sent_id) else self._new_id(),
        )
        media = negotiate(headers.get(b"accept"))
        try:
            if method == "OPTIONS":
                await _send(send, 204, [*_ALLOW, (b"cache-control", b"no-store"), *SECURITY], b"")
                return
            if method not in ("POST", "GET", "HEAD"):
                raise Refused("GraphQL is asked by POST or GET.", 405, _ALLOW)
            if media is None:
                raise Refused("The answer is application/graphql-response+json or application/json.", 406)
            if method == "POST":
                parameters = None
                _require_json(headers)
            else:
                parameters = from_query_string(scope["query_string"])
                if forgeable(headers):
                    raise Refused("A foreign page may have sent this: add the header GraphQL-Require-Preflight.", 403)
            principal = self._authenticate(scope["headers"])
            if not isinstance(principal, Principal):
                principal = await principal
            if parameters is None:
                timed = (scope.get("extensions") or {}).get(TIMED_BODY)
                seen_to = timed is not None and timed["seconds"] <= self._body_timeout
                timeout = None if seen_to else self._body_timeout
                body = await read_body(headers, receive, limit=self._body_limit, timeout=timeout)
                if body is None:
                    return
                parameters = from_body(body)
            status, answer = await self._answer(parameters, principal, info, media)
        except GatewayError as error:
            status, answer = self._refuse(error, info, media or JSON)
        except Exception as error:  # noqa: BLE001 - the one mask at the top: what nobody foresaw is logged and hidden
            status, answer = 500, encode({"errors": [self._mask.failure(error, info.correlation_id)]})
        headers_told = _headers(self._usual[(media or JSON).name], answer, info)
        await _send(send, status, headers_told, b"" if method == "HEAD" else answer)

    async def _answer(
        self, parameters: Parameters, principal: Principal, info: RequestInfo, media: MediaType
    ) -> tuple[int, bytes]:
        name = persisted_id(parameters.document_id, parameters.extensions)
        document = await self._documents.find(parameters.query, name, principal)
        if document.refusal is not None:
            return media.request_error, document.refusal
        operation = document.operation(parameters.operation_name)
        if operation.kind == "subscription":
            raise Refused("A subscription has many answers, and this has one: subscribe over WebSocket or SSE.")
        if operation.kind == "mutation" and info.method != "POST":
            raise Refused("Mutations are sent by POST.", 405, _ALLOW_POST)
        if document.introspects and not self._may_introspect(principal):
            raise Forbidden("The schema is not told to this caller.")
        result = await self._run(
            GraphQLRequest(
                principal=principal,
                document=document,
                operation=operation,
                variables=parameters.variables or {},
                extensions=parameters.extensions or {},
                info=info,
            )
        )
        status = 200
        if result.errors:
            if failed_before_execution(result):
                status = media.request_error
            elif media is GRAPHQL_RESPONSE:
                status = self._partial_status
        return status, self._mask.encode(result, info.correlation_id)

    def _refuse(self, error: GatewayError, info: RequestInfo, media: MediaType) -> tuple[int, bytes]:
        info.response_headers += headers_of(error)
        if isinstance(error, Unauthenticated):
            info.response_headers.append((b"www-authenticate", challenge(error, self._realm)))
        formatted = self._mask.failure(error, info.correlation_id)
        return status_of(error) or media.request_error, encode({"errors": [formatted]})


def _require_json(headers: dict[bytes, bytes]) -> None:
    content_type = headers.get(b"content-type")
    if content_type is None or not is_json(content_type):
        raise Refused("The body has to be application/json in UTF-8.", 415, _ACCEPT_POST)
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise Refused("Compressed bodies are not read.", 415, _ACCEPT_ENCODING)


def _usual(vary: bytes) -> dict[str, list[tuple[bytes, bytes]]]:
    return {
        media.name: [
            (b"content-type", media.content_type),
            (b"cache-control", b"no-store"),
            *SECURITY,
            (b"vary", vary),
        ]
        for media in (JSON, GRAPHQL_RESPONSE)
    }


_USUAL = _usual(b"Accept, Authorization")
_COOKIES = _usual(b"Accept, Authorization, Cookie")


def _headers(usual: list[tuple[bytes, bytes]], answer: bytes, info: RequestInfo) -> list[tuple[bytes, bytes]]:
    headers = usual
    if info.response_headers:
        own = {name for name, _ in info.response_headers}
        headers = [header for header in headers if header[0] not in own] + info.response_headers
    return [
        *headers,
        (b"content-length", b"%d" % len(answer)),
        (b"x-request-id", info.correlation_id.encode()),
    ]


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
