"""What graphql-core executes itself, and how access rules hold there too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphql import GraphQLResolveInfo, MiddlewareManager

from gateway.execution.plan import Policy

_HARMLESS = {"subscribe_field_resolver", "enable_early_execution"}


def uncovered_arguments(arguments: Mapping[str, Any]) -> str | None:
    """The first argument of `execute` that only graphql-core can honour."""
    for name, value in arguments.items():
        if value is not None and name not in _HARMLESS:
            return name.replace("_", " ")
    return None


class Refusing:
    """Middleware that refuses fields before their resolver is called."""

    __slots__ = ("_policy",)

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def resolve(self, resolve: Callable[..., Any], source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        field = info.schema.get_field(info.parent_type, info.field_name)
        if field is not None and info.field_name != "__typename":
            refusal = self._policy.refuses(info.parent_type, info.field_name, field)
            if refusal is not None:
                raise refusal
        return resolve(source, info, **arguments)

    def around(self, middleware: Any) -> Any:
        """This middleware outside of the given one, so that nothing runs for a refused field."""
        if middleware is None:
            return MiddlewareManager(self)
        if isinstance(middleware, MiddlewareManager):
            return MiddlewareManager(*middleware.middlewares, self)
        return [*middleware, self] if isinstance(middleware, (list, tuple)) else middleware
