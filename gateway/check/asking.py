"""One operation at a time: calls without cache, batches or retries, and what came in answer."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from gateway.check.declared import declares
from gateway.check.raw import Names
from resolvers.backends.connect import Connections
from resolvers.backends.http.client import Answer, watcher
from resolvers.backends.mapping import compile_reader
from resolvers.backends.mapping.compiler import compile_shape
from resolvers.backends.mapping.exact import meets
from resolvers.backends.mapping.kinds import kinds_of
from resolvers.backends.mapping.misfit import Misfit
from resolvers.backends.mapping.paths import FIRST, parse_path, walk
from resolvers.backends.operation import GROUPED, OPERATIONS, canonical
from resolvers.backends.ports import Call, Endpoint, Fetched
from resolvers.backends.python.connector import PythonConnector
from resolvers.backends.settings import Connected, PythonOperation, RestOperation, SoapOperation, backends_of
from resolvers.backends.soap.connector import SoapConnector
from resolvers.errors import BackendContract, GatewayError
from resolvers.principal import Principal


class Exchange(Struct):
    """One question and its answer: `fetched`, or the `error` in its place. `items` are as they came."""

    fetched: Fetched[Any] | None = None
    error: GatewayError | None = None
    items: list[Any] = msgspec.field(default_factory=list)
    bytes: int = 0
    seconds: float = 0.0

    @property
    def records(self) -> Sequence[Any]:
        return () if self.fetched is None else self.fetched.records


class _Tap:
    """A reader that keeps what it is given. It tells no `needs`, so that SOAP answers are decoded whole."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self.items: list[Any] = []

    def read(self, items: Sequence[Any]) -> list[Any]:
        self.items.extend(items)
        read: list[Any] = self._reader.read(items)
        return read

    def read_json(self, body: bytes) -> list[Any]:
        read: list[Any] = self._reader.read_json(body)
        return read


class Asked:
    """One configured operation, ready to be asked; its connections are open."""

    def __init__(self, operation: Connected, connections: Connections, principal: Principal) -> None:
        self.operation = operation
        self.name = operation.name
        self.domain, _, self.method = operation.name.partition(".")
        self.listed = self.method == "list"
        self.grouped = operation.name in GROUPED
        self.key = getattr(operation.settings, "key", None) or OPERATIONS[operation.name] or "id"
        self.identity = "sku" if self.domain in ("products", "stock") else "id"
        settings = operation.settings
        items = None if isinstance(settings, PythonOperation) else settings.items
        self._items = parse_path(items or ".")
        keyed = self._items.steps[-1:] == (FIRST,)
        self.reader: Any = compile_reader(
            operation.record, operation.mapping, backend=operation.backend, operation=operation.name, items_path=items
        )
        self.shape = compile_shape(operation.record, operation.mapping, keyed=keyed)
        self._tap = _Tap(self.reader)
        self.endpoint: Endpoint[Any] = connections.sources[operation.name].endpoint
        connector = connections.connectors[operation.backend]
        if isinstance(connector, SoapConnector) and isinstance(settings, SoapOperation):
            self.endpoint = connector.endpoint(operation.name, settings, self._tap)
        elif isinstance(connector, PythonConnector) and isinstance(settings, PythonOperation):
            self.endpoint = connector.endpoint(operation.name, operation.adapter or "", settings, self._tap)
        self._connector = connector
        self._forwarded = self.endpoint.forwarded(principal)
        self.timeout = backends_of(connections.settings)[operation.backend].timeout
        self.calls = 0
        self.today = datetime.now(UTC).date()

    async def ask(
        self,
        *,
        keys: Sequence[str] = (),
        first: int | None = None,
        after: str | None = None,
        args: Mapping[str, Any] | None = None,
    ) -> Exchange:
        """One call of the endpoint. Raises nothing that a backend can cause."""
        exchange = Exchange()
        call = Call(
            keys=tuple(keys),
            args=canonical(args or {}),
            first=first,
            after=after,
            forwarded=self._forwarded,
            timeout=self.timeout,
        )
        self._tap.items.clear()
        self.calls += 1
        started = time.perf_counter()
        with self._watched(exchange):
            try:
                exchange.fetched = await self.endpoint.attempt(call)
            except GatewayError as error:
                exchange.error = error
        exchange.seconds = time.perf_counter() - started
        exchange.items += self._tap.items
        exchange.items = [item for item in exchange.items if self._kept(item)]
        return exchange

    def hint(self, error: GatewayError) -> str:
        """What to write when this error is the usual way of a system, and no failure."""
        cause = getattr(error, "cause", None)
        if cause == "not forwarded":
            return "; give --as TOKEN"
        if isinstance(self.operation.settings, RestOperation) and cause in ("HTTP 404", "HTTP 410"):
            status = cause.removeprefix("HTTP ")
            if self.listed:
                return f"; if that is how it says that no more follow, write empty = [{status}]"
            return f"; if that is how it says that there are none, write absent = [{status}]; else look at the path"
        return ""

    def may_lack(self, place: Names) -> bool:
        """Whether answers may leave the place out: a WSDL declares it, or an adapter gives what it has."""
        settings = self.operation.settings
        if isinstance(settings, PythonOperation):
            return place[0] in kinds_of(self.operation.record)
        if not isinstance(self._connector, SoapConnector) or not isinstance(settings, SoapOperation):
            return False
        service = self._connector.service
        operation = None if service is None else service.operations.get(settings.operation)
        return operation is not None and declares(operation, self._items.keys, place)

    @contextmanager
    def _watched(self, exchange: Exchange) -> Iterator[None]:
        def tell(operation: str | None, answer: Answer) -> None:
            # Token requests are exchanges too; they belong to no operation.
            if operation == self.name:
                exchange.bytes += len(answer.body)
                if isinstance(self.operation.settings, RestOperation) and 200 <= answer.status < 300:
                    exchange.items += self._located(answer.body)

        token = watcher.set(tell)
        try:
            yield
        finally:
            watcher.reset(token)

    def _located(self, body: bytes) -> list[Any]:
        """The items of a JSON answer; none where it is not what it should be, which the reader tells."""
        steps = self._items.steps
        mapped = steps[-1:] == (FIRST,)
        try:
            found = walk(msgspec.json.decode(body), steps[:-1] if mapped else steps)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, Misfit):
            return []
        if isinstance(found, dict):
            return list(found.values()) if mapped else [found]
        return list(found) if isinstance(found, list) else []

    def _kept(self, item: Any) -> bool:
        try:
            return meets(self.shape, ((0, item),))
        except Misfit:
            return True


def told(error: GatewayError) -> str:
    """An error in a line: what happened, and by which cause."""
    return f"{error.extensions['code']}: {error.message}"


def known(record: Any, name: str) -> str | None:
    """A key of a record, or of what remains of one that does not fit."""
    source = record.remains if isinstance(record, BackendContract) else record
    value = getattr(source, name, None)
    return None if value is None else str(value)
