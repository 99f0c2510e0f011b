"""Worlds: a schema with data and faults, for comparing two executors.

Everything follows from a seed: where each field's value comes from, every value and every fault. A value depends on
its parent, its field and its arguments alone, so both executors meet the same world in whatever order they ask. In a
world that waits some values are awaitables; its twin that does not wait holds the same values.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from random import Random
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    is_abstract_type,
    is_object_type,
)

from tests.gateway.execution.things import Boom, KeyedThing, Later, Thing, iterating, later, streaming, thing_of

ORIGINS = ("default", "default", "attribute", "compute", "resolver", "resolver", "batch", "batch")
VALUES: dict[str, tuple[Any, ...]] = {
    "String": ("a", "b", "", "ü", 5, True, 2.5),
    "Int": (0, 1, -5, 2**31 - 1, -(2**31), 1.0, "3", True),
    "Float": (0.5, 1, -2.0, "1.5", Decimal("2.25")),
    "Boolean": (True, False, 1, 0.0),
    "ID": ("x", 1, 2**50),
    "Odd": (0, 2, 4),
}
ANYTHING = ("x", 1, [1, 2], {"k": [None]}, 0.5)
WRONG = (
    7,
    3,
    5,
    "text",
    "12",
    3.5,
    float("nan"),
    2**31,
    -(2**31) - 1,
    True,
    {"a": 1},
    [1, None],
    (),
    Undefined,
    Decimal(3),
    1 + 2j,
)


class World:
    """A schema and everything in it. `faults` is the probability that a value is not as declared.

    The fields of the schema are given their resolvers, and the extensions that the executor looks for.
    """

    def __init__(self, schema: GraphQLSchema, seed: int, faults: float) -> None:
        self.schema = schema
        self.seed = seed
        self.faults = faults
        self.calls: list[str] = []
        random = Random(f"world {seed}")
        asks_types = random.choice(("resolve_type", "is_type_of", "typename"))
        self.classes: dict[str, type[Thing]] = {}
        for named in schema.type_map.values():
            if named.name.startswith("__"):
                continue
            if is_abstract_type(named) and asks_types == "resolve_type":
                named.resolve_type = self._resolve_type
            elif is_object_type(named):
                self.classes[named.name] = type(named.name, (Thing,), {"typename": named.name})
                if asks_types == "is_type_of" or random.random() < 0.1:
                    named.is_type_of = self._is_type_of(named.name)
                for name, field in named.fields.items():
                    self._give(random, named, name, field)

    def root(self, name: str, waits: bool) -> Thing:
        return self.classes[name](name, waits)

    # Where values come from.

    def _give(self, random: Random, parent: GraphQLObjectType, name: str, field: GraphQLField) -> None:
        origin = random.choice(ORIGINS)
        output = field.type
        read = self._reader(name, output)
        if origin == "default":
            setattr(
                self.classes[parent.name], name, property(self._caller(name, output) if random.random() < 0.2 else read)
            )
        elif origin == "attribute":
            setattr(self.classes[parent.name], name, property(read))
            field.extensions["bizgraph.attribute"] = name
            field.resolve = lambda source, _info, **_args: (
                source[name] if isinstance(source, dict) else getattr(source, name)
            )
        elif origin == "compute":
            field.extensions["bizgraph.compute"] = lambda source: read(thing_of(source))
            field.resolve = lambda source, _info, **_args: read(thing_of(source))
        else:
            told, later_of = random.random() < 0.3, later
            if origin == "batch":
                told, later_of = False, Later  # its entries are dropped with it
            field.resolve = self._resolver(parent.name, name, output, told, later_of)
            if origin == "batch":
                field.extensions["bizgraph.batch"] = self._batch(field.resolve)

    def _reader(self, name: str, output: Any) -> Callable[[Thing], Any]:
        return lambda thing: self.value(thing, name, output)

    def _caller(self, name: str, output: Any) -> Callable[[Thing], Any]:
        """An attribute that is callable, which graphql-core's default resolver calls."""
        return lambda thing: lambda _info, **arguments: self.value(thing, name, output, arguments)

    def _resolver(self, parent: str, name: str, output: Any, told: bool, later_of: Any) -> Callable[..., Any]:
        """A resolver; when it is `told`, its value depends on what the executor says in `info`."""

        def resolve(source: Any, info: Any, **arguments: Any) -> Any:
            if told:
                steps, path = [], info.path
                while path is not None:
                    steps.append((path.key, path.typename))
                    path = path.prev
                arguments["told"] = steps, info.field_name, str(info.return_type), info.parent_type.name
            if parent == "Mutation":
                self.calls.append(name)
            return self.value(thing_of(source), name, output, arguments, later_of)

        return resolve

    def _batch(self, resolve: Callable[..., Any]) -> Callable[..., Any]:
        async def waited(values: list[Any]) -> list[Any]:
            await asyncio.sleep(0)
            return values

        def batch(parents: Sequence[Any], info: Any, **arguments: Any) -> Any:
            values: list[Any] = []
            for parent in parents:
                try:
                    values.append(resolve(parent, info, **arguments))
                except Exception as error:  # noqa: BLE001 - a batch hands on whatever happened to one parent
                    values.append(error)
            waits = any(getattr(thing_of(parent), "waits", False) for parent in parents)
            return waited(values) if waits and len(parents) % 2 else values

        return batch

    # Values.

    def value(
        self, thing: Thing, name: str, output: Any, arguments: dict[str, Any] | None = None, later_of: Any = None
    ) -> Any:
        random = Random(f"{self.seed}|{thing.key}|{name}|{sorted((arguments or {}).items())!r}")
        return self._made(random, output, f"{thing.key}/{name}", thing.waits, later_of or later)

    def _made(self, random: Random, output: Any, key: str, waits: bool, later_of: Any) -> Any:
        """A value of the type, or a fault; in worlds that wait, some as awaitables."""
        waited, ticks, fault, kind = (
            random.random() < 0.25,
            random.choice((0, 0, 1, 2)),
            random.random(),
            random.random(),
        )
        error: Exception | None = None
        value: Any = None
        if fault < self.faults:
            error, value = self._fault(random, kind)
        elif isinstance(output, GraphQLNonNull):
            value = self._good(random, output.of_type, key, waits)
        elif random.random() > 0.12:
            value = self._good(random, output, key, waits)
        if waits and waited:
            return later_of(ticks, error, value)
        if error is not None:
            raise error
        return value

    def _fault(self, random: Random, kind: float) -> tuple[Exception | None, Any]:
        if kind < 0.3:
            return None, None
        if kind < 0.5:
            return Boom(f"raised {random.randint(0, 9)}", random.choice((None, {"code": "BOOM"}))), None
        if kind < 0.6:
            return GraphQLError(f"said {random.randint(0, 9)}", extensions={"code": "SAID"}), None
        if kind < 0.7:
            return None, Boom(f"returned {random.randint(0, 9)}")
        return None, random.choice(WRONG)

    def _good(self, random: Random, output: Any, key: str, waits: bool) -> Any:
        if isinstance(output, GraphQLList):
            return self._list(random, output.of_type, key, waits)
        if is_object_type(output) or is_abstract_type(output):
            possible = [output] if is_object_type(output) else self.schema.get_possible_types(output)
            thing = self.classes[random.choice(possible).name](key, waits)
            return KeyedThing(thing) if random.random() < 0.3 else thing
        if isinstance(output, GraphQLEnumType):
            return random.choice(list(output.values.values())).value
        return random.choice(VALUES.get(output.name, ANYTHING))

    def _list(self, random: Random, item: Any, key: str, waits: bool) -> Any:
        container, streams = random.random(), random.random() < 0.5 and waits
        items: list[Any] = []
        for n in range(random.randint(0, 4 if key.count("/") < 4 else 1)):
            try:
                items.append(self._made(random, item, f"{key}.{n}", waits, Later))
            except Exception as error:  # noqa: BLE001 - an item may be whatever went wrong
                items.append(error)
        if container > 0.97 and self.faults > 0:
            return streaming(items, Boom("broke off")) if streams else iterating(items, Boom("broke off"))
        if container > 0.9:
            return streaming(items, None) if streams else iterating(items, None)
        return tuple(items) if container > 0.8 else items

    # Types.

    def _resolve_type(self, value: Any, info: Any, _abstract: Any) -> Any:
        thing = thing_of(value)
        if not isinstance(thing, Thing):
            return None
        random = Random(f"{self.seed}|type|{thing.key}")
        name: Any = thing.typename
        if random.random() < self.faults / 2:
            name = random.choice((None, "Nobody", info.parent_type.name, "String", 5, Boom("no type")))
        error = name if isinstance(name, Exception) else None
        if thing.waits and random.random() < 0.3:
            return Later(1, error, name)
        if error is not None:
            raise error
        return name

    def _is_type_of(self, typename: str) -> Callable[[Any, Any], Any]:
        def is_type_of(value: Any, _info: Any) -> Any:
            thing = thing_of(value)
            if not isinstance(thing, Thing):
                return False
            random = Random(f"{self.seed}|is {typename}|{thing.key}")
            answer = thing.typename == typename and random.random() >= self.faults / 2
            return Later(1, None, answer) if thing.waits and random.random() < 0.3 else answer

        return is_type_of
