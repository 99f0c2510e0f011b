"""Explaining: what an operation is said to take before it runs."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.app import Gateway
from gateway.demo.tokens import SCOPES
from gateway.explain.facts import facts_of
from gateway.explain.predict import predict
from gateway.explain.text import readable
from resolvers.principal import Principal

STAFF = Principal(subject="staff", scopes=frozenset(SCOPES))


def explained(house: Gateway, query: str, principal: Principal = STAFF, **variables: Any) -> dict[str, Any]:
    document = house.documents.get(query)
    assert not document.errors, document.errors
    found = predict(house.schema, document.ast, None, variables, principal, facts_of(house.connections))
    return found.told({"value": None, "limit": None})


def operations(told: dict[str, Any]) -> list[tuple[int, str, str]]:
    return [
        (level["depth"], operation["field"], operation["name"])
        for level in told["levels"]
        for operation in level["operations"]
    ]


async def test_levels_name_every_backend_operation(house: Gateway) -> None:
    """Each relation is told where it is asked, on which level, of which backend."""
    told = explained(
        house,
        """{ customer(id: "c7") { orders(first: 5) { nodes {
          lines { product { name } } invoices { nodes { number } }
        } } } }""",
    )
    assert operations(told) == [
        (1, "customer", "customers.by_ids"),
        (2, "customer.orders", "orders.by_customers"),
        (3, "customer.orders.nodes.lines.product", "products.by_skus"),
        (3, "customer.orders.nodes.invoices", "invoices.by_orders"),
    ]
    assert [level["operations"][0]["backend"] for level in told["levels"]] == ["crm", "shop", "warehouse"]


async def test_sizes_come_from_the_pages_asked_for(house: Gateway) -> None:
    """Keys and calls follow from `first`, its default and variables; below other lists they are a guess."""
    query = """query ($first: Int!) { customers(first: $first) { nodes { orders(first: 4) { nodes {
      invoices { nodes { id } } lines { product { name } } } } } } }"""
    told = explained(house, query, first=200)
    by_field = {
        operation["field"]: [operation[name] for name in ("keysAtMost", "keysAbout", "callsAtMost", "callsAbout")]
        for level in told["levels"]
        for operation in level["operations"]
    }
    assert by_field == {
        "customers": [None, None, 1, 1],
        "customers.nodes.orders": [200, 200, 2, 2],
        "customers.nodes.orders.nodes.invoices": [800, 800, 2, 2],
        "customers.nodes.orders.nodes.lines.product": [None, 4_000, None, 8],
    }
    assert told["calls"] == {"most": None, "about": 13}


async def test_staff_have_no_customer_of_their_own(house: Gateway) -> None:
    """What a token of staff asks of `me` costs no call and reads nobody's data; the scopes it takes are told."""
    told = explained(house, "{ me { name balance { amount } orders { nodes { id } } } }")
    assert told["levels"] == []
    assert told["personal"] == []
    assert told["scopes"]["needed"] == ["customers:read", "invoices:read", "orders:read"]


async def test_missing_scopes_and_refused_fields_are_told(house: Gateway) -> None:
    """Who lacks a scope sees which, and which fields it costs."""
    poor = Principal(subject="x", scopes=frozenset({"customers:read", "orders:read"}))
    told = explained(house, '{ customer(id: "c7") { email orders { nodes { invoices { nodes { id } } } } } }', poor)
    assert told["scopes"]["missing"] == ["customers:contact", "invoices:read"]
    assert {refused["path"] for refused in told["refused"]} == {"customer.email", "customer.orders.nodes.invoices"}
    assert "invoices.by_orders" not in [name for _, _, name in operations(told)]


async def test_personal_fields_are_told(house: Gateway) -> None:
    """Whoever writes a query sees which personal data it reads."""
    told = explained(house, '{ customer(id: "c7") { id name email status } }')
    assert told["personal"] == ["customer.name", "customer.email"]


@pytest.fixture
def configured(request: pytest.FixtureRequest) -> dict[str, str]:
    """For the tests that ask for it, a shop without a batch form."""
    if "single" not in request.node.name:
        return {}
    return {"BIZGRAPH_ORDERS__BY_CUSTOMERS__MAX_BATCH": "1", "BIZGRAPH_PRODUCTS__BY_SKUS__MAX_BATCH": "1"}


async def test_single_calls_under_a_list_are_warned_about(house: Gateway) -> None:
    """A query that would make 200 calls says so before it runs."""
    told = explained(house, "{ customers(first: 200) { nodes { orders { nodes { id } } } } }")
    assert [(warned["code"], warned["path"]) for warned in told["warnings"]] == [
        ("CALL_PER_KEY", "customers.nodes.orders")
    ]
    assert told["warnings"][0]["message"] == (
        "orders.by_customers has no batch form: up to 200 calls to shop, one for each key."
    )
    assert told["calls"]["most"] == 201


async def test_single_calls_under_a_list_of_any_length_are_warned_about(house: Gateway) -> None:
    """Where nothing bounds the number of calls, the warning says about how many there are."""
    told = explained(house, '{ customer(id: "c7") { orders(first: 100) { nodes { lines { product { name } } } } } }')
    assert told["warnings"] == [
        {
            "code": "CALL_PER_KEY",
            "message": "products.by_skus has no batch form: about 500 calls to warehouse, one for each key.",
            "path": "customer.orders.nodes.lines.product",
        }
    ]


async def test_the_text_tells_the_same(house: Gateway) -> None:
    """The readable form names calls, scopes, levels and personal fields."""
    text = readable(explained(house, '{ customer(id: "c7") { name orders { nodes { id } } } }'))
    for part in (
        "Calls    at most 2",
        "at most 1 call: 1 key, up to 100 keys in each",
        "customers:read",
        "Level 2",
        "orders.by_customers on shop",
        "customer.name",
    ):
        assert part in text
