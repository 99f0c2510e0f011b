"""Operations: what resolvers ask of the backends. Keys go in, records come out, whatever lies between.

    keys → own? → cache → batch → resilience → endpoint → records → own?

Every record, and every error about one, leaves through `load`, `load_groups` or `page`, and each of them applies the
ownership rule, so that no resolver can forget it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar, get_args

from resolvers.backends.ports import Args, Endpoint, Fetched, Forwarded, Scalar
from resolvers.context import Context
from resolvers.errors import BackendContract, BadUserInput, GatewayError, NotConfigured
from resolvers.ownership import may_see, shown_to, told_to
from resolvers.records import (
    Customer,
    CustomerStatus,
    Invoice,
    InvoiceKind,
    InvoiceStatus,
    Order,
    OrderStatus,
    Product,
    type_names,
)

Record = TypeVar("Record")
NO_ARGS: Args = ()
RECORDS: dict[str, type[Any]] = {**type_names, "stock": Product}
"""The record that each domain answers with."""


def canonical(arguments: Mapping[str, Scalar | tuple[Scalar, ...]]) -> Args:
    """Arguments in the one form that cache keys and batch identities use."""
    return tuple(sorted(arguments.items()))


def unknown_value(value: str, known: Iterable[str]) -> str:
    """Why an argument's value is refused that a backend has no word for, in the words of the graph."""
    words = sorted(word.upper().replace(":", "_") for word in (value, *known))
    words.remove(wanted := value.upper().replace(":", "_"))
    return f"the backend knows no {wanted}, only {', '.join(words)}"


class Source(Protocol):
    """What stands behind an operation: cache, batches and resilience around one endpoint.

    `answers` gives one entry per key, in order: what the backend has for that key (a record, or a tuple of records
    for groups), None when it has nothing, or the error that concerns this key. It never raises a GatewayError.
    """

    endpoint: Endpoint[Any]

    async def answers(self, keys: Sequence[str], args: Args, forwarded: Forwarded, context: Context) -> list[Any]: ...

    async def listing(
        self, first: int, after: str | None, args: Args, forwarded: Forwarded, context: Context
    ) -> Fetched[Any]:
        """One page of a list. Raises GatewayError."""
        ...


class Operation(Generic[Record]):
    """One operation of one domain, such as `orders.by_customers`, backed by a source or by nothing."""

    __slots__ = ("accepts", "keyed_by_customer", "name", "record", "source")

    def __init__(self, name: str, source: Source | None, *, keyed_by_customer: bool = False) -> None:
        self.name = name
        self.record = RECORDS[name.partition(".")[0]]
        self.source = source
        self.keyed_by_customer = keyed_by_customer
        self.accepts: frozenset[str] = source.endpoint.accepts if source else frozenset()

    @property
    def configured(self) -> bool:
        """Whether `bizgraph.toml` connects a backend to it."""
        return self.source is not None

    def _source(self) -> Source:
        if self.source is None:
            raise NotConfigured(f"no backend is configured for {self.name}", operation=self.name)
        return self.source

    def _arguments(self, arguments: Mapping[str, Scalar | tuple[Scalar, ...]] | None) -> Args:
        if not arguments:
            return NO_ARGS
        if not arguments.keys() <= self.accepts:
            unknown = sorted(arguments.keys() - self.accepts)
            raise BadUserInput(
                f"the backend of {self.name} cannot filter or sort by {', '.join(unknown)}",
                operation=self.name,
                arguments=unknown,
            )
        return canonical(arguments)

    async def load(
        self,
        keys: Sequence[str | None],
        context: Context,
        arguments: Mapping[str, Scalar | tuple[Scalar, ...]] | None = None,
    ) -> list[Record | GatewayError | None]:
        """One answer per key, in order: its record, None when there is none (or it is another's), or an error."""
        found = await self._answers(keys, context, arguments)
        customer = context.principal.customer
        if customer is None:
            return found
        record, own_key = self.record, self.keyed_by_customer
        return [shown_to(customer, answer, record, own_key=own_key) for answer in found]

    async def load_groups(
        self,
        keys: Sequence[str | None],
        context: Context,
        arguments: Mapping[str, Scalar | tuple[Scalar, ...]] | None = None,
        *,
        owned: bool = False,
    ) -> list[Sequence[Record | BackendContract] | GatewayError]:
        """One list per key, in order; empty when there is nothing. A bad record is an error in its place.

        `owned` says that the keys belong to the principal already, so that records of no known owner are its own.
        """
        found = await self._answers(keys, context, arguments)
        customer = context.principal.customer
        if customer is None:
            return [() if answer is None else answer for answer in found]
        return [self._shown_group(answer or (), customer, owned) for answer in found]

    async def page(
        self,
        first: int,
        after: str | None,
        context: Context,
        arguments: Mapping[str, Scalar | tuple[Scalar, ...]] | None = None,
    ) -> Fetched[Record]:
        """One page of the whole list. Raises GatewayError; a principal limited to a customer never gets here."""
        if context.principal.customer is not None and self.name.split(".")[0] != "products":
            raise NotConfigured(f"{self.name} is not offered to customers", operation=self.name)
        source = self._source()
        args = self._arguments(arguments)
        if context.basis is not None:
            context.basis.asked += 1
        return await source.listing(first, after, args, source.endpoint.forwarded(context.principal), context)

    def _shown_group(self, answer: Any, customer: str, owned: bool) -> Any:
        own_key = owned or self.keyed_by_customer
        if isinstance(answer, GatewayError):
            return answer
        shown = []
        for record in answer:
            if isinstance(record, BackendContract):
                told = told_to(customer, record, self.record, own_key=own_key)
                if told is not None:
                    shown.append(told)
            elif may_see(customer, record) or (owned and record.customer_id is None):
                shown.append(record)
        return tuple(shown)

    async def _answers(
        self,
        keys: Sequence[str | None],
        context: Context,
        arguments: Mapping[str, Scalar | tuple[Scalar, ...]] | None,
    ) -> list[Any]:
        source = self._source()
        args = self._arguments(arguments)
        principal = context.principal
        wanted: dict[Any, None] = dict.fromkeys(keys)
        wanted.pop(None, None)
        if self.keyed_by_customer and (limited_to := principal.customer) is not None:
            wanted = dict.fromkeys(key for key in wanted if key == limited_to)
        if not wanted:
            return [None] * len(keys)
        asked = list(wanted)
        if context.basis is not None:
            context.basis.asked += 1
        answers = await source.answers(asked, args, source.endpoint.forwarded(principal), context)
        if len(asked) == len(keys):
            return answers
        return list(map(dict(zip(asked, answers, strict=True)).get, keys))


class Backends:
    """The operations of the four domains. One without a backend answers NOT_CONFIGURED."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        def operation(name: str, keyed_by_customer: bool = False) -> Operation[Any]:
            return Operation(name, sources.get(name), keyed_by_customer=keyed_by_customer)

        self.customers_by_ids: Operation[Customer] = operation("customers.by_ids", keyed_by_customer=True)
        self.customers_list: Operation[Customer] = operation("customers.list")
        self.orders_by_ids: Operation[Order] = operation("orders.by_ids")
        self.orders_by_customers: Operation[Order] = operation("orders.by_customers", keyed_by_customer=True)
        self.orders_list: Operation[Order] = operation("orders.list")
        self.products_by_skus: Operation[Product] = operation("products.by_skus")
        self.products_list: Operation[Product] = operation("products.list")
        self.stock_by_skus: Operation[Product] = operation("stock.by_skus")
        self.invoices_by_ids: Operation[Invoice] = operation("invoices.by_ids")
        self.invoices_by_orders: Operation[Invoice] = operation("invoices.by_orders")
        self.invoices_by_customers: Operation[Invoice] = operation("invoices.by_customers", keyed_by_customer=True)
        self.invoices_list: Operation[Invoice] = operation("invoices.list")


OPERATIONS: dict[str, str] = {
    "customers.by_ids": "id",
    "customers.list": "",
    "orders.by_ids": "id",
    "orders.by_customers": "customer_id",
    "orders.list": "",
    "products.by_skus": "sku",
    "products.list": "",
    "stock.by_skus": "sku",
    "invoices.by_ids": "id",
    "invoices.by_orders": "order_id",
    "invoices.by_customers": "customer_id",
    "invoices.list": "",
}
"""Every operation that `bizgraph.toml` may connect, and the record field that its keys are matched with."""
Words = tuple[str, ...]
FREE: Words = ()
_ORDERS: dict[str, Words] = {
    "status": get_args(OrderStatus),
    "text": FREE,
    "placed_from": FREE,
    "placed_to": FREE,
    "sort": ("placed_at:asc", "placed_at:desc", "number:asc", "number:desc"),
}
_INVOICES: dict[str, Words] = {
    "status": get_args(InvoiceStatus),
    "kind": get_args(InvoiceKind),
    "text": FREE,
    "issued_from": FREE,
    "issued_to": FREE,
    "due_from": FREE,
    "due_to": FREE,
    "overdue": ("true", "false"),
    "sort": ("issued_on:asc", "issued_on:desc", "due_on:asc", "due_on:desc"),
}
ARGUMENTS: dict[str, dict[str, Words]] = {
    "customers.by_ids": {},
    "customers.list": {
        "status": get_args(CustomerStatus),
        "text": FREE,
        "created_from": FREE,
        "created_to": FREE,
        "sort": ("name:asc", "name:desc", "created_at:asc", "created_at:desc"),
    },
    "orders.by_ids": {},
    "orders.by_customers": {**_ORDERS, "per_key": FREE},
    "orders.list": _ORDERS,
    "products.by_skus": {},
    "products.list": {"text": FREE, "sort": ("sku:asc", "sku:desc", "name:asc", "name:desc")},
    "stock.by_skus": {},
    "invoices.by_ids": {},
    "invoices.by_orders": {**_INVOICES, "per_key": FREE},
    "invoices.by_customers": {**_INVOICES, "per_key": FREE},
    "invoices.list": _INVOICES,
}
"""The arguments of the graph that may reach the backend of each operation, and the words that each may hold where they
are fixed: filters, the order of a list, and how many records of each key are wanted."""
GROUPED = frozenset({"orders.by_customers", "invoices.by_orders", "invoices.by_customers"})
"""The operations that may have several records for a key."""
