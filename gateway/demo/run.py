"""`bizgraph demo`: the demo company and the gateway in front of it, in one process."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from pydantic import SecretStr
from rich.console import Console

from gateway.app import create_app
from gateway.demo import credentials
from gateway.demo.chaos import Chaos
from gateway.demo.company import DemoCompany
from gateway.demo.portal import is_built, portal
from gateway.demo.tokens import DEMO_KEY, demo_tokens
from gateway.demo.welcome import print_welcome
from gateway.server import address_of, listener, uvicorn_config
from gateway.settings import PREFIX, Settings, load
from gateway.telemetry.logs import configure_logging

NO_BATCHES = {
    f"BIZGRAPH_{operation}__MAX_BATCH": "1"
    for operation in (
        "CUSTOMERS__BY_IDS",
        "ORDERS__BY_IDS",
        "ORDERS__BY_CUSTOMERS",
        "PRODUCTS__BY_SKUS",
        "INVOICES__BY_IDS",
        "INVOICES__BY_ORDERS",
        "INVOICES__BY_CUSTOMERS",
    )
}
"""The variables that make the demo's systems take one key a call, as many systems do."""
TOKEN_LIFE = 30 * 86_400.0
"""The printed tokens outlive the demo: a month."""


def configuration_path() -> Path:
    """The demo's own `bizgraph.toml`."""
    return Path(str(resources.files("gateway.demo") / "bizgraph.toml"))


def demo_secrets() -> dict[str, str]:
    """The variables that the demo's configuration reads its secrets from."""
    return {
        "DEMO_TOKEN_KEY": DEMO_KEY,
        "DEMO_CRM_TOKEN": credentials.CRM_TOKEN,
        "DEMO_SHOP_KEY": credentials.SHOP_KEY,
        "DEMO_WAREHOUSE_PASSWORD": credentials.WAREHOUSE_PASSWORD,
        "DEMO_ACCOUNTING_PASSWORD": credentials.ACCOUNTING_PASSWORD,
    }


def demo_environment(company: DemoCompany) -> dict[str, str]:
    """The variables that lay the running company's addresses and credentials over the demo's configuration."""
    return {
        **demo_secrets(),
        "BIZGRAPH_BACKENDS__CRM__URL": company.crm.url,
        "BIZGRAPH_BACKENDS__SHOP__URL": company.shop.url,
        "BIZGRAPH_BACKENDS__WAREHOUSE__WSDL": f"{company.warehouse.url}/soap?wsdl",
        "BIZGRAPH_BACKENDS__ACCOUNTING__WSDL": f"{company.accounting.url}/soap?wsdl",
    }


def demo_settings(company: DemoCompany, more: Mapping[str, str] | None = None) -> tuple[Settings, dict[str, str]]:
    """The settings for a running company and the environment that they were read with."""
    environment = {**demo_environment(company), **(more or {})}
    return load(configuration_path(), environment), environment


def examples() -> list[dict[str, str]]:
    """The example queries, as GraphiQL's tabs take them."""
    folder = resources.files("gateway.demo") / "examples"
    found = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".graphql")), key=lambda e: e.name)
    return [
        {
            "title": entry.name.removesuffix(".graphql").partition("-")[2].replace("-", " ").capitalize(),
            "query": entry.read_text(encoding="utf-8"),
            "variables": "",
        }
        for entry in found
    ]


def explorer(settings: Settings, now: float) -> dict[str, Any]:
    """What GraphiQL offers in the demo: tokens to pick and queries to try."""
    tokens = demo_tokens(settings.auth.issuers[0], SecretStr(DEMO_KEY), now, TOKEN_LIFE)
    return {"title": "bizgraph demo", "tokens": tokens, "examples": examples(), "explain": True}


def run_demo(*, host: str, port: int, chaos: bool, batches: bool, seed: int) -> None:
    """Run until interrupted; port 0 takes a free one. Variables override keys of the demo's file, as for any gateway.

    Raises CannotListen when the address is taken, ConfigurationError for variables that cannot be used.
    """
    given = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
    variables = given if batches else NO_BATCHES | given
    with listener(host, port) as taken, suppress(KeyboardInterrupt):
        configure_logging("warning", "console")
        uvloop.run(_demo(taken, host, chaos, seed, variables))


async def _demo(taken: socket.socket, host: str, chaos: bool, seed: int, variables: Mapping[str, str]) -> None:
    async with DemoCompany(seed=seed) as company:
        settings, environment = demo_settings(company, variables)
        offer = explorer(settings, time.time())
        app = create_app(settings, environment, explorer=lambda: offer, pages=[portal()])
        server = uvicorn.Server(uvicorn_config(app, settings.server))
        serving = asyncio.create_task(server.serve(sockets=[taken]))
        await _started(server, serving)
        console = Console()
        if server.started:
            origin = f"http://{address_of(_reached(host), taken.getsockname()[1])}"
            print_welcome(console, company, origin, offer["tokens"], portal=is_built())
        troubles = None
        if chaos:
            trouble = Chaos(
                company.servers,
                random=random.Random(seed),
                sleep=asyncio.sleep,
                tell=lambda line: console.print(f"chaos: {line}", markup=False, highlight=False),
            )
            troubles = asyncio.create_task(trouble.run())
        try:
            await serving
        finally:
            if troubles is not None:
                troubles.cancel()
                await asyncio.gather(troubles, return_exceptions=True)


def _reached(host: str) -> str:
    """Where a browser on this machine finds what listens on every address."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not listened on


async def _started(server: uvicorn.Server, serving: asyncio.Task[None]) -> None:
    """Return when the server listens or has given up. uvicorn tells it by an attribute only."""
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.05)
