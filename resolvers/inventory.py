"""Products and their stock, from the warehouse or the ERP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from operator import attrgetter
from typing import TypeVar

from resolvers.backends.operation import Operation
from resolvers.context import Context
from resolvers.errors import GatewayError
from resolvers.filters import ProductFilter
from resolvers.lists import page_of_all
from resolvers.pages import Page, PageRequest
from resolvers.records import OrderLine, Product, StockLevel

Answers = Awaitable[list[Product | GatewayError | None]]
Figure = TypeVar("Figure")
Stocked = Sequence[Figure | GatewayError | None] | Awaitable[Sequence[Figure | GatewayError | None]]


def by_skus(skus: Sequence[str | None], context: Context) -> Answers:
    """One product per SKU; None for one that the warehouse does not know."""
    return context.backends.products_by_skus.load(skus, context)


def of_lines(lines: Sequence[OrderLine], context: Context) -> Answers:
    """The product of each order line; None for free text lines."""
    return by_skus([line.sku for line in lines], context)


async def page(
    context: Context, request: PageRequest, criteria: ProductFilter | None = None, sort: str | None = None
) -> Page:
    """A page of all products."""
    return await page_of_all(context.backends.products_list, context, request, criteria, sort)


def stock_levels(products: Sequence[Product], context: Context) -> Stocked[tuple[StockLevel, ...]]:
    """What each warehouse holds of each product."""
    return _of_stock(products, context, attrgetter("stock"))


def available(products: Sequence[Product], context: Context) -> Stocked[Decimal]:
    """What can be sold of each product: as the backend tells it, else the sum over its warehouses."""
    return _of_stock(products, context, sum_available)


def _of_stock(
    products: Sequence[Product], context: Context, told: Callable[[Product], Figure | None]
) -> Stocked[Figure]:
    """What is told of each product's stock: of what came with it, which is known at once, or of what `stock.by_skus`
    knows where that is configured."""
    stock = context.backends.stock_by_skus
    return _of_loaded(stock, products, context, told) if stock.configured else list(map(told, products))


async def _of_loaded(
    stock: Operation[Product], products: Sequence[Product], context: Context, told: Callable[[Product], Figure | None]
) -> list[Figure | GatewayError | None]:
    answers = await stock.load([product.sku for product in products], context)
    return [answer if answer is None or isinstance(answer, GatewayError) else told(answer) for answer in answers]


def sum_available(product: Product) -> Decimal | None:
    """The product's own figure, else on hand less reserved over all warehouses; None where a part is unknown."""
    if product.available is not None or not product.stock:
        return product.available
    total = Decimal(0)
    for level in product.stock:
        part = level_available(level)
        if part is None:
            return None
        total += part
    return total


def level_available(level: StockLevel) -> Decimal | None:
    """What one warehouse can sell: as told, else on hand less reserved where both are known."""
    if level.available is not None or level.on_hand is None or level.reserved is None:
        return level.available
    return level.on_hand - level.reserved
