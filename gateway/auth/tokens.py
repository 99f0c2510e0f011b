"""The door to PyJWT: keys as parsed objects, signatures checked and made. No other module imports `jwt`.

PyJWT's `decode` reads the wall clock, takes what RFC 8725 advises against (padding, duplicate claims, tokens without
`exp`) and parses a second time what `compact` has read, so of PyJWT this uses the algorithms and the keys. That also
makes a check of HS256 25 times cheaper.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from pydantic import SecretStr

from gateway.auth.settings import SYMMETRIC

_UNUSABLE: Final = (jwt.PyJWTError, UnsupportedAlgorithm, TypeError, ValueError, KeyError)
_KEY_TYPES: Final = {"HS": "oct", "RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
_RSA_BITS: Final = range(2048, 8192 + 1)


class VerificationKey:
    """A key that checks signatures of the algorithms it was made for, and of no others."""

    __slots__ = ("_checks", "_key", "algorithms", "kid")

    def __init__(self, key: Any, algorithms: Sequence[str], kid: str | None = None) -> None:
        self.algorithms = frozenset(algorithms)
        self.kid = kid
        self._key = key
        self._checks = {name: jwt.get_algorithm_by_name(name).verify for name in algorithms}

    def __repr__(self) -> str:
        return f"VerificationKey({', '.join(sorted(self.algorithms))})"

    def verifies(self, algorithm: str, signing_input: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's over these bytes; False for algorithms that are not the key's own."""
        check = self._checks.get(algorithm)
        return check is not None and bool(check(signing_input, self._key, signature))


def key_from_text(text: SecretStr, algorithms: Sequence[str]) -> VerificationKey:
    """The key of an issuer with one fixed key: the secret of HS*, or a public key in PEM (or OpenSSH form).

    Raises ValueError, without the text, when the key does not fit all the algorithms: secrets shorter than the hash
    (RFC 7518 §3.2), private keys, RSA keys under 2048 bits, another curve.
    """
    key = None
    for name in algorithms:
        algorithm = jwt.get_algorithm_by_name(name)
        try:
            key = algorithm.prepare_key(text.get_secret_value().encode())
        except _UNUSABLE as exc:
            wanted = "secret" if name in SYMMETRIC else "public key in PEM"
            raise ValueError(f"not a {wanted} for {name}") from exc
        _check_strength(key, name)
    return VerificationKey(key, algorithms)


def key_from_jwk(jwk: Mapping[str, Any], algorithms: Sequence[str]) -> VerificationKey:
    """The key of one member of a JWK set (RFC 7517), for those of these algorithms that it fits.

    `use`, `key_ops` and `alg` are obeyed. Raises ValueError, without the key's content, for a key that cannot check
    signatures here: another use, another algorithm, symmetric, private, weak or broken.
    """
    if jwk.get("kty") == "oct" or "d" in jwk or "k" in jwk:
        raise ValueError("secret keys do not belong into a key set")
    operations = jwk.get("key_ops", ["verify"])
    if jwk.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        raise ValueError("not for signatures")
    kid = jwk.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise ValueError("kid is not a text")
    key = None
    fitting = []
    for name in algorithms:
        if _KEY_TYPES[name[:2]] != jwk.get("kty") or jwk.get("alg", name) != name:
            continue
        algorithm = jwt.get_algorithm_by_name(name)
        try:
            # A curve of another algorithm shows in prepare_key; the next of the algorithms may be the right one.
            key = algorithm.prepare_key(algorithm.from_jwk(dict(jwk)))
        except _UNUSABLE:
            continue
        _check_strength(key, name)
        fitting.append(name)
    if not fitting:
        raise ValueError("fits none of the algorithms")
    return VerificationKey(key, fitting, kid)


def _check_strength(key: Any, algorithm: str) -> None:
    if isinstance(key, bytes):
        if jwt.get_algorithm_by_name(algorithm).check_key_length(key):
            raise ValueError(f"the secret is too short for {algorithm}: at least {int(algorithm[2:]) // 8} bytes")
    elif hasattr(key, "private_bytes"):
        raise ValueError("a private key: the gateway needs the public one only")
    elif _KEY_TYPES[algorithm[:2]] == "RSA" and key.key_size not in _RSA_BITS:
        raise ValueError(f"an RSA key of {key.key_size} bits: at least {_RSA_BITS[0]}, at most {_RSA_BITS[-1]}")


def sign(claims: Mapping[str, Any], key: SecretStr, algorithm: str, header: Mapping[str, Any] | None = None) -> str:
    """A token over these claims, signed with a secret (HS*) or a private key in PEM.

    Raises ValueError, without the key, when the key does not fit the algorithm.
    """
    text = key.get_secret_value()
    if algorithm in SYMMETRIC:
        _check_strength(text.encode(), algorithm)
    try:
        return jwt.encode(dict(claims), text, algorithm, dict(header or {}))
    except (*_UNUSABLE, AttributeError) as exc:  # PyJWT asks a public key to sign.
        raise ValueError(f"not a key that signs {algorithm}") from exc
