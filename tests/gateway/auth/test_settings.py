"""Configuration is refused when it is wrong or weak, by name, before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from gateway.auth.build import token_verifier
from gateway.auth.secret import resolve_secret
from gateway.auth.settings import AuthSettings, CookieSettings, IssuerSettings
from tests.gateway.auth.conftest import FakeClock, issuer_settings
from tests.gateway.auth.forge import (
    AUDIENCE,
    ISSUER,
    SECRET,
    good_claims,
    jwk,
    jwk_set,
    key_text,
    private_key,
    public_text,
    token,
)

BASE: dict[str, Any] = {"issuer": ISSUER, "audience": AUDIENCE, "algorithms": "RS256", "key": "env:KEY"}


def test_a_short_issuer() -> None:
    """Four lines describe an issuer; the rest has safe defaults."""
    issuer = IssuerSettings.model_validate(BASE)
    assert (issuer.algorithms, issuer.audience) == (("RS256",), (AUDIENCE,))
    assert (issuer.leeway, issuer.max_token_bytes, issuer.customer) == (30, 8192, "customer")
    assert (issuer.scopes, issuer.typ) == (("scope", "scp", "roles"), ("JWT", "at+jwt"))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"algorithms": ["HS256", "RS256"]}, "HS\\* cannot be mixed"),
        ({"algorithms": ["none"]}, "algorithms"),
        ({"algorithms": ["HS257"]}, "algorithms"),
        ({"algorithms": []}, "algorithms"),
        ({"algorithm": "RS256"}, "algorithm"),
        ({"audience": []}, "audience"),
        ({"audience": ""}, "audience"),
        ({"issuer": ""}, "issuer"),
        ({"key": None}, "exactly one of key, jwks_url and jwks_file"),
        ({"jwks_url": "https://login.example/keys"}, "exactly one"),
        ({"key": None, "jwks_url": "https://login.example/keys", "algorithms": "HS256"}, "HS\\* needs a key"),
        ({"key": None, "jwks_file": "keys.json", "algorithms": "HS256"}, "HS\\* needs a key"),
        ({"key": None, "jwks_url": "http://login.example/keys"}, "needs https"),
        ({"key": None, "jwks_url": "http://localhost.example/keys"}, "needs https"),
        ({"key": None, "jwks_url": "http://10.0.0.1/keys"}, "needs https"),
        ({"key": None, "jwks_url": "file:///etc/passwd"}, "not an http"),
        ({"key": None, "jwks_url": "https:///keys"}, "not an http"),
        ({"key": None, "jwks_url": "https://u:p@login.example/keys"}, "credentials"),
        ({"key": None, "jwks_url": "https://login.example/keys#a"}, "fragments"),
        ({"leeway": "10m"}, "less than or equal to 300"),
        ({"leeway": 30}, "leeway"),
        ({"max_token_bytes": 1_000_000}, "max_token_bytes"),
        ({"scopes": []}, "scopes"),
    ],
)
def test_wrong_issuers(changed: dict[str, Any], told: str) -> None:
    """What would be unsafe or means nothing is refused with the name of the setting."""
    with pytest.raises(ValidationError, match=told):
        IssuerSettings.model_validate({**BASE, **changed})


@pytest.mark.parametrize(
    "url",
    ["https://login.example/keys", "http://localhost:8080/keys", "http://127.0.0.1/keys", "http://[::1]:80/keys"],
)
def test_addresses_of_keys(url: str) -> None:
    """TLS is needed except on this machine."""
    assert IssuerSettings.model_validate({**BASE, "key": None, "jwks_url": url}).jwks_url == url


def test_plain_http_on_request() -> None:
    """Whoever really wants keys without TLS says so."""
    settings = {**BASE, "key": None, "jwks_url": "http://login.internal/keys", "allow_http": True}
    assert IssuerSettings.model_validate(settings).allow_http


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"name": "a b"}, "name"),
        ({"name": ""}, "name"),
        ({"header": "x:y"}, "header"),
        ({"origins": []}, "origins"),
        ({"origins": "*"}, "not an origin"),
        ({"origins": "https://portal.example/"}, "not an origin"),
        ({"origins": "https://Portal.example"}, "not an origin"),
        ({"origins": "null"}, "not an origin"),
        ({"origins": "https://*.example"}, "not an origin"),
    ],
)
def test_wrong_cookies(changed: dict[str, Any], told: str) -> None:
    """A cookie needs a name and the exact origins that may use it."""
    with pytest.raises(ValidationError, match=told):
        CookieSettings.model_validate({"name": "session", "origins": "https://portal.example", **changed})


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"issuers": [BASE, BASE]}, "named twice"),
        ({"anonymous": False}, "nobody could ask"),
        ({"remember": "2m"}, "less than or equal to 60"),
        ({"realm": 'a"b'}, "realm"),
        ({"denylist": {"store": "disk"}}, "store"),
        ({"cookies": {}}, "cookies"),
    ],
)
def test_wrong_tables(changed: dict[str, Any], told: str) -> None:
    """The table as a whole is held to its limits."""
    with pytest.raises(ValidationError, match=told):
        AuthSettings.model_validate(changed)


def test_settings_cannot_be_changed() -> None:
    """Settings are frozen: what was checked at start is what holds."""
    with pytest.raises(ValidationError, match="frozen"):
        issuer_settings().leeway = 3600.0  # type: ignore[misc]  # that is the point


@pytest.mark.parametrize(
    ("algorithm", "key", "told"),
    [
        ("HS256", "k" * 31, "too short for HS256: at least 32 bytes"),
        ("HS384", "k" * 47, "at least 48 bytes"),
        ("HS512", "k" * 63, "at least 64 bytes"),
        ("HS256", "public RS256", "not a secret for HS256"),
        ("RS256", SECRET, "not a public key in PEM for RS256"),
        ("RS256", "private RS256", "private key"),
        ("ES256", "private ES256", "private key"),
        ("RS256", "public ES256", "not a public key in PEM for RS256"),
        ("ES256", "public ES384", "not a public key in PEM for ES256"),
        ("EdDSA", "public ES256", "not a public key in PEM for EdDSA"),
    ],
)
def test_weak_or_wrong_keys(algorithm: str, key: str, told: str, clock: FakeClock) -> None:
    """A key that is too short, private, or of another kind keeps the gateway from starting, and is not shown."""
    text = key_text(key)
    settings = AuthSettings(issuers=(issuer_settings(algorithms=[algorithm], key=text),))
    with pytest.raises(ValueError, match=told) as caught:
        token_verifier(settings, environ={}, clock=clock, literal_keys=True)
    assert str(caught.value).startswith("auth.issuers[0].key: ")
    assert all(line not in str(caught.value) for line in text.splitlines())


def test_all_problems_at_once(clock: FakeClock, tmp_path: Path) -> None:
    """Every issuer's problem is told in one go, each with its place."""
    settings = AuthSettings.model_validate(
        {
            "denylist": {"store": "redis"},
            "issuers": [
                {**BASE, "issuer": "a"},
                {**BASE, "issuer": "b", "key": f"file:{tmp_path}/none"},
                {**BASE, "issuer": "c", "key": None, "jwks_file": f"{tmp_path}/none"},
                {**BASE, "issuer": "d", "key": None, "jwks_url": "https://x.example", "jwks_ca": f"{tmp_path}/none"},
                {**BASE, "issuer": "e", "key": "literally"},
            ],
        }
    )
    with pytest.raises(ValueError, match="KEY is not set") as caught:
        token_verifier(settings, environ={}, clock=clock)
    places = [line.partition(":")[0] for line in str(caught.value).splitlines()]
    assert places == [
        "auth.issuers[0].key",
        "auth.issuers[1].key",
        "auth.issuers[2].jwks_file",
        "auth.issuers[3].jwks_url",
        "auth.issuers[4].key",
        "auth.denylist.store",
    ]
    assert "literally" not in str(caught.value)


async def test_keys_from_environment_and_files(clock: FakeClock, tmp_path: Path) -> None:
    """Keys come from the environment, from a file with its line end, or from a key set in a file."""
    (tmp_path / "key.pem").write_text(public_text("RS256") + "\n")
    (tmp_path / "keys.json").write_bytes(jwk_set(jwk("ES256", "k1")))
    settings = AuthSettings.model_validate(
        {
            "issuers": [
                {**BASE, "issuer": "secret", "algorithms": "HS256"},
                {**BASE, "issuer": "pem", "key": f"file:{tmp_path}/key.pem"},
                {**BASE, "issuer": "set", "algorithms": "ES256", "key": None, "jwks_file": f"{tmp_path}/keys.json"},
            ]
        }
    )
    verifier = token_verifier(settings, environ={"KEY": SECRET}, clock=clock)
    await verifier.open()
    for text in (
        token(good_claims(iss="secret"), key=SECRET.encode()),
        token(good_claims(iss="pem"), algorithm="RS256"),
        token(good_claims(iss="set"), {"kid": "k1"}, algorithm="ES256", key=private_key("ES256", "k1")),
    ):
        assert (await verifier.verify(text)).authenticated
    assert [issuer.keys.status().usable for issuer in verifier.issuers] == [1, 1, 1]
    await verifier.close()


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("env:NONE", "environment variable NONE is not set"),
        ("env:EMPTY", "environment variable EMPTY is not set"),
        ("plain-secret", "use env:NAME or file:PATH"),
        ("vault:secret", "use env:NAME or file:PATH"),
        ("", "use env:NAME or file:PATH"),
    ],
)
def test_unreadable_secrets(reference: str, told: str) -> None:
    """A reference that leads nowhere is named, a secret in its place is not."""
    with pytest.raises(ValueError, match=told) as caught:
        resolve_secret(SecretStr(reference), {"EMPTY": ""})
    assert "plain-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "told"), [(b"", "is empty"), (b"\n", "is empty"), (b"\xff\xfe", "UTF-8"), (b"x" * 70_000, "too large")]
)
def test_unusable_files(content: bytes, told: str, tmp_path: Path) -> None:
    """A secret's file must hold a text of reasonable size."""
    path = tmp_path / "secret"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=told):
        resolve_secret(SecretStr(f"file:{path}"), {})


def test_literal_secrets_of_the_demo() -> None:
    """Only where it is allowed, a text is the secret itself."""
    assert resolve_secret(SecretStr("demo"), {}, literal=True).get_secret_value() == "demo"
    assert resolve_secret(SecretStr("env:A"), {"A": "b"}, literal=True).get_secret_value() == "b"
    with pytest.raises(ValueError, match="env:NAME"):
        resolve_secret(SecretStr(""), {}, literal=True)


def test_who_is_anonymous_is_let_in_only_where_that_is_said() -> None:
    """As soon as an issuer is named, requests without a token are refused, unless the configuration lets them in."""
    issuers = [issuer_settings()]
    assert AuthSettings().admits_anonymous
    assert not AuthSettings.model_validate({"issuers": issuers}).admits_anonymous
    assert AuthSettings.model_validate({"issuers": issuers, "anonymous": True}).admits_anonymous
