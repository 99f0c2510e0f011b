"""zeep's types → ours. The only module that touches private names of zeep (`ComplexType._array_type`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from lxml import etree
from zeep.exceptions import Error as ZeepError
from zeep.xsd import AnySimpleType, ComplexType
from zeep.xsd.elements import Any as AnyElement
from zeep.xsd.elements import Choice, Element
from zeep.xsd.elements import Group as GroupElement
from zeep.xsd.elements.builtins import Schema as AnySchema  # `ref="xs:schema"`, as in every DataSet of .NET
from zeep.xsd.types import builtins
from zeep.xsd.types.collection import ListType, UnionType

from resolvers.backends.soap.types import XSD, Anything, Array, Attribute, Field, Group, Scalar, Struct, Type
from resolvers.backends.soap.xml import parse

_BUILTINS: dict[type, str] = {kind: etree.QName(kind._default_qname).localname for kind in builtins._types}
BUILTIN_NAMES = frozenset(_BUILTINS.values()) | {"anyType", "anySimpleType"}
"""The types of XSD that zeep knows."""
_SCHEMA = f"{{{XSD}}}"
UNREADABLE = (
    ZeepError,
    etree.LxmlError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What zeep raises for descriptions that it cannot read: its own errors, and whatever its code runs into."""
_LONGEST_CHAIN = 64
"""How many extensions may follow one on the other."""


class TypeCopier:
    """Copies each type once; types that contain themselves come out containing themselves."""

    def __init__(self, schema: Any, documents: Iterable[bytes]) -> None:
        self._schema = schema
        self._copied: dict[int, Type] = {}
        self._kept: list[Any] = []
        roots = [parse(document) for document in documents]
        self._derived = dict(_derivations(roots))
        self._heads: dict[str, list[str]] = {}
        for member, head in _substitutions(roots):
            self._heads.setdefault(head, []).append(member)

    def globals(self, skipped: list[str]) -> tuple[dict[str, Field], dict[str, Type]]:
        """Global elements and types by qualified name. What cannot be read is left out and told in `skipped`."""
        types: dict[str, Type] = {}
        elements: dict[str, Field] = {}
        for kind in self._schema.types:
            if kind.qname is not None:
                try:
                    types[kind.qname.text] = self.type(kind)
                except UNREADABLE as exc:
                    skipped.append(f"type {kind.qname.text}: {exc or type(exc).__name__}")
        for element in self._schema.elements:
            if not isinstance(element, Element):
                continue  # xs:schema itself, which zeep has as an element
            try:
                elements[element.qname.text] = self.field(element.name, element)
            except UNREADABLE as exc:
                skipped.append(f"element {element.qname.text}: {exc or type(exc).__name__}")
        self._link_derived(types)
        self._link_substitutes(elements)
        return elements, types

    def field(self, key: str, element: Any, *, optional: bool = False, many: bool = False) -> Field:
        """A child element under the name that zeep gives it."""
        return Field(
            key=key,
            name=element.name,
            namespace=element.qname.namespace or "",
            type=Anything() if element.type is None else self.type(element.type),
            many=many or bool(element.accepts_multiple),
            required=not (optional or element.is_optional),
            nillable=bool(element.nillable),
        )

    def type(self, kind: Any) -> Type:
        """The copy of a type."""
        kind = kind.resolve()
        if id(kind) not in self._copied:
            self._kept.append(kind)
            if isinstance(kind, AnySimpleType):
                self._copied[id(kind)] = self._scalar(kind)
            elif not isinstance(kind, ComplexType):
                self._copied[id(kind)] = Anything()
            elif kind._array_type is not None:
                array = self._copied[id(kind)] = Array(Anything())
                self._fill_array(array, kind)
            elif kind.qname is not None and kind.qname.text == "{http://schemas.xmlsoap.org/soap/encoding/}Array":
                self._copied[id(kind)] = Array(Anything())
            else:
                struct = self._copied[id(kind)] = Struct(kind.qname.text if kind.qname is not None else None)
                self._fill(struct, kind)
        return self._copied[id(kind)]

    def _scalar(self, kind: Any) -> Scalar:
        if isinstance(kind, ListType):
            item = self.type(kind.item_type)
            return Scalar("list", item=item if isinstance(item, Scalar) else Scalar("string"))
        if isinstance(kind, UnionType):
            members = [self.type(member) for member in kind.item_types]
            return Scalar("union", members=tuple(member for member in members if isinstance(member, Scalar)))
        for ancestor in type(kind).__mro__:
            if ancestor in _BUILTINS:
                return Scalar(_BUILTINS[ancestor])
        return Scalar("string")

    def _fill_array(self, array: Array, kind: Any) -> None:
        declared = kind._array_type.array_type
        if declared is not None:
            declared = declared.resolve()
            array.item = self.type(declared)
            array.item_name = declared.qname.text if declared.qname is not None else ""
            return
        for _, element in kind.elements:
            if isinstance(element, Element):
                array.item = self.type(element.type)

    def _fill(self, struct: Struct, kind: Any) -> None:
        for key, attribute in kind.attributes:
            if attribute.qname is None:
                continue  # xs:anyAttribute
            scalar = self.type(attribute.type)
            struct.attributes.append(
                Attribute(
                    key=key,
                    tag=attribute.qname.text,
                    type=scalar if isinstance(scalar, Scalar) else Scalar("string"),
                    required=bool(attribute.required),
                )
            )
        nested = kind.elements_nested
        if len(nested) == 1 and isinstance(nested[0][1], Element):
            content = self.type(nested[0][1].type)
            if isinstance(content, Scalar):
                struct.content = content
                return
        self._particles(struct, nested, optional=False, many=False)
        _merge_equal_names(struct)

    def _particles(self, struct: Struct, nested: Any, *, optional: bool, many: bool) -> None:
        for key, particle in nested:
            if isinstance(particle, Element):
                struct.fields.append(self.field(key, particle, optional=optional, many=many))
            elif isinstance(particle, (AnyElement, AnySchema)):
                struct.wildcard = True
            else:
                repeats = many or bool(particle.accepts_multiple)
                loose = optional or particle.min_occurs == 0
                if isinstance(particle, GroupElement):
                    particle = particle.child
                inner = particle.elements_nested
                choice = isinstance(particle, Choice)
                if repeats and not many and not choice and sum(1 for _ in _elements(inner)) > 1:
                    fields = tuple(self.field(name, element) for name, element in _elements(inner))
                    struct.groups.append(Group(key or f"_value_{len(struct.groups) + 1}", fields))
                else:
                    self._particles(struct, inner, optional=loose or choice, many=repeats)

    def _link_derived(self, types: dict[str, Type]) -> None:
        for name, child in types.items():
            base = self._derived.get(name)
            for _ in range(_LONGEST_CHAIN):
                if base is None:
                    break
                parent = types.get(base)
                if isinstance(parent, Struct) and isinstance(child, Struct):
                    parent.derived[name] = child
                base = self._derived.get(base)

    def _link_substitutes(self, elements: dict[str, Field]) -> None:
        if not self._heads:
            return
        members = {
            head: tuple(elements[name] for name in names if name in elements) for head, names in self._heads.items()
        }
        for copied in self._copied.values():
            if isinstance(copied, Struct):
                for child in copied.fields:
                    child.substitutes = members.get(child.tag, ())


def _elements(nested: Any) -> Iterator[tuple[str, Any]]:
    """The elements of an indicator, through all that it nests."""
    for key, particle in nested:
        if isinstance(particle, Element):
            yield key, particle
        elif not isinstance(particle, (AnyElement, AnySchema)):
            inner = particle.child if isinstance(particle, GroupElement) else particle
            yield from _elements(inner.elements_nested)


def _merge_equal_names(struct: Struct) -> None:
    """An element that a type has in several places (two branches of a choice) is one field."""
    first: dict[str, Field] = {}
    for child in struct.fields:
        known = first.get(child.tag)
        if known is None:
            first[child.tag] = child
        else:
            known.many = known.many or child.many
            known.required = known.required and child.required
    struct.fields[:] = first.values()


def qname(element: Any, attribute: str) -> str | None:
    """The `{namespace}name` that an attribute holds; None where there is none."""
    text = element.get(attribute)
    if not text:
        return None
    prefix, _, local = text.rpartition(":")
    namespace = "http://www.w3.org/XML/1998/namespace" if prefix == "xml" else element.nsmap.get(prefix or None)
    return f"{{{namespace}}}{local}" if namespace else local


def _derivations(roots: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """(derived, base) of all named complex types: zeep drops the base once it has merged the two."""
    for root in roots:
        for schema in root.iter(f"{_SCHEMA}schema"):
            namespace = schema.get("targetNamespace")
            for kind in schema.iterchildren(f"{_SCHEMA}complexType"):
                for step in kind.iter(f"{_SCHEMA}extension", f"{_SCHEMA}restriction"):
                    base = qname(step, "base")
                    if base is not None and kind.get("name"):
                        yield (f"{{{namespace}}}{kind.get('name')}" if namespace else kind.get("name")), base
                    break


def _substitutions(roots: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """(member, head) of all substitution groups, which zeep does not know."""
    for root in roots:
        for schema in root.iter(f"{_SCHEMA}schema"):
            namespace = schema.get("targetNamespace")
            for element in schema.iterchildren(f"{_SCHEMA}element"):
                head = qname(element, "substitutionGroup")
                if head is not None and element.get("name"):
                    yield (f"{{{namespace}}}{element.get('name')}" if namespace else element.get("name")), head
