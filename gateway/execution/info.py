"""What a batch function is told about its level."""

from __future__ import annotations

from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
)
from graphql.execution.values import VariableValues

from gateway.execution.selection import Field, Origin, possible_types


class LevelInfo:
    """The counterpart of GraphQLResolveInfo for a field that is answered for all parents at once.

    `path` is the response path without list indices, and `place` what can tell it at any time without keeping the rest
    alive. `selects` tells what the field's own selection asks for, with fragments merged and @skip and @include
    decided; what the caller is refused does not count as asked for.
    """

    __slots__ = ("_field", "context", "root_value", "variable_values")

    def __init__(self, field: Field, context: Any, root_value: Any, variable_values: VariableValues) -> None:
        self._field = field
        self.context = context
        self.root_value = root_value
        self.variable_values = variable_values

    @property
    def field_name(self) -> str:
        return self._field.name

    @property
    def field_nodes(self) -> list[FieldNode]:
        return self._field.nodes

    @property
    def parent_type(self) -> GraphQLObjectType:
        return self._field.parent_type

    @property
    def return_type(self) -> GraphQLOutputType:
        return self._field.return_type

    @property
    def schema(self) -> GraphQLSchema:
        return self._field.host.plan.schema

    @property
    def operation(self) -> OperationDefinitionNode:
        return self._field.host.plan.operation

    @property
    def fragments(self) -> dict[str, FragmentDefinitionNode]:
        return self._field.host.plan.fragment_definitions

    @property
    def place(self) -> Field:
        return self._field

    @property
    def path(self) -> tuple[str, ...]:
        return self._field.path

    def selects(self, name: str) -> bool:
        """Whether the field of this GraphQL name is asked for on what this field answers."""
        return _asks(self._field, (name,), self.variable_values)

    def selects_path(self, *names: str) -> bool:
        """Whether a field further below is asked for: `selects_path("pageInfo", "hasNextPage")`."""
        return _asks(self._field, names, self.variable_values)


def _asks(field: Field, names: tuple[str, ...], variables: VariableValues) -> bool:
    answer = field.asked.get(names)
    if answer is None:
        answer = field.asked[names] = _look(field, names, variables)
    return answer


def _look(field: Field, names: tuple[str, ...], variables: VariableValues) -> bool:
    first, rest = names[0], names[1:]
    for object_type in possible_types(field.host.plan.schema, field.named):
        for below in field.selection(object_type, variables).fields:
            asked = below.name == first and below.origin is not Origin.REFUSED
            if asked and (not rest or _asks(below, rest, variables)):
                return True
    return False
