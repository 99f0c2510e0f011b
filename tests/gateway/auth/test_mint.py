"""Tokens of our own verify with the settings they were minted for."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from gateway.auth.mint import mint
from resolvers.errors import Unauthenticated
from tests.gateway.auth.conftest import FakeClock, MakeVerifier, issuer_settings
from tests.gateway.auth.forge import ALGORITHMS, NOW, SECRET, key_text, private_text, public_text


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_minted_tokens_verify(algorithm: str, verifier_of: MakeVerifier) -> None:
    """What is minted for an issuer says what was asked for, in each of its algorithms."""
    changed = {"algorithms": [algorithm], "key": public_text(algorithm)}
    text = mint(
        issuer_settings(**changed),
        SecretStr(private_text(algorithm)),
        subject="portal",
        scopes=["orders:read", "customers:read"],
        customer="c7",
        tenant="north",
        jti="t-1",
        kid="k1",
        now=NOW,
        expires_in=8 * 3600,
        claims={"name": "Zoë"},
    )
    principal = await verifier_of(**changed).verify(text)
    assert (principal.subject, principal.customer, principal.tenant) == ("portal", "c7", "north")
    assert principal.scopes == {"orders:read", "customers:read"}
    assert principal.expires_at == NOW + 8 * 3600
    assert (principal.claims["jti"], principal.claims["name"], principal.claims["iat"]) == ("t-1", "Zoë", NOW)


@pytest.mark.parametrize(
    "changed",
    [
        {"scopes": "permissions"},
        {"scopes": "realm_access.roles"},
        {"scopes": "https://example.org/roles"},
        {"subject": "azp", "customer": "ext.customer", "tenant": "ext.tenant"},
    ],
)
async def test_claims_stand_where_the_settings_look(changed: dict[str, Any], verifier_of: MakeVerifier) -> None:
    """Configured claim names hold for minting as they do for reading."""
    settings = issuer_settings(**changed)
    text = mint(
        settings, SecretStr(public_text("HS256")), subject="s", scopes=["a", "b"], customer="c", tenant="t",
        now=NOW, expires_in=60,
    )  # fmt: skip
    principal = await verifier_of(**changed).verify(text)
    assert (principal.subject, principal.customer, principal.tenant) == ("s", "c", "t")
    assert principal.scopes == {"a", "b"}


async def test_minted_tokens_expire(verifier_of: MakeVerifier, clock: FakeClock) -> None:
    """A minted token ends when it was told to."""
    text = mint(issuer_settings(), SecretStr(public_text("HS256")), subject="s", now=NOW, expires_in=60)
    verifier = verifier_of(leeway="0s")
    assert (await verifier.verify(text)).authenticated
    clock.now = 60
    with pytest.raises(Unauthenticated, match="expired"):
        await verifier.verify(text)


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("HS256", "k" * 31),
        ("HS512", "k" * 63),
        ("EdDSA", SECRET),
        ("EdDSA", "public EdDSA"),
        ("RS256", "public RS256"),
        ("RS256", "private ES256"),
    ],
)
def test_keys_that_do_not_sign(algorithm: str, key: str) -> None:
    """A key that is too short or of another kind signs nothing, and is not shown."""
    changed = {"algorithms": [algorithm], "key": "env:KEY"}
    with pytest.raises(ValueError, match=algorithm) as caught:
        mint(issuer_settings(**changed), SecretStr(key_text(key)), subject="s", now=NOW, expires_in=60)
    assert all(line not in str(caught.value) for line in key_text(key).splitlines())


def test_no_life_no_token() -> None:
    """A token that would be born expired is not minted."""
    with pytest.raises(ValueError, match="time to live"):
        mint(issuer_settings(), SecretStr(SECRET), subject="s", now=NOW, expires_in=0)
