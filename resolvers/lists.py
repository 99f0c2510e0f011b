"""Lists under filters, orders and pages: what the backend does and what the gateway does itself.

A backend is asked with every argument that its operation accepts. What it cannot do, the gateway does where it holds
the whole list (the orders of one customer). Where only the backend holds it, the argument is refused by name: a page
that was filtered after paging would silently miss records.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from resolvers.backends.operation import Operation
from resolvers.context import Context
from resolvers.errors import GatewayError
from resolvers.filters import Filter, sorted_by
from resolvers.pages import Page, PageRequest, cut, decode_cursor


async def pages_of_owners(
    operation: Operation[Any],
    keys: Sequence[str | None],
    context: Context,
    request: PageRequest,
    criteria: Filter | None = None,
    sort: str | None = None,
    *,
    owned: bool = False,
) -> list[Page | GatewayError]:
    """One page per key of what belongs to that key, in one call of the operation for all of them."""
    request.checked(context.max_page)
    pushed, left = _shared_out(operation, criteria, sort)
    limited = not (left or request.count or request.after is not None) and "per_key" in operation.accepts
    if limited:
        # One more than wanted tells whether there is a next page; it is left out when nobody asks.
        pushed["per_key"] = request.first + 1 if request.look_ahead else request.first
    groups = await operation.load_groups(keys, context, pushed, owned=owned)
    if left:
        today = context.today()
        sort = sort if "sort" in left else None
        groups = [
            group if isinstance(group, GatewayError) else _chosen(group, criteria, sort, today) for group in groups
        ]
    return [group if isinstance(group, GatewayError) else _page(group, request, limited) for group in groups]


def _shared_out(
    operation: Operation[Any], criteria: Filter | None, sort: str | None
) -> tuple[dict[str, Any], Collection[str]]:
    """The arguments that the backend is asked with, and the names of those that are left to the gateway."""
    wanted = _arguments(criteria, sort)
    if not wanted:
        return wanted, ()
    left = wanted.keys() - operation.accepts
    return {name: value for name, value in wanted.items() if name not in left}, left


def _arguments(criteria: Filter | None, sort: str | None) -> dict[str, Any]:
    """What a backend is told to filter and sort by."""
    arguments = {} if criteria is None else dict(criteria.arguments())
    if sort is not None:
        arguments["sort"] = sort
    return arguments


def _chosen(group: Sequence[Any], criteria: Filter | None, sort: str | None, today: date) -> Sequence[Any]:
    """The records that meet the criteria, in order, with the errors among them."""
    if criteria is not None:
        group = [record for record in group if isinstance(record, Exception) or criteria.matches(record, today)]
    return group if sort is None else sorted_by(sort, group)


def _page(group: Sequence[Any], request: PageRequest, limited: bool) -> Page | GatewayError:
    """The wanted page; the whole list has as many records as `group`, unless the backend sent a limited number."""
    try:
        return cut(group, request, total=None if limited else len(group))
    except GatewayError as error:
        return error


async def page_of_all(
    operation: Operation[Any],
    context: Context,
    request: PageRequest,
    criteria: Filter | None = None,
    sort: str | None = None,
) -> Page:
    """One page of everything there is. Raises GatewayError; BadUserInput when the backend cannot filter or sort so."""
    request.checked(context.max_page)
    arguments = _arguments(criteria, sort)
    after = None if request.after is None else decode_cursor("at", request.after)
    fetched = await operation.page(request.first, after, context, arguments)
    return Page(
        nodes=fetched.records,
        marks=fetched.positions if fetched.positions is not None else [""] * len(fetched.records),
        total_count=fetched.total,
        has_next=fetched.has_next,
        has_previous=request.after is not None,
    )
