"""Requests: what the configuration says, in the order and types of the schema."""

# ruff: noqa: E501 - XML reads better in one line

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from lxml import etree

from resolvers.backends.soap.problems import ArgumentProblem, ConfigurationProblem
from resolvers.backends.soap.requests.request import Request
from resolvers.backends.soap.types import Service
from tests.resolvers.backends.soap.oracle import Oracle, parsed, tree
from tests.resolvers.backends.soap.wsdls import TNS, describe, load, response, rpc_messages

SECRETS = {"env:PASSWORD": "s3cr&t"}


def request(service: Service, arguments: dict[str, Any], **options: Any) -> Request:
    return Request(
        service.operations["Get"],
        service,
        address="http://backend.test/service",
        arguments=arguments,
        headers=options.pop("headers", {}),
        secrets=SECRETS.__getitem__,
        unique=lambda: "id-1",
        **options,
    )


def body(written: bytes) -> str:
    """What is in Body, with the prefixes as they are."""
    return written.decode().partition("Body>")[2].rpartition("</s:Body")[0]


def get(content: str) -> bytes:
    """A description whose request has this content."""
    return describe(
        f'<xs:element name="Get"><xs:complexType>{content}</xs:complexType></xs:element>'
        '<xs:element name="GetResponse"><xs:complexType/></xs:element>'
        '<xs:complexType name="Line"><xs:sequence><xs:element name="sku" type="xs:string"/><xs:element name="qty" type="xs:int"/>'
        '</xs:sequence><xs:attribute name="kind" type="xs:string"/></xs:complexType>'
    )


ALL = """<xs:sequence><xs:element name="text" type="xs:string"/><xs:element name="count" type="xs:int" minOccurs="0"/>
 <xs:element name="nil" type="xs:int" nillable="true"/><xs:element name="flag" type="xs:boolean" minOccurs="0"/>
 <xs:element name="id" type="xs:string" minOccurs="0" maxOccurs="unbounded"/>
 <xs:element name="line" type="t:Line" minOccurs="0" maxOccurs="unbounded"/>
 <xs:choice><xs:element name="a" type="xs:int"/><xs:element name="b" type="xs:int"/></xs:choice></xs:sequence>"""


SAME: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("constants", ALL, {"b": 0, "text": "a<b>&", "count": 3, "flag": True}, {}),
    ("keys", ALL, {"text": "", "id": "{keys}", "a": 1}, {"keys": ("1", "2&", "3")}),
    ("one key", ALL, {"text": "{key}", "a": 1}, {"keys": ("k",), "key": "k"}),
    ("arguments", ALL, {"text": "x", "count": "{count}", "flag": "{flag}", "a": 1}, {"count": 7, "flag": False}),
    (
        "structures",
        ALL,
        {"text": "x", "line": [{"sku": "A", "qty": 1, "kind": "k"}, {"qty": 2, "sku": "B"}], "a": 1},
        {},
    ),
]


@pytest.mark.parametrize(("schema", "arguments", "call"), [case[1:] for case in SAME], ids=[case[0] for case in SAME])
def test_requests_are_those_that_zeep_would_send(schema: str, arguments: dict[str, Any], call: dict[str, Any]) -> None:
    """The compiled encoder writes the same tree as zeep, in the schema's order whatever the configuration's is."""
    description = get(schema)
    filled: dict[str, Any] = {}
    for name, value in arguments.items():
        found = call.get(value[1:-1], value) if isinstance(value, str) and value.startswith("{") else value
        filled[name] = list(found) if isinstance(found, tuple) else found
    expected = tree(Oracle(description).request("Get", **filled))
    written = request(load(description), arguments).write(call)
    if filled.get("b") == 0:  # zeep leaves out a choice whose value is zero
        assert "<n2:b>0</n2:b>" in written.decode()
        expected[3][0][3][0][3].append((f"{{{TNS}}}b", "0", [], []))
    assert parsed(written) == expected


def test_rpc_requests_are_those_that_zeep_would_send() -> None:
    """The wrapper has the operation's name and namespace; its parts have none."""
    description = describe(
        "", messages=rpc_messages({"id": "xs:int", "name": "xs:string"}, {"r": "xs:string"}), style="rpc", use="encoded"
    )
    expected = tree(Oracle(description).request("Get", id=5, name=""))
    assert parsed(request(load(description), {"name": "", "id": "{key}"}).write({"key": "5"})) == expected


def test_parts_that_are_not_mentioned_are_nil_in_rpc() -> None:
    """Servers that read parts by position get every one of them, in order."""
    service = load(
        describe(
            "", messages=rpc_messages({"a": "xs:int", "b": "xs:string", "c": "xs:int"}, {"r": "xs:string"}), style="rpc"
        )
    )
    assert body(request(service, {"c": 3}).write({})) == (
        '<n2:Get><a xsi:nil="true"/><b xsi:nil="true"/><c>3</c></n2:Get>'
    )


def test_members_that_are_not_mentioned_are_left_out_in_rpc() -> None:
    """Within a structure of an RPC call, absent and empty mean different things; only what is mentioned is sent."""
    schema = '<xs:complexType name="F"><xs:all><xs:element name="x" type="xs:string"/><xs:element name="y" type="xs:string"/></xs:all></xs:complexType>'
    service = load(
        describe(schema, messages=rpc_messages({"f": "t:F"}, {"r": "xs:string"}), style="rpc", qualified=False)
    )
    assert body(request(service, {"f": {"y": ""}}).write({})) == "<n2:Get><f><y></y></f></n2:Get>"


WAYS = {
    "nil": ({"n": {"nil": True}}, {}, '<n2:n xsi:nil="true"/>'),
    "omit": ({"n": {"omit": True}}, {}, ""),
    "empty": ({"n": ""}, {}, "<n2:n></n2:n>"),
    "not given, omitted": ({"n": {"value": "{x}", "absent": "omit"}}, {}, ""),
    "not given, nil": ({"n": {"value": "{x}", "absent": "nil"}}, {}, '<n2:n xsi:nil="true"/>'),
    "not given, empty": ({"n": {"value": "{x}", "absent": "empty"}}, {}, "<n2:n></n2:n>"),
    "given": ({"n": {"value": "{x}", "absent": "empty"}}, {"x": "1"}, "<n2:n>1</n2:n>"),
    "null counts as not given": ({"n": {"value": "{x}", "absent": "empty"}}, {"x": None}, "<n2:n></n2:n>"),
    "a mixture": ({"n": {"value": "A-{x}-B", "absent": "omit"}}, {"x": 5}, "<n2:n>A-5-B</n2:n>"),
    "a mixture that lacks something": ({"n": {"value": "A-{x}", "absent": "omit"}}, {}, ""),
    "braces": ({"n": "{{a}} {b c} {{"}, {}, "<n2:n>{a} {b c} {</n2:n>"),
    "braces and a placeholder": ({"n": {"value": "{{{x}}}", "absent": "omit"}}, {"x": 1}, "<n2:n>{1}</n2:n>"),
    "a list in one text": ({"n": {"value": "{x|csv}", "absent": "omit"}}, {"x": ("1", "2")}, "<n2:n>1,2</n2:n>"),
    "a secret": ({"n": "env:PASSWORD"}, {}, "<n2:n>s3cr&amp;t</n2:n>"),
}


@pytest.mark.parametrize(("arguments", "call", "expected"), WAYS.values(), ids=WAYS.keys())
def test_nothing_can_be_said_in_every_way(arguments: dict[str, Any], call: dict[str, Any], expected: str) -> None:
    """nil, empty, left out, and what stands for an argument that a call does not give."""
    service = load(get('<xs:sequence><xs:element name="n" type="xs:string"/></xs:sequence>'))
    assert body(request(service, arguments).write(call)) == f"<n2:Get>{expected}</n2:Get>"


def test_keys_fill_wrappers_arrays_and_repeated_structures() -> None:
    """`{keys}` goes into a list wherever the schema has one: a wrapper, an encoded array, one structure per key."""
    wrapped = load(
        get(
            '<xs:sequence><xs:element name="ids"><xs:complexType><xs:sequence><xs:element name="id" type="xs:int"'
            ' maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element></xs:sequence>'
        )
    )
    call = {"keys": ("1", "2")}
    expected = "<n2:Get><n2:ids><n2:id>1</n2:id><n2:id>2</n2:id></n2:ids></n2:Get>"
    assert body(request(wrapped, {"ids": "{keys}"}).write(call)) == expected
    assert body(request(wrapped, {"ids": {"id": "{keys}"}}).write(call)) == expected
    assert body(request(wrapped, {"ids": [1, 2]}).write({})) == expected
    lines = load(get('<xs:sequence><xs:element name="line" type="t:Line" maxOccurs="unbounded"/></xs:sequence>'))
    assert body(request(lines, {"line": {"sku": "{keys}", "qty": 1}}).write(call)) == (
        "<n2:Get><n2:line><n2:sku>1</n2:sku><n2:qty>1</n2:qty></n2:line>"
        "<n2:line><n2:sku>2</n2:sku><n2:qty>1</n2:qty></n2:line></n2:Get>"
    )
    array = (
        '<xs:import namespace="http://schemas.xmlsoap.org/soap/encoding/"/>'
        '<xs:complexType name="Ids" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"><xs:complexContent><xs:restriction base="soapenc:Array">'
        '<xs:attribute ref="soapenc:arrayType" wsdl:arrayType="xs:int[]"/></xs:restriction></xs:complexContent></xs:complexType>'
    )
    service = load(
        describe(array, messages=rpc_messages({"ids": "t:Ids"}, {"r": "xs:string"}), style="rpc", use="encoded")
    )
    for arguments in ({"ids": "{keys}"}, {"ids": ["{key}", 2]}):
        assert body(request(service, arguments).write({**call, "key": "1"})) == (
            '<n2:Get><ids xsi:type="n3:Array" n3:arrayType="xsd:int[2]"><item xsi:type="xsd:int">1</item>'
            '<item xsi:type="xsd:int">2</item></ids></n2:Get>'
        ).replace(
            '<item xsi:type="xsd:int">', '<item xsi:type="xsd:int">' if arguments["ids"] == "{keys}" else "<item>"
        )


def test_attributes_and_text_beside_them_are_sent() -> None:
    """Attributes are named like elements; the text beside them is `_value_1`."""
    schema = (
        '<xs:sequence><xs:element name="p"><xs:complexType><xs:simpleContent><xs:extension base="xs:decimal">'
        '<xs:attribute name="cur" type="xs:string"/></xs:extension></xs:simpleContent></xs:complexType></xs:element></xs:sequence>'
    )
    service = load(get(schema))
    written = body(request(service, {"p": {"_value_1": "1.50", "cur": '"{x}"'}}).write({"x": "<"}))
    assert written == '<n2:Get><n2:p cur="&quot;&lt;&quot;">1.50</n2:p></n2:Get>'
    assert body(request(service, {"p": 2}).write({})) == "<n2:Get><n2:p>2</n2:p></n2:Get>"


def test_a_derived_type_can_be_sent() -> None:
    """`xsi:type` in a table names the type to send where the schema allows several."""
    schema = (
        '<xs:complexType name="F"><xs:sequence><xs:element name="a" type="xs:int" minOccurs="0"/></xs:sequence></xs:complexType>'
        '<xs:complexType name="G"><xs:complexContent><xs:extension base="t:F"><xs:sequence><xs:element name="b" type="xs:int"/>'
        "</xs:sequence></xs:extension></xs:complexContent></xs:complexType>"
        '<xs:element name="Get"><xs:complexType><xs:sequence><xs:element name="f" type="t:F"/></xs:sequence></xs:complexType></xs:element>'
        '<xs:element name="GetResponse"><xs:complexType/></xs:element>'
    )
    written = body(request(load(describe(schema)), {"f": {"xsi:type": "G", "b": 1}}).write({}))
    assert written == '<n2:Get><n2:f xsi:type="n2:G"><n2:b>1</n2:b></n2:f></n2:Get>'


MISFITS = {
    "an unknown element": ({"text": "x", "colour": 1}, "no colour; it has text, count"),
    "a missing element": ({"a": 1}, "Get.text is required"),
    "a word for a number": ({"text": "x", "count": "many"}, "Get.count"),
    "a number out of range": ({"text": "x", "count": 2**40}, "out of the range of xsd:int"),
    "a boolean for a number": ({"text": "x", "count": True}, "Get.count"),
    "a table for a value": ({"text": {"a": 1}}, "Get.text takes one value"),
    "a value for a table": ({"text": "x", "line": 1}, "Get.line takes a table of sku, qty"),
    "a list for a value": ({"text": ["a", "b"]}, "Get.text takes one value"),
    "all keys for a value": ({"text": "{keys}"}, "write {key} or {keys|csv}"),
    "an optional argument for a required element": ({"text": "{status}"}, 'absent = "empty"'),
    "a wrong word for absent": ({"text": {"value": "{x}", "absent": "none"}}, "omit, nil, empty"),
}


@pytest.mark.parametrize(("arguments", "told"), MISFITS.values(), ids=MISFITS.keys())
def test_configuration_that_does_not_fit_is_told_by_name(arguments: dict[str, Any], told: str) -> None:
    """What the schema does not allow is found when the service is loaded, with the path and what would fit."""
    with pytest.raises(ConfigurationProblem) as caught:
        request(load(get(ALL)), arguments)
    assert told in str(caught.value)


UNSENDABLE: list[tuple[str, Any]] = [
    ("int", "abc"),
    ("int", "1.5"),
    ("int", str(2**31)),
    ("int", True),
    ("int", ""),
    ("long", "\u0661"),
    ("decimal", "1,5"),
    ("decimal", "NaN"),
    ("decimal", "1e5"),
    ("boolean", "yes"),
    ("boolean", 1),
    ("date", "2026-02-30"),
    ("date", "yesterday"),
    ("dateTime", "2026-01-01T25:00:00"),
    ("base64Binary", "a*"),
    ("string", "a\x00b"),
    ("string", "\ud800"),
    ("string", "\ufffe"),
    ("positiveInteger", "0"),
    ("unsignedByte", "256"),
    ("string", ("a", "b")),
]


@pytest.mark.parametrize(("kind", "value"), UNSENDABLE)
def test_values_that_do_not_fit_are_refused_before_anything_is_sent(kind: str, value: Any) -> None:
    """A typed argument is checked here, not by the backend, and the message does not repeat it."""
    service = load(get(f'<xs:sequence><xs:element name="n" type="xs:{kind}" minOccurs="0"/></xs:sequence>'))
    with pytest.raises(ArgumentProblem) as caught:
        request(service, {"n": "{x}"}).write({"x": value})
    assert "Get.n" in str(caught.value)
    assert not isinstance(value, str) or len(value) < 3 or value not in str(caught.value)


SENT: list[tuple[str, Any, str]] = [
    ("int", "007", "7"),
    ("int", 7, "7"),
    ("decimal", "1.50", "1.50"),
    ("decimal", "+.5", "0.5"),
    ("boolean", "1", "true"),
    ("boolean", False, "false"),
    ("date", "0099-01-02", "0099-01-02"),
    ("dateTime", "2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00Z"),
    ("dateTime", "2026-01-01", "2026-01-01T00:00:00"),
    ("double", "1E5", "1E+5"),
    ("double", "INF", "INF"),
    ("double", float("nan"), "NaN"),
    ("double", float("-inf"), "-INF"),
    ("date", date(99, 1, 2), "0099-01-02"),
    ("string", "a\r\n<b>", "a&#13;\n&lt;b&gt;"),
    ("string", 5, "5"),
    ("string", True, "true"),
    ("base64Binary", "aGk=", "aGk="),
]


@pytest.mark.parametrize(("kind", "value", "expected"), SENT)
def test_values_are_written_as_their_type_is_spelled(kind: str, value: Any, expected: str) -> None:
    """Texts and scalars of the graph become what XSD wants."""
    service = load(get(f'<xs:sequence><xs:element name="n" type="xs:{kind}" minOccurs="0"/></xs:sequence>'))
    assert body(request(service, {"n": "{x}"}).write({"x": value})) == f"<n2:Get><n2:n>{expected}</n2:n></n2:Get>"


INJECTIONS = [
    "</n2:id><n2:admin>1</n2:admin><n2:id>",
    "]]>",
    "&xxe;",
    "<!--",
    '" onload="x',
    "{key}",
    "{{x}}",
    "env:PATH",
    "\u2028é€𝄞",
]


@pytest.mark.parametrize("key", INJECTIONS)
def test_keys_cannot_change_the_request(key: str) -> None:
    """Whatever a key holds, it arrives as the text of its one element."""
    service = load(get('<xs:sequence><xs:element name="id" type="xs:string" maxOccurs="unbounded"/></xs:sequence>'))
    written = request(service, {"id": "{keys}"}).write({"keys": (key, "2")})
    ids = etree.fromstring(written)[0][0]
    assert [child.text for child in ids] == [key, "2"]


def test_a_key_that_cannot_be_sent_is_known_beforehand() -> None:
    """Keys that the type refuses are answered without a call."""
    service = load(get('<xs:sequence><xs:element name="id" type="xs:int" maxOccurs="unbounded"/></xs:sequence>'))
    made = request(service, {"id": "{keys}"})
    assert [made.takes(key) for key in ("5", "abc", "99999999999")] == [True, False, False]


def test_soap_headers_are_written_by_declaration_by_name_or_by_namespace() -> None:
    """A header of the binding, a global element, or any element that is named in full."""
    schema = (
        '<xs:element name="Auth"><xs:complexType><xs:sequence><xs:element name="user" type="xs:string"/>'
        '<xs:element name="password" type="xs:string"/></xs:sequence></xs:complexType></xs:element>'
        + response("<xs:sequence/>")
    )
    service = load(describe(schema))
    headers = {"Auth": {"user": "u", "password": "env:PASSWORD"}, "{urn:x}Trace": "{trace}"}
    written = etree.fromstring(request(service, {}, headers=headers).write({"trace": "t1"}))
    auth, trace = written[0]
    assert [child.text for child in auth] == ["u", "s3cr&t"]
    assert (trace.tag, trace.text) == ("{urn:x}Trace", "t1")
    with pytest.raises(ConfigurationProblem, match=r"headers\.Nope"):
        request(service, {}, headers={"Nope": "x"})


def test_a_header_of_another_message_is_found() -> None:
    """soap:header names a part of a message of its own."""
    messages = (
        '<wsdl:message name="in"><wsdl:part name="parameters" element="t:Get"/></wsdl:message>'
        '<wsdl:message name="out"><wsdl:part name="parameters" element="t:GetResponse"/></wsdl:message>'
        '<wsdl:message name="h"><wsdl:part name="session" element="t:Session"/></wsdl:message>'
    )
    service = load(
        describe(
            '<xs:element name="Session" type="xs:string"/>' + response("<xs:sequence/>"),
            messages=messages,
            operation_extra='<soap:header message="t:h" part="session" use="literal"/>',
        )
    )
    assert b"<s:Header><n2:Session>x</n2:Session></s:Header>" in request(service, {}, headers={"session": "x"}).write(
        {}
    )


def test_each_version_tells_its_action_in_its_own_way() -> None:
    """SOAP 1.1 has a header for it, SOAP 1.2 a parameter of the content type."""
    old = request(load(describe(response("<xs:sequence/>"))), {})
    new = request(load(describe(response("<xs:sequence/>"), version="1.2")), {})
    assert dict(old.headers) == {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '"urn:test/Get"'}
    assert dict(new.headers) == {"Content-Type": 'application/soap+xml; charset=utf-8; action="urn:test/Get"'}
    assert etree.fromstring(new.write({})).tag == "{http://www.w3.org/2003/05/soap-envelope}Envelope"


def test_without_an_action_the_header_is_an_empty_text() -> None:
    """SOAP 1.1 §6.1.1: the header is there all the same."""
    service = load(describe(response("<xs:sequence/>")).replace(b'soapAction="urn:test/Get"', b""))
    assert dict(request(service, {}).headers)["SOAPAction"] == '""'


def test_ws_addressing_is_sent_where_the_description_asks_for_it() -> None:
    """wsaw:Action makes the request carry Action, MessageID and To."""
    service = load(
        describe(
            response("<xs:sequence/>"),
            input_extra='xmlns:w="http://www.w3.org/2006/05/addressing/wsdl" w:Action="urn:act"',
        )
    )
    header = etree.fromstring(request(service, {}).write({}))[0]
    assert [(etree.QName(child).localname, child.text) for child in header] == [
        ("Action", "urn:act"),
        ("MessageID", "urn:uuid:id-1"),
        ("To", "http://backend.test/service"),
    ]


def test_a_bare_value_is_a_whole_request() -> None:
    """Document style whose element is a simple type."""
    schema = '<xs:element name="Get" type="xs:int"/><xs:element name="GetResponse" type="xs:string"/>'
    service = load(describe(schema))
    assert body(request(service, {"Get": "{key}"}).write({"key": "5"})) == "<n2:Get>5</n2:Get>"
    with pytest.raises(ConfigurationProblem, match="takes one value, Get"):
        request(service, {"id": "{key}"})


def test_several_parts_are_several_elements_of_body() -> None:
    """Document style with more than one part."""
    messages = (
        '<wsdl:message name="in"><wsdl:part name="a" element="t:A"/><wsdl:part name="b" element="t:B"/></wsdl:message>'
        '<wsdl:message name="out"><wsdl:part name="a" element="t:A"/></wsdl:message>'
    )
    schema = '<xs:element name="A" type="xs:int"/><xs:element name="B" type="xs:string"/>'
    service = load(describe(schema, messages=messages))
    assert body(request(service, {"b": "x", "a": 1}).write({})) == "<n2:A>1</n2:A><n2:B>x</n2:B>"


def test_a_request_does_not_show_what_it_holds() -> None:
    """Secrets are in the compiled request; its repr tells nothing of them."""
    service = load(get('<xs:sequence><xs:element name="n" type="xs:string"/></xs:sequence>'))
    assert "s3cr" not in repr(request(service, {"n": "env:PASSWORD"}))
