"""Explaining: what is predicted is what happens."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.app import Gateway
from gateway.demo.company import DemoCompany
from gateway.demo.tokens import SCOPES
from gateway.explain.facts import facts_of
from gateway.explain.predict import predict
from gateway.explain.text import readable
from resolvers.principal import Principal
from tests.client import Client

STAFF = Principal(subject="staff", scopes=frozenset(SCOPES))
OWN = Principal(subject="c7", customer="c7", scopes=frozenset(SCOPES))


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


@pytest.mark.parametrize("principal", [STAFF, OWN], ids=["staff", "customer"])
@pytest.mark.parametrize(
    "query",
    [
        "{ me { name } }",
        '{ customer(id: "c7") { balance { amount } invoices { nodes { order { number } customer { name } } } } }',
        "{ customers(first: 3) { nodes { name } } }",
        "{ orders(first: 3) { nodes { customer { name } invoices { nodes { id } } } } }",
        "{ invoices(first: 3) { nodes { order { customer { name } } } } }",
        '{ products(first: 3) { nodes { stock { onHand } } } product(sku: "SKU-0001") { available } }',
        '{ node(id: "Order:o70") { ... on Order { number customer { name } } } }',
    ],
)
async def test_exactly_the_predicted_operations_are_called(
    house: Gateway,
    company: DemoCompany,
    anonymous: Client,
    token: Any,
    query: str,
    principal: Principal,
) -> None:
    """No operation is asked that was not predicted, and no more often than predicted."""
    told = explained(house, query, principal)
    predicted: dict[str, int] = {}
    for level in told["levels"]:
        for operation in level["operations"]:
            predicted[operation["backend"]] = predicted.get(operation["backend"], 0) + (operation["callsAtMost"] or 0)
    answer = await anonymous.with_token(token(customer=principal.customer)).ask(query)
    assert answer.errors == []
    made = {server.name: len(server.calls) for server in company.servers if server.calls}
    assert made.keys() <= predicted.keys()
    assert all(made[name] <= predicted[name] for name in made)


async def test_sizes_come_from_the_pages_asked_for(house: Gateway) -> None:
    """Keys and calls follow from `first`, its default and variables; lists of unknown size are said to be unknown."""
    query = """query ($first: Int!) { customers(first: $first) { nodes { orders(first: 4) { nodes {
      invoices { nodes { id } } lines { product { name } } } } } } }"""
    by_field = {
        operation["field"]: (operation["keysAtMost"], operation["callsAtMost"])
        for level in explained(house, query, first=200)["levels"]
        for operation in level["operations"]
    }
    assert by_field == {
        "customers": (None, 1),
        "customers.nodes.orders": (200, 2),
        "customers.nodes.orders.nodes.invoices": (800, 2),
        "customers.nodes.orders.nodes.lines.product": (None, None),
    }


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
    return {"BIZGRAPH_ORDERS__BY_CUSTOMERS__MAX_BATCH": "1"}


async def test_single_calls_under_a_list_are_warned_about(house: Gateway) -> None:
    """A query that would make 200 calls says so before it runs."""
    told = explained(house, "{ customers(first: 200) { nodes { orders { nodes { id } } } } }")
    assert [(warned["code"], warned["path"]) for warned in told["warnings"]] == [
        ("CALL_PER_KEY", "customers.nodes.orders")
    ]
    assert "up to 200 times" in told["warnings"][0]["message"]
    assert told["calls"]["most"] == 201


async def test_the_text_tells_the_same(house: Gateway) -> None:
    """The readable form names calls, scopes, levels and personal fields."""
    text = readable(explained(house, '{ customer(id: "c7") { name orders { nodes { id } } } }'))
    for part in ("at most 2", "customers:read", "Level 2", "orders.by_customers on shop", "customer.name"):
        assert part in text
