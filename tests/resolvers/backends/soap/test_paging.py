"""Pages of lists, for every way in which services page."""

# ruff: noqa: E501 - XML reads better in one line

from __future__ import annotations

from collections.abc import Sequence

import pytest

from resolvers.backends.soap.paging import Paging
from resolvers.errors import BadUserInput

ROWS = list(range(103))


def asked(arguments: dict[str, int], first_page: int, page_size: int | None) -> Sequence[int]:
    """What a service answers to these arguments."""
    if "offset" in arguments:
        return ROWS[arguments["offset"] : arguments["offset"] + arguments["limit"]]
    if "page" in arguments:
        size = page_size or arguments["limit"]
        start = (arguments["page"] - first_page) * size
        return ROWS[start : start + size]
    return ROWS[: arguments["limit"]] if "limit" in arguments else ROWS


WAYS = {
    "limit and offset": ({"limit", "offset"}, 1, None, False),
    "limit and offset with a total": ({"limit", "offset"}, 1, None, True),
    "page and limit": ({"page", "limit"}, 1, None, False),
    "page from zero": ({"page", "limit"}, 0, None, False),
    "page and limit with a total": ({"page", "limit"}, 1, None, True),
    "pages of a fixed size": ({"page"}, 1, 25, False),
    "limit alone": ({"limit"}, 1, None, False),
    "nothing": (set(), 1, None, False),
}


@pytest.mark.parametrize("first", [1, 7, 20, 50, 103, 200])
@pytest.mark.parametrize(("placeholders", "first_page", "page_size", "total"), WAYS.values(), ids=WAYS.keys())
def test_walking_through_the_pages_gives_every_record_once(
    placeholders: set[str], first_page: int, page_size: int | None, total: bool, first: int
) -> None:
    """From position to position, whatever the size of a page: nothing is missed, nothing comes twice, and the end is known."""
    paging = Paging(frozenset(placeholders), first_page=first_page, page_size=page_size, total=total)
    seen: list[int] = []
    after = None
    for _ in range(200):
        window = paging.window(first, after)
        cut = paging.cut(asked(window.arguments, first_page, page_size), window, len(ROWS) if total else None)
        assert len(cut.items) <= first
        seen.extend(cut.items)
        assert cut.has_next == (len(seen) < len(ROWS))
        if not cut.has_next:
            break
        after = str(cut.offset + len(cut.items))
    assert seen == ROWS


def test_one_more_than_wanted_is_asked_for_where_no_total_is_told() -> None:
    """With a total nobody needs to look ahead."""
    assert Paging(frozenset({"limit", "offset"})).window(20, None).arguments["limit"] == 21
    assert Paging(frozenset({"limit", "offset"}), total=True).window(20, None).arguments["limit"] == 20


def test_a_page_holds_the_whole_window() -> None:
    """Pages are counted in their size, so the size is chosen such that one page holds what is wanted."""
    window = Paging(frozenset({"page", "limit"})).window(20, "100")
    assert window.arguments == {"page": 5, "limit": 25, "first": 25}
    assert window.start == 0


def test_a_list_that_comes_whole_tells_its_total() -> None:
    """Who answers everything has told how much there is."""
    paging = Paging(frozenset())
    assert paging.cut(ROWS, paging.window(5, None), None).total == 103


@pytest.mark.parametrize("after", ["", "-1", "x", "1.5", "9" * 13, "\u0661"])
def test_a_position_of_another_list_is_refused(after: str) -> None:
    """Positions are numbers that this list gave out."""
    with pytest.raises(BadUserInput):
        Paging(frozenset({"limit", "offset"})).window(5, after)
