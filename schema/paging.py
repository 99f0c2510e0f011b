"""Relay's connections: pages of lists with a cursor for every node."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

import strawberry

from resolvers.pages import PageRequest
from schema.binding import Level
from schema.cost import FREE

Node = TypeVar("Node")

First = Annotated[int, strawberry.argument(description="How many records at most.")]
After = Annotated[str | None, strawberry.argument(description="Start after the record with this cursor.")]


@strawberry.type(description="Where a page lies in its list.", directives=[FREE])
class PageInfo:
    """Relay's PageInfo; paging is forward only."""

    has_next_page: bool = strawberry.field(description="Whether records follow this page.")
    has_previous_page: bool = strawberry.field(description="Whether records come before this page.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first record; null for an empty page.")
    end_cursor: str | None = strawberry.field(
        description="The cursor of the last record, to be given as `after` for the next page; null for an empty page."
    )


@strawberry.type(description="A record in a list, with its cursor.", directives=[FREE])
class Edge(Generic[Node]):
    """Relay's edge."""

    cursor: str = strawberry.field(description="Where this record is in the list.")
    node: Node | None = strawberry.field(description="The record; null, with an error, when it could not be read.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[Node]):
    """Relay's connection, with `nodes` for those who need no cursors."""

    edges: list[Edge[Node]] = strawberry.field(description="The records of this page with their cursors.")
    nodes: list[Node | None] = strawberry.field(
        description="The records of this page; one that could not be read is null, with an error."
    )
    page_info: PageInfo = strawberry.field(description="Where this page lies in the list.")
    total_count: int | None = strawberry.field(
        description="How many records the whole list has; null where the backend does not tell."
    )


def page_request(info: Level, first: int, after: str | None) -> PageRequest:
    """What the client wants of the list. Whether there is more and how many there are is found out only when asked."""
    return PageRequest(first, after, info.selects_path("pageInfo", "hasNextPage"), info.selects("totalCount"))
