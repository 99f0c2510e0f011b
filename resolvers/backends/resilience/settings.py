"""How patient the gateway is with a backend: the keys of `[backends.NAME]` that concern calls."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from resolvers.backends.units import Duration


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BreakerSettings(_Model):
    """When a backend counts as broken, and for how long it is left alone."""

    window: Duration = Field(10.0, description="The stretch of time over which failures are counted.")
    min_calls: Annotated[int, Field(ge=1)] = Field(10, description="So many attempts make a rate.")
    error_rate: Annotated[float, Field(gt=0, le=1)] = Field(0.5, description="The share of failures that opens it.")
    open_for: Duration = Field(5.0, description="How long no call is made before one probe is.")


class AdaptiveSettings(_Model):
    """Learn how many calls at once the backend bears: fewer when answers get slow or fail, more while they do not."""

    least: Annotated[int, Field(ge=1)] = Field(2, description="Never fewer than this.")
    most: Annotated[int, Field(ge=1)] = Field(64, description="Never more than this.")
    tolerance: Annotated[float, Field(gt=1)] = Field(
        2.0, description="Answers that take this many times the quickest recent ones count as slow."
    )


class QuotaSettings(_Model):
    """A provider's cap on calls; the gateway refuses calls beyond it instead of being refused."""

    calls: Annotated[int, Field(ge=1)] = Field(description="How many calls are allowed.")
    per: Duration = Field(description="In which time.")


class ResilienceSettings(_Model):
    """The keys of a backend that concern calls."""

    timeout: Duration = Field(2.0, description="How long one attempt may take.")
    concurrency: Annotated[int, Field(ge=1)] | AdaptiveSettings = Field(
        32, description="How many calls at once; a table instead of a number learns it."
    )
    retries: Annotated[int, Field(ge=0, le=10)] = Field(2, description="How often a read is tried again.")
    backoff: Duration = Field(
        0.05, description="The longest pause before the first retry, doubled for each further one."
    )
    max_backoff: Duration = Field(2.0, description="The longest pause between two attempts.")
    retry_budget: Annotated[float, Field(ge=0, le=1)] = Field(
        0.2,
        description="Retries as a share of calls, so that they cannot multiply the load of a broken backend.",
    )
    hedge: Literal["off"] | Duration = Field(
        "off", description="Ask a second time when a read takes longer, and take the first answer."
    )
    breaker: BreakerSettings | Literal["off"] = Field(
        BreakerSettings(), description="When the backend counts as broken."
    )
    quota: QuotaSettings | None = Field(None, description="The provider's cap on calls.")
    required: bool = Field(
        True, description="Whether it counts for readiness, which ends when no required backend can be used."
    )
    send_context: bool = Field(
        True, description="Send X-Correlation-Id, X-Request-Timeout and traceparent along with each call."
    )
