"""Serves GraphiQL: the page at the GraphQL endpoint, its assets and its configuration below `/graphiql/`.

Everything comes from the folder that `make graphiql` builds; nothing is fetched from anywhere else, by the server or
by the page (see `content_security_policy`).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

content_security_policy: Final = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; "
    "style-src 'self' 'unsafe-inline'; "  # Monaco writes its styles into the page
    "font-src 'self'; img-src 'self' data:; "  # Monaco's squiggles are images inside its style sheet
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page and its scripts reach this origin and no other."""

security_headers: Final[Mapping[str, str]] = {
    "content-security-policy": content_security_policy,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}

_not_built: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>GraphiQL is not built</title>
<h1>GraphiQL is not built</h1>
<p>Run <code>make graphiql</code> and load this page again. The GraphQL endpoint itself answers at this address.</p>
</html>
"""


def wants_page(headers: Mapping[str, str], query_string: bytes = b"") -> bool:
    """Whether a GET is a person opening the page, not a client asking a query.

    It is when `Accept` names HTML and prefers no JSON to it (RFC 9110 §12.5.1; wildcards are what every client sends,
    so they do not count), and the address carries no operation. `headers` has lower-case names.
    """
    names = {name for name, _ in parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)}
    if names & {"query", "extensions"}:  # a persisted operation comes in `extensions`
        return False
    html = json = 0.0
    html_first = True
    for item in headers.get("accept", "").split(","):
        media_type, quality = _weighted(item)
        if media_type in ("text/html", "application/xhtml+xml"):
            html = max(html, quality)
        elif media_type in ("application/json", "application/graphql-response+json"):
            html_first = html_first and html > 0
            json = max(json, quality)
    return html > json or (html == json > 0 and html_first)


class GraphiQL:
    """The page, its assets and its configuration.

    `dist` is the built folder; it may be missing, and be built anew while the server runs. `config` is the JSON text
    that the page reads when it opens, or a function that returns it then.
    """

    def __init__(self, dist: Path, config: str | Callable[[], str]) -> None:
        self._dist = dist
        self._config = config
        self._page: _File | None = None
        self._built_at: int | None = None
        self._assets: dict[str, _File] = {}

    @property
    def routes(self) -> list[Route]:
        """The routes of everything below `/graphiql/`; the page itself has no route, the endpoint calls `page`."""
        return [
            Route("/graphiql/config.json", self._serve_config, methods=["GET"]),
            Route("/graphiql/assets/{name}", self._serve_asset, methods=["GET"]),
        ]

    async def page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a GET or HEAD with the page, as an ASGI application."""
        request = Request(scope)
        page = await self._find()
        if page is None:
            headers = {**security_headers, "cache-control": "no-store"}
            response = Response(_not_built, 503, headers, media_type="text/html")
        else:
            # The same address answers GraphQL clients with JSON, so caches must tell the two apart.
            response = await _answer(request, page, cache="no-cache", vary="Accept, Accept-Encoding")
        await response(scope, receive, send)

    async def _serve_asset(self, request: Request) -> Response:
        await self._find()
        # Only names found in the folder are served; no path is ever made from what a client sends.
        file = self._assets.get(request.path_params["name"])
        return await _answer(request, file, cache="public, max-age=31536000, immutable", vary="Accept-Encoding")

    async def _serve_config(self, request: Request) -> Response:
        text = self._config if isinstance(self._config, str) else self._config()
        headers = {**security_headers, "cache-control": "no-store"}  # a demo's configuration holds tokens
        return _bodiless(request, Response(text, headers=headers, media_type="application/json"))

    async def _find(self) -> _File | None:
        """The page if the folder is built; lists the folder's files anew after every build."""
        page = self._dist / "index.html"
        try:
            built_at = page.stat().st_mtime_ns
        except FileNotFoundError:
            return None
        if built_at != self._built_at:
            folder = self._dist / "graphiql" / "assets"
            self._assets = await asyncio.to_thread(
                lambda: {path.name: _File.at(path) for path in folder.iterdir() if path.suffix != ".gz"}
            )
            self._page = _File.at(page)
            self._built_at = built_at
        return self._page


class _File(Struct, frozen=True):
    path: Path
    media_type: str
    tag: str
    compressed: Path | None

    @classmethod
    def at(cls, path: Path) -> _File:
        compressed = path.with_name(f"{path.name}.gz")
        return cls(
            path=path,
            media_type=_media_types.get(path.suffix, "application/octet-stream"),
            tag=hashlib.sha256(path.read_bytes()).hexdigest()[:16],
            compressed=compressed if compressed.is_file() else None,
        )


_media_types: Final = {
    # Not the system's table: a wrong entry there would stop every script (nosniff).
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}


async def _answer(request: Request, file: _File | None, *, cache: str, vary: str) -> Response:
    if file is None:
        return _bodiless(request, Response("Not found\n", 404, security_headers, media_type="text/plain"))
    compressed = file.compressed if _takes_gzip(request.headers.get("accept-encoding", "")) else None
    tag = (
        f'"{file.tag}{"-gzip" if compressed else ""}"'  # each encoding is a representation of its own, RFC 9110 §8.8.3
    )
    headers = {**security_headers, "cache-control": cache, "vary": vary, "etag": tag}
    if _matches(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    headers["content-type"] = file.media_type
    if compressed:
        headers["content-encoding"] = "gzip"
    body = await asyncio.to_thread((compressed or file.path).read_bytes)
    return _bodiless(request, Response(body, headers=headers))


def _bodiless(request: Request, response: Response) -> Response:
    """A HEAD is answered with the headers of the GET, Content-Length included (RFC 9110 §9.3.2)."""
    if request.method == "HEAD":
        response.body = b""
    return response


def _takes_gzip(accept_encoding: str) -> bool:
    qualities = dict(_weighted(item) for item in accept_encoding.split(","))
    return qualities.get("gzip", qualities.get("*", 0.0)) > 0


def _matches(if_none_match: str, tag: str) -> bool:
    """The weak comparison of RFC 9110 §13.1.2: proxies mark tags as weak when they repack the body."""
    return any(candidate.strip().removeprefix("W/") in (tag, "*") for candidate in if_none_match.split(","))


def _weighted(item: str) -> tuple[str, float]:
    """`text/html;q=0.9` as (`text/html`, 0.9). A weight that is no number counts as 0."""
    name, *parameters = (part.strip().lower() for part in item.split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return name, float(parameter[2:])
            except ValueError:
                return name, 0.0
    return name, 1.0
