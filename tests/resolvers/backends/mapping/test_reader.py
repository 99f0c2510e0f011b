"""The reader: each bad record alone, errors that name everything but what is personal, answers with a frame."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from resolvers.backends.mapping import Reader
from resolvers.errors import BackendContract
from resolvers.records import Customer, Invoice, Money, Order, OrderLine, Product
from tests.resolvers.backends.mapping.compiled import CUSTOMER, ORDER, reader, refused

TOTAL = ORDER + 'total = { path = "t", currency = "EUR" }'


def contract(compiled: Reader[Any], body: str | bytes) -> BackendContract:
    """The error that the whole answer gives."""
    with pytest.raises(BackendContract) as told:
        compiled.read_json(body.encode() if isinstance(body, str) else body)
    return told.value


def test_one_bad_record_does_not_take_its_list_away() -> None:
    """The record that does not fit is an error in its own place; its neighbours are read."""
    compiled = reader(Order, TOTAL)
    items = [{"id": 1, "t": "1"}, {"id": 2, "t": "much"}, "no object", {"id": 4, "t": "4"}]
    for outcome in (compiled.read(items), compiled.read_json(json.dumps(items).encode())):
        assert [type(entry) for entry in outcome] == [Order, BackendContract, BackendContract, Order]
        assert outcome[3] == Order(id="4", total=Money(Decimal(4), "EUR"))


def test_an_error_names_backend_operation_record_and_field() -> None:
    """Message and details say where, what came and what was expected."""
    error = refused(Order, TOTAL, {"id": 71, "t": "much"})
    assert error.message == (
        "erp things.by_ids: Order '71' does not fit: total should be a decimal number, there is text 'much'"
    )
    assert error.extensions == {
        "code": "BACKEND_CONTRACT",
        "backend": "erp",
        "operation": "things.by_ids",
        "cause": "mapping",
        "record": "71",
        "field": "total",
        "expected": "a decimal number",
        "came": "text 'much'",
        "retryable": False,
    }


def test_a_record_without_a_readable_key_is_named_by_its_place() -> None:
    """Where the identifier itself does not fit, the position in the answer tells which record it is."""
    compiled = reader(Order, ORDER)
    fine, broken = compiled.read([{"id": 1}, {"id": []}])
    assert isinstance(fine, Order)
    assert "Order number 2 does not fit" in broken.message
    assert broken.details["position"] == 1
    assert "record" not in broken.details


def test_products_are_named_by_sku() -> None:
    """The key of a product is its SKU."""
    assert refused(Product, 'sku = "s"\navailable = "n"', {"s": "HAMMER-01", "n": []}).details["record"] == "HAMMER-01"


@pytest.mark.parametrize(
    ("came", "told"),
    [
        ("x" * 500, "text 'xxxxxxxxxxxxxxxxxxxxxxxx'…"),
        ("a\nb\x00", r"text 'a\nb\x00'"),
        (True, "boolean true"),
        ([1, 2], "list of 2"),
        ({"password": "hunter2"}, "object"),
        (float("nan"), "number nan"),
        (10**300, "number"),
        (object(), "object"),
        (b"bytes", "bytes"),
        (date(2026, 1, 2), "date 2026-01-02"),
        (datetime(2026, 1, 2, tzinfo=UTC), "date and time 2026-01-02T00:00:00+00:00"),
    ],
)
def test_what_came_is_told_in_short(came: Any, told: str) -> None:
    """Long texts are cut, control characters escaped, containers named without their content."""
    assert refused(Order, TOTAL, {"id": 1, "t": came}).details["came"] == told


@pytest.mark.parametrize(
    ("field", "item"),
    [
        ("email", {"email": ["private@example.com"]}),
        ("email", {"email": {"a": "private@example.com"}}),
        ("phone", {"phone": True}),
        ("addresses", {"street": {"l": "private"}}),
        ("addresses", {"city": ["private"]}),
    ],
)
def test_personal_values_are_not_told(field: str, item: dict[str, Any]) -> None:
    """Of e-mail, phone, name and address only the kind of what came is told."""
    fields = CUSTOMER + (
        'email = "email"\nphone = { path = "phone", null_if = "x" }\n'
        'addresses = { one = ".", fields = { lines = "street", city = "city" } }'
    )
    error = refused(Customer, fields, {"id": 1, "name": "n", **item})
    assert error.details["field"].startswith(field)
    assert "private" not in error.message + repr(error.details)
    assert error.details["came"] in {"list of 1", "object", "boolean"}


def test_personal_texts_are_not_told_either() -> None:
    """A name that a table lacks is told as a text, no more."""
    fields = 'id = "id"\nname = { path = "name", values = { A = "B" } }'
    error = refused(Customer, fields, {"id": 1, "name": "Jane Private"})
    assert error.details["came"] == "text"
    assert "Jane" not in error.message


def test_a_repr_shows_nothing_but_the_message() -> None:
    """What an error looks like in a log is its message."""
    error = refused(Customer, CUSTOMER + 'email = "e"', {"id": 1, "name": "n", "e": {"x": "private@example.com"}})
    assert "private" not in repr(error)


FRAMED: dict[str, str] = {
    "data": '{"data": [{"id": 1}, {"id": 2}]}',
    "data.rows": '{"meta": 1, "data": {"rows": [{"id": 1}, {"id": 2}]}}',
    ".": '[{"id": 1}, {"id": 2}]',
    "result[0].rows": '{"result": [{"rows": [{"id": 1}, {"id": 2}]}]}',
    "data.*": '{"data": {"a": {"id": 1}, "b": {"id": 2}}}',
    "*": '{"a": {"id": 1}, "b": {"id": 2}}',
    '"odd\\"key"': '{"odd\\"key": [{"id": 1}, {"id": 2}]}',
}


@pytest.mark.parametrize("items_path", FRAMED)
def test_items_are_found_in_their_frame(items_path: str) -> None:
    """The items are read from wherever the file says."""
    compiled = reader(Order, ORDER, items_path=items_path)
    assert compiled.read_json(FRAMED[items_path].encode()) == [Order(id="1"), Order(id="2")]


@pytest.mark.parametrize("items_path", [None, "data"])
def test_an_object_is_the_only_item(items_path: str | None) -> None:
    """An operation that answers one record needs no list around it."""
    body = '{"data": {"id": 7}}' if items_path else '{"id": 7}'
    assert reader(Order, ORDER, items_path=items_path).read_json(body.encode()) == [Order(id="7")]


@pytest.mark.parametrize(
    ("items_path", "body"),
    [
        ("data", '{"data": []}'),
        ("data", '{"data": null}'),
        ("data.rows", '{"data": []}'),
        ("data", "[]"),
        (None, "[]"),
        (None, "null"),
        ("data.*", '{"data": []}'),
        ("data.*", '{"data": {}}'),
        ("data.*", '{"data": null}'),
    ],
)
def test_no_items(items_path: str | None, body: str) -> None:
    """An empty list, null, and PHP's empty list for an object are no items."""
    compiled = reader(Order, ORDER, items_path=items_path)
    page = compiled.read_page_json(body.encode())
    assert (page.records, page.count) == ([], 0)
    assert compiled.read_document(json.loads(body)) == page


@pytest.mark.parametrize(
    ("items_path", "body"),
    [
        ("data", '{"error": "no such thing"}'),
        ("data", "{}"),
        ("data.rows", '{"data": null}'),
        ("data.rows", '{"data": {"row": []}}'),
        ("data", '{"data": "Jane Private"}'),
        ("data", '{"data": 5}'),
        ("data", '"Jane Private"'),
        ("data", '[{"id": 1}]'),
        (None, "5"),
        (None, "true"),
        ("data.*", '{"data": "x"}'),
        ("data[1]", '{"data": {"a": 1}}'),
    ],
)
def test_items_that_are_not_in_place_are_an_error(items_path: str | None, body: str) -> None:
    """An answer without its items is told, never taken for an empty list; its content is not shown."""
    error = contract(reader(Order, ORDER, items_path=items_path), body)
    assert error.extensions["cause"] == "items"
    assert error.extensions["backend"] == "erp"
    assert "Jane" not in str(error)


@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"<html>oops</html>", b'{"data": [', b'[{"id": 1}] trailing', b'[{"id": 01}]', b"[NaN]",
        b'[{"id": "\xff"}]',
        b'[{"id": 1, "nobody maps this": "\xff"}]', b'[{"id": 1, "x": "\\ud800"}]', b"[" * 100_000 + b"]" * 100_000,
        b'[{"id": 1, "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}]", b"[" + b"1" * 5000 + b"]", b"\xff\xfe[\x00]\x00",
    ],
    ids=range(14),
)  # fmt: skip
def test_what_is_no_json_is_an_error(body: bytes) -> None:
    """HTML, cut and damaged answers, and bombs of depth or digits are a BackendContract."""
    error = contract(reader(Order, ORDER), body)
    assert error.extensions["cause"] == "not json"
    assert error.__cause__ is not None


def test_a_byte_order_mark_is_passed_over() -> None:
    """RFC 8259 §8.1 lets a reader ignore one."""
    assert reader(Order, ORDER).read_json(b'\xef\xbb\xbf[{"id": 1}]') == [Order(id="1")]


def test_a_number_beyond_everything_costs_one_record() -> None:
    """Digits are bounded where a value is read, so that one absurd number does not cost the list."""
    compiled = reader(Order, TOTAL)
    body = b'[{"id": 1, "t": 1e999999999999999999999}, {"id": 2, "t": 2, "u": 1e999999999999999999999}]'
    broken, fine = compiled.read_json(body)
    assert broken.details["field"] == "total"
    assert fine.total == Money(Decimal(2), "EUR")


def test_json_numbers_are_read_digit_by_digit() -> None:
    """No amount passes through a binary fraction."""
    digits = "12345678901234567890.12345678901234567890"
    (order,) = reader(Order, TOTAL).read_json(f'[{{"id": 1, "t": {digits}}}]'.encode())
    assert str(order.total.amount) == digits


def test_a_page_tells_what_else_was_asked_for() -> None:
    """Totals and cursors come with the records, as the answer has them; what it lacks is null."""
    extract = {"total": "meta.total", "next": "links[rel=next].href", "deep": "meta.page.number", "none": "nowhere.x"}
    compiled = reader(Order, ORDER, items_path="data", extract=extract)
    body = b'{"meta": {"total": 12, "page": []}, "data": [{"id": 1}], "links": [{"rel": "next", "href": "/p2"}]}'
    page = compiled.read_page_json(body)
    assert page.extracted == {"total": 12, "next": "/p2", "deep": None, "none": None}
    assert page == compiled.read_document(json.loads(body))


def test_a_frame_of_another_shape_is_an_error() -> None:
    """A text where the frame should be an object is told."""
    compiled = reader(Order, ORDER, items_path="data", extract={"total": "meta.total"})
    assert contract(compiled, '{"meta": "x", "data": []}').extensions["cause"] == "frame"


def test_a_page_counts_what_the_filter_drops() -> None:
    """Paging needs to know whether the page was full, not how many of its items are records here."""
    compiled = reader(Order, ORDER, '{ path = "kind", in = [1] }')
    page = compiled.read_page_json(b'[{"id": 1, "kind": 1}, {"id": 2, "kind": 2}, {"id": 3}]')
    assert (len(page.records), page.count) == (1, 3)


def test_keys_of_a_map_of_items_are_values() -> None:
    """Where an answer is a map of records, `$key` is a record's own key; it also names records that do not fit."""
    compiled = reader(Order, 'id = "$key"\nnumber = "n"', items_path="data.*")
    found = compiled.read_json(b'{"data": {"71": {"n": "a"}, "72": {"n": []}}}')
    assert found[0] == Order(id="71", number="a")
    assert found[1].details["record"] == "72"
    broken = reader(Order, ORDER, items_path="*").read_json(b'{"7": {"id": []}}')[0]
    assert "Order under '7' does not fit" in broken.message


def test_a_decoded_answer_is_read_alike() -> None:
    """What a SOAP decoder makes (dicts, decimals, tuples) is read from its frame as JSON is."""
    compiled = reader(Order, TOTAL, items_path="body.orders")
    page = compiled.read_document({"body": {"orders": ({"id": 5, "t": Decimal("1.50")},)}})
    assert page.records == [Order(id="5", total=Money(Decimal("1.50"), "EUR"))]


def test_dicts_of_another_class_are_objects() -> None:
    """A decoder may hand out its own kind of dict."""

    class Decoded(dict[str, Any]):
        """An object as a decoder makes it."""

    fields = ORDER + 'number = "a.b"\nlines = { each = "l", fields = { quantity = "q" } }'
    item = Decoded(id="1", a=Decoded(b="n"), l=(Decoded(q=1),))
    assert reader(Order, fields).read([item]) == [Order(id="1", number="n", lines=(OrderLine(quantity=Decimal(1)),))]


@pytest.mark.parametrize(
    ("fields", "needs"),
    [
        (
            ORDER + 'number = "a.b.c"\nstatus = { first_of = ["s", "t"] }\ntotal = { path = "p", currency_path = "c" }',
            "id a s t p c",
        ),
        (ORDER + 'lines = { each = "l.m", fields = { quantity = "q", sku = "^.head" } }', "id l head"),
        ('id = "id"\nplaced_at = { path = "@created" }', "id created"),
    ],
)
def test_needs_names_what_is_read(fields: str, needs: str) -> None:
    """The names at the top of an item that the mapping reads, for backends that can answer less."""
    assert reader(Order, fields).needs == frozenset(needs.split())


def test_needs_is_unknown_where_a_function_reads() -> None:
    """A function, or a path to the item itself, may read anything."""
    call = 'status = { call = "tests.resolvers.backends.mapping.functions:number_text" }'
    assert reader(Order, ORDER + call).needs is None
    assert reader(Order, 'id = "."').needs is None
    assert reader(Order, ORDER, '{ path = "client", in = [1] }').needs == {"id", "client"}


def test_examine_tells_every_field() -> None:
    """A check sees each field's value or error, where reading stops at the first."""
    compiled = reader(Invoice, 'id = "id"\ntotal = { path = "t", currency = "EUR" }\nissued_on = "d"\nstatus = "s"')
    outcome = compiled.examine({"id": 1, "t": "x", "d": "y"})
    assert outcome["id"] == "1"
    assert outcome["status"] is None
    assert {name for name, value in outcome.items() if isinstance(value, BackendContract)} == {"total", "issued_on"}
    assert outcome["total"].details["field"] == "total"
