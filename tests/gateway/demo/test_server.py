"""The life of a server, its call log, its credentials, and its control over HTTP."""

from __future__ import annotations

import asyncio
import json
import threading
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
import uvloop

from gateway.demo.company import DemoCompany
from gateway.demo.credentials import Credentials
from gateway.demo.server import DemoServer
from gateway.demo.switches import Switch, Trouble
from tests.gateway.demo.conftest import ACCOUNTING, BATCH_OPERATIONS, CRM, SHOP, TODAY, WAREHOUSE, sample_call

SERVERS = ("crm", "shop", "warehouse", "accounting")


@pytest.fixture(params=SERVERS)
async def server(request: pytest.FixtureRequest, company: DemoCompany) -> DemoServer:
    """Each of the four in turn."""
    server: DemoServer = getattr(company, request.param)
    return server


async def test_call_log(http: aiohttp.ClientSession, server: DemoServer) -> None:
    """The log tells method, path, operation and keys of each call, and its headers in lower case."""
    await sample_call(http, server)
    [call] = server.calls
    assert call.operation == BATCH_OPERATIONS[server.name]
    assert call.method == ("GET" if server.protocol == "rest" else "POST")
    assert call.path == {"crm": "/customers?ids=c1,c2", "shop": "/orders?ids=o1,o2"}.get(server.name, "/soap")
    assert (
        call.keys
        == {
            "crm": ("c1", "c2"),
            "shop": ("o1", "o2"),
            "warehouse": ("SKU-0001", "SKU-0002"),
            "accounting": ("i1", "i2"),
        }[server.name]
    )
    assert call.headers["host"] == f"127.0.0.1:{server.port}"
    assert call.switch is None
    server.calls.clear()
    assert server.calls == []


@pytest.mark.parametrize("name", ["X-Correlation-Id", "traceparent", "X-Request-Deadline"])
async def test_headers_are_logged(http: aiohttp.ClientSession, company: DemoCompany, name: str) -> None:
    """What the gateway sends along, such as correlation ids and deadlines, can be read in the log."""
    async with http.get(f"{company.crm.url}/customers/c7", headers={**CRM, name: "abc-1"}):
        pass
    assert company.crm.calls[0].headers[name.lower()] == "abc-1"


async def test_credentials_are_not_logged(http: aiohttp.ClientSession, server: DemoServer) -> None:
    """Of a credential the log keeps that there was one."""
    await sample_call(http, server)
    headers = server.calls[0].headers
    assert "***" in {headers.get("authorization"), headers.get("x-api-key")}
    assert "demo-" not in repr(server.calls)
    assert "demo-" not in repr(Credentials())


async def test_arguments_are_logged(http: aiohttp.ClientSession, company: DemoCompany) -> None:
    """Filters and pages are logged beside the keys."""
    async with http.get(f"{company.shop.url}/orders?customer_ids=c1,c2&limit=3", headers=SHOP):
        pass
    async with http.get(f"{company.crm.url}/customers?q=ö&limit=2", headers=CRM):
        pass
    [orders], [customers] = company.shop.calls, company.crm.calls
    assert (orders.operation, orders.keys, orders.arguments) == ("orders.by_customers", ("c1", "c2"), {"limit": "3"})
    assert (customers.operation, customers.arguments) == ("customers.list", {"q": "ö", "limit": "2"})


@pytest.mark.parametrize("credential", [{}, {"Authorization": "Bearer wrong"}, {"X-Api-Key": "wrong"}, "another's"])
async def test_wrong_credentials(
    http: aiohttp.ClientSession, server: DemoServer, credential: dict[str, str] | str
) -> None:
    """No credential, a wrong one and that of another system are 401 with a challenge, and are logged as calls."""
    if isinstance(credential, str):
        credential = {"crm": SHOP, "shop": CRM, "warehouse": ACCOUNTING, "accounting": WAREHOUSE}[server.name]
    body = await _refused(http, server, credential)
    assert b"credential" in body
    assert [call.operation for call in server.calls] == [BATCH_OPERATIONS[server.name]]


async def _refused(http: aiohttp.ClientSession, server: DemoServer, credential: dict[str, str]) -> bytes:
    from tests.gateway.demo import conftest

    if server.protocol == "rest":
        path = "/customers?ids=c1" if server.name == "crm" else "/orders?ids=o1"
        request = http.get(server.url + path, headers=credential)
    else:
        data = conftest.GET_PRODUCTS if server.name == "warehouse" else conftest.GET_INVOICES
        content_type = "text/xml" if server.name == "warehouse" else "application/soap+xml"
        headers = {**credential, "Content-Type": content_type}
        request = http.post(f"{server.url}/soap", data=data, headers=headers)
    async with request as response:
        assert response.status == 401
        assert "WWW-Authenticate" in response.headers
        return await response.read()


async def test_own_credentials(http: aiohttp.ClientSession) -> None:
    """Other credentials than the default ones can be set, and then the default ones are wrong."""
    async with DemoCompany(today=TODAY, credentials=Credentials(crm_token="other")) as company:
        async with http.get(f"{company.crm.url}/customers/c7", headers={"Authorization": "Bearer other"}) as response:
            assert response.status == 200
        assert (await sample_call(http, company.crm)).status == 401


async def test_log_over_http(http: aiohttp.ClientSession, server: DemoServer) -> None:
    """Who runs the demo can read the call log with curl, and clear it; looking is not logged."""
    await sample_call(http, server)
    for _ in range(2):
        async with http.get(f"{server.url}/__calls") as response:
            [call] = (await response.json())["calls"]
    assert call["operation"] == BATCH_OPERATIONS[server.name]
    assert len(call["keys"]) == 2
    async with http.delete(f"{server.url}/__calls") as response:
        assert response.status == 204
    assert server.calls == []


async def put(http: aiohttp.ClientSession, server: DemoServer, body: Any) -> tuple[int, str]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with http.put(f"{server.url}/__switch", data=data) as response:
        return response.status, await response.text()


async def test_switch_over_http(http: aiohttp.ClientSession, server: DemoServer) -> None:
    """Who runs the demo can switch with curl: see what is offered, switch on, look, switch off."""
    async with http.get(f"{server.url}/__switch") as response:
        assert (await response.json()) == {"offered": list(server.switches), "active": []}
    assert await put(http, server, {"name": "503", "times": 1, "retry_after": 4}) == (204, "")
    async with http.get(f"{server.url}/__switch") as response:
        assert (await response.json())["active"] == [{"name": "503", "times": 1, "retry_after": 4}]
    assert (await sample_call(http, server)).headers["Retry-After"] == "4"
    assert (await put(http, server, [{"name": "500", "times": 1}, {"name": "html"}]))[0] == 204
    assert [(await sample_call(http, server)).status for _ in range(2)] == [500, 200]
    async with http.delete(f"{server.url}/__switch") as response:
        assert response.status == 204
    assert server.troubles == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "truncated"),
        ({"name": "tired"}, "tired"),
        ({"name": "slow", "hours": 3}, "hours"),
        ({"name": "slow", "seconds": "long"}, "seconds"),
        ({"name": "soap-fault"}, "REST"),
        ({"name": "refused"}, "needs seconds"),
        ({"name": "slow", "operation": "dance"}, "customers.list"),
    ],
)
async def test_impossible_switches_over_http(
    http: aiohttp.ClientSession, company: DemoCompany, body: Any, message: str
) -> None:
    """What cannot be switched on is 400 with the reason."""
    status, answer = await put(http, company.crm, body)
    assert status == 400
    assert message in json.loads(answer)["error"]


async def test_refusing_over_http_is_answered_first(http: aiohttp.ClientSession, server: DemoServer) -> None:
    """Switching to refused over HTTP is answered, then takes place, and ends by itself."""
    assert (await put(http, server, {"name": "refused", "seconds": 0.01}))[0] == 204
    while True:
        try:
            assert (await sample_call(http, server)).status == 200
        except aiohttp.ClientConnectorError:
            continue
        break


async def test_other_control_paths(http: aiohttp.ClientSession, server: DemoServer) -> None:
    """Other control paths and methods are 404 and 405."""
    async with http.get(f"{server.url}/__nothing") as response:
        assert response.status == 404
    async with http.post(f"{server.url}/__calls") as response:
        assert response.status == 405


ENDLESS = [
    Trouble(name=Switch.FROZEN, times=1),
    Trouble(name=Switch.SLOW, times=1),
    Trouble(name=Switch.TRICKLE, times=1),
    Trouble(name=Switch.HUGE, times=1, megabytes=1_000_000),
]


async def test_stop_leaves_nothing() -> None:
    """Stopping is quick and leaves no task, connection or thread, even with frozen, slow and endless calls."""
    tasks, threads = asyncio.all_tasks(), threading.active_count()
    company = DemoCompany(today=TODAY)
    await company.start()
    ports = [server.port for server in company.servers]
    writers = []
    for server in company.servers:
        await server.script(ENDLESS)
        for _ in ENDLESS:
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"GET /soap?wsdl HTTP/1.1\r\nHost: demo\r\n\r\n")
            writers.append(writer)
        await server.until_called(len(ENDLESS))
        assert server.in_progress == server.connections == len(ENDLESS)
    async with asyncio.timeout(1):
        await company.stop()
    assert [server.connections for server in company.servers] == [0, 0, 0, 0]
    assert asyncio.all_tasks() == tasks
    assert threading.active_count() == threads
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
    for writer in writers:
        writer.close()


async def test_stop_while_refusing() -> None:
    """A server that is refusing for a while stops like any other."""
    tasks = asyncio.all_tasks()
    async with DemoCompany(today=TODAY) as company:
        await company.crm.switch(Switch.REFUSED, seconds=60)
        await company.shop.switch(Switch.REFUSED)
    assert asyncio.all_tasks() == tasks


async def test_stop_twice_and_start_again(http: aiohttp.ClientSession) -> None:
    """Stopping twice is harmless, switching off a stopped server too, and a stopped company can be started again."""
    company = DemoCompany(today=TODAY)
    await company.stop()
    for _ in range(2):
        await company.start()
        with pytest.raises(RuntimeError, match="running already"):
            await company.crm.start()
        for server in company.servers:
            assert (await sample_call(http, server)).status == 200
        await company.stop()
        await company.switch_off()
        await company.stop()
    company.clear_calls()
    assert [server.calls for server in company.servers] == [[], [], [], []]


async def test_ports(http: aiohttp.ClientSession) -> None:
    """Ports can be given by name; a taken port is an error, after which nothing is left running."""
    async with DemoCompany(today=TODAY) as running:
        other = DemoCompany(today=TODAY)
        with pytest.raises(OSError, match="in use"):
            await other.start({"accounting": running.crm.port})
        assert other.crm.connections == 0
        with pytest.raises(aiohttp.ClientConnectorError):
            await sample_call(http, other.crm)
        with pytest.raises(ValueError, match="bakery"):
            await other.start({"bakery": 1})
        free = running.crm.port
        await running.stop()
        await other.start({"crm": free})
        assert other.crm.url == f"http://127.0.0.1:{free}"
        await other.stop()


async def test_two_companies_side_by_side(http: aiohttp.ClientSession) -> None:
    """Two companies share their books and nothing else: each has its ports, log, switches and WSDL address."""
    async with DemoCompany(today=TODAY) as one, DemoCompany(today=TODAY) as two:
        assert one.books is two.books
        await one.warehouse.switch(Switch.ERROR_500)
        assert (await sample_call(http, two.warehouse)).status == 200
        assert one.warehouse.calls == []
        for company in (two, one):
            await company.warehouse.switch_off()
            async with http.get(f"{company.warehouse.url}/soap?wsdl") as response:
                assert f'location="{company.warehouse.url}/soap"' in await response.text()


async def test_today_is_the_day_in_utc_unless_told() -> None:
    """Without a day the books are those of today."""
    assert DemoCompany().books.today == datetime.now(UTC).date()


def test_on_uvloop() -> None:
    """Everything works on uvloop as well, on which the gateway runs: answers, resets, and a clean end."""

    async def main() -> None:
        async with aiohttp.ClientSession() as http, DemoCompany(today=TODAY) as company:
            for server in company.servers:
                good = await sample_call(http, server)
                assert good.status == 200
                await server.script([Trouble(name=Switch.RESET, times=1), Trouble(name=Switch.TRUNCATED, times=1)])
                for _ in range(2):
                    with pytest.raises(aiohttp.ClientPayloadError):
                        await sample_call(http, server)
                await server.switch(Switch.REFUSED)
                with pytest.raises(aiohttp.ClientConnectorError):
                    await sample_call(http, server)
                await server.switch(Switch.FROZEN)
                frozen = asyncio.create_task(sample_call(http, server))
                await server.until_held()
                await company.stop()
                with pytest.raises(aiohttp.ClientError):
                    await frozen
                await company.start()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
