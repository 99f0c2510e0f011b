"""uvicorn around the application, with the limits and time-outs that it lacks by default."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.supervisors import Multiprocess

from gateway.app import create_app
from gateway.http.protocol import GuardedProtocol, ProtocolLimits
from gateway.settings import CONFIG_VARIABLE, ServerSettings, Settings, load
from gateway.telemetry.logs import configure_logging


def protocol_limits(settings: ServerSettings) -> ProtocolLimits:
    """What the protocol allows a connection, from the configuration."""
    return ProtocolLimits(
        url=settings.max_url,
        header_count=settings.max_headers,
        header_bytes=settings.max_header_bytes,
        header_timeout=settings.header_timeout,
        body_timeout=settings.body_timeout,
        idle_timeout=settings.idle_timeout,
    )


class WorkerProtocol(GuardedProtocol):
    """The protocol of a worker process, which gets its class by name; `app_from_environment` sets the limits."""


def uvicorn_config(
    app: Any, settings: ServerSettings, *, protocol: type[GuardedProtocol] | None = None, **more: Any
) -> uvicorn.Config:
    """uvicorn as the gateway runs it: uvloop, the guarded protocol, a bounded shutdown, no access log."""

    class Protocol(GuardedProtocol):
        limits = protocol_limits(settings)

    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=protocol or Protocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=int(settings.shutdown),
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        **more,
    )


def settle_memory() -> None:
    """Tell the garbage collector what a gateway is like: much that lives for ever, answers that hold no cycles.

    Building an answer of a few thousand dicts would otherwise run the collector dozens of times over everything that
    was loaded at start; on lists of hundreds of records that was half of the CPU. What is cyclic all the same is still
    found, just less often.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def app_from_environment() -> Starlette:
    """The application of one worker process, from the file that BIZGRAPH_CONFIG names."""
    settings = load(Path(os.environ[CONFIG_VARIABLE]), os.environ)
    configure_logging(settings.telemetry.log_level, settings.telemetry.log_format)
    WorkerProtocol.limits = protocol_limits(settings.server)
    app = create_app(settings, os.environ)
    settle_memory()
    return app


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. With several workers uvicorn starts and watches a process for each.

    Raises ConfigurationError before anything listens when a secret or key is missing.
    """
    configure_logging(settings.telemetry.log_level, settings.telemetry.log_format)
    app = create_app(settings, os.environ)
    if settings.server.workers == 1:
        settle_memory()
        uvicorn.Server(uvicorn_config(app, settings.server)).run()
        return
    config = uvicorn_config(
        "gateway.server:app_from_environment",
        settings.server,
        protocol=WorkerProtocol,
        factory=True,
        workers=settings.server.workers,
    )
    socket = config.bind_socket()
    Multiprocess(config, sockets=[socket]).run()
