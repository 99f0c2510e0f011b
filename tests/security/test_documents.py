"""The attacker's list, documents: each is refused with the limit and the value, before any system hears of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.security.conftest import demo_token
from tests.security.served import Served

RING = "orders(first: 100) { nodes { customer { %s } } }"


def many(text: str, count: int) -> str:
    """A selection of so many, each with its number."""
    return "{ " + " ".join(text % number for number in range(count)) + " }"


def fragments(levels: int, spread: str) -> str:
    """Each fragment spreads the next one twice: a kilobyte that stands for millions of fields."""
    chain = " ".join(
        f"fragment F{level} on Customer {{ {spread.replace('NEXT', f'F{level + 1}')} }}" for level in range(levels)
    )
    return f'{{ customer(id: "c7") {{ ...F0 }} }} {chain} fragment F{levels} on Customer {{ id }}'


ATTACKS: dict[str, tuple[str, str, str | None]] = {
    "aliases": (many("a%s: me { id }", 200), "OPERATION_TOO_LARGE", "aliases"),
    "directives": (
        '{ customer(id: "c7") { id %s } }' % ("@include(if: true) " * 200),
        "OPERATION_TOO_LARGE",
        "directives",
    ),
    "duplicate fields": ('{ customer(id: "c7") { %s } }' % ("name " * 1_000), "OPERATION_TOO_LARGE", "repeats"),
    "fields": (
        "{ me " + many("... on Customer { " + "name " * 24 + "} x%s: id", 59) + " }",
        "OPERATION_TOO_LARGE",
        None,
    ),
    "deep nesting": (
        "{ me { " + "orders { nodes { customer { " * 20 + "id" + " } } }" * 20 + " } }",
        "OPERATION_TOO_LARGE",
        "depth",
    ),
    "brackets": ("{ a(b: " + "[" * 1_500 + "]" * 1_500 + ") }", "OPERATION_TOO_LARGE", None),
    "circular fragments": (
        '{ customer(id: "c7") { ...A } } fragment A on Customer { ...B } fragment B on Customer { ...A }',
        "GRAPHQL_VALIDATION_FAILED",
        None,
    ),
    "a fragment bomb": (fragments(25, "...NEXT ...NEXT"), "OPERATION_TOO_LARGE", None),
    "an aliased fragment bomb": (
        fragments(20, "a: orders { nodes { customer { ...NEXT } } } b: orders { nodes { customer { ...NEXT } } }"),
        "OPERATION_TOO_LARGE",
        None,
    ),
    "root fields": (many("a%s: me { id }", 50), "OPERATION_TOO_LARGE", "root_fields"),
    "tokens": ("{ me { id } " + "{ " * 3_000, "OPERATION_TOO_LARGE", "tokens"),
    "a long text": ("#" + "x" * 40_000 + "\n{ me { id } }", "OPERATION_TOO_LARGE", "characters"),
    "many operations": (
        " ".join(f"query Q{n} {{ me {{ id }} }}" for n in range(50)),
        "OPERATION_TOO_LARGE",
        "operations",
    ),
    "cost": (
        "{ customers(first: 200) { nodes { " + RING % (RING % "id") + " } } }",
        "OPERATION_TOO_LARGE",
        "cost",
    ),
    "a syntax error": ("{ me { id ", "GRAPHQL_PARSE_FAILED", None),
    "an unknown field": ("{ me { passwordHash } }", "GRAPHQL_VALIDATION_FAILED", None),
    "a subscription": ("subscription { me { id } }", "GRAPHQL_VALIDATION_FAILED", None),
    "a mutation": ("mutation { deleteCustomer(id: 1) }", "GRAPHQL_VALIDATION_FAILED", None),
    "two operations and no name": ("query A { me { id } } query B { me { id } }", "OPERATION_RESOLUTION_FAILURE", None),
}


@pytest.mark.parametrize("name", list(ATTACKS))
def test_a_hostile_document_is_refused(served: Served, name: str) -> None:
    """A caller with every scope gets 400 with the code, and the limit by name; no system behind hears of it."""
    text, code, limit = ATTACKS[name]
    before = served.calls()
    reply = served.ask({"query": text}, f"Authorization: Bearer {demo_token()}")
    assert (reply.status, reply.code) == (400, code)
    assert "data" not in reply.json
    extensions = reply.json["errors"][0]["extensions"]
    if limit is not None:
        assert extensions["limit"] == limit
        assert extensions["allowed"] < extensions["actual"]
        assert str(extensions["actual"]) in reply.json["errors"][0]["message"]
    assert len(reply.body) < 2_000
    assert served.calls() == before


@pytest.mark.parametrize(
    "variables",
    [
        {"id": {"$ne": None}},
        {"id": ["c7", "c8"]},
        {"id": "c7", "first": 10**18},
        {"id": "c7", "first": "1; DROP TABLE"},
        {"id": "c7", "first": True},
    ],
)
def test_hostile_variables_are_refused(served: Served, variables: dict[str, Any]) -> None:
    """What is not of the variable's type is BAD_USER_INPUT, and never reaches a system."""
    query = "query ($id: ID!, $first: Int! = 1) { customer(id: $id) { orders(first: $first) { nodes { id } } } }"
    before = served.calls()
    reply = served.ask({"query": query, "variables": variables}, f"Authorization: Bearer {demo_token()}")
    assert (reply.status, reply.code) == (400, "BAD_USER_INPUT")
    assert served.calls() == before


@pytest.mark.parametrize(
    "key", ["c7'--", "c7,c8", "../c8", "c7&ids=c8", "c7\r\nX-Evil: 1", "c7%2Cc8", "*", "<c7/>", "-1", "0"]
)
def test_hostile_keys_find_nothing(served: Served, key: str) -> None:
    """A key that means something to SQL, an address, a header or XML is a key that no record has, and no error."""
    roots = "customer(id: $k) { id } order(id: $k) { id } product(sku: $s) { id } invoice(id: $k) { id }"
    query = f"query ($k: ID!, $s: String!) {{ {roots} }}"
    reply = served.ask({"query": query, "variables": {"k": key, "s": key}}, f"Authorization: Bearer {demo_token()}")
    assert reply.status == 200
    assert reply.json == {"data": {"customer": None, "order": None, "product": None, "invoice": None}}
    assert not any("x-evil" in call.headers for server in served.company.servers for call in server.calls)


def test_no_field_is_suggested(served: Served) -> None:
    """An error about a name tells no name that looks alike."""
    reply = served.ask({"query": "{ custmer { nam } }"}, f"Authorization: Bearer {demo_token()}")
    assert reply.code == "GRAPHQL_VALIDATION_FAILED"
    assert b"Did you mean" not in reply.body
    query = "query ($f: OrderFilter) { orders(filter: $f) { totalCount } }"
    reply = served.ask({"query": query, "variables": {"f": {"statos": []}}}, f"Authorization: Bearer {demo_token()}")
    assert reply.code == "BAD_USER_INPUT"
    assert b"Did you mean" not in reply.body
