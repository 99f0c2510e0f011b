"""uvicorn around the application, with the limits and time-outs that it lacks by default."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import uvicorn
from prometheus_client.multiprocess import mark_process_dead
from uvicorn.supervisors import Multiprocess

from gateway.app import Gateway
from gateway.http.draining import DrainingProtocol, protocol_state
from gateway.memory import settle_memory
from gateway.reload import Serving
from gateway.settings import CONFIG_VARIABLE, ConfigurationError, ServerSettings, Settings, load
from gateway.telemetry.logs import configure_logging
from gateway.telemetry.telemetry import Telemetry
from gateway.telemetry.tracing import tracer_of


def uvicorn_config(app: Any, settings: ServerSettings, **more: Any) -> uvicorn.Config:
    """uvicorn as the gateway runs it: uvloop, the guarded protocol, a bounded shutdown, no access log.

    The application brings the protocol's bounds along, in the state of its lifespan (`protocol_state`).
    """
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=DrainingProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=max(1, round(settings.shutdown)),
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        **more,
    )


def serving(settings: Settings, environment: Mapping[str, str], read: Callable[[], Settings]) -> Serving:
    """The application of one process. A reload uses what `read` returns then. Raises ConfigurationError."""
    configure_logging(settings.telemetry.log_level, settings.telemetry.log_format)
    try:
        tracer = tracer_of(settings.telemetry)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        raise ConfigurationError([f"telemetry.traces: {missing} is missing: install bizgraph[otel]"]) from error
    telemetry = Telemetry(settings.telemetry, time, tracer=tracer)

    def build(changed: Settings) -> Gateway:
        return Gateway(changed, environment, telemetry=telemetry)

    return Serving(build(settings), lambda: build(read()), state=protocol_state(settings.server), settle=settle_memory)


def worker() -> Serving:
    """The application of one worker process, from the file that BIZGRAPH_CONFIG names."""
    path = Path(os.environ[CONFIG_VARIABLE])
    return serving(load(path, os.environ), os.environ, lambda: load(path, os.environ))


class Workers(Multiprocess):
    """uvicorn's workers, which are told of a changed configuration instead of being replaced."""

    def handle_hup(self) -> None:
        """Every worker reloads on its own, and drops nothing."""
        for process in self.processes:
            if process.pid is not None:
                os.kill(process.pid, signal.SIGHUP)

    def keep_subprocess_alive(self) -> None:
        before = {process.pid for process in self.processes}
        super().keep_subprocess_alive()
        for pid in before - {process.pid for process in self.processes}:
            mark_process_dead(pid)  # type: ignore[no-untyped-call] # it ships no types for this


def run(settings: Settings, read: Callable[[], Settings] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; on SIGHUP, use what `read` returns then.

    With several workers uvicorn starts and watches a process for each, which reads the file that BIZGRAPH_CONFIG names.
    Raises ConfigurationError before anything listens when a secret or key is missing.
    """
    app = serving(settings, os.environ, read or (lambda: settings))
    if settings.server.workers == 1:
        uvicorn.Server(uvicorn_config(app, settings.server)).run()
        return
    app.gateway.telemetry.close()  # It has shown that the configuration can be used; each worker makes its own.
    config = uvicorn_config("gateway.server:worker", settings.server, factory=True, workers=settings.server.workers)
    Workers(config, sockets=[config.bind_socket()]).run()
