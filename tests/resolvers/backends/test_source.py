"""Answers by keys: what a backend gives for a key, and what it means when it gives more than was asked."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from operator import attrgetter
from typing import Any

import pytest

from resolvers.backends.operation import Backends, Operation
from resolvers.backends.ports import Call, Fetched
from resolvers.backends.source import BatchedSource
from resolvers.context import Context
from resolvers.errors import BackendContract, Remains
from resolvers.principal import Principal
from resolvers.records import Order, Product, StockLevel
from tests.doubles import DirectCaller, FakeClock, MemoryEndpoint

KEY_OF: dict[str, Callable[[Any], str | None]] = {"products.by_skus": attrgetter("sku")}


async def answered(
    records: list[Any], *keys: str, operation: str = "orders.by_ids", customer: str | None = None
) -> Any:
    """What callers get for the keys when the backend gives these records; one call, whatever it brings."""

    def answer(call: Call) -> Fetched[Any]:
        return Fetched(records=list(records))

    clock = FakeClock()
    endpoint = MemoryEndpoint(answer, operation=operation)
    key_of = KEY_OF.get(operation, attrgetter("id"))
    source = BatchedSource(endpoint, DirectCaller(), key_of=key_of, grouped=False, clock=clock)
    context = Context(
        Backends({operation: source}),
        clock,
        principal=Principal(subject="s", customer=customer),
        deadline=clock.monotonic() + 10,
        correlation_id="test",
    )
    asked: Operation[Any] = Operation(operation, source)
    found = await asked.load(keys, context)
    assert len(endpoint.calls) == 1
    return found


async def test_records_that_nobody_asked_for_change_nothing() -> None:
    """Answers in another order, and with others among them, are matched by key and not by place."""
    rows = [Order(id="9"), Order(id="2"), Order(id="1")]
    assert await answered(rows, "1", "2", "3") == [rows[2], rows[1], None]


async def test_keys_are_texts() -> None:
    """`07` and `7` are two keys: an answer for the one is none for the other."""
    assert await answered([Order(id="7")], "07") == [None]


async def test_a_record_given_twice_is_one() -> None:
    """Joins that repeat a row change nothing."""
    assert await answered([Order(id="1", number="A"), Order(id="1", number="A")], "1") == [Order(id="1", number="A")]


async def test_two_records_for_one_key_are_an_error() -> None:
    """Nobody can tell which is right, so neither is taken; the other keys are answered."""
    rows = [Order(id="1", number="A"), Order(id="2"), Order(id="1", number="B")]
    error, other = await answered(rows, "1", "2")
    assert isinstance(error, BackendContract)
    assert (error.cause, error.details["record"]) == ("duplicate", "1")
    assert error.message == "memory gives different records for 1"
    assert other == Order(id="2")


async def test_two_records_of_another_customer_are_told_to_nobody_else() -> None:
    """Whoever is limited to a customer hears of its own broken records only."""
    rows = [Order(id="1", customer_id="c1", number="A"), Order(id="1", customer_id="c1", number="B")]
    assert await answered(rows, "1", customer="c2") == [None]
    (error,) = await answered(rows, "1", customer="c1")
    assert isinstance(error, BackendContract)


@pytest.mark.parametrize("order", [1, -1])
async def test_an_error_about_one_of_two_rows_is_not_hidden_by_the_other(order: int) -> None:
    """A key is not answered with half of what the backend has for it."""
    broken = BackendContract("does not fit", backend="memory", operation="orders.by_ids", cause="mapping")
    broken.remains = Remains(id="1")
    assert await answered([Order(id="1"), broken][::order], "1") == [broken]


async def test_a_row_for_each_warehouse_is_one_product() -> None:
    """Stock that comes as flat rows is put together; rows that are alike count once."""
    berlin, lyon = (StockLevel(warehouse=name, on_hand=Decimal(5)) for name in ("BER", "LYO"))
    rows = [Product(sku="A", stock=(berlin,)), Product(sku="B"), Product(sku="A", stock=(lyon,))]
    assert await answered(rows, "A", "B", operation="products.by_skus") == [
        Product(sku="A", stock=(berlin, lyon)),
        Product(sku="B"),
    ]
    other = [Product(sku="A", name="x", stock=(berlin,)), Product(sku="A", name="y", stock=(lyon,))]
    (error,) = await answered(other, "A", operation="products.by_skus")
    assert error.cause == "duplicate"
