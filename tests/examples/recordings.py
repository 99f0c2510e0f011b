"""Answers recorded from a live ERP (Dolibarr 20.0.2), byte by byte; large bodies are compressed with gzip."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from urllib.parse import parse_qsl

from msgspec import Struct

DATA = Path(__file__).with_name("data")


class Recording(Struct, frozen=True):
    """One call as it was recorded: the request's method, path, query and body, and what came back."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    sent: bytes
    status: int
    headers: dict[str, str]
    body: bytes


def canonical(query: str) -> tuple[tuple[str, str], ...]:
    """The parameters, whatever their order and their way of percent-encoding."""
    return tuple(sorted(parse_qsl(query, keep_blank_values=True)))


def recording(name: str) -> Recording:
    """The recording in the folder of this name."""
    folder = DATA / name
    head, _, sent = (folder / "request.http").read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")
    method, target, _ = head.decode().split("\n")[0].split(" ")
    path, _, query = target.partition("?")
    status, *lines = (folder / "response.headers").read_text().splitlines()
    # Length and connection are the replaying server's own.
    kept = [line.partition(": ") for line in lines if re.match(r"(?i)(content-type|cache-control|server|x-)", line)]
    whole = folder / "response.body"
    body = whole.read_bytes() if whole.exists() else gzip.decompress(whole.with_suffix(".body.gz").read_bytes())
    return Recording(
        method,
        path,
        canonical(query),
        sent,
        int(status.split()[1]),
        {name: value for name, _, value in kept},
        body,
    )


def recordings(folder: str) -> list[Recording]:
    """All recordings below a folder."""
    found = sorted((DATA / folder).glob("**/response.headers"))
    return [recording(str(path.parent.relative_to(DATA))) for path in found]
