"""The Plan panel in a real browser: what a query will cost before it runs, and what it did."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.conftest import DIST, OpenPage
from tests.browser.pages import GraphiQLPage
from tests.browser.server import Gateway, serving

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

N_CALLS = "query Lines { customers { orders { lines { sku product { available } } } } }"


def sent(graphiql: GraphiQLPage) -> list[Any]:
    """The `extensions` of every operation so far."""
    return [body.get("extensions") for body, _ in graphiql.watch.operations()]


async def test_explains_while_one_types(graphiql: GraphiQLPage) -> None:
    """Cost, calls and scopes stand there before anything ran, and follow the editor."""
    await graphiql.show("Plan")
    await expect(graphiql.plan.tile("Cost")).to_contain_text("301of 1,000")
    await expect(graphiql.plan.tile("Calls")).to_contain_text("up to 3none out of the cache")
    await expect(graphiql.plan.tile("Scopes")).to_contain_text("all held3 needed")
    await expect(graphiql.plan.operations).to_have_count(3)
    await expect(graphiql.plan.operations.nth(1)).to_contain_text("orders.by_customers1 call")
    await expect(graphiql.plan.root).to_contain_text("Reads 1 personal field")
    await graphiql.write("{ customers { id } }")
    await expect(graphiql.plan.operations).to_have_count(1)
    assert {str(one) for one in sent(graphiql)} == {"{'explain': {'run': False}}"}
    *_, (body, headers) = graphiql.watch.operations()
    assert body["query"] == "{ customers { id } }"
    assert headers["authorization"] == "Bearer demo-office"


async def test_many_calls_are_warned_of(graphiql: GraphiQLPage) -> None:
    """A list whose rows cost a call each is warned of before it runs."""
    await graphiql.show("Plan")
    await graphiql.write(N_CALLS)
    await expect(graphiql.plan.warnings).to_contain_text("products.by_skus has no batch form: up to 500 calls")
    await expect(graphiql.plan.warnings).to_contain_text("customers.orders.lines.product")
    await expect(graphiql.plan.tile("Calls")).to_contain_text("up to 5031 warning")
    await expect(graphiql.plan.operations.last).to_contain_text("up to 500 calls")


async def test_missing_scopes_are_told(graphiql: GraphiQLPage) -> None:
    """Scopes that the token lacks are named, with the fields that will be null for it."""
    await graphiql.show("Plan")
    await graphiql.choose_token("Explorer")
    await expect(graphiql.plan.tile("Scopes")).to_contain_text("2 missing")
    await expect(graphiql.plan.missing).to_contain_text("orders:read")
    await expect(graphiql.plan.missing).to_contain_text("customers.orders.invoices needs invoices:read")
    await graphiql.choose_token("Back office")
    await expect(graphiql.plan.missing).to_have_count(0)


async def test_waterfall_after_a_run(graphiql: GraphiQLPage) -> None:
    """A run shows its calls as bars in time, and the same facts as a table."""
    await graphiql.show("Plan")
    await graphiql.run()
    await expect(graphiql.plan.bars).to_have_count(3)
    await expect(graphiql.plan.root).to_contain_text("71\u00a0ms, 3 backend calls")
    await expect(graphiql.plan.root).to_contain_text("4 hits, 2 misses, 1 stale")
    rows = graphiql.plan.table.get_by_role("row")
    await expect(rows).to_have_count(4)
    await expect(rows.nth(2)).to_contain_text("orders.by_customersshop · 100 keys · shared by 3 look-ups")
    await expect(rows.nth(3)).to_contain_text("accounting · BACKEND_TIMEOUT")
    boxes = [await graphiql.plan.bars.nth(index).bounding_box() for index in range(3)]
    lefts = [box["x"] for box in boxes if box]
    assert lefts == sorted(lefts)
    assert len(set(lefts)) == 3
    assert {"trace": True} in sent(graphiql)


async def test_nothing_extra_while_closed(graphiql: GraphiQLPage) -> None:
    """Requests carry `extensions` only while the panel is open."""
    await graphiql.run()
    await expect(graphiql.response).to_contain_text("Müller & Söhne")
    await graphiql.show("Plan")
    await expect(graphiql.plan.operations).to_have_count(3)
    await graphiql.hide("Plan")
    await graphiql.write("{ customers { name } }")
    await graphiql.run()
    await expect(graphiql.response).to_contain_text("Müller & Söhne 2")
    first, *between, last = sent(graphiql)
    assert (first, last) == (None, None)
    assert all(one == {"explain": {"run": False}} for one in between)


async def test_without_the_scope(graphiql: GraphiQLPage) -> None:
    """A token that may not see plans is told which scope it needs, and runs its queries all the same."""
    await graphiql.choose_token("Customer c7")
    await graphiql.show("Plan")
    await expect(graphiql.plan.notice).to_contain_text("The plan needs the scope ops:explain.")
    await graphiql.run()
    await expect(graphiql.response).to_contain_text("Müller & Söhne")
    await graphiql.write("{ customers { name } }")
    await graphiql.run()
    await expect(graphiql.response).to_contain_text("Müller & Söhne 2")
    explains = [one for one in sent(graphiql) if one == {"explain": {"run": False}}]
    assert len(explains) == 1
    await graphiql.choose_token("Back office")
    await expect(graphiql.plan.operations).to_have_count(1)


async def test_a_server_that_knows_no_plans(open_page: OpenPage) -> None:
    """A server that takes the question for a request is asked once, and the page says that it does not explain."""
    async with serving(Gateway(DIST, explains=False)) as origin:
        graphiql = await open_page(origin)
        await graphiql.show("Plan")
        await expect(graphiql.plan.notice).to_contain_text("This server does not explain operations.")
        await graphiql.write("{ customers { name } }")
        await graphiql.run()
        await expect(graphiql.response).to_contain_text("Müller & Söhne 2")
        assert [one for one in sent(graphiql) if one and "explain" in one] == [{"explain": {"run": False}}]


async def test_half_a_query(graphiql: GraphiQLPage) -> None:
    """Text that does not parse is not sent; the former plan stays, marked as such."""
    await graphiql.show("Plan")
    await expect(graphiql.plan.operations).to_have_count(3)
    asked = len(sent(graphiql))
    await graphiql.write("query { customers {")
    await expect(graphiql.plan.notice).to_contain_text("Syntax Error")
    await expect(graphiql.plan.operations).to_have_count(3)
    assert len(sent(graphiql)) == asked
    await graphiql.write("{ customers { nme } }")
    await expect(graphiql.plan.notice).to_contain_text("Cannot query field 'nme' on type 'Customer'.")


async def test_the_panel_in_the_dark(open_page: OpenPage, origin: str) -> None:
    """The panel's words stand out from its ground in both themes (WCAG 2.2, contrast of 4.5)."""
    for scheme in ("light", "dark"):
        graphiql = await open_page(origin, color_scheme=scheme)
        await graphiql.show("Plan")
        await graphiql.run()
        await expect(graphiql.plan.table).to_be_visible()
        await expect(graphiql.plan.tile("Cost")).to_be_visible()
        faint = await graphiql.plan.root.evaluate(FAINT_TEXT)
        assert faint == [], scheme


FAINT_TEXT = """
(root) => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const over = (colour, ground) => {
    canvas.fillStyle = `rgb(${ground})`;
    canvas.fillRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const groundOf = (element) => {
    if (element === null) return [255, 255, 255];
    return over(getComputedStyle(element).backgroundColor, groundOf(element.parentElement));
  };
  const luminance = (colour) => {
    const [r, g, b] = colour.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const faint = [];
  for (const element of root.querySelectorAll('*')) {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join('');
    if (text === '') continue;
    const ground = groundOf(element);
    const both = [luminance(ground), luminance(over(getComputedStyle(element).color, ground))];
    const [light, dark] = both.sort((a, b) => b - a);
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < 4.5) faint.push(`${text}: ${contrast.toFixed(2)}`);
  }
  return faint;
}
"""
