"""Descriptions in the manner of what users have: WCF, ASP.NET, CXF, Salesforce, SAP, Magento. One call to each."""

# ruff: noqa: E501 - XML reads better in one line

from __future__ import annotations

import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from zeep.settings import Settings
from zeep.wsdl import Document
from zeep.wsdl.bindings import Soap11Binding

from resolvers.backends.soap.answers.answer import open_answer
from resolvers.backends.soap.answers.reply import Reply
from resolvers.backends.soap.decoding.decode import Compiler
from resolvers.backends.soap.decoding.grammar import Grammar
from resolvers.backends.soap.decoding.interpret import Interpreter
from resolvers.backends.soap.decoding.wanted import EVERYTHING
from resolvers.backends.soap.description import wsdl
from resolvers.backends.soap.description.prefetch import file_url, prefetch
from resolvers.backends.soap.problems import DecodeProblem, SoapFault
from resolvers.backends.soap.requests.request import Request
from resolvers.backends.soap.settings import SoapOperationSettings
from resolvers.backends.soap.types import Service
from tests.resolvers.backends.soap.oracle import parsed, tree
from tests.resolvers.backends.soap.wsdls import envelope

MAKERS = Path(__file__).with_name("data") / "makers"


async def documents(name: str) -> tuple[str, Mapping[str, bytes]]:
    """A description with the files that it imports, and where it starts."""

    async def nowhere(url: str, most: int) -> bytes:
        raise AssertionError(f"{url} is asked for")

    start = file_url(MAKERS / f"{name}.wsdl")
    return start, await prefetch(start, nowhere)


async def service(name: str, **chosen: str) -> Service:
    return wsdl.load(*await documents(name), **chosen)


class Call(Struct):
    """One operation of a maker's service: its settings, how zeep is asked for the same, and an answer."""

    operation: str
    arguments: dict[str, Any]
    values: dict[str, Any]
    to_zeep: dict[str, Any]
    items: str
    answer: str
    expected: list[Any]


SHOP = "http://schemas.datacontract.org/2004/07/Shop"
CALLS: dict[str, Call] = {
    "wcf": Call(
        "GetOrders",
        {"ids": "{keys}"},
        {"keys": ("1", "2")},
        {"ids": {"int": [1, 2]}},
        "GetOrdersResult.Order",
        f'<GetOrdersResponse xmlns="http://tempuri.org/"><GetOrdersResult xmlns:a="{SHOP}" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'
        "<a:Order><a:Id>0f8f</a:Id><a:Placed>2026-02-03T04:05:06.1234567Z</a:Placed><a:Status>New Paid</a:Status><a:Total>0.10</a:Total></a:Order>"
        '<a:Order i:type="a:WebOrder"><a:Id>0f90</a:Id><a:Placed>2026-02-03T04:05:06</a:Placed><a:Status/><a:Total i:nil="true"/><a:Url>http://x</a:Url></a:Order>'
        '<a:Order i:nil="true"/></GetOrdersResult></GetOrdersResponse>',
        [
            {
                "Id": "0f8f",
                "Placed": datetime(2026, 2, 3, 4, 5, 6, 123456, tzinfo=UTC),
                "Status": ["New", "Paid"],
                "Total": Decimal("0.10"),
                "__typename": "Order",
            },
            {
                "Id": "0f90",
                "Placed": datetime(2026, 2, 3, 4, 5, 6),  # noqa: DTZ001 - it tells no zone, and none is configured
                "Status": None,
                "Total": None,
                "Url": "http://x",
                "__typename": "WebOrder",
            },
        ],
    ),
    "asmx": Call(
        "GetData",
        {"id": "{key}"},
        {"key": "7"},
        {"id": 7},
        "GetDataResult.diffgram.NewDataSet.Table",
        '<GetDataResponse xmlns="http://shop.test/"><GetDataResult><xs:schema id="NewDataSet" xmlns="" xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="NewDataSet"/></xs:schema>'
        '<diffgr:diffgram xmlns:diffgr="urn:schemas-microsoft-com:xml-diffgram-v1" xmlns:msdata="urn:schemas-microsoft-com:xml-msdata"><NewDataSet xmlns="">'
        '<Table diffgr:id="Table1" msdata:rowOrder="0"><Id>7</Id><Name>Bolt</Name></Table></NewDataSet></diffgr:diffgram></GetDataResult></GetDataResponse>',
        [{"Id": "7", "Name": "Bolt", "id": "Table1", "rowOrder": "0"}],
    ),
    "cxf": Call(
        "find",
        {"id": "{keys}"},
        {"keys": ("A", "B")},
        {"id": ["A", "B"]},
        "return",
        '<ns2:findResponse xmlns:ns2="http://api.shop.test/"><return><ns2:created>2026-02-03T04:05:06+01:00</ns2:created><ns2:num>0</ns2:num>'
        "<ns2:props><ns2:entry><ns2:key>a</ns2:key><ns2:value>1</ns2:value></ns2:entry></ns2:props></return></ns2:findResponse>",
        [
            {
                "created": datetime.fromisoformat("2026-02-03T04:05:06+01:00"),
                "num": 0,
                "props": {"entry": [{"key": "a", "value": "1"}]},
            }
        ],
    ),
    "sforce": Call(
        "query",
        {"queryString": "SELECT Name FROM Account WHERE Id = '{key}'"},
        {"key": "001"},
        {"queryString": "SELECT Name FROM Account WHERE Id = '001'"},
        "result.records",
        '<queryResponse xmlns="urn:partner.soap.sforce.com"><result xsi:type="QueryResult"><done>true</done><queryLocator xsi:nil="true"/>'
        '<records xsi:type="sf:sObject" xmlns:sf="urn:sobject.partner.soap.sforce.com"><sf:type>Account</sf:type><sf:Id>001</sf:Id><sf:Id>001</sf:Id><sf:Name>Acme</sf:Name></records>'
        "<size>1</size></result></queryResponse>",
        [{"type": "Account", "fieldsToNull": [], "Id": "001", "Name": "Acme"}],
    ),
    "sap": Call(
        "ZGetInv",
        {"IvKunnr": "{key}"},
        {"key": "4711"},
        {"IvKunnr": "4711"},
        "EtInv",
        '<n0:ZGetInvResponse xmlns:n0="urn:sap-com:document:sap:soap:functions:mc-style"><EtInv><item><Vbeln>0090</Vbeln><Fkdat>0000-00-00</Fkdat><Netwr>0.00</Netwr></item></EtInv>'
        "<EvSubrc>0</EvSubrc></n0:ZGetInvResponse>",
        [{"Vbeln": "0090", "Fkdat": "0000-00-00", "Netwr": Decimal("0.00")}],
    ),
    "magento": Call(
        "salesOrderList",
        {"sessionId": "s", "filters": {"filter": [{"key": "increment_id", "value": "{key}"}]}},
        {"key": "1001"},
        {},
        "result",
        '<ns1:salesOrderListResponse xmlns:ns1="urn:Magento" s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><result soapenc:arrayType="ns1:salesOrderListEntity[1]" xsi:type="ns1:salesOrderListEntityArray">'
        '<item xsi:type="ns1:salesOrderListEntity"><increment_id xsi:type="xsd:string">1001</increment_id><store_id xsi:type="xsd:string">0</store_id></item></result></ns1:salesOrderListResponse>',
        [{"increment_id": "1001", "store_id": "0", "created_at": None}],
    ),
}


@pytest.mark.parametrize("maker", CALLS)
async def test_the_answer_of_each_maker_is_read(maker: str) -> None:
    """Types from several files, policies, other bindings, DataSets, sObjects, arrays of SOAP encoding."""
    call, loaded = CALLS[maker], await service(maker)
    grammar = Grammar(loaded)
    settings = SoapOperationSettings(operation=call.operation, items=call.items)
    body = envelope(call.answer)
    reply = Reply(loaded.operations[call.operation], settings, grammar)
    assert list(reply.read(open_answer("text/xml", body, loaded, grammar), body).items) == call.expected


def written(loaded: Service, call: Call) -> bytes:
    request = Request(
        loaded.operations[call.operation],
        loaded,
        address="",
        arguments=call.arguments,
        headers={},
        secrets=str,
        unique=lambda: "1",
    )
    return request.write(call.values)


@pytest.mark.parametrize("maker", [name for name, call in CALLS.items() if call.to_zeep])
async def test_the_request_to_each_maker_is_the_one_that_zeep_sends(maker: str) -> None:
    """Elements of the right namespaces, in order."""
    call = CALLS[maker]
    start, found = await documents(maker)
    loaded = wsdl.load(start, found)
    with warnings.catch_warnings(action="ignore"):  # of the operation that is broken on purpose
        document = Document(start, wsdl.OfflineTransport(found), settings=Settings())
    ports = [port for owner in document.services.values() for port in owner.ports.values()]
    binding = next(port.binding for port in ports if isinstance(port.binding, Soap11Binding))
    theirs = binding.get(call.operation).create(**call.to_zeep).content
    assert tree_of_body(parsed(written(loaded, call))) == tree_of_body(tree(theirs))


def tree_of_body(node: Any) -> Any:
    (body,) = [child for child in node[3] if child[0].endswith("}Body")]
    return body


@pytest.mark.parametrize("value", ["002", "<x/>"])
async def test_a_second_id_that_says_something_else_is_a_problem(value: str) -> None:
    """Salesforce sends the id of each record twice, and both say the same; if they do not, neither is taken."""
    call, loaded = CALLS["sforce"], await service("sforce")
    body = envelope(call.answer.replace("</sf:Id><sf:Id>001", f"</sf:Id><sf:Id>{value}"))
    for grammar in (Grammar(loaded), Grammar(loaded, texts=True)):
        element = open_answer("text/xml", body, loaded, grammar)[0]
        answer = loaded.operations["query"].answer
        assert answer is not None
        for decode in (
            Compiler(grammar).decoder(answer.type, EVERYTHING),
            partial(Interpreter(grammar).value, declared=answer.type),
        ):
            with pytest.raises(DecodeProblem, match=r"Id: expected one element|Id: expected a text|Id: expected xsd"):
                decode(element)


async def test_an_array_of_structures_is_sent_in_soap_encoding() -> None:
    """Magento's filters: SOAP 1.1 §5.4.2 wants the array's type and length."""
    message = written(await service("magento"), CALLS["magento"]).decode()
    start = message.index("<filters>")
    assert message[start : message.index("</filters>")] == (
        '<filters><filter xsi:type="n3:Array" n3:arrayType="n2:associativeEntity[1]"><item><key>increment_id</key><value>1001</value></item></filter>'
    )


async def test_what_the_gateway_cannot_use_is_told_and_leaves_the_rest() -> None:
    """WCF with an operation whose element is missing, and a port over TCP: the other port and operation work."""
    loaded = await service("wcf")
    assert (list(loaded.operations), loaded.address) == (["GetOrders"], "http://shop/Order.svc")
    assert any("Broken" in told for told in loaded.skipped)
    other = await service("wcf", port="WSHttpBinding_IOrderService")
    assert (other.operations["GetOrders"].version, other.address) == ("1.2", "https://shop/Order.svc")


async def test_the_declared_fault_of_an_imported_schema_is_decoded() -> None:
    """Its type lies in another file than the operation."""
    loaded = await service("wcf")
    fault = f'<s:Fault><faultcode>s:Client</faultcode><faultstring>no</faultstring><detail><ShopFault xmlns="{SHOP}"><Reason>closed</Reason></ShopFault></detail></s:Fault>'
    with pytest.raises(SoapFault) as caught:
        open_answer("text/xml", envelope(fault), loaded, Grammar(loaded))
    assert (caught.value.detail_type, caught.value.detail) == ("ShopFault", {"Reason": "closed"})
