"""The graph over the demo's four systems: every relation, what it answers and what it costs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from gateway.demo.company import DemoCompany
from tests.client import Client
from tests.conftest import CallsOf

FOUR_SYSTEMS = """
query ($id: ID!) {
  customer(id: $id) {
    id name
    orders(first: 10) {
      nodes {
        number
        lines { sku product { sku available } }
        invoices { nodes { number } }
      }
    }
  }
}
"""


async def test_one_question_is_answered_by_four_systems_in_four_calls(client: Client, calls: CallsOf) -> None:
    """A nested query costs one call per operation and level, however many orders and lines there are."""
    answer = await client.ask(FOUR_SYSTEMS, {"id": "c7"})
    assert answer.errors == []
    orders = answer.data["customer"]["orders"]["nodes"]
    assert len(orders) == 10
    assert any(line["product"] for order in orders for line in order["lines"])
    assert calls() == {
        "crm": ["customers.by_ids"],
        "shop": ["orders.by_customers"],
        "warehouse": ["GetProducts"],
        "accounting": ["GetInvoicesOfOrders"],
    }


async def test_asked_again_it_makes_no_call(client: Client, calls: CallsOf) -> None:
    """What is fresh in the cache is answered without any system."""
    first = await client.ask(FOUR_SYSTEMS, {"id": "c7"})
    calls()
    again = await client.ask(FOUR_SYSTEMS, {"id": "c7"})
    assert again.body == first.body
    assert calls() == {}


async def test_the_cost_does_not_grow_with_the_number_of_customers(client: Client, calls: CallsOf) -> None:
    """Fifty customers with all their orders, lines, products and invoices cost five calls."""
    answer = await client.ask(
        """{ customers(first: 50) { nodes {
          name orders { nodes { lines { product { name } } invoices { nodes { id } } } }
        } } }"""
    )
    assert answer.errors == []
    assert len(answer.data["customers"]["nodes"]) == 50
    assert {name: len(made) for name, made in calls().items()} == {
        "crm": 1,
        "shop": 1,
        "warehouse": 1,
        "accounting": 1,
    }


async def test_a_customer_has_everything_that_the_crm_knows(client: Client, company: DemoCompany) -> None:
    """Every attribute of a customer comes through unchanged, whatever characters it holds."""
    query = """
    query ($id: ID!) { customer(id: $id) {
      id sourceId number name email phone status createdAt
      addresses { kind lines postalCode city region country }
    } }"""
    for known in list(company.books.customers.values())[:120]:
        answer = await client.ask(query, {"id": known.id})
        assert answer.errors == [], known
        told = answer.data["customer"]
        assert told["id"] == f"Customer:{known.id}"
        assert (told["sourceId"], told["number"], told["name"]) == (known.id, known.number, known.name)
        assert (told["email"], told["phone"]) == (known.email, known.phone)
        assert [address["city"] for address in told["addresses"]] == [address.city for address in known.addresses]


async def test_orders_and_lines_keep_their_exact_amounts(client: Client) -> None:
    """Totals are exact decimals with the digits of their currency, quantities may be fractions."""
    answer = await client.ask(
        """{ customers(first: 60) { nodes { orders(first: 10) { nodes {
          number total { amount currency }
          lines { sku description quantity unitPrice { amount currency } lineTotal { amount currency } }
        } } } } }"""
    )
    assert answer.errors == []
    orders = [order for customer in answer.data["customers"]["nodes"] for order in customer["orders"]["nodes"]]
    currencies = {order["total"]["currency"] for order in orders}
    assert {"EUR", "JPY"} <= currencies
    for order in orders:
        digits = 0 if order["total"]["currency"] == "JPY" else 2
        assert -Decimal(order["total"]["amount"]).as_tuple().exponent == digits  # type: ignore[operator] # finite
        assert 1 <= len(order["lines"]) <= 5
    quantities = [Decimal(line["quantity"]) for order in orders for line in order["lines"]]
    assert any(quantity % 1 for quantity in quantities)
    assert any(line["sku"] is None for order in orders for line in order["lines"])


@pytest.mark.parametrize(
    ("there", "back"),
    [
        ("order(id: $id) { customer { orders { nodes { id } } } }", ("order", "customer", "orders")),
        (
            "order(id: $id) { invoices { nodes { order { id } customer { id } } } }",
            ("order", "invoices"),
        ),
    ],
)
async def test_relations_lead_there_and_back(client: Client, there: str, back: tuple[str, ...]) -> None:
    """From an order one gets to its customer and invoices, and from those back to the order."""
    found = await client.ask('{ customer(id: "c7") { orders(first: 1) { nodes { id } } } }')
    order = found.data["customer"]["orders"]["nodes"][0]["id"]
    answer = await client.ask(f"query ($id: ID!) {{ {there} }}", {"id": order})
    assert answer.errors == []
    value: Any = answer.data
    for name in back:
        value = value[name]
    for node in value["nodes"]:
        assert order in (node.get("id"), (node.get("order") or {}).get("id")) or "id" in node


async def test_products_tell_what_each_warehouse_holds(client: Client, calls: CallsOf) -> None:
    """A product's stock is told per warehouse, and what is available is on hand less reserved."""
    answer = await client.ask(
        """{ product(sku: "SKU-0042") { id sku name available stock { warehouse onHand reserved available } } }"""
    )
    assert answer.errors == []
    product = answer.data["product"]
    levels = product["stock"]
    assert {level["warehouse"] for level in levels} <= {"BER", "LYO", "OSA"}
    for level in levels:
        if level["onHand"] is not None and level["reserved"] is not None:
            assert Decimal(level["available"]) == Decimal(level["onHand"]) - Decimal(level["reserved"])
    if all(level["available"] is not None for level in levels):
        assert Decimal(product["available"]) == sum(Decimal(level["available"]) for level in levels)
    assert calls() == {"warehouse": ["GetProducts"]}


async def test_invoices_tell_kind_state_days_and_balance(client: Client, company: DemoCompany) -> None:
    """Every kind and state of invoice comes through; overdue follows from state and due day."""
    answer = await client.ask(
        """{ invoices(first: 200, filter: { status: [SENT, PAID, PARTLY_PAID, WRITTEN_OFF] }) { nodes {
          id sourceId number kind status issuedOn dueOn overdue
          total { amount currency } balance { amount currency }
        } } }"""
    )
    assert answer.errors == []
    found = answer.data["invoices"]["nodes"]
    assert {"SENT", "PAID", "PARTLY_PAID"} <= {invoice["status"] for invoice in found}
    assert "CREDIT_NOTE" in {invoice["kind"] for invoice in found}
    for invoice in found:
        total = Decimal(invoice["total"]["amount"])
        assert (total <= 0) is (invoice["kind"] == "CREDIT_NOTE")


async def test_the_balance_is_the_sum_of_open_invoices(client: Client, calls: CallsOf) -> None:
    """A customer's balance is what its open invoices say, per currency, for one call however many customers."""
    answer = await client.ask(
        """{ customers(first: 30) { nodes {
          balance { amount currency }
          invoices(first: 200) { nodes { status balance { amount currency } } }
        } } }"""
    )
    assert answer.errors == []
    for customer in answer.data["customers"]["nodes"]:
        sums: dict[str, Decimal] = {}
        for invoice in customer["invoices"]["nodes"]:
            if invoice["status"] in ("SENT", "PARTLY_PAID", "OVERDUE"):
                money = invoice["balance"]
                sums[money["currency"]] = sums.get(money["currency"], Decimal(0)) + Decimal(money["amount"])
        assert {money["currency"]: Decimal(money["amount"]) for money in customer["balance"]} == sums
    assert calls()["accounting"] == ["GetInvoicesOfCustomers"]


@pytest.mark.parametrize("kind", ["Customer:c7", "Order:o70", "Product:SKU-0042", "Invoice:i12"])
async def test_any_record_is_fetched_again_by_its_id(client: Client, kind: str) -> None:
    """`node` answers every id that the graph hands out, with the right type."""
    answer = await client.ask("query ($id: ID!) { node(id: $id) { __typename id } }", {"id": kind})
    assert answer.errors == []
    assert answer.data == {"node": {"__typename": kind.partition(":")[0], "id": kind}}


@pytest.mark.parametrize(
    ("query", "calls_made"),
    [
        ('{ customer(id: "c99999") { id } }', 1),
        ('{ order(id: "o99999") { id } }', 1),
        ('{ product(sku: "SKU-9001") { sku } }', 1),
        ('{ invoice(id: "i999999") { id } }', 1),
        ('{ node(id: "Order:o99999") { id } }', 1),
    ],
)
async def test_what_does_not_exist_is_null_and_remembered(
    client: Client, calls: CallsOf, query: str, calls_made: int
) -> None:
    """An absent record is null without an error, and asking again costs no call."""
    for _ in range(2):
        answer = await client.ask(query)
        assert answer.errors == []
        assert list(answer.data.values()) == [None]
    assert sum(len(made) for made in calls().values()) == calls_made


async def test_free_text_lines_and_unknown_skus_have_no_product(client: Client) -> None:
    """A line without a known product is a line all the same."""
    answer = await client.ask(
        "{ customers(first: 200) { nodes { orders { nodes { lines { sku description product { sku } } } } } } }"
    )
    lines = [
        line
        for customer in answer.data["customers"]["nodes"]
        for order in customer["orders"]["nodes"]
        for line in order["lines"]
    ]
    free = [line for line in lines if line["sku"] is None]
    unknown = [line for line in lines if line["sku"] == "SKU-9001"]
    assert free
    assert unknown
    assert all(line["product"] is None and line["description"] for line in free + unknown)
    assert answer.errors == []


async def test_ids_of_another_type_are_refused(client: Client, calls: CallsOf) -> None:
    """An order's id given as a customer's is BAD_USER_INPUT, and no system is asked."""
    answer = await client.ask('{ customer(id: "Order:o1") { id } node(id: "nonsense") { id } }')
    assert answer.codes == ["BAD_USER_INPUT", "BAD_USER_INPUT"]
    assert calls() == {}
