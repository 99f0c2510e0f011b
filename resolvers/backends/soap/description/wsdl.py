"""Prefetched documents → a `Service`. With `zeep_types.py` the only place that knows zeep.

zeep reads descriptions, and nothing else: requests and answers never pass through it. Loading is CPU-bound Python of
20 ms to some seconds; call it in a thread.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, Literal, cast
from urllib.parse import urldefrag

from zeep.settings import Settings
from zeep.wsdl import Document
from zeep.wsdl.bindings import Soap11Binding, Soap12Binding

from resolvers.backends.soap.description.gaps import without_gaps
from resolvers.backends.soap.description.zeep_types import UNREADABLE, TypeCopier
from resolvers.backends.soap.problems import WsdlProblem
from resolvers.backends.soap.types import Field, Operation, Service, Struct
from resolvers.backends.soap.xml import parse

_SOAP = ("http://schemas.xmlsoap.org/wsdl/soap/", "http://schemas.xmlsoap.org/wsdl/soap12/")
_WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
_ENVELOPES = ("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope")
# `warnings.catch_warnings` changes the whole process's filters, and zeep tells by warnings what it leaves out.
_one_at_a_time = threading.Lock()


class OfflineTransport:
    """What zeep loads documents with: the prefetched ones, and nothing from anywhere else."""

    def __init__(self, documents: Mapping[str, bytes]) -> None:
        self._documents = documents

    def load(self, url: str) -> bytes:
        """The document. Raises WsdlProblem for one that was not prefetched."""
        try:
            return self._documents[urldefrag(url.strip()).url]
        except KeyError:
            raise WsdlProblem(f"the WSDL needs {url}, which was not loaded", permanent=True) from None


def load(start: str, documents: Mapping[str, bytes], *, service: str | None = None, port: str | None = None) -> Service:
    """The port to call: the named one, else the first that speaks SOAP. Raises WsdlProblem."""
    settings = Settings(strict=True, forbid_dtd=True, force_https=False)
    with _one_at_a_time, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        skipped: list[str] = []
        try:
            document = Document(start, OfflineTransport(documents), settings=settings)
        except UNREADABLE as exc:
            documents, skipped = without_gaps(documents)
            try:
                document = Document(start, OfflineTransport(documents), settings=settings) if skipped else None
            except UNREADABLE:
                document = None
            if document is None:
                raise WsdlProblem(f"the WSDL cannot be read: {exc or type(exc).__name__}") from exc
        chosen = _port(document, service, port)
        skipped += dict.fromkeys(str(warning.message) for warning in told)
        copier = TypeCopier(document.types, documents.values())
        encoded = _encoded_operations(documents)
        operations: dict[str, Operation] = {}
        for name, operation in chosen.binding.all().items():
            try:
                operations[name] = _operation(name, operation, chosen.binding, copier, encoded)
            except UNREADABLE as exc:
                skipped.append(f"operation {name}: {exc or type(exc).__name__}")
        elements, types = copier.globals(skipped)
    return Service(
        address=chosen.binding_options.get("address") if chosen.binding_options else None,
        operations=operations,
        elements=elements,
        types=types,
        skipped=tuple(skipped),
    )


def _port(document: Any, service: str | None, port: str | None) -> Any:
    found = [
        (owner.name, candidate)
        for owner in document.services.values()
        for candidate in owner.ports.values()
        if isinstance(candidate.binding, (Soap11Binding, Soap12Binding))
    ]
    for owner, candidate in found:
        if service in (None, owner) and port in (None, candidate.name):
            return candidate
    wanted = " ".join(f"{kind} {name}" for kind, name in (("service", service), ("port", port)) if name)
    known = ", ".join(f"{owner} / {candidate.name}" for owner, candidate in found) or "none that speaks SOAP"
    raise WsdlProblem(f"the WSDL has no {wanted or 'port'}; it has {known}", permanent=True)


def _operation(
    name: str, operation: Any, binding: Any, copier: TypeCopier, encoded: frozenset[tuple[str, str]]
) -> Operation:
    request, request_parts = _body(operation.input, copier)
    answer, answer_parts = _body(operation.output, copier)
    headers = getattr(operation.input, "header", None)
    return Operation(
        name=name,
        style=cast(Literal["document", "rpc"], operation.style or "document"),
        encoded=(binding.name.localname, name) in encoded,
        version="1.2" if isinstance(binding, Soap12Binding) else "1.1",
        action=operation.soapaction or "",
        addressing_action=operation.abstract.wsa_action,
        request=request,
        request_parts=request_parts,
        answer=answer,
        answer_parts=answer_parts,
        headers=tuple(copier.field(key, element) for key, element in headers.type.elements) if headers else (),
    )


def _body(message: Any, copier: TypeCopier) -> tuple[Field | None, tuple[Field, ...]]:
    """The one element of Body, or its parts where a document message has several."""
    body = getattr(message, "body", None)
    if body is None:
        return None, ()
    copied = copier.field(body.name, body)
    if body.qname.namespace in _ENVELOPES and isinstance(copied.type, Struct):
        return None, tuple(copied.type.fields)
    return copied, ()


def _encoded_operations(documents: Mapping[str, bytes]) -> frozenset[tuple[str, str]]:
    """(binding, operation) of all whose answers use SOAP encoding: zeep forgets `soap:body/@use`."""
    return frozenset(
        (binding.get("name", ""), operation.get("name", ""))
        for root in map(parse, documents.values())
        for binding in root.iter(f"{_WSDL}binding")
        for operation in binding.iter(f"{_WSDL}operation")
        if "encoded" in _uses(operation)
    )


def _uses(operation: Any) -> Iterator[str]:
    for message in operation.iter(f"{_WSDL}output", f"{_WSDL}input"):
        for namespace in _SOAP:
            for body in message.iter(f"{{{namespace}}}body"):
                yield body.get("use", "literal")
