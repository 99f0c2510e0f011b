"""A house and a portal page for each test, and whatever the page did that it should not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.portal.house import House, demo_house
from tests.browser.portal.pages import PortalPage

OpenPortal = Callable[..., Awaitable[PortalPage]]


@pytest_asyncio.fixture(loop_scope="session")
async def house() -> AsyncIterator[House]:
    """The gateway over the demo company, cold."""
    async with demo_house() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def open_portal(browser: Browser, house: House) -> AsyncIterator[OpenPortal]:
    """Opens the portal in a profile of its own; options are those of a browser context.

    Whatever a test does with it, the page reaches its own origin only, breaks no policy and throws nothing.
    """
    pages: list[PortalPage] = []

    async def open_portal(address: str = "", *, origin: str | None = None, **options: Any) -> PortalPage:
        context = await browser.new_context(timezone_id="UTC", locale="en-GB", **options)
        context.set_default_timeout(30_000)
        portal = PortalPage(await context.new_page(), origin or house.origin)
        pages.append(portal)
        return await portal.open(address)

    yield open_portal
    for portal in pages:
        violations = await portal.violations()
        await portal.page.context.close()
        assert portal.watch.origins() <= {portal.origin}
        assert violations == []
        assert [complaint for complaint in portal.watch.complaints if complaint.startswith("uncaught")] == []


@pytest_asyncio.fixture(loop_scope="session")
async def customer(open_portal: OpenPortal) -> PortalPage:
    """The portal as customer c7, on its first page."""
    return await (await open_portal()).sign_in("Customer c7")


@pytest_asyncio.fixture(loop_scope="session")
async def office(open_portal: OpenPortal) -> PortalPage:
    """The portal as the back office, on its first page."""
    return await (await open_portal()).sign_in("Back office", "Customers")
