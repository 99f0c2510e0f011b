"""Lists that come whole: every page is cut from the same answer."""

from __future__ import annotations

from resolvers.backends.rest.paging.ports import Ask, Gathered, number


class WholePager:
    """A position is the number of records up to it."""

    async def gather(self, ask: Ask, first: int, after: str | None) -> Gathered:
        start = 0 if after is None else number(after)
        page = await ask({})
        records = list(page.records[start : start + first])
        return Gathered(
            records=records,
            positions=[str(start + index + 1) for index in range(len(records))],
            has_next=start + first < len(page.records),
            total=page.total if page.total is not None else len(page.records),
        )
