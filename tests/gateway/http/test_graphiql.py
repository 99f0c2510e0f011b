"""The page and its assets as a browser, a cache and an attacker ask for them, over a real socket."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientResponse, ClientSession
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState
from yarl import URL

from gateway.http.graphiql import GraphiQL, wants_page

CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
SCRIPT = b"console.info('bizgraph')\n" * 100


class Door:
    """The endpoint as the gateway has it: the page at /graphql, the rest by routes."""

    def __init__(self, graphiql: GraphiQL) -> None:
        self._page = graphiql.page
        self._below = Starlette(routes=graphiql.routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self._page if scope["path"] == "/graphql" else self._below)(scope, receive, send)


class Client:
    """Asks one server without any of a client's own decoding or path cleaning."""

    def __init__(self, session: ClientSession, base: str) -> None:
        self._session = session
        self._base = base

    async def __call__(self, path: str, method: str = "GET", **headers: str) -> tuple[ClientResponse, bytes]:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self._session.request(method, URL(self._base + path, encoded=True), headers=sent) as response:
            return response, await response.read()


@asynccontextmanager
async def serving(dist: Path, config: str | Callable[[], str] = "{}") -> AsyncIterator[Client]:
    settings = Config(Door(GraphiQL(dist, config)), lifespan="off", log_config=None, ws="none")
    settings.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: HttpToolsProtocol(settings, state, app_state={}), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    try:
        async with ClientSession(auto_decompress=False, skip_auto_headers=("Accept-Encoding",)) as session:
            yield Client(session, f"http://127.0.0.1:{port}")
    finally:
        server.close()


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A folder as the build leaves it, with a secret beside it that must stay out of reach."""
    (tmp_path / "secret.txt").write_text("keep out")
    folder = tmp_path / "dist"
    assets = folder / "graphiql" / "assets"
    assets.mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>GraphiQL</title>")
    (assets / "index-Ab12.js").write_bytes(SCRIPT)
    (assets / "index-Ab12.js.gz").write_bytes(gzip.compress(SCRIPT))
    (assets / "font-Cd34.woff2").write_bytes(b"wOF2")
    for suffix in ("css", "svg", "ttf"):
        (assets / f"other-Ef56.{suffix}").write_text("content")
    return folder


@pytest.fixture
async def ask(dist: Path) -> AsyncIterator[Client]:
    async with serving(dist, '{"title": "Demo"}') as client:
        yield client


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        (CHROMIUM, True),
        ("text/html", True),
        ("TEXT/HTML ; q=1", True),
        ("application/xhtml+xml", True),
        ("text/html, application/json", True),
        ("application/json, text/html", False),
        ("text/html;q=0.8, application/json", False),
        ("application/graphql-response+json;q=0.5, text/html", True),
        ("text/html;q=0", False),
        ("text/html;q=much", False),
        ("*/*", False),
        ("text/*", False),
        ("application/json", False),
        ("", False),
    ],
)
def test_wants_page(accept: str, page: bool) -> None:
    """A browser gets the page; whoever asks for JSON, or for anything at all, gets GraphQL."""
    assert wants_page({"accept": accept}) is page


@pytest.mark.parametrize(
    ("query_string", "page"),
    [(b"", True), (b"tab=2", True), (b"query=%7Bme%7D", False), (b"query=", False), (b"extensions=%7B%7D", False)],
)
def test_an_operation_in_the_address_is_run(query_string: bytes, page: bool) -> None:
    """A link that carries an operation is answered with its result, in a browser too."""
    assert wants_page({"accept": CHROMIUM}, query_string) is page


def test_without_accept_no_page() -> None:
    """A client that sends no Accept header gets GraphQL."""
    assert not wants_page({})


async def test_page(ask: Client) -> None:
    """The page is revalidated on every visit and kept apart from GraphQL answers at the same address."""
    response, body = await ask("/graphql", Accept=CHROMIUM)
    assert response.status == 200
    assert body.startswith(b"<!doctype html>")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["Vary"] == "Accept, Accept-Encoding"


@pytest.mark.parametrize(
    "path", ["/graphql", "/graphiql/config.json", "/graphiql/assets/index-Ab12.js", "/graphiql/assets/none.js"]
)
async def test_security_headers(ask: Client, path: str) -> None:
    """No answer may be framed, sniffed, or reach another origin, whatever its status."""
    response, _ = await ask(path)
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "http" not in policy
    assert "unsafe-eval" not in policy
    assert "script-src 'self';" in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Referrer-Policy"] == "no-referrer"


async def test_asset_is_kept_for_ever(ask: Client) -> None:
    """An asset's name changes with its content, so a browser asks for it once."""
    response, body = await ask("/graphiql/assets/index-Ab12.js")
    assert (response.status, body) == (200, SCRIPT)
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Content-Encoding" not in response.headers


@pytest.mark.parametrize(
    ("suffix", "media_type"),
    [("css", "text/css; charset=utf-8"), ("svg", "image/svg+xml"), ("ttf", "font/ttf")],
)
async def test_content_types(ask: Client, suffix: str, media_type: str) -> None:
    """Every kind of asset comes with the content type that browsers insist on under nosniff."""
    response, _ = await ask(f"/graphiql/assets/other-Ef56.{suffix}")
    assert response.headers["Content-Type"] == media_type


@pytest.mark.parametrize("accept_encoding", ["gzip", "br, gzip;q=0.5", "GZIP", "*"])
async def test_gzip(ask: Client, accept_encoding: str) -> None:
    """Who takes gzip gets the variant made at build time."""
    response, body = await ask("/graphiql/assets/index-Ab12.js", Accept_Encoding=accept_encoding)
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert response.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(body) == SCRIPT


@pytest.mark.parametrize("accept_encoding", ["br", "gzip;q=0", "*;q=0", "identity"])
async def test_no_gzip(ask: Client, accept_encoding: str) -> None:
    """Who refuses gzip gets the plain file."""
    response, body = await ask("/graphiql/assets/index-Ab12.js", Accept_Encoding=accept_encoding)
    assert "Content-Encoding" not in response.headers
    assert body == SCRIPT


async def test_an_asset_without_a_variant_is_sent_plain(ask: Client) -> None:
    """Fonts are compressed already and have no gzip variant."""
    response, body = await ask("/graphiql/assets/font-Cd34.woff2", Accept_Encoding="gzip")
    assert (response.headers["Content-Type"], body) == ("font/woff2", b"wOF2")
    assert "Content-Encoding" not in response.headers


@pytest.mark.parametrize("path", ["/graphql", "/graphiql/assets/index-Ab12.js"])
async def test_revalidation(ask: Client, path: str) -> None:
    """A browser that holds the file is told so without a body, also when a proxy made its tag weak."""
    tag = (await ask(path))[0].headers["ETag"]
    for held in (tag, f'"other", W/{tag}', "*"):
        response, body = await ask(path, If_None_Match=held)
        assert (response.status, body) == (304, b"")
        assert response.headers["ETag"] == tag
        assert "Cache-Control" in response.headers
    response, _ = await ask(path, If_None_Match='"other"')
    assert response.status == 200


async def test_each_encoding_has_its_tag(ask: Client) -> None:
    """The tag of the gzip variant does not vouch for the plain file."""
    path = "/graphiql/assets/index-Ab12.js"
    packed, _ = await ask(path, Accept_Encoding="gzip")
    response, _ = await ask(path, If_None_Match=packed.headers["ETag"])
    assert response.status == 200


@pytest.mark.parametrize(
    "path", ["/graphql", "/graphiql/config.json", "/graphiql/assets/index-Ab12.js", "/graphiql/assets/none.js"]
)
async def test_head(ask: Client, path: str) -> None:
    """HEAD has the status and headers of GET, its length included, and no body."""
    got, body = await ask(path)
    head, nothing = await ask(path, "HEAD")
    assert nothing == b""
    assert head.status == got.status
    assert head.headers["Content-Length"] == str(len(body))
    assert {*head.headers} == {*got.headers}


@pytest.mark.parametrize(
    "name",
    [
        "../../index.html",
        "../../../secret.txt",
        "%2e%2e/%2e%2e/%2e%2e/secret.txt",
        "..%2f..%2f..%2fsecret.txt",
        "..%5c..%5c..%5csecret.txt",
        "%2fetc%2fpasswd",
        "index-Ab12.js%00.css",
        "index-Ab12.js.gz",
        "..",
        "",
        "none.js",
    ],
)
async def test_only_the_built_assets_are_served(ask: Client, name: str) -> None:
    """No spelling of a path leads out of the assets, nor to a file that is not one."""
    response, body = await ask(f"/graphiql/assets/{name}")
    assert response.status == 404
    assert b"keep out" not in body


@pytest.mark.parametrize("path", ["/graphiql/config.json", "/graphiql/assets/index-Ab12.js"])
async def test_reading_only(ask: Client, path: str) -> None:
    """Nothing here can be posted to."""
    response, _ = await ask(path, "POST")
    assert response.status == 405
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD"}


async def test_config(ask: Client) -> None:
    """The configuration is JSON and is stored nowhere, because a demo's holds tokens."""
    response, body = await ask("/graphiql/config.json")
    assert body == b'{"title": "Demo"}'
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"


async def test_config_made_on_request(dist: Path) -> None:
    """A configuration that changes, as tokens do, is asked for each time."""
    texts = iter(["1", "2"])
    async with serving(dist, lambda: next(texts)) as ask:
        assert [(await ask("/graphiql/config.json"))[1] for _ in range(2)] == [b"1", b"2"]


async def test_not_built(tmp_path: Path) -> None:
    """Without the built folder the page says what to run, and no cache keeps that."""
    async with serving(tmp_path / "dist") as ask:
        response, body = await ask("/graphql")
        assert response.status == 503
        assert b"make graphiql" in body
        assert response.headers["Cache-Control"] == "no-store"
        assert "Content-Security-Policy" in response.headers
        assert (await ask("/graphql", "HEAD"))[1] == b""
        assert (await ask("/graphiql/assets/index-Ab12.js"))[0].status == 404


async def test_built_while_the_server_runs(dist: Path) -> None:
    """Building, or building anew, needs no restart."""
    elsewhere = dist.with_name("elsewhere")
    move(dist, elsewhere)
    async with serving(dist) as ask:
        assert (await ask("/graphql"))[0].status == 503
        move(elsewhere, dist)
        assert (await ask("/graphql"))[0].status == 200
        build_anew(dist)
        assert b"Anew" in (await ask("/graphql"))[1]
        assert (await ask("/graphiql/assets/index-Gh78.js"))[1] == b"1"


def move(folder: Path, to: Path) -> None:
    folder.rename(to)


def build_anew(dist: Path) -> None:
    (dist / "graphiql" / "assets" / "index-Gh78.js").write_bytes(b"1")
    (dist / "index.html").write_text("<!doctype html><title>Anew</title>")
