"""Generated decoders for elements that come as the schema says: every child at most once, in order, under its own name.

Most servers send exactly that, and then no name has to be looked up: the code asks for one child after the other, with
the conversions written in. Whatever is not so (another order, a missing namespace, an unknown field, a value
that does not convert) makes it give up, and the decoder that goes by names (by_name.py) starts over.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from msgspec import Struct as Record

from resolvers.backends.soap.decoding.by_name import blank_text, nothing
from resolvers.backends.soap.decoding.reading import INTEGERS, FromText, boolean, day, decimal, integer
from resolvers.backends.soap.types import Attribute, Scalar, Struct, Type

InOrder = Callable[[Any], dict[str, Any] | None]
"""An element → its values, or None when it is not in order. It may raise what conversions raise."""


class Child(Record, frozen=True):
    """A child element to generate code for.

    `decode` takes the element, `read` its text; with neither, the text is the value.
    """

    key: str
    tag: str
    many: bool
    wanted: bool
    type: Type
    read: FromText | None = None
    decode: Callable[[Any], Any] | None = None


def in_order(
    struct: Struct,
    children: list[Child],
    attributes: list[tuple[Attribute, FromText | None]],
) -> InOrder:
    """The generated decoder of a struct without groups, text content or wildcards."""
    scope: dict[str, Any] = {
        "blank_text": blank_text,
        "nothing": nothing,
        "Decimal": Decimal,
        "day": day,
        "decimal": decimal,
        "integer": integer,
        "boolean": boolean,
        "from_iso": date.fromisoformat,
    }
    lines = ["def decode(element):", " children = iter(element)", " child = next(children, None)"]
    lines += [" if child is None: return None", " values = {}"]
    for index, child in enumerate(children):
        lines += _child(index, child, scope)
    lines.append(" if child is not None: return None")
    for index, (attribute, read) in enumerate(attributes):
        scope[f"attribute{index}"] = read
        value = f"element.get({attribute.tag!r})"
        if read is not None:
            lines.append(f" text = {value}")
            value = f"attribute{index}(text) if text is not None else None"
        lines.append(f" values[{attribute.key!r}] = {value}")
    lines.append(" return values")
    code = compile("\n".join(lines), f"<decoder of {struct.name or 'a nameless type'}>", "exec")
    exec(code, scope)  # noqa: S102 - generated from the schema's names, each of them quoted
    made: InOrder = scope["decode"]
    return made


def _child(index: int, child: Child, scope: dict[str, Any]) -> list[str]:
    """The lines that take one child, or all of its name where it repeats."""
    here = f"child is not None and child.tag == {child.tag!r}"
    step = "  child = next(children, None)"
    if not child.wanted:
        return [f" {'while' if child.many else 'if'} {here}:", step]
    scope[f"read{index}"] = child.decode or child.read
    text, value = _value(index, child)
    place = f"values[{child.key!r}]"
    if child.many:
        return [f" items{index} = {place} = []", f" while {here}:", *text, f"  items{index}.append({value})", step]
    return [f" if {here}:", *text, f"  {place} = {value}", step, f" else: {place} = None"]


def _value(index: int, child: Child) -> tuple[list[str], str]:
    """The line that takes the current child's text, where it is needed, and the expression for its value."""
    if child.decode is not None:
        return [], f"read{index}(child)"
    text = ["  text = child.text if not len(child) else None"]
    if child.read is None:
        return text, "text if text is not None else blank_text(child)"
    return text, f"({_conversion(index, child)}) if text is not None else nothing(child)"


def _conversion(index: int, child: Child) -> str:
    """The usual form of a value without a call; its reader for all others."""
    scalar = child.type
    if not isinstance(scalar, Scalar):
        return f"read{index}(text)"
    if scalar.base in INTEGERS:
        return "int(text) if text.isdigit() and text.isascii() else integer(text)"
    if scalar.base == "decimal":
        return 'Decimal(text) if text.replace(".", "", 1).isdigit() and text.isascii() else decimal(text)'
    if scalar.base == "date":
        return 'from_iso(text) if len(text) == 10 and text[4] == text[7] == "-" else day(text)'
    if scalar.base == "boolean":
        return 'True if text == "true" else False if text == "false" else boolean(text)'
    return f"read{index}(text)"
