"""Lists by cursor: each answer tells where the next page starts."""

from __future__ import annotations

from typing import Any

from resolvers.backends.rest.arguments import Texts
from resolvers.backends.rest.paging.ports import Ask, BadPosition, Gathered, PagingBroken, number


class CursorPager:
    """A position is `skip.limit.cursor`: go to the cursor with that limit and leave out the first `skip` items.

    The limit is part of it, because some cursors (page numbers above all) mean another place under another limit.
    """

    def __init__(self, page_size: int, *, sized: bool, max_pages: int) -> None:
        self._page_size = page_size
        self._sized = sized
        self._max_pages = max_pages

    async def gather(self, ask: Ask, first: int, after: str | None) -> Gathered:
        skip, limit, cursor = _read(after)
        if limit == 0:
            limit = min(self._page_size, max(1, first)) if self._sized else self._page_size
        if limit > self._page_size:
            raise BadPosition("not a position of this list")
        records: list[Any] = []
        positions: list[str] = []
        total: int | None = None
        for _ in range(self._max_pages):
            window: Texts = {"limit": (str(limit),)}
            if cursor is not None:
                window["cursor"] = (cursor,)
            page = await ask(window)
            count = len(page.records)
            if self._sized and count > limit:
                raise PagingBroken(f"asked for {limit} records it gave {count}")
            if total is None:
                total = page.total
            for index in range(skip, count):
                if len(records) == first:
                    return Gathered(records=records, positions=positions, has_next=True, total=total)
                records.append(page.records[index])
                whole = index + 1 == count and page.next is not None
                positions.append(_write(0, limit, page.next) if whole else _write(index + 1, limit, cursor))
            if page.next is None or len(records) == first:
                return Gathered(records=records, positions=positions, has_next=page.next is not None, total=total)
            if page.next == cursor:
                raise PagingBroken("the cursor of the next page is that of the page itself")
            skip = max(0, skip - count)
            cursor = page.next
        raise PagingBroken(f"{self._max_pages} pages in a row did not hold what was asked for")


def _write(skip: int, limit: int, cursor: str | None) -> str:
    return f"{skip}.{limit}" if cursor is None else f"{skip}.{limit}.{cursor}"


def _read(position: str | None) -> tuple[int, int, str | None]:
    if position is None:
        return 0, 0, None
    skip, _, rest = position.partition(".")
    limit, separator, cursor = rest.partition(".")
    if number(limit) == 0:
        raise BadPosition("not a position of this list")
    return number(skip), number(limit), cursor if separator else None
