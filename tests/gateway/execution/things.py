"""What worlds are made of: objects read by attribute or by key, errors, and values that take their time."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterator
from typing import Any


class Boom(Exception):
    """What resolvers raise; some carry extensions as the gateway's errors do."""

    def __init__(self, message: str, extensions: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        if extensions is not None:
            self.extensions = extensions


class Thing:
    """An object of the world. Its attributes are properties of a subclass made for its type."""

    typename = ""

    def __init__(self, key: str, waits: bool) -> None:
        self.key = key
        self.waits = waits

    def __repr__(self) -> str:
        return f"<{self.typename} {self.key}>"


class KeyedThing(dict[str, Any]):
    """The same, read by key."""

    def __init__(self, thing: Thing) -> None:
        super().__init__({"__typename": thing.typename})
        self.thing = thing

    def get(self, name: str, default: Any = None) -> Any:
        return dict.get(self, name) if name.startswith("__") else getattr(self.thing, name, default)

    def __getitem__(self, name: str) -> Any:
        return getattr(self.thing, name)

    def __repr__(self) -> str:
        return f"<keyed {self.thing!r}>"


def thing_of(source: Any) -> Thing:
    return source.thing if isinstance(source, KeyedThing) else source


class Later:
    """An awaitable that nobody has to await: lists may be dropped with their items."""

    def __init__(self, ticks: int, error: Exception | None, value: Any) -> None:
        self.what = ticks, error, value

    def __await__(self) -> Generator[Any, None, Any]:
        return later(*self.what).__await__()


async def later(ticks: int, error: Exception | None, value: Any) -> Any:
    for _ in range(ticks):
        await asyncio.sleep(0)
    if error is not None:
        raise error
    return value


def iterating(items: list[Any], error: Exception | None) -> Iterator[Any]:
    yield from items
    if error is not None:
        raise error


async def streaming(items: list[Any], error: Exception | None) -> Any:
    for item in items:
        await asyncio.sleep(0)
        yield item
    if error is not None:
        raise error
