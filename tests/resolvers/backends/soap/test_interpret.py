"""RPC answers: SOAP encoding with arrays, references and maps, in the dialects of the servers that still speak it."""

# ruff: noqa: E501 - XML reads better in one line

from __future__ import annotations

import time
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from resolvers.backends.soap.answers.answer import open_answer, same_prefixes
from resolvers.backends.soap.answers.reply import Reply
from resolvers.backends.soap.decoding.grammar import Grammar
from resolvers.backends.soap.decoding.interpret import Interpreter
from resolvers.backends.soap.problems import AnswerProblem, DecodeProblem
from resolvers.backends.soap.settings import SoapOperationSettings
from tests.resolvers.backends.soap.wsdls import TNS, describe, envelope, load, rpc_messages

SCHEMA = """<xs:import namespace="http://schemas.xmlsoap.org/soap/encoding/"/>
<xs:complexType name="Row"><xs:all><xs:element name="id" type="xs:int"/><xs:element name="name" type="xs:string"/>
 <xs:element name="total" type="xs:double"/><xs:element name="child" type="t:Row"/></xs:all></xs:complexType>
<xs:complexType name="Rows"><xs:sequence><xs:element name="row" type="t:Row" minOccurs="0" maxOccurs="unbounded"/>
 </xs:sequence></xs:complexType>
<xs:complexType name="RowArray" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"><xs:complexContent>
 <xs:restriction base="soapenc:Array"><xs:attribute ref="soapenc:arrayType" wsdl:arrayType="t:Row[]"/></xs:restriction>
 </xs:complexContent></xs:complexType>"""
MESSAGES = rpc_messages(
    {"id": "xs:string"}, {"code": "xs:string", "rows": "t:Rows", "array": "t:RowArray", "any": "xs:anyType"}
)
SERVICE = load(describe(SCHEMA, messages=MESSAGES, style="rpc", use="encoded"))
GRAMMAR = Grammar(SERVICE)


def value(content: str, *, after: str = "", name: str = "GetResponse") -> Any:
    """The value of an RPC answer with these parts; `after` are further elements of Body."""
    body = envelope(f'<m:{name} xmlns:m="{TNS}">{content}</m:{name}>{after}')
    found = open_answer("text/xml", body, SERVICE, GRAMMAR)
    answer = SERVICE.operations["Get"].answer
    assert answer is not None
    return Interpreter(GRAMMAR, found, same_prefixes=same_prefixes(found[0], body)).value(found[0], answer.type)


ARRAYS = {
    "items of any name, typed": '<array soapenc:arrayType="t:Row[1]" xsi:type="soapenc:Array"><item xsi:type="t:Row"><id xsi:type="xsd:int">1</id></item></array>',
    "items without a type": '<array soapenc:arrayType="t:Row[1]"><x><id>1</id></x></array>',
    "items of no real type (NuSOAP)": '<array xsi:type="soapenc:Array" soapenc:arrayType=":[1]"><item xsi:type="xsd:"><id xsi:type="xsd:int">1</id></item></array>',
}


@pytest.mark.parametrize("content", ARRAYS.values(), ids=ARRAYS.keys())
def test_arrays_are_lists_whatever_their_items_are_called(content: str) -> None:
    """SOAP 1.1 §5.4.2: in an array only positions count."""
    found = value(content)["array"]
    assert len(found) == 1
    assert found[0]["id"] == 1


def test_an_array_where_a_wrapper_was_declared_keeps_the_wrapper_s_shape() -> None:
    """A server that sends an encoded array for a declared list is read as the declared list, with all its items."""
    content = (
        '<rows xsi:type="soapenc:Array" soapenc:arrayType=":[2]"><item xsi:type="xsd:"><id xsi:type="xsd:string">1</id>'
        '</item><item><id xsi:type="xsd:string">2</id><extra xsi:type="xsd:string">x</extra></item></rows>'
    )
    rows = value(content)["rows"]["row"]
    assert [row["id"] for row in rows] == ["1", "2"]
    assert rows[1]["extra"] == "x"


def test_what_a_value_says_of_its_type_counts_more_than_the_declaration() -> None:
    """xsi:type is what the server really sent."""
    found = value('<any xsi:type="xsd:date">2026-01-02</any><code xsi:type="xsd:int">7</code>')
    assert found["any"] == date(2026, 1, 2)
    assert found["code"] == 7


def test_prefixes_are_read_where_they_are_declared() -> None:
    """The same prefix may mean different namespaces in different elements."""
    content = (
        '<any xmlns:p="http://www.w3.org/2001/XMLSchema" xsi:type="p:int">1</any>'
        f'<rows><row xmlns:p="{TNS}" xsi:type="p:Row"><id>2</id></row></rows>'
    )
    found = value(content)
    assert found["any"] == 1
    assert found["rows"]["row"][0]["id"] == 2


def test_nil_parts_are_nothing() -> None:
    """A nil structure is None, not a structure of Nones."""
    found = value('<code xsi:nil="true"/><rows xsi:nil="true" xsi:type="t:Rows"/><array xsi:nil="1"/>')
    assert (found["code"], found["rows"], found["array"]) == (None, None, None)


def test_a_reference_is_its_element_each_time_it_is_used() -> None:
    """PHP writes the second use of an object as href to an id anywhere in Body."""
    content = '<rows><row id="ref1" xsi:type="t:Row"><id>1</id><name>a</name></row><row href="#ref1"/></rows><any href="#ref1"/>'
    found = value(content)
    first, second = found["rows"]["row"]
    assert first == second
    assert found["any"]["name"] == "a"


def test_multirefs_beside_the_answer_are_followed() -> None:
    """Axis 1 puts every object behind the answer and refers to it."""
    after = (
        '<multiRef id="id0" xsi:type="t:Row" soapenc:root="0"><id href="#id1"/><name xsi:type="soapenc:string">a</name>'
        '</multiRef><multiRef id="id1" xsi:type="xsd:int">5</multiRef>'
    )
    found = value('<array soapenc:arrayType="t:Row[1]"><array href="#id0"/></array>', after=after)
    assert found["array"][0]["id"] == 5
    assert found["array"][0]["name"] == "a"


def test_references_of_soap_1_2_encoding_are_followed() -> None:
    """SOAP 1.2 part 2 §3.1.5 calls them enc:ref and enc:id."""
    enc = 'xmlns:enc="http://www.w3.org/2003/05/soap-encoding"'
    found = value(f'<rows><row {enc} enc:id="a"><id>1</id></row><row {enc} enc:ref="a"/></rows>')
    assert [row["id"] for row in found["rows"]["row"]] == [1, 1]


def test_an_unknown_reference_is_a_problem() -> None:
    """A reference that leads nowhere is never an empty object."""
    with pytest.raises(DecodeProblem, match="reference"):
        value('<rows href="#nowhere"/>')


def test_a_circle_of_references_is_a_problem() -> None:
    """An object that contains itself cannot be a record."""
    with pytest.raises(DecodeProblem, match="circle"):
        value('<any href="#a"/>', after='<multiRef id="a" xsi:type="t:Row"><child href="#a"/></multiRef>')


@pytest.mark.parametrize("typed", [True, False])
def test_references_cannot_amplify_a_small_answer(typed: bool) -> None:
    """A kilobyte of references that stands for 10¹⁵ elements is refused at once."""
    kind = 'xsi:type="t:Rows"' if typed else ""
    levels = "".join(
        f'<multiRef id="l{level}" {kind}>' + f'<row href="#l{level + 1}"/>' * 10 + "</multiRef>" for level in range(15)
    )
    started = time.process_time()
    with pytest.raises(DecodeProblem, match="elements"):
        value('<any href="#l0"/>', after=levels + '<multiRef id="l15" xsi:type="t:Row"><id>1</id></multiRef>')
    assert time.process_time() - started < 1.0


def test_a_long_chain_of_references_is_refused() -> None:
    """Nesting that no stack bears is told as such."""
    chain = "".join(f'<multiRef id="c{n}"><x href="#c{n + 1}"/></multiRef>' for n in range(5000))
    body = envelope(f'<m:GetResponse xmlns:m="{TNS}"><any href="#c0"/></m:GetResponse>{chain}')
    reply = Reply(SERVICE.operations["Get"], SoapOperationSettings(operation="Get"), GRAMMAR)
    with pytest.raises(AnswerProblem, match="deeply"):
        reply.read(open_answer("text/xml", body, SERVICE, GRAMMAR), body)


def test_php_maps_become_dicts() -> None:
    """An associative array of PHP is a dict by its keys."""
    content = (
        '<any xmlns:ns2="http://xml.apache.org/xml-soap" xsi:type="ns2:Map"><item><key xsi:type="xsd:string">a</key>'
        '<value xsi:type="xsd:int">1</value></item><item><key xsi:type="xsd:string">b</key>'
        '<value xsi:type="soapenc:Array" soapenc:arrayType="xsd:int[2]"><item>1</item><item>2</item></value></item></any>'
    )
    assert value(content)["any"] == {"a": 1, "b": [1, 2]}


def test_rpc_literal_answers_are_read_by_the_compiled_decoder_unless_they_refer() -> None:
    """PHP uses href in rpc/literal too; both ways read the same."""
    service = load(describe(SCHEMA, messages=MESSAGES, style="rpc"))
    grammar = Grammar(service)
    reply = Reply(service.operations["Get"], SoapOperationSettings(operation="Get", items="rows.row"), grammar)
    plain = "<row><id>1</id><total>1.50</total></row>"
    for rows in (plain + plain, plain.replace("<row>", '<row id="r">') + '<row href="#r"/>'):
        body = envelope(f'<m:GetResponse xmlns:m="{TNS}"><code>OK</code><rows>{rows}</rows></m:GetResponse>')
        items = reply.read(open_answer("text/xml", body, service, grammar), body).items
        assert [(item["id"], item["total"]) for item in items] == [(1, Decimal("1.50"))] * 2


def test_items_of_an_array_stand_alone() -> None:
    """One bad item of an encoded array does not take the others away."""
    reply = Reply(SERVICE.operations["Get"], SoapOperationSettings(operation="Get", items="array"), GRAMMAR)
    body = envelope(
        f'<m:GetResponse xmlns:m="{TNS}"><array soapenc:arrayType="t:Row[2]"><item><id>x</id></item><item><id>2</id></item>'
        "</array></m:GetResponse>"
    )
    problem, good = reply.read(open_answer("text/xml", body, SERVICE, GRAMMAR), body).items
    assert isinstance(problem, DecodeProblem)
    assert good["id"] == 2


@pytest.mark.parametrize(
    ("content", "told"),
    [('<rows2 soapenc:arrayType="t:Row[1]"><item><id>1</id></item></rows2>', "holds no array, but rows2"), ("", None)],
)
def test_another_part_than_the_declared_one_is_not_an_empty_array(content: str, told: str | None) -> None:
    """Also in SOAP encoding, where the names within an array do not count."""
    reply = Reply(SERVICE.operations["Get"], SoapOperationSettings(operation="Get", items="array"), GRAMMAR)
    body = envelope(f'<m:GetResponse xmlns:m="{TNS}">{content}</m:GetResponse>')
    element = open_answer("text/xml", body, SERVICE, GRAMMAR)
    if told is None:
        assert list(reply.read(element, body).items) == []
    else:
        with pytest.raises(AnswerProblem, match=told):
            reply.read(element, body)
