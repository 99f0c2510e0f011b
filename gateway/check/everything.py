"""One operation that asks for every field of the graph which needs no argument, a few relations deep."""

from __future__ import annotations

from typing import Final

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

DEPTH: Final = 5
"""Objects within objects: from the root by a page and its records to what hangs on them, and back to the owner."""


def everything(schema: GraphQLSchema, depth: int = DEPTH) -> str:
    """The operation's text, with `__typename` of every object."""
    query = schema.query_type
    assert query is not None
    return _selection(query, depth)


def _selection(found: GraphQLObjectType, depth: int) -> str:
    asked = ["__typename"]
    for name, field in found.fields.items():
        if any(is_required_argument(argument) for argument in field.args.values()):
            continue
        if is_leaf_type(get_named_type(field.type)):
            asked.append(name)
        elif depth and (below := _below(field, depth)):
            asked.append(f"{name} {below}")
    return "{ " + " ".join(asked) + " }"


def _below(field: GraphQLField, depth: int) -> str:
    named = get_named_type(field.type)
    return _selection(named, depth - 1) if isinstance(named, GraphQLObjectType) else ""
