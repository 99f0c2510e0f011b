"""Where in an answer the records are: paths of the configuration against types and values."""

# ruff: noqa: E501 - XML reads better in one line

from __future__ import annotations

from typing import Any

import pytest

from resolvers.backends.soap.answers.answer import open_answer
from resolvers.backends.soap.answers.reply import Payload, Reply
from resolvers.backends.soap.decoding.grammar import Grammar
from resolvers.backends.soap.problems import AnswerProblem, ConfigurationProblem, DecodeProblem, SoapFault
from resolvers.backends.soap.settings import SoapOperationSettings
from tests.resolvers.backends.soap.wsdls import TNS, answered, describe, envelope, load, response, rpc_messages

SCHEMA = (
    response(
        """<xs:sequence><xs:element name="page" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
 <xs:element name="list" minOccurs="0"><xs:complexType><xs:sequence><xs:element name="row" type="t:Row" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element>
 <xs:element name="total" type="xs:string" minOccurs="0"/></xs:sequence><xs:attribute name="count" type="xs:int"/></xs:complexType></xs:element>
 <xs:element name="one" type="t:Row" minOccurs="0" nillable="true"/><xs:element name="ids" type="xs:int" minOccurs="0" maxOccurs="unbounded"/>
 <xs:element name="open" type="xs:anyType" minOccurs="0"/></xs:sequence>"""
    )
    + '<xs:complexType name="Row"><xs:sequence><xs:element name="id" type="xs:int"/></xs:sequence></xs:complexType>'
)
SERVICE = load(describe(SCHEMA))
GRAMMAR = Grammar(SERVICE)


def read(body: bytes, items: str | None = None, needs: list[str] | None = None, **settings: Any) -> Payload:
    told = SoapOperationSettings.model_validate({"operation": "Get", "items": items, **settings})
    reply = Reply(SERVICE.operations["Get"], told, GRAMMAR, needs)
    return reply.read(open_answer("text/xml", body, SERVICE, GRAMMAR), body)


ROWS = "<page><list><row><id>1</id></row><row><id>2</id></row></list></page>"
PATHS: list[tuple[str, str, list[Any]]] = [
    ("page.list.row", ROWS, [{"id": 1}, {"id": 2}]),
    ("page.list", ROWS, [{"id": 1}, {"id": 2}]),
    ("GetResponse.page.list.row", ROWS, [{"id": 1}, {"id": 2}]),
    ("page.list.row", ROWS + "<page/>" + ROWS, [{"id": 1}, {"id": 2}] * 2),
    ("page.list.row", "<page><list/></page>", []),
    ("page.list.row", "<page/>", []),
    ("page.list.row", "", []),
    ("one", "<one><id>1</id></one>", [{"id": 1}]),
    ("one", '<one xsi:nil="true"/>', []),
    ("one", "<one/>", []),
    ("ids", "<ids>1</ids><ids>2</ids>", [1, 2]),
    ("open.item", "<open><item><x>1</x></item><item><x>2</x></item></open>", [{"x": "1"}, {"x": "2"}]),
    ("open.item", "<open><item><x>1</x></item></open>", [{"x": "1"}]),
    ("open", "<open/>", []),
]


@pytest.mark.parametrize(("path", "content", "expected"), PATHS)
def test_items_are_found_whatever_form_the_list_has(path: str, content: str, expected: list[Any]) -> None:
    """Wrappers need not be named, may be missing, nil, empty or repeated; one record is a list of one."""
    assert list(read(answered(content), path).items) == expected


def test_without_a_path_the_answer_is_the_record() -> None:
    """A bare answer is one record, with only what is wanted of it."""
    (record,) = read(answered("<one><id>1</id></one>"), needs=["one"]).items
    assert record == {"one": {"id": 1}}


STRANGERS = {
    "another name for the list": ("<lists><row><id>1</id></row></lists>", "holds no page, but lists"),
    "another name for the items": ("<page><list><Row><id>1</id></Row></list></page>", "holds no row, but Row"),
    "another namespace": ('<page xmlns="urn:other"><list/></page>', "holds no page, but page"),
    "an error of its own form": ("<error>no database</error>", "holds no page, but error"),
    "a fault within the answer": ("<s:Fault><faultcode>s:Server</faultcode></s:Fault>", "holds no page, but Fault"),
}


@pytest.mark.parametrize(("content", "told"), STRANGERS.values(), ids=STRANGERS.keys())
def test_strangers_in_the_place_of_the_items_are_not_an_empty_list(content: str, told: str) -> None:
    """Elements that the type does not know, and nothing that it knows: whatever that is, it does not say `none`."""
    with pytest.raises(AnswerProblem, match=told):
        read(answered(content), "page.list.row")


@pytest.mark.parametrize(
    "content", ["<page><total>0</total><new/></page>", "<page><new/><list/></page>", "<ids>1</ids>"]
)
def test_fields_that_a_server_adds_beside_an_empty_list_change_nothing(content: str) -> None:
    """Servers grow: what is new beside what is known is left alone."""
    assert list(read(answered(content), "page.list.row").items) == []


@pytest.mark.parametrize("before", ["", f'<GetResponse xmlns="{TNS}"><one><id>1</id></one></GetResponse>'])
def test_a_fault_counts_wherever_it_stands(before: str) -> None:
    """A fault beside an answer is a fault (SOAP 1.1 §4.4), and never half a result."""
    with pytest.raises(SoapFault, match="Server: no disk"):
        read(envelope(before + "<s:Fault><faultcode>s:Server</faultcode><faultstring>no disk</faultstring></s:Fault>"))


def test_two_answers_in_one_body_are_refused() -> None:
    """To take the first would lose the other."""
    with pytest.raises(AnswerProblem, match="several GetResponse"):
        read(envelope(f'<GetResponse xmlns="{TNS}"/><GetResponse xmlns="{TNS}"><one><id>1</id></one></GetResponse>'))


MISTAKES = {
    "page.row": "page.row: the answer has no row there; it has list, total",
    "one.id.x": "one.id.x: the answer has one value there, nothing named x",
    "pages": "pages: the answer has no pages there; it has page, one, ids, open",
}


@pytest.mark.parametrize(("path", "told"), MISTAKES.items())
def test_a_path_that_the_answer_does_not_have_is_told_with_what_it_has(path: str, told: str) -> None:
    """A misspelt path is found when the service is loaded, not by records that never come."""
    with pytest.raises(ConfigurationProblem) as caught:
        read(answered(""), path)
    assert str(caught.value) == told


@pytest.mark.parametrize(
    ("content", "total"),
    [("<page><total>7</total></page>", 7), ("<page><total/></page>", None), ("<page/>", None), ("", None)],
)
def test_the_total_is_a_number_wherever_it_is(content: str, total: int | None) -> None:
    """A total may be a text, be empty, or be missing."""
    assert read(answered(content), "one", total="page.total").total == total


def test_the_total_may_be_an_attribute() -> None:
    """Attributes are named like elements."""
    schema = response(
        '<xs:sequence><xs:element name="page"><xs:complexType><xs:sequence><xs:element name="row" type="xs:int" maxOccurs="9"/></xs:sequence>'
        '<xs:attribute name="count" type="xs:int"/></xs:complexType></xs:element></xs:sequence>'
    )
    service = load(describe(schema))
    grammar = Grammar(service)
    told = SoapOperationSettings.model_validate({"operation": "Get", "items": "page.row", "total": "page.count"})
    reply = Reply(service.operations["Get"], told, grammar)
    body = answered('<page count="9"><row>1</row></page>')
    payload = reply.read(open_answer("text/xml", body, service, grammar), body)
    assert (payload.total, payload.items) == (9, [1])


def test_a_total_that_is_none_is_a_problem() -> None:
    """A word in the total's place is told, not ignored."""
    with pytest.raises(DecodeProblem, match="total: expected a number of records, came `aaaa`"):
        read(answered("<page><total>many</total></page>"), "one", total="page.total")


def test_a_single_record_that_does_not_fit_is_its_own_problem() -> None:
    """Also where the answer holds one record and no list."""
    (problem,) = read(answered("<one><id>x</id></one>"), "one").items
    assert isinstance(problem, DecodeProblem)
    assert problem.path == ("one", "id")


def test_columns_and_what_lies_beside_the_items_are_read_together() -> None:
    """A long flat list with a code beside it."""
    schema = response(
        '<xs:sequence><xs:element name="code" type="xs:boolean"/><xs:element name="total" type="xs:int"/><xs:element name="row" maxOccurs="unbounded"><xs:complexType><xs:sequence>'
        '<xs:element name="id" type="xs:int"/></xs:sequence></xs:complexType></xs:element></xs:sequence>'
    )
    service = load(describe(schema))
    grammar = Grammar(service)
    told = SoapOperationSettings.model_validate(
        {"operation": "Get", "items": "row", "total": "total", "errors": {"path": "code", "ok": ["true"]}}
    )
    reply = Reply(service.operations["Get"], told, grammar)
    for count in (1, 500):
        content = "<code>true</code><total>900</total>" + "".join(
            f"<row><id>{number}</id></row>" for number in range(count)
        )
        body = answered(content)
        payload = reply.read(open_answer("text/xml", body, service, grammar), body)
        assert (len(payload.items), payload.total, payload.code) == (count, 900, "true")


def test_several_parts_in_body_are_one_answer() -> None:
    """Document style with more than one part: their names are the first step of a path."""
    messages = (
        '<wsdl:message name="in"><wsdl:part name="parameters" element="t:Get"/></wsdl:message>'
        '<wsdl:message name="out"><wsdl:part name="a" element="t:A"/><wsdl:part name="b" element="t:B"/></wsdl:message>'
    )
    schema = response("<xs:sequence/>") + '<xs:element name="A" type="xs:int"/><xs:element name="B" type="xs:string"/>'
    service = load(describe(schema, messages=messages))
    grammar = Grammar(service)
    reply = Reply(service.operations["Get"], SoapOperationSettings(operation="Get", items="a"), grammar)
    body = envelope(f'<A xmlns="{TNS}">1</A><B xmlns="{TNS}">x</B>')
    assert list(reply.read(open_answer("text/xml", body, service, grammar), body).items) == [1]


def test_items_of_an_encoded_array_need_no_name() -> None:
    """`rows`, `rows.item` and `rows.row` are the same list where rows is an array."""
    array = (
        '<xs:import namespace="http://schemas.xmlsoap.org/soap/encoding/"/><xs:complexType name="Row"><xs:sequence><xs:element name="id" type="xs:int"/>'
        '<xs:element name="parts" type="t:Rows" minOccurs="0"/></xs:sequence></xs:complexType>'
        '<xs:complexType name="Rows" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"><xs:complexContent><xs:restriction base="soapenc:Array">'
        '<xs:attribute ref="soapenc:arrayType" wsdl:arrayType="t:Row[]"/></xs:restriction></xs:complexContent></xs:complexType>'
    )
    messages = rpc_messages({"id": "xs:int"}, {"rows": "t:Rows"})
    service = load(describe(array, messages=messages, style="rpc", use="encoded", qualified=False))
    grammar = Grammar(service)
    inner = '<parts soapenc:arrayType="t:Row[1]"><x><id>7</id></x></parts>'
    body = envelope(
        f'<m:GetResponse xmlns:m="{TNS}"><rows soapenc:arrayType="t:Row[2]"><item><id>1</id>{inner}</item><item><id>2</id></item></rows></m:GetResponse>'
    )
    for path, ids in (("rows", [1, 2]), ("rows.item", [1, 2]), ("rows.parts", [7])):
        reply = Reply(service.operations["Get"], SoapOperationSettings(operation="Get", items=path), grammar)
        assert [item["id"] for item in reply.read(open_answer("text/xml", body, service, grammar), body).items] == ids


def test_an_answer_without_parts_is_empty() -> None:
    """An operation that answers nothing has no records."""
    messages = '<wsdl:message name="in"><wsdl:part name="parameters" element="t:Get"/></wsdl:message><wsdl:message name="out"/>'
    service = load(describe(response("<xs:sequence/>"), messages=messages))
    grammar = Grammar(service)
    reply = Reply(service.operations["Get"], SoapOperationSettings(operation="Get"), grammar)
    assert list(reply.read(open_answer("text/xml", envelope(""), service, grammar), b"").items) == []
