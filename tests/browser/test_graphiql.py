"""GraphiQL in a real browser that reaches nothing but the gateway."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import DIST, OpenPage
from tests.browser.pages import GraphiQLPage
from tests.browser.server import Gateway, serving

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_opens_without_internet(graphiql: GraphiQLPage, origin: str) -> None:
    """Every panel opens and a query runs with no request to another origin and nothing that the policy blocks."""
    for plugin in ("Documentation Explorer", "GraphiQL Explorer", "History", "Plan"):
        await graphiql.show(plugin)
    await graphiql.run()
    await expect(graphiql.response).to_contain_text("Müller & Söhne")
    assert graphiql.watch.origins() == {origin}
    assert await graphiql.violations() == []


async def test_the_example_runs_with_the_first_token(graphiql: GraphiQLPage) -> None:
    """The page opens with the examples in tabs; one click shows data, as the first of the tokens."""
    await expect(graphiql.tab("Customers")).to_be_visible()
    await expect(graphiql.tab("Stock")).to_be_visible()
    await expect(graphiql.token_button).to_contain_text("Back office")
    await graphiql.run()
    await expect(graphiql.response).to_contain_text("Müller & Söhne 1")
    ((body, headers),) = graphiql.watch.operations()
    assert body["variables"] == {"first": 2}
    assert headers["authorization"] == "Bearer demo-office"
    assert "extensions" not in body


async def test_the_token_is_switched(graphiql: GraphiQLPage) -> None:
    """Another token is sent from the next request on, introspection included."""
    await graphiql.choose_token("Customer c7")
    await expect(graphiql.token_button).to_contain_text("Customer c7")
    await graphiql.run()
    await expect(graphiql.response).to_contain_text("Müller & Söhne")
    *_, (_, headers) = graphiql.watch.operations()
    assert headers["authorization"] == "Bearer demo-customer"
    posts = [request for request in graphiql.watch.requests if request.method == "POST"]
    assert [request.headers["authorization"] for request in posts] == ["Bearer demo-office"] + [
        "Bearer demo-customer"
    ] * 2


async def test_no_token(graphiql: GraphiQLPage) -> None:
    """One can ask as nobody."""
    await graphiql.choose_token("No token")
    await graphiql.run()
    await expect(graphiql.response).to_contain_text("FORBIDDEN")
    *_, (_, headers) = graphiql.watch.operations()
    assert "authorization" not in headers


async def test_a_typed_header_wins_over_the_token(graphiql: GraphiQLPage) -> None:
    """An Authorization header in the headers editor replaces the chosen token, and the picker says so."""
    await graphiql.page.get_by_role("button", name="Headers").click()
    await graphiql.page.locator(".graphiql-editor-tool .graphiql-editor:not(.hidden)").click()
    await graphiql.page.keyboard.insert_text('{"Authorization": "Bearer demo-customer"}')
    await expect(graphiql.token_button).to_contain_text("From headers")
    await graphiql.run()
    await expect(graphiql.response).to_contain_text("Müller & Söhne")
    *_, (_, headers) = graphiql.watch.operations()
    assert headers["authorization"] == "Bearer demo-customer"


async def test_an_expired_token_shows_the_servers_error(open_page: OpenPage, origin: str) -> None:
    """A token that the server refuses shows the server's own words; the page goes on working."""
    graphiql = await open_page(origin)
    await graphiql.choose_token("Expired")
    await graphiql.run()
    await expect(graphiql.response).to_contain_text("The token has expired.")
    await graphiql.choose_token("Back office")
    await graphiql.run()
    await expect(graphiql.response).to_contain_text("Müller & Söhne")


async def test_no_tokens_no_picker(open_page: OpenPage) -> None:
    """Outside a demo the configuration holds no tokens, and the page shows no picker and no examples."""
    config = {"tokens": [], "examples": [], "explain": False}
    async with serving(Gateway(DIST, config=config)) as origin:
        graphiql = await open_page(origin)
        await expect(graphiql.token_button).to_have_count(0)
        await expect(graphiql.page.get_by_role("button", name="Show Plan")).to_have_count(0)
        await graphiql.write("{ __typename }")
        await graphiql.run()
        await expect(graphiql.response).to_contain_text('"Query"')
        assert graphiql.watch.complaints == []


async def test_dark_follows_the_system(open_page: OpenPage, origin: str) -> None:
    """The page is as dark or light as the system, also when that changes meanwhile."""
    graphiql = await open_page(origin, color_scheme="dark")
    assert await graphiql.background() == "rgb(33, 42, 59)"
    await expect(graphiql.query.locator(".monaco-editor").first).to_have_class(re.compile("vs-dark"))
    await graphiql.page.emulate_media(color_scheme="light")
    assert await graphiql.background() == "rgb(255, 255, 255)"
    await expect(graphiql.query.locator(".monaco-editor").first).not_to_have_class(re.compile("vs-dark"))


async def test_dark_is_chosen_and_kept(graphiql: GraphiQLPage) -> None:
    """The theme can be chosen against the system's, and is kept for the next visit."""
    assert await graphiql.background() == "rgb(255, 255, 255)"
    await graphiql.set_theme("Dark")
    assert await graphiql.background() == "rgb(33, 42, 59)"
    await graphiql.page.reload()
    await graphiql.ready()
    assert await graphiql.background() == "rgb(33, 42, 59)"


async def test_docs(graphiql: GraphiQLPage) -> None:
    """The docs explorer shows the schema's own descriptions."""
    await graphiql.show("Documentation Explorer")
    await graphiql.panel.get_by_text("Query", exact=True).click()
    await expect(graphiql.panel).to_contain_text("The business in one graph")
    await expect(graphiql.panel).to_contain_text("Customers, newest first.")


async def test_query_builder(graphiql: GraphiQLPage) -> None:
    """The query builder writes a query by clicks alone, and it runs."""
    await graphiql.write('query Mine { product(sku: "A-100") { sku } }')
    await graphiql.show("GraphiQL Explorer")
    await graphiql.panel.get_by_text("available", exact=True).click()
    await expect(graphiql.query.locator(".view-lines")).to_contain_text("available")
    assert await graphiql.written() == 'query Mine { product(sku: "A-100") { sku available } }'
    await graphiql.run()
    await expect(graphiql.response).to_contain_text('"available": 12')


async def test_history_is_kept(graphiql: GraphiQLPage) -> None:
    """What was run is in the history on the next visit."""
    await graphiql.write('query Bolt { product(sku: "A-100") { name } }')
    await expect(graphiql.tab("Bolt")).to_be_visible()
    await graphiql.run()
    await expect(graphiql.response).to_contain_text("Bolt")
    await graphiql.page.reload()
    await graphiql.ready()
    await graphiql.show("History")
    await expect(graphiql.panel).to_contain_text("Bolt")


async def test_tabs_and_variables_survive_a_reload(graphiql: GraphiQLPage) -> None:
    """The examples keep their variables after a reload."""
    await graphiql.page.reload()
    await graphiql.ready()
    await graphiql.run()
    await expect(graphiql.response).to_contain_text("Müller & Söhne 1")
    *_, (body, _) = graphiql.watch.operations()
    assert body["variables"] == {"first": 2}
    await expect(graphiql.page.get_by_role("tab")).to_have_count(2)


async def test_an_example_is_brought_back(graphiql: GraphiQLPage) -> None:
    """The menu shows an example that is open, and opens one that is not, with its variables."""
    await graphiql.page.get_by_role("button", name="Examples").click()
    await graphiql.page.get_by_role("menuitem", name="Stock of one product").click()
    await expect(graphiql.query.locator(".view-lines")).to_contain_text("Stock")
    await expect(graphiql.page.get_by_role("tab")).to_have_count(2)
    await graphiql.write("{ __typename }")
    await graphiql.page.get_by_role("button", name="Examples").click()
    await graphiql.page.get_by_role("menuitem", name="Stock of one product").click()
    await expect(graphiql.page.get_by_role("tab")).to_have_count(3)
    await graphiql.run()
    await expect(graphiql.response).to_contain_text('"available": 12')


async def test_shortcuts(graphiql: GraphiQLPage) -> None:
    """Prettify and run answer to their keys."""
    await graphiql.write('query Mine{product(sku:"A-100"){available}}')
    await graphiql.page.keyboard.press("Control+Shift+P")
    await expect(graphiql.query.locator(".view-line")).to_have_count(6)
    await graphiql.page.keyboard.press("Control+Enter")
    await expect(graphiql.response).to_contain_text('"available": 12')


async def test_token_menu_by_keyboard(graphiql: GraphiQLPage) -> None:
    """The token can be chosen without a mouse."""
    await graphiql.token_button.focus()
    await graphiql.page.keyboard.press("Enter")
    first, second = (graphiql.page.get_by_role("menuitemradio", name=name) for name in ("Back office", "Explorer"))
    await expect(first).to_be_focused()
    await expect(first).to_have_attribute("aria-checked", "true")
    await graphiql.page.keyboard.press("ArrowDown")
    await expect(second).to_be_focused()
    await graphiql.page.keyboard.press("Enter")
    await expect(graphiql.token_button).to_contain_text("Explorer")


async def test_phone(open_page: OpenPage, origin: str) -> None:
    """On a phone nothing is pushed out of the screen: panel, editor and answer lie one below the other."""
    graphiql = await open_page(origin, viewport={"width": 390, "height": 844})
    await graphiql.run()
    await expect(graphiql.response).to_contain_text("Müller & Söhne")
    await graphiql.show("Plan")
    await expect(graphiql.plan.tile("Cost")).to_be_visible()
    bottom = 0.0
    for part in (graphiql.panel, graphiql.query, graphiql.response):
        box = await part.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert box["y"] >= bottom
        bottom = box["y"] + box["height"]
    height = await graphiql.page.locator(".graphiql-main").evaluate("e => e.scrollHeight")
    assert bottom <= height < bottom + 50, "scrolls to the end of the answer, and no further"
