"""The Prometheus metrics of the gateway, each defined once, here.

Children are bound on first use and kept, so that telling something costs no look-up of labels. With
`PROMETHEUS_MULTIPROC_DIR` in the environment when this is imported, the numbers live in files that all workers share.
"""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.values import ValueClass

from resolvers.backends.resilience import BreakerState

Mode = Literal["livemax", "livesum"]

OPERATION_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""From an answer out of the cache to the default deadline."""
ATTEMPT_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
LAG_SECONDS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
KEYS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500)
BREAKER: Final = {BreakerState.CLOSED: 0, BreakerState.HALF_OPEN: 1, BreakerState.OPEN: 2}


def shared_by_workers() -> bool:
    """Whether the numbers are kept in files, for several workers."""
    return bool(ValueClass._multiprocess)


class Metrics:
    """The metrics of one process. Names, labels and help are the documentation's, which a test compares."""

    def __init__(self) -> None:
        # Prometheus needs no series that tell when a series began.
        disable_created_metrics()  # type: ignore[no-untyped-call] # it ships no types for this
        registry = self.registry = CollectorRegistry()

        def counter(name: str, told: str, *labels: str) -> Counter:
            return Counter(f"bizgraph_{name}", told, labels, registry=registry)

        def gauge(name: str, told: str, *labels: str, mode: Mode = "livesum") -> Gauge:
            return Gauge(f"bizgraph_{name}", told, labels, registry=registry, multiprocess_mode=mode)

        def histogram(name: str, told: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(f"bizgraph_{name}", told, labels, registry=registry, buckets=buckets)

        # What callers see.
        self.http_responses = counter("http_responses_total", "Answers of /graphql by HTTP status.", "status")
        self.http_requests_in_progress = gauge("http_requests_in_progress", "Requests that are being answered.")
        self.operations = counter("operations_total", "Operations that were run.", "operation", "outcome")
        self.operation_seconds = histogram(
            "operation_duration_seconds", "From the parsed request to the result.", OPERATION_SECONDS, "operation"
        )
        self.errors = counter("errors_total", "Operations with an error of this code.", "code")
        self.limits_exceeded = counter(
            "limits_exceeded_total", "Operations beyond a limit: refused, or measured.", "limit", "outcome"
        )
        # What backends do.
        self.calls = counter(
            "backend_calls_total", "Calls after all their attempts.", "backend", "operation", "outcome"
        )
        self.attempt_seconds = histogram(
            "backend_attempt_duration_seconds", "Single attempts, as sent.", ATTEMPT_SECONDS, "backend", "operation"
        )
        self.attempt_errors = counter(
            "backend_errors_total", "Attempts that failed.", "backend", "operation", "code", "cause"
        )
        self.retries = counter("backend_retries_total", "Further attempts.", "backend", "operation", "reason")
        self.refusals = counter("backend_refused_total", "Calls that were not made.", "backend", "operation", "reason")
        self.keys = histogram("backend_batch_keys", "Keys that one call carried.", KEYS, "backend", "operation")
        self.breaker = gauge("backend_breaker_state", "0 closed, 1 half open, 2 open.", "backend", mode="livemax")
        self.breaker_changes = counter("backend_breaker_changes_total", "Changes to a state.", "backend", "state")
        self.in_use = gauge("backend_calls_in_progress", "Calls that hold a place of the bulkhead.", "backend")
        self.waiting = gauge("backend_calls_waiting", "Calls that wait for a place of the bulkhead.", "backend")
        self.limit = gauge("backend_calls_limit", "Places of the bulkhead.", "backend")
        self.contract = gauge(
            "backend_contract_known", "1 when the service description is known.", "backend", mode="livemax"
        )
        # What is remembered.
        self.cache_lookups = counter("cache_lookups_total", "Keys looked up in the cache.", "operation", "outcome")
        self.cache_entries = gauge("cache_entries", "Entries of the memory store.")
        self.cache_bytes = gauge("cache_bytes", "Estimated size of the memory store.")
        self.cache_away = gauge("cache_away", "1 while the shared store fails and is left alone.", mode="livemax")
        self.cache_failures = counter("cache_failures_total", "What the shared store could not do.", "action")
        self.answers_repeated = counter("answers_repeated_total", "Answers given again without a run.")
        self.answer_bytes = gauge("answer_bytes", "Estimated size of the answers that may be given again.")
        self.documents = gauge("documents", "Parsed documents in memory.")
        self.document_bytes = gauge("document_bytes", "Estimated size of the documents in memory.")
        self.document_lookups = counter("document_lookups_total", "Documents looked for in memory.", "outcome")
        self.plans = gauge("plans", "Compiled plans in memory.")
        self.fallbacks = counter("executor_fallbacks_total", "Operations that graphql-core ran.", "reason")
        # The process.
        self.lag = histogram("event_loop_lag_seconds", "How late the event loop is.", LAG_SECONDS)
        self.tasks = gauge("event_loop_tasks", "Tasks of the event loop.")
        self.reloads = counter("configuration_reloads_total", "Reloads of the configuration.", "outcome")
        self.log_lines_lost = counter("log_lines_lost_total", "Lines of the log that could not be written.")
        self.build = gauge("build_info", "Always 1.", "version", "python", mode="livemax")
        self.build.labels(version("bizgraph"), platform.python_version()).set(1)

    def exposition(self, accept: str) -> tuple[str, bytes]:
        """Content type and text for Prometheus, in the form that it accepts; the sum over all workers."""
        encode, content_type = choose_encoder(accept)
        registry = self.registry
        if shared_by_workers():
            registry = CollectorRegistry()
            MultiProcessCollector(registry, os.environ["PROMETHEUS_MULTIPROC_DIR"])  # type: ignore[no-untyped-call] # it ships no types for this
        return content_type, encode(registry)
