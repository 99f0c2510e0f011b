"""Spans: one per operation and one per call, in the caller's trace, and what backends are told of it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from gateway.app import Gateway
from gateway.demo.company import DemoCompany
from gateway.demo.switches import Switch
from gateway.http.request import RequestInfo
from gateway.telemetry.otel import OtlpTracer
from gateway.telemetry.settings import TelemetrySettings
from gateway.telemetry.telemetry import Telemetry
from gateway.telemetry.tracing import passed_on, tracer_of
from resolvers.backends.ports import Call, Fetched
from resolvers.backends.trips import Patience
from tests.client import Client
from tests.patience import demo_settings

NAMED = 'query Named { customer(id: "c7") { name } product(sku: "SKU-0042") { name } }'
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def share() -> float:
    return 1.0


@pytest.fixture
def tracer(exporter: InMemorySpanExporter, share: float) -> Iterator[OtlpTracer]:
    made = OtlpTracer(SimpleSpanProcessor(exporter), share=share)
    yield made
    made.close()


@pytest.fixture
async def house(company: DemoCompany, tracer: OtlpTracer) -> AsyncIterator[Gateway]:
    settings, environment = demo_settings(company)
    whole = Gateway(settings, environment, telemetry=Telemetry(settings.telemetry, time, tracer=tracer))
    async with whole.running():
        company.clear_calls()
        yield whole


@pytest.fixture
def anonymous(house: Gateway) -> Client:
    return Client(house.entrance)


def by_name(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


async def test_an_operation_and_its_calls_are_spans(client: Client, exporter: InMemorySpanExporter) -> None:
    """Below the span of the operation there is one per call, with backend, operation and number of keys."""
    await client.ask(NAMED)
    spans = by_name(exporter)
    assert set(spans) == {"query Named", "customers.by_ids", "products.by_skus"}
    operation, call = spans["query Named"], spans["customers.by_ids"]
    assert (operation.kind, call.kind) == (SpanKind.SERVER, SpanKind.CLIENT)
    assert operation.parent is None
    assert call.parent is not None
    assert call.parent.span_id == operation.context.span_id
    assert call.attributes is not None
    assert dict(call.attributes) == {
        "peer.service": "crm",
        "bizgraph.operation": "customers.by_ids",
        "bizgraph.keys": 1,
    }
    assert operation.attributes is not None
    assert operation.attributes["bizgraph.outcome"] == "ok"
    assert operation.attributes["graphql.operation.name"] == "Named"


async def test_spans_tell_why_a_call_failed(
    client: Client, company: DemoCompany, exporter: InMemorySpanExporter
) -> None:
    """Code, cause and attempts stand on the call's span; the operation's names its codes."""
    await company.crm.switch(Switch.UNAUTHORIZED)
    await client.ask(NAMED)
    spans = by_name(exporter)
    call, operation = spans["customers.by_ids"], spans["query Named"]
    assert call.attributes is not None
    assert call.attributes["error.type"] == "BACKEND_REJECTED"
    assert call.attributes["bizgraph.attempts"] == 1
    assert call.status.status_code is StatusCode.ERROR
    assert operation.status.description == "BACKEND_REJECTED"


async def test_spans_hold_nothing_of_the_caller(client: Client, exporter: InMemorySpanExporter) -> None:
    """Neither token nor keys nor records leave in a span."""
    answer = await client.ask(NAMED)
    told = "".join(span.to_json() for span in exporter.get_finished_spans())
    assert client.token is not None
    for secret in (client.token, "tester", "SKU-0042", answer.data["customer"]["name"]):
        assert secret not in told


async def test_the_callers_trace_goes_on(client: Client, exporter: InMemorySpanExporter) -> None:
    """A caller with a token that sends a trace context finds our spans in its trace (W3C Trace Context)."""
    await client.ask(NAMED, traceparent=PARENT, tracestate="vendor=1")
    spans = by_name(exporter)
    assert {f"{span.context.trace_id:032x}" for span in spans.values()} == {TRACE}
    assert spans["customers.by_ids"].context.trace_state["vendor"] == "1"


async def test_every_system_is_told_whose_call_it_is(
    client: Client, company: DemoCompany, exporter: InMemorySpanExporter
) -> None:
    """Over REST and SOAP alike a call carries the request's id, the span that made it and how long it is waited for."""
    invoices = '{ customer(id: "c7") { name orders(first: 1) { nodes { id } } invoices(first: 1) { nodes { id } } } '
    await client.ask(f'{invoices} product(sku: "SKU-0042") {{ name }} }}', traceparent=PARENT, x_request_id="r-9")
    spans = {f"{span.context.span_id:016x}" for span in exporter.get_finished_spans() if span.kind is SpanKind.CLIENT}
    told = set()
    for server in company.servers:
        (call,) = server.calls
        assert call.headers["x-correlation-id"] == "r-9"
        assert call.headers["x-request-timeout"].endswith("ms")
        version, trace, span, flags = call.headers["traceparent"].split("-")
        assert (version, trace, flags) == ("00", TRACE, "01")
        told.add(span)
    assert told == spans


async def test_callers_without_a_token_begin_a_trace(anonymous: Client, exporter: InMemorySpanExporter) -> None:
    """Strangers cannot have all of their requests traced."""
    await anonymous.ask("{ __typename }", traceparent=PARENT)
    (span,) = exporter.get_finished_spans()
    assert f"{span.context.trace_id:032x}" != TRACE


class TestShare:
    """Most operations are not traced."""

    @pytest.fixture
    def share(self) -> float:
        return 0.0

    async def test_what_is_not_sampled_is_not_recorded(self, client: Client, exporter: InMemorySpanExporter) -> None:
        """With a share of 0 only what callers decide to trace is."""
        await client.ask(NAMED)
        assert exporter.get_finished_spans() == ()
        await client.ask("query Mine { __typename }", traceparent=PARENT)
        assert set(by_name(exporter)) == {"query Mine"}


async def test_each_attempt_names_the_calls_own_span(tracer: OtlpTracer, exporter: InMemorySpanExporter) -> None:
    """A backend's own spans hang below the span of the call that asked it, not below another's."""
    seen: list[Call] = []

    class Inner:
        async def call(self, attempt: Any, call: Call, patience: Patience) -> Fetched[Any]:
            seen.append(call)
            return Fetched(records=[])

    async def attempt(call: Call) -> Fetched[Any]:
        raise AssertionError

    traced = tracer.around(Inner(), "crm", "customers.by_ids")
    hints = (("X-Correlation-Id", "r-1"), ("traceparent", PARENT), ("tracestate", "vendor=1"))
    await traced.call(attempt, Call(hints=hints), Patience(1.0))
    (span,) = exporter.get_finished_spans()
    told = dict(seen[0].hints)
    assert told == {
        "X-Correlation-Id": "r-1",
        "traceparent": f"00-{TRACE}-{span.context.span_id:016x}-01",
        "tracestate": "vendor=1",
    }


async def test_a_cancelled_call_ends_its_span(tracer: OtlpTracer, exporter: InMemorySpanExporter) -> None:
    """No span stays open because a caller went away."""

    class Inner:
        async def call(self, attempt: Any, call: Call, patience: Patience) -> Fetched[Any]:
            raise asyncio.CancelledError

    async def attempt(call: Call) -> Fetched[Any]:
        raise AssertionError

    with pytest.raises(asyncio.CancelledError):
        await tracer.around(Inner(), "crm", "o").call(attempt, Call(), Patience(1.0))
    assert len(exporter.get_finished_spans()) == 1


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"traceparent": PARENT}, [("traceparent", PARENT)]),
        ({"traceparent": PARENT, "tracestate": "a=1,b=2"}, [("traceparent", PARENT), ("tracestate", "a=1,b=2")]),
        ({"traceparent": PARENT, "tracestate": "a=1\r\nx: y"}, [("traceparent", PARENT)]),
        ({"tracestate": "a=1"}, []),
        ({"traceparent": PARENT.replace("00-", "ff-", 1)}, []),
        ({"traceparent": f"00-{'0' * 32}-00f067aa0ba902b7-01"}, []),
        ({"traceparent": f"00-{TRACE}-{'0' * 16}-01"}, []),
        ({"traceparent": PARENT.upper()}, []),
        ({"traceparent": PARENT + "-x"}, []),
        ({}, []),
    ],
)
def test_only_a_well_formed_context_is_passed_on(sent: dict[str, str], told: list[tuple[str, str]]) -> None:
    """Without spans of our own the caller's context reaches backends, and nothing else does in its name."""
    headers = {name.encode(): value.encode() for name, value in sent.items()}
    assert passed_on(RequestInfo(headers, method="POST", client=None, correlation_id="c")) == tuple(told)


async def test_spans_arrive_at_a_collector(company: DemoCompany) -> None:
    """`traces = "otlp"` sends spans over HTTP to the configured address; closing sends what is left."""
    received: list[ExportTraceServiceRequest] = []

    async def collect(request: web.Request) -> web.Response:
        received.append(ExportTraceServiceRequest.FromString(await request.read()))
        return web.Response(content_type="application/x-protobuf")

    app = web.Application()
    app.router.add_post("/v1/traces", collect)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}/v1/traces"
    tracer = tracer_of(
        TelemetrySettings.model_validate({"traces": "otlp", "traces_endpoint": address, "traces_sample": 1})
    )
    assert tracer is not None
    settings, environment = demo_settings(company)
    whole = Gateway(settings, environment, telemetry=Telemetry(settings.telemetry, time, tracer=tracer))
    async with whole.running():
        await Client(whole.entrance).ask("query Sent { __typename }")
    await asyncio.to_thread(whole.telemetry.close)
    await runner.cleanup()
    names = [span.name for sent in received for r in sent.resource_spans for s in r.scope_spans for span in s.spans]
    assert names == ["query Sent"]
    (resource,) = (r.resource for r in received[0].resource_spans)
    assert {a.key: a.value.string_value for a in resource.attributes}["service.name"] == "bizgraph"


def test_no_tracer_is_made_when_nobody_asks_for_traces() -> None:
    """By default there are no spans, and OpenTelemetry need not be installed."""
    assert tracer_of(TelemetrySettings()) is None


def test_the_gateway_starts_without_opentelemetry() -> None:
    """The extra need not be installed; who asks for traces without it is told what to install, before it listens."""
    check = """
import sys
sys.modules["opentelemetry"] = None
from gateway.server import serving
from gateway.settings import ConfigurationError, Settings
serving(Settings(), {}, Settings)
try:
    serving(Settings.model_validate({"telemetry": {"traces": "otlp"}}), {}, Settings)
except ConfigurationError as error:
    print(error)
"""
    told = subprocess.run([sys.executable, "-c", check], check=True, capture_output=True, text=True).stdout
    assert told == "telemetry.traces: opentelemetry is missing: install bizgraph[otel]\n"
