"""Noting which personal data is read, of whom: exactly what an answer is made of, whatever way leads there.

Where reads are journalled, a personal field is no plain attribute any more: it is answered for a whole level by a
function that notes the level's records. Where they are not, nothing is changed and nothing is paid.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from graphql import GraphQLField, GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema

from schema.access import PERSONAL
from schema.binding import ATTRIBUTE, BATCH, Level


def watch(schema: GraphQLSchema) -> None:
    """From here on, reading a field that is marked personal is noted in the context's `reads`.

    To be called once, after `bind`, on a schema that no plan was made for yet. Raises TypeError for a personal field
    that is not read from its record alone: how often, and of whom, that is read cannot be told here.
    """
    for graphql_type in schema.type_map.values():
        if isinstance(graphql_type, GraphQLObjectType):
            for name, field in graphql_type.fields.items():
                if PERSONAL in field.extensions:
                    _watch_field(graphql_type.name, name, field)


def _watch_field(type_name: str, name: str, field: GraphQLField) -> None:
    attribute = field.extensions.pop(ATTRIBUTE, None)
    if attribute is None:
        raise TypeError(f"{type_name}.{name} is marked personal, and is no attribute of its record")
    read = attrgetter(attribute)

    def answers(parents: Sequence[Any], info: Level) -> list[Any]:
        if info.context.reads is not None:
            info.context.reads.note(name, parents)
        return [read(parent) for parent in parents]

    def resolve(parent: Any, info: GraphQLResolveInfo[Any]) -> Any:
        if info.context.reads is not None:
            info.context.reads.note(name, (parent,))
        return read(parent)

    field.extensions[BATCH] = answers
    field.resolve = resolve
