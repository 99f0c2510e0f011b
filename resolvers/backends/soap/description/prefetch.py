"""A WSDL with everything that it imports, fetched ahead of zeep, which would load it piece by piece and from anywhere.

Documents come at once, not one by one; their number and size are limited, their hosts must be allowed, and none may
have a DTD. Two public schemas that many descriptions import are part of this package and are never fetched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final
from urllib.parse import urldefrag, urljoin, urlsplit
from urllib.request import url2pathname

from resolvers.backends.soap import xml
from resolvers.backends.soap.problems import AnswerProblem, WsdlProblem

Fetch = Callable[[str, int], Awaitable[bytes]]
"""URL and most bytes → the document. Raises WsdlProblem."""

_SCHEMAS: Final = Path(__file__).with_name("schemas")
BUNDLED: Final = {
    "http://schemas.xmlsoap.org/soap/encoding/": _SCHEMAS / "soap-encoding.xsd",
    "http://schemas.xmlsoap.org/soap/encoding": _SCHEMAS / "soap-encoding.xsd",
    "http://www.w3.org/2001/xml.xsd": _SCHEMAS / "xml.xsd",
    "https://www.w3.org/2001/xml.xsd": _SCHEMAS / "xml.xsd",
    "http://www.w3.org/XML/1998/namespace": _SCHEMAS / "xml.xsd",
}
MAX_DOCUMENTS: Final = 200
MAX_BYTES: Final = 32 * 1024 * 1024
"""The largest description met in practice has 5 MB and 4,000 types."""

_WSDL = "{http://schemas.xmlsoap.org/wsdl/}import"
_XSD = tuple(f"{{http://www.w3.org/2001/XMLSchema}}{name}" for name in ("import", "include", "redefine"))


async def prefetch(
    start: str,
    fetch: Fetch,
    *,
    hosts: frozenset[str] = frozenset(),
    max_documents: int = MAX_DOCUMENTS,
    max_bytes: int = MAX_BYTES,
) -> dict[str, bytes]:
    """Every document by its URL, the bundled ones among them. `start` is an http, https or file URL.

    Imports may come from the host of `start` and from `hosts` (`name` or `name:port`). A description in a file may
    import files. Raises WsdlProblem.
    """
    found: dict[str, bytes] = dict(await asyncio.to_thread(_bundled))
    wave = [start]
    left = max_bytes
    while wave:
        if len(found) - len(BUNDLED) + len(wave) > max_documents:
            raise WsdlProblem(f"the WSDL imports more than {max_documents} documents", permanent=True)
        bodies = await asyncio.gather(*(_load(url, fetch, left) for url in wave))
        left -= sum(map(len, bodies))
        if left < 0:
            raise WsdlProblem(f"the WSDL and its imports have more than {max_bytes} bytes", permanent=True)
        found.update(zip(wave, bodies, strict=True))
        imports = await asyncio.to_thread(_imports_of_all, list(zip(wave, bodies, strict=True)))
        wave = [url for url in imports if url not in found]
        for url in wave:
            _check(url, start, hosts)
    return found


def file_url(path: Path) -> str:
    """The URL of a local description."""
    return path.resolve().as_uri()


async def _load(url: str, fetch: Fetch, most: int) -> bytes:
    if not url.startswith("file:"):
        return await fetch(url, most)
    try:
        return await asyncio.to_thread(Path(url2pathname(urlsplit(url).path)).read_bytes)
    except OSError as exc:
        raise WsdlProblem(f"{urlsplit(url).path} cannot be read: {exc.strerror}") from exc


def _bundled() -> list[tuple[str, bytes]]:
    return [(url, path.read_bytes()) for url, path in BUNDLED.items()]


def _imports_of_all(documents: list[tuple[str, bytes]]) -> list[str]:
    """The URLs that documents import, in order and once each."""
    found: dict[str, None] = {}
    for url, body in documents:
        try:
            root = xml.parse(body)
        except AnswerProblem as exc:
            raise WsdlProblem(f"{without_query(url)} is no service description: {exc}") from exc
        for element in root.iter(_WSDL, *_XSD):
            location = element.get("location" if element.tag == _WSDL else "schemaLocation")
            if location and location.strip():
                found[_joined(url, location)] = None
    return list(found)


def _joined(url: str, location: str) -> str:
    """The URL of an import, without the blanks that xsd:anyURI does not count. Raises WsdlProblem for what is none."""
    try:
        joined = urldefrag(urljoin(url, location.strip())).url
        if urlsplit(joined).port == 0:
            raise ValueError("port 0")
    except ValueError as exc:
        raise WsdlProblem(f"{without_query(url)} imports from what is no URL", permanent=True) from exc
    return joined


def _check(url: str, start: str, hosts: frozenset[str]) -> None:
    parts = urlsplit(url)
    if parts.scheme == "file":
        if start.startswith("file:"):
            return
        raise WsdlProblem("a WSDL from the network imports a file, which is refused", permanent=True)
    host = _host(url)
    named = host == _host(start) or _place(url) == _place(start) or bool(hosts & {host, parts.hostname})
    if parts.scheme not in ("http", "https") or not named:
        raise WsdlProblem(
            f"the WSDL imports from {host or parts.scheme}: name it in `wsdl_hosts` to allow that", permanent=True
        )


def _host(url: str) -> str:
    """`name` or `name:port` as the URL tells it, without user and password."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def _place(url: str) -> tuple[str | None, int | None]:
    """Host and port, told or not."""
    parts = urlsplit(url)
    return parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def without_query(url: str) -> str:
    """A URL for messages: queries and user information may hold credentials."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
