"""examples/erp-soap: orders and products over rpc/encoded SOAP, customers, invoices and stock over REST.

The expected values were worked out by hand from the recorded answers and the notes on their quirks. The server in the
tests compares parameters by position, as the ERP reads them.
"""

from __future__ import annotations

import pytest

from gateway.app import Gateway
from tests.client import Client
from tests.examples.conftest import token
from tests.examples.question import QUESTION
from tests.examples.recordings import recording
from tests.examples.replay import BASE, KEY, LOGIN, Erp


@pytest.fixture
def example() -> str:
    """The folder of the example under test."""
    return "erp-soap"


async def test_the_question_of_the_readme(client: Client, erp: Erp) -> None:
    """One graph over both: the customer from REST, its order and product from SOAP, stock and invoice from REST."""
    answer = await client.ask(QUESTION, {"id": "2", "first": 1})
    assert answer.json == {
        "data": {
            "customer": {
                "name": "L'Atelier d'Élodie",
                "orders": {
                    "nodes": [
                        {
                            "number": "CO2610-0001",
                            "status": "CONFIRMED",
                            "placedAt": "2026-10-23T00:00:00+02:00",
                            "total": {"amount": "113.40000000", "currency": "EUR"},
                            "lines": [
                                {
                                    "sku": "HAMMER-01",
                                    "quantity": "5",
                                    "product": {
                                        "available": "366",
                                        "stock": [
                                            {"warehouse": "LYON & SUD", "onHand": "77"},
                                            {"warehouse": "PARIS-1", "onHand": "301"},
                                        ],
                                    },
                                }
                            ],
                            "invoices": {
                                "nodes": [
                                    {
                                        "number": None,
                                        "status": "DRAFT",
                                        "dueOn": "2026-11-22",
                                        "total": {"amount": "113.40000000", "currency": "EUR"},
                                        "balance": None,
                                    }
                                ]
                            },
                        }
                    ]
                },
            }
        }
    }
    assert [call.partition("?")[0] for call in erp.asked if "GET" not in call] == [
        "getOrdersForThirdParty(2)",
        "getProductOrService(,HAMMER-01,,)",
    ]


async def test_the_orders_of_a_customer(client: Client) -> None:
    """Items without a type's name, the customer in a field that the WSDL lacks: nine orders, and none is dropped."""
    answer = await client.ask(
        """{ customer(id: "2") { orders { totalCount nodes {
          number status placedAt total { amount } customer { sourceId } lines { sku quantity unitPrice { amount } }
        } } } }"""
    )
    assert answer.errors == []
    orders = answer.data["customer"]["orders"]
    assert orders["totalCount"] == 9
    assert {node["customer"]["sourceId"] for node in orders["nodes"]} == {"2"}
    assert [
        (node["number"], node["status"], node["placedAt"][:10], node["total"]["amount"]) for node in orders["nodes"]
    ] == [
        ("CO2610-0001", "CONFIRMED", "2026-10-23", "113.40000000"),
        ("CO2502-0004", "CONFIRMED", "2025-02-23", "72.89000000"),
        ("CO2507-0007", "CONFIRMED", "2025-07-01", "54.00000000"),
        ("CO2507-0009", "CONFIRMED", "2025-07-24", "683.22000000"),
        ("CO2407-0011", "CONFIRMED", "2024-07-17", "873.44000000"),
        (None, "DRAFT", "2026-08-25", "320.41000000"),
        ("CO2503-0016", "CONFIRMED", "2025-03-19", "0.01000000"),
        ("CO2607-0019", "SHIPPED", "2026-07-16", "215.55000000"),
        ("CO2505-0046", "CONFIRMED", "2025-05-10", "5.99000000"),
    ]
    assert orders["nodes"][1]["lines"] == [
        {"sku": "KIT-GIFT", "quantity": "1", "unitPrice": {"amount": "49.90000000"}},
        {"sku": "SAW_JAPAN", "quantity": "0.5", "unitPrice": {"amount": "39.99000000"}},
        {"sku": "BIGQTY", "quantity": "0.5", "unitPrice": {"amount": "0.00420000"}},
    ]


async def test_single_orders(client: Client, erp: Erp) -> None:
    """Money is exact and in the company's currency; a code inside a 200 says that there is none; 0 is never asked."""
    answer = await client.ask(
        """{ yen: order(id: "71") { number placedAt total { amount currency } customer { name } }
             off: order(id: "78") { status placedAt } five: order(id: "13") { lines { quantity } }
             draft: order(id: "1") { number status placedAt }
             none: order(id: "9999") { number } zero: order(id: "0") { number } all: order(id: "all") { number } }"""
    )
    assert answer.json == {
        "data": {
            "yen": {
                "number": "CO2408-0061",
                "placedAt": "2024-08-01T00:00:00+02:00",
                "total": {"amount": "423.92000000", "currency": "EUR"},
                "customer": {"name": "株式会社サンプル"},
            },
            "off": {"status": "CANCELLED", "placedAt": "2026-10-11T00:00:00+02:00"},
            "five": {"lines": [{"quantity": quantity} for quantity in ("1.25", "1", "5", "1", "2")]},
            "draft": {"number": None, "status": "DRAFT", "placedAt": "2025-05-12T00:00:00+02:00"},
            "none": None,
            "zero": None,
            "all": None,
        }
    }
    assert sorted(call for call in erp.asked if "GET" not in call) == [
        "getOrder(1,,)",
        "getOrder(13,,)",
        "getOrder(71,,)",
        "getOrder(78,,)",
        "getOrder(9999,,)",
    ]


async def test_customers_without_orders(client: Client) -> None:
    """An empty array of a nameless type is no order."""
    answer = await client.ask('{ customer(id: "31") { orders { totalCount nodes { id } } } }')
    assert answer.json == {"data": {"customer": {"orders": {"totalCount": 0, "nodes": []}}}}


async def test_all_orders(client: Client, erp: Erp) -> None:
    """The service answers everything at once; the gateway cuts the pages and knows the total."""
    question = """query ($after: String) { orders(first: 50, after: $after) {
      totalCount nodes { number } pageInfo { hasNextPage endCursor } } }"""
    first = (await client.ask(question)).data["orders"]
    last = (await client.ask(question, {"after": first["pageInfo"]["endCursor"]})).data["orders"]
    assert (first["totalCount"], len(first["nodes"]), len(last["nodes"])) == (84, 50, 34)
    assert (first["pageInfo"]["hasNextPage"], last["pageInfo"]["hasNextPage"]) == (True, False)
    assert set(erp.asked) == {"getOrdersForThirdParty(all)"}
    refused = await client.ask("{ orders(sort: NUMBER_ASC) { nodes { id } } }")
    assert refused.codes == ["BAD_USER_INPUT"]


async def test_a_customer_never_reaches_everybodys_orders(house: Gateway, anonymous: Client, erp: Erp) -> None:
    """The service checks nobody's rights and takes `all` for a customer: the gateway does not rely on it."""
    own = anonymous.with_token(token(house, customer="all"))
    answer = await own.ask("{ me { name } orders { nodes { number } } }")
    assert answer.data == {"me": None, "orders": {"nodes": []}}
    assert erp.asked == []


async def test_products(client: Client, erp: Erp) -> None:
    """Names from SOAP, stock from REST; an unknown SKU is a code inside a 200; one with an apostrophe is not sent."""
    answer = await client.ask(
        """{ saw: product(sku: "SAW_JAPAN") { name available stock { warehouse onHand } }
             none: product(sku: "NOSUCH") { name } quote: product(sku: "L'X") { name }
             products(first: 2, sort: NAME_ASC) { totalCount nodes { sku name } } }"""
    )
    names = [{"sku": "OLD-0001", "name": "Article arrêté"}, {"sku": "CABLE-100M", "name": "Câble 100 m"}]
    assert answer.json == {
        "data": {
            "saw": {
                "name": "鋸 Ryoba 240 mm",
                "available": "-150.5",
                "stock": [{"warehouse": "LYON & SUD", "onHand": "2"}, {"warehouse": "PARIS-1", "onHand": "350"}],
            },
            "none": None,
            "quote": None,
            "products": {"totalCount": 22, "nodes": names},
        }
    }
    assert not [call for call in erp.asked if "L'X" in call]


class TestWithTheTimeOfCreation:
    """The creation time has a time of day, and a Z that is not true."""

    @pytest.fixture
    def overrides(self) -> dict[str, str]:
        """`placed_at` from another field than in the file."""
        table = '{ path = "date_creation", as = "local-datetime", zone = "Europe/Paris", ignore_offset = true }'
        return {"BIZGRAPH_ORDERS__FIELDS__PLACED_AT": table}

    async def test_a_false_z_is_ignored(self, client: Client) -> None:
        """01:27:54Z is 01:27:54 in Paris, the instant that REST tells of the same order in seconds."""
        answer = await client.ask('{ order(id: "71") { placedAt } }')
        assert answer.json == {"data": {"order": {"placedAt": "2026-11-21T01:27:54+01:00"}}}


class TestWithAWrongPassword:
    """The ERP answers 200, with a code."""

    @pytest.fixture
    def overrides(self) -> dict[str, str]:
        return {"ERP_PASSWORD": LOGIN["password"] + "-of-yesterday"}

    async def test_refused_credentials_are_told_without_them(self, client: Client) -> None:
        """Whose fault it is, and nothing of the password; the other backend's data is there."""
        answer = await client.ask('{ customer(id: "2") { name orders { nodes { number } } } }')
        assert answer.data == {"customer": {"name": "L'Atelier d'Élodie", "orders": None}}
        assert answer.codes == ["BACKEND_REJECTED"]
        assert answer.errors[0]["extensions"]["cause"] == "credentials"
        assert LOGIN["password"].encode() not in answer.body


async def test_an_adapter_that_is_refused_costs_its_own_field_only(client: Client, erp: Erp) -> None:
    """Order and product stay when the invoices cannot be asked for."""
    erp.instead = {f"{BASE}/orders/2": recording("rest/errors/28-200-html-unknown-api")}
    answer = await client.ask(QUESTION, {"id": "2", "first": 1})
    (order,) = answer.data["customer"]["orders"]["nodes"]
    assert (order["number"], order["invoices"]) == ("CO2610-0001", None)
    assert answer.codes == ["BACKEND_CONTRACT"]


class TestWithAWrongRestKey:
    """Both ways to REST, the gateway's own and the adapter's, are refused; SOAP is not."""

    @pytest.fixture
    def overrides(self) -> dict[str, str]:
        return {"ERP_API_KEY": KEY + "-of-yesterday"}

    async def test_both_are_told(self, client: Client) -> None:
        """The order is there; its customer and its invoices say that the gateway's credentials are refused."""
        answer = await client.ask('{ order(id: "13") { number customer { name } invoices { nodes { id } } } }')
        assert answer.data == {"order": {"number": "CO2408-0010", "customer": None, "invoices": None}}
        told = {(error["extensions"]["code"], error["extensions"]["cause"]) for error in answer.errors}
        assert told == {("BACKEND_REJECTED", "credentials")}
        assert KEY.encode() not in answer.body
