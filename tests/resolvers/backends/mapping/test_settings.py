"""Settings: what may be written, every mistake told at once with key and reason, and overriding by operation."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import Struct
from pydantic import ValidationError

from resolvers.backends.mapping import FieldSettings, InvalidMapping, MappingSettings, compile_reader, mapping_problems
from resolvers.backends.mapping.kinds import kinds_of
from resolvers.records import Address, Customer, Invoice, Order, OrderLine, Product, StockLevel
from schema.filters import CustomerStatus, InvoiceKind, InvoiceStatus, OrderStatus
from tests.resolvers.backends.mapping.compiled import CUSTOMER, ORDER, reader, settings

HERE = "tests.resolvers.backends.mapping.functions"


def problems(record: type[Any], fields: str, where: str = "") -> dict[str, str]:
    """The reasons by key."""
    return {problem.key: problem.reason for problem in mapping_problems(record, settings(fields, where))}


def test_all_mistakes_are_told_at_once() -> None:
    """One run of the check shows every mistake, each with its key and a reason."""
    fields = """
        id = "rowid"
        nmae = "display_name"
        email = { path = "a..b" }
        status = { path = "s", as = "decimal" }
        created_at = { path = "c", values = { a = "b" } }
        addresses = { each = "adr", fields = { city = "$key", town = "x" } }
    """
    with pytest.raises(InvalidMapping) as told:
        reader(Customer, fields, items_path="a.", extract={"total": ""})
    *told_first, unknown, missing = str(told.value).splitlines()
    assert told_first == [
        "items: a path needs a name after a dot",
        "total: a path cannot be empty; '.' means the item itself",
        "fields.nmae: Customer has no such field; did you mean name?",
        "fields.email.path: a path cannot go on with '.b'",
        "fields.status.as: decimal does not make what the field holds; possible are text, integer, boolean",
        "fields.created_at.values: does not apply: the field holds an instant",
        'fields.addresses.fields.city.path: $key is there only for the values of a map: each = "path.*"',
    ]
    assert unknown.startswith("fields.addresses.fields.town: Address has no such field; there are kind, lines, ")
    assert missing == "fields.name: is missing: every Customer needs it"


def test_a_frame_is_checked_with_a_mapping_that_is_right() -> None:
    """The paths of an answer's frame start at the answer; nothing is around it."""
    assert mapping_problems(Order, settings(ORDER)) == ()
    with pytest.raises(InvalidMapping) as told:
        reader(Order, ORDER, items_path="^.data", extract={"total": "$key"})
    assert [problem.key for problem in told.value.problems] == ["items", "total"]


@pytest.mark.parametrize(
    ("record", "fields", "missing"),
    [
        (Customer, "", {"fields.id", "fields.name"}),
        (Order, "", {"fields.id"}),
        (Product, "", {"fields.sku"}),
        (Invoice, "", {"fields.id"}),
        (Order, ORDER + 'lines = { each = "l", fields = { sku = "s" } }', {"fields.lines.fields.quantity"}),
        (Product, 'sku = "s"\nstock = { each = "l", fields = { on_hand = "s" } }', {"fields.stock.fields.warehouse"}),
    ],
)
def test_required_fields_must_be_mapped(record: type[Any], fields: str, missing: set[str]) -> None:
    """A record that cannot be made is noticed before the first answer."""
    assert problems(record, fields).keys() == missing


@pytest.mark.parametrize(
    ("line", "key", "reason"),
    [
        ("number = {}", "", "exactly one of"),
        ('number = { path = "a", const = "b" }', "", "there is path and const"),
        ("number = { first_of = [] }", ".first_of", "names no path"),
        ('number = { join = ["a", ".."] }', ".join", "cannot go on"),
        ('number = { path = "a", separator = "-" }', ".separator", "without join"),
        ('number = { path = "a", unknown = "null" }', ".unknown", "without values"),
        ('number = { path = "a", values = {} }', ".values", "is empty"),
        ('number = { path = "a", as = ["text", "integer"], values = { a = "b" } }', ".as", "beside values"),
        ('number = { path = "a", as = "boolean", values = { maybe = "b" } }', ".values.maybe", "should be a boolean"),
        ('number = { path = "a", zone = "Europe/Paris" }', ".zone", "holds a text"),
        ('number = { path = "a", null_if = "(" }', ".null_if", "no regular expression"),
        ('number = { path = "a", required = true, default = "x" }', ".required", "beside default"),
        ('number = { path = "a", required = true, on_error = "null" }', ".on_error", "give it a default"),
        ('number = { const = "a", strip = true }', ".strip", "beside const"),
        ('number = { path = "$key" }', ".path", "values of a map"),
        ('number = { path = "^.a" }', ".path", "no item around"),
        ('number = { path = "a", each = "b" }', ".each", "does not apply"),
        ('number = { path = "a", currency = "EUR" }', ".currency", "does not apply"),
        ('total = "t"', ".currency", "is missing"),
        ('total = { path = "t", currency = "Euro" }', ".currency", "three letters"),
        ('total = { path = "t", currency_path = "" }', ".currency_path", "cannot be empty"),
        ('total = { path = "t", currency = "EUR", as = ["decimal", "minor-units"] }', ".as", "stands alone"),
        ('total = { path = "t", currency = "EUR", default = "much" }', ".default", "should be a decimal number"),
        ("total = { const = 5 }", ".currency", "is missing"),
        (f'total = {{ call = "{HERE}:amount", currency_path = "c" }}', ".currency_path", "beside call"),
        ('placed_at = { path = "p", zone = "Mars/Olympus" }', ".zone", "no time zone"),
        ('placed_at = { path = "p", zone = "../etc/passwd" }', ".zone", "no time zone"),
        ('placed_at = { path = "p", as = "local-datetime" }', ".zone", "needs the time zone"),
        ('placed_at = { path = "p", as = "local-midnight" }', ".zone", "needs the time zone"),
        ('placed_at = { path = "p", as = "date" }', ".as", "possible are datetime"),
        ('placed_at = { path = "p", ignore_offset = true }', ".ignore_offset", 'say as = "local-datetime"'),
        ('placed_at = { path = "p", as = "epoch-seconds", format = "%Y" }', ".format", "does not apply to epoch"),
        ('placed_at = { const = "2026-01-01T00:00:00" }', ".const", "with an offset"),
        (f'status = {{ call = "{HERE}" }}', ".call", "cannot import"),
        (f'status = {{ call = "{HERE}:nothing" }}', ".call", "AttributeError"),
        ('status = { call = "no.such.module:f" }', ".call", "ModuleNotFoundError"),
        (f'status = {{ call = "{HERE}:later" }}', ".call", "not a plain function"),
        (f'status = {{ call = "{HERE}:not_a_function" }}', ".call", "not a plain function"),
        ('lines = "lines"', ".fields", "is missing"),
        ('lines = { each = "l", one = "o", fields = { quantity = "q" } }', "", "either each"),
        ('lines = { fields = { quantity = "q" } }', "", "either each"),
        ('lines = { each = "l", as = "lines", fields = { quantity = "q" } }', ".as", "needs each or one"),
        ('lines = { each = "a..b", fields = { quantity = "q" } }', ".each", "cannot go on"),
        ('lines = { one = "a..b", fields = { quantity = "q" } }', ".one", "cannot go on"),
        (
            'lines = { one = ".", where = { path = "a", in = [1] }, fields = { quantity = "q" } }',
            ".where",
            "applies to the entries",
        ),
        ('lines = { each = "l", where = { path = "a" }, fields = { quantity = "q" } }', ".where", "needs `in`"),
        (
            'lines = { each = "l", where = { path = "^.^.a", in = [1] }, fields = { quantity = "q" } }',
            ".where.path",
            "no item around",
        ),
        ('lines = { parts = [{ one = ".", fields = { quantity = "q" } }], each = "x" }', ".each", "beside parts"),
        ('lines = [{ each = "l", fields = { sku = "s" } }]', ".0.fields.quantity", "is missing"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_key_and_reason(line: str, key: str, reason: str) -> None:
    """Each mistake names the key in the file and says what is wrong."""
    name = line.partition(" ")[0]
    assert reason in problems(Order, ORDER + line)[f"fields.{name}{key}"]


def test_days_need_a_zone_for_moments() -> None:
    """Seconds become a day only where the file says whose day."""
    assert (
        "zone"
        in problems(Invoice, 'id = "id"\nissued_on = { path = "d", as = "epoch-seconds" }')["fields.issued_on.zone"]
    )


def test_a_required_field_cannot_be_made_optional() -> None:
    """`required = false` does not make a customer without a name possible."""
    found = problems(Customer, 'id = "id"\nname = { path = "n", required = false }')
    assert "default" in found["fields.name.required"]
    found = problems(Customer, 'id = "id"\nname = { path = "n", on_error = "null" }')
    assert "default" in found["fields.name.on_error"]


def test_conditions_are_checked() -> None:
    """A condition needs a path and something to compare with."""
    found = problems(Customer, CUSTOMER, '[{ path = "a..b", in = ["1"] }, { path = "a" }]')
    assert found == {"where.0.path": "a path cannot go on with '.b'", "where.1": "needs `in` or `not_in`"}


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ('name = { path = "a", pth = "b" }', ("fields", "name", "pth")),
        ('name = { path = "a", as = "money" }', ("fields", "name", "as", 0)),
        ("name = { path = 5 }", ("fields", "name", "path")),
        ("name = 5", ("fields", "name")),
        ('name = { path = "a", round = -1 }', ("fields", "name", "round")),
        ('name = { path = "a", on_error = "ignore" }', ("fields", "name", "on_error")),
        ('name = { path = "a", default = ["x"] }', ("fields", "name", "default")),
        ('name = { path = "a", empty = [nan] }', ("fields", "name", "empty", 0)),
        ('addresses = [{ each = "a", filds = {} }]', ("fields", "addresses", "parts", 0, "filds")),
    ],
)  # fmt: skip
def test_unknown_keys_and_wrong_types_name_their_place(fields: str, place: tuple[Any, ...]) -> None:
    """A misspelt key is never ignored, and the path to it is the one in the file."""
    with pytest.raises(ValidationError) as told:
        settings(fields)
    assert [error["loc"] for error in told.value.errors()] == [place]


def test_an_operation_overrides_field_by_field() -> None:
    """What one operation says differently replaces that field; in lists of records, that field of the entries."""
    base = settings(
        ORDER + 'number = "ref"\nlines = { each = "lines", fields = { quantity = "qty", sku = "sku" } }',
        '{ path = "a", in = [1] }',
    )
    over = settings('number = "nr"\nlines = { fields = { sku = "product_ref" } }')
    merged = base.overridden(over.fields, over.where)
    expected = settings(
        ORDER + 'number = "nr"\nlines = { each = "lines", fields = { quantity = "qty", sku = "product_ref" } }',
        '{ path = "a", in = [1] }',
    )
    assert merged == expected
    assert base.overridden({}) == base
    other = settings("", '{ path = "b", in = [2] }')
    assert base.overridden(other.fields, other.where).where == other.where


def test_an_override_can_replace_a_list_whole() -> None:
    """A table of another form takes the place of the one below."""
    base = settings(ORDER + 'lines = { each = "lines", fields = { quantity = "qty" } }')
    over = settings('lines = [{ each = "a", fields = { quantity = "q" } }]')
    assert base.overridden(over.fields).fields["lines"] == over.fields["lines"]


def test_settings_can_be_written_in_python() -> None:
    """Keys that are words of Python have a name with an underscore."""
    mapping = MappingSettings(fields={"id": FieldSettings(path="id", as_=("integer",))})
    assert mapping == settings('id = { path = "id", as = "integer" }')
    assert compile_reader(Order, mapping, backend="b", operation="o").read([{"id": "07"}]) == [Order(id="7")]


def test_editors_get_a_schema() -> None:
    """The JSON Schema knows the short forms and describes every key."""
    schema = MappingSettings.model_json_schema()
    field = schema["$defs"]["FieldSettings"]
    assert field["type"] == ["object", "string", "array"]
    assert {"path", "as", "values", "first_of", "each"} <= field["properties"].keys()
    assert field["additionalProperties"] is False
    assert all("description" in key for key in field["properties"].values())


def test_a_record_of_an_unknown_kind_is_refused() -> None:
    """A field that no conversion makes is noticed when the record is first looked at."""

    class Parcel(Struct):
        """A record with a field that the mapping does not know."""

        weight: complex

    class Parcels(Struct):
        """A record with a list that the mapping does not know."""

        weights: tuple[int, ...]

    for record, told in ((Parcel, "complex"), (Parcels, "int")):
        with pytest.raises(TypeError, match=told):
            kinds_of(record)


def test_every_field_of_every_record_can_be_mapped() -> None:
    """No field of a record has a type that the mapping cannot make."""
    for record in (Customer, Order, OrderLine, Product, StockLevel, Invoice, Address):
        assert kinds_of(record).keys() == set(record.__struct_fields__)


WORDS = "PROSPECT, ACTIVE, BLOCKED, CLOSED"


@pytest.mark.parametrize(
    ("status", "key", "reason"),
    [
        ('{ path = "s", values = { a = "ACTIV" } }', "values.a", f"'ACTIV' is none of the words of the graph, {WORDS}; "
         "did you mean ACTIVE?"),
        ('{ path = "s", values = { a = "ACTIVE" }, unknown = "OTHER" }', "unknown",
         f"'OTHER' is none of the words of the graph, {WORDS}"),
        ('{ path = "s", default = "NONE" }', "default", f"'NONE' is none of the words of the graph, {WORDS}"),
        ('{ const = "active" }', "const",
         f"'active' is none of the words of the graph, {WORDS}; did you mean ACTIVE?"),
        ('{ path = "s", as = "boolean" }', "as", f"makes none of {WORDS} without `values`"),
    ],
)  # fmt: skip
def test_words_that_the_graph_does_not_have_are_refused(status: str, key: str, reason: str) -> None:
    """A table cannot lead to a word that no client could be sent."""
    assert problems(Customer, CUSTOMER + f"status = {status}") == {f"fields.status.{key}": reason}


def test_the_words_are_those_of_the_graph() -> None:
    """Records hold exactly the words that the schema's enumerations have."""
    for record, name, words in (
        (Customer, "status", CustomerStatus),
        (Order, "status", OrderStatus),
        (Invoice, "status", InvoiceStatus),
        (Invoice, "kind", InvoiceKind),
    ):
        assert kinds_of(record)[name].words == tuple(word.value for word in words)
