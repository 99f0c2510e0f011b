"""Amounts of money."""

from __future__ import annotations

from decimal import Decimal

import strawberry

from schema.cost import FREE


@strawberry.type(
    description="An amount in one currency. Amounts of different currencies are never added up.", directives=[FREE]
)
class Money:
    """Presents `resolvers.records.Money`."""

    amount: Decimal = strawberry.field(description="The exact amount; negative for credits.")
    currency: str = strawberry.field(description="The ISO 4217 code.")
