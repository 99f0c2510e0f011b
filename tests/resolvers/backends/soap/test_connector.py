"""The whole connector against a backend on a real socket."""

# ruff: noqa: E501 - XML reads better in one line

from __future__ import annotations

import asyncio
import gzip
import hmac
import logging
import threading
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from resolvers.backends.credentials import FixedCredentials, MissingSecrets, OutgoingRequest, Secrets
from resolvers.backends.ports import Call
from resolvers.backends.soap import ConfigurationProblem, SoapConnector, SoapOperationSettings, SoapSettings
from resolvers.backends.soap.endpoint import SoapEndpoint
from resolvers.errors import (
    BackendContract,
    BackendError,
    BackendFailed,
    BackendRejected,
    BackendTimeout,
    BackendUnavailable,
    BadUserInput,
)
from resolvers.principal import Principal
from tests.resolvers.backends.soap.certificates import certificate_pem, new_key, pem_of
from tests.resolvers.backends.soap.conftest import Backend
from tests.resolvers.backends.soap.fakes import Clock, PlainReader, Sleeper, entropy
from tests.resolvers.backends.soap.hostile import ATTACKS
from tests.resolvers.backends.soap.test_security import verify
from tests.resolvers.backends.soap.wsdls import answered, describe, envelope

Serve = Callable[[bytes], Awaitable[Backend]]
Connect = Callable[..., SoapConnector]

SCHEMA = """<xs:element name="Get"><xs:complexType><xs:sequence><xs:element name="id" type="xs:int" minOccurs="0" maxOccurs="unbounded"/>
 <xs:element name="status" type="xs:string" minOccurs="0"/><xs:element name="limit" type="xs:int" minOccurs="0"/>
 <xs:element name="offset" type="xs:int" minOccurs="0"/><xs:element name="password" type="xs:string" minOccurs="0"/>
</xs:sequence></xs:complexType></xs:element>
<xs:element name="GetResponse"><xs:complexType><xs:sequence><xs:element name="code" type="xs:string" minOccurs="0"/>
 <xs:element name="why" type="xs:string" minOccurs="0"/><xs:element name="total" type="xs:int" minOccurs="0"/>
 <xs:element name="row" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence><xs:element name="id" type="xs:int"/>
 <xs:element name="name" type="xs:string" minOccurs="0"/><xs:element name="drop" type="xs:boolean" minOccurs="0"/>
 </xs:sequence></xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element>
<xs:element name="Gone"><xs:complexType><xs:sequence><xs:element name="id" type="xs:int"/></xs:sequence></xs:complexType></xs:element>"""
WSDL = describe(SCHEMA)
BY_IDS = {"operation": "Get", "arguments": {"id": "{keys}"}, "items": "row"}
LIST = {
    "operation": "Get",
    "arguments": {"limit": "{limit}", "offset": "{offset}", "status": "{status}"},
    "items": "row",
}


def rows(*ids: int, before: str = "", name: str = "n") -> bytes:
    return answered(before + "".join(f"<row><id>{number}</id><name>{name}</name></row>" for number in ids))


async def endpoint_to(
    backend: Backend,
    connect: Connect,
    settings: dict[str, Any],
    operation: dict[str, Any] | None = None,
    **options: Any,
) -> SoapEndpoint[Any]:
    connector = connect({"wsdl": backend.wsdl, **settings}, **options)
    made = connector.endpoint("orders.by_ids", SoapOperationSettings.model_validate(operation or BY_IDS), PlainReader())
    await connector.open()
    assert connector.ready, connector.wsdl_state
    return made


def call(*keys: str, **options: Any) -> Call:
    return Call(keys=keys, timeout=options.pop("timeout", 5.0), **options)


async def refused(endpoint: SoapEndpoint[Any], asked: Call | None = None) -> BackendError:
    with pytest.raises(BackendError) as caught:
        await endpoint.attempt(asked or call("1"))
    return caught.value


async def test_keys_go_out_in_one_call_and_come_back_as_records(serve: Serve, connect: Connect) -> None:
    """One POST with all keys, the action that the WSDL names, and a record per row."""
    backend = await serve(WSDL)
    backend.says(rows(1, 2))
    endpoint = await endpoint_to(backend, connect, {})
    fetched = await endpoint.attempt(call("1", "2"))
    assert [record["id"] for record in fetched.records] == [1, 2]
    ((request, body),) = backend.calls
    assert request.headers["SOAPAction"] == '"urn:test/Get"'
    assert request.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert b"<n2:id>1</n2:id><n2:id>2</n2:id>" in body
    assert (endpoint.max_batch, endpoint.accepts, endpoint.idempotent) == (100, frozenset(), True)


async def test_calls_go_to_the_configured_address(serve: Serve, connect: Connect) -> None:
    """`url` counts more than the address in the WSDL, which servers behind proxies get wrong."""
    backend = await serve(WSDL.replace(b"http://backend.test/service", b"http://erp.internal:1/wrong"))
    backend.says(rows())
    endpoint = await endpoint_to(backend, connect, {"url": f"{backend.url}/right?x=1"})
    await endpoint.attempt(call("1"))
    assert backend.calls[0][0].path_qs == "/service/right?x=1"


async def test_soap_1_2_is_spoken_where_the_binding_says_so(serve: Serve, connect: Connect) -> None:
    """The envelope and the content type are those of SOAP 1.2."""
    backend = await serve(describe(SCHEMA, version="1.2"))
    backend.says(
        rows(1).replace(b"http://schemas.xmlsoap.org/soap/envelope/", b"http://www.w3.org/2003/05/soap-envelope"),
        content_type="application/soap+xml",
    )
    fetched = await (await endpoint_to(backend, connect, {})).attempt(call("1"))
    assert len(fetched.records) == 1
    assert backend.calls[0][0].headers["Content-Type"].startswith("application/soap+xml; charset=utf-8; action=")
    assert "SOAPAction" not in backend.calls[0][0].headers


ANSWERS: list[tuple[str, dict[str, Any], type[BackendError], str]] = [
    ("a page with 200", {"body": b"<!DOCTYPE html><html/>", "content_type": "text/html"}, BackendContract, "html"),
    (
        "a page with 503",
        {"body": b"<html/>", "status": 503, "content_type": "text/html"},
        BackendUnavailable,
        "HTTP 503",
    ),
    ("JSON with 200", {"body": b"{}", "content_type": "application/json"}, BackendContract, "json"),
    ("nothing with 200", {"body": b""}, BackendContract, "empty"),
    ("nothing with 202", {"body": b"", "status": 202}, BackendContract, "empty"),
    ("nothing with 500", {"body": b"", "status": 500, "content_type": "text/html"}, BackendFailed, "HTTP 500"),
    ("half an answer", {"body": rows(1)[:-30]}, BackendContract, "truncated"),
    ("warnings before the answer", {"body": b"<br />\n<b>Warning</b>: x" + rows(1)}, BackendContract, "html"),
    ("another answer", {"body": envelope('<PutResponse xmlns="urn:test"/>')}, BackendContract, "not expected"),
    ("an empty body", {"body": envelope("")}, BackendContract, "empty body"),
    ("not found", {"body": b"x", "status": 404, "content_type": "text/plain"}, BackendRejected, "HTTP 404"),
    ("unauthorised", {"body": b"", "status": 401}, BackendRejected, "credentials"),
    ("too many calls", {"body": b"", "status": 429, "Retry-After": "9"}, BackendUnavailable, "HTTP 429"),
    ("a redirect", {"body": b"", "status": 307, "Location": "http://169.254.169.254/"}, BackendContract, "redirect"),
    (
        "a fault with 500",
        {"body": envelope("<s:Fault><faultcode>s:Server</faultcode></s:Fault>"), "status": 500},
        BackendFailed,
        "fault",
    ),
    (
        "a fault with 200",
        {"body": envelope("<s:Fault><faultcode>s:Client</faultcode></s:Fault>")},
        BackendRejected,
        "fault",
    ),
    (
        "a fault with 400",
        {"body": envelope("<s:Fault><faultcode>s:Client</faultcode></s:Fault>"), "status": 400},
        BackendRejected,
        "fault",
    ),
    (
        "a fault with 503",
        {"body": envelope("<s:Fault><faultcode>s:Client</faultcode></s:Fault>"), "status": 503},
        BackendUnavailable,
        "HTTP 503",
    ),
    ("a number that is none", {"body": rows(1, before="<total>x</total>")}, BackendContract, "decode"),
]


@pytest.mark.parametrize(("answer", "kind", "cause"), [case[1:] for case in ANSWERS], ids=[case[0] for case in ANSWERS])
async def test_every_answer_is_told_as_what_it_is(
    serve: Serve, connect: Connect, answer: dict[str, Any], kind: type[BackendError], cause: str
) -> None:
    """No answer but a good one gives records, and none gives an empty list in place of an error."""
    backend = await serve(WSDL)
    backend.says(**answer)
    endpoint = await endpoint_to(backend, connect, {}, {**BY_IDS, "total": "total"})
    error = await refused(endpoint)
    assert (type(error), error.cause) == (kind, cause)
    assert (error.backend, error.operation) == ("erp", "orders.by_ids")
    assert len(backend.calls) == 1
    if "Retry-After" in answer:
        assert error.retry_after == 9.0


@pytest.mark.parametrize("attack", [name for name in ATTACKS if name != "depth of 100,000"])
async def test_attacks_come_to_nothing_but_an_error(serve: Serve, connect: Connect, attack: str) -> None:
    """Each hostile document is a contract error of one attempt."""
    backend = await serve(WSDL)
    backend.says(ATTACKS[attack][0])
    error = await refused(await endpoint_to(backend, connect, {}))
    assert (type(error), error.cause) == (BackendContract, ATTACKS[attack][1])


async def test_answers_are_capped_after_decompression(serve: Serve, connect: Connect) -> None:
    """A few kilobytes that unpack to gigabytes are refused at the cap."""
    backend = await serve(WSDL)
    backend.says(gzip.compress(rows(1) + b" " * 50_000_000), **{"Content-Encoding": "gzip"})
    error = await refused(await endpoint_to(backend, connect, {"max_answer": "1MB"}))
    assert (type(error), error.cause) == (BackendContract, "too large")


async def test_compressed_answers_are_read(serve: Serve, connect: Connect) -> None:
    """gzip is asked for and understood."""
    backend = await serve(WSDL)
    backend.says(gzip.compress(rows(1)), **{"Content-Encoding": "gzip"})
    assert len((await (await endpoint_to(backend, connect, {})).attempt(call("1"))).records) == 1
    assert "gzip" in backend.calls[0][0].headers["Accept-Encoding"]


async def test_a_backend_that_does_not_answer_is_a_timeout(serve: Serve, connect: Connect) -> None:
    """The attempt ends when its time is over."""
    backend = await serve(WSDL)
    never = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        await never.wait()
        return web.Response()

    backend.answer = answer
    error = await refused(await endpoint_to(backend, connect, {}), call("1", timeout=0.05))
    assert (type(error), error.cause) == (BackendTimeout, "timeout")
    never.set()


async def test_a_backend_that_hangs_up_is_unavailable(serve: Serve, connect: Connect) -> None:
    """A connection that is cut before or within the answer."""
    backend = await serve(WSDL)

    async def cut(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def cut_later(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/xml", "Content-Length": "100000"})
        await response.prepare(request)
        await response.write(rows(1))
        assert request.transport is not None
        request.transport.close()
        return response

    endpoint = await endpoint_to(backend, connect, {})
    for answer in (cut, cut_later):
        backend.answer = answer
        assert type(await refused(endpoint)) is BackendUnavailable


async def test_a_large_answer_is_decoded_off_the_loop(serve: Serve, connect: Connect) -> None:
    """Above 64 kB the loop stays free: the reader is called in another thread."""
    backend = await serve(WSDL)
    seen: list[bool] = []

    class Watching(PlainReader):
        def read(self, items: Any) -> list[Any]:
            seen.append(threading.current_thread() is threading.main_thread())
            return super().read(items)

    connector = connect({"wsdl": backend.wsdl})
    endpoint = connector.endpoint("x", SoapOperationSettings.model_validate(BY_IDS), Watching())
    await connector.open()
    for count in (10, 3000):
        backend.says(rows(*range(count)))
        assert len((await endpoint.attempt(call("1"))).records) == count
    assert seen == [True, False]


async def test_a_bad_row_is_an_error_in_its_place(serve: Serve, connect: Connect) -> None:
    """The rows beside one that does not fit are delivered."""
    backend = await serve(WSDL)
    backend.says(rows(1, 2, 3).replace(b"<id>2<", b"<id>two<"))
    first, bad, last = (await (await endpoint_to(backend, connect, {})).attempt(call("1"))).records
    assert (first["id"], last["id"]) == (1, 3)
    assert isinstance(bad, BackendContract)
    assert "row.id: expected xsd:int, came `aaa`" in bad.message


@pytest.mark.parametrize("content", ["", "<row><id>1</id></row>"])
async def test_one_row_is_a_list_of_one_and_none_is_none(serve: Serve, connect: Connect, content: str) -> None:
    """A list with one entry looks like a value in XML; it is a list all the same."""
    backend = await serve(WSDL)
    backend.says(answered(content))
    fetched = await (await endpoint_to(backend, connect, {})).attempt(call("1"))
    assert len(fetched.records) == content.count("<row>")


ERRORS = {
    "path": "code",
    "ok": ["OK"],
    "absent": ["NONE"],
    "credentials": ["LOGIN"],
    "retryable": ["BUSY"],
    "message": "why",
}


@pytest.mark.parametrize(
    ("code", "kind", "cause"),
    [
        ("DENIED", BackendRejected, "result"),
        ("LOGIN", BackendRejected, "credentials"),
        ("BUSY", BackendFailed, "result"),
    ],
)
async def test_business_errors_within_a_good_answer(
    serve: Serve, connect: Connect, code: str, kind: type[BackendError], cause: str
) -> None:
    """A code other than OK is an error although the status is 200; its words go to the log only."""
    backend = await serve(WSDL)
    backend.says(answered(f"<code>{code}</code><why>table T_X</why>"))
    error = await refused(await endpoint_to(backend, connect, {}, {**BY_IDS, "errors": ERRORS}))
    assert (type(error), error.cause, error.extensions.get("result")) == (kind, cause, code)
    assert "T_X" not in error.message
    assert "T_X" in str(error.__cause__)


@pytest.mark.parametrize(("before", "found"), [("<code>OK</code>", 1), ("<code>NONE</code>", 0), ("", 1)])
async def test_good_and_absent_codes(serve: Serve, connect: Connect, before: str, found: int) -> None:
    """OK and no code at all are success; an absent code is an empty answer."""
    backend = await serve(WSDL)
    backend.says(rows(1, before=before))
    endpoint = await endpoint_to(backend, connect, {}, {**BY_IDS, "errors": ERRORS})
    assert len((await endpoint.attempt(call("1"))).records) == found


@pytest.mark.parametrize("name", ["Gone", "Client", "Client.Missing", "Missing"])
async def test_a_fault_can_mean_that_there_is_none(serve: Serve, connect: Connect, name: str) -> None:
    """`absent_fault` names a code, a subcode or the detail's element."""
    backend = await serve(WSDL)
    backend.says(
        envelope(
            "<s:Fault><faultcode>s:Client.Missing</faultcode><faultstring>gone</faultstring>"
            '<detail><Gone xmlns="urn:test"><id>1</id></Gone></detail></s:Fault>'
        ),
        status=500,
    )
    endpoint = await endpoint_to(backend, connect, {}, {**BY_IDS, "absent_fault": [name]})
    assert (await endpoint.attempt(call("1"))).records == []


async def test_a_declared_fault_is_told_by_the_name_of_its_detail(serve: Serve, connect: Connect) -> None:
    """Callers see the detail's name; its decoded content is for the log's reader."""
    backend = await serve(WSDL)
    backend.says(
        envelope(
            "<s:Fault><faultcode>s:Client</faultcode><faultstring>gone</faultstring>"
            '<detail><Gone xmlns="urn:test"><id>1</id></Gone></detail></s:Fault>'
        ),
        status=500,
    )
    error = await refused(await endpoint_to(backend, connect, {}))
    assert error.extensions["faultDetail"] == "Gone"
    assert getattr(error.__cause__, "detail", None) == {"id": 1}


async def test_lists_are_paged_with_positions(serve: Serve, connect: Connect) -> None:
    """One row more than wanted is asked for, and each record has the position to go on from."""
    backend = await serve(WSDL)
    backend.says(rows(11, 12, 13))
    endpoint = await endpoint_to(backend, connect, {}, LIST)
    fetched = await endpoint.attempt(Call(first=2, after="10", args=(("status", "OPEN"),), timeout=5))
    assert [record["id"] for record in fetched.records] == [11, 12]
    assert (fetched.positions, fetched.has_next, fetched.total) == (["11", "12"], True, None)
    assert b"<n2:status>OPEN</n2:status><n2:limit>3</n2:limit><n2:offset>10</n2:offset>" in backend.calls[0][1]
    assert endpoint.accepts == frozenset({"status"})


async def test_positions_fit_the_records_that_the_filter_left(serve: Serve, connect: Connect) -> None:
    """Records that the mapping's filter drops do not shift the positions of the others."""
    backend = await serve(WSDL)
    backend.says(answered("<row><id>1</id></row><row><id>2</id><drop>true</drop></row><row><id>3</id></row>"))
    fetched = await (await endpoint_to(backend, connect, {}, LIST)).attempt(Call(first=5, timeout=5))
    assert [record["id"] for record in fetched.records] == [1, 3]
    assert fetched.positions == ["1", "3"]
    assert not fetched.has_next


async def test_a_told_total_decides_whether_there_is_more(serve: Serve, connect: Connect) -> None:
    """With `total`, exactly what is wanted is asked for."""
    backend = await serve(WSDL)
    backend.says(rows(1, 2, before="<total>7</total>"))
    fetched = await (await endpoint_to(backend, connect, {}, {**LIST, "total": "total"})).attempt(
        Call(first=2, timeout=5)
    )
    assert (fetched.total, fetched.has_next) == (7, True)
    assert b"<n2:limit>2</n2:limit>" in backend.calls[0][1]


async def test_arguments_are_translated_and_checked_before_anything_is_sent(serve: Serve, connect: Connect) -> None:
    """Our values become the backend's; one that has no translation, or does not fit its type, is the caller's mistake."""
    backend = await serve(WSDL)
    backend.says(rows())
    endpoint = await endpoint_to(backend, connect, {}, {**LIST, "values": {"status": {"OPEN": "1"}}})
    await endpoint.attempt(Call(first=1, args=(("status", "OPEN"),), timeout=5))
    assert b"<n2:status>1</n2:status>" in backend.calls[0][1]
    for asked in (
        Call(first=1, args=(("status", "ODD"),)),
        Call(first=1, after="x"),
        Call(first=1, args=(("status", "a\x00"),)),
    ):
        with pytest.raises(BadUserInput):
            await endpoint.attempt(asked)
    assert len(backend.calls) == 1


async def test_keys_that_cannot_be_sent_are_known(serve: Serve, connect: Connect) -> None:
    """By type, by pattern, and by the least key."""
    backend = await serve(WSDL)
    plain = await endpoint_to(backend, connect, {})
    assert plain.sendable(["1", "-1", "x", ""]) == ["1", "-1"]
    least = await endpoint_to(backend, connect, {}, {**BY_IDS, "min_key": 1})
    assert least.sendable(["1", "0", "-1", "1.5"]) == ["1"]
    pattern = await endpoint_to(backend, connect, {}, {**BY_IDS, "key_pattern": "[1-9]"})
    assert pattern.sendable(["1", "12"]) == ["1"]


async def test_what_is_forwarded_goes_out_as_headers(serve: Serve, connect: Connect) -> None:
    """What `forward` allows of the caller is in HTTP headers; without it such a backend is not asked."""
    backend = await serve(WSDL)
    backend.says(rows())
    settings = {"http_headers": {"X-Client": "gateway"}, "forward": {"claims": {"X-User": "sub"}}}
    endpoint = await endpoint_to(backend, connect, settings)
    shown = endpoint.forwarded(Principal(subject="ann", claims={"sub": "ann"}))
    assert shown == (("X-User", "ann"),)
    await endpoint.attempt(call("1", forwarded=shown, hints=(("X-Request-Id", "r1"),)))
    headers = backend.calls[0][0].headers
    assert (headers["X-User"], headers["X-Client"], headers["X-Request-Id"]) == ("ann", "gateway", "r1")
    assert (await refused(endpoint, call("1"))).cause == "not forwarded"
    assert (await refused(endpoint, call("1", forwarded=(("X-User", "a\r\nX-Admin: 1"),)))).cause == "header"
    assert len(backend.calls) == 1


@pytest.mark.parametrize("name", ["soapaction", "Content-Type", "AUTHORIZATION", "x-user"])
def test_two_settings_cannot_write_the_same_header(connect: Connect, name: str) -> None:
    """What the message, `auth` or `forward` writes cannot be in `http_headers` too."""
    settings = {
        "wsdl": "http://127.0.0.1:1/?wsdl",
        "auth": {"type": "bearer", "token": "env:TOKEN"},
        "forward": {"claims": {"X-User": "sub"}},
    }
    with pytest.raises(ConfigurationProblem, match="http_headers"):
        connect({**settings, "http_headers": {name: "x"}}, environment={"TOKEN": "t"})
    connect({**settings, "http_headers": {"user-agent": "erp-client/1"}}, environment={"TOKEN": "t"})


async def test_credentials_go_with_calls_and_with_the_wsdl(serve: Serve, connect: Connect) -> None:
    """The description is fetched with the credential of the calls."""
    backend = await serve(WSDL)
    backend.says(rows())
    auth = {"type": "bearer", "token": "env:TOKEN"}
    endpoint = await endpoint_to(backend, connect, {"auth": auth}, environment={"TOKEN": "t0ken"})
    await endpoint.attempt(call("1"))
    assert backend.wsdl_calls[0].headers["Authorization"] == "Bearer t0ken"
    assert backend.calls[0][0].headers["Authorization"] == "Bearer t0ken"
    keyed = {"type": "api-key", "key": "env:TOKEN", "query": "key"}
    await (await endpoint_to(backend, connect, {"auth": keyed}, environment={"TOKEN": "a b"})).attempt(call("1"))
    assert backend.wsdl_calls[-1].query["key"] == "a b"
    assert backend.calls[-1][0].query["key"] == "a b"


async def test_a_wsdl_behind_a_password_brings_its_imports_with_it(serve: Serve, connect: Connect) -> None:
    """Documents beside the WSDL are asked for with its credentials; a wrong password is told, and not shown."""
    imports = WSDL.replace(
        b"<wsdl:types>",
        b'<wsdl:types><xs:schema><xs:import namespace="urn:x" schemaLocation="more/x.xsd"/></xs:schema>',
    )
    backend = await serve(imports)

    async def guarded(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != "Basic YW5uOnB3":
            return web.Response(status=401)
        if request.path == "/more/x.xsd":
            return web.Response(
                body=b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:x"/>'
            )
        return web.Response(body=imports)

    backend.wsdl_answer = guarded
    for password, status in (("pw", "ready"), ("wrong-secret", "missing")):
        auth = {"type": "basic", "username": "ann", "password": "env:PW"}
        connector = connect({"wsdl": backend.wsdl, "auth": auth}, environment={"PW": password})
        await connector.open()
        assert connector.wsdl_state.status == status
    assert connector.wsdl_state.problem == f"{backend.url} answers HTTP 401"
    assert [request.path for request in backend.wsdl_calls] == ["/service", "/more/x.xsd", "/service"]


async def test_requests_are_signed_as_they_go_out(serve: Serve, connect: Connect) -> None:
    """HMAC credentials see method, path and the very bytes of the envelope."""
    backend = await serve(WSDL)
    backend.says(rows())
    auth = {"type": "hmac", "secret": "env:KEY", "key_id": "k1", "canonical": "{method} {target}\n{body}"}
    endpoint = await endpoint_to(backend, connect, {"auth": auth}, environment={"KEY": "shared"})
    await endpoint.attempt(call("1"))
    request, body = backend.calls[0]
    expected = hmac.digest(b"shared", b"POST /service\n" + body, "sha256").hex()
    assert request.headers["X-Signature"] == expected


class Renewing(FixedCredentials):
    """Credentials whose first token has run out."""

    def __init__(self, renewals: int = 1) -> None:
        super().__init__(None)
        self.token = 0
        self.renewals = renewals

    async def headers(self, request: OutgoingRequest, timeout: float) -> tuple[tuple[str, str], ...]:
        return (("Authorization", f"Bearer {self.token}"),)

    async def refreshed(self, refused: tuple[tuple[str, str], ...]) -> bool:
        self.token += 1
        return self.token <= self.renewals


@pytest.mark.parametrize(("renewals", "tokens"), [(0, ["0"]), (1, ["0", "1"]), (9, ["0", "1"])])
async def test_after_a_401_the_credentials_are_renewed_once(serve: Serve, renewals: int, tokens: list[str]) -> None:
    """A token that has run out costs one more try, and only one."""
    backend = await serve(WSDL)
    backend.says(b"", status=401)
    connector = SoapConnector(
        "erp",
        SoapSettings.model_validate({"wsdl": str(backend.wsdl)}),
        credentials=Renewing(renewals),
        secrets=Secrets({}),
        clock=Clock(),
        jitter=lambda: 1.0,
        entropy=entropy,
    )
    endpoint = connector.endpoint("x", SoapOperationSettings.model_validate(BY_IDS), PlainReader())
    await connector.open()
    assert (await refused(endpoint)).cause == "credentials"
    assert [request.headers["Authorization"].split()[1] for request, _ in backend.calls] == tokens
    await connector.close()


async def test_a_user_name_token_is_in_every_envelope(serve: Serve, connect: Connect) -> None:
    """By `auth` alone, or by `wss` beside another `auth`."""
    backend = await serve(WSDL)
    backend.says(rows())
    secret = {"username": "ann", "password": "env:PASSWORD"}
    for settings in ({"auth": {"type": "wss-username", **secret}}, {"wss": {"type": "username", **secret}}):
        endpoint = await endpoint_to(backend, connect, settings, environment={"PASSWORD": "hunter2"})
        await endpoint.attempt(call("1"))
        assert b'PasswordText">hunter2<' in backend.calls[-1][1]
    digest = {"wss": {"type": "username", "digest": True, **secret}}
    await (await endpoint_to(backend, connect, digest, environment={"PASSWORD": "hunter2"})).attempt(call("1"))
    assert b"hunter2" not in backend.calls[-1][1]
    assert b"PasswordDigest" in backend.calls[-1][1]


async def test_requests_are_signed(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    """`wss = { type = "x509" }` signs what really goes out."""
    backend = await serve(WSDL)
    backend.says(rows())
    key = new_key()
    (tmp_path / "key.pem").write_bytes(pem_of(key, "open"))
    (tmp_path / "cert.pem").write_bytes(certificate_pem(key))
    wss = {
        "type": "x509",
        "key": str(tmp_path / "key.pem"),
        "certificate": str(tmp_path / "cert.pem"),
        "password": "env:P",
    }
    endpoint = await endpoint_to(backend, connect, {"wss": wss}, environment={"P": "open"})
    await endpoint.attempt(call("1"))
    assert verify(backend.calls[0][1]) == {"Body", "Timestamp"}
    for broken in ({**wss, "key": "missing.pem"}, {**wss, "password": None}):
        with pytest.raises(ConfigurationProblem):
            await connect({"wsdl": backend.wsdl, "wss": broken}, environment={"P": "open"}).open()


async def test_a_missing_wsdl_is_tried_again_in_the_background(serve: Serve, connect: Connect) -> None:
    """The start needs no backend; calls are refused with the cause `wsdl` until it is there, and then they work."""
    backend = await serve(WSDL)
    backend.says(rows(1))
    backend.wsdl_status = 503
    sleeper = Sleeper()
    connector = connect({"wsdl": backend.wsdl}, sleeper=sleeper)
    endpoint = connector.endpoint("orders.by_ids", SoapOperationSettings.model_validate(BY_IDS), PlainReader())
    await connector.open()
    assert (connector.ready, connector.wsdl_state.status) == (False, "missing")
    error = await refused(endpoint)
    assert (type(error), error.cause, error.retryable) == (BackendUnavailable, "wsdl", True)
    assert "127.0.0.1" not in error.message
    assert "answers HTTP 503" in str(error.__cause__)
    for _ in range(7):
        await sleeper.asleep()
        sleeper.wake()
        await asyncio.sleep(0)
    await sleeper.asleep()
    backend.wsdl_status = 200
    sleeper.wake()
    async with asyncio.timeout(5):
        await connector.loaded()
    assert connector.ready
    assert sleeper.asked[:8] == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    assert connector.wsdl_state.tries == 9
    assert len((await endpoint.attempt(call("1"))).records) == 1


async def test_a_description_that_is_wrong_is_not_asked_for_in_a_hurry(serve: Serve, connect: Connect) -> None:
    """What only a change of the description or the configuration can mend is tried once a minute."""
    backend = await serve(WSDL)
    sleeper = Sleeper()
    connector = connect({"wsdl": backend.wsdl, "port": "Other"}, sleeper=sleeper)
    await connector.open()
    await sleeper.asleep()
    assert sleeper.asked == [60.0]
    assert connector.wsdl_state.problem == "the WSDL has no port Other; it has Service / Port"


async def test_a_wsdl_that_has_moved_is_told_and_not_followed(serve: Serve, connect: Connect) -> None:
    """A redirect could lead the gateway and its credentials anywhere; who configures it is told what to do."""
    backend = await serve(WSDL)

    async def moved(request: web.Request) -> web.StreamResponse:
        return web.Response(status=301, headers={"Location": "/elsewhere"})

    backend.wsdl_answer = moved
    connector = connect({"wsdl": backend.wsdl})
    await connector.open()
    assert connector.wsdl_state.problem == (
        f"{backend.url} answers HTTP 301: redirects are not followed, name the place itself"
    )
    assert [request.path for request in backend.wsdl_calls] == ["/service"]


async def test_a_wsdl_may_be_a_file(connect: Connect, tmp_path: Path, serve: Serve) -> None:
    """With a vendored description nothing is fetched at start."""
    backend = await serve(WSDL)
    backend.says(rows(1))
    (tmp_path / "erp.wsdl").write_bytes(WSDL)
    connector = connect({"wsdl": str(tmp_path / "erp.wsdl"), "url": backend.url})
    endpoint = connector.endpoint("x", SoapOperationSettings.model_validate(BY_IDS), PlainReader())
    await connector.open()
    assert len((await endpoint.attempt(call("1"))).records) == 1
    assert backend.wsdl_calls == []


async def test_configuration_that_does_not_fit_is_known_when_the_wsdl_is(serve: Serve, connect: Connect) -> None:
    """Health tells it, and every attempt says the same; other operations of the backend work."""
    backend = await serve(WSDL)
    backend.says(rows(1))
    connector = connect({"wsdl": backend.wsdl})
    broken = {
        "a": {"operation": "Nope"},
        "b": {**BY_IDS, "arguments": {"colour": 1}},
        "c": {**BY_IDS, "items": "rows"},
        "d": {**BY_IDS, "total": "row.size"},
    }
    endpoints = [
        connector.endpoint(name, SoapOperationSettings.model_validate(settings), PlainReader())
        for name, settings in broken.items()
    ]
    good = connector.endpoint("good", SoapOperationSettings.model_validate(BY_IDS), PlainReader())
    await connector.open()
    told = "\n".join(connector.wsdl_state.misfits)
    for part in (
        "a: the WSDL has no operation Nope; it has Get",
        "b: Get has no colour",
        "c: rows: the answer has no rows",
        "d: row.size",
    ):
        assert part in told
    for endpoint in endpoints:
        error = await refused(endpoint)
        assert (type(error), error.cause) == (BackendContract, "configuration")
        assert str(error.__cause__) in told
        assert "it has" not in error.message
    assert len((await good.attempt(call("1"))).records) == 1


async def test_a_start_does_not_wait_for_a_description_that_never_comes(serve: Serve, connect: Connect) -> None:
    """A backend that accepts the connection and says nothing holds the start up for a moment only."""
    backend = await serve(WSDL)
    never = asyncio.Event()

    async def silent(request: web.Request) -> web.StreamResponse:
        await never.wait()
        return web.Response()

    backend.wsdl_answer = silent
    connector = connect({"wsdl": backend.wsdl, "wsdl_timeout": "50ms"})
    await connector.open()
    assert (connector.ready, connector.wsdl_state.status) == (False, "missing")
    assert "0.05 s" in (connector.wsdl_state.problem or "")
    never.set()


async def test_closing_ends_the_search_for_the_wsdl(serve: Serve, connect: Connect) -> None:
    """No task is left behind."""
    backend = await serve(WSDL)
    backend.wsdl_status = 404
    connector = connect({"wsdl": backend.wsdl})
    await connector.open()
    before = asyncio.all_tasks()
    await connector.close()
    assert not {task for task in before if task.get_name().startswith("WSDL")} & asyncio.all_tasks()


def test_missing_secrets_are_told_before_anything_starts(connect: Connect) -> None:
    """Every secret that arguments, headers and WS-Security name is read when the connector is made."""
    secrets = Secrets({})
    wss = {"type": "username", "username": "u", "password": "env:P1"}
    connector = connect({"wsdl": "http://127.0.0.1:1/?wsdl", "wss": wss}, secrets=secrets)
    settings = {**BY_IDS, "arguments": {"id": "{keys}", "password": "env:P2"}, "headers": {"{u}H": "file:/nonexistent"}}
    connector.endpoint("orders.by_ids", SoapOperationSettings.model_validate(settings), PlainReader())
    with pytest.raises(MissingSecrets) as caught:
        secrets.check()
    for part in ("P1", "P2", "/nonexistent", "backends.erp.orders.by_ids.arguments"):
        assert part in str(caught.value)


SECRET = "hunter2-s3cr3t"


@pytest.mark.parametrize(
    "auth", [{"type": "none"}, {"type": "bearer", "token": "env:P"}, {"type": "api-key", "key": "env:P", "query": "k"}]
)
async def test_a_secret_is_in_no_error_log_or_repr(
    serve: Serve, connect: Connect, caplog: pytest.LogCaptureFixture, auth: dict[str, str]
) -> None:
    """Whatever a backend does with the credentials it was given, nothing of the gateway repeats them."""
    caplog.set_level(logging.DEBUG)
    backend = await serve(WSDL)
    connector = connect(
        {"wsdl": backend.wsdl, "auth": auth, "wss": {"type": "username", "username": "ann", "password": "env:P"}},
        environment={"P": SECRET},
    )
    settings = SoapOperationSettings.model_validate(
        {
            **BY_IDS,
            "arguments": {"id": "{keys}", "password": "env:P"},
            "errors": {**ERRORS},
            "show_message": True,
            "total": "total",
        }
    )
    endpoint = connector.endpoint("orders.by_ids", settings, PlainReader())
    await connector.open()
    told = [
        repr(connector),
        repr(endpoint),
        repr(settings),
        repr(vars(endpoint)),
        repr(connector.wsdl_state),
        repr(vars(connector._setup)),
    ]
    echo = f"login ann {SECRET} failed"
    for answer in (
        {
            "body": envelope(f"<s:Fault><faultcode>s:Client</faultcode><faultstring>{echo}</faultstring></s:Fault>"),
            "status": 500,
        },
        {"body": envelope(f"<s:Fault><faultcode>{SECRET}</faultcode><faultstring>{echo}</faultstring></s:Fault>")},
        {"body": envelope(f"<s:Fault><faultcode>a</faultcode><detail><{SECRET}/></detail></s:Fault>")},
        {"body": answered(f"<code>{SECRET}</code><why>{echo}</why>")},
        {"body": rows(1, before=f"<total>{SECRET}</total>")},
        {"body": answered(f"<{SECRET}>")},
        {"body": answered(f"<total><{SECRET}/></total>")},
        {"body": envelope(f"<{SECRET}/>")},
        {"body": f"<html>{echo}</html>".encode(), "content_type": "text/html"},
        {"body": echo.encode(), "status": 403},
    ):
        backend.says(**answer)  # type: ignore[arg-type]  # the table holds keyword arguments of several kinds
        error = await refused(endpoint)
        told += [repr(error.extensions), error.message, repr(error), "".join(traceback.format_exception(error))]
    told += [record.getMessage() for record in caplog.records if record.name != "aiohttp.access"]
    assert SECRET in backend.calls[0][1].decode()
    for text in told:
        assert SECRET not in text
