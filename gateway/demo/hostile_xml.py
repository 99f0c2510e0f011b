"""Documents that attack the XML parser of whoever reads them, made from an honest SOAP answer, and bare faults.

The attacks are those that SOAP forbids by forbidding document type declarations (SOAP 1.1 §3, SOAP 1.2 part 1 §5).
"""

from __future__ import annotations

import re
from xml.sax.saxutils import quoteattr

_DECLARATION = re.compile(rb"^\s*(<\?xml[^>]*\?>\s*)?")
_FIRST_TEXT = re.compile(rb">([^<>]+)</")


def external_entity(body: bytes, location: str) -> bytes:
    """The first text of the answer becomes what a parser finds at `location`, a file or an address."""
    subset = f"[<!ENTITY stolen SYSTEM {quoteattr(location)}>]".encode()
    return _with_doctype(_FIRST_TEXT.sub(rb">&stolen;</", body, count=1), subset)


def billion_laughs(body: bytes) -> bytes:
    """The first text of the answer becomes an entity of ten to the tenth times three letters."""
    entities = "".join(f'<!ENTITY laugh{level} "{f"&laugh{level - 1};" * 10}">' for level in range(1, 11))
    subset = f'[<!ENTITY laugh0 "ha!">{entities}]'.encode()
    return _with_doctype(_FIRST_TEXT.sub(rb">&laugh10;</", body, count=1), subset)


def external_dtd(body: bytes, location: str) -> bytes:
    """The answer as it is, under a DOCTYPE whose rules are at `location`."""
    return _with_doctype(body, f"SYSTEM {quoteattr(location)}".encode())


def _with_doctype(body: bytes, rest: bytes) -> bytes:
    declaration = _DECLARATION.match(body)
    start = declaration.end() if declaration else 0
    return body[:start] + b"<!DOCTYPE answer " + rest + b">" + body[start:]


def fault(content_type: str, *, sender: bool) -> bytes:
    """A fault in the SOAP version to which the content type belongs, with a detail that nobody should be shown."""
    detail = "<detail><trace>at com.example.ledger.Pool.borrow(Pool.java:214) on db7.internal, user sa</trace></detail>"
    if content_type.startswith("application/soap+xml"):
        code = "Sender" if sender else "Receiver"
        return (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope"><env:Body><env:Fault>'
            f"<env:Code><env:Value>env:{code}</env:Value></env:Code>"
            '<env:Reason><env:Text xml:lang="en">The ledger is locked</env:Text></env:Reason>'
            f"<env:Detail>{detail}</env:Detail></env:Fault></env:Body></env:Envelope>"
        ).encode()
    code = "Client" if sender else "Server"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Body><env:Fault>'
        f"<faultcode>env:{code}</faultcode><faultstring>The ledger is locked</faultstring>"
        f"{detail}</env:Fault></env:Body></env:Envelope>"
    ).encode()
