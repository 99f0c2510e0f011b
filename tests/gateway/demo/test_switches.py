"""Every switch of every server does what its name says, and one line in the call log names it."""

from __future__ import annotations

import asyncio
import json
import zlib

import aiohttp
import pytest
from lxml import etree

from gateway.demo.company import DemoCompany
from gateway.demo.misbehaviour import METADATA_ADDRESS
from gateway.demo.server import DemoServer
from gateway.demo.switches import Switch, SwitchError, Trouble, offered
from tests.gateway.demo.conftest import BATCH_OPERATIONS, Reply, sample_call

SERVERS = ("crm", "shop", "warehouse", "accounting")
HARDENED = {"resolve_entities": False, "no_network": True, "load_dtd": False}


@pytest.fixture(params=SERVERS)
async def server(request: pytest.FixtureRequest, company: DemoCompany) -> DemoServer:
    """Each of the four in turn."""
    server: DemoServer = getattr(company, request.param)
    return server


@pytest.fixture(params=("crm", "shop"))
async def rest_server(request: pytest.FixtureRequest, company: DemoCompany) -> DemoServer:
    """Each of the two REST servers in turn."""
    server: DemoServer = getattr(company, request.param)
    return server


@pytest.fixture(params=("warehouse", "accounting"))
async def soap_server(request: pytest.FixtureRequest, company: DemoCompany) -> DemoServer:
    """Each of the two SOAP servers in turn."""
    server: DemoServer = getattr(company, request.param)
    return server


@pytest.fixture
async def good(http: aiohttp.ClientSession, server: DemoServer) -> Reply:
    """The answer of this server when nothing is switched on."""
    reply = await sample_call(http, server)
    server.calls.clear()
    return reply


def parsed(server: DemoServer, body: bytes) -> object:
    """The body read as this server's format; raises where it is none."""
    return json.loads(body) if server.protocol == "rest" else etree.fromstring(body, etree.XMLParser(**HARDENED))


def test_offered() -> None:
    """Servers offer the switches of their protocol, so that a test can go through all of them."""
    assert offered("rest")[0] is offered("soap")[0] is Switch.NONE
    assert set(offered("rest")) | set(offered("soap")) == set(Switch)
    assert set(offered("soap")) - set(offered("rest")) == {
        Switch.SOAP_FAULT, Switch.SOAP_FAULT_WITH_200, Switch.XXE, Switch.BILLION_LAUGHS, Switch.DTD,
    }  # fmt: skip
    assert set(offered("rest")) - set(offered("soap")) == {Switch.ERROR_WITH_200}


async def test_every_offered_switch_works(http: aiohttp.ClientSession, server: DemoServer, good: Reply) -> None:
    """Each offered switch makes a difference to the next call, is named in the log, and is gone afterwards."""
    for switch in server.switches:
        if switch is Switch.REFUSED:
            continue
        server.calls.clear()
        await server.switch(switch, seconds=0.0, megabytes=1, interval=0.0)
        try:
            async with asyncio.timeout(0.2 if switch is Switch.TRICKLE else 5):
                reply: Reply | None = await sample_call(http, server)
        except (aiohttp.ClientError, TimeoutError):
            reply = None
        if switch not in {Switch.NONE, Switch.SLOW}:
            assert reply is None or (reply.status, reply.body) != (good.status, good.body), switch
            assert {call.switch for call in server.calls} == {switch}  # aiohttp asks again where a GET is cut
        await server.switch_off()
        assert (await sample_call(http, server)).body == good.body


async def test_switches_of_the_other_protocol_are_refused(company: DemoCompany) -> None:
    """A REST server has no SOAP faults, and a SOAP server no JSON errors; the error says so."""
    with pytest.raises(SwitchError, match="soap-fault is no switch of a REST server"):
        await company.crm.switch(Switch.SOAP_FAULT)
    with pytest.raises(SwitchError, match="error-with-200 is no switch of a SOAP server"):
        await company.accounting.switch(Switch.ERROR_WITH_200)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("tired", {}, "tired"),
        (Switch.SLOW, {"hours": 3}, "hours"),
        (Switch.SLOW, {"operation": "customers.by_name"}, "customers.by_ids"),
        (Switch.SLOW, {"times": 0}, "at least 1"),
        (Switch.REFUSED, {"times": 1}, "cannot be counted"),
        (Switch.REFUSED, {"operation": "customers.list"}, "no operation"),
    ],
)
async def test_impossible_troubles_are_refused(
    company: DemoCompany, name: str, settings: dict[str, object], message: str
) -> None:
    """A trouble that cannot be is refused with the reason, and what was switched on before stays."""
    await company.crm.switch(Switch.HTML)
    with pytest.raises(SwitchError, match=message):
        await company.crm.switch(name, **settings)
    assert [trouble.name for trouble in company.crm.troubles] == [Switch.HTML]


async def test_limited_to_an_operation(http: aiohttp.ClientSession, server: DemoServer, good: Reply) -> None:
    """A trouble limited to one operation leaves the others alone."""
    other = next(name for name in server.operations if name != BATCH_OPERATIONS[server.name])
    await server.switch(Switch.ERROR_500, operation=other)
    assert (await sample_call(http, server)).body == good.body
    await server.switch(Switch.ERROR_500, operation=BATCH_OPERATIONS[server.name])
    assert (await sample_call(http, server)).status == 500


async def test_limited_to_a_number_of_calls(http: aiohttp.ClientSession, server: DemoServer, good: Reply) -> None:
    """After so many calls it is as if nothing had been switched on."""
    await server.switch(Switch.ERROR_503, times=2)
    assert [(await sample_call(http, server)).status for _ in range(4)] == [503, 503, 200, 200]
    assert [call.switch for call in server.calls] == ["503", "503", None, None]


async def test_script(http: aiohttp.ClientSession, server: DemoServer) -> None:
    """Several troubles one after the other make a story: an error, then too many requests, then an answer."""
    await server.script([Trouble(name=Switch.ERROR_500, times=1), Trouble(name=Switch.TOO_MANY, times=1)])
    assert [(await sample_call(http, server)).status for _ in range(3)] == [500, 429, 200]


async def test_the_wsdl_is_a_call_like_any_other(http: aiohttp.ClientSession, soap_server: DemoServer) -> None:
    """A switch without operation spoils the WSDL too, and one limited to `wsdl` spoils nothing else."""
    await soap_server.switch(Switch.ERROR_503, operation="wsdl", times=1)
    assert (await sample_call(http, soap_server)).status == 200
    for status in (503, 200):
        async with http.get(f"{soap_server.url}/soap?wsdl") as response:
            assert response.status == status


@pytest.mark.parametrize(
    ("switch", "status"),
    [(Switch.ERROR_500, 500), (Switch.ERROR_503, 503), (Switch.TOO_MANY, 429), (Switch.UNAUTHORIZED, 401)],
)
async def test_statuses(http: aiohttp.ClientSession, server: DemoServer, switch: Switch, status: int) -> None:
    """Error statuses come as JSON errors over REST and as bare HTML beside SOAP, as proxies send them."""
    await server.switch(switch)
    reply = await sample_call(http, server)
    assert reply.status == status
    assert reply.headers["Content-Type"].startswith("application/json" if server.protocol == "rest" else "text/html")
    assert ("Retry-After" in reply.headers) == (status == 429)
    assert ("WWW-Authenticate" in reply.headers) == (status == 401)


@pytest.mark.parametrize("retry_after", [7, "Wed, 01 Jul 2026 00:00:00 GMT"])
async def test_retry_after(http: aiohttp.ClientSession, server: DemoServer, retry_after: int | str) -> None:
    """429 and 503 say how long to wait, in seconds or as a date."""
    for switch in (Switch.TOO_MANY, Switch.ERROR_503):
        await server.switch(switch, retry_after=retry_after)
        assert (await sample_call(http, server)).headers["Retry-After"] == str(retry_after)


async def test_malformed(http: aiohttp.ClientSession, server: DemoServer, good: Reply) -> None:
    """Half of the answer comes with status 200 and the right length of what is there."""
    await server.switch(Switch.MALFORMED)
    reply = await sample_call(http, server)
    assert (reply.status, reply.headers["Content-Type"]) == (200, good.headers["Content-Type"])
    assert good.body.startswith(reply.body)
    with pytest.raises((ValueError, etree.XMLSyntaxError)):
        parsed(server, reply.body)


async def test_html(http: aiohttp.ClientSession, server: DemoServer) -> None:
    """A login page comes with status 200."""
    await server.switch(Switch.HTML)
    reply = await sample_call(http, server)
    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("text/html")
    assert b"<form" in reply.body


async def test_empty(http: aiohttp.ClientSession, server: DemoServer, good: Reply) -> None:
    """Nothing comes, with status 200 and the content type of something."""
    await server.switch(Switch.EMPTY)
    reply = await sample_call(http, server)
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["Content-Type"] == good.headers["Content-Type"]


async def test_wrong_type(http: aiohttp.ClientSession, server: DemoServer, good: Reply) -> None:
    """Numbers become words, and the answer stays well-formed."""
    await server.switch(Switch.WRONG_TYPE)
    reply = await sample_call(http, server)
    assert reply.status == 200
    assert reply.body != good.body
    parsed(server, reply.body)
    assert {"crm": b"last spring", "shop": b"a fortune"}.get(server.name, b"quite a few") in reply.body


async def test_redirect(http: aiohttp.ClientSession, server: DemoServer) -> None:
    """The caller is sent, with method and body, to where no caller should go."""
    await server.switch(Switch.REDIRECT)
    reply = await sample_call(http, server)
    assert (reply.status, reply.headers["Location"]) == (307, METADATA_ADDRESS)
    await server.switch(Switch.REDIRECT, location="http://10.0.0.1/")
    assert (await sample_call(http, server)).headers["Location"] == "http://10.0.0.1/"


async def test_error_with_200(http: aiohttp.ClientSession, rest_server: DemoServer) -> None:
    """An error object comes with status 200."""
    await rest_server.switch(Switch.ERROR_WITH_200)
    reply = await sample_call(http, rest_server)
    assert (reply.status, json.loads(reply.body)["error"]["code"]) == (200, "maintenance")


@pytest.mark.parametrize("sender", [False, True])
@pytest.mark.parametrize(("switch", "status"), [(Switch.SOAP_FAULT, 500), (Switch.SOAP_FAULT_WITH_200, 200)])
async def test_soap_faults(
    http: aiohttp.ClientSession, soap_server: DemoServer, switch: Switch, status: int, sender: bool
) -> None:
    """Faults come in the server's SOAP version, of receiver or sender, with details that nobody should be shown."""
    await soap_server.switch(switch, sender=sender)
    reply = await sample_call(http, soap_server)
    assert reply.status == status
    root = etree.fromstring(reply.body)
    code = (root.findtext(".//faultcode") or root.findtext(".//{*}Code/{*}Value") or "").removeprefix("env:")
    expected = {"warehouse": ("Server", "Client"), "accounting": ("Receiver", "Sender")}[soap_server.name]
    assert code == expected[sender]
    assert b"db7.internal" in reply.body


@pytest.mark.parametrize("switch", [Switch.XXE, Switch.BILLION_LAUGHS, Switch.DTD])
async def test_hostile_xml(http: aiohttp.ClientSession, soap_server: DemoServer, switch: Switch) -> None:
    """Attacks on XML parsers come in documents with a DOCTYPE, under status 200."""
    await soap_server.switch(switch)
    reply = await sample_call(http, soap_server)
    assert reply.status == 200
    assert b"<!DOCTYPE" in reply.body
    if switch is Switch.BILLION_LAUGHS:
        assert b">&laugh10;</" in reply.body
        with pytest.raises(etree.XMLSyntaxError, match="amplification"):
            parsed(soap_server, reply.body)
        return
    root = etree.fromstring(reply.body, etree.XMLParser(**HARDENED))
    assert (b">&stolen;</" in reply.body) == (switch is Switch.XXE)
    assert (root.getroottree().docinfo.system_url == f"{soap_server.url}/__external") == (switch is Switch.DTD)


async def test_a_gullible_parser_is_caught(http: aiohttp.ClientSession, company: DemoCompany) -> None:
    """Whoever fetches what an external entity names is found out: it stands in the call log."""
    await company.warehouse.switch(Switch.XXE)
    body = (await sample_call(http, company.warehouse)).body
    location = body.split(b'SYSTEM "', 1)[1].split(b'"', 1)[0].decode()
    async with http.get(location) as response:
        assert response.status == 204
    assert [call.operation for call in company.warehouse.calls] == ["GetProducts", "external"]


async def test_slow_until_released(http: aiohttp.ClientSession, server: DemoServer, good: Reply) -> None:
    """Slow calls wait until they are released, and then answer as they should."""
    await server.switch(Switch.SLOW)
    calls = [asyncio.create_task(sample_call(http, server)) for _ in range(3)]
    await server.until_held(3)
    assert len(server.calls) == server.in_progress == server.peak == 3
    assert not any(call.done() for call in calls)
    server.release()
    assert [reply.body for reply in await asyncio.gather(*calls)] == [good.body] * 3
    await server.until_idle()
    assert server.held == 0


async def test_slow_for_a_while(http: aiohttp.ClientSession, server: DemoServer, good: Reply) -> None:
    """Slow calls answer by themselves after the time given."""
    await server.switch(Switch.SLOW, seconds=0.01)
    assert (await sample_call(http, server)).body == good.body


async def test_frozen(http: aiohttp.ClientSession, server: DemoServer, good: Reply) -> None:
    """Frozen calls are accepted and never answered; when the switch goes off they are cut, and new calls answered."""
    await server.switch(Switch.FROZEN)
    reader, writer = await raw_call(server)
    await server.until_held()
    await server.switch_off()
    assert await everything(reader) == b""
    writer.close()
    assert (await sample_call(http, server)).body == good.body


async def test_a_departed_client_is_not_waited_for(http: aiohttp.ClientSession, server: DemoServer) -> None:
    """A held call ends when its client gives up."""
    await server.switch(Switch.FROZEN)
    call = asyncio.create_task(sample_call(http, server))
    await server.until_held()
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    await server.until_idle()
    assert server.held == 0


async def test_refused(http: aiohttp.ClientSession, server: DemoServer, good: Reply) -> None:
    """Nobody listens and open connections are closed, until it is switched off; then the port is the same."""
    port = server.port
    reader, writer = await raw_call(server)
    await server.until_called(1)
    await server.switch(Switch.REFUSED)
    await everything(reader)
    writer.close()
    with pytest.raises(aiohttp.ClientConnectorError) as caught:
        await sample_call(http, server)
    assert isinstance(caught.value.os_error, ConnectionRefusedError)
    await server.switch_off()
    assert server.port == port
    assert (await sample_call(http, server)).body == good.body


async def test_refused_for_a_while(http: aiohttp.ClientSession, server: DemoServer, good: Reply) -> None:
    """With seconds given, the server comes back by itself, and what else was switched on goes on."""
    await server.script([Trouble(name=Switch.REFUSED, seconds=0.01), Trouble(name=Switch.ERROR_500)])
    statuses: list[int] = []
    while not statuses:
        try:
            statuses.append((await sample_call(http, server)).status)
        except aiohttp.ClientConnectorError:
            continue
    assert statuses == [500]
    assert [trouble.name for trouble in server.troubles] == [Switch.ERROR_500]


async def raw_call(server: DemoServer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A call without any client library in between: the WSDL of a SOAP server, a refusal of a REST server."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    path = "/soap?wsdl" if server.protocol == "soap" else "/none"
    writer.write(f"GET {path} HTTP/1.1\r\nHost: demo\r\n\r\n".encode())
    return reader, writer


async def everything(reader: asyncio.StreamReader) -> bytes:
    """All that comes until the connection ends, in order or not."""
    received = b""
    try:
        while chunk := await reader.read(65_536):
            received += chunk
    except ConnectionResetError:
        pass
    return received


async def test_reset(http: aiohttp.ClientSession, server: DemoServer) -> None:
    """The connection is reset in the middle of the body."""
    await server.switch(Switch.RESET)
    reader, writer = await raw_call(server)
    head = await reader.readuntil(b"\r\n\r\n")
    assert b"Content-Length: " in head
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()
    with pytest.raises(aiohttp.ClientError):
        await sample_call(http, server)


async def test_truncated(http: aiohttp.ClientSession, server: DemoServer) -> None:
    """The connection is closed in order before the promised length is there."""
    await server.switch(Switch.TRUNCATED)
    reader, writer = await raw_call(server)
    head = await reader.readuntil(b"\r\n\r\n")
    promised = int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
    assert 0 < len(await reader.read()) < promised
    writer.close()
    with pytest.raises(aiohttp.ClientPayloadError):
        await sample_call(http, server)


async def test_trickle(server: DemoServer) -> None:
    """A byte comes now and then, for ever; it ends when it is released."""
    await server.switch(Switch.TRICKLE, interval=0.001)
    reader, writer = await raw_call(server)
    await reader.readuntil(b"\r\n\r\n")
    for _ in range(3):
        assert await reader.readuntil(b"\r\n") == b"1\r\n"
        assert await reader.readuntil(b"\r\n") == b" \r\n"
    server.release()
    assert b"0\r\n" not in await everything(reader)
    writer.close()


async def test_huge(http: aiohttp.ClientSession, server: DemoServer, good: Reply) -> None:
    """The right answer comes with megabytes of blanks behind it, so only a cap on bytes tells it from a good one."""
    await server.switch(Switch.HUGE, megabytes=3)
    reply = await sample_call(http, server)
    assert "Content-Length" not in reply.headers
    assert len(reply.body) == len(good.body) + 3 * 1_048_576
    assert reply.body.rstrip() == good.body.rstrip()


async def test_huge_is_made_while_it_is_read(http: aiohttp.ClientSession, company: DemoCompany) -> None:
    """Whoever stops reading stops the making: nothing of the rest is kept anywhere."""
    await company.crm.switch(Switch.HUGE, megabytes=1_000_000)
    async with http.get(f"{company.crm.url}/customers") as response:
        await response.content.readexactly(1000)
        assert company.crm.in_progress == 1
        response.close()
    await company.crm.until_idle()


async def test_gzip_bomb(http: aiohttp.ClientSession, server: DemoServer, good: Reply) -> None:
    """Few bytes come and become many: a valid gzip stream of the right answer with megabytes of blanks behind it."""
    await server.switch(Switch.GZIP_BOMB, megabytes=20)
    async with aiohttp.ClientSession(auto_decompress=False) as plain:
        reply = await sample_call(plain, server)
    assert reply.headers["Content-Encoding"] == "gzip"
    assert len(reply.body) < 40_000
    unpacked = zlib.decompress(reply.body, wbits=31)
    assert len(unpacked) == len(good.body) + 20 * 1_048_576
    assert unpacked.rstrip() == good.body.rstrip()
