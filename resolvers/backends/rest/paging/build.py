"""From `paging` in `bizgraph.toml` to its pager."""

from __future__ import annotations

from resolvers.backends.rest.paging.cursors import CursorPager
from resolvers.backends.rest.paging.keyset import KeysetPager
from resolvers.backends.rest.paging.numbered import NumberedPager
from resolvers.backends.rest.paging.offset import OffsetPager
from resolvers.backends.rest.paging.ports import Pager
from resolvers.backends.rest.paging.settings import (
    CursorPaging,
    KeysetPaging,
    LinkPaging,
    OffsetPaging,
    PagePaging,
    Paging,
)
from resolvers.backends.rest.paging.whole import WholePager


def pager_of(paging: Paging, placeholders: frozenset[str], *, told: bool) -> Pager:
    """The pager; `placeholders` are those that the request has, `told` says that the backend tells the total."""
    sized = "limit" in placeholders
    match paging:
        case OffsetPaging():
            return OffsetPager(paging.page_size, sized=sized, told=told)
        case PagePaging():
            return NumberedPager(paging.page_size, first_page=paging.first_page, sized=sized, told=told)
        case CursorPaging() | LinkPaging():
            return CursorPager(paging.page_size, sized=sized, max_pages=paging.max_pages)
        case KeysetPaging():
            return KeysetPager(paging.page_size, sized=sized, max_pages=paging.max_pages)
        case _:
            return WholePager()
