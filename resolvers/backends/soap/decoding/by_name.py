"""Elements decoded by the names of their children: in any order, with or without namespaces, with unknown fields.

Servers are seldom exact in these things, and none of them changes what a value means. Two elements where one may be is
a problem, though: to take either would lose the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from resolvers.backends.soap.decoding.grammar import ANYTHING, Grammar
from resolvers.backends.soap.decoding.interpret import Interpreter, gather
from resolvers.backends.soap.decoding.reading import FromText
from resolvers.backends.soap.decoding.wanted import Wanted
from resolvers.backends.soap.problems import DecodeProblem
from resolvers.backends.soap.types import CONTENT, NIL, TYPENAME, Attribute, Struct

Decode = Callable[[Any], Any]
"""An element → its value."""

SKIP, TEXT, SCALAR, NODE, NEW, LIST, ITEMS = range(7)
Entry = tuple[int, str, Any]
"""What to do with a child: how, its key, and what reads its text (SCALAR) or itself (all from NODE on)."""
Table = dict[str, Entry]
"""Children by qualified and by local name; filled after the decoder is made, since types may contain themselves."""
_GROWTH: Final = 256
"""How many spellings of names a table learns beyond its own: enough for every server, too few to fill the memory."""


def by_name(  # noqa: C901 - one loop, since a call per element would cost as much as all the rest
    struct: Struct,
    wanted: Wanted,
    grammar: Grammar,
    table: Table,
    attributes: Sequence[tuple[Attribute, FromText | None]],
    content: Decode | None,
) -> Decode:
    """The decoder of a struct without repeated groups."""
    asked = [child for child in struct.fields if wanted.of(child.key) is not None]
    singles = {child.key: None for child in asked if not child.many}
    lists = tuple(child.key for child in asked if child.many)
    size = len(asked)
    typename = struct.name.rpartition("}")[2] if struct.derived and struct.name else None
    find, unknown = table.get, _unknown_names(struct, wanted, grammar, table)

    def decode(element: Any) -> dict[str, Any] | None:
        values: dict[str, Any] = {}
        passed = new = 0
        key = ""
        try:
            for child in element:
                mode, key, read = find(child.tag) or unknown(child.tag)
                if mode == TEXT:
                    text = child.text
                    values[key] = text if text is not None and not len(child) else blank_text(child)
                elif mode == SCALAR:
                    text = child.text
                    values[key] = read(text) if text is not None and not len(child) else nothing(child)
                elif mode == SKIP:
                    passed += 1
                elif mode == NODE:
                    values[key] = read(child)
                elif mode == NEW:
                    if gather(values, key, read(child)):
                        passed += 1
                    else:
                        new += 1
                else:
                    passed += _append(values, key, read, child, alone=mode == ITEMS)
        except (ValueError, ArithmeticError) as exc:
            raise _unfit(struct, key, child) from exc
        except DecodeProblem as problem:
            problem.within(key)
            raise
        if len(values) + passed != len(element):
            _refuse_repeated(element, table, struct)
        if not values and not passed and _is_blank(element, struct):
            return None
        return complete(element, values, len(values) - new)

    def complete(element: Any, values: dict[str, Any], declared: int) -> dict[str, Any]:
        """With what is missing of the declared children, and with what is not among the children."""
        if declared != size:
            values = {**singles, **values}
            for key in lists:
                values.setdefault(key, [])
        if content is not None:
            values[CONTENT] = content(element)
        for attribute, reader in attributes:
            values[attribute.key] = _attribute(element, attribute, reader)
        if typename is not None:
            values[TYPENAME] = typename
        return values

    return decode


def nothing(element: Any) -> Any:
    """None for an element without text, unless it holds elements: to take the text before them would cut it."""
    if len(element):
        raise DecodeProblem("a text", "<>")
    return None


def blank_text(element: Any) -> Any:
    """The value of a text element without text: nothing where it is nil, else an empty text."""
    return nothing(element) if len(element) or element.get(NIL) in ("true", "1") else ""


def _unknown_names(struct: Struct, wanted: Wanted, grammar: Grammar, table: Table) -> Callable[[str], Entry]:
    """What to do with a name that the type does not have: another spelling of one of its own, or a new field."""
    unqualified = {child.name for child in struct.fields if not child.namespace}
    own = {child.key for child in struct.fields}

    def unknown(tag: str) -> Entry:
        local = tag.rpartition("}")[2]
        inner = wanted.of(local)
        entry: Entry
        if local in unqualified:
            entry = table[local]
        elif inner is None or local in own:
            entry = (SKIP, local, None)
        else:
            entry = (NEW, local, lambda element: Interpreter(grammar).value(element, ANYTHING, inner))
        if len(table) < 4 * len(struct.fields) + _GROWTH:
            table[tag] = entry
        return entry

    return unknown


def _append(values: dict[str, Any], key: str, read: Decode, child: Any, *, alone: bool) -> bool:
    """Add to a list, and return whether it was there already. A problem of an item that stands `alone` is its value."""
    known = key in values
    items = values.setdefault(key, [])
    if not alone:
        items.append(read(child))
        return known
    try:
        items.append(read(child))
    except DecodeProblem as problem:
        # Without its index: the same problem of many records is one problem, and where each is, its place tells.
        items.append(problem.within(key))
    return known


def _is_blank(element: Any, struct: Struct) -> bool:
    """Whether an element without children is nothing at all, rather than a value whose fields are all missing."""
    if element.get(NIL) in ("true", "1"):
        return True
    text = element.text
    if text is not None and text.strip() and struct.content is None:
        raise DecodeProblem("elements", text)
    return not element.attrib and struct.content is None


def _attribute(element: Any, attribute: Attribute, read: FromText | None) -> Any:
    text = element.get(attribute.tag)
    try:
        return text if text is None or read is None else read(text)
    except (ValueError, ArithmeticError) as exc:
        raise DecodeProblem(repr(attribute.type), text, (attribute.key,)) from exc


def _refuse_repeated(element: Any, table: Table, struct: Struct) -> None:
    """Raise DecodeProblem for what comes more than once, since to take either would lose the other.

    Where xsd:any allows it and both say the same, nothing is lost: Salesforce sends the id of every record twice.
    """
    seen: dict[str, Any] = {}
    for child in element:
        mode, key, _ = table.get(child.tag, (SKIP, "", None))
        if mode not in (TEXT, SCALAR, NODE):
            continue
        before = seen.setdefault(key, child)
        same = before.text == child.text and not len(before) and not len(child)
        if before is not child and not (struct.wildcard and same):
            raise DecodeProblem("one element", "several", (key,))
    if not struct.wildcard:
        raise DecodeProblem("one element", "several")


def _unfit(struct: Struct, key: str, child: Any) -> DecodeProblem:
    found = struct.field_named(key)
    return DecodeProblem(repr(found.type) if found else "a value", child.text, (key,))
