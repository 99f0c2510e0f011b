"""Exact completion of single values: what generated code calls when a value is not what it hoped for.

Each place where generated code completes a value has one of these objects. It gives back a value that the code can go
on with, or None after having noted a failure, something to wait for, or an object whose type must be asked for. The
steps and their order are graphql-core's ("Value Completion" in the GraphQL specification).
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Sequence
from contextlib import suppress
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from graphql import GraphQLEnumType, GraphQLError, Undefined
from graphql.execution.executor import collect_iterator_awaitables
from graphql.pyutils import inspect, is_awaitable, is_iterable

from gateway.execution.admission import admitted, is_mapping
from gateway.execution.flights import GONE, settle_in_background
from gateway.execution.level import Indices
from gateway.execution.selection import Field

if TYPE_CHECKING:
    from gateway.execution.arrival import Arrival

_MAX_NAMES = 1024


class Surprise:
    """`fresh`: the value was just read by the default resolver, which calls what is callable. `awaited`: the value was
    awaited before, so it is not awaited again.
    """

    __slots__ = ("awaited", "depth", "field", "fresh", "required")

    def __init__(self, field: Field, depth: int, *, fresh: bool, awaited: bool) -> None:
        self.field = field
        self.depth = depth
        self.fresh = fresh
        self.awaited = awaited
        self.required = field.required[depth]

    def failed(self, arrival: Arrival, index: int, indices: Indices, error: Exception) -> None:
        arrival.fail(self.field, self.depth, index, indices, error)

    def screen(self, arrival: Arrival, index: int, indices: Indices, value: Any) -> Any:
        """The value, or None when there is nothing to complete now."""
        if value is GONE:
            return None
        if self.fresh and callable(value):
            run, field = arrival.run, self.field
            try:
                value = value(arrival.info(field, index, indices), **field.arguments.once(run.variables))
            except Exception as error:  # noqa: BLE001 - whatever a resolver raises is its field's error
                self.failed(arrival, index, indices, error)
                return None
        if not self.awaited and is_awaitable(value):
            arrival.wait(self.field, self.depth, index, indices, value)
            return None
        if isinstance(value, Exception):
            self.failed(arrival, index, indices, value)
            return None
        if value is None or value is Undefined:
            if self.required:
                self.failed(arrival, index, indices, self.field.null_error)
            return None
        return value


class LeafSurprise(Surprise):
    """Scalars and enums; of enums, `names` remembers how values are written."""

    __slots__ = ("names",)

    def __init__(self, field: Field, depth: int, *, fresh: bool, awaited: bool) -> None:
        super().__init__(field, depth, fresh=fresh, awaited=awaited)
        self.names: dict[Any, Any] | None = {} if isinstance(field.named, GraphQLEnumType) else None

    def __call__(self, arrival: Arrival, index: int, indices: Indices, value: Any) -> Any:
        value = self.screen(arrival, index, indices, value)
        if value is None:
            return None
        try:
            coerced = self.field.named.coerce_output_value(value)  # type: ignore[attr-defined] # a leaf type
            if coerced is None or coerced is Undefined:
                raise self.unfit(value, coerced)
        except Exception as error:  # noqa: BLE001 - coercers of custom scalars raise what they like
            self.failed(arrival, index, indices, error)
            return None
        if self.names is not None and len(self.names) < _MAX_NAMES and _is_name_safe(value):
            self.names[value] = coerced
        return coerced

    def unfit(self, value: Any, coerced: Any) -> TypeError:
        return TypeError(
            f"Expected `{inspect(self.field.named)}.coerce_output_value({inspect(value)})`"
            f" to return non-nullable value, returned: {inspect(coerced)}"
        )


class ListSurprise(Surprise):
    """Lists: whatever can be iterated becomes a list; text and mappings cannot."""

    __slots__ = ()

    def __call__(self, arrival: Arrival, index: int, indices: Indices, value: Any) -> Sequence[Any] | None:
        if type(value) is _Collected:
            return self._partial(arrival, index, indices, value)
        value = self.screen(arrival, index, indices, value)
        if value is None:
            return None
        if type(value) is list or type(value) is tuple:
            return value
        if hasattr(value, "__aiter__"):
            arrival.wait(self.field, self.depth, index, indices, _collect(value))
            return None
        field = self.field
        try:
            if not is_iterable(value):
                place = f"{field.parent_type.name}.{field.name}"
                raise GraphQLError(f"Expected Iterable, but did not find one for field '{place}'.")
            iterator = iter(value)
        except Exception as raised:  # noqa: BLE001 - the iterable is the resolver's code
            self.failed(arrival, index, indices, raised)
            return None
        items: list[Any] = []
        error = None
        try:
            items.extend(iterator)
        except Exception as raised:  # noqa: BLE001 - the iterator is the resolver's code
            error = raised
            settle_in_background(collect_iterator_awaitables(iterator, is_awaitable))
        return self._partial(arrival, index, indices, _Collected(items, error))

    def _partial(self, arrival: Arrival, index: int, indices: Indices, collected: _Collected) -> list[Any]:
        """The items until the iteration broke: their own errors came first and are reported beside its error."""
        if collected.error is not None:
            arrival.fail(self.field, self.depth, index, indices, collected.error, last=True)
        return collected.items


class ObjectSurprise(Surprise):
    """Objects of a type that is known without asking.

    Answers the object, its class when further instances can be trusted, and whether its fields are read by key; `seen`
    are the last such class and its way to be read. Code that is not `keyed` reads attributes only.
    """

    __slots__ = ("keyed", "seen")

    def __init__(self, field: Field, depth: int, *, fresh: bool, awaited: bool, keyed: bool) -> None:
        super().__init__(field, depth, fresh=fresh, awaited=awaited)
        self.keyed = keyed
        self.seen: tuple[type | None, bool] = (None, False)

    def __call__(self, arrival: Arrival, index: int, indices: Indices, value: Any) -> tuple[Any, type | None, bool]:
        value = self.screen(arrival, index, indices, value)
        if value is None:
            return None, None, False
        cls, mapping = type(value), is_mapping(value)
        if mapping and not self.keyed:
            self.field.host.plan.read_by_key()
            arrival.sort_later(self.field, index, indices, value)
            return None, None, False
        if not admitted(cls):
            return value, None, mapping
        self.seen = cls, mapping
        return value, cls, mapping


class TypeSurprise(Surprise):
    """Objects whose type must be asked for."""

    __slots__ = ()

    def __call__(self, arrival: Arrival, index: int, indices: Indices, value: Any) -> None:
        value = self.screen(arrival, index, indices, value)
        if value is not None:
            arrival.sort_later(self.field, index, indices, value)


class DepthSurprise(Surprise):
    """Lists nested deeper than one generated function can be; a second one goes on with them."""

    __slots__ = ()

    def __call__(self, arrival: Arrival, index: int, indices: Indices, value: Any) -> None:
        value = self.screen(arrival, index, indices, value)
        if value is not None:
            arrival.complete_later(self.field, self.depth, index, indices, value)


class _Collected(NamedTuple):
    items: list[Any]
    error: Exception | None


async def _collect(iterable: AsyncIterable[Any]) -> _Collected:
    items: list[Any] = []
    iterator: Any = None
    try:
        iterator = aiter(iterable)
        while True:
            items.append(await anext(iterator))
    except StopAsyncIteration:
        return _Collected(items, None)
    except Exception as error:  # noqa: BLE001 - the iterator is the resolver's code
        close = getattr(iterator, "aclose", None)
        if close is not None:
            with suppress(Exception):
                await close()
        return _Collected(items, error)


def _is_name_safe(value: Any) -> bool:
    """Whether equal values of an enum are written alike: not for numbers, where 1 equals True."""
    return type(value) is str or (isinstance(value, Enum) and not isinstance(value, int | float))
