"""The demo's systems in a process of their own, for all tests here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scale.processes import Company


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="module")
def company(logs: Path) -> Iterator[Company]:
    with Company(logs / "company") as running:
        yield running
