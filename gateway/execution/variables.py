"""Variables: the common ones are coerced here, everything else, and every error, by graphql-core.

graphql-core looks up types and builds signatures for each request anew. Here this is done once per operation, and a
value that already is what its type wants passes with one check.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values
from graphql.type.scalars import coerce_boolean, coerce_float, coerce_id, coerce_int, coerce_string
from graphql.utilities.coerce_input_value import coerce_default_value

from gateway.execution.admission import immutable

_LARGEST_FLOAT = 1.7976931348623157e308
_FITS: tuple[tuple[Callable[[Any], Any], Callable[[Any], bool]], ...] = (
    (coerce_string, lambda value: type(value) is str),
    (coerce_id, lambda value: type(value) is str),
    (coerce_boolean, lambda value: type(value) is bool),
    (coerce_int, lambda value: type(value) is int and -(2**31) <= value < 2**31),
    (coerce_float, lambda value: type(value) is float and -_LARGEST_FLOAT <= value <= _LARGEST_FLOAT),
)
"""For the built-in scalars: whether a value is its own coerced value."""


class Variables:
    """The variables of one operation."""

    __slots__ = ("_definitions", "_schema", "_simple")

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        self._schema = schema
        self._definitions = operation.variable_definitions or ()
        self._simple: list[_Simple] | None = []
        for definition in self._definitions:
            signature = get_variable_signature(schema, definition)
            simple = None if isinstance(signature, GraphQLError) else _Simple.of(signature)
            if simple is None:
                self._simple = None
                break
            self._simple.append(simple)

    def coerce(
        self, given: dict[str, Any] | None, max_errors: int, hide_suggestions: bool
    ) -> VariableValues | list[GraphQLError]:
        """The coerced values, or the request errors (GraphQL specification, "Coercing Variable Values")."""
        values = given or {}
        if self._simple is not None:
            passed = self._pass(self._simple, values)
            if passed is not None:
                return passed
        return get_variable_values(self._schema, self._definitions, values, max_errors, hide_suggestions)

    @staticmethod
    def _pass(simple: list[_Simple], values: dict[str, Any]) -> VariableValues | None:
        """The coerced values, or None when one of them needs more than a look."""
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for variable in simple:
            name = variable.signature.name
            value = values.get(name, Undefined)
            if value is Undefined:
                if variable.required and variable.default is Undefined:
                    return None
                sources[name] = variable.absent
                if variable.default is not Undefined:
                    coerced[name] = variable.default
                continue
            sources[name] = VariableValueSource(variable.signature, value)
            coerced[name] = value = variable.coerce(value)
            if value is Undefined:
                return None
        return VariableValues(sources, coerced)


class _Simple:
    """A variable of a built-in scalar type, or of a list of one."""

    __slots__ = ("_fits", "_items", "absent", "default", "required", "signature")

    def __init__(
        self,
        signature: GraphQLVariableSignature,
        required: bool,
        items: bool,
        fits: Callable[[Any], bool],
        default: Any,
    ) -> None:
        self.signature = signature
        self.absent = VariableValueSource(signature)
        self.required = required
        self.default = default
        self._items = items
        self._fits = fits

    @staticmethod
    def of(signature: GraphQLVariableSignature) -> _Simple | None:
        inner: Any = signature.type
        if required := is_non_null_type(inner):
            inner = inner.of_type
        if items := is_list_type(inner):
            inner = inner.of_type
            if is_non_null_type(inner):
                inner = inner.of_type
        coerce = getattr(inner, "coerce_input_value", None)
        fits = next((fits for function, fits in _FITS if function is coerce), None)
        if fits is None:
            return None
        try:
            default = coerce_default_value(signature)
        except TypeError:  # graphql-core explains it to the caller
            return None
        if default is not Undefined and not immutable(default):
            return None
        return _Simple(signature, required, items, fits, default)

    def coerce(self, value: Any) -> Any:
        """The coerced value, or Undefined when it is not simply the given one."""
        if value is None:
            return Undefined if self.required else None
        if not self._items:
            return value if self._fits(value) else Undefined
        return list(value) if type(value) is list and all(map(self._fits, value)) else Undefined
