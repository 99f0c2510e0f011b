"""The compiled decoder: functions made once from a service's types, so that an answer costs no more than a walk.

    in_order.py    elements exactly as the schema says: generated code that looks nothing up
    by_name.py     all others: children found by name
    interpret.py   repeated groups, xsd:any, and what no schema describes

A missing or nil element is None, an empty text is an empty text, and a value that does not fit raises DecodeProblem.
"""

from __future__ import annotations

from typing import Any, Final

from resolvers.backends.soap.decoding.by_name import (
    ITEMS,
    LIST,
    NODE,
    SCALAR,
    SKIP,
    TEXT,
    Decode,
    Entry,
    Table,
    blank_text,
    by_name,
    nothing,
)
from resolvers.backends.soap.decoding.grammar import Grammar
from resolvers.backends.soap.decoding.in_order import Child, in_order
from resolvers.backends.soap.decoding.interpret import Interpreter
from resolvers.backends.soap.decoding.reading import FromText, is_text
from resolvers.backends.soap.decoding.wanted import Wanted
from resolvers.backends.soap.problems import DecodeProblem
from resolvers.backends.soap.types import TYPENAME, XSI_TYPE, Attribute, Field, Scalar, Struct, Type

_PATIENCE: Final = 32
"""After so many elements in a row that were not in order, the generated code is no longer tried for their type."""


class Compiler:
    """Makes decoders for one grammar. Decoders are shared, so a type that contains itself is no difficulty."""

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._made: dict[tuple[int, int], Decode] = {}
        self._kept: list[Wanted] = []

    def decoder(self, declared: Type, wanted: Wanted) -> Decode:
        """The decoder of elements of this type."""
        if isinstance(declared, Scalar):
            return self._scalar(declared)
        if isinstance(declared, Struct) and not declared.groups:
            return self._struct(declared, wanted)
        return lambda element: Interpreter(self._grammar).value(element, declared, wanted)

    def _scalar(self, scalar: Scalar) -> Decode:
        read = self._grammar.reader(scalar)
        textual = is_text(scalar)

        def decode(element: Any) -> Any:
            text = element.text
            if text is None or len(element):
                return blank_text(element) if textual else nothing(element)
            if read is None:
                return text
            try:
                return read(text)
            except (ValueError, ArithmeticError) as exc:
                raise DecodeProblem(repr(scalar), text) from exc

        return decode

    def _struct(self, struct: Struct, wanted: Wanted) -> Decode:
        key = (id(struct), id(wanted))
        if key not in self._made:
            self._kept.append(wanted)  # an id must not be used again while the table knows it
            table: Table = {}
            content = None if struct.content is None else self._scalar(struct.content)
            made = by_name(struct, wanted, self._grammar, table, self._attributes(struct, wanted), content)
            if struct.derived:
                made = self._chooser(struct, wanted, made)
            # The type may be among its own children: it must be known before their decoders are made.
            self._made[key] = made
            for child in struct.fields:
                for alternative in (child, *child.substitutes):
                    entry = self._entry(child, alternative, wanted)
                    table[alternative.tag] = entry
                    table.setdefault(alternative.name, entry)
            if not (struct.derived or struct.content or struct.wildcard):
                self._made[key] = self._in_order_first(struct, wanted, made)
        return self._made[key]

    def _attributes(self, struct: Struct, wanted: Wanted) -> list[tuple[Attribute, FromText | None]]:
        return [
            (attribute, self._grammar.reader(attribute.type))
            for attribute in struct.attributes
            if wanted.has(attribute.key)
        ]

    def _entry(self, child: Field, alternative: Field, wanted: Wanted) -> Entry:
        """What to do with a child that comes under the name of `alternative`: itself, or what substitutes it."""
        inner = wanted.of(child.key)
        if inner is None:
            return (SKIP, child.key, None)
        kind = alternative.type
        if child.many:
            return (ITEMS if inner.item else LIST, child.key, self.decoder(kind, inner))
        if isinstance(kind, Scalar):
            read = self._grammar.reader(kind)
            if is_text(kind) and read is None:
                return (TEXT, child.key, None)
            if not is_text(kind) and read is not None:
                return (SCALAR, child.key, read)
        decode = self.decoder(kind, inner)
        return (NODE, child.key, _alone(child.key, decode) if inner.item else decode)

    def _in_order_first(self, struct: Struct, wanted: Wanted, otherwise: Decode) -> Decode:
        """Generated code for elements that come as the schema says, while they do."""
        children = []
        for child in struct.fields:
            mode, key, made = self._entry(child, child, wanted)
            if child.substitutes or mode == ITEMS:
                return otherwise
            textual = mode in (TEXT, SCALAR)
            children.append(
                Child(
                    key=key,
                    tag=child.tag,
                    many=child.many,
                    wanted=mode != SKIP,
                    type=child.type,
                    read=made if textual else None,
                    decode=None if textual else made,
                )
            )
        fast = in_order(struct, children, self._attributes(struct, wanted))
        misses = 0

        def decode(element: Any) -> Any:
            nonlocal misses
            if misses < _PATIENCE:
                try:
                    values = fast(element)
                except (ValueError, ArithmeticError, DecodeProblem):
                    values = None
                if values is not None:
                    misses = 0
                    return values
                misses += 1
            return otherwise(element)

        return decode

    def _chooser(self, struct: Struct, wanted: Wanted, plain: Decode) -> Decode:
        """The decoder of a type that others extend: xsi:type says which it is (XML Schema part 1, §2.6.1)."""
        grammar = self._grammar

        def decode(element: Any) -> Any:
            name = element.get(XSI_TYPE)
            actual = None if name is None else grammar.named(element, name)
            if not isinstance(actual, Struct) or actual is struct or actual.name not in struct.derived:
                return plain(element)
            value = self.decoder(actual, wanted)(element)
            if value is not None:
                value[TYPENAME] = (actual.name or "").rpartition("}")[2]
            return value

        return decode


def _alone(key: str, read: Decode) -> Decode:
    """The decoder of the one item of an answer: what does not fit becomes the item's own problem."""

    def decode(element: Any) -> Any:
        try:
            return read(element)
        except DecodeProblem as problem:
            return problem.within(key)

    return decode
