"""The composition root: settings in, an ASGI application out, whose lifespan opens and closes what requests share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import orjson
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

import gateway
from gateway.answers import Answers
from gateway.auth.authentication import Authentication
from gateway.auth.build import token_verifier
from gateway.execution.document_limits import DocumentLimits
from gateway.execution.documents import Documents
from gateway.execution.execute import Executor
from gateway.execution.masking import Masking
from gateway.execution.persisted import persisted_documents
from gateway.http.commands import Commands
from gateway.http.conditional import Conditional
from gateway.http.cors import Cors
from gateway.http.draining import protocol_state
from gateway.http.exploring import for_explorers, introspection_policy
from gateway.http.graphiql import GraphiQL
from gateway.http.graphql import GraphQLEndpoint
from gateway.http.headers import Secured
from gateway.http.health import Health, live
from gateway.http.invalidation import invalidation_route
from gateway.http.operators import Answer, ForOperators
from gateway.http.revocation import revocation_route
from gateway.journal.build import journal_of
from gateway.journal.journal import Journal
from gateway.limits.build import spending_of
from gateway.operations import Operations
from gateway.settings import ConfigurationError, Settings
from gateway.telemetry.endpoint import Counted, metrics_endpoint
from gateway.telemetry.sampling import Sampler
from gateway.telemetry.telemetry import Telemetry
from gateway.tenants import Tenants
from resolvers.backends.adapter import AdapterError
from resolvers.backends.credentials.secrets import MissingSecrets
from resolvers.backends.ports import Clock
from resolvers.backends.resilience.guard import Sleep
from schema.build import build_schema, graphql_schema
from schema.privacy import watch

GRAPHIQL_DIST = Path(gateway.__file__).parent / "graphiql" / "dist"


ENDPOINT: Final = "/graphql"


class Entrance:
    """The application of one gateway, to be called between its opening and its closing.

    `/graphql` goes straight to its endpoint, which masks by itself whatever fails: Starlette's routing and error
    handling would cost more than everything else that the door does. The rest goes through the routes.
    """

    __slots__ = ("_endpoint", "_routes")

    def __init__(self, endpoint: ASGIApp, routes: ASGIApp) -> None:
        self._endpoint = endpoint
        self._routes = routes

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "http" and scope["path"] == ENDPOINT:
            return self._endpoint(scope, receive, send)
        return self._routes(scope, receive, send)


class Mistakes:
    """Gathers what is wrong with the configuration, so that all of it is told at once."""

    def __init__(self) -> None:
        self._told: list[str] = []

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, (MissingSecrets, AdapterError, ValueError)):
            return False
        self._told += str(error).splitlines()
        return True

    def tell(self) -> None:
        """Raise ConfigurationError if anything is wrong."""
        if self._told:
            raise ConfigurationError(self._told)


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
        self.schema = graphql_schema(build_schema())
        if settings.privacy.journal != "off":
            watch(self.schema)
        self.documents = Documents(
            self.schema,
            DocumentLimits(**settings.limits.document.model_dump()),
            suggestions=settings.introspection.suggestions,
        )
        mistakes = Mistakes()
        redis = None
        with mistakes:
            self.tenants = Tenants(
                settings,
                environment,
                clock=clock,
                sleep=sleep,
                watcher=self.telemetry,
                tracer=self.telemetry.tracer,
            )
            redis = self.tenants.cache.redis
        with mistakes:
            self.verifier = token_verifier(settings.auth, environ=environment, clock=clock, redis=redis)
        with mistakes:
            persisted = persisted_documents(settings.documents, self.documents, clock, redis)
        with mistakes:
            spending = spending_of(settings.limits, self.schema, clock, exceeded=self.telemetry.exceeded, redis=redis)
        with mistakes:
            self.journal = journal_of(
                settings.privacy, clock, farewell=settings.server.shutdown, failed=self.telemetry.journal_failed
            )
        mistakes.tell()
        self.connections = self.tenants.common
        self.executor = Executor(self.schema, on_fallback=self.telemetry.fell_back)
        cache = settings.data.cache
        self.answers = Answers(cache.answers) if cache.store == "memory" and cache.answers else None
        self.operations = Operations(
            self.executor,
            self.tenants,
            spending=spending,
            deadline=settings.server.deadline,
            max_page=settings.limits.max_page,
            watcher=self.telemetry,
            journal=self.journal,
            answers=self.answers,
            suggestions=settings.introspection.suggestions,
        )
        authentication = Authentication(settings.auth, self.verifier)
        authenticate = authentication.principal
        page: ASGIApp | None = None
        routes: list[BaseRoute] = [*pages]
        if settings.graphiql.access != "off":
            about = {"endpoint": ENDPOINT, "subscriptionUrl": None, "title": settings.graphiql.title}

            def config() -> str:
                told = {**about, "tokens": [], "examples": [], "explain": False, **(explorer() if explorer else {})}
                return orjson.dumps(told).decode()

            graphiql = GraphiQL(GRAPHIQL_DIST, config)
            page = graphiql.page
            if settings.graphiql.access == "scope":
                scope = settings.introspection.scope
                page, guarded = for_explorers(graphiql, authenticate, realm=settings.auth.realm, scope=scope)
                routes += guarded
            else:
                routes += graphiql.routes
        endpoint = GraphQLEndpoint(
            authenticate=authentication.caller,
            documents=self.documents,
            run=self.operations.run,
            mask=Masking(self.telemetry.crashed),
            persisted=persisted,
            page=page,
            may_introspect=introspection_policy(settings.introspection),
            body_limit=settings.server.max_body,
            body_timeout=settings.server.body_timeout,
            realm=settings.auth.realm,
            cookies=settings.auth.cookie is not None,
        )
        self.health = Health(self.tenants, self.verifier, start_patience=settings.server.start_patience, clock=clock)
        self.sampler = Sampler(self.telemetry, self.tenants, self.documents, self.executor, self.answers)

        def for_operators(answer: Answer) -> ForOperators:
            return ForOperators(answer, authenticate, realm=settings.auth.realm)

        commands = Commands(authenticate, settings.auth.realm, settings.server.max_body, settings.server.body_timeout)
        if self.verifier.denylist is not None:
            issuers = [issuer.issuer for issuer in settings.auth.issuers]
            routes.append(revocation_route(self.verifier.denylist, issuers, commands))
        routes += [
            invalidation_route(self.tenants.cache.invalidate, commands, shared=self.tenants.cache.channel is not None),
            Route("/health/live", live, methods=["GET"]),
            Route("/health/ready", self.health.ready, methods=["GET"]),
            Route("/health/backends", for_operators(self.health.backends), methods=["GET"]),
        ]
        metrics = metrics_endpoint(self.telemetry)
        if settings.telemetry.metrics == "public":
            routes.append(Route("/metrics", metrics, methods=["GET"]))
        elif settings.telemetry.metrics == "scope":
            routes.append(Route("/metrics", for_operators(metrics), methods=["GET"]))

        served: ASGIApp = Conditional(endpoint)
        if settings.cors.origins:
            cookies = settings.auth.cookie.origins if settings.auth.cookie else ()
            served = Cors(served, settings.cors.origins, credentials=cookies, max_age=settings.cors.max_age)
        counted = Counted(served, self.telemetry)
        self.routes: list[BaseRoute] = [Route(ENDPOINT, counted), Mount("", Secured(routes))]
        self.entrance = Entrance(counted, Starlette(routes=self.routes))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Opens what requests share; needs no live backend.

        Raises OSError, ssl.SSLError or ValueError for files and addresses that cannot be used.
        """
        async with AsyncExitStack() as closing:
            if self.journal is not None:
                self.journal.open()
                closing.push_async_callback(self._close_journal, self.journal)
            closing.push_async_callback(self.verifier.close)
            await self.verifier.open()
            closing.push_async_callback(self.tenants.close)
            await self.tenants.open()
            self.health.opened()
            sampling = asyncio.create_task(self.sampler.run(), name="telemetry")
            try:
                yield
            finally:
                sampling.cancel()
                await asyncio.wait([sampling])

    async def _close_journal(self, journal: Journal) -> None:
        if lost := await journal.close():
            self.telemetry.journal_lost(lost)


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
