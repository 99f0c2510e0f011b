"""The clock that stands still, a store that speaks Redis, and a note of every limit that was passed."""

from __future__ import annotations

import pytest

from gateway.limits.callers import Caller
from tests.doubles import FakeClock
from tests.gateway.auth.conftest import redis, redis_server

__all__ = ["redis", "redis_server"]

ALICE = Caller("https://login.example\x1falice")
BOB = Caller("https://login.example\x1fbob")
STRANGER = Caller("\x1f203.0.113.7", anonymous=True)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


class Passed:
    """Notes what was beyond a limit."""

    def __init__(self) -> None:
        self.noted: list[tuple[str, Caller, bool]] = []

    def __call__(self, limit: str, caller: Caller, refused: bool) -> None:
        self.noted.append((limit, caller, refused))


@pytest.fixture
def passed() -> Passed:
    return Passed()
