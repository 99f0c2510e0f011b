"""uvicorn around the application, with the limits and time-outs that it lacks by default."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, Final

import uvicorn
from prometheus_client.multiprocess import mark_process_dead
from uvicorn.supervisors import Multiprocess

from gateway.app import Gateway
from gateway.http.draining import DrainingProtocol, protocol_state
from gateway.http.settings import ServerSettings
from gateway.memory import settle_memory
from gateway.reload import Serving
from gateway.settings import CONFIG_VARIABLE, ConfigurationError, Settings, load
from gateway.telemetry.logs import configure_logging
from gateway.telemetry.telemetry import Telemetry
from gateway.telemetry.tracing import tracer_of

HUNG_AFTER: Final = 30
"""Seconds without a sign of life after which a worker is replaced. uvicorn's own 5 seconds are less than a start takes
on a machine that is busy, where a worker after the other would be killed before it could serve."""


def uvicorn_config(app: Any, settings: ServerSettings, **more: Any) -> uvicorn.Config:
    """uvicorn as the gateway runs it: uvloop, the guarded protocol, a bounded shutdown, no access log.

    The application brings the protocol's bounds along, in the state of its lifespan (`protocol_state`).
    """
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        interface="asgi3",  # Not guessed: what hands an awaitable on is asgi3, too.
        loop="uvloop",
        http=DrainingProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
        # It asks standard output for the default, which may be closed.
        use_colors=sys.stdout is not None and sys.stdout.isatty(),
        server_header=False,
        timeout_graceful_shutdown=max(1, round(settings.shutdown)),
        timeout_worker_healthcheck=HUNG_AFTER,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        **more,
    )


class CannotListen(Exception):
    """The address cannot be listened on: it is taken, not this machine's, or not allowed."""


def listener(host: str, port: int) -> socket.socket:
    """A socket on this address, bound and not yet listening; port 0 takes a free one. Raises CannotListen."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        taken = socket.socket(family, kind, protocol)
        try:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(address)
        except OSError:
            taken.close()
            raise
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CannotListen(f"cannot listen on {address_of(host, port)}: {reason}") from error
    taken.set_inheritable(True)  # Workers take it over.
    return taken


def address_of(host: str, port: int) -> str:
    """As it stands in a URL: an IPv6 address in brackets (RFC 3986 §3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def serving(settings: Settings, environment: Mapping[str, str], read: Callable[[], Settings]) -> Serving:
    """The application of one process. A reload uses what `read` returns then. Raises ConfigurationError."""
    output = configure_logging(settings.telemetry.log_level, settings.telemetry.log_format)
    try:
        tracer = tracer_of(settings.telemetry)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        raise ConfigurationError([f"telemetry.traces: {missing} is missing: install bizgraph[otel]"]) from error
    telemetry = Telemetry(settings.telemetry, time, tracer=tracer, output=output)

    def build(changed: Settings) -> Gateway:
        return Gateway(changed, environment, telemetry=telemetry)

    return Serving(build(settings), lambda: build(read()), state=protocol_state(settings.server), settle=settle_memory)


def worker() -> Serving:
    """The application of one worker process, from the file that BIZGRAPH_CONFIG names."""
    path = Path(os.environ[CONFIG_VARIABLE])
    return serving(load(path, os.environ), os.environ, lambda: load(path, os.environ))


class Server(uvicorn.Server):
    """uvicorn's server, which does not wait any more after a second SIGTERM; after a second SIGINT it never did."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit:
            self.force_exit = True
        super().handle_exit(sig, frame)


class Workers(Multiprocess):
    """uvicorn's workers, which are told of a changed configuration instead of being replaced."""

    def terminate_all(self) -> None:
        # As long as we hold the socket the kernel accepts connections that nobody will answer.
        for listening in self.sockets:
            listening.close()
        super().terminate_all()

    def join_all(self) -> None:
        """Wait for the workers; another signal means that nobody else does."""
        self.signal_queue.clear()
        for worker in self.processes:
            while worker.process.is_alive():
                worker.process.join(0.2)
                if self.signal_queue:
                    self.signal_queue.clear()
                    for other in self.processes:
                        if other.process.is_alive() and other.pid is not None:
                            os.kill(other.pid, signal.SIGINT)

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
    Raises ConfigurationError before anything listens when a secret or key is missing, or the address is taken.
    """
    app = serving(settings, os.environ, read or (lambda: settings))
    own, telemetry = settings.server, app.gateway.telemetry
    try:
        taken = listener(own.host, own.port)
    except CannotListen as error:
        raise ConfigurationError([f"server: {error}"]) from error
    address = address_of(own.host, taken.getsockname()[1])
    telemetry.log.info("gateway.listening", address=f"http://{address}/graphql", workers=own.workers)
    if own.workers == 1:
        Server(uvicorn_config(app, own)).run([taken])
        return
    if settings.data.cache.store == "memory":
        telemetry.log.warning("gateway.apart", workers=own.workers)
    telemetry.close()  # It has shown that the configuration can be used; each worker makes its own.
    config = uvicorn_config("gateway.server:worker", own, factory=True, workers=own.workers)
    Workers(config, sockets=[taken]).run()
