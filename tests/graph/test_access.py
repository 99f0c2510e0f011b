"""Who sees what: proved for every field of the schema and every kind of caller, not for those that somebody thought of.

The cache is off here, so that no answer from memory can hide a call that should not have been made.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    is_leaf_type,
    parse,
    visit,
)

from gateway.app import Gateway
from gateway.demo.company import DemoCompany
from gateway.demo.tokens import PORTAL_SCOPES, SCOPES
from schema.access import SCOPES as NEEDED
from schema.build import build_schema, graphql_schema
from tests.client import Answer, Client
from tests.conftest import TODAY, CallsOf, MakeToken
from tests.patience import demo_settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCHEMA = graphql_schema(build_schema())
ROOTS = {
    "Query": "{ field }",
    "Customer": '{ customer(id: "c7") { field } }',
    "Order": '{ order(id: "o70") { field } }',
    "OrderLine": '{ order(id: "o70") { lines { field } } }',
    "Product": '{ product(sku: "SKU-0042") { field } }',
    "StockLevel": '{ product(sku: "SKU-0042") { stock { field } } }',
    "Invoice": '{ invoice(id: "i12") { field } }',
    "CustomerConnection": "{ customers(first: 2) { field } }",
    "CustomerEdge": "{ customers(first: 2) { edges { field } } }",
    "OrderConnection": "{ orders(first: 2) { field } }",
    "OrderEdge": "{ orders(first: 2) { edges { field } } }",
    "ProductConnection": "{ products(first: 2) { field } }",
    "ProductEdge": "{ products(first: 2) { edges { field } } }",
    "InvoiceConnection": "{ invoices(first: 2) { field } }",
    "InvoiceEdge": "{ invoices(first: 2) { edges { field } } }",
    "Money": '{ order(id: "o70") { total { field } } }',
    "Address": '{ customer(id: "c7") { addresses { field } } }',
    "PageInfo": "{ products(first: 2) { pageInfo { field } } }",
}
"""How each type is reached; a type that is missing here fails the test below."""
NODES = {"Customer": "c7", "Order": "o70", "Product": "SKU-0042", "Invoice": "i12"}
"""What is reached a second time, past the fields that guard it, by way of the interface."""
ARGUMENTS = {
    "customer": 'id: "c7"',
    "order": 'id: "o70"',
    "product": 'sku: "SKU-0042"',
    "invoice": 'id: "i12"',
    "node": 'id: "Customer:c7"',
}


@dataclass(frozen=True)
class Place:
    """One field of the schema and the operation that asks for it."""

    type_name: str
    name: str
    field: GraphQLField
    way: str

    @property
    def operation(self) -> str:
        arguments = ARGUMENTS.get(self.name) if self.type_name == "Query" else None
        text = self.name + (f"({arguments})" if arguments else "")
        named = get_named_type(self.field.type)
        if not is_leaf_type(named):
            text += " { __typename }"
        return self.way.replace("field", text)

    @property
    def reached(self) -> str:
        """The operation that gets as far as the field's parent, and asks nothing of it."""
        return self.way.replace("field", "__typename")

    @property
    def root(self) -> str:
        return self.operation[2:].partition("(")[0].partition(" ")[0]

    @property
    def owned(self) -> bool:
        """Whether the field hangs on a single record of a customer's."""
        return self.root in ("customer", "order", "invoice", "node") and "Product:" not in self.operation

    @property
    def needed(self) -> frozenset[str]:
        """The scopes on the whole way to the field, itself included."""
        found: set[str] = set()
        info = TypeInfo(SCHEMA)

        class Scopes(Visitor):
            def enter_field(self, *_: Any) -> None:
                field = info.get_field_def()
                if field is not None:
                    found.update(field.extensions.get(NEEDED, ()))

        visit(parse(self.operation), TypeInfoVisitor(info, Scopes()))
        if self.operation.startswith("{ node") and "... on" not in self.operation:
            found.add("customers:read")  # The interface tells nothing; what is found there is a customer.
        return frozenset(found)

    def __str__(self) -> str:
        return f"{self.type_name}.{self.name}" + ("@node" if "... on" in self.way else "")


def fields_of(type_name: str, way: str) -> list[Place]:
    found = SCHEMA.type_map[type_name]
    assert isinstance(found, GraphQLObjectType)
    return [Place(type_name, name, field, way) for name, field in found.fields.items()]


PLACES = [place for name, way in ROOTS.items() for place in fields_of(name, way)] + [
    place
    for name, key in NODES.items()
    for place in fields_of(name, f'{{ node(id: "{name}:{key}") {{ ... on {name} {{ field }} }} }}')
]
OWN, OTHER = "c7", "c8"
EVERYWHERE = pytest.mark.parametrize("place", PLACES, ids=str)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def company() -> AsyncIterator[DemoCompany]:
    async with DemoCompany(today=TODAY) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(company: DemoCompany) -> AsyncIterator[Gateway]:
    whole = Gateway(*demo_settings(company, {"BIZGRAPH_CACHE__STORE": "off"}))
    async with whole.running():
        yield whole


@pytest.fixture(autouse=True)
def forgotten(calls: CallsOf) -> None:
    """The calls of other tests do not count."""
    calls()


async def test_every_type_is_reached_by_these_tests() -> None:
    """A new type cannot slip past the tests of access."""
    objects = {
        name
        for name, found in SCHEMA.type_map.items()
        if isinstance(found, GraphQLObjectType) and not name.startswith("__")
    }
    interface = SCHEMA.get_possible_types(SCHEMA.type_map["Node"])  # type: ignore[arg-type] # Node is an interface
    assert objects == set(ROOTS)
    assert {found.name for found in interface} == set(NODES)


@EVERYWHERE
async def test_every_field_is_answered_with_all_scopes(client: Client, place: Place) -> None:
    """With every scope every field of the schema is answered without an error."""
    answer = await client.ask(place.operation)
    assert answer.errors == []
    assert answer.status == 200


@EVERYWHERE
async def test_the_scopes_on_the_way_are_enough(anonymous: Client, token: MakeToken, place: Place) -> None:
    """The scopes that the SDL tells on the way to a field are all that is needed for it."""
    needed = place.needed
    assert needed <= set(SCOPES)
    answer = await anonymous.with_token(token(*needed)).ask(place.operation)
    assert answer.errors == []


@EVERYWHERE
async def test_a_missing_scope_refuses_the_field_and_fetches_nothing(
    anonymous: Client, token: MakeToken, calls: CallsOf, place: Place
) -> None:
    """Without one of its scopes a field is null and FORBIDDEN, the error names the scope, and nothing is fetched for
    it: no system is asked for more than it takes to get there."""
    for scope in sorted(place.needed):
        client = anonymous.with_token(token(*(held for held in SCOPES if held != scope)))
        await client.ask(place.reached)
        reaching = calls()
        refused = await client.ask(place.operation)
        assert set(refused.codes) == {"FORBIDDEN"}
        for error in refused.errors:
            assert error["extensions"]["missing"] == [scope]
            assert scope in error["message"]
            assert _at(refused.data, error["path"]) is None
        made = calls()
        if any(len(error["path"]) == 1 for error in refused.errors):
            assert made == {}
        assert made == reaching


@EVERYWHERE
async def test_nothing_is_told_without_a_token(anonymous: Client, calls: CallsOf, place: Place) -> None:
    """A caller without a token is told UNAUTHENTICATED and nothing else, and no system is asked."""
    answer = await anonymous.ask(place.operation)
    assert set(answer.codes) == {"UNAUTHENTICATED"}
    assert set(answer.data.values()) == {None}
    assert calls() == {}


@EVERYWHERE
async def test_bad_tokens_are_401_everywhere(anonymous: Client, token: MakeToken, calls: CallsOf, place: Place) -> None:
    """A token that does not verify answers 401 with a challenge and no data, and no system is asked."""
    good = token()
    bad = [
        token(expires_in=1.0, now=time.time() - 10_000),
        token(claims={"aud": "somebody-else"}),
        token(claims={"iss": "https://evil.example"}),
        token(claims={"nbf": int(time.time()) + 10_000}),
        good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BAAA"),
        "not.a.token",
    ]
    for text in bad:
        answer = await anonymous.with_token(text).ask(place.operation)
        assert answer.status == 401
        assert answer.codes == ["UNAUTHENTICATED"]
        assert "data" not in answer.json
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
        assert text not in answer.body.decode()
    assert calls() == {}


@pytest.mark.parametrize("place", [place for place in PLACES if place.owned], ids=str)
async def test_another_owner_gets_what_a_missing_record_gives(
    anonymous: Client, token: MakeToken, calls: CallsOf, place: Place
) -> None:
    """Every field of a neighbour's record answers, and costs, exactly what it does where there is no such record."""
    operation = place.operation
    root = place.root
    neighbour = anonymous.with_token(token(customer=OTHER))
    refused = await neighbour.ask(operation)
    cost = calls()
    absent = await neighbour.ask(operation.replace("c7", "c99999").replace("o70", "o99999").replace("i12", "i999999"))
    assert refused.data == {root: None}
    assert refused.body == absent.body
    assert refused.status == absent.status == 200
    assert cost == calls()
    assert {len(made) for made in cost.values()} <= {1}
    if "Customer:" in operation or root == "customer":
        assert cost == {}


@EVERYWHERE
async def test_a_token_of_no_customer_is_not_for_all(
    anonymous: Client, token: MakeToken, calls: CallsOf, place: Place
) -> None:
    """A token with every scope but neither the customer claim nor that of staff, as an issuer mints that forgets the
    claim, sees products and nothing of customers: FORBIDDEN, and no system is asked."""
    answer = await anonymous.with_token(token(*PORTAL_SCOPES, "inventory:stock", unassigned=True)).ask(place.operation)
    if place.owned or place.root in ("me", "customers", "orders", "invoices"):
        assert answer.codes == ["FORBIDDEN"]
        assert answer.data == {place.root: None}
        assert calls() == {}
    else:
        assert answer.errors == []


def _at(data: Any, path: list[str | int]) -> Any:
    for part in path:
        if data is None:
            return None
        data = data[part]
    return data


def other_ids(company: DemoCompany) -> dict[str, list[str]]:
    """Ids of a neighbour's records, by root field."""
    books = company.books
    return {
        "customer": [OTHER],
        "order": [order.id for order in books.orders.values() if order.customer_id == OTHER],
        "invoice": [invoice.id for invoice in books.invoices.values() if invoice.customer_id == OTHER],
    }


@pytest.mark.parametrize("field", ["customer", "order", "invoice"])
async def test_a_neighbours_record_answers_exactly_like_a_missing_one(
    anonymous: Client, token: MakeToken, company: DemoCompany, field: str
) -> None:
    """Byte for byte the same answer, by root field and by node, also after somebody allowed has filled the cache."""
    own = anonymous.with_token(token(customer=OWN))
    staff = anonymous.with_token(token())
    missing = {"customer": "c99999", "order": "o99999", "invoice": "i999999"}[field]
    type_name = field.capitalize()
    for other in other_ids(company)[field]:
        assert (await staff.ask(f'{{ {field}(id: "{other}") {{ id }} }}')).data[field] is not None
        for asked in (f'{{ {field}(id: "%s") {{ id number }} }}', f'{{ node(id: "{type_name}:%s") {{ id }} }}'):
            refused, absent = await own.ask(asked % other), await own.ask(asked % missing)
            assert refused.body == absent.body
            assert refused.status == absent.status == 200


async def test_a_customer_sees_its_own_everywhere(anonymous: Client, token: MakeToken, company: DemoCompany) -> None:
    """Lists, totals and relations of a customer's token hold its own records and all of them."""
    own = anonymous.with_token(token(customer=OWN))
    answer = await own.ask(
        """{
          me { sourceId orders { totalCount nodes { sourceId customer { sourceId } } } }
          customers { totalCount nodes { sourceId } }
          orders(first: 100) { totalCount nodes { sourceId customer { sourceId } invoices { nodes { sourceId } } } }
          invoices(first: 200) { totalCount nodes { sourceId customer { sourceId } order { sourceId } } }
        }"""
    )
    assert answer.errors == []
    books = company.books
    orders = {order.id for order in books.orders.values() if order.customer_id == OWN}
    invoices = {invoice.id for invoice in books.invoices.values() if invoice.customer_id == OWN}
    data = answer.data
    assert [node["sourceId"] for node in data["customers"]["nodes"]] == [OWN]
    assert data["customers"]["totalCount"] == 1
    assert {node["sourceId"] for node in data["orders"]["nodes"]} == orders
    assert data["orders"]["totalCount"] == data["me"]["orders"]["totalCount"] == len(orders)
    assert {node["sourceId"] for node in data["invoices"]["nodes"]} == invoices
    assert data["invoices"]["totalCount"] == len(invoices)
    for node in data["orders"]["nodes"] + data["invoices"]["nodes"]:
        assert node["customer"] == {"sourceId": OWN}


async def test_filters_cannot_look_over_the_fence(anonymous: Client, token: MakeToken, company: DemoCompany) -> None:
    """No filter, search or cursor makes a customer's lists hold or count a neighbour's records."""
    neighbour = company.books.customers[OTHER]
    theirs = next(order for order in company.books.orders.values() if order.customer_id == OTHER)
    own = anonymous.with_token(token(customer=OWN))
    answer = await own.ask(
        """query ($name: String!, $number: String!) {
          customers(filter: { text: $name }) { totalCount nodes { id } pageInfo { hasNextPage } }
          orders(filter: { text: $number }) { totalCount nodes { id } pageInfo { hasNextPage } }
        }""",
        {"name": neighbour.name, "number": theirs.number},
    )
    nothing = {"totalCount": 0, "nodes": [], "pageInfo": {"hasNextPage": False}}
    assert answer.json == {"data": {"customers": nothing, "orders": nothing}}


async def test_a_search_needs_what_reading_its_fields_does(
    anonymous: Client, token: MakeToken, calls: CallsOf, company: DemoCompany
) -> None:
    """Who may not read e-mails cannot search them either, and so find out letter by letter whose is which."""
    email = next(customer.email for customer in company.books.customers.values() if customer.email)
    search = "query ($text: String!) { customers(filter: { text: $text }) { totalCount } }"
    refused = await anonymous.with_token(token("customers:read")).ask(search, {"text": email[:6]})
    assert refused.codes == ["FORBIDDEN"]
    assert refused.errors[0]["extensions"]["missing"] == ["customers:contact"]
    assert calls() == {}
    found = await anonymous.with_token(token("customers:read", "customers:contact")).ask(search, {"text": email})
    assert found.data["customers"]["totalCount"] == 1


@pytest.mark.parametrize(
    "query",
    [
        "query ($text: ID!) { order(id: $text) { id } }",
        "query ($text: ID!) { node(id: $text) { id } }",
        "query ($text: String!) { product(sku: $text) { id } }",
        "query ($text: String!) { orders(filter: { text: $text }) { totalCount } }",
    ],
)
async def test_texts_that_would_break_addresses_reach_no_system(client: Client, calls: CallsOf, query: str) -> None:
    """An id or a search of thousands of characters is refused by name and limit, before it breaks a system's request
    line and, with it, the trust in that system."""
    answer = await client.ask(query, {"text": "Order:" + "x" * 10_000})
    assert answer.codes == ["BAD_USER_INPUT"]
    assert answer.errors[0]["extensions"] | {"value": 10_006, "limit": 256} == answer.errors[0]["extensions"]
    assert calls() == {}


async def test_a_customers_token_is_not_asked_around_with(anonymous: Client, token: MakeToken, calls: CallsOf) -> None:
    """For another customer's id no system is asked at all: not even the time of the answer tells that it exists."""
    own = anonymous.with_token(token(customer=OWN))
    answer = await own.ask(f'{{ customer(id: "{OTHER}") {{ id orders {{ nodes {{ id }} }} }} }}')
    assert answer.data == {"customer": None}
    assert calls() == {}


async def test_me_is_nobody_for_staff(client: Client, calls: CallsOf) -> None:
    """A token without a customer has no `me`, and asking for it costs nothing."""
    answer = await client.ask("{ me { id } }")
    assert answer.json == {"data": {"me": None}}
    assert calls() == {}


async def test_customers_see_what_can_be_sold_and_not_where_it_lies(anonymous: Client, token: MakeToken) -> None:
    """Without the scope for stock a product tells `available`, while its stock is null and FORBIDDEN."""
    portal = anonymous.with_token(token("inventory:read", customer=OWN))
    answer: Answer = await portal.ask('{ product(sku: "SKU-0042") { available stock { warehouse onHand } } }')
    assert answer.codes == ["FORBIDDEN"]
    assert answer.errors[0]["extensions"]["missing"] == ["inventory:stock"]
    assert answer.data["product"]["stock"] is None
    assert answer.data["product"]["available"] is not None
