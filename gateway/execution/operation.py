"""Operations: what is known of an operation before its variables are."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FragmentSpreadNode,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    VariableNode,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues
from graphql.type.directives import GraphQLDisableErrorPropagationDirective

from gateway.execution.variables import Variables

_STEERING = ("skip", "include")
_INCREMENTAL = ("defer", "stream")


class Operation:
    """One operation of a document. `uncovered` says why graphql-core has to execute it, None when it need not."""

    __slots__ = ("_steering", "document", "fragments", "node", "uncovered", "variables")

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        node: OperationDefinitionNode,
        fragments: dict[str, FragmentDetails],
    ) -> None:
        self.document = document
        self.node = node
        self.fragments = fragments
        self.variables = Variables(schema, node)
        steering: set[str] = set()
        self.uncovered = _uncovered(schema, node, fragments)
        for directive in _directives(node, fragments):
            name = directive.name.value
            if name in _INCREMENTAL:
                self.uncovered = "incremental delivery"
            elif name in _STEERING:
                values = [argument.value for argument in directive.arguments or ()]
                steering.update(value.name.value for value in values if isinstance(value, VariableNode))
        self._steering = tuple(sorted(steering))

    def steered(self, variables: VariableValues) -> Hashable:
        """What the variables decide about @skip and @include; equal answers lead to equal plans."""
        if not self._steering:
            return ()
        return tuple([_decision(variables.coerced.get(name, Undefined)) for name in self._steering])


def _decision(value: Any) -> bool | str:
    """Absent and null are errors with messages of their own, which a plan remembers."""
    if value is Undefined:
        return "absent"
    return "null" if value is None else bool(value)


def _uncovered(
    schema: GraphQLSchema, node: OperationDefinitionNode, fragments: dict[str, FragmentDetails]
) -> str | None:
    if any(schema.get_directive(name) for name in _INCREMENTAL):
        return "incremental delivery"
    if any(d.name.value == GraphQLDisableErrorPropagationDirective.name for d in node.directives or ()):
        return "error propagation"
    if any(details.variable_signatures for details in fragments.values()):
        return "fragment variables"
    return None


def _directives(node: OperationDefinitionNode, fragments: dict[str, FragmentDetails]) -> Iterator[DirectiveNode]:
    """All directives on selections of the operation and of the document's fragments."""
    pending: list[SelectionSetNode] = [node.selection_set]
    pending += [details.definition.selection_set for details in fragments.values()]
    while pending:
        for selection in pending.pop().selections:
            yield from selection.directives or ()
            if not isinstance(selection, FragmentSpreadNode):
                below: SelectionSetNode | None = selection.selection_set  # type: ignore[attr-defined] # of field, fragment
                if below is not None:
                    pending.append(below)
