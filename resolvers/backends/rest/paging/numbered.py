"""Lists by page number: the wanted records are covered with as few pages as possible, asked at once."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from resolvers.backends.rest.paging.offset import asked_at_once, joined
from resolvers.backends.rest.paging.ports import Ask, Gathered, PagingBroken, RawPage, number

CALL: Final = 50
"""What another call costs, in records that could have been transferred instead."""


class NumberedPager:
    """A position is the number of items up to it, so that it outlives any page size."""

    def __init__(self, page_size: int, *, first_page: int, sized: bool, told: bool) -> None:
        self._page_size = page_size
        self._first_page = first_page
        self._sized = sized
        self._told = told

    async def gather(self, ask: Ask, first: int, after: str | None) -> Gathered:
        start = 0 if after is None else number(after)
        wanted = max(1, first if self._told else first + 1)
        size = best_size(start, wanted, self._page_size) if self._sized else self._page_size
        pages = range(start // size, (start + wanted - 1) // size + 1)
        got = await asked_at_once(
            ask, [{"page": (str(page + self._first_page),), "limit": (str(size),)} for page in pages]
        )
        for page, answer in zip(pages, got, strict=True):
            _check_full(page * size, size, answer)
        total = got[0].total
        records = joined(got, [size] * len(pages))[start - pages[0] * size :]
        seen = start + min(first, len(records))
        return Gathered(
            records=records[:first],
            positions=[str(start + index + 1) for index in range(min(first, len(records)))],
            has_next=len(records) > first or (total is not None and seen < total and bool(records)),
            total=total,
        )


def _check_full(start: int, size: int, answer: RawPage) -> None:
    """A backend that gives less than it is asked for numbers its pages by that: they would hold other records."""
    if answer.total is not None and len(answer.records) < min(size, answer.total - start):
        raise PagingBroken(
            f"asked for {size} of {answer.total} records from {start} on it gave {len(answer.records)}: "
            "page_size is more than it gives, or its total is not true"
        )


@lru_cache(maxsize=1024)
def best_size(start: int, wanted: int, most: int) -> int:
    """The page size whose pages cover the records `start` to `start + wanted` with the fewest calls and records."""
    end = start + wanted - 1

    def cost(size: int) -> int:
        calls = end // size - start // size + 1
        return calls * (size + CALL)

    # Far larger pages than what is wanted never pay.
    return min(range(max(1, min(most, wanted // 3)), min(most, 3 * wanted + 10) + 1), key=cost)
