"""Reading bodies within their bounds, and the JSON that is understood in one way only."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http.body import decode_object, read_body
from gateway.http.refusal import Refused


def receiving(*messages: dict[str, Any]) -> Any:
    """A client that sends these messages and then nothing any more."""
    rest = list(messages)

    async def receive() -> dict[str, Any]:
        if not rest:
            await asyncio.Event().wait()
        return rest.pop(0)

    return receive


def part(body: bytes, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def read(*messages: dict[str, Any], limit: int = 10, timeout: float = 5, **headers: str) -> bytes | None:
    named = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return await read_body(named, receiving(*messages), limit=limit, timeout=timeout)


async def test_a_body_comes_in_any_number_of_parts() -> None:
    """One part, many parts, empty parts: the body is what they make together."""
    assert await read(part(b"abc")) == b"abc"
    assert await read(part(b"a", True), part(b"", True), part(b"b", True), part(b"c")) == b"abc"
    assert await read({"type": "http.request"}) == b""


async def test_the_limit_itself_is_allowed() -> None:
    """A body of exactly the limit is read, declared or not."""
    assert await read(part(b"x" * 10), content_length="10") == b"x" * 10
    assert await read(part(b"x" * 9, True), part(b"x")) == b"x" * 10


@pytest.mark.parametrize("declared", ["11", "9" * 15, "9" * 5_000])
async def test_a_body_declared_too_large_is_not_awaited(declared: str) -> None:
    """The length is enough to refuse; nothing is read."""
    with pytest.raises(Refused) as caught:
        await read(content_length=declared)
    assert (caught.value.status, caught.value.headers) == (413, ((b"connection", b"close"),))


async def test_a_body_sent_too_large_is_cut_off() -> None:
    """Chunked bodies are refused as soon as they pass the limit, however many parts would follow."""
    with pytest.raises(Refused) as caught:
        await read(part(b"x" * 6, True), part(b"x" * 6, True))
    assert caught.value.status == 413
    with pytest.raises(Refused):
        await read(part(b"x" * 11))


@pytest.mark.parametrize("declared", ["-1", "+5", "5, 5", "0x5", "", "५"])
async def test_a_length_that_is_no_number_is_refused(declared: str) -> None:
    """A Content-Length with signs, lists or foreign digits is malformed."""
    with pytest.raises(Refused) as caught:
        await read(part(b"abc"), content_length=declared)
    assert caught.value.status == 400


@pytest.mark.parametrize("arrived", [[], [part(b"{", True)]])
async def test_a_slow_body_times_out(arrived: list[dict[str, Any]]) -> None:
    """A client that stops in the middle does not hold the request open."""
    with pytest.raises(Refused) as caught:
        await read(*arrived, timeout=0.01)
    assert caught.value.status == 408


async def test_a_client_that_left_is_noticed() -> None:
    """There is nobody to answer when the connection ends within the body."""
    assert await read(part(b"{", True), {"type": "http.disconnect"}) is None
    assert await read({"type": "http.disconnect"}) is None


MALFORMED = {
    "nothing": b"",
    "blanks": b" \n",
    "not JSON": b"query { a }",
    "cut off": b'{"a": ',
    "something after": b'{"a": 1} {}',
    "a comma too many": b'{"a": 1,}',
    "single quotes": b"{'a': 1}",
    "a comment": b'{"a": 1 /* one */}',
    "null": b"null",
    "a string": b'"{}"',
    "a number": b"1",
    "true": b"true",
    "a list": b'[{"a": 1}]',
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": Infinity}',
    "-Infinity": b'{"a": -Infinity}',
    "a float out of range": b'{"a": 1e999}',
    "10,000 digits": b'{"a": ' + b"9" * 10_000 + b"}",
    "beyond 64 bits": b'{"a": 18446744073709551616}',
    "beyond 64 bits, negative": b'{"a": {"b": [-9223372036854775809]}}',
    "a leading zero": b'{"a": 01}',
    "a control character": b'{"a": "\n"}',
    "half a surrogate pair": rb'{"a": "\ud800"}',
    "the other half": rb'{"a": "\udc00"}',
    "half a pair as a name": rb'{"\udc00": 1}',
    "invalid UTF-8": b'{"a": "\xff"}',
    "invalid UTF-8 in a name": b'{"\xff": 1}',
    "an overlong encoding": b'{"a": "\xc0\xaf"}',
    "an encoded surrogate": b'{"a": "\xed\xa0\x80"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "50,000 lists": b'{"a": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "50,000 objects": b'{"a": ' * 50_000 + b"1" + b"}" * 50_000,
    "50,000 lists, not closed": b'{"a": ' + b"[" * 50_000,
    "101 levels": b'{"a": ' + b"[" * 101 + b"]" * 101 + b"}",
    "a name twice": b'{"a": 1, "a": 1}',
    "a name twice, far apart": b'{"a": 1, "b": {"x:y": "a: b"}, "c": [":"], "a": 2}',
    "a name twice below": b'{"a": [{"id": "mine", "id": "theirs"}]}',
    "a name twice, escaped": rb'{"a": 1, "\u0061": 2}',
    "a name twice, hidden by an escaped colon": rb'{"a": 1, "a": 2, "b": "\u003a"}',
    "a name twice, hidden by a dropped colon": rb'{"a": "\u003A\u003A", "a": 2, "b": "\u003a"}',
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_json_is_refused(text: bytes) -> None:
    """Whatever another reader might take, or take differently, is a 400, for little work."""
    spent = []
    for _ in range(3):
        began = time.process_time()
        with pytest.raises(Refused) as caught:
            decode_object(text, "The body")
        spent.append(time.process_time() - began)
    assert min(spent) < 0.1
    assert caught.value.status == 400
    assert caught.value.message.startswith("The body ")
    assert len(caught.value.message) < 400


def test_a_batch_is_told_apart() -> None:
    """Who sends a list of operations learns that batches are not accepted."""
    with pytest.raises(Refused, match="Batches are not accepted"):
        decode_object(b' [{"query": "{ a }"}]', "The body")


WELL_FORMED = [
    b"{}",
    b' {"a" : "b:c", "d:e" : [":", {":": null}]} ',
    rb'{"a": "\u003a", "b": "\\u003a"}',
    rb'{"a": "\ud83d\ude00", "b": "\u0000"}',
    '{"größe": "Zoë 🏃"}'.encode(),
    b'{"a": 18446744073709551615, "b": -9223372036854775808, "c": 1.5e300}',
    b'{"a": ' + b"[" * 99 + b"]" * 99 + b"}",
]


@pytest.mark.parametrize("text", WELL_FORMED)
def test_well_formed_json_is_read(text: bytes) -> None:
    """Colons in texts and names, escapes, emoji, 64 bits and 100 levels are no mistakes."""
    assert decode_object(text, "The body") == json.loads(text)


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=8) | st.sampled_from([":", "::", "a:b", "\\u003a"])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=5), st.booleans())
def test_no_honest_body_is_taken_for_a_double(value: dict[str, Any], ascii_only: bool) -> None:
    """Whatever the names and texts hold, a body without a name twice is read, as any JSON writer writes it."""
    text = json.dumps(value, ensure_ascii=True).encode() if ascii_only else orjson.dumps(value)
    assert decode_object(text, "The body") == value


@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=5), st.data())
def test_a_double_is_found_wherever_it_is(value: dict[str, Any], data: st.DataObject) -> None:
    """Any member of any object that is repeated makes the body malformed."""
    name = data.draw(st.sampled_from(sorted(value)))
    repeated = data.draw(VALUES)
    depth = data.draw(st.integers(0, 3))
    members = [*value.items(), (name, repeated)]
    text = "{" + ",".join(f"{json.dumps(key)}: {json.dumps(item)}" for key, item in members) + "}"
    for _ in range(depth):
        text = json.dumps({"o": [0]}).replace("0", text)
    with pytest.raises(Refused, match="a name twice"):
        decode_object(text.encode(), "The body")
