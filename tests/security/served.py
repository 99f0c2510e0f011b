"""The whole gateway as it is served: uvicorn with the guarded protocol in a thread, the demo's systems behind it.

Clients of these tests are blocking and speak raw HTTP, as attackers do.
"""

from __future__ import annotations

import asyncio
import select
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
import uvicorn

from gateway.app import create_app
from gateway.demo.company import DemoCompany
from gateway.server import uvicorn_config
from gateway.settings import Settings
from tests.conftest import TODAY
from tests.patience import demo_settings

PATIENCE = 20.0
"""Seconds after which a test that waits has failed."""
GRAPHQL = "application/graphql-response+json"


@dataclass(frozen=True)
class Reply:
    """One HTTP answer; all of it is empty when the connection was closed without one."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def code(self) -> str:
        """The code of the first error."""
        code: str = self.json["errors"][0]["extensions"]["code"]
        return code


@dataclass
class Served:
    """A running gateway."""

    port: int
    company: DemoCompany
    settings: Settings

    def calls(self) -> int:
        """How many calls the systems behind have had in all."""
        return sum(len(server.calls) for server in self.company.servers)

    def exchange(self, *pieces: bytes) -> Reply:
        """Send these pieces on one connection, as long as nothing has come back, and read the answer."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
            for piece in pieces:
                if select.select([connection], [], [], 0)[0]:
                    break
                try:
                    connection.sendall(piece)
                except (BrokenPipeError, ConnectionResetError):
                    break
            return _read(connection)

    def ask(self, body: bytes | Mapping[str, Any], *headers: str, path: str = "/graphql") -> Reply:
        """POST this to the endpoint."""
        return self.exchange(post(body, *headers, path=path))

    def get(self, path: str, *headers: str) -> Reply:
        return self.exchange(request("GET", path, *headers))


def request(method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    """The bytes of a request. Headers that are given take the place of the usual ones of the same name."""
    given = {header.partition(":")[0].lower() for header in headers}
    usual = {"host": "gateway", "accept": GRAPHQL, "connection": "close"}
    if body or method == "POST":
        usual |= {"content-type": "application/json", "content-length": str(len(body))}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in usual.items() if name not in given)]
    return "\r\n".join([*lines, *headers, "", ""]).encode("latin-1") + body


def post(body: bytes | Mapping[str, Any], *headers: str, path: str = "/graphql") -> bytes:
    return request("POST", path, *headers, body=body if isinstance(body, bytes) else orjson.dumps(body))


def _read(connection: socket.socket) -> Reply:
    received = bytearray()
    while True:
        try:
            data = connection.recv(65_536)
        except ConnectionResetError:
            break
        if not data:
            break
        received += data
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    if not head:
        return Reply(0, {}, b"")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    assert len(headers) == len(lines), "a header was sent twice"
    return Reply(int(status.split(" ")[1]), headers, body)


class _Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config, listening: threading.Event) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listening.set()


@contextmanager
def serving(configured: Mapping[str, str], extra: Sequence[tuple[str, str]] = ()) -> Iterator[Served]:
    """A gateway for the demo's configuration with these variables over it; `extra` are secrets that it names."""
    listening = threading.Event()
    started: list[Served] = []
    servers: list[_Server] = []
    failures: list[Exception] = []

    async def run() -> None:
        async with DemoCompany(today=TODAY) as company:
            settings, environment = demo_settings(company, configured)
            app = create_app(settings, {**environment, **dict(extra)})
            bound = socket.socket()
            bound.bind(("127.0.0.1", 0))
            server = _Server(uvicorn_config(app, settings.server), listening)
            servers.append(server)
            started.append(Served(bound.getsockname()[1], company, settings))
            await server.serve([bound])

    def run_to_the_end() -> None:
        try:
            asyncio.run(run())
        except Exception as error:  # noqa: BLE001 - whatever it is, the test that waits fails with it
            failures.append(error)
        finally:
            listening.set()

    thread = threading.Thread(target=run_to_the_end, name="gateway")
    thread.start()
    try:
        assert listening.wait(PATIENCE)
        if not failures:
            yield started[0]
    finally:
        for server in servers:
            server.should_exit = True
        thread.join(PATIENCE)
    if failures:
        raise failures[0]
