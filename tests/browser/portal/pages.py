"""The portal as a person sees it."""

from __future__ import annotations

from typing import Any, Self

from playwright.async_api import Locator, Page, expect

from tests.browser.pages import COLLECT_VIOLATIONS, Watch
from tests.browser.portal.house import NOON


class PortalPage:
    """The portal in one browser page, whose clock starts with the gateway's and can be moved on."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page = page
        self.origin = origin
        self.watch = Watch(page)
        self.heading = page.get_by_role("heading", level=1)
        self.notices = page.locator(".notice")
        self.main = page.get_by_role("main")

    async def open(self, address: str = "") -> Self:
        """Opens an address of the portal, such as `#/orders`."""
        await self.page.clock.install(time=NOON)
        await self.page.add_init_script(COLLECT_VIOLATIONS)
        await self.page.goto(f"{self.origin}/portal/{address}")
        return self

    async def sign_in(self, who: str, heading: str = "Overview") -> Self:
        """Signs in with one click and waits for the first page."""
        await self.page.get_by_role("button", name=who).click()
        await expect(self.heading).to_have_text(heading)
        return self

    async def visit(self, address: str) -> None:
        """Goes to an address of the portal without loading the page again."""
        await self.page.evaluate("hash => { location.hash = hash }", address)

    async def go(self, link: str) -> None:
        """Follows a link of the head."""
        await self.page.get_by_role("navigation", name="Pages").get_by_role("link", name=link).click()

    def part(self, title: str) -> Locator:
        """A part of the page by its heading."""
        return self.page.get_by_role("region", name=title)

    async def wait(self, seconds: float) -> None:
        """Lets the page's time pass at once."""
        await self.page.clock.fast_forward(int(seconds * 1000))

    async def settled(self) -> None:
        """Returns when nothing is being asked."""
        await expect(self.page.locator("[aria-busy=true]")).to_have_count(0)

    def operations(self) -> list[dict[str, Any]]:
        """The operations that were sent so far."""
        return [body for body, _ in self.watch.operations()]

    async def violations(self) -> list[str]:
        """What the Content-Security-Policy kept the page from doing."""
        found: list[str] = await self.page.evaluate("window.violations")
        return found

    async def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        width: int = await self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        return width
