"""Batch functions: one call for all parents of a level, and what they are told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLSchema, build_schema, parse

from gateway.execution.execute import Executor

SDL = """
type Query { shops(first: Int = 3): [Shop!]! anything: [Sold] one: Sold count: Int! }
type Shop { id: ID! orders(open: Boolean, note: Note): [Order!] owner: Person! tags: [String!]! }
input Note { words: [String!] }
type Order implements Sold { id: ID! shop: Shop! buyer: Person total: Int! lines: [Line!] }
type Line { sku: String! product: Product }
type Product implements Sold { id: ID! total: Int! maker: Person }
type Person { id: ID! name: String! friends: [Person!] }
interface Sold { id: ID! total: Int! }
"""


class Calls:
    """A schema whose relations are batch functions that write down how they were called."""

    def __init__(self) -> None:
        self.schema: GraphQLSchema = build_schema(SDL)
        self.made: list[tuple[str, int]] = []
        self.infos: list[Any] = []
        self.arguments: list[dict[str, Any]] = []

    def batch(self, type_name: str, name: str, answer: Any, *, waits: bool = False) -> None:
        def batch(parents: Sequence[Any], info: Any, **arguments: Any) -> Any:
            self.made.append((f"{type_name}.{name}", len(parents)))
            self.infos.append(info)
            self.arguments.append(arguments)
            values = answer(parents) if callable(answer) else [answer for _ in parents]
            return self._later(values) if waits else values

        self.schema.type_map[type_name].fields[name].extensions["bizgraph.batch"] = batch  # type: ignore[attr-defined]

    @staticmethod
    async def _later(values: Any) -> Any:
        await asyncio.sleep(0)
        return values

    async def run(self, text: str, root: Any = None, **given: Any) -> ExecutionResult:
        result = Executor(self.schema).execute(parse(text), root, **given)
        return result if isinstance(result, ExecutionResult) else await result


@pytest.fixture
def calls() -> Calls:
    made = Calls()
    made.batch("Query", "shops", [{"id": n} for n in range(3)], waits=True)
    made.batch(
        "Shop", "orders", lambda shops: [[{"id": f"{s['id']}-{n}"} for n in range(4)] for s in shops], waits=True
    )
    made.batch("Shop", "owner", lambda shops: [{"id": f"p{s['id']}"} for s in shops], waits=True)
    made.batch("Order", "buyer", lambda orders: [None if n % 2 else {"id": f"p{n}"} for n, _ in enumerate(orders)])
    made.batch("Order", "shop", {"id": "s"})
    made.batch("Order", "total", 5)
    made.batch("Order", "lines", [{"sku": "a"}, {"sku": "b"}, {"sku": "c"}])
    made.batch("Line", "product", {"__typename": "Product", "id": "x"}, waits=True)
    made.batch("Product", "maker", {"id": "m"})
    made.batch("Product", "total", 7)
    made.batch("Person", "name", lambda people: [f"name of {p['id']}" for p in people], waits=True)
    made.batch("Person", "friends", [{"id": "f"}])
    return made


async def test_a_relation_is_called_once_per_level(calls: Calls) -> None:
    """Whatever the number of parents, a relation is asked once for each place of the query."""
    result = await calls.run(
        "{ shops { id orders { id buyer { name } total lines { sku product { id maker { name } } } } owner { name } } }"
    )
    assert result.errors is None
    assert sorted(calls.made) == [
        ("Line.product", 36),
        ("Order.buyer", 12),
        ("Order.lines", 12),
        ("Order.total", 12),
        ("Person.name", 3),
        ("Person.name", 6),
        ("Person.name", 36),
        ("Product.maker", 36),
        ("Query.shops", 1),
        ("Shop.orders", 3),
        ("Shop.owner", 3),
    ]
    shop = result.data["shops"][2]  # type: ignore[index] # there is data
    assert shop["owner"] == {"name": "name of p2"}
    assert [order["buyer"] for order in shop["orders"]] == [{"name": "name of p8"}, None, {"name": "name of p10"}, None]


async def test_the_same_relation_under_two_names_is_asked_twice(calls: Calls) -> None:
    """A level is a place of the answer: aliases are two of them."""
    await calls.run("{ shops { a: orders(open: true) { id } b: orders { id } } }")
    assert calls.made == [("Query.shops", 1), ("Shop.orders", 3), ("Shop.orders", 3)]
    assert calls.arguments == [{"first": 3}, {"open": True}, {}]


async def test_merged_selections_are_one_level(calls: Calls) -> None:
    """Fragments and repeated fields that meet in one place are asked together."""
    fragment = "fragment F on Shop { orders { total } }"
    await calls.run("{ shops { orders { id } ... on Shop { orders { buyer { id } } } ...F } }" + fragment)
    assert calls.made == [("Query.shops", 1), ("Shop.orders", 3), ("Order.buyer", 12), ("Order.total", 12)]


async def test_nobody_is_asked_for_no_parents(calls: Calls) -> None:
    """A relation of no objects is not called at all."""
    calls.batch("Shop", "orders", [])
    result = await calls.run("{ shops { orders { buyer { name } lines { product { id } } } } }")
    assert result.data == {"shops": [{"orders": []}] * 3}
    assert calls.made == [("Query.shops", 1), ("Shop.orders", 3)]


async def test_objects_of_an_abstract_type_are_asked_together(calls: Calls) -> None:
    """Where types are mixed, each relation is asked once for all objects of its type, however deep in lists."""
    mixed = [{"__typename": ("Order", "Product")[n % 2], "id": n} for n in range(10)]
    calls.batch("Query", "anything", [*mixed, None])
    result = await calls.run("{ anything { id total ... on Order { buyer { id } } ... on Product { maker { id } } } }")
    assert [made for made in calls.made if made[0] != "Query.anything"] == [
        ("Order.total", 5),
        ("Order.buyer", 5),
        ("Product.total", 5),
        ("Product.maker", 5),
    ]
    assert [thing and thing["total"] for thing in result.data["anything"]] == [5, 7] * 5 + [None]  # type: ignore[index]


async def test_a_level_waits_for_all_of_its_objects(calls: Calls) -> None:
    """Objects that arrive late join those that were there: the relation below is still asked once."""

    async def late(value: Any) -> Any:
        await asyncio.sleep(0)
        return value

    mixed = [{"__typename": "Order", "id": n} for n in range(6)]
    calls.batch("Query", "anything", [late(thing) if n % 2 else thing for n, thing in enumerate(mixed)])
    result = await calls.run("{ anything { id ... on Order { buyer { name } } } }")
    assert calls.made == [("Query.anything", 1), ("Order.buyer", 6), ("Person.name", 3)]
    assert [thing["id"] for thing in result.data["anything"]] == [str(n) for n in range(6)]  # type: ignore[index]


async def test_arguments_are_coerced_once_per_level(calls: Calls) -> None:
    """All parents share one set of coerced arguments, with defaults and variables in place."""
    await calls.run(
        'query ($n: Int, $w: String!) { shops(first: $n) { orders(open: true, note: {words: ["a", $w]}) { id } } }',
        variable_values={"n": 7, "w": "b"},
    )
    assert calls.arguments == [{"first": 7}, {"open": True, "note": {"words": ["a", "b"]}}]


async def test_arguments_that_can_be_changed_are_never_shared(calls: Calls) -> None:
    """A function that changes its arguments does not change them for the next request."""
    executor, document = Executor(calls.schema), parse('{ shops { orders(note: {words: ["a"]}) { id } } }')
    for _ in range(2):
        result: Any = executor.execute(document)
        await result
        calls.arguments[-1]["note"]["words"].append("changed")
    assert calls.arguments[-1] == {"note": {"words": ["a", "changed"]}}


async def test_wrong_arguments_fail_the_field_for_every_parent(calls: Calls) -> None:
    """Arguments that cannot be coerced are an error of the field at each parent, and nothing is called."""
    result = await calls.run("query ($w: String) { shops { orders(note: {words: [$w]}) { id } } }")
    assert [error.path for error in result.errors or ()] == [["shops", n, "orders"] for n in range(3)]
    assert calls.made == [("Query.shops", 1)]


async def test_an_exception_is_one_parents_error(calls: Calls) -> None:
    """An entry that is an exception fails its parent's field; the others are answered."""
    calls.batch("Shop", "orders", lambda shops: [[], ValueError("no orders"), None])
    result = await calls.run("{ shops { orders { id } } }")
    assert result.data == {"shops": [{"orders": []}, {"orders": None}, {"orders": None}]}
    assert [(error.message, error.path) for error in result.errors or ()] == [("no orders", ["shops", 1, "orders"])]


@pytest.mark.parametrize("waits", [False, True])
async def test_raising_fails_the_field_for_all_parents(calls: Calls, waits: bool) -> None:
    """A batch function that raises gives each parent one located error."""

    async def refuse() -> Any:
        raise ConnectionError("away")

    def batch(parents: Sequence[Any], _info: Any, **_arguments: Any) -> Any:
        if waits:
            return refuse()
        raise ConnectionError("away")

    calls.schema.type_map["Shop"].fields["orders"].extensions["bizgraph.batch"] = batch  # type: ignore[attr-defined]
    result = await calls.run("{ shops { id orders { id } } }")
    assert [error.path for error in result.errors or ()] == [["shops", n, "orders"] for n in range(3)]
    assert {error.message for error in result.errors or ()} == {"away"}
    assert all(isinstance(error.original_error, ConnectionError) for error in result.errors or ())


@pytest.mark.parametrize(
    ("answer", "got"), [([1, 2], "2 values"), ({1: 2}, "1 values"), (7, "int"), ("abc", "3 values")]
)
async def test_a_wrong_number_of_answers_is_an_error(calls: Calls, answer: Any, got: str) -> None:
    """A batch function that does not answer one value per parent fails loudly instead of mixing up parents."""
    calls.batch("Shop", "orders", lambda _shops: answer)
    result = await calls.run("{ shops { orders { id } } }")
    assert result.errors is not None
    assert result.errors[0].message == f"Shop.orders must answer 3 values, one per parent, not {got}."
    assert len(result.errors) == 3


async def test_parents_cannot_be_reordered(calls: Calls) -> None:
    """The parents are handed over as a tuple: sorting them in place would mix up whose answer is whose."""
    seen: list[Any] = []
    calls.batch("Shop", "orders", lambda shops: seen.append(shops) or [[]] * 3)
    await calls.run("{ shops { orders { id } owner { id } } }")
    assert seen == [tuple({"id": n} for n in range(3))]


async def test_a_batch_function_is_given_its_arguments_as_it_wants_them(calls: Calls) -> None:
    """What a field says of its arguments holds for those of the document, of variables and of defaults alike, and no
    call is given an object that another may have changed."""
    made: list[dict[str, Any]] = []

    def convert(given: dict[str, Any]) -> dict[str, Any]:
        made.append({"limit": given["first"], "seen": []} if given["first"] > 9 else {"limit": given["first"]})
        return made[-1]

    calls.schema.type_map["Query"].fields["shops"].extensions["bizgraph.arguments"] = convert  # type: ignore[attr-defined]
    executor = Executor(calls.schema)
    document = parse("query Q ($n: Int) { a: shops { id } b: shops(first: $n) { id } c: shops(first: 10) { id } }")
    for n in (5, 6):
        await executor.execute(document, variable_values={"n": n})  # type: ignore[misc] # it waits for the shops
    few, many = [{"limit": 3}, {"limit": 5}], {"limit": 10, "seen": []}
    assert calls.arguments == [*few, many, {"limit": 3}, {"limit": 6}, many]
    assert calls.arguments[2]["seen"] is not calls.arguments[5]["seen"]
    assert made.count({"limit": 3}) == 1, "what no variable can change is converted once for all requests"


async def test_arguments_that_cannot_be_converted_fail_their_field(calls: Calls) -> None:
    """An error of the conversion is the field's own, whether variables had a part in it or not."""

    def convert(given: dict[str, Any]) -> dict[str, Any]:
        raise ValueError(f"not {given['open']}")

    calls.schema.type_map["Shop"].fields["orders"].extensions["bizgraph.arguments"] = convert  # type: ignore[attr-defined]
    document = "query Q ($no: Boolean) { shops { id a: orders(open: true) { id } b: orders(open: $no) { id } } }"
    result = await calls.run(document, variable_values={"no": False})
    assert result.data == {"shops": [{"id": str(n), "a": None, "b": None} for n in range(3)]}
    told = [(error.message, error.path) for error in result.errors or ()]
    assert told == [(f"not {value}", ["shops", n, key]) for n in range(3) for key, value in (("a", True), ("b", False))]
    assert calls.made == [("Query.shops", 1)]


async def test_a_batch_function_is_told_its_level(calls: Calls) -> None:
    """The info holds what an ordinary resolver's holds, for the whole level."""
    context = object()
    await calls.run(
        "query Q ($n: Int) { all: shops(first: $n) { them: orders { id } } }", "root", context_value=context
    )
    info = calls.infos[1]
    assert info.context is context
    assert info.root_value == "root"
    assert info.path == ("all", "them")
    assert (info.field_name, info.parent_type.name, str(info.return_type)) == ("orders", "Shop", "[Order!]")
    assert info.schema is calls.schema
    assert info.operation.name.value == "Q"
    assert info.variable_values.coerced == {}
    assert [node.name.value for node in info.field_nodes] == ["orders"]
    assert info.fragments == {}


async def test_a_batch_function_sees_what_is_selected(calls: Calls) -> None:
    """`selects` follows fragments, types and directives, so that nothing is fetched that nobody asked for."""
    await calls.run(
        """query ($no: Boolean!) { shops {
          ...F orders @include(if: true) { id ... { buyer { name @skip(if: $no) } } }
        } }
        fragment F on Shop { orders { lines { product { maker { id } } } owner: total } }""",
        variable_values={"no": True},
    )
    shops, orders = calls.infos[0], calls.infos[1]
    assert shops.selects("orders")
    assert not shops.selects("owner")
    assert shops.selects_path("orders", "lines", "product")
    assert orders.selects("total")
    assert not orders.selects("owner"), "an alias is not a field"
    assert orders.selects_path("lines", "product", "maker")
    assert not orders.selects_path("buyer", "name")
    assert not orders.selects_path("id", "nothing")
