"""What an operation costs before it runs: the records that its answer may hold at most, as the schema weighs them.

    cost of a field  = its own weight + size × (weight of its type + cost of what is asked of it)

`size` is 1 for single values, what `first` says for pages (as far as a page may go), and what `@listSize` assumes for
other lists. Fields that meet under one response name count once, as they are executed once; of the types behind an
interface the dearest counts. The work is linear in the document with its fragments expanded, which `limits.document`
bounds, and is done once per operation: what remains for each request is multiplying sizes that its variables tell.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    value_from_ast_untyped,
)
from msgspec import Struct

from gateway.execution.documents import Document, Operation
from gateway.execution.lru import Lru
from gateway.limits.terms import Sum, total
from gateway.limits.weighing import Weighing, steering
from resolvers.errors import OperationTooLarge


class Cost(Struct, frozen=True):
    """What an operation costs, in all and by the response names of its root fields."""

    value: int
    by_field: Mapping[str, int]


class Costs:
    """The costs of operations of one schema; those of at most `entries` operations are remembered."""

    def __init__(self, schema: GraphQLSchema, *, max_page: int = 200, entries: int = 1_000) -> None:
        self._schema = schema
        self._max_page = max_page
        self._known: Lru[Operation, _Weighed] = Lru(entries=entries, bytes=entries)

    def value(self, document: Document, operation: Operation, variables: Mapping[str, Any]) -> int:
        """The cost of an operation of a valid document, with the variables as they were sent."""
        weighed = self._known.get(operation)
        if weighed is None:
            assert document.ast is not None  # it is valid
            weighed = _Weighed(self._schema, document.ast, operation.node, self._max_page)
            self._known.put(operation, weighed, 1)
        return weighed.whole(variables).value(variables)


def cost_of(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
    max_page: int = 200,
) -> Cost:
    """What an operation of a valid document costs, and which of its root fields how much."""
    roots = _Weighed(schema, document, operation, max_page).roots(variables)
    by_field = {name: cost.value(variables) for name, cost in roots.items()}
    return Cost(sum(by_field.values()), by_field)


def require_affordable(cost: int, most: int) -> None:
    """Raise OperationTooLarge for a cost beyond the limit."""
    if cost > most:
        raise OperationTooLarge(
            f"The operation is too large: cost {cost}, allowed {most}.", limit="cost", allowed=most, actual=cost
        )


class _Weighed:
    """One operation, weighed for each of the ways in which its variables steer @skip and @include."""

    __slots__ = ("_defaults", "_fragments", "_max_page", "_operation", "_schema", "_steering", "_wholes")

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, max_page: int
    ) -> None:
        self._max_page = max_page
        self._schema = schema
        self._operation = operation
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._defaults = {
            variable.variable.name.value: value_from_ast_untyped(variable.default_value)
            for variable in operation.variable_definitions or ()
            if variable.default_value is not None
        }
        sets = [operation.selection_set, *(fragment.selection_set for fragment in self._fragments.values())]
        self._steering = tuple({name for found in sets for name in steering(found)})
        self._wholes: Lru[Hashable, Sum] = Lru(entries=16, bytes=16)

    def whole(self, variables: Mapping[str, Any]) -> Sum:
        key = tuple([variables.get(name) for name in self._steering]) if self._steering else ()
        # Only true and false steer; what else was sent for them is refused later.
        key = tuple([value if value.__class__ is bool else None for value in key])
        whole = self._wholes.get(key)
        if whole is None:
            whole = total(self.roots(variables).values())
            self._wholes.put(key, whole, 1)
        return whole

    def roots(self, variables: Mapping[str, Any]) -> dict[str, Sum]:
        root = self._schema.get_root_type(self._operation.operation)
        assert root is not None  # validation has seen to it
        steered = {name: variables.get(name, self._defaults.get(name)) for name in self._steering}
        weighing = Weighing(self._schema, self._fragments, self._defaults, steered, self._max_page)
        return weighing.fields(root, [self._operation.selection_set], None)
