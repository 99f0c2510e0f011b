"""Lists by offset: one call where the page fits the backend's largest, parallel calls where it does not."""

from __future__ import annotations

import asyncio

from resolvers.backends.rest.paging.ports import Ask, Gathered, PagingBroken, RawPage, number


class OffsetPager:
    """A position is the number of items up to it.

    `sized` says that the backend takes a limit, `told` that it tells the total: then nobody has to look one further.
    """

    def __init__(self, page_size: int, *, sized: bool, told: bool) -> None:
        self._page_size = page_size
        self._sized = sized
        self._told = told

    async def gather(self, ask: Ask, first: int, after: str | None) -> Gathered:
        start = 0 if after is None else number(after)
        wanted = max(1, first if self._told else first + 1)
        windows = [
            (start + at, min(self._page_size, wanted - at) if self._sized else self._page_size)
            for at in range(0, wanted, self._page_size)
        ]
        pages = await asked_at_once(
            ask, [{"offset": (str(offset),), "limit": (str(limit),)} for offset, limit in windows]
        )
        records = joined(pages, [limit for _, limit in windows])
        total = pages[0].total
        if total is not None and not records and start < total:
            raise PagingBroken(f"it tells a total of {total} and gives nothing after {start}")
        seen = start + min(first, len(records))
        return Gathered(
            records=records[:first],
            positions=[str(start + index + 1) for index in range(min(first, len(records)))],
            has_next=len(records) > first or (total is not None and seen < total and bool(records)),
            total=total,
        )


async def asked_at_once(ask: Ask, windows: list[dict[str, tuple[str, ...]]]) -> list[RawPage]:
    """The pages of all windows, in order. One that fails ends the others."""
    if len(windows) == 1:
        return [await ask(windows[0])]
    tasks = [asyncio.ensure_future(ask(window)) for window in windows]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


def joined(pages: list[RawPage], limits: list[int]) -> list[object]:
    """The items of neighbouring pages. Raises PagingBroken when one is too long, or too short to be followed."""
    records: list[object] = []
    ended = False
    for page, limit in zip(pages, limits, strict=True):
        if len(page.records) > limit:
            raise PagingBroken(f"asked for {limit} records it gave {len(page.records)}")
        if ended and page.records:
            raise PagingBroken("a page was not full, and another followed: page_size is more than it gives")
        ended = ended or len(page.records) < limit
        records.extend(page.records)
    return records
