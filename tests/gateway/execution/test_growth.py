"""Growth: deep and long answers meet no limit of the interpreter, and nothing costs more than its share."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from time import process_time
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLSchema, build_schema, parse
from graphql.execution import Executor as CoreExecutor

from gateway.execution.compile import Unit, root_unit
from gateway.execution.execute import Executor
from gateway.execution.plan import Plan

DEPTH = 1_500

SDL = """
type Query {
  node: Node nodes: [Node!]! nullable: [Node] faces: [Face!] numbers: [Int!]! deep: [[[[[[[[[[[[[[Int]]]]]]]]]]]]]]
}
type Node implements Face { id: ID! next: Node asked: Node each: Node must: Node! bad: Int! }
interface Face { id: ID! }
"""


def nodes() -> GraphQLSchema:
    schema = build_schema(SDL)
    fields = schema.type_map["Node"].fields  # type: ignore[attr-defined] # an object type
    fields["asked"].extensions["bizgraph.batch"] = lambda parents, _info: parents
    fields["each"].resolve = lambda source, _info: source
    return schema


def ran(result: Any) -> ExecutionResult:
    assert isinstance(result, ExecutionResult)
    return result


def chain(field: str, last: str = "id") -> Any:
    """A query as deep as fragments can make it: the parser's own limit is on nested braces."""
    fragments = [f"fragment F{n} on Node {{ {field} {{ ...F{n + 1} }} }}" for n in range(DEPTH)]
    return parse(f"{{ node {{ ...F0 }} }} {' '.join(fragments)} fragment F{DEPTH} on Node {{ {last} }}")


class Endless:
    """A node that follows itself."""

    def __init__(self) -> None:
        self.id = 1
        self.next = self
        self.must = self
        self.node = self


@pytest.fixture
def no_collections() -> Iterator[None]:
    """Collections of the whole test process are not what is measured."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("field", ["next", "asked", "each", "must"])
def test_deep_answers_meet_no_recursion_limit(field: str) -> None:
    """However deep the answer, and whatever answers it, the interpreter's stack does not grow."""
    assert sys.getrecursionlimit() < DEPTH
    result = ran(Executor(nodes()).execute(chain(field), Endless()))
    assert result.errors is None
    level: Any = result.data["node"]  # type: ignore[index] # there is data
    for _ in range(DEPTH):
        level = level[field]
    assert level == {"id": "1"}


@pytest.mark.parametrize("field", ["asked", "each", "must"])
def test_deep_errors_find_their_way_up(field: str) -> None:
    """The same for an error at the bottom and the null that it leads to."""
    result = ran(Executor(nodes()).execute(chain(field, "bad"), Endless()))
    assert result.errors is not None
    assert result.errors[0].path == ["node", *[field] * DEPTH, "bad"]
    if field == "must":
        assert result.data == {"node": None}


def test_lists_may_be_nested_deeper_than_loops() -> None:
    """Lists in lists beyond what Python can nest in one function."""
    value: Any = 5
    for _ in range(14):
        value = [value, None]
    result = ran(Executor(nodes()).execute(parse("{ deep }"), {"deep": value}))
    assert result == ({"deep": value}, None)


async def test_items_deep_in_lists_may_be_awaitable() -> None:
    """However deep in lists, an item may be awaitable, or an error."""

    async def later(value: Any) -> Any:
        return value

    value: Any = later([5, later(6), None, ValueError("no")])
    expected: Any = [5, 6, None, None]
    for depth in range(13):
        value, expected = ([value] if depth % 2 else later([value])), [expected]
    waiting: Any = Executor(nodes()).execute(parse("{ deep }"), {"deep": value})
    result = await waiting
    assert result.data == {"deep": expected}
    assert [error.path for error in result.errors] == [["deep", *[0] * 13, 3]]


@pytest.mark.usefixtures("no_collections")
def test_long_lists_cost_what_they_hold() -> None:
    """A hundred thousand items are completed one by one, and ten times as many objects cost about ten times as much."""
    numbers = list(range(100_000))
    executor = Executor(nodes())
    assert ran(executor.execute(parse("{ numbers }"), {"numbers": numbers})).data == {"numbers": numbers}
    document = parse("{ nodes { id asked { id each { id } } } }")

    def cost(count: int) -> float:
        root = {"nodes": [Endless() for _ in range(count)]}
        taken = []
        for _ in range(5):
            start = process_time()
            assert ran(executor.execute(document, root)).errors is None
            taken.append(process_time() - start)
        return min(taken)

    cost(10)
    assert cost(10_000) < 25 * cost(1_000)


@pytest.mark.parametrize(
    "text", ["{ faces { ... on Node { bad } } }", "{ nullable { bad } }", "{ nullable { each { bad } } }"]
)
@pytest.mark.usefixtures("no_collections")
def test_many_errors_cost_what_they_are(text: str) -> None:
    """Errors at every object are located without searching the answer again for each."""
    executor, document = Executor(nodes()), parse(text)

    def cost(count: int) -> float:
        items = [{"__typename": "Node", "id": n} for n in range(count)]
        start = process_time()
        result = ran(executor.execute(document, {"nullable": items, "faces": items}))
        assert len(result.errors or ()) == (1 if "faces" in text else count)
        return process_time() - start

    cost(10)
    assert cost(8_000) < 30 * max(cost(800), 0.002)


@pytest.mark.usefixtures("no_collections")
def test_many_aliases_cost_what_they_are() -> None:
    """A thousand names for one relation are a thousand calls, side by side, and no more than that."""

    def cost(count: int) -> float:
        executor = Executor(nodes())
        document = parse("{ node { " + " ".join(f"a{n}: asked {{ id }}" for n in range(count)) + " } }")
        executor.execute(document, Endless())
        start = process_time()
        assert ran(executor.execute(document, Endless())).errors is None
        return process_time() - start

    assert cost(1_000) < 30 * max(cost(100), 0.001)


def test_fragments_do_not_multiply_what_is_not_there() -> None:
    """A few hundred bytes of nested fragments ask for astronomically much; without data nothing of it is planned."""
    count = 40
    doubling = " ".join(
        f"fragment F{n} on Node {{ a: asked {{ ...F{n + 1} }} b: asked {{ ...F{n + 1} }} }}" for n in range(count)
    )
    document = parse(f"{{ node {{ ...F0 }} }} {doubling} fragment F{count} on Node {{ id }}")
    start = process_time()
    result = ran(Executor(nodes()).execute(document, {"node": None}))
    assert result.data == {"node": None}
    assert process_time() - start < 1


def test_wide_nested_selections_do_not_multiply_generated_code() -> None:
    """Attributes in attributes are completed in one function only up to a size; the rest is left to further ones."""
    inner = "id"
    for _ in range(4):
        inner = " ".join(f"a{n}: next {{ {inner} }}" for n in range(6))
    document = parse(f"{{ node {{ {inner} }} }}")
    start = process_time()
    assert ran(Executor(nodes()).execute(document, {"node": {"next": None}})).errors is None
    assert process_time() - start < 1


def test_generated_code_is_shared_between_plans() -> None:
    """Plans of the same shape, however many, share their compiled code, each with constants of its own."""
    schema = nodes()

    def unit(text: str) -> Unit:
        built = CoreExecutor.build(schema, parse(text))
        assert isinstance(built, CoreExecutor)
        plan = Plan(schema, built.operation, built.fragments, built.variable_values)
        return root_unit(plan.root, built.variable_values)

    one, two = unit("{ nodes { id asked { id } } }"), unit("query Other { nodes { id ... { asked { id } } } }")
    assert one.function is not two.function
    assert one.function.__code__ is two.function.__code__
    assert one.pools != two.pools
