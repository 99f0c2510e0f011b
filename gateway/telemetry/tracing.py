"""Traces: what the gateway needs of them, whoever makes the spans.

Without spans of its own the gateway passes on the caller's `traceparent` and `tracestate` (W3C Trace Context), so that
a backend's spans still belong to the caller's trace.
"""

from __future__ import annotations

import re
from typing import Final, Protocol

from gateway.http.request import GraphQLRequest, RequestInfo
from gateway.telemetry.settings import TelemetrySettings
from resolvers.backends.ports import Hints
from resolvers.backends.source import Caller

_TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
"""Version, trace id, parent id and flags; ids of nothing but zeros are not valid (Trace Context §3.2.2)."""
_TRACESTATE: Final = re.compile(r"[ -~\t]{1,512}")


class Span(Protocol):
    """What is done for one operation."""

    @property
    def hints(self) -> Hints:
        """What backends are told: `traceparent`, and `tracestate` where there is one."""
        ...

    def end(self, outcome: str, codes: list[str]) -> None:
        """The operation was run; `codes` are those of its errors."""
        ...


class Tracer(Protocol):
    """Makes spans: one per operation and one per call to a backend."""

    def operation(self, request: GraphQLRequest) -> Span: ...

    def around(self, caller: Caller, backend: str, operation: str) -> Caller:
        """A caller that makes a span of each call, below the span that the call's hints name."""
        ...

    def close(self) -> None:
        """Send what was not sent yet. Takes a few seconds at most."""
        ...


def tracer_of(settings: TelemetrySettings) -> Tracer | None:
    """The tracer that the configuration asks for. Raises ModuleNotFoundError when its packages are not installed."""
    if settings.traces == "off":
        return None
    # An optional extra, and heavy to import.
    from gateway.telemetry.otel import OtlpTracer  # noqa: PLC0415

    return OtlpTracer.exporting(settings)


def passed_on(info: RequestInfo) -> Hints:
    """The caller's trace context, as far as it is well formed."""
    parent = info.header(b"traceparent")
    if parent is None or not _TRACEPARENT.fullmatch(parent):
        return ()
    state = info.header(b"tracestate")
    if state is None or not _TRACESTATE.fullmatch(state):
        return (("traceparent", parent),)
    return ("traceparent", parent), ("tracestate", state)
