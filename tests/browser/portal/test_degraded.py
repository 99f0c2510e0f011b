"""The portal when something behind it is down: what is missing is named, the rest stands, and it all comes back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from playwright.async_api import expect

from gateway.demo.server import DemoServer
from gateway.demo.switches import Switch
from tests.browser.portal.conftest import OpenPortal
from tests.browser.portal.house import NOON, House
from tests.browser.portal.pages import PortalPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

OPEN_FOR = 6.0
"""Seconds after which a breaker that a test has opened lets a call through."""


async def well_again(house: House, server: DemoServer) -> None:
    await server.switch_off()
    house.clock.advance(OPEN_FOR)


async def test_accounting_is_down_and_comes_back_by_itself(open_portal: OpenPortal, house: House) -> None:
    """Balance and invoices are missing and say why; orders and profile stand; nobody has to press anything."""
    await house.company.accounting.switch(Switch.REFUSED)
    portal = await (await open_portal()).sign_in("Customer c7")
    for title in ("Balance", "Overdue invoices"):
        await expect(portal.part(title).get_by_role("status")).to_contain_text(
            f"{title}: not available right now. Accounting cannot be reached at the moment."
        )
        await expect(portal.part(title)).to_contain_text("Trying again in")
        await expect(portal.part(title)).to_contain_text("Reference for support:")
    await expect(portal.part("Latest orders")).to_contain_text("SO-2026-000070")
    await expect(portal.part("Profile")).to_contain_text("Åse Bjørnstad-Müller")
    await well_again(house, house.company.accounting)
    await portal.wait(3)
    await expect(portal.part("Balance")).to_contain_text("US$618.36 to pay")
    await expect(portal.notices).to_have_count(0)


async def test_the_button_brings_it_back(open_portal: OpenPortal, house: House) -> None:
    """Who does not want to wait presses the button; the keyboard then goes on at the heading of the part."""
    await house.company.accounting.switch(Switch.ERROR_503)
    portal = await (await open_portal()).sign_in("Customer c7")
    button = portal.page.get_by_role("button", name="Try again: Balance")
    await expect(button).to_be_visible()
    await well_again(house, house.company.accounting)
    await button.focus()
    await portal.page.keyboard.press("Enter")
    await expect(portal.part("Balance")).to_contain_text("US$618.36 to pay")
    await expect(portal.notices).to_have_count(0)
    await expect(portal.part("Balance").get_by_role("heading")).to_be_focused()


async def test_tries_come_ever_more_rarely(open_portal: OpenPortal, house: House) -> None:
    """A system that stays down is asked after about 2, 4 and 8 seconds, not in a loop."""
    await house.company.accounting.switch(Switch.ERROR_503)
    portal = await (await open_portal()).sign_in("Customer c7")
    await expect(portal.part("Balance")).to_contain_text("Trying again in")
    for tries, (too_soon, enough) in enumerate(((0.9, 1.7), (2.2, 2.9), (4.5, 5.6)), start=3):
        await portal.wait(too_soon)
        assert len(portal.operations()) == tries - 1
        await portal.wait(enough)
        await expect(portal.part("Balance")).to_contain_text("Trying again in")
        await portal.settled()
        assert len(portal.operations()) == tries


async def test_a_fault_that_is_mended(open_portal: OpenPortal, house: House) -> None:
    """An answer that cannot be read is no passing trouble: it is asked for rarely, and when the button is pressed."""
    await house.company.accounting.switch(Switch.HTML)
    portal = await (await open_portal()).sign_in("Customer c7")
    await expect(portal.part("Balance")).to_contain_text("Accounting gave an answer that cannot be read.")
    await portal.wait(10)
    assert [one["operationName"] for one in portal.operations()] == ["Viewer", "Overview"]
    await well_again(house, house.company.accounting)
    await portal.page.get_by_role("button", name="Try again: Balance").click()
    await expect(portal.part("Balance")).to_contain_text("US$618.36 to pay")


async def test_each_system_costs_its_own_parts_only(open_portal: OpenPortal, house: House) -> None:
    """Whichever system is down, the parts of the others are there."""
    missing = {
        "crm": ["Balance", "Profile"],
        "shop": ["Latest orders"],
        "warehouse": [],
        "accounting": ["Balance", "Overdue invoices"],
    }
    for server in house.company.servers:
        await server.switch(Switch.ERROR_500)
        portal = await (await open_portal()).sign_in("Customer c7")
        for title in ("Balance", "Overdue invoices", "Latest orders", "Profile"):
            gone = portal.part(title).get_by_text("not available right now.")
            await expect(gone).to_have_count(1 if title in missing[server.name] else 0)
        await well_again(house, server)
        house.clock.advance(7_200)  # past everything that was remembered


async def test_stock_is_missing_in_orders(open_portal: OpenPortal, house: House) -> None:
    """Without the warehouse orders are whole but for the stock, which is not mistaken for products no longer sold."""
    await house.company.warehouse.switch(Switch.FROZEN)
    portal = await (await open_portal("#/orders")).sign_in("Customer c7", "Orders")
    orders = portal.part("10 orders")
    await expect(orders).to_contain_text("Stock: missing here. The warehouse took too long to answer.")
    await expect(orders.get_by_text("Stock unknown")).to_have_count(18)
    await expect(orders.get_by_text("No longer sold")).to_have_count(0)
    await expect(orders).to_contain_text("Invoice RE-2026-00066 Paid")
    await well_again(house, house.company.warehouse)
    await portal.wait(3)
    await expect(orders.get_by_text("Stock unknown")).to_have_count(0)


async def test_what_is_old_says_since_when(customer: PortalPage, house: House) -> None:
    """What the gateway remembers of a system that is down is shown with the time at which it was true."""
    await expect(customer.part("Balance")).to_contain_text("US$618.36 to pay")
    await customer.settled()
    await house.company.accounting.switch(Switch.REFUSED)
    house.clock.advance(400)
    await customer.wait(400)
    await customer.go("Invoices")
    await customer.go("Overview")
    balance = customer.part("Balance")
    await expect(balance).to_contain_text("accounting does not answer at the moment.")
    await expect(balance).to_contain_text("US$618.36 to pay")
    since = datetime.fromisoformat(await balance.locator("time").get_attribute("datetime") or "")
    assert abs(since - NOON) < timedelta(seconds=10)
    await expect(customer.part("Latest orders").locator("time")).to_have_count(0)
    await well_again(house, house.company.accounting)
    await customer.wait(3)
    await expect(balance.locator("time")).to_have_count(0)


async def test_a_further_page_fails_alone(customer: PortalPage, house: House) -> None:
    """When the shop goes down between two pages of orders, the first page stays."""
    await customer.go("Orders")
    await expect(customer.part("10 orders").locator(".records > li")).to_have_count(5)
    house.clock.advance(4_000)
    await house.company.shop.switch(Switch.REFUSED)
    await customer.page.get_by_role("button", name="Show more orders").click()
    await expect(customer.main).to_contain_text("More orders: not available right now.")
    await expect(customer.part("10 orders").locator(".records > li")).to_have_count(5)
    await well_again(house, house.company.shop)
    await customer.page.get_by_role("button", name="Try again: More orders").click()
    await expect(customer.part("10 orders").locator(".records > li")).to_have_count(10)


async def test_without_a_connection(customer: PortalPage) -> None:
    """When the gateway itself is out of reach, what was known stays, with the time, until the connection is back."""
    await customer.settled()
    await customer.go("Invoices")
    await customer.settled()
    await customer.page.context.set_offline(True)
    await customer.go("Overview")
    await expect(customer.main.get_by_role("status").first).to_contain_text(
        "There is no connection to the server. You see what was known at 12:00:"
    )
    await expect(customer.part("Balance")).to_contain_text("US$618.36 to pay")
    await customer.go("Orders")
    await expect(customer.notices).to_have_text(["There is no connection to the server.Try againTrying again in 2 s"])
    await customer.page.context.set_offline(False)
    await customer.wait(1)
    await expect(customer.part("10 orders")).to_be_visible()
    await expect(customer.notices).to_have_count(0)
    customer.watch.complaints.clear()


async def test_nothing_works(open_portal: OpenPortal, house: House) -> None:
    """With every system down one still gets in, and sees what is going on."""
    for server in house.company.servers:
        await server.switch(Switch.REFUSED)
    portal = await (await open_portal()).sign_in("Customer c7")
    await expect(portal.notices).to_have_count(4)
    for server in house.company.servers:
        await well_again(house, server)
    await portal.wait(3)
    await expect(portal.notices).to_have_count(0)
    await expect(portal.page.get_by_role("banner")).to_contain_text("Åse Bjørnstad-Müller")
