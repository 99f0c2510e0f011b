"""The arguments of one field: folded once where they hold no variables, computed when they are needed otherwise."""

from __future__ import annotations

from typing import Any

from graphql import FieldNode, GraphQLField, ListValueNode, ObjectValueNode, ValueNode, VariableNode
from graphql.execution.values import VariableValues, get_argument_values

from gateway.execution.admission import immutable


class Arguments:
    """`constant` arguments never change between requests. `error` is what computing constant arguments raises."""

    __slots__ = ("_definition", "_folded", "_hide_suggestions", "_node", "constant", "error")

    def __init__(self, definition: GraphQLField, node: FieldNode, hide_suggestions: bool) -> None:
        self._definition = definition
        self._node = node
        self._hide_suggestions = hide_suggestions
        self._folded: dict[str, Any] | None = None
        self.error: Exception | None = None
        self.constant = not any(_holds_variable(argument.value) for argument in node.arguments or ())
        if not definition.args:
            self._folded = {}
        elif self.constant:
            try:
                values = self.compute(None)
            except Exception as error:  # noqa: BLE001 - coercers of custom scalars raise what they like; the field fails with it
                self.error = error
            else:
                self._folded = values if all(map(immutable, values.values())) else None

    def compute(self, variables: VariableValues | None) -> dict[str, Any]:
        """New values, coerced; raises what graphql-core's `get_argument_values` raises."""
        return get_argument_values(self._definition, self._node, variables, None, self._hide_suggestions)

    def shared(self, variables: VariableValues) -> dict[str, Any] | None:
        """Values that several calls may be given, or None when each call needs its own (`compute`)."""
        if self._folded is not None:
            return self._folded
        values = self.compute(variables)
        return values if all(map(immutable, values.values())) else None

    def once(self, variables: VariableValues) -> dict[str, Any]:
        """Values for a single call."""
        return self._folded if self._folded is not None else self.compute(variables)


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
