"""`[cache]`, and how long the answers of one operation are kept."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from resolvers.backends.units import ByteSize, Duration


class Freshness(BaseModel):
    """The keys of an operation that say how long its answers may be used. Nothing is kept where `ttl` is not given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ttl: Duration = Field(0.0, description="How long an answer is fresh; nothing is kept without it.")
    stale: Duration = Field(0.0, description="How long after that it still serves while a new one is fetched.")
    stale_if_error: Duration = Field(0.0, description="How long it still serves when the backend fails.")
    absent_ttl: Duration = Field(0.0, description="How long it is remembered that a key has no record.")


class CacheSettings(BaseModel):
    """Where answers are kept, and how much of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    store: Literal["memory", "redis", "off"] = Field(
        "memory", description="In each process, in Redis for all processes and machines, or nowhere."
    )
    max_entries: Annotated[int, Field(ge=1)] = Field(100_000, description="Memory: how many entries at most.")
    max_bytes: ByteSize = Field(128_000_000, description="Memory: about how many bytes at most.")
    redis_url: SecretStr | None = Field(
        None, description='redis://, rediss:// (TLS) or unix://, or "env:NAME"; user and password belong into it.'
    )
    redis_timeout: Duration = Field(0.1, description="How long Redis may take before the cache does without it.")
    namespace: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")] = Field(
        "bizgraph", description="What this gateway's keys in Redis begin with."
    )
    front: Duration = Field(0.0, description="Redis: how long each process keeps what it has read; 0s keeps nothing.")
    jitter: Annotated[float, Field(ge=0, le=0.5)] = Field(
        0.1, description="By which share a TTL is shortened at random, so that entries do not expire together."
    )
    personal: Literal["memory", "shared"] = Field(
        "memory", description="Where records with personal data may be kept: in the process only, or in Redis too."
    )
