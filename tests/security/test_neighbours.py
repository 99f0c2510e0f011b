"""A neighbour's record that cannot be read is told to nobody but those who may see it, as if it did not exist."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from gateway.demo.company import DemoCompany
from gateway.demo.switches import Switch
from resolvers.backends.operation import Operation
from resolvers.backends.ports import Args, Fetched, Forwarded
from resolvers.backends.source import BatchedSource
from resolvers.context import Context
from resolvers.errors import BackendContract, BackendTimeout, GatewayError, Remains
from resolvers.ownership import may_see, told_to
from resolvers.principal import Principal
from resolvers.records import Customer, Invoice, Order, Product
from tests.client import Client
from tests.conftest import MakeToken
from tests.doubles import DirectCaller, FakeClock, MemoryEndpoint

OWN, OTHER = "c7", "c8"


def misfit(**known: str) -> BackendContract:
    error = BackendContract("shop: Order 'o1' does not fit", backend="shop", operation="orders.by_ids", cause="mapping")
    error.remains = Remains(**known)
    return error


class Source:
    """Answers each key with what it was given."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.endpoint: Any = MemoryEndpoint(lambda call: Fetched(records=[]))
        self._answers = answers

    async def answers(self, keys: Sequence[str], args: Args, forwarded: Forwarded, context: Context) -> list[Any]:
        return [self._answers.get(key) for key in keys]

    async def listing(self, *_: Any) -> Any:
        raise NotImplementedError


def context(customer: str | None) -> Context:
    principal = Principal(subject="x", issuer="y", customer=customer)
    return Context(None, FakeClock(), principal=principal, deadline=2_000.0, correlation_id="1")  # type: ignore[arg-type] # no backends are asked


async def test_by_id() -> None:
    """A customer is told of its own record that does not fit; for another's, or nobody knows whose, there is none."""
    own, theirs, nobodys = misfit(id="o1", customer_id=OWN), misfit(id="o2", customer_id=OTHER), misfit(id="o3")
    orders: Operation[Order] = Operation("orders.by_ids", Source({"o1": own, "o2": theirs, "o3": nobodys}))
    assert await orders.load(["o1", "o2", "o3", "o4"], context(OWN)) == [own, None, None, None]
    assert await orders.load(["o1", "o2", "o3", "o4"], context(None)) == [own, theirs, nobodys, None]


async def test_failures_of_the_system_are_told_to_everybody() -> None:
    """What is wrong with the system and not with one record is no secret: it is the same for every key."""
    late = BackendTimeout("late", backend="shop")
    whole = BackendContract("not JSON", backend="shop")
    orders: Operation[Order] = Operation("orders.by_ids", Source({"o1": late, "o2": whole}))
    assert await orders.load(["o1", "o2"], context(OWN)) == [late, whole]


async def test_in_lists() -> None:
    """In a customer's list its own bad record is an error in its place, another's is not there and not counted; of one
    that nobody knows whose, no more is told than that there is one."""
    own, theirs, nobodys = misfit(id="o1", customer_id=OWN), misfit(id="o2", customer_id=OTHER), misfit(id="o3")
    group = [Order(id="o0", customer_id=OWN), own, theirs, Order(id="o5", customer_id=OTHER), nobodys]
    orders: Operation[Order] = Operation("orders.by_customers", Source({OWN: group}), keyed_by_customer=True)
    (shown,) = await orders.load_groups([OWN], context(OWN))
    assert not isinstance(shown, GatewayError)
    assert list(shown[:2]) == group[:2]
    assert len(shown) == 3
    told = shown[2]
    assert isinstance(told, BackendContract)
    assert told is not nobodys
    assert told.message == "shop orders.by_ids: a record does not fit"
    assert told.details == {"backend": "shop", "operation": "orders.by_ids", "cause": "mapping"}


def test_products_are_everybodys() -> None:
    """A product that does not fit is told to everybody, since products belong to nobody."""
    error = misfit(sku="SKU-1")
    assert told_to(OWN, error, Product, own_key=False) is error


def test_what_is_no_record_of_ours_belongs_to_nobody() -> None:
    """A subclass of a record has its owner; something else that an adapter might answer is shown to no customer."""

    class Special(Order, frozen=True, kw_only=True):
        """An order of an adapter's own making."""

    class Stranger:
        customer_id = OWN

    assert may_see(OWN, Special(id="o1", customer_id=OWN))
    assert not may_see(OWN, Special(id="o1", customer_id=OTHER))
    assert not may_see(OWN, Stranger())
    assert may_see(OWN, Product(sku="x"))
    assert may_see(None, Stranger())
    assert not may_see(OWN, Invoice(id="i1"))
    assert not may_see(OWN, Customer(id=OTHER, name="x"))


async def test_each_bad_record_is_in_its_own_place() -> None:
    """Of a batch, each record that does not fit is told under the key that it belongs to; none is lost, none is told
    under another's key."""
    bad = misfit(id="o1", customer_id=OWN)
    lost = misfit()
    endpoint = MemoryEndpoint(lambda call: Fetched(records=[Order(id="o2", customer_id=OTHER), bad, lost]))
    source = BatchedSource(
        endpoint, DirectCaller(), key_of=lambda record: record.customer_id, grouped=True, clock=FakeClock()
    )
    one, two, three = await source.answers([OWN, OTHER, "c9"], (), (), context(None))
    assert (one, [order.id for order in two], three) == ([bad], ["o2"], [lost])
    (alone,) = await source.answers([OTHER], (), (), context(None))
    assert [getattr(order, "id", order) for order in alone] == ["o2", lost]


@pytest.mark.parametrize("system", ["shop", "accounting"])
async def test_over_the_wire(anonymous: Client, token: MakeToken, company: DemoCompany, system: str) -> None:
    """While every record of a system is malformed, a neighbour's answers a customer like one that does not exist."""
    field, missing = {"shop": ("order", "o999999"), "accounting": ("invoice", "i999999")}[system]
    records = company.books.orders if system == "shop" else company.books.invoices
    theirs = next(record.id for record in records.values() if record.customer_id == OTHER)
    own = next(record.id for record in records.values() if record.customer_id == OWN)
    await getattr(company, system).switch(Switch.WRONG_TYPE)
    client = anonymous.with_token(token(customer=OWN))
    staff = anonymous.with_token(token())
    query = "{ found: %s(id: %s) { id } }"
    refused = await client.ask(query % (field, f'"{theirs}"'))
    absent = await client.ask(query % (field, f'"{missing}"'))
    assert refused.body == absent.body == b'{"data":{"found":null}}'
    assert (await staff.ask(query % (field, f'"{theirs}"'))).codes == ["BACKEND_CONTRACT"]
    if system == "shop":
        told = await client.ask(query % (field, f'"{own}"'))
        assert told.codes == ["BACKEND_CONTRACT"]
        assert own in told.errors[0]["message"]
    listed = await client.ask(f"{{ {field}s(first: 50) {{ totalCount nodes {{ id }} }} }}")
    assert set(listed.codes) == {"BACKEND_CONTRACT"}
    assert theirs.encode() not in listed.body
    assert listed.data[f"{field}s"]["totalCount"] == sum(record.customer_id == OWN for record in records.values())
