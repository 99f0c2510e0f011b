"""`[cache]`, and how long the answers of one operation are kept."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, WithJsonSchema, field_validator, model_validator

from resolvers.backends.units import ByteSize, Duration

RedisUrl = Annotated[
    SecretStr,
    WithJsonSchema(
        {
            "type": "string",
            "pattern": "^(env:|file:|rediss?://|unix://).+$",
            "description": "env:NAME, file:PATH, or an address without a password.",
            "examples": ["env:REDIS_URL", "redis://127.0.0.1:6379/0"],
        }
    ),
]
"""Where Redis is. A SecretStr, so that a password written here by mistake is shown nowhere either."""
ADDRESSES = ("redis://", "rediss://", "unix://")


class Freshness(BaseModel):
    """The keys of an operation that say how long its answers may be used. Nothing is kept where `ttl` is not given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ttl: Duration = Field(0.0, description="How long an answer is fresh; nothing is kept without it.")
    stale: Duration = Field(0.0, description="How long after that it still serves while a new one is fetched.")
    stale_if_error: Duration = Field(0.0, description="How long it still serves when the backend fails.")
    absent_ttl: Duration = Field(0.0, description="How long it is remembered that a key has no record.")


class CacheSettings(BaseModel):
    """Where answers are kept, and how much of them."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    store: Literal["memory", "redis", "off"] = Field(
        "memory", description="In each process, in Redis for all processes and machines, or nowhere."
    )
    max_entries: Annotated[int, Field(ge=1)] = Field(100_000, description="Memory: how many entries at most.")
    max_bytes: ByteSize = Field(128_000_000, description="Memory: about how many bytes at most.")
    answers: ByteSize = Field(
        32_000_000,
        description="Memory: about how many bytes of whole answers at most, each given again to its caller while all "
        "that it was made of is kept and fresh; 0B gives none again.",
    )
    redis_url: RedisUrl | None = Field(
        None,
        description="Where Redis is: env:NAME or file:PATH of a redis://, rediss:// (TLS) or unix:// address with user "
        "and password, or such an address without a password.",
    )
    redis_timeout: Duration = Field(
        0.1, gt=0, description="How long Redis may take, to connect as well, before the cache does without it."
    )
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
    clock_skew: Duration = Field(
        2.0, description="By how much the clocks of machines may differ; so much longer an invalidation holds."
    )

    @field_validator("redis_url")
    @classmethod
    def _without_password(cls, value: SecretStr | None) -> SecretStr | None:
        text = value.get_secret_value() if value is not None else "env:"
        if text.startswith(("env:", "file:")):
            return value
        if not text.startswith(ADDRESSES):
            raise ValueError("write env:NAME, file:PATH, or an address that begins with redis://, rediss:// or unix://")
        if urlsplit(text).password is not None or "password=" in text:
            raise ValueError("the address holds a password: write env:NAME or file:PATH, never the secret itself")
        return value

    @model_validator(mode="after")
    def _has_address(self) -> CacheSettings:
        if self.store == "redis" and self.redis_url is None:
            raise ValueError('redis_url is needed for store = "redis"')
        return self
