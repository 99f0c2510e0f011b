"""What `bizgraph.toml` says about a backend's connection, REST and SOAP alike."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from resolvers.backends.units import ByteSize, Duration

_OWN: Final = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding"})


def _header_name(name: str) -> str:
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
        raise ValueError("not the name of a header")
    if name.lower() in _OWN:
        raise ValueError(f"the header {name} is the gateway's own")
    return name


HeaderName = Annotated[str, AfterValidator(_header_name)]
"""The name of a header that a configuration may write (RFC 9110 §5.1)."""


class HttpSettings(BaseModel):
    """The connection of one backend. Base of the settings of REST and SOAP backends."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    connect_timeout: Duration = Field(
        2.0, gt=0, description="How long opening a connection may take, name resolution and TLS included."
    )
    keepalive: Duration = Field(
        4.0,
        ge=0,
        description="How long an idle connection is kept. Stay below the backend's own value (5s is common), "
        "so that it never closes a connection on which a call is under way.",
    )
    max_answer: ByteSize = Field(
        32_000_000, gt=0, description="The largest answer that is read, counted after decompression."
    )
    compression: bool = Field(True, description="Whether answers may come compressed (gzip, deflate).")
    public_only: bool = Field(
        False,
        description="Refuse to connect to loopback, private, link-local and other special addresses, whatever the "
        "name resolves to. For backends on the public internet.",
    )
    ca: str | None = Field(None, description="PEM file of the authorities that sign the backend's certificate.")
