"""What happens, told to logs and metrics: the observer of calls, of the cache and of operations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final, Protocol

from graphql import ExecutionResult, GraphQLError

from gateway.execution.masking import failed_before_execution
from gateway.http.request import GraphQLRequest
from gateway.telemetry.labels import ANONYMOUS, BoundedValues
from gateway.telemetry.logs import Output, get_logger
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.settings import TelemetrySettings
from gateway.telemetry.tracing import Span, Tracer, passed_on
from resolvers.backends.ports import Call, Clock, Hints
from resolvers.backends.resilience import BreakerState
from resolvers.context import Context
from resolvers.errors import BackendError, GatewayError

MOST_CAUSES: Final = 60
"""Causes and reasons that metrics tell apart: the connectors have about forty of them."""
LONGEST_NAME: Final = 100
"""Characters of an operation's name that a log line holds."""


class Sampling(Protocol):
    """Who reads present values."""

    def sample(self) -> None: ...


class Telemetry:
    """One per process: it outlives reloads of the configuration.

    Implements `Watcher` (resolvers/backends/connect.py) and `OperationWatcher` (gateway/operations.py). It never
    raises, and costs a few microseconds per operation.
    """

    def __init__(
        self,
        settings: TelemetrySettings,
        clock: Clock,
        *,
        metrics: Metrics | None = None,
        tracer: Tracer | None = None,
        output: Output | None = None,
    ) -> None:
        self.metrics = metrics or Metrics()
        self.tracer = tracer
        self.log = get_logger()
        self._output = output
        self._lost = 0
        self._clock = clock
        self._names = BoundedValues(settings.most_operations, settings.operations)
        self._causes = BoundedValues(MOST_CAUSES)
        self._sample = settings.log_sample if settings.log_level in ("debug", "info") else 0.0
        self._sampled = 0.0
        self._failures = Throttle(settings.log_failures, clock)
        # A dict counts ten times as fast as Prometheus' counters do where several workers share them.
        self._counts: defaultdict[tuple[str, ...], int] = defaultdict(int)
        self._observers: dict[tuple[str, ...], Callable[[float], None]] = {}
        self.in_progress = 0
        """Requests of the GraphQL endpoint that are being answered."""
        self.sampler: Sampling | None = None
        """Reads what has a present value; the newest gateway's."""
        self.backends: dict[str, bool] = {}
        """Those that metrics show, and whether they have a service description; a reload may remove some."""

    def sample(self) -> None:
        """Bring the metrics up to date; called once a second, and when Prometheus asks."""
        self._hand_over()
        if self.sampler is not None:
            self.sampler.sample()

    def responded(self, status: int) -> None:
        """The GraphQL endpoint answers with this HTTP status."""
        self._count("http_responses", str(status))

    def reloaded(self, outcome: str) -> None:
        """A reload of the configuration was `reloaded` or `refused`."""
        self._count("reloads", outcome)

    def close(self) -> None:
        """Hand over what was counted last, and send the spans that were not sent yet."""
        self._hand_over()
        if self.tracer is not None:
            self.tracer.close()

    # ---- Operations -------------------------------------------------------------------------------------------------

    def began(self, request: GraphQLRequest) -> Running:
        """An operation is about to be run."""
        return Running(self, request, None if self.tracer is None else self.tracer.operation(request))

    def finished(
        self, request: GraphQLRequest, context: Context, result: ExecutionResult, seconds: float, span: Span | None
    ) -> None:
        """An operation was run; `seconds` is how long it took."""
        raw = request.operation.name
        name = ANONYMOUS if raw is None else self._names.of(raw, admit=request.principal.authenticated)
        codes: list[str] = []
        outcome = "ok"
        if result.errors:
            codes = codes_of(result)
            outcome = "partial" if result.data is not None else "failed"
            if failed_before_execution(result):
                outcome = "invalid"
            for code in codes:
                self._count("errors", code)
        if span is not None:
            span.end(outcome, codes)
        self._count("operations", name, outcome)
        self._observe("operation_seconds", seconds, name)
        if not codes:
            self._sampled += self._sample
            if self._sampled < 1:
                return
            self._sampled -= 1
        self.log.info(
            "operation",
            name=raw and raw[:LONGEST_NAME],
            kind=request.operation.kind,
            document=request.document.hash,
            outcome=outcome,
            durationMs=round(seconds * 1000, 3),
            calls=context.journal.calls,
            errors=codes,
            stale=len(context.stale),
            correlationId=context.correlation_id,
        )

    def fell_back(self, reason: str) -> None:
        """graphql-core ran an operation, for this reason."""
        self._count("fallbacks", self._causes.of(reason))
        self.log.warning("executor.fallback", reason=reason)

    def crashed(self, error: BaseException, *, correlation_id: str, path: Any) -> None:
        """A fault of the gateway itself: the caller was told no more than the correlation id."""
        self.log.error("operation.crashed", correlationId=correlation_id, path=path, exc_info=error)

    def exceeded(self, limit: str, caller: object, refused: bool) -> None:
        """An operation was beyond a limit: `rate`, `concurrency` or `cost`."""
        self._count("limits_exceeded", limit, "refused" if refused else "measured")

    def journal_failed(self, error: OSError, waiting: int) -> None:
        """The access journal cannot be written; so many entries wait. Called in the writing thread."""
        self.log.error("journal.failed", problem=error.strerror or str(error), waiting=waiting)

    def journal_lost(self, entries: int) -> None:
        """The access journal was closed before all of it was written."""
        self.log.critical("journal.lost", entries=entries)

    # ---- Backends ---------------------------------------------------------------------------------------------------

    def attempted(self, backend: str, operation: str, seconds: float, error: BackendError | None) -> None:
        """An attempt was made, and took so long."""
        self._observe("attempt_seconds", seconds, backend, operation)
        if error is not None:
            self._count("attempt_errors", backend, operation, error.code, self._cause(error))

    def called(self, backend: str, operation: str, call: Call, seconds: float, error: BackendError | None) -> None:
        """A call has ended, after all its attempts."""
        attempts = 1 if error is None else error.details.get("attempts", 0)
        if attempts and call.keys:
            self._observe("keys", len(call.keys), backend, operation)
        if error is None:
            self._count("calls", backend, operation, "ok")
            return
        self._count("calls", backend, operation, "failed" if attempts else "refused")
        if not attempts:
            return  # Nothing was sent, and why is known from an earlier line.
        left_out = self._failures.admit((backend, operation, error.code))
        if left_out is None:
            return
        self.log.warning(
            "backend.failed",
            backend=backend,
            operation=operation,
            code=error.code,
            cause=error.cause,
            attempts=attempts,
            keys=len(call.keys),
            durationMs=round(seconds * 1000, 3),
            raised=None if error.__cause__ is None else type(error.__cause__).__name__,
            correlationId=dict(call.hints).get("X-Correlation-Id"),
            leftOut=left_out or None,
        )

    def retried(self, backend: str, operation: str, reason: str) -> None:
        """A further attempt will be made: after a failure, or because the first is late (`hedge`)."""
        self._count("retries", backend, operation, self._causes.of(reason))

    def refused(self, backend: str, operation: str, reason: str) -> None:
        """A call was not made."""
        self._count("refusals", backend, operation, reason)

    def breaker_changed(self, backend: str, state: BreakerState) -> None:
        """The breaker of a backend is in this state now."""
        self._count("breaker_changes", backend, state.value)
        self.log.warning("backend.breaker", backend=backend, state=state.value)

    # ---- Cache ------------------------------------------------------------------------------------------------------

    def looked_up(self, operation: str, outcome: str, count: int) -> None:
        """So many keys were looked up in the cache: `hit`, `miss`, `stale` or `absent`."""
        self._count("cache_lookups", operation, outcome, by=count)

    def store_failed(self, action: str) -> None:
        """The shared store of the cache could not do this."""
        self._count("cache_failures", action)

    # -----------------------------------------------------------------------------------------------------------------

    def _cause(self, error: BackendError) -> str:
        return self._causes.of(error.cause or "unknown")

    def _count(self, metric: str, *labels: str, by: int = 1) -> None:
        self._counts[(metric, *labels)] += by

    def _observe(self, metric: str, value: float, *labels: str) -> None:
        key = (metric, *labels)
        observe = self._observers.get(key)
        if observe is None:
            observe = self._observers[key] = getattr(self.metrics, metric).labels(*labels).observe
        observe(value)

    def _hand_over(self) -> None:
        """Give to Prometheus what was counted since the last time."""
        counts, self._counts = self._counts, defaultdict(int)
        for (metric, *labels), count in counts.items():
            getattr(self.metrics, metric).labels(*labels).inc(count)
        if self._output is not None:
            lost, self._lost = self._output.lost - self._lost, self._output.lost
            self.metrics.log_lines_lost.inc(lost)


class Running:
    """`Watched` (gateway/operations.py)."""

    __slots__ = ("_request", "_span", "_telemetry", "hints")

    def __init__(self, telemetry: Telemetry, request: GraphQLRequest, span: Span | None) -> None:
        self._telemetry = telemetry
        self._request = request
        self._span = span
        context = passed_on(request.info) if span is None else span.hints
        self.hints: Hints = (("X-Correlation-Id", request.info.correlation_id), *context)

    def finished(self, context: Context, result: ExecutionResult, seconds: float) -> None:
        self._telemetry.finished(self._request, context, result, seconds, self._span)

    def given_up(self) -> None:
        if self._span is not None:
            self._span.end("refused", [])


class Throttle:
    """Lets `most` lines of a kind through per second, and counts the others."""

    __slots__ = ("_clock", "_kinds", "_most")

    def __init__(self, most: int, clock: Clock) -> None:
        self._most = most
        self._clock = clock
        self._kinds: dict[Any, list[int]] = {}

    def admit(self, kind: Any) -> int | None:
        """None for a line too many; otherwise how many of this kind were left out since the last one."""
        second = int(self._clock.monotonic())
        entry = self._kinds.setdefault(kind, [second, 0, 0])
        if entry[0] != second:
            entry[0], entry[1] = second, 0
        entry[1] += 1
        if entry[1] > self._most:
            entry[2] += 1
            return None
        left_out, entry[2] = entry[2], 0
        return left_out


def codes_of(result: ExecutionResult) -> list[str]:
    """The codes of the errors, each once, in the order in which they come."""
    seen: dict[int, None] = {}
    codes: dict[str, None] = {}
    for error in result.errors or ():
        # Most often one failed call is the error of many positions.
        if error.original_error is not None:
            if id(error.original_error) in seen:
                continue
            seen[id(error.original_error)] = None
        codes[code_of(error)] = None
    return list(codes)


def code_of(error: GraphQLError) -> str:
    """The code that the caller is told (gateway/execution/masking.py)."""
    original = error.original_error
    if isinstance(original, GatewayError):
        return original.code
    if error.extensions and "code" in error.extensions:
        return str(error.extensions["code"])
    # graphql-core's own words about variables and arguments; those of fields speak of what a resolver returned.
    of_the_caller = error.path is None or error.message.startswith("Argument '")
    return "BAD_USER_INPUT" if of_the_caller and isinstance(original, GraphQLError | None) else "INTERNAL"
