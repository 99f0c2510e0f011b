"""A clock that only moves when told, and verifiers of one issuer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gateway.auth.build import token_verifier
from gateway.auth.denylist import Denylist
from gateway.auth.keysets import KeySource
from gateway.auth.settings import AuthSettings, IssuerSettings
from gateway.auth.verifier import TokenVerifier, trusted
from tests.gateway.auth.forge import AUDIENCE, ISSUER, NOW, public_text


class FakeClock:
    """Time as the test wants it."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return 1000.0 + self.now

    def time(self) -> float:
        return NOW + self.now


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def issuer_settings(**changed: Any) -> IssuerSettings:
    settings = {"issuer": ISSUER, "audience": AUDIENCE, "algorithms": ["HS256"], "key": public_text("HS256")}
    chosen = {name: value for name, value in {**settings, **changed}.items() if value is not None}
    return IssuerSettings.model_validate(chosen)


MakeVerifier = Callable[..., TokenVerifier]


@pytest.fixture
def verifier_of(clock: FakeClock) -> MakeVerifier:
    """Makes the verifier of one issuer with a fixed key, whose settings may be changed by name."""

    def make(*, denylist: Denylist | None = None, source: KeySource | None = None, **changed: Any) -> TokenVerifier:
        settings = issuer_settings(**changed)
        if source is None:
            built = token_verifier(AuthSettings(issuers=(settings,)), environ={}, clock=clock, literal_keys=True)
            source = built.issuers[0].keys
        return TokenVerifier([trusted(settings, source)], clock, denylist=denylist)

    return make


@pytest.fixture
def verifier(verifier_of: MakeVerifier) -> TokenVerifier:
    """One issuer with a shared secret."""
    return verifier_of()
