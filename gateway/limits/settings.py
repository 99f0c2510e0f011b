"""`[limits.rate]` and `[limits.concurrency]`: how much one caller may ask for."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from resolvers.backends.units import Duration

Mode = Literal["off", "measure", "enforce"]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RateSettings(_Settings):
    """`cost` at once, then as it grows back over `per`: a token bucket for each caller, in units of operation cost."""

    mode: Mode = Field("off", description="Count nothing, count what would be refused, or refuse it.")
    store: Literal["memory", "redis"] = Field(
        "memory", description="Each process counts for itself, or all processes and machines together."
    )
    cost: int = Field(10_000, ge=1, description="What a caller with a token may spend at once.")
    anonymous_cost: int = Field(1_000, ge=1, description="What an address without a token may spend at once.")
    per: Duration = Field(60.0, ge=1, le=86_400, description="In which time that grows back.")
    max_callers: int = Field(100_000, ge=1, description="Memory: callers that are remembered at most.")
    redis_timeout: Duration = Field(0.1, gt=0, le=5, description="How long Redis may take.")


class ConcurrencySettings(_Settings):
    """How many operations of one caller may run at the same time, in each process."""

    mode: Mode = Field("off", description="Count nothing, count what would be refused, or refuse it.")
    operations: int = Field(16, ge=1, description="For a caller with a token.")
    anonymous_operations: int = Field(4, ge=1, description="For an address without a token.")
