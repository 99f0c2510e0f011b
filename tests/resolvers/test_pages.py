"""Pages: cursors that say what they are, and cuts that lose nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.errors import BackendContract, BadUserInput
from resolvers.pages import PageRequest, cut, decode_cursor, encode_cursor
from resolvers.records import Order

ORDERS = [Order(id=f"o{number}") for number in range(10)]


@given(st.text(), st.sampled_from(["id", "at"]))
def test_a_cursor_leads_back_to_its_record(mark: str, kind: str) -> None:
    """Whatever ids a backend has, the cursor made of one is read as the same id."""
    assert decode_cursor(kind, encode_cursor(kind, mark)) == mark


@given(st.text())
def test_what_is_no_cursor_is_refused_in_our_words(text: str) -> None:
    """A made-up cursor is BAD_USER_INPUT, never a fault and never another library's message."""
    with pytest.raises(BadUserInput, match="after is not a cursor of this list"):
        decode_cursor("id", "x" + text)


def test_a_cursor_of_another_list_is_refused() -> None:
    """A cursor of a paged list does not page the orders of a customer."""
    with pytest.raises(BadUserInput):
        cut(ORDERS, PageRequest(5, encode_cursor("at", "3")), total=10)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10, 20])
def test_paging_through_meets_every_record_once(size: int) -> None:
    """Following endCursor until hasNextPage is false gives the whole list, in order, without repeats."""
    seen: list[str] = []
    after = None
    while True:
        page = cut(ORDERS, PageRequest(size, after), total=10)
        seen += [node.id for node in page.nodes]
        assert page.has_previous is (after is not None)
        if not page.has_next:
            break
        after = page.page_info.end_cursor
    assert seen == [order.id for order in ORDERS]


def test_an_empty_list_is_a_page_without_cursors() -> None:
    """Nothing to show is no error."""
    info = cut([], PageRequest(5), total=0).page_info
    assert (info.start_cursor, info.end_cursor, info.has_next_page, info.has_previous_page) == (
        None,
        None,
        False,
        False,
    )


def test_first_zero_asks_only_whether_there_is_something() -> None:
    """`first: 0` gives no records but the total and whether there are any."""
    page = cut(ORDERS, PageRequest(0), total=10)
    assert (list(page.nodes), page.total_count, page.has_next) == ([], 10, True)


def test_a_bad_record_keeps_its_place() -> None:
    """A record that could not be read takes neither its neighbours nor the way to the next page with it."""
    bad = BackendContract("no", backend="b", operation="o")
    page = cut([ORDERS[0], bad, ORDERS[2]], PageRequest(2), total=3)
    assert list(page.nodes) == [ORDERS[0], bad]
    rest = cut([ORDERS[0], bad, ORDERS[2]], PageRequest(5, page.page_info.end_cursor), total=3)
    assert ORDERS[2] in rest.nodes


@pytest.mark.parametrize(("first", "most"), [(-1, 10), (11, 10)])
def test_page_sizes_are_checked(first: int, most: int) -> None:
    """A page that is negative or too large is refused with the value in the message."""
    with pytest.raises(BadUserInput, match=str(first) if first > 0 else "negative"):
        PageRequest(first).checked(most)
