"""What a backend answers, and what callers are told: nothing is silently null, nothing wrong is taken for data."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from resolvers.backends.ports import Call
from resolvers.backends.rest.answers import content_type
from resolvers.errors import (
    BackendContract,
    BackendError,
    BackendFailed,
    BackendRejected,
    BackendTimeout,
    BackendUnavailable,
)
from resolvers.records import Customer
from tests.resolvers.backends.http.wire import Reply, answer, close, hang, json_answer, then
from tests.resolvers.backends.rest.conftest import Bench

ONE = Call(keys=("1",))
ROW = {"id": "1", "name": "Acme"}
ACME = Customer(id="1", name="Acme")


async def fails(bench: Bench, reply: Reply, call: Call = ONE, **settings: Any) -> BackendError:
    endpoint = await bench.endpoint(reply, **{"path": "/customers", "query": {"ids": "{keys|csv}"}} | settings)
    with pytest.raises(BackendError) as caught:
        await endpoint.attempt(call)
    assert caught.value.backend == "crm"
    assert caught.value.operation == "customers.by_ids"
    return caught.value


async def records(bench: Bench, reply: Reply, call: Call = ONE, **settings: Any) -> Any:
    endpoint = await bench.endpoint(reply, **{"path": "/customers", "query": {"ids": "{keys|csv}"}} | settings)
    return (await endpoint.attempt(call)).records


# Statuses


@pytest.mark.parametrize(
    ("status", "kind", "cause", "retryable"),
    [
        (400, BackendRejected, "HTTP 400", False),
        (401, BackendRejected, "credentials", False),
        (403, BackendRejected, "credentials", False),
        (404, BackendRejected, "HTTP 404", False),
        (405, BackendRejected, "HTTP 405", False),
        (406, BackendRejected, "HTTP 406", False),
        (408, BackendUnavailable, "HTTP 408", True),
        (409, BackendRejected, "HTTP 409", False),
        (410, BackendRejected, "HTTP 410", False),
        (422, BackendRejected, "HTTP 422", False),
        (429, BackendUnavailable, "HTTP 429", True),
        (500, BackendFailed, "HTTP 500", True),
        (501, BackendFailed, "HTTP 501", False),
        (502, BackendUnavailable, "HTTP 502", True),
        (503, BackendUnavailable, "HTTP 503", True),
        (504, BackendUnavailable, "HTTP 504", True),
        (599, BackendFailed, "HTTP 599", True),
        (304, BackendContract, "HTTP 304", False),
    ],
)
async def test_every_status_has_its_error(
    bench: Bench, status: int, kind: type[BackendError], cause: str, retryable: bool
) -> None:
    """The status decides code, cause and whether another try makes sense; the backend's text is never shown."""
    body = "" if status == 304 else '{"error": {"message": "SELECT secret FROM t"}}'
    error = await fails(bench, answer(body, status))
    assert type(error) is kind
    assert (error.cause, error.retryable) == (cause, retryable)
    assert "SELECT" not in f"{error} {error.extensions}"


async def test_a_filter_in_front_is_told_apart_from_missing_rights(bench: Bench) -> None:
    """A 403 that is a page comes from a filter before the application: the credentials are not to blame."""
    error = await fails(bench, answer("<html>Access refused</html>", 403, "text/html; charset=UTF-8"))
    assert (error.code, error.cause) == ("BACKEND_REJECTED", "blocked")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("120", 120.0),
        ("0", 0.0),
        (" 7 ", 7.0),
        ("999999999999", 86_400.0),
        ("Fri, 15 Jan 2027 08:01:00 GMT", 60.0),
        ("Fri, 15 Jan 2027 07:59:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
async def test_retry_after_is_understood_in_both_forms(bench: Bench, header: str, expected: float | None) -> None:
    """Seconds and dates (RFC 9110 §10.2.3) both say how long the backend asks to wait."""
    error = await fails(bench, answer("{}", 429, Retry_After=header))
    assert error.retry_after == expected


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_never_followed(bench: Bench, status: int) -> None:
    """A redirect, to inside above all, is an error and no second call."""
    error = await fails(bench, answer("", status, Location="http://169.254.169.254/latest/meta-data"))
    assert (error.code, error.cause) == ("BACKEND_CONTRACT", "redirect")
    assert "169.254" not in f"{error} {error.extensions}"
    assert len(bench.wire.seen) == 1


async def test_a_declared_status_means_none(bench: Bench) -> None:
    """Where 404 is declared as absent or empty, it is no record and no error; elsewhere it is an error."""
    missing = json_answer({"error": {"code": 404}}, 404)
    assert list(await records(bench, missing, absent=[404])) == []
    assert list(await records(bench, answer(status=204), absent=[204])) == []
    listing = await bench.endpoint(missing, path="/customers", empty=[404], operation="customers.list")
    fetched = await listing.attempt(Call(first=10))
    assert (list(fetched.records), fetched.has_next, fetched.total) == ([], False, 0)


async def test_a_page_with_404_does_not_mean_none(bench: Bench) -> None:
    """An HTML 404 says that the path is wrong: it never makes every customer vanish."""
    error = await fails(bench, answer("<html>Not Found</html>", 404, "text/html"), absent=[404])
    assert (error.code, error.cause) == ("BACKEND_REJECTED", "HTTP 404")


# Bodies


JSON_TYPES = [
    "application/json",
    "application/json; charset=utf-8",
    "APPLICATION/JSON",
    "application/problem+json",
    "application/vnd.crm.v2+json; charset=UTF-8",
    "text/json",
    'application/json;charset="utf-8"',
]


@pytest.mark.parametrize("content", JSON_TYPES)
async def test_json_is_known_by_its_content_type(bench: Bench, content: str) -> None:
    """Every registered way of saying JSON is read."""
    assert await records(bench, answer(f"[{_row()}]", content_type=content)) == [ACME]


def _row() -> str:
    return '{"id": "1", "name": "Acme"}'


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        (answer("<html>API not found</html>", content_type="text/html; charset=UTF-8"), "html"),
        (answer("<br /><b>Warning</b>: undefined" + _row(), content_type="text/html"), "html"),
        (answer("<br /><b>Warning</b>: undefined [" + _row() + "]"), "not json"),
        (answer("[" + _row() + "] trailing"), "not json"),
        (answer("[" + _row()), "not json"),
        (answer("[" + _row() + ", NaN]"), "not json"),
        (answer(""), "empty"),
        (answer(" \r\n"), "empty"),
        (answer(status=204), "empty"),
        (answer("", 201), "empty"),
        (answer(_row(), content_type="text/plain"), "content type"),
        (answer(_row(), content_type=None), "content type"),
        (answer(_row(), content_type="application/jsonx"), "content type"),
        (answer("<a/>", content_type="application/xml"), "content type"),
        (answer(b'[{"id": "1", "name": "M\xfcller"}]'), "charset"),
        (answer(b'[{"id": "1", "name": "M\xc3\xbcller"}]', content_type="application/json; charset=utf-32"), "charset"),
        (answer(_row(), content_type="application/json; charset=punycode"), "charset"),
        (answer(_row(), content_type="application/json; charset=hex"), "charset"),
        (answer('{"rows": []}'), "items"),
        (answer('{"data": 5}'), "items"),
        (answer('"text"'), "items"),
        (answer("{}", Content_Encoding="br"), "content encoding"),
        (answer(gzip.compress(b"[]")[:-9], Content_Encoding="gzip"), "content encoding"),
        (then(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", hang), "too large"),
        (then(b"ICY 200 OK\r\n\r\n", hang), "not http"),
    ],
)
async def test_everything_that_is_not_the_promised_json_breaks_the_contract(
    bench: Bench, reply: Reply, cause: str
) -> None:
    """HTML with 200, warnings before JSON, empty, cut, mislabelled or wrongly encoded answers: each has its cause."""
    error = await fails(bench, reply, items="data")
    assert (error.code, (error.cause or "").replace("-", " "), error.retryable) == ("BACKEND_CONTRACT", cause, False)
    assert "Acme" not in f"{error} {error.extensions}"


@pytest.mark.parametrize(
    ("body", "content"),
    [
        (b"\xef\xbb\xbf" + _row().encode(), "application/json"),
        (_row().encode("utf-16"), "application/json"),
        (_row().encode("utf-16-le"), "application/json; charset=utf-16le"),
        (_row().encode("latin-1"), "application/json; charset=ISO-8859-1"),
        (_row().encode("cp1252"), "application/json; charset=windows-1252"),
    ],
)
async def test_other_charsets_are_read_when_they_are_named(bench: Bench, body: bytes, content: str) -> None:
    """A byte order mark, UTF-16 and the charsets of old servers are understood."""
    assert await records(bench, answer(body, content_type=content)) == [ACME]


async def test_umlauts_survive_an_old_charset(bench: Bench) -> None:
    """Text in a named charset arrives as the same text."""
    body = '[{"id": "1", "name": "Müller & Söhne"}]'.encode("latin-1")
    (customer,) = await records(bench, answer(body, content_type="application/json; charset=iso-8859-1"))
    assert customer.name == "Müller & Söhne"


async def test_further_content_types_can_be_allowed(bench: Bench) -> None:
    """A backend that sends JSON as text, or under no name at all, can be told to be right."""
    settings: dict[str, Any] = {"content_types": ["text/plain", ""]}
    assert await records(bench, answer(_row(), content_type="text/plain; charset=utf-8"), **settings) == [ACME]
    assert await records(bench, answer(_row(), content_type=None), **settings) == [ACME]


def test_content_types_are_taken_apart() -> None:
    """Media type and charset, whatever the spelling; UTF-8 needs no conversion."""
    assert content_type("Text/HTML ; Charset = 'ISO-8859-15'").charset == "iso-8859-15"
    assert content_type("application/json; charset=UTF-8").charset is None
    assert not content_type("").json


async def test_compressed_json_is_read(bench: Bench) -> None:
    """gzip over the wire makes no difference."""
    assert await records(bench, answer(gzip.compress(_row().encode()), Content_Encoding="gzip")) == [ACME]


async def test_an_answer_that_breaks_off_is_unavailable(bench: Bench) -> None:
    """A connection that ends in the middle of the answer is worth another try."""
    reply = then(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n[", close)
    error = await fails(bench, reply)
    assert (error.code, error.cause, error.retryable) == ("BACKEND_UNAVAILABLE", "truncated", True)


async def test_a_silent_backend_times_out(bench: Bench) -> None:
    """No answer within the attempt's timeout is BACKEND_TIMEOUT."""
    error = await fails(bench, hang, Call(keys=("1",), timeout=0.05))
    assert isinstance(error, BackendTimeout)


async def test_a_bad_record_is_an_error_in_its_place(bench: Bench) -> None:
    """One record that does not fit leaves the others as they are."""
    found = await records(bench, json_answer([ROW, {"id": None}, {"id": "3", "name": "C"}]))
    assert [type(record) for record in found] == [Customer, BackendContract, Customer]


async def test_a_large_answer_is_read_like_a_small_one(bench: Bench) -> None:
    """Answers beyond a megabyte are read in a thread, with the same result."""
    rows = [{"id": str(number), "name": "x" * 1000} for number in range(1200)]
    found = await records(bench, json_answer(rows))
    assert [record.id for record in found] == [row["id"] for row in rows]


async def test_an_answer_that_tells_of_more_records_than_it_holds_is_not_whole(bench: Bench) -> None:
    """Without paging, what is missing from an answer would be taken for absent; the total tells."""
    reply = json_answer({"data": [ROW], "total": 1})
    assert await records(bench, reply, items="data", total="total") == [ACME]
    reply = json_answer({"data": [ROW], "total": 2})
    error = await fails(bench, reply, items="data", total="total")
    assert (error.code, error.cause) == ("BACKEND_CONTRACT", "paging")
    assert error.message == "crm gives 1 of 2 records: it needs `paging`"


# Business errors inside a 200

ERRORS = {
    "path": "result.code",
    "ok": ["OK", "0"],
    "absent": ["NOT_FOUND"],
    "message": "result.label",
}


@pytest.mark.parametrize(
    "result", [{"code": "OK"}, {"code": 0}, {"code": None}, {}, None], ids=["ok", "number", "null", "missing", "none"]
)
async def test_an_answer_without_an_error_is_data(bench: Bench, result: Any) -> None:
    """A code that is declared as success, or none at all, leaves the records as they are."""
    reply = json_answer({"result": result, "data": [ROW]})
    assert await records(bench, reply, items="data", errors=ERRORS) == [ACME]


@pytest.mark.parametrize("data", [{"data": None}, {}, {"data": []}], ids=["null", "missing", "empty"])
async def test_a_business_error_inside_a_200_is_an_error(bench: Bench, data: dict[str, Any]) -> None:
    """A code that is not success is BACKEND_REJECTED with that code, whatever stands where the records should."""
    reply = json_answer({"result": {"code": "PERMISSION_DENIED", "label": "table llx_societe"}, **data})
    error = await fails(bench, reply, items="data", errors=ERRORS)
    assert (error.code, error.cause) == ("BACKEND_REJECTED", "result")
    assert error.extensions["result"] == "PERMISSION_DENIED"
    assert "llx_societe" not in f"{error} {error.extensions}"


@pytest.mark.parametrize(
    ("code", "kind", "cause"),
    [("WHO", BackendRejected, "credentials"), ("BUSY", BackendFailed, "result"), ("NO", BackendRejected, "result")],
)
async def test_a_business_error_is_what_its_code_says(
    bench: Bench, code: str, kind: type[BackendError], cause: str
) -> None:
    """Refused credentials and passing troubles inside a 200 are told as those with a status of their own."""
    errors = ERRORS | {"credentials": ["WHO"], "retryable": ["BUSY"]}
    error = await fails(bench, json_answer({"result": {"code": code}}), items="data", errors=errors)
    assert type(error) is kind
    assert (error.cause, error.retryable) == (cause, kind is BackendFailed)
    assert error.extensions["result"] == code


@pytest.mark.parametrize("data", [{"data": None}, {}], ids=["null", "missing"])
async def test_a_declared_business_code_means_none(bench: Bench, data: dict[str, Any]) -> None:
    """A code that is declared as absent is no record and no error."""
    reply = json_answer({"result": {"code": "NOT_FOUND"}, **data})
    assert list(await records(bench, reply, items="data", errors=ERRORS)) == []


async def test_items_that_are_missing_without_an_error_are_told(bench: Bench) -> None:
    """A success without the records breaks the contract."""
    error = await fails(bench, json_answer({"result": {"code": "OK"}}), items="data", errors=ERRORS)
    assert (error.code, error.cause) == ("BACKEND_CONTRACT", "items")


async def test_a_code_that_could_be_anything_is_not_repeated(bench: Bench) -> None:
    """Only what looks like a code is shown as one."""
    reply = json_answer({"result": {"code": "<script>alert('x')</script>"}, "data": []})
    error = await fails(bench, reply, items="data", errors=ERRORS)
    assert (error.cause, error.details.get("result")) == ("result", None)
    reply = json_answer({"result": {"code": {"a": 1}}, "data": []})
    error = await fails(bench, reply, items="data", errors=ERRORS)
    assert (error.cause, error.details.get("result")) == ("result", None)


async def test_the_backends_message_is_shown_only_where_allowed(bench: Bench) -> None:
    """`show_message` shows it, on one line and shortened; for 4xx answers too."""
    text = "Order is closed\r\n" + "x" * 500
    settings: dict[str, Any] = {"items": "data", "errors": ERRORS, "show_message": True}
    error = await fails(bench, json_answer({"result": {"code": "CLOSED", "label": text}, "data": []}), **settings)
    assert error.message.startswith("crm answered CLOSED: Order is closed  xxx")
    assert len(error.message) < 260
    assert (error.cause, error.extensions["result"]) == ("result", "CLOSED")
    error = await fails(bench, json_answer({"result": {"label": "Quantity missing"}}, 422), **settings)
    assert error.message == "crm rejected the call (HTTP 422): Quantity missing"
    error = await fails(bench, answer("<html>", 422, "text/html"), **settings)
    assert error.message == "crm rejected the call (HTTP 422)"


# Freshness


@pytest.mark.parametrize(
    ("headers", "age"),
    [
        ({"Cache_Control": "private, max-age=60"}, 60.0),
        ({"Cache_Control": 'max-age="60"', "Age": "20"}, 40.0),
        ({"Cache_Control": "max-age=60", "Age": "100"}, 0.0),
        ({"Cache_Control": "max-age=60, no-store"}, 0.0),
        ({"Cache_Control": "no-cache"}, 0.0),
        ({"Cache_Control": "public"}, None),
        ({"Cache_Control": "max-age=soon"}, None),
        ({}, None),
    ],
)
async def test_cache_headers_are_heeded_where_asked(bench: Bench, headers: dict[str, Any], age: float | None) -> None:
    """Cache-Control, Age and ETag are told where `cache_headers` says so, and not otherwise; what must not be stored
    has no ETag to be asked about with."""
    settings: dict[str, Any] = {"path": "/c", "query": {"ids": "{keys|csv}"}}
    reply = json_answer([ROW], ETag='"v1"', **headers)
    fetched = await (await bench.endpoint(reply, **settings, cache_headers=True)).attempt(ONE)
    stored = "no-store" not in headers.get("Cache_Control", "")
    assert (fetched.max_age, fetched.etag) == (age, '"v1"' if stored else None)
    fetched = await (await bench.endpoint(reply, **settings)).attempt(ONE)
    assert (fetched.max_age, fetched.etag) == (None, None)


async def test_an_unchanged_answer_is_told_as_such(bench: Bench) -> None:
    """If-None-Match goes out where asked, and 304 comes back as `not_modified`."""
    endpoint = await bench.endpoint(
        answer(status=304, ETag='"v1"'), path="/c", query={"ids": "{keys|csv}"}, cache_headers=True
    )
    fetched = await endpoint.attempt(Call(keys=("1",), if_none_match='"v1"'))
    assert bench.wire.seen[0].headers["if-none-match"] == '"v1"'
    assert (fetched.not_modified, list(fetched.records), fetched.etag) == (True, [], '"v1"')
