"""A real ERP (Dolibarr 20 with NuSOAP, rpc/encoded), replayed byte by byte: the quirks of its recorded answers."""

# ruff: noqa: E501 - XML reads better in one line

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from resolvers.backends.ports import Call
from resolvers.backends.soap import SoapConnector, SoapOperationSettings
from resolvers.backends.soap.endpoint import SoapEndpoint
from resolvers.errors import BackendContract, BackendError, BackendFailed, BackendRejected
from tests.resolvers.backends.soap.conftest import Backend
from tests.resolvers.backends.soap.fakes import PlainReader
from tests.resolvers.backends.soap.oracle import parsed

Serve = Callable[[bytes], Awaitable[Backend]]
Connect = Callable[..., SoapConnector]

DATA = Path(__file__).with_name("data")
LOGIN = {
    "dolibarrkey": "env:KEY",
    "sourceapplication": "lab",
    "login": "admin",
    "password": "env:PASSWORD",
    "entity": "",
}
SECRETS = {"KEY": "{{WEBSERVICES_KEY}}", "PASSWORD": "{{ADMIN_PASSWORD}}"}
ERRORS = {
    "path": "result.result_code",
    "ok": ["OK"],
    "absent": ["NOT_FOUND"],
    "credentials": ["BAD_CREDENTIALS", "BAD_VALUE_FOR_SECURITY_KEY"],
    "retryable": ["DB_ERROR"],
    "message": "result.result_label",
}
BY_ID = {"id": "{key}", "ref": "", "ref_ext": ""}
BY_REF = {"id": "", "ref": "{key}", "ref_ext": ""}
LEFT_OUT = {name: {"omit": True} for name in ("barcode", "profid1", "profid2")}
OPERATIONS: dict[str, tuple[str, str, dict[str, Any], str | None]] = {
    "order": ("order", "getOrder", BY_ID, "order"),
    "order by ref": ("order", "getOrder", BY_REF, "order"),
    "orders": ("order", "getOrdersForThirdParty", {"idthirdparty": "{key}"}, "orders.order"),
    "invoice": ("invoice", "getInvoice", BY_ID, "invoice"),
    "invoices": ("invoice", "getInvoicesForThirdParty", {"idthirdparty": "{key}"}, "invoices"),
    "customer": ("thirdparty", "getThirdParty", {**BY_ID, **LEFT_OUT}, "thirdparty"),
    "customer by name": ("thirdparty", "getThirdParty", {**BY_REF, **LEFT_OUT}, "thirdparty"),
    "customers": (
        "thirdparty",
        "getListOfThirdParties",
        {"filterthirdparty": {"client": "{client}", "supplier": "", "category": ""}},
        "thirdparties",
    ),
    "product": ("productorservice", "getProductOrService", {**BY_ID, "lang": ""}, "product"),
    "products": ("productorservice", "getListOfProductsOrServices", {"filterproduct": {"type": "{type}"}}, "products"),
    "versions": ("other", "getVersions", {}, None),
}


def recording(name: str) -> tuple[int, str, bytes, bytes]:
    """Status, content type and body of a recorded answer, and the body of its request."""
    (folder,) = (DATA / "erp").glob(f"{name}*")
    head = (folder / "response.headers").read_text()
    kind = re.search(r"(?im)^content-type: *(.*)$", head)
    request = (folder / "request.http").read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")[2]
    return int(head.split()[1]), kind[1] if kind else "", (folder / "response.body").read_bytes(), request


async def endpoint(serve: Serve, connect: Connect, operation: str, **options: Any) -> tuple[Backend, SoapEndpoint[Any]]:
    wsdl, name, arguments, items = OPERATIONS[operation]
    backend = await serve((DATA / "wsdl" / f"{wsdl}.wsdl").read_bytes())
    connector = connect({"wsdl": backend.wsdl, "url": backend.url}, environment=SECRETS)
    settings = {
        "operation": name,
        "arguments": {"authentication": LOGIN, **arguments},
        "items": items,
        "errors": ERRORS,
        "types": options.pop("types", "declared"),
    }
    made = connector.endpoint(operation, SoapOperationSettings.model_validate(settings), PlainReader(**options))
    await connector.open()
    return backend, made


def replays(backend: Backend, name: str) -> bytes:
    """Answer as recorded; the recorded request is returned."""
    status, kind, body, request = recording(name)

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, status=status, headers={"Content-Type": kind} if kind else {})

    backend.answer = answer
    return request


ORDER = frozenset({"id", "ref", "status", "date", "total", "thirdparty_id", "lines", "date_creation", "socid"})
CALLS: list[tuple[str, str, Call, int, int]] = [
    ("versions", "other/01", Call(first=1), 1, 0),
    ("order", "order/01", Call(keys=("1",)), 1, 1),
    ("order", "order/02", Call(keys=("7",)), 1, 3),
    ("order", "order/03", Call(keys=("12",)), 1, 0),
    ("order", "order/04", Call(keys=("13",)), 1, 5),
    ("order", "order/08", Call(keys=("9999",)), 0, 0),
    ("orders", "order/09", Call(keys=("2",)), 9, 0),
    ("orders", "order/12", Call(keys=("9999",)), 0, 0),
    ("invoice", "invoice/02", Call(keys=("5",)), 1, 3),
    ("customer", "thirdparty/01", Call(keys=("1",)), 1, 0),
    ("customers", "thirdparty/11", Call(first=100, args=(("client", "1"),)), 28, 0),
    ("products", "productorservice/07", Call(first=100, args=(("type", "0"),)), 20, 0),
]
"""The twelve calls of the notes: operation, recording, call, records and (of one record) lines."""


@pytest.mark.parametrize("types", ["declared", "text"])
@pytest.mark.parametrize(("operation", "name", "call", "records", "lines"), CALLS, ids=[case[1] for case in CALLS])
async def test_the_twelve_calls_give_the_right_counts(
    serve: Serve, connect: Connect, operation: str, name: str, call: Call, records: int, lines: int, types: str
) -> None:
    """All twelve answers are read, nothing of their lists is lost: zeep alone gets two of them right."""
    needs = ORDER if operation == "order" and types == "declared" else None
    backend, made = await endpoint(serve, connect, operation, types=types, needs=needs)
    replays(backend, name)
    fetched = await made.attempt(call)
    assert len(fetched.records) == records
    if lines:
        assert len(fetched.records[0]["lines"]["line"]) == lines


@pytest.mark.parametrize(
    ("operation", "name", "call"),
    [
        (operation, name, call)
        for operation, name, call, _, _ in CALLS
        if name not in ("order/02", "order/03", "invoice/02")
    ],
)
async def test_requests_are_those_of_the_recordings(
    serve: Serve, connect: Connect, operation: str, name: str, call: Call
) -> None:
    """Parameters in the WSDL's order, empty ones empty, filters with only what is asked for: the server goes by that."""
    backend, made = await endpoint(serve, connect, operation, types="text")
    recorded = replays(backend, name)
    await made.attempt(call)
    sent = parsed(backend.calls[0][1])
    assert sent == parsed(recorded)
    assert backend.calls[0][0].headers["SOAPAction"].startswith('"http://www.dolibarr.org/ns/#get')


async def test_an_order_is_exact(serve: Serve, connect: Connect) -> None:
    """Typed values keep every digit; an epoch that is declared a date stays out of the way of those who do not read it."""
    backend, made = await endpoint(serve, connect, "order", needs=ORDER)
    replays(backend, "order/01")
    (order,) = (await made.attempt(Call(keys=("1",)))).records
    assert (order["id"], order["ref"], order["thirdparty_id"], order["status"]) == ("1", "(PROV1)", 1, 0)
    assert (order["total"], order["date"]) == (Decimal("25.00000000"), date(2025, 5, 12))
    line = order["lines"]["line"][0]
    assert (line["product_ref"], line["unitprice"], line["qty"]) == ("SCREW-M4x20", "4.16660000", "5")
    assert line["product_type"] == "0"  # a field that the WSDL does not know
    assert line["date_start"] == ""


async def test_a_value_that_is_not_what_it_says_is_its_record_s_problem(serve: Serve, connect: Connect) -> None:
    """date_livraison is declared a date and holds an epoch: whoever wants it is told so, or takes texts."""
    backend, made = await endpoint(serve, connect, "order")
    replays(backend, "order/01")
    (problem,) = (await made.attempt(Call(keys=("1",)))).records
    assert isinstance(problem, BackendContract)
    assert "order.date_livraison: expected xsd:date, came `9999999999`" in problem.message
    backend, made = await endpoint(serve, connect, "order", types="text")
    replays(backend, "order/01")
    (order,) = (await made.attempt(Call(keys=("1",)))).records
    assert order["date_livraison"] == "1747605600"


async def test_a_list_keeps_the_fields_that_the_wsdl_does_not_know(serve: Serve, connect: Connect) -> None:
    """`socid` is the only link from an order in a list to its customer, and no type has it."""
    backend, made = await endpoint(serve, connect, "orders")
    replays(backend, "order/09")
    orders = (await made.attempt(Call(keys=("2",)))).records
    assert {order["socid"] for order in orders} == {"2"}
    assert [len(order["lines"]["line"]) for order in orders][:5] == [1, 3, 2, 3, 5]
    assert orders[0]["lines"]["line"][0]["tva_tx"] == "20.0000"
    assert sum(Decimal(order["total"]) for order in orders[:1]) == Decimal("113.40")


async def test_texts_of_all_scripts_arrive_as_they_are(serve: Serve, connect: Connect) -> None:
    """Umlauts, Kanji, tabs and line breaks."""
    backend, made = await endpoint(serve, connect, "customers")
    replays(backend, "thirdparty/11")
    customers = (await made.attempt(Call(first=100))).records
    names = {customer["id"]: customer["ref"] for customer in customers}
    assert (names["1"], names["3"], names["5"]) == ("Dupont & Fils", "Müller GmbH & Co. KG", "株式会社サンプル")
    assert names["28"] == "Tab\tand\nnewline Name"
    assert customers[0]["address"] == "12, rue de l'Église\n2e étage"
    assert customers[0]["fax"] is None


CODES: list[tuple[str, type[BackendError], str, str | None]] = [
    ("faults/01", BackendRejected, "credentials", "BAD_VALUE_FOR_SECURITY_KEY"),
    ("faults/02", BackendRejected, "credentials", "BAD_CREDENTIALS"),
    ("faults/04", BackendRejected, "result", "PERMISSION_DENIED"),
    ("faults/06", BackendFailed, "HTTP 500", None),
    ("faults/07", BackendRejected, "result", "BAD_PARAMETERS"),
    ("faults/08", BackendRejected, "fault", None),
    ("faults/09", BackendRejected, "fault", None),
    ("faults/10", BackendFailed, "HTTP 500", None),
    ("faults/11", BackendFailed, "HTTP 500", None),
    ("faults/15", BackendContract, "html", None),
    ("faults/16", BackendRejected, "HTTP 404", None),
    ("dev-mode/01", BackendContract, "html", None),
    ("dev-mode/03", BackendContract, "html", None),
]


@pytest.mark.parametrize(("name", "kind", "cause", "result"), CODES)
async def test_what_goes_wrong_is_told(
    serve: Serve, connect: Connect, name: str, kind: type[BackendError], cause: str, result: str | None
) -> None:
    """Codes inside a 200, empty 500s, pages, warnings glued before an answer: each is what it is, and never no order."""
    backend, made = await endpoint(serve, connect, "order", needs=ORDER)
    replays(backend, name)
    with pytest.raises(kind) as caught:
        await made.attempt(Call(keys=("1",)))
    assert (caught.value.cause, caught.value.extensions.get("result")) == (cause, result)


async def test_the_database_error_of_the_broken_list_is_for_the_log(serve: Serve, connect: Connect) -> None:
    """getInvoicesForThirdParty never works; its SQL is not for callers."""
    backend, made = await endpoint(serve, connect, "invoices")
    replays(backend, "invoice/08")
    with pytest.raises(BackendRejected) as caught:
        await made.attempt(Call(keys=("2",)))
    assert caught.value.extensions["result"] == "DB_ERROR_NOSUCHFIELD"
    assert "column" not in caught.value.message
    assert "Unknown column" in str(caught.value.__cause__)


@pytest.mark.parametrize("name", ["faults/13", "faults/14", "faults/17", "faults/20", "dev-mode/02"])
async def test_other_forms_of_a_request_bring_the_same_answer(serve: Serve, connect: Connect, name: str) -> None:
    """Whatever the server made of an odd request, its answer is read like any other."""
    backend, made = await endpoint(serve, connect, "order", needs=ORDER)
    replays(backend, name)
    assert len((await made.attempt(Call(keys=("1",)))).records) == 1
