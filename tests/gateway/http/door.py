"""A door over a small schema, executed by graphql-core, and a client that asks it in process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from inspect import isawaitable
from typing import Any

import orjson
from graphql import ExecutionResult, build_schema, execute

from gateway.execution.documents import Documents
from gateway.execution.masking import Masking
from gateway.http.graphql import GraphQLEndpoint
from gateway.http.request import GraphQLRequest
from resolvers.errors import BackendFailed, Unauthenticated
from resolvers.principal import ANONYMOUS, Principal

SCHEMA = build_schema("""
    type Query { greeting(name: String): String, customers(first: Int = 2): [Customer!], broken: String, must: String! }
    type Mutation { rename(name: String!): String }
    type Subscription { ticks: Int }
    type Customer { id: ID!, name: String, friends: [Customer] }
""")
SECRET = "password=hunter2"


class Root:
    """The data of the schema."""

    def greeting(self, info: Any, name: str = "world") -> str:
        return f"Hello {name}"

    def customers(self, info: Any, first: int) -> list[dict[str, Any]]:
        return [{"id": f"c{number}", "name": None, "friends": None} for number in range(first)]

    def broken(self, info: Any) -> str:
        raise BackendFailed("The shop answered 500.", backend="shop")

    def must(self, info: Any) -> str:
        raise RuntimeError(SECRET)

    def rename(self, info: Any, name: str) -> str:
        return name


class Answer:
    """What came back."""

    def __init__(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> None:
        self.status = status
        self.headers = {name.decode(): value.decode() for name, value in headers}
        self.body = body
        assert len(self.headers) == len(headers), "a header was sent twice"

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def code(self) -> str:
        """The code of the only error."""
        (error,) = self.json["errors"]
        code: str = error["extensions"]["code"]
        return code

    @property
    def message(self) -> str:
        message: str = self.json["errors"][0]["message"]
        return message


class Door:
    """The endpoint with a runner, a log and callers: `Bearer NAME` is the principal NAME, `Bearer bad` is refused."""

    def __init__(self, **options: Any) -> None:
        self.requests: list[GraphQLRequest] = []
        self.logged: list[BaseException] = []
        self.fails: Exception | None = None
        self.response_headers: list[tuple[bytes, bytes]] = []
        parts: dict[str, Any] = {
            "authenticate": self._authenticate,
            "documents": Documents(SCHEMA),
            "run": self._run,
            "mask": Masking(self._log),
            "new_id": lambda: "id-1",
        }
        self.endpoint = GraphQLEndpoint(**(parts | options))

    async def _authenticate(self, headers: Iterable[tuple[bytes, bytes]]) -> Principal:
        token = dict(headers).get(b"authorization", b"").removeprefix(b"Bearer ").decode()
        if token == "bad":
            raise Unauthenticated("The token has expired.", reason="expired")
        return Principal(subject=token, issuer=token) if token else ANONYMOUS

    async def _run(self, request: GraphQLRequest) -> ExecutionResult:
        self.requests.append(request)
        if self.fails is not None:
            raise self.fails
        request.info.response_headers += self.response_headers
        assert request.document.ast is not None
        result = execute(
            SCHEMA,
            request.document.ast,
            Root(),
            variable_values=request.variables,
            operation_name=request.operation.name,
        )
        return await result if isawaitable(result) else result

    def _log(self, error: BaseException, *, correlation_id: str, path: Any) -> None:
        self.logged.append(error)

    async def ask(
        self,
        method: str = "POST",
        *,
        body: bytes | Iterable[bytes] = b"",
        query_string: bytes = b"",
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    ) -> Answer:
        """One request; `body` may come in several parts."""
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        scope = {
            "type": "http",
            "method": method,
            "path": "/graphql",
            "query_string": query_string,
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs],
            "client": ("127.0.0.1", 1),
        }
        parts = [body] if isinstance(body, bytes) else list(body)
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if not parts:
                await asyncio.Event().wait()
            part = parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(parts)}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.endpoint(scope, receive, send)
        start, rest = sent
        return Answer(start["status"], start["headers"], rest["body"])

    async def post(self, content: Any, **headers: str) -> Answer:
        """A POST of JSON; names of headers are written with underscores."""
        body = content if isinstance(content, bytes) else orjson.dumps(content)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.ask(body=body, headers={"content-type": "application/json"} | named)
