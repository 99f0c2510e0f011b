"""References within one answer (SOAP 1.1 §5.4.1, SOAP 1.2 part 2 §3.1.5), and the budget that bounds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from resolvers.backends.soap.decoding.wanted import Wanted
from resolvers.backends.soap.problems import DecodeProblem
from resolvers.backends.soap.types import SOAP12_ENCODING, Type

ID_ATTRIBUTES: Final = ("id", f"{{{SOAP12_ENCODING}}}id")
MAX_ELEMENTS: Final = 1_000_000
"""How many elements an answer may have, each counted as often as it is referred to."""

Read = Callable[[Any, Type, Wanted], Any]
"""An element, its declared type, and what is wanted of it → its value."""


class Budget:
    """Counts elements."""

    __slots__ = ("limit", "spent")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.spent = 0

    def spend(self, count: int) -> None:
        """Raises DecodeProblem when there is no more."""
        self.spent += count
        if self.spent > self.limit:
            raise DecodeProblem(f"at most {self.limit} elements", None)


class References:
    """The elements of one Body by their ids. Each is decoded once, and counted each time that it is referred to.

    A kilobyte of references to references can stand for more elements than there are atoms: decoding each once keeps
    the time down, counting them keeps what is made of the answer finite.
    """

    __slots__ = ("_body", "_budget", "_elements", "_known", "_running")

    def __init__(self, body: Any, budget: Budget) -> None:
        self._body = body
        self._budget = budget
        self._elements: dict[str, Any] | None = None
        # Types and Wanted live as long as their service, so their ids are theirs.
        self._known: dict[tuple[str, int, int], tuple[Any, int]] = {}
        self._running: set[str] = set()

    def value(self, ident: str, declared: Type, wanted: Wanted, read: Read) -> Any:
        """The value of the element with this id. Raises DecodeProblem where there is none or it contains itself."""
        key = (ident, id(declared), id(wanted))
        known = self._known.get(key)
        if known is not None:
            self._budget.spend(known[1])
            return known[0]
        element = self._element(ident)
        if ident in self._running:
            raise DecodeProblem("no circle of references", None)
        self._running.add(ident)
        before = self._budget.spent
        try:
            value = read(element, declared, wanted)
        finally:
            self._running.discard(ident)
        self._known[key] = (value, self._budget.spent - before)
        return value

    def _element(self, ident: str) -> Any:
        if self._elements is None:
            self._elements = {
                found.get(name): found
                for name in ID_ATTRIBUTES
                for found in self._body.iter()
                if found.get(name) is not None
            }
        element = self._elements.get(ident)
        if element is None:
            raise DecodeProblem("an element that the reference names", None)
        return element
