"""Paging: whatever way a backend pages, no record comes twice and none is missed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.backends.rest.arguments import Texts
from resolvers.backends.rest.paging.cursors import CursorPager
from resolvers.backends.rest.paging.keyset import KeysetPager
from resolvers.backends.rest.paging.numbered import NumberedPager, best_size
from resolvers.backends.rest.paging.offset import OffsetPager
from resolvers.backends.rest.paging.ports import Ask, BadPosition, Gathered, Pager, PagingBroken, RawPage
from resolvers.backends.rest.paging.whole import WholePager

Window = dict[str, tuple[str, ...]]


class Model:
    """A backend with `count` records that pages in one way, gives `largest` records at most, and counts its calls."""

    def __init__(self, count: int, largest: int, *, sized: bool, told: bool) -> None:
        self.records = list(range(count))
        self.largest = largest
        self.sized = sized
        self.told = told
        self.calls = 0

    def limit(self, window: Texts) -> int:
        self.calls += 1
        limit = int(window["limit"][0]) if self.sized else self.largest
        assert 1 <= limit <= self.largest, "no pager asks for more than the backend gives"
        return limit

    def page(self, start: int, limit: int, **more: Any) -> RawPage:
        found = self.records[start : start + limit]
        return RawPage(records=found, total=len(self.records) if self.told else None, **more)

    async def by_offset(self, window: Texts) -> RawPage:
        return self.page(int(window["offset"][0]), self.limit(window))

    def by_page(self, first_page: int) -> Ask:
        async def ask(window: Texts) -> RawPage:
            limit = self.limit(window)
            return self.page((int(window["page"][0]) - first_page) * limit, limit)

        return ask

    async def by_cursor(self, window: Texts) -> RawPage:
        """Cursors that mean a record."""
        start = int(window["cursor"][0].removeprefix("r.")) if "cursor" in window else 0
        limit = self.limit(window)
        end = start + limit
        return self.page(start, limit, next=f"r.{end}" if end < len(self.records) else None)

    async def by_linked_page(self, window: Texts) -> RawPage:
        """Cursors that are page numbers, whose place depends on the limit."""
        number = int(window["cursor"][0]) if "cursor" in window else 1
        limit = self.limit(window)
        end = number * limit
        return self.page(end - limit, limit, next=str(number + 1) if end < len(self.records) else None)

    async def by_lazy_cursor(self, window: Texts) -> RawPage:
        """Cursors of a backend that gives fewer records than asked for, and an empty page now and then."""
        start = int(window["cursor"][0].split("x")[0]) if "cursor" in window else 0
        again = "cursor" in window and window["cursor"][0].endswith("x")
        limit = self.limit(window)
        if start and not again:
            return self.page(0, 0, next=f"{start}x")
        end = start + max(1, limit // 2)
        return self.page(start, end - start, next=f"{end}" if end < len(self.records) else None)

    async def by_key(self, window: Texts) -> RawPage:
        after = int(window["after_key"][0]) if "after_key" in window else -1
        limit = self.limit(window)
        page = self.page(after + 1, limit)
        page.keys = [str(record) for record in page.records]
        return page

    async def whole(self, window: Texts) -> RawPage:
        self.calls += 1
        return self.page(0, len(self.records))


Way = Callable[[Model], tuple[Pager, Ask]]
WAYS: dict[str, Way] = {
    "whole": lambda m: (WholePager(), m.whole),
    "offset": lambda m: (OffsetPager(m.largest, sized=m.sized, told=m.told), m.by_offset),
    "page from 0": lambda m: (NumberedPager(m.largest, first_page=0, sized=m.sized, told=m.told), m.by_page(0)),
    "page from 1": lambda m: (NumberedPager(m.largest, first_page=1, sized=m.sized, told=m.told), m.by_page(1)),
    "cursor": lambda m: (CursorPager(m.largest, sized=m.sized, max_pages=1000), m.by_cursor),
    "linked page": lambda m: (CursorPager(m.largest, sized=m.sized, max_pages=1000), m.by_linked_page),
    "lazy cursor": lambda m: (CursorPager(m.largest, sized=m.sized, max_pages=1000), m.by_lazy_cursor),
    "keyset": lambda m: (KeysetPager(m.largest, sized=m.sized, max_pages=1000), m.by_key),
}


def run(gathering: Any) -> Gathered:
    result: Gathered = asyncio.run(gathering)
    return result


@pytest.mark.parametrize("way", WAYS)
@given(
    count=st.integers(0, 60),
    largest=st.integers(1, 25),
    sized=st.booleans(),
    told=st.booleans(),
    steps=st.lists(st.tuples(st.integers(1, 40), st.integers(0, 39)), min_size=1, max_size=6),
)
def test_any_walk_through_a_list_meets_every_record_once(
    way: str, count: int, largest: int, sized: bool, told: bool, steps: list[tuple[int, int]]
) -> None:
    """From any record's position any number of records follows, in order, without a gap, and has_next is exact."""
    model = Model(count, largest, sized=sized, told=told)
    pager, ask = WAYS[way](model)

    async def walk() -> None:
        at, after = 0, None
        for first, back in steps:
            got = await pager.gather(ask, first, after)
            assert got.records == model.records[at : at + first]
            assert len(got.positions) == len(got.records)
            assert got.has_next is (at + first < count)
            if got.total is not None:
                assert got.total == count
            if not got.positions:
                break
            # Go on from some record of the page, not always from its last.
            index = len(got.positions) - 1 - back % len(got.positions)
            after = got.positions[index]
            at += index + 1

    asyncio.run(walk())


@pytest.mark.parametrize("way", WAYS)
@given(count=st.integers(0, 200), first=st.integers(1, 50), told=st.booleans())
def test_a_page_within_the_backends_size_costs_few_calls(way: str, count: int, first: int, told: bool) -> None:
    """Walking on page by page takes at most two calls a page, and one where nothing has to be looked up."""
    model = Model(count, 100, sized=True, told=told)
    pager, ask = WAYS[way](model)
    if way == "lazy cursor":
        return

    async def walk() -> None:
        after = None
        while True:
            model.calls = 0
            got = await pager.gather(ask, first, after)
            assert model.calls <= (2 if way.startswith("page") else 1)
            if not got.has_next:
                return
            after = got.positions[-1]

    asyncio.run(walk())


@pytest.mark.parametrize("way", ["offset", "page from 0", "page from 1"])
def test_pages_larger_than_the_backends_are_asked_for_at_once(way: str) -> None:
    """Where one page takes several calls, none waits for another."""
    model = Model(100, 10, sized=True, told=True)
    pager, ask = WAYS[way](model)
    running = 0
    together = 0

    async def counted(window: Texts) -> RawPage:
        nonlocal running, together
        running += 1
        together = max(together, running)
        await asyncio.sleep(0)
        running -= 1
        return await ask(window)

    got = run(pager.gather(counted, 35, None))
    assert got.records == list(range(35))
    assert together == 4


def test_a_failing_page_ends_the_others() -> None:
    """When one of several calls fails, the others are not left running."""
    ended = 0

    async def ask(window: Texts) -> RawPage:
        nonlocal ended
        if window["offset"] == ("0",):
            await asyncio.sleep(0)
            raise ZeroDivisionError
        try:
            await asyncio.Event().wait()
        finally:
            ended += 1
        raise AssertionError

    with pytest.raises(ZeroDivisionError):
        run(OffsetPager(10, sized=True, told=True).gather(ask, 30, None))
    assert ended == 2


@given(start=st.integers(0, 500), wanted=st.integers(1, 100), most=st.integers(1, 200))
def test_the_chosen_page_size_covers_cheaply(start: int, wanted: int, most: int) -> None:
    """The page size never passes the backend's, and never takes more calls than that of the backend's largest page."""
    size = best_size(start, wanted, most)
    assert 1 <= size <= most

    def calls(size: int) -> int:
        return (start + wanted - 1) // size - start // size + 1

    assert calls(size) <= calls(most) + 1
    assert calls(size) * size <= calls(most) * most + 2 * (most + 50)


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_wanted(way: str) -> None:
    """`first: 0` asks how many there are and whether there are any, and gives no record."""
    model = Model(5, 3, sized=True, told=True)
    pager, ask = WAYS[way](model)
    got = run(pager.gather(ask, 0, None))
    assert (got.records, got.positions, got.has_next) == ([], [], True)
    assert got.total == 5


@pytest.mark.parametrize("way", WAYS)
@given(position=st.text(max_size=20) | st.from_regex(r"\A[0-9]{1,4}\.[0-9]{0,4}(\.\w{0,3})?\Z"))
def test_a_forged_position_is_refused_or_harmless(way: str, position: str) -> None:
    """Positions come back from clients: one that was made up never raises anything but BadPosition."""
    model = Model(10, 5, sized=True, told=False)
    pager, _ = WAYS[way](model)

    async def ask(window: Texts) -> RawPage:
        assert all(len(values) == 1 for values in window.values())
        assert int(window.get("limit", ("1",))[0]) <= 5
        return RawPage(records=[1], keys=["k"])

    try:
        got = run(pager.gather(ask, 3, position))
    except (BadPosition, PagingBroken):
        return
    assert len(got.records) <= 3


# Backends that do not page as they are configured to


async def _many(window: Texts) -> RawPage:
    return RawPage(records=list(range(50)), keys=[str(number) for number in range(50)])


@pytest.mark.parametrize(
    "pager",
    [
        OffsetPager(10, sized=True, told=False),
        NumberedPager(10, first_page=1, sized=True, told=False),
        CursorPager(10, sized=True, max_pages=5),
        KeysetPager(10, sized=True, max_pages=5),
    ],
)
def test_a_backend_that_ignores_the_limit_is_told(pager: Pager) -> None:
    """More records than asked for would come again on the next page: that is an error, never a duplicate."""
    with pytest.raises(PagingBroken, match="it gave 50"):
        run(pager.gather(_many, 5, None))


def test_a_backend_with_smaller_pages_than_configured_is_told() -> None:
    """A page that is not full, followed by another, means a wrong page_size: records between them would be lost."""

    async def ask(window: Texts) -> RawPage:
        offset, limit = int(window["offset"][0]), int(window["limit"][0])
        return RawPage(records=list(range(offset, offset + min(limit, 5))))

    with pytest.raises(PagingBroken, match="page_size"):
        run(OffsetPager(10, sized=True, told=False).gather(ask, 15, None))


@pytest.mark.parametrize("after", [None, "60"])
def test_a_page_that_is_shorter_than_its_total_says_is_told(after: str | None) -> None:
    """Numbered pages of another size than was asked for hold other records: none is skipped or given twice."""

    async def ask(window: Texts) -> RawPage:
        size = min(int(window["limit"][0]), 25)
        start = int(window["page"][0]) * size
        return RawPage(records=list(range(start, min(start + size, 100))), total=100)

    pager = NumberedPager(30, first_page=0, sized=True, told=True)
    with pytest.raises(PagingBroken, match=r"asked for 30 of 100 records .* gave 25: page_size"):
        run(pager.gather(ask, 30, after))


def test_a_list_that_ends_before_its_total_is_told() -> None:
    """Nothing where the total says that something follows is an error, and no end."""

    async def ask(window: Texts) -> RawPage:
        return RawPage(records=[], total=100)

    with pytest.raises(PagingBroken, match="tells a total of 100 and gives nothing after 50"):
        run(OffsetPager(30, sized=True, told=True).gather(ask, 30, "50"))
    assert run(OffsetPager(30, sized=True, told=True).gather(ask, 30, "100")).records == []


def test_a_cursor_that_leads_to_itself_is_told() -> None:
    """A backend whose next page is the same page does not keep the gateway busy."""

    async def ask(window: Texts) -> RawPage:
        return RawPage(records=[1], next="same")

    with pytest.raises(PagingBroken, match="that of the page itself"):
        run(CursorPager(1, sized=True, max_pages=50).gather(ask, 10, None))


def test_a_position_holds_when_pages_become_shorter() -> None:
    """A backend that gives its records in smaller pages than before is followed until the position is reached."""
    pages = {"": ([1, 2, 3, 4], "b"), "a": ([1, 2], "b2"), "b2": ([3, 4], "b"), "b": ([5, 6], None)}

    async def ask(window: Texts) -> RawPage:
        records, cursor = pages[window.get("cursor", ("",))[0]]
        return RawPage(records=records, next=cursor)

    got = run(CursorPager(10, sized=True, max_pages=9).gather(ask, 2, "3.10.a"))
    assert got.records == [4, 5]


def test_endless_empty_pages_are_told() -> None:
    """Pages without records, each with another cursor, end at max_pages."""
    calls = 0

    async def ask(window: Texts) -> RawPage:
        nonlocal calls
        calls += 1
        return RawPage(records=[], next=str(calls))

    with pytest.raises(PagingBroken, match="7 pages"):
        run(CursorPager(10, sized=True, max_pages=7).gather(ask, 10, None))
    assert calls == 7


def test_a_keyset_that_includes_its_key_is_told() -> None:
    """A backend that answers `>=` where `>` is meant would repeat a record on every page."""

    async def ask(window: Texts) -> RawPage:
        return RawPage(records=[5, 6], keys=["5", "6"])

    with pytest.raises(PagingBroken, match="starts with that key"):
        run(KeysetPager(10, sized=True, max_pages=5).gather(ask, 1, "5"))
