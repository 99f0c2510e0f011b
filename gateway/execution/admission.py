"""Which classes of values need no second look.

graphql-core asks of every value whether it is awaitable, callable or an exception. For most classes the answer is the
same for every instance; those classes are *admitted*, and generated code trusts their instances after one look at
`type(value)`.
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
_PLAIN_ATTRIBUTES = PLAIN_LEAVES | {object, set, frozenset}
_TELLTALES = ("__await__", "__aiter__", "__call__", "__getattr__")
_MAX_ADMITTED = 4096
_admitted: dict[type, bool] = {}


def admitted(cls: type) -> bool:
    """Whether instances of this class are plain values: not awaitable, not iterated asynchronously, not callable, not
    an exception. Classes that compute their attributes may turn out to be any of these and are not admitted.
    """
    answer = _admitted.get(cls)
    if answer is None:
        if len(_admitted) >= _MAX_ADMITTED:  # programs that make classes as they go must not fill the memory
            _admitted.clear()
        answer = _admitted[cls] = _is_plain(cls)
    return answer


def _is_plain(cls: type) -> bool:
    if cls in PLAIN_LEAVES:
        return True
    if cls is type(None) or issubclass(cls, (BaseException, GeneratorType)):
        return False
    lineage = cls.__mro__
    if any(name in ancestor.__dict__ for ancestor in lineage for name in _TELLTALES):
        return False
    return next(a for a in lineage if "__getattribute__" in a.__dict__) in _PLAIN_ATTRIBUTES


def is_mapping(value: Any) -> bool:
    """Whether the fields of this object are read by key, as graphql-core's default resolver decides it."""
    return isinstance(value, Mapping)


def immutable(value: Any) -> bool:
    """Whether the value can be handed to several resolvers without one seeing what another did to it."""
    return type(value) in _IMMUTABLE or isinstance(value, Enum)
