"""Requests that a foreign web page can make a browser send without asking first.

A browser asks the server (CORS preflight) before it sends a body of `application/json` or a header that no form could
send. So POST is safe by its content type. A GET runs queries only, and a foreign page cannot read the answer, but it
can measure it: how long it took tells how much there is. That is refused where the browser adds credentials by itself.
"""

from __future__ import annotations

from collections.abc import Mapping

_ASKED_FIRST = frozenset(
    {b"authorization", b"apollo-require-preflight", b"graphql-require-preflight", b"x-apollo-operation-name"}
)
_OURS = frozenset({b"same-origin", b"none"})
"""Sec-Fetch-Site: our own page, or the person themselves (address bar, bookmark)."""


def forgeable(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a GET may be the doing of a foreign page.

    It may when it is embedded in one (`<img>`, `<script>`), or carries cookies while nothing shows that the browser
    asked first or that the page is ours (Fetch Metadata).
    """
    site = headers.get(b"sec-fetch-site")
    if site in _OURS or not _ASKED_FIRST.isdisjoint(headers):
        return False
    if headers.get(b"sec-fetch-mode") == b"no-cors":
        return True
    return b"cookie" in headers
