"""What each stage of a request costs: `python -m benchmarks.stages`.

One small and one large operation run through the gateway's own parts, with backends that answer from memory at once, so
that only our own work is measured. CPU microseconds per request, the least of several rounds; read the shares, not
the absolute figures.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import orjson
from graphql import ExecutionResult
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from gateway.auth.authentication import Authentication
from gateway.auth.build import token_verifier
from gateway.auth.mint import mint
from gateway.auth.settings import AuthSettings
from gateway.execution.documents import Documents
from gateway.execution.execute import Executor
from gateway.execution.masking import Masking
from gateway.http.graphql import GraphQLEndpoint
from gateway.http.parameters import from_body
from gateway.http.request import GraphQLRequest, RequestInfo
from gateway.limits.spending import Spending
from gateway.operations import Operations
from gateway.telemetry.logs import configure_logging
from gateway.telemetry.settings import TelemetrySettings
from gateway.telemetry.telemetry import Telemetry
from resolvers.backends.operation import Backends
from resolvers.backends.ports import Args, Fetched, Forwarded
from resolvers.context import Context
from resolvers.records import Customer, Money, Order, OrderLine
from schema.build import build_schema, graphql_schema

KEY = "bench-key-for-loopback-only-0123456789abcdef"
SMALL = 'query Small { customer(id: "c1") { id name email } }'
LARGE = """query Large {
  customers(first: 100) { nodes {
    id name email
    orders(first: 5) { nodes { id status total { amount currency } lines { sku quantity } } }
  } }
}"""
CUSTOMERS = [Customer(id=f"c{number}", name=f"Name {number}", email=f"c{number}@example.com") for number in range(100)]


def orders_of(key: str) -> list[Order]:
    lines = tuple(OrderLine(sku=f"SKU-{number}", quantity=Decimal(number)) for number in range(1, 4))
    total = Money(Decimal("123.45"), "EUR")
    return [
        Order(id=f"{key}-o{number}", customer_id=key, status="SHIPPED", total=total, lines=lines) for number in range(5)
    ]


ORDERS = {customer.id: orders_of(customer.id) for customer in CUSTOMERS}


class _Endpoint:
    backend = "memory"
    max_batch = 1000
    accepts = frozenset({"per_key"})

    def __init__(self, operation: str) -> None:
        self.operation = operation

    def forwarded(self, principal: object) -> Forwarded:
        return ()


class MemorySource:
    """A source that knows its answers."""

    def __init__(self, operation: str, answers: Callable[[str], Any]) -> None:
        self.endpoint: Any = _Endpoint(operation)
        self._answers = answers

    async def answers(self, keys: Sequence[str], args: Args, forwarded: Forwarded, context: Context) -> list[Any]:
        return [self._answers(key) for key in keys]

    async def listing(
        self, first: int, after: str | None, args: Args, forwarded: Forwarded, context: Context
    ) -> Fetched[Any]:
        return Fetched(records=CUSTOMERS[:first], positions=[str(number) for number in range(first)])


class _Connections:
    """What Operations needs of the connections to backends."""

    clock = time

    def of(self, principal: object) -> _Connections:
        return self

    def __init__(self) -> None:
        by_id = {customer.id: customer for customer in CUSTOMERS}
        self.backends = Backends(
            {
                "customers.by_ids": MemorySource("customers.by_ids", by_id.get),
                "customers.list": MemorySource("customers.list", by_id.get),
                "orders.by_customers": MemorySource("orders.by_customers", ORDERS.get),
            }
        )


def least(measure: Callable[[int], float], rounds: int, count: int) -> float:
    """The least CPU microseconds per call over the rounds."""
    return min(measure(count) for _ in range(rounds)) / count * 1e6


def of_function(function: Callable[[], object]) -> Callable[[int], float]:
    def measure(count: int) -> float:
        started = time.process_time()
        for _ in range(count):
            function()
        return time.process_time() - started

    return measure


def of_coroutine(loop: asyncio.AbstractEventLoop, function: Callable[[], Awaitable[object]]) -> Callable[[int], float]:
    async def repeat(count: int) -> float:
        started = time.process_time()
        for _ in range(count):
            await function()
        return time.process_time() - started

    return lambda count: loop.run_until_complete(repeat(count))


def stages(rounds: int) -> list[tuple[str, float, float]]:
    """Name of each stage and its microseconds for the small and for the large operation."""
    configure_logging("warning")
    loop = asyncio.new_event_loop()
    settings = AuthSettings.model_validate(
        {"issuers": [{"issuer": "bench", "audience": "bench", "algorithms": ["HS256"], "key": "env:KEY"}]}
    )
    verifier = token_verifier(settings, environ={"KEY": KEY}, clock=time)
    authentication = Authentication(settings, verifier)
    scopes = ["customers:all", "customers:read", "customers:contact", "orders:read"]
    token = mint(settings.issuers[0], SecretStr(KEY), subject="b", now=time.time(), expires_in=3600, scopes=scopes)
    headers = [
        (b"host", b"127.0.0.1"),
        (b"content-type", b"application/json"),
        (b"accept", b"application/json"),
        (b"authorization", b"Bearer " + token.encode()),
    ]
    schema = graphql_schema(build_schema())
    documents = Documents(schema)
    executor = Executor(schema)
    connections: Any = _Connections()
    operations = Operations(
        executor,
        connections,
        spending=Spending(schema, most=50_000, max_page=200),
        deadline=10.0,
        max_page=200,
        watcher=Telemetry(TelemetrySettings(log_level="warning"), time),
    )
    masking = Masking(lambda error, **context: None)
    principal = loop.run_until_complete(verifier.verify(token))
    rows: dict[str, list[float]] = {}

    async def nothing(request: GraphQLRequest) -> ExecutionResult:
        return ExecutionResult({}, None)

    for query in (SMALL, LARGE):
        count = 2000 if query is SMALL else 50
        body = orjson.dumps({"query": query, "variables": {}})
        scope = {"type": "http", "method": "POST", "headers": headers, "query_string": b"", "client": None}

        async def receive(body: bytes = body) -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            pass

        def door(run: Any, scope: Any = scope, receive: Any = receive, send: Any = send) -> Callable[[], Any]:
            endpoint = GraphQLEndpoint(
                authenticate=authentication.principal, documents=documents, run=run, mask=masking
            )
            return lambda: endpoint(scope, receive, send)

        document = documents.get(query)
        operation = document.operation(None)
        request = GraphQLRequest(
            principal=principal,
            document=document,
            operation=operation,
            variables={},
            extensions={},
            info=_info(headers),
        )
        result = loop.run_until_complete(operations.run(request))
        assert not result.errors, result.errors

        def note(name: str, value: float) -> None:
            rows.setdefault(name, []).append(value)

        note("door, without running", least(of_coroutine(loop, door(nothing)), rounds, count))
        note("· body and parameters", least(of_function(partial(from_body, body)), rounds, count))
        note(
            "· token, remembered", least(of_coroutine(loop, partial(authentication.principal, headers)), rounds, count)
        )
        note("· document, remembered", least(of_function(partial(documents.get, query)), rounds, count))
        run = least(of_coroutine(loop, partial(operations.run, request)), rounds, count)
        note("plan, run and complete", run)
        note("encode", least(of_function(partial(masking.encode, result, "id")), rounds, count))
        note("whole request", least(of_coroutine(loop, door(operations.run)), rounds, count))
        fresh = Documents(schema, entries=1)
        other = f"{query} # {{}}"

        def read_anew(fresh: Documents = fresh, query: str = query, other: str = other) -> None:
            fresh.get(query)
            fresh.get(other)

        note("(document, met for the first time)", least(of_function(read_anew), rounds, 20) / 2)
    loop.run_until_complete(verifier.close())
    loop.close()
    return [(name, *values) for name, values in rows.items()]  # type: ignore[misc] # two values each


def _info(headers: list[tuple[bytes, bytes]]) -> Any:
    return RequestInfo(dict(headers), method="POST", client=None, correlation_id="bench")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    options = parser.parse_args(arguments)
    table = Table("stage", "1 object, µs", "share", "600 objects, µs", "share", title="Stages of a request (CPU)")
    found = stages(3 if options.quick else 9)
    whole = next(row for row in found if row[0] == "whole request")
    for name, small, large in found:
        table.add_row(name, f"{small:.1f}", f"{small / whole[1]:.0%}", f"{large:.1f}", f"{large / whole[2]:.0%}")
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
