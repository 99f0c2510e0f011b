"""Spans by OpenTelemetry, sent over OTLP. Nothing else imports OpenTelemetry: it is the extra `bizgraph[otel]`."""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import Any, Final

from msgspec.structs import replace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)
from opentelemetry.trace import Span as OtelSpan

from gateway.http.request import GraphQLRequest
from gateway.telemetry.labels import LONGEST
from gateway.telemetry.settings import TelemetrySettings
from gateway.telemetry.tracing import passed_on
from resolvers.backends.ports import Call, Fetched, Hints
from resolvers.backends.resilience.guard import Attempt
from resolvers.backends.source import Caller
from resolvers.backends.trips import Patience
from resolvers.errors import BackendError

_CONTEXT: Final = frozenset({"traceparent", "tracestate"})


class OtlpTracer:
    """`Tracer` (tracing.py). Spans hold names, counts and codes; no variables, no keys and nothing of the caller."""

    def __init__(self, processor: SpanProcessor, *, share: float) -> None:
        named = {} if "OTEL_SERVICE_NAME" in os.environ else {"service.name": "bizgraph"}
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(share)),
            resource=Resource.create({**named, "service.version": version("bizgraph")}),
            span_limits=SpanLimits(max_attribute_length=LONGEST),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("bizgraph")

    @classmethod
    def exporting(cls, settings: TelemetrySettings) -> OtlpTracer:
        """To a collector, in batches, from a thread. `OTEL_EXPORTER_OTLP_*` says what the configuration does not."""
        endpoint = None if settings.traces_endpoint is None else str(settings.traces_endpoint)
        return cls(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)), share=settings.traces_sample)

    def operation(self, request: GraphQLRequest) -> _OperationSpan:
        """Below the span of the caller, who also decides about sampling, where the caller has a token.

        Others could have every request of theirs traced, so a new trace begins.
        """
        parent = _context(passed_on(request.info)) if request.principal.authenticated else Context()
        kind, name = request.operation.kind, request.operation.name
        attributes = {"graphql.operation.type": kind, "bizgraph.document": request.document.hash}
        if name is not None:
            attributes["graphql.operation.name"] = name
        title = kind if name is None else f"{kind} {name[:LONGEST]}"
        return _OperationSpan(self._tracer.start_span(title, parent, SpanKind.SERVER, attributes))

    def around(self, caller: Caller, backend: str, operation: str) -> _TracedCaller:
        return _TracedCaller(self._tracer, caller, backend, operation)

    def close(self) -> None:
        self._provider.shutdown()


class _OperationSpan:
    __slots__ = ("_span", "hints")

    def __init__(self, span: OtelSpan) -> None:
        self._span = span
        self.hints = _hints(span)

    def end(self, outcome: str, codes: list[str]) -> None:
        self._span.set_attribute("bizgraph.outcome", outcome)
        if codes:
            self._span.set_attribute("error.type", codes[0])
            self._span.set_status(Status(StatusCode.ERROR, ", ".join(codes)))
        self._span.end()


class _TracedCaller:
    """`Caller` (resolvers/backends/source.py): one span for a call with all its attempts."""

    def __init__(self, tracer: Any, caller: Caller, backend: str, operation: str) -> None:
        self._tracer = tracer
        self._caller = caller
        self._operation = operation
        self._attributes = {"peer.service": backend, "bizgraph.operation": operation}

    async def call(self, attempt: Attempt, call: Call, patience: Patience) -> Fetched[Any]:
        span: OtelSpan = self._tracer.start_span(
            self._operation,
            _context(call.hints),
            SpanKind.CLIENT,
            {**self._attributes, "bizgraph.keys": len(call.keys)},
        )
        others = tuple(hint for hint in call.hints if hint[0] not in _CONTEXT)
        try:
            return await self._caller.call(attempt, replace(call, hints=(*others, *_hints(span))), patience)
        except BackendError as error:
            span.set_attribute("error.type", error.code)
            span.set_attribute("bizgraph.cause", error.cause or "unknown")
            span.set_attribute("bizgraph.attempts", error.details.get("attempts", 0))
            span.set_status(Status(StatusCode.ERROR, error.code))
            raise
        finally:
            span.end()


def _hints(span: OtelSpan) -> Hints:
    told = span.get_span_context()
    parent = f"00-{told.trace_id:032x}-{told.span_id:016x}-{told.trace_flags:02x}"
    if not told.trace_state:
        return (("traceparent", parent),)
    return ("traceparent", parent), ("tracestate", told.trace_state.to_header())


def _context(hints: Hints) -> Context:
    """The context of the span that the hints name; an empty one where they name none."""
    named = dict(hints)
    parent = named.get("traceparent")
    if parent is None:
        return Context()
    _, trace, span, flags = parent.split("-")
    state = TraceState.from_header([named["tracestate"]]) if "tracestate" in named else TraceState()
    told = SpanContext(
        int(trace, 16), int(span, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)), trace_state=state
    )
    return set_span_in_context(NonRecordingSpan(told), Context())
