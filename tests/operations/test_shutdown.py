"""The end of a server: what runs is finished, what lies idle may still speak, and then every connection is closed."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import orjson
import pytest
import uvicorn

from gateway.app import Gateway
from gateway.demo.company import DemoCompany
from gateway.demo.switches import Switch
from gateway.http.draining import protocol_state
from gateway.reload import Serving
from gateway.server import uvicorn_config
from tests.conftest import MakeToken
from tests.operations.conftest import until
from tests.patience import demo_settings

CUSTOMER = '{ customer(id: "c7") { name } }'


class Server:
    """uvicorn as the gateway runs it, on a port of its own, in this process."""

    def __init__(self, house: Gateway) -> None:
        app = Serving(house, lambda: house, state=protocol_state(house.settings.server))
        self._server = uvicorn.Server(uvicorn_config(app, house.settings.server))
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.running = asyncio.create_task(self._server._serve([self._socket]))  # serve() would take the signals

    async def started(self) -> None:
        await until(lambda: self._server.started)

    def stop(self) -> None:
        """What SIGTERM does."""
        self._server.should_exit = True

    @property
    def closed(self) -> bool:
        """Whether new connections are refused."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) != 0


class Connection:
    """A kept connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: str) -> None:
        self._reader = reader
        self._writer = writer
        self._token = token

    @classmethod
    async def to(cls, server: Server, token: str) -> Connection:
        return cls(*await asyncio.open_connection("127.0.0.1", server.port), token)

    def send(self, query: str) -> None:
        body = orjson.dumps({"query": query})
        head = (
            f"POST /graphql HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {self._token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)

    async def answer(self) -> tuple[dict[str, str], bytes]:
        """Headers and body of the next answer. Raises IncompleteReadError when the connection ends instead."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        lines = head.splitlines()[1:-1]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return headers, await self._reader.readexactly(int(headers["content-length"]))

    async def ended(self) -> bool:
        """Waits until the server closes. Whether it did so without another byte."""
        return await self._reader.read() == b""

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


@pytest.fixture
def configured() -> dict[str, str]:
    return {"BIZGRAPH_SERVER__DRAIN": "5s"}


@pytest.fixture
def house(company: DemoCompany, configured: dict[str, str]) -> Gateway:
    """Not opened yet: the server does that."""
    settings, environment = demo_settings(company, configured)
    return Gateway(settings, environment)


@pytest.fixture
async def server(house: Gateway) -> AsyncIterator[Server]:
    server = Server(house)
    await server.started()
    yield server
    server.stop()
    await server.running


@pytest.fixture
async def connection(server: Server, token: MakeToken) -> AsyncIterator[Connection]:
    connection = await Connection.to(server, token())
    yield connection
    await connection.close()


async def test_what_runs_is_finished(server: Server, connection: Connection, company: DemoCompany) -> None:
    """A request that runs at SIGTERM gets its answer, while new connections are refused already."""
    await company.crm.switch(Switch.SLOW)
    connection.send(CUSTOMER)
    await company.crm.until_held()
    server.stop()
    await until(lambda: server.closed)
    company.crm.release()
    headers, body = await connection.answer()
    assert orjson.loads(body)["data"]["customer"]["name"]
    assert headers["connection"] == "close"
    assert await connection.ended()
    await server.running


async def test_an_idle_connection_may_bring_one_more_request(server: Server, connection: Connection) -> None:
    """A request that was on its way when the server began to stop is answered; the client is told to go elsewhere."""
    connection.send(CUSTOMER)
    headers, _ = await connection.answer()
    assert "connection" not in headers
    server.stop()
    await until(lambda: server.closed)
    connection.send(CUSTOMER)
    headers, body = await connection.answer()
    assert orjson.loads(body)["data"]["customer"]["name"]
    assert headers["connection"] == "close"
    assert await connection.ended()
    await server.running


class TestShortDrain:
    """Idle connections get little time."""

    @pytest.fixture
    def configured(self) -> dict[str, str]:
        return {"BIZGRAPH_SERVER__DRAIN": "50ms"}

    async def test_idle_connections_are_closed(
        self, server: Server, connection: Connection, company: DemoCompany
    ) -> None:
        """The server does not wait for clients that have nothing to ask, and its own sessions end with it."""
        connection.send(CUSTOMER)
        await connection.answer()
        server.stop()
        assert await connection.ended()
        await server.running
        await until(lambda: not any(system.connections for system in company.servers))


class TestNoDrain:
    """Idle connections get no time."""

    @pytest.fixture
    def configured(self) -> dict[str, str]:
        return {"BIZGRAPH_SERVER__DRAIN": "0s"}

    async def test_idle_connections_are_closed_at_once(self, server: Server, connection: Connection) -> None:
        """`drain = "0s"` is for those whose balancer sends nothing to a gateway that stops."""
        connection.send(CUSTOMER)
        await connection.answer()
        server.stop()
        assert await connection.ended()
