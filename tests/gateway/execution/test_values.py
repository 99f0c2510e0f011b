"""Completing values: scalars, enums, lists, objects, types that must be asked for, and default resolvers."""

from __future__ import annotations

from collections import OrderedDict, UserDict
from collections.abc import Awaitable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from typing import Any
from unittest.mock import Mock

import graphql
import pytest
from graphql import (
    ExecutionResult,
    GraphQLEnumType,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    Undefined,
    build_schema,
    parse,
)

from gateway.execution.execute import Executor, execute
from gateway.execution.leaves import GLANCE
from schema.scalars import write_decimal
from tests.gateway.execution.verdicts import same


class Colour(Enum):
    RED = "r"
    BLUE = 3


class Size(IntEnum):
    SMALL = 1
    LARGE = 2


class Named(str):
    """A subclass of a built-in class."""

    __slots__ = ()


class Indexed:
    def __index__(self) -> int:
        return 7


class Lying:
    """Computes its attributes, so nothing can be known from its class."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return f"made {name}"


def both(schema: GraphQLSchema, text: str, root: Any, **given: Any) -> ExecutionResult:
    """What both executors answer, twice by ours, as the first run teaches the plan what to expect."""
    document = parse(text)
    theirs = graphql.execute(schema, document, root, **given)
    executor = Executor(schema)
    assert isinstance(theirs, ExecutionResult)
    for _ in range(2):
        ours = executor.execute(document, root, **given)
        assert isinstance(ours, ExecutionResult)
        assert same(ours, theirs) is None
    return ours


VALUES = [
    *(None, Undefined, "text", "", "12", "1.5", Named("named"), 0, 1, -1, True, False, Indexed(), Lying()),
    *(2**30, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**53 + 1, 10**400, 0.0, -0.0, 1.0, 1.5, 1e308, 1 + 1j),
    *(float("nan"), float("inf"), -float("inf"), Decimal(1), Decimal("1.5"), Decimal("NaN"), Fraction(1, 2)),
    *(Colour.RED, Colour.BLUE, Size.SMALL, b"bytes", (), [], {}, ["a", None, 1], ("b",), {"k": "v"}, {1}),
    *(range(3), object, ValueError("returned"), iter(()), len),
]


@pytest.mark.parametrize("required", ["", "!"])
@pytest.mark.parametrize(
    "named", ["String", "Int", "Float", "Boolean", "ID", "Colour", "Any", "[String]", "[Int!]", "T"]
)
@pytest.mark.parametrize("value", VALUES, ids=lambda value: f"{type(value).__name__}-{str(value)[:8]}")
def test_any_value_is_completed_as_in_graphql_core(named: str, required: str, value: Any) -> None:
    """Whatever a resolver gives for whatever type: the answer, or the error, is graphql-core's."""
    types = "enum Colour { RED GREEN } scalar Any type T { real: Int text: String }"
    schema = build_schema(f"type Query {{ v: {named}{required} }} {types}")
    text = "{ v { real text } }" if named == "T" else "{ v }"
    both(schema, text, {"v": value})
    schema.query_type.fields["v"].resolve = lambda *_: value  # type: ignore[union-attr] # it has a query type
    both(schema, text, None)


@pytest.mark.parametrize("values", [{"RED": 1, "BLUE": 2}, Colour, {"RED": Colour.RED, "BLUE": [1]}, {"RED": None}])
@pytest.mark.parametrize("value", [1, 2, True, 1.0, "r", "RED", Colour.RED, Colour.BLUE, Size.SMALL, [1], "none"])
def test_enums_are_written_by_their_values(values: Any, value: Any) -> None:
    """Inner values of enums may be anything, even unhashable; the names are remembered, and never mixed up."""
    enum = GraphQLEnumType("E", values)
    schema = GraphQLSchema(GraphQLObjectType("Query", {"v": GraphQLField(GraphQLList(enum))}))
    both(schema, "{ v }", {"v": [value, 1, value, "r"]})


@pytest.mark.parametrize("value", [*VALUES, Decimal("1E+3"), Decimal("-0.10"), Decimal("0E-8"), Decimal("Infinity")])
@pytest.mark.parametrize("required", ["", "!"])
def test_a_scalar_that_is_written_at_a_glance_is_written_alike(value: Any, required: str) -> None:
    """The executor writes the usual amounts itself; what is unusual, or wrong, is the scalar's own business."""
    scalar = GraphQLScalarType("Amount", coerce_output_value=write_decimal, extensions={GLANCE: (Decimal, str, "E")})
    wanted = GraphQLNonNull(scalar) if required else scalar
    schema = GraphQLSchema(GraphQLObjectType("Query", {"v": GraphQLField(GraphQLList(wanted))}))
    both(schema, "{ v }", {"v": [value, Decimal("12.50"), value]})


def test_a_scalar_that_raises_or_gives_nothing_is_an_error_of_its_field() -> None:
    """Custom scalars may refuse values, and may never answer null."""
    schema = build_schema("type Query { a: Odd b: Odd c: Odd! d: [Odd] } scalar Odd")

    def odd(value: Any) -> Any:
        if isinstance(value, Indexed):
            return Undefined
        if value == 2:
            raise ValueError("even")
        return {3: None, 5: Undefined}.get(value, value)

    schema.type_map["Odd"].coerce_output_value = odd  # type: ignore[attr-defined] # a scalar
    both(schema, "{ a b c d }", {"a": 1, "b": 2, "c": 3, "d": [1, 2, 3, 5, Size.SMALL, Indexed(), None]})


@dataclass
class Plain:
    real: Any = 1
    text: Any = "x"


class WithProperty:
    @property
    def real(self) -> int:
        raise RuntimeError("property")

    @property
    def text(self) -> str:
        raise AttributeError("looks as if it was not there")


class WithMethods:
    def real(self, _info: Any, plus: int = 0) -> int:
        return 5 + plus

    def text(self, info: Any) -> str:
        return f"{info.field_name} at {info.path.as_list()}"


SOURCES = [
    *(Plain(), Plain(ValueError("v"), None), WithProperty(), WithMethods(), Lying(), object(), Mock(spec=Plain), {}),
    *({"real": 2}, OrderedDict(text="o"), UserDict(real=3, text="u"), {"text": ValueError("as value")}),
    {"real": lambda _info, plus=0: plus, "text": lambda _info: None},
    {"real": lambda _info, **_: 1 / 0},
]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: type(source).__name__)
def test_any_object_is_read_as_in_graphql_core(source: Any) -> None:
    """Attributes, keys of mappings, properties and methods are read, and called, like by the default resolver."""
    schema = build_schema("type Query { one: T many: [T!] } type T { real(plus: Int): Int text: String nothing: Int }")
    text = "query ($n: Int = 4) { one { real(plus: 2) text nothing } many { more: real(plus: $n) text } }"
    both(schema, text, {"one": source, "many": [source, Plain(7, "s"), {"real": 8}, source]})


@pytest.mark.parametrize("name", ["class", "from", "None", "if", "real"])
def test_fields_may_have_any_name(name: str) -> None:
    """Words of Python are names like any other."""
    schema = build_schema(f"type Query {{ {name}: String }}")
    holder = type("Holder", (), {name: "v"})()
    assert both(schema, f"{{ {name} as: {name} }}", holder).data == {name: "v", "as": "v"}


def test_an_attribute_field_reads_strictly() -> None:
    """A field bound to an attribute fails when the attribute, or the key, is not there."""
    schema = build_schema("type Query { a: T b: T } type T { x: String }")
    schema.type_map["T"].fields["x"].extensions["bizgraph.attribute"] = "inner"  # type: ignore[attr-defined] # an object
    holder = type("Holder", (), {"inner": "v"})
    result = execute(schema, parse("{ a { x } b { x } }"), {"a": holder(), "b": {"inner": "w"}})
    assert result == ({"a": {"x": "v"}, "b": {"x": "w"}}, None)
    result = execute(schema, parse("{ a { x } b { x } }"), {"a": object(), "b": {}})
    assert isinstance(result, ExecutionResult)
    assert [str(error.original_error) for error in result.errors or ()] == [
        "'object' object has no attribute 'inner'",
        "'inner'",
    ]


def test_a_computed_field_is_a_function_of_its_parent() -> None:
    """It is called with the parent alone; what it raises is the field's error."""
    schema = build_schema("type Query { a: Int b: Int }")
    fields = schema.query_type.fields  # type: ignore[union-attr] # it has a query type
    fields["a"].extensions["bizgraph.compute"] = len
    fields["b"].extensions["bizgraph.compute"] = lambda root: root[99]
    result = execute(schema, parse("{ a b }"), [1, 2, 3])
    assert isinstance(result, ExecutionResult)
    assert result.data == {"a": 3, "b": None}
    assert [error.message for error in result.errors or ()] == ["list index out of range"]


PETS = """
interface Pet { name: String } union Any = Cat | Dog
type Cat implements Pet { name: String lives: Int } type Dog implements Pet { name: String barks: Boolean friend: Pet }
type Query { pet: Pet pets: [Pet!] grid: [[Any]] cat: Cat }
"""


def pets() -> dict[str, Any]:
    cat, dog = {"kind": "Cat", "name": "Tom", "lives": 9}, {"kind": "Dog", "name": "Rex", "barks": True}
    dog = {**dog, "friend": cat}
    return {"pet": dog, "pets": [cat, dog, cat], "grid": [[dog, None], [], None, [cat, dog]], "cat": cat}


QUERY = """{ pet { ...P } pets { __typename ...P } cat { lives }
  grid { __typename ... on Cat { lives } ...P } } fragment P on Pet { name ... on Dog { barks friend { name } } }"""


@pytest.mark.parametrize(
    "resolve_type",
    [
        lambda value, _info, _type: value["kind"],
        lambda value, info, _type: value["kind"] if info.path.key in ("pet", "pets", "grid", "friend") else None,
        lambda value, _info, _type: None,
        lambda value, _info, _type: "Nobody",
        lambda value, _info, _type: "Pet",
        lambda value, _info, _type: "Query",
        lambda value, info, _type: info.schema.get_type(value["kind"]),
        lambda value, _info, _type: value["missing"],
    ],
)
def test_types_are_asked_for_as_in_graphql_core(resolve_type: Any) -> None:
    """Interfaces and unions find the type of each value, or fail with graphql-core's words."""
    schema = build_schema(PETS)
    for name in ("Pet", "Any"):
        schema.type_map[name].resolve_type = resolve_type  # type: ignore[attr-defined] # abstract types
    both(schema, QUERY, pets())


@pytest.mark.parametrize("answer", [lambda ok: ok, lambda _ok: False, lambda _ok: True])
def test_types_may_tell_what_is_theirs(answer: Any) -> None:
    """`is_type_of` decides for abstract types, and is asked for plain ones as well."""
    schema = build_schema(PETS)
    for name in ("Cat", "Dog"):
        schema.type_map[name].is_type_of = lambda value, _info, name=name: answer(value["kind"] == name)  # type: ignore[attr-defined]
    both(schema, QUERY, pets())


@pytest.mark.parametrize("late", ["resolve_type", "is_type_of"])
async def test_types_may_take_their_time(late: str) -> None:
    """Both may be asynchronous."""
    schema = build_schema(PETS)

    async def resolve_type(value: Any, _info: Any, _type: Any) -> Any:
        return value["kind"]

    def is_type_of(name: str) -> Any:
        async def ask(value: Any, _info: Any) -> bool:
            return bool(value["kind"] == name)

        return ask

    for name in ("Pet", "Any") if late == "resolve_type" else ("Cat", "Dog"):
        setattr(schema.type_map[name], late, resolve_type if late == "resolve_type" else is_type_of(name))
    document, root = parse(QUERY), pets()
    ours, theirs = execute(schema, document, root), graphql.execute(schema, document, root)
    assert isinstance(ours, Awaitable)
    assert isinstance(theirs, Awaitable)
    assert same(await ours, await theirs) is None


async def test_asynchronous_iterators_need_the_least() -> None:
    """An iterator that only knows how to go on is enough; one that raises is closed."""

    class Stream:
        def __init__(self, last: int) -> None:
            self.count, self.last, self.closed = 0, last, False

        def __aiter__(self) -> Any:
            return Iterator(self)

    class Iterator:
        def __init__(self, stream: Stream) -> None:
            self.stream = stream

        async def __anext__(self) -> int:
            self.stream.count += 1
            if self.stream.count == 2 and self.stream.last == 1:
                raise ValueError("broke")
            if self.stream.count > self.stream.last:
                raise StopAsyncIteration
            return self.stream.count

        async def aclose(self) -> None:
            self.stream.closed = True

    schema, document = build_schema("type Query { a: [Int] b: [Int] }"), parse("{ a b }")
    for run in (execute, graphql.execute):
        whole, broken = Stream(3), Stream(1)
        result = run(schema, document, {"a": whole, "b": broken})
        assert isinstance(result, Awaitable)
        answer = await result
        assert answer.data == {"a": [1, 2, 3], "b": None}
        assert [(error.message, error.path) for error in answer.errors or ()] == [("broke", ["b"])]
        assert (whole.closed, broken.closed) == (False, True)


async def test_lists_may_be_asynchronous() -> None:
    """An asynchronous iterable is a list, with everything that a list may hold."""

    async def stream(*items: Any) -> Any:
        for item in items:
            yield item

    async def later(value: Any) -> Any:
        return value

    async def broken() -> Any:
        yield 1
        raise ValueError("broke")

    schema = build_schema("type Query { a: [Int] b: [Int!] c: [[Int]] d: [Int]! e: [T!] } type T { x: Int }")
    root = {
        "a": lambda _info: stream(1, None, later(3), "x"),
        "b": lambda _info: broken(),
        "c": lambda _info: [stream(1), later([2]), None, stream()],
        "d": lambda _info: later(stream(4)),
        "e": lambda _info: stream({"x": later(5)}, later({"x": 6})),
    }
    document = parse("{ a b c d e { x } }")
    ours, theirs = execute(schema, document, root), graphql.execute(schema, document, root)
    assert isinstance(ours, Awaitable)
    assert isinstance(theirs, Awaitable)
    assert same(await ours, await theirs) is None


def test_strings_are_not_lists() -> None:
    """Text and mappings cannot be answered as a list."""
    field = GraphQLField(GraphQLList(GraphQLString))
    schema = GraphQLSchema(GraphQLObjectType("Query", {"v": field}))
    for value in ("text", b"bytes", {"a": 1}, 5):
        result = both(schema, "{ v }", {"v": value})
        assert result.errors is not None
        assert "Expected Iterable" in result.errors[0].message
