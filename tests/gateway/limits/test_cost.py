"""What operations cost: figures that anybody can work out from the SDL, in time that no document can stretch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from graphql import GraphQLObjectType, get_introspection_query, get_named_type, is_composite_type, is_list_type
from graphql.type import get_nullable_type

from gateway.execution.documents import Documents
from gateway.limits.cost import Costs, cost_of, require_affordable
from resolvers.errors import OperationTooLarge
from schema.build import build_schema, graphql_schema
from schema.cost import SIZE, WEIGHT

SCHEMA = graphql_schema(build_schema())
DOCUMENTS = Documents(SCHEMA)


def cost(text: str, variables: Mapping[str, Any] | None = None) -> int:
    """The cost by both ways, which have to agree."""
    document = DOCUMENTS.get(text)
    assert document.errors == ()
    assert document.ast is not None
    (operation,) = document.operations.values()
    value = Costs(SCHEMA).value(document, operation, variables or {})
    told = cost_of(SCHEMA, document.ast, operation.node, variables or {})
    assert told.value == value == sum(told.by_field.values())
    return value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{ customer(id: "c7") { id name email addresses { city } } }', 1),
        ("{ __typename }", 0),
        # A page costs what it may hold, whether it is read by nodes or by edges; its frame is free.
        ("{ customers(first: 50) { totalCount pageInfo { hasNextPage } nodes { id } } }", 50),
        ("{ customers(first: 50) { edges { cursor node { id } } } }", 50),
        ("{ customers(first: 50) { totalCount pageInfo { hasNextPage } } }", 0),
        # Without `first` its default counts.
        ("{ orders { nodes { id } } }", 20),
        # Sizes multiply on the way down; lines are taken to be five, each with its product.
        ("{ orders(first: 10) { nodes { lines { sku } } } }", 10 + 10 * 5),
        ("{ orders(first: 10) { nodes { lines { product { name } } } } }", 10 + 10 * 5 * 2),
        ("{ orders(first: 10) { nodes { customer { invoices(first: 3) { nodes { id } } } } } }", 10 * (1 + 1 + 3)),
        # A sum over all invoices has a price of its own.
        ('{ customer(id: "c7") { balance { amount } } }', 1 + 10),
        ('{ product(sku: "x") { stock { onHand } } }', 1 + 5),
        # Of the types behind an interface the dearest counts.
        ('{ node(id: "x") { ... on Order { lines { sku } } ... on Customer { id } } }', 1 + 5),
    ],
)
def test_costs(text: str, value: int) -> None:
    """The unit is one record in the answer, at most."""
    assert cost(text) == value


def test_what_meets_under_one_name_counts_once() -> None:
    """A field that several fragments ask for is executed once and costs once; under another name it costs again."""
    shared = "fragment A on Order { lines { sku } } fragment B on Order { lines { description } }"
    assert cost('{ order(id: "o1") { ...A ...B ...A } } ' + shared) == 6
    assert cost('{ order(id: "o1") { ...A again: lines { sku } } } fragment A on Order { lines { sku } }') == 11


def test_sizes_come_from_variables() -> None:
    """A variable's value counts, else the operation's default, else the schema's."""
    text = "query ($n: Int! = 7) { customers(first: $n) { nodes { orders(first: $n) { nodes { id } } } } }"
    assert cost(text, {"n": 100}) == 100 * 101
    assert cost(text) == 7 * 8
    assert cost("query ($n: Int! = 7) { orders(first: $n) { nodes { id } } }", {"n": 0}) == 0


def test_a_page_costs_no_more_than_it_may_hold() -> None:
    """A page that is too large is refused for that, in words about the page, not for what it would cost."""
    assert cost("{ orders(first: 1000000) { nodes { id } } }") == 200
    assert cost("query ($n: Int!) { orders(first: $n) { nodes { id } } }", {"n": 10**400}) == 200


@pytest.mark.parametrize("value", ["20", None, True, -5, [1], {"a": 1}, float("-inf"), float("nan")])
def test_nonsense_sizes_cost_nothing_worth_telling(value: Any) -> None:
    """What is no size is refused when variables are coerced; weighing it neither fails nor takes long."""
    assert cost("query ($n: Int!) { orders(first: $n) { nodes { id } } }", {"n": value}) <= 1


def test_only_what_is_asked_counts() -> None:
    """What @skip and @include leave out costs nothing, decided by constants or by variables."""
    text = "query ($all: Boolean = false) { orders { nodes { id lines @include(if: $all) { sku } } } }"
    assert cost(text, {"all": True}) == 20 + 100
    assert cost(text, {"all": False}) == cost(text) == 20
    assert cost("{ orders { nodes { id lines @skip(if: true) { sku } } } }") == 20
    assert cost("query ($no: Boolean!) { orders @skip(if: $no) { nodes { id } } }", {"no": True}) == 0


def test_one_answer_is_not_another_operations() -> None:
    """Costs that are remembered belong to the operation and to what its variables steer."""
    costs = Costs(SCHEMA)
    document = DOCUMENTS.get(
        """query A($on: Boolean!) { orders(first: 3) @include(if: $on) { nodes { id } } }
        query B { orders { nodes { id } } }"""
    )
    one, two = document.operation("A"), document.operation("B")
    for _ in range(2):
        assert costs.value(document, one, {"on": True}) == 3
        assert costs.value(document, one, {"on": False}) == 0
        assert costs.value(document, two, {}) == 20


def test_introspection_has_its_price() -> None:
    """The standard query is affordable; asking for it twenty times under other names is not."""
    once = cost(get_introspection_query())
    assert 1_000 < once < 10_000
    one = "a%s: __schema { types { fields { args { name } type { fields { name } } } } }"
    assert cost("{ " + " ".join(one % number for number in range(20)) + " }") > 100_000


def test_a_small_text_for_a_huge_answer() -> None:
    """The circle of customers and orders costs what it could hold, however short it is written."""
    ring = "orders(first: 200) { nodes { customer { %s } } }"
    text = "{ customers(first: 200) { nodes { " + ring % (ring % "id") + " } } }"
    assert cost(text) > 8_000_000


def test_every_list_of_records_has_a_size() -> None:
    """A list of something that costs is told how long it is, so that no cost is a guess."""
    sized: set[str] = set()
    for found in SCHEMA.type_map.values():
        if isinstance(found, GraphQLObjectType) and not found.name.startswith("__"):
            for field in found.fields.values():
                if (said := field.extensions[SIZE]) is not None and said.sized_fields:
                    sized |= {f"{get_named_type(field.type).name}.{name}" for name in said.sized_fields}
    for found in SCHEMA.type_map.values():
        if not isinstance(found, GraphQLObjectType) or found.name.startswith("__"):
            continue
        for name, field in found.fields.items():
            named = get_named_type(field.type)
            if is_composite_type(named) and is_list_type(get_nullable_type(field.type)) and named.extensions[WEIGHT]:
                assert field.extensions[SIZE] is not None or f"{found.name}.{name}" in sized, f"{found.name}.{name}"


def test_the_limit() -> None:
    """A refusal names the limit, what is allowed and what was asked."""
    require_affordable(10, 10)
    with pytest.raises(OperationTooLarge) as caught:
        require_affordable(11, 10)
    assert caught.value.message == "The operation is too large: cost 11, allowed 10."
    assert caught.value.details == {"limit": "cost", "allowed": 10, "actual": 11}
