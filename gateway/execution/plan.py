"""Plans: one operation with its @skip and @include decided, for one set of access rights.

Below the root the tree of selections and fields grows when a value of the type is first met, so neither fragments nor
wide interfaces can make it larger than the answers are.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Protocol

from graphql import (
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.executor import SELECTIONS_NESTED_TOO_DEEPLY
from graphql.execution.values import VariableValues

from gateway.execution.selection import Field, Origin, Selection, possible_types

__all__ = ["Field", "Origin", "Plan", "Policy", "Selection", "possible_types"]


class Policy(Protocol):
    """What a caller is refused. Policies with equal keys refuse the same."""

    @property
    def key(self) -> Hashable: ...

    def refuses(self, parent_type: GraphQLObjectType, field_name: str, field: GraphQLField) -> Exception | None:
        """The error that this field answers with, or None when it may be fetched."""
        ...


class Plan:
    """One operation of a document with its @skip and @include decided, for one set of access rights.

    Raises GraphQLError where graphql-core answers with that error and no data.
    """

    __slots__ = (
        "field_resolver",
        "fragment_definitions",
        "fragments",
        "hide_suggestions",
        "keyed",
        "operation",
        "policy",
        "root",
        "schema",
        "serial",
    )

    def __init__(
        self,
        schema: GraphQLSchema,
        operation: OperationDefinitionNode,
        fragments: dict[str, FragmentDetails],
        variables: VariableValues,
        *,
        policy: Policy | None = None,
        field_resolver: Callable[..., Any] | None = None,
        hide_suggestions: bool = False,
    ) -> None:
        self.schema = schema
        self.operation = operation
        self.fragments = fragments
        self.fragment_definitions: dict[str, FragmentDefinitionNode] = {
            name: details.definition for name, details in fragments.items()
        }
        self.policy = policy
        self.field_resolver = field_resolver
        self.hide_suggestions = hide_suggestions
        self.keyed = False
        self.serial = operation.operation is OperationType.MUTATION
        root_type = schema.get_root_type(operation.operation)
        if root_type is None:
            message = f"Schema is not configured to execute {operation.operation.value} operation."
            raise GraphQLError(message, operation)
        self.root = Selection(self, root_type, None)
        self.root.collect(variables)
        error = self.root.error
        if isinstance(error, RecursionError):
            raise GraphQLError(SELECTIONS_NESTED_TOO_DEEPLY, operation)
        if error is not None:
            raise error
        if self.serial:
            self.root.leave(self.root.fields)
        else:
            self.root.arrange(variables)

    def read_by_key(self) -> None:
        """Some objects are mappings: from now on code is generated that reads both these and attributes."""
        if self.keyed:
            return
        self.keyed = True
        pending = [self.root]
        while pending:
            selection = pending.pop()
            selection.unit = None
            for field in selection.fields:
                field.units.clear()
                pending.extend(field.selections.values())
