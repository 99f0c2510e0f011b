"""A service's types with what reads them: built once, used by every answer."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any, Final

from resolvers.backends.soap.decoding.reading import FromText, from_text
from resolvers.backends.soap.types import (
    SOAP12_ENCODING,
    SOAP_ENCODING,
    XSD,
    Anything,
    Array,
    Field,
    Group,
    Scalar,
    Service,
    Struct,
    Type,
)

ANYTHING: Final = Anything()
ANY_ARRAY: Final = Array(ANYTHING)
_ENCODINGS = (SOAP_ENCODING, SOAP12_ENCODING)


class Grammar:
    """The types of a service.

    `zone` is that of dateTime values that tell none. With `texts` the declared simple types are ignored and every
    scalar stays the text that came, for servers whose declarations are not true.
    """

    __slots__ = ("_fields", "_places", "_readers", "texts", "types", "zone")

    def __init__(self, service: Service, *, zone: tzinfo | None = None, texts: bool = False) -> None:
        self.types = service.types
        self.zone = zone
        self.texts = texts
        self._readers: dict[int, FromText | None] = {}
        self._fields: dict[int, dict[str, Field]] = {}
        self._places: dict[int, tuple[Group, int]] = {}

    def reader(self, scalar: Scalar) -> FromText | None:
        """The reader of a simple type; None for texts that stay as they are."""
        if self.texts:
            return None
        try:
            return self._readers[id(scalar)]
        except KeyError:
            return self._readers.setdefault(id(scalar), from_text(scalar, self.zone))

    def fields(self, struct: Struct) -> dict[str, Field]:
        """A struct's children by qualified and by local name; the first of a local name wins."""
        try:
            return self._fields[id(struct)]
        except KeyError:
            found: dict[str, Field] = {}
            grouped = [(group, index) for group in struct.groups for index in range(len(group.fields))]
            for group, index in grouped:
                self._places[id(group.fields[index])] = (group, index)
            for child in (*struct.fields, *(group.fields[index] for group, index in grouped)):
                for alternative in (child, *child.substitutes):
                    found[alternative.tag] = child
                    found.setdefault(alternative.name, child)
            return self._fields.setdefault(id(struct), found)

    def place(self, child: Field) -> tuple[Group, int] | None:
        """The repeated group that a child of a struct belongs to, and where in it; None for ordinary children."""
        return self._places.get(id(child))

    def named(self, element: Any, text: str) -> Type | None:
        """The type that an xsi:type names, as its namespaces are declared at the element."""
        prefix, _, local = text.strip().rpartition(":")
        namespace = element.nsmap.get(prefix or None)
        if namespace in _ENCODINGS:
            if local == "Array":
                return ANY_ARRAY
            namespace = XSD
        return self.types.get(f"{{{namespace}}}{local}")
