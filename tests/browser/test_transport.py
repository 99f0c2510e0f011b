"""How the page copes with every kind of answer: parts, events, none, and what is no GraphQL at all."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from playwright.async_api import Route, WebSocketRoute, expect

from tests.browser.conftest import DIST, OpenPage
from tests.browser.pages import GraphiQLPage
from tests.browser.server import Gateway, serving

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SHIPPED = "subscription Shipped { orderShipped { id } }"


async def answer_with(graphiql: GraphiQLPage, **answer: Any) -> None:
    """From here on every request of the page gets this answer in place of the server's."""

    async def fulfil(route: Route) -> None:
        await route.fulfill(**answer)

    await graphiql.page.route("**/graphql", fulfil)


async def test_deferred_parts_are_put_together(graphiql: GraphiQLPage) -> None:
    """A multipart answer (@defer) is shown as one."""
    parts = [
        {"data": {"product": {"sku": "A-100"}}, "pending": [{"id": "0", "path": ["product"]}], "hasNext": True},
        {"incremental": [{"id": "0", "data": {"name": "Bolt"}}], "completed": [{"id": "0"}], "hasNext": False},
    ]
    body = "".join(f"\r\n---\r\nContent-Type: application/json\r\n\r\n{json.dumps(part)}" for part in parts)
    await answer_with(graphiql, body=f"{body}\r\n-----\r\n", content_type='multipart/mixed; boundary="-"')
    await graphiql.run()
    await expect(graphiql.response).to_contain_text('"sku": "A-100"')
    await expect(graphiql.response).to_contain_text('"name": "Bolt"')


async def test_a_run_is_stopped(graphiql: GraphiQLPage) -> None:
    """Stopping takes the request back, and the page is ready for the next one."""
    asked = asyncio.Event()

    async def hold(_: Route) -> None:
        asked.set()

    await graphiql.page.route("**/graphql", hold)
    await graphiql.run()
    await asked.wait()
    async with graphiql.page.expect_event("requestfailed") as failed:
        await graphiql.stop()
    assert (await failed.value).failure == "net::ERR_ABORTED"
    await graphiql.page.unroute("**/graphql")
    await graphiql.run()
    await expect(graphiql.response).to_contain_text("Müller & Söhne")


async def test_a_proxys_page(open_page: OpenPage, origin: str) -> None:
    """When something in between answers with a page of its own, status and content type are told."""
    graphiql = await open_page(origin)
    await answer_with(graphiql, status=502, body="<h1>Bad Gateway</h1>", content_type="text/html")
    await graphiql.run()
    await expect(graphiql.response).to_contain_text("The server answered 502 with text/html in place of JSON.")


async def test_no_answer(open_page: OpenPage) -> None:
    """When the server goes away the page says so in words."""
    async with serving(Gateway(DIST)) as origin:
        graphiql = await open_page(origin)
    await graphiql.run()
    await expect(graphiql.response).to_contain_text("No answer from ./graphql")


async def test_events(graphiql: GraphiQLPage) -> None:
    """A subscription shows its events as they come, and its connection carries the token."""
    said: list[dict[str, Any]] = []

    def speak(socket: WebSocketRoute) -> None:
        def hear(message: str | bytes) -> None:
            said.append(heard := json.loads(message))
            if heard["type"] == "connection_init":
                socket.send('{"type": "connection_ack"}')
            if heard["type"] == "subscribe":
                event = {"data": {"orderShipped": {"id": "o42"}}}
                socket.send(json.dumps({"type": "next", "id": heard["id"], "payload": event}))

        socket.on_message(hear)

    await graphiql.page.route_web_socket("**/graphql", speak)
    await graphiql.write(SHIPPED)
    await graphiql.run()
    await expect(graphiql.response).to_contain_text('"id": "o42"')
    assert said[0] == {"type": "connection_init", "payload": {"authorization": "Bearer demo-office"}}
    assert said[1]["payload"]["query"] == SHIPPED
    await graphiql.stop()
    await expect(graphiql.page.get_by_role("button", name="Execute query")).to_be_visible()


async def test_a_connection_that_is_closed(graphiql: GraphiQLPage) -> None:
    """When the server ends the connection, its code and reason are shown."""

    async def refuse(socket: WebSocketRoute) -> None:
        await socket.close(code=4403, reason="Forbidden")

    await graphiql.page.route_web_socket("**/graphql", refuse)
    await graphiql.write(SHIPPED)
    await graphiql.run()
    await expect(graphiql.response).to_contain_text("The connection was closed: 4403 Forbidden")
