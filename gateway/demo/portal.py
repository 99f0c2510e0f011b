"""Serves the built customer portal of `examples/portal` beside GraphiQL, below `/portal/`.

The portal is an example and no part of the package: an installed wheel has none, and the page then says how to get it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

import gateway
from gateway.http.graphiql import security_headers

DIST: Final = Path(gateway.__file__).parents[1] / "examples" / "portal" / "dist"

_headers: Final = {
    **security_headers,
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}

_media_types: Final = {
    # Not the system's table: a wrong entry there would stop every script (nosniff).
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}

_not_built: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>The portal is not built</title>
<h1>The portal is not built</h1>
<p>Run <code>make portal</code> in a checkout of bizgraph and load this page again.</p>
</html>
"""


def portal(dist: Path = DIST) -> Mount:
    """The portal for `Gateway(pages=...)`. The folder may be missing, and be built while the server runs."""
    return Mount("/portal", app=_Portal(dist))


def is_built(dist: Path = DIST) -> bool:
    """Whether there is a portal to look at."""
    return (dist / "index.html").is_file()


class _Portal(StaticFiles):
    def __init__(self, dist: Path) -> None:
        super().__init__(directory=dist, html=True, check_dir=False)
        self._dist = dist

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if is_built(self._dist):
            await super().__call__(scope, receive, send)
            return
        headers = {**_headers, "cache-control": "no-store"}
        await Response(_not_built, 503, headers, media_type="text/html")(scope, receive, send)

    async def get_response(self, path: str, scope: Scope) -> Response:
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            return Response(f"{error.detail}\n", error.status_code, _headers, media_type="text/plain")
        in_assets = Request(scope).url.path.startswith("/portal/assets/")
        response.headers.update(_headers)
        # The names of assets change with their content; the page is what names them.
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if in_assets else "no-cache"
        if response.status_code == 200:
            suffix = Path(path).suffix or ".html"
            response.headers["content-type"] = _media_types.get(suffix, "application/octet-stream")
        return response
