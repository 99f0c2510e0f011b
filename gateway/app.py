"""The composition root: settings in, an ASGI application out, whose lifespan opens and closes what requests share."""

from __future__ import annotations

import asyncio
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
from gateway.http.conditional import Conditional
from gateway.http.draining import protocol_state
from gateway.http.graphiql import GraphiQL
from gateway.http.graphql import GraphQLEndpoint
from gateway.http.health import Health, live
from gateway.http.invalidation import invalidation_route
from gateway.http.operators import Answer, ForOperators
from gateway.operations import Operations
from gateway.settings import ConfigurationError, Settings
from gateway.telemetry.endpoint import Counted, metrics_endpoint
from gateway.telemetry.sampling import Sampler
from gateway.telemetry.telemetry import Telemetry
from resolvers.backends.adapter import AdapterError
from resolvers.backends.connect import Connections
from resolvers.backends.credentials.secrets import MissingSecrets
from resolvers.backends.ports import Clock
from resolvers.backends.resilience.guard import Sleep
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
        sleep: Sleep = asyncio.sleep,
        explorer: Callable[[], dict[str, Any]] | None = None,
        pages: Sequence[BaseRoute] = (),
        telemetry: Telemetry | None = None,
    ) -> None:
        self.settings = settings
        self.telemetry = telemetry or Telemetry(settings.telemetry, clock)
        mistakes: list[str] = []
        redis = None
        try:
            self.connections = Connections(
                settings.data,
                environment,
                clock=clock,
                sleep=sleep,
                watcher=self.telemetry,
                tracer=self.telemetry.tracer,
            )
            redis = self.connections.cache.redis
        except (MissingSecrets, AdapterError) as error:
            mistakes += str(error).splitlines()
        try:
            self.verifier = token_verifier(settings.auth, environ=environment, clock=clock, redis=redis)
        except ValueError as error:
            mistakes += str(error).splitlines()
        if mistakes:
            raise ConfigurationError(mistakes)
        self.schema = graphql_schema(build_schema())
        self.documents = Documents(self.schema, DocumentLimits(**settings.limits.document.model_dump()))
        self.executor = Executor(self.schema, on_fallback=self.telemetry.fell_back)
        self.operations = Operations(
            self.executor,
            self.connections,
            deadline=settings.server.deadline,
            max_page=settings.limits.max_page,
            watcher=self.telemetry,
        )
        page = None
        self.routes: list[BaseRoute] = [*pages]
        if settings.graphiql.access != "off":
            about = {"endpoint": "/graphql", "subscriptionUrl": None, "title": settings.graphiql.title}

            def config() -> str:
                told = {**about, "tokens": [], "examples": [], "explain": False, **(explorer() if explorer else {})}
                return orjson.dumps(told).decode()

            graphiql = GraphiQL(GRAPHIQL_DIST, config)
            page = graphiql.page
            self.routes += graphiql.routes
        authenticate = Authentication(settings.auth, self.verifier).principal
        endpoint = GraphQLEndpoint(
            authenticate=authenticate,
            documents=self.documents,
            run=self.operations.run,
            mask=Masking(self.telemetry.crashed),
            page=page,
            body_limit=settings.server.max_body,
            body_timeout=settings.server.body_timeout,
            realm=settings.auth.realm,
        )
        self.health = Health(
            self.connections, self.verifier, start_patience=settings.server.start_patience, clock=clock
        )
        self.sampler = Sampler(self.telemetry, self.connections, self.documents, self.executor)

        def for_operators(answer: Answer) -> ForOperators:
            return ForOperators(answer, authenticate, realm=settings.auth.realm)

        self.routes += [
            Route("/graphql", Counted(Conditional(endpoint), self.telemetry)),
            invalidation_route(
                self.connections.cache.invalidate,
                authenticate,
                realm=settings.auth.realm,
                body_limit=settings.server.max_body,
                body_timeout=settings.server.body_timeout,
            ),
            Route("/health/live", live, methods=["GET"]),
            Route("/health/ready", self.health.ready, methods=["GET"]),
            Route("/health/backends", for_operators(self.health.backends), methods=["GET"]),
        ]
        metrics = metrics_endpoint(self.telemetry)
        if settings.telemetry.metrics == "public":
            self.routes.append(Route("/metrics", metrics, methods=["GET"]))
        elif settings.telemetry.metrics == "scope":
            self.routes.append(Route("/metrics", for_operators(metrics), methods=["GET"]))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Opens what requests share; needs no live backend."""
        await self.verifier.open()
        await self.connections.open()
        self.health.opened()
        sampling = asyncio.create_task(self.sampler.run(), name="telemetry")
        try:
            yield
        finally:
            sampling.cancel()
            await asyncio.wait([sampling])
            await self.connections.close()
            await self.verifier.close()


def create_app(settings: Settings, environment: Mapping[str, str], **parts: Any) -> Starlette:
    """The application for these settings; `parts` are those of Gateway. Raises ConfigurationError."""
    whole = Gateway(settings, environment, **parts)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        async with whole.running():
            yield {"gateway": whole, **protocol_state(settings.server)}

    app = Starlette(routes=whole.routes, lifespan=lifespan)
    app.state.gateway = whole
    return app
