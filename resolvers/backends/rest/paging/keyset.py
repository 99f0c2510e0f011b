"""Lists by key: the records whose key comes after the last one seen. Nothing shifts when records come and go."""

from __future__ import annotations

from typing import Any

from resolvers.backends.rest.arguments import Texts
from resolvers.backends.rest.paging.ports import Ask, BadPosition, Gathered, PagingBroken


class KeysetPager:
    """A position is the key of its record."""

    def __init__(self, page_size: int, *, sized: bool, max_pages: int) -> None:
        self._page_size = page_size
        self._sized = sized
        self._max_pages = max_pages

    async def gather(self, ask: Ask, first: int, after: str | None) -> Gathered:
        if after == "":
            raise BadPosition("not a position of this list")
        records: list[Any] = []
        positions: list[str] = []
        total: int | None = None
        for _ in range(self._max_pages):
            left = first + 1 - len(records)
            limit = min(self._page_size, left) if self._sized else self._page_size
            window: Texts = {"limit": (str(limit),)}
            if after is not None:
                window["after_key"] = (after,)
            page = await ask(window)
            if len(page.records) > limit:
                raise PagingBroken(f"asked for {limit} records it gave {len(page.records)}")
            if page.keys and page.keys[0] == after:
                raise PagingBroken("the page after a key starts with that key")
            if total is None:
                total = page.total
            records.extend(page.records)
            positions.extend(page.keys)
            if len(page.records) < limit or len(records) > first:
                return Gathered(
                    records=records[:first], positions=positions[:first], has_next=len(records) > first, total=total
                )
            after = positions[-1]
        raise PagingBroken(f"{self._max_pages} pages in a row did not hold what was asked for")
