"""Paths: every way to say where a value is, and what counts as nothing there."""

from __future__ import annotations

from typing import Any

import pytest

from resolvers.backends.mapping.misfit import Misfit
from resolvers.backends.mapping.paths import parse_path
from resolvers.records import Address, Customer, Order, Product
from tests.resolvers.backends.mapping.compiled import CUSTOMER, ORDER, read, reader, refused

ITEM: dict[str, Any] = {
    "name": "Dupont",
    "contact": {"email": "a@x.example", "phones": ["1", "2", "3"]},
    "a.b": {"c d": "dotted"},
    "links": {"order": {"7": "71", "8": "72"}, "none": []},
    "emails": [{"type": "home", "email": "h"}, {"type": "billing", "email": "b"}, {"type": "billing", "email": "z"}],
    "byName": {"x": {"type": "billing", "email": "m"}},
    "coded": [{"code": 1, "v": "one"}, {"code": 2.0, "v": "two"}, {"code": True, "v": "yes"}],
    "price": {"_value_1": "12.50", "attr__currency": "EUR", "@unit": "kg", "vat": "20"},
    "matrix": [["a", "b"], ["c"]],
    "nothing": None,
    "empty": [],
    "hollow": {},
    'quo"te': "q",
    "*": "star",
    "$key": "money",
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", "Dupont"),
        ("contact.email", "a@x.example"),
        ("contact.phones[0]", "1"),
        ("contact.phones[-1]", "3"),
        ("contact.phones[3]", None),
        ("contact.phones[-4]", None),
        ("matrix[0][1]", "b"),
        ('"a.b"."c d"', "dotted"),
        ('"quo\\"te"', "q"),
        ('"*"', "star"),
        ('"$key"', "money"),
        ("links.order.*", "71"),
        ("links.none.*", None),
        ("links.missing.*", None),
        ("matrix.*[1]", "b"),
        ("emails[type=billing].email", "b"),
        ('emails[type="billing"].email', "b"),
        ("emails[type=work].email", None),
        ("byName[type=billing].email", "m"),
        ("coded[code=1].v", "one"),
        ("coded[code=2].v", "two"),
        ("coded[code=true].v", "yes"),
        ("price._value_1", "12.50"),
        ("price.@currency", "EUR"),
        ("price.@unit", "kg"),
        ("price.@vat", "20"),
        ("price.@missing", None),
        ("missing", None),
        ("missing.deeper.still", None),
        ("nothing.deeper", None),
        ("nothing[0].x", None),
        ("empty.deeper", None),
        ("empty.@attribute", None),
        ("hollow[0]", None),
        ("hollow[a=b]", None),
    ],
)
def test_a_path_finds_its_value(path: str, value: str | None) -> None:
    """Each kind of step leads to its value; a missing key, null or empty parent gives null."""
    fields = CUSTOMER.replace("id =", "number =").replace('"id"', f"'''{path}'''") + 'id = { const = "1" }\n'
    assert read(Customer, fields, ITEM).number == value


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("name.first", "an object"),
        ("emails.type", "an object"),
        ("name.@lang", "an object"),
        ("contact[0]", "a list"),
        ("name[0]", "a list"),
        ("name.*", "an object with one entry per key"),
        ("contact.phones[type=x].email", "a list of objects"),
    ],
)
def test_a_parent_of_another_kind_is_an_error_that_shows_no_content(path: str, expected: str) -> None:
    """A text where an object should be is told by its kind alone: it may be the very thing that is personal."""
    error = refused(Order, f"id = {{ const = '1' }}\nnumber = '{path}'", ITEM)
    assert error.details["expected"].startswith(expected)
    assert error.details["field"] == "number"
    assert "Dupont" not in error.message
    assert error.details["came"] in {"text", "object", "list of 3"}


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "cannot be empty"),
        ("a..b", "cannot go on"),
        (".a", "cannot go on"),
        ("a.", "name after a dot"),
        ("a.[0]", "name after a dot"),
        ("a[0]b", "cannot go on"),
        ("a[", "cannot go on"),
        ("a[x]", "cannot go on"),
        ('"a', "cannot go on"),
        ('"a"b', "cannot go on"),
        ("a. b", "blank"),
        ("$key.a", "stands alone"),
        ("a.$key", "stands alone"),
        ("^..", "cannot go on"),
        ("^.", "cannot be empty"),
        ("$.a", "starts without"),
    ],
)
def test_what_is_no_path_is_refused_with_the_reason(path: str, reason: str) -> None:
    """A path that cannot be read is a mistake of the configuration, never a path to nowhere."""
    with pytest.raises(ValueError, match=reason):
        parse_path(path)


def test_the_item_itself_can_be_the_value() -> None:
    """A list of bare identifiers is read by the path that is a dot."""
    assert read(Order, 'id = "."', 71).id == "71"


def test_the_key_of_a_map_entry_is_a_value() -> None:
    """`$key` is the key under which an entry is found, also where PHP wrote the map as a list."""
    fields = 'sku = "ref"\nstock = { each = "stock.*", fields = { warehouse = "$key", on_hand = "real" } }'
    found = read(Product, fields, {"ref": "A", "stock": {"7": {"real": "1"}, "3": {"real": "2"}}})
    assert [level.warehouse for level in found.stock] == ["7", "3"]
    found = read(Product, fields, {"ref": "A", "stock": [{"real": "1"}, {"real": "2"}]})
    assert [level.warehouse for level in found.stock] == ["0", "1"]


def test_an_object_reads_from_around_it_and_the_key_above_it() -> None:
    """In `one` a hat leads to the item that holds the object, and `$key` is the item's own key."""
    fields = CUSTOMER + 'addresses = { one = "home", fields = { kind = "$key", city = "town", country = "^.country" } }'
    compiled = reader(Customer, fields, items_path="*")
    found = compiled.read_json(b'{"a": {"id": 1, "name": "n", "country": "FR", "home": {"town": "Lille"}}}')
    assert found[0].addresses == (Address(kind="a", city="Lille", country="FR"),)


def test_entries_may_come_from_a_list_elsewhere_in_the_item_around() -> None:
    """A list may be reached by any path from the item."""
    fields = ORDER + 'lines = { each = "body[0].lines", fields = { quantity = "q" } }'
    assert [line.quantity for line in read(Order, fields, {"id": 1, "body": [{"lines": [{"q": 4}]}]}).lines] == [4]


def test_an_entry_reads_from_the_item_around_it() -> None:
    """A currency that only the order tells reaches its lines, even when two fields or a list need it."""
    fields = ORDER + (
        'lines = { each = "lines", fields = { quantity = "q", '
        'unit_price = { path = "p", currency_path = "^.head.currency" }, '
        'line_total = { path = "t", currency_path = "^.head.currency" }, sku = "^.id" } }'
    )
    item = {"id": "1", "head": {"currency": "USD"}, "lines": [{"q": 1, "p": "2", "t": "3"}, {"q": 1}]}
    first, second = read(Order, fields, item).lines
    assert (first.unit_price.currency, first.line_total.currency, first.sku) == ("USD", "USD", "1")
    assert second.unit_price is None
    assert read(Order, fields, {"id": "1", "lines": []}).lines == ()


def test_the_item_around_can_be_meant_as_a_whole() -> None:
    """A hat alone is the item around, two hats with a dot the one around that."""
    scopes = ((0, "outermost"), (0, "around"), (0, "entry"))
    assert [parse_path(path).read(scopes) for path in (".", "^", "^.^")] == ["entry", "around", "outermost"]


def test_walking_through_a_misfit_stops_there() -> None:
    """A step raises Misfit for a parent of the wrong kind, with what was expected of it."""
    with pytest.raises(Misfit, match="a list"):
        parse_path("a[0]").read(((0, {"a": 1}),))


def test_a_list_in_the_way_is_told_with_the_ways_into_it() -> None:
    """Who writes a key where a list stands is told how entries of lists are named."""
    error = refused(Order, ORDER + 'number = "contacts.email"', {"id": 1, "contacts": [{"email": "a"}]})
    hint = "of a list, [0] is the first entry, [type=home] the one of that type"
    assert f"number should be an object ({hint}), there is list of 1" in error.message
