"""Python in place of a backend: what `adapter = "my_company.crm:Customers"` names, and what it has to offer.

The name leads to a class, of which one object is made at start without arguments, or to a ready object. Its async
methods are the operations of the domain under the names that they have in `bizgraph.toml`; those that it lacks
are not offered. Batches, cache, deadlines, retries, the breaker and access are around it as around any backend.

    class Customers:
        accepts = {"list": {"status"}}

        async def by_ids(self, keys, args, caller):
            rows = await self.db.fetch("select id, name from customers where id = any($1)", keys)
            return [{"id": row["id"], "name": row["name"]} for row in rows]

        async def list(self, first, after, args, caller):
            ...
            return Listing(rows, has_next=more)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from importlib import import_module
from inspect import iscoroutinefunction
from typing import Any, Protocol

from msgspec import Struct

from resolvers.backends.ports import Scalar

Item = Struct | Mapping[str, Any]
"""A record (`resolvers.records`), or a mapping that holds its fields; `[DOMAIN.fields]` says where they differ."""
Arguments = Mapping[str, Scalar | tuple[Scalar, ...]]
"""Filters and orders by name: only those that `accepts` names are ever given."""
Caller = Mapping[str, str]
"""What of the caller `forward` of the backend names, by header; empty where it names nothing."""


class Listing(Struct, frozen=True):
    """One page of a list. `positions` has one opaque text per item; without it, positions count the items before."""

    items: Sequence[Item]
    has_next: bool = False
    total: int | None = None
    positions: Sequence[str] | None = None


class Keyed(Protocol):
    """`by_ids`, `by_skus`, `by_customers`, `by_orders`: the records of these keys, in any order.

    A key without a record is left out. What is raised other than a BackendError is told as BACKEND_FAILED, with the
    exception as its cause in the log; what takes longer than the backend's `timeout` is cancelled.
    """

    async def __call__(self, keys: Sequence[str], args: Arguments, caller: Caller) -> Iterable[Item]: ...


class Listed(Protocol):
    """`list`: at most `first` records after the position `after`; None is the start.

    Any iterable but a Listing is taken for the whole list, of which the gateway cuts the page.
    """

    async def __call__(
        self, first: int, after: str | None, args: Arguments, caller: Caller
    ) -> Listing | Iterable[Item]: ...


class Adapter(Protocol):
    """What an adapter may have besides its operations; each of it may be missing."""

    accepts: Mapping[str, Collection[str]]
    """The arguments that an operation takes besides keys, by the operation's name: `{"list": {"status", "sort"}}`."""

    async def open(self) -> None:
        """Called once in the event loop, before the first operation."""
        ...

    async def close(self) -> None:
        """Called once, after the last operation."""
        ...


class AdapterError(ValueError):
    """The name leads to nothing that can be used; the message says why."""


def find(name: str) -> Any:
    """What stands under `module:attribute`. Raises AdapterError."""
    module, separator, attributes = name.partition(":")
    if not separator or not module or not attributes:
        raise AdapterError("write module:class, such as my_company.crm:Customers")
    try:
        value: Any = import_module(module)
        for attribute in attributes.split("."):
            value = getattr(value, attribute)
    except Exception as error:  # other people's modules may raise anything
        raise AdapterError(f"cannot import {name}: {type(error).__name__}: {error}") from error
    return value


def offered(target: Any, operations: Iterable[str]) -> list[str]:
    """Which of these operations the adapter has. Raises AdapterError for a method that is not async."""
    names = [name for name in operations if getattr(target, name, None) is not None]
    for name in names:
        if not iscoroutinefunction(getattr(target, name)):
            raise AdapterError(f"{name} has to be an async method")
    return names


def check_accepts(target: Any, arguments: Mapping[str, Collection[str]]) -> None:
    """Raises AdapterError where the adapter's `accepts` names what is never given; `arguments` are those that are."""
    for name, accepted in getattr(target, "accepts", {}).items():
        if not hasattr(target, name):
            raise AdapterError(f"accepts names {name}, and there is no such method")
        if name not in arguments:
            continue  # An adapter may serve several domains.
        if isinstance(accepted, str) or not set(accepted) <= set(arguments[name]):
            told = accepted if isinstance(accepted, str) else min(set(accepted) - set(arguments[name]))
            known = ", ".join(sorted(arguments[name])) or "none"
            raise AdapterError(f"accepts of {name} names {told}: write a set of its arguments, which are {known}")


def made(target: Any) -> Any:
    """The adapter: the object itself, or one of the class. Raises AdapterError."""
    if not isinstance(target, type):
        return target
    try:
        return target()
    except Exception as error:
        raise AdapterError(f"{target.__name__}() failed: {type(error).__name__}: {error}") from error
