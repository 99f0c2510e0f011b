"""What came back → the element to decode, or what it is instead of a SOAP answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from resolvers.backends.soap import mime, xml
from resolvers.backends.soap.faults import read_fault
from resolvers.backends.soap.interpret import Grammar
from resolvers.backends.soap.problems import AnswerProblem, SoapFault
from resolvers.backends.soap.types import Service

SOAP11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12: Final = "http://www.w3.org/2003/05/soap-envelope"
_VERSIONS: Final[dict[str, Literal["1.1", "1.2"]]] = {SOAP11: "1.1", SOAP12: "1.2"}
_FAULTS: Final = frozenset({f"{{{SOAP11}}}Fault", f"{{{SOAP12}}}Fault", "Fault"})
_XML_TYPES: Final = frozenset({"text/xml", "application/xml", "application/soap+xml"})
_UNTOLD_TYPES: Final = frozenset({"", "text/plain", "application/octet-stream"})
"""Types that say nothing: the body is looked at."""


@dataclass(slots=True)
class Opened:
    """An envelope without a fault. `same_prefixes` says that no element below Body declares further prefixes."""

    body: Any
    version: Literal["1.1", "1.2"]
    same_prefixes: bool

    @property
    def first(self) -> Any:
        """The first element of Body; None where Body is empty."""
        return next(iter(self.body), None)


def open_answer(content_type: str, body: bytes, service: Service, grammar: Grammar, *, huge: bool = False) -> Opened:
    """The opened envelope. Raises AnswerProblem for everything that is none, and SoapFault for a fault.

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
        raise AnswerProblem("not-soap", "the answer is XML, but no SOAP envelope")
    found = next((child for child in root if child.tag == f"{namespace}}}Body"), None)
    if found is None:
        raise AnswerProblem("no-body", "the answer's envelope has no Body")
    first = next(iter(found), None)
    if first is not None and first.tag in _FAULTS:
        raise read_fault(first, version, service, grammar)
    visible = len(first.nsmap) if first is not None else 0
    return Opened(found, version, same_prefixes=b"\x00" not in body[:8] and body.count(b"xmlns") <= visible)


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
    looks = xml.looks_like(body)
    if looks == "empty":
        raise AnswerProblem("empty", "the answer is empty")
    if media in _XML_TYPES or media.endswith("+xml"):
        return
    if media in _UNTOLD_TYPES and looks == "xml":
        return
    if media in ("text/html", "application/xhtml+xml") or looks == "html":
        raise AnswerProblem("html", "the answer is HTML")
    if media.endswith("json") or looks == "json":
        raise AnswerProblem("json", "the answer is JSON")
    raise AnswerProblem("content-type", "the answer is not XML by its Content-Type")
