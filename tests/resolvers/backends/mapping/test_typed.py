"""The fast way from bytes: taken where it can be, and never telling otherwise than the exact way."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from resolvers.backends.mapping import Reader
from resolvers.errors import BackendContract
from resolvers.records import Invoice, Order, Product
from tests.resolvers.backends.mapping.compiled import INVOICE, ORDER, reader

FIELDS = ORDER + (
    'number = "a.b"\nstatus = { path = "s", values = { "1" = "CONFIRMED" } }\n'
    'total = { path = "a.t", currency_path = "c" }\nlines = { each = "l", fields = { '
    'quantity = "q", sku = "p.sku", unit_price = { path = "u", currency_path = "^.c" } } }'
)
STATUS = 'status = {{ path = "{}", values = {{ x = "DRAFT" }}, unknown = "null" }}'
USUAL: dict[str, Any] = {
    "id": "1", "x": {"ignored": [1, 2]}, "a": {"b": "n", "t": "5.50", "y": 1}, "s": "1", "c": "EUR",
    "l": [{"q": "1", "p": {"sku": "A"}, "u": 2.5, "z": None}, {"q": 2}],
}  # fmt: skip


WITHIN = (
    "0", "7", "999", "1000", "-1", "-999", "9" * 18, "9" * 19, "0.0", "-0.0", "1.50", "2.5e-3", "1E64", "9.9e64",
    "1E-64", "0E-64", "1." + "5" * 63,
)  # fmt: skip
BEYOND = (
    "1E65", "1E-65", "0E-65", "0E65", "1e999", "9" * 65, "1" * 65 + ".0", "1." + "5" * 64, "0." + "0" * 70, "true",
)  # fmt: skip


def both(compiled: Reader[Any], document: Any) -> list[Any]:
    """What is read from the bytes, after making sure that the exact way reads the same."""
    body = json.dumps(document).encode()
    found = compiled.read_json(body)
    assert list(map(str, found)) == list(map(str, compiled.read_document(document).records))
    return found


def as_examined(compiled: Reader[Any], item: dict[str, Any], field: str) -> None:
    """Makes sure that both fast ways read of the field what its conversion alone makes."""
    (found,) = both(compiled, [item])
    expected = compiled.examine(item)[field]
    told = found if isinstance(found, BackendContract) else getattr(found, field)
    assert (type(told), str(told)) == (type(expected), str(expected))


def test_usual_answers_are_read_the_fast_way() -> None:
    """Nested values, lists, tables and amounts need no second reading."""
    compiled = reader(Order, FIELDS)
    assert compiled.typed
    (order,) = both(compiled, [USUAL])
    assert (order.number, order.status, order.lines[0].sku, order.lines[1].sku) == ("n", "CONFIRMED", "A", None)
    assert compiled.fallbacks == 0


@pytest.mark.parametrize(
    "change",
    [
        {"a": []},
        {"a": None},
        {"l": None},
        {"l": []},
        {"s": 1},
        {"s": None},
        {"c": None, "l": [], "a": {"b": 1}},
        {"id": 7},
    ],
)
def test_what_backends_do_every_day_is_fast_too(change: dict[str, Any]) -> None:
    """PHP's empty lists, nulls and numbers for texts do not lead away from the fast way."""
    compiled = reader(Order, FIELDS)
    both(compiled, [USUAL, USUAL | change])
    assert compiled.fallbacks == 0


@pytest.mark.parametrize(
    "change",
    [
        {"a": "x"},
        {"a": [1]},
        {"l": {}},
        {"l": {"q": 1}},
        {"l": [None]},
        {"s": "2"},
        {"c": "€"},
        {"id": None},
        {"a": {"t": "x"}},
    ],
)
def test_surprises_are_read_the_exact_way(change: dict[str, Any]) -> None:
    """Another shape, or a value that does not fit, is told exactly as from dicts, and counted."""
    compiled = reader(Order, FIELDS)
    both(compiled, [USUAL, USUAL | change])
    assert compiled.fallbacks == 1


@pytest.mark.parametrize(("number", "fast"), [*((n, True) for n in WITHIN), *((n, False) for n in BEYOND)])
def test_numbers_are_the_same_up_to_their_bounds_and_beyond(number: str, fast: bool) -> None:
    """Every digit and every refusal is that of the exact way; only numbers at the bounds need it."""
    compiled = reader(Order, FIELDS)
    body = f'[{{"id": 1, "l": [{{"q": {number}, "u": {number}}}], "c": "EUR"}}]'.encode()
    exact = compiled.read_document(msgspec.json.Decoder(float_hook=Decimal).decode(body)).records
    assert list(map(str, compiled.read_json(body))) == list(map(str, exact))
    assert (compiled.fallbacks == 0) is fast


@pytest.mark.parametrize("status", ["DRAFT", "RETURNED", "draft", "", " DRAFT", 1, None, ["DRAFT"]])
def test_words_of_the_graph_are_the_same(status: Any) -> None:
    """A status that the backend writes as the graph does is taken as it is, any other as the exact way does."""
    as_examined(reader(Order, ORDER + 'status = "s"'), {"id": 1, "s": status}, "status")


@pytest.mark.parametrize(
    "when",
    [
        "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.5+05:30", "2026-01-02T03:04:05", "2026-01-02 03:04:05Z",
        "20260102T030405Z", "2026-W01-1T10:00:00Z", "2026-01-02", "2026-13-02T03:04:05Z", "2026-01-0T", "2026-13-02",
        "2026-01-02Z", "2026-W01-1", "20260102", "2026-1-2", "2026-02-", "2026-01-02T00:00:00Z", "-T", "--", "", 5,
        None,
    ],
)  # fmt: skip
@pytest.mark.parametrize("options", ["", ', zone = "Europe/Berlin"', ", ignore_offset = true", ', format = "%Y-%m-%d"'])
def test_days_and_instants_are_the_same(when: Any, options: str) -> None:
    """Texts of the usual forms, and all others, give what the exact way gives, a refusal included."""
    due = f'due_on = {{ path = "d"{options} }}'
    as_examined(reader(Invoice, INVOICE + due), {"id": 1, "d": when}, "due_on")
    if "ignore" not in options:
        placed = f'placed_at = {{ path = "d"{options} }}'
        as_examined(reader(Order, ORDER + placed), {"id": 1, "d": when}, "placed_at")


def test_usual_days_and_instants_are_fast() -> None:
    """A day, and an instant in UTC, do not lead away from the fast way."""
    compiled = reader(Order, ORDER + 'placed_at = "p"')
    assert both(compiled, [{"id": 1, "p": "2026-01-02T03:04:05Z"}])[0].placed_at == datetime(
        2026, 1, 2, 3, 4, 5, tzinfo=UTC
    )
    assert compiled.fallbacks == 0


def test_maps_are_fast_in_both_of_phps_writings() -> None:
    """A map of stock levels is read from an object, and from the list that PHP makes of keys 0, 1, 2."""
    fields = 'sku = "s"\nstock = { each = "w.*", fields = { warehouse = "$key", on_hand = "real" } }'
    compiled = reader(Product, fields, items_path="data.*")
    full = {"data": {"a": {"s": "A", "w": {"2": {"real": "77"}, "1": {"real": "301"}}}, "b": {"s": "B", "w": []}}}
    listed = {"data": [{"s": "A", "w": [{"real": 1}, {"real": 2}]}]}
    assert [level.warehouse for level in both(compiled, full)[0].stock] == ["2", "1"]
    assert [level.warehouse for level in both(compiled, listed)[0].stock] == ["0", "1"]
    assert compiled.fallbacks == 0


def test_paths_with_steps_beyond_keys_are_fast() -> None:
    """What follows the keys of a path is walked in the value found there."""
    compiled = reader(Order, ORDER + 'number = "links.order.*"\ncustomer_id = "p.@id"\n' + STATUS.format("e[type=x].v"))
    both(compiled, [{"id": 1, "links": {"order": {"7": "71"}}, "e": [{"type": "x", "v": 1}], "p": {"attr__id": 5}}])
    assert compiled.typed
    assert compiled.fallbacks == 0


def test_a_key_that_is_read_whole_and_in_parts() -> None:
    """A value that one field takes as it is and another looks into is decoded once, whole."""
    compiled = reader(
        Order, ORDER + 'number = { first_of = ["n.text", "n"], on_error = "null" }\n' + STATUS.format("n.s.t")
    )
    both(compiled, [{"id": 1, "n": {"text": "a", "s": {"t": "x"}}}, {"id": 2, "n": None}])
    assert compiled.typed


def test_one_list_may_give_entries_twice() -> None:
    """Two tables over the same list share what is decoded."""
    fields = ORDER + (
        'lines = [ { each = "l", where = { path = "k", in = [1] }, fields = { quantity = "q" } },'
        ' { each = "l", where = { path = "k", in = [2] }, fields = { quantity = "r" } } ]'
    )
    compiled = reader(Order, fields)
    (order,) = both(compiled, [{"id": 1, "l": [{"k": 2, "r": 9}, {"k": 1, "q": 1}]}])
    assert [line.quantity for line in order.lines] == [1, 9]
    assert compiled.typed


UNTYPABLE: dict[str, str] = {
    "a function reads the item": ORDER + 'number = { call = "tests.resolvers.backends.mapping.functions:number_text" }',
    "the item itself is a value": 'id = "."',
    "an attribute of the item": 'id = "@id"',
    "a list is also a value": ORDER + 'status = "l[0].s"\nlines = { each = "l", fields = { quantity = "q" } }',
    "a list within a list": ORDER + 'lines = { each = "l[0].m", fields = { quantity = "q" } }',
    "a list that is also a map": ORDER
    + 'lines = [{ each = "l", fields = { quantity = "q" } }, { each = "l.*", fields = { quantity = "q" } }]',
    "a list of the item around": ORDER + 'lines = { each = "*", fields = { quantity = "q" } }',
    "a list around a list": ORDER
    + 'lines = [{ each = "l", fields = { quantity = "q" } }, { each = "l.m", fields = { quantity = "q" } }]',
    "a name with a quote": ORDER + 'number = \'"a\\"b"\'',
}


@pytest.mark.parametrize("why", UNTYPABLE)
def test_what_no_struct_can_express_is_read_from_dicts(why: str) -> None:
    """The mapping works all the same, by way of dicts."""
    compiled = reader(Order, UNTYPABLE[why])
    assert not compiled.typed
    both(compiled, [{"id": 1, "n": 2, "l": [{"q": 1, "s": "x", "m": [{"q": 3}]}], "@id": 3, 'a"b': "x"}, 5])


@pytest.mark.parametrize(
    ("items_path", "extract"),
    [
        ("data[0]", {}),
        (None, {"total": "total"}),
        ("data.rows", {"x": "data"}),
        ("data", {"x": "data.total"}),
        ("data", {"x": "[0]"}),
    ],
)
def test_frames_that_no_struct_can_express(items_path: str | None, extract: dict[str, str]) -> None:
    """Where items or further values are reached in unusual ways the exact way reads the answer."""
    assert not reader(Order, ORDER, items_path=items_path, extract=extract).typed


def test_names_of_every_script_are_read_fast() -> None:
    """Keys may hold blanks, accents and any script, escaped in the JSON or not."""
    compiled = reader(Order, 'id = "Nº de commande"\nnumber = "注文.番号"')
    document = [{"Nº de commande": "7", "注文": {"番号": "x"}}]
    assert both(compiled, document) == [Order(id="7", number="x")]
    assert compiled.read_json(json.dumps(document, ensure_ascii=False).encode()) == [Order(id="7", number="x")]
    assert compiled.fallbacks == 0


def test_the_last_of_equal_keys_counts_in_both_ways() -> None:
    """RFC 8259 §4 leaves it open which of equal names counts; both ways take the last."""
    compiled = reader(Order, FIELDS)
    assert compiled.read_json(b'[{"id": 1, "a": {"b": "x"}, "a": null, "id": 2}]') == [Order(id="2")]
    assert compiled.fallbacks == 0
