"""Real processes under load: restarted one after the other, reloaded by signal, and counted together."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from urllib.request import urlopen

import aiohttp
import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from gateway.auth.mint import mint
from gateway.demo.run import configuration_path
from gateway.demo.tokens import DEMO_KEY, SCOPES
from gateway.settings import load
from tests.operations.balancer import Balancer
from tests.scale.processes import PATIENCE, Company, Process, ask, free_port, until

CLIENTS = 6
QUERY = '{ customer(id: "c7") { name orders(first: 2) { nodes { number } } } }'
ENDED = (0, -signal.SIGTERM)
"""uvicorn raises the signal again when it has done what the signal asks for."""
TEN = "{ customers(first: 10) { nodes { id } } }"


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="module")
def company(logs: Path) -> Iterator[Company]:
    with Company(logs / "company") as running:
        yield running


@pytest.fixture(scope="module")
def token() -> str:
    issuer = load(configuration_path(), {}).auth.issuers[0]
    return mint(issuer, SecretStr(DEMO_KEY), subject="load", now=time.time(), expires_in=3600.0, scopes=SCOPES)


class Serve(Process):
    """`bizgraph serve` for a configuration of its own."""

    def __init__(self, company: Company, folder: Path, *options: str, **variables: str) -> None:
        folder.mkdir()
        self.port = free_port()
        self.configuration = folder / "bizgraph.toml"
        self.configuration.write_text(configuration_path().read_text("utf-8"), "utf-8")
        arguments = ("serve", "--config", str(self.configuration), "--port", str(self.port), *options)
        environment = {**company.environment(), **variables}
        super().__init__("-m", "gateway", *arguments, environment=environment, log=folder / "log")

    def ready(self) -> None:
        def answers() -> bool:
            if self.ended:
                raise RuntimeError(self.log.read_text("utf-8"))
            return ask(self.port, "GET", "/health/ready")[0] == 200

        until(answers)

    def events(self, name: str) -> list[dict[str, object]]:
        """The lines of this event in the log."""
        found = [orjson.loads(line) for line in self.log.read_bytes().splitlines() if line.startswith(b"{")]
        return [line for line in found if line["event"] == name]

    def metric(self, name: str) -> float:
        """The sum of the samples of a metric, over all workers."""
        with urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=PATIENCE) as answer:
            families = list(text_string_to_metric_families(answer.read().decode()))
        return sum(sample.value for family in families for sample in family.samples if sample.name == name)


class Load:
    """Clients with kept connections that ask one question after the other, and never a second time."""

    def __init__(self) -> None:
        self.answered = 0
        self.lost: list[str] = []

    @asynccontextmanager
    async def on(self, port: int, token: str) -> AsyncIterator[None]:
        over = False

        async def client(session: aiohttp.ClientSession) -> None:
            while not over:
                try:
                    async with session.post(f"http://127.0.0.1:{port}/graphql", json={"query": QUERY}) as answer:
                        told = await answer.json()
                except (aiohttp.ClientError, TimeoutError) as error:
                    self.lost.append(repr(error))
                    continue
                if answer.status == 200 and "errors" not in told:
                    self.answered += 1
                else:
                    self.lost.append(f"{answer.status} {told}")

        async with aiohttp.ClientSession(headers={"authorization": f"Bearer {token}"}) as session:
            clients = [asyncio.create_task(client(session)) for _ in range(CLIENTS)]
            yield
            over = True
            await asyncio.gather(*clients)


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_rolling_restart_loses_no_request(company: Company, tmp_path: Path, token: str, workers: str) -> None:
    """Two gateways behind a balancer are replaced one after the other, under load: every request is answered."""
    load = Load()

    async def serve(name: str, *options: str) -> Serve:
        served = processes.enter_context(Serve(company, tmp_path / name, *options))
        await asyncio.to_thread(served.ready)
        return served

    with ExitStack() as processes:
        one, two = await serve("one"), await serve("two", "--workers", workers)
        async with Balancer(one.port, two.port) as balancer, load.on(balancer.port, token):
            await asyncio.to_thread(until, lambda: load.answered > 50)
            assert await asyncio.to_thread(one.end) in ENDED
            three = await serve("three")
            balancer.targets = [three.port, two.port]
            assert await asyncio.to_thread(two.end) in ENDED
            before = load.answered
            await asyncio.to_thread(until, lambda: load.answered > before + 50)
        assert load.lost == []
        assert len(two.events("gateway.stopped")) == int(workers)


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_second_sigterm_does_not_wait(company: Company, tmp_path: Path, token: str, workers: str) -> None:
    """The first lets what runs end in peace; who sends another wants the process to be gone."""
    with Serve(
        company, tmp_path / "gateway", BIZGRAPH_SERVER__DEADLINE="30s", BIZGRAPH_SERVER__SHUTDOWN="30s"
    ) as served:
        await asyncio.to_thread(served.ready)
        company.switch("crm", name="frozen")
        body, headers = {"query": "{ customers(first: 1) { nodes { id } } }"}, {"authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            asking = asyncio.create_task(session.post(f"http://127.0.0.1:{served.port}/graphql", json=body))
            await asyncio.to_thread(until, lambda: company.calls().get("crm"))
            os.kill(served.pid, signal.SIGTERM)
            await asyncio.to_thread(until, lambda: ask(served.port, "GET", "/health/live")[0] == 0)
            assert not served.ended
            assert await asyncio.to_thread(served.end) in ENDED
            await asyncio.gather(asking, return_exceptions=True)
        company.switch("crm", name="none")


async def test_workers_reload_and_are_counted_together(company: Company, logs: Path, token: str) -> None:
    """SIGHUP puts a changed file to use in every worker without losing a request; a bad one is refused with its key;
    the metrics of any worker are those of all; and nothing is left when they have ended."""
    load = Load()
    variables = {"BIZGRAPH_TELEMETRY__METRICS": "public", "TMPDIR": str(logs / "workers")}
    with Serve(company, logs / "workers", "--workers", "2", **variables) as served:
        await asyncio.to_thread(served.ready)
        await asyncio.to_thread(until, lambda: len(served.events("gateway.started")) == 2)
        good = served.configuration.read_text("utf-8")
        async with load.on(served.port, token):
            await asyncio.to_thread(until, lambda: load.answered > 50)
            served.configuration.write_text(good.replace("[server]", "[limits]\nmax_page = 5\n\n[server]", 1), "utf-8")
            os.kill(served.pid, signal.SIGHUP)
            await asyncio.to_thread(until, lambda: len(served.events("configuration.reloaded")) == 2)
            served.configuration.write_text(good + "\n[nonsense]\n", "utf-8")
            os.kill(served.pid, signal.SIGHUP)
            await asyncio.to_thread(until, lambda: len(served.events("configuration.refused")) == 2)
        assert load.lost == []
        assert "nonsense" in str(served.events("configuration.refused")[0]["mistakes"])
        for _ in range(4):
            _, told = ask(served.port, "POST", "/graphql", {"query": TEN}, {"authorization": f"Bearer {token}"})
            assert told["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        until(lambda: served.metric("bizgraph_operations_total") == load.answered + 4)
        assert served.metric("bizgraph_configuration_reloads_total") == 4
        assert served.metric("bizgraph_build_info") == 1
        assert served.end() == 0
    assert list((logs / "workers").glob("bizgraph-metrics-*")) == []
