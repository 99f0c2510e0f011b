"""The interpreter: one answer decoded by walking its elements and types together.

It reads everything that the compiled decoder leaves to it: SOAP encoding (SOAP 1.1 §5) with arrays, `href` and
multiRef, PHP's maps, elements that xsi:type alone describes, and elements that the service description does not know.
"""

from __future__ import annotations

from typing import Any

from resolvers.backends.soap.decoding.grammar import ANY_ARRAY, ANYTHING, Grammar
from resolvers.backends.soap.decoding.reading import is_text
from resolvers.backends.soap.decoding.references import ID_ATTRIBUTES, MAX_ELEMENTS, Budget, References
from resolvers.backends.soap.decoding.wanted import EVERYTHING, Wanted
from resolvers.backends.soap.problems import DecodeProblem
from resolvers.backends.soap.types import (
    ARRAY_TYPE,
    CONTENT,
    NIL,
    SOAP12_ENCODING,
    SOAP_ENCODING,
    TYPENAME,
    XSI,
    XSI_TYPE,
    Anything,
    Array,
    Field,
    Group,
    Scalar,
    Struct,
    Type,
)

_IGNORED_ATTRIBUTES = (
    f"{{{XSI}}}",
    f"{{{SOAP_ENCODING}}}",
    f"{{{SOAP12_ENCODING}}}",
    "{http://schemas.xmlsoap.org/soap/envelope/}",
)
_REF = f"{{{SOAP12_ENCODING}}}ref"
_ARRAY_MARKS = (ARRAY_TYPE, f"{{{SOAP12_ENCODING}}}itemType", f"{{{SOAP12_ENCODING}}}arraySize")
_TRUE = ("true", "1")


class Interpreter:
    """Decodes one answer. `body` is where references are looked up; without it `href` is an attribute like others."""

    __slots__ = ("_budget", "_grammar", "_names", "_references", "_same_prefixes")

    def __init__(
        self, grammar: Grammar, body: Any = None, *, same_prefixes: bool = False, limit: int = MAX_ELEMENTS
    ) -> None:
        self._grammar = grammar
        self._budget = Budget(limit)
        self._references = None if body is None else References(body, self._budget)
        self._same_prefixes = same_prefixes
        self._names: dict[str, Type | None] = {}

    def value(self, element: Any, declared: Type = ANYTHING, wanted: Wanted = EVERYTHING) -> Any:
        """The element's value. Raises DecodeProblem whose path starts below the element."""
        self._budget.spend(1)
        attributes = element.attrib
        if not attributes:
            return self._typed(element, declared, wanted)
        if attributes.get(NIL) in _TRUE:
            return None
        if self._references is not None:
            target = attributes.get("href") or attributes.get(_REF)
            if target is not None and not len(element):
                return self._references.value(target.removeprefix("#"), declared, wanted, self.value)
        name = attributes.get(XSI_TYPE)
        if name is not None:
            actual = self._named(element, name)
            if actual is not None:
                several = isinstance(declared, Struct) and bool(declared.derived)
                declared = self._chosen(declared, actual)
                if several and isinstance(declared, Struct):
                    return _with_typename(self._struct(element, declared, wanted), declared)
            elif name.rpartition(":")[2] == "Map" and isinstance(declared, Anything):
                return self._map(element)
        if (declared is ANY_ARRAY or not isinstance(declared, Array)) and any(
            mark in attributes for mark in _ARRAY_MARKS
        ):
            declared = self._as_array(element, declared)
        return self._typed(element, declared, wanted)

    def _named(self, element: Any, name: str) -> Type | None:
        if not self._same_prefixes:
            return self._grammar.named(element, name)
        try:
            return self._names[name]
        except KeyError:
            return self._names.setdefault(name, self._grammar.named(element, name))

    @staticmethod
    def _chosen(declared: Type, actual: Type) -> Type:
        """What is there counts more than what was declared, except that a bare Array says less than a declared type."""
        if isinstance(actual, Array) and isinstance(actual.item, Anything) and not isinstance(declared, Anything):
            return declared
        if isinstance(actual, Anything):
            return declared
        return actual

    def _as_array(self, element: Any, declared: Type) -> Type:
        """The type of an element that says of itself that it is an array: a declared wrapper keeps its shape."""
        if isinstance(declared, Struct):
            return declared
        items = self._named(element, element.get(ARRAY_TYPE, "").partition("[")[0])
        return ANY_ARRAY if items is None else Array(items)

    def _typed(self, element: Any, declared: Type, wanted: Wanted) -> Any:
        if isinstance(declared, Scalar):
            return self._scalar(element, declared)
        if isinstance(declared, Struct):
            return self._struct(element, declared, wanted)
        if isinstance(declared, Array):
            return self._items(element, declared.item, wanted)
        return self._anything(element, wanted)

    def _scalar(self, element: Any, scalar: Scalar) -> Any:
        text = element.text
        if len(element):
            raise DecodeProblem(repr(scalar), f"<{_local(element[0].tag)}>")
        if text is None:
            return "" if is_text(scalar) else None
        read = self._grammar.reader(scalar)
        if read is None:
            return text
        try:
            return read(text)
        except (ValueError, ArithmeticError) as exc:
            raise DecodeProblem(repr(scalar), text) from exc

    def _items(self, element: Any, item: Type, wanted: Wanted) -> list[Any]:
        found = []
        for index, child in enumerate(element):
            try:
                found.append(self.value(child, item, wanted))
            except DecodeProblem as problem:
                if not wanted.item:
                    problem.within(f"[{index}]")
                    raise
                found.append(problem)
        return found

    def _struct(self, element: Any, struct: Struct, wanted: Wanted) -> dict[str, Any] | None:
        attributes = element.attrib
        if struct.content is not None:
            return self._with_attributes(element, struct, {CONTENT: self._scalar(element, struct.content)}, wanted)
        if not len(element):
            if element.text is not None and element.text.strip():
                raise DecodeProblem("elements", element.text)
            if not struct.attributes or not attributes:
                return None
        only = struct.only_list
        if only is not None and any(mark in attributes for mark in _ARRAY_MARKS):
            inner = wanted.of(only.key)
            return {only.key: [] if inner is None else self._items(element, only.type, inner)}
        values: dict[str, Any] = {}
        fields = self._grammar.fields(struct)
        for child in element:
            tag = child.tag
            found = fields.get(tag)
            if found is None:
                local = _local(tag)
                found = fields.get(local)
                if found is None or (found.namespace and tag[0] == "{"):
                    self._unknown(child, local, values, wanted)
                    continue
            place = self._grammar.place(found)
            if place is not None:
                self._grouped(child, found, values, wanted, *place)
                continue
            inner = wanted.of(found.key)
            if inner is not None:
                self._field(child, found, values, inner, repeats=struct.wildcard)
        for child in struct.fields:
            if child.key not in values and wanted.of(child.key) is not None:
                values[child.key] = [] if child.many else None
        if struct.derived:
            _with_typename(values, struct)
        return self._with_attributes(element, struct, values, wanted)

    def _field(
        self, child: Any, found: Field, values: dict[str, Any], wanted: Wanted, *, repeats: bool = False
    ) -> None:
        """One child. Where it `repeats` by xsd:any, what says the same is no second value."""
        key = found.key
        declared = found.type
        for substitute in found.substitutes:
            if child.tag == substitute.tag:
                declared = substitute.type
        try:
            value = self.value(child, declared, wanted)
        except DecodeProblem as problem:
            problem.within(key)
            if not wanted.item:
                raise
            value = problem
        if found.many:
            values.setdefault(key, []).append(value)
        elif key in values and not (repeats and values[key] == value):
            raise DecodeProblem("one element", "several", (key,))
        else:
            values[key] = value

    def _grouped(
        self, child: Any, found: Field, values: dict[str, Any], wanted: Wanted, group: Group, index: int
    ) -> None:
        """A child of a repeated sequence: a new row starts where the order of the sequence starts again."""
        inner = wanted.of(group.key)
        if inner is None:
            return
        rows = values.setdefault(group.key, [])
        last = max((at for at, other in enumerate(group.fields) if rows and other.key in rows[-1]), default=-1)
        if not rows or index < last or (index == last and not found.many):
            rows.append({})
        self._field(child, found, rows[-1], EVERYTHING)

    def _unknown(self, child: Any, local: str, values: dict[str, Any], wanted: Wanted) -> None:
        """Servers add fields before descriptions tell of them: they are kept where they are wanted."""
        inner = wanted.of(local)
        if inner is not None:
            gather(values, local, self.value(child, ANYTHING, inner))

    def _with_attributes(self, element: Any, struct: Struct, values: dict[str, Any], wanted: Wanted) -> dict[str, Any]:
        for attribute in struct.attributes:
            if not wanted.has(attribute.key):
                continue
            text = element.get(attribute.tag)
            read = self._grammar.reader(attribute.type)
            try:
                values[attribute.key] = text if text is None or read is None else read(text)
            except (ValueError, ArithmeticError) as exc:
                raise DecodeProblem(repr(attribute.type), text, (attribute.key,)) from exc
        return values

    def _anything(self, element: Any, wanted: Wanted) -> Any:
        own = {
            _local(name): text
            for name, text in element.attrib.items()
            if not name.startswith(_IGNORED_ATTRIBUTES) and name not in ID_ATTRIBUTES
        }
        if not len(element):
            return {CONTENT: element.text, **own} if own else element.text if element.text is not None else ""
        values: dict[str, Any] = own
        for child in element:
            self._unknown(child, _local(child.tag), values, wanted)
        return values

    def _map(self, element: Any) -> dict[str, Any]:
        """An associative array of PHP: `item` elements that hold `key` and `value`."""
        values: dict[str, Any] = {}
        for item in element:
            pair = self.value(item, ANYTHING)
            if not isinstance(pair, dict) or pair.keys() != {"key", "value"}:
                raise DecodeProblem("key and value", None)
            values[str(pair["key"])] = pair["value"]
        return values


def _with_typename(values: dict[str, Any] | None, struct: Struct) -> dict[str, Any] | None:
    if values is not None:
        values[TYPENAME] = _local(struct.name or "")
    return values


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def gather(values: dict[str, Any], key: str, value: Any) -> bool:
    """Add a value of an undeclared element; the second of a name makes a list. Returns whether there was one before."""
    if key not in values:
        values[key] = value
        return False
    if isinstance(values[key], _Several):
        values[key].append(value)
    else:
        values[key] = _Several((values[key], value))
    return True


class _Several(list[Any]):
    """Values of elements of one name, told from a value that is a list by itself."""
