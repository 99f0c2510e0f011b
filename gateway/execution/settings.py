"""`[documents]`: which documents are run, and where registered ones are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from resolvers.backends.units import Duration

Mode = Literal["off", "apq", "trusted-only"]


class DocumentsSettings(BaseModel):
    """Trusted documents and automatic persisted queries."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Mode = Field(
        "off",
        description="`off`: texts, and ids of the manifest; `apq`: clients may register texts as well; `trusted-only`: "
        "nothing but the manifest's documents.",
    )
    issuers: dict[str, Mode] = Field(
        default_factory=dict, description="The mode for tokens of these issuers, where it is another."
    )
    manifest: Path | None = Field(
        None, description="The trusted documents, as Apollo, Relay or graphql-codegen write them."
    )
    store: Literal["memory", "redis"] = Field(
        "memory", description="Where registered texts are kept: in each process, or in Redis (`cache.redis_url`)."
    )
    entries: Annotated[int, Field(ge=1)] = Field(10_000, description="Memory: how many texts at most.")
    ttl: Duration = Field(2_592_000.0, ge=60, description="Redis: how long a text is kept that nobody uses.")
    redis_timeout: Duration = Field(0.1, gt=0, le=5, description="How long Redis may take.")

    @model_validator(mode="after")
    def _trusted(self) -> DocumentsSettings:
        if self.manifest is None and "trusted-only" in (self.mode, *self.issuers.values()):
            raise ValueError("manifest: trusted-only needs one, because nothing else would be run")
        return self
