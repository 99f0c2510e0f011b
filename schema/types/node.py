"""The interface of everything that can be fetched again by its id (Relay)."""

from __future__ import annotations

import strawberry


@strawberry.interface(description="A record with an id that is unique in the whole graph.")
class Node:
    """Relay's Node."""

    id: strawberry.ID = strawberry.field(description="The id in the whole graph, such as `Customer:c7`.")
