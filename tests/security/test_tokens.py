"""The attacker's list, tokens: each is 401 with a challenge, tells nothing of itself, and reaches no system."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from tests.gateway.auth import forge
from tests.security.conftest import DEMO, claims_of, demo_token, rsa_token
from tests.security.served import Served

QUERY = {"query": '{ customer(id: "c7") { name } }'}

NOW = int(time.time())


def none_token() -> str:
    head = forge.b64(json.dumps({"alg": "none", "typ": "JWT"}).encode())
    return f"{head}.{forge.b64(json.dumps(claims_of(DEMO)).encode())}."


def confused_token() -> str:
    """Signed with the public key of the other issuer, as if it were a secret."""
    return rsa_token(algorithm="HS256", key=forge.public_text("RS256").encode())


def tampered_token() -> str:
    """The claims of one token with the signature of another."""
    head, claims, _ = demo_token({"sub": "admin"}).split(".")
    return f"{head}.{claims}.{demo_token().split('.')[2]}"


def raw_claims(member: str) -> bytes:
    return (json.dumps(claims_of(DEMO))[:-1] + "," + member + "}").encode()


ATTACKS: dict[str, tuple[Callable[[], str], int, str]] = {
    "alg none": (none_token, 401, "UNAUTHENTICATED"),
    "alg none, with a signature": (lambda: demo_token(header={"alg": "none"}), 401, "UNAUTHENTICATED"),
    "alg nOnE": (lambda: demo_token(header={"alg": "nOnE"}), 401, "UNAUTHENTICATED"),
    "key confusion": (confused_token, 401, "UNAUTHENTICATED"),
    "key confusion, alg of the issuer": (
        lambda: rsa_token(header={"kid": "one", "alg": "RS256"}, algorithm="HS256", key=b"k" * 32),
        401,
        "UNAUTHENTICATED",
    ),
    "expired": (lambda: demo_token({"exp": NOW - 3600}), 401, "UNAUTHENTICATED"),
    "never expires": (lambda: demo_token({"exp": None}), 401, "UNAUTHENTICATED"),
    "not yet valid": (lambda: demo_token({"nbf": NOW + 3600}), 401, "UNAUTHENTICATED"),
    "issued in the future": (lambda: demo_token({"iat": NOW + 3600}), 401, "UNAUTHENTICATED"),
    "wrong audience": (lambda: demo_token({"aud": "another"}), 401, "UNAUTHENTICATED"),
    "no audience": (lambda: demo_token({"aud": None}), 401, "UNAUTHENTICATED"),
    "wrong issuer": (lambda: demo_token({"iss": "https://evil.example"}), 401, "UNAUTHENTICATED"),
    "the other issuer's key": (lambda: rsa_token({"iss": DEMO}), 401, "UNAUTHENTICATED"),
    "unknown kid": (lambda: rsa_token(header={"kid": "two"}), 401, "UNAUTHENTICATED"),
    "kid injection, a path": (lambda: rsa_token(header={"kid": "../../../dev/null"}), 401, "UNAUTHENTICATED"),
    "kid injection, a query": (lambda: rsa_token(header={"kid": "one' OR '1'='1"}), 401, "UNAUTHENTICATED"),
    "kid that is an object": (lambda: rsa_token(header={"kid": {"$ne": None}}), 401, "UNAUTHENTICATED"),
    "jku": (lambda: rsa_token(header={"kid": "one", "jku": "http://127.0.0.1:1/keys"}), 401, "UNAUTHENTICATED"),
    "x5u": (lambda: rsa_token(header={"kid": "one", "x5u": "http://127.0.0.1:1/cert"}), 401, "UNAUTHENTICATED"),
    "embedded jwk": (
        lambda: rsa_token(header={"jwk": forge.jwk("RS256", "mallory")}, key=forge.private_key("RS256", "mallory")),
        401,
        "UNAUTHENTICATED",
    ),
    "crit": (lambda: demo_token(header={"crit": ["exp"]}), 401, "UNAUTHENTICATED"),
    "tampered claims": (tampered_token, 401, "UNAUTHENTICATED"),
    "duplicate claims": (lambda: demo_token(raw_claims('"sub": "admin"')), 401, "UNAUTHENTICATED"),
    "huge number": (lambda: demo_token(raw_claims('"n": ' + "9" * 5000)), 401, "UNAUTHENTICATED"),
    "nested claims": (lambda: demo_token(raw_claims('"n": ' + "[" * 900 + "]" * 900)), 401, "UNAUTHENTICATED"),
    "empty customer": (lambda: demo_token({"customer": ""}), 401, "UNAUTHENTICATED"),
    "customer that is a list": (lambda: demo_token({"customer": ["c7"]}), 401, "UNAUTHENTICATED"),
    "an encrypted token": (lambda: "e30.e30.e30.e30.e30", 401, "UNAUTHENTICATED"),
    "20 kB": (lambda: demo_token({"pad": "x" * 20_000}), 401, "UNAUTHENTICATED"),
    "100 kB": (lambda: demo_token({"pad": "x" * 100_000}), 431, "BAD_REQUEST"),
    "garbage": (lambda: "\xff\xfe" * 10, 401, "UNAUTHENTICATED"),
}


@pytest.mark.parametrize("name", list(ATTACKS))
def test_a_forged_token_is_refused(served: Served, name: str) -> None:
    """Status, code and challenge are right, nothing of the token comes back, and no system behind hears of it."""
    make, status, code = ATTACKS[name]
    token = make()
    before = served.calls()
    reply = served.ask(QUERY, f"Authorization: Bearer {token}")
    assert (reply.status, reply.code) == (status, code)
    assert "data" not in reply.json
    if status == 401:
        assert reply.headers["www-authenticate"].startswith('Bearer realm="bizgraph", error="invalid_token"')
    assert token[:40].encode("latin-1") not in reply.body
    assert served.calls() == before


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        (("Authorization: Basic bWFsbG9yeTpwYXNz",), None),
        (("Authorization: Bearer",), 'error="invalid_token"'),
        (("Authorization: Bearer a.b.c", "Authorization: Bearer d.e.f"), 'error="invalid_request"'),
    ],
)
def test_what_is_no_bearer_token_is_refused(served: Served, headers: tuple[str, ...], error: str | None) -> None:
    """Another scheme, no token or two of them are 401 as well (RFC 6750 §3.1)."""
    reply = served.ask(QUERY, *headers)
    assert (reply.status, reply.code) == (401, "UNAUTHENTICATED")
    assert (error or 'realm="bizgraph"') in reply.headers["www-authenticate"]


@pytest.mark.parametrize("parameter", ["access_token", "token", "authorization"])
def test_tokens_in_addresses_and_bodies_are_not_looked_at(served: Served, parameter: str) -> None:
    """A token where addresses and logs would show it makes nobody anybody (RFC 6750 §2.2, §2.3)."""
    token = demo_token()
    before = served.calls()
    by_address = served.ask(QUERY, path=f"/graphql?{parameter}={token}")
    by_body = served.ask({**QUERY, parameter: token, "extensions": {parameter: token}})
    by_cookie = served.ask(QUERY, f"Cookie: {parameter}={token}")
    for reply in (by_address, by_body, by_cookie):
        assert reply.code == "UNAUTHENTICATED"
        assert reply.json["data"] == {"customer": None}
    assert served.calls() == before


def test_good_tokens_are_taken(served: Served) -> None:
    """The forger's tools make good tokens too, so that what is refused above is refused for its fault alone."""
    for token in (demo_token(), rsa_token()):
        reply = served.ask(QUERY, f"Authorization: Bearer {token}")
        assert reply.status == 200
        assert "errors" not in reply.json
