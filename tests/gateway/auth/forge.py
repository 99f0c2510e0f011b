"""Tokens as issuers and attackers make them: every byte of header, claims and signature is the test's choice."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

NOW = 1_800_000_000.0
ISSUER = "https://login.example/realms/portal"
AUDIENCE = "bizgraph"
SECRET = "correct-horse-battery-staple-correct-horse-battery-staple-0123456789"

CURVES: dict[str, ec.EllipticCurve] = {
    "ES256": ec.SECP256R1(),
    "ES384": ec.SECP384R1(),
    "ES512": ec.SECP521R1(),
    "ES256K": ec.SECP256K1(),
}
ALGORITHMS = (
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
    "ES256", "ES384", "ES512", "ES256K", "EdDSA",
)  # fmt: skip


def private_key(algorithm: str, name: str = "one") -> Any:
    """A key for this algorithm; another name is another key."""
    return _private_key(algorithm, name)


@cache
def _private_key(algorithm: str, name: str) -> Any:
    if algorithm.startswith("HS"):
        return f"{SECRET}-{name}".encode()
    if algorithm in CURVES:
        return ec.generate_private_key(CURVES[algorithm])
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return _rsa(name)


@cache
def _rsa(name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def public_text(algorithm: str, name: str = "one") -> str:
    """What an issuer with a fixed key hands out: the secret, or the public key in PEM."""
    key = private_key(algorithm, name)
    if isinstance(key, bytes):
        return key.decode()
    return str(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def private_text(algorithm: str, name: str = "one") -> str:
    """The secret, or the private key in PEM."""
    key = private_key(algorithm, name)
    if isinstance(key, bytes):
        return key.decode()
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


def key_text(description: str) -> str:
    """The key that is described as `public RS256` or `private RS256`; any other text is the key itself."""
    kind, _, algorithm = description.partition(" ")
    match kind:
        case "public":
            return public_text(algorithm)
        case "private":
            return private_text(algorithm)
        case _:
            return description


def jwk(algorithm: str, name: str = "one", **more: Any) -> dict[str, Any]:
    """The public key as a member of a JWK set; a member given as None is left out."""
    made = jwt.get_algorithm_by_name(algorithm).to_jwk(private_key(algorithm, name).public_key(), as_dict=True)
    made.pop("key_ops", None)
    return {member: value for member, value in {**made, "kid": name, **more}.items() if value is not None}


def jwk_set(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": list(keys)}).encode()


def b64(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def good_claims(**changed: Any) -> dict[str, Any]:
    """Claims that verify at NOW; a claim given as None is left out."""
    claims = {"iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 3600, "iat": NOW - 5, "sub": "alice", "scope": "orders:read"}
    return {name: value for name, value in {**claims, **changed}.items() if value is not None}


def token(
    claims: dict[str, Any] | bytes | None = None,
    header: dict[str, Any] | bytes | None = None,
    *,
    algorithm: str = "HS256",
    key: Any = None,
) -> str:
    """A signed token. `header` is added to `alg` and `typ`; given as bytes, header or claims are taken as they are."""
    if not isinstance(header, bytes):
        header = json.dumps({"alg": algorithm, "typ": "JWT", **(header or {})}).encode()
    if not isinstance(claims, bytes):
        claims = json.dumps(good_claims() if claims is None else claims).encode()
    return sign(f"{b64(header)}.{b64(claims)}", algorithm, key)


def sign(signing_input: str, algorithm: str = "HS256", key: Any = None) -> str:
    """The compact form of these two parts, whatever they hold."""
    signature = jwt.get_algorithm_by_name(algorithm).sign(
        signing_input.encode(), private_key(algorithm) if key is None else key
    )
    return f"{signing_input}.{b64(signature)}"
