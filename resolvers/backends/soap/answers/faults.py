"""Faults of both SOAP versions, read by local names, since servers are careless with the namespaces of their faults."""

from __future__ import annotations

from typing import Any, Final

from resolvers.backends.soap.decoding.grammar import Grammar
from resolvers.backends.soap.decoding.interpret import Interpreter
from resolvers.backends.soap.problems import DecodeProblem, SoapFault
from resolvers.backends.soap.types import Service

SENDER: Final = "Client"
RECEIVER: Final = "Server"
_SAME: Final = {"Sender": SENDER, "Receiver": RECEIVER}
"""The codes of SOAP 1.2 (part 1, §5.4.6) that say what SOAP 1.1 (§4.4.1) says in other words."""
CREDENTIAL_CODES: Final = frozenset(
    {
        "FailedAuthentication",
        "FailedCheck",
        "InvalidSecurity",
        "InvalidSecurityToken",
        "SecurityTokenUnavailable",
        "UnsupportedSecurityToken",
        "Authentication",
        "Unauthorized",
        "Unauthenticated",
    }
)
"""Codes of WS-Security 1.1 (§12), and the words that servers use beside them."""


def read_fault(element: Any, version: str, service: Service, grammar: Grammar) -> SoapFault:
    """The fault in this element; its detail is decoded by the type that the service declares for it."""
    children = {_local(child.tag): child for child in element}
    if version == "1.2" or "Code" in children:
        codes = _codes(children.get("Code"))
        reason = _reason(children.get("Reason"))
        detail = children.get("Detail")
    else:
        codes = _text(children.get("faultcode")).rpartition(":")[2].split(".")
        reason = _text(children.get("faultstring"))
        detail = children.get("detail")
    first = codes[0] if codes and codes[0] else "unknown"
    named = next(iter(detail), None) if detail is not None else None
    return SoapFault(
        _SAME.get(first, first),
        tuple(code for code in codes[1:] if code),
        reason,
        detail_type=None if named is None else _local(named.tag),
        detail=None if named is None else _decoded(named, service, grammar),
    )


def _codes(code: Any) -> list[str]:
    """Value and the values of the nested Subcodes, without their prefixes."""
    found: list[str] = []
    while code is not None:
        inner = {_local(child.tag): child for child in code}
        found.append(_text(inner.get("Value")).rpartition(":")[2])
        code = inner.get("Subcode")
    return found


def _reason(reason: Any) -> str:
    """The English text where there are several languages, else the first."""
    texts = [] if reason is None else list(reason)
    for text in texts:
        if text.get("{http://www.w3.org/XML/1998/namespace}lang", "").lower().startswith("en"):
            return _text(text)
    return _text(texts[0]) if texts else ""


def _decoded(element: Any, service: Service, grammar: Grammar) -> Any:
    declared = service.elements.get(element.tag)
    if declared is None:
        return None
    try:
        return Interpreter(grammar).value(element, declared.type)
    except (DecodeProblem, RecursionError):
        return None


def _text(element: Any) -> str:
    return "" if element is None else (element.text or "").strip()


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
