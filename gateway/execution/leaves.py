"""Completing scalars and enums in generated code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from graphql import GraphQLScalarType, Undefined
from graphql.type.scalars import serialize_boolean, serialize_float, serialize_id, serialize_int, serialize_string

from gateway.execution.admission import PLAIN_LEAVES
from gateway.execution.complete import LeafSurprise

Lines = list[tuple[int, str]]

GLANCE: Final = "bizgraph.glance"
"""Extension of a scalar: a class, a function and a mark. A value of exactly this class is answered as the text that the
function makes of it, unless the mark is in it; everything else is for `coerce_output_value`."""

_UNEXPECTED: tuple[tuple[Callable[[Any], Any], str], ...] = (
    (serialize_string, "type({v}) is not str"),
    (serialize_id, "type({v}) is not str"),
    (serialize_int, "type({v}) is not int or {v} > 1073741823 or {v} < -1073741823"),
    (serialize_float, "not (type({v}) is float and {v} <= 1.7976931348623157e308 and {v} >= -1.7976931348623157e308)"),
    (serialize_boolean, "{v} is not True and {v} is not False"),
)
"""For the built-in scalars: when a value is not, at a glance, as it is answered. Comparisons of one machine digit and
unchained ones are several times cheaper, so larger integers are left to the second look."""


def leaf_lines(
    surprise: LeafSurprise, handler: str, position: str, var: str, constant: Callable[[str, Any], str]
) -> Lines:
    """The lines, each with its indentation, that complete the leaf value in `var`.

    `handler` is what the code calls the surprise and `position` tells it where; `constant` names a value for the code.
    """
    call = f"{handler}({position}, {var})"
    named: Any = surprise.field.named
    nullable = not surprise.required
    coerce = named.coerce_output_value
    builtin = next((condition for function, condition in _UNEXPECTED if function is coerce), None)
    if builtin is not None:
        unexpected = builtin.format(v=var)
        condition = f"{var} is not None and ({unexpected})" if nullable else unexpected
        return [(0, f"if {condition}:"), (1, f"{var} = {call}")]
    if surprise.names is not None:
        return _enum(constant("N", surprise.names), var, call, nullable)
    if GLANCE in named.extensions:
        cls, write, mark = named.extensions[GLANCE]
        usual = f"type({var}) is {constant('C', cls)} and {mark!r} not in (z := {constant('F', write)}({var}))"
        return [
            (0, f"if {usual}: {var} = z"),
            (0, f"elif {var} is not None:" if nullable else "else:"),
            (1, f"{var} = {call}"),
        ]
    plain = constant("P", PLAIN_LEAVES)
    surprised: Lines = [(0, f"elif {var} is not None:" if nullable else "else:"), (1, f"{var} = {call}")]
    if coerce is GraphQLScalarType.serialize:
        return [(0, f"if type({var}) in {plain}: pass"), *surprised]
    return [
        (0, f"if type({var}) in {plain}:"),
        (1, "try:"),
        (2, f"z = {constant('F', coerce)}({var})"),
        (2, f"if z is None or z is {constant('U', Undefined)}: raise {handler}.unfit({var}, z)"),
        (2, f"{var} = z"),
        (1, f"except Exception as e: {var} = {handler}.failed({position}, e)"),
        *surprised,
    ]


def _enum(names: str, var: str, call: str, nullable: bool) -> Lines:
    """Names of values are remembered as they are met: type systems on top of graphql-core search for them each time."""
    lines = [(0, f"try: {var} = {names}[{var}]"), (0, f"except Exception: {var} = {call}")]
    return [(0, f"if {var} is not None:"), *((indent + 1, text) for indent, text in lines)] if nullable else lines
