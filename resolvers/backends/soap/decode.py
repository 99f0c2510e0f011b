"""The compiled decoder: one function per type, made once from the service's types, so that an answer costs a walk.

Children are found by name in any order, with or without their namespace, since servers are seldom exact in either.
A missing or nil element is None, an empty text is an empty text, and a value that does not fit raises DecodeProblem.
Two elements where one may be is a problem as well: to take either would lose the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from resolvers.backends.soap.interpret import ANYTHING, Grammar, Interpreter, gather
from resolvers.backends.soap.problems import DecodeProblem
from resolvers.backends.soap.reading import is_text
from resolvers.backends.soap.types import CONTENT, NIL, TYPENAME, XSI_TYPE, Field, Scalar, Struct, Type
from resolvers.backends.soap.wanted import Wanted

Decode = Callable[[Any], Any]
"""An element → its value."""

_SKIP, _TEXT, _SCALAR, _NODE, _NEW, _LIST, _ITEMS = range(7)
_Entry = tuple[int, str, Any]
_TABLE_GROWTH = 256
"""How many spellings of names a table learns beyond its own: enough for every server, too few to fill the memory."""


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
            if text is None:
                return _blank_text(element) if textual else _nothing(element)
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
            table: dict[str, _Entry] = {}
            plain = self._plain_struct(struct, wanted, table)
            self._made[key] = self._chooser(struct, wanted, plain) if struct.derived else plain
            self._fill(table, struct, wanted)
        return self._made[key]

    def _fill(self, table: dict[str, _Entry], struct: Struct, wanted: Wanted) -> None:
        for child in struct.fields:
            for alternative in (child, *child.substitutes):
                entry = self._entry(child, alternative, wanted)
                table[alternative.tag] = entry
                table.setdefault(alternative.name, entry)

    def _entry(self, child: Field, alternative: Field, wanted: Wanted) -> _Entry:
        inner = wanted.of(child.key)
        if inner is None:
            return (_SKIP, child.key, None)
        if child.many:
            return (_ITEMS if inner.item else _LIST, child.key, self.decoder(alternative.type, inner))
        if isinstance(alternative.type, Scalar):
            read = self._grammar.reader(alternative.type)
            if read is None and is_text(alternative.type):
                return (_TEXT, child.key, None)
            if read is not None and not is_text(alternative.type):
                return (_SCALAR, child.key, read)
        read = self.decoder(alternative.type, inner)
        return (_NODE, child.key, _guarded(child.key, read) if inner.item else read)

    def _plain_struct(self, struct: Struct, wanted: Wanted, table: dict[str, _Entry]) -> Decode:
        content = None if struct.content is None else self._scalar(struct.content)
        asked = [child for child in struct.fields if wanted.of(child.key) is not None]
        singles = {child.key: None for child in asked if not child.many}
        lists = tuple(child.key for child in asked if child.many)
        size = len(asked)
        attributes = tuple(
            (attribute.key, attribute.tag, self._grammar.reader(attribute.type), attribute.type)
            for attribute in struct.attributes
            if wanted.of(attribute.key) is not None
        )
        typename = struct.name.rpartition("}")[2] if struct.derived and struct.name else None
        find = table.get
        unknown = self._unknown_names(struct, wanted, table)

        def decode(element: Any) -> dict[str, Any] | None:
            values: dict[str, Any] = {}
            passed = 0
            key = ""
            try:
                for child in element:
                    mode, key, read = find(child.tag) or unknown(child.tag)
                    if mode == _TEXT:
                        text = child.text
                        values[key] = text if text is not None else _blank_text(child)
                    elif mode == _SCALAR:
                        text = child.text
                        values[key] = read(text) if text is not None else _nothing(child)
                    elif mode == _SKIP:
                        passed += 1
                    elif mode == _NODE:
                        values[key] = read(child)
                    elif mode == _NEW:
                        passed += gather(values, key, read(child))
                    else:
                        if key in values:
                            passed += 1
                            items = values[key]
                        else:
                            items = values[key] = []
                        if mode == _LIST:
                            items.append(read(child))
                            continue
                        try:
                            items.append(read(child))
                        except DecodeProblem as problem:
                            items.append(problem.within(f"{key}[{len(items)}]"))
            except (ValueError, ArithmeticError) as exc:
                raise _unfit(struct, key, child) from exc
            except DecodeProblem as problem:
                problem.within(key)
                raise
            if len(values) + passed != len(element):
                raise DecodeProblem("one element", "several", (_repeated(element, table),))
            if len(values) != size:
                if not passed and not values and _is_blank(element, struct):
                    return None
                values = {**singles, **values}
                for key in lists:
                    values.setdefault(key, [])
            if content is not None:
                values[CONTENT] = content(element)
            for key, tag, read, kind in attributes:
                values[key] = _attribute(element, key, tag, read, kind)
            if typename is not None:
                values[TYPENAME] = typename
            return values

        return decode

    def _unknown_names(self, struct: Struct, wanted: Wanted, table: dict[str, _Entry]) -> Callable[[str], _Entry]:
        """What to do with a name that the type does not have: another spelling of one of its own, or a new field."""
        unqualified = {child.name for child in struct.fields if not child.namespace}
        own = {child.key for child in struct.fields}

        def unknown(tag: str) -> _Entry:
            local = tag.rpartition("}")[2]
            inner = wanted.of(local)
            if local in unqualified:
                entry = table[local]
            elif inner is None or local in own:
                entry = (_SKIP, local, None)
            else:
                entry = (_NEW, local, lambda element: Interpreter(self._grammar).value(element, ANYTHING, inner))
            if len(table) < 4 * len(struct.fields) + _TABLE_GROWTH:
                table[tag] = entry
            return entry

        return unknown

    def _chooser(self, struct: Struct, wanted: Wanted, plain: Decode) -> Decode:
        """The decoder of a type that others extend: xsi:type says which it is (XML Schema part 1, §2.6.1)."""
        grammar = self._grammar

        def decode(element: Any) -> Any:
            name = element.get(XSI_TYPE)
            if name is not None:
                actual = grammar.named(element, name)
                if isinstance(actual, Struct) and actual is not struct and actual.name in struct.derived:
                    value = self._struct(actual, wanted)(element)
                    if value is not None:
                        value[TYPENAME] = (actual.name or "").rpartition("}")[2]
                    return value
            return plain(element)

        return decode


def _is_nil(element: Any) -> bool:
    return element.get(NIL) in ("true", "1")


def _guarded(key: str, read: Decode) -> Decode:
    """The decoder of the one item of an answer: what does not fit becomes the item's own problem."""

    def decode(element: Any) -> Any:
        try:
            return read(element)
        except DecodeProblem as problem:
            return problem.within(key)

    return decode


def _nothing(element: Any) -> Any:
    """None for an element without text, unless it holds elements instead."""
    if len(element):
        raise DecodeProblem("a text", "<>")
    return None


def _blank_text(element: Any) -> Any:
    return _nothing(element) if _is_nil(element) or len(element) else ""


def _is_blank(element: Any, struct: Struct) -> bool:
    """Whether an element without children is nothing at all, rather than a value whose fields are all missing."""
    if _is_nil(element):
        return True
    text = element.text
    if text is not None and text.strip() and struct.content is None:
        raise DecodeProblem("elements", text)
    return not element.attrib and struct.content is None


def _repeated(element: Any, table: dict[str, _Entry]) -> str:
    seen: set[str] = set()
    for child in element:
        mode, key, _ = table.get(child.tag, (_SKIP, "", None))
        if mode in (_TEXT, _SCALAR, _NODE):
            if key in seen:
                return key
            seen.add(key)
    return ""


def _attribute(element: Any, key: str, tag: str, read: Any, kind: Scalar) -> Any:
    text = element.get(tag)
    try:
        return text if text is None or read is None else read(text)
    except (ValueError, ArithmeticError) as exc:
        raise DecodeProblem(repr(kind), text, (key,)) from exc


def _unfit(struct: Struct, key: str, child: Any) -> DecodeProblem:
    found = struct.field_named(key)
    return DecodeProblem(repr(found.type) if found else "a value", child.text, (key,))
