"""Which members of a key set are used, and for what."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.auth.keysets import MAX_TRIES, read_key_set
from tests.gateway.auth.forge import b64, jwk, jwk_set, private_key

RSA = ("RS256", "PS256")
ALL = ("RS256", "PS256", "ES256", "ES384", "EdDSA")


def test_keys_by_name() -> None:
    """A key is found by its `kid` and for algorithms that its kind allows."""
    keys = read_key_set(jwk_set(jwk("RS256", "r"), jwk("ES256", "e"), jwk("EdDSA", "o")), ALL)
    assert [key.kid for key in keys.find("r", "RS256")] == ["r"]
    assert [key.kid for key in keys.find("r", "PS256")] == ["r"]
    assert [key.kid for key in keys.find("e", "ES256")] == ["e"]
    assert [key.kid for key in keys.find("o", "EdDSA")] == ["o"]
    assert keys.find("e", "ES384") == ()
    assert keys.find("r", "ES256") == ()
    assert keys.find("x", "RS256") == ()
    assert (keys.usable, keys.skipped) == (3, 0)


def test_alg_binds_a_key() -> None:
    """A key with `alg` serves for that algorithm only."""
    keys = read_key_set(jwk_set(jwk("RS256", alg="PS256")), RSA)
    assert len(keys.find("one", "PS256")) == 1
    assert keys.find("one", "RS256") == ()


def test_keys_without_a_name() -> None:
    """A key without `kid` serves for tokens with and without one, where no key has the token's."""
    keys = read_key_set(jwk_set(jwk("ES256", "a", kid=None), jwk("ES256", "b")), ["ES256"])
    assert [key.kid for key in keys.find("unheard", "ES256")] == [None]
    assert [key.kid for key in keys.find("b", "ES256")] == ["b"]
    assert [key.kid for key in keys.find(None, "ES256")] == [None, "b"]


def test_duplicate_names() -> None:
    """Keys of the same `kid` are all tried, as issuers publish them while they rotate."""
    keys = read_key_set(jwk_set(jwk("ES256", "a", kid="k"), jwk("ES256", "b", kid="k")), ["ES256"])
    assert len(keys.find("k", "ES256")) == 2


def test_tries_are_bounded() -> None:
    """A token without `kid` is not tried on every key of a long set."""
    keys = read_key_set(jwk_set(*(jwk("EdDSA", f"key-{number}") for number in range(20))), ["EdDSA"])
    assert len(keys.find(None, "EdDSA")) == MAX_TRIES


@pytest.mark.parametrize(
    ("algorithm", "member"),
    [
        ("RS256", {"use": "enc"}),
        ("RS256", {"key_ops": ["encrypt"]}),
        ("RS256", {"key_ops": "verify"}),
        ("RS256", {"key_ops": 7}),
        ("RS256", {"alg": "RS512"}),
        ("RS256", {"alg": ["RS256"]}),
        ("RS256", {"kid": 7}),
        ("RS256", {"kty": "EC"}),
        ("RS256", {"kty": None}),
        ("RS256", {"kty": "quantum"}),
        ("RS256", {"n": "AQAB"}),
        ("RS256", {"n": 7}),
        ("RS256", {"n": None}),
        ("RS256", {"n": "*"}),
        ("RS256", {"e": "AA"}),
        ("RS256", {"d": "AQAB"}),
        ("ES256", {"x": "AAAA"}),
        ("ES256", {"crv": "P-999"}),
        ("ES512", {}),
        ("EdDSA", {"crv": "X25519"}),
        ("EdDSA", {"x": "AAAA"}),
        (None, {"kty": "oct", "k": "A" * 64, "kid": "one", "alg": "HS256"}),
        (None, {"kty": "oct", "k": "A" * 64}),
        (None, "text"),
        (None, None),
        (None, []),
    ],
)
def test_unusable_keys_are_skipped(algorithm: str | None, member: Any) -> None:
    """A key that cannot be used costs itself alone, and is counted."""
    unusable = member if algorithm is None else jwk(algorithm, **member)
    document = json.dumps({"keys": [unusable, jwk("RS256", "good")]}).encode()
    keys = read_key_set(document, ALL)
    assert (keys.usable, keys.skipped) == (1, 1)
    assert keys.find("one", "RS256") == ()


def test_symmetric_keys_are_refused_whatever_the_algorithms() -> None:
    """A secret that somebody published is no secret: not even an issuer with HS256 gets it from a key set."""
    with pytest.raises(ValueError, match="none of the 1 keys"):
        read_key_set(jwk_set({"kty": "oct", "k": "A" * 64, "kid": "one"}), ["HS256"])


@pytest.mark.parametrize("bits", [1024, 8448])
def test_weak_and_oversized_rsa(bits: int) -> None:
    """RSA keys that are too short to trust, or so long that each check would cost milliseconds, are skipped."""
    modulus = b64(((1 << (bits - 1)) + 1).to_bytes(bits // 8, "big"))
    document = jwk_set(jwk("RS256", "odd", n=modulus), jwk("RS256", "good"))
    keys = read_key_set(document, RSA)
    assert (keys.usable, keys.skipped) == (1, 1)


@pytest.mark.parametrize(
    "document",
    [b"", b"<html>", b"[]", b"null", b'{"keys":{}}', b"{}", b'{"keys":[]}', b'{"keys":[1]}', b"\xff", b"[" * 5000],
)
def test_documents_that_are_no_key_set(document: bytes) -> None:
    """What is no key set, or one without a single usable key, is refused as a whole."""
    with pytest.raises(ValueError, match="key"):
        read_key_set(document, ALL)


def test_many_members() -> None:
    """A set without end is read to a limit."""
    document = json.dumps({"keys": [jwk("RS256", "good"), *[{}] * 5000, jwk("RS256", "late")]}).encode()
    keys = read_key_set(document, RSA)
    assert (keys.usable, keys.skipped) == (1, 5001)


def test_keys_are_not_shown() -> None:
    """The repr of a set names algorithms and key ids, and no key material."""
    shown = repr(read_key_set(jwk_set(jwk("RS256")), RSA))
    assert str(private_key("RS256").public_key().public_numbers().n)[:20] not in shown
    assert jwk("RS256")["n"][:20] not in shown
