"""The executor against graphql-core and against hand-written code: `python -m benchmarks.executor`.

One query over customers, their orders with invoices, and the orders' lines with products, about 10 to 10,000 objects
in the answer. The data is in memory, so what is measured is execution alone. Four ways to the same answer:

- hand-written: the batch functions called once each, and nested comprehensions;
- this executor: the same batch functions, one per relation;
- graphql-core + DataLoader: one resolver per object and relation, each with a DataLoader over the same functions;
- graphql-core + attributes: no relation at all, everything already nested in memory and read by default resolvers.

The ways take turns; a figure is the median CPU time of the rounds. Ratios are what to read: times depend on the day.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
from collections.abc import Callable, Sequence
from decimal import Decimal
from statistics import median
from time import process_time
from typing import Any

import graphql
from graphql import GraphQLField, GraphQLSchema, build_schema, parse
from msgspec import Struct
from strawberry.dataloader import DataLoader

from gateway.execution.execute import Executor

SIZES = {10: (1, 2, 1), 100: (3, 4, 3), 1_000: (24, 5, 3), 10_000: (244, 5, 3)}

SDL = """
type Query { customers: [Customer!]! }
type Customer { id: ID! name: String! email: String city: String orders: [Order!]! }
type Order { id: ID! status: Status! total: Money! lines: [Line!]! invoice: Invoice }
enum Status { OPEN SHIPPED CANCELLED }
type Money { amount: Decimal! currency: String! }
scalar Decimal
type Line { sku: String! quantity: Int! price: Money! product: Product }
type Product { sku: String! name: String! available: Int! active: Boolean! weight: Float }
type Invoice { number: String! paid: Boolean! total: Money! }
"""

QUERY = """
{ customers { id name email city
  orders { id status total { amount currency } invoice { number paid total { amount currency } }
    lines { sku quantity price { amount currency } product { sku name available active weight } } } } }
"""


class Money(Struct, frozen=True, gc=False):
    amount: Decimal
    currency: str


class Product(Struct, frozen=True, gc=False):
    sku: str
    name: str
    available: int
    active: bool
    weight: float


class Invoice(Struct, frozen=True, gc=False):
    number: str
    paid: bool
    total: Money


class Line(Struct, frozen=True):
    sku: str
    quantity: int
    price: Money
    product: Product


class Order(Struct, frozen=True):
    id: str
    status: str
    total: Money
    lines: list[Line]
    invoice: Invoice


class Customer(Struct, frozen=True):
    id: str
    name: str
    email: str | None
    city: str
    orders: list[Order]


class Shop:
    """Everything in memory; each record also holds what its relations lead to."""

    def __init__(self, customers: int, orders: int, lines: int) -> None:
        self.products = {
            f"P{n}": Product(f"P{n}", f"Product {n}", n % 50, n % 7 > 0, n / 4) for n in range(max(20, customers))
        }
        skus = list(self.products)
        self.customers = [
            Customer(
                f"C{c}",
                f"Customer {c}",
                f"c{c}@example.com" if c % 5 else None,
                "Lyon",
                [self._order(f"{c}-{o}", skus[(c * 5 + o) :] + skus, lines) for o in range(orders)],
            )
            for c in range(customers)
        ]

    def _order(self, key: str, skus: list[str], lines: int) -> Order:
        products = [self.products[sku] for sku in skus[:lines]]
        made = [Line(p.sku, n + 1, Money(Decimal(n + 1) / 4, "EUR"), p) for n, p in enumerate(products)]
        total = Money(Decimal(lines) * 3, "EUR")
        status = ("OPEN", "SHIPPED", "CANCELLED")[len(key) % 3]
        return Order(f"O{key}", status, total, made, Invoice(f"I{key}", len(key) % 2 > 0, total))

    async def all_customers(self) -> list[Customer]:
        return self.customers

    async def orders_of(self, customers: Sequence[Customer]) -> list[list[Order]]:
        return [customer.orders for customer in customers]

    async def invoices_of(self, orders: Sequence[Order]) -> list[Invoice]:
        return [order.invoice for order in orders]

    async def products_of(self, lines: Sequence[Line]) -> list[Product]:
        products = self.products
        return [products[line.sku] for line in lines]


def schema_of(set_up: Callable[[dict[str, dict[str, GraphQLField]]], None]) -> GraphQLSchema:
    schema = build_schema(SDL)
    schema.type_map["Decimal"].coerce_output_value = str  # type: ignore[attr-defined] # a scalar
    set_up({name: schema.type_map[name].fields for name in ("Query", "Customer", "Order", "Line")})  # type: ignore[attr-defined] # objects
    return schema


def handwritten(shop: Shop) -> Callable[[], Any]:
    def money(value: Money) -> dict[str, Any]:
        return {"amount": str(value.amount), "currency": value.currency}

    async def answer() -> dict[str, Any]:
        customers = await shop.all_customers()
        orders = await shop.orders_of(customers)
        every_order = [order for some in orders for order in some]
        every_line = [line for order in every_order for line in order.lines]
        invoices = iter(await shop.invoices_of(every_order))
        products = iter(await shop.products_of(every_line))

        def line_of(line: Line) -> dict[str, Any]:
            product = next(products)
            return {
                "sku": line.sku,
                "quantity": line.quantity,
                "price": money(line.price),
                "product": {
                    "sku": product.sku,
                    "name": product.name,
                    "available": product.available,
                    "active": product.active,
                    "weight": product.weight,
                },
            }

        def order_of(order: Order) -> dict[str, Any]:
            invoice = next(invoices)
            return {
                "id": order.id,
                "status": order.status,
                "total": money(order.total),
                "invoice": {"number": invoice.number, "paid": invoice.paid, "total": money(invoice.total)},
                "lines": [line_of(line) for line in order.lines],
            }

        return {
            "customers": [
                {
                    "id": customer.id,
                    "name": customer.name,
                    "email": customer.email,
                    "city": customer.city,
                    "orders": [order_of(order) for order in some],
                }
                for customer, some in zip(customers, orders, strict=True)
            ]
        }

    return answer


def compiled(shop: Shop) -> Callable[[], Any]:
    async def customers(parents: Sequence[Any], _info: Any) -> list[list[Customer]]:
        return [await shop.all_customers()]

    def set_up(fields: dict[str, dict[str, GraphQLField]]) -> None:
        for type_name, name, batch in (
            ("Query", "customers", customers),
            ("Customer", "orders", lambda parents, _info: shop.orders_of(parents)),
            ("Order", "invoice", lambda parents, _info: shop.invoices_of(parents)),
            ("Line", "product", lambda parents, _info: shop.products_of(parents)),
        ):
            fields[type_name][name].extensions["bizgraph.batch"] = batch

    executor, document = Executor(schema_of(set_up)), parse(QUERY)

    async def answer() -> Any:
        result: Any = executor.execute(document)
        return (await result).data

    return answer


def core_with_loaders(shop: Shop) -> Callable[[], Any]:
    def set_up(fields: dict[str, dict[str, GraphQLField]]) -> None:
        fields["Query"]["customers"].resolve = lambda _source, _info: shop.all_customers()
        for type_name, name in (("Customer", "orders"), ("Order", "invoice"), ("Line", "product")):
            fields[type_name][name].resolve = lambda source, info: info.context[info.field_name].load(source)

    schema, document = schema_of(set_up), parse(QUERY)
    loads: dict[str, Any] = {"orders": shop.orders_of, "invoice": shop.invoices_of, "product": shop.products_of}

    async def answer() -> Any:
        context = {name: DataLoader(load_fn=load, cache_key_fn=id) for name, load in loads.items()}
        result: Any = graphql.execute(schema, document, context_value=context)
        return (await result).data

    return answer


def core_with_attributes(shop: Shop) -> Callable[[], Any]:
    schema, document = schema_of(lambda _fields: None), parse(QUERY)

    async def answer() -> Any:
        result: Any = graphql.execute(schema, document, shop)
        return result.data

    return answer


WAYS = {
    "hand-written": handwritten,
    "this executor": compiled,
    "graphql-core + DataLoader": core_with_loaders,
    "graphql-core + attributes": core_with_attributes,
}


def measure(shape: tuple[int, int, int], rounds: int) -> tuple[dict[str, float], int]:
    """Median CPU seconds of each way, and how many objects the answer holds."""
    shop = Shop(*shape)
    ways = {name: make(shop) for name, make in WAYS.items()}
    times: dict[str, list[float]] = {name: [] for name in ways}
    repeats = max(1, 10_000 // (shape[0] * shape[1] * shape[2]))

    async def take_turns() -> Any:
        answers = [await way() for way in ways.values()]
        if any(answer != answers[0] for answer in answers):
            raise AssertionError("the ways do not answer the same")
        for _ in range(rounds):
            for name, way in ways.items():
                gc.collect()
                await way()  # what the others left in the processor's caches is not this way's cost
                start = process_time()
                for _ in range(repeats):
                    await way()
                times[name].append((process_time() - start) / repeats)
        return answers[0]

    answer = asyncio.run(take_turns())
    return {name: median(taken) for name, taken in times.items()}, _objects(answer) - 1


def _objects(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + sum(map(_objects, value.values()))
    return sum(map(_objects, value)) if isinstance(value, list) else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, help="how often each way runs per size")
    rounds = parser.parse_args().rounds
    print("| objects | this executor | µs/object | ÷ hand-written | core + DataLoader ÷ it | core + attributes ÷ it |")
    print("|---:|---:|---:|---:|---:|---:|")
    for size, shape in SIZES.items():
        taken, objects = measure(shape, rounds if size > 1_000 else rounds * 4)
        ours = taken["this executor"]
        print(
            f"| {objects} | {ours * 1e3:.3f} ms | {ours / objects * 1e6:.2f} | {ours / taken['hand-written']:.2f} "
            f"| {taken['graphql-core + DataLoader'] / ours:.0f} | {taken['graphql-core + attributes'] / ours:.0f} |"
        )


if __name__ == "__main__":
    main()
