"""The small CRM on a real socket, and a check of it."""

from __future__ import annotations

import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from gateway.check.report import Report
from gateway.commands.check import check
from gateway.settings import parse
from tests.gateway.check.crm import CONFIGURATION, TOKEN, Crm

CheckCrm = Callable[..., Awaitable[Report]]


@pytest.fixture
async def crm() -> AsyncIterator[Crm]:
    found = Crm()
    await found.start()
    yield found
    await found.server.close()


@pytest.fixture
def check_crm(crm: Crm) -> CheckCrm:
    """Checks the CRM with its configuration, in which `change` may replace texts."""

    async def run(change: tuple[str, str] = ("", ""), token: str = TOKEN, **options: Any) -> Report:
        text = CONFIGURATION.format(url=crm.url).replace(*change) if change[0] else CONFIGURATION.format(url=crm.url)
        return await check(parse(tomllib.loads(text), "test"), {"TOKEN": token}, **options)

    return run
