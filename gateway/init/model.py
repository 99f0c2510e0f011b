"""An API without its protocol: operations, what they take, and the types of what they answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from msgspec import Struct, field

Kind = Literal["object", "list", "text", "integer", "number", "boolean", "date", "datetime", "any"]


class Element(Struct):
    """A value: `children` of objects, the `item` of lists, the words of an enumeration."""

    kind: Kind = "any"
    name: str = ""
    """The type's own name, where it has one."""
    children: dict[str, Element] = field(default_factory=dict)
    item: Element | None = None
    words: tuple[str, ...] = ()

    def below(self, deep: int = 2, before: str = "") -> Iterator[tuple[str, Element]]:
        """Values by their paths, those of nested objects included."""
        for name, child in self.children.items():
            path = f"{before}{_key(name)}"
            yield path, child
            if child.kind == "object" and deep:
                yield from child.below(deep - 1, f"{path}.")


def _key(name: str) -> str:
    return f'"{name}"' if "." in name else name


class Parameter(Struct):
    """A parameter; `many` says that it takes several values. `inside` is the element around it in SOAP requests."""

    name: str
    where: Literal["query", "path", "body"]
    element: Element
    many: bool = False
    required: bool = False
    inside: str | None = None
    joined: bool = False
    """Several values stand in one parameter, with commas between them."""


class Operation(Struct):
    """One read operation: a path, or the name of a SOAP operation."""

    name: str
    parameters: list[Parameter]
    answer: Element


class Api(Struct):
    """One system. `lacks` is what its description does not tell and a configuration needs."""

    name: str
    kind: Literal["rest", "soap"]
    place: str
    """The base URL, or the WSDL."""
    operations: list[Operation]
    auth: dict[str, Any]
    auth_guess: str
    lacks: list[str] = []


class Unreadable(Exception):
    """The file is no description that can be used; says why."""
