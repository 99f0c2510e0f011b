"""Which object type a value has: `resolve_type` and `is_type_of`, asked as graphql-core asks them."""

from __future__ import annotations

from collections.abc import Awaitable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from graphql import GraphQLAbstractType, GraphQLObjectType, GraphQLResolveInfo, is_object_type
from graphql.execution.executor import Executor, invalid_return_type_error
from graphql.pyutils import is_awaitable

from gateway.execution.plan import Field, classes_of, possible_types

if TYPE_CHECKING:
    from gateway.execution.run import Run

TypeOrLater = GraphQLObjectType | Awaitable[GraphQLObjectType]


def identify(run: Run, field: Field, value: Any, info: GraphQLResolveInfo[Any]) -> TypeOrLater:
    """The value's object type, or an awaitable of it. Raises (or the awaitable raises) when there is none that fits."""
    named = field.named
    if is_object_type(named):
        return _confirm(field, named, value, info)
    abstract = cast(GraphQLAbstractType, named)
    found = (abstract.resolve_type or run.type_resolver)(value, info, abstract)
    if is_awaitable(found):
        return _identify_later(field, found, value, info)
    return _confirm(field, _valid(field, found, value, info), value, info)


def declared_classes(field: Field) -> dict[type, GraphQLObjectType]:
    """The object types that are told by the exact class of a value."""
    return {
        cls: object_type
        for object_type in possible_types(field.host.plan.schema, field.named)
        for cls in classes_of(object_type)
    }


def _confirm(field: Field, object_type: GraphQLObjectType, value: Any, info: GraphQLResolveInfo[Any]) -> TypeOrLater:
    if object_type.is_type_of:
        answer = object_type.is_type_of(value, info)
        if is_awaitable(answer):
            return _confirm_later(field, object_type, answer, value)
        if not answer:
            raise invalid_return_type_error(object_type, value, field.details)
    return object_type


async def _confirm_later(
    field: Field, object_type: GraphQLObjectType, answer: Awaitable[bool], value: Any
) -> GraphQLObjectType:
    if not await answer:
        raise invalid_return_type_error(object_type, value, field.details)
    return object_type


async def _identify_later(
    field: Field, found: Awaitable[Any], value: Any, info: GraphQLResolveInfo[Any]
) -> GraphQLObjectType:
    object_type = _confirm(field, _valid(field, await found, value, info), value, info)
    return await object_type if is_awaitable(object_type) else cast(GraphQLObjectType, object_type)


def _valid(field: Field, found: Any, value: Any, info: GraphQLResolveInfo[Any]) -> GraphQLObjectType:
    """The type of this name, checked by graphql-core itself, so that its messages stay its own."""
    seen_as_executor = cast(Executor[Any], SimpleNamespace(schema=info.schema))
    abstract = cast(GraphQLAbstractType, field.named)
    return Executor.ensure_valid_runtime_type(seen_as_executor, found, abstract, field.details, info, value)
