"""One headless Chromium for all tests of the folder, a fresh profile for each."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.browser.pages import GraphiQLPage
from tests.browser.server import Gateway, serving

DIST = Path(__file__).parents[2] / "gateway" / "graphiql" / "dist"

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # whatever would leave the machine fails and is seen
]

expect.set_options(timeout=20_000)  # what a busy machine may take; what is there already costs nothing

OpenPage = Callable[..., Awaitable[GraphiQLPage]]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The Chromium that is installed here; none is downloaded."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert executable, "browser tests need Chromium on the PATH"
    expect.set_options(timeout=20_000)  # a busy machine draws late
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGUMENTS)
        yield running
        await running.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for the whole run."""
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def origin() -> AsyncIterator[str]:
    """The fixture gateway."""
    assert DIST.is_dir(), "GraphiQL is not built: run `make graphiql`"
    async with serving(Gateway(DIST)) as address:
        yield address


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser) -> AsyncIterator[OpenPage]:
    """Opens GraphiQL of a server in a profile of its own; options are those of a browser context."""
    contexts = []

    async def open_page(origin: str, **options: Any) -> GraphiQLPage:
        context = await browser.new_context(permissions=["clipboard-read", "clipboard-write"], **options)
        context.set_default_timeout(30_000)
        contexts.append(context)
        return await GraphiQLPage(await context.new_page()).open(origin)

    yield open_page
    for context in contexts:
        await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def graphiql(open_page: OpenPage, origin: str) -> AsyncIterator[GraphiQLPage]:
    """GraphiQL of the fixture gateway, just opened. Whatever a test does with it, the console stays silent."""
    page = await open_page(origin)
    yield page
    assert page.watch.complaints == []
