"""Pages of lists: which part is wanted, and what came, with a cursor for every record.

Cursors are opaque to clients. Two kinds exist: a record's id, in lists that the gateway holds whole (orders of one
customer), and a backend's position, in lists that the backend pages.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from resolvers.errors import BadUserInput


class PageRequest(Struct, frozen=True):
    """The `first` records after the cursor `after`.

    `look_ahead` says that somebody asks whether there are more, `count` that somebody asks how many there are in all.
    """

    first: int = 20
    after: str | None = None
    look_ahead: bool = True
    count: bool = False

    def checked(self, most: int) -> PageRequest:
        """Itself, or BadUserInput that names the limit and the value."""
        if self.first < 0:
            raise BadUserInput("first must not be negative", argument="first", value=self.first)
        if self.first > most:
            raise BadUserInput(
                f"first is {self.first}, a page holds at most {most}", argument="first", value=self.first, limit=most
            )
        return self


class Edge(Struct, gc=False):
    """A record and its cursor (Relay's connection specification)."""

    node: Any
    cursor: str


class PageInfo(Struct, gc=False):
    """Where a page lies in its list; the cursors are None for an empty page."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


class Page(Struct, kw_only=True, gc=False):
    """A part of a list. `nodes` may hold an error in a bad record's place.

    `marks` tell what the cursors are made of: a backend's positions, or nothing where the records' own ids serve.
    """

    nodes: Sequence[Any]
    marks: Sequence[str] | None = None
    total_count: int | None = None
    has_next: bool = False
    has_previous: bool = False

    def cursor(self, index: int) -> str:
        """The cursor of the record at this index of the page."""
        if self.marks is not None:
            return encode_cursor("at", self.marks[index])
        node = self.nodes[index]
        # A record that could not be read has no id to continue from: the cursor of the one before it serves.
        while isinstance(node, Exception) and index > 0:
            index -= 1
            node = self.nodes[index]
        return encode_cursor("id", getattr(node, "id", ""))

    @property
    def edges(self) -> list[Edge]:
        return [Edge(node, self.cursor(index)) for index, node in enumerate(self.nodes)]

    @property
    def page_info(self) -> PageInfo:
        last = len(self.nodes) - 1
        return PageInfo(
            self.has_next,
            self.has_previous,
            self.cursor(0) if last >= 0 else None,
            self.cursor(last) if last >= 0 else None,
        )


def encode_cursor(kind: str, mark: str) -> str:
    """An opaque text for clients."""
    return urlsafe_b64encode(f"{kind}:{mark}".encode()).decode().rstrip("=")


def decode_cursor(kind: str, cursor: str) -> str:
    """The mark inside a cursor of this kind; BadUserInput for anything that was not made by `encode_cursor`."""
    try:
        text = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode()
    except (UnicodeError, Base64Error, ValueError) as error:
        raise BadUserInput("after is not a cursor of this list", argument="after") from error
    found, separator, mark = text.partition(":")
    if not separator or found != kind or encode_cursor(kind, mark) != cursor:
        raise BadUserInput("after is not a cursor of this list", argument="after")
    return mark


def cut(records: Sequence[Any], request: PageRequest, *, total: int | None) -> Page:
    """The wanted part of a list that is at hand. Raises BadUserInput when the cursor's record is not in it."""
    start = 0
    if request.after is not None:
        mark = decode_cursor("id", request.after)
        for index, record in enumerate(records):
            if getattr(record, "id", None) == mark:
                start = index + 1
                break
        else:
            raise BadUserInput("after names a record that is not in this list", argument="after")
    end = start + request.first
    return Page(
        nodes=records if start == 0 and end >= len(records) else records[start:end],
        total_count=total,
        has_next=end < len(records),
        has_previous=start > 0,
    )
