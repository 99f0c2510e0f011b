"""What `make demo` starts: both pages from the printed addresses, over the real systems."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from gateway.demo.run import NO_BATCHES
from tests.browser.conftest import OpenPage
from tests.browser.portal.conftest import OpenPortal
from tests.browser.portal.house import House, demo_house

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def printed() -> AsyncIterator[str]:
    """What `bizgraph demo --port 0` prints while it runs."""
    demo = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway", "demo", "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    assert demo.stdout is not None
    lines = []
    async for line in demo.stdout:
        lines.append(line.decode())
        if "Ctrl+C ends it." in lines[-1]:
            break
    yield "".join(lines)
    demo.send_signal(signal.SIGINT)
    await demo.communicate()
    assert demo.returncode == 0


async def test_both_pages_are_one_click_from_the_terminal(
    printed: str, open_page: OpenPage, open_portal: OpenPortal
) -> None:
    """The demo takes a free port, prints both addresses, and both pages show the demo company's data."""
    explorer = re.search(r"(http://127\.0\.0\.1:\d+)/graphql ", printed)
    portal = re.search(r"(http://127\.0\.0\.1:\d+)/portal/", printed)
    assert explorer is not None
    assert portal is not None
    assert explorer[1] == portal[1]

    page = await (await open_portal(origin=portal[1])).sign_in("Customer c7")
    await expect(page.part("Profile")).to_contain_text("Åse Bjørnstad-Müller")
    await expect(page.part("Balance")).to_contain_text("to pay")

    graphiql = await open_page(explorer[1])
    await expect(graphiql.token_button).to_contain_text("Back office")
    await expect(graphiql.tab("FourSystems")).to_be_visible()
    await graphiql.run()
    await expect(graphiql.response).to_contain_text("Åse Bjørnstad-Müller")
    await graphiql.choose_token("Inventory only")
    await graphiql.write('{ customer(id: "c7") { name } products(first: 1) { nodes { sku available } } }')
    await graphiql.run()
    await expect(graphiql.response).to_contain_text("SKU-0001")
    await expect(graphiql.response).to_contain_text("FORBIDDEN")
    assert graphiql.watch.origins() == {explorer[1]}
    assert await graphiql.violations() == []
    assert graphiql.watch.complaints == []


async def test_six_hundred_calls_are_warned_of_before_they_are_made(open_page: OpenPage) -> None:
    """Where systems take one key a call, GraphiQL says what a list would cost, and nothing was asked for it."""
    async with demo_house(more=NO_BATCHES) as house:
        graphiql = await open_page(house.origin)
        await graphiql.show("Plan")
        await graphiql.tab("HundredCustomers").click()
        await expect(graphiql.plan.tile("Calls")).to_contain_text("up to 6012 warnings")
        await expect(graphiql.plan.warnings.last).to_contain_text(
            "invoices.by_orders has no batch form: up to 500 calls to accounting, one for each key."
        )
        assert house.asked() == {}
        assert graphiql.watch.complaints == []


async def test_the_same_in_three_calls(open_page: OpenPage, house: House) -> None:
    """With batches the same query is three calls before it runs and three when it ran; asked again, it is none."""
    graphiql = await open_page(house.origin)
    await graphiql.show("Plan")
    await graphiql.tab("HundredCustomers").click()
    await expect(graphiql.plan.tile("Calls")).to_contain_text("up to 3none out of the cache")
    await graphiql.run()
    await expect(graphiql.plan.root).to_contain_text("3 backend calls")
    assert {name: len(operations) for name, operations in house.asked().items()} == {
        "crm": 1,
        "shop": 1,
        "accounting": 1,
    }
    await graphiql.run()
    await expect(graphiql.plan.root).to_contain_text("no backend call")
    assert house.asked() == {}


async def test_scopes_that_the_token_lacks(open_page: OpenPage, house: House) -> None:
    """In the demo, too, one sees before running which scopes are missing and what will be null for it."""
    graphiql = await open_page(house.origin)
    await graphiql.show("Plan")
    await graphiql.choose_token("Inventory only")
    await expect(graphiql.plan.tile("Scopes")).to_contain_text("missing")
    await expect(graphiql.plan.missing).to_contain_text("customers:read")
    assert graphiql.watch.complaints == []
