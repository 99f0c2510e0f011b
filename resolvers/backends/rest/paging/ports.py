"""What pagers and the endpoint tell each other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol

from msgspec import Struct

from resolvers.backends.rest.arguments import Texts


class RawPage(Struct, kw_only=True):
    """One answer of the backend. `records` holds one entry per item; DROPPED where the record filter left it out."""

    records: Sequence[Any]
    total: int | None = None
    next: str | None = None
    """The cursor of the next page, where the backend told one."""
    keys: Sequence[str] = ()
    """Keyset: the key of each item."""


class Gathered(Struct, kw_only=True):
    """What a pager has put together: at most as many records as were wanted, each with its position."""

    records: list[Any]
    positions: list[str]
    has_next: bool
    total: int | None = None


class PagingBroken(Exception):
    """The backend does not page as it is configured to; the message says what it did."""


class BadPosition(ValueError):
    """A position that no pager of this kind has made."""


Ask = Callable[[Texts], Awaitable[RawPage]]
"""Makes one call with these values for the placeholders of paging."""


class Pager(Protocol):
    """One way of paging."""

    async def gather(self, ask: Ask, first: int, after: str | None) -> Gathered:
        """The `first` records after the position. Raises BadPosition, PagingBroken, and whatever `ask` raises."""
        ...


LONGEST_CURSOR: Final = 4096
"""Characters of a backend's cursor: every record of a page carries it in its position, and it goes into a URL."""
LONGEST_POSITION: Final = LONGEST_CURSOR + 64
DROPPED: Any = object()
"""In a page's records: an item that the record filter leaves out."""


def number(text: str, most: int = 10**12) -> int:
    """A number out of a position. Raises BadPosition."""
    if not text.isascii() or not text.isdigit() or len(text) > 13 or int(text) > most:
        raise BadPosition("not a position of this list")
    return int(text)
