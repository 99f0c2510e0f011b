"""Takes the pictures of the documentation from the running demo, for `make pictures`.

Data, day and clock are fixed, so that a picture changes only when what it shows does. GraphiQL's alone shows how long
calls took.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from time import monotonic

from playwright.async_api import Browser, Page, expect

from gateway.demo.switches import Switch
from tests.browser.conftest import chromium
from tests.browser.pages import GraphiQLPage
from tests.browser.portal.house import House, demo_house
from tests.browser.portal.pages import PortalPage
from tests.doubles import FakeClock

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
MOST = 200_000
"""Bytes that a picture may have, so that the page that shows it stays quick."""


class RunningClock(FakeClock):
    """Time that passes."""

    def __init__(self, epoch: float) -> None:
        super().__init__(epoch=epoch)
        self._begun = monotonic()

    def monotonic(self) -> float:
        return super().monotonic() + monotonic() - self._begun

    def time(self) -> float:
        return super().time() + monotonic() - self._begun


async def page_of(browser: Browser, width: int, height: int, scheme: str = "light") -> Page:
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        timezone_id="UTC",
        locale="en-GB",
        reduced_motion="reduce",
        permissions=["clipboard-read", "clipboard-write"],
    )
    return await context.new_page()


async def take(page: Page, name: str) -> None:
    await page.mouse.move(0, 0)
    path = FOLDER / f"{name}.png"
    await page.screenshot(path=path, animations="disabled", caret="hide")
    await page.context.close()
    size = path.stat().st_size
    print(f"{path.name:<24} {size / 1000:.0f} kB")
    if size > MOST:
        raise SystemExit(f"{path.name} is larger than {MOST / 1000:.0f} kB")


async def graphiql(browser: Browser, house: House) -> None:
    """The first example, its answer, and the plan of it."""
    explorer = await GraphiQLPage(await page_of(browser, 1440, 840)).open(house.origin)
    await explorer.run()  # the first call of a SOAP service reads its description, too
    await expect(explorer.response).to_contain_text("Åse Bjørnstad-Müller")
    house.clock.advance(7_200)
    await explorer.show("Plan")
    await explorer.run()
    await expect(explorer.plan.bars).to_have_count(5)
    await expect(explorer.plan.tile("Cost")).to_be_visible()
    await take(explorer.page, "graphiql")


async def portal(browser: Browser, house: House) -> None:
    """A customer's first page."""
    page = await PortalPage(await page_of(browser, 1200, 960), house.origin).open()
    await page.sign_in("Customer c7")
    await page.settled()
    await take(page.page, "portal")


async def portal_degraded(browser: Browser, house: House) -> None:
    """Orders while warehouse and accounting are down: the one's answers are too old to show, the other's are shown."""
    page = await PortalPage(await page_of(browser, 1200, 900), house.origin).open("#/orders")
    await page.sign_in("Customer c7", "Orders")
    await page.settled()
    house.clock.advance(1_000)
    await page.wait(1_000)
    for server in (house.company.warehouse, house.company.accounting):
        await server.switch(Switch.REFUSED)
    await page.go("Overview")
    await page.go("Orders")
    await expect(page.notices).to_have_count(3)
    await page.settled()
    await take(page.page, "portal-degraded")


async def office(browser: Browser, house: House) -> None:
    """The back office's view of one customer."""
    page = await PortalPage(await page_of(browser, 1200, 900, "dark"), house.origin).open()
    await page.sign_in("Back office", "Customers")
    await page.visit("#/office/Customer:c7")
    await expect(page.part("12 invoices")).to_be_visible()
    await page.settled()
    await take(page.page, "office")


async def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    async with chromium() as browser:
        async with demo_house(clock=RunningClock) as house:
            await graphiql(browser, house)
        for picture in (portal, portal_degraded, office):
            async with demo_house() as house:
                await picture(browser, house)


if __name__ == "__main__":
    asyncio.run(main())
