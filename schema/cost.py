"""What an operation costs, written where the field is and printed in the SDL, in the manner of IBM's cost directives.

The unit is one record in the answer, at most. Values within a record (amounts, addresses) and what frames a list cost
nothing; what a field has to do beyond the records that it answers says so with `@cost`.
"""

from __future__ import annotations

from typing import Any

import strawberry
from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema, is_composite_type
from strawberry.schema_directive import Location

WEIGHT = "bizgraph.weight"
SIZE = "bizgraph.size"


@strawberry.schema_directive(
    locations=[Location.OBJECT, Location.FIELD_DEFINITION],
    name="cost",
    description="What each object of the type costs (1 where nothing is said), or the field beside what it answers.",
)
class Cost:
    """The directive of IBM's GraphQL cost specification, with the weight as a number."""

    weight: int


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="listSize",
    description="How long a list is at most: what the slicing argument says, or about so long where there is none. "
    "Sized fields are the lists further below that this is said of.",
)
class ListSize:
    """The directive of the same specification."""

    assumed_size: int | None = strawberry.UNSET
    slicing_arguments: list[str] | None = strawberry.UNSET
    sized_fields: list[str] | None = strawberry.UNSET


FREE = Cost(weight=0)
"""For what comes along with a record that is counted already."""
PAGED = ListSize(slicing_arguments=["first"], sized_fields=["edges", "nodes"])
"""For fields that answer with a connection."""


def about(size: int) -> ListSize:
    """For lists that come along with their record and are about so long."""
    return ListSize(assumed_size=size)


def weigh(schema: GraphQLSchema) -> None:
    """Leave on every type and field what the computing of costs needs: WEIGHT and SIZE in `extensions`."""
    for graphql_type in schema.type_map.values():
        if graphql_type.name.startswith("__") or not is_composite_type(graphql_type):
            continue
        graphql_type.extensions[WEIGHT] = _weight_of(graphql_type, 1)
        if isinstance(graphql_type, (GraphQLObjectType, GraphQLInterfaceType)):
            for field in graphql_type.fields.values():
                field.extensions[WEIGHT] = _weight_of(field, 0)
                field.extensions[SIZE] = next(_directives_of(field, ListSize), None)


def _weight_of(node: Any, otherwise: int) -> int:
    return next((cost.weight for cost in _directives_of(node, Cost)), otherwise)


def _directives_of(node: Any, kind: type) -> Any:
    definition = node.extensions.get("strawberry-definition")
    return (found for found in getattr(definition, "directives", None) or () if isinstance(found, kind))
