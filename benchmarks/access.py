"""What access costs on the hot path: the CPU of its parts beside that of a whole Q3, asked by a customer's token.

Nothing is cached, so that the whole of Q3 is there: the demo's CRM is asked over a socket, from another thread, whose
CPU does not count. `python -m benchmarks.access`
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import uvloop
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table
from starlette.applications import Starlette

from gateway.app import Gateway
from gateway.auth.authentication import Authentication
from gateway.auth.mint import mint
from gateway.demo.company import DemoCompany
from gateway.demo.run import demo_settings
from gateway.demo.tokens import DEMO_CUSTOMER, DEMO_KEY, PORTAL_SCOPES
from gateway.telemetry.logs import configure_logging
from resolvers.ownership import shown_to
from resolvers.records import Customer

Q3 = (Path(__file__).parent / "peers" / "q3.graphql").read_text(encoding="utf-8")
ROUNDS = 5


class Systems:
    """The demo's systems in a thread of their own."""

    def __init__(self) -> None:
        self.company = DemoCompany()
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    async def _serve(self) -> None:
        async with self.company:
            self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
            self._started.set()
            await self._over.wait()

    def __enter__(self) -> DemoCompany:
        self._thread.start()
        self._started.wait()
        return self.company

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()


async def least(step: Callable[[], Awaitable[Any]], count: int) -> float:
    """Microseconds of this thread's CPU, in the best of the rounds."""
    found = []
    for _ in range(ROUNDS):
        began = time.thread_time()
        for _ in range(count):
            await step()
        found.append((time.thread_time() - began) / count)
    return min(found) * 1e6


async def at_once(function: Callable[[], object]) -> None:
    function()


async def measured(company: DemoCompany) -> list[tuple[str, float]]:
    """The parts and what each takes, in microseconds; the whole of Q3 comes last."""
    settings, environment = demo_settings(company, {"BIZGRAPH_CACHE__STORE": "off"})
    gateway = Gateway(settings, environment)
    token = mint(
        settings.auth.issuers[0],
        SecretStr(DEMO_KEY),
        subject="bench",
        now=time.time(),
        expires_in=3_600.0,
        scopes=PORTAL_SCOPES,
        customer=DEMO_CUSTOMER,
    )
    body = orjson.dumps({"query": Q3, "variables": {"id": DEMO_CUSTOMER}})
    headers = [
        (b"host", b"127.0.0.1"),
        (b"content-type", b"application/json"),
        (b"accept", b"application/json"),
        (b"authorization", b"Bearer " + token.encode()),
    ]
    app = Starlette(routes=gateway.routes)
    scope = {"type": "http", "method": "POST", "path": "/graphql", "root_path": "", "query_string": b"", "client": None}
    answers: list[bytes] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        answers.append(message.get("body", b""))

    async def whole() -> None:
        answers.clear()
        await app({**scope, "headers": headers}, receive, send)

    async with gateway.running():
        await whole()
        assert b'"errors"' not in answers[-1], answers[-1]
        authentication = Authentication(settings.auth, gateway.verifier)
        principal = await authentication.principal(headers)
        record = Customer(id=DEMO_CUSTOMER, name="bench")
        return [
            ("token, remembered", await least(lambda: authentication.principal(headers), 20_000)),
            ("tenant", await least(lambda: at_once(lambda: gateway.tenants.of(principal)), 20_000)),
            ("policy", await least(lambda: at_once(lambda: gateway.operations.policy(principal)), 20_000)),
            (
                "owner of the record",
                await least(lambda: at_once(lambda: shown_to(DEMO_CUSTOMER, record, Customer, own_key=True)), 20_000),
            ),
            ("whole of Q3", await least(whole, 300)),
        ]


def main() -> None:
    configure_logging("error")
    with Systems() as company:
        rows = uvloop.run(measured(company))
    total = rows[-1][1]
    table = Table("part", "µs", "share", title="Access on the hot path (CPU)")
    for name, value in [*rows[:-1], ("access in all", sum(value for _, value in rows[:-1])), rows[-1]]:
        table.add_row(name, f"{value:.2f}", f"{value / total:.1%}")
    Console(width=80).print(table)


if __name__ == "__main__":
    main()
