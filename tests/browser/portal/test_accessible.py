"""The portal for everybody: narrow screens, dark and light, keyboards, screen readers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from gateway.demo.switches import Switch
from tests.browser.portal.conftest import OpenPortal
from tests.browser.portal.house import House
from tests.browser.portal.pages import PortalPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ROOT = Path(__file__).parents[3]
AXE = ROOT / "examples" / "portal" / "node_modules" / "axe-core" / "axe.min.js"
PHONE = {"width": 360, "height": 740}
PAGES = ("#/", "#/orders", "#/invoices", "#/orders/o68", "#/nowhere")


async def found_by_axe(portal: PortalPage) -> list[str]:
    """What axe-core finds against WCAG 2.2 A and AA, contrast included, and against its own best practices."""
    assert AXE.is_file(), "axe-core is not installed: run `make portal`"
    await portal.page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = await portal.page.evaluate("axe.run()")
    return [f"{one['id']}: {node['html']}" for one in found["violations"] for node in one["nodes"]]


async def visit(portal: PortalPage, address: str) -> None:
    await portal.visit(address)
    await expect(portal.heading).not_to_have_text("")
    await portal.settled()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_nothing_stands_in_anybodys_way(open_portal: OpenPortal, house: House, scheme: str) -> None:
    """No page has a fault that axe-core knows of: names, roles, order of headings, contrast."""
    portal = await open_portal(color_scheme=scheme)
    await expect(portal.page.get_by_role("button")).to_have_count(3)
    assert await found_by_axe(portal) == []
    await portal.sign_in("Customer c7")
    for address in PAGES:
        await visit(portal, address)
        assert await found_by_axe(portal) == [], address
    await house.company.accounting.switch(Switch.ERROR_503)
    await house.company.warehouse.switch(Switch.ERROR_503)
    await portal.page.get_by_role("button", name="Sign out").click()
    await portal.sign_in("Back office", "Customers")
    for address in ("#/office", "#/office/c9"):
        await visit(portal, address)
        assert await found_by_axe(portal) == [], address
    await expect(portal.notices).to_have_count(4)


async def test_axe_is_at_work(open_portal: OpenPortal) -> None:
    """A fault that is put in is found."""
    portal = await open_portal()
    await expect(portal.page.get_by_role("button")).to_have_count(3)
    await portal.page.evaluate("document.querySelector('h1').style.color = '#bbb'")
    assert [fault.partition(":")[0] for fault in await found_by_axe(portal)] == ["color-contrast"]


async def test_phone(open_portal: OpenPortal, house: House) -> None:
    """On a screen of 360 pixels nothing is pushed out, whatever the page and however much is missing."""
    portal = await open_portal(viewport=PHONE, has_touch=True)
    await portal.sign_in("Customer c7")
    for address in PAGES:
        await visit(portal, address)
        assert await portal.overflow() <= 0, address
    await house.company.accounting.switch(Switch.ERROR_503)
    await portal.page.get_by_role("button", name="Sign out").click()
    await portal.sign_in("Back office", "Customers")
    for address in ("#/office", "#/office/c9"):
        await visit(portal, address)
        assert await portal.overflow() <= 0, address
    await expect(portal.notices).to_have_count(3)


async def test_large_type(open_portal: OpenPortal) -> None:
    """With letters twice as large on a narrow window everything still fits (WCAG 1.4.4, 1.4.10)."""
    portal = await open_portal(viewport={"width": 640, "height": 800})
    await portal.sign_in("Customer c7")
    for address in PAGES:
        await visit(portal, address)
        await portal.page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert await portal.overflow() <= 0, address


async def test_by_keyboard_alone(open_portal: OpenPortal) -> None:
    """One gets in, past the head and to a page with the keyboard, in the order in which one reads."""
    portal = await open_portal()
    keyboard = portal.page.keyboard
    await expect(portal.page.get_by_role("button", name="Customer c7")).to_be_visible()
    await keyboard.press("Tab")
    await keyboard.press("Tab")
    await keyboard.press("Enter")
    await expect(portal.heading).to_have_text("Overview")
    await expect(portal.heading).to_be_focused()
    await portal.page.reload()  # a page that the browser itself opens begins at its top
    await expect(portal.part("Balance")).to_contain_text("to pay")
    await portal.settled()
    passed = []
    for _ in range(7):
        await keyboard.press("Tab")
        passed.append(await portal.page.evaluate("document.activeElement.innerText"))
    head = ["Skip to the content", "Overview", "Orders", "Invoices", "Sign out"]
    assert passed == [*head, "3 invoices are overdue", "All invoices"]
    await portal.page.get_by_role("button", name="Skip to the content").focus()
    await keyboard.press("Enter")
    await expect(portal.main).to_be_focused()


async def test_dark_follows_the_system(open_portal: OpenPortal) -> None:
    """The portal is as dark or light as the system, also when that changes meanwhile."""
    portal = await open_portal(color_scheme="dark")
    body = portal.page.locator("body")
    await expect(body).to_have_css("background-color", "rgb(17, 21, 28)")
    await portal.page.emulate_media(color_scheme="light")
    await expect(body).to_have_css("background-color", "rgb(244, 245, 248)")
