"""The portal of a customer, in a real browser that reaches nothing but the gateway."""

from __future__ import annotations

import pytest
from playwright.async_api import Route, expect

from tests.browser.portal.conftest import OpenPortal
from tests.browser.portal.house import House, demo_house
from tests.browser.portal.pages import PortalPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_one_click_shows_the_customer_its_own(customer: PortalPage, house: House) -> None:
    """From the address to balance, overdue invoices, orders and profile it is one click, and one query."""
    await expect(customer.part("Balance")).to_contain_text("US$618.36 to pay")
    await expect(customer.part("Overdue invoices").get_by_role("listitem")).to_have_count(3)
    await expect(customer.part("Overdue invoices")).to_contain_text("Overdue by")
    await expect(customer.part("Latest orders")).to_contain_text("SO-2026-000070")
    await expect(customer.part("Profile")).to_contain_text("Åse Bjørnstad-Müller")
    await expect(customer.part("Profile")).to_contain_text("Hauptstraße 74")
    assert [operation["operationName"] for operation in customer.operations()] == ["Viewer", "Overview"]
    assert house.asked() == {
        "crm": ["customers.by_ids"],
        "shop": ["orders.by_customers", "orders.by_ids"],
        "accounting": ["GetInvoicesOfCustomers"],
    }
    assert customer.watch.complaints == []


async def test_orders_with_lines_stock_and_invoices(customer: PortalPage) -> None:
    """An order shows what was ordered, what is in stock today, and how its invoices stand; more come on demand."""
    await customer.go("Orders")
    orders = customer.part("10 orders")
    await expect(orders.locator(".records > li")).to_have_count(5)
    first = orders.locator(".records > li").first
    await expect(first).to_contain_text("4.75 ×Öko Sealant 31073.625 availableUS$686.47")
    await expect(first).to_contain_text("Not invoiced yet.")
    await expect(orders).to_contain_text("No longer sold")
    await expect(orders).to_contain_text("Invoice RE-2026-00074 Overdue")
    await customer.page.get_by_role("button", name="Show more orders").click()
    await expect(orders.locator(".records > li")).to_have_count(10)
    await expect(orders.locator(".records > li").nth(5)).to_be_focused()
    await expect(customer.page.get_by_role("button", name="Show more orders")).to_have_count(0)


async def test_invoices_with_balance_and_overdue_marks(customer: PortalPage) -> None:
    """Invoices say what is still to be paid and for how long; the overdue ones can be had alone."""
    await customer.go("Invoices")
    invoices = customer.part("12 invoices")
    await expect(invoices.locator(".records > li")).to_have_count(10)
    await customer.page.get_by_role("button", name="Show more invoices").click()
    await expect(invoices.locator(".records > li")).to_have_count(12)
    await customer.page.get_by_role("link", name="Overdue", exact=True).click()
    overdue = customer.part("3 overdue invoices").locator(".records > li")
    await expect(overdue).to_have_count(3)
    await expect(overdue.last).to_contain_text("Still to payUS$517.29")
    await expect(overdue.last).to_contain_text("Overdue by 390 days")


async def test_an_order_has_an_address_of_its_own(customer: PortalPage) -> None:
    """An order is a link, and the way back leads where one came from; the heading takes the focus."""
    await customer.part("Latest orders").get_by_role("link", name="SO-2026-000068").click()
    await expect(customer.heading).to_have_text("Order SO-2026-000068")
    await expect(customer.heading).to_be_focused()
    await expect(customer.page).to_have_title("Order SO-2026-000068 · Portal")
    await expect(customer.part("What was ordered")).to_contain_text("Sample, free of charge")
    await customer.page.go_back()
    await expect(customer.heading).to_have_text("Overview")


async def test_a_neighbours_order_is_not_found(customer: PortalPage) -> None:
    """Another customer's order, one that does not exist and an address that is none look the same to the letter."""
    for address in ("#/orders/o1", "#/orders/Order:o1", "#/orders/o999999", "#/orders/Customer:c7"):
        await customer.visit(address)
        await expect(customer.heading).to_have_text("Not found")
        assert (await customer.main.inner_text()).split("\n") == [
            "Not found",
            "",
            "There is no such order. Go to the start",
        ]
        await customer.page.get_by_role("link", name="Go to the start").click()
        await expect(customer.heading).to_have_text("Overview")


async def test_the_back_office_is_not_there_for_customers(customer: PortalPage) -> None:
    """What is not for customers is not there for them."""
    for address in ("#/office", "#/office/c8", "#/office/c7", "#/nowhere"):
        await customer.visit(address)
        await expect(customer.main).to_contain_text("There is no such page.")
        await customer.go("Overview")
        await expect(customer.heading).to_have_text("Overview")


async def test_a_reload_keeps_the_page_and_stores_no_token(customer: PortalPage) -> None:
    """The browser remembers who was chosen, not the token."""
    await customer.go("Invoices")
    await customer.page.reload()
    await expect(customer.part("12 invoices")).to_be_visible()
    kept = await customer.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert kept == '[{},{"portal-chosen":"Customer c7"},""]'


async def test_nothing_is_left_for_the_next_person(customer: PortalPage) -> None:
    """Signing out forgets the person, the page and everything that was read."""
    await customer.go("Orders")
    await expect(customer.part("10 orders")).to_be_visible()
    await customer.page.get_by_role("button", name="Sign out").click()
    await expect(customer.heading).to_have_text("Customer portal")
    await customer.sign_in("Back office", "Customers")
    await expect(customer.part("1,000 customers")).to_be_visible()
    *_, (_, headers) = customer.watch.operations()
    tokens = {headers["authorization"] for _, headers in customer.watch.operations()}
    assert len(tokens) == 2
    assert headers["authorization"] in tokens


async def test_an_ended_sign_in_is_told(customer: PortalPage, house: House) -> None:
    """When the token has run out, the portal asks to sign in again, and says why."""
    # The first page may still be asking: what it gets with the old clock is not what is looked at here.
    await customer.page.wait_for_load_state("networkidle")
    house.clock.advance(31 * 86_400)
    await customer.go("Orders")
    await expect(customer.page.get_by_role("status")).to_contain_text("Your sign-in has ended.")
    await expect(customer.page.get_by_role("button", name="Customer c7")).to_be_visible()


async def test_what_a_token_must_not_see(open_portal: OpenPortal) -> None:
    """A token without the scopes sees which it lacks, part by part, and is not asked to try again."""
    portal = await (await open_portal()).sign_in("Inventory only")
    await expect(portal.part("Profile")).to_contain_text("This sign-in may not see it (it lacks customers:read).")
    await expect(portal.part("Latest orders")).to_contain_text("it lacks orders:read")
    await expect(portal.page.get_by_role("button", name="Try again")).to_have_count(0)


async def test_without_demo_tokens(open_portal: OpenPortal) -> None:
    """A gateway that hands out no tokens has a sign-in page that says what to do."""
    async with demo_house(tokens=False) as other:
        portal = await open_portal(origin=other.origin)
        await expect(portal.main).to_contain_text("README.md of the portal tells how to connect an identity provider")


async def test_the_way_back_leads_to_where_one_was(customer: PortalPage) -> None:
    """Back from an order, the pages of orders that were asked for are there again, as far down as one had been."""
    await customer.go("Orders")
    await customer.page.get_by_role("button", name="Show more orders").click()
    rows = customer.part("10 orders").locator(".records > li")
    await expect(rows).to_have_count(10)
    await customer.settled()
    link = rows.nth(8).get_by_role("link").first
    await link.scroll_into_view_if_needed()
    before = await customer.page.evaluate("scrollY")
    assert before > 0
    await customer.wait(1)
    await link.click()
    await expect(customer.heading).to_contain_text("Order SO-")
    await expect(customer.heading).to_be_focused()
    assert await customer.page.evaluate("scrollY") == 0
    await customer.page.go_back()
    await expect(rows).to_have_count(10)
    await customer.page.wait_for_function("before => scrollY === before", arg=before)
    await customer.page.go_forward()
    await expect(customer.heading).to_contain_text("Order SO-")


async def test_a_reload_keeps_the_place(customer: PortalPage) -> None:
    """After a reload one is on the same page, signed in, with the pages of the list that were asked for."""
    await customer.go("Invoices")
    await customer.page.get_by_role("button", name="Show more invoices").click()
    rows = customer.part("12 invoices").locator(".records > li")
    await expect(rows).to_have_count(12)
    await customer.page.reload()
    await expect(customer.heading).to_have_text("Invoices")
    await expect(rows).to_have_count(12)


async def test_an_order_on_its_own_page(customer: PortalPage) -> None:
    """An order's page tells its day, state, total, and what one of each line costs; a link leads back to all."""
    await customer.visit("#/orders/o68")
    order = customer.part("What was ordered")
    await expect(order).to_contain_text("US$4.13 each")
    await expect(order).to_contain_text("Invoice RE-2026-00074 Overdue")
    await customer.main.get_by_role("link", name="Orders").click()
    await expect(customer.part("10 orders")).to_be_visible()


async def test_nothing_yet(open_portal: OpenPortal) -> None:
    """Who has no orders and no invoices is told so, on every page that would list them."""
    portal = await open_portal()
    await portal.page.route("**/graphql", without_records)
    await portal.sign_in("Customer c7")
    await expect(portal.part("Overdue invoices")).to_contain_text("Nothing is overdue.")
    await expect(portal.part("Latest orders")).to_contain_text("There are no orders yet.")
    await portal.go("Orders")
    await expect(portal.part("Your orders")).to_contain_text("There are no orders yet.")
    await portal.go("Invoices")
    await expect(portal.part("Your invoices")).to_contain_text("There are no invoices yet.")


async def without_records(route: Route) -> None:
    """The gateway's own answer, its lists emptied: the demo has no customer without orders."""
    response = await route.fetch()
    answer = await response.json()
    for value in answer["data"].values():
        if value and "nodes" in value:
            value["nodes"] = []
            if "totalCount" in value:
                value["totalCount"] = 0
            if "pageInfo" in value:
                value["pageInfo"] = {"hasNextPage": False, "endCursor": None}
    await route.fulfill(response=response, json=answer)


@pytest.mark.parametrize(
    ("customer_id", "said"),
    [
        ("c1", ["€504.07 in credit", "Zoë O’Brien & Söhne GmbH"]),
        ("c4", ["JP¥55,962 to pay", "北京东方贸易有限公司"]),
        ("c15", ["Rhoshandiatellyneshiaunneveshenk Koyaanisquatsiuth Williams und Töchter"]),
        ("c91", ["€1,567.25 to pay", "£1,630.98 to pay"]),
    ],
    ids=["in credit", "yen", "a long name", "two currencies"],
)
async def test_all_kinds_of_customers(open_portal: OpenPortal, customer_id: str, said: list[str]) -> None:
    """Credits, other currencies, other scripts and names of any length are shown as they are, on a phone, too."""
    portal = await open_portal(viewport={"width": 360, "height": 740})
    await portal.sign_in("Back office", "Customers")
    await portal.visit(f"#/office/{customer_id}")
    for text in said:
        await expect(portal.main).to_contain_text(text)
    assert await portal.overflow() <= 0


async def test_on_paper(customer: PortalPage) -> None:
    """A printed page has what was found and nothing to press, dark on white even where the screen is dark."""
    await customer.go("Invoices")
    await expect(customer.part("12 invoices")).to_be_visible()
    await customer.page.emulate_media(media="print", color_scheme="dark")
    await expect(customer.page.get_by_role("button")).to_have_count(0)
    await expect(customer.page.get_by_role("navigation")).to_have_count(0)
    await expect(customer.page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    await expect(customer.part("12 invoices").locator(".state-bad").first).to_have_css("color", "rgb(154, 27, 34)")
