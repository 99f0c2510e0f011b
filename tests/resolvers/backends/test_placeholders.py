"""Placeholders of REST operations are filled, or the configuration is refused."""

from __future__ import annotations

import tomllib

import pytest

from resolvers.backends.operation import ARGUMENTS, OPERATIONS
from resolvers.backends.settings import read_backends
from resolvers.filters import CustomerFilter, InvoiceFilter, OrderFilter, ProductFilter
from schema.filters import CustomerSort, InvoiceSort, OrderSort, ProductSort

CONFIGURATION = """
[backends.crm]
kind = "rest"
url = "http://crm.example"

[orders]
backend = "crm"
fields = {{ id = "id" }}
{operation}
"""


def mistakes(operation: str) -> list[tuple[str, str]]:
    """What is wrong with one operation of the orders."""
    content = tomllib.loads(CONFIGURATION.format(operation=operation))
    return read_backends(content)[1]


@pytest.mark.parametrize(
    ("operation", "key", "reason"),
    [
        (
            'by_ids = { path = "/orders/{id}" }',
            "orders.by_ids",
            "the request needs the keys: write {key} where it takes one, or {keys|csv} for several",
        ),
        (
            'list = { path = "/orders/{key}" }',
            "orders.list",
            "a list is not asked by keys: {key} and {keys} have no value here",
        ),
        (
            'by_customers = { path = "/customers/{key}/orders", query = { at = "{cursor}" } }',
            "orders.by_customers",
            "{cursor} needs paging = { type = … }",
        ),
        (
            'by_ids = { path = "/orders/{key}", query = { tenant = "{tenant}" } }',
            "orders.by_ids",
            "{tenant} has no value: the arguments are none here",
        ),
        (
            'list = { path = "/orders", query = { since = "{place_from}" } }',
            "orders.list",
            "{place_from} has no value: the arguments are placed_from, placed_to, sort, status, text; "
            "did you mean placed_from?",
        ),
        (
            'list = { path = "/orders", query = { s = "{state}" }, arguments = { state = { of = "status", '
            'values = { OPEN = "1" } } } }',
            "orders.list",
            "arguments.state: status is never 'OPEN', it is one of DRAFT, PENDING, CONFIRMED, PICKED, SHIPPED, "
            "DELIVERED, CANCELLED, RETURNED",
        ),
        (
            'list = { path = "/orders", query = { s = "{sort}" }, arguments = { sort = { PLACED_AT_ASC = "1" } } }',
            "orders.list",
            "arguments.sort: sort is never 'PLACED_AT_ASC', it is one of placed_at:asc, placed_at:desc, number:asc, "
            "number:desc",
        ),
    ],
)
def test_a_placeholder_that_nothing_fills_is_refused(operation: str, key: str, reason: str) -> None:
    """A slip in a placeholder is told when the file is read, not by the first caller's error."""
    assert mistakes(operation) == [(key, reason)]


@pytest.mark.parametrize(
    ("operation", "key", "reason"),
    [
        (
            'by_ids = { path = "/orders/{key}", key = "numbr" }',
            "orders.by_ids.key",
            "Order has no text field numbr; did you mean number?",
        ),
        (
            'by_customers = { path = "/orders", query = { c = "{keys|csv}" } }',
            "orders.by_customers",
            "a call carries several keys, and records are matched with theirs by customer_id: map it under fields, "
            "or name another field by `key`",
        ),
    ],
)
def test_records_that_could_not_be_matched_with_their_keys_are_refused(operation: str, key: str, reason: str) -> None:
    """The field by which answers are told apart has to exist, and to be read."""
    assert mistakes(operation) == [(key, reason)]
    assert mistakes('by_customers = { path = "/customers/{key}/orders" }') == []


def test_placeholders_with_a_source_or_a_default_are_filled() -> None:
    """`of` names the argument that is meant, and a default is a value."""
    request = 'path = "/orders", query = { from = "{day}", page_kind = "{shape}" }'
    arguments = 'arguments = { day = { of = "placed_from", format = "%d.%m.%Y" }, shape = { default = "full" } }'
    assert mistakes(f"list = {{ {request}, {arguments} }}") == []


def test_the_arguments_are_those_of_the_filters() -> None:
    """Every filter of the graph can reach a backend, and nothing else is offered."""
    filters = {"customers": CustomerFilter, "orders": OrderFilter, "products": ProductFilter, "invoices": InvoiceFilter}
    sorts = {"customers": CustomerSort, "orders": OrderSort, "products": ProductSort, "invoices": InvoiceSort}
    assert ARGUMENTS.keys() == OPERATIONS.keys()
    for operation, offered in ARGUMENTS.items():
        domain, _, method = operation.partition(".")
        if method in ("by_ids", "by_skus"):
            assert offered == {}
            continue
        paging = {"sort"} if method == "list" else {"sort", "per_key"}
        assert offered.keys() == {*filters[domain].__struct_fields__, *paging}
        assert offered["sort"] == tuple(sort.value for sort in sorts[domain])
