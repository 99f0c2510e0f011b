"""`[server]`, `[introspection]`, `[graphiql]` and `[cors]`: how the gateway is reached, by whom, from which pages."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from gateway.auth.settings import Origin
from resolvers.backends.units import ByteSize, Duration


def _network(value: str) -> str:
    ip_network(value)  # raises ValueError that says what does not fit
    return value


Access = Literal["off", "scope", "public"]
Network = Annotated[str, AfterValidator(_network)]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ServerSettings(_Settings):
    """Where the gateway listens and how long it is patient."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    host: str = "127.0.0.1"
    """The address to listen on."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """The port to listen on; 0 takes a free one."""
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    """How many processes. What they share lives in Redis, where the cache is there."""
    deadline: Duration = 10.0
    """By when a request is answered unless the client asks for less (header `x-request-timeout`)."""
    shutdown: Duration = 20.0
    """How long running requests may go on after SIGTERM."""
    drain: Duration = 2.0
    """How long connections that lie idle at SIGTERM may still bring a request; it is answered and the last of them."""
    start_patience: Duration = 30.0
    """How long readiness waits for the service descriptions of backends that are down."""
    max_url: ByteSize = 8_192
    """The longest request line; longer ones are answered 414."""
    max_body: ByteSize = 1_000_000
    """The largest request body; larger ones are answered 413."""
    body_timeout: Duration = 10.0
    """How long a body may take to arrive."""
    header_timeout: Duration = 10.0
    """How long the headers of a request may take to arrive."""
    idle_timeout: Duration = 75.0
    """How long a connection is kept between requests; more than a balancer in front keeps it."""
    max_headers: Annotated[int, Field(ge=8)] = 100
    """How many headers a request may have."""
    max_header_bytes: ByteSize = 32_768
    """How large they may be together."""
    trusted_proxies: tuple[Network, ...] = ()
    """Addresses and networks whose X-Forwarded-For and X-Forwarded-Proto are believed."""


class IntrospectionSettings(_Settings):
    """Who may ask for the schema."""

    access: Access = Field("scope", description="Nobody, tokens with the scope, or everybody.")
    scope: Annotated[str, Field(min_length=1)] = Field("schema:read", description="The scope that is meant.")
    suggestions: bool = Field(
        False, description="Whether errors suggest names of fields that look alike; it tells the schema bit by bit."
    )


class GraphiqlSettings(_Settings):
    """The page for people who explore."""

    access: Access = Field(
        "public",
        description="Who gets the page when a browser opens the endpoint: nobody, tokens with the scope of "
        "introspection (which a proxy has to add, since browsers send none), or everybody. The page holds no data.",
    )
    title: str = Field("bizgraph", description="The title of the page.")


class CorsSettings(_Settings):
    """Pages of other origins that may use the endpoint. Cookies come along for those that `auth.cookie` names too."""

    origins: tuple[Origin, ...] = Field((), description='Such as "https://portal.example"; no wildcards.')
    max_age: Duration = Field(600.0, le=86_400, description="How long browsers may keep the answer to a preflight.")
