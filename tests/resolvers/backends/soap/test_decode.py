"""Answers of literal services → values, by every way that there is: generated, by name, interpreted, by columns."""

# ruff: noqa: E501 - XML reads better in one line

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from resolvers.backends.soap.decoding.by_column import columns_of
from resolvers.backends.soap.decoding.decode import Compiler
from resolvers.backends.soap.decoding.grammar import Grammar
from resolvers.backends.soap.decoding.interpret import Interpreter
from resolvers.backends.soap.decoding.wanted import EVERYTHING, Wanted
from resolvers.backends.soap.problems import DecodeProblem
from resolvers.backends.soap.xml import parse
from tests.resolvers.backends.soap.wsdls import TNS, answered, describe, envelope, load, response

ROW = """<xs:sequence>
 <xs:element name="id" type="xs:long"/><xs:element name="name" type="xs:string" minOccurs="0" nillable="true"/>
 <xs:element name="total" type="xs:decimal" minOccurs="0"/><xs:element name="day" type="xs:date" minOccurs="0"/>
 <xs:element name="at" type="xs:dateTime" minOccurs="0"/><xs:element name="ok" type="xs:boolean" minOccurs="0"/>
 <xs:element name="rate" type="xs:double" minOccurs="0"/><xs:element name="raw" type="xs:base64Binary" minOccurs="0"/>
 <xs:element name="many" type="xs:int" minOccurs="0" maxOccurs="unbounded"/>
 <xs:element name="codes" minOccurs="0"><xs:simpleType><xs:list itemType="xs:int"/></xs:simpleType></xs:element>
 <xs:element name="address" minOccurs="0" nillable="true"><xs:complexType><xs:sequence>
   <xs:element name="city" type="xs:string" minOccurs="0"/></xs:sequence></xs:complexType></xs:element>
 <xs:element name="price" minOccurs="0"><xs:complexType><xs:simpleContent><xs:extension base="xs:decimal">
   <xs:attribute name="cur" type="xs:string"/></xs:extension></xs:simpleContent></xs:complexType></xs:element>
</xs:sequence><xs:attribute name="id" type="xs:string"/><xs:attribute name="kind" type="xs:int"/>"""
NOTHING = {
    "name": None,
    "total": None,
    "day": None,
    "at": None,
    "ok": None,
    "rate": None,
    "raw": None,
    "many": [],
    "codes": None,
    "address": None,
    "price": None,
    "attr__id": None,
    "kind": None,
}


def values(schema: str, content: str, *, zone: ZoneInfo | None = None, body: bytes | None = None) -> list[Any]:
    """What each way of decoding makes of an answer; a DecodeProblem where that is what it raises."""
    service = load(describe(schema))
    grammar = Grammar(service, zone=zone)
    answer = service.operations["Get"].answer
    assert answer is not None
    element = parse(body or answered(content))[0][0]
    compiled = Compiler(grammar).decoder(answer.type, EVERYTHING)
    found = []
    for decode in (
        compiled,
        lambda one: Interpreter(grammar).value(one, answer.type),
    ):
        try:
            found.append(decode(element))
        except DecodeProblem as problem:
            found.append(problem)
    return found


def row(content: str, attributes: str = "", **options: Any) -> list[Any]:
    return values(
        response(ROW),
        content,
        body=answered(content).replace(b"<GetResponse", f"<GetResponse {attributes}".encode()),
        **options,
    )


GOOD: list[tuple[str, str, dict[str, Any]]] = [
    (
        "in the order of the schema",
        "<id>1</id><name>a</name><total>1.50</total>",
        {"id": 1, "name": "a", "total": Decimal("1.50")},
    ),
    ("in another order", "<total>1.5</total><name>a</name><id>1</id>", {"id": 1, "name": "a", "total": Decimal("1.5")}),
    ("without the required id", "<name>a</name>", {"id": None, "name": "a"}),
    ("with an unknown field", "<id>1</id><new>x</new><name>a</name>", {"id": 1, "name": "a", "new": "x"}),
    (
        "with as many unknown fields as known ones are missing",
        "<id>1</id><name>a</name>" + "".join(f"<new{n}>x</new{n}>" for n in range(10)),
        {"id": 1, "name": "a", **{f"new{n}": "x" for n in range(10)}},
    ),
    ("with an unknown field that repeats", "<id>1</id><new>x</new><new>y</new>", {"id": 1, "new": ["x", "y"]}),
    ("with an unknown structure", "<id>1</id><new><a>1</a><b/></new>", {"id": 1, "new": {"a": "1", "b": ""}}),
    ("an empty text", "<id>1</id><name/>", {"id": 1, "name": ""}),
    ("a nil text", '<id>1</id><name xsi:nil="true"/>', {"id": 1}),
    ("an empty number and date", "<id>1</id><total/><day></day><at/>", {"id": 1}),
    ("a nil structure", '<id>1</id><address xsi:nil="true"/>', {"id": 1}),
    ("an empty structure", "<id>1</id><address/>", {"id": 1}),
    ("a structure", "<id>1</id><address><city>Bonn</city></address>", {"id": 1, "address": {"city": "Bonn"}}),
    ("a list of one", "<id>1</id><many>7</many>", {"id": 1, "many": [7]}),
    ("a list that is torn apart", "<many>7</many><id>1</id><many>8</many>", {"id": 1, "many": [7, 8]}),
    ("xsd:list", "<id>1</id><codes> 1 2\n3 </codes>", {"id": 1, "codes": [1, 2, 3]}),
    (
        "a value beside an attribute",
        '<id>1</id><price cur="EUR">2.5</price>',
        {"id": 1, "price": {"_value_1": Decimal("2.5"), "cur": "EUR"}},
    ),
    ("both booleans in both spellings", "<id>1</id><ok>1</ok>", {"id": 1, "ok": True}),
    ("a false boolean", "<id>1</id><ok>false</ok>", {"id": 1, "ok": False}),
    ("zero, which is not nothing", "<id>0</id><total>0.0</total>", {"id": 0, "total": Decimal("0.0")}),
    (
        "38 digits",
        f"<id>1</id><total>{'9' * 30}.{'1' * 8}</total>",
        {"id": 1, "total": Decimal("9" * 30 + "." + "1" * 8)},
    ),
    ("INF", "<id>1</id><rate>-INF</rate>", {"id": 1, "rate": Decimal("-Infinity")}),
    (
        "a double with all digits that came",
        "<id>1</id><rate>20.83000000</rate>",
        {"id": 1, "rate": Decimal("20.83000000")},
    ),
    ("base64 with line breaks", "<id>1</id><raw>aGVs\n bG8=</raw>", {"id": 1, "raw": b"hello"}),
    ("a date with a zone", "<id>1</id><day>2026-02-28+02:00</day>", {"id": 1, "day": date(2026, 2, 28)}),
    (
        "an instant in UTC",
        "<id>1</id><at>2026-02-28T23:59:59Z</at>",
        {"id": 1, "at": datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC)},
    ),
    (
        "an instant without a zone",
        "<id>1</id><at>2026-02-28T23:59:59</at>",
        {"id": 1, "at": datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC).replace(tzinfo=None)},
    ),
    (
        "seven digits of a second",
        "<id>1</id><at>2026-02-28T23:59:59.1234567Z</at>",
        {"id": 1, "at": datetime(2026, 2, 28, 23, 59, 59, 123456, tzinfo=UTC)},
    ),
    (
        "24:00:00, the next day's start",
        "<id>1</id><at>2026-02-28T24:00:00Z</at>",
        {"id": 1, "at": datetime(2026, 3, 1, tzinfo=UTC)},
    ),
    ("CDATA, entities and references", "<id>1</id><name><![CDATA[<a>]]>&amp;&#233;</name>", {"id": 1, "name": "<a>&é"}),
    ("a comment within a text", "<id>1</id><name>a<!-- c -->b</name>", {"id": 1, "name": "ab"}),
    ("a processing instruction within a text", "<id>1</id><name>a<?pi x?>b</name>", {"id": 1, "name": "ab"}),
    ("href, which is data in document style", '<id>1</id><name href="#x">a</name>', {"id": 1, "name": "a"}),
]


@pytest.mark.parametrize(("content", "expected"), [case[1:] for case in GOOD], ids=[case[0] for case in GOOD])
def test_every_way_of_decoding_reads_the_same(content: str, expected: dict[str, Any]) -> None:
    """Whatever the server's style, an answer means one thing, and nothing in it is lost."""
    for value in row(content):
        assert value == {**NOTHING, **expected}


BAD = [
    ("a word for an integer", "<id>abc</id>", "id", "`aaa`"),
    ("an integer with an underscore", "<id>1_000</id>", "id", "`9_999`"),
    ("an integer in Arabic digits", "<id>\u0661</id>", "id", "`9`"),
    ("a decimal comma", "<id>1</id><total>1,5</total>", "total", "`9,9`"),
    ("a decimal with an exponent", "<id>1</id><total>1E5</total>", "total", "`9a9`"),
    ("NaN as a decimal", "<id>1</id><total>NaN</total>", "total", "`aaa`"),
    ("a day that does not exist", "<id>1</id><day>2026-02-30</day>", "day", "`9999-99-99`"),
    ("a date without dashes", "<id>1</id><day>20260228</day>", "day", "`99999999`"),
    ("a week date", "<id>1</id><day>2026-W09-6</day>", "day", "`9999-a99-9`"),
    ("a year beyond 9999", "<id>1</id><day>12026-02-28</day>", "day", "`99999-99-99`"),
    ("an epoch for a date", "<id>1</id><day>1747605600</day>", "day", "`9999999999`"),
    ("25 o'clock", "<id>1</id><at>2026-02-28T25:00:00Z</at>", "at", "`9999-99-99a99:99:99a`"),
    ("TRUE", "<id>1</id><ok>TRUE</ok>", "ok", "`aaaa`"),
    ("broken base64", "<id>1</id><raw>a*b=</raw>", "raw", "`a*a=`"),
    ("two of what comes once", "<id>1</id><name>a</name><name>b</name>", "name", ""),
    ("elements in a number", "<id><x>1</x></id>", "id", ""),
    ("elements in a text", "<id>1</id><name><x>1</x></name>", "name", ""),
    ("a text that elements cut in two", "<id>1</id><name>a<x>1</x>b</name>", "name", ""),
    ("a number that elements cut in two", "<id>1<x/>2</id>", "id", ""),
    ("a text in a list that elements cut in two", "<id>1</id><many>1<x/>2</many>", "many", ""),
    ("an exponent that fills the memory", "<id>1</id><rate>1E999999999</rate>", "rate", "`9a999999999`"),
    ("a text for a structure", "<id>1</id><address>Bonn</address>", "address", "`aaaa`"),
    ("a list entry that does not fit", "<id>1</id><many>1</many><many>x</many>", "many", "`a`"),
    ("an attribute that does not fit", "<id>1</id>", "kind", "`a`"),
]


@pytest.mark.parametrize(("content", "field", "came"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_what_does_not_fit_is_told_by_field_and_shape(content: str, field: str, came: str) -> None:
    """A value that does not fit its type is a problem with its field's name, never None and never a wrong value."""
    for problem in row(content, attributes='kind="x"' if field == "kind" else ""):
        assert isinstance(problem, DecodeProblem)
        assert problem.path[0] == field
        assert came in str(problem)


def test_attributes_keep_the_names_that_zeep_gives_them() -> None:
    """An attribute that is called like an element is found as `attr__name`."""
    for value in row("<id>1</id>", attributes='id="x" kind="3"'):
        assert value == {**NOTHING, "id": 1, "attr__id": "x", "kind": 3}


def test_names_may_come_without_their_namespace_and_with_one_they_should_not_have() -> None:
    """Servers that qualify elements where the schema does not, or the other way round, are understood."""
    qualified = values(response(ROW), "", body=envelope(f'<t:GetResponse xmlns:t="{TNS}"><id>1</id></t:GetResponse>'))
    assert [value["id"] for value in qualified] == [1, 1]
    service = load(describe(response(ROW), qualified=False))
    answer = service.operations["Get"].answer
    assert answer is not None
    element = parse(answered("<id>1</id><name>a</name>"))[0][0]
    for value in (
        Compiler(Grammar(service)).decoder(answer.type, EVERYTHING)(element),
        Interpreter(Grammar(service)).value(element, answer.type),
    ):
        assert (value["id"], value["name"]) == (1, "a")


def test_an_instant_without_a_zone_takes_the_configured_one() -> None:
    """`zone` says what local time means; values that tell their own zone keep it."""
    paris = ZoneInfo("Europe/Paris")
    for value in row("<id>1</id><at>2026-07-01T12:00:00</at>", zone=paris):
        assert value["at"] == datetime(2026, 7, 1, 12, tzinfo=paris)
    for value in row("<id>1</id><at>2026-07-01T12:00:00Z</at>", zone=paris):
        assert value["at"] == datetime(2026, 7, 1, 12, tzinfo=UTC)


CHOICE = """<xs:choice><xs:element name="count" type="xs:int"/><xs:element name="ok" type="xs:boolean"/>
 <xs:element name="rate" type="xs:double"/></xs:choice>"""


@pytest.mark.parametrize(
    ("content", "key", "value"),
    [("<count>0</count>", "count", 0), ("<ok>false</ok>", "ok", False), ("<rate>0.0</rate>", "rate", Decimal("0.0"))],
)
def test_a_choice_keeps_zero_and_false(content: str, key: str, value: Any) -> None:
    """xsd:choice with a falsy value is that value: zeep loses it."""
    for found in values(response(CHOICE), content):
        assert found[key] == value
        assert found[key] is not None


def test_an_unbounded_choice_gives_one_list_per_name() -> None:
    """Elements of a repeated choice are collected by name, in linear time."""
    schema = '<xs:choice maxOccurs="unbounded"><xs:element name="a" type="xs:int"/><xs:element name="b" type="xs:int"/></xs:choice>'
    for found in values(response(schema), "<a>1</a><b>2</b><a>3</a>"):
        assert found == {"a": [1, 3], "b": [2]}


def test_an_unbounded_choice_is_read_in_linear_time() -> None:
    """Eight thousand elements take eight times as long as one thousand, not sixty-four times."""
    schema = '<xs:choice maxOccurs="unbounded"><xs:element name="a" type="xs:int"/><xs:element name="b" type="xs:int"/></xs:choice>'
    started = time.process_time()
    for found in values(response(schema), "<a>1</a><b>2</b>" * 4000):
        assert len(found["a"]) == len(found["b"]) == 4000
    assert time.process_time() - started < 1.0


def test_a_repeated_sequence_gives_one_dict_per_repetition() -> None:
    """What belongs together in a repeated group stays together."""
    schema = (
        '<xs:sequence maxOccurs="unbounded"><xs:element name="a" type="xs:int"/>'
        '<xs:element name="b" type="xs:int" minOccurs="0"/></xs:sequence>'
    )
    for found in values(response(schema), "<a>1</a><b>2</b><a>3</a><a>4</a><b>5</b>"):
        assert found == {"_value_1": [{"a": 1, "b": 2}, {"a": 3}, {"a": 4, "b": 5}]}


def test_a_group_reference_is_part_of_its_type() -> None:
    """xs:group is read like the elements that it stands for."""
    schema = (
        response('<xs:sequence><xs:group ref="t:G"/><xs:element name="z" type="xs:int"/></xs:sequence>')
        + '<xs:group name="G"><xs:sequence><xs:element name="a" type="xs:int"/></xs:sequence></xs:group>'
    )
    for found in values(schema, "<a>1</a><z>2</z>"):
        assert found == {"a": 1, "z": 2}


DERIVED = """<xs:complexType name="Party"><xs:sequence><xs:element name="id" type="xs:int"/></xs:sequence></xs:complexType>
<xs:complexType name="Person"><xs:complexContent><xs:extension base="t:Party"><xs:sequence>
 <xs:element name="born" type="xs:date"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>"""


def test_a_derived_type_keeps_its_name_and_fields() -> None:
    """xsi:type chooses the type, and `__typename` tells which it was."""
    schema = DERIVED + response(
        '<xs:sequence><xs:element name="party" type="t:Party" maxOccurs="unbounded"/></xs:sequence>'
    )
    content = (
        f'<party><id>1</id></party><party xmlns:q="{TNS}" xsi:type="q:Person"><id>2</id><born>2000-01-02</born></party>'
    )
    for found in values(schema, content):
        assert found["party"] == [
            {"id": 1, "__typename": "Party"},
            {"id": 2, "born": date(2000, 1, 2), "__typename": "Person"},
        ]


def test_a_substitution_group_is_read_as_its_head() -> None:
    """A member of a substitution group comes under the head's name, with its own fields."""
    schema = (
        DERIVED
        + '<xs:element name="party" type="t:Party"/><xs:element name="person" type="t:Person" substitutionGroup="t:party"/>'
        + response('<xs:sequence><xs:element ref="t:party" maxOccurs="unbounded"/></xs:sequence>')
    )
    for found in values(schema, "<party><id>1</id></party><person><id>2</id><born>2000-01-02</born></person>"):
        assert [party["id"] for party in found["party"]] == [1, 2]
        assert found["party"][1]["born"] == date(2000, 1, 2)


def test_a_type_that_contains_itself_is_read_to_any_depth() -> None:
    """Recursive types are no difficulty."""
    schema = (
        '<xs:complexType name="Node"><xs:sequence><xs:element name="v" type="xs:int"/>'
        '<xs:element name="node" type="t:Node" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType>'
        + response('<xs:sequence><xs:element name="node" type="t:Node"/></xs:sequence>')
    )
    content = "<node><v>1</v><node><v>2</v><node><v>3</v></node></node><node><v>4</v></node></node>"
    for found in values(schema, content):
        assert found["node"]["node"][0]["node"][0] == {"v": 3, "node": []}
        assert found["node"]["node"][1]["v"] == 4


def test_any_elements_become_plain_dicts() -> None:
    """xsd:any and xsd:anyType are read for what they are, typed where they tell a type."""
    schema = '<xs:sequence><xs:element name="x" type="xs:anyType"/><xs:any minOccurs="0" processContents="lax"/></xs:sequence>'
    content = '<x xsi:type="xsd:int">7</x><free><a k="v">1</a><b>2</b><b>3</b></free>'
    for found in values(response(schema), content):
        assert found == {"x": 7, "free": {"a": {"_value_1": "1", "k": "v"}, "b": ["2", "3"]}}


def test_unions_and_restrictions_are_read_as_what_they_come_from() -> None:
    """An enumeration is its text; a value that it does not list is left to the mapping, which knows what to do."""
    schema = (
        '<xs:simpleType name="U"><xs:union memberTypes="xs:int xs:date"/></xs:simpleType>'
        '<xs:simpleType name="E"><xs:restriction base="xs:string"><xs:enumeration value="OPEN"/></xs:restriction></xs:simpleType>'
        '<xs:simpleType name="Small"><xs:restriction base="xs:int"><xs:maxInclusive value="9"/></xs:restriction></xs:simpleType>'
        + response(
            '<xs:sequence><xs:element name="u" type="t:U"/><xs:element name="e" type="t:E"/><xs:element name="s" type="t:Small"/></xs:sequence>'
        )
    )
    for found in values(schema, "<u>2026-01-02</u><e>ODD</e><s>5</s>"):
        assert found == {"u": date(2026, 1, 2), "e": "ODD", "s": 5}


FLAT = response(
    '<xs:sequence><xs:element name="row" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>'
    '<xs:element name="id" type="xs:int"/><xs:element name="name" type="xs:string" minOccurs="0"/>'
    '<xs:element name="total" type="xs:decimal"/><xs:element name="day" type="xs:date"/><xs:element name="at" type="xs:dateTime"/>'
    '<xs:element name="deep" minOccurs="0"><xs:complexType><xs:sequence><xs:element name="x" type="xs:int"/></xs:sequence>'
    "</xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element></xs:sequence>"
)
NEEDS = ("id", "name", "total", "day", "at")
REGULAR = (
    "<row><id>{0}</id><name>n{0}</name><total>{0}.5</total><day>2026-01-02</day><at>2026-01-02T03:04:05Z</at></row>"
)
IRREGULAR = {
    "a missing field": "<row><id>1</id><total>1</total><day>2026-01-02</day><at>2026-01-02T03:04:05Z</at></row>",
    "two here, none there": REGULAR.format(1).replace("</id>", "</id><id>9</id>")
    + REGULAR.format(2).replace("<id>2</id>", ""),
    "an empty field": REGULAR.format(1).replace("n1", ""),
    "another order": "<row><at>2026-01-02T03:04:05Z</at><total>1</total><name>n</name><day>2026-01-02</day><id>1</id></row>",
    "a comment in a text": REGULAR.format(1).replace("n1", "n<!-- -->1"),
    "a date with a zone": REGULAR.format(1).replace("-02</day>", "-02Z</day>"),
    "an element in a text": REGULAR.format(1).replace("n1", "n1<b/>"),
    "an element of another namespace": REGULAR.format(1).replace("<name>", '<name xmlns="urn:other">'),
    "a sign before a number": REGULAR.format(1).replace("<id>1", "<id>-1"),
    "a decimal comma": REGULAR.format(1).replace("1.5", "1,5"),
    "a blank around a number": REGULAR.format(1).replace("<id>1", "<id> 1"),
    "an underscore in a number": REGULAR.format(1).replace("<id>1", "<id>1_1"),
    "a structure nobody wants": REGULAR.format(1).replace("</row>", "<deep><x>1</x></deep></row>"),
    "a text cut in two here, none there": REGULAR.format(1).replace("n1", "n<b/>1")
    + REGULAR.format(2).replace("<name>n2</name>", ""),
    "no rows": "",
}
DEEP = (
    '<xs:element name="deep" minOccurs="0"><xs:complexType><xs:sequence><xs:element name="x" type="xs:int"/></xs:sequence>'
    "</xs:complexType></xs:element>"
)


@pytest.mark.parametrize("schema", [FLAT, FLAT.replace(DEEP, "")], ids=["with structures", "flat"])
@pytest.mark.parametrize("extra", IRREGULAR.values(), ids=IRREGULAR.keys())
def test_columns_say_what_the_decoder_says_or_nothing(extra: str, schema: str) -> None:
    """Reading by columns is only a shortcut: wherever it answers, it answers what element by element gives."""
    service = load(describe(schema))
    grammar, answer = Grammar(service), service.operations["Get"].answer
    assert answer is not None
    wanted = Wanted({"row": Wanted(dict.fromkeys(NEEDS, EVERYTHING), item=True)})
    columns = columns_of(answer.type, ("row",), wanted, grammar)
    assert columns is not None
    decode = Compiler(grammar).decoder(answer.type, wanted)
    for rows in ("".join(REGULAR.format(number) for number in range(3)) + extra, extra):
        element = parse(answered(rows))[0][0]
        by_columns = columns.read(element)
        assert by_columns is None or by_columns == (decode(element) or {"row": []})["row"]


def test_columns_are_used_for_what_is_regular() -> None:
    """A list of equal rows is read by columns, also beside structures that are not wanted."""
    service = load(describe(FLAT))
    answer = service.operations["Get"].answer
    assert answer is not None
    wanted = Wanted({"row": Wanted({"id": EVERYTHING, "total": EVERYTHING}, item=True)})
    columns = columns_of(answer.type, ("row",), wanted, Grammar(service))
    assert columns is not None
    deep = REGULAR.format(2).replace("</row>", "<deep><x>1</x></deep></row>")
    assert columns.read(parse(answered(REGULAR.format(1) + deep))[0][0]) == [
        {"id": 1, "total": Decimal("1.5")},
        {"id": 2, "total": Decimal("2.5")},
    ]


def test_a_bad_item_leaves_the_others_alone() -> None:
    """A row that cannot be read is a problem in its place; the rows beside it are read."""
    service = load(describe(FLAT))
    grammar, answer = Grammar(service), service.operations["Get"].answer
    assert answer is not None
    wanted = Wanted({"row": Wanted(item=True)})
    element = parse(answered(REGULAR.format(1) + REGULAR.format(2).replace("<id>2", "<id>x") + REGULAR.format(3)))[0][0]
    for value in (
        Compiler(grammar).decoder(answer.type, wanted)(element),
        Interpreter(grammar).value(element, answer.type, wanted),
    ):
        first, problem, last = value["row"]
        assert (first["id"], last["id"]) == (1, 3)
        assert isinstance(problem, DecodeProblem)
        assert problem.path[-1] == "id"


def test_what_nobody_wants_is_not_converted() -> None:
    """A field that the mapping does not read cannot break an answer."""
    service = load(describe(response(ROW)))
    grammar, answer = Grammar(service), service.operations["Get"].answer
    assert answer is not None
    wanted = Wanted({"id": EVERYTHING})
    element = parse(answered("<id>1</id><day>1747605600</day><ok>TRUE</ok>"))[0][0]
    for value in (
        Compiler(grammar).decoder(answer.type, wanted)(element),
        Interpreter(grammar).value(element, answer.type, wanted),
    ):
        assert value == {"id": 1, "attr__id": None}


def test_texts_can_be_kept_where_declarations_lie() -> None:
    """With `types = "text"` every scalar is the text that came."""
    service = load(describe(response(ROW)))
    grammar, answer = Grammar(service, texts=True), service.operations["Get"].answer
    assert answer is not None
    element = parse(answered("<id>007</id><day>1747605600</day><ok>TRUE</ok><total/>"))[0][0]
    for value in (
        Compiler(grammar).decoder(answer.type, EVERYTHING)(element),
        Interpreter(grammar).value(element, answer.type),
    ):
        assert (value["id"], value["day"], value["ok"], value["total"]) == ("007", "1747605600", "TRUE", None)


def test_a_server_that_is_never_straight_is_still_read_right() -> None:
    """After many answers out of order the generated decoder steps back, and nothing changes but the speed."""
    service = load(describe(response(ROW)))
    answer = service.operations["Get"].answer
    assert answer is not None
    decode = Compiler(Grammar(service)).decoder(answer.type, EVERYTHING)
    element = parse(answered("<name>a</name><id>1</id>"))[0][0]
    assert all(decode(element)["id"] == 1 for _ in range(100))
    assert decode(parse(answered("<id>2</id><name>a</name>"))[0][0])["id"] == 2


def test_one_decoder_serves_many_threads() -> None:
    """Decoders and columns are made once and used from the loop and from the decoding threads alike."""
    service = load(describe(FLAT))
    grammar, answer = Grammar(service), service.operations["Get"].answer
    assert answer is not None
    wanted = Wanted({"row": Wanted(dict.fromkeys(NEEDS, EVERYTHING), item=True)})
    columns = columns_of(answer.type, ("row",), wanted, grammar)
    decode = Compiler(grammar).decoder(answer.type, wanted)
    assert columns is not None

    def work(number: int) -> bool:
        body = answered("".join(REGULAR.format(number * 1000 + row) for row in range(50)))
        element = parse(body)[0][0]
        return (
            columns.read(element) == decode(element)["row"] and decode(element)["row"][49]["id"] == number * 1000 + 49
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(200)))


@pytest.mark.parametrize(("text", "expected"), [("00fF", b"\x00\xff"), (" 00\n", b"\x00"), ("0F1", None), ("xy", None)])
def test_hexadecimal_texts_are_bytes(text: str, expected: bytes | None) -> None:
    """xsd:hexBinary gives what base64 gives: the bytes, or a problem where there are none."""
    schema = response('<xs:sequence><xs:element name="raw" type="xs:hexBinary"/></xs:sequence>')
    for value in values(schema, f"<raw>{text}</raw>"):
        assert isinstance(value, DecodeProblem) if expected is None else value == {"raw": expected}
