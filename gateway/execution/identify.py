"""Which object type a value has: `resolve_type` and `is_type_of`, asked as graphql-core asks them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from graphql import GraphQLAbstractType, GraphQLObjectType, GraphQLResolveInfo, is_object_type
from graphql.execution.executor import Executor, invalid_return_type_error
from graphql.pyutils import is_awaitable

from gateway.execution.selection import Field

if TYPE_CHECKING:
    from gateway.execution.run import Run


class Asked(NamedTuple):
    """A question that is not answered yet, and what its answer leads to; `then` raises what graphql-core raises."""

    answer: Awaitable[Any]
    then: Callable[[Any], GraphQLObjectType | Asked]


def identify(run: Run, field: Field, value: Any, info: GraphQLResolveInfo[Any]) -> GraphQLObjectType | Asked:
    """The value's object type. Raises when there is none that fits."""
    named = field.named
    if is_object_type(named):
        return _confirm(field, named, value, info)
    abstract = cast(GraphQLAbstractType, named)
    found = (abstract.resolve_type or run.type_resolver)(value, info, abstract)
    if is_awaitable(found):
        return Asked(found, lambda name: _confirm(field, _valid(field, name, value, info), value, info))
    return _confirm(field, _valid(field, found, value, info), value, info)


def _confirm(
    field: Field, object_type: GraphQLObjectType, value: Any, info: GraphQLResolveInfo[Any]
) -> GraphQLObjectType | Asked:
    if not object_type.is_type_of:
        return object_type

    def checked(answer: Any) -> GraphQLObjectType:
        if not answer:
            raise invalid_return_type_error(object_type, value, field.details)
        return object_type

    answer = object_type.is_type_of(value, info)
    return Asked(answer, checked) if is_awaitable(answer) else checked(answer)


def _valid(field: Field, found: Any, value: Any, info: GraphQLResolveInfo[Any]) -> GraphQLObjectType:
    """The type of this name, checked by graphql-core itself, so that its messages stay its own."""
    known = field.valid.get(found) if type(found) is str else None
    if known is not None:
        return known
    seen_as_executor = cast(Executor[Any], SimpleNamespace(schema=info.schema))
    abstract = cast(GraphQLAbstractType, field.named)
    valid = Executor.ensure_valid_runtime_type(seen_as_executor, found, abstract, field.details, info, value)
    field.valid[valid.name] = valid
    return valid
