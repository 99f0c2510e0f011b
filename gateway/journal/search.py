"""Reading the journal: "who read customer c7's data", over a file and what log rotation made of it."""

from __future__ import annotations

import gzip
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson
from msgspec import Struct

from resolvers.backends.units import seconds

STDIN: Final = "-"


class Found(Struct, frozen=True):
    """One line about the customer: the line itself, and what it says."""

    line: bytes
    told: dict[str, Any]

    def for_people(self) -> str:
        """When, who, what, by which operation."""
        told = self.told
        who = f"{told['subject'] or 'nobody'} ({told['issuer'] or 'no token'})"
        if told.get("limitedTo"):
            who += f", limited to {told['limitedTo']}"
        if told.get("tenant"):
            who += f", tenant {told['tenant']}"
        operation = told["operation"] or f"document {told['document'][:12]}"
        return f"{told['time']}  {who}  {', '.join(told['fields'])}  {operation}  {told['correlationId']}"


class Searched(Struct):
    """How much of the journal was looked at, and what of it could not be read."""

    lines: int = 0
    broken: int = 0


def since_moment(text: str, now: float) -> str:
    """The beginning that `--since` means, as the journal writes times: `24h` ago, a day, or an instant (UTC).

    Raises ValueError for anything else.
    """
    if re.fullmatch(r"\d+(\.\d+)?(ms|s|m|h|d)", text):
        moment = datetime.fromtimestamp(now - seconds(text), UTC)
    else:
        moment = datetime.fromisoformat(text)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def files_of(path: Path) -> list[Path]:
    """A journal's file and what rotation made of it (`access.jsonl.1`, `access.jsonl-20261121.gz`), oldest first."""
    found = [other for other in path.parent.glob(f"{path.name}[.-]*") if other.is_file()]
    return [*sorted(found, key=lambda other: other.stat().st_mtime), path]


def search(files: list[Path], customer: str, since: str | None, searched: Searched) -> Iterator[Found]:
    """The entries about this customer from that moment on. Lines that are no entries are counted in `searched`.

    A file named `-` is standard input, where syslog's lines are taken too: what stands before the object is left out.
    Raises OSError for files that cannot be read.
    """
    sign = orjson.dumps(customer)
    for path in files:
        with _opened(path) as lines:
            for line in lines:
                searched.lines += 1
                if sign not in line:
                    continue
                start = line.find(b"{")
                try:
                    told = orjson.loads(line[max(start, 0) :])
                    about = customer in told["customers"] and (since is None or told["time"] >= since)
                except (orjson.JSONDecodeError, KeyError, TypeError):
                    searched.broken += 1
                    continue
                if about:
                    yield Found(line[start:].rstrip(b"\n"), told)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    if str(path) == STDIN:
        yield sys.stdin.buffer
        return
    open_file: Callable[..., Any] = gzip.open if path.suffix == ".gz" else open
    with open_file(path, "rb") as file:
        yield file
