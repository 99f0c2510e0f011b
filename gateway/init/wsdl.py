"""WSDL → model: the operations of its first SOAP port and what they answer."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Final

from gateway.init.model import Api, Element, Kind, Operation, Parameter, Unreadable
from resolvers.backends.soap import types
from resolvers.backends.soap.description.prefetch import file_url, prefetch
from resolvers.backends.soap.problems import WsdlProblem

_DEEPEST: Final = 8
_INTEGERS: Final = frozenset({"int", "integer", "long", "short", "unsignedInt", "unsignedLong", "nonNegativeInteger"})
_KINDS: Final[dict[str, Kind]] = {
    "decimal": "number",
    "double": "number",
    "float": "number",
    "boolean": "boolean",
    "date": "date",
    "dateTime": "datetime",
}


async def read(path: Path) -> Api:
    """Raises Unreadable. Imports are read from files beside it, never from the network."""
    try:
        start = file_url(path)
        documents = await prefetch(start, _refuse)
        # zeep is imported only where a WSDL is read.
        service: types.Service = import_module("resolvers.backends.soap.description.wsdl").load(start, documents)
    except WsdlProblem as error:
        raise Unreadable(f"{path}: {error}") from error
    name = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-") or "backend"
    name = name if name[0].isalpha() else f"backend-{name}"
    operations = [_operation(operation) for operation in service.operations.values()]
    guess = "a WSDL says nothing about credentials; others are basic, bearer, wss-username"
    return Api(name, "soap", str(path), operations, {"type": "none"}, guess, [])


async def _refuse(url: str, most: int) -> bytes:
    raise WsdlProblem(f"it imports {url}: save that beside it, and import the file")


def _operation(operation: types.Operation) -> Operation:
    parameters = []
    for part in (operation.request, *operation.request_parts):
        if part is not None and isinstance(part.type, types.Struct):
            parameters += [_parameter(field) for field in part.type.fields]
    answers = [part for part in (operation.answer, *operation.answer_parts) if part is not None]
    return Operation(operation.name, parameters, _element(answers[0].type, 0) if answers else Element())


def _parameter(field: types.Field) -> Parameter:
    inner = field.type.only_list if isinstance(field.type, types.Struct) else None
    element = _element(field.type, 0)
    if inner is not None:
        return Parameter(field.key, "body", _element(inner.type, 0), True, field.required, inside=inner.key)
    return Parameter(field.key, "body", element, field.many, field.required)


def _element(kind: types.Type, depth: int) -> Element:
    if depth > _DEEPEST or isinstance(kind, types.Anything):
        return Element()
    if isinstance(kind, types.Array):
        return Element("list", item=_element(kind.item, depth + 1))
    if isinstance(kind, types.Scalar):
        return Element("integer" if kind.base in _INTEGERS else _KINDS.get(kind.base, "text"))
    children = {}
    for field in kind.fields:
        below = _element(field.type, depth + 1)
        children[field.key] = Element("list", item=below) if field.many else below
    return Element("object", (kind.name or "").rpartition("}")[2], children)
