"""Who may explore: the schema by introspection, and GraphiQL's page and configuration."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from gateway.http.graphiql import GraphiQL
from gateway.http.operators import Authenticate, ForOperators
from gateway.http.settings import IntrospectionSettings
from resolvers.principal import Principal


def introspection_policy(settings: IntrospectionSettings) -> Callable[[Principal], bool]:
    """Whether a caller is told the schema."""
    if settings.access == "scope":
        return lambda principal: settings.scope in principal.scopes
    told = settings.access == "public"
    return lambda principal: told


def for_explorers(
    graphiql: GraphiQL, authenticate: Authenticate, *, realm: str, scope: str
) -> tuple[ASGIApp, list[BaseRoute]]:
    """GraphiQL's page and routes for tokens with the scope. Its scripts are nobody's secret and stay open."""

    async def page(request: Request) -> Response:
        return cast(Response, graphiql.page)  # an ASGI application as a response is

    def guarded(route: Route) -> Route:
        if route.path != "/graphiql/config.json":
            return route
        return Route(route.path, ForOperators(route.endpoint, authenticate, realm=realm, scope=scope))

    routes: list[BaseRoute] = [guarded(route) for route in graphiql.routes]
    return ForOperators(page, authenticate, realm=realm, scope=scope), routes
