"""Real processes on loopback: the demo's systems, gateways in front of them, and questions to both."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Self

from pydantic import SecretStr

from gateway.auth.mint import mint
from gateway.demo import credentials
from gateway.demo.run import configuration_path
from gateway.demo.tokens import DEMO_KEY, SCOPES
from gateway.http.invalidation import CACHE_ADMIN
from gateway.settings import load

PATIENCE = 40.0
"""Seconds that a process may take to do what it is waited for; the machine may be busy."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(condition: Callable[[], Any]) -> Any:
    """What the condition answers as soon as it is true. Raises TimeoutError."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.05)
    raise TimeoutError


def ask(port: int, method: str, path: str, body: Any = None, headers: Mapping[str, str] = {}) -> tuple[int, Any]:
    """Status and JSON of one request on a connection of its own; status 0 when there is no answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, {"content-type": "application/json", **headers})
        response = connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text else None
    except (OSError, HTTPException):
        return 0, None
    finally:
        connection.close()


class Process:
    """A child process that ends with the test."""

    def __init__(self, *arguments: str, environment: Mapping[str, str] | None = None, log: Path) -> None:
        self.log = log
        with log.open("ab") as out:
            self._child = subprocess.Popen(
                [sys.executable, *arguments],
                env={**os.environ, **(environment or {})},
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        self.pid = self._child.pid

    @property
    def ended(self) -> bool:
        return self._child.poll() is not None

    def end(self, number: int = signal.SIGTERM) -> int:
        """The exit status after this signal."""
        if not self.ended:
            self._child.send_signal(number)
        try:
            return self._child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._child.kill()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.end()


class Company(Process):
    """The demo's four systems."""

    def __init__(self, log: Path) -> None:
        super().__init__("-m", "gateway.demo", "--first-port", "0", log=log)
        told = until(lambda: self._told() if self._told().count("\n") == 4 else None)
        self.urls = dict(line.split(" ") for line in told.splitlines())

    def _told(self) -> str:
        return self.log.read_text("utf-8")

    def _port(self, system: str) -> int:
        return int(self.urls[system].rpartition(":")[2])

    def calls(self) -> dict[str, int]:
        """How many calls each system had since the last time; systems without calls are left out."""
        found = {}
        for system in self.urls:
            _, answer = ask(self._port(system), "GET", "/__calls")
            ask(self._port(system), "DELETE", "/__calls")
            if answer["calls"]:
                found[system] = len(answer["calls"])
        return found

    def switch(self, system: str, **trouble: Any) -> None:
        """Let a system fail as told, such as name="slow"."""
        assert ask(self._port(system), "PUT", "/__switch", trouble)[0] == 204

    def environment(self) -> dict[str, str]:
        """The variables that lead a gateway here."""
        return {
            "DEMO_TOKEN_KEY": DEMO_KEY,
            "DEMO_CRM_TOKEN": credentials.CRM_TOKEN,
            "DEMO_SHOP_KEY": credentials.SHOP_KEY,
            "DEMO_WAREHOUSE_PASSWORD": credentials.WAREHOUSE_PASSWORD,
            "DEMO_ACCOUNTING_PASSWORD": credentials.ACCOUNTING_PASSWORD,
            "BIZGRAPH_BACKENDS__CRM__URL": self.urls["crm"],
            "BIZGRAPH_BACKENDS__SHOP__URL": self.urls["shop"],
            "BIZGRAPH_BACKENDS__WAREHOUSE__WSDL": f"{self.urls['warehouse']}/soap?wsdl",
            "BIZGRAPH_BACKENDS__ACCOUNTING__WSDL": f"{self.urls['accounting']}/soap?wsdl",
        }


class GatewayProcess(Process):
    """`bizgraph serve` for the demo's configuration."""

    def __init__(self, company: Company, log: Path, *options: str, **variables: str) -> None:
        self.port = free_port()
        arguments = ("serve", "--config", str(configuration_path()), "--port", str(self.port), *options)
        super().__init__("-m", "gateway", *arguments, environment={**company.environment(), **variables}, log=log)
        issuer = load(configuration_path(), {}).auth.issuers[0]
        scopes = (*SCOPES, CACHE_ADMIN)
        token = mint(issuer, SecretStr(DEMO_KEY), subject="scale", now=time.time(), expires_in=3600.0, scopes=scopes)
        self.headers = {"authorization": f"Bearer {token}"}

    def ready(self) -> None:
        """Wait until it answers. Raises RuntimeError with its log when it ended."""

        def answers() -> bool:
            if self.ended:
                raise RuntimeError(self.log.read_text("utf-8"))
            return ask(self.port, "GET", "/health/ready")[0] == 200

        until(answers)

    def query(self, text: str, **headers: str) -> Any:
        """The answer's JSON, None when there was none."""
        return ask(self.port, "POST", "/graphql", {"query": text}, self.headers | headers)[1]

    def invalidate(self, *tags: str, **keys: str) -> int:
        """The status; keys are by operation, with underscores for its dot."""
        named = [{"operation": name.replace("__", "."), "key": key} for name, key in keys.items()]
        return ask(self.port, "POST", "/cache/invalidate", {"tags": tags, "keys": named}, self.headers)[0]
