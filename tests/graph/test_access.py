"""Who sees what: proved for every field of the schema, not for the fields that somebody thought of."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import pytest
from graphql import GraphQLField, GraphQLObjectType, get_named_type, is_leaf_type

from gateway.demo.company import DemoCompany
from gateway.demo.tokens import SCOPES
from resolvers.ownership import OWNER_OF
from resolvers.records import Customer, Invoice, Order
from schema.access import AUTHENTICATED, Owner
from schema.access import SCOPES as NEEDED
from schema.build import build_schema, graphql_schema
from tests.client import Client
from tests.conftest import CallsOf, MakeToken

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

    @property
    def needed(self) -> frozenset[str]:
        scopes: frozenset[str] = self.field.extensions.get(NEEDED, frozenset())
        return scopes

    @property
    def operation(self) -> str:
        arguments = ARGUMENTS.get(self.name) if self.type_name == "Query" else None
        text = self.name + (f"({arguments})" if arguments else "")
        named = get_named_type(self.field.type)
        if not is_leaf_type(named):
            text += " { __typename }"
        return ROOTS[self.type_name].replace("field", text)

    def __str__(self) -> str:
        return f"{self.type_name}.{self.name}"


def places() -> list[Place]:
    return [
        Place(object_type.name, name, field)
        for object_type in SCHEMA.type_map.values()
        if isinstance(object_type, GraphQLObjectType) and not object_type.name.startswith("__")
        for name, field in object_type.fields.items()
    ]


PLACES = places()
GUARDED = [(place, scope) for place in PLACES for scope in sorted(place.needed)]
OPEN = {"Query.node"}
"""Root fields without a scope of their own: the type that is found decides."""


def test_every_type_is_reached_by_these_tests() -> None:
    """A new type cannot slip past the tests of access."""
    assert {place.type_name for place in PLACES} == set(ROOTS)


def test_every_root_field_is_guarded() -> None:
    """A root field without a scope fails here, unless it is listed as open."""
    unguarded = {str(place) for place in PLACES if place.type_name == "Query" and not place.needed}
    assert unguarded == OPEN


@pytest.mark.parametrize("place", PLACES, ids=str)
async def test_every_field_is_answered_with_all_scopes(client: Client, place: Place) -> None:
    """With every scope every field of the schema is answered without an error."""
    answer = await client.ask(place.operation)
    assert answer.errors == []
    assert answer.status == 200


@pytest.mark.parametrize(("place", "scope"), GUARDED, ids=str)
async def test_a_missing_scope_refuses_the_field_and_fetches_nothing(
    anonymous: Client, token: MakeToken, calls: CallsOf, place: Place, scope: str
) -> None:
    """Without its scope a field is null and FORBIDDEN, its error names the scope, and its system is not asked."""
    others = [held for held in SCOPES if held != scope]
    allowed = await anonymous.with_token(token(*others)).ask(ROOTS[place.type_name].replace("field", "__typename"))
    before = calls()
    refused = await anonymous.with_token(token(*others)).ask(place.operation)
    assert set(refused.codes) == {"FORBIDDEN"}
    assert all(error["extensions"]["missing"] == [scope] for error in refused.errors)
    if allowed.errors:
        # The way to this type is refused already, as it should be for the edges of a refused list.
        assert place.type_name.endswith("Edge")
        assert refused.errors[0]["path"] == allowed.errors[0]["path"]
        return
    assert str(place) in refused.errors[0]["message"]
    assert _at(refused.data, refused.errors[0]["path"]) is None
    made = calls()
    assert made.keys() <= before.keys()
    assert sum(map(len, made.values())) <= sum(map(len, before.values()))


@pytest.mark.parametrize("place", [place for place in PLACES if place.type_name == "Query"], ids=str)
async def test_nothing_is_told_without_a_token(anonymous: Client, calls: CallsOf, place: Place) -> None:
    """A caller without a token gets UNAUTHENTICATED or nothing at all, and no system is asked for a guarded field."""
    answer = await anonymous.ask(place.operation)
    if str(place) in OPEN:
        assert answer.data == {"node": None} or answer.data["node"].keys() == {"__typename"}
        return
    assert answer.codes == ["UNAUTHENTICATED"]
    assert answer.data == {place.name: None}
    assert calls() == {}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"expires_in": 1.0, "now": time.time() - 10_000}, "expired"),
        ({"claims": {"aud": "somebody-else"}}, "audience"),
        ({"claims": {"iss": "https://evil.example"}}, "issuer"),
        ({"claims": {"nbf": int(time.time()) + 10_000}}, "not"),
    ],
)
async def test_bad_tokens_are_401_for_every_root_field(
    anonymous: Client, token: MakeToken, calls: CallsOf, change: dict[str, Any], reason: str
) -> None:
    """A token that does not verify answers 401 with a challenge, and no system is asked."""
    bad = token(**change)
    for place in PLACES:
        if place.type_name != "Query":
            continue
        answer = await anonymous.with_token(bad).ask(place.operation)
        assert answer.status == 401
        assert answer.codes == ["UNAUTHENTICATED"]
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
        assert bad not in answer.body.decode()
    assert calls() == {}


def test_the_printed_owners_are_the_enforced_ones() -> None:
    """A type that says @owner is one whose records are checked, and the other way round."""
    printed = {
        name
        for name, found in SCHEMA.type_map.items()
        for directive in getattr(found.extensions.get("strawberry-definition"), "directives", None) or ()
        if isinstance(directive, Owner)
    }
    assert printed == {record.__name__ for record in OWNER_OF} == {"Customer", "Order", "Invoice"}


OWN, OTHER = "c7", "c8"
OWNED = {"customer": (Customer, "customers"), "order": (Order, "orders"), "invoice": (Invoice, "invoices")}


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


@pytest.mark.parametrize("field", list(OWNED))
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


def test_me_is_marked_as_needing_a_token() -> None:
    """What is enforced is printed: `me` carries @authenticated."""
    assert SCHEMA.query_type is not None
    assert SCHEMA.query_type.fields["me"].extensions[AUTHENTICATED]
