"""Properties over generated payloads: nothing is raised but what is documented, and all ways read the same."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.backends.mapping import Reader
from resolvers.backends.mapping.misfit import Misfit
from resolvers.backends.mapping.paths import parse_path
from resolvers.errors import BackendContract
from resolvers.records import Customer, Invoice, Order, Product
from tests.resolvers.backends.mapping.compiled import reader

PLANTED = "planted-private-value"

CUSTOMERS = """
id = "id"
number = { first_of = ["code", "legacy.code"], strip = true }
name = "name"
email = { path = "contact.email", null_if = "none" }
phone = { path = "contact.phone", empty = ["", "0"] }
status = { path = "status", values = { "1" = "ACTIVE", "true" = "ACTIVE", "0" = "CLOSED" }, unknown = "null" }
created_at = { path = "created", as = ["epoch-seconds", "datetime"], zone = "Europe/Paris" }
addresses = [
  { one = ".", fields = { lines = "address", city = "contact.town", kind = { const = "MAIN" } } },
  { each = "more", fields = { postal_code = "zip", city = "town", lines = "address" } },
]
"""
ORDERS = """
id = "id"
number = { path = "name", default = "none" }
customer_id = { path = "contact.id", as = "integer", on_error = "null" }
status = { path = "status", as = "boolean", values = { true = "CONFIRMED", false = "DRAFT" } }
placed_at = { path = "created", as = "local-datetime", zone = "America/Asuncion", ignore_offset = true }
total = { path = "amount", currency_path = "currency" }

[fields.lines]
each = "more"
where = { path = "kind", not_in = ["9"] }
[fields.lines.fields]
sku = "code"
quantity = "amount"
unit_price = { path = "price", currency_path = "^.currency", currency = "EUR", round = 2 }
line_total = { path = "amount", as = "minor-units", currency_path = "^.currency" }
"""
PRODUCTS = """
sku = "id"
name = { join = ["name", "code"] }
available = { path = "amount", decimal_comma = true }

[fields.stock]
each = "stock.*"
[fields.stock.fields]
warehouse = "$key"
on_hand = "amount"
reserved = { path = "links.order.*", as = "integer" }
available = "^.amount"
"""
INVOICES = """
id = "id"
order_id = "links.order.*"
kind = { path = "more[kind=1].code", values = { "1" = "INVOICE" }, unknown = "null" }
issued_on = { path = "created", as = ["local-midnight", "date"], zone = "Europe/Paris" }
due_on = { path = "created", format = "%Y-%m-%d" }
total = { path = "amount", as = "minor-units", currency = "JPY", currency_path = "contact.currency" }
balance = { first_of = ["price", "amount"], currency = "EUR" }
"""
MAPPINGS: dict[str, tuple[type[Any], str, str]] = {
    "customers": (Customer, CUSTOMERS, '{ path = "client", not_in = ["0"] }'),
    "orders": (Order, ORDERS, ""),
    "products": (Product, PRODUCTS, ""),
    "invoices": (Invoice, INVOICES, '{ path = "contact.kind", not_in = [true, "x"] }'),
}
FRAMES = (None, "data", "data.rows.*")
READERS = {
    (name, frame): reader(
        record, fields, where, items_path=frame, extract={"total": "meta.total"} if frame is not None else {}
    )
    for name, (record, fields, where) in MAPPINGS.items()
    for frame in FRAMES
}

odd_texts = st.sampled_from(
    [
        "1_5", "١٢", "NaN", "1E+999", "", " ", "XAU", "2026-02-30", "0000-00-00", "(PROV1)", "none",
        "0001-01-01T00:00:00+09:00",
        "9999-12-31T23:59:59-09:00", "20260101", "€", "1,5", "true",
    ]
)  # fmt: skip
odd_numbers = st.one_of(
    st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([10**80, -(10**18), 1e300, 5e-324])
)
scalars = st.one_of(st.none(), st.booleans(), odd_numbers, odd_texts, st.text(max_size=6))
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "a", "1"]), inner, max_size=2),
)

ids = st.integers(1, 99) | st.integers(1, 99).map(str)
texts = st.text(min_size=1, max_size=6) | st.none()
amounts = st.decimals(-1000, 1000, places=2).map(str) | st.floats(-1000, 1000) | st.integers(-9, 9)
codes = st.sampled_from(["EUR", "USD", "JPY", "kwd"])
whole = st.integers(-99, 99) | st.integers(-99, 99).map(str)
seconds = st.sampled_from([1743289200, 1761429600, 1709161200])
towns = st.sampled_from(["Paris", "Łódź", "東京", None, ""])
addresses = st.sampled_from(["a\r\nb", "", None])
flags = st.sampled_from(["0", "1", 1, True])
instants = st.sampled_from(["2026-01-01T10:00:00Z", "2023-10-01 00:30:00", "2026-01-01", ""])


def item_of(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects as a backend makes them when all is well, with a field that nobody maps."""
    return st.fixed_dictionaries({"nobody": st.just([{"maps": "this"}]), **values})


links = st.sampled_from([[], None, {"order": []}, {"order": {"7": "71", "8": 72}}])
entries = item_of(zip=texts, town=towns, address=st.lists(towns, max_size=2))
lines = item_of(kind=st.sampled_from(["1", 9, None]), code=texts, amount=whole, price=amounts)
levels = item_of(amount=amounts, links=st.sampled_from([[], {"order": {"7": "71"}}]))
contacts = item_of(email=texts, phone=texts, town=towns, id=ids, kind=texts, currency=codes)
ITEMS = {
    "customers": item_of(
        id=ids,
        code=texts,
        name=st.text(min_size=1, max_size=5),
        address=addresses,
        client=st.sampled_from([1, "3", "0"]),
        contact=contacts | st.just([]),
        status=flags,
        created=seconds | st.sampled_from(["2026-01-01T10:00:00Z", "2026-01-01 10:00:00"]),
        more=st.lists(entries, max_size=2),
    ),
    "orders": item_of(
        id=ids,
        name=texts,
        contact=contacts | st.none(),
        status=flags,
        amount=amounts,
        currency=codes,
        created=instants,
        more=st.lists(lines, max_size=3),
    ),
    "products": item_of(
        id=ids,
        name=texts,
        code=ids,
        amount=st.sampled_from(["1,5", "-7", 3, 2.5, None]),
        stock=st.dictionaries(st.sampled_from("1239"), levels, max_size=3) | st.just([]),
    ),
    "invoices": item_of(
        id=ids,
        links=links,
        more=st.lists(item_of(kind=ids, code=texts), max_size=2),
        created=st.sampled_from(["2026-01-31", None]),
        amount=whole,
        price=amounts | st.none(),
        contact=contacts,
    ),
}


@st.composite
def changed(draw: st.DrawFn, whole: Any) -> Any:
    """The document with none, one or two of its values replaced by anything, or taken out."""
    document = json.loads(json.dumps(whole))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, 2]))):
        place = document
        while isinstance(place, (dict, list)) and place:
            key: Any = draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
            if isinstance(place[key], (dict, list)) and place[key] and draw(st.integers(0, 9)):
                place = place[key]
                continue
            if isinstance(place, dict) and draw(st.booleans()):
                del place[key]
            else:
                place[key] = draw(anything)
            break
    return document


@st.composite
def answers(draw: st.DrawFn) -> tuple[Reader[Any], Any]:
    """A reader, and an answer that fits it but for a few changes."""
    name, frame = draw(st.sampled_from(sorted(READERS, key=str)))
    rows: Any = draw(st.lists(ITEMS[name], max_size=3))
    if frame == "data.rows.*" and draw(st.booleans()):
        rows = {str(number): row for number, row in enumerate(rows, 71)}
    elif frame != "data.rows.*" and rows and draw(st.integers(0, 5)) == 0:
        rows = rows[0]
    frames = {None: rows, "data": {"meta": {"total": 7}, "data": rows}}
    return READERS[name, frame], draw(changed(frames.get(frame, {"data": {"rows": rows}, "meta": {"total": 7}})))


@st.composite
def payloads(draw: st.DrawFn) -> tuple[Reader[Any], list[Any]]:
    """A reader, and items that fit it but for a few changes."""
    name = draw(st.sampled_from(sorted(MAPPINGS)))
    return READERS[name, None], draw(changed(draw(st.lists(ITEMS[name], min_size=1, max_size=3))))


steady = settings(deadline=None, max_examples=250)
"""Without a deadline: the machine may be busy, and time is no property here."""


class Unusual(dict[str, Any]):
    """A dict that the generated code leaves to the exact way, as it is not exactly a dict."""


def number(text: str) -> Decimal:
    """A JSON number, digit by digit."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("NaN")


DECODE = msgspec.json.Decoder(float_hook=number).decode


def told(outcome: Any) -> Any:
    """What can be compared of a record or an error."""
    return (str(outcome), outcome.extensions) if isinstance(outcome, BackendContract) else outcome


def tried(read: Any, argument: Any) -> Any:
    """The page, or the error in its place. Anything else that is raised fails the test."""
    try:
        page = read(argument)
    except BackendContract as error:
        return told(error)
    return [told(outcome) for outcome in page.records], page.count, str(page.extracted)


@steady
@given(payloads())
def test_generated_code_reads_what_the_exact_way_reads(case: tuple[Reader[Any], list[Any]]) -> None:
    """From dicts, the fast and the exact way give the same records and the same errors, and raise nothing."""
    compiled, payload = case
    unusual = [Unusual(item) if isinstance(item, dict) else item for item in payload]
    fast, exact = compiled.read(payload), compiled.read(unusual)
    assert list(map(told, fast)) == list(map(told, exact))


@steady
@given(answers(), st.booleans())
def test_bytes_are_read_as_their_document_is(answer: tuple[Reader[Any], Any], escaped: bool) -> None:
    """From bytes, the typed way gives what the decoded document gives: records, errors, count and further values."""
    compiled, document = answer
    body = json.dumps(document, ensure_ascii=escaped).encode()
    assert tried(compiled.read_page_json, body) == tried(compiled.read_document, DECODE(body))


@steady
@given(answers(), st.integers(0, 300), st.binary(max_size=3) | st.sampled_from([b'"', b"{", b",", b"\\", b"0", b"e9"]))
def test_damaged_bytes_are_read_alike_or_refused(answer: tuple[Reader[Any], Any], cut: int, junk: bytes) -> None:
    """Whatever is done to an answer, both ways agree on whether it is JSON and on what it says."""
    compiled, document = answer
    body = json.dumps(document).encode()
    damaged = body[:cut] + junk + body[cut + len(junk) :]
    try:
        decoded = DECODE(damaged)
    except (msgspec.DecodeError, UnicodeDecodeError):
        with pytest.raises(BackendContract):
            compiled.read_page_json(damaged)
    else:
        assert tried(compiled.read_page_json, damaged) == tried(compiled.read_document, decoded)


@steady
@given(st.binary(max_size=40) | anything.map(json.dumps).map(str.encode))
def test_any_bytes_give_a_page_or_a_contract_error(body: bytes) -> None:
    """No answer raises anything but BackendContract."""
    for compiled in READERS.values():
        tried(compiled.read_page_json, body)


@steady
@given(payloads().map(lambda case: case[1]) | anything)
def test_examining_an_item_raises_nothing(item: Any) -> None:
    """A check can look at any item; each field is a value or an error."""
    for compiled in READERS.values():
        for field, outcome in compiled.examine(item).items():
            assert not isinstance(outcome, BackendContract) or outcome.details["field"].startswith(field)


@steady
@given(st.lists(st.sampled_from(["id", "name", "email", "phone", "street", "city"]), min_size=1), anything)
def test_personal_values_reach_no_error(fields: list[str], wrapping: Any) -> None:
    """A private value, wherever it is put in a customer and however it is wrapped, is in no message and no detail."""
    compiled = reader(
        Customer,
        'id = { path = "id", as = "integer" }\nname = { path = "name", values = { A = "B" } }\nemail = "email.x"\n'
        'phone = { path = "phone", values = { A = "B" } }\n'
        'addresses = { one = ".", fields = { lines = "street", city = { path = "city", as = "integer" } } }',
    )
    private: dict[str, Any] = {field: PLANTED for field in fields if field != "id"}
    shapes: list[dict[str, Any]] = [
        private,
        {field: [value, wrapping] for field, value in private.items()},
        {field: {"x": {"y": value}} for field, value in private.items()},
    ]
    for outcome in compiled.read([{"id": 1, "name": "A"} | shape for shape in shapes]):
        assert PLANTED not in str(outcome) + repr(outcome) if isinstance(outcome, BackendContract) else True
        assert PLANTED not in json.dumps(getattr(outcome, "extensions", {}))


@steady
@given(st.text(max_size=12))
def test_any_text_is_a_path_or_a_value_error(text: str) -> None:
    """Reading a path raises nothing but ValueError; walking it raises nothing but Misfit."""
    try:
        path = parse_path(text)
    except ValueError:
        return
    if not path.up:
        for payload in ({"a": [1, {"b": 2}]}, [[{}], {"a": "b"}], "x", None):
            with suppress(Misfit):
                path.read((("key", payload),))


@steady
@given(
    value=st.decimals(allow_nan=False, allow_infinity=False)
    | st.floats()
    | st.integers()
    | st.text("0123456789.-+eE_ ,", max_size=9)
)
def test_a_number_is_itself_or_an_error(value: Any) -> None:
    """What is read as a number is exactly the number that was written."""
    (outcome,) = reader(Product, 'sku = "s"\navailable = "n"').read([{"s": "A", "n": value}])
    if isinstance(outcome, BackendContract) or outcome.available is None:
        return
    assert outcome.available.is_finite()
    assert len(format(outcome.available, "f")) < 250
    assert outcome.available == (Decimal(repr(value)) if isinstance(value, float) else Decimal(value))
