"""What is declared in the configuration is what goes over the wire."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from resolvers.backends.ports import Call, Scalar
from resolvers.backends.rest import RestOperationSettings
from resolvers.backends.rest.arguments import Arguments
from resolvers.backends.rest.placeholders import Slot, TemplateError, parse
from resolvers.backends.rest.templates import RequestTemplate
from resolvers.backends.rest.writing import Unsafe, is_word, percent, segment, writer
from resolvers.errors import BadUserInput
from tests.resolvers.backends.http.wire import json_answer
from tests.resolvers.backends.rest.conftest import Bench

KEYS = ("1", "5", "7")


def target(
    keys: tuple[str, ...] = KEYS, args: dict[str, Scalar | tuple[Scalar, ...]] | None = None, **settings: Any
) -> str:
    """Path and query of a call."""
    operation = RestOperationSettings(**settings)
    template = RequestTemplate("customers.by_ids", operation, prefix="/api")
    placeholders = operation.placeholders.arguments(operation.paging.placeholders)
    arguments = Arguments("customers.by_ids", operation.arguments, placeholders)
    values = arguments.texts(tuple(sorted((args or {}).items())))
    return template.target(values | {"key": keys, "keys": keys})


def body(
    keys: tuple[str, ...] = KEYS, args: dict[str, Scalar | tuple[Scalar, ...]] | None = None, **settings: Any
) -> bytes:
    operation = RestOperationSettings(method="POST", path="/search", **settings)
    template = RequestTemplate("customers.by_ids", operation)
    placeholders = operation.placeholders.arguments(operation.paging.placeholders)
    arguments = Arguments("customers.by_ids", operation.arguments, placeholders)
    values = arguments.texts(tuple(sorted((args or {}).items())))
    return template.body(values | {"key": keys, "keys": keys})


async def test_the_whole_request_is_what_was_declared(bench: Bench) -> None:
    """Method, path, query, headers and body arrive as configured; the rest is what HTTP and JSON need."""
    endpoint = await bench.endpoint(
        json_answer([]),
        backend={"headers": {"X-Company": "7", "Accept": "application/vnd.crm+json"}, "query": {"v": "2 b"}},
        method="POST",
        path="/customers/search",
        query={"fields": "id,name"},
        headers={"X-Trace": "{trace}", "X-Kind": "read"},
        body={"ids": "{keys|json}", "flag": True},
    )
    await endpoint.attempt(Call(keys=KEYS, args=(("trace", "t-1"),)))
    sent = b'{"ids":["1","5","7"],"flag":true}'
    assert bench.wire.seen[0].raw == (
        b"POST /api/customers/search?fields=id,name&v=2%20b HTTP/1.1\r\n"
        b"Host: 127.0.0.1:" + str(bench.wire.port).encode() + b"\r\n"
        b"Accept-Encoding: gzip, deflate\r\n"
        b"Accept: application/vnd.crm+json\r\n"
        b"User-Agent: bizgraph\r\n"
        b"Content-Type: application/json\r\n"
        b"X-Company: 7\r\n"
        b"X-Kind: read\r\n"
        b"X-Trace: t-1\r\n"
        b"Content-Length: " + str(len(sent)).encode() + b"\r\n\r\n" + sent
    )


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ({"ids": "{keys|csv}"}, "ids=1,5,7"),
        ({"id": "{keys|repeat}"}, "id=1&id=5&id=7"),
        ({"id[]": "{keys|repeat}"}, "id%5B%5D=1&id%5B%5D=5&id%5B%5D=7"),
        ({"ids": "{keys|json}"}, "ids=%5B%221%22%2C%225%22%2C%227%22%5D"),
        ({"sqlfilters": "(t.rowid:in:{keys|csv})"}, "sqlfilters=(t.rowid:in:1,5,7)"),
        ({"sqlfilters": "(t.rowid:in:{keys|integers})"}, "sqlfilters=(t.rowid:in:1,5,7)"),
        ({"sqlfilters": "(t.ref:in:{keys|quoted})"}, "sqlfilters=(t.ref:in:'1','5','7')"),
        ({"$filter": "Id in ({keys|odata})"}, "%24filter=Id%20in%20(%271%27,%275%27,%277%27)"),
        ({"query": "id=in=({keys|strings})"}, "query=id%3Din%3D(%221%22,%225%22,%227%22)"),
        ({"q": "{{literal}}"}, "q=%7Bliteral%7D"),
        ({"properties": "id,name", "limit": "0", "x": ""}, "properties=id,name&limit=0&x="),
    ],
)
def test_every_form_of_keys(template: dict[str, str], expected: str) -> None:
    """Keys go out as a list with commas, repeated, as JSON, or inside a filter expression."""
    assert target(path="/customers", query={**template}) == f"/api/customers?{expected}"


def test_keys_in_the_path() -> None:
    """A single key or a list of keys may be part of the path."""
    assert target(("CO-1 x",), path="/orders/{key}/lines") == "/api/orders/CO-1%20x/lines"
    assert target(path="/orders/{keys|csv}") == "/api/orders/1,5,7"
    assert target(("O'Brien",), path="/Customers({key|odata})") == "/api/Customers(%27O%27%27Brien%27)"


def test_a_query_that_is_empty_leaves_no_question_mark() -> None:
    """No parameters, no question mark."""
    assert target(path="/customers", query={"status": "{status}"}) == "/api/customers"


def test_arguments_are_translated() -> None:
    """Values are looked up, dates are written as the backend reads them, several values as a list."""
    settings: dict[str, Any] = {
        "path": "/c",
        "query": {
            "s": "{status|csv}",
            "from": "{created_from}",
            "day": "{day}",
            "ms": "{at}",
            "paid": "{paid}",
            "n": "{n}",
        },
        "arguments": {
            "status": {"ACTIVE": "1", "CLOSED": "0"},
            "created_from": {"as": "epoch-seconds"},
            "day": {"format": "%d.%m.%Y", "zone": "Europe/Paris"},
            "at": {"as": "epoch-milliseconds", "zone": "Europe/Paris"},
        },
    }
    given_args: dict[str, Scalar | tuple[Scalar, ...]] = {
        "status": ("ACTIVE", "CLOSED"),
        "created_from": "2026-05-18T00:00:00+02:00",
        "day": "2026-05-17T23:30:00+00:00",
        "at": "2026-05-18",
        "paid": True,
        "n": 5,
    }
    assert target(args=given_args, **settings) == (
        "/api/c?s=1,0&from=1779055200&day=18.05.2026&ms=1779055200000&paid=true&n=5"
    )


def test_one_argument_may_fill_several_placeholders() -> None:
    """A sort order of the graph becomes field and direction of the backend, with a default where none is asked for."""
    settings: dict[str, Any] = {
        "path": "/c",
        "query": {"sortfield": "{sort}", "sortorder": "{direction}", "s": "{status|csv}"},
        "arguments": {
            "sort": {"values": {"name:asc": "t.nom", "name:desc": "t.nom"}, "default": "t.rowid"},
            "direction": {"of": "sort", "values": {"name:asc": "ASC", "name:desc": "DESC"}, "default": "ASC"},
            "status": {"OPEN": ["1", "2"], "CLOSED": "3"},
        },
    }
    assert target(args={"sort": "name:desc"}, **settings) == "/api/c?sortfield=t.nom&sortorder=DESC"
    assert target(**settings) == "/api/c?sortfield=t.rowid&sortorder=ASC"
    assert target(args={"status": ("OPEN", "CLOSED")}, **settings).endswith("&s=1,2,3")
    with pytest.raises(BadUserInput) as caught:
        target(args={"sort": "id:asc"}, **settings)
    assert caught.value.extensions["argument"] == "sort"


def test_a_parameter_without_a_value_is_left_out() -> None:
    """A missing, null or empty argument takes its parameter, header, body entry or part of a filter with it."""
    settings: dict[str, Any] = {
        "path": "/c",
        "query": {
            "a": "{a}",
            "sqlfilters": {"join": " and ", "parts": ["(t.x:=:'{x}')", "(t.y:=:'{y}')", "(t.z:>:0)"]},
            "only": {"join": " or ", "parts": ["(t.x:=:'{x}')"]},
            "b": ["1", "{y}"],
        },
    }
    assert target(**settings) == "/api/c?sqlfilters=(t.z:%3E:0)&b=1"
    assert target(args={"x": "A", "a": None, "y": ()}, **settings) == (
        "/api/c?sqlfilters=(t.x:%3D:'A')%20and%20(t.z:%3E:0)&only=(t.x:%3D:'A')&b=1"
    )
    assert orjson.loads(body(body={"a": "{a}", "list": ["{a}", "x"], "inner": {"b": "{a}"}, "text": "id {a}"})) == {
        "list": ["x"],
        "inner": {},
    }


def test_a_missing_argument_in_the_path_is_told() -> None:
    """A path without its argument is another path: the call is refused."""
    with pytest.raises(BadUserInput):
        target(path="/shops/{shop}/orders")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ({"ids": "{keys|json}"}, {"ids": ["1", "5", "7"]}),
        ({"ids": "{keys|integers}"}, {"ids": [1, 5, 7]}),
        ({"filter": "id in ({keys|csv})"}, {"filter": "id in (1,5,7)"}),
        (["{keys|json}", 1, None, True], [["1", "5", "7"], 1, None, True]),
        ({"size": "{size}", "limit": "{limit_}"}, {"size": "10"}),
    ],
)
def test_every_form_in_a_json_body(template: Any, expected: Any) -> None:
    """Tables and lists become JSON with the values in their places, numbers where the backend wants numbers."""
    assert orjson.loads(body(args={"size": 10}, body=template)) == expected


def test_a_single_key_in_a_json_body() -> None:
    """`{key}` is a text, `{key|integers}` a number."""
    assert orjson.loads(body(("5",), body={"a": "{key}", "b": "{key|integers}"})) == {"a": "5", "b": 5}


def test_a_form_body() -> None:
    """`form` is written like `query`."""
    sent = body(form={"ids": "{keys|csv}", "q": "{q}", "none": "{none}", "id": "{keys|repeat}"}, args={"q": "a&b=c é"})
    assert sent == b"ids=1,5,7&q=a%26b%3Dc%20%C3%A9&id=1&id=5&id=7"


@given(st.text())
def test_whatever_a_user_types_stays_one_parameter(text: str) -> None:
    """A value alone in a parameter arrives as it was typed, and adds no parameter."""
    try:
        sent = target(args={"text": text}, path="/c", query={"q": "{text}", "v": "1"})
    except BadUserInput:
        assert any("\ud800" <= sign <= "\udfff" for sign in text)
        return
    assert parse_qsl(urlsplit(sent).query, keep_blank_values=True) == [("q", text), ("v", "1")]


@given(st.text(min_size=1))
def test_whatever_a_user_types_stays_one_path_segment(text: str) -> None:
    """A key in the path adds no segment, no query and no way up; what could is refused."""
    try:
        sent = target((text,), path="/customers/{key}/orders")
    except BadUserInput:
        return
    parts = sent.split("/")
    assert parts[:3] == ["", "api", "customers"]
    assert parts[4:] == ["orders"]
    assert unquote(parts[3]) == text
    assert not set("?#%\\") & set(re.sub("%[0-9A-F]{2}", "", parts[3]))


@pytest.mark.parametrize("text", ["", ".", "..", "a/b", "a\\b", "a\r\nb", "a\0", "../../etc", "/", "\x7f"])
def test_what_cannot_be_a_path_segment_is_refused(text: str) -> None:
    """Ways up, separators and control characters never reach a path, alone or in a list."""
    with pytest.raises(Unsafe):
        segment(text)
    with pytest.raises(BadUserInput) as caught:
        target((text,), path="/customers/{keys|csv}")
    assert caught.value.extensions["argument"] == "keys"


FILTERS = {
    "bare": ("(t.nom:=:'{text}')", r"\(t\.nom:=:'[^':()]*'\)|\(t\.nom:=:'[-0-9T:.+Z ]+'\)"),
    "csv": ("(t.rowid:in:{text|csv})", r"\(t\.rowid:in:[^':()]+\)|\(t\.rowid:in:[-0-9T:.+Z ]+\)"),
    "integers": ("(t.rowid:in:{text|integers})", r"\(t\.rowid:in:-?[0-9]+\)"),
    "quoted": ("(t.ref:in:{text|quoted})", r"\(t\.ref:in:'[^'():,;%\\]+'\)|\(t\.ref:in:'[-0-9T:.+Z ]+'\)"),
    "like": ("(t.nom:like:'%{text|like}%')", r"\(t\.nom:like:'%[^%_'():\\]+%'\)"),
    "odata": ("name eq {text|odata}", r"name eq '(?:[^']|'')*'"),
    "strings": ("name=={text|strings}", r'name=="(?:[^"\\]|\\.)*"'),
}


@pytest.mark.parametrize("form", FILTERS)
@given(text=st.text(alphabet=st.characters(blacklist_categories=["Cs"]) | st.sampled_from("'\"()%_:,;\\-. \n|*")))
def test_nothing_that_a_user_types_changes_a_filter(form: str, text: str) -> None:
    """In a filter expression a value is a value or is refused: no quote, bracket or operator gets through."""
    template, shape = FILTERS[form]
    try:
        sent = target(args={"text": text}, path="/c", query={"f": template})
    except BadUserInput:
        return
    (value,) = parse_qs(urlsplit(sent).query)["f"]
    assert re.fullmatch(shape, value, re.DOTALL)


@pytest.mark.parametrize(
    "text",
    ["ABC-1", "Müller", "a_b.c", "me@x.example", "2026-05-18", "2026-05-18T00:00:00+02:00", "2026-05-18 07:30:00"],
)
def test_ordinary_values_pass_into_filters(text: str) -> None:
    """Names, numbers, addresses and dates need no quoting."""
    assert is_word(text)


@pytest.mark.parametrize(
    "text", ["", "a b", "1) or (1", "O'Brien", "50%", "a:b", "a~b", "*", "a|b", "\N{FULLWIDTH APOSTROPHE}"]
)
def test_values_with_a_meaning_do_not(text: str) -> None:
    """Anything that could be part of an expression is refused."""
    assert not is_word(text)


def test_several_values_where_one_fits_are_refused() -> None:
    """Two values for a single placeholder are the caller's to repair, not the gateway's to guess."""
    with pytest.raises(BadUserInput, match="one value at a time"):
        target(args={"status": ("A", "B")}, path="/c", query={"s": "{status}"})


def test_a_value_that_the_backend_does_not_know_is_refused() -> None:
    """A table of values is complete: what it lacks cannot be asked for."""
    with pytest.raises(BadUserInput, match="status cannot be used here"):
        target(args={"status": "LEAD"}, path="/c", query={"s": "{status}"}, arguments={"status": {"ACTIVE": "1"}})
    with pytest.raises(BadUserInput, match="no date"):
        target(args={"day": "x"}, path="/c", query={"s": "{day}"}, arguments={"day": {"as": "epoch-seconds"}})


def test_header_values_cannot_break_out() -> None:
    """Control characters never reach a header."""
    operation = RestOperationSettings(path="/c", headers={"X-Shop": "{shop}"})
    template = RequestTemplate("customers.list", operation)
    assert template.headers({"shop": ("Zürich",)}) == (("X-Shop", "Zürich"),)
    assert template.headers({}) == ()
    with pytest.raises(BadUserInput):
        template.headers({"shop": ("a\r\nX-Admin: 1",)})


@pytest.mark.parametrize(
    "template", ["{", "}", "{Key}", "{keys|cvs}", "{keys}", "{}", "{a b}", "{keys|like}", "{key|}", "{{}"]
)
def test_typos_in_placeholders_are_told(template: str) -> None:
    """A brace that is no placeholder is an error of the configuration, never sent as it is."""
    with pytest.raises(TemplateError):
        parse(template)
    with pytest.raises(ValidationError):
        RestOperationSettings(path="/c", query={"q": template})


@pytest.mark.parametrize(
    "where",
    [
        {"query": {"q": "x{keys|repeat}"}},
        {"query": {"q": {"join": ",", "parts": ["{keys|repeat}"]}}},
        {"path": "/c/{keys|repeat}"},
        {"headers": {"X-A": "{keys|repeat}"}},
        {"method": "POST", "body": {"a": "{keys|repeat}"}},
    ],
)
def test_repeated_parameters_stand_alone(where: dict[str, Any]) -> None:
    """`repeat` inside a longer text, in the path, a header or JSON means nothing, and is told."""
    with pytest.raises(ValidationError, match="whole value of a query parameter"):
        RestOperationSettings(**{"path": "/c", **where})


@given(st.lists(st.text(min_size=1, max_size=5) | st.text("ab,~ é'", max_size=3), min_size=1, max_size=5))
def test_lists_with_commas_never_gain_or_lose_an_entry(values: list[str]) -> None:
    """What is read back from a list with commas is what was written, or the list was refused."""
    try:
        written = writer(Slot("keys", "csv"), percent, alone=True)(values)
    except Unsafe:
        return
    assert [unquote(part) for part in written.split(",")] == values


def test_numbers_and_booleans_of_the_file_are_sent_as_they_look() -> None:
    """A parameter, a code or a value may be written without quotes."""
    query = {"mode": 1, "active": True, "kind": [1, 2], "state": "{status|csv}", "ids": "{keys|csv}"}
    arguments = {"status": {"ACTIVE": 1, "BLOCKED": [2, 3]}}
    sent = target(args={"status": ("ACTIVE", "BLOCKED")}, path="/c", query=query, arguments=arguments)
    assert sent == "/api/c?mode=1&active=true&kind=1&kind=2&state=1,2,3&ids=1,5,7"
    errors = RestOperationSettings(path="/c", errors={"path": "code", "ok": [0, True]}).errors
    assert errors is not None
    assert errors.ok == ["0", "true"]
    for wrong in (1.5, {"a": 1}, [[1]]):
        with pytest.raises(ValidationError):
            RestOperationSettings(path="/c", query={"mode": wrong})
