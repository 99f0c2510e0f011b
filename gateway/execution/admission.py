"""Which classes of values need no second look.

graphql-core asks of every value whether it is awaitable, an exception or a callable. For most classes the answer is
the same for every instance; those classes are *admitted* here, and generated code trusts their instances after one
look at `type(value)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from types import GeneratorType
from typing import Any
from uuid import UUID

PLAIN_LEAVES: frozenset[type] = frozenset(
    {str, int, float, bool, bytes, Decimal, Fraction, datetime, date, time, timedelta, UUID, dict, list, tuple}
)
"""Classes of leaf values that are never awaitable, callable or an exception."""

_IMMUTABLE = PLAIN_LEAVES - {dict, list, tuple} | {type(None)}
_MAX_ADMITTED = 4096
_admitted: dict[type, bool] = {}


def admitted(cls: type) -> bool:
    """Whether instances of this class can be taken as plain values: not awaitable, not callable, not an exception.

    Classes that compute their attributes (`__getattr__`) may turn out to be any of these and are not admitted.
    """
    answer = _admitted.get(cls)
    if answer is None:
        if len(_admitted) >= _MAX_ADMITTED:  # programs that make classes as they go must not fill the memory
            _admitted.clear()
        answer = _admitted[cls] = _look(cls)
    return answer


def _look(cls: type) -> bool:
    if issubclass(cls, (BaseException, GeneratorType)) or cls is type(None):
        return False
    if cls.__getattribute__ is not object.__getattribute__ or hasattr(cls, "__getattr__"):
        return False
    return not (hasattr(cls, "__await__") or hasattr(cls, "__aiter__") or hasattr(cls, "__call__"))


def is_mapping(value: Any) -> bool:
    """Whether fields of this object are read by key, as graphql-core's default resolver decides it."""
    return isinstance(value, Mapping)


def immutable(value: Any) -> bool:
    """Whether the value can be handed to several resolvers without one seeing what another did to it."""
    return type(value) in _IMMUTABLE or isinstance(value, Enum)
