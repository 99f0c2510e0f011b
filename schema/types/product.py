"""Products and what the warehouses hold of them."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from decimal import Decimal
from typing import Any

import strawberry

from resolvers import inventory, records
from schema.access import requires
from schema.binding import Level, computed, relation
from schema.cost import FREE, about
from schema.ids import global_id
from schema.paging import Connection
from schema.types.node import Node

Answers = Sequence[Any] | Awaitable[Sequence[Any]]


def stock_of(parents: Sequence[records.Product], info: Level) -> Answers:
    return inventory.stock_levels(parents, info.context)


def available_of(parents: Sequence[records.Product], info: Level) -> Answers:
    return inventory.available(parents, info.context)


@strawberry.type(
    description="What one warehouse holds of a product. Without the scope there is `Product.available` only.",
    directives=[requires("inventory:stock")],
)
class StockLevel:
    """Presents `resolvers.records.StockLevel`."""

    warehouse: str = strawberry.field(description="The code of the warehouse.")
    on_hand: Decimal | None = strawberry.field(description="What is on the shelves; may be negative after corrections.")
    reserved: Decimal | None = strawberry.field(description="What is promised to open orders.")
    available: Decimal | None = computed(
        inventory.level_available, Decimal | None, description="What can be sold: on hand less reserved."
    )


@strawberry.type(description="A product, from the warehouse.", directives=[requires("inventory:read")])
class Product(Node):
    """Presents `resolvers.records.Product`."""

    id: strawberry.ID = computed(
        lambda product: global_id("Product", product.sku),
        strawberry.ID,
        description="The id in the whole graph, such as `Product:SKU-0001`.",
    )
    sku: str = strawberry.field(description="The stock keeping unit: the product's id in the warehouse.")
    name: str | None = strawberry.field(description="What it is called.")
    stock: Any = relation(
        stock_of,
        list[StockLevel] | None,
        description="What each warehouse holds of it.",
        calls=["stock.by_skus"],
        directives=[about(5)],
    )
    available: Any = relation(
        available_of,
        Decimal | None,
        description="What can be sold in all; null where the warehouse does not tell.",
        calls=["stock.by_skus"],
    )


@strawberry.type(description="A page of products.", directives=[requires("inventory:read"), FREE])
class ProductConnection(Connection[Product]):
    """Relay's connection to products."""
