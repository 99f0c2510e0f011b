"""The composition root: settings in, an ASGI application out, whose lifespan opens and closes what requests share."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route

import gateway
from gateway.auth.authentication import Authentication
from gateway.auth.build import token_verifier
from gateway.execution.document_limits import DocumentLimits
from gateway.execution.documents import Documents
from gateway.execution.execute import Executor
from gateway.execution.masking import Masking
from gateway.http.graphiql import GraphiQL
from gateway.http.graphql import GraphQLEndpoint
from gateway.http.health import live, ready
from gateway.operations import Operations
from gateway.settings import ConfigurationError, Settings
from gateway.telemetry.logs import get_logger
from resolvers.backends.connect import Connections
from resolvers.backends.credentials.secrets import MissingSecrets
from resolvers.backends.ports import Clock
from schema.build import build_schema, graphql_schema

GRAPHIQL_DIST = Path(gateway.__file__).parent / "graphiql" / "dist"


class Gateway:
    """Everything that one process of the gateway consists of, not yet opened.

    `pages` are served beside the endpoint, such as the demo's portal.
    Raises ConfigurationError for what only shows when it is put together: missing secrets, unusable keys.
    """

    def __init__(
        self,
        settings: Settings,
        environment: Mapping[str, str],
        *,
        clock: Clock = time,
        explorer: Callable[[], dict[str, Any]] | None = None,
        pages: Sequence[BaseRoute] = (),
    ) -> None:
        self.settings = settings
        mistakes: list[str] = []
        try:
            self.connections = Connections(settings.data, environment, clock=clock)
        except MissingSecrets as error:
            mistakes += str(error).splitlines()
        try:
            self.verifier = token_verifier(settings.auth, environ=environment, clock=clock)
        except ValueError as error:
            mistakes += str(error).splitlines()
        if mistakes:
            raise ConfigurationError(mistakes)
        log = get_logger()

        def crashed(error: BaseException, *, correlation_id: str, path: Any) -> None:
            log.error("operation.crashed", correlation_id=correlation_id, path=path, exc_info=error)

        self.schema = graphql_schema(build_schema())
        self.documents = Documents(self.schema, DocumentLimits(**settings.limits.document.model_dump()))
        self.executor = Executor(
            self.schema, on_fallback=lambda reason: log.warning("executor.fallback", reason=reason)
        )
        self.operations = Operations(
            self.executor,
            self.connections,
            deadline=settings.server.deadline,
            max_page=settings.limits.max_page,
        )
        page = None
        self.routes: list[BaseRoute] = [*pages]
        if settings.graphiql.enabled:
            about = {"endpoint": "/graphql", "subscriptionUrl": None, "title": settings.graphiql.title}

            def config() -> str:
                told = {**about, "tokens": [], "examples": [], "explain": False, **(explorer() if explorer else {})}
                return orjson.dumps(told).decode()

            graphiql = GraphiQL(GRAPHIQL_DIST, config)
            page = graphiql.page
            self.routes += graphiql.routes
        endpoint = GraphQLEndpoint(
            authenticate=Authentication(settings.auth, self.verifier).principal,
            documents=self.documents,
            run=self.operations.run,
            mask=Masking(crashed),
            page=page,
            body_limit=settings.server.max_body,
            body_timeout=settings.server.body_timeout,
            realm=settings.auth.realm,
        )
        self.routes += [
            Route("/graphql", endpoint),
            Route("/health/live", live, methods=["GET"]),
            Route("/health/ready", ready(self.connections.waiting_for), methods=["GET"]),
        ]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Opens what requests share; needs no live backend."""
        await self.verifier.open()
        await self.connections.open()
        try:
            yield
        finally:
            await self.connections.close()
            await self.verifier.close()


def create_app(settings: Settings, environment: Mapping[str, str], **parts: Any) -> Starlette:
    """The application for these settings; `parts` are those of Gateway. Raises ConfigurationError."""
    whole = Gateway(settings, environment, **parts)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        async with whole.running():
            yield {"gateway": whole}

    app = Starlette(routes=whole.routes, lifespan=lifespan)
    app.state.gateway = whole
    return app
