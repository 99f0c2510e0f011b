"""What is predicted holds: generated queries, a cold cache, and the call logs of the real systems."""

from __future__ import annotations

import random
from collections import Counter
from itertools import chain
from typing import Any

import pytest
from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, get_named_type, is_leaf_type

from gateway.app import Gateway
from gateway.demo.company import DemoCompany
from gateway.demo.run import NO_BATCHES
from gateway.demo.tokens import SCOPES
from resolvers.principal import Principal
from tests.client import Client
from tests.conftest import MakeToken
from tests.gateway.explain.test_predict import explained

pytestmark = pytest.mark.timeout(120)

QUERIES = 30
DEEPEST = 8
IDS = {
    "customer": ("c7", "c9", "c999999"),
    "order": ("o70", "o68", "o1", "o999999"),
    "invoice": ("i7", "i20", "i999999"),
    "product": ("SKU-0001", "SKU-0310", "NOPE"),
    "node": ("Order:o70", "Customer:c7", "Product:SKU-0001", "Customer:c999999"),
}
"""What there is, what is a neighbour's, and what does not exist."""

NO_CACHE = {"BIZGRAPH_CACHE__STORE": "off"}


class Questions:
    """Valid queries over the schema, drawn at random."""

    def __init__(self, schema: GraphQLSchema, chance: random.Random) -> None:
        self._schema = schema
        self._chance = chance

    def query(self) -> str:
        """An operation of one to three root fields, aliased so that none meets another."""
        root = self._schema.query_type
        assert root is not None
        names = self._chance.choices(sorted(root.fields), k=self._chance.randint(1, 3))
        fields = (f"f{number}: {self._field(name, root.fields[name], 0)}" for number, name in enumerate(names))
        return f"{{ {' '.join(fields)} }}"

    def _field(self, name: str, field: GraphQLField, depth: int) -> str:
        given = {}
        if "first" in field.args and self._chance.random() < 0.9:
            given["first"] = str(self._chance.choice((1, 2, 3, 7) if depth < 2 else (1, 2)))
        for argument in field.args.keys() & {"id", "sku"}:
            given[argument] = f'"{self._chance.choice(IDS[name])}"'
        arguments = ", ".join(f"{argument}: {value}" for argument, value in given.items())
        asked = f"{name}({arguments})" if given else name
        target = get_named_type(field.type)
        if is_leaf_type(target):
            return asked
        if name == "node" and "id" in given:
            target = self._schema.type_map[given["id"].strip('"').partition(":")[0]]
            assert isinstance(target, GraphQLObjectType)
            return f"{asked} {{ ... on {target.name} {self._selection(target, depth + 1)} }}"
        assert isinstance(target, GraphQLObjectType)
        return f"{asked} {self._selection(target, depth + 1)}"

    def _selection(self, target: GraphQLObjectType, depth: int) -> str:
        leaves = [name for name, field in target.fields.items() if is_leaf_type(get_named_type(field.type))]
        objects = [name for name in target.fields if name not in leaves]
        chosen = self._chance.sample(leaves, min(2, len(leaves)))
        if depth < DEEPEST:
            chosen += self._chance.sample(objects, min(len(objects), self._chance.choice((1, 1, 2))))
        asked = (self._field(name, target.fields[name], depth) for name in chosen)
        return f"{{ {' '.join(chain(('__typename',), asked))} }}"


@pytest.fixture
def configured(request: pytest.FixtureRequest) -> dict[str, str]:
    """No cache, so that every call is made, with batches as wide as the test says."""
    batch = getattr(request, "param", None)
    narrow = {} if batch is None else dict.fromkeys(NO_BATCHES, str(batch))
    return {**NO_CACHE, **narrow, "BIZGRAPH_LIMITS__COST": "1000000"}


def made(company: DemoCompany) -> Counter[str]:
    """How often each system was called since the last time."""
    found = Counter({server.name: len(server.calls) for server in company.servers})
    company.clear_calls()
    return +found


@pytest.mark.parametrize("configured", [None, 2, 1], indirect=True, ids=["wide", "narrow", "single"])
@pytest.mark.parametrize("customer", [None, "c7"], ids=["staff", "customer"])
async def test_no_more_calls_than_predicted(
    house: Gateway, company: DemoCompany, anonymous: Client, token: MakeToken, customer: str | None
) -> None:
    """Whatever is asked and by whom, no system is called that was not named, and none more often than was said."""
    principal = Principal(subject="tester", customer=customer, scopes=frozenset(SCOPES))
    client = anonymous.with_token(token(customer=customer))
    called = 0
    for seed in range(QUERIES):
        query = Questions(house.schema, random.Random(seed)).query()
        operations = [asked for level in explained(house, query, principal)["levels"] for asked in level["operations"]]
        most: Counter[str] = Counter()
        for asked in operations:
            most[asked["backend"]] += asked["callsAtMost"] or 0
        unbounded = {asked["backend"] for asked in operations if asked["callsAtMost"] is None}
        answer = await client.ask(query)
        assert answer.status == 200, answer.body
        calls = made(company)
        assert calls.keys() <= most.keys(), query
        assert all(calls[name] <= most[name] for name in calls if name not in unbounded), (query, calls, most)
        called += calls.total()
    assert called > QUERIES, "most of the queries ask something"


@pytest.mark.parametrize(
    ("query", "about"),
    [
        ('{ customer(id: "c7") { name } }', {"crm": 1}),
        ("{ customers(first: 100) { nodes { name orders(first: 1) { nodes { id } } } } }", {"crm": 1, "shop": 1}),
        ("{ customers(first: 150) { nodes { orders(first: 1) { nodes { id } } } } }", {"crm": 1, "shop": 2}),
        (
            """{ customer(id: "c7") { balance { amount } orders(first: 5) { nodes {
              lines { product { available } } invoices { nodes { number } } } } } }""",
            {"crm": 1, "shop": 1, "warehouse": 1, "accounting": 2},
        ),
        ('{ node(id: "Order:o70") { ... on Order { customer { name } } } }', {"shop": 1, "crm": 1}),
        ('{ me { name } order(id: "o70") { id } }', {"shop": 1}),
    ],
)
async def test_so_many_calls_as_predicted(
    house: Gateway, company: DemoCompany, client: Client, query: str, about: dict[str, Any]
) -> None:
    """Where everything is there that was asked for, the calls are as many as was said, system by system."""
    told = explained(house, query)
    predicted: Counter[str] = Counter()
    for level in told["levels"]:
        for asked in level["operations"]:
            predicted[asked["backend"]] += asked["callsAbout"]
    assert (await client.ask(query)).errors == []
    assert made(company) == predicted == about
    assert told["calls"]["about"] == sum(about.values())
