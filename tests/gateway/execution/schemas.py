"""Random schemas: interfaces, unions, nested lists, non-null anywhere, arguments, picky scalars, enums of any value."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    GraphQLUnionType,
    Undefined,
)

from gateway.execution.leaves import GLANCE


def _odd(value: Any) -> Any:
    """A custom scalar that is picky: raises for 3, gives nothing for 5 and 7, doubles the rest."""
    if value == 3:
        raise ValueError("Odd cannot be 3")
    if value in (5, 7):
        return None if value == 5 else Undefined
    return value * 2


def _loud(value: Any) -> str:
    """A custom scalar whose usual values the executor writes itself: text in capitals, unless there is an X in it."""
    if not isinstance(value, str):
        raise TypeError("Loud is text")
    text = str.upper(value)
    return "unknown" if "X" in text else text


class _Maker:
    def __init__(self, random: Random) -> None:
        self.random = random
        colour = GraphQLEnumType(
            "Colour", {"RED": GraphQLEnumValue(1), "GREEN": GraphQLEnumValue("g"), "BLUE": GraphQLEnumValue((0, 0, 1))}
        )
        plain: list[Any] = [GraphQLString, GraphQLInt, GraphQLFloat, GraphQLBoolean, GraphQLID, colour]
        odd = GraphQLScalarType("Odd", coerce_output_value=_odd)
        loud = GraphQLScalarType("Loud", coerce_output_value=_loud, extensions={GLANCE: (str, str.upper, "X")})
        self.leaves = [*plain, odd, loud, GraphQLScalarType("Any")]
        fields = {
            "text": GraphQLInputField(GraphQLString, default_value="all"),
            "limit": GraphQLInputField(GraphQLNonNull(GraphQLInt)),
            "colours": GraphQLInputField(GraphQLList(GraphQLNonNull(colour)), out_name="hues"),
        }
        one = {"text": GraphQLInputField(GraphQLString), "colours": GraphQLInputField(GraphQLList(colour))}
        self.inputs = [
            *plain,
            GraphQLInputObjectType("Filter", fields),
            GraphQLInputObjectType("OneOf", one, is_one_of=True),
        ]
        self.defaults: dict[str, Any] = {
            "String": "some",
            "Int": 3,
            "Float": 0.5,
            "Boolean": True,
            "ID": "i",
            "Colour": "g",
            "Filter": {"limit": 2, "hues": [1]},
            "OneOf": {"text": "one"},
        }
        self.composites: list[Any] = []

    def schema(self) -> GraphQLSchema:
        random = self.random
        shared = {f"s{n}": self.output(random.choice(self.leaves)) for n in range(3)}
        face = GraphQLInterfaceType("Face", lambda: {name: GraphQLField(output) for name, output in shared.items()})
        shared |= {"face": face, "faces": GraphQLList(GraphQLNonNull(face))}
        names = [f"T{n}" for n in range(random.randint(2, 5))]
        with_face = [name for name in names if random.random() < 0.6] or names[:1]
        objects = [
            GraphQLObjectType(
                name, self.fields(shared if name in with_face else {}), interfaces=[face] if name in with_face else []
            )
            for name in names
        ]
        either = GraphQLUnionType("Either", random.sample(objects, min(len(objects), random.randint(1, 3))))
        self.composites += [face, either, *objects, *objects]
        roots = [GraphQLObjectType(name, self.fields({})) for name in ("Query", "Mutation")]
        return GraphQLSchema(*roots, types=objects)

    def fields(self, shared: dict[str, Any]) -> Callable[[], dict[str, GraphQLField]]:
        random = Random(self.random.random())

        def make() -> dict[str, GraphQLField]:
            made = {name: self.field(random, output, optional=True) for name, output in shared.items()}
            for n in range(random.randint(2, 5)):
                made[f"l{n}"] = self.field(random, self.output(random.choice(self.leaves), random))
            for n in range(random.randint(1, 4)):
                made[f"o{n}"] = self.field(random, self.output(random.choice(self.composites), random))
            return made

        return make

    def output(self, named: Any, random: Random | None = None) -> Any:
        """The type in up to three lists, each of which, and itself, may be non-null."""
        random = random or self.random
        output = named
        for _ in range(random.choice((0, 0, 0, 0, 1, 1, 1, 2, 3))):
            output = GraphQLList(GraphQLNonNull(output) if random.random() < 0.4 else output)
        return GraphQLNonNull(output) if random.random() < 0.35 else output

    def field(self, random: Random, output: Any, *, optional: bool = False) -> GraphQLField:
        arguments = {f"a{n}": self.argument(random, optional) for n in range(random.choice((0, 0, 0, 1, 2)))}
        return GraphQLField(output, args=arguments)

    def argument(self, random: Random, optional: bool) -> GraphQLArgument:
        """Fields of the interface have none, so those of its types may not insist on one."""
        named = random.choice(self.inputs)
        shape = random.choice(("plain", "plain", "list", "needed", "defaulted"))
        if shape == "list" or (shape == "needed" and optional):
            return GraphQLArgument(GraphQLList(GraphQLNonNull(named)))
        if shape == "needed":
            return GraphQLArgument(GraphQLNonNull(named), out_name="needed")
        if shape == "defaulted":
            needed = random.random() < 0.3
            default = self.defaults[named.name] if needed or random.random() < 0.7 else None
            return GraphQLArgument(GraphQLNonNull(named) if needed else named, default_value=default)
        return GraphQLArgument(named)


def random_schema(seed: int) -> GraphQLSchema:
    """A schema without resolvers; the same for the same seed."""
    return _Maker(Random(seed)).schema()
