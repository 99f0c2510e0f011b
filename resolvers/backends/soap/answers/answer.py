"""What came back → the element to decode, or what it is instead of a SOAP answer."""

from __future__ import annotations

from typing import Any, Final, Literal

from resolvers.backends.soap import xml
from resolvers.backends.soap.answers import mime
from resolvers.backends.soap.answers.faults import read_fault
from resolvers.backends.soap.decoding.grammar import Grammar
from resolvers.backends.soap.problems import AnswerProblem, SoapFault
from resolvers.backends.soap.types import Service

SOAP11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12: Final = "http://www.w3.org/2003/05/soap-envelope"
_VERSIONS: Final[dict[str, Literal["1.1", "1.2"]]] = {SOAP11: "1.1", SOAP12: "1.2"}
_FAULTS: Final = frozenset({f"{{{SOAP11}}}Fault", f"{{{SOAP12}}}Fault", "Fault"})
_XML_TYPES: Final = frozenset({"text/xml", "application/xml", "application/soap+xml"})
_UNTOLD_TYPES: Final = frozenset({"", "text/plain", "application/octet-stream"})
"""Types that say nothing: the body is looked at."""


def open_answer(content_type: str, body: bytes, service: Service, grammar: Grammar, *, huge: bool = False) -> Any:
    """The Body of an envelope. Raises AnswerProblem for everything that is none, and SoapFault for a fault.

    The content type is looked at before the body is parsed: a page or a JSON document is told as what it is.
    """
    media = content_type.partition(";")[0].strip().lower()
    parts: dict[str, bytes] = {}
    if media == "multipart/related":
        content_type, body, parts = mime.split(content_type, body)
    else:
        _check_type(media, body)
    root = xml.parse(body, xml.charset_of(content_type), huge=huge)
    if parts:
        mime.put_in_place(root, parts)
    namespace, _, name = root.tag.rpartition("}")
    version = _VERSIONS.get(namespace[1:])
    if name != "Envelope" or version is None:
        if name.lower() == "html":
            raise AnswerProblem("html", "the answer is HTML")
        raise AnswerProblem("not soap", "the answer is XML, but no SOAP envelope")
    found = next((child for child in root if child.tag == f"{namespace}}}Body"), None)
    if found is None:
        raise AnswerProblem("no body", "the answer's envelope has no Body")
    for child in found:
        # Wherever it stands: SOAP allows nothing beside a fault, so what does stand there is no whole answer.
        if child.tag in _FAULTS:
            raise read_fault(child, version, service, grammar)
    return found


def same_prefixes(element: Any, body: bytes) -> bool:
    """Whether no element below this one declares further prefixes, so that a prefix means one thing in all of it."""
    return b"\x00" not in body[:8] and body.count(b"xmlns") <= len(element.nsmap)


def fault_of(content_type: str, body: bytes, service: Service, grammar: Grammar) -> SoapFault | None:
    """The fault in the body of an HTTP error, or None when it holds none."""
    try:
        open_answer(content_type, body, service, grammar)
    except SoapFault as fault:
        return fault
    except AnswerProblem:
        return None
    return None


def _check_type(media: str, body: bytes) -> None:
    if not body or body.isspace():
        raise AnswerProblem("empty", "the answer is empty")
    if media in _XML_TYPES or media.endswith("+xml"):
        return
    looks = xml.looks_like(body)
    if media in _UNTOLD_TYPES and looks == "xml":
        return
    if media in ("text/html", "application/xhtml+xml") or looks == "html":
        raise AnswerProblem("html", "the answer is HTML")
    if media.endswith("json") or looks == "json":
        raise AnswerProblem("json", "the answer is JSON")
    raise AnswerProblem("content type", "the answer is not XML by its Content-Type")
