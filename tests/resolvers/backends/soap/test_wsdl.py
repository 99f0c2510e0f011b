"""Service descriptions of many makers → the neutral model, and the private names of zeep that this needs."""

# ruff: noqa: E501 - XML reads better in one line

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from zeep.settings import Settings
from zeep.wsdl import Document
from zeep.xsd import ComplexType

from resolvers.backends.soap.decoding.decode import Compiler
from resolvers.backends.soap.decoding.grammar import Grammar
from resolvers.backends.soap.decoding.wanted import EVERYTHING
from resolvers.backends.soap.description import wsdl
from resolvers.backends.soap.description.prefetch import BUNDLED
from resolvers.backends.soap.problems import WsdlProblem
from resolvers.backends.soap.types import Array, Scalar, Struct
from resolvers.backends.soap.xml import parse
from tests.resolvers.backends.soap.wsdls import START, answered, describe, load, response, rpc_messages

ERP = Path(__file__).with_name("data") / "wsdl"
ARRAY = """<xs:import namespace="http://schemas.xmlsoap.org/soap/encoding/"/>
<xs:complexType name="Row"><xs:sequence><xs:element name="id" type="xs:int"/></xs:sequence></xs:complexType>
<xs:complexType name="Rows" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"><xs:complexContent>
 <xs:restriction base="soapenc:Array"><xs:attribute ref="soapenc:arrayType" wsdl:arrayType="t:Row[]"/></xs:restriction>
 </xs:complexContent></xs:complexType>"""


def zeep_type(description: bytes, name: str) -> ComplexType:
    """A type as zeep has it."""
    documents = {url: path.read_bytes() for url, path in BUNDLED.items()}
    document = Document(START, wsdl.OfflineTransport({**documents, START: description}), settings=Settings())
    found: ComplexType = document.types.get_type(name)
    return found


def test_zeep_still_tells_array_types_by_its_private_name() -> None:
    """`ComplexType._array_type` is private: this fails when a zeep of another series has it no more."""
    kind = zeep_type(
        describe(ARRAY, messages=rpc_messages({"a": "xs:int"}, {"r": "t:Rows"}), style="rpc"), "{urn:test}Rows"
    )
    assert kind._array_type.array_type.resolve().qname.text == "{urn:test}Row"
    plain = zeep_type(
        describe(ARRAY, messages=rpc_messages({"a": "xs:int"}, {"r": "t:Rows"}), style="rpc"), "{urn:test}Row"
    )
    assert plain._array_type is None


def test_zeep_still_lists_its_builtin_types_by_their_private_names() -> None:
    """`builtins._types` and `_default_qname` give the XSD name of every built-in type."""
    from zeep.xsd.types import builtins

    names = {kind._default_qname.localname for kind in builtins._types}
    assert {"string", "decimal", "dateTime", "base64Binary", "unsignedByte"} <= names


def test_zeep_still_nests_elements_under_its_unprefixed_names() -> None:
    """`elements_nested`, `attributes`, `accepts_multiple` and `Group.child` are documented by their code only."""
    schema = (
        '<xs:group name="G"><xs:choice><xs:element name="b" type="xs:int"/></xs:choice></xs:group>'
        '<xs:complexType name="T"><xs:sequence><xs:element name="a" type="xs:int" maxOccurs="2"/><xs:group ref="t:G"/></xs:sequence>'
        '<xs:attribute name="c" type="xs:int"/></xs:complexType>'
        + response('<xs:sequence><xs:element name="t" type="t:T"/></xs:sequence>')
    )
    kind = zeep_type(describe(schema), "{urn:test}T")
    ((_, sequence),) = kind.elements_nested
    (first, element), (_, group) = sequence.elements_nested
    assert (first, element.accepts_multiple, element.is_optional, element.nillable) == ("a", True, False, False)
    assert group.child.elements_nested[0][0] == "b"
    assert [name for name, _ in kind.attributes] == ["c"]


@pytest.mark.parametrize("name", sorted(path.stem for path in ERP.glob("*.wsdl")))
def test_the_descriptions_of_a_real_erp_load_without_the_internet(name: str) -> None:
    """NuSOAP's descriptions import SOAP encoding without telling from where."""
    service = load((ERP / f"{name}.wsdl").read_bytes())
    assert service.operations
    assert all(operation.style == "rpc" and operation.encoded for operation in service.operations.values())


def test_an_operation_that_cannot_be_read_does_not_take_the_others_away() -> None:
    """What a description gets wrong is skipped and told."""
    service = load((ERP / "supplier_invoice.wsdl").read_bytes())
    assert list(service.operations) == ["getSupplierInvoicesForThirdParty"]
    assert any("getSupplierInvoice" in told for told in service.skipped)


def test_arrays_tell_their_item_type() -> None:
    """wsdl:arrayType is the type of the items."""
    service = load(describe(ARRAY, messages=rpc_messages({"a": "xs:int"}, {"r": "t:Rows"}), style="rpc", use="encoded"))
    answer = service.operations["Get"].answer
    assert answer is not None
    assert isinstance(answer.type, Struct)
    array = answer.type.fields[0].type
    assert isinstance(array, Array)
    assert isinstance(array.item, Struct)
    assert array.item_name == "{urn:test}Row"


def test_style_use_version_and_action_are_known() -> None:
    """Everything that a call needs is in the model; zeep alone forgets `use`."""
    operation = load(describe(response("<xs:sequence/>"), version="1.2")).operations["Get"]
    assert (operation.style, operation.encoded, operation.version) == ("document", False, "1.2")
    assert operation.action == "urn:test/Get"


def test_derived_simple_types_come_from_their_builtin() -> None:
    """A restriction of a restriction is still an integer."""
    schema = (
        '<xs:simpleType name="A"><xs:restriction base="xs:unsignedShort"/></xs:simpleType>'
        '<xs:simpleType name="B"><xs:restriction base="t:A"><xs:maxInclusive value="5"/></xs:restriction></xs:simpleType>'
        + response('<xs:sequence><xs:element name="n" type="t:B"/></xs:sequence>')
    )
    answer = load(describe(schema)).operations["Get"].answer
    assert answer is not None
    assert isinstance(answer.type, Struct)
    kind = answer.type.fields[0].type
    assert isinstance(kind, Scalar)
    assert kind.base == "unsignedShort"


ID = '<xs:sequence><xs:element name="id" type="xs:int"/>{}</xs:sequence>'
GAPS = {
    "the type of another element": ('<xs:element name="E" type="t:Gone"/>', "", "type {urn:test}Gone"),
    "the type of a needed element": ("", '<xs:element name="x" type="t:Gone" minOccurs="0"/>', "type {urn:test}Gone"),
    "a schema that nobody tells the place of": (
        '<xs:import namespace="urn:far"/>',
        '<xs:element name="x" type="f:Gone" xmlns:f="urn:far" minOccurs="0"/>',
        "type {urn:far}Gone",
    ),
    "an element that is referred to": ("", '<xs:element ref="t:Gone"/>', "element {urn:test}Gone"),
    "a group": ("", '<xs:group ref="t:Gone"/>', "group {urn:test}Gone"),
    "the base of a type": (
        '<xs:complexType name="T"><xs:complexContent><xs:extension base="t:Gone"/></xs:complexContent></xs:complexType>',
        "",
        "type {urn:test}Gone",
    ),
    "the base of a simple type": (
        '<xs:simpleType name="T"><xs:restriction base="t:Gone"/></xs:simpleType>',
        '<xs:element name="x" type="t:T" minOccurs="0"/>',
        "type {urn:test}Gone",
    ),
    "an attribute": (
        '<xs:complexType name="T"><xs:sequence/><xs:attribute ref="t:Gone"/></xs:complexType>',
        "",
        "attribute {urn:test}Gone",
    ),
    "a type of XSD 1.1": ("", '<xs:element name="x" type="xs:dateTimeStamp" minOccurs="0"/>', "dateTimeStamp"),
}


@pytest.mark.parametrize(("before", "within", "told"), GAPS.values(), ids=GAPS.keys())
def test_a_name_that_nobody_defines_costs_its_own_place_only(before: str, within: str, told: str) -> None:
    """The rest of the description works, whatever comes in the gap is taken as it is, and health tells what is missing."""
    service = load(describe(before + response(ID.format(within))))
    assert [told in note and "is missing" in note for note in service.skipped] == [True]
    answer, grammar = service.operations["Get"].answer, Grammar(service)
    assert answer is not None
    for content, extra in (("", None), ("<x>2026</x>" if 'name="x"' in within else "", "2026")):
        found = Compiler(grammar).decoder(answer.type, EVERYTHING)(parse(answered(f"<id>7</id>{content}"))[0][0])
        assert found["id"] == 7
        assert not content or found["x"] == extra


def test_blanks_around_the_place_of_an_import_do_not_count() -> None:
    """xsd:anyURI collapses them; prefetching and zeep have to mean the same document."""
    schema = '<xs:include schemaLocation=" t.xsd&#10;"/>' + response(
        '<xs:sequence><xs:element name="x" type="t:Row"/></xs:sequence>'
    )
    types = b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:complexType name="Row"><xs:sequence><xs:element name="id" type="xs:int"/></xs:sequence></xs:complexType></xs:schema>'
    place = "http://backend.test/t.xsd"
    assert wsdl.load(START, {START: describe(schema), place: types}).operations


def test_service_and_port_can_be_chosen() -> None:
    """Names that do not exist are told with those that do."""
    description = describe(response("<xs:sequence/>"))
    documents = {START: description}
    assert wsdl.load(START, documents, service="Service", port="Port").operations
    with pytest.raises(WsdlProblem, match="no port Other; it has Service / Port"):
        wsdl.load(START, documents, port="Other")


@pytest.mark.parametrize(
    "description",
    [
        b"<definitions/>",
        describe(
            "".join(
                f'<xs:complexType name="D{n}"><xs:sequence><xs:element name="x" type="t:D{n + 1}"/></xs:sequence></xs:complexType>'
                for n in range(3000)
            )
            + '<xs:complexType name="D3000"><xs:sequence/></xs:complexType>'
            + response('<xs:sequence><xs:element name="x" type="t:D0"/></xs:sequence>')
        ),
        describe(
            '<xs:group name="G"><xs:sequence><xs:group ref="t:G"/></xs:sequence></xs:group>'
            + response('<xs:group ref="t:G"/>')
        ),
        describe(response("<xs:sequence/>")).replace(b'element="t:GetResponse"', b'element="t:Missing"'),
        describe('<xs:import namespace="urn:x" schemaLocation="http://evil.test/x.xsd"/>' + response("<xs:sequence/>")),
    ],
)
def test_a_broken_description_offers_no_operation(description: bytes) -> None:
    """Whatever is wrong with it, loading raises WsdlProblem, or loads what is left of it."""
    with suppress(WsdlProblem):
        assert not load(description).operations
