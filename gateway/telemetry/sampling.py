"""What has a present value but makes no noise when it changes: read once a second, and whenever Prometheus asks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from gateway.answers import Answers
from gateway.execution.documents import Documents
from gateway.execution.execute import Executor
from gateway.telemetry.metrics import BREAKER
from gateway.telemetry.telemetry import Telemetry
from resolvers.backends.connect import Standing
from resolvers.backends.resilience import BreakerState

INTERVAL: Final = 0.25
"""Seconds between two looks at the event loop."""
SAMPLES: Final = 4
"""Looks at the loop between two readings of everything else."""


class Sampler:
    """Reads the parts of one gateway. After a reload two of them run for a while, and the newer one is heard."""

    def __init__(
        self,
        telemetry: Telemetry,
        connections: Standing,
        documents: Documents,
        executor: Executor,
        answers: Answers | None = None,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._telemetry = telemetry
        self._connections = connections
        self._documents = documents
        self._executor = executor
        self._answers = answers
        self._sleep = sleep
        self._hits = self._misses = self._given = 0
        self._wsdl: dict[str, str] = {}

    async def run(self) -> None:
        """Never returns."""
        now = asyncio.get_running_loop().time
        self._telemetry.sampler = self
        lag = self._telemetry.metrics.lag
        while True:
            if self._telemetry.sampler is self:
                self._telemetry.sample()
            for _ in range(SAMPLES):
                before = now()
                await self._sleep(INTERVAL)
                lag.observe(max(0.0, now() - before - INTERVAL))

    def sample(self) -> None:
        """Read everything now."""
        metrics = self._telemetry.metrics
        guards, contracts = self._connections.guards, self._connections.contracts()
        for name in self._telemetry.backends.keys() - guards.keys():
            self._rest(name, contract=self._telemetry.backends[name])
        self._telemetry.backends = {name: name in contracts for name in guards}
        for name, guard in guards.items():
            metrics.in_use.labels(name).set(guard.bulkhead.in_use)
            metrics.waiting.labels(name).set(guard.bulkhead.waiting)
            metrics.limit.labels(name).set(guard.bulkhead.limit.value)
            state = BreakerState.CLOSED if guard.breaker is None else guard.breaker.state
            metrics.breaker.labels(name).set(BREAKER[state])
        for name, wsdl in contracts.items():
            metrics.contract.labels(name).set(wsdl.status == "ready")
            if self._wsdl.get(name, "ready") != wsdl.status:
                self._telemetry.log.warning(
                    "backend.wsdl", backend=name, status=wsdl.status, tries=wsdl.tries, problem=wsdl.problem
                )
            self._wsdl[name] = wsdl.status
        memory, shared = self._connections.cache.memory, self._connections.cache.shared
        if memory is not None:
            metrics.cache_entries.set(len(memory.cache))
            metrics.cache_bytes.set(memory.cache.bytes)
        metrics.cache_away.set(shared is not None and shared.away)
        cache = self._documents.cache
        metrics.documents.set(len(cache))
        metrics.document_bytes.set(cache.weight)
        metrics.document_lookups.labels("hit").inc(cache.hits - self._hits)
        metrics.document_lookups.labels("miss").inc(cache.misses - self._misses)
        self._hits, self._misses = cache.hits, cache.misses
        if self._answers is not None:
            metrics.answer_bytes.set(self._answers.kept.weight)
            metrics.answers_repeated.inc(self._answers.given - self._given)
            self._given = self._answers.given
        metrics.plans.set(self._executor.plans)
        metrics.http_requests_in_progress.set(self._telemetry.in_progress)
        metrics.tasks.set(len(asyncio.all_tasks()))

    def _rest(self, backend: str, *, contract: bool) -> None:
        """A reload removed this backend. Series that workers share cannot be removed, so they say that all is quiet."""
        metrics = self._telemetry.metrics
        for gauge in (metrics.in_use, metrics.waiting, metrics.limit, metrics.breaker):
            gauge.labels(backend).set(0)
        if contract:
            metrics.contract.labels(backend).set(1)
