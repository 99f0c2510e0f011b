"""`make soak`: mixed queries at a steady rate while one system after the other misbehaves in every way it can.

    python -m benchmarks.soak --minutes 10

A gateway serves the demo's configuration in a process of its own, in front of the demo's four systems in another. Every
few seconds one of them is made to fail, then there is peace. The soak fails, and says why, unless

- every answer is what it would be in health, or an error explains what is missing, and data is never wrong;
- requests that had to fail did, those that had nothing to do with a failing system did not: the error rate is the
  injected one;
- the slowest hundredth of the requests that need no failing system takes as long while another fails as in peace;
- memory stays where it was, and when the load is over there are as many tasks and sockets as before it.

Latencies are compared within the run, and each to the usual one of its own query: machines differ and are noisy.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import urlopen

import aiohttp
from msgspec import Struct
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.concurrency import family, resident
from gateway.demo.switches import Switch, offered
from tests.explained import unexplained
from tests.scale.processes import Company, GatewayProcess

TROUBLE = 5.0
"""Seconds that a system misbehaves."""
PEACE = 6.0
"""Seconds between two troubles, which is longer than recovery takes."""
RECOVERY = 5.0
"""Seconds after a trouble in which its system may still be left alone: an open breaker, and a probe that is late."""
SETTLING = 90.0
"""Seconds after the load until which connections may be kept: both sides close idle ones after a while."""
IDS = 40
ENOUGH = 1_000
"""Requests whose slowest hundredth says something."""
PROTOCOL = {"crm": "rest", "shop": "rest", "warehouse": "soap", "accounting": "soap"}
TASKS = "bizgraph_event_loop_tasks"
HARMLESS = {Switch.SLOW, Switch.WRONG_TYPE}
"""Switches that need not make a request fail: not every answer holds a record that could be spoilt."""
ENVIRONMENT = {
    "BIZGRAPH_TELEMETRY__METRICS": "public",
    "BIZGRAPH_TELEMETRY__LOG_LEVEL": "warning",
    **{f"BIZGRAPH_BACKENDS__{name.upper()}__BREAKER__OPEN_FOR": "1s" for name in PROTOCOL},
}


class Kind(Struct, frozen=True):
    """A query, and the systems that it needs."""

    name: str
    text: str
    systems: frozenset[str]

    def about(self, number: int) -> dict[str, Any]:
        """The question about the customer and the product of this number, as it is sent."""
        values = {"id": f"c{number}", "sku": f"SKU-{number:04}"}
        return {"query": self.text, "variables": {name: values[name] for name in values if f"${name}:" in self.text}}


def _kind(name: str, systems: str, body: str) -> Kind:
    needed = [f"{variable}: {type_}!" for variable, type_ in (("$id", "ID"), ("$sku", "String")) if variable in body]
    declared = f"({', '.join(needed)})" if needed else ""
    return Kind(name, f"query {name}{declared} {{ {body} }}", frozenset(systems.split()))


ORDERS = "orders(first: 3) { nodes { number status } }"
INVOICES = "invoices(first: 3) { nodes { number status } }"
PRODUCT = "product(sku: $sku) { name available }"
KINDS = (
    _kind("Customer", "crm", "customer(id: $id) { name email }"),
    _kind("Product", "warehouse", PRODUCT),
    _kind("Orders", "shop", ORDERS),
    _kind("Invoices", "accounting", INVOICES),
    _kind("Shopping", "crm shop", f"customer(id: $id) {{ name {ORDERS} }}"),
    _kind("Portal", " ".join(PROTOCOL), f"customer(id: $id) {{ name {ORDERS} {INVOICES} }} {PRODUCT}"),
)


class Asked(Struct):
    """One request, as it went."""

    kind: Kind
    began: float
    ended: float
    failing: dict[str, str]
    """The systems that its errors name, each with the cause that it was told with."""
    fresh: bool


class Fault(Struct):
    """One system that misbehaved for a while; the times are before and after the switch was pressed."""

    system: str
    switch: Switch
    on: tuple[float, float]
    off: tuple[float, float] = (float("inf"), float("inf"))

    def concerns(self, asked: Asked) -> bool:
        """Whether the request may have met it."""
        overlaps = asked.ended >= self.on[0] and asked.began <= self.off[1] + RECOVERY
        return overlaps and self.system in asked.kind.systems

    def spoils(self, asked: Asked) -> bool:
        """Whether the request cannot have been answered well."""
        within = asked.began >= self.on[1] and asked.ended <= self.off[0]
        return within and asked.fresh and self.system in asked.kind.systems and self.switch not in HARMLESS


class Standing(Struct, frozen=True):
    """What the gateway holds, all its workers together."""

    memory: float
    tasks: int
    sockets: int


class Soak:
    """One run. `problems` says what was wrong with it."""

    def __init__(self, company: Company, gateway: GatewayProcess, seed: int) -> None:
        self.problems: Counter[str] = Counter()
        self.asked: list[Asked] = []
        self.faults: list[Fault] = []
        self.standings: list[Standing] = []
        self._company = company
        self._gateway = gateway
        self._address = f"http://127.0.0.1:{gateway.port}"
        self._random = random.Random(seed)
        self._well: dict[tuple[str, int], Any] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def _answer(self, session: aiohttp.ClientSession, kind: Kind, number: int, *, fresh: bool) -> Any:
        headers = {"authorization": self._gateway.headers["authorization"]}
        if fresh:
            headers["cache-control"] = "no-cache"
        async with session.post(f"{self._address}/graphql", json=kind.about(number), headers=headers) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def learn(self) -> None:
        """Ask everything once in health."""
        async with clients() as session:
            for kind, number in product(KINDS, range(1, IDS + 1)):
                answer = await self._answer(session, kind, number, fresh=True)
                if "errors" in answer:
                    sys.exit(f"{kind.name} fails before anything misbehaves: {answer['errors']}")
                self._well[kind.name, number] = answer["data"]

    async def load(self, rate: float, seconds: float) -> None:
        """Ask at this rate, whether answers come or not, and wait for the last of them."""
        begins = time.monotonic()
        async with clients() as session:
            for turn in range(round(rate * seconds)):
                await asyncio.sleep(max(0.0, begins + turn / rate - time.monotonic()))
                task = asyncio.create_task(self._ask(session))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            await asyncio.gather(*self._tasks)

    async def _ask(self, session: aiohttp.ClientSession) -> None:
        kind, number = self._random.choice(KINDS), self._random.randint(1, IDS)
        fresh = self._random.random() < 0.5
        began = time.monotonic()
        try:
            answer = await self._answer(session, kind, number, fresh=fresh)
        except (aiohttp.ClientError, TimeoutError) as error:
            self.problems[f"{kind.name} was not answered: {error!r}"] += 1
            return
        ended = time.monotonic()
        errors = answer.get("errors", [])
        for path in unexplained(answer["data"], errors, self._well[kind.name, number]):
            self.problems[f"{kind.name} is not as it should be, and no error says why: {path}"] += 1
        told = [error["extensions"] for error in errors]
        failing = {one.get("backend", "the gateway"): one.get("cause", one["code"]) for one in told}
        self.asked.append(Asked(kind, began, ended, failing, fresh))

    async def trouble(self, seconds: float) -> None:
        """One system after the other misbehaves, each in every way, in an order of chance."""
        cells = [
            (system, switch)
            for system, protocol in PROTOCOL.items()
            for switch in offered(protocol)  # type: ignore[arg-type] # the literals above
            if switch is not Switch.NONE
        ]
        end = time.monotonic() + seconds
        while True:
            self._random.shuffle(cells)
            for system, switch in cells:
                if time.monotonic() + PEACE + TROUBLE + PEACE > end:
                    return
                await asyncio.sleep(PEACE)
                self.standings.append(await asyncio.to_thread(self.standing))
                settings = {"seconds": TROUBLE} if switch is Switch.REFUSED else {"megabytes": 40}
                if switch is Switch.SLOW:
                    settings = {"seconds": 1.0}
                before = time.monotonic()
                await asyncio.to_thread(self._company.switch, system, name=switch, **settings)
                fault = Fault(system, switch, (before, time.monotonic()))
                self.faults.append(fault)
                await asyncio.sleep(TROUBLE)
                before = time.monotonic()
                # Who refuses connections cannot be told to stop; it does by itself.
                await asyncio.to_thread(self._well_again, system, switch)
                fault.off = (before, time.monotonic())
                await asyncio.to_thread(self._company.calls)

    def _well_again(self, system: str, switch: Switch) -> None:
        deadline = time.monotonic() + RECOVERY
        while True:
            try:
                return self._company.switch(system, name=Switch.NONE)
            except AssertionError:
                if switch is not Switch.REFUSED or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def standing(self) -> Standing:
        """What is held now; blocks for a moment."""
        with urlopen(f"{self._address}/metrics") as answer:
            families = list(text_string_to_metric_families(answer.read().decode()))
        tasks = sum(sample.value for one in families for sample in one.samples if sample.name == TASKS)
        sockets = 0
        for pid in family(self._gateway.pid):
            for entry in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(FileNotFoundError):  # closed between listing and looking
                    sockets += str(entry.readlink()).startswith("socket:")
        return Standing(resident(self._gateway.pid), int(tasks), sockets)

    async def idle(self, until: Standing | None = None) -> Standing:
        """What is held when nobody asks: the least of some looks, and of more while it is above `until`.

        Kept connections end one by one.
        """
        looks: list[Standing] = []
        ends = time.monotonic() + SETTLING
        while True:
            await asyncio.sleep(1)
            looks.append(await asyncio.to_thread(self.standing))
            least = Standing(*(min(getattr(look, name) for look in looks) for name in Standing.__struct_fields__))
            enough = until is None or (least.tasks <= until.tasks and least.sockets <= until.sockets)
            if len(looks) >= 5 and (enough or time.monotonic() > ends):
                return least


def clients() -> aiohttp.ClientSession:
    """As many connections as there are requests at once."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))


class Rates(Struct):
    """How many requests failed, of those that had to, those that might and those that must not."""

    must: int = 0
    must_failed: int = 0
    may: int = 0
    may_failed: int = 0
    other: int = 0
    other_failed: int = 0


def rates(soak: Soak) -> Rates:
    """Who failed, and who should have; whatever does not fit is a problem."""
    told = Rates()
    for asked in soak.asked:
        near = [fault for fault in soak.faults if fault.concerns(asked)]
        for system in asked.failing.keys() - {fault.system for fault in near}:
            soak.problems[f"{asked.kind.name} failed for {system}, which was well: {asked.failing[system]}"] += 1
        spoilt = [fault for fault in near if fault.spoils(asked)]
        if spoilt:
            told.must += 1
            told.must_failed += bool(asked.failing)
            if not asked.failing:
                soak.problems[f"{asked.kind.name} did not fail for {spoilt[0].system}: {spoilt[0].switch}"] += 1
        elif near:
            told.may += 1
            told.may_failed += bool(asked.failing)
        else:
            told.other += 1
            told.other_failed += bool(asked.failing)
    return told


def slowdown(soak: Soak) -> tuple[float, float, int, int]:
    """The 99th percentile of latency in peace and beside a failing system, in usual latencies; of how many each."""
    usual: dict[tuple[str, bool], list[float]] = defaultdict(list)
    apart: list[tuple[Asked, bool]] = []
    for asked in soak.asked:
        if any(fault.concerns(asked) for fault in soak.faults):
            continue
        beside = any(fault.on[1] <= asked.began and asked.ended <= fault.off[0] for fault in soak.faults)
        apart.append((asked, beside))
        if not beside:
            usual[asked.kind.name, asked.fresh].append(asked.ended - asked.began)
    norm = {key: median(seconds) for key, seconds in usual.items()}
    relative: dict[bool, list[float]] = {False: [], True: []}
    for asked, beside in apart:
        key = (asked.kind.name, asked.fresh)
        if key in norm:
            relative[beside].append((asked.ended - asked.began) / norm[key])
    return _p99(relative[False]), _p99(relative[True]), len(relative[False]), len(relative[True])


def _p99(values: Sequence[float]) -> float:
    return sorted(values)[int(0.99 * len(values))] if values else 0.0


def growth(standings: Sequence[Standing]) -> tuple[float, float]:
    """MiB at the end of the first third of the run, when caches are full, and at its end."""
    third = max(1, len(standings) // 3)
    memory = [standing.memory for standing in standings]
    return median(memory[third : 2 * third] or memory), median(memory[-third:])


async def soak(options: argparse.Namespace) -> int:
    seconds = options.minutes * 60
    with tempfile.TemporaryDirectory() as folder, Company(Path(folder) / "company") as company:
        workers = ("--workers", str(options.workers))
        with GatewayProcess(company, log := Path(folder) / "gateway", *workers, **ENVIRONMENT) as gateway:
            gateway.ready()
            run = Soak(company, gateway, options.seed)
            await run.learn()
            before = await run.idle()
            await asyncio.gather(run.load(options.rate, seconds), run.trouble(seconds))
            after = await run.idle(before)
            crashes = log.read_bytes().count(b"operation.crashed")
    return judge(run, before, after, crashes, options.most_slowdown)


def judge(run: Soak, before: Standing, after: Standing, crashes: int, most_slowdown: float) -> int:
    """Print what was seen, and what is wrong with it. The exit status."""
    told = rates(run)
    peace, beside, of_peace, of_beside = slowdown(run)
    early, late = growth(run.standings)
    if crashes:
        run.problems["the gateway's log has operation.crashed"] += crashes
    if min(of_peace, of_beside) < ENOUGH:
        print(f"too short to compare p99: fewer than {ENOUGH} requests in peace or beside a fault")
    elif beside > peace * most_slowdown:
        run.problems[f"p99 beside a failing system is {beside / peace:.2f} times that in peace"] += 1
    if late > early * 1.05 + 8:
        run.problems[f"memory grew from {early:.0f} to {late:.0f} MiB"] += 1
    if after.tasks > before.tasks:
        run.problems[f"{after.tasks - before.tasks} more tasks than before"] += 1
    if after.sockets > before.sockets:
        run.problems[f"{after.sockets - before.sockets} more sockets than before"] += 1
    print(f"{len(run.asked)} requests, {len(run.faults)} faults")
    print(f"errors   had to fail: {told.must_failed} of {told.must}")
    print(f"         near a fault: {told.may_failed} of {told.may}")
    print(f"         all others: {told.other_failed} of {told.other}")
    print(
        f"p99      in peace {peace:.2f} usual latencies (of {of_peace}), beside a fault {beside:.2f} (of {of_beside})"
    )
    print(f"memory   {early:.1f} MiB after a third, {late:.1f} MiB at the end")
    print(f"tasks    {before.tasks} before, {after.tasks} after")
    print(f"sockets  {before.sockets} before, {after.sockets} after")
    for problem, times in run.problems.most_common():
        print(f"PROBLEM  {problem} ({times} times)")
    print("failed" if run.problems else "passed")
    return bool(run.problems)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long")
    parser.add_argument("--rate", type=float, default=20.0, help="requests per second")
    parser.add_argument("--workers", type=int, default=1, help="processes of the gateway")
    parser.add_argument("--seed", type=int, default=1, help="which order of faults and questions")
    parser.add_argument("--most-slowdown", type=float, default=2.0, help="how much p99 may grow beside a fault")
    sys.exit(asyncio.run(soak(parser.parse_args())))


if __name__ == "__main__":
    main()
