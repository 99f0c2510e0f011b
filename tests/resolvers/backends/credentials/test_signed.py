"""Signed requests: the backend can verify them from what it receives."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from typing import Any

import pytest

from resolvers.backends.credentials import OutgoingRequest
from resolvers.backends.credentials.build import random_nonce
from resolvers.backends.ports import Call
from tests.resolvers.backends.credentials.conftest import SECRET, Office, made
from tests.resolvers.backends.http.wire import Seen, Wire, json_answer
from tests.resolvers.backends.rest.clock import FakeClock

POST: dict[str, Any] = {
    "method": "POST",
    "path": "/c/é",
    "query": {"a": "{b} c"},
    "body": {"ids": "{keys|json}", "t": "{{x}}"},
}
CALL = Call(keys=("1", "{body}"), args=(("b", "x"),))


def parts(seen: Seen) -> dict[str, str]:
    """What a backend would compute the signature of, from the bytes that it received."""
    path, _, query = seen.target.partition("?")
    return {"method": seen.method, "path": path, "query": query, "body": hashlib.sha256(seen.body).hexdigest()}


async def test_the_default_signature_verifies(office: Office) -> None:
    """Method, path, query, timestamp and body hash, joined by line breaks, under HMAC-SHA256 in hexadecimal."""
    async with Wire(respond=json_answer([])) as wire:
        endpoint = await office.endpoint(wire, {"type": "hmac", "secret": "env:CRM_SECRET", "key_id": "gw-1"}, **POST)
        await endpoint.attempt(CALL)
    (seen,) = wire.seen
    found = parts(seen)
    text = "\n".join([found["method"], found["path"], found["query"], "1800000000", found["body"]])
    assert seen.headers["x-signature"] == hmac.new(SECRET.encode(), text.encode(), "sha256").hexdigest()
    assert seen.headers["x-key-id"] == "gw-1"
    assert seen.headers["x-timestamp"] == "1800000000"
    assert seen.target == "/c/%C3%A9?a=x%20c"
    assert seen.body == b'{"ids":["1","{body}"],"t":"{x}"}'


async def test_every_part_can_be_chosen(office: Office) -> None:
    """Algorithm, encodings, time format, text and headers are the backend's to say, the raw body included."""
    auth = {
        "type": "hmac",
        "secret": "env:CRM_SECRET",
        "key_id": "k",
        "algorithm": "sha512",
        "encoding": "base64",
        "timestamp": "http",
        "canonical": "{host}|{target}|{nonce}|{body_sha256_base64}|{body}",
        "headers": {"Date": "{timestamp}", "Authorization": "HMAC {key_id}:{nonce}:{signature}"},
    }
    async with Wire(respond=json_answer([])) as wire:
        endpoint = await office.endpoint(wire, auth, **POST)
        await endpoint.attempt(CALL)
    (seen,) = wire.seen
    digest = b64encode(hashlib.sha256(seen.body).digest()).decode()
    text = f"127.0.0.1:{wire.port}|{seen.target}|nonce-1|{digest}|".encode() + seen.body
    signature = b64encode(hmac.digest(SECRET.encode(), text, "sha512")).decode()
    assert seen.headers["authorization"] == f"HMAC k:nonce-1:{signature}"
    assert seen.headers["date"] == "Fri, 15 Jan 2027 08:00:00 GMT"


@pytest.mark.parametrize(
    ("form", "expected"),
    [("epoch", "1800000000"), ("epoch-ms", "1800000000000"), ("iso", "2027-01-15T08:00:00Z")],
)
async def test_times_are_written_as_asked(office: Office, form: str, expected: str) -> None:
    """Seconds, milliseconds and ISO 8601 in UTC."""
    async with Wire(respond=json_answer([])) as wire:
        endpoint = await office.endpoint(wire, {"type": "hmac", "secret": "env:CRM_SECRET", "timestamp": form})
        await endpoint.attempt(Call(keys=("1",)))
    assert wire.seen[0].headers["x-timestamp"] == expected


@pytest.mark.parametrize(("encoding", "written"), [("hex", "00ff10"), ("base64", "AP8Q"), ("text", "\u00e9")])
async def test_keys_may_be_written_in_hex_or_base64(office: Office, encoding: str, written: str) -> None:
    """Keys that are bytes are given as hexadecimal or base64 text."""
    auth = {
        "type": "hmac",
        "secret": "env:K",
        "key_encoding": encoding,
        "canonical": "{method}",
        "headers": {"S": "{signature}"},
    }
    credentials = made(auth, FakeClock(), {"K": written})
    key = {"hex": b"\x00\xff\x10", "base64": b"\x00\xff\x10", "text": "\u00e9".encode()}[encoding]
    headers = await credentials.headers(OutgoingRequest("GET", "h", "/"), 1.0)
    assert headers == (("S", hmac.new(key, b"GET", "sha256").hexdigest()),)


@pytest.mark.parametrize(
    ("algorithm", "key", "text", "signature"),
    [
        ("sha256", "0b" * 20, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (
            "sha384",
            "4a656665",
            "what do ya want for nothing?",
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
        ),
        ("sha1", "0b" * 20, "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"),
    ],
)
async def test_signatures_of_the_rfcs(algorithm: str, key: str, text: str, signature: str) -> None:
    """The vectors of RFC 4231 §4.2 and §4.3, and of RFC 2202 §3."""
    auth = {
        "type": "hmac",
        "secret": "env:K",
        "key_encoding": "hex",
        "algorithm": algorithm,
        "canonical": text,
        "headers": {"S": "{signature}"},
    }
    credentials = made(auth, FakeClock(), {"K": key})
    assert await credentials.headers(OutgoingRequest("GET", "h", "/"), 1.0) == (("S", signature),)


async def test_every_request_has_its_own_nonce() -> None:
    """Without a nonce given, 128 random bits stand in each request."""
    assert len({random_nonce() for _ in range(100)}) == 100
    assert len(random_nonce()) == 32
