"""Service descriptions for tests, from the part that matters: the schema and the operation's shape."""

from __future__ import annotations

from collections.abc import Mapping

from resolvers.backends.soap.description import wsdl
from resolvers.backends.soap.description.prefetch import BUNDLED
from resolvers.backends.soap.types import Service

TNS = "urn:test"
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
_BINDINGS = {"1.1": "http://schemas.xmlsoap.org/wsdl/soap/", "1.2": "http://schemas.xmlsoap.org/wsdl/soap12/"}
START = "http://backend.test/service?wsdl"


def describe(
    schema: str,
    *,
    messages: str = "",
    style: str = "document",
    use: str = "literal",
    version: str = "1.1",
    qualified: bool = True,
    address: str = "http://backend.test/service",
    input_extra: str = "",
    operation_extra: str = "",
    port_type_extra: str = "",
) -> bytes:
    """A WSDL with one operation `Get`. Document style takes the elements `Get` and `GetResponse` of the schema."""
    if not messages:
        messages = (
            '<wsdl:message name="in"><wsdl:part name="parameters" element="t:Get"/></wsdl:message>'
            '<wsdl:message name="out"><wsdl:part name="parameters" element="t:GetResponse"/></wsdl:message>'
        )
    body = f'use="{use}"' + (f' namespace="{TNS}"' if style == "rpc" else "")
    form = "qualified" if qualified else "unqualified"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<wsdl:definitions targetNamespace="{TNS}" xmlns:t="{TNS}" xmlns:xs="http://www.w3.org/2001/XMLSchema"
    xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="{_BINDINGS[version]}"
    xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/">
  <wsdl:types><xs:schema targetNamespace="{TNS}" elementFormDefault="{form}">{schema}</xs:schema></wsdl:types>
  {messages}
  <wsdl:portType name="Port">
    <wsdl:operation name="Get">
      <wsdl:input message="t:in" {input_extra}/><wsdl:output message="t:out"/>{port_type_extra}
    </wsdl:operation>
  </wsdl:portType>
  <wsdl:binding name="Binding" type="t:Port">
    <soap:binding style="{style}" transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="Get">
      <soap:operation soapAction="{TNS}/Get" style="{style}"/>
      <wsdl:input><soap:body {body}/>{operation_extra}</wsdl:input>
      <wsdl:output><soap:body {body}/></wsdl:output>
    </wsdl:operation>
  </wsdl:binding>
  <wsdl:service name="Service">
    <wsdl:port name="Port" binding="t:Binding"><soap:address location="{address}"/></wsdl:port>
  </wsdl:service>
</wsdl:definitions>""".encode()


def rpc_messages(request: Mapping[str, str], answer: Mapping[str, str]) -> str:
    """The messages of an RPC operation: part names and their types."""

    def message(name: str, parts: Mapping[str, str]) -> str:
        inner = "".join(f'<wsdl:part name="{part}" type="{kind}"/>' for part, kind in parts.items())
        return f'<wsdl:message name="{name}">{inner}</wsdl:message>'

    return message("in", request) + message("out", answer)


def load(description: bytes) -> Service:
    """The service of a description, without any network."""
    documents = {url: path.read_bytes() for url, path in BUNDLED.items()}
    return wsdl.load(START, {**documents, START: description})


def response(content: str) -> str:
    """The schema's element `GetResponse` with this content, and a `Get` that takes an id."""
    return (
        '<xs:element name="Get"><xs:complexType><xs:sequence><xs:element name="id" type="xs:string" minOccurs="0"/>'
        "</xs:sequence></xs:complexType></xs:element>"
        f'<xs:element name="GetResponse"><xs:complexType>{content}</xs:complexType></xs:element>'
    )


def envelope(content: str, *, namespace: str = SOAP11, header: str = "") -> bytes:
    """An envelope around what is in Body."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{namespace}" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
        f'xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:t="{TNS}">{header}'
        f"<s:Body>{content}</s:Body></s:Envelope>"
    ).encode()


def answered(content: str) -> bytes:
    """The envelope of a document answer with these children, in the schema's namespace."""
    return envelope(f'<GetResponse xmlns="{TNS}">{content}</GetResponse>')
