"""How the demo serves the portal: its files, its policy, and what it says where none is built."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest
from starlette.applications import Starlette
from yarl import URL

from gateway.demo.portal import portal
from tests.gateway.http.conftest import served

PAGE = b"<!doctype html><title>Portal</title>"
SCRIPT = b"console.log(1)"


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A built portal."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_bytes(PAGE)
    (folder / "assets" / "index-1a2b.js").write_bytes(SCRIPT)
    (tmp_path / "secret").write_text("not for you", encoding="utf-8")
    return folder


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def get(dist: Path, path: str, headers: Mapping[str, str] | None = None) -> Answer:
    """GETs a path as it is written, and follows no redirect."""
    async with served(Starlette(routes=[portal(dist)])) as port, aiohttp.ClientSession() as http:
        address = URL(f"http://127.0.0.1:{port}{path}", encoded=True)
        async with http.get(address, headers=headers, allow_redirects=False) as answer:
            return Answer(answer.status, answer.headers, await answer.read())


async def test_the_page_is_asked_for_anew_its_assets_are_kept(dist: Path) -> None:
    """A page names assets by their content, so it is looked up each time and they never are."""
    page = await get(dist, "/portal/")
    assert (page.status, page.body) == (200, PAGE)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    script = await get(dist, "/portal/assets/index-1a2b.js")
    assert (script.status, script.body) == (200, SCRIPT)
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (await get(dist, "/portal/", {"if-none-match": page.headers["etag"]})).status == 304


async def test_the_policy_lets_nothing_out(dist: Path) -> None:
    """The page may load and ask its own origin, and nothing else; not even a style may stand in it."""
    for path in ("/portal/", "/portal/assets/index-1a2b.js", "/portal/nowhere"):
        answer = await get(dist, path)
        assert answer.headers["content-security-policy"] == (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_address_without_its_slash(dist: Path) -> None:
    """Who leaves the last slash out is led to the page."""
    answer = await get(dist, "/portal")
    assert answer.status == 307
    assert answer.headers["location"].endswith("/portal/")


@pytest.mark.parametrize("path", ["/portal/../secret", "/portal/assets/%2e%2e/%2e%2e/secret", "/portal/assets/none.js"])
async def test_nothing_outside_the_folder(dist: Path, path: str) -> None:
    """No path leads out of the built folder."""
    answer = await get(dist, path)
    assert answer.status == 404
    assert b"not for you" not in answer.body


async def test_not_built(tmp_path: Path) -> None:
    """Where nothing is built, the page says how to build it; it is there as soon as it is built."""
    answer = await get(tmp_path / "dist", "/portal/")
    assert answer.status == 503
    assert b"make portal" in answer.body
    assert answer.headers["cache-control"] == "no-store"
