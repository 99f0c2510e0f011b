"""`bizgraph check --leaks`: two customers go through every field, and nobody may see what is the other's.

What belongs to whom is asked of the backends themselves, one customer at a time, past the mapping's word on owners.
Then each customer asks the graph for everything that it can reach, and for every record of the other by its id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from inspect import isawaitable
from typing import Any, Final

from graphql import ExecutionResult, GraphQLObjectType, GraphQLSchema, parse
from msgspec import Struct

from gateway.app import Gateway
from gateway.check.asking import Asked, told
from gateway.check.everything import everything
from gateway.check.report import Report
from resolvers.backends.settings import connected
from resolvers.context import Context
from resolvers.ownership import owner_of
from resolvers.principal import Principal
from resolvers.privacy import PERSONAL
from resolvers.records import Customer, Invoice, Order
from schema.access import SCOPES, Policy

PATIENCE: Final = 60.0
"""Seconds for each question: whoever checks can wait."""
MOST: Final = 20
"""How many records of the other customer are asked for by id."""
MISSING: Final = "bizgraph-check-0"
"""An id that no record has."""
SHORTEST: Final = 6
"""Personal values with fewer characters turn up by chance."""
ROOTS: Final[dict[type, str]] = {Customer: "customer", Order: "order", Invoice: "invoice"}

Ids = dict[type, dict[str, None]]


class Someone(Struct):
    """One of the two customers: its records' ids and the personal values of its own, as the backends tell them."""

    id: str
    owned: Ids
    values: list[str]

    def owns(self, record: type, key: str) -> bool:
        return key in self.owned.get(record, {})


class Leaks:
    """Checks one open gateway. `customers` are two that differ; the first that have records where none are given."""

    def __init__(self, gateway: Gateway, customers: Sequence[str] = ()) -> None:
        self._gateway = gateway
        self._customers = list(dict.fromkeys(customers))
        self._report = Report()
        self._schema = gateway.schema
        self._scopes = frozenset(_scopes_of(gateway.schema))
        operations, _ = connected(gateway.connections.settings)
        staff = Principal(subject="check")
        self._asked = {operation.name: Asked(operation, gateway.connections, staff) for operation in operations}

    async def run(self) -> Report:
        """The report: each leak is a problem, what could not be looked at a warning."""
        if len(self._customers) < 2:
            await self._choose()
        if len(self._customers) < 2:
            why = "two customers are needed: connect a list of them, or give --sample customers=ONE,OTHER"
            self._report.note("warning", "leaks", "customers", why)
            return self._report
        two = [await self._look(customer) for customer in self._customers[:2]]
        for own, other in (two, two[::-1]):
            self._compare(own, other)
            await self._walk(own, other)
            await self._ask_for(own, other)
        seen = " and ".join(f"{someone.id} with {sum(map(len, someone.owned.values()))} records" for someone in two)
        self._report.note("note", "leaks", "customers", f"compared {seen}")
        return self._report

    async def _choose(self) -> None:
        """Customers that have orders or invoices come first: of others there is little to see."""
        for name in ("orders.list", "invoices.list", "customers.list"):
            asked = self._asked.get(name)
            if asked is not None:
                records = (await asked.ask(first=100)).records
                owners = [owner_of(record) for record in records]
                self._customers = list(dict.fromkeys([*self._customers, *(owner for owner in owners if owner)]))

    async def _look(self, customer: str) -> Someone:
        """What the backends have for this customer when they are asked for it alone."""
        someone = Someone(customer, {}, [])
        for name in ("customers.by_ids", "orders.by_customers", "invoices.by_customers"):
            asked = self._asked.get(name)
            if asked is None:
                continue
            answer = await asked.ask(keys=[customer])
            if answer.error is not None:
                self._report.note("warning", "leaks", name, f"not verified for {customer}: {told(answer.error)}")
            for record in answer.records:
                if isinstance(record, Exception):
                    continue
                owner = owner_of(record)
                if owner not in (None, customer):
                    what = f"asked for customer {customer} alone, {asked.operation.backend} answers {record.id}"
                    why = "the filter is ignored, or the owner is read from elsewhere"
                    self._report.note("problem", "leak", name, f"{what} of customer {owner}: {why}")
                someone.owned.setdefault(type(record), {})[record.id] = None
                someone.values += _personal_values(record)
        return someone

    def _compare(self, own: Someone, other: Someone) -> None:
        for record, ids in own.owned.items():
            for key in ids:
                if other.owns(record, key):
                    what = f"{record.__name__} {key}"
                    text = f"the backend gives it to customer {own.id} and to customer {other.id}"
                    self._report.note("problem", "leak", what, text)

    async def _walk(self, own: Someone, other: Someone) -> None:
        """Everything that one customer can reach by lists and relations, searched for what is the other's."""
        text = everything(self._schema)
        result = await self._run(own.id, text)
        for path, type_name, key in _records(result.data):
            record = next((found for found in ROOTS if found.__name__ == type_name), None)
            if record is not None and other.owns(record, key) and not own.owns(record, key):
                text = f"customer {own.id} sees {type_name} {key} of customer {other.id}"
                self._report.note("problem", "leak", path, text)
        for path, value in _texts(result.data):
            if value in other.values and value not in own.values:
                text = f"customer {own.id} sees a personal value of customer {other.id}"
                self._report.note("problem", "leak", path, text)
        for error in result.errors or ():
            if any(value in error.message for value in other.values):
                text = f"an error shows customer {own.id} a personal value of customer {other.id}"
                self._report.note("problem", "leak", ".".join(str(part) for part in error.path or ()), text)

    async def _ask_for(self, own: Someone, other: Someone) -> None:
        """Every record of the other by its id, which has to answer like one that does not exist."""
        for record, root in ROOTS.items():
            for key in list(other.owned.get(record, {}))[:MOST]:
                if own.owns(record, key):
                    continue
                for field, text, prefix in (
                    (f"Query.{root}", f"query ($id: ID!) {{ found: {root}(id: $id) {{ __typename }} }}", ""),
                    ("Query.node", "query ($id: ID!) { found: node(id: $id) { __typename } }", f"{record.__name__}:"),
                ):
                    shown = _told(await self._run(own.id, text, {"id": prefix + key}))
                    if shown != _told(await self._run(own.id, text, {"id": prefix + MISSING})):
                        what = f"customer {own.id} is not told that {record.__name__} {key} of customer {other.id}"
                        self._report.note("problem", "leak", field, f"{what} does not exist")

    async def _run(self, customer: str, text: str, variables: Mapping[str, Any] | None = None) -> ExecutionResult:
        connections = self._gateway.connections
        principal = Principal(subject="check", issuer="check", scopes=self._scopes, customer=customer)
        context = Context(
            connections.backends,
            connections.clock,
            principal=principal,
            deadline=connections.clock.monotonic() + PATIENCE,
            correlation_id="check",
            fresh=True,
        )
        result: Any = self._gateway.executor.execute(
            parse(text), context_value=context, variable_values=dict(variables or {}), policy=Policy(principal)
        )
        answer: ExecutionResult = await result if isawaitable(result) else result
        return answer


def _scopes_of(schema: GraphQLSchema) -> Iterator[str]:
    for found in schema.type_map.values():
        if isinstance(found, GraphQLObjectType):
            for field in found.fields.values():
                yield from field.extensions.get(SCOPES, ())


def _personal_values(record: Any) -> list[str]:
    values = [getattr(record, name) for name in PERSONAL.get(type(record), ())]
    return [value for value in values if isinstance(value, str) and len(value) >= SHORTEST]


def _told(result: ExecutionResult) -> tuple[Any, list[str]]:
    """What a caller can tell two answers apart by."""
    return result.data, [error.message for error in result.errors or ()]


def _records(data: Any, path: str = "") -> Iterator[tuple[str, str, str]]:
    """Path, type and id of every record in an answer."""
    if isinstance(data, list):
        for item in data:
            yield from _records(item, path)
    elif isinstance(data, dict):
        if "sourceId" in data:
            yield path, data["__typename"], data["sourceId"]
        for name, value in data.items():
            yield from _records(value, f"{path}.{name}" if path else name)


def _texts(data: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(data, str):
        yield path, data
        return
    below: Iterable[tuple[str, Any]] = ()
    if isinstance(data, list):
        below = ((path, item) for item in data)
    elif isinstance(data, dict):
        below = ((f"{path}.{name}" if path else name, value) for name, value in data.items())
    for place, value in below:
        yield from _texts(value, place)
