"""From `[limits]` to what operations have to get past."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from graphql import GraphQLSchema

from gateway.limits.concurrency import Concurrency
from gateway.limits.rate import Exceeded, rate_limit
from gateway.limits.settings import ConcurrencySettings, RateSettings
from gateway.limits.spending import Spending
from resolvers.backends.ports import Clock

if TYPE_CHECKING:
    from redis.asyncio import Redis


class SpendingSettings(Protocol):
    """What of `[limits]` is about spending."""

    @property
    def cost(self) -> int: ...
    @property
    def max_page(self) -> int: ...
    @property
    def cost_mode(self) -> str: ...
    @property
    def rate(self) -> RateSettings: ...
    @property
    def concurrency(self) -> ConcurrencySettings: ...


def spending_of(
    settings: SpendingSettings, schema: GraphQLSchema, clock: Clock, *, exceeded: Exceeded, redis: Redis | None = None
) -> Spending:
    """What these settings describe. `redis` is needed for a shared rate and stays the caller's.

    Raises ValueError when it is needed and missing.
    """
    counted = settings.concurrency.mode != "off"
    return Spending(
        schema,
        most=settings.cost,
        max_page=settings.max_page,
        enforced=settings.cost_mode == "enforce",
        rate=rate_limit(settings.rate, clock, exceeded=exceeded, redis=redis),
        concurrency=Concurrency(settings.concurrency, exceeded) if counted else None,
        exceeded=exceeded,
    )
