"""The arguments of one field: folded once where they hold no variables, computed when they are needed otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from graphql import (
    FieldNode,
    GraphQLField,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    is_non_null_type,
)
from graphql.execution.values import VariableValues, get_argument_values

from gateway.execution.admission import immutable

ARGUMENTS: Final = "bizgraph.arguments"
"""Extension of a field that is answered for a whole level: makes the function's arguments of GraphQL's."""


class Arguments:
    """`constant` arguments never change between requests. `error` is what computing constant arguments raises."""

    __slots__ = (
        "_convert",
        "_definition",
        "_direct",
        "_folded",
        "_hide_suggestions",
        "_node",
        "_rest",
        "constant",
        "error",
    )

    def __init__(self, definition: GraphQLField, node: FieldNode, hide_suggestions: bool) -> None:
        self._definition = definition
        self._node = node
        self._hide_suggestions = hide_suggestions
        self._convert: Callable[[dict[str, Any]], dict[str, Any]] | None = definition.extensions.get(ARGUMENTS)
        self._folded: dict[str, Any] | None = None
        self._direct = _direct(definition, node)
        self._rest: dict[str, Any] | None = None
        self.error: Exception | None = None
        self.constant = not any(_holds_variable(argument.value) for argument in node.arguments or ())
        if not definition.args:
            self._folded = {}
        elif self.constant:
            try:
                values = self._converted(self.compute(None))
            except Exception as error:  # noqa: BLE001 - coercers of custom scalars raise what they like; the field fails with it
                self.error = error
            else:
                self._folded = values if all(map(immutable, values.values())) else None

    def compute(self, variables: VariableValues | None) -> dict[str, Any]:
        """New values, coerced; raises what graphql-core's `get_argument_values` raises."""
        if self._rest is not None and variables is not None:
            values = self._rest.copy()
            for name, variable, required in self._direct:
                value = variables.coerced.get(variable, Undefined)
                if value is Undefined or (required and value is None):
                    break  # there may be a default, or an error
                values[name] = value
            else:
                return values
        values = get_argument_values(self._definition, self._node, variables, None, self._hide_suggestions)
        if self._direct and self._rest is None and self._is_rest_constant(values):
            self._rest = values.copy()
        return values

    def _is_rest_constant(self, values: dict[str, Any]) -> bool:
        """Whether these values, but for those of the variables, are the ones of every request."""
        direct = {name for name, _, _ in self._direct}
        return direct <= values.keys() and all(immutable(value) for name, value in values.items() if name not in direct)

    def shared(self, variables: VariableValues) -> dict[str, Any] | None:
        """Values that several calls may be given, or None when each call needs its own (`compute`)."""
        if self._folded is not None:
            return self._folded
        values = self.compute(variables)
        return values if all(map(immutable, values.values())) else None

    def once(self, variables: VariableValues) -> dict[str, Any]:
        """Values for a single call, converted as the field wants it."""
        return self._folded if self._folded is not None else self._converted(self.compute(variables))

    def _converted(self, values: dict[str, Any]) -> dict[str, Any]:
        return values if self._convert is None else self._convert(values)


def _direct(definition: GraphQLField, node: FieldNode) -> tuple[tuple[str, str, bool], ...]:
    """The arguments that are a variable and nothing else: the resolver's name, the variable, and whether null is
    forbidden. Empty where an argument holds variables further inside, or two arguments share a name."""
    names = [declared.out_name or name for name, declared in definition.args.items()]
    if len(set(names)) != len(names):
        return ()
    direct: list[tuple[str, str, bool]] = []
    for argument in node.arguments or ():
        declared = definition.args.get(argument.name.value)
        if declared is None:
            continue
        if isinstance(argument.value, VariableNode):
            name = declared.out_name or argument.name.value
            direct.append((name, argument.value.name.value, is_non_null_type(declared.type)))
        elif _holds_variable(argument.value):
            return ()
    return tuple(direct)


def _holds_variable(node: ValueNode) -> bool:
    pending: list[ValueNode] = [node]
    while pending:
        value = pending.pop()
        if isinstance(value, VariableNode):
            return True
        if isinstance(value, ListValueNode):
            pending.extend(value.values)
        elif isinstance(value, ObjectValueNode):
            pending.extend(field.value for field in value.fields)
    return False
