"""GraphiQL as a person sees it: what can be clicked, typed and read, whatever server is behind it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Self
from urllib.parse import urlsplit

from playwright.async_api import ConsoleMessage, Locator, Page, Request, expect

COLLECT_VIOLATIONS = """
window.violations = [];
document.addEventListener('securitypolicyviolation', (event) => {
  window.violations.push(`${event.violatedDirective}: ${event.blockedURI}`);
});
"""


class Watch:
    """What a page did that a person does not see: requests, console messages and errors."""

    def __init__(self, page: Page) -> None:
        self.requests: list[Request] = []
        self.complaints: list[str] = []
        page.on("request", self._request)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.on("requestfailed", self._failed)

    def _request(self, request: Request) -> None:
        self.requests.append(request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page takes questions back itself, as one types on
            self.complaints.append(f"failed: {request.url}: {request.failure}")

    def origins(self) -> set[str]:
        """Every origin that was asked for anything; data and blob addresses leave no machine."""
        addresses = (urlsplit(request.url) for request in self.requests)
        return {f"{url.scheme}://{url.netloc}" for url in addresses if url.scheme not in ("data", "blob")}

    def operations(self) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
        """Bodies and headers of the GraphQL requests so far, introspection aside."""
        for request in self.requests:
            if request.method == "POST":
                body = json.loads(request.post_data or "{}")
                if body.get("operationName") != "IntrospectionQuery":
                    yield body, request.headers


class GraphiQLPage:
    """GraphiQL in one browser page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.watch = Watch(page)
        self.response = page.get_by_role("region", name="Result Window")
        self.query = page.locator(".graphiql-query-editor")
        self.panel = page.locator(".graphiql-plugin")
        self.token_button = page.get_by_role("button", name="Token:")
        self.plan = Plan(page)

    async def open(self, origin: str) -> Self:
        """Opens the page and waits until it can be typed into and knows the schema."""
        await self.page.add_init_script(COLLECT_VIOLATIONS)
        await self.page.goto(f"{origin}/graphql")
        await self.ready()
        return self

    async def ready(self) -> None:
        await expect(self.query.locator(".view-line").first).to_be_visible(timeout=20_000)

    async def violations(self) -> list[str]:
        """What the Content-Security-Policy kept the page from doing."""
        found: list[str] = await self.page.evaluate("window.violations")
        return found

    async def run(self) -> None:
        await self.page.get_by_role("button", name="Execute query").click()

    async def stop(self) -> None:
        await self.page.get_by_role("button", name="Stop query").click()

    async def write(self, query: str) -> None:
        """Replaces the operation by pasting: typing would have the editor close each brace a second time."""
        await self.page.evaluate("text => navigator.clipboard.writeText(text)", query)
        await self.query.locator(".view-lines").click()
        await self.page.keyboard.press("ControlOrMeta+A")
        await self.page.keyboard.press("ControlOrMeta+V")
        beginning = "".join(query.partition("\n")[0].split())[:30]
        pasted = re.compile(r"\s*".join(re.escape(sign) for sign in beginning))
        await expect(self.query.locator(".view-lines")).to_contain_text(pasted)

    async def written(self) -> str:
        """The operation without its layout."""
        lines = await self.query.locator(".view-lines").inner_text()
        return " ".join(lines.replace("\u00a0", " ").split())

    async def choose_token(self, label: str) -> None:
        await self.token_button.click()
        await self.page.get_by_role("menuitemradio", name=label).click()

    async def show(self, plugin: str) -> None:
        await self.page.get_by_role("button", name=f"Show {plugin}").click()

    async def hide(self, plugin: str) -> None:
        await self.page.get_by_role("button", name=f"Hide {plugin}").click()

    async def set_theme(self, theme: str) -> None:
        await self.page.get_by_role("button", name="Open settings dialog").click()
        await self.page.get_by_role("button", name=theme, exact=True).click()
        await self.page.keyboard.press("Escape")

    async def background(self) -> str:
        colour: str = await self.page.locator(".graphiql-container").evaluate(
            "e => getComputedStyle(e).backgroundColor"
        )
        return colour

    def tab(self, title: str) -> Locator:
        return self.page.get_by_role("tab", name=title)


class Plan:
    """The Plan panel."""

    def __init__(self, page: Page) -> None:
        self.root = page.get_by_role("region", name="Plan", exact=True)
        self.operations = self.root.locator(".plan-operation")
        self.warnings = self.root.locator(".plan-notice-warning")
        self.missing = self.root.locator(".plan-notice-error")
        self.notice = self.root.locator(".plan-notice").first
        self.bars = self.root.locator(".plan-bar")
        self.table = self.root.get_by_role("region", name="Backend calls of the last run")

    def tile(self, name: str) -> Locator:
        return self.root.locator(".plan-tile", has_text=name).locator("dd")
