"""Lists of the graph: pages, filters and orders, whichever way the system behind pages."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.demo.company import DemoCompany
from tests.client import Client
from tests.conftest import CallsOf

PAGE = """
query ($first: Int!, $after: String) {
  %s(first: $first, after: $after) {
    totalCount
    edges { cursor node { id } }
    nodes { id }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""


@pytest.mark.parametrize("field", ["customers", "orders", "products", "invoices"])
async def test_paging_meets_every_record_once(client: Client, field: str) -> None:
    """Offset, page numbers, REST or SOAP: following the cursors gives every record once and in order."""
    whole = (await client.ask(PAGE % field, {"first": 200})).data[field]
    assert whole["totalCount"] >= 200
    seen: list[str] = []
    after = None
    for size in (7, 50, 1, 13, 60, 69):
        answer = await client.ask(PAGE % field, {"first": size, "after": after})
        assert answer.errors == []
        page = answer.data[field]
        assert [edge["node"]["id"] for edge in page["edges"]] == [node["id"] for node in page["nodes"]]
        assert page["pageInfo"]["startCursor"] == page["edges"][0]["cursor"]
        assert page["pageInfo"]["endCursor"] == page["edges"][-1]["cursor"]
        assert page["pageInfo"]["hasPreviousPage"] is bool(seen)
        assert page["pageInfo"]["hasNextPage"] is True
        seen += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
    assert seen == [node["id"] for node in whole["nodes"]]


async def test_the_last_page_says_so(client: Client) -> None:
    """The end of a list is told, and the page after it is empty."""
    asked = "products(first: 200, after: $after) { nodes { sku } pageInfo { hasNextPage endCursor } }"
    query = f"query ($after: String) {{ {asked} }}"
    after = None
    count = 0
    while True:
        page = (await client.ask(query, {"after": after})).data["products"]
        count += len(page["nodes"])
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert count == 500
    beyond = (await client.ask(query, {"after": after})).data["products"]
    assert beyond == {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("customers(first: 50, filter: { status: [BLOCKED] }) { nodes { status } }", {"status": "BLOCKED"}),
        ("orders(first: 50, filter: { status: [SHIPPED] }) { nodes { status } }", {"status": "SHIPPED"}),
        ("invoices(first: 50, filter: { status: [PAID] }) { nodes { status } }", {"status": "PAID"}),
        ("invoices(first: 50, filter: { overdue: true }) { nodes { overdue } }", {"overdue": True}),
        ("invoices(first: 50, filter: { kind: [CREDIT_NOTE] }) { nodes { kind } }", {"kind": "CREDIT_NOTE"}),
    ],
)
async def test_lists_are_filtered_by_their_system(client: Client, query: str, wanted: dict[str, Any]) -> None:
    """A filter reaches the system, so pages are full and hold only what was asked for."""
    answer = await client.ask("{ found: " + query + " }")
    assert answer.errors == []
    nodes = answer.data["found"]["nodes"]
    assert len(nodes) == 50
    assert all(node == wanted for node in nodes)


async def test_text_search_finds_names_with_accents_and_apostrophes(client: Client, company: DemoCompany) -> None:
    """What people type is data: apostrophes, ampersands and CJK search like any other text."""
    customers = company.books.customers.values()
    awkward = [known for known in customers if any(mark in known.name for mark in "'&東éø")][:5]
    assert awkward
    for known in awkward:
        answer = await client.ask(
            "query ($text: String!) { customers(first: 200, filter: { text: $text }) { nodes { sourceId } } }",
            {"text": known.name},
        )
        assert answer.errors == []
        assert known.id in [node["sourceId"] for node in answer.data["customers"]["nodes"]]


@pytest.mark.parametrize(
    ("query", "name", "reverse"),
    [
        ("customers(first: 100, sort: CREATED_AT_DESC) { nodes { createdAt } }", "createdAt", True),
        ("orders(first: 100, sort: PLACED_AT_ASC) { nodes { placedAt } }", "placedAt", False),
        (
            "invoices(first: 100, sort: ISSUED_ON_ASC, filter: { status: [SENT] }) { nodes { issuedOn } }",
            "issuedOn",
            False,
        ),
        ("products(first: 100, sort: SKU_DESC) { nodes { sku } }", "sku", True),
    ],
)
async def test_lists_come_in_the_order_asked_for(client: Client, query: str, name: str, reverse: bool) -> None:
    """Sorting is done by the system over the whole list."""
    nodes = (await client.ask("{ found: " + query + " }")).data["found"]["nodes"]
    values = [node[name] for node in nodes]
    assert values == sorted(values, reverse=reverse)


@pytest.mark.parametrize("sort", ["DUE_ON_ASC", "DUE_ON_DESC"])
async def test_what_has_no_value_comes_last(client: Client, sort: str) -> None:
    """Invoices without the day that they are sorted by do not stand before those that have one, either way round."""
    query = f"{{ invoices(first: 50, sort: {sort}) {{ nodes {{ dueOn }} }} }}"
    days = [node["dueOn"] for node in (await client.ask(query)).data["invoices"]["nodes"]]
    assert days == sorted(days, reverse=sort.endswith("DESC"))


@pytest.mark.parametrize("text", ["Ångström", "A\u030angstro\u0308m", "  ångSTRÖM ", "ﬁlter 1"])
async def test_text_is_found_however_it_is_encoded(client: Client, text: str) -> None:
    """An accent is the same in one code point or in two, a ligature is its letters, and blanks around are nothing."""
    answer = await client.ask(
        """query ($text: String!) {
          customers(filter: { text: $text }) { totalCount }
          products(filter: { text: $text }) { totalCount }
        }""",
        {"text": text},
    )
    found = answer.data["customers"]["totalCount"], answer.data["products"]["totalCount"]
    assert (found == (1, 0)) if "ng" in text.lower() else (found[1] > 0)


async def test_an_empty_search_field_looks_for_nothing(client: Client) -> None:
    """A form that sends its empty field gets the whole list, not the records that hold a blank."""
    answer = await client.ask('{ customers(filter: { text: "  ", status: [] }) { totalCount } }')
    assert answer.data["customers"]["totalCount"] == 1000


@pytest.mark.parametrize(
    ("query", "known"),
    [
        ("orders(filter: { status: [DRAFT, SHIPPED] })", "no DRAFT, only CANCELLED, CONFIRMED, DELIVERED,"),
        ("invoices(filter: { status: [OVERDUE] })", "no OVERDUE, only DRAFT, PAID, PARTLY_PAID, SENT, WRITTEN_OFF"),
    ],
)
async def test_a_state_that_a_system_does_not_know_is_named(
    client: Client, calls: CallsOf, query: str, known: str
) -> None:
    """A state that the system cannot be asked for is refused with those that it can; nobody is called for it."""
    answer = await client.ask("{ found: " + query + " { totalCount } }")
    assert answer.codes == ["BAD_USER_INPUT"]
    assert known in answer.errors[0]["message"]
    assert not any(calls().values())


async def test_date_ranges_include_both_ends(client: Client) -> None:
    """A day that is both from and to finds what happened on it."""
    some = (await client.ask("{ invoices(first: 1, filter: { status: [PAID] }) { nodes { id issuedOn } } }")).data
    known = some["invoices"]["nodes"][0]
    answer = await client.ask(
        """query ($day: Date!) {
          invoices(first: 200, filter: { issuedFrom: $day, issuedTo: $day }) { nodes { id issuedOn } }
        }""",
        {"day": known["issuedOn"]},
    )
    found = answer.data["invoices"]["nodes"]
    assert known["id"] in [node["id"] for node in found]
    assert {node["issuedOn"] for node in found} == {known["issuedOn"]}


async def test_a_customers_orders_are_filtered_sorted_and_counted(client: Client) -> None:
    """Relations take the same filters and orders as lists, and count what matches."""
    answer = await client.ask(
        """{ customer(id: "c7") {
          all: orders { totalCount nodes { status placedAt } }
          oldest: orders(sort: PLACED_AT_ASC, first: 3) { totalCount nodes { placedAt } pageInfo { hasNextPage } }
          shipped: orders(filter: { status: [SHIPPED] }) { totalCount nodes { status } }
        } }"""
    )
    assert answer.errors == []
    customer = answer.data["customer"]
    assert customer["all"]["totalCount"] == 10
    days = sorted(node["placedAt"] for node in customer["all"]["nodes"])
    assert [node["placedAt"] for node in customer["oldest"]["nodes"]] == days[:3]
    assert customer["oldest"]["pageInfo"]["hasNextPage"] is True
    assert customer["shipped"]["totalCount"] == sum(node["status"] == "SHIPPED" for node in customer["all"]["nodes"])


@pytest.mark.parametrize(
    "query",
    [
        "{ customers(first: 100000) { nodes { id } } }",
        "{ orders(first: -1) { nodes { id } } }",
        '{ products(after: "nonsense") { nodes { id } } }',
        '{ customer(id: "c7") { orders(after: "nonsense") { nodes { id } } } }',
    ],
)
async def test_impossible_pages_are_refused_in_plain_words(client: Client, calls: CallsOf, query: str) -> None:
    """A page that cannot be had is BAD_USER_INPUT that names the argument."""
    answer = await client.ask(query)
    assert answer.codes == ["BAD_USER_INPUT"]
    assert answer.errors[0]["extensions"]["argument"] in ("first", "after")
