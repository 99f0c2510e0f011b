"""What `bizgraph.toml` says about adapters in Python and about their operations."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from resolvers.backends.rest.forward import ForwardSettings
from resolvers.backends.units import Pattern


class PythonSettings(BaseModel):
    """What an adapter is told of its callers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    forward: ForwardSettings = Field(default_factory=ForwardSettings)


class PythonOperationSettings(BaseModel):
    """One method of an adapter."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    idempotent: bool = Field(True, description="Whether a call may be made again when the first try failed.")
    max_batch: Annotated[int, Field(ge=1)] = Field(100, description="How many keys one call may carry.")
    key: str | None = Field(
        None, description="The record field that the keys are matched with, where not the usual one."
    )
    key_pattern: Pattern | None = Field(
        None, description="Keys that do not match are answered as absent, without a call."
    )
