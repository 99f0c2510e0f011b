"""A SOAP backend on a real socket, and connectors to it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from resolvers.backends.credentials import Secrets, credentials_of
from resolvers.backends.soap import SoapConnector, SoapSettings
from tests.resolvers.backends.soap.fakes import Clock, Sleeper

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Backend:
    """Answers calls as the test says, and remembers them."""

    def __init__(self, description: bytes) -> None:
        self.description = description
        self.wsdl_status = 200
        self.wsdl_answer: Answer | None = None
        self.wsdl_calls: list[web.Request] = []
        self.calls: list[tuple[web.Request, bytes]] = []
        self.answer: Answer | None = None
        self.server: TestServer | None = None

    @property
    def url(self) -> str:
        assert self.server is not None
        return str(self.server.make_url("/service"))

    @property
    def wsdl(self) -> str:
        return f"{self.url}?wsdl"

    def says(
        self, body: bytes, *, status: int = 200, content_type: str = "text/xml; charset=utf-8", **headers: str
    ) -> None:
        """Answer every call with this from now on."""

        async def answer(request: web.Request) -> web.StreamResponse:
            return web.Response(body=body, status=status, headers={"Content-Type": content_type, **headers})

        self.answer = answer

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            self.wsdl_calls.append(request)
            if self.wsdl_answer is not None:
                return await self.wsdl_answer(request)
            return web.Response(
                body=self.description.replace(b"http://backend.test/service", self.url.encode()),
                status=self.wsdl_status,
            )
        self.calls.append((request, await request.read()))
        assert self.answer is not None
        return await self.answer(request)


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[bytes], Awaitable[Backend]]]:
    """Starts backends on loopback with the given service description."""
    running: list[TestServer] = []

    async def start(description: bytes) -> Backend:
        backend = Backend(description)
        app = web.Application(client_max_size=0)
        app.router.add_route("*", "/{path:.*}", backend.handle)
        backend.server = TestServer(app, host="127.0.0.1")
        await backend.server.start_server()
        running.append(backend.server)
        return backend

    yield start
    for server in running:
        await server.close()


@pytest.fixture
async def connect() -> AsyncIterator[Callable[..., SoapConnector]]:
    """Makes connectors, and closes them after the test."""
    made: list[SoapConnector] = []

    def connector(
        settings: dict[str, Any],
        *,
        environment: dict[str, str] | None = None,
        sleeper: Sleeper | None = None,
        secrets: Secrets | None = None,
    ) -> SoapConnector:
        clock = Clock()
        told = SoapSettings.model_validate(settings)
        secrets = secrets or Secrets(environment or {})
        credentials = credentials_of("erp", told.auth, secrets, clock=clock)
        connector = SoapConnector(
            "erp",
            told,
            credentials=credentials,
            secrets=secrets,
            clock=clock,
            jitter=lambda: 1.0,
            entropy=os.urandom,
            sleep=sleeper or Sleeper(),
            unique=lambda: "id-1",
        )
        made.append(connector)
        return connector

    yield connector
    for one in made:
        await one.close()
