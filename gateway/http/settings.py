"""`[introspection]`, `[graphiql]` and `[cors]`: what the endpoint tells to people who explore, and to which pages."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.auth.settings import Origin
from resolvers.backends.units import Duration

Access = Literal["off", "scope", "public"]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


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
