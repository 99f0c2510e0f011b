"""Every form of XML Schema and of SOAP that services use, with random values: read and written as zeep does it.

test_differential.py varies the structure of plain types at random; here each case is a form of its own. What zeep gets
wrong is not compared with it, but has its tests in test_decode.py and test_interpret.py.
"""

# ruff: noqa: E501 - XML reads better in one line

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any, Literal

import pytest
from lxml import etree
from msgspec import Struct
from zeep.helpers import serialize_object
from zeep.settings import Settings
from zeep.wsdl import Document

from resolvers.backends.soap.answers.answer import open_answer
from resolvers.backends.soap.decoding.decode import Compiler
from resolvers.backends.soap.decoding.grammar import Grammar
from resolvers.backends.soap.decoding.interpret import Interpreter
from resolvers.backends.soap.decoding.wanted import EVERYTHING
from resolvers.backends.soap.description import wsdl
from resolvers.backends.soap.description.prefetch import BUNDLED
from tests.resolvers.backends.soap.oracle import Oracle
from tests.resolvers.backends.soap.wsdls import SOAP12, START, TNS, describe, envelope, load, response, rpc_messages

ROUNDS = 20
TEXTS = ["a", "Łódź & <Söhne>", "line\nbreak", "x y"]


class Form(Struct):
    """A schema for the answer's content, and a random content for it."""

    content: str
    types: str
    sample: str
    """Where `{int}`, `{text}`, `{pick:a,b}` and `{maybe:…}` stand, something random is put."""


ROW = '<xs:complexType name="Row"><xs:sequence><xs:element name="id" type="xs:int"/><xs:element name="name" type="xs:string" minOccurs="0"/></xs:sequence></xs:complexType>'
FORMS: dict[str, Form] = {
    "all": Form(
        '<xs:all><xs:element name="a" type="xs:int"/><xs:element name="b" type="xs:string" minOccurs="0"/></xs:all>',
        "",
        "{pick:<a>5</a><b>x</b>,<b>x</b><a>6</a>,<a>7</a>}",
    ),
    "choice in a sequence": Form(
        '<xs:sequence><xs:element name="a" type="xs:int"/><xs:choice><xs:element name="b" type="xs:string"/><xs:sequence><xs:element name="c" type="xs:int"/><xs:element name="d" type="xs:int"/></xs:sequence></xs:choice></xs:sequence>',
        "",
        "<a>{int}</a>{pick:<b>x</b>,<c>1</c><d>2</d>}",
    ),
    "sequences in a sequence": Form(
        '<xs:sequence><xs:sequence><xs:element name="a" type="xs:int"/><xs:sequence><xs:element name="b" type="xs:int" minOccurs="0"/></xs:sequence></xs:sequence><xs:element name="c" type="xs:int"/></xs:sequence>',
        "",
        "<a>3</a>{maybe:<b>4</b>}<c>{int}</c>",
    ),
    "group": Form(
        '<xs:sequence><xs:group ref="t:G"/><xs:element name="z" type="xs:int"/></xs:sequence>',
        '<xs:group name="G"><xs:sequence><xs:element name="a" type="xs:int"/><xs:element name="b" type="xs:string" minOccurs="0"/></xs:sequence></xs:group>',
        "<a>{int}</a>{maybe:<b>x</b>}<z>{int}</z>",
    ),
    "attribute group and default": Form(
        '<xs:sequence><xs:element name="r" type="t:A" maxOccurs="unbounded"/></xs:sequence>',
        '<xs:attributeGroup name="AG"><xs:attribute name="k" type="xs:int"/><xs:attribute name="l" type="xs:date"/></xs:attributeGroup><xs:complexType name="A"><xs:sequence><xs:element name="x" type="xs:int"/></xs:sequence><xs:attributeGroup ref="t:AG"/></xs:complexType>',
        '<r k="{int}"><x>1</x></r>{maybe:<r l="2026-01-02"><x>2</x></r>}',
    ),
    "enumeration": Form(
        '<xs:sequence><xs:element name="e" type="t:E" maxOccurs="unbounded"/></xs:sequence>',
        '<xs:simpleType name="E"><xs:restriction base="xs:string"><xs:enumeration value="A"/><xs:enumeration value="B C"/></xs:restriction></xs:simpleType>',
        "<e>{pick:A,B C}</e><e>{pick:A,B C}</e>",
    ),
    "list": Form(
        '<xs:sequence><xs:element name="l" type="t:L"/></xs:sequence>',
        '<xs:simpleType name="L"><xs:list itemType="xs:int"/></xs:simpleType>',
        "<l>{int} {int} 0</l>",
    ),
    "base64Binary": Form(
        '<xs:sequence><xs:element name="b" type="xs:base64Binary" maxOccurs="unbounded"/></xs:sequence>',
        "",
        "<b>{pick:AAEC,aGk=}</b><b>{pick:AAEC,aGk=}</b>",
    ),
    "dates with zones": Form(
        '<xs:sequence><xs:element name="d" type="xs:dateTime" maxOccurs="unbounded"/></xs:sequence>',
        "",
        "<d>2026-02-28T{pick:00,23}:59:59{pick:Z,+05:30,-11:00,.25Z}</d><d>2026-02-28T12:00:00</d>",
    ),
    "simple content": Form(
        '<xs:sequence><xs:element name="p" type="t:P" maxOccurs="unbounded"/></xs:sequence>',
        '<xs:complexType name="P"><xs:simpleContent><xs:extension base="xs:decimal"><xs:attribute name="cur" type="xs:string" use="required"/></xs:extension></xs:simpleContent></xs:complexType>',
        '<p cur="EUR">{int}.50</p>{maybe:<p cur="JPY">0.1</p>}',
    ),
    "restriction of a complex type": Form(
        '<xs:sequence><xs:element name="r" type="t:R"/></xs:sequence>',
        ROW
        + '<xs:complexType name="R"><xs:complexContent><xs:restriction base="t:Row"><xs:sequence><xs:element name="id" type="xs:int"/></xs:sequence></xs:restriction></xs:complexContent></xs:complexType>',
        "<r><id>{int}</id></r>",
    ),
    "extension of an extension": Form(
        '<xs:sequence><xs:element name="r" type="t:C"/></xs:sequence>',
        ROW
        + '<xs:complexType name="B"><xs:complexContent><xs:extension base="t:Row"><xs:sequence><xs:element name="b" type="xs:int"/></xs:sequence><xs:attribute name="k" type="xs:int"/></xs:extension></xs:complexContent></xs:complexType>'
        '<xs:complexType name="C"><xs:complexContent><xs:extension base="t:B"><xs:choice><xs:element name="c" type="xs:string"/><xs:element name="d" type="xs:int"/></xs:choice></xs:extension></xs:complexContent></xs:complexType>',
        '<r k="{int}"><id>{int}</id><b>1</b>{pick:<c>x</c>,<d>5</d>}</r>',
    ),
    "xsi:type": Form(
        '<xs:sequence><xs:element name="r" type="t:Row" maxOccurs="unbounded"/></xs:sequence>',
        ROW
        + '<xs:complexType name="B"><xs:complexContent><xs:extension base="t:Row"><xs:sequence><xs:element name="b" type="xs:int"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>',
        '<r><id>{int}</id></r><r xsi:type="t:B"><id>{int}</id><name>{text}</name><b>2</b></r>',
    ),
    "references to elements": Form(
        '<xs:sequence><xs:element ref="t:row" maxOccurs="unbounded"/></xs:sequence>',
        ROW + '<xs:element name="row" type="t:Row"/>',
        "<row><id>{int}</id><name>{text}</name></row><row><id>{int}</id></row>",
    ),
    "nillable": Form(
        '<xs:sequence><xs:element name="a" type="xs:int" nillable="true"/><xs:element name="b" type="xs:string" nillable="true" maxOccurs="unbounded"/></xs:sequence>',
        "",
        '{pick:<a xsi:nil="true"/>,<a>5</a>}<b>{text}</b>{maybe:<b xsi:nil="true"/>}',
    ),
    "the form of an element of its own": Form(
        '<xs:sequence><xs:element name="q" form="qualified" type="xs:int"/><xs:element name="u" form="unqualified" type="xs:int"/></xs:sequence>',
        "",
        '<t:q>{int}</t:q><u xmlns="">{int}</u>',
    ),
}


def filled(sample: str, random: Random) -> str:
    """A sample with its gaps filled: the innermost last brace first, so that gaps may hold XML but no braces."""
    while "{" in sample:
        start = sample.rindex("{")
        end = sample.index("}", start)
        kind, _, rest = sample[start + 1 : end].partition(":")
        made = {
            "int": lambda: str(random.randint(1, 10**6)),
            "text": lambda: random.choice(TEXTS).replace("&", "&amp;").replace("<", "&lt;"),
            "pick": lambda rest=rest: random.choice(rest.split(",")),
            "maybe": lambda rest=rest: random.choice(["", rest]),
        }[kind]()
        sample = sample[:start] + made + sample[end + 1 :]
    return sample


def comparable(value: Any) -> Any:
    """What both sides call the same: no type names, and decimals as such."""
    if isinstance(value, dict):
        return {key: comparable(entry) for key, entry in value.items() if key != "__typename"}
    if isinstance(value, list):
        return [comparable(entry) for entry in value]
    return float(value) if isinstance(value, (Decimal, float)) else value


def theirs(oracle: Oracle, body: bytes) -> Any:
    return comparable(oracle.answer("Get", body))


def unwrapped(value: Any) -> Any:
    """zeep hands over the only child of an answer, and of that one too, instead of the answer."""
    while isinstance(value, dict) and len(value) == 1:
        (value,) = value.values()
    return value


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize("qualified", [True, False])
@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_read_as_zeep_reads_it(name: str, qualified: bool, version: Literal["1.1", "1.2"]) -> None:
    """Generated code, decoding by names and the interpreter agree with zeep, in both versions and both element forms."""
    form, random = FORMS[name], Random(name)
    description = describe(form.types + response(form.content), qualified=qualified, version=version)
    oracle, service = Oracle(description), load(description)
    grammar, answer = Grammar(service), service.operations["Get"].answer
    assert answer is not None
    decode = Compiler(grammar).decoder(answer.type, EVERYTHING)
    space = {"namespace": SOAP12} if version == "1.2" else {}
    for _ in range(ROUNDS):
        content = filled(form.sample, random)
        if qualified or name == "references to elements":
            body = envelope(f'<GetResponse xmlns="{TNS}">{content}</GetResponse>', **space)
        else:
            body = envelope(f"<t:GetResponse>{content}</t:GetResponse>", **space)
        if name == "references to elements" and not qualified:
            body = body.replace(b"<id>", b'<id xmlns="">').replace(b"<name>", b'<name xmlns="">')
        element = open_answer("text/xml", body, service, grammar)[0]
        found = decode(element)
        assert unwrapped(comparable(found)) == unwrapped(theirs(oracle, body)), body
        assert Interpreter(grammar).value(element, answer.type) == found, body


FILES = {
    START: describe(
        '<xs:include schemaLocation="same.xsd"/><xs:include schemaLocation="chameleon.xsd"/>'
        '<xs:import namespace="urn:other" schemaLocation="deep/other.xsd"/>'
        + response(
            '<xs:sequence><xs:element name="a" type="t:Same"/><xs:element name="b" type="t:Chameleon"/>'
            '<xs:element name="c" type="o:Other" xmlns:o="urn:other"/></xs:sequence>'
        )
    ),
    "http://backend.test/same.xsd": f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{TNS}" elementFormDefault="qualified"><xs:complexType name="Same"><xs:sequence><xs:element name="x" type="xs:int"/></xs:sequence></xs:complexType></xs:schema>'.encode(),
    "http://backend.test/chameleon.xsd": b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified"><xs:complexType name="Chameleon"><xs:sequence><xs:element name="y" type="Inner"/></xs:sequence></xs:complexType><xs:complexType name="Inner"><xs:sequence><xs:element name="z" type="xs:int"/></xs:sequence></xs:complexType></xs:schema>',
    "http://backend.test/deep/other.xsd": b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:o="urn:other" targetNamespace="urn:other" elementFormDefault="unqualified"><xs:include schemaLocation="../deep/more.xsd"/><xs:complexType name="Other"><xs:sequence><xs:element name="w" type="o:More"/></xs:sequence></xs:complexType></xs:schema>',
    "http://backend.test/deep/more.xsd": b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:other" elementFormDefault="qualified"><xs:complexType name="More"><xs:sequence><xs:element name="v" type="xs:int"/></xs:sequence></xs:complexType></xs:schema>',
}


def test_types_of_several_files_are_one_schema() -> None:
    """Includes, an include without a namespace of its own (which takes that of its includer), imports, relative places."""
    documents = {url: path.read_bytes() for url, path in BUNDLED.items()} | FILES
    service = wsdl.load(START, documents)
    body = envelope(
        f'<GetResponse xmlns="{TNS}"><a><x>1</x></a><b><y><z>2</z></y></b><c><w xmlns=""><v xmlns="urn:other">3</v></w></c></GetResponse>'
    )
    grammar, answer = Grammar(service), service.operations["Get"].answer
    assert answer is not None
    found = Compiler(grammar).decoder(answer.type, EVERYTHING)(etree.fromstring(body)[0][0])
    assert found == {"a": {"x": 1}, "b": {"y": {"z": 2}}, "c": {"w": {"v": 3}}}
    oracle = Oracle.__new__(Oracle)
    document = Document(START, wsdl.OfflineTransport(documents), settings=Settings())
    oracle._binding = next(iter(next(iter(document.services.values())).ports.values())).binding
    assert serialize_object(oracle.process("Get", body), dict) == found


RPC = (
    '<xs:import namespace="http://schemas.xmlsoap.org/soap/encoding/"/>'
    + ROW
    + '<xs:complexType name="Rows" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"><xs:complexContent><xs:restriction base="soapenc:Array"><xs:attribute ref="soapenc:arrayType" wsdl:arrayType="t:Row[]"/></xs:restriction></xs:complexContent></xs:complexType>'
)


@pytest.mark.parametrize("use", ["literal", "encoded"])
@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_rpc_answers_are_read_as_zeep_reads_them(use: str, version: Literal["1.1", "1.2"]) -> None:
    """Several parts, structures, and (encoded) arrays with typed items."""
    array = use == "encoded" and version == "1.1"
    parts = {"code": "xs:int", "row": "t:Row", **({"rows": "t:Rows"} if array else {})}
    description = describe(
        RPC,
        messages=rpc_messages({"id": "xs:int"}, parts),
        style="rpc",
        use=use,
        version=version,
        qualified=False,
    )
    oracle, service, random = Oracle(description), load(description), Random(use + version)
    grammar, answer = Grammar(service), service.operations["Get"].answer
    assert answer is not None
    for _ in range(ROUNDS):
        rows = "".join(
            f'<item xsi:type="t:Row"><id xsi:type="xsd:int">{random.randint(1, 99)}</id><name xsi:type="xsd:string">a</name></item>'
            for _ in range(random.randint(1, 4))
        )
        given = f'<rows xsi:type="soapenc:Array" soapenc:arrayType="t:Row[{rows.count("<item")}]">{rows}</rows>'
        content = f"<code>{random.randint(1, 9)}</code><row><id>{random.randint(1, 9)}</id><name>b</name></row>"
        body = envelope(
            f"<t:GetResponse>{content}{given if array else ''}</t:GetResponse>",
            **({"namespace": SOAP12} if version == "1.2" else {}),
        )
        found = Interpreter(grammar, open_answer("text/xml", body, service, grammar)).value(
            open_answer("text/xml", body, service, grammar)[0], answer.type
        )
        assert comparable(found) == theirs(oracle, body), body
