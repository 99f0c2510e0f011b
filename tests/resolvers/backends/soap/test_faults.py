"""Faults of both versions, of careful and careless servers."""

# ruff: noqa: E501 - XML reads better in one line

from __future__ import annotations

import pytest

from resolvers.backends.soap.answers.answer import fault_of, open_answer
from resolvers.backends.soap.decoding.grammar import Grammar
from resolvers.backends.soap.problems import SoapFault
from tests.resolvers.backends.soap.wsdls import SOAP12, describe, envelope, load, response

SERVICE = load(
    describe(
        '<xs:element name="NotFound"><xs:complexType><xs:sequence><xs:element name="id" type="xs:int"/>'
        '<xs:element name="why" type="xs:string" minOccurs="0"/></xs:sequence></xs:complexType></xs:element>'
        + response('<xs:sequence><xs:element name="name" type="xs:string"/></xs:sequence>')
    )
)
GRAMMAR = Grammar(SERVICE)


def fault(content: str, *, namespace: str | None = None) -> SoapFault:
    body = envelope(content) if namespace is None else envelope(content, namespace=namespace)
    with pytest.raises(SoapFault) as caught:
        open_answer("text/xml", body, SERVICE, GRAMMAR)
    return caught.value


def test_a_fault_of_soap_1_1_is_read_with_its_detail() -> None:
    """Code, reason, and the detail decoded by the type that the WSDL declares for it."""
    found = fault(
        "<s:Fault><faultcode>s:Client</faultcode><faultstring>no such id</faultstring>"
        '<detail><NotFound xmlns="urn:test"><id>7</id></NotFound></detail></s:Fault>'
    )
    assert (found.code, found.subcodes, found.reason) == ("Client", (), "no such id")
    assert (found.detail_type, found.detail) == ("NotFound", {"id": 7, "why": None})


def test_a_fault_of_soap_1_2_is_read_with_its_subcodes() -> None:
    """Sender and Receiver are told as Client and Server, as in SOAP 1.1."""
    found = fault(
        '<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value xmlns:m="urn:m">m:BadKey</s:Value><s:Subcode>'
        "<s:Value>m:TooOld</s:Value></s:Subcode></s:Subcode></s:Code><s:Reason><s:Text xml:lang='de'>nein</s:Text>"
        "<s:Text xml:lang='en'>no</s:Text></s:Reason></s:Fault>",
        namespace=SOAP12,
    )
    assert (found.code, found.subcodes, found.reason) == ("Client", ("BadKey", "TooOld"), "no")
    assert "TooOld" in found.names


CARELESS = {
    "children without a namespace": '<Fault xmlns="http://schemas.xmlsoap.org/soap/envelope/"><faultcode xmlns="">Server</faultcode><faultstring xmlns="">broken</faultstring></Fault>',
    "children with the envelope's namespace": "<s:Fault><s:faultcode>s:Server</s:faultcode><s:faultstring>broken</s:faultstring></s:Fault>",
    "a 1.1 fault with children of 1.2": "<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code><s:Reason><s:Text>broken</s:Text></s:Reason></s:Fault>",
    "a fault without any namespace": "<Fault><faultcode>Server</faultcode><faultstring>broken</faultstring></Fault>",
}


@pytest.mark.parametrize("content", CARELESS.values(), ids=CARELESS.keys())
def test_careless_faults_are_read_by_their_local_names(content: str) -> None:
    """A fault is understood whatever namespaces its server mixes up."""
    found = fault(content)
    assert (found.code, found.reason) == ("Server", "broken")


def test_a_code_with_dots_is_split() -> None:
    """SOAP 1.1 §4.4.1: what is left of the dot is the more general code."""
    assert fault("<s:Fault><faultcode>s:Client.Authentication</faultcode></s:Fault>").subcodes == ("Authentication",)


def test_an_undeclared_detail_is_named_and_left_alone() -> None:
    """Axis sends stack traces and host names as details: only the name of the element is kept."""
    found = fault(
        "<s:Fault><faultcode>s:Server</faultcode><faultstring>x</faultstring><detail>"
        "<ns1:stackTrace xmlns:ns1='http://xml.apache.org/axis/'>at com.company.Secret</ns1:stackTrace></detail></s:Fault>"
    )
    assert (found.detail_type, found.detail) == ("stackTrace", None)
    assert "Secret" not in str(found)


def test_a_declared_detail_that_does_not_fit_is_only_named() -> None:
    """A broken detail cannot hide the fault."""
    found = fault(
        "<s:Fault><faultcode>s:Client</faultcode><faultstring>x</faultstring>"
        '<detail><NotFound xmlns="urn:test"><id>seven</id></NotFound></detail></s:Fault>'
    )
    assert (found.detail_type, found.detail) == ("NotFound", None)


def test_a_fault_without_anything_is_a_fault() -> None:
    """Even an empty Fault element is never an empty answer."""
    assert fault("<s:Fault/>").code == "unknown"


def test_an_error_page_holds_no_fault() -> None:
    """The body of an HTTP error is a fault only where it says so."""
    assert fault_of("text/html", b"<html>busy</html>", SERVICE, GRAMMAR) is None
    assert fault_of("text/xml", envelope("<r/>"), SERVICE, GRAMMAR) is None
    assert fault_of("text/xml", envelope("<s:Fault/>"), SERVICE, GRAMMAR) is not None
