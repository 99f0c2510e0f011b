"""A whole check of a configuration: lists first, then operations by keys as soon as keys are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gateway.check.agreement import check_absent, check_batch, check_pages
from gateway.check.asking import Asked, Exchange, told
from gateway.check.coverage import cover, enums
from gateway.check.filters import check_filters
from gateway.check.report import BackendReport, OperationReport, Report
from gateway.check.samples import POOLS, Samples
from gateway.check.shapes import Shapes, drift, shape_of
from resolvers.backends.connect import Connections
from resolvers.backends.settings import backends_of, connected
from resolvers.backends.soap.connector import SoapConnector
from resolvers.errors import BackendContract, BackendRejected, BackendTimeout, BackendUnavailable, GatewayError
from resolvers.principal import Principal

SAMPLE = 50
MOST_KEYS = 200
"""With so many keys a batch is tried, where `max_batch` allows it: a system that cuts its answer shows it there."""


class Check:
    """Asks the backends of open connections. `shapes` holds afterwards what was observed."""

    def __init__(
        self,
        connections: Connections,
        *,
        principal: Principal,
        samples: Mapping[str, Iterable[str]],
        size: int = SAMPLE,
        before: Shapes | None = None,
    ) -> None:
        self.shapes = Shapes(operations={})
        self.report = Report(backends=[], operations=[], findings=[])
        self._connections = connections
        self._samples = Samples(samples)
        self._size = size
        self._before = before
        operations, _ = connected(connections.settings)
        self._waiting = [Asked(operation, connections, principal) for operation in operations]
        self._backends = {
            name: BackendReport(name=name, kind=backend.kind)
            for name, backend in backends_of(connections.settings).items()
        }

    async def run(self) -> Report:
        """The report of all operations, in the order of the configuration."""
        order = [asked.name for asked in self._waiting]
        for asked in [asked for asked in self._waiting if asked.listed]:
            self._waiting.remove(asked)
            await self._list(asked)
        while ready := next(((asked, *keys) for asked in self._waiting if (keys := self._keys(asked))[0]), None):
            self._waiting.remove(ready[0])
            await self._keyed(*ready)
        for asked in self._waiting:
            pools = " or ".join(dict.fromkeys(pool.rpartition(" ")[2] for pool in POOLS[asked.name]))
            why = f"no key is known: connect a list of {pools}, or give --sample {pools.partition(' ')[0]}=KEY"
            self.report.note("warning", "keys", asked.name, why)
            self._told(asked, Exchange(), "not asked", why)
        self.report.operations.sort(key=lambda operation: order.index(operation.name))
        self._service_descriptions()
        self.report.backends = list(self._backends.values())
        return self.report

    def _keys(self, asked: Asked) -> tuple[list[str], bool]:
        return self._samples.keys(asked, min(asked.endpoint.max_batch, MOST_KEYS))

    async def _list(self, asked: Asked) -> None:
        sample = await asked.ask(first=self._size)
        into = self._took(asked, sample)
        if sample.error is None:
            into.paging = await check_pages(asked, sample, self._size, self.report)
            await check_filters(asked, (), self._size, sample, self.report)
            if sample.fetched is not None and sample.fetched.has_next:
                self._samples.harvest((await asked.ask(first=MOST_KEYS)).records)
        into.calls = asked.calls

    async def _keyed(self, asked: Asked, keys: list[str], all_exist: bool) -> None:
        sample = await asked.ask(keys=keys)
        into = self._took(asked, sample)
        into.batch = await check_batch(asked, keys, sample, all_exist, self.report)
        if sample.error is None:
            await check_absent(asked, keys, self.report)
            await check_filters(asked, keys, self._size, sample, self.report)
        into.calls = asked.calls

    def _took(self, asked: Asked, sample: Exchange) -> OperationReport:
        backend = self._backends[asked.operation.backend]
        _learn(backend, sample.error)
        if sample.error is not None:
            self.report.note("problem", "call", asked.name, told(sample.error) + asked.hint(sample.error))
            into = self._told(asked, sample, "failed", told(sample.error))
        else:
            into = self._told(asked, sample, "ok", None)
            if near := slowness(sample.seconds, asked.timeout):
                self.report.note("warning", "slow", asked.name, near)
        # A call that failed on a later page brought records nevertheless.
        records = sample.records or asked.reader.read(sample.items)
        self._samples.harvest(records)
        self._samples.remains(asked, records)
        nodes = cover(asked, sample.items, into, self.report)
        for record in sample.records:
            # Those that the mapping refuses are told field by field; these never came to it.
            if isinstance(record, BackendContract) and record.cause != "mapping":
                self.report.note("problem", "record", asked.name, told(record))
        if sample.items:
            shape = shape_of(nodes, enums(asked, nodes), len(sample.items))
            self.shapes.operations[asked.name] = shape
            if self._before is not None and asked.name in self._before.operations:
                drift(asked.name, self._before.operations[asked.name], shape, self.report)
        elif sample.error is None:
            self.report.note("warning", "sample", asked.name, "nothing came that could be looked at")
        return into

    def _told(self, asked: Asked, sample: Exchange, outcome: str, why: str | None) -> OperationReport:
        into = OperationReport(
            name=asked.name,
            backend=asked.operation.backend,
            outcome="ok" if outcome == "ok" else "failed" if outcome == "failed" else "not asked",
            why=why,
            records=len(sample.records),
            calls=asked.calls,
            seconds=round(sample.seconds, 4),
            bytes=sample.bytes,
            fields=[],
            unmapped=[],
        )
        self.report.operations.append(into)
        return into

    def _service_descriptions(self) -> None:
        for name, connector in self._connections.connectors.items():
            if isinstance(connector, SoapConnector):
                for misfit in connector.wsdl_state.misfits:
                    self.report.note("problem", "wsdl", name, misfit)


def slowness(seconds: float, timeout: float) -> str | None:
    """What to say of an answer that came so late that a busier day may end it; None where there was time."""
    if seconds < timeout / 2:
        return None
    return f"took {seconds:.1f} s of the {timeout:g} s that timeout allows; a smaller page or batch is quicker"


def _learn(backend: BackendReport, error: GatewayError | None) -> None:
    """What one call says about its backend. One that was answered says most."""
    if isinstance(error, BackendRejected) and error.cause == "not forwarded":
        return
    unreached = isinstance(error, (BackendUnavailable, BackendTimeout))
    if not unreached:
        backend.reachable = True
    elif backend.reachable is None:
        backend.reachable = False
    if isinstance(error, BackendRejected) and error.cause == "credentials":
        backend.authenticated = False
    elif not unreached and backend.authenticated is None:
        backend.authenticated = True
