"""The back office in a real browser."""

from __future__ import annotations

import pytest
from playwright.async_api import Route, expect

from gateway.demo.switches import Switch
from tests.browser.portal.house import House
from tests.browser.portal.pages import PortalPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_customers_are_found_as_one_types(office: PortalPage) -> None:
    """Letters are gathered into one question; the address keeps it for the way back."""
    await expect(office.part("1,000 customers").get_by_role("listitem")).to_have_count(12)
    field = office.page.get_by_role("searchbox", name="Number, name or e-mail")
    await field.press_sequentially("bjørnstad")
    await office.wait(0.3)
    found = office.page.locator(".records > li").filter(has_text="Åse Bjørnstad-Müller")
    await expect(found).to_contain_text("K-10007")
    asked = [one["variables"]["text"] for one in office.operations() if one["operationName"] == "Customers"]
    assert asked == [None, "bjørnstad"]
    await found.get_by_role("link").click()
    await expect(office.heading).to_have_text("Åse Bjørnstad-Müller")
    await office.page.go_back()
    await expect(field).to_have_value("bjørnstad")


async def test_the_list_goes_on(office: PortalPage) -> None:
    """The next page of customers follows the first."""
    rows = office.page.locator(".records > li")
    await expect(rows).to_have_count(12)
    await office.page.get_by_role("button", name="Show more customers").click()
    await expect(rows).to_have_count(24)
    links = await rows.get_by_role("link").evaluate_all("links => links.map((link) => link.hash)")
    assert len(set(links)) == 24


async def test_nobody_is_called_that(office: PortalPage) -> None:
    """A search without a result says so, to screen readers, too."""
    await office.page.get_by_role("searchbox").fill("nobody of that name")
    await office.wait(0.3)
    await expect(office.main).to_contain_text("Nobody is called that.")
    await expect(office.main.get_by_role("status").first).to_have_text("0 customers")


async def test_everything_of_one_customer_in_one_query(office: PortalPage, house: House) -> None:
    """Profile, balance, orders with stock and invoices: one request, and one call for each operation behind it."""
    await office.settled()
    house.asked()
    before = len(office.operations())
    await office.visit("#/office/Customer:c7")
    await expect(office.part("Balance")).to_contain_text("US$618.36 to pay")
    await expect(office.part("Profile")).to_contain_text("+1 709 555 0155")
    await expect(office.part("10 orders")).to_contain_text("73.625 available")
    await expect(office.part("12 invoices")).to_contain_text("Overdue by 78 days")
    assert [one["operationName"] for one in office.operations()[before:]] == ["Customer"]
    assert house.asked() == {
        "crm": ["customers.by_ids"],
        "shop": ["orders.by_customers", "orders.by_ids"],
        "warehouse": ["GetProducts"],
        "accounting": ["GetInvoicesOfCustomers", "GetInvoicesOfOrders"],
    }
    await office.page.get_by_role("button", name="Show more invoices").click()
    await expect(office.part("12 invoices").locator(".records > li")).to_have_count(10)
    assert office.watch.complaints == []


async def test_the_view_stands_without_shop_and_accounting(office: PortalPage, house: House) -> None:
    """What is left of a customer is shown, and what is missing comes back."""
    for server in (house.company.shop, house.company.accounting):
        await server.switch(Switch.ERROR_503)
    await office.visit("#/office/c7")
    await expect(office.part("Orders")).to_contain_text("The order system cannot be reached at the moment.")
    await expect(office.part("Invoices")).to_contain_text("Accounting cannot be reached at the moment.")
    await expect(office.part("Profile")).to_contain_text("K-10007")
    await house.company.switch_off()
    house.clock.advance(6)
    await office.wait(3)
    await expect(office.part("10 orders")).to_contain_text("73.625 available")
    await expect(office.notices).to_have_count(0)


async def test_the_query_is_shown(office: PortalPage) -> None:
    """Whoever wonders how the page is made finds its query there."""
    await office.visit("#/office/c7")
    await office.page.get_by_text("The one query behind this page").click()
    await expect(office.page.locator("pre")).to_contain_text("query Customer($id: ID!)")


async def test_nobody_with_that_id(office: PortalPage) -> None:
    """A customer that does not exist is not found."""
    await office.visit("#/office/c999999")
    await expect(office.main).to_contain_text("There is no such customer.")


async def test_the_head_leads_back_to_all_customers(office: PortalPage) -> None:
    """What is looked for is the address's: the link of the head forgets it, and the way back brings it again."""
    field = office.page.get_by_role("searchbox")
    await field.fill("bjørnstad")
    await office.wait(0.3)
    await expect(office.part("1,000 customers")).to_have_count(0)
    await office.go("Customers")
    await expect(office.part("1,000 customers")).to_be_visible()
    await expect(field).to_have_value("")
    await office.page.go_back()
    await expect(field).to_have_value("bjørnstad")
    await office.visit("#/office?text=K-10007")
    await expect(field).to_have_value("K-10007")
    await expect(office.part("1 customer")).to_contain_text("Åse Bjørnstad-Müller")


async def test_an_answer_that_comes_late_does_not_win(office: PortalPage) -> None:
    """When the answer to an earlier question comes after that to a later one, the later one stands."""
    held: list[Route] = []

    async def hold_the_first(route: Route) -> None:
        if (route.request.post_data_json or {}).get("variables", {}).get("text") == "bj":
            held.append(route)
        else:
            await route.continue_()

    await office.settled()
    await office.page.route("**/graphql", hold_the_first)
    field = office.page.get_by_role("searchbox")
    await field.fill("bj")
    await office.wait(0.3)
    await field.fill("K-10009")
    await office.wait(0.3)
    await expect(office.part("1 customer")).to_contain_text("K-10009")
    assert len(held) == 1
    await held[0].continue_()
    await office.settled()
    await expect(office.part("1 customer")).to_contain_text("K-10009")
