"""Pages of lists: a position in the list → what to ask for → which part of the answer is the page.

Positions are offsets written as decimal texts. Where the backend tells no total, one record more than wanted is asked
for, so that `has_next` is known and not guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from resolvers.errors import BadUserInput


class Window(Struct, frozen=True):
    """What one call asks for. `start` is where the page starts within what the backend answers."""

    arguments: dict[str, int]
    offset: int
    """The position of the page's first record in the whole list."""
    start: int
    first: int
    asked: int | None
    """How many records the backend was asked for; None where it answers all of them."""


class Cut(Struct, frozen=True):
    """The page within an answer."""

    items: Sequence[Any]
    offset: int
    total: int | None
    has_next: bool


class Paging:
    """How one operation pages, by the placeholders that its arguments have."""

    __slots__ = ("_by_page", "_first_page", "_limited", "_page_size", "_skips", "_total")

    def __init__(
        self, placeholders: frozenset[str], *, first_page: int = 1, page_size: int | None = None, total: bool = False
    ) -> None:
        self._skips = "offset" in placeholders
        self._by_page = "page" in placeholders
        self._limited = bool(placeholders & {"limit", "first"})
        self._first_page = first_page
        self._page_size = page_size
        self._total = total

    def window(self, first: int, after: str | None) -> Window:
        """Raises BadUserInput for a position that this list never gave out."""
        offset = position(after)
        wanted = first if self._total else first + 1
        if self._skips:
            return Window({"offset": offset, "limit": wanted, "first": first}, offset, 0, first, wanted)
        if self._by_page:
            size = self._page_size or _size_of_page(offset, wanted)
            page = offset // size
            arguments = {"page": page + self._first_page, "limit": size, "first": size}
            return Window(arguments, offset, offset - page * size, first, size)
        if self._limited:
            # Without an offset, all before the page has to be asked for again.
            return Window({"limit": offset + wanted, "first": offset + wanted}, offset, offset, first, offset + wanted)
        return Window({}, offset, offset, first, None)

    def cut(self, items: Sequence[Any], window: Window, total: int | None) -> Cut:
        """The page. A backend that answers everything has told its total by that."""
        end = window.start + window.first
        if window.asked is None:
            total = len(items) if total is None else total
        if total is not None:
            has_next = window.offset + window.first < total
        else:
            has_next = len(items) > end or (self._page_size is not None and len(items) == self._page_size)
        return Cut(items[window.start : end], window.offset, total, has_next)


def position(after: str | None) -> int:
    """How many records lie before the page."""
    if after is None:
        return 0
    if not (after.isascii() and after.isdigit() and len(after) <= 12):
        raise BadUserInput("after is not a position of this list", argument="after")
    return int(after)


def _size_of_page(offset: int, wanted: int) -> int:
    """The smallest page that holds the whole window, so that one call brings it although pages are counted in sizes."""
    size = max(wanted, 1)
    while offset % size + wanted > size:
        size += 1
    return size
