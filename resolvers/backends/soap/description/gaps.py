"""Schemas that refer to types and elements which no document has: what is missing is replaced by `anything`.

Descriptions with such gaps are common: an import without a location, a type that a generator forgot. zeep refuses the
whole description for one of them, even where no operation that is needed comes near it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from lxml import etree

from resolvers.backends.soap.description.zeep_types import BUILTIN_NAMES, qname
from resolvers.backends.soap.types import XSD
from resolvers.backends.soap.xml import parse

_SCHEMA: Final = f"{{{XSD}}}"
_KINDS: Final = {
    f"{_SCHEMA}complexType": "type",
    f"{_SCHEMA}simpleType": "type",
    **{f"{_SCHEMA}{name}": name for name in ("element", "group", "attribute", "attributeGroup")},
}


def without_gaps(documents: Mapping[str, bytes]) -> tuple[dict[str, bytes], list[str]]:
    """The documents with every missing name replaced, and what was missing; the list is empty where nothing was."""
    roots = {url: parse(body) for url, body in documents.items()}
    schemas = [schema for root in roots.values() for schema in root.iter(f"{_SCHEMA}schema")]
    known = _defined(schemas)
    missing: dict[str, None] = {}
    filled = dict(documents)
    for url, root in roots.items():
        found = [told for element in list(root.iter(f"{_SCHEMA}*")) for told in _fill(element, known)]
        if found:
            missing.update(dict.fromkeys(found))
            filled[url] = etree.tostring(root)
    return filled, list(missing)


def _defined(schemas: Iterable[Any]) -> frozenset[tuple[str, str]]:
    """(kind, `{namespace}name`) of all global names, and (kind, name).

    Schemas without a namespace take that of who includes them (part 1, §4.2.1), so their names count in every one.
    """
    found = {("type", f"{_SCHEMA}{name}") for name in BUILTIN_NAMES}
    for schema in schemas:
        space = schema.get("targetNamespace")
        for child in schema:
            if child.tag in _KINDS and child.get("name"):
                name = child.get("name")
                found |= {(_KINDS[child.tag], f"{{{space or '*'}}}{name}"), (_KINDS[child.tag], name)}
    return frozenset(found)


def _fill(element: Any, known: frozenset[tuple[str, str]]) -> list[str]:
    """Replace what one element refers to and nobody defines. Returns it as texts for people."""
    told = []
    for attribute in ("type", "base", "itemType"):
        name = qname(element, attribute)
        if name is not None and not _is_known("type", name, known):
            told.append(_told("type", name))
            element.set(attribute, _anything(element, attribute))
    name, kind = qname(element, "ref"), _KINDS.get(element.tag)
    if name is not None and kind is not None and not _is_known(kind, name, known):
        told.append(_told(kind, name))
        if kind in ("attribute", "attributeGroup"):
            element.getparent().remove(element)
        else:
            many = element.get("maxOccurs", "1") if kind == "element" else "unbounded"
            element.attrib.clear()
            element.tag = f"{_SCHEMA}any"
            element.set("minOccurs", "0")
            element.set("maxOccurs", many)
            element.set("processContents", "lax")
    return told


def _is_known(kind: str, name: str, known: frozenset[tuple[str, str]]) -> bool:
    return (kind, name) in known or (kind, f"{{*}}{name.rpartition('}')[2]}") in known


def _anything(element: Any, attribute: str) -> str:
    """xsd:anyType where structures may be, else xsd:string, under the prefix that XSD has here."""
    structured = element.tag == f"{_SCHEMA}element" or element.getparent().tag == f"{_SCHEMA}complexContent"
    local = "anyType" if attribute != "itemType" and structured else "string"
    prefix = next(prefix for prefix, space in element.nsmap.items() if space == XSD)
    return f"{prefix}:{local}" if prefix else local


def _told(kind: str, name: str) -> str:
    return f"{kind} {name} is missing: anything is taken in its place"
