"""The types of a service, as decoders and encoders need them: a neutral copy of what zeep read from the WSDL.

Types may refer to themselves, so they are compared by identity, and are changed only while `description` builds them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

XSD = "http://www.w3.org/2001/XMLSchema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
SOAP_ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
SOAP12_ENCODING = "http://www.w3.org/2003/05/soap-encoding"
NIL = f"{{{XSI}}}nil"
XSI_TYPE = f"{{{XSI}}}type"
ARRAY_TYPE = f"{{{SOAP_ENCODING}}}arrayType"
TYPENAME = "__typename"
CONTENT = "_value_1"
"""The key of an element's text where the element has attributes as well."""


@dataclass(eq=False, slots=True)
class Scalar:
    """A simple type: the XSD built-in that it comes from, or a list or union of others."""

    base: str
    item: Scalar | None = None
    members: tuple[Scalar, ...] = ()

    def __repr__(self) -> str:
        return f"xsd:{self.base}"


@dataclass(eq=False, slots=True)
class Anything:
    """xsd:any, xsd:anyType: what comes decides."""


@dataclass(eq=False, slots=True)
class Array:
    """An array of SOAP encoding (SOAP 1.1 §5.4.2): its items' names do not count."""

    item: Type
    item_name: str = ""
    """The qualified name of the item type, for `soapenc:arrayType`."""


@dataclass(eq=False, slots=True)
class Field:
    """A child element. `key` is its name in decoded values; `namespace` is empty for unqualified elements."""

    key: str
    name: str
    namespace: str
    type: Type
    many: bool = False
    required: bool = True
    nillable: bool = False
    substitutes: tuple[Field, ...] = ()
    """Members of the substitution group that this element heads."""

    @property
    def tag(self) -> str:
        return f"{{{self.namespace}}}{self.name}" if self.namespace else self.name

    def __repr__(self) -> str:
        return f"Field({self.key!r})"


@dataclass(eq=False, slots=True)
class Attribute:
    key: str
    tag: str
    type: Scalar
    required: bool = False


@dataclass(eq=False, slots=True)
class Group:
    """A sequence of several elements that repeats as a whole: a list of dicts under `key`."""

    key: str
    fields: tuple[Field, ...]


@dataclass(eq=False, slots=True)
class Struct:
    """A complex type. `content` is the type of its text when it has attributes but no children."""

    name: str | None
    """Its qualified name, `{namespace}local`; None for a type without one."""
    fields: list[Field] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)
    content: Scalar | None = None
    wildcard: bool = False
    derived: dict[str, Struct] = field(default_factory=dict)
    """Types that xsi:type may name in its place, by qualified name; empty for types that nothing extends."""

    def __repr__(self) -> str:
        return f"Struct({self.name!r})"

    def field_named(self, name: str) -> Field | None:
        """The child of this key, or of this local name where keys and names differ."""
        for child in self.fields:
            if child.key == name:
                return child
        for child in self.fields:
            if child.name == name:
                return child
        return None

    @property
    def only_list(self) -> Field | None:
        """The one repeated child, of types that merely wrap a list (`ArrayOfInvoice`)."""
        if len(self.fields) == 1 and self.fields[0].many and not (self.groups or self.attributes or self.wildcard):
            return self.fields[0]
        return None


Type = Scalar | Struct | Array | Anything


@dataclass(eq=False, slots=True, kw_only=True)
class Operation:
    """One operation of a binding. `request` and `answer` are the elements within Body; None where Body is empty."""

    name: str
    style: Literal["document", "rpc"]
    encoded: bool
    version: Literal["1.1", "1.2"]
    action: str
    addressing_action: str | None
    request: Field | None
    request_parts: tuple[Field, ...] = ()
    """Document style with several parts: each is an element of Body of its own."""
    answer: Field | None = None
    answer_parts: tuple[Field, ...] = ()
    headers: tuple[Field, ...] = ()


@dataclass(eq=False, slots=True, kw_only=True)
class Service:
    """One port of the service, with everything that calls to it need."""

    address: str | None
    operations: dict[str, Operation]
    elements: dict[str, Field]
    """Global elements by `{namespace}name`: fault details and headers are found here."""
    types: dict[str, Type]
    """Global types by `{namespace}name`, for xsi:type."""
    skipped: tuple[str, ...] = ()
    """What could not be used, and why; the other operations work."""
