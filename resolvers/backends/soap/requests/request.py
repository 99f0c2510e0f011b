"""One operation's requests: the compiled message with its frame, headers and WS-Security."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from resolvers.backends.soap.answers.answer import SOAP11, SOAP12
from resolvers.backends.soap.problems import ArgumentProblem, ConfigurationProblem
from resolvers.backends.soap.requests.encode import Absent, Encoder
from resolvers.backends.soap.requests.program import Part, joined, run
from resolvers.backends.soap.requests.templates import Secrets, Values
from resolvers.backends.soap.requests.writing import escape, escape_attribute, plain
from resolvers.backends.soap.security import Signer, UsernameToken
from resolvers.backends.soap.types import Anything, Field, Operation, Service, Struct

_ADDRESSING = "http://www.w3.org/2005/08/addressing"
Unique = Callable[[], str]
"""A text that never comes twice, for wsa:MessageID."""


class Request:
    """Writes the requests of one operation, as `arguments` and `headers` of the configuration say."""

    def __init__(
        self,
        operation: Operation,
        service: Service,
        *,
        address: str,
        arguments: Mapping[str, Any],
        headers: Mapping[str, Any],
        secrets: Secrets,
        unique: Unique,
        absent: Absent | None = None,
        token: UsernameToken | None = None,
        signer: Signer | None = None,
    ) -> None:
        """Raises ConfigurationProblem with the name of what does not fit the service description."""
        self._signer = signer
        encoder = Encoder(secrets, rpc=operation.style == "rpc", absent=absent)
        body = _body(encoder, operation, arguments)
        header: list[Part] = _addressing(operation, address, unique)
        for name, value in headers.items():
            header += encoder.element(replace(_header(operation, service, name), required=False), value)
        if token is not None:
            header.append(lambda _: token.header())
        declared = "".join(f' xmlns:{prefix}="{escape_attribute(uri)}"' for uri, prefix in encoder.prefixes.items())
        frame = SOAP12 if operation.version == "1.2" else SOAP11
        start = f'<?xml version="1.0" encoding="utf-8"?>\n<s:Envelope xmlns:s="{frame}"{declared}>'
        if header:
            header = ["<s:Header>", *header, "</s:Header>"]
        self._program = joined([start, *header, "<s:Body>", *body, "</s:Body></s:Envelope>"])
        self.headers = _http_headers(operation)
        self._key_writers = tuple(encoder.key_writers)
        self._plain_keys = all(write is plain for write in self._key_writers)

    def __repr__(self) -> str:
        return f"Request({len(self._program)} parts)"

    def takes(self, key: str) -> bool:
        """Whether a key can be sent as the type that its element has."""
        if self._plain_keys and key.isprintable():
            return True
        try:
            for write in self._key_writers:
                write(key)
        except ArgumentProblem:
            return False
        return True

    def write(self, values: Values) -> bytes:
        """The bytes of one request. Raises ArgumentProblem for a value that cannot be sent."""
        message = run(self._program, values).encode("utf-8")
        return message if self._signer is None else self._signer.sign(message)


def _http_headers(operation: Operation) -> tuple[tuple[str, str], ...]:
    """SOAP 1.1 §6.1.1 has a header for the action, SOAP 1.2 (RFC 3902) a parameter of the content type."""
    action = operation.action.replace("\\", "\\\\").replace('"', '\\"')
    if operation.version == "1.2":
        told = f'; action="{action}"' if action else ""
        return (("Content-Type", f"application/soap+xml; charset=utf-8{told}"),)
    return (("Content-Type", "text/xml; charset=utf-8"), ("SOAPAction", f'"{action}"'))


def _body(encoder: Encoder, operation: Operation, arguments: Mapping[str, Any]) -> list[Part]:
    if operation.request_parts:
        _refuse_unknown(operation.name, arguments, operation.request_parts)
        return encoder.children(operation.request_parts, arguments, operation.name, parts=operation.style == "rpc")
    field = operation.request
    if field is None:
        _refuse_unknown(operation.name, arguments, ())
        return []
    kind = field.type
    if operation.style == "rpc" and isinstance(kind, Struct):
        _refuse_unknown(operation.name, arguments, kind.fields)
        opened, closed = encoder.tags(field)
        return [opened, *encoder.children(kind.fields, arguments, operation.name, parts=True), closed]
    if isinstance(kind, Struct) and kind.content is None:
        return encoder.element(field, arguments)
    if arguments.keys() - {field.key, field.name}:
        raise ConfigurationProblem(f"{operation.name} takes one value, {field.name}")
    return encoder.element(field, arguments.get(field.key, arguments.get(field.name, "")))


def _refuse_unknown(name: str, arguments: Mapping[str, Any], fields: Any) -> None:
    known = {field.key for field in fields} | {field.name for field in fields}
    unknown = sorted(arguments.keys() - known)
    if unknown:
        told = ", ".join(field.key for field in fields) or "nothing"
        raise ConfigurationProblem(f"{name} has no {', '.join(unknown)}; it has {told}")


def _header(operation: Operation, service: Service, name: str) -> Field:
    """The header's element: one that the operation declares, a global one, or (as `{namespace}name`) any."""
    for field in operation.headers:
        if name in (field.key, field.name, field.tag):
            return field
    if name in service.elements:
        return service.elements[name]
    found = [field for field in service.elements.values() if field.name == name]
    if len(found) == 1:
        return found[0]
    if name.startswith("{") and "}" in name:
        namespace, _, local = name[1:].partition("}")
        return Field(local, local, namespace, Anything())
    raise ConfigurationProblem(f"headers.{name} is no element of the WSDL: write it as {{namespace}}{name}")


def _addressing(operation: Operation, address: str, unique: Unique) -> list[Part]:
    """The headers of WS-Addressing 1.0 (§3.2), for operations whose description asks for them."""
    if operation.addressing_action is None:
        return []

    def message_id(_: Values) -> str:
        return f'<a:MessageID xmlns:a="{_ADDRESSING}">urn:uuid:{unique()}</a:MessageID>'

    return [
        f'<a:Action xmlns:a="{_ADDRESSING}">{escape(operation.addressing_action)}</a:Action>',
        message_id,
        f'<a:To xmlns:a="{_ADDRESSING}">{escape(address)}</a:To>',
    ]
