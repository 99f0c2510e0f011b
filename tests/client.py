"""A client for the tests: asks the whole application, door included, without a socket in front of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.types import ASGIApp, Message


class Answer:
    """An HTTP answer with the body read as JSON."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def data(self) -> Any:
        return self.json.get("data")

    @property
    def errors(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.json.get("errors", [])
        return found

    @property
    def codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.errors]


class Client:
    """Sends GraphQL operations to an ASGI application."""

    def __init__(self, app: ASGIApp, token: str | None = None) -> None:
        self._app = app
        self.token = token

    def with_token(self, token: str | None) -> Client:
        return Client(self._app, token)

    async def ask(self, query: str, variables: Mapping[str, Any] | None = None, **headers: str) -> Answer:
        """POST one operation. Header names are written with underscores."""
        body = orjson.dumps({"query": query, "variables": dict(variables or {})})
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.request("POST", "/graphql", body, {"content-type": "application/json", **given})

    async def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        sent = dict(headers or {})
        if self.token is not None:
            sent["authorization"] = f"Bearer {self.token}"
        raw_path, _, query = path.partition("?")
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": raw_path,
            "raw_path": raw_path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 8000),
        }
        messages: list[Message] = []
        asked = False

        async def receive() -> Message:
            nonlocal asked
            if asked:
                return {"type": "http.disconnect"}
            asked = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, send)
        start = messages[0]
        return Answer(
            start["status"],
            {name.decode(): value.decode() for name, value in start["headers"]},
            b"".join(message.get("body", b"") for message in messages[1:]),
        )
