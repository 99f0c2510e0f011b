"""One gateway for all attacks of this process, and tokens of its two issuers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.demo.tokens import DEMO_KEY, SCOPES
from tests.gateway.auth import forge
from tests.security.served import Served, serving

DEMO = "https://demo.bizgraph.example"
RSA = "https://login.example"

Forge = Callable[..., str]


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The gateway with a symmetric and an asymmetric issuer, no cache that could hide calls, and little patience."""
    keys = Path(tmp_path_factory.mktemp("keys")) / "jwks.json"
    keys.write_bytes(forge.jwk_set(forge.jwk("RS256")))
    issuers = (
        f'[{{issuer = "{DEMO}", audience = "bizgraph", algorithms = ["HS256"], key = "env:DEMO_TOKEN_KEY"}},'
        f' {{issuer = "{RSA}", audience = "bizgraph", algorithms = ["RS256"], jwks_file = "{keys}"}}]'
    )
    configured = {
        "BIZGRAPH_AUTH__ISSUERS": issuers,
        "BIZGRAPH_CACHE__STORE": "off",
        "BIZGRAPH_INTROSPECTION__ACCESS": "scope",
        "BIZGRAPH_SERVER__HEADER_TIMEOUT": "300ms",
        "BIZGRAPH_SERVER__BODY_TIMEOUT": "300ms",
        "BIZGRAPH_SERVER__MAX_BODY": "100kB",
    }
    with serving(configured) as running:
        yield running


def demo_token(claims: dict[str, Any] | bytes | None = None, header: dict[str, Any] | bytes | None = None) -> str:
    """A token of the demo's issuer, with claims changed, left out (None) or replaced as a whole (bytes)."""
    if not isinstance(claims, bytes):
        claims = claims_of(DEMO, **(claims or {}))
    return forge.token(claims, header, algorithm="HS256", key=DEMO_KEY.encode())


def rsa_token(claims: dict[str, Any] | None = None, header: dict[str, Any] | None = None, **how: Any) -> str:
    """The same of the issuer with a key set."""
    return forge.token(claims_of(RSA, **(claims or {})), header or {"kid": "one"}, **{"algorithm": "RS256", **how})


def claims_of(issuer: str, **changed: Any) -> dict[str, Any]:
    now = int(time.time())
    good = {
        "iss": issuer,
        "aud": "bizgraph",
        "sub": "mallory",
        "iat": now,
        "exp": now + 3600,
        "scope": " ".join(SCOPES),
    }
    return {name: value for name, value in {**good, **changed}.items() if value is not None}


@pytest.fixture
def configured(request: pytest.FixtureRequest) -> dict[str, str]:
    """Variables for a gateway of the test's own, given by `with_settings`."""
    given: dict[str, str] = getattr(request, "param", {})
    return given


def with_settings(**variables: str) -> pytest.MarkDecorator:
    """The test's own gateway has these settings: `limits__cost="10"`."""
    given = {f"BIZGRAPH_{name.upper()}": value for name, value in variables.items()}
    return pytest.mark.parametrize("configured", [given], indirect=True, ids=[""])
