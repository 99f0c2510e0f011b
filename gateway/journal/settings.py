"""`[privacy]`: whether reads of personal data are journalled, and where."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from resolvers.backends.units import Duration


class PrivacySettings(BaseModel):
    """The journal of reads of personal data."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    journal: Annotated[str, Field(pattern=r"^(off|file:.+|syslog(:/.+)?)$")] = Field(
        "off",
        description='"off", "file:PATH" (JSON lines), or "syslog" for the local one, "syslog:PATH" for its socket.',
        examples=["file:/var/log/bizgraph/access.jsonl", "syslog"],
    )
    sync: Duration = Field(
        1.0, le=60, description="A file is forced to the disk so often; 0s does so after every batch of entries."
    )
    queue: int = Field(
        10_000,
        ge=1,
        description="Entries that may wait to be written. Where there is no more room within an operation's deadline, "
        "it is refused rather than answered without an entry.",
    )
